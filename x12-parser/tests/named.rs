//! The shape `named`: the same whatever the road, from business facts alone, and what is wrong with its place in the JSON.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use x12_parser::{
    EnvelopeFilling, Error, Options, Per, Shape, X12Writer, to_json, to_x12, to_x12_filled,
    validate,
};

/// Gives so many bytes at a time.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.1.min(buffer.len()).min(self.0.len());
        let (piece, rest) = self.0.split_at(length);
        buffer[..length].copy_from_slice(piece);
        self.0 = rest;
        Ok(length)
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// All files below samples/ of an extension, in order.
fn samples(extension: &str) -> Vec<PathBuf> {
    let mut folders = vec![folder("../samples")];
    let mut found = Vec::new();
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("the folder is there") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|known| known == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "there are no samples");
    found
}

fn named(x12: &[u8], per: Per, options: &Options) -> Result<Vec<u8>, String> {
    let mut json = Vec::new();
    let read = to_json(x12, &mut json, Shape::Named, per, options);
    read.map(|()| json).map_err(|error| error.to_string())
}

fn filling() -> EnvelopeFilling {
    EnvelopeFilling {
        sender: Some(("ZZ".to_owned(), "MADEUPSENDER".to_owned())),
        receiver: Some(("ZZ".to_owned(), "MADEUPRECEIVER".to_owned())),
        date: Some("20261123".to_owned()),
        time: Some("1200".to_owned()),
        ..EnvelopeFilling::default()
    }
}

/// Writes JSON through every road, which must agree.
fn write(json: &[u8], options: &Options, filling: &EnvelopeFilling) -> Result<Vec<u8>, String> {
    let roads = [json.len().max(1), 1000, 7, 1].map(|size| {
        let mut x12 = Vec::new();
        let written = to_x12_filled(Pieces(json, size), &mut x12, options, filling);
        written.map(|_| x12).map_err(|error| error.to_string())
    });
    let mut writer = X12Writer::filling(options, filling);
    let mut pushed = Vec::new();
    let pushed = json
        .chunks(11)
        .try_for_each(|piece| writer.push(piece, &mut pushed))
        .and_then(|()| writer.finish(&mut pushed))
        .map(|()| pushed)
        .map_err(|error| error.to_string());
    for road in &roads {
        assert_eq!(road, &pushed);
    }
    pushed
}

#[test]
fn blocks_and_threads_change_nothing() {
    for path in samples("edi") {
        let x12 = fs::read(&path).expect("it can be read");
        for per in [Per::Document, Per::Set] {
            let whole = named(&x12, per, &Options::default());
            for (block_bytes, threads) in [(1, 1), (37, 1), (200, 3), (4096, 2)] {
                let mut options = Options::default();
                (options.block_bytes, options.threads) = (block_bytes, threads);
                assert_eq!(
                    named(&x12, per, &options),
                    whole,
                    "{} {block_bytes} {threads}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn lines_and_the_document_write_the_same() {
    let options = Options::default();
    for path in samples("edi") {
        let x12 = fs::read(&path).expect("it can be read");
        let write = |per| {
            let json = named(&x12, per, &options).expect("it reads");
            let mut back = Vec::new();
            to_x12(&json[..], &mut back, &options.limits)
                .map(|_| back)
                .map_err(|error| match error {
                    Error::Json { what, .. } => what.to_owned(),
                    other => other.to_string(),
                })
        };
        assert_eq!(write(Per::Document), write(Per::Set), "{}", path.display());
    }
}

/// A loop that is larger than what is kept is written as it comes, to the same bytes.
#[test]
fn what_is_not_kept_is_written_the_same() {
    let mut small = Options::default();
    small.limits.context_bytes = 300;
    for path in samples("edi") {
        if path
            .components()
            .any(|part| part.as_os_str() == "broken" || part.as_os_str() == "envelope")
        {
            continue;
        }
        let x12 = fs::read(&path).expect("it can be read");
        let json = named(&x12, Per::Document, &small).expect("it reads");
        let whole = write(&json, &Options::default(), &EnvelopeFilling::default());
        let apart = write(&json, &small, &EnvelopeFilling::default());
        let text = |x12: Result<Vec<u8>, String>| {
            x12.map(|x12| String::from_utf8_lossy(&x12).into_owned())
        };
        assert_eq!(text(apart), text(whole), "{}", path.display());
    }
}

/// Facts are objects of labels, by hand; beside them stands the X12 that they become, which has no fault.
#[test]
fn business_facts_become_documents_without_findings() {
    let options = Options::default();
    let mut count = 0;
    for path in samples("json") {
        if !path
            .parent()
            .is_some_and(|parent| parent.ends_with("facts"))
        {
            continue;
        }
        count += 1;
        let json = fs::read(&path).expect("it can be read");
        let x12 = write(&json, &options, &filling()).expect("it is written");
        let mut findings = Vec::new();
        validate(&x12[..], &options, |finding: &x12_parser::Finding| {
            findings.push(format!("{} {}", finding.name(), finding.path()));
            Ok(())
        })
        .expect("it reads");
        assert!(findings.is_empty(), "{}: {findings:?}", path.display());
        let beside = path.with_extension("x12");
        if std::env::var_os("X12_WRITE").is_some() {
            fs::write(&beside, &x12).expect("samples/ can be written");
        }
        let expected = fs::read(&beside).unwrap_or_default();
        assert!(
            x12 == expected,
            "{} differs; X12_WRITE=1 rewrites it",
            beside.display()
        );
    }
    assert!(count >= 3, "there are facts of three guides");
}

/// Cases of `named/errors.txt`: a name, JSON, and what is wrong with it.
#[test]
fn errors_cite_their_place() {
    let text = fs::read_to_string(folder("tests/named/errors.txt")).expect("the cases are there");
    let mut wrong = String::new();
    for case in text.split("=== ").skip(1) {
        let (name, rest) = case.split_once('\n').expect("a case has a name");
        let (json, expected) = rest
            .split_once("\n--- ")
            .expect("a case says what is wrong");
        // Who writes of an unknown sender has none to fill in.
        let filling = if name.starts_with("nobody") {
            EnvelopeFilling::default()
        } else {
            filling()
        };
        let found = write(json.trim_end().as_bytes(), &Options::default(), &filling);
        let found = found.err().unwrap_or_else(|| "nothing".to_owned());
        if found != expected.trim_end() {
            wrong += &format!("{name}:\n  {found}\n  {expected}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_record_has_a_limit_both_ways() {
    let mut options = Options::default();
    let path = folder("../samples/005010X222A1/two-claims.edi");
    let x12 = fs::read(path).expect("it can be read");
    let json = named(&x12, Per::Document, &options).expect("it reads");
    (options.limits.context_bytes, options.limits.record_bytes) = (200, 400);
    let read = named(&x12, Per::Document, &options).expect_err("a claim is longer");
    assert!(
        read.starts_with("length of a record is over its limit of 400"),
        "{read}"
    );
    let written =
        write(&json, &options, &EnvelopeFilling::default()).expect_err("a claim is longer");
    assert!(
        written.starts_with("length of a record is over its limit of 400"),
        "{written}"
    );
}
