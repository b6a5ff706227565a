//! Reads an object as it comes, in memory that is bounded by what the connection holds.

use std::io::Read;

use tokio_util::io::SyncIoBridge;

use super::{Place, Refusal};

impl Place {
    /// Opens an object, exactly that version if one is named. The stream knows the length: one that is cut off is an error, not an end.
    pub(super) fn open(
        &self,
        key: String,
        version: Option<String>,
    ) -> Result<Box<dyn Read + Send>, Refusal> {
        let client = &self.s3.client;
        let asked = client
            .get_object()
            .bucket(&self.bucket.name)
            .key(key)
            .set_version_id(version)
            .send();
        let body = Box::pin(self.s3.wait(asked)?.body.into_async_read());
        let handle = self.s3.handle.clone();
        Ok(Box::new(SyncIoBridge::new_with_handle(body, handle)))
    }
}
