//! The tables, made step by step: a ledger of an older version gets the steps that it lacks, and keeps all that is in it.
//!
//! Processes of two versions work in one ledger while they are replaced. So a step only adds what those of before can do without: tables,
//! indexes, columns with a default. A step that was released is never changed.

use sqlx::AnyConnection;

use super::{Database, Kind, column, unavailable};
use crate::failure::Result;

/// The steps, in order; statements end with a semicolon at the end of a line.
const STEPS: [&str; 4] = [
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
];

/// By what those that make the tables of a server find each other: any number, but always this.
const LOCK: i64 = 0x5831_3250;

impl Database {
    /// Makes what is missing. Those who begin at the same time wait for each other.
    pub(super) async fn migrate(&self) -> Result<()> {
        let mut change = self.change().await?;
        if self.kind == Kind::Server {
            let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK);
            let locked = lock.execute(&mut *change).await;
            locked.map_err(|error| unavailable(&error))?;
        }
        execute(
            "CREATE TABLE IF NOT EXISTS schema_step (number BIGINT PRIMARY KEY)",
            &mut change,
        )
        .await?;
        let done = steps_done(&mut change).await?;
        for (number, step) in (1..).zip(STEPS).filter(|(number, _)| *number > done) {
            for statement in step.split(";\n") {
                execute(statement, &mut change).await?;
            }
            let note = sqlx::query("INSERT INTO schema_step (number) VALUES ($1)").bind(number);
            let noted = note.execute(&mut *change).await;
            noted.map_err(|error| unavailable(&error))?;
        }
        change.commit().await?;
        let known = STEPS.len();
        if done > i64::try_from(known).unwrap_or(i64::MAX) {
            tracing::info!(
                done,
                known,
                "the ledger is of a newer version, which this one can work with"
            );
        }
        Ok(())
    }
}

/// The last step that was done; 0 in a ledger of before there were steps, whose tables are those of the first.
async fn steps_done(change: &mut AnyConnection) -> Result<i64> {
    let row = sqlx::query("SELECT COALESCE(MAX(number), 0) AS done FROM schema_step")
        .fetch_one(change)
        .await
        .map_err(|error| unavailable(&error))?;
    column(&row, "done")
}

async fn execute(statement: &'static str, change: &mut AnyConnection) -> Result<()> {
    let done = sqlx::query(statement).execute(change).await;
    done.map(drop).map_err(|error| unavailable(&error))
}
