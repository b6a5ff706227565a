//! A transaction set that is divided: what stands around its records is held until one of them is kept.
//!
//! A part of it begins with the first record that is kept; so the loops around are written with it, or not at all. Levels are numbered
//! as they are written, so in the order in which they stand. Whether others follow below a level is known when one is written, or when
//! the level ends: until then what follows it is held back.

use x12_schemas::table::Reading;

use crate::delimiters::Delimiters;
use crate::error::Error;
use crate::limits::Limits;
use crate::segment::unwrapped;

use super::addresses::Fate;
use super::control::{Control, Slot};
use super::copier::Here;
use super::follow::Follow;
use super::output::{CHILDREN, Output};

/// Elements of a segment that carries the hierarchy: its number, and its parent's.
const NUMBER: usize = 1;
const PARENT: usize = 2;

/// The open transaction set, if it is divided.
pub(super) struct Division {
    reference: Reading,
    /// How long the reference may be.
    longest: usize,
    /// The transaction set itself, then the open loops in which records may stand.
    frames: Vec<Frame>,
    /// The open record.
    record: Option<Record>,
    /// Levels written in this part.
    levels: u64,
    /// The segment of the reference.
    batch: Option<Batch>,
    limits: Limits,
    held: usize,
}

/// The segment that holds the reference of the set.
struct Batch {
    /// Where it stands among what is held of the set.
    at: usize,
    received: Control,
    /// With the reference of this part.
    given: Control,
}

/// An open loop in which records may stand, or the transaction set itself.
#[derive(Default)]
struct Frame {
    level: Option<Level>,
    /// What stands before its records: written in each part in which one is kept.
    head: Chunk,
    /// What stood behind a record while nothing of this part was written.
    tail: Chunk,
    /// Whether a record stood in it.
    passed: bool,
    /// Whether it is written in this part.
    written: bool,
}

/// Bytes, and how many segments they are.
#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    segments: u64,
}

/// The segment of a hierarchical level, and its number in this part.
struct Level {
    control: Control,
    number: u64,
}

/// The open record.
struct Record {
    fate: Fate,
    chunk: Chunk,
    levels: Vec<Inner>,
    at: u64,
}

/// A level in a record.
struct Inner {
    /// Where in the record's bytes it stands.
    at: usize,
    control: Control,
    /// How many loops of the guide are around it.
    depth: u8,
}

impl Division {
    /// Of a set in which `reference` is given anew.
    pub(super) fn new(reference: Reading, follow: &Follow, limits: Limits) -> Self {
        let guide = &follow.chart.guide;
        let segment = guide.segments.get(usize::from(reference.segment));
        let element = segment.and_then(|it| guide.element(it, reference.element.into()));
        Self {
            reference,
            longest: element.map_or(0, |element| element.max as usize),
            frames: vec![Frame::default()],
            record: None,
            levels: 0,
            batch: None,
            limits,
            held: 0,
        }
    }

    /// A loop opens in which records may stand.
    pub(super) fn open_level(&mut self) {
        for frame in &mut self.frames {
            frame.passed = true;
        }
        self.frames.push(Frame::default());
    }

    /// Such a loop closes; nothing is left of it if no record of it was kept.
    pub(super) fn close_level(&mut self, delimiters: &Delimiters, output: &mut Output) {
        if self.frames.len() < 2 {
            return;
        }
        let Some(frame) = self.frames.pop() else {
            return;
        };
        self.held = self.held.saturating_sub(frame.bytes());
        if frame.level.is_some() && frame.written {
            output.resolve(false, delimiters);
        }
    }

    /// A record begins.
    pub(super) fn open_record(&mut self, fate: Fate, at: u64) {
        for frame in &mut self.frames {
            frame.passed = true;
        }
        self.record = Some(Record {
            fate,
            chunk: Chunk::default(),
            levels: Vec::new(),
            at,
        });
    }

    /// A segment stands.
    pub(super) fn segment(
        &mut self,
        here: &Here<'_>,
        definition: u16,
        follow: &Follow,
        output: &mut Output,
    ) -> Result<(), Error> {
        let segments = &follow.chart.guide.segments;
        let segment = segments.get(usize::from(definition));
        let is_level = segment.is_some_and(|segment| segment.hierarchical);
        if let Some(record) = &mut self.record {
            if is_level && record.fate != Fate::LeftOut {
                let a_loop = &follow.chart.guide.loops[usize::from(follow.loop_index())];
                record.levels.push(Inner {
                    at: record.chunk.bytes.len(),
                    control: here.control(),
                    depth: a_loop.depth,
                });
                record.chunk.segments += 1;
                return Ok(());
            }
            return self.bytes(here.segment.raw(), 1, here.at, output);
        }
        let is_reference = self.frames.len() == 1
            && self.reference.segment == definition
            && self.reference.loop_index == follow.loop_index();
        if let [.., frame] = &mut self.frames[..] {
            let is_first = frame.level.is_none() && frame.head.segments == 0;
            if is_level && is_first {
                let control = here.control();
                frame.level = Some(Level { control, number: 0 });
                frame.head.segments += 1;
                return Ok(());
            }
            if is_reference && self.batch.is_none() && !frame.passed {
                let control = here.control();
                self.batch = Some(Batch {
                    at: frame.head.bytes.len(),
                    received: control.clone(),
                    given: control,
                });
                frame.head.segments += 1;
                return Ok(());
            }
        }
        self.bytes(here.segment.raw(), 1, here.at, output)
    }

    /// Bytes as they are: of a segment, or of what belongs to the one before.
    pub(super) fn bytes(
        &mut self,
        raw: &[u8],
        segments: u64,
        at: u64,
        output: &mut Output,
    ) -> Result<(), Error> {
        if let Some(record) = &mut self.record {
            if record.fate == Fate::LeftOut {
                return Ok(());
            }
            record.chunk.add(raw, segments);
            return self.check(at, output);
        }
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        if frame.written {
            output.segments += segments;
            output.put(raw);
            return self.check(at, output);
        }
        let chunk = match frame.passed {
            true => &mut frame.tail,
            false => &mut frame.head,
        };
        chunk.add(raw, segments);
        self.held += raw.len();
        self.check(at, output)
    }

    fn check(&self, at: u64, output: &Output) -> Result<(), Error> {
        let max = self.limits.held_bytes as u64;
        let record = self.record.as_ref();
        let record = record.map_or(0, |record| record.chunk.bytes.len());
        if (self.held + record + output.held()) as u64 > max {
            let limit = "what is held back of a divided transaction set";
            return Err(Error::Limit { limit, max, at });
        }
        Ok(())
    }

    /// What becomes of the open record.
    pub(super) fn fate(&self) -> Fate {
        self.record
            .as_ref()
            .map_or(Fate::LeftOut, |record| record.fate)
    }

    /// The reference of the set as it was received.
    pub(super) fn received(&self) -> Result<String, Error> {
        let Some(batch) = &self.batch else {
            return Err(Error::Undivided {
                what: "it has no segment for its reference",
                at: self.record.as_ref().map_or(0, |record| record.at),
            });
        };
        let element = usize::from(self.reference.element);
        let value = unwrapped(batch.received.element(element));
        Ok(String::from_utf8_lossy(&value).into_owned())
    }

    /// Gives the set its reference for this part: none, if it came without one and none is given.
    pub(super) fn refer(&mut self, reference: &str, delimiters: &Delimiters) -> Result<(), Error> {
        let element = usize::from(self.reference.element);
        let slot: Slot = ("the reference of a part", element, self.longest);
        match &mut self.batch {
            Some(batch) if reference.is_empty() && batch.received.element(element).is_empty() => {
                Ok(())
            }
            Some(batch) => batch.given.give(&[slot], &[reference], delimiters, false),
            None => Ok(()),
        }
    }

    /// The most bytes that the open record takes, with what must be written around it.
    pub(super) fn bytes_at_most(&self) -> u64 {
        // 20: digits of a number in the place of another.
        let around = self.frames.iter().filter(|frame| !frame.written);
        let around: usize = around.map(|frame| frame.bytes() + 20 * 2).sum();
        let levels = |record: &Record| -> usize {
            record
                .levels
                .iter()
                .map(|level| level.control.len() + 20 * 2)
                .sum()
        };
        let record = self.record.as_ref();
        let record = record.map_or(0, |record| record.chunk.bytes.len() + levels(record));
        let batch = self.batch.as_ref().map_or(0, |batch| batch.received.len());
        (around + record + batch + self.longest) as u64
    }

    /// Writes the open record, and before it what stands around it and is not written yet.
    pub(super) fn write(
        &mut self,
        delimiters: &Delimiters,
        output: &mut Output,
    ) -> Result<(), Error> {
        let mut parent = None;
        for index in 0..self.frames.len() {
            if !self.frames[index].written {
                self.write_frame(index, parent, delimiters, output);
            }
            let level = self.frames[index].level.as_ref();
            parent = level.map(|level| level.number).or(parent);
        }
        let Some(record) = self.record.take() else {
            return Ok(());
        };
        let at = record.at;
        if !record.levels.is_empty() {
            output.resolve(true, delimiters);
        }
        self.write_record(record, parent, delimiters, output);
        self.check(at, output)
    }

    fn write_frame(
        &mut self,
        index: usize,
        parent: Option<u64>,
        delimiters: &Delimiters,
        output: &mut Output,
    ) {
        let frame = &mut self.frames[index];
        frame.written = true;
        if let Some(level) = &mut frame.level {
            output.resolve(true, delimiters);
            self.levels += 1;
            level.number = self.levels;
            let mut control = level.control.clone();
            number(&mut control, level.number, parent);
            if control.element(CHILDREN) == b"1" {
                output.hold(control);
            } else {
                control.write(delimiters, output.sink());
            }
        }
        let batch = self.batch.as_ref().filter(|_| index == 0);
        let (before, after) = match batch {
            Some(batch) => frame.head.bytes.split_at(batch.at),
            None => (&[][..], &frame.head.bytes[..]),
        };
        output.put(before);
        if let Some(batch) = batch {
            batch.given.write(delimiters, output.sink());
        }
        output.put(after);
        output.put(&frame.tail.bytes);
        output.segments += frame.head.segments + frame.tail.segments;
        self.held = self.held.saturating_sub(frame.tail.bytes.len());
        frame.tail = Chunk::default();
    }

    fn write_record(
        &mut self,
        record: Record,
        parent: Option<u64>,
        delimiters: &Delimiters,
        output: &mut Output,
    ) {
        let mut from = 0;
        // Levels of the record that are open where the next one stands.
        let mut open: Vec<(u8, u64)> = Vec::new();
        for Inner {
            at,
            mut control,
            depth,
        } in record.levels
        {
            output.put(record.chunk.bytes.get(from..at).unwrap_or_default());
            from = at;
            self.levels += 1;
            open.retain(|(other, _)| *other < depth);
            let above = open.last().map(|(_, number)| *number).or(parent);
            number(&mut control, self.levels, above);
            control.write(delimiters, output.sink());
            open.push((depth, self.levels));
        }
        output.put(record.chunk.bytes.get(from..).unwrap_or_default());
        output.segments += record.chunk.segments;
    }

    /// The record is left out.
    pub(super) fn drop_record(&mut self) {
        self.record = None;
    }

    /// The part ends: what stands around the records to come is written anew with the first of them that is kept.
    pub(super) fn end_part(&mut self, delimiters: &Delimiters, output: &mut Output) {
        output.resolve(false, delimiters);
        self.levels = 0;
        for frame in &mut self.frames {
            frame.written = false;
        }
    }
}

impl Frame {
    fn bytes(&self) -> usize {
        let level = self.level.as_ref().map_or(0, |level| level.control.len());
        level + self.head.bytes.len() + self.tail.bytes.len()
    }
}

impl Chunk {
    fn add(&mut self, raw: &[u8], segments: u64) {
        self.bytes.extend_from_slice(raw);
        self.segments += segments;
    }
}

/// Puts a level's number and its parent's in the place of those received, where there were any.
fn number(control: &mut Control, number: u64, parent: Option<u64>) {
    control.put(NUMBER, number.to_string().into_bytes());
    if let (Some(parent), false) = (parent, control.element(PARENT).is_empty()) {
        control.put(PARENT, parent.to_string().into_bytes());
    }
}
