//! A folder on this machine.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Offer, Transport, Write};
use crate::failpoint::{Point, reach};
use crate::failure::{Failure, Result};
use crate::object::JobId;

/// How files that are not whole yet are called: nobody takes them.
const TEMPORARY: &str = ".tmp-";

/// A folder from which files are taken, or in which they are left.
#[derive(Debug)]
pub struct FolderTransport {
    folder: PathBuf,
}

impl FolderTransport {
    /// The folder is made, for our user alone, if it is not there.
    ///
    /// # Errors
    /// [`Failure::Transient`] if it cannot be made.
    pub fn new(folder: PathBuf) -> Result<Self> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder
            .create(&folder)
            .map_err(|error| unavailable(&error))?;
        Ok(Self { folder })
    }
}

impl FolderTransport {
    /// Removes what a crash left half written, if it is that old: a younger one may be another process's.
    ///
    /// # Errors
    /// [`Failure::Transient`] if one cannot look.
    pub fn sweep(&self, age: Duration) -> Result<()> {
        for entry in fs::read_dir(&self.folder).map_err(|error| unavailable(&error))? {
            let entry = entry.map_err(|error| unavailable(&error))?;
            let is_draft = entry
                .file_name()
                .as_encoded_bytes()
                .starts_with(TEMPORARY.as_bytes());
            let written = entry.metadata().and_then(|about| about.modified());
            let is_old = |written: SystemTime| written.elapsed().is_ok_and(|since| since >= age);
            if is_draft && written.is_ok_and(is_old) {
                fs::remove_file(entry.path()).map_err(|error| unavailable(&error))?;
            }
        }
        Ok(())
    }
}

impl Transport for FolderTransport {
    fn place(&self) -> String {
        self.folder.display().to_string()
    }

    fn offers(&self) -> Result<Vec<Offer>> {
        let mut offers = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(|error| unavailable(&error))? {
            let entry = entry.map_err(|error| unavailable(&error))?;
            let name = entry.file_name();
            // Without following links: a link could point to anything that we may read.
            let Ok(about) = entry.path().symlink_metadata() else {
                continue;
            };
            if !about.is_file() {
                continue;
            }
            offers.push(Offer {
                name,
                bytes: about.len(),
                modified_ms: modified_ms(about.modified()),
                is_final: false,
                version: None,
            });
        }
        Ok(offers)
    }

    fn read(&self, offer: &Offer) -> Result<Box<dyn Read + Send>> {
        let path = self.folder.join(&offer.name);
        let about = path
            .symlink_metadata()
            .map_err(|error| unavailable(&error))?;
        if !about.is_file() {
            return Err(unavailable(&io::ErrorKind::NotFound.into()));
        }
        let file = File::open(path).map_err(|error| unavailable(&error))?;
        Ok(Box::new(file))
    }

    fn remove(&self, offer: &Offer, _: JobId) -> Result<()> {
        let path = self.folder.join(&offer.name);
        match path.symlink_metadata() {
            Ok(about)
                if about.len() == offer.bytes
                    && modified_ms(about.modified()) == offer.modified_ms =>
            {
                fs::remove_file(path).map_err(|error| unavailable(&error))
            }
            // It is gone, or another one by now.
            _ => Ok(()),
        }
    }

    fn send(&self, name: &str, write: Write<'_>) -> Result<()> {
        let draft = Draft(self.folder.join(format!("{TEMPORARY}{}", JobId::new())));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft.0)
            .map_err(|error| unavailable(&error))?;
        let mut file = BufWriter::with_capacity(1 << 16, file);
        write(&mut file)?;
        file.flush().map_err(|error| unavailable(&error))?;
        let file = file
            .into_inner()
            .map_err(|error| unavailable(error.error()))?;
        file.sync_all().map_err(|error| unavailable(&error))?;
        reach(Point::DeliveryWritten);
        fs::rename(&draft.0, self.folder.join(name)).map_err(|error| unavailable(&error))?;
        sync_folder(&self.folder).map_err(|error| unavailable(&error))?;
        reach(Point::DeliveryRenamed);
        Ok(())
    }
}

/// A file that is not whole yet: it goes unless it was renamed.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        // Renamed, it is no longer there.
        let _ = fs::remove_file(&self.0);
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn modified_ms(time: io::Result<SystemTime>) -> i64 {
    let since = time
        .ok()
        .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    since
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or_default()
}

fn unavailable(error: &io::Error) -> Failure {
    tracing::warn!(kind = %error.kind(), "a folder did not do what it was asked");
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Failure::transient("folder-full", "there is no room in a folder")
        }
        _ => Failure::transient(
            "folder-unavailable",
            "a folder could not be read or written",
        ),
    }
}
