//! HIPAA X12 implementation guides as data: what is built in, and the compiler for what is not.
//!
//! Guides are KDL files, one each, beside this crate; `build.rs` compiles them, and [`Catalog`] hands them out, each loaded when it is
//! first asked for. A [`table::Guide`] is flat tables of facts, which `x12-parser` walks; [`Catalog::compile`] makes the same of a text
//! read at run time.
//!
//! # Examples
//!
//! ```
//! use x12_schemas::Catalog;
//!
//! let catalog = Catalog::builtin();
//! let found = catalog.find("HC", "005010X222A1", "837", Some("005010X222A1"));
//! assert_eq!(found.map(|found| found.guide.id.clone()).as_deref(), Some("005010X222A1"));
//! ```

pub mod compiler;
pub mod table;

mod builtin;
mod catalog;
mod user_files;

pub use catalog::{Catalog, Entry, Match};
pub use user_files::{UserFile, UserLists, kdl_files};
