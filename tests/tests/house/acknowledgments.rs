//! Our answers to every document that reads: they read clean under our own guide, pyx12 calls them valid, and none is owed.

use std::fs;
use std::path::{Path, PathBuf};

use acceptance::{Document, options, say, verdict};
use x12_parser::{
    AnswerSet, Code, Decided, Decision, Finding, GroupDecision, Segment, SetDecision, Severity,
    Verdict, Visit, acknowledge, validate, visit_slice,
};

use crate::documents::{all, answer_options};
use crate::validators::PYX12;

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

/// Groups and sets that pyx12's 997 and 999 know: of others, such as 275 and 850, they take no acknowledgment.
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
fn every_set_has_a_verdict_and_its_answer_says_the_same() {
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
    /// What the answers must say of sets and groups: control number, code.
    fn lines(&self) -> Vec<String> {
        let line = |decided: &&Decided| match decided {
            Decided::Set(SetDecision { st02, verdict, .. }) => match verdict {
                Verdict::Accepted => Some(format!("set {} A", plain(st02))),
                Verdict::Rejected => Some(format!("set {} R", plain(st02))),
                _ => None,
            },
            Decided::Group(GroupDecision {
                gs06,
                answer: Some(answer),
                code: Some(code),
                received,
                accepted,
                ..
            }) => Some(format!(
                "{} {} {code} {received} {accepted}",
                answer.code(),
                plain(gs06)
            )),
            _ => None,
        };
        let mut lines: Vec<_> = self.spoken.iter().filter_map(line).collect();
        lines.sort();
        lines
    }
}

/// Letters and digits alone: what an answer cannot hold stands in it as a blank.
fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// What the answers say of sets and groups, in order: 997s stand before 999s, whichever was received first.
fn lines(answer: &[u8]) -> Vec<String> {
    let (mut lines, mut set, mut group) = (Vec::new(), String::new(), String::new());
    let mut kind = String::new();
    let visited = visit_slice(answer, &options(), |visit| {
        if let Visit::Segment(visited) = visit {
            let element = |number| {
                let bytes = visited.segment.element(number).bytes();
                plain(&String::from_utf8_lossy(bytes))
            };
            match visited.segment.id() {
                b"ST" => kind = element(1),
                b"AK1" => group = element(2),
                b"AK2" => set = element(2),
                b"IK5" | b"AK5" => lines.push(format!("set {set} {}", element(1))),
                b"AK9" => {
                    let (code, received, accepted) = (element(1), element(3), element(4));
                    lines.push(format!("{kind} {group} {code} {received} {accepted}"));
                }
                _ => {}
            }
        }
        Ok(())
    });
    assert!(visited.is_ok() || answer.is_empty(), "an answer reads");
    lines.sort();
    lines
}

#[test]
fn pyx12_calls_our_answers_valid() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("answers");
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let mut files: Vec<(String, PathBuf)> = Vec::new();
    let mut counts = [0; 2];
    for answered in answered() {
        for (set, answer) in for_pyx12(&answered) {
            let file = folder.join(format!("{}.edi", files.len()));
            fs::write(&file, answer).expect("the target folder can be written");
            files.push((answered.document.name.clone(), file));
            counts[usize::from(set == AnswerSet::Implementation)] += 1;
        }
    }
    let paths: Vec<_> = files.iter().map(|(_, file)| file.clone()).collect();
    let theirs = PYX12.ask(&paths);
    say(&format!(
        "acknowledgments: {} groups of 997s and {} of 999s asked of pyx12",
        counts[0], counts[1]
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

/// The groups of an answer as pyx12 can judge them, each in an interchange of its own, of the version under which pyx12 has its guide.
///
/// Left out are TA1, as pyx12 wants the group directly behind ISA, and answers whose envelope repeats a fault of the received one, or
/// separates components by `^` as the received one does: pyx12 takes ISA16 for text, and `^` for none of its characters. So are groups
/// that quote bad data with blanks behind it: pyx12 wants none there, and they are what is bad.
fn for_pyx12(answered: &Answered) -> Vec<(AnswerSet, Vec<u8>)> {
    let received = verdict(&answered.document.bytes, &options()).findings;
    let faulty = |finding: &Finding| ECHOES.iter().any(|(_, here)| finding.path() == *here);
    if received.iter().any(faulty) {
        return Vec::new();
    }
    let mut groups = Vec::new();
    let (mut header, mut set) = (Vec::new(), AnswerSet::Implementation);
    let mut quotes_blanks = false;
    let mut bytes = Vec::new();
    let visited = visit_slice(&answered.answer, &options(), |visit| {
        if let Visit::Segment(visited) = visit {
            let raw = visited.segment.raw();
            let element = |number| visited.segment.element(number).bytes();
            match visited.segment.id() {
                b"ISA" => header = raw.to_vec(),
                b"GS" => {
                    set = match element(8) {
                        b"004010" => AnswerSet::Functional,
                        _ => AnswerSet::Implementation,
                    };
                    bytes = under(&header, set);
                    quotes_blanks = false;
                }
                b"IK4" | b"AK4" => quotes_blanks |= element(4).ends_with(b" "),
                _ => {}
            }
            bytes.extend_from_slice(&known_to_pyx12(visited.segment));
            if visited.segment.id() == b"GE" && header[104] != b'^' && !quotes_blanks {
                let [separator, terminator] = [header[3], header[105]];
                let mut whole = std::mem::take(&mut bytes);
                whole.extend_from_slice(b"IEA");
                whole.extend_from_slice(&[separator, b'1', separator]);
                whole.extend_from_slice(&header[90..99]);
                whole.push(terminator);
                groups.push((set, whole));
            }
        }
        Ok(())
    });
    assert!(
        visited.is_ok() || answered.answer.is_empty(),
        "an answer reads"
    );
    groups
}

/// A segment of an answer, with a group or set that pyx12 knows in place of one that it does not: the rest it can judge.
fn known_to_pyx12(segment: Segment<'_>) -> Vec<u8> {
    let (raw, first) = (segment.raw(), segment.element(1).bytes());
    let known: &[u8] = match segment.id() {
        _ if KNOWN_TO_PYX12.iter().any(|code| code.as_bytes() == first) => first,
        b"AK1" => b"HC",
        b"AK2" => b"837",
        _ => first,
    };
    // Identifier and separator, first element, all behind it; then terminator and end of line.
    let start = segment.id().len() + 1;
    let end = raw.len().saturating_sub(2);
    let (Some(before), Some(behind)) = (raw.get(..start), raw.get(start + first.len()..end)) else {
        return raw.to_vec();
    };
    // A delimiter of ours in a received control number stands there as a blank, which pyx12 takes at no end.
    let behind = match segment.id() {
        b"AK2" => behind.trim_ascii_end(),
        _ => behind,
    };
    [before, known, behind, &raw[end..]].concat()
}

/// Our ISA with the control version under which pyx12 knows the 997 or the 999.
fn under(header: &[u8], set: AnswerSet) -> Vec<u8> {
    let mut header = header.to_vec();
    let (repetition, version) = match set {
        AnswerSet::Functional => (b'U', b"00401"),
        AnswerSet::Implementation => (b'^', b"00501"),
    };
    // ISA11 and ISA12, by their fixed places.
    let is_separator = header[82].is_ascii_punctuation() && set == AnswerSet::Implementation;
    header[82] = if is_separator { header[82] } else { repetition };
    header[84..89].copy_from_slice(version);
    header
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
