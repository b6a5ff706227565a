//! A job that is taken from the ledger to be done, and who holds it already.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::ledger::{id, task};
use super::{column, unavailable};
use crate::failure::Result;
use crate::job::Job;
use crate::ledger::Lease;
use crate::limits::CLOCK_SKEW_MS;
use crate::object::JobId;

/// Leases a job from now until a moment.
pub(super) async fn take(
    job: JobId,
    (now_ms, until_ms): (i64, i64),
    change: &mut AnyConnection,
) -> Result<Lease> {
    let row = sqlx::query(
        "SELECT job.arrival, job.partner, job.task, job.state, job.attempts, job.lefts, job.fence, job.lease_until_ms, job.due_ms, job.changed_ms, \
         arrival.received_ms FROM job JOIN arrival ON arrival.id = job.arrival WHERE job.id = $1",
    )
    .bind(job.to_string())
    .fetch_optional(&mut *change)
    .await
    .map_err(|error| unavailable(&error))?;
    let Some(row) = row else {
        return Ok(Lease::Unknown);
    };
    if let Some(why_not) = not_free(&row, now_ms)? {
        return Ok(why_not);
    }
    let leased = leased(job, &row)?;
    let updated = sqlx::query(
        "UPDATE job SET attempts = CASE state WHEN 'leased' THEN attempts ELSE attempts + 1 END, state = 'leased', fence = $2, \
         lease_until_ms = $3, changed_ms = $4 WHERE id = $1 AND fence = $2 - 1",
    )
    .bind(job.to_string())
    .bind(leased.fence)
    .bind(until_ms)
    .bind(now_ms)
    .execute(&mut *change)
    .await
    .map_err(|error| unavailable(&error))?;
    if updated.rows_affected() == 0 {
        return Ok(Lease::Busy(until_ms));
    }
    if leased.task.due_ms() > 0 {
        super::batch::lead(&leased, now_ms, change).await?;
    }
    Ok(Lease::Taken(Box::new(leased)))
}

/// What keeps a job from being leased now. A moment that a clock far ahead has written keeps nobody.
fn not_free(row: &AnyRow, now_ms: i64) -> Result<Option<Lease>> {
    let until_ms: i64 = match column(row, "state")? {
        "ready" => column(row, "due_ms")?,
        "leased" => column(row, "lease_until_ms")?,
        _ => return Ok(Some(Lease::Settled)),
    };
    let is_sane = column::<i64, _>(row, "changed_ms")? <= now_ms + CLOCK_SKEW_MS;
    Ok((until_ms > now_ms && is_sane).then_some(Lease::Busy(until_ms)))
}

/// The job as its row tells of it, under the next fence.
fn leased(job: JobId, row: &AnyRow) -> Result<Job> {
    let number = |name| column::<i64, _>(row, name);
    let was_left = column::<&str, _>(row, "state")? == "leased";
    let lefts = number("lefts")? + i64::from(was_left);
    Ok(Job {
        id: job,
        arrival: id(column(row, "arrival")?)?,
        partner: column(row, "partner")?,
        task: task(column(row, "task")?)?,
        attempt: u32::try_from(number("attempts")? + 1).unwrap_or(u32::MAX),
        was_left,
        lefts: u32::try_from(lefts).unwrap_or(u32::MAX),
        is_told: true,
        fence: number("fence")? + 1,
        received_ms: number("received_ms")?,
    })
}
