//! Sealed objects: what the store holds instead of plain text.
//!
//! Each object has a data key and a nonce prefix of its own. Its plain text is cut into chunks of 64 KiB, sealed one by one as STREAM:
//! the nonce of a chunk has its position and whether it is the last. What every chunk is bound to: the whole header, the object's id
//! and its owner. So a chunk opens at its own place of its own object only, and the end is an end only if the last chunk says so.

mod header;
mod opener;
mod sealer;

use std::sync::Arc;

use crate::cipher::{PREFIX_BYTES, TAG_BYTES, random};
use crate::failure::{Failure, Result};
use crate::keys::{DataKey, Keys};
use crate::limits::{CHUNK_BYTES, OBJECT_BYTES};
use crate::object::ObjectId;
use crate::store::{Store, failure};
use header::Header;

pub use opener::Opener;
pub use sealer::{Sealed, Sealer};

/// Bytes of a chunk that is not the last, sealed.
const SEALED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;

/// What is purposely the same for the digests of all objects, so that equal contents are known by equal digests.
const DIGEST_PURPOSE: &str = "object";

/// Seals objects into a store and opens them.
#[derive(Clone)]
pub struct Vault {
    store: Arc<dyn Store>,
    keys: Arc<dyn Keys>,
    bytes_max: u64,
}

impl Vault {
    /// A vault over a store and keys.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, keys: Arc<dyn Keys>) -> Self {
        Self {
            store,
            keys,
            bytes_max: OBJECT_BYTES,
        }
    }

    /// The same, for objects of at most so many plain bytes; never more than [`OBJECT_BYTES`].
    #[must_use]
    pub fn limited(mut self, bytes: u64) -> Self {
        self.bytes_max = bytes.min(OBJECT_BYTES);
        self
    }

    /// Begins an object that belongs to a trading partner. It is there once [`Sealer::finish`] is done; dropping it discards it.
    ///
    /// # Errors
    /// `Transient` if store or keys cannot be used now, `Permanent` if the keys never can.
    pub fn seal(&self, id: &ObjectId, owner: &str) -> Result<Sealer> {
        let data_key = DataKey::random()?;
        let header = Header {
            wrapped: self.keys.wrap(&data_key, &header::context(id, owner))?,
            prefix: random::<PREFIX_BYTES>()?,
        };
        let written = header.write().ok_or(Failure::permanent(
            "key-unusable",
            "the keys wrap to more than a header holds",
        ))?;
        let draft = self.store.draft(id)?;
        let parts = sealer::Parts {
            stream: header.stream(&data_key, header::bound(&written, id, owner)),
            digester: Some(self.keys.digest_key().digester(DIGEST_PURPOSE)),
            bytes_max: self.bytes_max,
        };
        sealer::begin(draft, &written, parts).map_err(|error| failure(&error))
    }

    /// Opens an object that belongs to a trading partner.
    ///
    /// # Errors
    /// `Permanent` with `object-missing`; with `key-missing` if the key that its header names is not there. `Transient` with `object-broken`
    /// if its header was changed, be it on the way, or it is another's; or if store or keys cannot be used now.
    pub fn open(&self, id: &ObjectId, owner: &str) -> Result<Opener> {
        let mut reader = self.store.open(id)?;
        let (header, written) = Header::read(&mut reader).map_err(|error| failure(&error))?;
        let data_key = self
            .keys
            .unwrap(&header.wrapped, &header::context(id, owner))?;
        let stream = header.stream(&data_key, header::bound(&written, id, owner));
        Ok(Opener::new(reader, stream))
    }

    /// The keyed digest of a value, for the ledger: says nothing to who has not the key.
    #[must_use]
    pub fn digest(&self, purpose: &'static str, value: &[u8]) -> [u8; 32] {
        self.keys.digest_key().digest(purpose, value)
    }

    /// The store beneath, to ask for an object or remove one.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }
}
