//! What is expected of each sample stands beside it: its JSON, its findings if there are any, its claims line by line if it is neither
//! broken nor about envelopes, and its answer if a 997 or a TA1 is in it.
//!
//! `X12_WRITE=1 cargo test -p acceptance` writes the expectations anew; the difference is then read like code.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use acceptance::{Document, options, root, samples, verdict};
use x12_parser::{Finding, Per, Shape, acknowledge, to_json};

use crate::documents::answer_options;

#[test]
fn every_sample_gives_the_json_and_the_findings_that_stand_beside_it() {
    let options = options();
    let mut wrong = Vec::new();
    for document in samples() {
        let mut json = Vec::new();
        let read = to_json(
            &document.bytes[..],
            &mut json,
            Shape::Loops,
            Per::Document,
            &options,
        );
        assert!(read.is_ok(), "{}: {read:?}", document.name);
        let verdict = verdict(&document.bytes, &options);
        let findings: String = verdict.findings.iter().map(line).collect();
        let path = root().join("samples").join(&document.name);
        let expected = [
            ("json", json),
            ("findings", findings.into_bytes()),
            ("claims.ndjson", claims(&document)),
            ("answer", answer(&document)),
        ];
        for (extension, found) in expected {
            if !agrees(&path.with_extension(extension), &found) {
                wrong.push(format!("{} ({extension})", document.name));
            }
        }
    }
    assert!(wrong.is_empty(), "not as expected: {wrong:#?}");
}

/// A document's claims, line by line; nothing if it has none, or is there to show something else.
fn claims(document: &Document) -> Vec<u8> {
    let mut lines = Vec::new();
    let read = to_json(
        &document.bytes[..],
        &mut lines,
        Shape::Loops,
        Per::Claim,
        &options(),
    );
    assert!(read.is_ok(), "{}: {read:?}", document.name);
    let has_claims = lines
        .split(|byte| *byte == b'\n')
        .any(|line| line.starts_with(b"{\"record\""));
    let shows_other = ["broken/", "envelope/"]
        .iter()
        .any(|folder| document.name.contains(folder));
    if has_claims && !shows_other {
        lines
    } else {
        Vec::new()
    }
}

/// The answer to a document; nothing if neither a 997 nor a TA1 is in it.
fn answer(document: &Document) -> Vec<u8> {
    let mut answer = Vec::new();
    let read = acknowledge(
        &document.bytes[..],
        &mut answer,
        &mut answer_options(),
        &options(),
        |_| Ok(()),
    );
    assert!(read.is_ok(), "{}: {read:?}", document.name);
    let text = String::from_utf8_lossy(&answer);
    let is_told = text.contains("ST*997*") || text.contains("\nTA1");
    if is_told { answer } else { Vec::new() }
}

/// Whether a file holds what was found; an absent file holds nothing. Writes it instead if asked to.
fn agrees(path: &Path, found: &[u8]) -> bool {
    if std::env::var_os("X12_WRITE").is_none() {
        return fs::read(path).unwrap_or_default() == found;
    }
    if found.is_empty() {
        // Nothing is expected, and so no file.
        let _ = fs::remove_file(path);
        return true;
    }
    fs::write(path, found).is_ok()
}

fn line(finding: &Finding) -> String {
    let mut line = format!(
        "{} {} bytes {}+{} segment {}",
        finding.severity.name(),
        finding.name(),
        finding.offset,
        finding.length,
        finding.segment
    );
    let path = finding.path();
    if !path.is_empty() {
        let _ = write!(line, " {path}");
    }
    if finding.repetition > 0 {
        let _ = write!(line, "^{}", finding.repetition);
    }
    line + "\n"
}
