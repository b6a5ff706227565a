//! X12 as JSON and back: the shapes `loops` and `segments` of DESIGN §4, both exact; `named`, by the guides' labels; and lines of records, one-way.

pub(crate) mod binary;
pub(crate) mod buffer;
pub(crate) mod fields;
pub(crate) mod frame;
pub(crate) mod named;
pub(crate) mod raw;
pub(crate) mod records;
pub(crate) mod render;
pub(crate) mod restore;
pub(crate) mod scan;
pub(crate) mod segment;
pub(crate) mod short;
pub(crate) mod skim;
pub(crate) mod stitch;
pub(crate) mod structure;
pub(crate) mod swift;
pub(crate) mod text;
pub(crate) mod turn;
pub(crate) mod write;
