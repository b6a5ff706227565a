//! Messages that the queue does not take, or has lost: they are put out later, or once more.

use sqlx::AssertSqlSafe;

use super::ledger::{notice, put_out};
use super::{Database, commit, unavailable};
use crate::failure::Result;
use crate::object::JobId;
use crate::queue::Notice;

impl Database {
    /// Oldest first, where a condition on the moment at which they are due holds, which is $1.
    pub(super) async fn read_outbox(
        &self,
        (condition, moment): (&str, i64),
        most: u32,
    ) -> Result<Vec<Notice>> {
        let statement = format!(
            "SELECT job.id, job.arrival, job.step, job.partner FROM outbox JOIN job ON job.id = outbox.job \
             WHERE outbox.{condition} ORDER BY outbox.due_ms LIMIT $2"
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(moment)
            .bind(i64::from(most))
            .fetch_all(&self.readers)
            .await
            .map_err(|error| unavailable(&error))?;
        rows.iter().map(notice).collect()
    }

    /// Oldest first. A job whose lease ended long ago is one of them too: its message should have come again.
    pub(super) async fn read_silent(&self, before_ms: i64, most: u32) -> Result<Vec<Notice>> {
        let rows = sqlx::query(
            "SELECT id, arrival, step, partner FROM job WHERE changed_ms < $1 AND \
             (state = 'ready' AND due_ms < $1 OR state = 'leased' AND lease_until_ms < $1) \
             AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.job = job.id) ORDER BY changed_ms LIMIT $2",
        )
        .bind(before_ms)
        .bind(i64::from(most))
        .fetch_all(&self.readers)
        .await
        .map_err(|error| unavailable(&error))?;
        rows.iter().map(notice).collect()
    }

    /// One that was heard of in the meantime is told twice, which is harmless.
    pub(super) async fn put_out_again(&self, jobs: &[JobId], now_ms: i64) -> Result<()> {
        let mut change = self.change().await?;
        for job in jobs {
            let changed = sqlx::query(
                "UPDATE job SET changed_ms = $2 WHERE id = $1 AND state IN ('ready', 'leased')",
            )
            .bind(job.to_string())
            .bind(now_ms)
            .execute(&mut *change)
            .await
            .map_err(|error| unavailable(&error))?;
            if changed.rows_affected() == 1 {
                put_out(*job, now_ms, &mut change).await?;
            }
        }
        commit(change).await
    }

    /// Lets messages wait in the outbox.
    pub(super) async fn put_off(&self, jobs: &[JobId], until_ms: i64) -> Result<()> {
        let mut change = self.change().await?;
        for job in jobs {
            sqlx::query("UPDATE outbox SET due_ms = $2 WHERE job = $1")
                .bind(job.to_string())
                .bind(until_ms)
                .execute(&mut *change)
                .await
                .map_err(|error| unavailable(&error))?;
        }
        commit(change).await
    }
}
