//! Answers what came in: TA1, 997, 999 and what is further asked for to the sender, a verdict on every transaction set for the next
//! stage, a decision on every interchange for the ledger.

use std::collections::{BTreeMap, HashSet};

use x12_parser::{
    AcceptedRecords, AcknowledgmentOptions, AnswerSet, Decided, Decision, Error, GroupDecision,
    RecordVerdicts, SetDecision, Ta1Note, Verdict,
};

use crate::clock::x12_date_and_time;
use crate::doors::Doors;
use crate::drawn::Drawn;
use crate::envelope::Envelope;
use crate::failpoint::{Point, reach};
use crate::failure::Result;
use crate::further::further;
use crate::job::{
    Address, Fact, GroupFact, InterchangeFact, Job, Outcome, Parcel, Readable, SetFact, Task,
    Wrongs,
};
use crate::noted::Noted;
use crate::object::ObjectId;
use crate::paper::{self, open, seal};
use crate::profile::{Acknowledge, Advice, Claims, Profile};
use crate::seal::Sealer;
use crate::verdict::{Fate, VerdictWriter};

/// Groups of an interchange whose answers are named one by one.
const GROUPS_NAMED: usize = 3;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// Does a [`Task::Acknowledge`]. The answers are object 0, the verdicts object 1, those of [`further`] object 2 and 3.
///
/// # Errors
/// A failure to read or write, or of the ledger.
pub fn acknowledge(
    job: &Job,
    doors: &Doors,
    x12: &ObjectId,
    (readable, answers): (Option<Readable>, bool),
) -> Result<Outcome> {
    let profile = doors.profile(&job.partner)?;
    let envelopes = envelopes(job, doors)?;
    let mut how = options(job, doors, profile);
    how.rejected = rejected(job, doors, profile, &envelopes)?;
    let mut answer = seal(job, doors, 0)?;
    let mut record = Record::new(job, doors, &envelopes, &profile.acknowledge)?;
    let document = open(job, doors, x12)?;
    let read = x12_parser::acknowledge(
        document,
        &mut answer,
        &mut how,
        doors.options(&job.partner)?,
        |told| record.decided(told),
    );
    // A document that breaks off is answered all the same; what goes on are the interchanges before.
    let _ = paper::readable(read)?;
    let answered = answer.finish()?.bytes > 0;
    let note = format!(
        "{} sets accepted, {} rejected",
        record.all.accepted, record.all.rejected
    );
    record.verdicts.0.finish()?;
    let (accepted, facts) = (record.accepted, record.noted.finish());
    let mut next = vec![Task::Route {
        x12: readable.map_or(*x12, |readable| readable.x12),
        lines: readable.map(|readable| readable.lines),
        verdicts: Some(job.object(1)),
        answers,
    }];
    let batch_ms = profile.acknowledge.batch_ms(doors.clock.now_ms());
    if answered {
        next.push(Task::Deliver {
            object: job.object(0),
            parcel: Parcel::Acknowledgment,
            to: Address::Partner,
            batch_ms,
        });
    }
    if let Some(Readable { x12, .. }) = readable {
        next.extend(further(
            job,
            doors,
            &x12,
            (&accepted, how.numbers, batch_ms),
        )?);
    }
    Ok(Outcome {
        next,
        facts,
        note,
        wrong: record.wrong,
    })
}

/// What was recorded of the interchanges when they were validated: the document need not be read for it again.
fn envelopes(job: &Job, doors: &Doors) -> Result<Vec<Envelope>> {
    let recorded = doors.wait(doors.ledger.interchanges(job.arrival))?;
    let envelope = |fact: InterchangeFact| Envelope {
        sender: fact.sender,
        receiver: fact.receiver,
        isa13: fact.isa13,
        isa15: fact.isa15,
        ..Envelope::default()
    };
    Ok(recorded.into_iter().map(envelope).collect())
}

fn options<'a>(
    job: &'a Job,
    doors: &'a Doors,
    profile: &Profile,
) -> AcknowledgmentOptions<Drawn<'a>> {
    let (date, time) = x12_date_and_time(doors.clock.now_ms());
    let mut how = AcknowledgmentOptions::new(date, time, Drawn::new(job, doors));
    let policy = &profile.acknowledge;
    how.ta1 = policy.ta1;
    how.ta1_severities.clone_from(&policy.ta1_severities);
    how.groups = policy.groups;
    how.rejects = policy.rejects;
    how.list_accepted = policy.list_accepted;
    how
}

/// The interchanges that only we can know to be wrong: not for us, not of this usage, or received before.
fn rejected(
    job: &Job,
    doors: &Doors,
    profile: &Profile,
    envelopes: &[Envelope],
) -> Result<BTreeMap<u32, Ta1Note>> {
    let mut rejected = BTreeMap::new();
    let since = job.received_ms - i64::from(profile.duplicates.days) * DAY_MS;
    let mut seen = HashSet::new();
    for (envelope, ordinal) in envelopes.iter().zip(1..) {
        let is_again = !seen.insert(envelope.key());
        let note = if !envelope.is_to(profile) {
            Some(Ta1Note::ReceiverUnknown)
        } else if envelope.isa15 != profile.usage.isa15() {
            Some(Ta1Note::Usage)
        } else if profile.duplicates.reject {
            let owner = doors.wait(doors.ledger.claim(job, &envelope.key(), since))?;
            reach(Point::NumberClaimed);
            let is_known = is_again || owner.is_some();
            is_known.then_some(Ta1Note::DuplicateControlNumber)
        } else {
            None
        };
        if let Some(note) = note {
            rejected.insert(ordinal, note);
        }
    }
    Ok(rejected)
}

/// Keeps what was decided.
struct Record<'a> {
    verdicts: VerdictWriter<Sealer>,
    noted: Noted<'a>,
    wrong: Wrongs,
    envelopes: &'a [Envelope],
    /// The verdicts, for further answers.
    accepted: AcceptedRecords,
    policy: &'a Acknowledge,
    /// How the groups of the interchange in hand were answered: by a 999, `P 1/2`.
    groups: Vec<(AnswerSet, String)>,
    /// Of the group in hand, of the groups of the interchange in hand, and of the interchanges before it.
    group: Tally,
    interchange: Tally,
    all: Tally,
}

/// Transaction sets by what was decided on them.
#[derive(Clone, Copy, Default)]
struct Tally {
    accepted: u64,
    rejected: u64,
    unanswered: u64,
}

impl Tally {
    /// All are rejected, as what they stand in is.
    fn reject(&mut self) {
        let rejected = self.accepted + self.rejected + self.unanswered;
        *self = Self {
            rejected,
            ..Self::default()
        };
    }

    /// Takes over what another has counted.
    fn take(&mut self, other: &mut Self) {
        let Self {
            accepted,
            rejected,
            unanswered,
        } = std::mem::take(other);
        self.accepted += accepted;
        self.rejected += rejected;
        self.unanswered += unanswered;
    }
}

impl<'a> Record<'a> {
    fn new(
        job: &'a Job,
        doors: &'a Doors,
        envelopes: &'a [Envelope],
        policy: &'a Acknowledge,
    ) -> Result<Record<'a>> {
        Ok(Record {
            verdicts: VerdictWriter(seal(job, doors, 1)?),
            noted: Noted::new(job, doors),
            wrong: Wrongs::default(),
            envelopes,
            accepted: AcceptedRecords::default(),
            policy,
            groups: Vec::new(),
            group: Tally::default(),
            interchange: Tally::default(),
            all: Tally::default(),
        })
    }

    fn decided(&mut self, decided: Decided) -> std::result::Result<(), Error> {
        if self.policy.has_further() {
            self.accepted.note(&decided);
        }
        match decided {
            Decided::Set(set) => self.set(set),
            Decided::Group(group) => self.group(group),
            Decided::Interchange(interchange) => self.interchange(interchange),
            _ => Ok(()),
        }
    }

    fn set(&mut self, set: SetDecision) -> std::result::Result<(), Error> {
        let (state, count, is_good) = match set.verdict {
            Verdict::Accepted => ("accepted", &mut self.group.accepted, true),
            Verdict::AcceptedWithErrors => ("accepted with errors", &mut self.group.accepted, true),
            Verdict::NotAnswered => ("not answered", &mut self.group.unanswered, false),
            _ => ("rejected", &mut self.group.rejected, false),
        };
        *count += 1;
        match set.verdict {
            Verdict::Rejected => self.wrong.count("set", "R"),
            Verdict::AcceptedWithErrors => self.wrong.count("set", "E"),
            _ => {}
        }
        let at = [set.interchange, set.group, set.set];
        let records = set.records.as_ref().filter(|_| is_good);
        let answered = records.and_then(|records| Some((self.answer_to(records)?, records)));
        let rejecting = answered.map(|(_, records)| records);
        self.verdicts.set(at, fate(is_good, rejecting))?;
        let ranges = rejecting.map(RecordVerdicts::rejected_ranges);
        for [first, last] in ranges.into_iter().flatten() {
            self.verdicts.records(first, last)?;
        }
        self.noted.push(Fact::Set(SetFact {
            interchange: set.interchange,
            group: set.group,
            ordinal: set.set,
            st01: set.st01,
            st02: set.st02,
            state,
            records: answered.map(of_records).unwrap_or_default(),
            ..SetFact::default()
        }))?;
        Ok(())
    }

    /// Which answer tells of the records of an accepted transaction set: those it rejects do not go on.
    fn answer_to(&self, records: &RecordVerdicts) -> Option<&'static str> {
        let Acknowledge { claims, advice, .. } = self.policy;
        if *claims != Claims::No && records.has_claim_answer() {
            return Some("277CA");
        }
        (*advice != Advice::No).then_some("824")
    }

    /// What a group rejects as a whole is rejected in all its parts.
    fn group(&mut self, group: GroupDecision) -> std::result::Result<(), Error> {
        let state = match group.code {
            Some("A") => "accepted",
            Some("E") => "accepted with errors",
            Some("P") => "partly accepted",
            Some(_) => "rejected",
            None => "not answered",
        };
        if let Some(code) = group.code.filter(|code| *code != "A") {
            self.wrong.count("group", code);
        }
        if state == "rejected" {
            self.verdicts.group(group.interchange, group.group)?;
            self.group.reject();
            self.noted.push(Fact::RejectedGroup {
                interchange: group.interchange,
                group: group.group,
            })?;
        }
        self.interchange.take(&mut self.group);
        if let (Some(answer), Some(code)) = (group.answer, group.code) {
            let (accepted, received) = (group.accepted, group.received);
            self.groups
                .push((answer, format!("{code} {accepted}/{received}")));
        }
        self.noted.push(Fact::Group(GroupFact {
            interchange: group.interchange,
            ordinal: group.group,
            gs01: group.gs01,
            gs06: group.gs06,
            gs08: group.gs08,
            state,
        }))?;
        Ok(())
    }

    /// And so is what an interchange rejects.
    fn interchange(&mut self, decision: Decision) -> std::result::Result<(), Error> {
        self.interchange.take(&mut self.group);
        if decision.rejected {
            let note = decision.ta1.map_or("untold", |(_, note)| note);
            self.wrong.count("interchange", note);
            self.verdicts.interchange(decision.interchange)?;
            self.interchange.reject();
            self.noted
                .push(Fact::RejectedInterchange(decision.interchange))?;
        }
        self.all.take(&mut self.interchange);
        let index = (decision.interchange as usize).wrapping_sub(1);
        let envelope = self.envelopes.get(index).cloned().unwrap_or_default();
        let answer = self.answer(&decision);
        self.noted.push(Fact::Interchange(InterchangeFact {
            ordinal: decision.interchange,
            sender: envelope.sender,
            receiver: envelope.receiver,
            isa13: decision.isa13,
            isa15: envelope.isa15,
            state: if decision.rejected {
                "rejected"
            } else {
                "accepted"
            },
            answer,
        }))?;
        Ok(())
    }

    /// How the interchange was answered, in a word for each part.
    fn answer(&mut self, decision: &Decision) -> String {
        let groups = std::mem::take(&mut self.groups);
        if let Some(why) = decision.suppressed {
            return format!("no answer: {why}");
        }
        let ta1 = decision
            .ta1
            .map(|(code, note)| format!("TA1 {code} {note}"));
        let mut words: Vec<String> = ta1.into_iter().collect();
        let is_answered = decision
            .answer
            .is_some_and(|answer| answer.gs06_of_997s.is_some() || answer.gs06_of_999s.is_some());
        match groups.len() {
            _ if !is_answered => {}
            ..=GROUPS_NAMED => {
                words.extend(
                    groups
                        .iter()
                        .map(|(set, said)| format!("{} {said}", set.code())),
                );
            }
            _ => words.extend(counted(&groups)),
        }
        words.join(", ")
    }
}

/// What becomes of a transaction set of which these records are answered.
fn fate(is_good: bool, answered: Option<&RecordVerdicts>) -> Fate {
    let [received, rejected] = answered.map_or([0, 0], |records| {
        [records.received.records, records.rejected.records]
    });
    match is_good {
        true if rejected == 0 => Fate::Good,
        true if rejected < received => Fate::Divided,
        _ => Fate::Bad,
    }
}

/// How the records of a transaction set were answered.
fn of_records((answer, records): (&str, &RecordVerdicts)) -> String {
    let (received, rejected) = (records.received.records, records.rejected.records);
    let what = records.record.name();
    format!("{answer}: {rejected} of {received} {what}s rejected")
}

/// How many groups were answered by each kind of transaction set.
fn counted(groups: &[(AnswerSet, String)]) -> impl Iterator<Item = String> {
    [AnswerSet::Functional, AnswerSet::Implementation]
        .into_iter()
        .map(|set| {
            let count = groups.iter().filter(|(answer, _)| *answer == set).count();
            (set, count)
        })
        .filter(|(_, count)| *count > 0)
        .map(|(set, count)| format!("{} of {count} groups", set.code()))
}
