//! The door to key-encryption keys: they wrap the data key of each object, and never leave.
//!
//! A key file serves one machine or a mounted secret; a key service fits behind the same door.

mod file;

use crate::cipher::{Digester, Secret};
use crate::failure::Result;

pub use file::KeyFile;

/// Wraps and unwraps the data keys of objects, and has the key of digests. Blocking.
pub trait Keys: Send + Sync {
    /// Wraps a data key under the key that is current; only the same context unwraps it.
    ///
    /// # Errors
    /// `Transient` if the keys cannot be used now, `Permanent` if they never can.
    fn wrap(&self, data_key: &DataKey, context: &[u8]) -> Result<WrappedKey>;

    /// Unwraps a data key under whichever key wrapped it.
    ///
    /// # Errors
    /// `Permanent` with `key-missing` if that key is not there any more; `Transient` with `object-broken` if what is wrapped was changed,
    /// be it on the way, or belongs to another context; or if the keys cannot be used now.
    fn unwrap(&self, wrapped: &WrappedKey, context: &[u8]) -> Result<DataKey>;

    /// The key of digests, which is never rotated: the same contents have the same digest for ever.
    fn digest_key(&self) -> &DigestKey;
}

/// A data key as it stands in an object's header.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WrappedKey {
    /// Which key-encryption key wrapped it: visible ASCII characters.
    pub key_id: String,
    /// The wrapped key; only the door that made it knows its layout.
    pub bytes: Vec<u8>,
}

/// The key of one object: wiped when dropped, and by its type neither shown, copied nor written.
///
/// ```
/// fn shown<T: std::fmt::Debug>() {}
/// shown::<x12_pipeline::keys::WrappedKey>();
/// fn sent<T: Send>() {}
/// sent::<x12_pipeline::keys::DataKey>();
/// ```
/// ```compile_fail,E0277
/// fn shown<T: std::fmt::Debug>() {}
/// shown::<x12_pipeline::keys::DataKey>();
/// ```
/// ```compile_fail,E0277
/// fn shown<T: std::fmt::Display>() {}
/// shown::<x12_pipeline::keys::DataKey>();
/// ```
/// ```compile_fail,E0277
/// fn written<T: serde::Serialize>() {}
/// written::<x12_pipeline::keys::DataKey>();
/// ```
/// ```compile_fail,E0277
/// fn copied<T: Clone>() {}
/// copied::<x12_pipeline::keys::DataKey>();
/// ```
pub struct DataKey(Secret);

impl DataKey {
    /// A new one, from the operating system's random bytes.
    ///
    /// # Errors
    /// `Transient` if there are none.
    pub fn random() -> Result<Self> {
        Secret::random().map(Self)
    }

    /// The key of 32 bytes, as a key service unwrapped them; none if they are more or fewer. Wiping them is the caller's part.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        Secret::of(bytes).map(Self)
    }

    /// Its bytes, for the door that wraps them.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        self.0.bytes()
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.0
    }
}

/// The key of digests: wiped when dropped, and by its type neither shown nor written.
///
/// ```compile_fail,E0277
/// fn shown<T: std::fmt::Debug>() {}
/// shown::<x12_pipeline::keys::DigestKey>();
/// ```
/// ```compile_fail,E0277
/// fn written<T: serde::Serialize>() {}
/// written::<x12_pipeline::keys::DigestKey>();
/// ```
pub struct DigestKey(Secret);

impl DigestKey {
    /// The key of 32 bytes, as a key service gave them; none if they are more or fewer.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        Secret::of(bytes).map(Self)
    }

    /// The keyed digest of a value. Digests of different purposes are not comparable: one word for each, in the code.
    #[must_use]
    pub fn digest(&self, purpose: &'static str, value: &[u8]) -> [u8; 32] {
        let mut digester = self.digester(purpose);
        digester.update(value);
        digester.finish()
    }

    pub(crate) fn digester(&self, purpose: &'static str) -> Digester {
        Digester::new(&self.0, purpose)
    }
}
