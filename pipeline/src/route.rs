//! Sends on what is good: accepted transaction sets to our own systems, a submission to its partner, acknowledgments to be correlated.

use std::io::{BufRead, BufReader, Read as _, Write};

use serde::Deserialize;

use crate::divide::divide;
use crate::doors::Doors;
use crate::failure::{Failure, Result};
use crate::job::{Address, Job, Outcome, Parcel, Task};
use crate::noted::Noted;
use crate::object::ObjectId;
use crate::paper::{open, read_line, seal};
use crate::seal::Sealer;
use crate::store::failure;
use crate::verdict::{Fate, Forwarded, Rejected};

/// Bytes of a line in which its ordinals stand; nothing of a document comes before them but ST01.
const HEAD_BYTES: u64 = 512;
/// How the line of a transaction set begins.
const SET: &[u8] = b"{\"set\":";

/// Does a [`Task::Route`]. What is forwarded is object 0, or, if all is, the lines as they were translated; objects 1 and
/// 2 are those of [`divide`].
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
            batch_ms: 0,
        }),
        (Some(lines), Some(verdicts)) => {
            let mut noted = Noted::new(job, doors);
            let (object, forwarded) = forward(job, doors, [&x12, &lines, &verdicts], &mut noted)?;
            outcome.facts = noted.finish();
            outcome.note = format!("{forwarded} sets forwarded");
            if forwarded > 0 {
                outcome.next.push(Task::Deliver {
                    object,
                    parcel: Parcel::Document,
                    to: Address::Backend,
                    batch_ms: 0,
                });
            }
        }
        (None, Some(_)) => {
            outcome.note =
                "nothing forwarded: the document breaks off in its first interchange".to_owned()
        }
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
/// those that open and close what is around them. A set that is divided goes on under its own head with the body of its accepted
/// records. Either way each line is held against its verdict.
fn forward(
    job: &Job,
    doors: &Doors,
    [x12, lines, verdicts]: [&ObjectId; 3],
    noted: &mut Noted<'_>,
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
    let divided = match rejected.has_divided() {
        true => Some(divide(job, doors, x12, (verdicts, &rejected), noted)?),
        false => None,
    };
    let good = Forwarded::new(reader()?, &rejected);
    let lines = BufReader::with_capacity(1 << 16, open(job, doors, lines)?);
    Ok((object, pass_on(lines, good, (divided, out))?))
}

/// Passes on what may be forwarded; how many transaction sets.
fn pass_on(
    mut lines: impl BufRead,
    mut good: Forwarded<'_, impl BufRead>,
    (mut divided, mut out): (Option<impl BufRead>, Option<Sealer>),
) -> Result<u64> {
    let mut forwarded = 0;
    let mut head = Vec::new();
    while begin_line(&mut lines, &mut head)? {
        let fate = match place(&head)? {
            Some(place) => good.next(place).map_err(|error| failure(&error))?,
            None => Fate::Good,
        };
        forwarded += u64::from(fate != Fate::Bad && head.starts_with(SET));
        let mut whole = out.as_mut().filter(|_| fate == Fate::Good);
        if let Some(to) = &mut whole {
            to.write_all(&head).map_err(|error| failure(&error))?;
        }
        if !head.ends_with(b"\n") {
            end_line(&mut lines, whole)?;
        }
        if let (Fate::Divided, Some(divided), Some(to)) = (fate, &mut divided, &mut out) {
            head.truncate(body(&head)?);
            head.extend_from_slice(b",\"divided\":true");
            to.write_all(&head).map_err(|error| failure(&error))?;
            pass_body(divided, to)?;
        }
    }
    if let Some(out) = out {
        out.finish()?;
    }
    Ok(forwarded)
}

/// Passes on the body of the next transaction set that was divided, to the end of its line.
fn pass_body(divided: &mut impl BufRead, to: &mut Sealer) -> Result<()> {
    let mut head = Vec::new();
    while begin_line(divided, &mut head)? {
        let is_set = head.starts_with(SET);
        let mut to = Some(&mut *to).filter(|_| is_set);
        if let Some(to) = &mut to {
            let body = head.get(body(&head)?..).unwrap_or_default();
            to.write_all(body).map_err(|error| failure(&error))?;
        }
        if !head.ends_with(b"\n") {
            end_line(divided, to)?;
        }
        if is_set {
            return Ok(());
        }
    }
    let why = "a transaction set that was divided has no line";
    Err(Failure::permanent("line-broken", why))
}

/// The ordinals of a transaction set's line; none for other lines.
fn place(line: &[u8]) -> Result<Option<[u32; 3]>> {
    if !line.starts_with(SET) {
        return Ok(None);
    }
    let end = body(line)?;
    let mut head = line.get(..end).unwrap_or_default().to_vec();
    head.push(b'}');
    let place: Place = read_line(&head)?;
    Ok(Some([place.interchange, place.group, place.ordinal]))
}

/// Where the body of a transaction set's line begins, with the comma before it.
fn body(line: &[u8]) -> Result<usize> {
    let why = "a line of JSON does not say which transaction set it is";
    let begin = memchr::memmem::find(line, b",\"body\":");
    begin.ok_or(Failure::permanent("line-broken", why))
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
