//! Answers of a second pass, with the verdicts of the first: 277CA on claims, 824 on what no other answer tells.

use x12_parser::{
    AcceptedRecords, AdviceOptions, ClaimAcknowledgmentOptions, ClaimSource, Error,
    acknowledge_claims, advise,
};

use crate::clock::x12_date_and_time;
use crate::doors::Doors;
use crate::drawn::Drawn;
use crate::failure::{Failure, Result};
use crate::job::{Address, Job, Parcel, Task};
use crate::object::ObjectId;
use crate::paper::{open, readable, seal};
use crate::profile::Claims;
use crate::seal::Sealer;

/// Answers what was accepted of a document, as the partner's profile wants it: the 277CAs are object 2 of the job, the 824s object 3; they
/// leave at `batch_ms`, as [`Acknowledge::batch_ms`](crate::profile::Acknowledge::batch_ms) says.
///
/// # Errors
/// A failure to read or write, or of the ledger.
pub fn further(
    job: &Job,
    doors: &Doors,
    x12: &ObjectId,
    (accepted, numbers, batch_ms): (&AcceptedRecords, Drawn<'_>, i64),
) -> Result<Vec<Task>> {
    let (date, time) = x12_date_and_time(doors.clock.now_ms());
    let (policy, options) = (
        &doors.profile(&job.partner)?.acknowledge,
        doors.options(&job.partner)?,
    );
    let mut numbers = numbers.further();
    let mut tasks = Vec::new();
    if policy.claims != Claims::No && accepted.has_claims() {
        let mut how = ClaimAcknowledgmentOptions::new(&*date, &*time, numbers);
        (how.received, _) = x12_date_and_time(job.received_ms);
        how.list_accepted = policy.list_accepted;
        if policy.claims == Claims::AsClearinghouse {
            how.source = ClaimSource::Clearinghouse;
        }
        let (document, mut answer) = (open(job, doors, x12)?, seal(job, doors, 2)?);
        let written = acknowledge_claims(document, &mut answer, accepted, &mut how, options);
        tasks.extend(deliver(
            job,
            written.map(drop),
            (answer, 2, Parcel::Claims),
            batch_ms,
        )?);
        numbers = how.numbers.further();
    }
    if let Some(sets) = policy.advice.sets() {
        let mut how = AdviceOptions::new(date, time, numbers);
        how.sets = sets;
        how.claims_answered = policy.claims != Claims::No;
        let (document, mut answer) = (open(job, doors, x12)?, seal(job, doors, 3)?);
        let written = advise(document, &mut answer, accepted, &mut how, options);
        tasks.extend(deliver(
            job,
            written.map(drop),
            (answer, 3, Parcel::Advice),
            batch_ms,
        )?);
    }
    Ok(tasks)
}

/// Sends an answer to its partner, if anything was written.
fn deliver(
    job: &Job,
    written: std::result::Result<(), Error>,
    (answer, ordinal, parcel): (Sealer, u32, Parcel),
    batch_ms: i64,
) -> Result<Option<Task>> {
    let broken = |_| {
        Failure::permanent(
            "verdicts-broken",
            "the verdicts are not those of the document",
        )
    };
    readable(written)?.map_err(broken)?;
    let is_written = answer.finish()?.bytes > 0;
    Ok(is_written.then(|| Task::Deliver {
        object: job.object(ordinal),
        parcel,
        to: Address::Partner,
        batch_ms,
    }))
}
