//! JSON of the shape `named`, read in one pass over a window of it, as X12.
//!
//! An object of the envelope, or of a loop without bound, is taken member by member; what is small enough is kept until the object
//! ends, so that keys may come in any order. A longer array is written as it comes: what stands before it in X12 must have been told.

use std::sync::Arc;

use x12_schemas::table::Guide;

use crate::chart::Chart;
use crate::charts::Charts;
use crate::delimiters::Delimiters;
use crate::error::Error;
use crate::json::named::compose::Levels;
use crate::json::named::frame::{Array, Frame, Held, Items, Kind};
use crate::json::named::pen::Pen;
use crate::json::named::seal::{EnvelopeFilling, Seal};
use crate::json::named::tree::{Tree, told};
use crate::json::named::turn::LATE;
use crate::json::scan::{Scanner, Stop, TOO_EARLY, skip_blanks};
use crate::limits::Limits;

/// Reads the shape `named`.
pub(crate) struct Reader {
    pub(super) charts: Charts,
    pub(super) envelope: Arc<Guide>,
    pub(super) limits: Limits,
    pub(super) pen: Pen,
    pub(super) seal: Seal,
    pub(super) levels: Levels,
    /// The control number of the open transaction set.
    pub(super) set_number: Vec<u8>,
    pub(super) stack: Vec<Frame>,
    /// A claim, or another loop that is written as a whole.
    pub(super) whole: Tree,
    key: Vec<u8>,
    pub(super) lines: u64,
    is_document: bool,
}

/// A run of JSON, and the offset of its first byte.
#[derive(Clone, Copy)]
pub(crate) struct Run<'t> {
    pub(crate) bytes: &'t [u8],
    pub(crate) base: u64,
    pub(crate) at_end: bool,
}

impl Reader {
    pub(crate) fn new(charts: Charts, limits: Limits, filling: EnvelopeFilling) -> Self {
        Self {
            envelope: charts.catalog.envelope(),
            charts,
            limits,
            pen: Pen::new(Delimiters::default(), b"\n".to_vec()),
            seal: Seal::new(filling),
            levels: Levels::default(),
            set_number: Vec::new(),
            stack: Vec::new(),
            whole: Tree::default(),
            key: Vec::new(),
            lines: 0,
            is_document: false,
        }
    }

    /// What was written.
    pub(crate) fn out(&mut self) -> &mut crate::json::buffer::Buffer {
        &mut self.pen.out
    }

    /// Takes item after item until the text is used up or, above the bottom, the stack is down to `floor` again.
    pub(crate) fn run(&mut self, text: Run<'_>, floor: usize) -> Result<usize, Error> {
        let mut at = 0;
        loop {
            let done = self.stack.len() == floor
                && self.stack.last().is_some_and(|frame| frame.array.is_none());
            if floor > 0 && done {
                return Ok(at);
            }
            at = skip_blanks(text.bytes, at);
            let nothing = at == text.bytes.len();
            if nothing && (!text.at_end || self.stack.is_empty() && self.lines > 0) {
                if text.at_end {
                    self.end(text.base + at as u64)?;
                }
                return Ok(at);
            }
            let mut scanner = Scanner {
                text: text.bytes,
                at,
                string_bytes: self.limits.record_bytes,
            };
            match self.step(&mut scanner, text.base) {
                Ok(()) => at = scanner.at,
                Err(Stop::More) if !text.at_end => return Ok(at),
                Err(stop) => return Err(self.error(stop, text)),
            }
        }
    }

    pub(super) fn error(&self, stop: Stop, text: Run<'_>) -> Error {
        let more = (TOO_EARLY, text.bytes.len());
        stop.into_error(text.base, more, || self.path(""))
    }

    /// Where in the structure something stands that is told by its path from the innermost open thing.
    pub(super) fn path(&self, below: &str) -> String {
        from_top(self.trail() + below)
    }

    /// The path of the innermost open thing, each of its parts behind a point.
    pub(super) fn trail(&self) -> String {
        let mut path = if self.lines > 0 {
            format!("[{}]", self.lines)
        } else {
            String::new()
        };
        for frame in &self.stack {
            if let Some(array) = &frame.array {
                path += &format!(".{}[{}]", array.key, array.index);
            }
        }
        path
    }

    fn step(&mut self, scanner: &mut Scanner<'_>, base: u64) -> Result<(), Stop> {
        match self.stack.last() {
            None => self.top(scanner, base),
            Some(frame) if frame.array.is_some() => self.item(scanner, base),
            Some(_) => self.member(scanner, base),
        }
    }

    fn top(&mut self, scanner: &mut Scanner<'_>, base: u64) -> Result<(), Stop> {
        match scanner.peek()? {
            _ if self.is_document => {
                Err(scanner.bad("something stands behind the end of the document"))
            }
            0xEF if base == 0 && scanner.at == 0 => {
                scanner.at = 3;
                Ok(())
            }
            b'{' => {
                let at = base + scanner.at as u64;
                scanner.at += 1;
                self.stack.push(Frame::new(Kind::Top, at));
                Ok(())
            }
            _ => Err(scanner.bad("an object is due")),
        }
    }

    pub(super) fn change(&mut self, change: impl FnOnce(&mut Frame)) {
        if let Some(frame) = self.stack.last_mut() {
            change(frame);
        }
    }

    // Members of objects

    fn member(&mut self, scanner: &mut Scanner<'_>, base: u64) -> Result<(), Stop> {
        let Some(frame) = self.stack.last() else {
            return Ok(());
        };
        if scanner.peek()? == b'}' {
            scanner.at += 1;
            return self.close();
        }
        if !frame.fresh {
            scanner.expect(b',', "a comma or the closing bracket is due")?;
        }
        scanner.peek()?;
        let key_at = scanner.at;
        self.key.clear();
        let span = scanner.string(&mut self.key)?;
        let key = span.of(&self.key).to_vec();
        scanner.expect(b':', "a colon is due")?;
        scanner.peek()?;
        if frame.keys.contains(&key) {
            return Err(Stop::bad("a key stands twice", key_at));
        }
        self.keep(scanner, (&key, key_at), base)?;
        self.change(|frame| {
            frame.keys.push(key);
            // An array that was opened has no items yet.
            frame.fresh = frame.array.is_some();
        });
        Ok(())
    }

    /// Keeps a member, or, if it is too long for that, begins to take it item by item.
    fn keep(
        &mut self,
        scanner: &mut Scanner<'_>,
        (key, key_at): (&[u8], usize),
        base: u64,
    ) -> Result<(), Stop> {
        let Some(frame) = self.stack.last() else {
            return Ok(());
        };
        let from = scanner.at;
        let is_array = scanner.peek()? == b'[';
        let envelope = frame.array_of(key);
        if envelope.is_some() && !is_array {
            let fault = Stop::bad("an array is due", from);
            return Err(self.fail(fault, base, &format!(".{}", told(key))));
        }
        let slot = frame.streamed(key).filter(|_| is_array);
        if !frame.knows(key) {
            return Err(Stop::bad(crate::json::named::compose::UNKNOWN, key_at));
        }
        let streams = envelope.is_some() || slot.is_some();
        let max = if streams {
            self.limits.context_bytes
        } else {
            self.limits.record_bytes
        };
        let mut ahead = scanner.clone();
        match ahead.skip_value() {
            Ok(()) if ahead.at == from => return Err(scanner.bad("a value is due")),
            Ok(()) if ahead.at - from <= max => {
                let text = scanner.text.get(from..ahead.at).unwrap_or_default();
                self.hold(
                    (key, key_at),
                    envelope.map(|(array, _)| array),
                    text,
                    (base, from),
                )?;
                scanner.at = ahead.at;
                return Ok(());
            }
            Err(Stop::More) if scanner.text.len() - from <= max => return Err(Stop::More),
            _ => {}
        }
        let items = match (envelope, slot, frame.a_loop()) {
            (Some((_, items)), ..) => items,
            (_, Some((slot, _)), Some((chart, _))) => Items::Slot(Arc::clone(chart), slot),
            _ => {
                return Err(Stop::Limit {
                    limit: "length of a record",
                    max: max as u64,
                    at: from,
                });
            }
        };
        self.turn(&items, base + from as u64)?;
        scanner.at += 1;
        self.open_array(key, items);
        Ok(())
    }

    fn open_array(&mut self, key: &[u8], items: Items) {
        let key = String::from_utf8_lossy(key).into_owned();
        let index = 0;
        self.change(|frame| frame.array = Some(Array { key, items, index }));
    }

    fn hold(
        &mut self,
        (key, key_at): (&[u8], usize),
        array: Option<&'static str>,
        text: &[u8],
        (base, from): (u64, usize),
    ) -> Result<(), Stop> {
        let (depth, at) = (self.limits.json_depth, base + from as u64);
        let late = self.stack.last().is_some_and(|frame| frame.is_past(key));
        if late {
            let what = "this part comes too late: what follows it has been written";
            return Err(Stop::bad(what, key_at));
        }
        let Some(frame) = self.stack.last_mut() else {
            return Ok(());
        };
        if let Some(array) = array {
            let text = text.to_vec();
            frame.held.push(Held {
                array,
                text,
                base: at,
            });
            return Ok(());
        }
        let added = if frame.count(key) {
            // What only says how often something stands is a number.
            let mut scanner = Scanner {
                text: &[text, b" "].concat(),
                at: 0,
                string_bytes: 0,
            };
            scanner.count().map_err(|stop| (stop, String::new()))
        } else {
            let added = frame.tree.add(key, text, at, depth);
            added.and_then(|()| match frame.misfit(key) {
                Some(what) => Err((Stop::bad(what, 0), String::new())),
                None => Ok(()),
            })
        };
        if let Err((stop, below)) = added {
            return Err(self.fail(stop, at, &format!(".{}{below}", told(key))));
        }
        self.learn();
        Ok(())
    }

    /// A fault in a value that was read from a text of its own, which begins at `base`.
    pub(super) fn fail(&self, stop: Stop, base: u64, below: &str) -> Stop {
        let error = stop.into_error(base, ("this is not JSON", 0), || self.path(below));
        Stop::Failed(Box::new(error))
    }

    // Items of arrays

    fn item(&mut self, scanner: &mut Scanner<'_>, base: u64) -> Result<(), Stop> {
        let Some((fresh, array)) = self
            .stack
            .last()
            .and_then(|frame| Some((frame.fresh, frame.array.clone()?)))
        else {
            return Ok(());
        };
        if scanner.peek()? == b']' {
            scanner.at += 1;
            self.change(|frame| (frame.array, frame.fresh) = (None, false));
            return Ok(());
        }
        if !fresh {
            scanner.expect(b',', "a comma or the closing bracket is due")?;
        }
        let byte = scanner.peek()?;
        let at = base + scanner.at as u64;
        let kind = match (&array.items, byte) {
            (Items::Slot(chart, slot), _) => {
                return self.occurrence(scanner, (chart, *slot, array.index), base);
            }
            (Items::Sets, b'[') => {
                self.open_group()?;
                return self.segment(scanner, base);
            }
            (_, b'[') => return self.segment(scanner, base),
            (Items::Interchanges, b'{') => Kind::Interchange,
            (Items::Groups, b'{') => Kind::Group,
            (Items::Sets, b'{') => Kind::Set(None),
            (Items::Services | Items::Segments, _) => {
                return Err(scanner.bad("a segment is due: an array"));
            }
            _ => return Err(scanner.bad("an object is due")),
        };
        scanner.at += 1;
        self.change(|frame| frame.fresh = false);
        self.stack.push(Frame::new(kind, at));
        Ok(())
    }

    /// Goes to the next item of the innermost array.
    pub(super) fn next(&mut self) {
        self.change(|frame| {
            frame.fresh = false;
            if let Some(array) = &mut frame.array {
                array.index += 1;
            }
        });
    }

    /// A segment as an array, where it stands.
    fn segment(&mut self, scanner: &mut Scanner<'_>, base: u64) -> Result<(), Stop> {
        let text = self.value(scanner, self.limits.record_bytes)?;
        let (from, to) = text;
        let json = scanner.text.get(from..to).unwrap_or_default();
        self.stray(json, base + from as u64)?;
        scanner.at = to;
        self.next();
        Ok(())
    }

    /// Where a value begins and ends that is to be kept as a whole.
    fn value(&self, scanner: &mut Scanner<'_>, max: usize) -> Result<(usize, usize), Stop> {
        scanner.peek()?;
        let from = scanner.at;
        let mut ahead = scanner.clone();
        match ahead.skip_value() {
            Ok(()) if ahead.at == from => Err(scanner.bad("a value is due")),
            Ok(()) if ahead.at - from <= max => Ok((from, ahead.at)),
            Err(Stop::More) if scanner.text.len() - from <= max => Err(Stop::More),
            _ => Err(Stop::Limit {
                limit: "length of a record",
                max: max as u64,
                at: from,
            }),
        }
    }

    /// One loop of a slot: as a whole, or, if it is too long for that, taken apart.
    fn occurrence(
        &mut self,
        scanner: &mut Scanner<'_>,
        (chart, slot, index): (&Arc<Chart>, u16, usize),
        base: u64,
    ) -> Result<(), Stop> {
        let around = self
            .stack
            .last()
            .and_then(Frame::a_loop)
            .map_or(0, |(_, around)| around);
        let Some((child, streamed, record)) = child_of(chart, around, slot) else {
            return Err(scanner.bad("an object is due"));
        };
        let whole = if streamed && !record {
            self.limits.context_bytes
        } else {
            self.limits.record_bytes
        };
        match self.value(scanner, whole) {
            Ok((from, to)) => {
                let text = scanner.text.get(from..to).unwrap_or_default();
                self.compose_whole(chart, (child, index), text, base + from as u64)?;
                scanner.at = to;
                self.next();
                Ok(())
            }
            Err(Stop::Limit { .. }) if streamed && !record && scanner.peek()? == b'{' => {
                let at = base + scanner.at as u64;
                if self.is_late(chart, child) {
                    let (what, path) = (LATE, self.path(""));
                    return Err(Stop::Failed(Box::new(Error::Json { what, at, path })));
                }
                scanner.at += 1;
                self.change(|frame| frame.fresh = false);
                let mut frame = Frame::new(Kind::Loop(Arc::clone(chart), child), at);
                frame.ordinal = index;
                self.stack.push(frame);
                Ok(())
            }
            Err(stop) => Err(stop),
        }
    }

    // Ends

    fn close(&mut self) -> Result<(), Stop> {
        let Some(frame) = self.stack.last() else {
            return Ok(());
        };
        let is_document =
            matches!(frame.kind, Kind::Top) && frame.keys.iter().any(|key| key == b"interchanges");
        self.finish()?;
        if self
            .stack
            .last()
            .is_some_and(|frame| !frame.held.is_empty())
        {
            return Err(self.object_wrong("an unknown key stands in this object"));
        }
        self.stack.pop();
        if self.stack.is_empty() {
            self.lines += 1;
            self.is_document = is_document;
        } else {
            self.next();
        }
        Ok(())
    }

    /// Reads text that was held, as the array that it is, in the innermost object.
    pub(super) fn replay(&mut self, held: &Held, items: Items) -> Result<(), Stop> {
        let floor = self.stack.len();
        let from = skip_blanks(&held.text, 0) + 1;
        let key = held.array.to_owned();
        self.change(|frame| {
            frame.array = Some(Array {
                key,
                items,
                index: 0,
            });
            frame.fresh = true;
        });
        let text = Run {
            bytes: held.text.get(from..).unwrap_or_default(),
            base: held.base + from as u64,
            at_end: true,
        };
        let used = self
            .run(text, floor)
            .map_err(|error| Stop::Failed(Box::new(error)))?;
        if from + used == held.text.len() {
            return Ok(());
        }
        Err(self.fail(Stop::bad("this is not JSON", used), text.base, ""))
    }
}

/// A path as it is told.
pub(super) fn from_top(path: String) -> String {
    path.strip_prefix('.').map(str::to_owned).unwrap_or(path)
}

/// The loop instance of a slot, whether it may be taken apart, and whether it is a record.
fn child_of(chart: &Chart, around: u16, slot: u16) -> Option<(u16, bool, bool)> {
    let sheet = chart.sheet();
    let crate::sheet::SlotKind::Loop(child) = sheet.slot(around, slot)?.kind else {
        return None;
    };
    let record = chart.guide.loops.get(usize::from(child))?.record.is_some();
    Some((child, sheet.a_loop(child)?.streamed, record))
}
