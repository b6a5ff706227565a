//! Writes an object, which is seen at once and whole, or never: in one request if it is small, else in parts that a last request joins.

use std::io::{self, Write};
use std::mem;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use super::{Place, Refusal};

/// Bytes of a part; S3 wants at least 5 MiB, and takes 10,000 parts.
const PART_BYTES: usize = 8 << 20;

/// An object that is being written. Dropping it discards it.
pub(super) struct ObjectWriter {
    place: Place,
    key: String,
    /// Whether an object of that name is left as it is.
    is_new: bool,
    part: Vec<u8>,
    upload: Option<Upload>,
}

/// What was sent of a large object.
struct Upload {
    id: String,
    parts: Vec<CompletedPart>,
}

impl Place {
    /// Begins an object; one that must be new stays, if there is one of that name.
    pub(super) fn create(&self, key: String, is_new: bool) -> ObjectWriter {
        ObjectWriter {
            place: self.clone(),
            key,
            is_new,
            part: Vec::new(),
            upload: None,
        }
    }
}

impl ObjectWriter {
    /// Makes it durable and visible.
    pub(super) fn publish(mut self) -> Result<(), Refusal> {
        let published = match self.upload.is_some() {
            false => self.put(),
            true => self.send_part().and_then(|()| self.complete()),
        };
        match published {
            // Ours, if the answer to it was lost and it was sent again: nobody else writes under such a name.
            Err(Refusal::Exists) if self.is_new => Ok(()),
            published => published,
        }
    }

    fn put(&mut self) -> Result<(), Refusal> {
        let place = &self.place;
        let mut put = place.s3.client.put_object();
        put = put.bucket(&place.bucket.name).key(&self.key);
        if self.is_new {
            put = put.if_none_match("*");
        }
        let body = ByteStream::from(mem::take(&mut self.part));
        place.s3.wait(put.body(body).send()).map(|_| ())
    }

    /// Sends what was gathered as the next part.
    fn send_part(&mut self) -> Result<(), Refusal> {
        let place = &self.place;
        let client = &place.s3.client;
        if self.upload.is_none() {
            let begun = client.create_multipart_upload();
            let begun = begun.bucket(&place.bucket.name).key(&self.key).send();
            let id = place.s3.wait(begun)?.upload_id.ok_or(Refusal::Other)?;
            self.upload = Some(Upload {
                id,
                parts: Vec::new(),
            });
        }
        let Some(upload) = &mut self.upload else {
            return Err(Refusal::Other);
        };
        let number = i32::try_from(upload.parts.len() + 1).map_err(|_| Refusal::Other)?;
        let body = ByteStream::from(mem::take(&mut self.part));
        let sent = client
            .upload_part()
            .bucket(&place.bucket.name)
            .key(&self.key)
            .upload_id(&upload.id)
            .part_number(number)
            .body(body)
            .send();
        let sent = place.s3.wait(sent)?;
        let part = CompletedPart::builder()
            .part_number(number)
            .set_e_tag(sent.e_tag)
            .set_checksum_crc32(sent.checksum_crc32);
        upload.parts.push(part.build());
        Ok(())
    }

    fn complete(&mut self) -> Result<(), Refusal> {
        let Some(upload) = self.upload.take() else {
            return Ok(());
        };
        let parts = CompletedMultipartUpload::builder().set_parts(Some(upload.parts));
        let place = &self.place;
        let mut complete = place.s3.client.complete_multipart_upload();
        complete = complete.bucket(&place.bucket.name).key(&self.key);
        if self.is_new {
            complete = complete.if_none_match("*");
        }
        let complete = complete
            .upload_id(upload.id)
            .multipart_upload(parts.build());
        place.s3.wait(complete.send()).map(|_| ())
    }
}

impl Write for ObjectWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.part.len() >= PART_BYTES {
            self.send_part()
                .map_err(|_| io::Error::from(io::ErrorKind::ConnectionAborted))?;
        }
        let room = (PART_BYTES - self.part.len()).min(bytes.len());
        self.part
            .extend_from_slice(bytes.get(..room).unwrap_or_default());
        Ok(room)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for ObjectWriter {
    fn drop(&mut self) {
        let Some(upload) = self.upload.take() else {
            return;
        };
        let place = &self.place;
        let abort = place.s3.client.abort_multipart_upload();
        let abort = abort.bucket(&place.bucket.name).key(&self.key);
        // What cannot be discarded is swept.
        let _ = place.s3.wait(abort.upload_id(upload.id).send());
    }
}
