//! Connections of a process to the database, at hand for who needs one next.
//!
//! The library's pool asks the server whether it is still there whenever a connection comes back: a round trip for each transaction. Here a
//! connection whose last use ended well is kept aside, and had by the next within a second; every other goes back to the pool, which looks
//! at it.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::any::{AnyArguments, AnyConnectOptions, AnyPoolOptions, AnyRow};
use sqlx::pool::PoolConnection;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AnyPool, Connection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Kind, unavailable};
use crate::failure::Result;

/// How long a connection that was just used counts as good.
const FRESH: Duration = Duration::from_secs(1);

/// How long a connection may take to answer that it is there, and to end what was left.
const ANSWER: Duration = Duration::from_secs(2);

/// How long one waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(30);

/// A statement with its values.
type Asked<'q> = Query<'q, Any, AnyArguments>;

/// So many connections and no more.
pub(super) struct Connections {
    pool: AnyPool,
    /// One for each connection, had in turn.
    turns: Arc<Semaphore>,
    aside: Arc<Aside>,
}

/// Connections that are good, and since when nobody used them; who was used last is taken first.
#[derive(Default)]
struct Aside(Mutex<Vec<(Instant, PoolConnection<Any>)>>);

impl Aside {
    fn put(&self, connection: PoolConnection<Any>) {
        let mut aside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        aside.push((Instant::now(), connection));
    }

    /// One that is fresh; what is not goes back to the pool.
    fn take(&self) -> Option<PoolConnection<Any>> {
        let mut aside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, connection) = aside.pop()?;
        if since.elapsed() < FRESH {
            return Some(connection);
        }
        aside.clear();
        None
    }
}

impl Drop for Aside {
    /// To the pool they could go back within a runtime only, which may have ended.
    fn drop(&mut self) {
        let aside = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (_, connection) in aside.drain(..) {
            drop(connection.leak());
        }
    }
}

impl Connections {
    /// Up to `most` connections to the database at `url`.
    ///
    /// # Errors
    /// [`Failure::Transient`](crate::failure::Failure::Transient) if there is none.
    pub(super) async fn to(url: &str, kind: Kind, most: u32) -> Result<Self> {
        Ok(Self {
            pool: pool(url, kind, most).await?,
            turns: Arc::new(Semaphore::new(most as usize)),
            aside: Arc::default(),
        })
    }

    /// A transaction, begun with a statement.
    ///
    /// # Errors
    /// As with [`Self::to`], if no connection is free in time, or if the database does not begin.
    pub(super) async fn begin(&self, statement: &'static str) -> Result<Change> {
        let mut held = self.take().await?;
        let begun = sqlx::raw_sql(statement).execute(&mut *held.connection);
        begun.await.map_err(|error| unavailable(&error))?;
        Ok(Change(held))
    }

    async fn take(&self) -> Result<Held> {
        let turn = tokio::time::timeout(ACQUIRE, Arc::clone(&self.turns).acquire_owned()).await;
        let timed_out = || unavailable(&sqlx::Error::PoolTimedOut);
        let turn = turn.ok().and_then(std::result::Result::ok);
        let turn = turn.ok_or_else(timed_out)?;
        let connection = match self.aside.take() {
            Some(connection) => connection,
            None => self
                .pool
                .acquire()
                .await
                .map_err(|error| unavailable(&error))?,
        };
        Ok(Held {
            connection,
            aside: Arc::clone(&self.aside),
            _turn: turn,
        })
    }

    /// The rows that a query gives.
    ///
    /// # Errors
    /// As with [`Self::begin`].
    pub(super) async fn rows(&self, query: Asked<'_>) -> Result<Vec<AnyRow>> {
        let mut held = self.take().await?;
        let rows = query.fetch_all(&mut *held.connection).await;
        held.answered(rows)
    }

    /// How many rows a statement of its own changes.
    ///
    /// # Errors
    /// As with [`Self::begin`].
    pub(super) async fn execute(&self, statement: Asked<'_>) -> Result<u64> {
        let mut held = self.take().await?;
        let done = statement.execute(&mut *held.connection).await;
        Ok(held.answered(done)?.rows_affected())
    }
}

/// A connection in use. One whose use did not end well was left in the middle of something, and the pool looks at it.
struct Held {
    connection: PoolConnection<Any>,
    aside: Arc<Aside>,
    _turn: OwnedSemaphorePermit,
}

impl Held {
    /// Ends its use with an answer.
    fn answered<T>(self, answer: sqlx::Result<T>) -> Result<T> {
        let answer = answer.map_err(|error| unavailable(&error))?;
        self.aside.put(self.connection);
        Ok(answer)
    }
}

/// A transaction that writes. One that is dropped changes nothing.
pub(super) struct Change(Held);

impl Change {
    /// Ends it.
    ///
    /// # Errors
    /// As with [`Connections::begin`]; then nobody knows whether it changed anything.
    pub(super) async fn commit(mut self) -> Result<()> {
        let committed = sqlx::raw_sql("COMMIT").execute(&mut *self).await;
        self.0.answered(committed).map(drop)
    }
}

impl Deref for Change {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.0.connection
    }
}

impl DerefMut for Change {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.0.connection
    }
}

async fn pool(url: &str, kind: Kind, most: u32) -> Result<AnyPool> {
    let options: AnyConnectOptions = url.parse().map_err(|error| unavailable(&error))?;
    AnyPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(ACQUIRE)
        // Below, in time.
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                for setting in settings(kind) {
                    sqlx::query(*setting).execute(&mut *connection).await?;
                }
                Ok(())
            })
        })
        .before_acquire(move |connection, about| {
            Box::pin(async move {
                // A file does not hang up.
                if kind == Kind::Server && about.idle_for > FRESH {
                    in_time(connection.ping()).await?;
                }
                Ok(true)
            })
        })
        .after_release(move |connection, _| {
            Box::pin(async move {
                in_time(end(connection)).await?;
                Ok(true)
            })
        })
        .connect_with(options)
        .await
        .map_err(|error| unavailable(&error))
}

/// Ends what was left. A rollback that fails, on a disk that does, leaves a connection that can begin nothing more: it is closed.
async fn end(connection: &mut AnyConnection) -> sqlx::Result<()> {
    // There may be nothing to roll back.
    let _ = sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await;
    let begun = sqlx::raw_sql("BEGIN; ROLLBACK").execute(connection).await;
    begun.map(drop)
}

/// Who gave up waiting leaves a connection on which one would wait for ever.
async fn in_time(asked: impl Future<Output = sqlx::Result<()>>) -> sqlx::Result<()> {
    let asked = tokio::time::timeout(ANSWER, asked).await;
    asked.unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
}

/// What each connection begins with: what was recorded stays recorded when the power fails.
fn settings(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::File => &[
            "PRAGMA busy_timeout = 30000",
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "PRAGMA foreign_keys = ON",
        ],
        Kind::Server => &[
            "SET synchronous_commit = on",
            "SET default_transaction_isolation = 'read committed'",
            "SET lock_timeout = '15s'",
            // Who is gone without a word holds locks as long as the server waits for the rest of his transaction.
            "SET idle_in_transaction_session_timeout = '10s'",
            // That there is nothing to roll back is no news.
            "SET client_min_messages = error",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One connection to a database that is nowhere else.
    async fn one() -> Connections {
        sqlx::any::install_default_drivers();
        let one = Connections::to("sqlite::memory:", Kind::File, 1).await;
        let one = one.expect("it is in memory");
        let made = one.execute(sqlx::query("CREATE TABLE t (n BIGINT)")).await;
        made.expect("it is new");
        one
    }

    async fn begun(connections: &Connections) -> Change {
        let change = connections.begin("BEGIN IMMEDIATE").await;
        let mut change = change.expect("nothing was begun");
        let insert = sqlx::query("INSERT INTO t VALUES (1)");
        insert.execute(&mut *change).await.expect("it has begun");
        change
    }

    async fn rows(connections: &Connections) -> usize {
        let rows = connections.rows(sqlx::query("SELECT n FROM t")).await;
        rows.expect("it is free").len()
    }

    /// Nothing was changed, and can be.
    async fn is_as_new(connections: &Connections) {
        assert_eq!(rows(connections).await, 0);
        let change = begun(connections).await;
        change.commit().await.expect("it has begun");
        assert_eq!(rows(connections).await, 1);
    }

    #[tokio::test]
    async fn a_change_that_is_dropped_changes_nothing() {
        let connections = one().await;
        drop(begun(&connections).await);
        is_as_new(&connections).await;
    }

    #[test]
    fn what_is_aside_may_outlive_its_runtime() {
        let runtime = tokio::runtime::Runtime::new().expect("there are threads");
        let connections = runtime.block_on(async {
            let connections = one().await;
            assert_eq!(rows(&connections).await, 0);
            connections
        });
        drop(runtime);
        drop(connections);
    }

    #[tokio::test]
    async fn a_statement_that_fails_keeps_no_connection() {
        let connections = one().await;
        for _ in 0..3 {
            let wrong = connections.rows(sqlx::query("SELECT n FROM nowhere"));
            assert!(wrong.await.is_err());
        }
        is_as_new(&connections).await;
    }
}
