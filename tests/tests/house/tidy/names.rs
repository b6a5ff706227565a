//! Names that say nothing, words that may not stand, and what stands at the top.

use std::fs;

use acceptance::root;

use super::{none, repository, sources};

/// Rooms for leftovers.
const FORBIDDEN: [&str; 6] = ["util", "common", "helpers", "misc", "core", "types"];

/// The eight rooms and what may stand beside them (DESIGN §2).
const TOP: [&str; 18] = [
    "x12-parser",
    "pipeline",
    "schemas",
    "samples",
    "deploy",
    "tests",
    "fuzz",
    "docs",
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "Makefile",
    "deny.toml",
    "rust-toolchain.toml",
];

/// Code that is not finished, or that talks behind the user's back.
const UNFINISHED: [&str; 3] = ["todo!", "dbg!", "unimplemented!"];

/// Paths that exist on somebody's machine only. What no file may hold must be spelt in one: in this, which is left out below.
const HOST_PATHS: [&str; 5] = ["/work/", "/home/", "/root/", "/Users/", "C:\\Users"];

/// The file that lists them.
const OWN: &str = "tests/tests/house/tidy/names.rs";

#[test]
fn no_room_for_leftovers() {
    let leftover = |path: &String| {
        let parts = path
            .split('/')
            .map(|part| part.split('.').next().unwrap_or_default());
        parts.into_iter().any(|part| {
            FORBIDDEN.contains(&part) || FORBIDDEN.iter().any(|name| part == format!("{name}s"))
        })
    };
    let mut wrong: Vec<_> = repository().into_iter().filter(leftover).collect();
    for source in sources() {
        let declares = |name: &&&str| {
            source.code.lines().any(|line| {
                line.trim()
                    .trim_start_matches("pub ")
                    .starts_with(&format!("mod {name} {{"))
            })
        };
        wrong.extend(
            FORBIDDEN
                .iter()
                .filter(declares)
                .map(|name| format!("{}: mod {name}", source.path)),
        );
    }
    none("find the name that is missing", &wrong);
}

#[test]
fn the_top_holds_the_rooms_and_nothing_else() {
    let entries = fs::read_dir(root())
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().display().to_string());
    let wrong: Vec<_> = entries
        .filter(|name| !TOP.contains(&&**name) && !name.starts_with('.') && name != "target")
        .collect();
    none("these stand at the top without a room (DESIGN §2)", &wrong);
}

#[test]
fn nothing_is_unfinished() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.path != OWN) {
        for (number, line) in source.code.lines().enumerate() {
            let found = UNFINISHED.iter().filter(|word| line.contains(**word));
            wrong.extend(found.map(|word| format!("{}:{}: {word}", source.path, number + 1)));
        }
    }
    none("unfinished", &wrong);
}

#[test]
fn no_floats_near_money() {
    let mut wrong = Vec::new();
    let exact = |path: &str| {
        path.starts_with("x12-parser/src/")
            || path.starts_with("schemas/src/")
            || path == "schemas/build.rs"
    };
    for source in sources().iter().filter(|source| exact(&source.path)) {
        for (number, line) in source.code.lines().enumerate() {
            let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            wrong.extend(
                words
                    .filter(|word| matches!(*word, "f32" | "f64"))
                    .map(|word| format!("{}:{}: {word}", source.path, number + 1)),
            );
        }
    }
    none("amounts are decimal text", &wrong);
}

#[test]
fn no_path_of_a_host() {
    let mut wrong = Vec::new();
    for path in repository().into_iter().filter(|path| path != OWN) {
        // What is not text holds no path that anybody reads.
        let Ok(text) = fs::read_to_string(root().join(&path)) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            let found = HOST_PATHS.iter().filter(|host| line.contains(**host));
            wrong.extend(found.map(|host| format!("{path}:{}: {host}", number + 1)));
        }
    }
    none("paths that exist on one machine only", &wrong);
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = |source: &super::Source| {
        let text = fs::read_to_string(root().join(&source.path)).unwrap_or_default();
        !text.starts_with("//!")
    };
    let wrong: Vec<_> = sources()
        .into_iter()
        .filter(silent)
        .map(|source| source.path)
        .collect();
    none(
        "files without a sentence of module docs at their top",
        &wrong,
    );
}
