//! Each thing that a guide says of an element or a segment is changed in a clean sample, and then exactly its check fails.
//!
//! A check is one fact at one place of the guide: required, of these codes, of this type, no longer, not used, noted. What no clean
//! sample holds cannot be changed: so the samples and what is made up hold everything, and the figure is printed.

mod author;
mod coverage;
mod facts;

use std::collections::BTreeSet;

use acceptance::{Document, corpus, options, say, verdict};
use x12_parser::{Code, Finding, Options, Severity, validate};
use x12_schemas::table::Guide;

use crate::documents::samples_of;
use crate::guides::{self, Known};
use crate::made_up;
use author::{Sample, mutations, read};
use coverage::Coverage;
use facts::{Check, checks};

/// Made-up documents that hold everything, beside the samples of a guide.
const MADE_UP: u64 = 6;

/// Findings that may stand beside what a mutation is about: syntax notes name the same elements, and so do rules of the segment; what is
/// changed beside binary data changes where they end.
const NOTES: [Code; 3] = [
    Code::ElementConditionMissing,
    Code::ElementExclusion,
    Code::BinaryLength,
];

#[test]
fn each_check_fails_when_what_it_checks_is_changed() {
    let mut options = options();
    options.snip = "1-2".parse().expect("these are types");
    for known in guides::known() {
        let mut all = Exercised::default();
        let (guide, definitions) = (known.reference(), known.guide());
        for (source, documents) in [("samples", clean(&known)), ("made up", made_up(&known))] {
            let own = exercise(&documents, &known, &options);
            say(&format!(
                "coverage: {guide}: {source}: {}",
                own.coverage(&definitions)
            ));
            all.wrong.extend(own.wrong);
            all.checks.extend(own.checks);
            all.sets.extend(own.sets);
        }
        say(&format!(
            "coverage: {guide}: by one of these: {}",
            all.coverage(&definitions)
        ));
        // What others wrote is odd in places, and only counted.
        let corpus = exercise(&of_corpus(&known, &options), &known, &options);
        say(&format!(
            "coverage: {guide}: corpus: {}",
            corpus.coverage(&definitions)
        ));
        let Exercised {
            wrong,
            checks: exercised,
            ..
        } = all;
        let known = checks(&definitions);
        let unseen: Vec<_> = known
            .iter()
            .filter(|check| !exercised.contains(check))
            .map(|check| (&definitions.segments[check.0].id, check))
            .collect();
        say(&format!(
            "mutations: {guide}: {} of {} checks exercised",
            known.len() - unseen.len(),
            known.len()
        ));
        assert!(
            wrong.is_empty(),
            "{guide}: {} mutations, among them {:#?}",
            wrong.len(),
            &wrong[..wrong.len().min(20)]
        );
        assert!(unseen.is_empty(), "{guide}: no sample has {unseen:?}");
    }
}

/// What came of changing all that documents hold.
#[derive(Default)]
struct Exercised {
    /// Mutations that did not come out.
    wrong: Vec<String>,
    checks: BTreeSet<Check>,
    /// The transaction sets that were changed.
    sets: Vec<Sample>,
}

impl Exercised {
    fn coverage(&self, guide: &Guide) -> Coverage {
        Coverage::of(guide, &self.checks, &self.sets)
    }
}

/// Changes all that documents hold.
fn exercise(documents: &[Document], known: &Known, options: &Options) -> Exercised {
    let sets = documents
        .iter()
        .flat_map(|document| read(document, known, options));
    let mut exercised = Exercised {
        sets: sets.collect(),
        ..Exercised::default()
    };
    for sample in &exercised.sets {
        let wrong = mutate(sample, &mut exercised.checks, options);
        exercised.wrong.extend(wrong);
    }
    exercised
}

/// The clean samples of a guide.
fn clean(known: &Known) -> Vec<Document> {
    let mut documents = samples_of(&known.id);
    documents.retain(|document| !document.name.contains("broken/"));
    documents
}

fn made_up(known: &Known) -> Vec<Document> {
    let guide = known.reference();
    let seeds = (0..MADE_UP).map(|seed| Document {
        name: format!("{guide} of seed {seed}"),
        bytes: made_up::document(&guide, "100", seed),
    });
    seeds.collect()
}

/// Documents of the corpus that are valid.
fn of_corpus(known: &Known, options: &Options) -> Vec<Document> {
    let mut documents = corpus();
    documents.retain(|document| {
        let folder = document.name.split('/').next().unwrap_or_default();
        known.folders.iter().any(|known| known == folder)
            && verdict(&document.bytes, options).line() == "valid"
    });
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
            let about = finding.position.as_ref().and_then(|it| it.segment_id());
            NOTES.contains(&finding.code) && finding.segment == mutation.segment
                || finding.code == Code::Rule && about == Some(mutation.segment_id.as_str())
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
