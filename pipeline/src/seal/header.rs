//! What stands before the chunks: all that is needed to open them but the key-encryption key.
//!
//! ```text
//! "X12SEAL"  7 bytes
//! version    1 byte, 1
//! key id     1 byte with its length, then as many
//! wrapped    2 bytes with its length, big endian, then as many
//! prefix     7 bytes
//! ```

use std::io::{self, ErrorKind, Read};

use crate::cipher::{PREFIX_BYTES, Stream};
use crate::keys::{DataKey, WrappedKey};
use crate::limits::WRAPPED_KEY_BYTES;
use crate::object::ObjectId;
use crate::store::failure_of;

/// The format and its version.
const MAGIC: [u8; 8] = *b"X12SEAL\x01";

/// The header of an object.
pub struct Header {
    /// The data key.
    pub wrapped: WrappedKey,
    /// The random part of its nonces.
    pub prefix: [u8; PREFIX_BYTES],
}

impl Header {
    /// Its bytes; none if the wrapped key is longer than it may be.
    pub fn write(&self) -> Option<Vec<u8>> {
        let WrappedKey { key_id, bytes } = &self.wrapped;
        let id_length = u8::try_from(key_id.len()).ok()?;
        let length = u16::try_from(bytes.len()).ok()?;
        let mut written = MAGIC.to_vec();
        written.push(id_length);
        written.extend_from_slice(key_id.as_bytes());
        written.extend_from_slice(&length.to_be_bytes());
        written.extend_from_slice(bytes);
        written.extend_from_slice(&self.prefix);
        (bytes.len() <= WRAPPED_KEY_BYTES).then_some(written)
    }

    /// Reads it, and gives the bytes that were read as well: the chunks are bound to them.
    pub fn read(reader: &mut dyn Read) -> io::Result<(Self, Vec<u8>)> {
        let mut reader = Recorder {
            reader,
            read: Vec::new(),
        };
        if reader.array()? != MAGIC {
            return Err(broken());
        }
        let [id_length] = reader.array()?;
        let key_id = String::from_utf8(reader.bytes(id_length.into())?).map_err(|_| broken())?;
        let length = usize::from(u16::from_be_bytes(reader.array()?));
        if length > WRAPPED_KEY_BYTES {
            return Err(broken());
        }
        let bytes = reader.bytes(length)?;
        let prefix = reader.array()?;
        let wrapped = WrappedKey { key_id, bytes };
        Ok((Self { wrapped, prefix }, reader.read))
    }

    /// The stream of the chunks behind this header.
    pub fn stream(&self, data_key: &DataKey, bound: Vec<u8>) -> Stream {
        Stream::new(data_key.secret(), self.prefix, bound)
    }
}

/// What the data key is bound to.
pub fn context(id: &ObjectId, owner: &str) -> Vec<u8> {
    joined([&MAGIC, id.to_string().as_bytes(), owner.as_bytes()])
}

/// What the chunks are bound to.
pub fn bound(header: &[u8], id: &ObjectId, owner: &str) -> Vec<u8> {
    joined([header, id.to_string().as_bytes(), owner.as_bytes()])
}

/// Each part with its length before it, so that none can take bytes of its neighbour.
fn joined(parts: [&[u8]; 3]) -> Vec<u8> {
    let with_length = |part: &[u8]| [&(part.len() as u64).to_be_bytes()[..], part].concat();
    parts.into_iter().flat_map(with_length).collect()
}

/// The error of everything that is not as it was sealed.
pub fn broken() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, failure_of(ErrorKind::InvalidData))
}

/// Remembers what was read.
struct Recorder<'a> {
    reader: &'a mut dyn Read,
    read: Vec<u8>,
}

impl Recorder<'_> {
    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn bytes(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.reader
            .read_exact(bytes)
            .map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof => broken(),
                _ => error,
            })?;
        self.read.extend_from_slice(bytes);
        Ok(())
    }
}
