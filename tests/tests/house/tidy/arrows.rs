//! Arrows between crates point one way, and a file uses only modules before it.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use acceptance::root;
use serde_json::Value;

use super::{Source, none, sources};

/// Our packages and which of ours they may use; `acceptance` may use all.
const USES: [(&str, &[&str]); 5] = [
    ("x12-schemas", &[]),
    ("x12-parser", &["x12-schemas"]),
    ("x12conv", &["x12-parser", "x12-schemas"]),
    ("x12-pipeline", &["x12-parser", "x12-schemas"]),
    ("fuzz", &["x12-parser", "x12-schemas"]),
];

/// The folder of each package's modules.
const FOLDERS: [(&str, &str); 5] = [
    ("schemas", "schemas/src/"),
    ("x12-parser", "x12-parser/src/"),
    ("x12conv", "x12-parser/cli/src/"),
    ("x12-pipeline", "pipeline/src/"),
    ("fuzz", "fuzz/src/"),
];

#[test]
fn crates_use_only_those_they_may() {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "cargo metadata failed");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let packages = list(&metadata["packages"]);
    let ours: Vec<_> = packages
        .iter()
        .filter_map(|package| package["name"].as_str())
        .collect();
    let mut wrong = Vec::new();
    for package in packages
        .iter()
        .filter(|package| package["name"] != "acceptance")
    {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, may)) = USES.iter().find(|(known, _)| *known == name) else {
            wrong.push(format!("{name} has no row in tests/house/tidy/arrows.rs"));
            continue;
        };
        for dependency in list(&package["dependencies"]) {
            let used = dependency["name"].as_str().unwrap_or_default();
            if ours.contains(&used) && !may.contains(&used) {
                wrong.push(format!("{name} uses {used}"));
            }
        }
    }
    none("arrows between crates point the wrong way", &wrong);
}

#[test]
fn files_use_only_modules_before_them() {
    let orders = orders();
    let sources = sources();
    let mut wrong = Vec::new();
    for (name, folder) in FOLDERS {
        let files: Vec<_> = sources
            .iter()
            .filter(|source| source.path.starts_with(folder))
            .collect();
        let modules = files
            .iter()
            .filter(|file| module(file, folder).is_some())
            .count();
        match orders.get(name) {
            Some(order) => files
                .iter()
                .for_each(|file| judge(file, folder, order, &mut wrong)),
            None if modules > 0 => wrong.push(format!(
                "ARCHITECTURE.md, section Module order, has no line for {name}"
            )),
            None => {}
        }
    }
    none("arrows inside crates point the wrong way", &wrong);
}

fn judge(file: &Source, folder: &str, order: &[String], wrong: &mut Vec<String>) {
    let Some(own) = module(file, folder) else {
        return;
    };
    let Some(place) = order.iter().position(|module| module == own) else {
        return wrong.push(format!(
            "{}: {own} is not in the module order of ARCHITECTURE.md",
            file.path
        ));
    };
    for (number, used) in uses(file) {
        match order.iter().position(|module| *module == used) {
            Some(other) if other <= place => {}
            Some(_) => wrong.push(format!(
                "{}:{number}: {own} uses {used}, which stands behind it",
                file.path
            )),
            None => wrong.push(format!(
                "{}:{number}: crate::{used} is no module of the order",
                file.path
            )),
        }
    }
}

/// The top-level module of a file; none for the crate's root.
fn module<'a>(file: &'a Source, folder: &str) -> Option<&'a str> {
    let inside = file.path.strip_prefix(folder)?;
    let name = inside.split('/').next()?;
    let name = name.strip_suffix(".rs").unwrap_or(name);
    (!matches!(name, "lib" | "main")).then_some(name)
}

/// What follows `crate::` in a file: names, and the beginnings of a list in braces.
fn uses(file: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in file.code.lines().enumerate() {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            let list = rest.strip_prefix('{').map_or(&rest[..0], |list| {
                list.split('}').next().unwrap_or_default()
            });
            let names = if list.is_empty() {
                vec![rest]
            } else {
                list.split(',').collect()
            };
            let word = |name: &str| {
                name.trim()
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            };
            found.extend(
                names
                    .into_iter()
                    .map(word)
                    .filter(|name| !name.is_empty())
                    .map(|name| (number + 1, name)),
            );
        }
    }
    found
}

/// The lines of ARCHITECTURE.md's section: `- x12-parser: limits error …`.
fn orders() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md"))
        .expect("ARCHITECTURE.md is in the repository");
    let section = text
        .split("\n## ")
        .find(|section| section.starts_with("Module order"))
        .unwrap_or_default();
    let line = |line: &str| {
        let (name, modules) = line.strip_prefix("- ")?.split_once(':')?;
        Some((
            name.to_owned(),
            modules.split_whitespace().map(str::to_owned).collect(),
        ))
    };
    section.lines().filter_map(line).collect()
}
