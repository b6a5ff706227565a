//! What operators see of the ledger.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::{Database, column};
use crate::failure::Result;
use crate::ledger::{ArrivalRow, JobRow, Standing, Unanswered, UnitRow, Waiting};

impl Database {
    pub(super) async fn read_arrived(&self) -> Result<Vec<(String, String, i64)>> {
        let arrived = self
            .rows("SELECT direction, state, COUNT(*) AS n FROM arrival GROUP BY direction, state ORDER BY 1, 2")
            .await?;
        let triple = |row: &AnyRow| Ok((column(row, 0)?, column(row, 1)?, column(row, 2)?));
        arrived.iter().map(triple).collect()
    }

    pub(super) async fn read_waiting(&self) -> Result<Vec<Waiting>> {
        let jobs = self
            .rows("SELECT step, state, COUNT(*), MIN(created_ms) FROM job WHERE state IN ('ready', 'leased', 'batched') GROUP BY step, state ORDER BY 1, 2")
            .await?;
        let waiting = |row: &AnyRow| {
            Ok(Waiting {
                step: column(row, 0)?,
                state: column(row, 1)?,
                count: column(row, 2)?,
                oldest_ms: column(row, 3)?,
            })
        };
        jobs.iter().map(waiting).collect()
    }

    /// Each from an index that has only such rows: the ledger keeps what is settled for years.
    pub(super) async fn read_standing(&self) -> Result<Standing> {
        let stopped = self
            .rows("SELECT state, COUNT(*) FROM arrival WHERE state IN ('dead', 'quarantined') GROUP BY state ORDER BY 1")
            .await?;
        let unanswered = self
            .rows("SELECT g.partner, COUNT(*), MIN(received_ms) FROM functional_group g JOIN arrival ON id = arrival \
                   WHERE g.state = 'sent' GROUP BY g.partner ORDER BY 1")
            .await?;
        let groups = |row: &AnyRow| {
            Ok(Unanswered {
                partner: column(row, 0)?,
                count: column(row, 1)?,
                oldest_ms: column(row, 2)?,
            })
        };
        let stopped = stopped
            .iter()
            .map(|row| Ok((column(row, 0)?, column(row, 1)?)));
        Ok(Standing {
            jobs: self.read_waiting().await?,
            stopped: stopped.collect::<Result<_>>()?,
            unanswered: unanswered.iter().map(groups).collect::<Result<_>>()?,
        })
    }

    async fn rows(&self, statement: &'static str) -> Result<Vec<AnyRow>> {
        self.readers.rows(sqlx::query(statement)).await
    }

    /// The latest of those for which a condition on a value holds, which is $1.
    pub(super) async fn read_arrivals(
        &self,
        (condition, value): (&'static str, &str),
        most: u32,
    ) -> Result<Vec<ArrivalRow>> {
        let statement = format!(
            "SELECT id, partner, direction, name, state, reason, replay_of, bytes, received_ms, \
             COALESCE((SELECT string_agg(n || ' ' || state, ', ') FROM (SELECT state, COUNT(*) AS n FROM transaction_set \
             WHERE arrival = a.id GROUP BY state ORDER BY state) AS states), '') AS sets, \
             COALESCE((SELECT string_agg(answer, ', ') FROM (SELECT answer FROM (\
             SELECT answer, ordinal AS i, 0 AS g FROM interchange WHERE arrival = a.id AND answer <> '' \
             UNION ALL SELECT answer, interchange, ordinal FROM functional_group WHERE arrival = a.id AND answer <> '') AS told \
             ORDER BY i, g LIMIT 3) AS answers), '') AS answers, \
             COALESCE((SELECT string_agg(note, $3) FROM (SELECT note FROM job WHERE arrival = a.id AND step IN ('deliver', 'forward') \
             AND state = 'done' ORDER BY created_ms, note) AS parcels), '') AS delivered \
             FROM arrival a WHERE {condition} ORDER BY received_ms DESC, id DESC LIMIT $2"
        );
        let query = sqlx::query(AssertSqlSafe(statement))
            .bind(value)
            .bind(i64::from(most))
            .bind("\n");
        let rows = self.readers.rows(query).await?;
        let arrival = |row: &AnyRow| {
            Ok(ArrivalRow {
                id: column(row, 0)?,
                partner: column(row, 1)?,
                direction: column(row, 2)?,
                name: column(row, 3)?,
                state: column(row, 4)?,
                reason: column(row, 5)?,
                replay_of: column(row, 6)?,
                bytes: column(row, 7)?,
                received_ms: column(row, 8)?,
                sets: column(row, 9)?,
                answers: column(row, 10)?,
                delivered: column::<&str, _>(row, 11)?
                    .lines()
                    .map(str::to_owned)
                    .collect(),
            })
        };
        rows.iter().map(arrival).collect()
    }

    pub(super) async fn read_jobs(&self, arrival: &str) -> Result<Vec<JobRow>> {
        let query = sqlx::query(
            "SELECT id, arrival, step, task, state, reason, note, attempts, changed_ms FROM job WHERE arrival = $1 \
             ORDER BY created_ms, changed_ms",
        )
        .bind(arrival);
        let rows = self.readers.rows(query).await?;
        let job = |row: &AnyRow| {
            Ok(JobRow {
                id: column(row, 0)?,
                arrival: column(row, 1)?,
                step: column(row, 2)?,
                task: column(row, 3)?,
                state: column(row, 4)?,
                reason: column(row, 5)?,
                note: column(row, 6)?,
                attempts: column(row, 7)?,
                changed_ms: column(row, 8)?,
            })
        };
        rows.iter().map(job).collect()
    }

    pub(super) async fn read_units(&self, arrival: &str, most: u32) -> Result<Vec<UnitRow>> {
        let query = sqlx::query(
            "SELECT kind, identity, state, answer, i, g, s FROM (\
             SELECT 'interchange' AS kind, isa13 AS identity, state, answer, ordinal AS i, 0 AS g, 0 AS s FROM interchange WHERE arrival = $1 \
             UNION ALL SELECT 'group', gs01 || ' ' || gs06, state, answer, interchange, ordinal, 0 FROM functional_group WHERE arrival = $1 \
             UNION ALL SELECT 'set', st01 || ' ' || st02, state, \
             answer || CASE WHEN answer = '' OR records = '' THEN '' ELSE ', ' END || records \
             || CASE reference WHEN '' THEN '' ELSE ', the others sent on as ' || reference END, interchange, functional_group, ordinal FROM transaction_set \
             WHERE arrival = $1) AS units ORDER BY i, g, s LIMIT $2",
        )
        .bind(arrival)
        .bind(i64::from(most));
        let rows = self.readers.rows(query).await?;
        let unit = |row: &AnyRow| {
            Ok(UnitRow {
                kind: column(row, 0)?,
                identity: column(row, 1)?,
                state: column(row, 2)?,
                answer: column(row, 3)?,
                place: [column(row, 4)?, column(row, 5)?, column(row, 6)?],
            })
        };
        rows.iter().map(unit).collect()
    }
}
