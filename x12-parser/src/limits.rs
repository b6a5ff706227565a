//! Every bound of this crate, so that no input can make it use more memory or time than its length allows.

/// How large the parts of a document may be; reaching one is [`crate::Error::Limit`].
///
/// The defaults follow what HIPAA documents need with a wide margin; a caller may set any field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one segment with its terminator and what follows it up to the next segment.
    pub segment_bytes: usize,
    /// Bytes of one element.
    pub element_bytes: usize,
    /// Elements of one segment.
    pub elements: usize,
    /// Components of one composite element.
    pub components: usize,
    /// Bytes of the binary element of a BIN or BDS segment.
    pub binary_bytes: u64,
    /// Bytes of text before, between and after interchanges.
    pub gap_bytes: usize,
    /// Bytes of one document.
    pub document_bytes: u64,
    /// Bytes of one record as JSON, where lines are made of records.
    pub record_bytes: usize,
    /// Bytes of the segments around a record as JSON: they are repeated for each record.
    pub context_bytes: usize,
    /// Bytes that are held back where a transaction set is divided: a record, what stands around it, and a hierarchical level while it
    /// is not known whether others follow below.
    pub held_bytes: usize,
    /// Findings kept for one transaction set; more are counted.
    pub findings_per_set: usize,
    /// Control numbers of one group or document that are remembered to find duplicates, as ranges.
    pub control_number_ranges: usize,
    /// Ranges of rejected records that are kept for one transaction set; beyond it the set is rejected as a whole.
    pub rejections_per_set: usize,
    /// Bytes of one acknowledgment; beyond it accepted sets are no longer listed one by one.
    pub acknowledgment_bytes: usize,
    /// Nesting of JSON objects and arrays.
    pub json_depth: usize,
    /// Bytes of a JSON string other than binary data, and of what may stand before the key that tells what an object is.
    pub json_token_bytes: usize,
}

impl Limits {
    /// The same, for who must miss no finding: none may hide another, and they do not outlive their block.
    pub(crate) fn with_all_findings(self) -> Self {
        Self {
            // One more is counted than is kept.
            findings_per_set: usize::MAX - 1,
            ..self
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 20,
            element_bytes: 64 << 10,
            elements: 256,
            components: 64,
            binary_bytes: 100 << 20,
            gap_bytes: 1 << 20,
            document_bytes: 4 << 30,
            record_bytes: 16 << 20,
            context_bytes: 1 << 20,
            held_bytes: 16 << 20,
            findings_per_set: 1000,
            control_number_ranges: 1 << 18,
            rejections_per_set: 1 << 16,
            acknowledgment_bytes: 32 << 20,
            json_depth: 128,
            json_token_bytes: 8 << 20,
        }
    }
}

/// Bytes that one block takes from its source, unless one segment needs more: fits the second-level cache with its output.
pub(crate) const BLOCK_BYTES: usize = 128 << 10;

/// Binary data up to this length are looked through to see whether their declared length is right; 1 MiB, as [`Limits::segment_bytes`].
pub(crate) const BINARY_LOOKAHEAD: usize = 1 << 20;

/// Bytes that an ISA may take when its elements are not of their fixed widths; the fixed ISA has 106.
pub(crate) const ISA_BYTES: usize = 512;

/// Values of one term of a rule that are kept to be compared in one occurrence of its loop; one with more is not looked at.
pub(crate) const RULE_VALUES: usize = 10_000;

/// Longest value that a rule keeps: no identifier or date is longer.
pub(crate) const RULE_VALUE_BYTES: usize = 80;
