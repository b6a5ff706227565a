//! Answers what came in: TA1, 997 and 999 to the sender, a verdict on every transaction set for the next stage, a decision on every
//! interchange for the ledger.

use std::collections::{BTreeMap, HashSet};

use x12_parser::{
    AcknowledgmentOptions, AnswerSet, Decided, Decision, Error, GroupDecision, SetDecision,
    Ta1Note, Ta1Policy, Verdict,
};

use crate::clock::x12_date_and_time;
use crate::doors::Doors;
use crate::drawn::Drawn;
use crate::envelope::{self, Envelope};
use crate::failpoint::{Point, reach};
use crate::failure::Result;
use crate::job::{Address, Fact, GroupFact, InterchangeFact, Job, Outcome, Parcel, SetFact, Task};
use crate::object::ObjectId;
use crate::paper::{open, readable, seal};
use crate::profile::{Profile, Ta1};
use crate::seal::Sealer;
use crate::verdict::VerdictWriter;

/// Groups of an interchange whose answers are named one by one.
const GROUPS_NAMED: usize = 3;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// Does a [`Task::Acknowledge`]. The answers are object 0, the verdicts object 1.
///
/// # Errors
/// A failure to read or write, or of the ledger.
pub fn acknowledge(
    job: &Job,
    doors: &Doors,
    x12: &ObjectId,
    lines: Option<ObjectId>,
) -> Result<Outcome> {
    let profile = doors.profile(&job.partner)?;
    let envelopes = envelope::read(open(job, doors, x12)?, &doors.options)?;
    let mut how = options(job, doors, profile);
    how.rejected = rejected(job, doors, profile, &envelopes)?;
    let mut answers = seal(job, doors, 0)?;
    let mut record = Record {
        verdicts: VerdictWriter(seal(job, doors, 1)?),
        facts: Vec::new(),
        group_begin: 0,
        interchange_begin: 0,
        envelopes: &envelopes,
        groups: Vec::new(),
        accepted: 0,
        rejected: 0,
    };
    let document = open(job, doors, x12)?;
    let read = x12_parser::acknowledge(document, &mut answers, &mut how, &doors.options, |told| {
        record.decided(told)
    });
    how.numbers.check()?;
    // A document that breaks off is answered all the same, and nothing of it goes on.
    let lines = readable(read)?.ok().and(lines);
    let answered = answers.finish()?.bytes > 0;
    let note = format!(
        "{} sets accepted, {} rejected",
        record.accepted, record.rejected
    );
    record.verdicts.0.finish()?;
    let mut next = vec![Task::Route {
        x12: *x12,
        lines,
        verdicts: Some(job.object(1)),
        answers: envelopes.iter().any(|envelope| envelope.answers),
    }];
    if answered {
        next.push(Task::Deliver {
            object: job.object(0),
            parcel: Parcel::Acknowledgment,
            to: Address::Partner,
        });
    }
    Ok(Outcome {
        next,
        facts: record.facts,
        note,
    })
}

fn options<'a>(
    job: &'a Job,
    doors: &'a Doors,
    profile: &Profile,
) -> AcknowledgmentOptions<Drawn<'a>> {
    let (date, time) = x12_date_and_time(doors.clock.now_ms());
    AcknowledgmentOptions {
        date,
        time,
        numbers: Drawn::new(job, doors),
        ta1: match profile.acknowledge.ta1 {
            Ta1::WhenAsked => Ta1Policy::WhenAsked,
            Ta1::Always => Ta1Policy::Always,
        },
        list_accepted: profile.acknowledge.list_accepted,
        rejected: BTreeMap::new(),
    }
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
    facts: Vec<Fact>,
    /// Where in the facts the group, and the interchange, in hand begin.
    group_begin: usize,
    interchange_begin: usize,
    envelopes: &'a [Envelope],
    /// How the groups of the interchange in hand were answered: by a 999, `P 1/2`.
    groups: Vec<(AnswerSet, String)>,
    accepted: u64,
    rejected: u64,
}

impl Record<'_> {
    fn decided(&mut self, decided: Decided) -> std::result::Result<(), Error> {
        match decided {
            Decided::Set(set) => self.set(set),
            Decided::Group(group) => self.group(group),
            Decided::Interchange(interchange) => self.interchange(interchange),
            _ => Ok(()),
        }
    }

    fn set(&mut self, set: SetDecision) -> std::result::Result<(), Error> {
        let (state, is_good) = match set.verdict {
            Verdict::Accepted => ("accepted", true),
            Verdict::AcceptedWithErrors => ("accepted with errors", true),
            Verdict::NotAnswered => ("not answered", false),
            _ => ("rejected", false),
        };
        self.verdicts
            .set([set.interchange, set.group, set.set], is_good)?;
        self.facts.push(Fact::Set(SetFact {
            interchange: set.interchange,
            group: set.group,
            ordinal: set.set,
            st01: set.st01,
            st02: set.st02,
            state,
        }));
        Ok(())
    }

    fn group(&mut self, group: GroupDecision) -> std::result::Result<(), Error> {
        let state = match group.code {
            Some("A") => "accepted",
            Some("E") => "accepted with errors",
            Some("P") => "partly accepted",
            Some(_) => "rejected",
            None => "not answered",
        };
        if state == "rejected" {
            self.verdicts.group(group.interchange, group.group)?;
            self.reject_from(self.group_begin);
        }
        if let (Some(answer), Some(code)) = (group.answer, group.code) {
            let (accepted, received) = (group.accepted, group.received);
            self.groups
                .push((answer, format!("{code} {accepted}/{received}")));
        }
        self.facts.push(Fact::Group(GroupFact {
            interchange: group.interchange,
            ordinal: group.group,
            gs01: group.gs01,
            gs06: group.gs06,
            gs08: group.gs08,
            state,
        }));
        self.group_begin = self.facts.len();
        Ok(())
    }

    fn interchange(&mut self, decision: Decision) -> std::result::Result<(), Error> {
        if decision.rejected {
            self.verdicts.interchange(decision.interchange)?;
            self.reject_from(self.interchange_begin);
        }
        for fact in self.facts.get(self.interchange_begin..).unwrap_or_default() {
            if let Fact::Set(set) = fact {
                self.accepted += u64::from(set.state.starts_with("accepted"));
                self.rejected += u64::from(set.state == "rejected");
            }
        }
        let index = (decision.interchange as usize).wrapping_sub(1);
        let envelope = self.envelopes.get(index).cloned().unwrap_or_default();
        let answer = self.answer(&decision);
        self.facts.push(Fact::Interchange(InterchangeFact {
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
        }));
        (self.interchange_begin, self.group_begin) = (self.facts.len(), self.facts.len());
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

    /// What a group or an interchange rejects as a whole is rejected in all its parts.
    fn reject_from(&mut self, begin: usize) {
        for fact in self.facts.get_mut(begin..).unwrap_or_default() {
            match fact {
                Fact::Set(set) => set.state = "rejected",
                Fact::Group(group) => group.state = "rejected",
                _ => {}
            }
        }
    }
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
