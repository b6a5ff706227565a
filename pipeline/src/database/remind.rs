//! Messages that the queue does not take, or has lost: they are put out later, or once more.

use sqlx::{AnyConnection, AssertSqlSafe};

use super::ledger::{in_order, notice, put_out};
use super::{Database, Kind, unavailable};
use crate::failure::Result;
use crate::limits::CLOCK_SKEW_MS;
use crate::object::JobId;
use crate::queue::Notice;

/// For how long what a relay takes from the outbox is hidden from others, in milliseconds.
const HIDDEN_MS: i64 = 5_000;

impl Database {
    /// Oldest first, where a condition on the moment at which they are due holds, which is $1. What is taken is hidden from other relays, for
    /// as long as it may take to publish it.
    pub(super) async fn take_from_outbox(
        &self,
        (condition, moment): (&str, i64),
        now_ms: i64,
        most: u32,
    ) -> Result<Vec<Notice>> {
        let skip = match self.kind {
            Kind::File => "",
            Kind::Server => "FOR UPDATE OF outbox SKIP LOCKED",
        };
        let statement = format!(
            "SELECT job.id, job.arrival, job.step, job.partner FROM outbox JOIN job ON job.id = outbox.job \
             WHERE outbox.{condition} ORDER BY outbox.due_ms LIMIT $2 {skip}"
        );
        let mut change = self.change_soon().await?;
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(moment)
            .bind(i64::from(most))
            .fetch_all(&mut *change)
            .await
            .map_err(|error| unavailable(&error))?;
        let notices = rows.iter().map(notice).collect::<Result<Vec<_>>>()?;
        let jobs: Vec<_> = notices.iter().map(|notice| notice.job).collect();
        put_off(&jobs, now_ms + HIDDEN_MS, &mut change).await?;
        change.commit().await?;
        Ok(notices)
    }

    /// Oldest first. A job that was left is one of them too, also when it was put out already.
    pub(super) async fn read_silent(&self, before_ms: i64, most: u32) -> Result<Vec<Notice>> {
        let silent = "changed_ms < $1 AND (state = 'ready' AND due_ms < $1 OR state = 'leased' AND lease_until_ms < $1)";
        self.read_untold(silent, before_ms, most).await
    }

    /// Oldest first.
    pub(super) async fn read_left(
        &self,
        now_ms: i64,
        for_ms: i64,
        most: u32,
    ) -> Result<Vec<Notice>> {
        // What was put out since is not again.
        let left = "state = 'leased' AND lease_until_ms < $1 AND changed_ms < lease_until_ms";
        let left = self.read_untold(left, now_ms - for_ms, most).await?;
        if !left.is_empty() {
            return Ok(left);
        }
        let wrong = "state = 'leased' AND changed_ms > $1";
        self.read_untold(wrong, now_ms + CLOCK_SKEW_MS, most).await
    }

    /// Jobs for which a condition on a moment holds, which is $1, and whose messages are not about to be published.
    async fn read_untold(&self, condition: &str, moment: i64, most: u32) -> Result<Vec<Notice>> {
        let statement = format!(
            "SELECT id, arrival, step, partner FROM job WHERE {condition} \
             AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.job = job.id) ORDER BY changed_ms LIMIT $2"
        );
        let query = sqlx::query(AssertSqlSafe(statement));
        let query = query.bind(moment).bind(i64::from(most));
        let rows = self.readers.rows(query).await?;
        rows.iter().map(notice).collect()
    }

    /// One that was heard of in the meantime is told twice, which is harmless. What a clock that was wrong has leased is nobody's any more.
    pub(super) async fn put_out_again(&self, jobs: &[JobId], now_ms: i64) -> Result<()> {
        let mut change = self.change().await?;
        for job in in_order(jobs) {
            let changed = sqlx::query(
                "UPDATE job SET changed_ms = $2, lease_until_ms = CASE WHEN changed_ms > $3 THEN $2 ELSE lease_until_ms END \
                 WHERE id = $1 AND state IN ('ready', 'leased')",
            )
            .bind(job.to_string())
            .bind(now_ms)
            .bind(now_ms + CLOCK_SKEW_MS)
            .execute(&mut *change)
            .await
            .map_err(|error| unavailable(&error))?;
            if changed.rows_affected() == 1 {
                put_out(job, now_ms, &mut change).await?;
            }
        }
        change.commit().await
    }
}

/// Lets messages wait in the outbox.
pub(super) async fn put_off(
    jobs: &[JobId],
    until_ms: i64,
    change: &mut AnyConnection,
) -> Result<()> {
    for job in in_order(jobs) {
        sqlx::query("UPDATE outbox SET due_ms = $2 WHERE job = $1")
            .bind(job.to_string())
            .bind(until_ms)
            .execute(&mut *change)
            .await
            .map_err(|error| unavailable(&error))?;
    }
    Ok(())
}
