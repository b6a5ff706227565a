//! A folder of an SFTP server as a way on which files come and go.

use std::ffi::OsString;
use std::future::Future;
use std::io::{self, BufWriter, Read, Seek};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use russh_sftp::client::error::Error;
use russh_sftp::client::fs::{Metadata, ReadDir};
use russh_sftp::protocol::{OpenFlags, StatusCode};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio_util::io::SyncIoBridge;

use super::Account;
use super::session::{Session, UNAVAILABLE, refused};
use crate::clock::{Clock, SystemClock};
use crate::failpoint::{Point, reach};
use crate::failure::{Failure, Result};
use crate::object::JobId;
use crate::transport::{Offer, Transport, Write};

/// How files that are not whole yet are called: nobody takes them.
const TEMPORARY: &str = ".tmp-x12-";

/// How old such a file must be before it counts as left by a crash, in milliseconds.
const DRAFT_MS: i64 = 24 * 3600 * 1000;

/// Bytes written at a time.
const PIECE_BYTES: usize = 1 << 18;

/// A folder of a server.
pub struct SftpTransport {
    account: Account,
    handle: Handle,
    /// The session, as long as it is good.
    session: Mutex<Option<Arc<Session>>>,
    /// Whether one has looked for what crashes left.
    swept: AtomicBool,
}

impl SftpTransport {
    /// A folder of a server; it is not asked yet.
    #[must_use]
    pub fn new(account: Account) -> Self {
        Self {
            account,
            handle: Handle::current(),
            session: Mutex::default(),
            swept: AtomicBool::new(false),
        }
    }

    fn path(&self, name: &str) -> String {
        self.account.address.path(name)
    }

    /// What lies in the folder.
    fn list(&self) -> Result<ReadDir> {
        let folder = match self.account.address.folder.as_str() {
            "" => ".",
            folder => folder,
        };
        self.with(|session| async move {
            let read = session.sftp.read_dir(folder).await;
            read.map_err(|error| refused(&error))
        })
    }

    /// Does something in a session; after anything that is wrong the next is a new one.
    fn with<T, F>(&self, work: impl FnOnce(Arc<Session>) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        self.handle.block_on(async {
            let session = self.session().await?;
            let done = session.within(work(Arc::clone(&session))).await;
            if done.is_err() {
                self.forget(&session).await;
            }
            done
        })
    }

    async fn session(&self) -> Result<Arc<Session>> {
        let mut slot = self.session.lock().await;
        if let Some(session) = &*slot {
            return Ok(Arc::clone(session));
        }
        let session = Arc::new(Session::begin(&self.account).await?);
        *slot = Some(Arc::clone(&session));
        Ok(session)
    }

    async fn forget(&self, session: &Arc<Session>) {
        let mut slot = self.session.lock().await;
        if slot.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, session)) {
            *slot = None;
        }
    }

    /// Removes what crashes left half written a day ago or earlier, by the clocks of both; younger ones may be another process's.
    fn sweep(&self) -> Result<()> {
        let now_ms = SystemClock.now_ms();
        let is_left = |about: &Metadata| now_ms - modified_ms(about) > DRAFT_MS;
        for entry in self.list()? {
            let name = entry.file_name();
            if name.starts_with(TEMPORARY) && is_left(&entry.metadata()) {
                let path = self.path(&name);
                self.with(|session| async move {
                    let removed = session.sftp.remove_file(path).await;
                    removed.map_err(|error| refused(&error))
                })?;
            }
        }
        Ok(())
    }

    /// Writes a file that is not there yet, and leaves it under its name when the server has all of it.
    fn write(&self, (draft, target): (&str, &str), write: Write<'_>) -> Result<()> {
        let flags = OpenFlags::CREATE | OpenFlags::TRUNCATE | OpenFlags::WRITE;
        let (session, file) = self.with(|session| async move {
            let opened = session.sftp.open_with_flags(draft, flags).await;
            Ok((
                Arc::clone(&session),
                opened.map_err(|error| refused(&error))?,
            ))
        })?;
        let file = SyncIoBridge::new_with_handle(file, self.handle.clone());
        let mut out = BufWriter::with_capacity(PIECE_BYTES, file);
        write(&mut out)?;
        let mut file = out.into_inner().map_err(|error| lost(error.error()))?;
        let written = file.stream_position().map_err(|error| lost(&error))?;
        let file = file.into_inner();
        self.handle.block_on(session.within(async {
            let sftp = &session.sftp;
            file.sync_all().await.map_err(|error| refused(&error))?;
            file.close().await.map_err(|error| lost(&error))?;
            let about = sftp
                .metadata(draft)
                .await
                .map_err(|error| refused(&error))?;
            if about.size != Some(written) {
                tracing::warn!("an SFTP server has less of a file than it was sent");
                return Err(UNAVAILABLE);
            }
            reach(Point::DeliveryWritten);
            sftp.rename(draft, target)
                .await
                .map_err(|error| refused(&error))?;
            reach(Point::DeliveryRenamed);
            Ok(())
        }))
    }
}

impl Transport for SftpTransport {
    fn place(&self) -> String {
        self.account.address.to_string()
    }

    fn offers(&self) -> Result<Vec<Offer>> {
        let offer = |(name, about): (String, Metadata)| {
            let is_taken = is_file(&about) && !name.contains('/');
            is_taken.then(|| Offer {
                name: OsString::from(name),
                bytes: about.size.unwrap_or_default(),
                modified_ms: modified_ms(&about),
                is_final: false,
                version: None,
            })
        };
        let entries = self.list()?;
        let named = entries.map(|entry| (entry.file_name(), entry.metadata()));
        Ok(named.filter_map(offer).collect())
    }

    fn read(&self, offer: &Offer) -> Result<Box<dyn Read + Send>> {
        let path = self.path(&offer.name.to_string_lossy());
        let file = self.with(|session| async move {
            let opened = session.sftp.open(path).await;
            opened.map_err(|error| refused(&error))
        })?;
        let handle = self.handle.clone();
        Ok(Box::new(SyncIoBridge::new_with_handle(file, handle)))
    }

    fn remove(&self, offer: &Offer, _: JobId) -> Result<()> {
        let path = self.path(&offer.name.to_string_lossy());
        self.with(|session| async move {
            let about = match session.sftp.symlink_metadata(&path).await {
                Ok(about) => about,
                Err(error) if is_missing(&error) => return Ok(()),
                Err(error) => return Err(refused(&error)),
            };
            // Another one by now stays.
            if about.size != Some(offer.bytes) || modified_ms(&about) != offer.modified_ms {
                return Ok(());
            }
            match session.sftp.remove_file(path).await {
                Err(error) if !is_missing(&error) => Err(refused(&error)),
                _ => Ok(()),
            }
        })
    }

    fn send(&self, name: &str, write: Write<'_>) -> Result<()> {
        if !self.swept.swap(true, Ordering::Relaxed) {
            self.sweep()?;
        }
        let draft = self.path(&format!("{TEMPORARY}{}", JobId::new()));
        let target = self.path(name);
        let (target_now, path) = (target.clone(), &target);
        let is_there = self.with(|session| async move {
            match session.sftp.symlink_metadata(target_now).await {
                Ok(_) => Ok(true),
                Err(error) if is_missing(&error) => Ok(false),
                Err(error) => Err(refused(&error)),
            }
        })?;
        // A file has its name only when it is whole, and nobody else's job has that name: an answer to us was lost.
        if is_there {
            return Ok(());
        }
        let written = self.write((&draft, path), write);
        if written.is_err() {
            // What cannot be removed is swept.
            let _ = self.with(|session| async move {
                let _ = session.sftp.remove_file(draft).await;
                Ok(())
            });
        }
        written
    }
}

fn is_missing(error: &Error) -> bool {
    matches!(error, Error::Status(status) if status.status_code == StatusCode::NoSuchFile)
}

/// Whether it is a file, not a link, which could point to anything: the bits of a link include that of a file.
fn is_file(about: &Metadata) -> bool {
    about
        .permissions
        .is_some_and(|mode| mode & 0o170_000 == 0o100_000)
}

fn modified_ms(about: &Metadata) -> i64 {
    i64::from(about.mtime.unwrap_or_default()) * 1000
}

fn lost(error: &io::Error) -> Failure {
    tracing::warn!(kind = %error.kind(), "an SFTP server was lost");
    UNAVAILABLE
}
