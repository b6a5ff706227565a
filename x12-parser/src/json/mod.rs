//! X12 as JSON and back: the shapes `loops` and `segments` of DESIGN §4, both exact.

pub(crate) mod buffer;
pub(crate) mod render;
pub(crate) mod segment;
pub(crate) mod swift;
pub(crate) mod text;
