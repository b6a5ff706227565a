//! The runs of bytes that a block is cut into: segments above all, and what stands between them.

use std::sync::Arc;

use crate::delimiters::{Delimiters, Header};
use crate::index::Index;

/// What a run of bytes is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum EntryKind {
    /// A segment.
    Segment,
    /// An interchange trailer: only text, or another interchange, may follow.
    Trailer,
    /// A segment that the document's end cuts off: there is no terminator.
    Unterminated,
    /// An interchange header, whose delimiters hold from here on.
    Header,
    /// Text before the first interchange.
    Before,
    /// Text behind an interchange that is not its usual end of line.
    After,
    /// A BIN or BDS segment up to its data.
    BinaryHead,
    /// Data of a BIN or BDS segment; a multiple of three bytes unless it is the last of them.
    BinaryData,
    /// Terminator and end of line behind such data.
    BinaryTail,
}

impl EntryKind {
    /// Whether a segment begins with it: it is no text between structures, and no data of a segment that has begun.
    #[inline]
    pub(crate) fn is_segment(self) -> bool {
        !matches!(
            self,
            Self::Before | Self::After | Self::BinaryData | Self::BinaryTail
        )
    }
}

/// One run of bytes of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) kind: EntryKind,
    /// Printable ASCII throughout, without quotation mark or backslash.
    pub(crate) plain: bool,
    /// No delimiters stand inside its elements.
    pub(crate) flat: bool,
    /// What follows the terminator is not the interchange's usual end of line.
    pub(crate) odd: bool,
    /// Binary data whose declared length does not fit.
    pub(crate) misjudged: bool,
    /// Offsets in the block: first byte, terminator, first byte of what follows.
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) next: u32,
    /// The delimiters inside: a range of [`Index::marks`].
    pub(crate) first_mark: u32,
    pub(crate) mark_count: u32,
}

impl Entry {
    /// No bytes at all, at a block's start.
    pub(crate) fn nothing() -> Self {
        run(EntryKind::After, 0, 0)
    }
}

/// How the bytes of a block are split.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) index: Index,
    pub(crate) entries: Vec<Entry>,
    pub(crate) delimiters: Delimiters,
    pub(crate) suffix: Arc<[u8]>,
    /// What the interchange header told, if the block holds one.
    pub(crate) header: Option<Header>,
}

/// A run of bytes without delimiters of interest.
pub(crate) fn run(kind: EntryKind, start: usize, end: usize) -> Entry {
    let (start, end) = (start as u32, end as u32);
    Entry {
        kind,
        plain: false,
        flat: false,
        odd: false,
        misjudged: false,
        start,
        end,
        next: end,
        first_mark: 0,
        mark_count: 0,
    }
}
