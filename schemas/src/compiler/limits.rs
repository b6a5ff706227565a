//! Every bound of the compiler, so that no text makes it use more memory or time than a large guide needs.

/// Bytes of one file; the largest guide has some 100 KB.
pub(super) const SOURCE_BYTES: usize = 4 << 20;

/// Blocks within blocks, comments within comments; a guide needs about twelve.
pub(super) const NESTING: usize = 48;

/// Errors reported for one file; more help nobody.
pub(super) const ERRORS: usize = 100;

/// Loops within loops; a guide needs about seven.
pub(super) const LOOP_DEPTH: usize = 32;

/// Loop instances of a guide; the largest, a claim, has some 150.
pub(super) const LOOPS: usize = 4096;

/// Entries of any other table: an index is a `u16` whose last value means "none".
pub(super) const ENTRIES: usize = u16::MAX as usize;

/// Elements of a segment and components of a composite: syntax notes keep them as bits of a `u64`.
pub(super) const ELEMENTS: usize = 64;

/// Rules of a guide.
pub(super) const RULES: usize = 1000;

/// Cells of a rule: its terms.
pub(super) const CELLS: usize = 64;

/// Conditions within conditions.
pub(super) const CONDITION_DEPTH: usize = 4;

/// Characters that a pattern can stand for.
pub(super) const PATTERN: usize = 60;
