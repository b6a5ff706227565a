//! Our answers to every document that reads: they read clean under our own guide, pyx12 calls them valid, and none is owed.

use std::fs;
use std::path::{Path, PathBuf};

use acceptance::{Document, options, say, verdict};
use x12_parser::{
    Code, Decided, Decision, Finding, GroupDecision, SetDecision, Severity, Verdict, Visit,
    acknowledge, validate, visit_slice,
};

use crate::documents::{all, answer_options};
use crate::pyx12;

/// Where an answer repeats what was received, and where that stood: who errs there is the sender.
const ECHOES: [(&str, &str); 9] = [
    ("ISA05", "ISA07"),
    ("ISA06", "ISA08"),
    ("ISA07", "ISA05"),
    ("ISA08", "ISA06"),
    ("GS02", "GS03"),
    ("GS03", "GS02"),
    ("TA101", "ISA13"),
    ("TA102", "ISA09"),
    ("TA103", "ISA10"),
];

/// Groups and sets that pyx12's 999 knows: of others, such as 275 and 824, it takes no acknowledgment.
const KNOWN_TO_PYX12: [&str; 18] = [
    "BE", "HB", "HC", "HI", "HN", "HP", "HR", "HS", "RA", "270", "271", "276", "277", "278", "820",
    "834", "835", "837",
];

/// What we answered to a document.
struct Answered {
    document: Document,
    answer: Vec<u8>,
    decided: Vec<Decided>,
}

impl Answered {
    fn decisions(&self) -> impl Iterator<Item = &Decision> {
        self.decided.iter().filter_map(|decided| match decided {
            Decided::Interchange(decision) => Some(decision),
            _ => None,
        })
    }
}

#[test]
fn answers_read_clean() {
    let (mut wrong, mut echoes, mut clean) = (Vec::new(), 0, 0);
    for Answered {
        document, answer, ..
    } in answered()
        .into_iter()
        .filter(|answered| !answered.answer.is_empty())
    {
        let received = verdict(&document.bytes, &options()).findings;
        let ours = verdict(&answer, &options());
        clean += usize::from(ours.is_clean());
        wrong.extend(
            ours.refused
                .map(|reason| format!("{}: refused: {reason}", document.name)),
        );
        let errors = ours
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error);
        let (echoed, own): (Vec<_>, Vec<_>) =
            errors.partition(|finding| echoes_one_of(finding, &received));
        echoes += echoed.len();
        wrong.extend(own.iter().map(|finding| {
            format!(
                "{}: {} at {}",
                document.name,
                finding.code.name(),
                finding.path()
            )
        }));
    }
    say(&format!(
        "acknowledgments: {clean} answers without an error, {echoes} errors repeat what was received"
    ));
    assert!(
        wrong.is_empty(),
        "answers that do not read clean:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_interchange_has_a_decision() {
    let mut wrong = Vec::new();
    for answered in answered() {
        let document = &answered.document;
        let read = validate(&document.bytes[..], &options(), |_| Ok(()));
        let ordinals: Vec<_> = answered
            .decisions()
            .map(|decision| u64::from(decision.interchange))
            .collect();
        if read.is_ok_and(|summary| ordinals != (1..=summary.interchanges).collect::<Vec<_>>()) {
            wrong.push(format!("{}: decisions about {ordinals:?}", document.name));
        }
        let silent =
            |decision: &&Decision| decision.answer.is_some() == decision.suppressed.is_some();
        let silent = answered.decisions().find(silent);
        wrong.extend(silent.map(|decision| {
            format!(
                "{}: neither an answer nor a reason for {}",
                document.name, decision.interchange
            )
        }));
    }
    assert!(
        wrong.is_empty(),
        "interchanges without a decision:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_set_has_a_verdict_and_the_999_says_the_same() {
    let (mut wrong, mut sets) = (Vec::new(), 0);
    for answered in answered() {
        let told = told(&answered.decided);
        sets += told.sets.len();
        let read = validate(&answered.document.bytes[..], &options(), |_| Ok(()));
        let missing = read.is_ok_and(|summary| summary.sets != told.sets.len() as u64);
        if missing || told.out_of_order || told.lines() != lines(&answered.answer) {
            wrong.push(answered.document.name);
        }
    }
    say(&format!("acknowledgments: {sets} verdicts on sets"));
    assert!(
        wrong.is_empty(),
        "verdicts that are missing, or not what the answer says:\n{}",
        wrong.join("\n")
    );
}

/// What was told, interchanges that are rejected left out of `spoken`.
#[derive(Default)]
struct Told<'d> {
    sets: Vec<&'d SetDecision>,
    spoken: Vec<&'d Decided>,
    out_of_order: bool,
}

fn told(decided: &[Decided]) -> Told<'_> {
    let mut told = Told::default();
    let (mut begun, mut set, mut group) = (0, 0, 0);
    for (number, next) in decided.iter().enumerate() {
        match next {
            Decided::Set(decision) => {
                set += 1;
                told.out_of_order |= (decision.group, decision.set) != (group + 1, set);
                told.sets.push(decision);
            }
            Decided::Group(decision) => {
                group += 1;
                told.out_of_order |= decision.group != group || decision.received != u64::from(set);
                set = 0;
            }
            Decided::Interchange(decision) => {
                if !decision.rejected {
                    told.spoken.extend(&decided[begun..number]);
                }
                (begun, group) = (number + 1, 0);
            }
            _ => {}
        }
    }
    told
}

impl Told<'_> {
    /// What the 999s must say of sets and groups: identifier, control number, code.
    fn lines(&self) -> Vec<String> {
        let line = |decided: &&Decided| match decided {
            Decided::Set(SetDecision { st02, verdict, .. }) => match verdict {
                Verdict::Accepted => Some(format!("IK5 {} A", plain(st02))),
                Verdict::Rejected => Some(format!("IK5 {} R", plain(st02))),
                _ => None,
            },
            Decided::Group(GroupDecision {
                gs06,
                code: Some(code),
                received,
                accepted,
                ..
            }) => Some(format!("AK9 {} {code} {received} {accepted}", plain(gs06))),
            _ => None,
        };
        self.spoken.iter().filter_map(line).collect()
    }
}

/// Letters and digits alone: what an answer cannot hold stands in it as a blank.
fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// What the 999s say of sets and groups.
fn lines(answer: &[u8]) -> Vec<String> {
    let (mut lines, mut set, mut group) = (Vec::new(), String::new(), String::new());
    let visited = visit_slice(answer, &options(), |visit| {
        if let Visit::Segment(visited) = visit {
            let element = |number| {
                let bytes = visited.segment.element(number).bytes();
                plain(&String::from_utf8_lossy(bytes))
            };
            match visited.segment.id() {
                b"AK1" => group = element(2),
                b"AK2" => set = element(2),
                b"IK5" => lines.push(format!("IK5 {set} {}", element(1))),
                b"AK9" => {
                    let (code, received, accepted) = (element(1), element(3), element(4));
                    lines.push(format!("AK9 {group} {code} {received} {accepted}"));
                }
                _ => {}
            }
        }
        Ok(())
    });
    assert!(visited.is_ok() || answer.is_empty(), "an answer reads");
    lines
}

#[test]
fn pyx12_calls_our_999_valid() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("answers");
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let mut files: Vec<(String, PathBuf)> = Vec::new();
    for (number, answered) in answered().iter().enumerate() {
        if let Some(answer) = for_pyx12(answered) {
            let file = folder.join(format!("{number}.edi"));
            fs::write(&file, answer).expect("the target folder can be written");
            files.push((answered.document.name.clone(), file));
        }
    }
    let paths: Vec<_> = files.iter().map(|(_, file)| file.clone()).collect();
    let theirs = pyx12::verdicts(&paths);
    say(&format!(
        "acknowledgments: {} answers with a 999 asked of pyx12",
        files.len()
    ));
    let invalid = files.iter().filter(|(_, file)| theirs[file] != "valid");
    let wrong: Vec<_> = invalid
        .map(|(name, file)| format!("{name}: {} ({})", theirs[file], file.display()))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} answers that pyx12 does not call valid:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// An answer with a 999, as pyx12 can judge it; none if it cannot.
///
/// Left out are TA1, as pyx12 wants the group directly behind ISA, and answers whose envelope repeats a fault of the received one.
fn for_pyx12(answered: &Answered) -> Option<Vec<u8>> {
    let received = verdict(&answered.document.bytes, &options()).findings;
    let faulty = |finding: &Finding| ECHOES.iter().any(|(_, here)| finding.path() == *here);
    if received.iter().any(faulty) {
        return None;
    }
    let (mut bytes, mut known, mut count) = (answered.answer.clone(), true, 0);
    let visited = visit_slice(&answered.answer, &options(), |visit| {
        if let Visit::Segment(visited) = visit {
            let first = visited.segment.element(1);
            match visited.segment.id() {
                b"AK1" | b"AK2" => {
                    known &= KNOWN_TO_PYX12
                        .iter()
                        .any(|code| code.as_bytes() == first.bytes())
                }
                b"ST" => count += 1,
                b"TA1" => {
                    let taken = answered.answer.len() - bytes.len();
                    let start = usize::try_from(visited.offset).expect("it is in memory") - taken;
                    bytes.drain(start..start + visited.segment.raw().len());
                }
                _ => {}
            }
        }
        Ok(())
    });
    (visited.is_ok() && known && count > 0).then_some(bytes)
}

/// Whether an error of the answer stands where something was repeated that had the same error, or another width than ISA has.
fn echoes_one_of(finding: &Finding, received: &[Finding]) -> bool {
    let path = finding.path();
    let sources = ECHOES.iter().filter(|(there, _)| path == *there);
    sources.into_iter().any(|(_, here)| {
        received.iter().any(|other| {
            [finding.code, Code::InterchangeWidth].contains(&other.code) && other.path() == *here
        })
    })
}

fn answered() -> Vec<Answered> {
    let answer = |document: Document| {
        let (mut answer, mut decided) = (Vec::new(), Vec::new());
        // A document that breaks off is answered too; one that cannot be read has nobody to answer.
        let read = acknowledge(
            &document.bytes[..],
            &mut answer,
            &mut answer_options(),
            &options(),
            |next| {
                decided.push(next);
                Ok(())
            },
        );
        (read.is_ok() || !decided.is_empty()).then_some(Answered {
            document,
            answer,
            decided,
        })
    };
    all().into_iter().filter_map(answer).collect()
}
