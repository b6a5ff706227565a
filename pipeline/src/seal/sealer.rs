//! Writing a sealed object: one chunk in memory, sealed in its place once it is known not to be the last.

use std::io::{self, ErrorKind, Write};

use super::SEALED_CHUNK_BYTES;
use crate::cipher::{Digester, Plain, Stream};
use crate::failure::Result;
use crate::limits::CHUNK_BYTES;
use crate::store::{Draft, failure, failure_of};

/// An object that is being sealed. It is there once [`Sealer::finish`] is done; dropping it discards it.
///
/// What its errors stand for, [`failure`] tells: `store-full`, `store-unavailable`, or `object-too-large`, of the kind `FileTooLarge`.
/// After an error it takes nothing more.
pub struct Sealer {
    draft: Box<dyn Draft>,
    parts: Parts,
    chunk: Plain,
    bytes: u64,
    /// The kind of the error after which nothing is taken.
    failed: Option<ErrorKind>,
}

/// What an object is, once it is sealed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sealed {
    /// Bytes of its plain text.
    pub bytes: u64,
    /// Keyed digest of its plain text: equal for equal contents, whoever owns them; says nothing to who has not the key. None if
    /// nobody asked for it.
    pub digest: Option<[u8; 32]>,
}

/// What the vault made for one object.
pub struct Parts {
    pub stream: Stream,
    pub digester: Option<Digester>,
    pub bytes_max: u64,
}

/// Begins an object with its header.
pub fn begin(mut draft: Box<dyn Draft>, header: &[u8], parts: Parts) -> io::Result<Sealer> {
    draft.write_all(header)?;
    Ok(Sealer {
        draft,
        parts,
        chunk: Plain::with_room(SEALED_CHUNK_BYTES),
        bytes: 0,
        failed: None,
    })
}

impl Sealer {
    /// The same without a digest, which costs as much as sealing.
    #[must_use]
    pub fn undigested(mut self) -> Self {
        self.parts.digester = None;
        self
    }

    /// Seals the last chunk and publishes the object.
    ///
    /// # Errors
    /// What writing failed of before, or publishing fails of now; the object is discarded.
    pub fn finish(mut self) -> Result<Sealed> {
        if let Some(kind) = self.failed {
            return Err(failure_of(kind));
        }
        self.seal_chunk(true).map_err(|error| failure(&error))?;
        self.draft.publish()?;
        Ok(Sealed {
            bytes: self.bytes,
            digest: self.parts.digester.map(Digester::finish),
        })
    }

    /// Takes as many bytes as the chunk has room for.
    fn take(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Only now is it known that the full chunk is not the last.
        if self.chunk.0.len() == CHUNK_BYTES && !bytes.is_empty() {
            self.seal_chunk(false)?;
        }
        let room = CHUNK_BYTES - self.chunk.0.len();
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.bytes += taken.len() as u64;
        if self.bytes > self.parts.bytes_max {
            return Err(ErrorKind::FileTooLarge.into());
        }
        self.chunk.0.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn seal_chunk(&mut self, last: bool) -> io::Result<()> {
        let chunk = &mut self.chunk.0;
        if let Some(digester) = &mut self.parts.digester {
            digester.update(chunk);
        }
        self.parts
            .stream
            .seal(chunk, last)
            .ok_or(ErrorKind::FileTooLarge)?;
        self.draft.write_all(chunk)?;
        chunk.clear();
        Ok(())
    }
}

impl Write for Sealer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = match self.failed {
            Some(kind) => Err(kind.into()),
            None => self.take(bytes),
        };
        taken.inspect_err(|error| self.failed = Some(error.kind()))
    }

    /// A chunk is sealed when it is full: nothing is to be done.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
