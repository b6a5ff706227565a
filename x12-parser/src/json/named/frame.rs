//! The objects of the shape `named` that are open while JSON is read, and what is kept of each until its turn.

use std::sync::Arc;

use crate::chart::Chart;
use crate::json::named::tree::Tree;
use crate::sheet::SlotKind;

/// An object that is open.
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    /// Offset of the object in the JSON.
    pub(crate) at: u64,
    /// The members that were read and are kept as values, those of the object.
    pub(crate) tree: Tree,
    /// Arrays that are kept as text until it is their turn.
    pub(crate) held: Vec<Held>,
    /// Nothing stands in the object, or in its open array, yet.
    pub(crate) fresh: bool,
    /// The array that is being read item by item.
    pub(crate) array: Option<Array>,
    /// What comes before its arrays has been written.
    pub(crate) begun: bool,
    /// Of a transaction set or a loop: the slots before this one have been written, and where what has no label stood by then.
    pub(crate) from: u16,
    pub(crate) passed: Option<&'static str>,
    /// Of a loop: which occurrence it is, from zero.
    pub(crate) ordinal: usize,
    /// It opened a hierarchical level.
    pub(crate) is_level: bool,
    /// It said that no level follows below.
    pub(crate) childless: bool,
    /// Keys that were read.
    pub(crate) keys: Vec<Vec<u8>>,
}

/// What an object is.
#[derive(Clone)]
pub(crate) enum Kind {
    /// A document, or a line of which it is not known yet what it is.
    Top,
    Interchange,
    Group,
    /// A transaction set, and its guide once that is known.
    Set(Option<Arc<Chart>>),
    /// A loop that is larger than what is kept as a whole.
    Loop(Arc<Chart>, u16),
}

/// An array that is kept as text.
pub(crate) struct Held {
    pub(crate) array: &'static str,
    pub(crate) text: Vec<u8>,
    pub(crate) base: u64,
}

/// An array that is open.
#[derive(Clone)]
pub(crate) struct Array {
    pub(crate) key: String,
    pub(crate) items: Items,
    pub(crate) index: usize,
}

/// What the items of an array are.
#[derive(Clone)]
pub(crate) enum Items {
    Interchanges,
    /// Segments between the interchange's header and its groups.
    Services,
    Groups,
    Sets,
    /// All segments of a transaction set without a guide.
    Segments,
    /// Of a slot of the loop.
    Slot(Arc<Chart>, u16),
}

impl Frame {
    pub(crate) fn new(kind: Kind, at: u64) -> Self {
        Self {
            kind,
            at,
            tree: Tree::object(at),
            held: Vec::new(),
            fresh: true,
            array: None,
            begun: false,
            from: 0,
            passed: None,
            ordinal: 0,
            is_level: false,
            childless: false,
            keys: Vec::new(),
        }
    }

    /// The array of the envelope that a key means.
    pub(crate) fn array_of(&self, key: &[u8]) -> Option<(&'static str, Items)> {
        match (&self.kind, key) {
            (Kind::Top, b"interchanges") => Some(("interchanges", Items::Interchanges)),
            (Kind::Interchange, b"services") => Some(("services", Items::Services)),
            (Kind::Interchange, b"groups") => Some(("groups", Items::Groups)),
            (Kind::Group, b"transactions") => Some(("transactions", Items::Sets)),
            (Kind::Set(_) | Kind::Top, b"segments") => Some(("segments", Items::Segments)),
            _ => None,
        }
    }

    /// The loop of the guide that the object is.
    pub(crate) fn a_loop(&self) -> Option<(&Arc<Chart>, u16)> {
        match &self.kind {
            Kind::Set(Some(chart)) => Some((chart, 0)),
            Kind::Loop(chart, index) => Some((chart, *index)),
            _ => None,
        }
    }

    /// The slot of a key whose loops may be written one by one, and whether these are records.
    pub(crate) fn streamed(&self, key: &[u8]) -> Option<(u16, u16)> {
        let (chart, index) = self.a_loop()?;
        let sheet = chart.sheet();
        let a_loop = sheet.a_loop(index)?;
        let slot = a_loop.find(key, 0)?;
        match a_loop.slots.get(slot)?.kind {
            SlotKind::Loop(child) if sheet.a_loop(child)?.streamed => Some((slot as u16, child)),
            _ => None,
        }
    }

    /// The text that is kept of an array.
    pub(crate) fn take(&mut self, array: &str) -> Option<Held> {
        let place = self.held.iter().position(|held| held.array == array)?;
        Some(self.held.swap_remove(place))
    }
}
