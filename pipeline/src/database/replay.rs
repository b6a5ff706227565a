//! Sending an arrival down the road once more, as it came.

use super::ledger::{Made, id, task};
use super::{Database, column, unavailable};
use crate::failure::Result;
use crate::ledger::Replay;
use crate::object::JobId;

impl Database {
    /// One replay of an arrival is open at a time, so asking twice sends it once.
    pub(super) async fn replay_once(
        &self,
        original: &str,
        replay: JobId,
        now_ms: i64,
    ) -> Result<Option<Replay>> {
        let mut change = self.change().await?;
        let row = sqlx::query(
            "SELECT CASE a.replay_of WHEN '' THEN a.id ELSE a.replay_of END AS root, a.partner, a.state, j.task, \
             COALESCE((SELECT MAX(r.id) FROM arrival r WHERE r.state = 'open' AND r.replay_of = \
             CASE a.replay_of WHEN '' THEN a.id ELSE a.replay_of END), '') AS running \
             FROM arrival a JOIN job j ON j.arrival = a.id AND j.step = 'decrypt' WHERE a.id = $1",
        )
        .bind(original)
        .fetch_optional(&mut *change)
        .await
        .map_err(|error| unavailable(&error))?;
        let Some(row) = row else {
            return Ok(None);
        };
        let text = |name| column::<&str, _>(&row, name);
        let running = text("running")?;
        if !running.is_empty() {
            return Ok(Some(Replay::Running(running.to_owned())));
        }
        if text("state")? == "open" {
            return Ok(Some(Replay::Running(original.to_owned())));
        }
        sqlx::query(
            "INSERT INTO arrival (id, partner, direction, identity, name, bytes, received_ms, state, reason, replay_of) \
             SELECT $2, partner, direction, $2, name, bytes, $3, 'open', '', $4 FROM arrival WHERE id = $1",
        )
        .bind(original)
        .bind(replay.to_string())
        .bind(now_ms)
        .bind(text("root")?)
        .execute(&mut *change)
        .await
        .map_err(|error| unavailable(&error))?;
        let first = task(text("task")?)?;
        let partner = text("partner")?;
        let made = Made {
            id: replay.following(first.step(), 0),
            arrival: id(&replay.to_string())?,
            partner,
            now_ms,
        };
        made.insert(&first, &mut change).await?;
        change.commit().await?;
        Ok(Some(Replay::Begun(replay.to_string())))
    }
}
