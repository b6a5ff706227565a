//! A bucket as a way on which files come and go: what lies directly under a prefix.

use std::ffi::OsString;
use std::io::Read;

use aws_sdk_s3::types::Object;

use super::{Place, Refusal, S3};
use crate::failpoint::{Point, reach};
use crate::failure::{Failure, Result};
use crate::object::JobId;
use crate::profile::Bucket;
use crate::transport::{Offer, Transport, Write};

/// A prefix of a bucket from which files are taken, or under which they are left.
pub struct BucketTransport(Place);

impl BucketTransport {
    /// What lies in a bucket under a prefix.
    #[must_use]
    pub fn new(s3: S3, bucket: Bucket) -> Self {
        Self(Place { s3, bucket })
    }

    /// The key of an offer; none if its name is none that a key can have.
    fn key(&self, offer: &Offer) -> Result<String> {
        let gone = Failure::transient("bucket-unavailable", "an object has gone");
        Ok(self.0.key(offer.name.to_str().ok_or(gone)?))
    }

    fn offer(&self, object: &Object) -> Option<Offer> {
        let name = object.key()?.strip_prefix(&self.0.bucket.prefix)?;
        // Prefixes below ours, and what stands for ours itself.
        if name.is_empty() || name.contains('/') {
            return None;
        }
        Some(Offer {
            name: OsString::from(name),
            bytes: u64::try_from(object.size()?).ok()?,
            modified_ms: object.last_modified()?.to_millis().ok()?,
            // An object is there whole or not at all; what is whole as an object may be a part of a file all the same.
            is_final: false,
        })
    }
}

impl Transport for BucketTransport {
    fn place(&self) -> String {
        self.0.bucket.to_string()
    }

    fn offers(&self) -> Result<Vec<Offer>> {
        let Place { s3, bucket } = &self.0;
        let mut offers = Vec::new();
        let mut after = None;
        loop {
            let list = s3.client.list_objects_v2().bucket(&bucket.name);
            let list = list.prefix(&bucket.prefix).delimiter("/");
            let list = list.set_continuation_token(after.take());
            let page = s3.wait(list.send()).map_err(unavailable)?;
            offers.extend(
                page.contents()
                    .iter()
                    .filter_map(|object| self.offer(object)),
            );
            after = page.next_continuation_token;
            if after.is_none() {
                break;
            }
        }
        Ok(offers)
    }

    fn read(&self, offer: &Offer) -> Result<Box<dyn Read + Send>> {
        self.0.open(self.key(offer)?).map_err(unavailable)
    }

    fn remove(&self, offer: &Offer, _: JobId) -> Result<()> {
        let Place { s3, bucket } = &self.0;
        let key = self.key(offer)?;
        let about = s3.client.head_object().bucket(&bucket.name);
        let about = about.key(&key).send();
        let about = match s3.wait(about) {
            Ok(about) => about,
            Err(Refusal::Missing) => return Ok(()),
            Err(refusal) => return Err(unavailable(refusal)),
        };
        let bytes = about
            .content_length()
            .and_then(|bytes| u64::try_from(bytes).ok());
        let modified = about.last_modified().map(|time| time.secs());
        // Another one by now stays. A head tells whole seconds only.
        if bytes == Some(offer.bytes) && modified == Some(offer.modified_ms.div_euclid(1000)) {
            self.0.remove(key)?;
        }
        Ok(())
    }

    fn send(&self, name: &str, write: Write<'_>) -> Result<()> {
        let mut object = self.0.create(self.0.key(name), false);
        write(&mut object)?;
        reach(Point::DeliveryWritten);
        object.publish().map_err(unavailable)?;
        reach(Point::DeliveryRenamed);
        Ok(())
    }
}

fn unavailable(_: Refusal) -> Failure {
    Failure::transient(
        "bucket-unavailable",
        "a bucket could not be read or written",
    )
}
