//! Control segments taken apart, changed, and written.

use crate::delimiters::Delimiters;
use crate::entry::{EntryKind, Layout};
use crate::error::Error;
use crate::segment::{Segment, unwrapped};

/// A control segment in parts.
#[derive(Clone)]
pub(crate) struct Control {
    /// The identifier, then the elements.
    fields: Vec<Vec<u8>>,
    /// Terminator, and what follows it.
    end: Vec<u8>,
    /// Offset of the segment that was read.
    at: u64,
}

/// An element that is given anew: its name, its number, and its length in bytes at most.
pub(crate) type Slot = (&'static str, usize, usize);

/// Elements of ISA that are given anew; each has a fixed width (x12-standard §1.1).
pub(crate) const ISA: [Slot; 8] = [
    ("ISA05", 5, 2),
    ("ISA06", 6, 15),
    ("ISA07", 7, 2),
    ("ISA08", 8, 15),
    ("ISA09", 9, 6),
    ("ISA10", 10, 4),
    ("ISA13", 13, 9),
    ("ISA15", 15, 1),
];

/// Elements of GS that are given anew.
pub(crate) const GS: [Slot; 5] = [
    ("GS02", 2, 15),
    ("GS03", 3, 15),
    ("GS04", 4, 8),
    ("GS05", 5, 8),
    ("GS06", 6, 9),
];

/// The element of ST that is given anew.
pub(crate) const ST: [Slot; 1] = [("ST02", 2, 9)];

/// An element without the line breaks inside; one that is nothing else is a separator that is declared there.
fn in_one_line(field: &[u8]) -> Vec<u8> {
    match &*unwrapped(field) {
        [] => field.to_vec(),
        line => line.to_vec(),
    }
}

/// Whether an odd header, put right, could be read as one whose component separator is the terminator, with a line break behind it.
pub(crate) fn is_ambiguous(layout: &Layout) -> bool {
    let header = layout.header.as_ref();
    let is_odd = header.is_some_and(|header| header.wrapped || !header.misfits.is_empty());
    is_odd && layout.delimiters.segment.is_ascii_whitespace()
}

impl Control {
    /// Takes a segment apart.
    pub(crate) fn read(segment: &Segment<'_>, kind: EntryKind, at: u64) -> Self {
        let fields = segment.fields();
        let fields = match kind {
            // What stands in it is moved, and with it the line breaks of a wrapped file.
            EntryKind::Header => fields.map(in_one_line).collect(),
            _ => fields.map(<[u8]>::to_vec).collect(),
        };
        let mut end = segment
            .raw()
            .get(segment.bytes().len()..)
            .unwrap_or_default()
            .to_vec();
        if kind == EntryKind::Unterminated {
            end.push(segment.delimiters().segment);
        }
        Self { fields, end, at }
    }

    /// A trailer that was missing.
    pub(crate) fn new(id: &str, delimiters: &Delimiters, suffix: &[u8]) -> Self {
        Self {
            fields: vec![id.as_bytes().to_vec()],
            end: [&[delimiters.segment], suffix].concat(),
            at: 0,
        }
    }

    /// An element from one, 0 being the identifier; empty if it does not stand.
    pub(crate) fn element(&self, number: usize) -> &[u8] {
        self.fields.get(number).map_or(&[], Vec::as_slice)
    }

    /// How many bytes it is, terminator and all.
    pub(crate) fn len(&self) -> usize {
        let fields: usize = self.fields.iter().map(|field| field.len() + 1).sum();
        fields + self.end.len()
    }

    /// Puts a value in the place of an element.
    pub(crate) fn put(&mut self, number: usize, value: Vec<u8>) {
        if self.fields.len() <= number {
            self.fields.resize_with(number + 1, Vec::new);
        }
        self.fields[number] = value;
    }

    /// Puts given values in their places; `padded` fills their widths with blanks.
    pub(crate) fn give(
        &mut self,
        slots: &[Slot],
        values: &[impl AsRef<str>],
        delimiters: &Delimiters,
        padded: bool,
    ) -> Result<(), Error> {
        for (&(element, number, most), value) in slots.iter().zip(values) {
            let value = value.as_ref();
            let fits = value.len() <= most && (padded || !value.is_empty());
            if !fits || !value.bytes().all(|byte| takes(delimiters, byte)) {
                return Err(Error::Value {
                    element,
                    at: self.at,
                });
            }
            let mut value = value.as_bytes().to_vec();
            if padded {
                value.resize(most, b' ');
            }
            self.put(number, value);
        }
        Ok(())
    }

    /// Ends it as others end.
    pub(crate) fn end(&mut self, delimiters: &Delimiters, suffix: &[u8]) {
        self.end = [&[delimiters.segment], suffix].concat();
    }

    /// Refuses elements that would read otherwise under these delimiters.
    pub(crate) fn check(&self, delimiters: &Delimiters) -> Result<(), Error> {
        let clashes = |&byte: &u8| delimiters.contains(byte);
        if self.fields.iter().flatten().any(clashes) {
            return Err(Error::Clash { at: self.at });
        }
        Ok(())
    }

    pub(crate) fn write(&self, delimiters: &Delimiters, to: &mut Vec<u8>) {
        for (number, field) in self.fields.iter().enumerate() {
            if number > 0 {
                to.push(delimiters.element);
            }
            to.extend_from_slice(field);
        }
        to.extend_from_slice(&self.end);
    }
}

/// Whether a byte can stand in a control segment's element.
pub(crate) fn takes(delimiters: &Delimiters, byte: u8) -> bool {
    (0x20..0x7F).contains(&byte) && !delimiters.contains(byte)
}
