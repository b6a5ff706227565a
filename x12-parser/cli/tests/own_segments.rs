//! Guides of one's own that bring the segments and elements which the standard layer lacks: `tests/files/own-guide`, and the one of
//! `schemas/README.md`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[test]
fn documents_are_checked_by_them() {
    let (order, broken) = (file("order.x12"), file("broken.x12"));
    assert_eq!(findings(&file("supplies.kdl"), &order), [""; 0]);
    assert_eq!(
        findings(&file("supplies.kdl"), &broken),
        [
            "element-code BEG01",
            "element-too-long BEG02",
            "loop-missing N1/N1",
            "element-code PO1/PO103",
            "element-date PO1/DTP03",
            "segment-unexpected PO1",
            "element-missing PO1/PO102",
            "element-condition-missing PO1/PO102",
            "lines-differ PO1/PO101",
        ]
    );
}

#[test]
fn documents_are_made_up_and_laid_out_by_them() {
    let folder = folder("made-up");
    let guide = file("supplies.kdl");
    for rich in ["0", "20", "100"] {
        let arguments = ["MADEUP850", "--sets", "3", "--rich", rich];
        let document = folder.join(format!("{rich}.x12"));
        let made_up = x12conv("synth", &guide, &arguments);
        fs::write(&document, made_up).expect("the target folder can be written");
        assert_eq!(findings(&guide, &document), [""; 0], "--rich {rich}");
    }
    let order = file("order.x12");
    let order = order.to_str().expect("our paths are text");
    let lines = x12conv("fmt", &guide, &["--indent", order]);
    assert!(lines.contains("\n  DTP*002*D8*20261201~\n"), "{lines}");
    let named = x12conv("json", &guide, &["--shape", "named", order]);
    let items = r#""items":[{"line":"1","quantity":"12","unit":"BX","delivery":"20261201"},{"line":"2","quantity":"3","unit":"BX"}]"#;
    assert!(named.contains(items), "{named}");
    let parts = folder.join("parts");
    if parts.exists() {
        fs::remove_dir_all(&parts).expect("it is ours");
    }
    let out = parts.to_str().expect("our paths are text");
    x12conv("split", &guide, &["--by", "set", "--out", out, order]);
    assert!(parts.join("part-0001.edi").exists());
}

#[test]
fn the_guide_of_the_readme_brings_its_own() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/README.md");
    let text = fs::read_to_string(readme).expect("it is there");
    let mut blocks = text.split("```kdl\n").skip(1);
    let is_own = |block: &&str| block.starts_with("element") && block.contains("\nguide");
    let block = blocks.find(is_own).expect("it shows one");
    let block = block.split("```").next().expect("the block ends");
    let guide = folder("readme").join("supplies.kdl");
    fs::write(&guide, block).expect("the target folder can be written");
    // The order has more than the guide does; its BEG is right.
    let found = findings(&guide, &file("order.x12"));
    assert_eq!(found, ["segment-unrecognized "; 5]);
}

/// The findings of a document by a guide: name and place, a line each.
fn findings(guide: &Path, document: &Path) -> Vec<String> {
    let document = document.to_str().expect("our paths are text");
    let run = run("validate", guide, &["--error-format", "json", document]);
    assert!(run.status.code().is_some_and(|code| code < 2), "{run:?}");
    let text = String::from_utf8(run.stdout).expect("it is text");
    let lines = text.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
        let name = line["rule"].as_str().or(line["code"].as_str());
        let place = line["path"].as_str();
        format!("{} {}", name.unwrap_or_default(), place.unwrap_or_default())
    });
    lines.collect()
}

/// What the command writes, which must succeed.
fn x12conv(verb: &str, guide: &Path, arguments: &[&str]) -> String {
    let run = run(verb, guide, arguments);
    assert!(run.status.success(), "{verb} {arguments:?}: {run:?}");
    String::from_utf8(run.stdout).expect("it is text")
}

fn run(verb: &str, guide: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_x12conv"));
    let command = command.arg(verb).arg("--guide").arg(guide).args(arguments);
    command.output().expect("x12conv was built")
}

fn file(name: &str) -> PathBuf {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/own-guide");
    files.join(name)
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("own-segments-{name}"));
    fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}
