//! A folder as the store, for one machine or a shared file system.
//!
//! An object of a job is `objects/<2 hex>/<job>/<step>-<ordinal>`; the 2 hex digits are the job's last, which are random. It is written
//! as `drafts/<32 hex>`, made durable, and renamed: a crash leaves a draft, which [`FolderStore::sweep`] removes, or the whole object.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Draft, Store, failure_of};
use crate::cipher::random;
use crate::failpoint::{Point, reach};
use crate::failure::{Failure, Result};
use crate::object::ObjectId;

/// How often a job's folder may vanish between being made and being used, because its last object was removed just then.
const TRIES: usize = 16;

/// Objects as files under one folder; its folders and files are for their owner alone.
pub struct FolderStore {
    objects: PathBuf,
    drafts: PathBuf,
}

impl FolderStore {
    /// The store in a folder, which is made if it is not there.
    ///
    /// # Errors
    /// `Transient` with `store-full` or `store-unavailable` if that cannot be done.
    pub fn new(root: &Path) -> Result<Self> {
        let (objects, drafts) = (root.join("objects"), root.join("drafts"));
        make_folder(&objects)
            .and_then(|()| make_folder(&drafts))
            .and_then(|()| sync_folder(root))
            .map_err(unavailable)?;
        Ok(Self { objects, drafts })
    }

    /// Removes what crashes left: drafts not written to for `age`, which must be longer than any job takes. Returns how many.
    ///
    /// # Errors
    /// `Transient` with `store-unavailable`.
    pub fn sweep(&self, age: Duration) -> Result<usize> {
        let now = SystemTime::now();
        let mut removed = 0;
        for entry in fs::read_dir(&self.drafts).map_err(unavailable)? {
            let entry = entry.map_err(unavailable)?;
            match sweep_one(&entry, now, age) {
                Ok(true) => removed += 1,
                Ok(false) => {}
                // Published or discarded meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(unavailable(error)),
            }
        }
        Ok(removed)
    }

    /// The file of an object.
    fn place(&self, id: &ObjectId) -> Place {
        let [shard, job, file] = id.place();
        let shard = self.objects.join(shard);
        let job = shard.join(job);
        let file = job.join(file);
        Place { shard, job, file }
    }
}

impl Store for FolderStore {
    fn draft(&self, id: &ObjectId) -> Result<Box<dyn Draft>> {
        let name = format!("{:032x}", u128::from_be_bytes(random()?));
        let path = self.drafts.join(name);
        let mut options = OpenOptions::new();
        let opened = options.write(true).create_new(true).mode(0o600).open(&path);
        Ok(Box::new(FolderDraft {
            file: opened.map_err(unavailable)?,
            path,
            place: self.place(id),
            objects: self.objects.clone(),
        }))
    }

    fn open(&self, id: &ObjectId) -> Result<Box<dyn Read + Send>> {
        match File::open(self.place(id).file) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(Failure::permanent(
                "object-missing",
                "there is no such object",
            )),
            Err(error) => Err(unavailable(error)),
        }
    }

    fn exists(&self, id: &ObjectId) -> Result<bool> {
        self.place(id).file.try_exists().map_err(unavailable)
    }

    fn remove(&self, id: &ObjectId) -> Result<()> {
        let place = self.place(id);
        let removed = fs::remove_file(&place.file).and_then(|()| {
            sync_folder(&place.job)?;
            // It holds other objects, mostly.
            _ = fs::remove_dir(&place.job);
            Ok(())
        });
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(unavailable(error)),
            _ => Ok(()),
        }
    }
}

/// Where an object is.
struct Place {
    /// The folder of jobs whose id ends alike.
    shard: PathBuf,
    /// The folder of the job.
    job: PathBuf,
    file: PathBuf,
}

/// A file that is no object yet.
struct FolderDraft {
    file: File,
    path: PathBuf,
    place: Place,
    objects: PathBuf,
}

impl FolderDraft {
    /// Moves the durable draft to its place. Each folder on the way is made durable even if it was there: who made it may not have
    /// come to that.
    fn rename(&self) -> io::Result<()> {
        let Place { shard, job, file } = &self.place;
        make_folder(job)?;
        fs::rename(&self.path, file)?;
        sync_folder(job)?;
        sync_folder(shard)?;
        sync_folder(&self.objects)
    }

    /// The same, if a folder on the way is swept just then: it is made again.
    fn rename_stubbornly(&self) -> io::Result<()> {
        for _ in 1..TRIES {
            match self.rename() {
                // Gone before the draft was moved there, or while it was looked whether it is there.
                Err(error)
                    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::AlreadyExists) => {}
                done => return done,
            }
        }
        self.rename()
    }
}

impl Write for FolderDraft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Draft for FolderDraft {
    fn publish(self: Box<Self>) -> Result<()> {
        self.file.sync_all().map_err(unavailable)?;
        reach(Point::ObjectWritten);
        self.rename_stubbornly().map_err(unavailable)?;
        reach(Point::ObjectPublished);
        Ok(())
    }
}

impl Drop for FolderDraft {
    fn drop(&mut self) {
        // Nothing is there after publishing; what cannot be removed is swept.
        _ = fs::remove_file(&self.path);
    }
}

/// Whether a draft was old enough, and is gone.
fn sweep_one(entry: &fs::DirEntry, now: SystemTime, age: Duration) -> io::Result<bool> {
    let written = entry.metadata()?.modified()?;
    // One written to in the future, by a clock that was set back, is not old.
    let old = now.duration_since(written).is_ok_and(|since| since >= age);
    if old {
        fs::remove_file(entry.path())?;
    }
    Ok(old)
}

fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn unavailable(error: io::Error) -> Failure {
    failure_of(error.kind())
}
