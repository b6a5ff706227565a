//! Values of a document that are handed to the caller alone: nothing that writes logs can show them.

use std::fmt;

use crate::segment::unwrapped;

/// Longest value that is handed on: no number of a claim or batch may be longer (data elements 127 and 1271, 80 in later versions).
const VALUE_BYTES: usize = 80;

/// A value of a document, such as the number of a claim. It is shown to nobody who does not ask for it: neither `Debug` nor any other
/// trait writes it.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Withheld(Box<[u8]>);

impl Withheld {
    /// A value, line breaks of a wrapped file aside; none if it is empty, or longer than any right one.
    pub(crate) fn new(value: &[u8]) -> Option<Self> {
        let value = unwrapped(value);
        (1..=VALUE_BYTES)
            .contains(&value.len())
            .then(|| Self(value.as_ref().into()))
    }

    /// The bytes as they stand in the document: to be hashed, sealed or compared, not to be logged.
    #[must_use]
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

/// Shows that there is one.
impl fmt::Debug for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Withheld(…)")
    }
}
