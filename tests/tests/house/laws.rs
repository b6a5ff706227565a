//! The laws that hold for every document, over samples/ and the corpus.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use acceptance::{Document, root, verdict};
use x12_parser::{Error, Options, Per, Shape, acknowledge, to_json};

use crate::documents::{all, answer_options, options};

/// Threads and bytes of a block; the first is what the others must equal.
const WAYS: [(usize, usize); 7] = [
    (1, 1 << 17),
    (1, 512),
    (1, 4096),
    (2, 512),
    (2, 4096),
    (4, 512),
    (4, 1 << 17),
];

#[test]
fn reading_never_panics() {
    let mut wrong = Vec::new();
    for document in all() {
        // The panic's own message may hold anything; the name is enough to find it again.
        if catch_unwind(AssertUnwindSafe(|| {
            everything(&document, &acceptance::options())
        }))
        .is_err()
        {
            wrong.push(document.name);
        }
    }
    assert!(
        wrong.is_empty(),
        "these documents make the library panic: {wrong:#?}"
    );
}

#[test]
fn threads_and_blocks_change_nothing() {
    let mut wrong = Vec::new();
    for document in all() {
        let [first, others @ ..] = &WAYS;
        let expected = everything(&document, &options(*first));
        for way in others {
            let parts = everything(&document, &options(*way))
                .into_iter()
                .zip(&expected);
            let different = parts.filter(|(got, wanted)| got != *wanted);
            wrong.extend(
                different.map(|((part, _), _)| format!("{}: {part} with {way:?}", document.name)),
            );
        }
    }
    assert!(
        wrong.is_empty(),
        "threads and bytes of a block change what comes out:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn a_limit_on_findings_cuts_at_the_same_place() {
    let few = |way| {
        let mut options = options(way);
        options.limits.findings_per_set = 3;
        options
    };
    let told = |document: &Document, way| {
        let options = few(way);
        (findings(document, &options), answers(document, &options))
    };
    let [first, others @ ..] = &WAYS;
    let mut wrong = Vec::new();
    for document in all() {
        let expected = told(&document, *first);
        let differs = |way: &&(usize, usize)| told(&document, **way) != expected;
        wrong.extend(
            others
                .iter()
                .find(differs)
                .map(|way| format!("{} with {way:?}", document.name)),
        );
    }
    assert!(
        wrong.is_empty(),
        "threads and bytes of a block change which findings are told:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_finding_points_inside_the_document() {
    let mut wrong = Vec::new();
    for document in all() {
        let length = document.bytes.len() as u64;
        let findings = verdict(&document.bytes, &acceptance::options()).findings;
        let outside = findings.iter().find(|finding| {
            finding
                .offset
                .checked_add(finding.length)
                .is_none_or(|end| end > length)
        });
        wrong.extend(outside.map(|finding| format!("{}: {}", document.name, finding.code.name())));
    }
    assert!(
        wrong.is_empty(),
        "findings outside their document:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn refused_documents_are_those_of_the_list() {
    let table = root().join("tests/refused.tsv");
    let mut now = String::from("file\treason\n");
    let mut read = BTreeSet::new();
    for document in all() {
        if let Some(reason) = verdict(&document.bytes, &acceptance::options()).refused {
            writeln!(now, "{}\t{reason}", document.name).expect("a string can be written to");
        }
        read.insert(document.name);
    }
    if std::env::var_os("X12_WRITE").is_some()
        && read.iter().any(|name| name.starts_with("corpus/"))
    {
        fs::write(&table, &now).expect("tests/refused.tsv can be written");
    }
    let listed = fs::read_to_string(&table).expect("tests/refused.tsv is in the repository");
    // Where there is no corpus, its rows say nothing.
    let concerns = |line: &&str| {
        line.split('\t')
            .next()
            .is_some_and(|name| name == "file" || read.contains(name))
    };
    let listed: BTreeSet<_> = listed.lines().filter(concerns).collect();
    let now: BTreeSet<_> = now.lines().collect();
    let changed: Vec<_> = now.symmetric_difference(&listed).collect();
    assert!(
        changed.is_empty(),
        "refused documents changed; X12_WRITE=1 writes them down:\n{changed:#?}"
    );
}

/// All that the library makes of a document, by name: bytes, and how it ended.
fn everything(document: &Document, options: &Options) -> Vec<(&'static str, (Vec<u8>, String))> {
    let json = |shape, per| {
        let mut out = Vec::new();
        let end = ended(to_json(&document.bytes[..], &mut out, shape, per, options));
        (out, end)
    };
    vec![
        ("loops", json(Shape::Loops, Per::Document)),
        ("segments", json(Shape::Segments, Per::Document)),
        ("loops per set", json(Shape::Loops, Per::Set)),
        ("segments per set", json(Shape::Segments, Per::Set)),
        ("claims", json(Shape::Loops, Per::Claim)),
        ("members", json(Shape::Loops, Per::Member)),
        ("subscribers", json(Shape::Loops, Per::Subscriber)),
        ("findings", findings(document, options)),
        ("acknowledgments", answers(document, options)),
    ]
}

fn findings(document: &Document, options: &Options) -> (Vec<u8>, String) {
    let verdict = verdict(&document.bytes, options);
    let lines = verdict
        .findings
        .iter()
        .flat_map(|finding| serde_json::to_vec(finding).expect("findings can be written"));
    (lines.collect(), verdict.refused.unwrap_or_default())
}

fn answers(document: &Document, options: &Options) -> (Vec<u8>, String) {
    let (mut out, mut decisions) = (Vec::new(), String::new());
    let decided = |decision| {
        writeln!(decisions, "{decision:?}").expect("a string can be written to");
        Ok(())
    };
    let end = acknowledge(
        &document.bytes[..],
        &mut out,
        &mut answer_options(),
        options,
        decided,
    );
    decisions += &ended(end);
    (out, decisions)
}

fn ended(result: Result<(), Error>) -> String {
    result
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default()
}
