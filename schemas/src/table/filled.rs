//! How the shape `named` comes by what nobody tells it.

use serde::{Deserialize, Serialize};

/// How a value of the shape `named` comes about where none is given; fixed when a guide is compiled, so that no overlay changes a key.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub enum Filled {
    /// The guide does not use the element: it has no name there.
    #[default]
    Unnamed,
    /// Not at all: what is not given does not stand.
    Not,
    /// It is the guide's only code; of a composite, all its components are such.
    Code,
    /// It is the guide's only code, where an element stands that a syntax note pairs with it.
    Paired,
    /// It is the code of the format that the value beside it has.
    Form,
    /// It counts the occurrences of the loop.
    Count,
    /// It is a hierarchical level's number, the number of the level around it, or whether others follow below.
    Level,
    /// It is the length of the binary data behind it.
    Length,
}
