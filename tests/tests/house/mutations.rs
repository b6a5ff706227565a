//! Each thing that a guide says of an element or a segment is changed in a clean sample, and then exactly its check fails.
//!
//! A check is one fact at one place of the guide: required, of these codes, of this type, no longer, not used, noted. What no clean
//! sample holds cannot be changed; the share that is exercised is printed.

mod author;
mod facts;

use std::collections::BTreeSet;

use acceptance::{Document, options, samples, say};
use x12_parser::{Code, Finding, Options, Severity, validate};

use crate::made_up;
use author::{Sample, mutations, read};
use facts::{Check, checks};

/// Guides whose samples are changed, how `x12conv synth` calls them, and the least share of their checks that these exercise, in hundredths.
const GUIDES: [(&str, &str, usize); 5] = [
    ("005010X221A1", "835", 95),
    ("005010X222A1", "837P", 95),
    ("005010X223A2", "837I", 95),
    ("005010X231A1", "999", 95),
    ("004010", "", 60),
];

/// Made-up documents that hold everything, beside the samples of a guide.
const MADE_UP: u64 = 6;

/// Findings that may stand beside what a mutation is about: syntax notes name the same elements.
const NOTES: [Code; 2] = [Code::ElementConditionMissing, Code::ElementExclusion];

#[test]
fn each_check_fails_when_what_it_checks_is_changed() {
    let mut options = options();
    options.snip = "1-2".parse().expect("these are types");
    for (guide, name, least) in GUIDES {
        let (mut wrong, mut exercised) = (Vec::new(), BTreeSet::new());
        for document in documents(guide, name) {
            for sample in read(&document, guide, &options) {
                wrong.extend(mutate(&sample, &mut exercised, &options));
            }
        }
        let known = checks(guide);
        let share = exercised.len() * 100 / known.max(1);
        say(&format!(
            "mutations: {guide}: {} of {known} checks exercised, {share} %",
            exercised.len()
        ));
        assert!(
            wrong.is_empty(),
            "{guide}: {} mutations, among them {:#?}",
            wrong.len(),
            &wrong[..wrong.len().min(20)]
        );
        assert!(share >= least, "{guide}: {share} %");
    }
}

/// The clean samples of a guide, and made-up documents of it if there can be any.
fn documents(guide: &str, name: &str) -> Vec<Document> {
    let mut documents = samples();
    documents
        .retain(|document| document.name.starts_with(guide) && !document.name.contains("broken/"));
    let seeds = if name.is_empty() { 0..0 } else { 0..MADE_UP };
    documents.extend(seeds.map(|seed| Document {
        name: format!("{name} of seed {seed}"),
        bytes: made_up::document(name, "100", seed),
    }));
    documents
}

/// Changes a transaction set in all ways that were not tried before, all of them in one document; tells what did not come out.
fn mutate(sample: &Sample, exercised: &mut BTreeSet<Check>, options: &Options) -> Vec<String> {
    let mutations: Vec<_> = mutations(sample, exercised)
        .into_iter()
        .filter(|mutation| exercised.insert(mutation.check))
        .collect();
    let sets = mutations.iter().map(|mutation| mutation.set.as_slice());
    let found = findings(&sample.document(sets), mutations.len(), options);
    let mut wrong = Vec::new();
    for (mutation, findings) in mutations.iter().zip(&found) {
        let is_it = |finding: &&Finding| {
            finding.code == mutation.code
                && (finding.element, finding.component) == mutation.part
                && [0, finding.segment].contains(&mutation.segment)
        };
        let others = findings.iter().filter(|finding| !is_it(finding));
        let beside = |finding: &Finding| {
            NOTES.contains(&finding.code) && finding.segment == mutation.segment
        };
        let is_exact = others.clone().all(beside);
        if findings.iter().any(|finding| is_it(&finding)) && is_exact {
            continue;
        }
        let told: Vec<_> = findings
            .iter()
            .map(|f| format!("{} {} segment {}", f.name(), f.path(), f.segment))
            .collect();
        wrong.push(format!("{mutation:?}: {told:?}"));
    }
    wrong
}

/// Findings of each transaction set.
fn findings(document: &[u8], sets: usize, options: &Options) -> Vec<Vec<Finding>> {
    let mut found = vec![Vec::new(); sets];
    let read = validate(document, options, |finding| {
        let set = (finding.set as usize).wrapping_sub(1);
        if let Some(found) = found.get_mut(set)
            && finding.severity == Severity::Error
        {
            found.push(finding.clone());
        }
        Ok(())
    });
    assert!(read.is_ok(), "{read:?}");
    found
}
