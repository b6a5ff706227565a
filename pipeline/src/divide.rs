//! Divides accepted transaction sets: what goes on has only the records that are accepted, and a reference of ours.

use std::io::{BufRead, BufReader};

use x12_parser::{
    Addresses, ControlNumber, Envelope, Error, Fate as RecordFate, GroupAddress,
    InterchangeAddress, Per, Shape, readdress_records, to_json,
};

use crate::doors::Doors;
use crate::failpoint::{Point, reach};
use crate::failure::{Failure, Result};
use crate::job::{Fact, Job};
use crate::ledger::Number;
use crate::noted::Noted;
use crate::object::ObjectId;
use crate::paper::{open, readable, seal};
use crate::seal::Opener;
use crate::verdict::{Fate, Forwarded, Rejected};

/// What goes on of the transaction sets that are divided: their accepted records as X12, object 1 of the job, and as lines of JSON,
/// object 2, which are given to be read. Their references are noted.
///
/// # Errors
/// A failure to read or write, or of the ledger.
pub fn divide(
    job: &Job,
    doors: &Doors,
    x12: &ObjectId,
    (verdicts, rejected): (&ObjectId, &Rejected),
    noted: &mut Noted<'_>,
) -> Result<BufReader<Opener>> {
    let options = doors.options(&job.partner)?;
    let mut accepted = Accepted {
        job,
        doors,
        forwarded: Forwarded::new(BufReader::new(open(job, doors, verdicts)?), rejected),
        noted,
        references: 0,
    };
    let broken = |_| {
        let why = "a transaction set that was accepted cannot be divided";
        Failure::permanent("set-undivided", why)
    };
    let mut out = seal(job, doors, 1)?;
    let document = open(job, doors, x12)?;
    let divided = readdress_records(document, &mut out, &mut accepted, options);
    readable(divided)?.map_err(broken)?;
    out.finish()?;
    let mut lines = seal(job, doors, 2)?;
    let document = open(job, doors, &job.object(1))?;
    let written = to_json(document, &mut lines, Shape::Loops, Per::Set, options);
    readable(written)?.map_err(broken)?;
    lines.finish()?;
    let lines = open(job, doors, &job.object(2))?;
    Ok(BufReader::with_capacity(1 << 16, lines))
}

/// Keeps the accepted records of the sets that are divided; all else is left out. Nobody looks at the envelopes.
struct Accepted<'a, 'n, R> {
    job: &'a Job,
    doors: &'a Doors,
    forwarded: Forwarded<'a, R>,
    noted: &'a mut Noted<'n>,
    references: u32,
}

impl<R: BufRead> Addresses for Accepted<'_, '_, R> {
    fn keeps(&mut self, set: &Envelope) -> std::result::Result<bool, Error> {
        let fate = self.forwarded.next([set.interchange, set.group, set.set])?;
        Ok(fate == Fate::Divided)
    }

    fn divides(&mut self, _: &Envelope) -> std::result::Result<bool, Error> {
        Ok(true)
    }

    fn record(&mut self, _: &Envelope, record: u64) -> std::result::Result<RecordFate, Error> {
        Ok(match self.forwarded.rejects(record)? {
            true => RecordFate::LeftOut,
            false => RecordFate::Kept,
        })
    }

    /// Of ours, as the received one may be seen again: the ledger knows of which set it is.
    fn reference(&mut self, set: &Envelope, _: &str) -> std::result::Result<String, Error> {
        self.references += 1;
        let ledger = &self.doors.ledger;
        let drawn = ledger.draw(self.job, Number::Reference, self.references);
        let reference = format!("DIVIDED{:09}", self.doors.wait(drawn)?);
        reach(Point::NumberDrawn);
        self.noted.push(Fact::Divided {
            interchange: set.interchange,
            group: set.group,
            set: set.set,
            reference: reference.clone(),
        })?;
        Ok(reference)
    }

    fn interchange(&mut self, _: &Envelope) -> std::result::Result<InterchangeAddress, Error> {
        let [id, qualifier] = ["XX", "ZZ"].map(str::to_owned);
        Ok(InterchangeAddress {
            isa05: qualifier.clone(),
            isa06: id.clone(),
            isa07: qualifier,
            isa08: id,
            isa09: "260101".to_owned(),
            isa10: "0000".to_owned(),
            isa13: ControlNumber::FIRST,
            isa15: "T".to_owned(),
        })
    }

    fn group(&mut self, _: &Envelope) -> std::result::Result<GroupAddress, Error> {
        Ok(GroupAddress {
            gs02: "XX".to_owned(),
            gs03: "XX".to_owned(),
            gs04: "20260101".to_owned(),
            gs05: "0000".to_owned(),
            gs06: ControlNumber::FIRST,
        })
    }
}
