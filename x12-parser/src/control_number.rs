//! Control numbers that we write: ISA13, and GS06 of what stands in it.

use std::fmt;

/// A control number as both ISA13 and GS06 take it: 1 to 999,999,999.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ControlNumber(u32);

impl ControlNumber {
    /// The least.
    pub const FIRST: Self = Self(1);
    /// The greatest: ISA13 has nine digits.
    pub const LAST: Self = Self(999_999_999);

    /// A control number, if it is one.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        (Self::FIRST.0..=Self::LAST.0)
            .contains(&number)
            .then_some(Self(number))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }

    /// The number that comes next; behind the last comes the first.
    #[must_use]
    pub fn following(self) -> Self {
        Self::new(self.0 + 1).unwrap_or(Self::FIRST)
    }
}

/// Its digits; `{:09}` writes it as ISA13 has it.
impl fmt::Display for ControlNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
