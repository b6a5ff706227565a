//! `x12conv split`: one document as several, between interchanges, groups, transaction sets or records.

use std::fs::File;
use std::io::{BufWriter, Write};

use serde::Serialize;
use x12_parser::{
    Addresses, ControlNumbers, CountingNumbers, Envelope, EnvelopeCounts, Error, Fate,
    GroupAddress, InterchangeAddress, Parts, SetRecords, readdress_parts, survey_records,
};

use crate::arguments::{By, SplitArguments};
use crate::codes;
use crate::folder::Folder;
use crate::input::{Input, harmless};
use crate::outcome::{Failure, Outcome};
use crate::progress::Progress;
use crate::report::failure;
use crate::session::Session;
use crate::spool::Spool;
use crate::talk::{Talk, count};
use crate::verbs::inputs;

/// Bytes of a group's or an interchange's header and trailer, or that a transaction set grows by, at most: GS has eight elements of up to
/// 15 characters, ISA 106 bytes.
const AROUND: u64 = 400;

/// Bytes of a megabyte.
const MEGABYTE: u64 = 1_000_000;

/// Splits each document.
pub fn run(arguments: &SplitArguments, mut session: Session) -> Outcome {
    if !codes::load_own(&mut session, &arguments.own) {
        return Outcome::CouldNot;
    }
    let Some(inputs) = inputs(&mut session, &arguments.input.files) else {
        return Outcome::CouldNot;
    };
    let folder = match Folder::open(&arguments.out) {
        Ok(folder) => folder,
        Err(error) => {
            let name = harmless(&arguments.out.to_string_lossy());
            let message = format!("cannot write to {name}: {error}");
            failure::plain(&mut session.talk, "output", None, &message);
            return Outcome::CouldNot;
        }
    };
    if session.talk.may_show_progress() {
        session.talk.progress = Progress::over(inputs.iter().map(Input::length).sum());
    }
    let mut files = Files::new(arguments, folder);
    let mut numbers = Numbers::new(arguments);
    let mut outcome = Outcome::Yes;
    for input in &inputs {
        let one = split(arguments, &mut session, input, &mut files, &mut numbers);
        outcome =
            outcome.max(one.unwrap_or_else(|failure| failure::tell(&mut session, input, &failure)));
    }
    session.talk.progress.finish();
    // Those of a run that could not be done are taken away.
    let told = files.told.iter().filter(|_| outcome != Outcome::CouldNot);
    for part in told.collect::<Vec<_>>() {
        outcome = outcome.max(tell(&mut session, arguments, part));
    }
    let parts = files.told.len();
    match files.folder.finish(outcome).map_err(Failure::Output) {
        Ok(()) => {
            if outcome != Outcome::CouldNot && !session.talk.is_json() {
                session.talk.remark(&count(parts as u64, "part"));
            }
            outcome
        }
        Err(failure) => failure::tell_output(&mut session, &failure),
    }
}

fn split(
    arguments: &SplitArguments,
    session: &mut Session,
    input: &Input,
    files: &mut Files,
    numbers: &mut Numbers,
) -> Result<Outcome, Failure> {
    let progress = session.talk.progress.clone();
    let plans = arguments.claims.is_some() || arguments.megabytes.is_some();
    let mut outcome = Outcome::Yes;
    let spool;
    let document: Box<dyn std::io::Read + '_> = if plans {
        spool = Spool::open(input)?;
        let mut plan = Plan::new(arguments);
        let Session { talk, options, .. } = &mut *session;
        survey_records(spool.read(&Progress::none())?, options, |set| {
            if let Some(why) = plan.add(set) {
                outcome = Outcome::No;
                whole(talk, input, set, why);
            }
            Ok(())
        })?;
        numbers.plan = plan.divided;
        files.fresh = plan.fresh;
        spool.read(&progress)?
    } else {
        Box::new(input.open(&progress)?)
    };
    numbers.sets_read = 0;
    (files.place, files.sets_read, files.before) = (None, 0, EnvelopeCounts::default());
    let counts = readdress_parts(document, files, numbers, &session.options)?;
    files.end(&counts)?;
    Ok(outcome)
}

/// Says that a set stays whole that should be divided.
fn whole(talk: &mut Talk, input: &Input, set: &SetRecords, why: &'static str) {
    let Envelope {
        interchange,
        group,
        set: ordinal,
        ..
    } = set.envelope;
    if talk.is_json() {
        return talk.say_json(&Whole {
            kind: "whole",
            severity: "warning",
            file: input.name(),
            interchange,
            group,
            set: ordinal,
            records: set.counts.records,
            message: why,
        });
    }
    talk.remark(&format!(
        "{}: transaction set {ordinal} of group {group} of interchange {interchange} stays whole: {why}",
        input.name()
    ));
}

#[derive(Serialize)]
struct Whole<'a> {
    kind: &'a str,
    severity: &'a str,
    file: String,
    interchange: u32,
    group: u32,
    set: u32,
    records: u64,
    message: &'a str,
}

/// Which transaction sets are divided, and which begin a file, in the order in which they stand.
#[derive(Default)]
struct Plan {
    divided: Bits,
    fresh: Bits,
    claims: Option<u64>,
    most: Option<u64>,
    /// Bytes of the open file at most; none if it is not known.
    filled: Option<u64>,
    place: (u32, u32),
}

impl Plan {
    fn new(arguments: &SplitArguments) -> Self {
        Self {
            claims: arguments.claims,
            most: most(arguments),
            filled: Some(0),
            ..Self::default()
        }
    }

    /// Takes the next transaction set; says why it stays whole, if it should not.
    fn add(&mut self, set: &SetRecords) -> Option<&'static str> {
        let is_over = |size: u64, most: Option<u64>| most.is_some_and(|most| size > most);
        let place = (set.envelope.interchange, set.envelope.group);
        let alone = set.bytes + 3 * AROUND;
        let asked = is_over(set.counts.records, self.claims) || is_over(alone, self.most);
        let divides = asked && set.undivided.is_none();
        let grown = match self.filled {
            Some(filled) if self.place == place => filled + set.bytes + AROUND,
            Some(filled) => filled + alone,
            None => u64::MAX,
        };
        let is_fresh = self.most.is_some() && (divides || is_over(grown, self.most));
        self.filled = match (divides, is_fresh) {
            (true, _) => None,
            (_, true) => Some(alone),
            _ => Some(grown),
        };
        self.place = place;
        self.divided.push(divides);
        self.fresh.push(is_fresh);
        set.undivided.filter(|_| asked).map(|why| why.message())
    }
}

fn most(arguments: &SplitArguments) -> Option<u64> {
    Some(arguments.megabytes?.saturating_mul(MEGABYTE))
}

/// Yes or no for each of many.
#[derive(Default)]
struct Bits {
    words: Vec<u64>,
    length: usize,
}

impl Bits {
    fn push(&mut self, bit: bool) {
        if self.length.is_multiple_of(64) {
            self.words.push(0);
        }
        if let Some(word) = self.words.last_mut() {
            *word |= u64::from(bit) << (self.length % 64);
        }
        self.length += 1;
    }

    fn get(&self, index: usize) -> bool {
        let word = self.words.get(index / 64);
        word.is_some_and(|word| word >> (index % 64) & 1 == 1)
    }
}

/// Control numbers that count up, and the transaction sets that are divided.
struct Numbers {
    claims: u64,
    numbers: CountingNumbers,
    sets: u32,
    parts: u64,
    in_part: u64,
    sets_read: usize,
    plan: Bits,
}

impl Numbers {
    fn new(arguments: &SplitArguments) -> Self {
        Self {
            claims: arguments.claims.unwrap_or(u64::MAX),
            numbers: CountingNumbers::from_first(arguments.control_number),
            sets: 0,
            parts: 0,
            in_part: 0,
            sets_read: 0,
            plan: Bits::default(),
        }
    }
}

/// Longest reference of a set: guides of claims and enrolments take 30 characters.
const REFERENCE: usize = 30;

impl Addresses for Numbers {
    fn keeps(&mut self, _: &Envelope) -> Result<bool, Error> {
        self.sets_read += 1;
        Ok(true)
    }

    fn divides(&mut self, _: &Envelope) -> Result<bool, Error> {
        self.in_part = 0;
        Ok(self.plan.get(self.sets_read - 1))
    }

    fn record(&mut self, _: &Envelope, _: u64) -> Result<Fate, Error> {
        if self.in_part >= self.claims {
            return Ok(Fate::KeptInNewSet);
        }
        self.in_part += 1;
        Ok(Fate::Kept)
    }

    fn reference(&mut self, _: &Envelope, received: &str) -> Result<String, Error> {
        self.in_part = 1;
        self.parts += 1;
        if received.is_empty() {
            return Ok(String::new());
        }
        let end = format!("-{}", self.parts);
        let kept = REFERENCE.saturating_sub(end.len());
        Ok(received.chars().take(kept).collect::<String>() + &end)
    }

    fn interchange(&mut self, received: &Envelope) -> Result<InterchangeAddress, Error> {
        let number = self.numbers.interchange(received.interchange)?;
        Ok(InterchangeAddress::received(received, number))
    }

    fn group(&mut self, received: &Envelope) -> Result<GroupAddress, Error> {
        self.sets = 0;
        let number = self.numbers.group(received.group)?;
        Ok(GroupAddress::received(received, number))
    }

    fn set(&mut self, _: &Envelope) -> Result<String, Error> {
        self.sets += 1;
        Ok(format!("{:04}", self.sets))
    }
}

/// Writes the parts.
struct Files {
    folder: Folder,
    by: Option<By>,
    most: Option<u64>,
    fresh: Bits,
    place: Option<[u32; 3]>,
    sets_read: usize,
    open: Option<(BufWriter<File>, u64)>,
    before: EnvelopeCounts,
    told: Vec<Part>,
}

/// What a part holds.
#[derive(Serialize)]
struct Part {
    kind: &'static str,
    file: String,
    bytes: u64,
    interchanges: u64,
    groups: u64,
    sets: u64,
    records: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    charges: Option<String>,
    /// Whether it is larger than was asked for.
    oversized: bool,
}

impl Files {
    fn new(arguments: &SplitArguments, folder: Folder) -> Self {
        let by = match (arguments.by, arguments.megabytes) {
            (None, None) => Some(By::Set),
            (by, _) => by,
        };
        Self {
            folder,
            by,
            most: most(arguments),
            fresh: Bits::default(),
            place: None,
            sets_read: 0,
            open: None,
            before: EnvelopeCounts::default(),
            told: Vec::new(),
        }
    }

    /// Completes the open part; so much was written before its end.
    fn end(&mut self, counts: &EnvelopeCounts) -> Result<(), Error> {
        let Some((mut file, bytes)) = self.open.take() else {
            return Ok(());
        };
        file.flush()?;
        let before = std::mem::replace(&mut self.before, *counts);
        self.told.push(Part {
            kind: "part",
            file: self.folder.name(),
            bytes,
            interchanges: counts.interchanges - before.interchanges,
            groups: counts.groups - before.groups,
            sets: counts.sets - before.sets,
            records: counts.kept.records - before.kept.records,
            charges: counts
                .kept
                .charges
                .minus(before.kept.charges)
                .map(|charges| charges.to_string()),
            oversized: self.most.is_some_and(|most| bytes > most),
        });
        Ok(())
    }
}

impl Parts for Files {
    fn begins(&mut self, place: &Envelope, _: u64) -> Result<bool, Error> {
        let here = [place.interchange, place.group, place.set];
        let before = self.place.replace(here);
        let is_other = |depth: usize| before.is_some_and(|it| it[..depth] != here[..depth]);
        let mut begins = match self.by {
            Some(By::Interchange) => is_other(1),
            Some(By::Group) => is_other(2),
            Some(By::Set) => place.set > 0 && before.is_some_and(|it| it[2] > 0) || is_other(1),
            None => false,
        };
        if place.set > 0 && before != Some(here) {
            begins |= self.fresh.get(self.sets_read);
            self.sets_read += 1;
        }
        Ok(begins)
    }

    fn fits(&mut self, bytes: u64) -> Result<bool, Error> {
        Ok(self.most.is_none_or(|most| bytes <= most))
    }

    fn begin(&mut self, before: &EnvelopeCounts) -> Result<(), Error> {
        self.end(before)?;
        self.open = Some((BufWriter::new(self.folder.next()?), 0));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some((file, length)) = &mut self.open {
            file.write_all(bytes)?;
            *length += bytes.len() as u64;
        }
        Ok(())
    }
}

/// Tells of a part. Charges are told only if asked for: those of a single claim are its.
fn tell(session: &mut Session, arguments: &SplitArguments, part: &Part) -> Outcome {
    let line = Part {
        charges: part.charges.clone().filter(|_| arguments.show_phi),
        file: part.file.clone(),
        ..*part
    };
    let mut text = format!(
        "{}: {}, {}, {}",
        part.file,
        count(part.groups, "group"),
        count(part.sets, "transaction set"),
        count(part.bytes, "byte")
    );
    if part.records > 0 {
        text += &format!(", {}", count(part.records, "record"));
    }
    if let Some(charges) = line.charges.as_ref().filter(|_| part.records > 0) {
        text += &format!(" over {charges}");
    }
    if part.oversized {
        text += "; larger than asked for, as it cannot be divided further";
    }
    session.talk.tell(&line, &text);
    Outcome::of(!part.oversized)
}
