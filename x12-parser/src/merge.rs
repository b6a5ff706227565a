//! Several documents as one: their transaction sets under one envelope, with delimiters unified.
//!
//! Which of them belong together is the caller's to say, as it says in which order they come.

use std::io::{Read, Write};
use std::sync::Arc;

use crate::block::{Block, Blocks};
use crate::chart::SegmentId;
use crate::control_number::ControlNumber;
use crate::delimiters::Delimiters;
use crate::entry::{Entry, EntryKind};
use crate::envelope::Envelope;
use crate::error::Error;
use crate::event::Event;
use crate::options::Options;
use crate::place::Extent;
use crate::readdress::control::{self, Control};
use crate::readdress::{EnvelopeCounts, GroupAddress, InterchangeAddress};
use crate::segment::Segment;
use crate::source::ReadSource;

const GS: SegmentId = SegmentId::new(b"GS");
const SE: SegmentId = SegmentId::new(b"SE");
const GE: SegmentId = SegmentId::new(b"GE");

/// Joins transaction sets of several documents into interchanges and groups.
///
/// An interchange has the header of the first transaction set that is joined to it, and a group likewise, with control numbers that count
/// up; transaction sets are numbered anew in each group. Delimiters are those of that header: in documents that are written with
/// others they are replaced. Everything else is copied byte for byte. Text outside interchanges is left out.
///
/// # Examples
/// ```
/// # fn main() -> Result<(), x12_parser::Error> {
/// # let document = b"ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*000000905*0*T*:~\
/// # GS*HP*A*B*20261123*1200*7*X*005010X221A1~ST*835*0001~SE*2*0001~GE*1*7~IEA*1*000000905~";
/// let mut merger = x12_parser::Merger::new(Vec::new(), x12_parser::ControlNumber::FIRST, &Default::default());
/// merger.join(&document[..], true, |_| true)?;
/// merger.join(&document[..], true, |_| true)?;
/// let (joined, counts) = merger.finish()?;
/// assert_eq!((counts.interchanges, counts.groups, counts.sets), (1, 1, 2));
/// assert!(joined.ends_with(b"~ST*835*0002~SE*2*0002~GE*2*1~IEA*1*000000001~"));
/// # Ok(())
/// # }
/// ```
pub struct Merger<W> {
    out: W,
    options: Options,
    next: ControlNumber,
    next_group: ControlNumber,
    counts: EnvelopeCounts,
    written: Vec<u8>,
    interchange: Option<Interchange>,
    group: Option<Group>,
}

/// The interchange that is written.
struct Interchange {
    number: ControlNumber,
    delimiters: Delimiters,
    suffix: Arc<[u8]>,
    groups: u64,
}

/// The group that is written.
struct Group {
    number: ControlNumber,
    sets: u64,
}

impl<W: Write> Merger<W> {
    /// Writes to `out`; the first interchange and the first group get the number `first`.
    pub fn new(out: W, first: ControlNumber, options: &Options) -> Self {
        Self {
            out,
            options: options.clone(),
            next: first,
            next_group: first,
            counts: EnvelopeCounts::default(),
            written: Vec::new(),
            interchange: None,
            group: None,
        }
    }

    /// Joins those transaction sets of a document that `joins` to the open interchange: to its open group, if groups are `merged`, else
    /// to groups as they are received.
    ///
    /// # Errors
    /// As [`crate::readdress`]; also [`Error::Clash`] where a value holds a byte that is a delimiter of the open interchange, and
    /// [`Error::Envelope`] where service segments (TA1) stand in an interchange of which something is joined.
    pub fn join<R: Read>(
        &mut self,
        document: R,
        merged: bool,
        joins: impl FnMut(&Envelope) -> bool,
    ) -> Result<(), Error> {
        let mut source = ReadSource::new(document, self.options.block_bytes);
        let (charts, limits) = (self.options.charts(), self.options.limits);
        let mut blocks = Blocks::new(charts, limits, Extent::Envelopes);
        let mut block = blocks.empty();
        let mut reading = Reading {
            merger: self,
            joins,
            merged,
            envelope: Envelope::default(),
            interchange: None,
            group: None,
            has_services: false,
            set: None,
        };
        while blocks.fill(&mut source, &mut block)? {
            reading.block(&block)?;
            reading.merger.flush()?;
        }
        Ok(())
    }

    /// Ends the open group: what is joined next stands in another.
    pub fn end_group(&mut self) {
        let (Some(interchange), Some(group)) = (&self.interchange, self.group.take()) else {
            return;
        };
        let values = [group.sets.to_string(), group.number.to_string()];
        interchange.trailer("GE", values, &mut self.written);
    }

    /// Ends the open interchange, and its open group.
    pub fn end_interchange(&mut self) {
        self.end_group();
        if let Some(interchange) = self.interchange.take() {
            let values = [
                interchange.groups.to_string(),
                format!("{:09}", interchange.number),
            ];
            interchange.trailer("IEA", values, &mut self.written);
        }
    }

    /// Ends it all; gives back what it was written to, and what was written.
    ///
    /// # Errors
    /// [`Error::Io`] if writing fails.
    pub fn finish(mut self) -> Result<(W, EnvelopeCounts), Error> {
        self.end_interchange();
        self.flush()?;
        self.out.flush()?;
        Ok((self.out, self.counts))
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.counts.bytes += self.written.len() as u64;
        self.out.write_all(&self.written)?;
        self.written.clear();
        Ok(())
    }
}

impl Interchange {
    fn trailer(&self, id: &str, values: [String; 2], to: &mut Vec<u8>) {
        let mut trailer = Control::new(id, &self.delimiters, &self.suffix);
        for (number, value) in (1..).zip(values) {
            trailer.put(number, value.into_bytes());
        }
        trailer.write(&self.delimiters, to);
    }
}

/// A document that is being joined.
struct Reading<'m, W, F> {
    merger: &'m mut Merger<W>,
    joins: F,
    merged: bool,
    envelope: Envelope,
    interchange: Option<(Control, Delimiters, Arc<[u8]>)>,
    group: Option<Control>,
    /// Whether service segments stand in the interchange.
    has_services: bool,
    set: Option<Set>,
}

/// The open transaction set.
#[derive(Default)]
struct Set {
    begun: bool,
    number: Option<String>,
    segments: u64,
    closed: bool,
}

impl<W: Write, F: FnMut(&Envelope) -> bool> Reading<'_, W, F> {
    fn block(&mut self, block: &Block<'_>) -> Result<(), Error> {
        let mut entries = block.layout.entries.iter();
        for event in &block.placed.events {
            match event {
                Event::Entry(_) => {
                    let Some(entry) = entries.next() else { break };
                    self.entry(block, entry)?;
                }
                Event::OpenInterchange => self.envelope.open_interchange(),
                Event::OpenGroup => self.envelope.open_group(),
                Event::OpenSet(_) => {
                    self.envelope.open_set();
                    self.set = Some(Set::default());
                }
                Event::CloseSet => {
                    self.end_set();
                    self.set = None;
                    self.envelope.close_set();
                }
                Event::CloseGroup => {
                    self.group = None;
                    self.envelope.close_group();
                    if !self.merged {
                        self.merger.end_group();
                    }
                }
                Event::CloseInterchange
                | Event::OpenLoop(_)
                | Event::CloseLoop
                | Event::Finding
                | Event::Place => {}
            }
        }
        Ok(())
    }

    fn entry(&mut self, block: &Block<'_>, entry: &Entry) -> Result<(), Error> {
        let at = block.base + u64::from(entry.start);
        let is_joined = self.set.as_ref().is_some_and(|set| set.number.is_some());
        let fault = |what| Err(Error::Envelope { what, at });
        if entry.misjudged && is_joined {
            return fault("the binary data do not have their declared length");
        }
        match entry.kind {
            EntryKind::Before | EntryKind::After => return Ok(()),
            EntryKind::BinaryData => {
                if is_joined {
                    let data = &block.bytes[entry.start as usize..entry.next as usize];
                    self.merger.written.extend_from_slice(data);
                }
                return Ok(());
            }
            _ => {}
        }
        let segment = block.segment(entry);
        let id = SegmentId::of(&segment);
        let is_trailer = id == SegmentId::new(b"IEA");
        match &mut self.set {
            _ if entry.kind == EntryKind::Unterminated && !is_trailer => {
                fault("the document ends inside a segment")
            }
            Some(set) if !set.begun => {
                set.begun = true;
                self.begin_set(&segment, entry.kind, at)
            }
            Some(_) if id == SE => {
                self.end_set();
                Ok(())
            }
            Some(set) => {
                set.segments += u64::from(entry.kind != EntryKind::BinaryTail);
                match is_joined {
                    true => self.copy(&segment, entry, at),
                    false => Ok(()),
                }
            }
            None => self.outside(block, &segment, (entry.kind, at)),
        }
    }

    /// A segment outside any transaction set.
    fn outside(
        &mut self,
        block: &Block<'_>,
        segment: &Segment<'_>,
        (kind, at): (EntryKind, u64),
    ) -> Result<(), Error> {
        let id = SegmentId::of(segment);
        match kind {
            EntryKind::Header => {
                self.envelope.read_isa(segment);
                if control::is_ambiguous(&block.layout) {
                    let what = "the interchange header would be read otherwise";
                    return Err(Error::Envelope { what, at });
                }
                let header = Control::read(segment, kind, at);
                let suffix = Arc::clone(&block.layout.suffix);
                self.interchange = Some((header, block.layout.delimiters, suffix));
                self.has_services = false;
            }
            EntryKind::Trailer | EntryKind::Unterminated => {}
            _ if id == GS => {
                self.envelope.read_gs(segment);
                self.group = Some(Control::read(segment, kind, at));
            }
            _ if id == GE => {}
            _ => self.has_services = true,
        }
        Ok(())
    }

    fn begin_set(&mut self, segment: &Segment<'_>, kind: EntryKind, at: u64) -> Result<(), Error> {
        self.envelope.read_st(segment);
        if !(self.joins)(&self.envelope) {
            return Ok(());
        }
        if self.has_services {
            let what = "segments stand outside any transaction set, which can only be kept if interchanges stay apart";
            return Err(Error::Envelope { what, at });
        }
        self.begin_interchange()?;
        self.begin_group(at)?;
        let merger = &mut *self.merger;
        let (Some(interchange), Some(group)) = (&merger.interchange, &mut merger.group) else {
            return Ok(());
        };
        group.sets += 1;
        merger.counts.sets += 1;
        let number = format!("{:04}", group.sets);
        let mut header = Control::read(segment, kind, at);
        header.end(&interchange.delimiters, &interchange.suffix);
        let delimiters = &interchange.delimiters;
        header.give(&control::ST, &[&number], delimiters, false)?;
        header.check(delimiters)?;
        header.write(delimiters, &mut merger.written);
        self.set = Some(Set {
            begun: true,
            number: Some(number),
            segments: 1,
            closed: false,
        });
        Ok(())
    }

    fn begin_interchange(&mut self) -> Result<(), Error> {
        let merger = &mut *self.merger;
        let (None, Some((header, delimiters, suffix))) = (&merger.interchange, &self.interchange)
        else {
            return Ok(());
        };
        let address = InterchangeAddress::received(&self.envelope, merger.next);
        let mut header = header.clone();
        header.give(&control::ISA, &address.values(), delimiters, true)?;
        header.write(delimiters, &mut merger.written);
        merger.interchange = Some(Interchange {
            number: merger.next,
            delimiters: *delimiters,
            suffix: Arc::clone(suffix),
            groups: 0,
        });
        merger.next = merger.next.following();
        merger.counts.interchanges += 1;
        Ok(())
    }

    fn begin_group(&mut self, at: u64) -> Result<(), Error> {
        let merger = &mut *self.merger;
        if merger.group.is_some() {
            return Ok(());
        }
        let (Some(interchange), Some(header)) = (&mut merger.interchange, &self.group) else {
            let what = "a transaction set stands outside any group";
            return Err(Error::Envelope { what, at });
        };
        let address = GroupAddress::received(&self.envelope, merger.next_group);
        let delimiters = &interchange.delimiters;
        let mut header = header.clone();
        header.end(delimiters, &interchange.suffix);
        header.give(&control::GS, &address.values(), delimiters, false)?;
        header.check(delimiters)?;
        header.write(delimiters, &mut merger.written);
        interchange.groups += 1;
        merger.group = Some(Group {
            number: merger.next_group,
            sets: 0,
        });
        merger.next_group = merger.next_group.following();
        merger.counts.groups += 1;
        Ok(())
    }

    fn end_set(&mut self) {
        let (Some(set), Some(interchange)) = (&mut self.set, &self.merger.interchange) else {
            return;
        };
        if let (Some(number), false) = (&set.number, set.closed) {
            let values = [(set.segments + 1).to_string(), number.clone()];
            interchange.trailer("SE", values, &mut self.merger.written);
            set.closed = true;
        }
    }

    /// Copies a segment, or a part of one, with the delimiters of the open interchange.
    fn copy(&mut self, segment: &Segment<'_>, entry: &Entry, at: u64) -> Result<(), Error> {
        let from = segment.delimiters();
        let merger = &mut *self.merger;
        let Some(interchange) = &merger.interchange else {
            return Ok(());
        };
        let to = &interchange.delimiters;
        if from == to {
            merger.written.extend_from_slice(segment.raw());
            return Ok(());
        }
        let is_tail = entry.kind == EntryKind::BinaryTail;
        let bytes = if is_tail { &[] } else { segment.bytes() };
        for (&byte, at) in bytes.iter().zip(at..) {
            let byte = replaced(byte, from, to).ok_or(Error::Clash { at })?;
            merger.written.push(byte);
        }
        if let Some([_, suffix @ ..]) = segment.raw().get(bytes.len()..) {
            merger.written.push(to.segment);
            let suffix = if entry.odd {
                suffix
            } else {
                &interchange.suffix
            };
            merger.written.extend_from_slice(suffix);
        }
        Ok(())
    }
}

/// A byte of a segment as other delimiters have it; none if it is no delimiter, but becomes one.
fn replaced(byte: u8, from: &Delimiters, to: &Delimiters) -> Option<u8> {
    if byte == from.element {
        Some(to.element)
    } else if byte == from.component {
        Some(to.component)
    } else if Some(byte) == from.repetition {
        to.repetition
    } else {
        (!to.contains(byte)).then_some(byte)
    }
}
