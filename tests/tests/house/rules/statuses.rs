//! What a 277CA says of claims, held to the samples: each status that a rule gives, and each category of what is built in, is told of one.

use std::collections::{BTreeMap, BTreeSet};

use acceptance::{Document, say};
use x12_parser::Options;
use x12_schemas::table::{Grade, Guide};

use super::kinds::{guides, options_with};
use crate::documents::{claim_answer, samples_of};

/// Categories of what is wrong with a claim; A2 is that of a claim that is taken up.
const CATEGORIES: [&str; 4] = ["A2", "A6", "A7", "A8"];

#[test]
fn every_claim_status_is_told_of_a_sample() {
    let (mut statuses, mut rules, mut untold) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for guide in guides() {
        let documents = samples_of(&guide.id);
        for document in &documents {
            statuses.extend(statuses_told(&document.bytes, &acceptance::options()));
        }
        for (id, own) in rejecting(&guide) {
            let alone = alone(&guide, id);
            // Whom it concerns the loop says, where the rule does not.
            let fits = |told: &String| {
                let mut rests = own.iter().filter_map(|own| told.strip_prefix(own));
                rests.any(|rest| rest.is_empty() || rest.starts_with(':'))
            };
            let told = |document: &Document| statuses_told(&document.bytes, &alone);
            let rule = format!("{} {id}", guide.id);
            if rules.insert(rule.clone()) && !documents.iter().flat_map(told).any(|it| fits(&it)) {
                untold.insert(rule);
            }
        }
    }
    let categories: BTreeSet<_> = statuses
        .iter()
        .filter_map(|status| status.split(':').next())
        .collect();
    say(&format!(
        "statuses: {} rules give one, each told of a sample; {} statuses in all",
        rules.len(),
        statuses.len()
    ));
    assert!(untold.is_empty(), "no sample has these: {untold:?}");
    for category in CATEGORIES {
        assert!(categories.contains(category), "no sample has {category}");
    }
}

/// The rules of a guide that reject claims, which may be at several places: by their names, the statuses that they give.
fn rejecting(guide: &Guide) -> BTreeMap<&str, Vec<&str>> {
    let mut rejecting: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for rule in &guide.rules {
        if rule.grade == Grade::Error && !rule.stc.is_empty() {
            rejecting.entry(&rule.id).or_default().push(&rule.stc);
        }
    }
    rejecting
}

/// Options with one rule alone: what else is wrong in a sample says nothing of it.
fn alone(guide: &Guide, id: &str) -> Options {
    let mut guide = guide.clone();
    guide.rules.retain(|rule| rule.id == id);
    let snip = guide.rules.first().map(|rule| rule.snip.to_string());
    let mut options = options_with(&guide);
    options.snip = snip.expect("it is a rule").parse().expect("it is a type");
    options
}

/// STC01, STC10 and STC11 of the 277CA to a document, what is wrong rejecting claims.
fn statuses_told(document: &[u8], options: &Options) -> BTreeSet<String> {
    let Some(answer) = claim_answer(document, options) else {
        return BTreeSet::new();
    };
    let text = String::from_utf8_lossy(&answer);
    let signs: Vec<char> = text.chars().take(106).collect();
    let [Some(&element), Some(&component), Some(&end)] = [3, 104, 105].map(|at| signs.get(at))
    else {
        return BTreeSet::new();
    };
    let segments = text
        .split(end)
        .map(|segment| segment.trim().split(element).collect());
    let statuses = segments.filter(|segment: &Vec<&str>| segment[0] == "STC");
    let composites = statuses.flat_map(|segment| {
        [1, 10, 11].map(|at| {
            segment
                .get(at)
                .copied()
                .unwrap_or_default()
                .replace(component, ":")
        })
    });
    composites.filter(|status| !status.is_empty()).collect()
}
