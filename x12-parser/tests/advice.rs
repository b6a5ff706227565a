//! Application advice (824): what it says of a document is what was found and decided, and it is valid itself.

#[path = "divide/documents.rs"]
mod documents;
#[path = "divide/made.rs"]
mod made;
#[path = "divide/spoil.rs"]
mod spoil;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use documents::documents;
use made::{PLAIN, document, parse};
use spoil::{made_up, rounds, spoil};
use x12_parser::{
    AcceptedRecords, AcknowledgmentOptions, AdviceOptions, AdviceOutcome, AdviceScope, AdvisedSets,
    ApplicationAdvice, CountingNumbers, Decided, Error, Options, Rejects, Said, Severity, Verdict,
    acknowledge, advise, read_acknowledgments, validate,
};

/// Ordinals of interchange, group and transaction set.
type At = [u32; 3];

/// An error: its segment, element, component and repetition, and TED01.
type Fault = (u64, [u16; 3], String);

/// What an 824 says of a transaction set, or must say.
#[derive(Debug, Default, Eq, PartialEq)]
struct Advised {
    /// Whether it is rejected; whether it is accepted without errors.
    is_rejected: bool,
    is_clean: bool,
    rejected_records: u64,
    faults: Vec<Fault>,
}

/// A document, what was decided about it, and the advice on it.
struct Outcome {
    decided: Vec<Decided>,
    advice: Vec<u8>,
    told: ApplicationAdvice,
}

/// None if the document cannot be read to its end.
fn outcome(
    document: &[u8],
    (rejects, sets): (Rejects, AdvisedSets),
    options: &Options,
) -> Option<Outcome> {
    let mut how = AcknowledgmentOptions::new("20261123", "1200", CountingNumbers::default());
    how.rejects = rejects;
    let (mut decided, mut verdicts) = (Vec::new(), AcceptedRecords::default());
    acknowledge(document, Vec::new(), &mut how, options, |told| {
        verdicts.note(&told);
        decided.push(told);
        Ok(())
    })
    .ok()?;
    let mut how = AdviceOptions::new("20261123", "1200", how.numbers);
    how.sets = sets;
    let mut advice = Vec::new();
    let told = advise(document, &mut advice, &verdicts, &mut how, options).expect("it was read");
    Some(Outcome {
        decided,
        advice,
        told,
    })
}

fn errors(document: &[u8]) -> Vec<x12_parser::Finding> {
    let mut found = Vec::new();
    validate(document, &Options::default(), |finding| {
        found.extend((finding.severity == Severity::Error).then(|| finding.clone()));
        Ok(())
    })
    .expect("it was read");
    found
}

/// What must be said, by what was decided.
fn asked(decided: &[Decided], sets: AdvisedSets) -> BTreeMap<At, Advised> {
    let mut expected: BTreeMap<At, Advised> = BTreeMap::new();
    for decided in decided {
        match decided {
            Decided::Set(set) if set.verdict != Verdict::NotAnswered => {
                let records = set.records.as_ref();
                let all = records.is_some_and(|it| {
                    it.received.records > 0 && it.received.records == it.rejected.records
                });
                let at = [set.interchange, set.group, set.set];
                let is_rejected = set.verdict == Verdict::Rejected;
                let advised = Advised {
                    is_rejected: is_rejected || all,
                    rejected_records: records.map_or(0, |it| it.rejected.records),
                    ..Advised::default()
                };
                let is_asked = match sets {
                    AdvisedSets::All => true,
                    AdvisedSets::Accepted => !is_rejected,
                    _ => !is_rejected && (set.untold > 0 || advised.rejected_records > 0),
                };
                expected.extend(is_asked.then_some((at, advised)));
            }
            Decided::Group(group) => {
                let inside = |at: &At| at[..2] == [group.interchange, group.group];
                let is_rejected = group.code == Some("R");
                for (_, set) in expected.iter_mut().filter(|(at, _)| inside(at)) {
                    set.is_rejected |= is_rejected;
                }
                let stays = !is_rejected || sets == AdvisedSets::All;
                expected.retain(|at, _| !inside(at) || stays && group.gs01 != "AG");
            }
            Decided::Interchange(end) if end.rejected => {
                expected.retain(|at, _| at[0] != end.interchange);
            }
            _ => {}
        }
    }
    expected
}

/// What must be said, by what was decided and found.
fn expected(document: &[u8], decided: &[Decided], sets: AdvisedSets) -> BTreeMap<At, Advised> {
    let mut expected = asked(decided, sets);
    for finding in errors(document) {
        let at = [finding.interchange, finding.group, finding.set];
        let codes = finding.acknowledgment();
        if let Some(set) = expected.get_mut(&at)
            && codes.ta105.is_empty()
            && codes.ak905.is_empty()
        {
            let place = match finding.element {
                1..=99 => [finding.element, finding.component, finding.repetition],
                _ => [0; 3],
            };
            let condition = finding.error_condition().to_owned();
            set.faults.push((finding.segment, place, condition));
        }
    }
    for set in expected.values_mut() {
        set.faults.sort();
        set.is_clean = !set.is_rejected && set.faults.is_empty();
    }
    expected
}

/// What is said, in the order of the transaction sets, with how many errors have a place.
fn said(advice: &[u8]) -> Vec<Advised> {
    let (mut all, mut open) = (Vec::new(), Advised::default());
    read_acknowledgments(advice, &Options::default(), |told| {
        match told.said {
            Said::Error(error) => {
                let place = [error.element, error.component, error.repetition];
                let segment = error.segment;
                open.faults
                    .extend(segment.map(|segment| (segment, place, error.code)));
            }
            Said::Advice(advice) if advice.scope == AdviceScope::Item => {
                assert_eq!(advice.outcome, AdviceOutcome::Rejected);
                assert!(advice.errors > 0, "a rejection does not say why");
                open.rejected_records += 1;
            }
            Said::Advice(advice) => {
                assert_eq!(advice.scope, AdviceScope::Set);
                open.is_rejected = advice.outcome == AdviceOutcome::Rejected;
                open.is_clean = advice.outcome == AdviceOutcome::Accepted;
                assert!(!open.is_rejected || advice.errors > 0);
                open.faults.sort();
                all.push(std::mem::take(&mut open));
            }
            Said::Finding(finding) if finding.severity == Severity::Error => {
                panic!("{} {}", finding.name(), finding.path())
            }
            _ => {}
        }
        Ok(())
    })
    .expect("our own advice reads");
    all
}

/// Holds what is said against what was found and decided; gives how many sets, rejected records and errors are told.
fn hold(name: &str, document: &[u8], how: (Rejects, AdvisedSets)) -> Option<[u64; 3]> {
    let outcome = outcome(document, how, &Options::default())?;
    if outcome.advice.is_empty() {
        assert_eq!(outcome.told.sets, 0, "{name}");
        let expected = expected(document, &outcome.decided, how.1);
        assert!(expected.is_empty(), "{name}: nothing is said");
        return Some([0; 3]);
    }
    let text = String::from_utf8_lossy(&outcome.advice);
    let mut faults = Vec::new();
    validate(&outcome.advice[..], &Options::default(), |finding| {
        // Headers that are faulty are repeated as they were sent.
        let id = finding.position.as_ref().and_then(|it| it.segment_id());
        let is_told = finding.severity != Severity::Info && !matches!(id, Some("ISA" | "GS"));
        faults.extend(is_told.then(|| format!("{} {}", finding.name(), finding.path())));
        Ok(())
    })
    .expect("our own advice reads");
    assert!(faults.is_empty(), "{name}: {faults:?}\n{text}");
    let mut said = said(&outcome.advice);
    let expected = expected(document, &outcome.decided, how.1);
    assert_eq!(said.len(), expected.len(), "{name}: of other sets\n{text}");
    for (said, (at, expected)) in said.iter_mut().zip(expected) {
        if expected.is_rejected {
            // Of a rejected set those records are told that something is wrong with.
            said.rejected_records = expected.rejected_records;
        }
        assert_eq!(*said, expected, "{name}: set {at:?}\n{text}");
    }
    let faults: usize = said.iter().map(|set| set.faults.len()).sum();
    let told = outcome.told;
    assert_eq!(told.sets, said.len() as u64, "{name}");
    assert_eq!([told.errors, told.omitted], [faults as u64, 0], "{name}");
    Some([told.sets, told.rejected_records, told.errors])
}

const HOW: [(Rejects, AdvisedSets); 6] = [
    (Rejects::Sets, AdvisedSets::Untold),
    (Rejects::Sets, AdvisedSets::Accepted),
    (Rejects::Sets, AdvisedSets::All),
    (Rejects::Records, AdvisedSets::Untold),
    (Rejects::Records, AdvisedSets::Accepted),
    (Rejects::Records, AdvisedSets::All),
];

/// Holds a document in every way; gives the sums.
fn hold_all(name: &str, document: &[u8], sums: &mut [u64; 3]) {
    for how in HOW {
        let held = hold(&format!("{name} {how:?}"), document, how).unwrap_or_default();
        sums.iter_mut().zip(held).for_each(|(sum, own)| *sum += own);
    }
}

const SAMPLES: [&str; 11] = [
    "../samples/005010X220A1",
    "../samples/005010X220A1/broken",
    "../samples/005010X221A1",
    "../samples/005010X221A1/broken",
    "../samples/005010X222A1",
    "../samples/005010X222A1/broken",
    "../samples/005010X223A2",
    "../samples/005010X223A2/broken",
    "../samples/005010X186A1",
    "../samples/envelope",
    "tests/acknowledge",
];

#[test]
fn of_samples_all_that_is_wrong_is_told() {
    let mut sums = [0; 3];
    for (path, document) in documents(&SAMPLES) {
        hold_all(&path.display().to_string(), &document, &mut sums);
    }
    assert!(
        sums.iter().all(|sum| *sum > 50),
        "sets, rejected records, errors: {sums:?}"
    );
}

#[test]
fn of_made_up_documents_with_faults_all_that_is_wrong_is_told() {
    let mut sums = [0; 3];
    let samples: Vec<_> = documents(&SAMPLES[..4])
        .into_iter()
        .filter_map(|(_, bytes)| String::from_utf8(bytes).ok())
        .collect();
    for seed in 1..=rounds(40) {
        let (text, mut numbers) = made_up(seed);
        let text = match seed % 3 {
            0 => text,
            _ => samples[numbers.below(samples.len() as u64) as usize].clone(),
        };
        let text = spoil(&text, &mut numbers);
        hold_all(&format!("seed {seed}"), text.as_bytes(), &mut sums);
    }
    assert!(
        sums.iter().all(|sum| *sum > 10),
        "sets, rejected records, errors: {sums:?}"
    );
}

/// A case is the advice on a document of another folder, on all of its sets, records being rejected one by one.
#[test]
fn documents_are_advised_on_as_cases_say() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut cases = 0;
    for (case, documents) in [
        ("005010X220A1", "../samples/005010X220A1/broken"),
        ("005010X221A1", "../samples/005010X221A1/broken"),
        ("005010X222A1", "../samples/005010X222A1/broken"),
        ("acknowledge", "tests/acknowledge"),
    ] {
        let folder = crate_folder.join("tests/advice").join(case);
        for entry in fs::read_dir(folder).expect("it is there") {
            let path = entry.expect("it is there").path();
            let name = path.with_extension("edi");
            let name = name.file_name().expect("it has one");
            let document = fs::read(crate_folder.join(documents).join(name)).expect("it is there");
            let how = (Rejects::Records, AdvisedSets::All);
            let outcome = outcome(&document, how, &Options::default()).expect("it reads");
            let advice = String::from_utf8(outcome.advice).expect("it is plain text");
            if std::env::var_os("X12_WRITE").is_some() {
                fs::write(&path, &advice).expect("it can be written");
            }
            let expected = fs::read_to_string(&path).expect("it is there");
            assert_eq!(advice, expected, "{}", path.display());
            cases += 1;
        }
    }
    assert!(cases > 5);
}

#[test]
fn neither_blocks_nor_threads_change_anything() {
    for (path, document) in documents(&SAMPLES) {
        let advice = [(1 << 17, 1), (300, 1), (1000, 2)].map(|(block_bytes, threads)| {
            let mut options = Options::default();
            (options.block_bytes, options.threads) = (block_bytes, threads);
            let how = (Rejects::Records, AdvisedSets::All);
            outcome(&document, how, &options).map(|outcome| outcome.advice)
        });
        assert!(advice[0] == advice[1], "{}", path.display());
        assert!(advice[0] == advice[2], "{}", path.display());
    }
}

#[test]
fn errors_beyond_the_limit_are_counted_and_their_records_rejected() {
    let sets = [parse("[9 9]")];
    let text = document(&sets, PLAIN).replace(".50***11", "***11");
    let mut options = Options::default();
    options.limits.findings_per_set = 4;
    let how = (Rejects::Records, AdvisedSets::Untold);
    let outcome = outcome(text.as_bytes(), how, &options).expect("it reads");
    let told = outcome.told;
    assert_eq!([told.errors, told.omitted], [18, 14]);
    assert_eq!(told.rejected_records, 18);
    let advice = String::from_utf8(outcome.advice).expect("it is plain text");
    assert!(advice.contains("TED*024*14 more errors were counted, not told~"));
    assert_eq!(said(advice.as_bytes())[0].rejected_records, 18);
}

#[test]
fn verdicts_of_another_document_are_refused() {
    let [one, other] = ["[1][2]", "[1 3]"].map(|text| document(&[parse(text)], PLAIN));
    let mut how = AcknowledgmentOptions::new("20261123", "1200", CountingNumbers::default());
    let (options, mut verdicts) = (Options::default(), AcceptedRecords::default());
    acknowledge(one.as_bytes(), Vec::new(), &mut how, &options, |told| {
        verdicts.note(&told);
        Ok(())
    })
    .expect("it reads");
    let mut how = AdviceOptions::new("20261123", "1200", how.numbers);
    how.sets = AdvisedSets::All;
    let written = advise(other.as_bytes(), Vec::new(), &verdicts, &mut how, &options);
    assert!(matches!(written, Err(Error::Io(_))));
    let none = AcceptedRecords::default();
    let written = advise(one.as_bytes(), Vec::new(), &none, &mut how, &options);
    assert!(matches!(written, Err(Error::Io(_))));
}
