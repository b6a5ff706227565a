//! The queue in the database: a message is a row that is invisible while somebody has it.

use async_trait::async_trait;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::{Database, column, unavailable};
use crate::failure::Result;
use crate::limits::{AGAIN_MS, CLOCK_SKEW_MS};
use crate::object::JobId;
use crate::queue::{Delivery, Notice, Part, Queue};

#[async_trait]
impl Queue for Database {
    async fn publish(&self, notices: &[Notice]) -> Result<Vec<JobId>> {
        let mut change = self.change().await?;
        for Notice { job, step, .. } in notices {
            sqlx::query("INSERT INTO message (job, part, tag, visible_ms) VALUES ($1, $2, 0, 0) ON CONFLICT (job) DO NOTHING")
                .bind(job.to_string())
                .bind(Part::of(*step).name())
                .execute(&mut *change)
                .await
                .map_err(|error| unavailable(&error))?;
        }
        change.commit().await?;
        self.published.notify_one();
        Ok(notices.iter().map(|notice| notice.job).collect())
    }

    async fn take(&self, most: u32, now_ms: i64, within_ms: i64) -> Result<Vec<Delivery>> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let taken = self.take_if(("visible_ms <= $3", now_ms), most, now_ms + within_ms);
        let taken = taken.await?;
        if !taken.is_empty() {
            return Ok(taken);
        }
        // No message is to wait for so long: a clock was wrong.
        let longest = now_ms + within_ms.max(AGAIN_MS) + CLOCK_SKEW_MS;
        self.take_if(("visible_ms > $3", longest), most, now_ms + within_ms)
            .await
    }

    async fn keep(&self, deliveries: &[Delivery], until_ms: i64) -> Result<()> {
        for delivery in deliveries {
            self.again(*delivery, until_ms).await?;
        }
        Ok(())
    }

    async fn confirm(&self, deliveries: &[Delivery]) -> Result<()> {
        let mut change = self.change().await?;
        for delivery in deliveries {
            // A message that came back in the meantime has another tag, and is left alone.
            sqlx::query("DELETE FROM message WHERE job = $1 AND tag = $2")
                .bind(delivery.job.to_string())
                .bind(delivery.tag)
                .execute(&mut *change)
                .await
                .map_err(|error| unavailable(&error))?;
        }
        change.commit().await
    }

    async fn again(&self, delivery: Delivery, at_ms: i64) -> Result<()> {
        let hidden = sqlx::query("UPDATE message SET visible_ms = $3 WHERE job = $1 AND tag = $2")
            .bind(delivery.job.to_string())
            .bind(delivery.tag)
            .bind(at_ms);
        self.writers.execute(hidden).await.map(drop)
    }

    async fn lost(&self, notices: &[Notice]) -> Result<Vec<JobId>> {
        let mut lost = Vec::new();
        for Notice { job, .. } in notices {
            let query = sqlx::query("SELECT 1 FROM message WHERE job = $1");
            let messages = self.readers.rows(query.bind(job.to_string())).await?;
            if messages.is_empty() {
                lost.push(*job);
            }
        }
        Ok(lost)
    }

    async fn depth(&self, parts: &[Part], now_ms: i64) -> Result<u64> {
        let mut depth = 0;
        for part in parts {
            let statement =
                "SELECT COUNT(*) AS depth FROM message WHERE part = $1 AND visible_ms <= $2";
            let asked = sqlx::query(statement).bind(part.name()).bind(now_ms);
            for row in self.readers.rows(asked).await? {
                depth += u64::try_from(column::<i64, _>(&row, "depth")?).unwrap_or_default();
            }
        }
        Ok(depth)
    }

    async fn ready(&self) -> Result<()> {
        let asked = sqlx::query("SELECT 1 FROM message LIMIT 1");
        self.readers.rows(asked).await.map(drop)
    }

    async fn wait(&self, most: std::time::Duration) {
        // Nothing is lost if nobody tells: the time ends too.
        let _ = tokio::time::timeout(most, self.published.notified()).await;
    }
}

impl Database {
    /// Takes messages for which a condition on when they are seen holds, whose moment is $3. One condition at a time, so that an index
    /// finds them.
    async fn take_if(
        &self,
        (condition, moment): (&str, i64),
        most: u32,
        until_ms: i64,
    ) -> Result<Vec<Delivery>> {
        let parts: Vec<_> = self.parts.iter().map(|part| part.name()).collect();
        let parts = parts.join("', '");
        let statement = format!(
            "UPDATE message SET visible_ms = $1, tag = tag + 1 WHERE job IN \
             (SELECT job FROM message WHERE {condition} AND part IN ('{parts}') ORDER BY visible_ms LIMIT $2) \
             AND {condition} RETURNING job, tag"
        );
        let taken = sqlx::query(AssertSqlSafe(statement))
            .bind(until_ms)
            .bind(i64::from(most))
            .bind(moment);
        let rows = self.writers.rows(taken).await?;
        rows.iter().map(delivery).collect()
    }
}

fn delivery(row: &AnyRow) -> Result<Delivery> {
    Ok(Delivery {
        job: super::ledger::id(column(row, "job")?)?,
        tag: column(row, "tag")?,
        line: None,
    })
}
