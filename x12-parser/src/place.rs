//! Places the segments of a block: the envelope by its own rules, what is inside a transaction set by its guide.
//!
//! The only sequential pass behind the cut, so it looks at structure alone; elements are checked later, block by block, in parallel.

mod header;
mod set;

use std::sync::Arc;

use x12_schemas::table::NONE;

use crate::chart::{Chart, SegmentId};
use crate::charts::Charts;
use crate::entry::{Entry, EntryKind, Layout};
use crate::event::{Event, GroupKind, Part, Place, Span};
use crate::finding::{Code, Identity, Position};
use crate::limits::Limits;
use crate::numbers::NumberSet;
use crate::placed::{Placed, Start, close_units, open_unit};
use crate::segment::Segment;
use crate::snip::SnipTypes;
use crate::walk::{Trail, Walk, number};

const ISA: SegmentId = SegmentId::new(b"ISA");
const GS: SegmentId = SegmentId::new(b"GS");
const ST: SegmentId = SegmentId::new(b"ST");
const SE: SegmentId = SegmentId::new(b"SE");
const GE: SegmentId = SegmentId::new(b"GE");
const IEA: SegmentId = SegmentId::new(b"IEA");
/// Segments that may stand between ISA and the first group (x12-standard §1.1).
const SERVICE: [SegmentId; 3] = [
    SegmentId::new(b"TA1"),
    SegmentId::new(b"ISB"),
    SegmentId::new(b"ISE"),
];

/// Longest control number that is kept as identity; ISA13 has 9 characters, GS06 and ST02 up to 9.
const IDENTITY_BYTES: usize = 16;

/// How far a document is placed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Extent {
    /// Its envelopes alone.
    Envelopes,
    /// Also its transaction sets in the loops of their guides.
    Loops,
    /// Also by the rules of the guides, as far as these types of check are made.
    Rules(SnipTypes),
}

impl Extent {
    /// Which types of check are made inside transaction sets.
    fn snip(self) -> SnipTypes {
        match self {
            Self::Rules(snip) => snip,
            Self::Envelopes | Self::Loops => SnipTypes::ALL,
        }
    }
}

/// Places block after block of one document.
pub(crate) struct Placer {
    known: Charts,
    envelope: Arc<Chart>,
    charts: Arc<Vec<Arc<Chart>>>,
    limits: Limits,
    extent: Extent,
    start: Start,
    isa13: Vec<u8>,
    isa13_seen: NumberSet,
    groups: u64,
    group: Group,
    set: Set,
    kept: usize,
}

/// The open group.
#[derive(Default)]
struct Group {
    /// Opened by a transaction set, without a header of its own.
    orphan: bool,
    gs06: Vec<u8>,
    st02_seen: NumberSet,
    gs06_seen: NumberSet,
}

/// The open transaction set.
#[derive(Default)]
struct Set {
    st02: Vec<u8>,
    walk: Option<Walk>,
    trailer: u16,
}

impl Placer {
    pub(crate) fn new(known: Charts, limits: Limits, extent: Extent) -> Self {
        let most = limits.control_number_ranges;
        Self {
            envelope: known.envelope(),
            known,
            charts: Arc::default(),
            limits,
            extent,
            start: Start::default(),
            isa13: Vec::new(),
            isa13_seen: NumberSet::new(most),
            groups: 0,
            group: Group {
                st02_seen: NumberSet::new(most),
                gs06_seen: NumberSet::new(most),
                ..Group::default()
            },
            set: Set::default(),
            kept: 0,
        }
    }

    /// The envelope's control segments, as a guide.
    pub(crate) fn envelope(&self) -> &Arc<Chart> {
        &self.envelope
    }

    /// The bounds that all blocks are read within.
    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Places all entries of a block that begins at byte `base` of the document.
    pub(crate) fn place(&mut self, bytes: &[u8], base: u64, layout: &Layout, placed: &mut Placed) {
        placed.begin(&self.start);
        for entry in &layout.entries {
            if self.passes(bytes, entry) {
                self.start.segments_of_document += 1;
                self.start.segments_of_set += 1;
                placed.events.push(Event::Entry(NONE));
                continue;
            }
            let segment = Segment::new(bytes, layout, entry);
            let mut here = Here {
                placed,
                span: self.span(base, entry),
                entry,
                layout,
            };
            self.entry(&segment, &mut here);
        }
        placed.charts = Arc::clone(&self.charts);
    }

    /// Closes what the document's end leaves open.
    pub(crate) fn finish(&mut self, base: u64, layout: &Layout, placed: &mut Placed) {
        placed.begin(&self.start);
        let entry = Entry::nothing();
        let span = Span {
            length: 0,
            segment: self.start.segments_of_document + 1,
            ..self.span(base, &entry)
        };
        self.close_interchange(&mut Here {
            placed,
            span,
            entry: &entry,
            layout,
        });
        placed.charts = Arc::clone(&self.charts);
    }

    /// Whether an entry is a segment inside a transaction set that is not walked: told by two bytes that no control segment has.
    #[inline]
    fn passes(&self, bytes: &[u8], entry: &Entry) -> bool {
        if self.set.walk.is_some()
            || !self.start.in_set
            || entry.kind != EntryKind::Segment
            || entry.misjudged
            || !entry.plain
        {
            return false;
        }
        match bytes.get(entry.start as usize..entry.end as usize) {
            Some(
                [b'S' | b's', b'T' | b't' | b'E' | b'e', ..]
                | [b'G' | b'g', ..]
                | [b'I' | b'i', ..]
                | [],
            )
            | None => false,
            Some(_) => true,
        }
    }

    fn span(&self, base: u64, entry: &Entry) -> Span {
        Span {
            offset: base + u64::from(entry.start),
            length: u64::from(entry.end - entry.start),
            segment: 0,
        }
    }

    fn entry(&mut self, segment: &Segment<'_>, here: &mut Here<'_>) {
        match here.entry.kind {
            EntryKind::Header => return self.header(segment, here),
            EntryKind::Before | EntryKind::After => return self.gap(here),
            EntryKind::BinaryData | EntryKind::BinaryTail => return self.binary(here),
            EntryKind::Segment
            | EntryKind::Trailer
            | EntryKind::Unterminated
            | EntryKind::BinaryHead => {}
        }
        self.start.segments_of_document += 1;
        here.span.segment = self.start.segments_of_document;
        let id = SegmentId::of(segment);
        let kind = here.entry.kind;
        let closes = kind == EntryKind::Trailer || kind == EntryKind::Unterminated && id == IEA;
        match id {
            _ if closes => self.interchange_trailer(segment, here),
            ST => self.set_header(segment, here),
            SE if self.start.in_set => self.set_trailer(segment, here),
            GS => self.group_header(segment, here),
            GE => self.group_trailer(segment, here),
            _ if self.start.in_set => self.inside(id, segment, here),
            _ => self.outside(id, here),
        }
        self.shape(here);
    }

    /// A segment of a transaction set.
    fn inside(&mut self, id: SegmentId, segment: &Segment<'_>, here: &mut Here<'_>) {
        self.start.segments_of_set += 1;
        here.span.segment = self.start.segments_of_set;
        let Some(walk) = &mut self.set.walk else {
            if segment.bytes().is_empty() {
                self.find(here, Code::SegmentEmpty, None, Part::default());
            }
            return here.placed.events.push(Event::Entry(NONE));
        };
        let told = here.placed.events.len();
        let mut trail = here.trail(
            &self.start.place,
            &mut self.kept,
            self.limits.findings_per_set,
        );
        let definition = walk.segment(id, segment, &mut trail);
        let now = walk.loop_index();
        // Loops that ended take their units along, also where the next one is of the same kind.
        for event in here.placed.events.get(told..).unwrap_or_default() {
            match event {
                Event::OpenLoop(opened) => self.start.loop_index = *opened,
                Event::CloseLoop => {
                    let loops = &walk.chart.guide.loops;
                    let closed = loops.get(usize::from(self.start.loop_index));
                    self.start.loop_index = closed.map_or(0, |closed| closed.parent);
                    close_units(&mut self.start.units, &walk.chart, self.start.loop_index);
                }
                _ => {}
            }
        }
        here.placed.events.push(Event::Entry(definition));
        if walk.chart.is_marked(definition) {
            open_unit(&mut self.start.units, &walk.chart, now, definition, segment);
        }
    }

    /// A segment outside any transaction set.
    fn outside(&mut self, id: SegmentId, here: &mut Here<'_>) {
        let service =
            SERVICE.contains(&id) && !self.start.groups_begun && self.start.in_interchange;
        if service {
            self.start.services_empty = false;
        } else {
            self.begin_groups();
            self.find(here, Code::SegmentOutsideSet, None, Part::default());
            if self.start.in_group {
                self.start.sets_empty = false;
            } else {
                self.start.groups_empty = false;
            }
        }
        let definition = if service {
            self.envelope.definition(id)
        } else {
            NONE
        };
        here.placed.events.push(Event::Entry(definition));
    }

    fn begin_groups(&mut self) {
        if !self.start.groups_begun {
            self.start.groups_begun = true;
            self.start.groups_empty = true;
        }
    }

    /// Text between structures. Behind it nothing more of the interchange can follow.
    fn gap(&mut self, here: &mut Here<'_>) {
        let blank = here.entry.plain;
        let code = match here.entry.kind {
            EntryKind::Before => Code::TextBeforeInterchange,
            _ => Code::TextAfterInterchange,
        };
        if code == Code::TextAfterInterchange {
            self.close_group(here);
            self.begin_groups();
            self.start.gap_read = true;
        }
        if !blank {
            self.find(here, code, None, Part::default());
        }
        here.placed.events.push(Event::Entry(NONE));
    }

    fn binary(&mut self, here: &mut Here<'_>) {
        here.span.segment = self.segment_ordinal();
        if here.entry.misjudged {
            self.find(here, Code::BinaryLength, None, Part::default());
        }
        here.placed.events.push(Event::Entry(NONE));
    }

    fn segment_ordinal(&self) -> u64 {
        if self.start.in_set {
            self.start.segments_of_set
        } else {
            self.start.segments_of_document
        }
    }

    /// What is odd in the way a segment is written.
    fn shape(&mut self, here: &mut Here<'_>) {
        let entry = here.entry;
        if entry.kind == EntryKind::Unterminated {
            self.find(here, Code::SegmentUnterminated, None, Part::default());
        }
        if entry.misjudged {
            self.find(here, Code::BinaryLength, None, Part::default());
        }
    }

    /// Says that what follows is at another place.
    fn move_on(&mut self, here: &mut Here<'_>) {
        here.placed.places.push(self.start.place.clone());
        here.placed.events.push(Event::Place);
    }

    fn find(&mut self, here: &mut Here<'_>, code: Code, position: Option<Position>, part: Part) {
        here.trail(
            &self.start.place,
            &mut self.kept,
            self.limits.findings_per_set,
        )
        .finding(code, position, part);
    }

    /// Faults of the envelope are few and grave: no limit on those of a set keeps them back.
    fn find_in(&mut self, here: &mut Here<'_>, code: Code, id: SegmentId, element: u16) {
        let position = Position::new(&self.envelope.guide, 0, self.envelope.definition(id));
        here.trail(&self.start.place, &mut 0, self.limits.findings_per_set)
            .finding(code, Some(position), Part::element(element));
    }

    // Interchange

    fn header(&mut self, segment: &Segment<'_>, here: &mut Here<'_>) {
        self.start.segments_of_document += 1;
        here.span.segment = self.start.segments_of_document;
        self.close_interchange(here);
        self.start.in_interchange = true;
        self.start.services_empty = true;
        self.start.place.interchange += 1;
        self.isa13 = segment.element(13).bytes().to_vec();
        self.start.place.identity = Arc::new(Identity {
            interchange: text(&self.isa13),
            ..Identity::default()
        });
        self.groups = 0;
        self.group.gs06_seen.clear();
        here.placed.events.push(Event::OpenInterchange);
        self.move_on(here);
        here.placed
            .events
            .push(Event::Entry(self.envelope.definition(ISA)));
        self.header_findings(segment, here);
        if !self.isa13_seen.insert(&self.isa13) {
            self.find_in(here, Code::InterchangeControlNumberTwice, ISA, 13);
        }
    }

    fn interchange_trailer(&mut self, segment: &Segment<'_>, here: &mut Here<'_>) {
        self.close_group(here);
        self.begin_groups();
        here.placed
            .events
            .push(Event::Entry(self.envelope.definition(IEA)));
        if number(segment.element(1).bytes()).is_some_and(|count| count != self.groups) {
            self.find_in(here, Code::GroupCount, IEA, 1);
        }
        if segment.element(2).bytes() != self.isa13 {
            self.find_in(here, Code::InterchangeControlNumber, IEA, 2);
        }
        self.start.trailer_read = true;
    }

    /// The interchange stays open behind its trailer, for the text that may follow.
    fn close_interchange(&mut self, here: &mut Here<'_>) {
        if !self.start.in_interchange {
            return;
        }
        self.close_group(here);
        if !self.start.trailer_read {
            self.find_in(here, Code::InterchangeTrailerMissing, IEA, 0);
        }
        here.placed.events.push(Event::CloseInterchange);
        let Place { interchange, .. } = self.start.place;
        let place = Place {
            interchange,
            ..Place::default()
        };
        let segments_of_document = self.start.segments_of_document;
        self.start = Start {
            place,
            segments_of_document,
            ..Start::default()
        };
        self.move_on(here);
    }

    // Group

    fn group_header(&mut self, segment: &Segment<'_>, here: &mut Here<'_>) {
        self.close_group(here);
        self.open_group(here);
        let element = |number| text(segment.element(number).bytes());
        self.start.place.group_kind = Arc::new(GroupKind {
            gs01: element(1),
            gs08: element(8),
        });
        self.group.gs06 = segment.element(6).bytes().to_vec();
        let interchange = self.start.place.identity.interchange.clone();
        let group = text(&self.group.gs06);
        self.start.place.identity = Arc::new(Identity {
            interchange,
            group,
            set: String::new(),
        });
        self.move_on(here);
        here.placed
            .events
            .push(Event::Entry(self.envelope.definition(GS)));
        if !self.group.gs06_seen.insert(&self.group.gs06) {
            self.find_in(here, Code::GroupControlNumberTwice, GS, 6);
        }
    }

    fn open_group(&mut self, here: &mut Here<'_>) {
        self.begin_groups();
        self.start.in_group = true;
        self.start.groups_empty = false;
        self.start.sets_empty = true;
        self.start.place.group += 1;
        self.start.place.set = 0;
        self.groups += 1;
        self.group.orphan = false;
        self.start.sets_of_group = 0;
        self.group.st02_seen.clear();
        here.placed.events.push(Event::OpenGroup);
    }

    fn group_trailer(&mut self, segment: &Segment<'_>, here: &mut Here<'_>) {
        self.close_set(here);
        if !self.start.in_group {
            self.find_in(here, Code::TrailerWithoutHeader, GE, 0);
            self.begin_groups();
            self.start.groups_empty = false;
            return here.placed.events.push(Event::Entry(NONE));
        }
        here.placed
            .events
            .push(Event::Entry(self.envelope.definition(GE)));
        if number(segment.element(1).bytes()).is_some_and(|count| count != self.start.sets_of_group)
        {
            self.find_in(here, Code::SetCount, GE, 1);
        }
        if segment.element(2).bytes() != self.group.gs06 {
            self.find_in(here, Code::GroupControlNumber, GE, 2);
        }
        self.leave_group(here);
    }

    fn close_group(&mut self, here: &mut Here<'_>) {
        self.close_set(here);
        if self.start.in_group {
            if !self.group.orphan {
                self.find_in(here, Code::GroupTrailerMissing, GE, 0);
            }
            self.leave_group(here);
        }
    }

    fn leave_group(&mut self, here: &mut Here<'_>) {
        here.placed.events.push(Event::CloseGroup);
        self.start.in_group = false;
        self.start.place.set = 0;
        let interchange = self.start.place.identity.interchange.clone();
        self.start.place.identity = Arc::new(Identity {
            interchange,
            ..Identity::default()
        });
        self.start.place.group_kind = Arc::default();
        self.move_on(here);
        self.group.gs06.clear();
    }
}

/// The entry that is being placed.
struct Here<'a> {
    placed: &'a mut Placed,
    span: Span,
    entry: &'a Entry,
    layout: &'a Layout,
}

impl Here<'_> {
    fn trail<'b>(&'b mut self, place: &'b Place, count: &'b mut usize, most: usize) -> Trail<'b> {
        let Placed {
            events,
            findings,
            copies,
            ..
        } = &mut *self.placed;
        Trail {
            events,
            findings,
            copies,
            place,
            span: self.span,
            count,
            most,
        }
    }
}

/// An identifying element as text, cut to a length that no right one has.
pub(crate) fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(&value[..value.len().min(IDENTITY_BYTES)]).into_owned()
}
