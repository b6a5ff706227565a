//! What every operation of this crate is told: guides, limits, threads.

use std::sync::Arc;

use x12_schemas::Catalog;

use crate::charts::{Charts, Known};
use crate::limits::{BLOCK_BYTES, Limits};
use crate::snip::SnipTypes;

/// What every operation is told.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// The guides to go by; all that are built in by default.
    pub catalog: Arc<Catalog>,
    /// How large the parts of a document may be.
    pub limits: Limits,
    /// Which types of check are made; one that is left out tells nothing of a transaction set, and rejects nothing.
    ///
    /// The envelope is judged by an acknowledgment all the same: what cannot be opened cannot be accepted.
    pub snip: SnipTypes,
    /// Threads to work on: 1 works on the caller's thread alone. The same bytes come out whatever the number.
    pub threads: usize,
    /// Bytes taken from the source at once. The same bytes come out whatever the number.
    pub block_bytes: usize,
    /// What was made of the guides: a clone shares it, so many small documents are read faster with one, or clones of one, than with a
    /// new one each.
    known: Arc<Known>,
}

impl Options {
    /// The charts of the catalog's guides.
    pub(crate) fn charts(&self) -> Charts {
        Charts {
            catalog: Arc::clone(&self.catalog),
            known: Arc::clone(&self.known),
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            catalog: Arc::new(Catalog::builtin()),
            limits: Limits::default(),
            snip: SnipTypes::ALL,
            threads: 1,
            block_bytes: BLOCK_BYTES,
            known: Arc::default(),
        }
    }
}
