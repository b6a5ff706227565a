//! What the language of rules has, held to what the samples show: each kind of condition, each type of check and each code of an answer is
//! kept by a clean sample and broken by another.
//!
//! A rule is kept by a sample in which it matters, has something to look at, and holds: turned around, so that what it requires must not
//! hold, it is broken there.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use acceptance::{options, root, samples, say, verdict};
use x12_parser::{Catalog, Code, NoteBasis, Options, Rejects, Ta1Note, Ta1Policy, acknowledge};
use x12_schemas::table::{Check, Condition, Gathers, Guide, Relation, SituationRule};

use super::{IK304, IK403, LISTS, OWN_LIST, PARTNERS};
use crate::documents::{answer_options, samples_of};

/// All that a condition can be, as the guides write it; the kinds of `check` by themselves.
const KINDS: [&str; 26] = [
    "absent",
    "all",
    "among",
    "any",
    "apart",
    "balance",
    "by",
    "check cents",
    "check forward",
    "check not-negative",
    "check npi",
    "check positive",
    "check whole",
    "code",
    "count",
    "in-force",
    "less",
    "listed",
    "matches",
    "not",
    "not-after",
    "not-more",
    "only",
    "points",
    "present",
    "unique",
];

/// IK501 and AK501 of what is accepted, accepted with errors, rejected; AK901 has one more, of what is accepted in part.
const SET_VERDICTS: [&str; 3] = ["A", "E", "R"];
const GROUP_VERDICTS: [&str; 4] = ["A", "E", "P", "R"];

#[test]
fn every_kind_of_rule_and_every_type_of_check_is_kept_and_broken_by_a_sample() {
    let (mut kept, mut broken) = (Told::default(), Told::default());
    for guide in guides() {
        let (as_it_is, around) = (options_with(&guide), options_with(&turned_around(&guide)));
        for document in samples_of(&guide.id) {
            if document.name.contains("broken/") {
                broken.add(&guide, &document.bytes, &as_it_is);
            } else {
                kept.add(&guide, &document.bytes, &around);
                // What a guide says of segments and elements is kept wherever they stand and nothing is told of them.
                kept.types.extend([1, 2]);
            }
        }
    }
    say(&format!(
        "rules: {} kinds of condition; {} rules are kept by a clean sample, {} broken by another",
        KINDS.len(),
        kept.rules.len(),
        broken.rules.len()
    ));
    let mut lacking = Vec::new();
    for (what, told) in [("keeps", &kept), ("breaks", &broken)] {
        let kinds = KINDS.iter().filter(|kind| !told.kinds.contains(*kind));
        lacking.extend(kinds.map(|kind| format!("no sample {what} a rule with `{kind}`")));
        let types = (1..=7).filter(|snip| !told.types.contains(snip));
        lacking.extend(types.map(|snip| format!("no sample {what} a check of type {snip}")));
    }
    assert!(lacking.is_empty(), "{lacking:#?}");
}

/// The guides that are built in, and those of them that have packs or the overlays of the partners.
pub(super) fn guides() -> Vec<Arc<Guide>> {
    let catalog = Catalog::builtin();
    let entries = catalog.entries().into_iter();
    let mut guides: Vec<_> = entries
        .filter_map(|entry| catalog.guide_of_set(entry.id, entry.set))
        .collect();
    for pack in catalog.packs() {
        let packed = catalog.pack(pack).expect("packs fit their guides");
        guides.extend(packed.into_iter().map(Arc::new));
    }
    for overlay in PARTNERS {
        let path = root().join("schemas/partners").join(overlay);
        let text = fs::read_to_string(path).expect("the overlay is there");
        let guide = catalog.overlay(overlay, &text);
        guides.push(Arc::new(guide.expect("the overlay is right")));
    }
    guides
}

pub(super) fn options_with(guide: &Guide) -> Options {
    let catalog = Catalog::builtin();
    let lists = [LISTS, OWN_LIST].into_iter().flat_map(|text| {
        let lists = catalog.compile_lists("lists.kdl", text);
        lists.expect("these lists are right")
    });
    let catalog = lists.fold(catalog.clone(), Catalog::with_list);
    let mut options = options();
    options.catalog = Arc::new(catalog.with(guide.clone()));
    options
}

/// The guide with what its rules require turned around, where there is anything that they look at.
fn turned_around(guide: &Guide) -> Guide {
    let mut guide = guide.clone();
    for rule in &mut guide.rules {
        let require = std::mem::take(&mut rule.require);
        let forbids = |it: &Condition| matches!(it, Condition::Absent(_) | Condition::Not(_));
        if !require.iter().all(forbids) {
            rule.when.push(Condition::Present(rule.anchor));
        }
        rule.require = vec![Condition::Not(vec![Condition::All(require)])];
    }
    guide
}

/// Rules that were told of, and what they have.
#[derive(Default)]
struct Told {
    rules: BTreeSet<(String, String)>,
    kinds: BTreeSet<&'static str>,
    types: BTreeSet<u8>,
}

impl Told {
    fn add(&mut self, guide: &Guide, document: &[u8], options: &Options) {
        for finding in verdict(document, options).findings {
            let id = finding.rule().map(|rule| &rule.id);
            let own = guide.rules.iter().find(|rule| Some(&rule.id) == id);
            let is_own = own.is_some() || id.is_none() && finding.code != Code::Rule;
            self.types.extend(is_own.then_some(finding.snip()));
            if let Some(rule) = own {
                self.kinds.extend(kinds(rule));
                self.rules.insert((guide.id.clone(), rule.id.clone()));
            }
        }
    }
}

/// The kinds of condition of a rule.
fn kinds(rule: &SituationRule) -> BTreeSet<&'static str> {
    let mut kinds = BTreeSet::new();
    let by = rule.cells.iter().any(|cell| cell.parties.is_some());
    kinds.extend(by.then_some("by"));
    let mut left: Vec<&Condition> = rule.when.iter().chain(&rule.require).collect();
    while let Some(condition) = left.pop() {
        kinds.insert(kind(rule, condition));
        if let Condition::Any(inner) | Condition::All(inner) | Condition::Not(inner) = condition {
            left.extend(inner);
        }
    }
    kinds
}

fn kind(rule: &SituationRule, condition: &Condition) -> &'static str {
    let gathers = |cell: &u16| rule.cells[usize::from(*cell)].gathers;
    match condition {
        Condition::Present(_) => "present",
        Condition::Absent(_) => "absent",
        Condition::Code(_) => "code",
        Condition::Count(..) => "count",
        Condition::Amounts(amounts) => match amounts.relation {
            Relation::Equal => "balance",
            Relation::NotMore => "not-more",
            Relation::Less => "less",
        },
        Condition::Unique(_) => "unique",
        Condition::Among(..) => "among",
        Condition::Apart(..) => "apart",
        Condition::Points(..) => "points",
        Condition::NotAfter(..) => "not-after",
        Condition::Good(cell) => match gathers(cell) {
            Gathers::Check(check) => check_kind(check),
            Gathers::Matches(_) => "matches",
            _ => "only",
        },
        Condition::Listed(cell, _) => match gathers(cell) {
            Gathers::InForce(_) => "in-force",
            _ => "listed",
        },
        Condition::Any(_) => "any",
        Condition::All(_) => "all",
        Condition::Not(_) => "not",
    }
}

fn check_kind(check: Check) -> &'static str {
    match check {
        Check::Npi => "check npi",
        Check::Positive => "check positive",
        Check::NotNegative => "check not-negative",
        Check::Cents => "check cents",
        Check::Whole => "check whole",
        Check::Forward => "check forward",
    }
}

/// Codes that answers to the samples have: of TA1, and of 999 and 997 alike.
#[test]
fn every_code_of_an_answer_is_told_of_a_sample() {
    let told = answers();
    let codes = Code::ALL.iter().map(|code| code.acknowledgment());
    let mut expected: BTreeSet<(&str, &str)> = BTreeSet::new();
    for codes in codes {
        let follow = [
            ("TA105", codes.ta105),
            ("AK905", codes.ak905),
            ("IK502", codes.ik502),
        ];
        expected.extend(follow.into_iter().filter(|(_, code)| !code.is_empty()));
    }
    // What came before only the caller knows.
    expected.retain(|(_, code)| {
        Ta1Note::of_code(code).is_none_or(|note| note.basis() != NoteBasis::Caller)
    });
    expected.extend(IK304.map(|code| ("IK304", code)));
    expected.extend(IK403.map(|code| ("IK403", code)));
    expected.extend(SET_VERDICTS.map(|verdict| ("IK501", verdict)));
    expected.extend(GROUP_VERDICTS.map(|verdict| ("AK901", verdict)));
    expected.extend(["A", "E", "R"].map(|verdict| ("TA104", verdict)));
    // Of an accepted interchange, and of a set in which a segment is wrong.
    expected.extend([("TA105", "000"), ("IK502", "5")]);
    let untold: Vec<_> = expected
        .iter()
        .filter(|(place, code)| !told.contains(&((*place).to_owned(), (*code).to_owned())))
        .collect();
    say(&format!(
        "answers: {} codes, each told of a sample",
        expected.len()
    ));
    assert!(
        untold.is_empty(),
        "no answer to a sample has these: {untold:?}"
    );
}

/// Each place of an answer with a code that stands there.
fn answers() -> BTreeSet<(String, String)> {
    let mut told = BTreeSet::new();
    let documents = samples();
    let with_both = documents
        .iter()
        .flat_map(|document| [Rejects::Sets, Rejects::Records].map(|rejects| (document, rejects)));
    for (document, rejects) in with_both {
        let mut answer = Vec::new();
        let mut how = answer_options();
        (how.ta1, how.rejects) = (Ta1Policy::Always, rejects);
        // A document that breaks off is answered too.
        let _ = acknowledge(
            &document.bytes[..],
            &mut answer,
            &mut how,
            &options(),
            |_| Ok(()),
        );
        let text = String::from_utf8_lossy(&answer).into_owned();
        let Some((element, end)) = text.chars().nth(3).zip(text.chars().nth(105)) else {
            continue;
        };
        for segment in text.split(end) {
            let elements: Vec<_> = segment.trim().split(element).collect();
            let id = elements[0]
                .replace("AK3", "IK3")
                .replace("AK4", "IK4")
                .replace("AK5", "IK5");
            for (number, code) in elements.iter().enumerate().skip(1) {
                // Up to five codes stand behind a verdict.
                let place = match (id.as_str(), number) {
                    ("IK5", 2..) => 2,
                    ("AK9", 5..) => 5,
                    (_, number) => number,
                };
                told.insert((format!("{id}{place:02}"), (*code).to_owned()));
            }
        }
    }
    told
}
