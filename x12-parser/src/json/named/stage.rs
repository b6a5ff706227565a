//! Blocks as pieces of the shape `named`: the text of each segment, and marks that say what it is.
//!
//! An object may span blocks, and what stands in it may come in any order, so this renders only what a block holds by itself;
//! [`crate::json::named::gather`] puts the pieces together.

use std::sync::Arc;

use x12_schemas::table::NONE;

use crate::block::{Block, Stage};
use crate::chart::Chart;
use crate::entry::{Entry, EntryKind};
use crate::event::Event;
use crate::json::buffer::Buffer;
use crate::json::named::leaf::Leaf;
use crate::json::render::put_delimiters;
use crate::json::segment::{self, Style};
use crate::json::text::{Charset, put_base64, put_exact, put_string};
use crate::segment::{Segment, unwrapped};
use crate::sheet::{Fill, Sheet, control_elements};

/// Renders blocks in the shape `named`.
pub(crate) struct Named;

/// The pieces of one block.
#[derive(Default)]
pub(crate) struct Pieces {
    pub(crate) text: Buffer,
    pub(crate) cuts: Vec<Cut>,
    pub(crate) charts: Arc<Vec<Arc<Chart>>>,
    extras: Buffer,
}

/// Where a piece begins, and what it is.
#[derive(Clone, Copy)]
pub(crate) struct Cut {
    /// Offset in the text.
    pub(crate) at: usize,
    pub(crate) mark: Mark,
}

/// What a piece is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mark {
    /// Text between structures.
    Before,
    After,
    /// An interchange, with its delimiters and its header.
    OpenInterchange,
    /// A segment between the interchange's header and its groups.
    Service,
    OpenGroup,
    GroupHeader,
    /// A control number that a trailer is to repeat.
    SetNumber,
    GroupNumber,
    InterchangeNumber,
    GroupTrailer,
    InterchangeTrailer,
    CloseGroup,
    CloseInterchange,
    /// A segment outside any transaction set.
    Stray,
    /// With the ordinal of the guide among the charts, or [`NONE`], and the offset in the document.
    OpenSet(u16, u64),
    /// With the loop instance, and the offset in the document.
    OpenLoop(u16, u64),
    CloseLoop,
    CloseSet,
    /// The members of the segment that starts the open loop.
    Starter,
    SetTrailer,
    /// A number that is told only if it is not the one that would be filled in, by its element; of what starts a loop, or of a trailer.
    Number(u8),
    /// The value of a slot.
    Segment(u16),
    /// The value of a slot, or, with [`NONE`], members of the segment that starts the open loop, up to its binary data in base 64; and
    /// whether an object is to be closed behind these.
    Data(u16, bool),
    /// Elements without a label, of the segment before.
    Extra,
    /// A segment without a place, as an array, of a transaction set with a guide.
    Unplaced,
    /// A segment of a transaction set without a guide.
    Verbatim,
    /// More of the same.
    More,
    /// What follows binary data, where they have no label.
    Tail,
}

impl Stage for Named {
    type Output = Pieces;

    fn block(&self, block: &Block<'_>, output: &mut Pieces) {
        let Pieces {
            text,
            cuts,
            charts,
            extras,
        } = output;
        text.clear();
        cuts.clear();
        *charts = Arc::clone(&block.placed.charts);
        let start = &block.placed.start;
        let mut marker = Marker {
            block,
            text,
            cuts,
            chart: None,
            leaf: Leaf::new(std::mem::take(extras)),
            in_set: start.in_set,
            starts: false,
        };
        marker.go_by(start.chart.unwrap_or(NONE));
        marker.run();
        *extras = marker.leaf.extras;
    }
}

struct Marker<'b> {
    block: &'b Block<'b>,
    text: &'b mut Buffer,
    cuts: &'b mut Vec<Cut>,
    chart: Option<(&'b Chart, &'b Sheet)>,
    leaf: Leaf<'b>,
    in_set: bool,
    /// A loop, or a transaction set, was opened of which nothing stands yet.
    starts: bool,
}

impl<'b> Marker<'b> {
    fn go_by(&mut self, chart: u16) {
        let chart = self.block.placed.charts.get(usize::from(chart));
        self.chart = chart.map(|chart| (&**chart, chart.sheet()));
    }

    fn run(&mut self) {
        let block = self.block;
        let mut entries = block.layout.entries.iter();
        for event in &block.placed.events {
            let next = entries.as_slice().first();
            match *event {
                Event::Entry(definition) => {
                    if let Some(entry) = entries.next() {
                        self.entry(entry, definition);
                    }
                }
                Event::OpenLoop(index) => {
                    self.starts = true;
                    let at = self.offset(next);
                    self.cut(Mark::OpenLoop(index, at));
                }
                Event::CloseLoop => self.cut(Mark::CloseLoop),
                Event::OpenInterchange => self.cut(Mark::OpenInterchange),
                Event::OpenGroup => self.cut(Mark::OpenGroup),
                Event::OpenSet(chart) => self.open_set(chart, next),
                Event::CloseSet => {
                    self.cut(Mark::CloseSet);
                    (self.in_set, self.chart) = (false, None);
                }
                Event::CloseGroup => self.cut(Mark::CloseGroup),
                Event::CloseInterchange => self.cut(Mark::CloseInterchange),
                Event::Finding | Event::Place => {}
            }
        }
    }

    #[inline]
    fn cut(&mut self, mark: Mark) {
        let at = self.text.len();
        self.cuts.push(Cut { at, mark });
    }

    fn offset(&self, entry: Option<&Entry>) -> u64 {
        self.block.base + entry.map_or(0, |entry| u64::from(entry.start))
    }

    fn open_set(&mut self, chart: u16, header: Option<&Entry>) {
        (self.in_set, self.starts) = (true, true);
        self.go_by(chart);
        let at = self.offset(header);
        self.cut(Mark::OpenSet(chart, at));
        let st01 = header.map(|entry| self.block.segment(entry).element(1).bytes());
        self.put(st01.unwrap_or_default());
        if let (Some(_), Some(header)) = (self.chart, header) {
            self.cut(Mark::SetNumber);
            self.put(self.block.segment(header).element(2).bytes());
        }
    }

    /// A value as a string.
    fn put(&mut self, value: &[u8]) {
        let value = unwrapped(value);
        if !put_string(self.text, &value, Charset::Utf8) {
            put_string(self.text, &value, Charset::Latin1);
        }
    }

    fn bytes(&self, entry: &Entry) -> &'b [u8] {
        &self.block.bytes[entry.start as usize..entry.next as usize]
    }

    fn entry(&mut self, entry: &Entry, definition: u16) {
        match entry.kind {
            EntryKind::Before | EntryKind::After => {
                let before = entry.kind == EntryKind::Before;
                self.cut(if before { Mark::Before } else { Mark::After });
                put_exact(self.text, self.bytes(entry));
            }
            EntryKind::BinaryData => {
                self.cut(Mark::More);
                put_base64(self.text, self.bytes(entry));
            }
            EntryKind::BinaryTail => self.binary_tail(entry),
            EntryKind::Header => self.header(&self.block.segment(entry)),
            EntryKind::BinaryHead if self.in_set && self.has_no_label(definition) => {
                self.unplaced(entry)
            }
            _ if !self.in_set => self.outside(entry, definition),
            _ if definition == NONE || self.chart.is_none() => self.unplaced(entry),
            _ => self.inside(entry, definition),
        }
    }

    /// Whether the guide has no key for the data of a segment.
    fn has_no_label(&self, definition: u16) -> bool {
        let segment = self.chart.and_then(|(_, sheet)| sheet.segment(definition));
        segment.is_none_or(|segment| !segment.parts.has_data())
    }

    /// A segment of a transaction set that has a place in the guide.
    fn inside(&mut self, entry: &Entry, definition: u16) {
        let Some((chart, sheet)) = self.chart else {
            return;
        };
        let Some(parts) = sheet.segment(definition) else {
            return;
        };
        let segment = self.block.segment(entry);
        let is_head = entry.kind == EntryKind::BinaryHead;
        if is_head {
            self.leaf.read_head(&segment);
        } else {
            self.leaf.read(&segment);
        }
        if std::mem::take(&mut self.starts) {
            self.cut(if is_head {
                Mark::Data(NONE, false)
            } else {
                Mark::Starter
            });
            self.leaf.members(self.text, &segment, parts, &chart.guide);
            for member in &parts.parts.members {
                if matches!(
                    member.filled,
                    Fill::Count | Fill::Level | Fill::Parent | Fill::Child
                ) {
                    self.number(member.number);
                }
            }
            return self.extra();
        }
        if definition == sheet.trailer {
            self.cut(Mark::SetTrailer);
            return self.trailer();
        }
        let Some(place) = sheet.place(definition).filter(|place| place.usable) else {
            return self.unplaced(entry);
        };
        let begin = self.text.len();
        self.cut(if is_head {
            Mark::Data(place.slot, parts.parts.only().is_none())
        } else {
            Mark::Segment(place.slot)
        });
        self.leaf
            .value_of(self.text, &segment, (parts, place.joined), &chart.guide);
        let lost = place.joined && (self.leaf.extras.len() > 0 || self.text.len() == begin);
        if lost {
            // Nothing of a joined list could be said to be of this segment.
            self.cuts.pop();
            self.text.truncate(begin);
            return self.unplaced(entry);
        }
        self.extra();
    }

    fn number(&mut self, element: u8) {
        self.cut(Mark::Number(element));
        let value = self.leaf.value(element);
        self.put(value);
    }

    fn extra(&mut self) {
        if self.leaf.extras.len() > 0 {
            self.cut(Mark::Extra);
            self.text.put(self.leaf.extras.as_slice());
        }
    }

    /// The two numbers of a trailer, and what else stands in it.
    fn trailer(&mut self) {
        self.number(1);
        self.number(2);
        self.cut(Mark::Extra);
        let begin = self.text.len();
        for number in 3..=u8::MAX {
            let value = self.leaf.value(number);
            if !value.is_empty() {
                let comma = if self.text.len() > begin { "," } else { "" };
                self.text.put(format!("{comma}\"{number:02}\":").as_bytes());
                self.put(value);
            }
        }
        if self.text.len() == begin {
            self.cuts.pop();
        }
    }

    /// A segment that stands as it is.
    fn unplaced(&mut self, entry: &Entry) {
        self.starts = false;
        let mark = if self.chart.is_some() {
            Mark::Unplaced
        } else {
            Mark::Verbatim
        };
        self.verbatim(entry, mark);
    }

    fn verbatim(&mut self, entry: &Entry, mark: Mark) {
        self.cut(mark);
        segment::put(
            self.text,
            &self.block.segment(entry),
            entry,
            None,
            Style::Array,
        );
        if entry.kind != EntryKind::BinaryHead && self.chart.is_some() {
            self.text.put(b"}");
        }
    }

    fn binary_tail(&mut self, entry: &Entry) {
        self.cut(Mark::More);
        self.text.put(b"\"}");
        self.cut(Mark::Tail);
        if entry.odd || entry.misjudged {
            segment::put_extra(self.text, "$tail", self.bytes(entry), Style::Array);
        }
        self.text
            .put(if self.chart.is_some() { b"]}" } else { b"]" });
    }

    // Envelope

    fn header(&mut self, segment: &Segment<'b>) {
        self.text.put(b"\"delimiters\":");
        let delimiters = &self.block.layout.delimiters;
        put_delimiters(self.text, delimiters, &self.block.layout.suffix);
        self.text.put(b",\"header\":");
        self.leaf.read(segment);
        self.named_header("ISA", |number, value| match number {
            16 => true,
            11 => match delimiters.repetition {
                Some(separator) => value == [separator],
                None => value == b"U",
            },
            _ => value.is_empty(),
        });
        self.cut(Mark::InterchangeNumber);
        self.put(self.leaf.value(13));
    }

    /// The elements of a control segment under their labels, without blanks at their ends.
    fn named_header(&mut self, id: &str, left_out: impl Fn(usize, &[u8]) -> bool) {
        let guide = &self.block.envelope.guide;
        let labels = control_elements(guide, id);
        self.text.put(b"{");
        let (mut comma, mut beyond) = (false, false);
        for number in 1..=u8::MAX {
            let value = unwrapped(self.leaf.value(number));
            let value = value.trim_ascii_end();
            if left_out(usize::from(number), value) || value.is_empty() {
                continue;
            }
            let label = labels.get(usize::from(number) - 1);
            let label =
                label.map_or_else(|| format!("{number:02}"), |element| element.label.clone());
            if std::mem::replace(&mut comma, true) {
                self.text.put(b",");
            }
            if usize::from(number) > labels.len() && !std::mem::replace(&mut beyond, true) {
                self.text.put(b"\"$extra\":{");
            }
            self.text.put(format!("\"{label}\":").as_bytes());
            self.put(value);
        }
        self.text.put(if beyond { b"}}" } else { b"}" });
    }

    fn outside(&mut self, entry: &Entry, definition: u16) {
        let envelope = &self.block.envelope.guide;
        let id = envelope
            .segments
            .get(usize::from(definition))
            .map_or("", |segment| &segment.id);
        let whole = entry.kind != EntryKind::BinaryHead;
        if whole {
            self.leaf.read(&self.block.segment(entry));
        }
        match id {
            "GS" if whole => {
                self.cut(Mark::GroupHeader);
                self.named_header("GS", |_, value| value.is_empty());
                self.cut(Mark::GroupNumber);
                self.put(self.leaf.value(6));
            }
            "GE" => {
                self.cut(Mark::GroupTrailer);
                self.trailer();
            }
            "IEA" => {
                self.cut(Mark::InterchangeTrailer);
                self.trailer();
            }
            "" => self.verbatim(entry, Mark::Stray),
            _ => self.verbatim(entry, Mark::Service),
        }
    }
}
