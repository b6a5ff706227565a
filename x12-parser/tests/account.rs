//! Received acknowledgments: a case is a document and what is told of it, a line each; and our own answers say what we decided.

use std::fs;
use std::path::{Path, PathBuf};

use x12_parser::{
    Acknowledged, AcknowledgmentOptions, CountingNumbers, Decided, Decimal, Error, Options, Said,
    Stated, Status, Ta1Policy, Totals, Verdict, Withheld, acknowledge, read_acknowledgments,
};

/// Documents below a folder of this repository, in order.
fn documents(folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "edi") {
                let bytes = fs::read(&path).expect("it was found there");
                found.push((path, bytes));
            }
        }
    }
    found.sort();
    found
}

/// What is told, a line each.
fn account(document: &[u8], block_bytes: usize) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    let mut options = Options::default();
    options.block_bytes = block_bytes;
    read_acknowledgments(document, &options, |acknowledged| {
        let shown = format!("{acknowledged:?}");
        assert!(!shown.contains("CANARY"), "a value is told: {shown}");
        lines.push(line(&acknowledged));
        Ok(())
    })?;
    Ok(lines)
}

fn line(acknowledged: &Acknowledged<'_>) -> String {
    let brought = acknowledged.brought;
    let place = format!(
        "{}.{}.{} from {} in {}/{}/{}:",
        brought.interchange,
        brought.group,
        brought.set,
        brought.isa(6).trim(),
        brought.isa(13),
        brought.gs(6),
        brought.st(2)
    );
    let said = match &acknowledged.said {
        Said::Interchange(said) => format!(
            "interchange {} of {} {} {} {}",
            said.isa13,
            said.isa09,
            said.isa10,
            said.acceptance.code(),
            said.note
        ),
        Said::Segment(said) => format!(
            "segment {}.{} {:?} {:?} loop {:?} {:?} {:?}",
            said.set.group.gs06,
            said.set.st02,
            said.id,
            said.segment,
            said.loop_id,
            said.code,
            said.contexts
        ),
        Said::Element(said) => format!(
            "element {}.{} {:?}/{}-{}-{} {:?} {:?} {:?}",
            said.set.group.gs06,
            said.set.st02,
            said.segment,
            said.element,
            said.component,
            said.repetition,
            said.data_element,
            said.code,
            said.contexts
        ),
        said => line_of_whole(said),
    };
    format!("{place} {said}\n")
}

fn line_of_whole(said: &Said<'_>) -> String {
    match said {
        Said::Set(said) => format!(
            "set {} {} {} {} {:?}",
            said.set.group.gs06,
            said.set.st01,
            said.set.st02,
            said.acceptance.code(),
            said.codes
        ),
        Said::Group(said) => format!(
            "group {} {} {} {} {:?} {:?} {:?} {:?}",
            said.group.gs01,
            said.group.gs06,
            said.group.gs08,
            said.acceptance.code(),
            said.included,
            said.received,
            said.accepted,
            said.codes
        ),
        Said::Finding(finding) => format!(
            "{} at {}+{} element {}",
            finding.code.name(),
            finding.offset,
            finding.length,
            finding.element
        ),
        said => line_of_claims(said),
    }
}

/// What a caller can have that asks for it: values are revealed.
fn line_of_claims(said: &Said<'_>) -> String {
    match said {
        Said::Line(said) => format!(
            "line {} {} of claim {} {}",
            said.ordinal,
            revealed(said.number.as_ref()),
            revealed(said.claim.number.as_ref()),
            stated(&said.stated)
        ),
        Said::Claim(said) => format!(
            "claim {} ({} {}) in batch {} by {} {} {} lines",
            revealed(said.claim.number.as_ref()),
            revealed(said.claim.payer_number.as_ref()),
            revealed(said.claim.clearinghouse_number.as_ref()),
            revealed(said.claim.batch.batch.as_ref()),
            revealed(said.claim.batch.acknowledgment.as_ref()),
            stated(&said.stated),
            said.lines
        ),
        Said::Level(said) => format!(
            "{:?} {} {} {} given {} below {} adds up {:?}",
            said.level,
            revealed(said.batch.batch.as_ref()),
            revealed(said.trace.as_ref()),
            stated(&said.stated),
            totals(&said.totals),
            said.below.as_ref().map_or("-".to_owned(), totals),
            said.adds_up()
        ),
        said => line_of_advice(said),
    }
}

fn line_of_advice(said: &Said<'_>) -> String {
    match said {
        Said::Advice(said) => format!(
            "advice {} {:?} {:?} {} {} of {} set {} {} of group {} {} numbers {:?} errors {}",
            said.code,
            said.scope,
            said.outcome,
            said.item.qualifier,
            revealed(said.item.number.as_ref()),
            revealed(said.item.advice.as_ref()),
            said.item.st01,
            said.item.st02,
            said.item.gs06,
            said.item.version,
            said.numbers
                .iter()
                .map(|(qualifier, number)| format!("{qualifier} {}", revealed(Some(number))))
                .collect::<Vec<_>>(),
            said.errors
        ),
        Said::Error(said) => format!(
            "error {} of {} set {} {:?} {:?}/{}-{}-{} {:?} {:?}",
            said.code,
            revealed(said.item.number.as_ref()),
            said.item.st02,
            said.id,
            said.segment,
            said.element,
            said.component,
            said.repetition,
            said.data_element,
            said.reasons
        ),
        _ => "something new".to_owned(),
    }
}

fn revealed(value: Option<&Withheld>) -> String {
    value.map_or("-".to_owned(), |value| {
        String::from_utf8_lossy(value.reveal()).into_owned()
    })
}

fn stated(stated: &Stated) -> String {
    let status = |status: &Status| {
        format!("{}:{}:{}", status.category, status.code, status.entity)
            .trim_end_matches(':')
            .to_owned()
    };
    format!(
        "{:?}+{} {:?} rejected {:?} agrees {} amount {}",
        stated.statuses.iter().map(status).collect::<Vec<_>>(),
        stated.omitted,
        stated.action,
        stated.is_rejected(),
        stated.agrees(),
        amount(stated.amount)
    )
}

fn totals(totals: &Totals) -> String {
    format!(
        "{:?}/{:?} {}/{}",
        totals.accepted,
        totals.rejected,
        amount(totals.accepted_amount),
        amount(totals.rejected_amount)
    )
}

fn amount(amount: Option<Decimal>) -> String {
    amount.map_or("-".to_owned(), |amount| amount.to_string())
}

/// Folders of documents that have what is told of them beside them.
const CASES: [&str; 3] = [
    "tests/account",
    "../samples/005010X214",
    "../samples/005010X186A1",
];

#[test]
fn each_case_is_told_as_it_is_written_down() {
    for (path, bytes) in CASES.into_iter().flat_map(documents) {
        let told = account(&bytes, 1 << 17).expect("a case reads").concat();
        let beside = path.with_extension("said");
        if std::env::var_os("X12_WRITE").is_some() {
            fs::write(&beside, &told).expect("the folder can be written");
        }
        let written = fs::read_to_string(&beside).unwrap_or_default();
        assert_eq!(told, written, "{}", path.display());
    }
}

#[test]
fn the_size_of_blocks_changes_nothing() {
    for folder in ["tests/account", "../samples"] {
        for (path, bytes) in documents(folder) {
            let told = |size| account(&bytes, size).map_err(|error| error.to_string());
            for size in [64, 300] {
                assert_eq!(told(size), told(1 << 17), "{}", path.display());
            }
        }
    }
}

/// What our answers to the samples say is what we decided of them.
#[test]
fn our_own_answers_say_what_we_decided() {
    let mut sets = 0;
    for (path, bytes) in documents("../samples") {
        let numbers = CountingNumbers::default();
        let mut how = AcknowledgmentOptions::new("20261123", "1200", numbers);
        how.ta1 = Ta1Policy::Always;
        let (mut answers, mut decided) = (Vec::new(), Vec::new());
        let (mut group, mut waiting) = (Vec::new(), Vec::new());
        let options = Options::default();
        let end = acknowledge(&bytes[..], &mut answers, &mut how, &options, |next| {
            match &next {
                Decided::Set(set) if set.verdict != Verdict::NotAnswered => {
                    let code = if set.verdict == Verdict::Rejected {
                        "R"
                    } else {
                        "A"
                    };
                    group.push(format!("{} {code}", set.st02));
                }
                Decided::Group(told) => {
                    group.extend(told.code.map(|code| format!("{} {code}", told.gs06)));
                    waiting.push((told.answer, std::mem::take(&mut group)));
                }
                Decided::Interchange(decision) => {
                    let ta1 = decision.ta1.map(|(code, note)| format!("{code} {note}"));
                    decided.extend(ta1);
                    // 997s stand before 999s.
                    waiting.sort_by_key(|(answer, _)| *answer);
                    let said = waiting.drain(..).filter(|_| !decision.rejected);
                    decided.extend(said.flat_map(|(_, lines)| lines));
                }
                _ => {}
            }
            Ok(())
        });
        assert!(end.is_ok(), "{}", path.display());
        sets += decided.len();
        assert_eq!(said(&answers), decided, "{}", path.display());
    }
    assert!(sets > 100, "{sets} decisions");
}

fn said(answers: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    let read = read_acknowledgments(answers, &Options::default(), |acknowledged| {
        lines.extend(match acknowledged.said {
            Said::Interchange(said) => Some(format!("{} {}", said.acceptance.code(), said.note)),
            Said::Set(said) => Some(format!("{} {}", said.set.st02, said.acceptance.code())),
            Said::Group(said) => Some(format!("{} {}", said.group.gs06, said.acceptance.code())),
            _ => None,
        });
        Ok(())
    });
    assert!(read.is_ok() || answers.is_empty());
    lines
}

#[test]
fn what_the_callback_returns_ends_it() {
    for (_, bytes) in documents("tests/account") {
        let mut times = 0;
        let end = read_acknowledgments(&bytes[..], &Options::default(), |_| {
            times += 1;
            Err(std::io::Error::other("enough").into())
        });
        assert!(matches!(end, Err(Error::Io(_))) && times == 1);
    }
}
