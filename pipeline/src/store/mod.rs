//! The door to the store: objects that are written once, become visible at once and whole, and are read as streams.
//!
//! It holds what it is given: sealing is the business of `seal`. It is blocking, for threads that may block.

mod folder;
mod kept;

use std::io::{self, ErrorKind, Read, Write};

use crate::failure::{Failure, Result};
use crate::object::ObjectId;

pub use folder::FolderStore;
pub use kept::KeptStore;

/// Where objects are.
pub trait Store: Send + Sync {
    /// Begins an object, which nobody sees until it is published. One that was there stays until then.
    ///
    /// # Errors
    /// `Transient` with `store-full` or `store-unavailable`.
    fn draft(&self, id: &ObjectId) -> Result<Box<dyn Draft>>;

    /// Opens an object for reading.
    ///
    /// # Errors
    /// `Permanent` with `object-missing` if there is none; `Transient` with `store-unavailable`.
    fn open(&self, id: &ObjectId) -> Result<Box<dyn Read + Send>>;

    /// Fetches an object that will be opened soon, if that takes long and it is worth while. Nothing depends on it.
    fn fetch(&self, _id: &ObjectId) {}

    /// Whether there is such an object.
    ///
    /// # Errors
    /// `Transient` with `store-unavailable`.
    fn exists(&self, id: &ObjectId) -> Result<bool>;

    /// Removes an object; if there is none, all is well.
    ///
    /// # Errors
    /// `Transient` with `store-unavailable`.
    fn remove(&self, id: &ObjectId) -> Result<()>;
}

/// An object that is being written. Dropping it discards it.
pub trait Draft: Write + Send {
    /// Makes the object durable, then visible at once, in the place of an object of the same name.
    ///
    /// # Errors
    /// `Transient` with `store-full` or `store-unavailable`; the draft is discarded.
    fn publish(self: Box<Self>) -> Result<()>;
}

/// The failure behind an error that came out of a stream of the store, be it sealed or not.
///
/// Whoever has only the error's kind left gets the same answer from [`failure_of`].
#[must_use]
pub fn failure(error: &io::Error) -> Failure {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    inner.copied().unwrap_or_else(|| failure_of(error.kind()))
}

/// The failure that a kind of error stands for.
#[must_use]
pub fn failure_of(kind: ErrorKind) -> Failure {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Failure::transient("store-full", "the store has no room left")
        }
        // It may have been changed on its way to us only; what is changed for good is a dead letter after some tries.
        ErrorKind::InvalidData => {
            Failure::transient("object-broken", "the object is not as it was sealed")
        }
        ErrorKind::FileTooLarge => Failure::permanent(
            "object-too-large",
            "the object is larger than an object may be",
        ),
        kind => {
            tracing::warn!(?kind, "the store failed");
            Failure::transient("store-unavailable", "the store cannot be used")
        }
    }
}
