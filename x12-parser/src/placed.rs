//! What placing tells of a block: its events and findings, and all that a reader must know of the blocks before it.

use std::sync::Arc;

use crate::chart::Chart;
use crate::event::{Event, Place};
use crate::finding::Finding;
use crate::segment::Segment;

/// What was told about a block by those before it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Start {
    pub(crate) place: Place,
    /// Segments of the open transaction set, and of the document.
    pub(crate) segments_of_set: u64,
    /// Transaction sets of the open group so far.
    pub(crate) sets_of_group: u64,
    pub(crate) segments_of_document: u64,
    /// Ordinal of the open transaction set's guide among the charts.
    pub(crate) chart: Option<u16>,
    pub(crate) in_set: bool,
    pub(crate) in_group: bool,
    pub(crate) in_interchange: bool,
    pub(crate) loop_index: u16,
    /// Whether the interchange's trailer was read: only text may follow.
    pub(crate) trailer_read: bool,
    /// Whether text behind the interchange was read.
    pub(crate) gap_read: bool,
    /// Whether the interchange has got past its service segments, to groups.
    pub(crate) groups_begun: bool,
    /// Whether service segments, groups, and the group's transaction sets are still without any entry.
    pub(crate) services_empty: bool,
    pub(crate) groups_empty: bool,
    pub(crate) sets_empty: bool,
    /// Business units that are open, innermost last.
    pub(crate) units: Vec<OpenUnit>,
}

/// The segment that names the business unit in which what follows lies: a claim, a subscriber.
#[derive(Clone)]
pub(crate) struct OpenUnit {
    pub(crate) loop_index: u16,
    pub(crate) definition: u16,
    pub(crate) value: Arc<[u8]>,
}

impl std::fmt::Debug for OpenUnit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenUnit({})", self.definition)
    }
}

/// A block's events, and what a reader of them must know.
#[derive(Default)]
pub(crate) struct Placed {
    pub(crate) start: Start,
    pub(crate) events: Vec<Event>,
    pub(crate) findings: Vec<Finding>,
    /// Copies of what is wrong, for each finding of a [`crate::finding::Code::is_late`]: its segment may be in a block before this one.
    pub(crate) copies: Vec<Arc<[u8]>>,
    pub(crate) places: Vec<Place>,
    pub(crate) charts: Arc<Vec<Arc<Chart>>>,
}

impl Placed {
    /// Forgets everything but what the blocks before it told.
    pub(crate) fn begin(&mut self, start: &Start) {
        self.events.clear();
        self.findings.clear();
        self.copies.clear();
        self.places.clear();
        self.start = start.clone();
    }
}

/// Forgets the business units of loops that are no longer open.
pub(crate) fn close_units(units: &mut Vec<OpenUnit>, chart: &Chart, loop_index: u16) {
    while let Some(last) = units.last() {
        let mut open = chart.guide.around(loop_index);
        if open.any(|index| index == last.loop_index) {
            return;
        }
        units.pop();
    }
}

/// Remembers a segment that names a business unit.
pub(crate) fn open_unit(
    units: &mut Vec<OpenUnit>,
    chart: &Chart,
    loop_index: u16,
    definition: u16,
    segment: &Segment<'_>,
) {
    let Some(unit) = &chart.guide.segments[usize::from(definition)].unit else {
        return;
    };
    if units
        .last()
        .is_some_and(|last| last.loop_index == loop_index)
    {
        units.pop();
    }
    let value = segment.element(usize::from(unit.element)).bytes().into();
    units.push(OpenUnit {
        loop_index,
        definition,
        value,
    });
}
