//! X12 as JSON, shapes `loops` and `segments`, block by block (DESIGN §4).
//!
//! Segments of printable ASCII take a short road; those with line breaks inside, other characters or unusual endings a careful one
//! that also keeps their bytes in `$raw`.

use x12_schemas::table::{NONE, Record};

use crate::block::{Block, Stage};
use crate::chart::Chart;
use crate::delimiters::Delimiters;
use crate::entry::{Entry, EntryKind};
use crate::event::Event;
use crate::form::Form;
use crate::json::buffer::Buffer;
use crate::json::segment::{self, Style};
use crate::json::swift::{self, Plain};
use crate::json::text::{Charset, put_base64, put_exact, put_string};

/// How JSON shows the inside of a transaction set.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Shape {
    /// Loops nested as the guide nests them, segments as objects.
    #[default]
    Loops,
    /// One array of segments, each an array; needs no guide.
    Segments,
    /// Objects by the labels of the guide, for applications; X12 of the same meaning is written from it, not always of the same bytes.
    Named,
}

/// What one JSON document, or line, holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Per {
    /// The whole input is one JSON document.
    #[default]
    Document,
    /// A line for each transaction set, and lines that open and close the envelopes around them.
    Set,
    /// A line for each claim, with the segments around it, then one with the verdict on its transaction set; X12 cannot be written
    /// from it. Always in shape `loops`.
    Claim,
    /// As [`Self::Claim`], for each member.
    Member,
    /// As [`Self::Claim`], for each subscriber with his dependents.
    Subscriber,
}

impl Per {
    /// The records that lines are made of, if they are.
    pub(crate) fn record(self) -> Option<Record> {
        match self {
            Self::Document | Self::Set => None,
            Self::Claim => Some(Record::Claim),
            Self::Member => Some(Record::Member),
            Self::Subscriber => Some(Record::Subscriber),
        }
    }

    /// Lines of these records.
    pub(crate) fn of(record: Record) -> Self {
        match record {
            Record::Claim => Self::Claim,
            Record::Member => Self::Member,
            Record::Subscriber => Self::Subscriber,
        }
    }
}

/// Renders blocks as JSON.
pub(crate) struct Render {
    pub(crate) shape: Shape,
    pub(crate) per: Per,
}

impl Stage for Render {
    type Output = Buffer;

    fn block(&self, block: &Block<'_>, output: &mut Buffer) {
        output.clear();
        Renderer::new(self, block, output).run();
    }
}

/// Renders one block.
pub(super) struct Renderer<'b> {
    render: &'b Render,
    block: &'b Block<'b>,
    pub(super) out: &'b mut Buffer,
    pub(super) chart: Option<&'b Chart>,
    in_set: bool,
    in_group: bool,
    groups_begun: bool,
    groups_empty: bool,
    sets_empty: bool,
    /// Whether nothing stands yet in the innermost array: of a transaction set, or of the service segments of an interchange.
    pub(super) fresh: bool,
    /// A group was opened of which nothing is written yet.
    group_opened: bool,
    /// The trailer of the group, or of the interchange, is written.
    group_closed: bool,
    groups_closed: bool,
    before: Option<Entry>,
    interchange: u32,
    group: u32,
    set: u32,
}

impl<'b> Renderer<'b> {
    pub(super) fn new(render: &'b Render, block: &'b Block<'b>, out: &'b mut Buffer) -> Self {
        let start = &block.placed.start;
        Self {
            render,
            block,
            out,
            chart: start
                .chart
                .map(|chart| &*block.placed.charts[usize::from(chart)]),
            in_set: start.in_set,
            in_group: start.in_group,
            groups_begun: start.groups_begun,
            groups_empty: start.groups_empty,
            sets_empty: start.sets_empty,
            fresh: start.services_empty && !start.groups_begun && !start.in_set,
            group_opened: false,
            group_closed: false,
            groups_closed: start.trailer_read || start.gap_read,
            before: None,
            interchange: start.place.interchange,
            group: start.place.group,
            set: u32::try_from(start.sets_of_group).unwrap_or(u32::MAX),
        }
    }

    fn lines(&self) -> bool {
        self.render.per != Per::Document
    }

    fn run(&mut self) {
        if self.block.ordinal == 0 && !self.lines() {
            self.out.put(b"{\"x12\":\"1\",\"interchanges\":[");
        }
        let block = self.block;
        let mut entries = block.layout.entries.iter();
        for event in &block.placed.events {
            self.event(*event, &mut entries);
        }
        if self.block.last && !self.lines() {
            self.out.put(b"]}\n");
        }
    }

    /// One event, with the entries that are still to come.
    #[inline(always)]
    pub(super) fn event(&mut self, event: Event, entries: &mut std::slice::Iter<'b, Entry>) {
        match event {
            Event::Entry(definition) => {
                if let Some(entry) = entries.next() {
                    self.entry(entry, definition);
                }
            }
            Event::OpenLoop(index) if self.render.shape == Shape::Loops => self.open_loop(index),
            Event::CloseLoop if self.render.shape == Shape::Loops => self.out.put(b"]}"),
            Event::OpenLoop(_) | Event::CloseLoop | Event::Finding | Event::Place => {}
            Event::OpenInterchange => self.open_interchange(),
            Event::OpenGroup => self.open_group(),
            Event::OpenSet(chart) => self.open_set(chart, entries.as_slice().first()),
            Event::CloseSet => self.close_set(),
            Event::CloseGroup => self.close_group(),
            Event::CloseInterchange => self.close_interchange(),
        }
    }

    // In place in both runs, this one and that of records, and so `inside`: called, they cost a hundredth of the instructions.
    #[inline(always)]
    fn entry(&mut self, entry: &Entry, definition: u16) {
        match entry.kind {
            EntryKind::Before => self.before = Some(*entry),
            EntryKind::After => self.after(entry),
            EntryKind::BinaryData => put_base64(self.out, self.bytes(entry)),
            EntryKind::BinaryTail => self.binary_tail(entry),
            EntryKind::Header => self.header(entry),
            _ if self.in_set => self.inside(entry, definition),
            _ => self.outside(entry, definition),
        }
    }

    fn bytes(&self, entry: &Entry) -> &'b [u8] {
        &self.block.bytes[entry.start as usize..entry.next as usize]
    }

    /// A segment of a transaction set.
    #[inline(always)]
    fn inside(&mut self, entry: &Entry, definition: u16) {
        if !std::mem::take(&mut self.fresh) {
            self.out.put(b",");
        }
        let style = match self.render.shape {
            Shape::Loops => Style::Object,
            Shape::Segments | Shape::Named => Style::Array,
        };
        let definition = self
            .chart
            .filter(|_| definition != NONE)
            .map(|chart| chart.outline(definition));
        self.put(entry, definition, style);
    }

    #[inline]
    fn put(&mut self, entry: &Entry, outline: Option<&[Form]>, style: Style) {
        let block = self.block;
        let (bytes, delimiters) = (&*block.bytes, &block.layout.delimiters);
        if entry.plain
            && !entry.odd
            && matches!(
                entry.kind,
                EntryKind::Segment | EntryKind::Trailer | EntryKind::Header
            )
        {
            let marks = &block.layout.index.marks()[entry.first_mark as usize..]
                [..entry.mark_count as usize];
            if swift::put(
                self.out,
                &Plain {
                    bytes,
                    entry,
                    marks,
                    delimiters,
                    outline,
                },
                style,
            ) {
                return;
            }
        }
        segment::put(self.out, &block.segment(entry), entry, outline, style);
    }

    fn put_segment(&mut self, entry: &Entry) {
        self.put(entry, Some(&[]), Style::Object);
    }

    fn outside(&mut self, entry: &Entry, definition: u16) {
        let envelope = &self.block.envelope;
        let id = if definition == NONE {
            ""
        } else {
            envelope.guide.segments[usize::from(definition)].id.as_str()
        };
        match id {
            "GS" => {
                self.put_group_header();
                self.out.put(b"\"GS\":");
                self.put_segment(entry);
                self.open_sets(true);
            }
            "GE" => {
                self.out.put(if self.lines() {
                    b"{\"close\":\"group\",\"GE\":"
                } else {
                    b"],\"GE\":"
                });
                self.put_segment(entry);
                self.group_closed = true;
            }
            "IEA" => {
                self.begin_groups();
                self.out.put(if self.lines() {
                    b"{\"close\":\"interchange\",\"IEA\":"
                } else {
                    b"],\"IEA\":"
                });
                self.put_segment(entry);
                self.groups_closed = true;
            }
            "" => self.stray(entry),
            _ => self.service(entry),
        }
    }

    /// A segment between ISA and the first group.
    fn service(&mut self, entry: &Entry) {
        if self.lines() {
            return self.line(entry);
        }
        if !self.fresh {
            self.out.put(b",");
        }
        self.fresh = false;
        self.put_segment(entry);
    }

    /// A segment outside any transaction set, where it stood.
    fn stray(&mut self, entry: &Entry) {
        if self.lines() {
            return self.line(entry);
        }
        self.begin_groups();
        let empty = if self.in_group {
            &mut self.sets_empty
        } else {
            &mut self.groups_empty
        };
        if !std::mem::take(empty) {
            self.out.put(b",");
        }
        self.put(entry, None, Style::Object);
    }

    fn line(&mut self, entry: &Entry) {
        self.out.put(b"{\"segment\":");
        self.put(entry, None, Style::Object);
        if entry.kind != EntryKind::BinaryHead {
            self.out.put(b"}\n");
        }
    }

    // Interchange

    fn open_interchange(&mut self) {
        if self.lines() {
            self.out.put(b"{\"open\":\"interchange\",");
            if let Some(record) = self.render.per.record() {
                // Says at once that X12 cannot be written from what follows.
                let per = format!("\"per\":\"{}\",", record.name());
                self.out.put(per.as_bytes());
            }
            self.out.put(b"\"x12\":\"1\",");
        } else {
            self.out
                .put(if self.interchange > 0 { b",{" } else { b"{" });
        }
        self.interchange += 1;
        (self.group, self.groups_begun, self.groups_closed) = (0, false, false);
        if let Some(before) = self.before.take() {
            self.out.put(b"\"$before\":");
            put_exact(self.out, self.bytes(&before));
            self.out.put(b",");
        }
        self.out.put(b"\"delimiters\":");
        put_delimiters(
            self.out,
            &self.block.layout.delimiters,
            &self.block.layout.suffix,
        );
        self.out.put(b",\"ISA\":");
    }

    fn header(&mut self, entry: &Entry) {
        self.put_segment(entry);
        self.out
            .put(if self.lines() { b"}\n" } else { b",\"body\":[" });
        self.fresh = true;
    }

    fn begin_groups(&mut self) {
        if !self.groups_begun && !self.lines() {
            self.out.put(b"],\"groups\":[");
            self.groups_empty = true;
        }
        self.groups_begun = true;
    }

    fn after(&mut self, entry: &Entry) {
        self.begin_groups();
        self.close_groups();
        self.out.put(b",\"$after\":");
        put_exact(self.out, self.bytes(entry));
    }

    fn close_groups(&mut self) {
        if std::mem::replace(&mut self.groups_closed, true) {
            return;
        }
        self.out.put(if self.lines() {
            b"{\"close\":\"interchange\""
        } else {
            b"]"
        });
    }

    fn close_interchange(&mut self) {
        self.begin_groups();
        self.close_groups();
        self.out.put(if self.lines() { b"}\n" } else { b"}" });
    }

    // Group

    fn open_group(&mut self) {
        self.begin_groups();
        (self.in_group, self.group_opened, self.group_closed) = (true, true, false);
        self.group += 1;
        self.set = 0;
        if self.lines() {
            return;
        }
        if !std::mem::take(&mut self.groups_empty) {
            self.out.put(b",");
        }
    }

    fn put_group_header(&mut self) {
        self.group_opened = false;
        if self.lines() {
            self.out
                .put(format!("{{\"open\":\"group\",\"ordinal\":{},", self.group).as_bytes());
        } else {
            self.out.put(b"{");
        }
    }

    fn open_sets(&mut self, with_header: bool) {
        self.sets_empty = true;
        if self.lines() {
            self.out.put(b"}\n");
        } else {
            self.out.put(if with_header {
                b",\"transactions\":["
            } else {
                b"\"transactions\":["
            });
        }
    }

    fn close_group(&mut self) {
        self.in_group = false;
        let closed = std::mem::take(&mut self.group_closed);
        match (self.lines(), closed) {
            (true, true) => self.out.put(b"}\n"),
            (true, false) => self.out.put(b"{\"close\":\"group\"}\n"),
            (false, true) => self.out.put(b"}"),
            (false, false) => self.out.put(b"]}"),
        }
    }

    // Transaction set

    fn open_set(&mut self, chart: u16, header: Option<&Entry>) {
        self.begin_set(chart);
        if !std::mem::take(&mut self.sets_empty) && !self.lines() {
            self.out.put(b",");
        }
        self.out.put(b"{\"set\":");
        self.put_kind(header);
        if self.lines() {
            let ordinals = format!(
                ",\"interchange\":{},\"group\":{},\"ordinal\":{}",
                self.interchange, self.group, self.set
            );
            self.out.put(ordinals.as_bytes());
        }
        self.put_guide();
        self.out.put(b",\"body\":[");
    }

    /// Goes into a transaction set, and opens the group around it if it has no header.
    pub(super) fn begin_set(&mut self, chart: u16) {
        if self.group_opened {
            self.put_group_header();
            if self.lines() {
                // A group without header: the line says only that it opens.
                self.out.put(b"\"GS\":null");
            }
            self.open_sets(false);
        }
        (self.in_set, self.fresh) = (true, true);
        self.set += 1;
        self.chart = self
            .block
            .placed
            .charts
            .get(usize::from(chart))
            .map(|chart| &**chart);
    }

    /// The transaction set identifier code, of the set's header.
    pub(super) fn put_kind(&mut self, header: Option<&Entry>) {
        let st01 = header.map(|entry| self.block.segment(entry).element(1).bytes());
        let st01 = st01.unwrap_or_default();
        if !put_string(self.out, st01, Charset::Utf8) {
            put_string(self.out, st01, Charset::Latin1);
        }
    }

    /// The guide of the transaction set, if there is one.
    pub(super) fn put_guide(&mut self) {
        if let Some(chart) = self.chart {
            self.out.put(b",\"guide\":");
            put_string(self.out, chart.guide.id.as_bytes(), Charset::Utf8);
        }
    }

    pub(super) fn open_loop(&mut self, index: u16) {
        if !std::mem::replace(&mut self.fresh, true) {
            self.out.put(b",");
        }
        let id = self
            .chart
            .map_or("", |chart| &chart.guide.loops[usize::from(index)].id);
        self.out.put(b"{\"loop\":\"");
        self.out.put(id.as_bytes());
        self.out.put(b"\",\"body\":[");
    }

    fn close_set(&mut self) {
        self.leave_set();
        self.out.put(if self.lines() { b"]}\n" } else { b"]}" });
    }

    /// Goes out of a transaction set.
    pub(super) fn leave_set(&mut self) {
        self.in_set = false;
        self.chart = None;
    }

    fn binary_tail(&mut self, entry: &Entry) {
        let style = if self.in_set && self.render.shape == Shape::Segments {
            Style::Array
        } else {
            Style::Object
        };
        self.out.put(b"\"}");
        if entry.odd || entry.misjudged {
            segment::put_extra(self.out, "$tail", self.bytes(entry), style);
        }
        self.out
            .put(if style == Style::Object { b"}" } else { b"]" });
        if self.lines() && !self.in_set {
            self.out.put(b"}\n");
        }
    }
}

/// The delimiters, a code point for each byte.
pub(super) fn put_delimiters(out: &mut Buffer, delimiters: &Delimiters, suffix: &[u8]) {
    let mut put = |key: &str, bytes: &[u8]| {
        out.put(key.as_bytes());
        put_string(out, bytes, Charset::Latin1);
    };
    put("{\"element\":", &[delimiters.element]);
    put(",\"component\":", &[delimiters.component]);
    if let Some(repetition) = delimiters.repetition {
        put(",\"repetition\":", &[repetition]);
    }
    put(",\"segment\":", &[delimiters.segment]);
    put(",\"suffix\":", suffix);
    out.put(b"}");
}
