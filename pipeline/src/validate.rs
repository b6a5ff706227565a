//! Checks a document against its guide, and against who may send it.

use serde::Serialize;
use x12_parser::{Error, Summary};

use crate::doors::Doors;
use crate::envelope::{self, Envelope};
use crate::failure::{Failure, Result};
use crate::job::{Address, Direction, Fact, InterchangeFact, Job, Outcome, Parcel, Task};
use crate::object::ObjectId;
use crate::paper::{open, put_line, readable, seal};
use crate::store::failure;

/// Does a [`Task::Validate`]. The findings are object 0.
///
/// # Errors
/// [`Failure::Quarantine`] if the sender may not send this; else a failure to read or write.
pub fn validate(
    job: &Job,
    doors: &Doors,
    x12: &ObjectId,
    (lines, direction): (Option<ObjectId>, Direction),
) -> Result<Outcome> {
    let envelopes = envelope::read(open(job, doors, x12)?, &doors.options)?;
    if direction == Direction::Inbound {
        bind(job, doors, &envelopes)?;
    }
    let checked = check(job, doors, x12)?;
    let note = checked.note();
    let next = match direction {
        Direction::Inbound => Task::Acknowledge { x12: *x12, lines },
        Direction::Outbound if checked.is_good() => Task::Route {
            x12: *x12,
            lines,
            verdicts: None,
            answers: false,
        },
        Direction::Outbound => refuse(job, doors)?,
    };
    let facts = match direction {
        Direction::Inbound => envelopes.iter().zip(1..).map(received).collect(),
        Direction::Outbound => Vec::new(),
    };
    Ok(Outcome {
        next: vec![next],
        facts,
        note,
    })
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
    let mut lost = None;
    let read = x12_parser::validate(document, &doors.options, |finding| {
        put_line(&mut findings, finding).map_err(|failure| {
            lost = Some(failure);
            Error::Io(std::io::ErrorKind::Other.into())
        })
    });
    if let Some(failure) = lost {
        return Err(failure);
    }
    let summary = readable(read)?.ok();
    findings.finish()?;
    Ok(Checked { summary })
}

/// A line that tells the backend why its submission goes nowhere.
#[derive(Serialize)]
struct Refused {
    submission: String,
    verdict: &'static str,
    reason: &'static str,
}

/// Tells the backend what is wrong with its submission: object 1, a line that says so and then the findings.
fn refuse(job: &Job, doors: &Doors) -> Result<Task> {
    let mut response = seal(job, doors, 1)?;
    put_line(
        &mut response,
        &Refused {
            submission: job.arrival.to_string(),
            verdict: "rejected",
            reason: "findings",
        },
    )?;
    let mut findings = open(job, doors, &job.object(0))?;
    std::io::copy(&mut findings, &mut response).map_err(|error| failure(&error))?;
    response.finish()?;
    Ok(Task::Deliver {
        object: job.object(1),
        parcel: Parcel::Response,
        to: Address::Backend,
    })
}
