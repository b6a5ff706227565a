//! The ledger and the embedded queue in a database: SQLite by default, one SQL text that PostgreSQL takes too.
//!
//! Each method is one transaction or one statement. Amounts of work at a time are bounded, and what depends on a lease says so in its
//! `WHERE`, so that a worker that was thought dead can change nothing.
//!
//! Some indexes hold only the rows that have something, as the leaders of jobs and the digests of sets. A database uses them only for who says
//! that he looks for such a row: `leader <> ''`.

mod batch;
mod connections;
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

use sqlx::any::AnyRow;
use sqlx::{Any, ColumnIndex, Decode, Row, Type};
use tokio::sync::Notify;

use self::connections::{Change, Connections};
use crate::failure::{Failure, Result};
use crate::queue::Part;

/// Connections of one process that only read.
const READERS: u32 = 4;

/// Connections of one process that write to a server, which has many writers at a time.
const WRITERS: u32 = 8;

/// The database.
pub struct Database {
    /// What writes. SQLite has one writer at a time: who waits here is woken in turn, while connections that contend for the file sleep
    /// and look again, and forget what they have read of it whenever another has written.
    writers: Connections,
    readers: Connections,
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
            writers: Connections::to(url, kind, writers).await?,
            readers: Connections::to(url, kind, READERS).await?,
            kind,
            parts: Part::ALL.to_vec(),
            published: Notify::new(),
        };
        database.migrate().await?;
        Ok(database)
    }

    /// Begins a transaction that writes: what it records is on the disk before its commit is answered.
    async fn change(&self) -> Result<Change> {
        let begin = match self.kind {
            Kind::File => "PRAGMA synchronous = FULL; BEGIN IMMEDIATE",
            Kind::Server => "BEGIN",
        };
        self.writers.begin(begin).await
    }

    /// Begins a transaction that writes: what it records is on the disk with the next that waits for that. When the power fails before,
    /// it is as if it had not been, and neither had been anything that was recorded behind it.
    async fn change_soon(&self) -> Result<Change> {
        let begin = match self.kind {
            Kind::File => "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE",
            Kind::Server => "BEGIN; SET LOCAL synchronous_commit = off",
        };
        self.writers.begin(begin).await
    }
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
