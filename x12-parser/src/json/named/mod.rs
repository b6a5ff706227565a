//! The shape `named`: X12 as objects by the labels of its guide, and back from business facts alone.
//!
//! X12 to JSON: `leaf` renders segments, `stage` blocks of them on any thread, `object` and `gather` put them together in order.
//!
//! JSON to X12: `read` takes document and lines apart, into what a `frame` keeps of each object; `turn` writes each part at its turn,
//! `around` what is around; `seal` fills in the envelope. What is kept as a whole is a `tree`, whose members `contents` sorts and of
//! which `compose` makes segments with a `pen`, and `put_back` those that have no label (`extra`).
//!
//! `schema` says it as JSON Schema.

mod around;
mod compose;
mod contents;
mod data;
mod extra;
mod frame;
pub(crate) mod gather;
pub(crate) mod leaf;
mod object;
mod pen;
mod put_back;
pub(crate) mod read;
pub(crate) mod schema;
mod schema_text;
pub(crate) mod seal;
pub(crate) mod stage;
mod tree;
mod turn;
