//! Sends one object to one address: encrypted and signed for a partner, as it is for our own systems.

use std::io;

use crate::doors::Doors;
use crate::failure::Result;
use crate::job::{Address, Fact, Job, Outcome, Parcel};
use crate::object::ObjectId;
use crate::openpgp;
use crate::paper::open;
use crate::store::failure;

/// Does a [`crate::job::Task::Deliver`].
///
/// The file's name is that of the job, so a second try is the same file.
///
/// # Errors
/// A failure to read, or to send.
pub fn deliver(
    job: &Job,
    doors: &Doors,
    object: &ObjectId,
    (parcel, to): (Parcel, Address),
) -> Result<Outcome> {
    let profile = doors.profile(&job.partner)?;
    let encrypted = to == Address::Partner && !profile.pgp.plain;
    let ending = match (encrypted, profile.pgp.armored) {
        (false, _) => "",
        (true, true) => ".asc",
        (true, false) => ".pgp",
    };
    let way = doors.way(&job.partner, to, parcel)?;
    let name = format!("{}-{}.{}{ending}", parcel.name(), job.id, parcel.ending());
    way.send(&name, &mut |out| {
        let mut plain = open(job, doors, object)?;
        if encrypted {
            openpgp::encrypt(plain, &doors.encryption(profile), out)
        } else {
            io::copy(&mut plain, out).map_err(|error| failure(&error))?;
            Ok(())
        }
    })?;
    let sent = parcel == Parcel::Interchange;
    Ok(Outcome {
        facts: if sent {
            vec![Fact::Outgoing("sent")]
        } else {
            Vec::new()
        },
        note: format!("{}/{name}", way.place()),
        ..Outcome::default()
    })
}
