//! Sends one object to one address: encrypted and signed for a partner, as it is for our own systems.

use std::io::{self, Read};
use std::slice;

use crate::doors::Doors;
use crate::failure::Result;
use crate::job::{Address, Fact, Job, Outcome, Parcel};
use crate::object::ObjectId;
use crate::openpgp;
use crate::paper::open;
use crate::seal::Opener;
use crate::store::failure;

/// Does a [`crate::job::Task::Deliver`].
///
/// The file's name is that of the job, so a second try is the same file. Answers that leave together are one file, interchange after
/// interchange.
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
    let objects = objects(job, doors, object)?;
    let way = doors.way(&job.partner, to, parcel)?;
    let name = format!("{}-{}.{}{ending}", parcel.name(), job.id, parcel.ending());
    way.send(&name, &mut |out| {
        let mut plain = Chained {
            job,
            doors,
            objects: objects.iter(),
            open: None,
        };
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

/// What is delivered: the object of the job, or, of answers that wait for one another, those of all that are due.
fn objects(job: &Job, doors: &Doors, object: &ObjectId) -> Result<Vec<ObjectId>> {
    if job.task.due_ms() == 0 {
        return Ok(vec![*object]);
    }
    doors.wait(doors.ledger.batch(job.id))
}

/// Objects one behind the other: each is opened when the one before has ended.
struct Chained<'a> {
    job: &'a Job,
    doors: &'a Doors,
    objects: slice::Iter<'a, ObjectId>,
    open: Option<Opener>,
}

impl Read for Chained<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = match &mut self.open {
                Some(opened) => opened.read(to)?,
                None => 0,
            };
            if read > 0 || to.is_empty() {
                return Ok(read);
            }
            let Some(object) = self.objects.next() else {
                return Ok(0);
            };
            let opened = open(self.job, self.doors, object);
            self.open = Some(opened.map_err(io::Error::other)?);
        }
    }
}
