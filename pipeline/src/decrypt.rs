//! Takes OpenPGP off. Nothing of the plain text exists, but sealed and unpublished, before every signature has been verified.

use crate::doors::Doors;
use crate::failure::{Failure, Result};
use crate::job::{Direction, Job, Language, Outcome, Task};
use crate::object::ObjectId;
use crate::openpgp::{self, Kind};
use crate::paper::{head, language, open, seal};

/// Does a [`Task::Decrypt`].
///
/// # Errors
/// [`Failure::Quarantine`] if the message is not to be trusted, or not encrypted though it should be.
pub fn decrypt(job: &Job, doors: &Doors, raw: &ObjectId, direction: Direction) -> Result<Outcome> {
    let profile = doors.profile(&job.partner)?;
    let kind = openpgp::sniff(&head(job, doors, raw)?);
    let (plain, note) = match kind {
        Kind::Other if direction == Direction::Outbound || profile.pgp.plain => {
            (*raw, "plain".to_owned())
        }
        Kind::Other => {
            return Err(Failure::quarantine(
                "pgp-not-encrypted",
                "the file is not encrypted, and the partner's profile asks for it",
            ));
        }
        _ => (job.object(0), open_message(job, doors, raw)?),
    };
    let language = language(&head(job, doors, &plain)?);
    if direction == Direction::Inbound && language == Language::Json {
        return Err(Failure::quarantine(
            "not-x12",
            "a trading partner sent JSON, not X12",
        ));
    }
    Ok(Outcome {
        next: vec![Task::Translate {
            plain,
            language,
            direction,
        }],
        note,
        ..Outcome::default()
    })
}

fn open_message(job: &Job, doors: &Doors, raw: &ObjectId) -> Result<String> {
    let message = open(job, doors, raw)?;
    let mut plain = seal(job, doors, 0)?;
    let opened = openpgp::decrypt(message, &doors.decryption(&job.partner), &mut plain)?;
    plain.finish()?;
    Ok(match opened.signer {
        Some(signer) => format!("signed by {}", signer.fingerprint),
        None => "not signed".to_owned(),
    })
}
