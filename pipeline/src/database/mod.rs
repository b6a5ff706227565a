//! The ledger and the embedded queue in a database: SQLite by default, one SQL text that PostgreSQL takes too.
//!
//! Each method is one transaction or one statement. Amounts of work at a time are bounded, and what depends on a lease says so in its
//! `WHERE`, so that a worker that was thought dead can change nothing.

mod batch;
mod facts;
mod ledger;
mod queue;
mod replay;
mod views;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{Any, AnyPool, Connection, Transaction};
use tokio::sync::Notify;

use crate::failure::{Failure, Result};

/// Connections of one process that only read.
const READERS: u32 = 4;

/// The database.
pub struct Database {
    /// The one connection that writes. SQLite has one writer at a time: who waits here is woken in turn, while connections that
    /// contend for the file sleep and look again, and forget what they have read of it whenever another has written.
    writer: AnyPool,
    readers: AnyPool,
    begin: &'static str,
    /// Told when a message was published by this process.
    published: Notify,
}

impl Database {
    /// Opens a file, and makes it and its tables if there are none.
    ///
    /// # Errors
    /// [`Failure::Transient`] if the file cannot be opened or written.
    pub async fn open(file: &Path) -> Result<Self> {
        sqlx::any::install_default_drivers();
        // Names of files and control numbers are nobody else's business.
        let mut ours = OpenOptions::new();
        let made = ours.append(true).create(true).mode(0o600).open(file);
        made.map_err(|error| unavailable(&error.into()))?;
        let database = Self {
            writer: connect(file, 1).await?,
            readers: connect(file, READERS).await?,
            begin: "BEGIN IMMEDIATE",
            published: Notify::new(),
        };
        database.prepare().await?;
        Ok(database)
    }

    async fn prepare(&self) -> Result<()> {
        let mut change = self.change().await?;
        for statement in include_str!("schema.sql").split(";\n") {
            sqlx::query(statement)
                .execute(&mut *change)
                .await
                .map_err(|error| unavailable(&error))?;
        }
        commit(change).await
    }

    /// Begins a transaction that writes.
    async fn change(&self) -> Result<Transaction<'static, Any>> {
        let begun = self.writer.begin_with(self.begin).await;
        begun.map_err(|error| unavailable(&error))
    }
}

async fn connect(file: &Path, most: u32) -> Result<AnyPool> {
    let url = format!("sqlite://{}?mode=rwc", file.display());
    let options: AnyConnectOptions = url.parse().map_err(|error| unavailable(&error))?;
    AnyPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(Duration::from_secs(30))
        // A file does not hang up.
        .test_before_acquire(false)
        .after_connect(|connection, _| {
            Box::pin(async move {
                // FULL: what was recorded stays recorded when the power fails.
                for pragma in [
                    "PRAGMA busy_timeout = 30000",
                    "PRAGMA journal_mode = WAL",
                    "PRAGMA synchronous = FULL",
                    "PRAGMA foreign_keys = ON",
                ] {
                    sqlx::query(pragma).execute(&mut *connection).await?;
                }
                Ok(())
            })
        })
        // A rollback that fails, on a disk that does, leaves a connection that can begin nothing more: it goes.
        .before_acquire(|connection, _| {
            let is_free = !connection.is_in_transaction();
            Box::pin(async move { Ok(is_free) })
        })
        .connect_with(options)
        .await
        .map_err(|error| unavailable(&error))
}

async fn commit(change: Transaction<'static, Any>) -> Result<()> {
    change.commit().await.map_err(|error| unavailable(&error))
}

/// The database did not do what it was asked. Its words may hold values, so only the kind of error is logged.
fn unavailable(error: &sqlx::Error) -> Failure {
    let kind = match error {
        sqlx::Error::Database(error) => format!("database {}", error.code().unwrap_or_default()),
        sqlx::Error::Io(error) => format!("input or output: {}", error.kind()),
        sqlx::Error::PoolTimedOut => "no connection in time".to_owned(),
        sqlx::Error::RowNotFound => "no row".to_owned(),
        sqlx::Error::ColumnDecode { index, .. } => format!("column {index}"),
        sqlx::Error::BeginFailed | sqlx::Error::InvalidSavePointStatement => {
            "no transaction".to_owned()
        }
        sqlx::Error::WorkerCrashed | sqlx::Error::PoolClosed => "no connection".to_owned(),
        _ => "other".to_owned(),
    };
    tracing::warn!(kind, "the ledger did not answer");
    Failure::transient("ledger-unavailable", "the ledger did not answer")
}
