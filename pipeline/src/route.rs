//! Sends on what is good: accepted transaction sets to our own systems, a submission to its partner, acknowledgments to be correlated.

use std::io::{BufRead, BufReader, Read as _, Write};

use serde::Deserialize;

use crate::doors::Doors;
use crate::failure::{Failure, Result};
use crate::job::{Address, Job, Outcome, Parcel, Task};
use crate::object::ObjectId;
use crate::paper::{open, read_line, seal};
use crate::seal::Sealer;
use crate::store::failure;
use crate::verdict::{Forwarded, Rejected};

/// Bytes of a line in which its ordinals stand; nothing of a document comes before them but ST01.
const HEAD_BYTES: u64 = 512;
/// How the line of a transaction set begins.
const SET: &[u8] = b"{\"set\":";

/// Does a [`Task::Route`]. What is forwarded is object 0, or, if all is, the lines as they were translated.
///
/// # Errors
/// A failure to read or write.
pub fn route(job: &Job, doors: &Doors) -> Result<Outcome> {
    let Task::Route {
        x12,
        lines,
        verdicts,
        answers,
    } = job.task
    else {
        return Err(Failure::permanent(
            "task-broken",
            "the task is not one of routing",
        ));
    };
    let mut outcome = Outcome::default();
    match (lines, verdicts) {
        (_, None) => outcome.next.push(Task::Deliver {
            object: x12,
            parcel: Parcel::Interchange,
            to: Address::Partner,
        }),
        (Some(lines), Some(verdicts)) => {
            let (object, forwarded) = forward(job, doors, &lines, &verdicts)?;
            outcome.note = format!("{forwarded} sets forwarded");
            if forwarded > 0 {
                outcome.next.push(Task::Deliver {
                    object,
                    parcel: Parcel::Document,
                    to: Address::Backend,
                });
            }
        }
        (None, Some(_)) => outcome.note = "nothing forwarded: the document breaks off".to_owned(),
    }
    if answers {
        outcome.next.push(Task::Respond { x12 });
    }
    Ok(outcome)
}

/// What a line says of itself.
#[derive(Deserialize)]
struct Place {
    interchange: u32,
    group: u32,
    ordinal: u32,
}

/// What is forwarded, and of how many transaction sets: the lines as they are if all may go, else a copy of the accepted ones and of
/// those that open and close what is around them. Either way each line is held against its verdict.
fn forward(
    job: &Job,
    doors: &Doors,
    lines: &ObjectId,
    verdicts: &ObjectId,
) -> Result<(ObjectId, u64)> {
    let reader = || open(job, doors, verdicts).map(BufReader::new);
    let rejected = Rejected::read(reader()?).map_err(|error| failure(&error))?;
    let out = match rejected.is_any() {
        true => Some(seal(job, doors, 0)?),
        false => None,
    };
    let object = if rejected.is_any() {
        job.object(0)
    } else {
        *lines
    };
    let good = Forwarded::new(reader()?, rejected);
    let lines = BufReader::with_capacity(1 << 16, open(job, doors, lines)?);
    Ok((object, pass_on(lines, good, out)?))
}

/// Passes on what may be forwarded; how many transaction sets.
fn pass_on(
    mut lines: impl BufRead,
    mut good: Forwarded<impl BufRead>,
    mut out: Option<Sealer>,
) -> Result<u64> {
    let mut forwarded = 0;
    let mut head = Vec::new();
    while begin_line(&mut lines, &mut head)? {
        let keep = match place(&head)? {
            Some(place) => good.next(place).map_err(|error| failure(&error))?,
            None => true,
        };
        forwarded += u64::from(keep && head.starts_with(SET));
        let mut to = out.as_mut().filter(|_| keep);
        if let Some(to) = &mut to {
            to.write_all(&head).map_err(|error| failure(&error))?;
        }
        if !head.ends_with(b"\n") {
            end_line(&mut lines, to)?;
        }
    }
    if let Some(out) = out {
        out.finish()?;
    }
    Ok(forwarded)
}

/// The ordinals of a transaction set's line; none for other lines.
fn place(line: &[u8]) -> Result<Option<[u32; 3]>> {
    if !line.starts_with(SET) {
        return Ok(None);
    }
    let broken = || {
        Failure::permanent(
            "line-broken",
            "a line of JSON does not say which transaction set it is",
        )
    };
    let end = memchr::memmem::find(line, b",\"body\":").ok_or_else(broken)?;
    let mut head = line.get(..end).unwrap_or_default().to_vec();
    head.push(b'}');
    let place: Place = read_line(&head)?;
    Ok(Some([place.interchange, place.group, place.ordinal]))
}

/// Reads the first bytes of a line; false at the end.
fn begin_line(lines: &mut impl BufRead, head: &mut Vec<u8>) -> Result<bool> {
    head.clear();
    let read = lines.take(HEAD_BYTES).read_until(b'\n', head);
    Ok(read.map_err(|error| failure(&error))? > 0)
}

/// Passes the rest of a line, however long, on or by.
fn end_line(lines: &mut impl BufRead, mut to: Option<&mut impl Write>) -> Result<()> {
    loop {
        let buffer = lines.fill_buf().map_err(|error| failure(&error))?;
        let end = memchr::memchr(b'\n', buffer).map(|at| at + 1);
        let used = end.unwrap_or(buffer.len());
        if let Some(to) = &mut to {
            let bytes = buffer.get(..used).unwrap_or_default();
            to.write_all(bytes).map_err(|error| failure(&error))?;
        }
        lines.consume(used);
        if end.is_some() || used == 0 {
            return Ok(());
        }
    }
}
