//! Transaction sets divided between their records: both halves are valid, and together they are what was received.

use std::path::Path;

use x12_parser::{
    Addresses, ControlNumber, Envelope, EnvelopeCounts, Error, Fate, GroupAddress,
    InterchangeAddress, Options, Per, Shape, readdress_records, to_json, validate,
};

/// Keeps the records that it is told to.
struct Half<'k> {
    keeps: &'k dyn Fn(u64) -> bool,
    is_kept: bool,
}

impl Addresses for Half<'_> {
    fn divides(&mut self, _: &Envelope) -> Result<bool, Error> {
        Ok(true)
    }

    fn record(&mut self, _: &Envelope, record: u64) -> Result<Fate, Error> {
        Ok(match (self.keeps)(record) == self.is_kept {
            true => Fate::Kept,
            false => Fate::LeftOut,
        })
    }

    fn reference(&mut self, _: &Envelope, received: &str) -> Result<String, Error> {
        Ok(format!("{received}-1"))
    }

    fn interchange(&mut self, received: &Envelope) -> Result<InterchangeAddress, Error> {
        Ok(InterchangeAddress::received(
            received,
            number(received.isa(13)),
        ))
    }

    fn group(&mut self, received: &Envelope) -> Result<GroupAddress, Error> {
        Ok(GroupAddress::received(received, number(received.gs(6))))
    }
}

fn number(text: &str) -> ControlNumber {
    let number = text.parse().ok().and_then(ControlNumber::new);
    number.unwrap_or(ControlNumber::FIRST)
}

/// The clean samples of the guides whose sets can be divided.
fn samples() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples");
    let mut found = Vec::new();
    for guide in ["005010X222A1", "005010X223A2"] {
        for entry in std::fs::read_dir(root.join(guide)).expect("it is there") {
            let path = entry.expect("it is there").path();
            if path.extension().is_some_and(|extension| extension == "edi") {
                let name = path.file_name().expect("it has one").to_string_lossy();
                let bytes = std::fs::read(&path).expect("it is there");
                found.push((format!("{guide}/{name}"), bytes));
            }
        }
    }
    found.sort();
    found
}

fn halves(
    document: &[u8],
    keeps: &dyn Fn(u64) -> bool,
    size: usize,
) -> [(Vec<u8>, EnvelopeCounts); 2] {
    [true, false].map(|is_kept| {
        let mut options = Options::default();
        options.block_bytes = size;
        let mut out = Vec::new();
        let counts = readdress_records(document, &mut out, &mut Half { keeps, is_kept }, &options);
        let counts = counts.expect("it can be divided");
        assert_eq!(counts.bytes, out.len() as u64);
        (out, counts)
    })
}

/// Findings of a document, by name and place.
fn findings(document: &[u8]) -> Vec<String> {
    let mut findings = Vec::new();
    if !document.is_empty() {
        let read = validate(document, &Options::default(), |finding| {
            findings.push(format!("{} {}", finding.name(), finding.path()));
            Ok(())
        });
        assert!(read.is_ok());
    }
    findings
}

/// The claims of a document, each with what its loop holds.
fn claims(document: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    if !document.is_empty() {
        to_json(
            document,
            &mut lines,
            Shape::Loops,
            Per::Claim,
            &Options::default(),
        )
        .expect("it reads");
    }
    let lines = String::from_utf8(lines).expect("it is JSON");
    let claim = |line: &str| Some(line[line.find("{\"seg\":\"CLM\"")?..].to_owned());
    lines
        .lines()
        .filter(|line| line.starts_with("{\"record\":"))
        .filter_map(claim)
        .collect()
}

const PATTERNS: [(&str, fn(u64, u64) -> bool); 6] = [
    ("first", |record, _| record == 1),
    ("last", |record, records| record == records),
    ("evens", |record, _| record % 2 == 0),
    ("odds", |record, _| record % 2 == 1),
    ("none", |_, _| false),
    ("all", |_, _| true),
];

#[test]
fn both_halves_are_valid_and_together_what_was_received() {
    let mut tried = 0;
    for (name, bytes) in samples() {
        let records = claims(&bytes).len() as u64;
        assert!(records > 0, "{name}");
        for (pattern, keeps) in PATTERNS {
            let what = format!("{name}, {pattern}");
            let [(kept, counts), (left, others)] =
                halves(&bytes, &|record| keeps(record, records), 1 << 17);
            for half in [&kept, &left] {
                let new: Vec<_> = findings(half);
                assert!(
                    new.iter().all(|it| findings(&bytes).contains(it)),
                    "{what}: {new:?}"
                );
            }
            assert_eq!(counts.kept, others.left_out, "{what}");
            assert_eq!(counts.left_out, others.kept, "{what}");
            let mut joined = [claims(&kept), claims(&left)].concat();
            let mut received = claims(&bytes);
            joined.sort();
            received.sort();
            assert_eq!(
                counts.kept.records + counts.left_out.records,
                records,
                "{what}"
            );
            assert_eq!(joined, received, "{what}");
            tried += 1;
        }
    }
    assert!(tried > 80, "{tried} cases");
}
