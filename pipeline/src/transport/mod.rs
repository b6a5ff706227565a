//! The ways on which files come and go, as a door. Blocking: called where blocking is allowed.

pub mod folder;

use std::ffi::OsString;
use std::io::Read;

use crate::failure::Result;
use crate::object::JobId;

/// A file that can be taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Offer {
    /// Its name there.
    pub name: OsString,
    /// Its length now.
    pub bytes: u64,
    /// When it last changed, in milliseconds since 1970.
    pub modified_ms: i64,
    /// Whether it stays as it is: nobody is still writing it.
    pub is_final: bool,
    /// Which version of what has this name it is, once that is known and where versions are kept.
    pub version: Option<String>,
}

/// What may be taken of what lies somewhere, the oldest first: nothing that is hidden, as what is not whole yet is, where it may be so.
pub fn takeable(mut offers: Vec<Offer>) -> Vec<Offer> {
    let is_hidden = |offer: &Offer| offer.name.as_encoded_bytes().starts_with(b".");
    offers.retain(|offer| offer.is_final || !is_hidden(offer));
    offers.sort_by(|a, b| (a.modified_ms, &a.name).cmp(&(b.modified_ms, &b.name)));
    offers
}

/// A way on which files come and go.
pub trait Transport: Send + Sync {
    /// Where it leads, for operators: a path, an address.
    fn place(&self) -> String;

    /// What lies there, complete or not.
    ///
    /// # Errors
    /// [`crate::failure::Failure::Transient`] if one cannot look.
    fn offers(&self) -> Result<Vec<Offer>>;

    /// The same file with its version, where versions are kept: what is read and taken away is that one, whatever comes after it. None if
    /// it is gone, or another one by now.
    ///
    /// # Errors
    /// [`crate::failure::Failure::Transient`] if one cannot look.
    fn pin(&self, offer: &Offer) -> Result<Option<Offer>> {
        Ok(Some(offer.clone()))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`crate::failure::Failure::Transient`] if it cannot be read.
    fn read(&self, offer: &Offer) -> Result<Box<dyn Read + Send>>;

    /// Takes a file away that was taken in as this arrival, if it is still as it was offered. Who asked for a receipt gets it.
    ///
    /// # Errors
    /// [`crate::failure::Failure::Transient`] if it cannot be taken away.
    fn remove(&self, offer: &Offer, arrival: JobId) -> Result<()>;

    /// Leaves a file, whole or not at all; under the same name it is the same file.
    ///
    /// # Errors
    /// [`crate::failure::Failure::Transient`] if it cannot be written; what `write` returns.
    fn send(&self, name: &str, write: Write<'_>) -> Result<()>;
}

/// Writes the contents of a file.
pub type Write<'w> = &'w mut dyn FnMut(&mut (dyn std::io::Write + Send + Sync)) -> Result<()>;
