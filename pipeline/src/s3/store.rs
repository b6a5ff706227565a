//! A bucket as the store, for any number of machines.
//!
//! An object of a job is `PREFIXobjects/<2 hex>/<job>/<step>-<ordinal>`, as in a folder. What came in is written once and never again; what
//! a job makes takes the place of what an earlier try of it left.

use std::io::{self, Read, Write};
use std::time::{Duration, SystemTime};

use super::write::ObjectWriter;
use super::{Place, Refusal, S3};
use crate::failpoint::{Point, reach};
use crate::failure::Result;
use crate::object::{ObjectId, Step};
use crate::profile::Bucket;
use crate::store::{Draft, Store};

/// Objects in a bucket.
pub struct BucketStore(Place);

impl BucketStore {
    /// The store in a bucket that is there.
    #[must_use]
    pub fn new(s3: S3, bucket: Bucket) -> Self {
        let bucket = bucket.join("objects");
        Self(Place { s3, bucket })
    }

    /// Discards what crashes left: uploads begun longer ago than `age`, which must be longer than any job takes. Returns how many.
    ///
    /// # Errors
    /// `Transient` with `store-unavailable`.
    pub fn sweep(&self, age: Duration) -> Result<usize> {
        let Place { s3, bucket } = &self.0;
        let listed = s3.client.list_multipart_uploads();
        let listed = listed.bucket(&bucket.name).prefix(&bucket.prefix);
        let listed = match s3.wait(listed.send()) {
            Err(Refusal::Unknown) => {
                tracing::warn!(
                    "the server does not tell of uploads that were begun: none is discarded"
                );
                return Ok(0);
            }
            listed => listed.map_err(Refusal::failure)?,
        };
        let before = SystemTime::now().checked_sub(age);
        let mut swept = 0;
        for upload in listed.uploads() {
            let begun = upload.initiated().copied();
            let begun = begun.and_then(|begun| SystemTime::try_from(begun).ok());
            if begun.is_none() || begun > before {
                continue;
            }
            let abort = s3.client.abort_multipart_upload();
            let abort = abort.bucket(&bucket.name).set_key(upload.key.clone());
            let abort = abort.set_upload_id(upload.upload_id.clone()).send();
            s3.wait(abort).map_err(Refusal::failure)?;
            swept += 1;
        }
        Ok(swept)
    }

    fn key(&self, id: &ObjectId) -> String {
        self.0.key(&id.place().join("/"))
    }
}

impl Store for BucketStore {
    fn draft(&self, id: &ObjectId) -> Result<Box<dyn Draft>> {
        let is_new = id.step == Step::Intake;
        Ok(Box::new(BucketDraft(self.0.create(self.key(id), is_new))))
    }

    fn open(&self, id: &ObjectId) -> Result<Box<dyn Read + Send>> {
        let opened = self.0.open(self.key(id), None);
        opened.map_err(Refusal::failure)
    }

    fn exists(&self, id: &ObjectId) -> Result<bool> {
        let Place { s3, bucket } = &self.0;
        let asked = s3.client.head_object().bucket(&bucket.name);
        let asked = asked.key(self.key(id));
        match s3.wait(asked.send()) {
            Ok(_) => Ok(true),
            Err(Refusal::Missing) => Ok(false),
            Err(refusal) => Err(refusal.failure()),
        }
    }

    fn remove(&self, id: &ObjectId) -> Result<()> {
        self.0.remove(self.key(id), None)
    }
}

/// An object that nobody sees yet.
struct BucketDraft(ObjectWriter);

impl Write for BucketDraft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Draft for BucketDraft {
    fn publish(self: Box<Self>) -> Result<()> {
        reach(Point::ObjectWritten);
        self.0.publish().map_err(Refusal::failure)?;
        reach(Point::ObjectPublished);
        Ok(())
    }
}
