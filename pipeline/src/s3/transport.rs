//! A bucket as a way on which files come and go: what lies directly under a prefix.
//!
//! In a bucket with versions each is a file of its own. That which has the key is read, and it alone is removed, for good: a newer one that
//! came meanwhile stays, and one that it lay over is the next file. A marker in its place would hide such a newer one as well.

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

    /// Where it is.
    pub(super) fn bucket(&self) -> &Bucket {
        &self.0.bucket
    }

    /// What has a name now; none if nothing has.
    pub(super) fn find(&self, name: &str) -> Result<Option<Offer>> {
        let about = self.about(&self.0.key(name))?;
        Ok(about.map(|about| Offer {
            name: OsString::from(name),
            bytes: about.bytes,
            modified_ms: about.modified_s.saturating_mul(1000),
            is_final: false,
            version: about.version().map(str::to_owned),
        }))
    }

    /// What has a key now; none if nothing has.
    fn about(&self, key: &str) -> Result<Option<About>> {
        let Place { s3, bucket } = &self.0;
        let head = s3.client.head_object().bucket(&bucket.name);
        let head = match s3.wait(head.key(key).send()) {
            Ok(head) => head,
            Err(Refusal::Missing) => return Ok(None),
            Err(refusal) => return Err(unavailable(refusal)),
        };
        let bytes = head.content_length().map(u64::try_from);
        let (Some(Ok(bytes)), Some(modified)) = (bytes, head.last_modified()) else {
            return Err(unavailable(Refusal::Other));
        };
        Ok(Some(About {
            bytes,
            modified_s: modified.secs(),
            version: head.version_id,
        }))
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
            version: None,
        })
    }
}

/// What is told of an object alone. A head tells whole seconds only.
struct About {
    bytes: u64,
    modified_s: i64,
    /// As the server names it.
    version: Option<String>,
}

/// How a server names what was left while no versions were kept: what comes after it while none are takes its place.
const NO_VERSION: &str = "null";

impl About {
    /// Whether it is what was offered.
    fn is(&self, offer: &Offer) -> bool {
        self.bytes == offer.bytes && self.modified_s == offer.modified_ms.div_euclid(1000)
    }

    /// Its version, if it is one that stays the same.
    fn version(&self) -> Option<&str> {
        self.version
            .as_deref()
            .filter(|version| *version != NO_VERSION)
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

    fn pin(&self, offer: &Offer) -> Result<Option<Offer>> {
        if offer.version.is_some() {
            return Ok(Some(offer.clone()));
        }
        let about = self.about(&self.key(offer)?)?;
        let about = about.filter(|about| about.is(offer));
        Ok(about.map(|about| Offer {
            version: about.version().map(str::to_owned),
            ..offer.clone()
        }))
    }

    fn read(&self, offer: &Offer) -> Result<Box<dyn Read + Send>> {
        let opened = self.0.open(self.key(offer)?, offer.version.clone());
        opened.map_err(unavailable)
    }

    fn remove(&self, offer: &Offer, _: JobId) -> Result<()> {
        let key = self.key(offer)?;
        if offer.version.is_some() {
            return self.0.remove(key, offer.version.clone());
        }
        match self.about(&key)? {
            Some(about) if about.is(offer) && about.version().is_none() => {
                self.0.remove(key, about.version)
            }
            // It is gone, or another one by now.
            _ => Ok(()),
        }
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
