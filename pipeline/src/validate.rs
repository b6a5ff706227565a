//! Checks a document against its guide, and against who may send it.

use x12_parser::{Severity, Summary};

use crate::doors::Doors;
use crate::envelope::{self, Envelope};
use crate::failure::{Failure, Result};
use crate::job::{Direction, Fact, InterchangeFact, Job, Outcome, Readable, Task, Wrongs};
use crate::object::ObjectId;
use crate::paper::{self, open, put_line, refuse, seal};

/// Does a [`Task::Validate`]. The findings are object 0.
///
/// # Errors
/// [`Failure::Quarantine`] if the sender may not send this; else a failure to read or write.
pub fn validate(
    job: &Job,
    doors: &Doors,
    x12: &ObjectId,
    (readable, direction): (Option<Readable>, Direction),
) -> Result<Outcome> {
    let envelopes = envelope::read(open(job, doors, x12)?, doors.options(&job.partner)?)?;
    if direction == Direction::Inbound {
        bind(job, doors, &envelopes)?;
    }
    let mut checked = check(job, doors, x12)?;
    let mut outcome = Outcome {
        note: checked.note(),
        wrong: std::mem::take(&mut checked.wrong),
        ..Outcome::default()
    };
    match direction {
        Direction::Inbound => {
            outcome.next.push(Task::Acknowledge {
                x12: *x12,
                readable,
                answers: envelopes.iter().any(|envelope| envelope.answers),
            });
            outcome.facts = envelopes.iter().zip(1..).map(received).collect();
        }
        Direction::Outbound if checked.is_good() => outcome.next.push(Task::Route {
            x12: *x12,
            lines: None,
            verdicts: None,
            answers: false,
        }),
        Direction::Outbound => {
            let why = ("it is not as its guide says", Some(&job.object(0)));
            outcome.next.push(refuse(job, doors, 1, why)?);
            outcome.facts.push(Fact::Outgoing("refused"));
        }
    }
    Ok(outcome)
}

/// The way on which a file came must own the ids of its envelopes.
fn bind(job: &Job, doors: &Doors, envelopes: &[Envelope]) -> Result<()> {
    let profile = doors.profile(&job.partner)?;
    if envelopes.iter().all(|envelope| envelope.is_from(profile)) {
        Ok(())
    } else {
        Err(Failure::quarantine(
            "sender-not-bound",
            "an envelope names a sender that the trading partner's profile does not",
        ))
    }
}

fn received((envelope, ordinal): (&Envelope, u32)) -> Fact {
    Fact::Interchange(InterchangeFact {
        ordinal,
        sender: envelope.sender.clone(),
        receiver: envelope.receiver.clone(),
        isa13: envelope.isa13.clone(),
        isa15: envelope.isa15.clone(),
        state: "received",
        ..InterchangeFact::default()
    })
}

/// What checking gave.
struct Checked {
    summary: Option<Summary>,
    wrong: Wrongs,
}

impl Checked {
    fn is_good(&self) -> bool {
        self.summary.is_some_and(|summary| summary.errors == 0)
    }

    fn note(&self) -> String {
        match &self.summary {
            Some(summary) => format!(
                "{} segments, {} errors, {} warnings",
                summary.segments, summary.errors, summary.warnings
            ),
            None => "breaks off".to_owned(),
        }
    }
}

fn check(job: &Job, doors: &Doors, x12: &ObjectId) -> Result<Checked> {
    let document = open(job, doors, x12)?;
    let mut findings = seal(job, doors, 0)?;
    let mut wrong = Wrongs::default();
    let read = x12_parser::validate(document, doors.options(&job.partner)?, |finding| {
        if finding.severity == Severity::Error {
            wrong.count("finding", finding.name());
        }
        Ok(put_line(&mut findings, finding)?)
    });
    let summary = paper::readable(read)?.ok();
    findings.finish()?;
    Ok(Checked { summary, wrong })
}
