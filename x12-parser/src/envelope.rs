//! What the headers around a place in a document say: whose it is, from whom and for whom.

use std::fmt;

use crate::segment::{Segment, unwrapped};

/// The ordinals of a place in a document, and what the headers around it say. No element of a transaction set's contents is in it.
#[derive(Clone, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Envelope {
    /// Which interchange of the document, from one; 0 outside any.
    pub interchange: u32,
    /// Which group of the interchange, from one; 0 outside any.
    pub group: u32,
    /// Which transaction set of the group, from one; 0 outside any.
    pub set: u32,
    isa: Vec<String>,
    gs: Vec<String>,
    st: Vec<String>,
    groups: u32,
    sets: u32,
}

/// Longest element that is kept: ST03 takes 35 characters (data element 1705), all others fewer.
const ELEMENT_BYTES: usize = 35;

/// Whether ISA12 is a version of the control segments that there is, or may come.
pub(crate) fn is_version(isa12: &[u8]) -> bool {
    matches!(isa12, [b'0', b'0', b'2'..=b'8', b'0'..=b'9', b'0'..=b'9'])
}

impl Envelope {
    /// An element of the interchange header, from one: ISA05 to ISA10 and ISA12 to ISA15 as written, blanks and all; others are empty.
    #[must_use]
    pub fn isa(&self, number: usize) -> &str {
        element(&self.isa, number)
    }

    /// An element of the group's header, from one: GS01 to GS08.
    #[must_use]
    pub fn gs(&self, number: usize) -> &str {
        element(&self.gs, number)
    }

    /// An element of the transaction set's header, from one: ST01 to ST03.
    #[must_use]
    pub fn st(&self, number: usize) -> &str {
        element(&self.st, number)
    }

    pub(crate) fn open_interchange(&mut self) {
        *self = Self {
            interchange: self.interchange.saturating_add(1),
            ..Self::default()
        };
    }

    pub(crate) fn open_group(&mut self) {
        self.groups = self.groups.saturating_add(1);
        (self.group, self.sets) = (self.groups, 0);
    }

    pub(crate) fn open_set(&mut self) {
        self.sets = self.sets.saturating_add(1);
        self.set = self.sets;
    }

    pub(crate) fn close_group(&mut self) {
        self.group = 0;
        self.gs.clear();
    }

    pub(crate) fn close_set(&mut self) {
        self.set = 0;
        self.st.clear();
    }

    /// Takes an interchange header.
    pub(crate) fn read_isa(&mut self, segment: &Segment<'_>) {
        read(&mut self.isa, segment, 15);
        // Security information, and what only tells how the rest is written.
        for secret in [1, 2, 3, 4, 11] {
            self.isa[secret - 1].clear();
        }
    }

    /// Takes a group's header.
    pub(crate) fn read_gs(&mut self, segment: &Segment<'_>) {
        read(&mut self.gs, segment, 8);
    }

    /// Takes a transaction set's header.
    pub(crate) fn read_st(&mut self, segment: &Segment<'_>) {
        read(&mut self.st, segment, 3);
    }
}

/// Identity alone: ISA05 to ISA08, ISA12 to ISA15, GS and ST.
impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let identity = [5, 6, 7, 8, 12, 13, 14, 15].map(|number| self.isa(number));
        f.debug_struct("Envelope")
            .field("place", &[self.interchange, self.group, self.set])
            .field("isa", &identity)
            .field("gs", &self.gs)
            .field("st", &self.st)
            .finish()
    }
}

fn element(elements: &[String], number: usize) -> &str {
    let index = number.checked_sub(1);
    index
        .and_then(|index| elements.get(index))
        .map_or("", String::as_str)
}

/// Reads so many elements, into strings that are there already.
fn read(to: &mut Vec<String>, segment: &Segment<'_>, count: usize) {
    to.resize_with(count, String::new);
    for (number, to) in (1..).zip(to) {
        to.clear();
        read_text(segment.element(number).bytes(), to);
    }
}

/// An identifying element as text, cut to a length that no right one has.
pub(crate) fn text(bytes: &[u8]) -> String {
    let mut text = String::new();
    read_text(bytes, &mut text);
    text
}

fn read_text(bytes: &[u8], to: &mut String) {
    let bytes = unwrapped(bytes);
    let kept = &bytes[..bytes.len().min(ELEMENT_BYTES)];
    to.push_str(&String::from_utf8_lossy(kept));
}
