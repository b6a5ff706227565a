//! What users of other engines reported as defects (x12-standard §14), each held against a sample of ours.

use std::fs;

use acceptance::{options, root, say, verdict};
use x12_parser::{Per, Shape, acknowledge, to_json};

use crate::documents::{answer_options, claim_answer};

#[test]
fn no_defect_that_others_had_is_ours() {
    let cases = fs::read_to_string(root().join("tests/defects.txt")).expect("it is there");
    let lines = cases.lines().filter(|line| !line.starts_with('#'));
    let (mut held, mut wrong) = (0, Vec::new());
    for line in lines {
        let parts: Vec<_> = line.split(" | ").collect();
        let &[defect, sample, says, what] = parts.as_slice() else {
            panic!("{line}");
        };
        held += 1;
        if says == "tests" {
            let file = fs::read_to_string(root().join(sample)).expect("the test is there");
            let has = file.contains(&format!("#[test]\nfn {what}()"));
            wrong.extend((!has).then(|| format!("{defect}: no test {what} in {sample}")));
            continue;
        }
        let file = root().join("samples").join(format!("{sample}.edi"));
        let document = fs::read(file).expect("the sample is there");
        let findings = || told(&document, what);
        let answered = || answers(&document, what);
        let holds = match says {
            "finds" => findings() > 0,
            "finds no" => findings() == 0,
            "answers" => answered() > 0,
            "answers no" => answered() == 0,
            "answers twice" => answered() == 2,
            "claims once" => claims(&document, what) == 1,
            "json" => json(&document).contains(what),
            _ => panic!("{line}"),
        };
        wrong.extend((!holds).then(|| format!("{defect}: {sample} {says} {what}")));
    }
    say(&format!("defects of others: {held} held against samples"));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// How many findings of the document begin so, as name and place.
fn told(document: &[u8], what: &str) -> usize {
    let read = verdict(document, &options());
    assert_eq!(read.refused, None);
    let findings = read.findings.iter();
    let lines = findings.map(|finding| format!("{} {}", finding.name(), finding.path()));
    lines.filter(|line| line.starts_with(what)).count()
}

/// How many segments of the answer begin so.
fn answers(document: &[u8], what: &str) -> usize {
    let mut answer = Vec::new();
    let how = &mut answer_options();
    let read = acknowledge(document, &mut answer, how, &options(), |_| Ok(()));
    assert!(read.is_ok(), "{read:?}");
    beginning(&answer, what)
}

/// How many segments of the 277CA begin so, if what is wrong rejects claims.
fn claims(document: &[u8], what: &str) -> usize {
    let answer = claim_answer(document, &options()).expect("the sample can be read");
    beginning(&answer, what)
}

fn beginning(answer: &[u8], what: &str) -> usize {
    let text = String::from_utf8_lossy(answer);
    let segments = text.split(['~', '\n']).map(str::trim_start);
    segments.filter(|segment| segment.starts_with(what)).count()
}

fn json(document: &[u8]) -> String {
    let mut json = Vec::new();
    let read = to_json(document, &mut json, Shape::Loops, Per::Document, &options());
    assert!(read.is_ok(), "{read:?}");
    String::from_utf8(json).expect("it is UTF-8")
}
