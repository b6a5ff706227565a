//! The entries of `$extra`: what has no label in the guide, and where it stood.

use x12_schemas::table::NONE;

use crate::json::named::tree::{Index, NOTHING, Tree};
use crate::sheet::LoopSheet;

/// The entries of a loop's object.
#[derive(Default)]
pub(crate) struct Extras {
    /// Segments without a label.
    pub(crate) segments: Vec<Extra>,
    /// Elements without a label.
    pub(crate) elements: Vec<Extra>,
    /// Values once too many for their keys.
    again: Vec<Extra>,
    read: usize,
    place: &'static str,
}

/// An entry.
#[derive(Clone, Copy)]
pub(crate) struct Extra {
    /// The slot behind whose value it stood, or of which it is; [`NONE`] for what starts the loop.
    pub(crate) slot: u16,
    /// Which value of it, from zero.
    pub(crate) of: Option<usize>,
    pub(crate) node: Index,
    /// Of a value once too many: its elements without a label.
    pub(crate) elements: Index,
    /// Where the entry stands.
    pub(crate) place: &'static str,
    pub(crate) index: usize,
}

impl Extras {
    /// Says where the entries that follow stand.
    pub(crate) fn begin(&mut self, place: &'static str) {
        (self.place, self.read) = (place, 0);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.segments.is_empty() && self.elements.is_empty() && self.again.is_empty()
    }

    /// Whether anything stands at a place.
    pub(crate) fn stands(&self, place: &str) -> bool {
        let lists = [&self.segments, &self.elements, &self.again];
        lists
            .into_iter()
            .flatten()
            .any(|extra| extra.place == place)
    }

    /// Drops all that stand at a place.
    pub(crate) fn forget(&mut self, place: &str) {
        for list in [&mut self.segments, &mut self.elements, &mut self.again] {
            list.retain(|extra| extra.place != place);
        }
    }

    /// Reads an entry; says what is wrong with it, and at which value.
    pub(crate) fn read(
        &mut self,
        tree: &Tree,
        entry: Index,
        a_loop: &LoopSheet,
    ) -> Result<(), (&'static str, Index)> {
        let (place, index) = (self.place, self.read);
        self.read += 1;
        let member = |key: &str| tree.member(entry, key);
        let known = ["segment", "after", "elements", "of", "key", "value"];
        if let Some((_, value)) = tree
            .members(entry)
            .find(|(key, _)| !known.iter().any(|known| known.as_bytes() == *key))
        {
            return Err(("an unknown key", value));
        }
        let elements = member("elements").unwrap_or(NOTHING);
        let (key, list) = if let Some(node) = member("segment") {
            (member("after"), (node, &mut self.segments))
        } else if let Some(node) = member("value") {
            (member("key"), (node, &mut self.again))
        } else if elements != NOTHING {
            (member("of"), (elements, &mut self.elements))
        } else {
            return Err(("an entry has a segment, elements or a value", entry));
        };
        let (slot, of) = match key {
            None => (NONE, None),
            Some(key) => place_of(tree.text(key).unwrap_or_default(), a_loop)
                .ok_or(("no key of the object is meant", key))?,
        };
        let (node, list) = list;
        list.push(Extra {
            slot,
            of,
            node,
            elements,
            place,
            index,
        });
        Ok(())
    }

    /// Values of a slot once too many for its key.
    pub(crate) fn values(&self, slot: u16) -> impl Iterator<Item = Extra> + use<> {
        let again: Vec<Extra> = self
            .again
            .iter()
            .filter(|extra| extra.slot == slot)
            .copied()
            .collect();
        again.into_iter()
    }
}

/// The slot and the place in its array that `contacts[1]` means.
fn place_of(text: &[u8], a_loop: &LoopSheet) -> Option<(u16, Option<usize>)> {
    let text = std::str::from_utf8(text).ok()?;
    let (key, of) = match text.strip_suffix(']').and_then(|text| text.split_once('[')) {
        Some((key, index)) => (key, Some(index.parse().ok()?)),
        None => (text, None),
    };
    let slot = a_loop.find(key.as_bytes(), 0)?;
    Some((u16::try_from(slot).ok()?, of))
}
