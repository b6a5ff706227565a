//! Copies block after block: what stands outside transaction sets, headers and trailers. Transaction sets are whole, or divided.

use std::sync::Arc;

use x12_schemas::table::NONE;

use crate::block::Block;
use crate::chart::SegmentId;
use crate::control_number::ControlNumber;
use crate::delimiters::Delimiters;
use crate::entry::{Entry, EntryKind};
use crate::envelope::Envelope;
use crate::error::Error;
use crate::event::Event;
use crate::limits::Limits;
use crate::segment::Segment;

use super::EnvelopeCounts;
use super::addresses::{Addresses, Parts};
use super::control::{self, Control};
use super::division::Division;
use super::follow::Follow;
use super::output::Output;

/// Copies block after block.
pub(super) struct Copier<'a, P, A> {
    pub(super) parts: &'a mut P,
    pub(super) addresses: &'a mut A,
    pub(super) limits: Limits,
    by_record: bool,
    pub(super) envelope: Envelope,
    pub(super) counts: EnvelopeCounts,
    pub(super) output: Output,
    /// Where the open document begins in the output; none before its first byte.
    pub(super) document: Option<u64>,
    pub(super) interchange: Option<Interchange>,
    pub(super) group: Option<Group>,
    pub(super) set: Option<Set>,
}

/// The open interchange.
pub(super) struct Interchange {
    pub(super) header: Control,
    pub(super) delimiters: Delimiters,
    pub(super) suffix: Arc<[u8]>,
    /// Its control number, once its header is written.
    pub(super) number: Option<ControlNumber>,
    pub(super) groups: u64,
    /// Whether its trailer was read.
    pub(super) closed: bool,
    /// Whether the end of line behind its trailer was read.
    pub(super) ended: bool,
    /// Why nothing of it can go on; it does not matter where nothing is to.
    fault: Option<Error>,
}

/// The open group, whose header was read.
pub(super) struct Group {
    pub(super) header: Control,
    /// Its control number, once its header is written.
    pub(super) number: Option<ControlNumber>,
    pub(super) sets: u64,
    pub(super) closed: bool,
}

/// The open transaction set.
#[derive(Default)]
pub(super) struct Set {
    pub(super) header: Option<Control>,
    /// Its control number, if it is kept; of one that is divided, while a part of it is open.
    pub(super) number: Option<String>,
    pub(super) segments: u64,
    pub(super) closed: bool,
    /// What its guide says of records, if they are asked for.
    pub(super) follow: Option<Follow>,
    /// If it is divided.
    pub(super) division: Option<Box<Division>>,
    /// Records read.
    pub(super) records: u64,
    /// Whether a part of it was written.
    pub(super) begun: bool,
}

const GS: SegmentId = SegmentId::new(b"GS");
const GE: SegmentId = SegmentId::new(b"GE");
const SE: SegmentId = SegmentId::new(b"SE");
const ISA: SegmentId = SegmentId::new(b"ISA");
const IEA: SegmentId = SegmentId::new(b"IEA");

/// A segment that is not copied as it is, or not without a look.
pub(super) struct Here<'b> {
    pub(super) segment: Segment<'b>,
    pub(super) kind: EntryKind,
    pub(super) at: u64,
}

impl Here<'_> {
    pub(super) fn control(&self) -> Control {
        Control::read(&self.segment, self.kind, self.at)
    }

    fn fault(&self, what: &'static str) -> Error {
        Error::Envelope { what, at: self.at }
    }
}

impl<'a, P: Parts, A: Addresses> Copier<'a, P, A> {
    pub(super) fn new(
        parts: &'a mut P,
        addresses: &'a mut A,
        limits: Limits,
        by_record: bool,
    ) -> Self {
        Self {
            parts,
            addresses,
            limits,
            by_record,
            envelope: Envelope::default(),
            counts: EnvelopeCounts::default(),
            output: Output::default(),
            document: None,
            interchange: None,
            group: None,
            set: None,
        }
    }

    /// What was written so far.
    pub(super) fn counts(&self) -> EnvelopeCounts {
        EnvelopeCounts {
            bytes: self.output.bytes(),
            ..self.counts
        }
    }

    /// Hands over what was written.
    pub(super) fn flush(&mut self) -> Result<(), Error> {
        let parts = &mut *self.parts;
        self.output.take(|bytes| parts.write(bytes))
    }

    pub(super) fn block(&mut self, block: &Block<'_>) -> Result<(), Error> {
        let mut entries = block.layout.entries.iter();
        let mut findings = block.placed.findings.iter();
        for event in &block.placed.events {
            match event {
                Event::Entry(definition) => {
                    let Some(entry) = entries.next() else { break };
                    self.entry(block, entry, *definition)?;
                }
                Event::OpenInterchange => self.envelope.open_interchange(),
                Event::OpenGroup => self.envelope.open_group(),
                Event::OpenSet(chart) => {
                    self.envelope.open_set();
                    let chart = block.placed.charts.get(usize::from(*chart));
                    self.set = Some(Set {
                        follow: chart.filter(|_| self.by_record).and_then(Follow::new),
                        ..Set::default()
                    });
                }
                Event::OpenLoop(index) => {
                    let at = entries.as_slice().first();
                    let at = block.base + at.map_or(0, |entry| u64::from(entry.start));
                    self.open_loop(*index, at)?;
                }
                Event::CloseLoop => self.close_loop()?,
                Event::CloseSet => self.close_set(),
                Event::CloseGroup => self.close_group(),
                Event::CloseInterchange => self.close_interchange(),
                Event::Finding => {
                    if let Some(finding) = findings.next() {
                        self.finding(finding)?;
                    }
                }
                Event::Place => {}
            }
        }
        Ok(())
    }

    fn entry(&mut self, block: &Block<'_>, entry: &Entry, definition: u16) -> Result<(), Error> {
        let raw = || &block.bytes[entry.start as usize..entry.next as usize];
        let at = block.base + u64::from(entry.start);
        // Under another envelope other bytes would follow, and the declared length could fit them.
        if entry.misjudged && self.is_kept() {
            let what = "the binary data do not have their declared length";
            return Err(Error::Envelope { what, at });
        }
        match entry.kind {
            EntryKind::Before => return Ok(()),
            EntryKind::After => {
                self.end_line(raw(), entry.plain);
                return Ok(());
            }
            EntryKind::BinaryData | EntryKind::BinaryTail => return self.binary(raw(), at),
            _ => {}
        }
        let here = Here {
            segment: block.segment(entry),
            kind: entry.kind,
            at,
        };
        let id = SegmentId::of(&here.segment);
        if here.kind == EntryKind::Unterminated && id != IEA {
            return self.forbid(here.fault("the document ends inside a segment"));
        }
        match &mut self.set {
            Some(set) if set.header.is_none() => self.set_header(&here),
            Some(_) if id == ISA => self.forbid(here.fault("an interchange header cannot be read")),
            Some(_) if id == SE => {
                self.set_trailer(here.control());
                Ok(())
            }
            Some(set) => set.segment(&here, definition, &mut self.output),
            None => self.outside(block, &here, (id, definition)),
        }
    }

    /// Nothing of the open interchange can go on: an error as soon as something has, or is to.
    fn forbid(&mut self, fault: Error) -> Result<(), Error> {
        match &mut self.interchange {
            Some(interchange) if interchange.number.is_none() => {
                interchange.fault.get_or_insert(fault);
                Ok(())
            }
            _ => Err(fault),
        }
    }

    /// Data of a segment, and what stands behind them.
    fn binary(&mut self, raw: &[u8], at: u64) -> Result<(), Error> {
        match &mut self.set {
            Some(Set {
                division: Some(division),
                ..
            }) => division.bytes(raw, 0, at, &mut self.output),
            _ => {
                if self.is_kept() {
                    self.output.put(raw);
                }
                Ok(())
            }
        }
    }

    fn is_kept(&self) -> bool {
        self.set.as_ref().is_some_and(|set| set.number.is_some())
    }

    /// A segment outside any transaction set.
    fn outside(
        &mut self,
        block: &Block<'_>,
        here: &Here<'_>,
        (id, definition): (SegmentId, u16),
    ) -> Result<(), Error> {
        match here.kind {
            EntryKind::Header => {
                self.envelope.read_isa(&here.segment);
                let what = "the interchange header would be read otherwise";
                let is_ambiguous = control::is_ambiguous(&block.layout);
                self.interchange = Some(Interchange {
                    header: here.control(),
                    delimiters: block.layout.delimiters,
                    suffix: Arc::clone(&block.layout.suffix),
                    number: None,
                    groups: 0,
                    closed: false,
                    ended: false,
                    fault: is_ambiguous.then(|| here.fault(what)),
                });
            }
            EntryKind::Trailer | EntryKind::Unterminated => {
                self.interchange_trailer(here.control());
            }
            _ if id == GS => {
                self.envelope.read_gs(&here.segment);
                self.group = Some(Group {
                    header: here.control(),
                    number: None,
                    sets: 0,
                    closed: false,
                });
            }
            _ if id == GE && self.group.is_some() => self.group_trailer(here.control()),
            _ if definition != NONE && id != GE => {
                self.part_documents()?;
                self.write_interchange()?;
                self.output.put(here.segment.raw());
            }
            _ => {
                let what = "a segment stands outside any transaction set";
                return self.forbid(here.fault(what));
            }
        }
        Ok(())
    }

    // Headers

    /// Writes the interchange's header, unless it is written.
    fn write_interchange(&mut self) -> Result<(), Error> {
        let open = self.interchange.as_ref();
        if open.is_none_or(|open| open.number.is_some()) {
            return Ok(());
        }
        let open = self.interchange.as_mut();
        if let Some(fault) = open.and_then(|open| open.fault.take()) {
            return Err(fault);
        }
        if self.document.is_none() {
            self.flush()?;
            let counts = self.counts();
            self.parts.begin(&counts)?;
            self.document = Some(self.output.bytes());
        }
        let Some(interchange) = &mut self.interchange else {
            return Ok(());
        };
        let given = self.addresses.interchange(&self.envelope)?;
        let delimiters = interchange.delimiters;
        let header = &mut interchange.header;
        header.give(&control::ISA, &given.values(), &delimiters, true)?;
        header.write(&delimiters, self.output.sink());
        interchange.number = Some(given.isa13);
        self.counts.interchanges += 1;
        Ok(())
    }

    /// Writes the group's header, and the interchange's before it, unless they are written.
    fn write_group(&mut self) -> Result<(), Error> {
        self.write_interchange()?;
        let (Some(interchange), Some(group)) = (&mut self.interchange, &mut self.group) else {
            return Ok(());
        };
        if group.number.is_some() {
            return Ok(());
        }
        let given = self.addresses.group(&self.envelope)?;
        let delimiters = interchange.delimiters;
        let header = &mut group.header;
        header.give(&control::GS, &given.values(), &delimiters, false)?;
        header.write(&delimiters, self.output.sink());
        group.number = Some(given.gs06);
        interchange.groups += 1;
        self.counts.groups += 1;
        Ok(())
    }

    fn set_header(&mut self, here: &Here<'_>) -> Result<(), Error> {
        self.envelope.read_st(&here.segment);
        let Some(mut set) = self.set.take() else {
            return Ok(());
        };
        set.header = Some(here.control());
        set.segments = 1;
        let is_kept = self.addresses.keeps(&self.envelope)?;
        if is_kept && self.group.is_none() {
            return Err(here.fault("a transaction set stands outside any group"));
        }
        if is_kept {
            let follow = set.follow.as_ref();
            match follow.and_then(|follow| Some((follow, follow.reference()?))) {
                Some((follow, reference)) if self.addresses.divides(&self.envelope)? => {
                    let division = Division::new(reference, follow, self.limits);
                    set.division = Some(Box::new(division));
                }
                _ => self.begin_set(&mut set)?,
            }
        } else {
            self.counts.dropped += 1;
        }
        self.set = Some(set);
        Ok(())
    }

    /// Writes the header of a transaction set, or of a part of one.
    pub(super) fn begin_set(&mut self, set: &mut Set) -> Result<(), Error> {
        self.part_documents()?;
        self.write_group()?;
        let number = self.addresses.set(&self.envelope)?;
        let delimiters = self.delimiters();
        if let Some(header) = &mut set.header {
            header.give(&control::ST, &[&number], &delimiters, false)?;
            header.write(&delimiters, self.output.sink());
        }
        if let Some(group) = &mut self.group {
            group.sets += 1;
        }
        set.number = Some(number);
        set.begun = true;
        self.output.segments = 1;
        self.counts.sets += 1;
        Ok(())
    }

    // Trailers: each says what was written since its header, and nothing if that was not

    fn set_trailer(&mut self, trailer: Control) {
        let Some(mut set) = self.set.take() else {
            return;
        };
        set.closed = true;
        set.segments += 1;
        self.end_set(&mut set, trailer);
        self.set = Some(set);
    }

    /// Ends what is written of a transaction set.
    pub(super) fn end_set(&mut self, set: &mut Set, trailer: Control) {
        let mut segments = set.segments;
        if let Some(division) = &mut set.division {
            division.end_part(&self.delimiters(), &mut self.output);
            segments = self.output.segments + 1;
        }
        self.write_set_trailer(set, segments, trailer);
    }

    pub(super) fn write_set_trailer(&mut self, set: &Set, segments: u64, mut trailer: Control) {
        let Some(number) = &set.number else {
            return;
        };
        trailer.put(1, segments.to_string().into_bytes());
        trailer.put(2, number.clone().into_bytes());
        trailer.write(&self.delimiters(), self.output.sink());
    }

    fn group_trailer(&mut self, trailer: Control) {
        if let Some(group) = &mut self.group {
            group.closed = true;
        }
        self.end_group(trailer);
    }

    /// Ends what is written of a group.
    pub(super) fn end_group(&mut self, mut trailer: Control) {
        let delimiters = self.delimiters();
        let Some(group) = &self.group else {
            return;
        };
        if let Some(number) = group.number {
            trailer.put(1, group.sets.to_string().into_bytes());
            trailer.put(2, number.to_string().into_bytes());
            trailer.write(&delimiters, self.output.sink());
        }
    }

    fn interchange_trailer(&mut self, trailer: Control) {
        if let Some(interchange) = &mut self.interchange {
            interchange.closed = true;
        }
        self.end_interchange(trailer);
    }

    /// Ends what is written of an interchange.
    pub(super) fn end_interchange(&mut self, mut trailer: Control) {
        let Some(interchange) = &self.interchange else {
            return;
        };
        if let Some(number) = interchange.number {
            trailer.put(1, interchange.groups.to_string().into_bytes());
            trailer.put(2, format!("{number:09}").into_bytes());
            trailer.write(&interchange.delimiters, self.output.sink());
        }
    }

    /// The end of line behind an interchange that is not its usual one: copied, unless it says something.
    fn end_line(&mut self, text: &[u8], blank: bool) {
        let Some(interchange) = &mut self.interchange else {
            return;
        };
        if blank && interchange.closed && interchange.number.is_some() && !interchange.ended {
            self.output.put(text);
            interchange.ended = true;
        }
    }

    fn close_set(&mut self) {
        let trailer = self.missing("SE");
        if self.set.as_ref().is_some_and(|set| !set.closed) {
            self.set_trailer(trailer);
        }
        if let Some(set) = self.set.take() {
            self.counts.dropped += u64::from(set.division.is_some() && !set.begun);
        }
        self.envelope.close_set();
    }

    fn close_group(&mut self) {
        if self.group.as_ref().is_some_and(|group| !group.closed) {
            let trailer = self.missing("GE");
            self.group_trailer(trailer);
        }
        self.group = None;
        self.envelope.close_group();
    }

    fn close_interchange(&mut self) {
        if self.interchange.as_ref().is_some_and(|open| !open.closed) {
            let trailer = Control::new(
                "IEA",
                &self.delimiters(),
                // Its end of line follows below, as that of any other.
                &[],
            );
            self.interchange_trailer(trailer);
        }
        if let Some(interchange) = self.interchange.take()
            && interchange.number.is_some()
            && !interchange.ended
        {
            self.output.put(&interchange.suffix);
        }
    }

    pub(super) fn delimiters(&self) -> Delimiters {
        let open = self.interchange.as_ref();
        open.map_or_else(Delimiters::default, |open| open.delimiters)
    }

    pub(super) fn missing(&self, id: &str) -> Control {
        let suffix = self.interchange.as_ref().map(|open| &*open.suffix);
        Control::new(id, &self.delimiters(), suffix.unwrap_or_default())
    }
}

impl Set {
    fn segment(
        &mut self,
        here: &Here<'_>,
        definition: u16,
        output: &mut Output,
    ) -> Result<(), Error> {
        self.segments += 1;
        if let Some(follow) = &mut self.follow {
            follow.segment(definition, &here.segment);
            if let Some(division) = &mut self.division {
                return division.segment(here, definition, follow, output);
            }
        }
        if self.number.is_some() {
            output.put(here.segment.raw());
        }
        Ok(())
    }
}
