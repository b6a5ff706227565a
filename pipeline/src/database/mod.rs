//! The ledger and the embedded queue in a database: SQLite by default, one SQL text that PostgreSQL takes too.
//!
//! Each method is one transaction or one statement. Amounts of work at a time are bounded, and what depends on a lease says so in its
//! `WHERE`, so that a worker that was thought dead can change nothing.

mod batch;
mod facts;
mod lease;
mod ledger;
mod migrate;
mod queue;
mod remind;
mod replay;
mod views;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions, AnyRow};
use sqlx::{Any, AnyConnection, AnyPool, ColumnIndex, Connection, Decode, Row, Transaction, Type};
use tokio::sync::Notify;

use crate::failure::{Failure, Result};
use crate::queue::Part;

/// Connections of one process that only read.
const READERS: u32 = 4;

/// How long a connection that was just used counts as good.
const FRESH: Duration = Duration::from_secs(1);

/// How long a server may take to answer that it is there.
const PING: Duration = Duration::from_secs(2);

/// Connections of one process that write to a server, which has many writers at a time.
const WRITERS: u32 = 8;

/// The database.
pub struct Database {
    /// What writes. SQLite has one writer at a time: who waits here is woken in turn, while connections that contend for the file sleep
    /// and look again, and forget what they have read of it whenever another has written.
    writer: AnyPool,
    readers: AnyPool,
    kind: Kind,
    /// The parts of the road whose messages are taken.
    parts: Vec<Part>,
    /// Told when a message was published by this process.
    published: Notify,
}

/// What differs between the databases.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    File,
    Server,
}

impl Database {
    /// Opens a file, and makes it and its tables if there are none.
    ///
    /// # Errors
    /// [`Failure::Transient`] if the file cannot be opened or written.
    pub async fn open(file: &Path) -> Result<Self> {
        // Names of files and control numbers are nobody else's business.
        let mut ours = OpenOptions::new();
        let made = ours.append(true).create(true).mode(0o600).open(file);
        made.map_err(|error| unavailable(&error.into()))?;
        let url = format!("sqlite://{}?mode=rwc", file.display());
        Self::ready(&url, Kind::File, 1).await
    }

    /// Connects to a PostgreSQL database, and makes its tables if there are none. Its sessions wait for the disk, whatever its default is.
    ///
    /// # Errors
    /// [`Failure::Permanent`] if this is no address of one; [`Failure::Transient`] if it does not answer.
    pub async fn connect(url: &str) -> Result<Self> {
        let schemes = ["postgres://", "postgresql://"];
        if !schemes.iter().any(|scheme| url.starts_with(scheme)) {
            let what = "the address of the database does not begin with postgres://";
            return Err(Failure::permanent("database-url", what));
        }
        Self::ready(url, Kind::Server, WRITERS).await
    }

    /// The same, for a process that does these parts of the road only.
    #[must_use]
    pub fn for_parts(mut self, parts: &[Part]) -> Self {
        self.parts = parts.to_vec();
        self
    }

    async fn ready(url: &str, kind: Kind, writers: u32) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let database = Self {
            writer: pool(url, kind, writers).await?,
            readers: pool(url, kind, READERS).await?,
            kind,
            parts: Part::ALL.to_vec(),
            published: Notify::new(),
        };
        database.migrate().await?;
        Ok(database)
    }

    /// Begins a transaction that writes: what it records is on the disk before its commit is answered.
    async fn change(&self) -> Result<Transaction<'static, Any>> {
        self.begin_with(match self.kind {
            Kind::File => "PRAGMA synchronous = FULL; BEGIN IMMEDIATE",
            Kind::Server => "BEGIN",
        })
        .await
    }

    /// Begins a transaction that writes: what it records is on the disk with the next that waits for that. When the power fails before,
    /// it is as if it had not been, and neither had been anything that was recorded behind it.
    async fn change_soon(&self) -> Result<Transaction<'static, Any>> {
        self.begin_with(match self.kind {
            Kind::File => "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE",
            Kind::Server => "BEGIN; SET LOCAL synchronous_commit = off",
        })
        .await
    }

    async fn begin_with(&self, begin: &'static str) -> Result<Transaction<'static, Any>> {
        let begun = self.writer.begin_with(begin).await;
        begun.map_err(|error| unavailable(&error))
    }
}

impl Kind {
    /// What each connection begins with: what was recorded stays recorded when the power fails.
    fn settings(self) -> &'static [&'static str] {
        match self {
            Self::File => &[
                "PRAGMA busy_timeout = 30000",
                "PRAGMA journal_mode = WAL",
                "PRAGMA synchronous = FULL",
                "PRAGMA foreign_keys = ON",
            ],
            Self::Server => &[
                "SET synchronous_commit = on",
                "SET default_transaction_isolation = 'read committed'",
                "SET lock_timeout = '15s'",
                // Who is gone without a word holds locks as long as the server waits for the rest of his transaction.
                "SET idle_in_transaction_session_timeout = '10s'",
            ],
        }
    }
}

async fn pool(url: &str, kind: Kind, most: u32) -> Result<AnyPool> {
    let options: AnyConnectOptions = url.parse().map_err(|error| unavailable(&error))?;
    AnyPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(Duration::from_secs(30))
        // Below, in time.
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                for setting in kind.settings() {
                    sqlx::query(*setting).execute(&mut *connection).await?;
                }
                Ok(())
            })
        })
        // A rollback that fails, on a disk that does, leaves a connection that can begin nothing more: it goes.
        .before_acquire(move |connection, about| {
            Box::pin(async move {
                if connection.is_in_transaction() {
                    return Ok(false);
                }
                // A file does not hang up.
                if kind == Kind::Server && about.idle_for > FRESH {
                    is_there(connection).await?;
                }
                Ok(true)
            })
        })
        .after_release(move |connection, _| {
            Box::pin(async move {
                // Who gave up waiting leaves a connection on which the pool would wait for ever.
                if kind == Kind::Server {
                    is_there(connection).await?;
                }
                Ok(true)
            })
        })
        .connect_with(options)
        .await
        .map_err(|error| unavailable(&error))
}

/// Whether the other end of a connection answers soon; one that does not is closed.
async fn is_there(connection: &mut AnyConnection) -> sqlx::Result<()> {
    let asked = tokio::time::timeout(PING, connection.ping()).await;
    asked.unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
}

async fn commit(change: Transaction<'static, Any>) -> Result<()> {
    change.commit().await.map_err(|error| unavailable(&error))
}

/// What stands in a column of a row, by its name or its place.
fn column<'r, T, C>(row: &'r AnyRow, column: C) -> Result<T>
where
    T: Decode<'r, Any> + Type<Any>,
    C: ColumnIndex<AnyRow>,
{
    row.try_get(column).map_err(|error| unavailable(&error))
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
