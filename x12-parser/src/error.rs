//! Why a document cannot be read at all; what is wrong inside a document that can be read is a [`crate::Finding`].

/// A document that cannot be read, or not any further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No interchange header was found.
    #[error("no interchange header (ISA) found in {searched} bytes, from byte {at}")]
    NoInterchange {
        /// Offset where the search began.
        at: u64,
        /// Bytes that were looked through.
        searched: u64,
    },
    /// An ISA was found that cannot be split into its sixteen elements.
    #[error(
        "the interchange header at byte {at} breaks off: element ISA{element:02} does not end where it must, at byte {byte}"
    )]
    InterchangeHeader {
        /// Offset of the ISA.
        at: u64,
        /// First element that does not fit, from one.
        element: u8,
        /// Offset where its separator should stand.
        byte: u64,
    },
    /// Something is larger than [`crate::Limits`] allow.
    #[error("{limit} is over its limit of {max}, at byte {at}")]
    Limit {
        /// What is too large.
        limit: &'static str,
        /// The bound that was reached.
        max: u64,
        /// Offset of the part that is too large.
        at: u64,
    },
    /// JSON that cannot be read, or that is not one of the shapes that X12 can be written from.
    #[error("{what}, at byte {at} of the JSON{}", if path.is_empty() { String::new() } else { format!(" ({path})") })]
    Json {
        /// What is wrong.
        what: &'static str,
        /// Offset in the JSON.
        at: u64,
        /// Where in the structure: `interchanges[0].groups[2]`; empty if unknown.
        path: String,
    },
    /// A document whose envelope is not whole, where that is needed to go on.
    #[error("{what}, at byte {at}")]
    Envelope {
        /// What is wrong.
        what: &'static str,
        /// Offset of the segment.
        at: u64,
    },
    /// A transaction set that was to be divided, in which it is uncertain what belongs to which record.
    #[error("the transaction set cannot be divided: {what}, at byte {at}")]
    Undivided {
        /// What is wrong.
        what: &'static str,
        /// Offset of what is wrong.
        at: u64,
    },
    /// A document that is joined to another one with other delimiters, in which a byte of a value is one of these.
    #[error("a value holds a delimiter of the document that it is joined to, at byte {at}")]
    Clash {
        /// Offset of the byte, or of the control segment that it stands in.
        at: u64,
    },
    /// A value that the caller gave for a control segment: too long, none, or with a byte that cannot stand there.
    #[error("the value given for {element} cannot be written")]
    Value {
        /// The element: `ISA06`.
        element: &'static str,
        /// Offset in the document of the segment that it was given for.
        at: u64,
    },
    /// The source could not be read, or the result not written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl Error {
    /// Offset of the trouble in the document, where there is one.
    #[must_use]
    pub fn at(&self) -> Option<u64> {
        match self {
            Self::NoInterchange { at, .. }
            | Self::Limit { at, .. }
            | Self::Json { at, .. }
            | Self::Envelope { at, .. }
            | Self::Undivided { at, .. }
            | Self::Clash { at }
            | Self::Value { at, .. } => Some(*at),
            Self::InterchangeHeader { byte, .. } => Some(*byte),
            Self::Io(_) => None,
        }
    }
}
