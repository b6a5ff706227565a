//! Compiles the guides, the standard layer and the external code lists, so that a faulty one fails the build and none is parsed at run time.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "src/compiler/mod.rs"]
mod compiler;
#[path = "src/table/mod.rs"]
#[expect(
    dead_code,
    reason = "the compiler takes but some of the ways through the tables"
)]
mod table;

use compiler::{Error, File, Standard};

fn main() {
    for watched in [
        "build.rs",
        "src/compiler",
        "src/table",
        "x12",
        "guides",
        "codes",
        "packs",
    ] {
        println!("cargo:rerun-if-changed={watched}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut errors = Vec::new();
    let standards = standards(&mut errors);
    store(&out.join("standards.postcard"), &standards);
    let path = Path::new("x12/envelope.kdl");
    match compiler::envelope(file(path, &read(path))) {
        Ok(envelope) => store(&out.join("envelope.postcard"), &envelope),
        Err(faults) => errors.extend(faults),
    }
    store(&out.join("lists.postcard"), &lists(&mut errors));
    let guides = guides(&standards, &mut errors);
    fail(&errors);
    let packs = packs(&guides, &mut errors);
    fail(&errors);
    let mut index = String::from("pub(crate) static GUIDES: &[Builtin] = &[\n");
    for (guide, path) in &guides {
        let name = path
            .file_stem()
            .expect("a file has a name")
            .to_string_lossy();
        store(&out.join(format!("{name}.postcard")), guide);
        write_entry(&mut index, guide, &name);
    }
    index.push_str("];\n");
    for (constant, name) in [
        ("ENVELOPE", "envelope"),
        ("STANDARDS", "standards"),
        ("LISTS", "lists"),
    ] {
        let _ = writeln!(
            index,
            "pub(crate) static {constant}: &[u8] = {};",
            bytes(name)
        );
    }
    index.push_str("pub(crate) static PACKS: &[(&str, &str, &str)] = &[\n");
    for (name, path, text) in &packs {
        let _ = writeln!(index, "    ({name:?}, {:?}, {text:?}),", path.display());
    }
    index.push_str("];\n");
    fs::write(out.join("builtin.rs"), index).expect("OUT_DIR can be written");
}

/// All guides in order of identifier and transaction set, with their files.
fn guides(standards: &[Standard], errors: &mut Vec<Error>) -> Vec<(table::Guide, PathBuf)> {
    let mut guides = Vec::new();
    for path in files("guides") {
        match compiler::guide(file(&path, &read(&path)), standards) {
            Ok(guide) => guides.push((guide, path)),
            Err(faults) => errors.extend(faults),
        }
    }
    guides.sort_by(|(one, _), (other, _)| (&one.id, &one.set).cmp(&(&other.id, &other.set)));
    for pair in guides.windows(2) {
        let ((one, path), (other, twin)) = (&pair[0], &pair[1]);
        let same = (&one.id, &one.set) == (&other.id, &other.set);
        assert!(
            !same,
            "{} and {} are the same guide",
            path.display(),
            twin.display()
        );
    }
    guides
}

/// All packs of rules in order of name, each laid over its guide to see that it fits: name, file and text.
fn packs(
    guides: &[(table::Guide, PathBuf)],
    errors: &mut Vec<Error>,
) -> Vec<(String, PathBuf, String)> {
    let mut packs = Vec::new();
    for path in files("packs") {
        let text = read(&path);
        let named = |id: &str| {
            let guides = guides.iter().map(|(guide, _)| guide);
            let named = guides.filter(|guide| table::means(id, &guide.id, &guide.set));
            named.cloned().collect()
        };
        errors.extend(
            compiler::overlay(file(&path, &text), named)
                .err()
                .into_iter()
                .flatten(),
        );
        let name = path
            .file_stem()
            .expect("a file has a name")
            .to_string_lossy();
        let name = name
            .rsplit_once('-')
            .expect("a pack is named by its line and its guide")
            .0;
        packs.push((name.to_owned(), path.clone(), text));
    }
    packs
}

/// All external code lists, in order of name.
fn lists(errors: &mut Vec<Error>) -> Vec<table::CodeList> {
    let mut lists = Vec::new();
    for path in files("codes") {
        match compiler::lists(file(&path, &read(&path))) {
            Ok(found) => lists.extend(found),
            Err(faults) => errors.extend(faults),
        }
    }
    lists.sort_by(|one, other| one.name.cmp(&other.name));
    for pair in lists.windows(2) {
        let name = &pair[0].name;
        assert!(*name != pair[1].name, "list {name} is in two files");
    }
    lists
}

/// Every folder of `x12` as a version of the standard.
fn standards(errors: &mut Vec<Error>) -> Vec<Standard> {
    let mut standards = Vec::new();
    for folder in entries("x12").into_iter().filter(|path| path.is_dir()) {
        let version = folder
            .file_name()
            .expect("a folder has a name")
            .to_string_lossy()
            .into_owned();
        let paths = files(&folder);
        let texts: Vec<_> = paths.iter().map(|path| read(path)).collect();
        let sources: Vec<_> = paths
            .iter()
            .zip(&texts)
            .map(|(path, text)| file(path, text))
            .collect();
        match compiler::standard(&version, &sources) {
            Ok(standard) => standards.push(standard),
            Err(faults) => errors.extend(faults),
        }
    }
    fail(errors);
    standards
}

/// Ends the build with all errors, readable.
fn fail(errors: &[Error]) {
    let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert!(
        errors.is_empty(),
        "{} faults in the guides and lists\n\n{}\n",
        errors.len(),
        lines.join("\n")
    );
}

fn write_entry(index: &mut String, guide: &table::Guide, name: &str) {
    let table::Guide {
        id,
        set,
        group,
        name: called,
        label,
        aliases,
        identified_by_set,
        ..
    } = guide;
    let _ = writeln!(
        index,
        "    Builtin {{ id: {id:?}, set: {set:?}, group: {group:?}, name: {called:?}, label: {label:?}, aliases: &{aliases:?}, \
         identified_by_set: {identified_by_set}, bytes: {} }},",
        bytes(name)
    );
}

/// The expression that includes what [`store`] wrote.
fn bytes(name: &str) -> String {
    format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.postcard\"))")
}

fn store<T: serde::Serialize>(path: &Path, value: &T) {
    let bytes = postcard::to_stdvec(value).expect("tables can be serialised");
    fs::write(path, bytes).expect("OUT_DIR can be written");
}

fn file<'a>(path: &'a Path, text: &'a str) -> File<'a> {
    File {
        name: path.to_str().expect("names of guides are plain"),
        text,
    }
}

fn files(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let mut files = entries(folder);
    files.retain(|path| path.extension().is_some_and(|extension| extension == "kdl"));
    files
}

fn entries(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let folder = folder.as_ref();
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("a folder can be listed").path())
        .collect();
    paths.sort();
    paths
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
