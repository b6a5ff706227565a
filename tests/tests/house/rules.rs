//! What the guides check, held to what the samples break: every rule of every guide, every finding, every code of a 999.

mod kinds;
mod statuses;

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use acceptance::{Document, options, root, samples, say, verdict};
use x12_parser::{Catalog, Code, Finding, Options, Severity, SnipTypes};
use x12_schemas::table::Guide;

/// Lists with codes that were in force at times only.
const LISTS: &str = include_str!("rules/lists.kdl");

/// A list that one of the partners hands out.
const OWN_LIST: &str = "list madeUpAuthorizations source=own date=\"2026-11-26\" { codes \"A1\" }";

/// Overlays of the two made-up trading partners.
const PARTNERS: [&str; 2] = ["made-up-payer-837p.kdl", "made-up-clinic-835.kdl"];

/// IK304 and IK403 of the guide of the 999 (x12-standard §5.2). A reader of ours gives none of those left out: IK304 6 is told by 2, I7 and I8 for minimums beyond one, which no guide here has, I9 of elements for IK403.
const IK304: [&str; 9] = ["1", "2", "3", "4", "5", "7", "8", "I4", "I6"];
const IK403: [&str; 15] = [
    "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "12", "13", "I6", "I9", "I10",
];

#[test]
fn every_rule_of_a_guide_is_broken_by_a_sample() {
    let catalog = Catalog::builtin();
    let told: Vec<Finding> = found(&options()).chain(found(&with_lists())).collect();
    let mut unbroken = Vec::new();
    let (mut rules, mut sources) = (BTreeSet::new(), BTreeSet::new());
    for entry in catalog.entries() {
        let guide = catalog
            .guide_of_set(entry.id, entry.set)
            .expect("it is listed");
        for rule in &guide.rules {
            rules.insert((guide.id.clone(), guide.set.clone(), rule.id.clone()));
            sources.insert(rule.source.clone());
            let is_broken = told.iter().any(|finding| {
                let position = finding.position.as_ref();
                let is_its = |known: &Guide| known.id == guide.id && known.set == guide.set;
                finding.name() == rule.id
                    && position.is_some_and(|position| is_its(position.guide()))
            });
            if !is_broken {
                unbroken.push(format!("{}/{} {}", guide.id, guide.set, rule.id));
            }
        }
    }
    say(&format!(
        "rules: {} of the guides, by {} sources, each broken by a sample",
        rules.len(),
        sources.len()
    ));
    assert!(
        unbroken.is_empty(),
        "no sample breaks these rules: {unbroken:#?}"
    );
}

#[test]
fn every_snip_type_and_code_is_told_by_a_sample() {
    let told: Vec<Finding> = found(&options()).collect();
    let snip: BTreeSet<u8> = told.iter().map(Finding::snip).collect();
    assert!(
        (1..=5).all(|snip_type| snip.contains(&snip_type)),
        "{snip:?}"
    );
    let codes: Vec<_> = told.iter().map(Finding::acknowledgment).collect();
    let mut untold = Vec::new();
    for ik304 in IK304 {
        let is_told = codes.iter().any(|codes| codes.ik304 == ik304);
        untold.extend((!is_told).then(|| format!("IK304 {ik304}")));
    }
    for ik403 in IK403 {
        let is_told = codes.iter().any(|codes| codes.ik403 == ik403);
        untold.extend((!is_told).then(|| format!("IK403 {ik403}")));
    }
    // Patterns and segments that are not used are a matter of overlays, omission one of many findings; the last is told of answers.
    let others = [
        Code::ElementPattern,
        Code::SegmentNotUsed,
        Code::FindingsOmitted,
        Code::SegmentNotInSet,
    ];
    for &code in Code::ALL.iter().filter(|code| !others.contains(code)) {
        let is_told = told.iter().any(|finding| finding.code == code);
        untold.extend((!is_told).then(|| code.name().to_owned()));
    }
    assert!(untold.is_empty(), "no sample has these: {untold:?}");
}

#[test]
fn every_finding_has_a_claim_status() {
    for finding in found(&options()) {
        let status = finding.claim_status();
        let is_status =
            !status.status.is_empty() && status.status.bytes().all(|b| b.is_ascii_digit());
        assert!(
            ["A3", "A6", "A7", "A8"].contains(&status.category) && is_status,
            "{status:?}"
        );
    }
}

/// A type that is left out tells nothing of its own, and nothing of the others changes.
#[test]
fn snip_types_are_switched_one_by_one() {
    for document in samples()
        .iter()
        .filter(|document| document.name.contains("broken/"))
    {
        let all = lines(document, SnipTypes::ALL);
        for snip_type in 1..=7_u8 {
            let alone = snip_type.to_string().parse().expect("it is one of seven");
            let expected: Vec<_> = all
                .iter()
                .filter(|(snip, _)| *snip == snip_type)
                .cloned()
                .collect();
            assert_eq!(
                lines(document, alone),
                expected,
                "{} {snip_type}",
                document.name
            );
        }
    }
}

fn lines(document: &Document, snip: SnipTypes) -> Vec<(u8, String)> {
    let mut options = options();
    options.snip = snip;
    let findings = verdict(&document.bytes, &options).findings;
    let line = |finding: &Finding| {
        let line = format!("{} {} {}", finding.name(), finding.path(), finding.offset);
        (finding.snip(), line)
    };
    findings.iter().map(line).collect()
}

fn found(options: &Options) -> impl Iterator<Item = Finding> {
    let options = options.clone();
    let findings = move |document: Document| verdict(&document.bytes, &options).findings;
    samples().into_iter().flat_map(findings)
}

fn with_lists() -> Options {
    let catalog = Catalog::builtin();
    let lists = catalog
        .compile_lists("lists.kdl", LISTS)
        .expect("these lists are right");
    let mut options = options();
    options.catalog = Arc::new(lists.into_iter().fold(catalog, Catalog::with_list));
    options
}

/// Each rule of a pack is broken by the sample that is named after the pack; without it that sample is clean, and with it all others are.
#[test]
fn packs_find_what_they_say_and_nothing_elsewhere() {
    let builtin = Catalog::builtin();
    for pack in builtin.packs() {
        let guides = builtin.pack(pack).expect("packs fit their guides");
        let expected: BTreeSet<String> = guides
            .iter()
            .flat_map(|guide| &guide.rules)
            .filter(|rule| rule.snip == 6)
            .map(|rule| rule.id.clone())
            .collect();
        let catalog = guides.into_iter().fold(builtin.clone(), Catalog::with);
        let mut options = options();
        (options.catalog, options.snip) = (Arc::new(catalog), "6".parse().expect("it is a type"));
        let mut broken = BTreeSet::new();
        for document in samples() {
            let findings = verdict(&document.bytes, &options).findings;
            let names = findings.iter().map(|finding| finding.name().to_owned());
            if document.name.ends_with(&format!("/pack-{pack}.edi")) {
                broken.extend(names);
            } else if !document.name.contains("broken/") {
                assert_eq!(
                    names.collect::<Vec<_>>(),
                    [] as [&str; 0],
                    "{}",
                    document.name
                );
            }
        }
        assert_eq!(broken, expected, "{pack}");
    }
}

/// What the two made-up trading partners want, over samples that are clean without them or nearly so.
#[test]
fn overlays_of_partners_find_what_they_say() {
    for (overlay, sample) in [
        (PARTNERS[0], "005010X222A1/void-for-the-made-up-payer.edi"),
        (PARTNERS[1], "005010X221A1/one-payment.edi"),
    ] {
        assert_eq!(told_by(overlay, sample), [""; 0], "{sample}");
    }
    let told = told_by(PARTNERS[0], "005010X222A1/broken/made-up-payer.edi");
    assert_eq!(
        told,
        [
            "error element-code 2300/CLM05-3",
            "error element-pattern 2010AA/N403",
            "error element-pattern 2010BA/NM109",
            "error element-too-long 2300/CLM01",
            "error loop-missing 2310B/NM1",
            "error payer-id 2010BB/NM109",
            "error segment-not-used 2300/K3",
            "error void-says-why 2300/NTE",
            "error whole-units 2400/SV104",
            "warning element-external-code 2300/REF02",
            "warning small-claims 2300/CLM02",
        ]
    );
    let told = told_by(PARTNERS[1], "005010X221A1/broken/made-up-clinic.edi");
    assert_eq!(
        told,
        [
            "error claim-payment 2100/CLP04",
            "error segment-missing 1000B/REF",
            "error segment-missing 2110/DTM",
            "warning line-payment 2110/SVC03",
            "warning patient-identifier 2100/NM109",
        ]
    );
}

fn told_by(overlay: &str, sample: &str) -> Vec<String> {
    let path = root().join("schemas/partners").join(overlay);
    let text = fs::read_to_string(path).expect("the overlay is there");
    let catalog = Catalog::builtin();
    let guide = catalog
        .overlay(overlay, &text)
        .expect("the overlay is right");
    let lists = catalog
        .compile_lists("own.kdl", OWN_LIST)
        .expect("the list is right");
    let catalog = lists
        .into_iter()
        .fold(catalog.with(guide), Catalog::with_list);
    let mut options = options();
    options.catalog = Arc::new(catalog);
    let bytes = fs::read(root().join("samples").join(sample)).expect("the sample is there");
    let findings = verdict(&bytes, &options).findings;
    let line = |finding: &Finding| {
        format!(
            "{} {} {}",
            finding.severity.name(),
            finding.name(),
            finding.path()
        )
    };
    let mut told: Vec<_> = findings.iter().map(line).collect();
    told.sort();
    told.dedup();
    told
}

/// Errors in what should be clean are told by the test of the samples; here, that nothing but warnings stands in clean samples of guides.
#[test]
fn clean_samples_of_the_guides_are_clean() {
    for document in samples() {
        let is_clean = ["0050", "0040"]
            .iter()
            .any(|start| document.name.starts_with(start))
            && !document.name.contains("broken/");
        let findings = verdict(&document.bytes, &options()).findings;
        let errors: Vec<_> = findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| finding.name().to_owned())
            .collect();
        assert!(
            !is_clean || errors.is_empty(),
            "{}: {errors:?}",
            document.name
        );
    }
}
