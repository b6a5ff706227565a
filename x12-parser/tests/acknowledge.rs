//! Acknowledgments in a pipeline: what the caller decides, which numbers it gives, and what it is told of each set; and the answers
//! themselves, each beside what was received. `X12_WRITE=1` writes them down anew.

use std::fs;
use std::path::Path;

use x12_parser::{
    AcceptedRecords, AcknowledgmentOptions, AnswerSet, ClaimAcknowledgmentOptions, ClaimSource,
    ControlNumber, ControlNumbers, CountingNumbers, Decided, Error, Options, Reason, RecordCounts,
    RecordVerdicts, Rejects, Ta1Note, acknowledge, acknowledge_claims, validate,
};

const ISA: &str =
    "ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*";
const PAYMENT: &str = "ST*835*0001~SE*2*0001~";
const ANSWER: &str = "ST*999*0001*005010X231A1~AK1*HC*1*005010X222A1~AK9*A*1*1*1~SE*4*0001~";

fn interchange(number: u32, groups: &str) -> String {
    format!("{ISA}{number:09}*0*T*:~{groups}IEA*1*{number:09}~")
}

fn group(gs01: &str, guide: &str, sets: &str) -> String {
    format!("GS*{gs01}*MADEUP*RECEIVER*20261123*1200*7*X*{guide}~{sets}GE*1*7~")
}

fn options() -> AcknowledgmentOptions {
    AcknowledgmentOptions::new("20261123", "1200", CountingNumbers::default())
}

/// The answers, and a line for each decision.
fn answer<N: ControlNumbers + Send>(
    document: &str,
    how: &mut AcknowledgmentOptions<N>,
) -> (String, Vec<String>, Result<(), Error>) {
    let (mut answers, mut told) = (Vec::new(), Vec::new());
    let options = Options::default();
    let end = acknowledge(document.as_bytes(), &mut answers, how, &options, |next| {
        told.push(line(&next));
        Ok(())
    });
    (String::from_utf8_lossy(&answers).into_owned(), told, end)
}

fn line(decided: &Decided) -> String {
    match decided {
        Decided::Set(set) => format!(
            "{}.{}.{} {} {} {:?}{}",
            set.interchange,
            set.group,
            set.set,
            set.st01,
            set.st02,
            set.verdict,
            set.records.as_ref().map(records).unwrap_or_default()
        ),
        Decided::Group(group) => format!(
            "{}.{} {} {} {} {} {} {}/{}",
            group.interchange,
            group.group,
            group.gs01,
            group.gs06,
            group.gs08,
            group.answer.map_or("-", AnswerSet::code),
            group.code.unwrap_or("-"),
            group.accepted,
            group.received
        ),
        Decided::Interchange(end) => {
            let (code, note) = end.ta1.unwrap_or(("-", "-"));
            let numbers = end.answer.map(|numbers| {
                let group = [numbers.gs06_of_997s, numbers.gs06_of_999s]
                    .into_iter()
                    .flatten()
                    .map(|number| format!(" {number}"));
                format!("{}{}", numbers.isa13, group.collect::<String>())
            });
            format!(
                "{} {} {code} {note} {} [{}]",
                end.interchange,
                end.isa13,
                end.rejected,
                numbers.unwrap_or_default()
            )
        }
        _ => String::new(),
    }
}

/// A clearinghouse that received the claims the day before.
fn claim_options(how: &AcknowledgmentOptions) -> ClaimAcknowledgmentOptions {
    let mut claims = ClaimAcknowledgmentOptions::new(&*how.date, &*how.time, how.numbers);
    claims.received = "20261122".to_owned();
    claims.source = ClaimSource::Clearinghouse;
    claims
}

/// Records received and rejected with their amounts, of each provider too, and why.
fn records(verdicts: &RecordVerdicts) -> String {
    if verdicts.received.records == 0 {
        return String::new();
    }
    let totals = |totals: &RecordCounts| format!("{} = {}", totals.records, totals.charges);
    let mut line = format!(
        " records {}, rejected {}",
        totals(&verdicts.received),
        totals(&verdicts.rejected)
    );
    for [received, rejected] in &verdicts.providers {
        line += &format!("; provider {}, {}", totals(received), totals(rejected));
    }
    for range in &verdicts.rejections {
        let reason = |reason: &Reason| match reason.line {
            0 => reason.name(&verdicts.guide).to_owned(),
            line => format!("{} in line {line}", reason.name(&verdicts.guide)),
        };
        let reasons: Vec<_> = range.reasons.iter().map(reason).collect();
        line += &format!("; {}-{} {}", range.first, range.last, reasons.join(", "));
    }
    line
}

#[test]
fn answers_go_between_those_who_are_named() {
    let document = interchange(1, &group("HP", "005010X221A1", PAYMENT));
    let mut how = options();
    how.address.sender = Some(("30".to_owned(), "123456789".to_owned()));
    how.address.group_receiver = Some("THEIRS".to_owned());
    let mut answer = Vec::new();
    let read = acknowledge(
        document.as_bytes(),
        &mut answer,
        &mut how,
        &Options::default(),
        |_| Ok(()),
    );
    read.expect("it can be read");
    let text = String::from_utf8(answer).expect("it is text");
    assert!(
        text.contains("*30*123456789      *ZZ*MADEUPSENDER   *"),
        "{text}"
    );
    assert!(text.contains("GS*FA*RECEIVER*THEIRS*"), "{text}");
    for (code, id) in [
        ("3", "123456789"),
        ("30", ""),
        ("30", "WITH*STAR"),
        ("30", "SIXTEEN-LETTERS-"),
    ] {
        how.address.sender = Some((code.to_owned(), id.to_owned()));
        let read = acknowledge(
            document.as_bytes(),
            Vec::new(),
            &mut how,
            &Options::default(),
            |_| Ok(()),
        );
        assert!(matches!(read, Err(Error::Value { .. })), "{code}:{id}");
    }
}

#[test]
fn each_case_is_answered_as_it_is_written_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/acknowledge");
    let guides = ["made-up.kdl", "situations.kdl"]
        .map(|file| fs::read_to_string(folder.join(file)).expect("it is there"));
    let mut cases = 0;
    for entry in fs::read_dir(&folder).expect("it is there").flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "edi") {
            continue;
        }
        cases += 1;
        let document = fs::read(&path).expect("it was found there");
        let answers = [1 << 17, 512].map(|block_bytes| {
            let mut read = Options::default();
            for guide in &guides {
                let guide = read.catalog.compile("made-up.kdl", guide);
                let catalog = (*read.catalog).clone().with(guide.expect("it compiles"));
                read.catalog = catalog.into();
            }
            read.block_bytes = block_bytes;
            let (mut answers, mut told) = (Vec::new(), String::new());
            let mut how = options();
            let mut verdicts = AcceptedRecords::default();
            let name = path.file_name().expect("it has one");
            let by_record = name.as_encoded_bytes().starts_with(b"records-");
            if by_record {
                how.rejects = Rejects::Records;
            }
            acknowledge(&document[..], &mut answers, &mut how, &read, |next| {
                told += &format!("{}\n", line(&next));
                verdicts.note(&next);
                Ok(())
            })
            .expect("it reads");
            if by_record {
                let mut how = claim_options(&how);
                acknowledge_claims(&document[..], &mut answers, &verdicts, &mut how, &read)
                    .expect("it read before");
            }
            let mut faults = Vec::new();
            validate(&answers[..], &Options::default(), |finding| {
                faults.push(format!("{} {}", finding.code.name(), finding.path()));
                Ok(())
            })
            .expect("our own answer reads");
            assert_eq!(faults, [""; 0], "{}", path.display());
            String::from_utf8_lossy(&answers).into_owned() + &told
        });
        assert_eq!(answers[0], answers[1], "{}", path.display());
        let beside = path.with_extension("answer");
        if std::env::var_os("X12_WRITE").is_some() {
            fs::write(&beside, &answers[0]).expect("it can be written");
        }
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        assert_eq!(answers[0], expected, "{}", path.display());
    }
    assert_eq!(cases, 13);
}

#[test]
fn what_the_caller_rejects_gets_a_ta1_with_its_note_and_no_999() {
    let payment = group("HP", "005010X221A1", PAYMENT);
    let document = [1, 2].map(|number| interchange(number, &payment)).concat();
    for note in Ta1Note::ALL {
        let mut how = options();
        how.rejected.insert(2, *note);
        let (answers, told, end) = answer(&document, &mut how);
        assert!(end.is_ok());
        assert_eq!(answers.matches("AK9*").count(), 1, "{answers}");
        let ta1 = format!("TA1*000000002*261123*1200*R*{}~", note.code());
        assert!(answers.contains(&ta1), "{answers}");
        assert_eq!(told[2], "1 000000001 - - false [1 1]");
        let rejected = format!("2 000000002 R {} true [2]", note.code());
        assert_eq!(told.last(), Some(&rejected));
    }
}

#[test]
fn the_callers_note_is_told_whatever_else_is_wrong() {
    let broken = interchange(1, "").replace("IEA*1", "IEA*9");
    let mut how = options();
    how.rejected.insert(1, Ta1Note::DuplicateControlNumber);
    let (_, told, _) = answer(&broken, &mut how);
    assert_eq!(told, ["1 000000001 R 025 true [1]"]);
    let (_, told, _) = answer(&broken, &mut options());
    assert_eq!(told, ["1 000000001 R 021 true [1]"]);
}

#[test]
fn acknowledgments_are_told_and_not_answered() {
    let document = interchange(1, &group("FA", "005010X231A1", ANSWER));
    let mut how = options();
    let (answers, told, _) = answer(&document, &mut how);
    assert_eq!(answers, "");
    let sets = [
        "1.1.1 999 0001 NotAnswered",
        "1.1 FA 7 005010X231A1 - - 0/1",
    ];
    assert_eq!(told[..2], sets);
    assert_eq!(told[2], "1 000000001 - - false []");
    how.rejected.insert(1, Ta1Note::DuplicateControlNumber);
    let (answers, told, _) = answer(&document, &mut how);
    assert_eq!(
        (answers.as_str(), &told[..2]),
        ("", &sets.map(str::to_owned)[..])
    );
    assert_eq!(told[2], "1 000000001 - - true []");
}

#[test]
fn sets_without_a_group_and_sets_cut_off_are_rejected() {
    let (_, told, _) = answer(&interchange(1, PAYMENT), &mut options());
    assert_eq!(
        told,
        [
            "1.1.1 835 0001 Rejected",
            "1.1    999 R 0/1",
            "1 000000001 R 024 true [1]"
        ]
    );
    let mut how = Options::default();
    how.limits.segment_bytes = 1 << 10;
    let document = interchange(1, &group("HP", "005010X221A1", PAYMENT));
    let cut = document.replace("SE*2", &format!("{}~SE*2", "A".repeat(3 << 20)));
    let mut told = Vec::new();
    let end = acknowledge(cut.as_bytes(), Vec::new(), &mut options(), &how, |next| {
        told.push(line(&next));
        Ok(())
    });
    assert!(matches!(end, Err(Error::Limit { .. })));
    assert_eq!(
        told,
        [
            "1.1.1 835 0001 Rejected",
            "1.1 HP 7 005010X221A1 999 R 0/1",
            "1 000000001 R 024 true [1]"
        ]
    );
}

/// Gives one number, then none.
struct One(Option<ControlNumber>, Vec<u32>);

impl One {
    fn draw(&mut self, answered: u32) -> Result<ControlNumber, Error> {
        self.1.push(answered);
        self.0
            .take()
            .ok_or_else(|| std::io::Error::other("none is left").into())
    }
}

impl ControlNumbers for One {
    fn interchange(&mut self, answered: u32) -> Result<ControlNumber, Error> {
        self.draw(answered)
    }

    fn group(&mut self, answered: u32) -> Result<ControlNumber, Error> {
        self.draw(answered)
    }
}

#[test]
fn numbers_are_drawn_only_for_what_is_written_and_may_run_out() {
    let document = [
        interchange(1, &group("FA", "005010X231A1", ANSWER)),
        interchange(2, "GS*HC~").replace("*0*T", "*1*T"),
        interchange(3, &group("HP", "005010X221A1", PAYMENT)),
    ]
    .concat();
    let AcknowledgmentOptions { date, time, .. } = options();
    let mut how = AcknowledgmentOptions::new(date, time, One(ControlNumber::new(41), Vec::new()));
    how.rejected.insert(2, Ta1Note::Usage);
    let (answers, told, end) = answer(&document, &mut how);
    assert!(matches!(end, Err(Error::Io(_))));
    assert_eq!(how.numbers.1, [2, 3]);
    assert_eq!(answers.matches("ISA*").count(), 1);
    // The third interchange could not be answered: nothing claims that it was.
    let (last, sets) = told.split_last().expect("something was told");
    assert_eq!(last, "3.1 HP 7 005010X221A1 999 R 0/1");
    assert!(sets.contains(&"2 000000002 R 020 true [41]".to_owned()));
}

#[test]
fn what_the_callback_returns_ends_it() {
    let document = interchange(1, &group("HP", "005010X221A1", PAYMENT));
    let (mut answers, mut times) = (Vec::new(), 0);
    let stop = |_| {
        times += 1;
        Err(std::io::Error::other("enough").into())
    };
    let options_read = Options::default();
    let end = acknowledge(
        document.as_bytes(),
        &mut answers,
        &mut options(),
        &options_read,
        stop,
    );
    assert!(matches!(end, Err(Error::Io(_))));
    assert_eq!((times, answers.len()), (1, 0));
}

#[test]
fn control_numbers_count_on_behind_the_last() {
    assert_eq!(ControlNumber::new(0), None);
    assert_eq!(ControlNumber::new(1_000_000_000), None);
    assert_eq!(ControlNumber::LAST.following(), ControlNumber::FIRST);
}
