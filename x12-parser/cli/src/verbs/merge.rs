//! `x12conv merge`: several documents as one.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;
use x12_parser::{
    Addresses, ControlNumber, ControlNumbers, CountingNumbers, Envelope, EnvelopeCounts, Error,
    GroupAddress, InterchangeAddress, Merger, readdress,
};

use crate::arguments::{By, MergeArguments};
use crate::input::Input;
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::progress::Progress;
use crate::report::failure;
use crate::session::Session;
use crate::spool::Spool;
use crate::talk::count;
use crate::verbs::doors;

/// Kinds of group that are merged in one run; each needs a name in memory, and a reading of the files that hold it.
const KINDS: usize = 10_000;

/// Merges the documents.
pub fn run(arguments: &MergeArguments, mut session: Session) -> Outcome {
    let Some((inputs, mut output)) = doors(&mut session, &arguments.input.files, &arguments.output)
    else {
        return Outcome::CouldNot;
    };
    let merged = match arguments.by {
        By::Interchange => one_by_one(arguments, &mut session, &inputs, &mut output),
        by => joined(
            arguments,
            &mut session,
            &inputs,
            (&mut output, by == By::Set),
        ),
    };
    let outcome = match merged {
        Ok(counts) => {
            tell(&mut session, inputs.len(), &counts);
            Outcome::Yes
        }
        Err((_, Failure::Closed)) => return Outcome::Yes,
        Err((input, failure)) => failure::tell(&mut session, input, &failure),
    };
    match output.finish(outcome).map_err(Failure::from) {
        Ok(()) | Err(Failure::Closed) => outcome,
        Err(failure) => outcome.max(failure::tell_output(&mut session, &failure)),
    }
}

/// What was merged, or the document in which that failed.
type Merged<'i> = Result<EnvelopeCounts, (&'i Input, Failure)>;

/// Interchanges one after the other, with new control numbers.
fn one_by_one<'i>(
    arguments: &MergeArguments,
    session: &mut Session,
    inputs: &'i [Input],
    output: &mut Output,
) -> Merged<'i> {
    if session.talk.may_show_progress() {
        session.talk.progress = Progress::over(inputs.iter().map(Input::length).sum());
    }
    let mut numbers = Numbers(CountingNumbers::from_first(arguments.control_number));
    let mut all = EnvelopeCounts::default();
    for input in inputs {
        let reader = input.open(&session.talk.progress);
        let counts = reader.and_then(|reader| {
            Ok(readdress(
                reader,
                &mut *output,
                &mut numbers,
                &session.options,
            )?)
        });
        let counts = counts.map_err(|failure| (input, failure))?;
        all.interchanges += counts.interchanges;
        all.groups += counts.groups;
        all.sets += counts.sets;
        all.bytes += counts.bytes;
    }
    session.talk.progress.finish();
    Ok(all)
}

/// Gives control numbers that count up.
struct Numbers(CountingNumbers);

impl Addresses for Numbers {
    fn interchange(&mut self, received: &Envelope) -> Result<InterchangeAddress, Error> {
        let number = self.0.interchange(received.interchange)?;
        Ok(InterchangeAddress::received(received, number))
    }

    fn group(&mut self, received: &Envelope) -> Result<GroupAddress, Error> {
        let number = self.0.group(received.group)?;
        Ok(GroupAddress::received(received, number))
    }
}

/// What belongs together in one interchange: sender, receiver, version and usage.
fn interchange_key(place: &Envelope) -> String {
    [5, 6, 7, 8, 12, 15]
        .map(|number| place.isa(number))
        .join("\u{1}")
}

/// What belongs together in one group: its kind, guide, sender and receiver.
fn group_key(place: &Envelope) -> String {
    [1, 8, 7, 2, 3].map(|number| place.gs(number)).join("\u{1}")
}

/// Groups of one kind in interchanges of one kind, in the order in which they were met first, and the documents that hold them.
#[derive(Default)]
struct Kinds {
    /// By the keys of interchange and group: which one it is.
    known: BTreeMap<(String, String), usize>,
    held_by: Vec<(String, String, Vec<usize>)>,
}

impl Kinds {
    fn add(&mut self, place: &Envelope, document: usize, by_set: bool) -> Result<(), Error> {
        let group = if by_set {
            group_key(place)
        } else {
            String::new()
        };
        let key = (interchange_key(place), group);
        if !self.known.contains_key(&key) {
            if self.held_by.len() == KINDS {
                return Err(Error::Limit {
                    limit: "the number of kinds of group",
                    max: KINDS as u64,
                    at: 0,
                });
            }
            self.held_by
                .push((key.0.clone(), key.1.clone(), Vec::new()));
            self.known.insert(key.clone(), self.held_by.len() - 1);
        }
        let held = self
            .known
            .get(&key)
            .and_then(|index| self.held_by.get_mut(*index));
        if let Some((.., documents)) = held
            && documents.last() != Some(&document)
        {
            documents.push(document);
        }
        Ok(())
    }
}

/// Looks at the envelopes alone.
struct See<'k>(&'k mut Kinds, usize, bool);

impl Addresses for See<'_> {
    fn keeps(&mut self, set: &Envelope) -> Result<bool, Error> {
        self.0.add(set, self.1, self.2)?;
        Ok(false)
    }

    fn interchange(&mut self, received: &Envelope) -> Result<InterchangeAddress, Error> {
        Ok(InterchangeAddress::received(received, ControlNumber::FIRST))
    }

    fn group(&mut self, received: &Envelope) -> Result<GroupAddress, Error> {
        Ok(GroupAddress::received(received, ControlNumber::FIRST))
    }
}

/// Groups together, or their transaction sets.
fn joined<'i>(
    arguments: &MergeArguments,
    session: &mut Session,
    inputs: &'i [Input],
    (output, by_set): (&mut Output, bool),
) -> Merged<'i> {
    let none = Progress::none();
    let mut kinds = Kinds::default();
    let mut spools = Vec::new();
    for (index, input) in inputs.iter().enumerate() {
        let mut see = || {
            let spool = Spool::open(input)?;
            let mut see = See(&mut kinds, index, by_set);
            readdress(spool.read(&none)?, io::sink(), &mut see, &session.options)?;
            Ok(spool)
        };
        spools.push(see().map_err(|failure| (input, failure))?);
    }
    let mut merger = Merger::new(output, arguments.control_number, &session.options);
    // All groups of one interchange come before the next interchange.
    let mut order: Vec<usize> = Vec::new();
    let mut firsts: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, (interchange, ..)) in kinds.held_by.iter().enumerate() {
        firsts.entry(interchange).or_insert(index);
        order.push(index);
    }
    order.sort_by_key(|&index| (firsts[kinds.held_by[index].0.as_str()], index));
    let mut open: Option<&str> = None;
    for (interchange, group, documents) in order.iter().map(|&index| &kinds.held_by[index]) {
        if open.is_some_and(|open| open != interchange) {
            merger.end_interchange();
        }
        open = Some(interchange);
        merger.end_group();
        for &document in documents {
            let mut join = || {
                let reader = spools[document].read(&none)?;
                merger.join(reader, by_set, |place| {
                    interchange_key(place) == *interchange
                        && (!by_set || group_key(place) == *group)
                })?;
                Ok(())
            };
            join().map_err(|failure| (&inputs[document], failure))?;
        }
    }
    let finished = merger.finish().map(|(_, counts)| counts);
    // Somebody must be named: what was written last came of the last one.
    finished.map_err(|error| (&inputs[inputs.len() - 1], error.into()))
}

/// What was written, as programs get it.
#[derive(Serialize)]
struct Line {
    kind: &'static str,
    files: usize,
    interchanges: u64,
    groups: u64,
    sets: u64,
    bytes: u64,
}

fn tell(session: &mut Session, files: usize, counts: &EnvelopeCounts) {
    if session.talk.is_quiet() {
        return;
    }
    let line = Line {
        kind: "merged",
        files,
        interchanges: counts.interchanges,
        groups: counts.groups,
        sets: counts.sets,
        bytes: counts.bytes,
    };
    if session.talk.is_json() {
        return session.talk.say_json(&line);
    }
    session.talk.remark(&format!(
        "{} in {}, {}, {}",
        count(files as u64, "file"),
        count(counts.interchanges, "interchange"),
        count(counts.groups, "group"),
        count(counts.sets, "transaction set")
    ));
}
