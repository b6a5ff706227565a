//! The notes of a TA1: for each that a document can show, a good and a broken one as data, taken as we take it and as a partner may.

use std::io::Write as _;

use x12_parser::{
    AcknowledgmentOptions, CountingNumbers, Decided, NoteBasis, Options, Ta1Note, Ta1Policy,
    Ta1Severity, acknowledge, validate,
};

const CASES: &str = include_str!("acknowledge/notes.txt");

const DOCUMENT: &str = "ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*000000001*1*T*:~\
GS*HP*MADEUP*RECEIVER*20261123*1200*1*X*005010X221A1~ST*835*0001~SE*2*0001~GE*1*1~IEA*1*000000001~";

/// Where each element of the header begins and ends in the document, from ISA01 (x12-standard, ISA layout).
const ELEMENTS: [(usize, usize); 16] = [
    (4, 6),
    (7, 17),
    (18, 20),
    (21, 31),
    (32, 34),
    (35, 50),
    (51, 53),
    (54, 69),
    (70, 76),
    (77, 81),
    (82, 83),
    (84, 89),
    (90, 99),
    (100, 101),
    (102, 103),
    (104, 105),
];

struct Case {
    name: &'static str,
    good: Vec<u8>,
    broken: Vec<u8>,
    /// TA104, TA105, and whether groups are answered.
    expected: &'static str,
}

fn cases() -> Vec<Case> {
    let case = |text: &'static str| {
        let mut lines = text.lines();
        let name = lines.next().unwrap_or_default();
        let mut changed = |word: &str| {
            let line = lines.next().and_then(|line| line.strip_prefix(word));
            change(
                line.expect("a good and a broken line")
                    .trim_start_matches(' '),
            )
        };
        let (good, broken) = (changed("good"), changed("broken"));
        Case {
            name,
            good,
            broken,
            expected: lines.next().unwrap_or_default(),
        }
    };
    CASES.split("\n== ").skip(1).map(case).collect()
}

/// The document with changes.
fn change(changes: &str) -> Vec<u8> {
    let document = bytes(DOCUMENT);
    if let Some((before, behind)) = changes.split_once("-> ") {
        let (before, behind) = (bytes(before.trim_end()), bytes(behind));
        return replaced(&document, &before, &behind);
    }
    let mut parts: Vec<_> = changes.split(" ISA").collect();
    parts[0] = parts[0].trim_start_matches("ISA");
    // From behind, as a value may have another width.
    let elements = parts.iter().rev().map(|part| {
        let (number, value) = part.split_once('=').expect("an element and its value");
        (number.parse::<usize>().expect("a number"), bytes(value))
    });
    elements.fold(document, |mut document, (number, value)| {
        let (start, end) = ELEMENTS[number - 1];
        document.splice(start..end, value);
        document
    })
}

fn replaced(document: &[u8], before: &[u8], behind: &[u8]) -> Vec<u8> {
    let (mut found, mut rest) = (Vec::new(), document);
    while !rest.is_empty() {
        match rest.strip_prefix(before).filter(|_| !before.is_empty()) {
            Some(after) => {
                found.extend_from_slice(behind);
                rest = after;
            }
            None => {
                found.push(rest[0]);
                rest = &rest[1..];
            }
        }
    }
    found
}

/// Text with its escapes resolved.
fn bytes(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("\\n") {
            bytes.push(b'\n');
            rest = after;
        } else if let Some(after) = rest.strip_prefix("\\x") {
            bytes.push(u8::from_str_radix(&after[..2], 16).expect("two digits"));
            rest = &after[2..];
        } else {
            bytes.extend_from_slice(first.to_string().as_bytes());
            rest = &rest[first.len_utf8()..];
        }
    }
    bytes
}

fn options(severities: &[(Ta1Note, Ta1Severity)]) -> AcknowledgmentOptions {
    let mut how = AcknowledgmentOptions::new("20261123", "1200", CountingNumbers::default());
    how.ta1 = Ta1Policy::Always;
    how.ta1_severities = severities.iter().copied().collect();
    how
}

/// What the TA1 says, and `AK9` if a group is answered.
fn answered(document: &[u8], how: &mut AcknowledgmentOptions) -> String {
    let (mut answers, mut said) = (Vec::new(), String::new());
    let end = acknowledge(
        document,
        &mut answers,
        how,
        &Options::default(),
        |decided| {
            if let Decided::Interchange(end) = decided {
                let (code, note) = end.ta1.unwrap_or_default();
                assert_eq!(end.rejected, code == "R");
                said += &format!("{code} {note}");
            }
            Ok(())
        },
    );
    assert!(end.is_ok(), "{end:?}");
    validate(&answers[..], &Options::default(), |_| Ok(())).expect("our own answer reads");
    let answers = String::from_utf8_lossy(&answers);
    let separator = answers.as_bytes().get(3).copied().map_or('*', char::from);
    let ta1 = said.replace(' ', &separator.to_string());
    assert!(answers.contains(&ta1), "{said}: {answers}");
    said + if answers.contains("AK9") {
        " AK9"
    } else {
        " -"
    }
}

#[test]
fn each_case_gets_its_note_and_its_good_twin_none() {
    let mut wrong = Vec::new();
    for Case {
        name,
        good,
        broken,
        expected,
    } in cases()
    {
        for (document, expected) in [(good, "A 000 AK9"), (broken, expected)] {
            let found = answered(&document, &mut options(&[]));
            if found != expected {
                wrong.push(format!("{name}: {found}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_partners_severity_decides_whether_groups_are_answered() {
    for Case {
        name,
        broken,
        expected,
        ..
    } in cases()
    {
        let note = Ta1Note::of_code(&name[..3]).expect("a case is named by its note");
        let said = |severity| {
            // Another note of the same document must not decide.
            let mut severities: Vec<_> = Ta1Note::ALL
                .iter()
                .map(|&note| (note, Ta1Severity::Accepted))
                .collect();
            severities.push((note, severity));
            answered(&broken, &mut options(&severities))
        };
        let accepted = said(Ta1Severity::Accepted);
        assert!(accepted.starts_with("A 000"), "{name}: {accepted}");
        let noted = said(Ta1Severity::AcceptedWithErrors);
        assert_eq!(noted[..5], format!("E {}", &name[..3]), "{name}");
        // What stands in no group is answered by nothing else.
        assert_eq!(noted[5..], accepted[5..], "{name}");
        assert_eq!(said(Ta1Severity::Rejected), format!("R {} -", &name[..3]));
        assert_eq!(note.severity().code(), &expected[..1], "{name}");
    }
}

#[test]
fn every_note_has_a_sample_or_a_reason() {
    let cases = cases();
    let mut lines = String::from("notes of a TA1:");
    for note in Ta1Note::ALL {
        let samples = cases
            .iter()
            .filter(|case| case.name.starts_with(note.code()));
        let (samples, reason) = (samples.count(), note.basis().reason());
        lines += &match reason {
            Some(reason) => format!(" {} ({reason})", note.code()),
            None => format!(" {} {samples}", note.code()),
        };
        assert_eq!(
            samples > 0,
            reason.is_none(),
            "{}: {samples} samples",
            note.code()
        );
        assert_eq!(samples > 0, note.basis() == NoteBasis::Document);
        assert_eq!(Ta1Note::of_code(note.code()), Some(*note));
    }
    // A closed pipe is no reason to fail.
    let _ = writeln!(std::io::stdout(), "{lines}");
}

#[test]
fn what_only_the_caller_knows_is_rejected_whatever_its_severity() {
    for note in Ta1Note::ALL {
        let mut how = options(&[(*note, Ta1Severity::Accepted)]);
        how.rejected.insert(1, *note);
        let found = answered(&change("->  "), &mut how);
        assert_eq!(found, format!("R {} -", note.code()));
    }
}
