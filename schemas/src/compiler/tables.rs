//! The tables of a guide while they grow.

use std::collections::BTreeMap;

use crate::table::{Guide, NONE};

use super::limits;
use super::standard::{Shape, Standard};

/// A guide whose segments are being written, over the standard.
pub(super) struct Tables<'a> {
    pub(super) standard: &'a Standard,
    pub(super) guide: Guide,
    /// Lists of codes met so far, with their indexes.
    codes: BTreeMap<Vec<String>, u16>,
    /// Codes that the guide lists once, under a name.
    pub(super) named_codes: BTreeMap<String, Vec<String>>,
    /// Segments whose syntax notes have been written, with the first of these.
    notes: BTreeMap<&'a str, u16>,
}

impl<'a> Tables<'a> {
    pub(super) fn new(standard: &'a Standard, guide: Guide) -> Self {
        Self {
            standard,
            guide,
            codes: BTreeMap::new(),
            named_codes: BTreeMap::new(),
            notes: BTreeMap::new(),
        }
    }

    /// Whether a segment more might not fit.
    pub(super) fn is_full(&self) -> bool {
        let guide = &self.guide;
        let longest = [
            guide.segments.len(),
            guide.elements.len(),
            guide.components.len(),
            guide.codes.len(),
            guide.notes.len(),
        ];
        // A segment adds at most so many components and lists of codes.
        let room = limits::ELEMENTS * (limits::ELEMENTS + 1);
        longest
            .iter()
            .any(|&length| length + room >= limits::ENTRIES)
    }

    /// The index of a list of codes, in any order; [`NONE`] if there are none.
    pub(super) fn codes(&mut self, mut codes: Vec<String>) -> u16 {
        if codes.is_empty() {
            return NONE;
        }
        codes.sort_unstable();
        let table = &mut self.guide.codes;
        *self.codes.entry(codes).or_insert_with_key(|codes| {
            table.push(codes.clone());
            small(table.len() - 1)
        })
    }

    /// The syntax notes of a segment, written once for all its uses.
    pub(super) fn notes(&mut self, id: &'a str, shape: &Shape) -> u16 {
        let notes = &mut self.guide.notes;
        *self.notes.entry(id).or_insert_with(|| {
            let first = small(notes.len());
            notes.extend(&shape.notes);
            first
        })
    }
}

/// An index or a count as tables hold it; `limits::ENTRIES` keeps it in range.
pub(super) fn small(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(NONE)
}
