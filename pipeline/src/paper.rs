//! How stages read and write sealed objects, and how a document's fault differs from ours when reading fails.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cipher::hex;
use crate::doors::Doors;
use crate::failure::{Failure, Result};
use crate::job::{Address, Job, Language, Parcel, Task};
use crate::object::ObjectId;
use crate::seal::{Opener, Sealer};
use crate::store::failure;

/// Bytes looked at to tell what a document is written in.
const HEAD_BYTES: usize = 4096;

/// Opens an object of the job's partner.
///
/// # Errors
/// What the vault says.
pub fn open(job: &Job, doors: &Doors, object: &ObjectId) -> Result<Opener> {
    doors.vault.open(object, &job.partner)
}

/// Begins an object of the job, whose digest nobody asks for.
///
/// # Errors
/// What the vault says.
pub fn seal(job: &Job, doors: &Doors, ordinal: u32) -> Result<Sealer> {
    let sealer = doors.vault.seal(&job.object(ordinal), &job.partner)?;
    Ok(sealer.undigested())
}

/// The first bytes of an object.
///
/// # Errors
/// What the vault says.
pub fn head(job: &Job, doors: &Doors, object: &ObjectId) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    let opened = open(job, doors, object)?;
    opened
        .take(HEAD_BYTES as u64)
        .read_to_end(&mut head)
        .map_err(|error| failure(&error))?;
    Ok(head)
}

/// What a document is written in, by its first bytes: JSON begins with a bracket.
#[must_use]
pub fn language(head: &[u8]) -> Language {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    match head.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{' | b'[') => Language::Json,
        _ => Language::X12,
    }
}

/// Sorts a result of the parser: what is ours fails the job; what is the document's is given back.
///
/// # Errors
/// A failure to read or write, or the one that stopped the parser.
pub fn readable<T>(
    read: std::result::Result<T, x12_parser::Error>,
) -> Result<std::result::Result<T, x12_parser::Error>> {
    match read {
        Err(x12_parser::Error::Io(error)) => Err(failure(&error)),
        other => Ok(other),
    }
}

/// The digest by which the ledger finds a transaction set again that was sent to a partner under a reference, in hexadecimal.
#[must_use]
pub fn digest(doors: &Doors, partner: &str, reference: &[u8]) -> String {
    let value = [partner.as_bytes(), b"\0", reference].concat();
    hex(&doors.vault.digest("set-reference", &value))
}

/// Appends a line of JSON to an object.
///
/// # Errors
/// A failure to write.
pub fn put_line(sealer: &mut Sealer, line: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_vec(line)
        .map_err(|_| Failure::permanent("line-broken", "a line could not be written as JSON"))?;
    text.push(b'\n');
    sealer.write_all(&text).map_err(|error| failure(&error))
}

/// Reads JSON of ours back.
///
/// # Errors
/// [`Failure::Permanent`] if it is not what is asked for.
pub fn read_line<T: DeserializeOwned>(line: &[u8]) -> Result<T> {
    let broken = |_| Failure::permanent("line-broken", "a line of JSON is not as it was written");
    serde_json::from_slice(line).map_err(broken)
}

/// The line that says why a submission goes nowhere.
#[derive(Serialize)]
struct Refused<'a> {
    of: &'static str,
    submission: String,
    code: &'static str,
    why: &'a str,
}

/// Tells our own systems why a submission goes nowhere: an object of that ordinal, a line that says so, then the findings.
///
/// # Errors
/// A failure to read or write.
pub fn refuse(
    job: &Job,
    doors: &Doors,
    ordinal: u32,
    (why, findings): (&str, Option<&ObjectId>),
) -> Result<Task> {
    let mut response = seal(job, doors, ordinal)?;
    let line = Refused {
        of: "submission",
        submission: job.arrival.to_string(),
        code: "refused",
        why,
    };
    put_line(&mut response, &line)?;
    if let Some(findings) = findings {
        let mut findings = open(job, doors, findings)?;
        io::copy(&mut findings, &mut response).map_err(|error| failure(&error))?;
    }
    response.finish()?;
    Ok(Task::Deliver {
        object: job.object(ordinal),
        parcel: Parcel::Response,
        to: Address::Backend,
        batch_ms: 0,
    })
}
