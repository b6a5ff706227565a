//! Deliveries that are made in one: the first of them that is leased leads, and all are settled with it.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::ledger::{settle_arrival, task};
use super::{Database, Kind, column, unavailable};
use crate::failure::Result;
use crate::job::{Job, Task};
use crate::limits::BATCH;
use crate::object::{JobId, ObjectId};

/// A delivery that is made with others: its job waits for the one that leads.
const LED: &str = "batched";

impl Database {
    pub(super) async fn read_batch(&self, job: JobId) -> Result<Vec<ObjectId>> {
        let led =
            sqlx::query("SELECT task FROM job WHERE leader = $1 AND leader <> '' ORDER BY id");
        let rows = self.readers.rows(led.bind(job.to_string())).await?;
        let mut objects = Vec::new();
        for row in &rows {
            if let Task::Deliver { object, .. } = read_task(row)? {
                objects.push(object);
            }
        }
        Ok(objects)
    }

    /// Keeps the arrivals that may end with a job from ending with another at the same time: each of the two would see the other's work
    /// as undone, and neither would end them. In a file nothing changes at the same time.
    pub(super) async fn lock(&self, job: &Job, change: &mut AnyConnection) -> Result<()> {
        if self.kind == Kind::File {
            return Ok(());
        }
        if job.task.due_ms() == 0 {
            return lock_arrival(&job.arrival.to_string(), change).await;
        }
        let rows =
            sqlx::query("SELECT arrival FROM job WHERE id = $1 OR leader = $1 AND leader <> '' ORDER BY arrival")
                .bind(job.id.to_string())
                .fetch_all(&mut *change)
                .await
                .map_err(|error| unavailable(&error))?;
        for row in &rows {
            lock_arrival(column(row, "arrival")?, change).await?;
        }
        Ok(())
    }
}

/// A job that was leased takes the others along that are due, once: a second try is the same.
pub(super) async fn lead(job: &Job, now_ms: i64, change: &mut AnyConnection) -> Result<()> {
    let first = sqlx::query("UPDATE job SET leader = $1 WHERE id = $1 AND leader = ''")
        .bind(job.id.to_string())
        .execute(&mut *change)
        .await
        .map_err(|error| unavailable(&error))?;
    if first.rows_affected() == 0 {
        return Ok(());
    }
    let rows = sqlx::query(
        "SELECT id, task FROM job WHERE partner = $1 AND step = $2 AND state = 'ready' AND leader = '' AND due_ms > 0 AND due_ms <= $3 \
         ORDER BY id",
    )
    .bind(&job.partner)
    .bind(job.task.step().name())
    .bind(now_ms)
    .fetch_all(&mut *change)
    .await
    .map_err(|error| unavailable(&error))?;
    let mut led = 1;
    for row in &rows {
        if led == BATCH || !is_alike(&job.task, &read_task(row)?) {
            continue;
        }
        sqlx::query("UPDATE job SET leader = $2, state = $3, fence = fence + 1 WHERE id = $1 AND state = 'ready' AND leader = ''")
            .bind(column::<String, _>(row, "id")?)
            .bind(job.id.to_string())
            .bind(LED)
            .execute(&mut *change)
            .await
            .map_err(|error| unavailable(&error))?;
        led += 1;
    }
    Ok(())
}

/// Whether two deliveries may be made in one.
fn is_alike(one: &Task, other: &Task) -> bool {
    let kind = |task: &Task| match task {
        Task::Deliver {
            parcel,
            to,
            batch_ms,
            ..
        } if *batch_ms > 0 => Some((*parcel, *to)),
        _ => None,
    };
    kind(one).is_some() && kind(one) == kind(other)
}

async fn lock_arrival(arrival: &str, change: &mut AnyConnection) -> Result<()> {
    let locked = sqlx::query("UPDATE arrival SET state = state WHERE id = $1")
        .bind(arrival)
        .execute(&mut *change)
        .await;
    locked.map(drop).map_err(|error| unavailable(&error))
}

/// Settles what was delivered with a job as the job is settled; their arrivals may have ended with that.
pub(super) async fn settle(
    job: &Job,
    (state, now_ms): (&str, i64),
    change: &mut AnyConnection,
) -> Result<()> {
    if job.task.due_ms() == 0 || state == "ready" {
        return Ok(());
    }
    let rows = sqlx::query(
        "UPDATE job SET state = $2, changed_ms = $3, \
         reason = (SELECT l.reason FROM job l WHERE l.id = $1), note = (SELECT l.note FROM job l WHERE l.id = $1) \
         WHERE leader = $1 AND leader <> '' AND state = $4 RETURNING arrival",
    )
    .bind(job.id.to_string())
    .bind(state)
    .bind(now_ms)
    .bind(LED)
    .fetch_all(&mut *change)
    .await
    .map_err(|error| unavailable(&error))?;
    for row in &rows {
        settle_arrival(column(row, "arrival")?, change).await?;
    }
    Ok(())
}

fn read_task(row: &AnyRow) -> Result<Task> {
    task(column(row, "task")?)
}
