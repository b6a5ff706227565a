//! Reads an object as it comes, in memory that is bounded by what the connection holds.

use std::io::{self, Read};

use aws_sdk_s3::primitives::ByteStream;

use super::{Place, Refusal, S3};

/// An object that is being read.
pub(super) struct ObjectReader {
    s3: S3,
    stream: ByteStream,
    /// What came last, and how much of it was read.
    piece: Vec<u8>,
    read: usize,
}

impl Place {
    /// Opens an object.
    pub(super) fn open(&self, key: String) -> Result<ObjectReader, Refusal> {
        let client = &self.s3.client;
        let asked = client.get_object().bucket(&self.bucket).key(key).send();
        let object = self.s3.wait(asked)?;
        Ok(ObjectReader {
            s3: self.s3.clone(),
            stream: object.body,
            piece: Vec::new(),
            read: 0,
        })
    }
}

impl Read for ObjectReader {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.read == self.piece.len() {
            // The stream knows the length: one that is cut off is an error, not an end.
            let next = self.s3.handle.block_on(self.stream.try_next());
            match next.map_err(|_| io::Error::from(io::ErrorKind::ConnectionAborted))? {
                Some(piece) => (self.piece, self.read) = (piece.into(), 0),
                None => return Ok(0),
            }
        }
        let left = self.piece.get(self.read..).unwrap_or_default();
        let length = left.len().min(to.len());
        if let (Some(from), Some(to)) = (left.get(..length), to.get_mut(..length)) {
            to.copy_from_slice(from);
        }
        self.read += length;
        Ok(length)
    }
}
