//! Our answers beside those that pyx12's own tests expect: which codes are the same, and a reason wherever they are not.
//!
//! Compared is what is said of interchanges, groups, sets, segments and elements. Positions are not: pyx12 counts segments wrongly
//! behind some faults.

use std::fs;

use acceptance::{Document, corpus_folder, files, options, root, say};
use x12_parser::{Said, acknowledge, read_acknowledgments};

use crate::documents::answer_options;

/// First line of expected.tsv.
const HEAD: &str = "file\talike\tours alone\ttheirs alone\treason";

#[test]
fn answers_are_those_that_pyx12_expects_or_the_table_says_why_not() {
    let pairs = pairs();
    say(&format!("expected answers: {} of pyx12", pairs.len()));
    if pairs.is_empty() {
        return;
    }
    let path = root().join("tests/expected.tsv");
    let before = fs::read_to_string(&path).unwrap_or_default();
    let (mut now, mut counts, mut silent) = (format!("{HEAD}\n"), [0; 3], Vec::new());
    for (document, expected) in pairs {
        let ours = said(&answer(&document));
        let theirs = said(&expected.bytes);
        // The name of the pair says which of the two answers it; a rejected interchange gets neither.
        let kind = expected.name.rsplit('.').next().unwrap_or_default();
        assert!(ours.set.is_empty() || ours.set == kind, "{}", document.name);
        let (alone, alike) = without(ours.lines, &theirs.lines);
        let (others, _) = without(theirs.lines, &alike);
        let all = [alike.len(), alone.len(), others.len()];
        counts = [0, 1, 2].map(|index| counts[index] + all[index]);
        let row = |reason: &str| {
            let Document { name, .. } = &document;
            let [alone, others] = [&alone, &others].map(|lines| lines.join(", "));
            format!("{name}\t{}\t{alone}\t{others}\t{reason}", alike.len())
        };
        let bare = row("");
        let reason = before
            .lines()
            .find_map(|line| line.strip_prefix(&bare))
            .unwrap_or_default();
        if alone.len() + others.len() > 0 && reason.is_empty() {
            silent.push(document.name.clone());
        }
        now += &format!("{}\n", row(reason));
    }
    let [alike, alone, others] = counts;
    say(&format!(
        "expected answers: {alike} words alike, {alone} ours alone, {others} theirs alone"
    ));
    if std::env::var_os("X12_WRITE").is_some() {
        fs::write(&path, &now).expect("tests/expected.tsv can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        written, now,
        "answers changed; judge each, then write them down with X12_WRITE=1"
    );
    assert!(
        silent.is_empty(),
        "answers differ, and tests/expected.tsv gives no reason: {silent:#?}"
    );
}

/// Documents with the answers that pyx12's tests expect to them, which are named after them.
fn pairs() -> Vec<(Document, Document)> {
    let Some(folder) = corpus_folder() else {
        return Vec::new();
    };
    let read = |name: &str| Document {
        bytes: fs::read(folder.join(name)).expect("it was found there"),
        name: name.to_owned(),
    };
    let pair = |name: String| {
        let (document, kind) = name.rsplit_once(".expected.")?;
        ["997", "999"]
            .contains(&kind)
            .then(|| (read(document), read(&name)))
    };
    let name =
        |file: std::path::PathBuf| Some(file.strip_prefix(&folder).ok()?.display().to_string());
    files(&folder)
        .into_iter()
        .filter_map(name)
        .filter_map(pair)
        .collect()
}

fn answer(document: &Document) -> Vec<u8> {
    let mut answer = Vec::new();
    // One that breaks off is answered too.
    let _ = acknowledge(
        &document.bytes[..],
        &mut answer,
        &mut answer_options(),
        &options(),
        |_| Ok(()),
    );
    answer
}

/// What an answer says, a line each.
#[derive(Default)]
struct Words {
    /// Which transaction set says it.
    set: String,
    lines: Vec<String>,
}

fn said(answer: &[u8]) -> Words {
    let mut words = Words::default();
    let mut segment = String::new();
    read_acknowledgments(answer, &options(), |acknowledged| {
        if words.set.is_empty() {
            acknowledged.brought.st(1).clone_into(&mut words.set);
        }
        let line = match acknowledged.said {
            Said::Interchange(said) => {
                format!("TA1 {} {}", said.acceptance.code(), said.note)
            }
            Said::Group(said) => format!(
                "group {} {} {}",
                said.group.gs06,
                said.acceptance.code(),
                said.codes.join(" ")
            ),
            Said::Set(said) => format!(
                "set {} {} {}",
                said.set.st02,
                said.acceptance.code(),
                said.codes.join(" ")
            ),
            Said::Segment(said) => {
                segment = said.id;
                format!("{} {}", segment, said.code)
            }
            Said::Element(said) => format!(
                "{segment}{:02}-{} {}",
                said.element, said.component, said.code
            ),
            _ => return Ok(()),
        };
        words.lines.push(line.trim_end().to_owned());
        Ok(())
    })
    .expect("an answer reads");
    words
}

/// The lines that the others do not have, and those that they have; each of the others counts once.
fn without(lines: Vec<String>, others: &[String]) -> (Vec<String>, Vec<String>) {
    let mut left: Vec<_> = others.iter().collect();
    lines.into_iter().partition(|line| {
        let same = left.iter().position(|other| *other == line);
        same.map(|index| left.swap_remove(index)).is_none()
    })
}
