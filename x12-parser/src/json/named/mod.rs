//! The shape `named`: X12 as objects by the labels of its guide, and back from business facts alone.
//!
//! X12 to JSON: `leaf` renders segments, `stage` blocks of them on any thread, `object` and `gather` put them together in order. JSON to X12: `tree`
//! reads what is kept as a whole, `compose` makes segments of it with a `pen`, `seal` fills in the envelope, `read` takes document and
//! lines apart and `turn` writes each part at its turn. `schema` says all that as JSON Schema.

mod compose;
mod extra;
mod frame;
pub(crate) mod gather;
pub(crate) mod leaf;
mod object;
mod pen;
pub(crate) mod read;
pub(crate) mod schema;
mod schema_text;
pub(crate) mod seal;
pub(crate) mod stage;
mod tree;
mod turn;
