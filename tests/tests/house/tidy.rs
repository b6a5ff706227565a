//! The house is tidy: arrows, doors, names, sizes (STYLE §1 to §3), and what stands at the top.

mod arrows;
mod code;
mod doors;
mod names;
mod sizes;

use std::fs;

use acceptance::{files, root};
use code::Code;

/// A Rust file of the repository.
pub struct Source {
    /// From the top of the repository, with `/`.
    pub path: String,
    /// What stands in it, comments and the contents of strings blanked out.
    pub code: Code,
}

/// All Rust files of ours: not those of build folders.
pub fn sources() -> Vec<Source> {
    let rust = repository()
        .into_iter()
        .filter(|path| path.ends_with(".rs"));
    let read = |path: String| {
        let text = fs::read_to_string(root().join(&path)).expect("it was found there");
        Source {
            path,
            code: Code::new(&text),
        }
    };
    rust.map(read).collect()
}

/// All files of the repository from its top, without build folders and version control.
pub fn repository() -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root()).into_iter().flatten().flatten() {
        let name = entry.file_name().display().to_string();
        if matches!(&*name, "target" | ".git" | ".cache") {
            continue;
        }
        if entry.path().is_dir() {
            let inner = files(&entry.path()).into_iter();
            found.extend(inner.map(|file| {
                file.strip_prefix(root())
                    .expect("it was found there")
                    .display()
                    .to_string()
            }));
        } else {
            found.push(name);
        }
    }
    found.retain(|path| !path.starts_with("fuzz/target/") && !path.starts_with("fuzz/artifacts/"));
    found.sort();
    found
}

/// Fails with a heading and all lines, if there are any.
pub fn none(heading: &str, lines: &[String]) {
    assert!(lines.is_empty(), "{heading}:\n  {}", lines.join("\n  "));
}
