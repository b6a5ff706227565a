//! Hostile input: what must hold for any bytes, as plain functions that libFuzzer and the tests run.
//!
//! A body panics where a law of DESIGN §3 is broken; an error or a finding is never a fault here.

use std::sync::OnceLock;

use x12_parser::{
    AcceptedRecords, AcknowledgmentOptions, Addresses, AdviceOptions, AdviceSaid, AdviceScope,
    AdvisedSets, ApplicationAdvice, ClaimAcknowledgmentOptions, Code, ControlNumber,
    CountingNumbers, Decided, Envelope, EnvelopeFilling, Error, Fate, Finding, GroupAddress,
    InterchangeAddress, Limits, Merger, Options, Per, Rejects, Said, Severity, Shape, Ta1Note,
    Ta1Policy, acknowledge, acknowledge_claims, advise, read_acknowledgments, readdress,
    readdress_records, survey_records, to_json, to_x12, to_x12_filled, validate,
};

/// A body that libFuzzer and the tests run.
pub type Body = fn(&[u8]);

/// All bodies by name.
pub const BODIES: [(&str, Body); 11] = [
    ("read", read),
    ("json", json),
    ("there_and_back", there_and_back),
    ("acknowledge", acknowledge_and_read),
    ("readdress", readdress_and_read),
    ("account", account),
    ("records", records),
    ("divide", divide),
    ("merge", merge),
    ("advise", advise_and_read),
    ("named", named),
];

/// Reading never panics, every finding lies inside the document, and neither threads nor block sizes change anything.
pub fn read(document: &[u8]) {
    let (whole, _) = findings(document, &options());
    for finding in &whole {
        assert!(
            finding.offset + finding.length <= document.len() as u64,
            "{} lies outside the document",
            finding.name()
        );
    }
    for options in variants(document) {
        let (other, _) = findings(document, &options);
        assert!(
            places(&whole).eq(places(&other)),
            "other findings with {} threads, {} bytes",
            options.threads,
            options.block_bytes
        );
    }
}

/// Writing X12 from any JSON never panics; what is written reads back to JSON that writes the same.
pub fn json(json: &[u8]) {
    let mut x12 = Vec::new();
    if to_x12(json, &mut x12, &Limits::default()).is_ok() {
        there_and_back(&x12);
    }
}

/// X12 → JSON → X12 gives the same bytes, in each shape, in pieces and on threads.
pub fn there_and_back(document: &[u8]) {
    for (shape, per) in [
        (Shape::Loops, Per::Document),
        (Shape::Segments, Per::Document),
        (Shape::Loops, Per::Set),
    ] {
        let mut json = Vec::new();
        if to_json(document, &mut json, shape, per, &options()).is_err() {
            continue;
        }
        let mut back = Vec::new();
        let written = to_x12(&json[..], &mut back, &Limits::default());
        assert!(written.is_ok(), "our own JSON is refused: {written:?}");
        assert!(back == document, "{shape:?} {per:?}: other bytes come back");
        for options in variants(document) {
            let mut other = Vec::new();
            let read = to_json(document, &mut other, shape, per, &options);
            assert!(
                read.is_ok() && other == json,
                "other JSON with {} threads, {} bytes",
                options.threads,
                options.block_bytes
            );
        }
    }
}

/// Lines of records are the same in pieces and on threads, also those before a document breaks off; no X12 is written from them.
pub fn records(document: &[u8]) {
    let lines = |options: &Options| {
        let mut lines = Vec::new();
        let read = to_json(document, &mut lines, Shape::Loops, Per::Claim, options);
        (lines, read.is_ok())
    };
    let whole = lines(&options());
    for options in variants(document) {
        assert!(
            lines(&options) == whole,
            "other lines with {} threads, {} bytes",
            options.threads,
            options.block_bytes
        );
    }
    let written = to_x12(&whole.0[..], std::io::sink(), &Limits::default());
    assert!(written.is_err(), "X12 is written from records");
}

/// The shape `named` is the same in pieces and on threads; what is written of it is read again, and from business facts nothing panics.
pub fn named(document: &[u8]) {
    let filling = EnvelopeFilling {
        sender: Some(("ZZ".to_owned(), "A".to_owned())),
        receiver: Some(("ZZ".to_owned(), "B".to_owned())),
        date: Some("20261123".to_owned()),
        time: Some("1200".to_owned()),
        ..EnvelopeFilling::default()
    };
    let write = |json: &[u8]| {
        let mut x12 = Vec::new();
        let written = to_x12_filled(json, &mut x12, &options(), &filling);
        written.ok().map(|_| x12)
    };
    // The document may be JSON itself.
    let _ = write(document);
    let read = |document: &[u8], options: &Options| {
        let mut json = Vec::new();
        let read = to_json(document, &mut json, Shape::Named, Per::Document, options);
        (json, read.is_ok())
    };
    let whole = read(document, &options());
    for options in variants(document) {
        let other = read(document, &options);
        assert!(
            other == whole,
            "other named JSON with {} threads, {} bytes",
            options.threads,
            options.block_bytes
        );
    }
    if let (json, true) = whole
        && let Some(x12) = write(&json)
        && !x12.is_empty()
    {
        assert!(read(&x12, &options()).1, "what was written is not read");
    }
}

/// Whatever is answered reads clean under our own guides; every set, group and interchange gets a verdict.
pub fn acknowledge_and_read(document: &[u8]) {
    let mut how = AcknowledgmentOptions::new("20261123", "1200", CountingNumbers::default());
    how.ta1 = Ta1Policy::Always;
    how.rejected.insert(2, Ta1Note::DuplicateControlNumber);
    let (mut answers, mut open) = (Vec::new(), [0; 2]);
    // A document that breaks off is answered all the same.
    let _ = acknowledge(document, &mut answers, &mut how, &options(), |decided| {
        open = in_order(open, &decided);
        Ok(())
    });
    assert!(open == [0, 0], "sets or groups without the end around them");
    if answers.is_empty() {
        return;
    }
    let (found, read) = findings(&answers, &options());
    assert!(read.is_ok(), "our own answer cannot be read: {read:?}");
    let fault = found
        .iter()
        .find(|finding| finding.severity == Severity::Error && !quotes(finding));
    assert!(fault.is_none(), "our own answer has a fault: {fault:?}");
}

/// What is said of claims and transaction sets, in 277CAs and 824s, reads clean under our own guides; block sizes change nothing.
pub fn advise_and_read(document: &[u8]) {
    let Some((whole, told)) = further(document, &options()) else {
        return;
    };
    for options in variants(document) {
        let other = further(document, &options);
        assert!(
            other.is_some_and(|(other, _)| other == whole),
            "other answers with {} threads, {} bytes",
            options.threads,
            options.block_bytes
        );
    }
    let mut said = 0;
    for answers in whole.iter().filter(|answers| !answers.is_empty()) {
        let (found, read) = findings(answers, &options());
        assert!(read.is_ok(), "our own answer cannot be read: {read:?}");
        let fault = found
            .iter()
            .find(|finding| finding.severity == Severity::Error && !quotes(finding));
        assert!(fault.is_none(), "our own answer has a fault: {fault:?}");
        let read = read_acknowledgments(&answers[..], &options(), |acknowledged| {
            let is_set = |said: &AdviceSaid| said.scope == AdviceScope::Set;
            said += u64::from(matches!(&acknowledged.said, Said::Advice(said) if is_set(said)));
            Ok(())
        });
        assert!(read.is_ok(), "our own answer is not understood: {read:?}");
    }
    assert!(said == told.sets, "a set was left out");
}

/// The 277CAs and the 824s that a document gets, if it can be read to its end.
fn further(document: &[u8], options: &Options) -> Option<([Vec<u8>; 2], ApplicationAdvice)> {
    let mut how = AcknowledgmentOptions::new("20261123", "1200", CountingNumbers::default());
    how.rejects = Rejects::Records;
    let mut verdicts = AcceptedRecords::default();
    acknowledge(document, std::io::sink(), &mut how, options, |decided| {
        verdicts.note(&decided);
        Ok(())
    })
    .ok()?;
    let (mut claims, mut advice) = (Vec::new(), Vec::new());
    let mut how = ClaimAcknowledgmentOptions::new("20261123", "1200", how.numbers);
    let claimed = acknowledge_claims(document, &mut claims, &verdicts, &mut how, options);
    let mut how = AdviceOptions::new("20261123", "1200", how.numbers);
    how.sets = AdvisedSets::All;
    let advised = advise(document, &mut advice, &verdicts, &mut how, options);
    match (claimed, advised) {
        (Ok(_), Ok(told)) => Some(([claims, advice], told)),
        other => panic!("what was read once cannot be read again: {other:?}"),
    }
}

/// What goes on under another envelope has an envelope without faults, and goes on again as it is.
pub fn readdress_and_read(document: &[u8]) {
    let send = |document: &[u8]| {
        let mut sent = Vec::new();
        readdress(document, &mut sent, &mut EveryOther, &options()).map(|_| sent)
    };
    let Ok(sent) = send(document) else { return };
    if sent.is_empty() {
        return;
    }
    let counts = [
        Code::GroupCount,
        Code::SetCount,
        Code::SegmentCount,
        Code::InterchangeTrailerMissing,
        Code::GroupTrailerMissing,
        Code::SetTrailerMissing,
        Code::InterchangeControlNumber,
        Code::GroupControlNumber,
        Code::SetControlNumber,
    ];
    let (found, read) = findings(&sent, &options());
    assert!(read.is_ok(), "what was sent on cannot be read: {read:?}");
    let fault = found.iter().find(|finding| counts.contains(&finding.code));
    assert!(fault.is_none(), "our own envelope has a fault: {fault:?}");
}

/// What is divided has two halves that hold all records, with right counts and levels; block sizes change nothing.
pub fn divide(document: &[u8]) {
    let (mut whole, mut records) = (Vec::new(), 0);
    let surveyed = survey_records(document, &options(), |set| {
        whole.push(set.undivided.is_some());
        records += set.counts.records;
        Ok(())
    });
    if surveyed.is_err() {
        return;
    }
    let half = |is_kept, options: &Options| {
        let mut sent = Vec::new();
        let mut half = Half {
            whole: &whole,
            next: 0,
            is_kept,
        };
        let counts = readdress_records(document, &mut sent, &mut half, options);
        counts
            .map(|counts| (sent, counts))
            .map_err(|error| error.to_string())
    };
    let (kept, left) = (half(true, &options()), half(false, &options()));
    for options in variants(document) {
        assert!(
            half(true, &options) == kept,
            "other halves in blocks of {} bytes",
            options.block_bytes
        );
    }
    let (Ok((kept, counts)), Ok((left, others))) = (kept, left) else {
        return;
    };
    assert!(
        counts.kept.records + counts.left_out.records == records,
        "a record was lost"
    );
    if whole.contains(&true) {
        return;
    }
    assert!(
        counts.kept == others.left_out && counts.left_out == others.kept,
        "the halves do not fit"
    );
    let faults = [
        Code::GroupCount,
        Code::SetCount,
        Code::SegmentCount,
        Code::SetTrailerMissing,
        Code::HierarchyNumber,
        Code::HierarchyParent,
        Code::HierarchyChild,
    ];
    for half in [kept, left].iter().filter(|half| !half.is_empty()) {
        let (found, read) = findings(half, &options());
        assert!(read.is_ok(), "a half cannot be read: {read:?}");
        let fault = found.iter().find(|finding| faults.contains(&finding.code));
        assert!(fault.is_none(), "a half has a fault: {fault:?}");
    }
}

/// What is merged with itself can be read, and has right counts.
pub fn merge(document: &[u8]) {
    let mut merger = Merger::new(Vec::new(), ControlNumber::FIRST, &options());
    let joined =
        [true, false, true].map(|merged| merger.join(document, merged, |set| set.set % 2 == 1));
    let (true, Ok((merged, counts))) = (joined.iter().all(Result::is_ok), merger.finish()) else {
        return;
    };
    assert!(counts.bytes == merged.len() as u64);
    if merged.is_empty() {
        return;
    }
    let counts = [Code::GroupCount, Code::SetCount, Code::SegmentCount];
    let (found, read) = findings(&merged, &options());
    assert!(read.is_ok(), "what was merged cannot be read: {read:?}");
    let fault = found.iter().find(|finding| counts.contains(&finding.code));
    assert!(fault.is_none(), "what was merged has a fault: {fault:?}");
}

/// What acknowledgments say is read without panic, the same in blocks of any size; parts are told before what they are part of.
pub fn account(document: &[u8]) {
    let told = |options: &Options| {
        let (mut told, mut parts) = (Vec::new(), [0; 2]);
        let read = read_acknowledgments(document, options, |acknowledged| {
            parts = counted(parts, &acknowledged.said);
            told.push(format!("{acknowledged:?}"));
            Ok(())
        });
        (told, read.map_err(|error| error.to_string()))
    };
    let whole = told(&options());
    for options in variants(document) {
        assert!(
            told(&options) == whole,
            "another account with {} bytes",
            options.block_bytes
        );
    }
}

/// Lines that wait for their claim and errors that wait for their item, behind what is said next.
fn counted([lines, errors]: [u64; 2], said: &Said<'_>) -> [u64; 2] {
    match said {
        Said::Line(said) => {
            assert!(said.ordinal == lines + 1, "a line was left out");
            [lines + 1, errors]
        }
        Said::Claim(said) => {
            assert!(said.lines == lines, "a line was left out");
            let number = said
                .claim
                .number
                .as_ref()
                .map(|number| number.reveal().len());
            assert!(number.is_none_or(|length| (1..=80).contains(&length)));
            [0, errors]
        }
        Said::Level(said) => {
            assert!(lines == 0, "a claim was left out");
            let has_both = said.below.is_some() || said.adds_up().is_none();
            assert!(has_both, "what was compared does not stand");
            [0, errors]
        }
        Said::Error(_) => [lines, errors + 1],
        Said::Advice(said) => {
            assert!(said.errors == errors, "an error was left out");
            [lines, 0]
        }
        _ => [lines, errors],
    }
}

/// Keeps every other transaction set of a group.
struct EveryOther;

impl Addresses for EveryOther {
    fn keeps(&mut self, set: &Envelope) -> Result<bool, Error> {
        Ok(set.set % 2 == 1)
    }

    fn interchange(&mut self, received: &Envelope) -> Result<InterchangeAddress, Error> {
        Ok(InterchangeAddress::received(received, ControlNumber::FIRST))
    }

    fn group(&mut self, received: &Envelope) -> Result<GroupAddress, Error> {
        Ok(GroupAddress::received(received, ControlNumber::FIRST))
    }
}

/// Keeps every other record, or the others; sets that cannot be divided go whole.
struct Half<'w> {
    whole: &'w [bool],
    next: usize,
    is_kept: bool,
}

impl Addresses for Half<'_> {
    fn keeps(&mut self, _: &Envelope) -> Result<bool, Error> {
        self.next += 1;
        Ok(true)
    }

    fn divides(&mut self, _: &Envelope) -> Result<bool, Error> {
        Ok(self.whole.get(self.next - 1) == Some(&false))
    }

    fn record(&mut self, _: &Envelope, record: u64) -> Result<Fate, Error> {
        Ok(match record.is_multiple_of(2) == self.is_kept {
            true => Fate::Kept,
            false => Fate::LeftOut,
        })
    }

    fn interchange(&mut self, received: &Envelope) -> Result<InterchangeAddress, Error> {
        Ok(InterchangeAddress::received(received, ControlNumber::FIRST))
    }

    fn group(&mut self, received: &Envelope) -> Result<GroupAddress, Error> {
        Ok(GroupAddress::received(received, ControlNumber::FIRST))
    }
}

/// Sets and groups that wait for what is around them to end, behind the next decision.
fn in_order([sets, groups]: [u64; 2], decided: &Decided) -> [u64; 2] {
    match decided {
        Decided::Set(set) => {
            assert!(u64::from(set.set) == sets + 1, "a set was left out");
            [sets + 1, groups]
        }
        Decided::Group(group) => {
            assert!(u64::from(group.group) == groups + 1, "a group was left out");
            assert!(group.received == sets, "a set was left out");
            [0, groups + 1]
        }
        Decided::Interchange(decision) => {
            let silent = decision.answer.is_some() == decision.suppressed.is_some();
            assert!(!silent, "neither an answer nor a reason");
            [0, 0]
        }
        _ => [sets, groups],
    }
}

/// Whether a finding is about what an answer must quote as it was received, be it faulty or not.
fn quotes(finding: &Finding) -> bool {
    let id = finding
        .position
        .as_ref()
        .and_then(|position| position.segment_id())
        .unwrap_or_default();
    matches!(id, "ISA" | "TA1" | "GS" | "AK1" | "AK2" | "AK9")
}

fn findings(document: &[u8], options: &Options) -> (Vec<Finding>, Result<(), Error>) {
    let mut found = Vec::new();
    let read = validate(document, options, |finding| {
        found.push(finding.clone());
        Ok(())
    });
    (found, read.map(|_| ()))
}

fn places(findings: &[Finding]) -> impl Iterator<Item = (&str, u64, u64, u16, u16, u16)> {
    findings.iter().map(|f| {
        (
            f.name(),
            f.offset,
            f.segment,
            f.element,
            f.component,
            f.repetition,
        )
    })
}

/// Options as they are by default; the guides are loaded once, or loading them would take most of the time.
fn options() -> Options {
    static OPTIONS: OnceLock<Options> = OnceLock::new();
    OPTIONS.get_or_init(Options::default).clone()
}

/// Of so many documents one is read on threads as well: a pool of its own takes ten times as long as all the rest.
const THREADED: usize = 32;

/// Other ways to the same result.
fn variants(document: &[u8]) -> Vec<Options> {
    let with = |threads, block_bytes| {
        let mut options = options();
        (options.threads, options.block_bytes) = (threads, block_bytes);
        options
    };
    let sum: usize = document.iter().copied().map(usize::from).sum();
    let mut variants = vec![with(1, 64)];
    if sum.is_multiple_of(THREADED) {
        variants.push(with(2, 300));
    }
    variants
}
