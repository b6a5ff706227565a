//! X12 to JSON, or a submission to X12 under our envelope, with control numbers of the ledger.

use std::io::{self, Read as _};

use x12_parser::{
    Addresses, ControlNumbers as _, Envelope, Error, GroupAddress, InterchangeAddress, Per,
    SetRecords, Shape, Visit, Withheld, readdress, survey_records, to_json, to_x12,
    visit_envelopes,
};

use crate::clock::x12_date_and_time;
use crate::doors::Doors;
use crate::drawn::Drawn;
use crate::failure::Result;
use crate::job::{
    Direction, Fact, GroupFact, InterchangeFact, Job, Language, Outcome, Readable, SetFact, Task,
};
use crate::noted::Noted;
use crate::object::ObjectId;
use crate::paper::{digest, open, readable, refuse, seal};
use crate::profile::Profile;
use crate::store::failure;

/// Does a [`Task::Translate`]. What came in becomes lines of JSON, object 0, of its interchanges that are whole, object 1, if it breaks off;
/// a submission becomes X12, object 0, and under our envelope object 1; why it cannot is object 2.
///
/// # Errors
/// A failure to read or write, or of the ledger.
pub fn translate(
    job: &Job,
    doors: &Doors,
    plain: &ObjectId,
    (language, direction): (Language, Direction),
) -> Result<Outcome> {
    match direction {
        Direction::Inbound => inbound(job, doors, plain),
        Direction::Outbound => outbound(job, doors, plain, language),
    }
}

/// Of a document that breaks off the interchanges before are copied, and only they may go on.
fn inbound(job: &Job, doors: &Doors, x12: &ObjectId) -> Result<Outcome> {
    let mut read = Readable {
        x12: *x12,
        lines: job.object(0),
    };
    let mut written = lines(job, doors, &read.x12)?;
    let mut note = "";
    if written.is_err() {
        note = "breaks off; ";
        if let Some(before) = before_break(job, doors, x12)? {
            read.x12 = before;
            written = lines(job, doors, &before)?;
        }
    }
    let bytes = written.as_ref().copied().unwrap_or(0);
    Ok(Outcome {
        next: vec![Task::Validate {
            x12: *x12,
            readable: written.is_ok().then_some(read),
            direction: Direction::Inbound,
        }],
        note: format!("{note}{bytes} bytes of JSON"),
        ..Outcome::default()
    })
}

/// Writes a document as lines of JSON, object 0: how many bytes, or why it breaks off.
fn lines(job: &Job, doors: &Doors, x12: &ObjectId) -> Result<std::result::Result<u64, Error>> {
    let mut out = seal(job, doors, 0)?;
    let (document, options) = (open(job, doors, x12)?, doors.options(&job.partner)?);
    let read = to_json(document, &mut out, Shape::Loops, Per::Set, options);
    Ok(match readable(read)? {
        Ok(()) => Ok(out.finish()?.bytes),
        Err(error) => Err(error),
    })
}

/// The interchanges before the one in which a document breaks off, copied to object 1; none if it is the first.
fn before_break(job: &Job, doors: &Doors, x12: &ObjectId) -> Result<Option<ObjectId>> {
    let (mut passed, mut bytes) = (0, 0);
    let (document, options) = (open(job, doors, x12)?, doors.options(&job.partner)?);
    let read = visit_envelopes(document, options, |visit| {
        match visit {
            Visit::Segment(visited) => {
                passed = visited.offset + visited.segment.raw().len() as u64;
            }
            Visit::CloseInterchange => bytes = passed,
            _ => {}
        }
        Ok(())
    });
    let _ = readable(read)?;
    if bytes == 0 {
        return Ok(None);
    }
    let mut out = seal(job, doors, 1)?;
    let mut before = open(job, doors, x12)?.take(bytes);
    io::copy(&mut before, &mut out).map_err(|error| failure(&error))?;
    out.finish()?;
    Ok(Some(job.object(1)))
}

fn outbound(job: &Job, doors: &Doors, plain: &ObjectId, language: Language) -> Result<Outcome> {
    match written(job, doors, plain, language)? {
        Ok(facts) => Ok(Outcome {
            next: vec![Task::Validate {
                x12: job.object(1),
                readable: None,
                direction: Direction::Outbound,
            }],
            note: "under our envelope".to_owned(),
            facts,
            ..Outcome::default()
        }),
        // What is wrong with it, and where: never a value.
        Err(error) => Ok(Outcome {
            next: vec![refuse(job, doors, 2, (&error.to_string(), None))?],
            note: format!("refused: {error}"),
            // Some of it may have been recorded ahead.
            facts: vec![Fact::Outgoing("refused")],
            ..Outcome::default()
        }),
    }
}

/// Writes the submission as X12 under our envelope; what is wrong with it, if that cannot be.
fn written(
    job: &Job,
    doors: &Doors,
    plain: &ObjectId,
    language: Language,
) -> Result<std::result::Result<Vec<Fact>, Error>> {
    let x12 = match language {
        Language::X12 => *plain,
        Language::Json => {
            let mut out = seal(job, doors, 0)?;
            let limits = &doors.options(&job.partner)?.limits;
            if let Err(error) = readable(to_x12(open(job, doors, plain)?, &mut out, limits))? {
                return Ok(Err(error));
            }
            out.finish()?;
            job.object(0)
        }
    };
    let options = doors.options(&job.partner)?;
    let mut noted = Noted::new(job, doors);
    let read = survey_records(open(job, doors, &x12)?, options, |set| {
        Ok(noted.push(made(job, doors, set))?)
    });
    if let Err(error) = readable(read)? {
        return Ok(Err(error));
    }
    let profile = doors.profile(&job.partner)?;
    let mut ours = OurEnvelope::new(job, doors, (profile, noted));
    let mut out = seal(job, doors, 1)?;
    let read = readdress(open(job, doors, &x12)?, &mut out, &mut ours, options);
    let counts = match readable(read)? {
        Ok(counts) => counts,
        Err(error) => return Ok(Err(error)),
    };
    out.finish()?;
    if counts.sets == 0 {
        let what = "there is no transaction set to be sent";
        return Ok(Err(Error::Envelope { what, at: 0 }));
    }
    Ok(Ok(ours.noted.finish()))
}

/// A transaction set that is about to be sent.
fn made(job: &Job, doors: &Doors, set: &SetRecords) -> Fact {
    let place = &set.envelope;
    let reference = set.reference.as_ref().map(Withheld::reveal);
    let digest = reference.map(|reference| digest(doors, &job.partner, reference));
    Fact::Set(SetFact {
        interchange: place.interchange,
        group: place.group,
        ordinal: place.set,
        st01: place.st(1).to_owned(),
        st02: place.st(2).to_owned(),
        state: "made",
        digest: digest.unwrap_or_default(),
        ..SetFact::default()
    })
}

/// The envelope under which we send to a partner.
struct OurEnvelope<'a> {
    profile: &'a Profile,
    numbers: Drawn<'a>,
    date: String,
    time: String,
    noted: Noted<'a>,
    /// Groups so far: their numbers are drawn in this order.
    groups: u32,
}

impl<'a> OurEnvelope<'a> {
    fn new(job: &'a Job, doors: &'a Doors, (profile, noted): (&'a Profile, Noted<'a>)) -> Self {
        let (date, time) = x12_date_and_time(doors.clock.now_ms());
        Self {
            profile,
            numbers: Drawn::new(job, doors),
            date,
            time,
            noted,
            groups: 0,
        }
    }
}

impl Addresses for OurEnvelope<'_> {
    fn interchange(
        &mut self,
        received: &Envelope,
    ) -> std::result::Result<InterchangeAddress, Error> {
        let isa13 = self.numbers.interchange(received.interchange)?;
        let (theirs, ours) = (self.profile.write_to(), &self.profile.ours.isa);
        let isa15 = self.profile.usage.isa15();
        self.noted.push(Fact::Interchange(InterchangeFact {
            ordinal: received.interchange,
            sender: ours.clone(),
            receiver: theirs.0.to_owned(),
            isa13: format!("{isa13:09}"),
            isa15: isa15.to_owned(),
            state: "made",
            ..InterchangeFact::default()
        }))?;
        let ((isa05, isa06), (isa07, isa08)) = (parts(ours), parts(theirs.0));
        Ok(InterchangeAddress {
            isa05,
            isa06,
            isa07,
            isa08,
            isa09: self.date.chars().skip(2).collect(),
            isa10: self.time.clone(),
            isa13,
            isa15: isa15.to_owned(),
        })
    }

    fn group(&mut self, received: &Envelope) -> std::result::Result<GroupAddress, Error> {
        self.groups += 1;
        let gs06 = self.numbers.group(self.groups)?;
        self.noted.push(Fact::Group(GroupFact {
            interchange: received.interchange,
            ordinal: received.group,
            gs01: received.gs(1).to_owned(),
            gs06: gs06.to_string(),
            gs08: received.gs(8).to_owned(),
            state: "made",
        }))?;
        Ok(GroupAddress {
            gs02: self.profile.ours.gs.clone(),
            gs03: self.profile.write_to().1.to_owned(),
            gs04: self.date.clone(),
            gs05: self.time.clone(),
            gs06,
        })
    }
}

/// Qualifier and id of `ZZ:ACME`.
fn parts(isa: &str) -> (String, String) {
    let (qualifier, id) = isa.split_once(':').unwrap_or((isa, ""));
    (qualifier.to_owned(), id.to_owned())
}
