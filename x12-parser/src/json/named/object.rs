//! Objects of loops while they grow: keys in the order of the guide, arrays in one piece, whatever order segments come in.
//!
//! What is kept lies in one buffer, each loop behind what stands before it in the loop around; mostly it lies there as it is to be
//! written, and only an object whose keys came in another order is laid anew.

use x12_schemas::table::NONE;

use crate::chart::Chart;
use crate::error::Error;
use crate::json::named::gather::quoted;
use crate::limits::Limits;
use crate::sheet::{Sheet, Slot};

/// The objects that are open.
pub(crate) struct Objects {
    pub(crate) limits: Limits,
    /// The text of all that is kept.
    text: Vec<u8>,
    /// Values in the text that have a slot, those of inner loops last.
    values: Vec<Value>,
    /// Frames that are open, and behind them some to be used again.
    frames: Vec<Frame>,
    depth: usize,
    root: usize,
}

/// A value of a slot: where in the text.
#[derive(Clone, Copy)]
struct Value {
    slot: u16,
    from: usize,
    to: usize,
}

/// A loop that is open.
#[derive(Default)]
pub(crate) struct Frame {
    pub(crate) loop_index: u16,
    /// Which occurrence in the loop around, from one.
    pub(crate) ordinal: u64,
    pub(crate) at: u64,
    slot: u16,
    /// There is no room for it under its key.
    again: bool,
    streamed: bool,
    /// Where its text begins, and the first value.
    begin: usize,
    values: usize,
    /// Where its own members end and those with a slot begin.
    head: usize,
    empty: bool,
    /// The slot that was written last, and whether its array is open.
    last: u16,
    in_array: bool,
    disordered: bool,
    /// The value that came last had no room, so its entry is the last without a label.
    last_again: bool,
    counts: Vec<u32>,
    /// Slots whose keys are written for good.
    written: Vec<u16>,
    /// The slot whose loops are being written as they come.
    streaming: u16,
    extras: Vec<u8>,
    extras_written: bool,
    level: Option<Vec<u8>>,
    has_children: bool,
    child: Option<(Vec<u8>, String)>,
}

impl Objects {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            text: Vec::new(),
            values: Vec::new(),
            frames: Vec::new(),
            depth: 0,
            root: 0,
        }
    }

    pub(crate) fn top(&self) -> Option<&Frame> {
        self.frames.get(self.depth.checked_sub(1)?)
    }

    /// Begins a transaction set, of which something stands already.
    pub(crate) fn begin(&mut self, chart: &Chart, text: &[u8], at: u64) {
        (self.depth, self.root) = (0, 0);
        self.text.clear();
        self.values.clear();
        let sheet = chart.sheet();
        let streamed = sheet.a_loop(0).is_some_and(|root| root.streamed);
        self.push(sheet, 0, at);
        self.text.extend_from_slice(text);
        let head = self.text.len();
        self.change(|frame| {
            (frame.streamed, frame.empty, frame.head) = (streamed, false, head);
        });
    }

    fn push(&mut self, sheet: &Sheet, loop_index: u16, at: u64) {
        if self.depth == self.frames.len() {
            self.frames.push(Frame::default());
        }
        let (begin, values) = (self.text.len(), self.values.len());
        let slots = sheet
            .a_loop(loop_index)
            .map_or(0, |a_loop| a_loop.slots.len());
        if let Some(frame) = self.frames.get_mut(self.depth) {
            let mut counts = std::mem::take(&mut frame.counts);
            counts.clear();
            counts.resize(slots, 0);
            let (mut extras, mut written) = (
                std::mem::take(&mut frame.extras),
                std::mem::take(&mut frame.written),
            );
            extras.clear();
            written.clear();
            *frame = Frame {
                loop_index,
                at,
                begin,
                head: begin,
                values,
                counts,
                extras,
                written,
                empty: true,
                last: NONE,
                streaming: NONE,
                slot: NONE,
                ordinal: 1,
                ..Frame::default()
            };
        }
        self.depth += 1;
    }

    fn change(&mut self, change: impl FnOnce(&mut Frame)) {
        if let Some(frame) = innermost(&mut self.frames, self.depth) {
            change(frame);
        }
    }

    /// Bytes that are kept for the loops from the innermost streamed one on.
    fn check(&self) -> Result<(), Error> {
        let max = self.limits.record_bytes;
        let extras = self.top().map_or(0, |frame| frame.extras.len());
        if self.text.len() + extras <= max {
            return Ok(());
        }
        let at = self.top().map_or(0, |frame| frame.at);
        Err(Error::Limit {
            limit: "length of a record",
            max: max as u64,
            at,
        })
    }

    // Loops

    pub(crate) fn open(
        &mut self,
        sheet: &Sheet,
        index: u16,
        at: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let Some(a_loop) = sheet.a_loop(index) else {
            return Ok(());
        };
        let around_streamed = self.top().is_some_and(|frame| frame.streamed);
        let slot = sheet.slot(self.top().map_or(0, |frame| frame.loop_index), a_loop.slot);
        let Some(slot) = slot else { return Ok(()) };
        let streams = a_loop.streamed && around_streamed;
        let room = slot.usable
            && self
                .top()
                .is_some_and(|frame| frame.has_room(a_loop.slot, slot.many, streams));
        let ordinal = self.count(a_loop.slot);
        if room && streams {
            self.open_streamed(sheet, a_loop.slot, slot, out);
        } else if room {
            self.key(a_loop.slot, slot);
        }
        self.push(sheet, index, at);
        self.text.push(b'{');
        let head = self.text.len();
        self.change(|frame| {
            (frame.slot, frame.ordinal, frame.again) = (a_loop.slot, ordinal, !room);
            (frame.streamed, frame.head) = (room && streams, head);
        });
        self.check()
    }

    /// Says that levels follow below, if that is so and what is written from here on does not show it before they come.
    fn tell_child(&mut self, sheet: &Sheet, slot: u16) {
        let Some(frame) = innermost(&mut self.frames, self.depth) else {
            return;
        };
        let shows = frame.has_children || sheet.is_level(frame.loop_index, slot);
        if let Some((says, key)) = frame
            .child
            .take_if(|(says, _)| !shows && *says == quoted(1))
        {
            let told = [format!("\"{key}\":").as_bytes(), &says].concat();
            self.end_array();
            self.member(&told);
        }
    }

    /// Counts an occurrence of a slot.
    fn count(&mut self, slot: u16) -> u64 {
        let mut count = 1;
        self.change(|frame| {
            if let Some(seen) = frame.counts.get_mut(usize::from(slot)) {
                *seen = seen.saturating_add(1);
                count = u64::from(*seen);
            }
        });
        count
    }

    /// Writes what was kept before a loop that is written as it comes, and its key.
    fn open_streamed(&mut self, sheet: &Sheet, slot: u16, of: &Slot, out: &mut Vec<u8>) {
        let Some(streaming) = self.top().map(|frame| frame.streaming) else {
            return;
        };
        if streaming == slot {
            return out.push(b',');
        }
        if streaming != NONE {
            out.push(b']');
        }
        self.tell_child(sheet, slot);
        self.flush(sheet, "$extra", out);
        let comma = self.top().is_some_and(|frame| !frame.empty);
        out.extend_from_slice(
            format!(
                "{}\"{}\":{}",
                if comma { "," } else { "" },
                of.key,
                if of.many { "[" } else { "" }
            )
            .as_bytes(),
        );
        self.change(|frame| {
            frame.empty = false;
            frame.streaming = if of.many { slot } else { NONE };
            frame.written.push(slot);
        });
    }

    pub(crate) fn close(&mut self, sheet: &Sheet, out: &mut Vec<u8>) -> Result<(), Error> {
        self.complete(sheet, out);
        self.text.push(b'}');
        let Some(frame) = self.top() else {
            return Ok(());
        };
        let (begin, slot, again, streamed, values) = (
            frame.begin,
            frame.slot,
            frame.again,
            frame.streamed,
            frame.values,
        );
        self.depth -= 1;
        self.values.truncate(values);
        if streamed {
            out.extend_from_slice(self.text.get(begin..).unwrap_or_default());
            self.text.truncate(begin);
        } else if again {
            let value = self.text.split_off(begin);
            self.again(sheet, slot, &value);
        } else {
            let to = self.text.len();
            self.values.push(Value {
                slot,
                from: begin,
                to,
            });
        }
        self.check()
    }

    /// Ends the transaction set's object, but for its bracket.
    pub(crate) fn end(&mut self, sheet: &Sheet, out: &mut Vec<u8>) -> Result<(), Error> {
        while self.depth > 1 {
            self.close(sheet, out)?;
        }
        self.complete(sheet, out);
        out.extend_from_slice(&self.text);
        self.depth = 0;
        self.text.clear();
        Ok(())
    }

    /// Lays the innermost object down as it is to be written, but for its bracket.
    fn complete(&mut self, sheet: &Sheet, out: &mut Vec<u8>) {
        let Some(frame) = self.top() else { return };
        if frame.streaming != NONE {
            out.push(b']');
        }
        if let Some((says, key)) = &frame.child {
            let due = quoted(u64::from(frame.has_children));
            if *says != due {
                let told = [format!("\"{key}\":").as_bytes(), says].concat();
                self.end_array();
                self.member(&told);
            }
        }
        let late = self.top().is_some_and(|frame| frame.extras_written);
        self.settle(sheet, if late { "$extraAfter" } else { "$extra" });
    }

    /// Writes what is kept of the innermost object.
    fn flush(&mut self, sheet: &Sheet, extra: &str, out: &mut Vec<u8>) {
        self.settle(sheet, extra);
        let Some(frame) = innermost(&mut self.frames, self.depth) else {
            return;
        };
        let values = self.values.get(frame.values..).unwrap_or_default();
        frame.written.extend(values.iter().map(|value| value.slot));
        out.extend_from_slice(self.text.get(frame.begin..).unwrap_or_default());
        self.text.truncate(frame.begin);
        self.values.truncate(frame.values);
        (frame.head, frame.last, frame.disordered) = (frame.begin, NONE, false);
    }

    /// Closes the open array, brings keys into order, and adds what has no label.
    fn settle(&mut self, sheet: &Sheet, extra: &str) {
        self.end_array();
        if self.top().is_some_and(|frame| frame.disordered) {
            self.arrange(sheet);
        }
        let Some(frame) = innermost(&mut self.frames, self.depth) else {
            return;
        };
        if frame.extras.is_empty() {
            // What follows loops that were written as they came has a key of its own.
            frame.extras_written |= frame.streamed;
            return;
        }
        let comma = if frame.empty { "" } else { "," };
        self.text
            .extend_from_slice(format!("{comma}\"{extra}\":[").as_bytes());
        self.text.extend_from_slice(&frame.extras);
        self.text.push(b']');
        frame.extras.clear();
        (frame.empty, frame.extras_written) = (false, true);
    }

    // Members

    /// Members that have no slot: those of the segment that starts the loop.
    pub(crate) fn members(&mut self, text: &[u8]) -> Result<(), Error> {
        if !text.is_empty() {
            self.member(text);
            let head = self.text.len();
            self.change(|frame| frame.head = head);
        }
        self.check()
    }

    fn member(&mut self, text: &[u8]) {
        let comma = self.top().is_some_and(|frame| !frame.empty);
        if comma {
            self.text.push(b',');
        }
        self.text.extend_from_slice(text);
        self.change(|frame| frame.empty = false);
    }

    /// A value of a slot.
    pub(crate) fn add(&mut self, sheet: &Sheet, slot: u16, text: &[u8]) -> Result<(), Error> {
        let Some(frame) = self.top() else {
            return Ok(());
        };
        let Some(of) = sheet.slot(frame.loop_index, slot) else {
            return Ok(());
        };
        let room = frame.has_room(slot, of.many, false);
        self.count(slot);
        self.change(|frame| frame.last_again = !room);
        if room {
            self.key(slot, of);
            let from = self.text.len();
            self.text.extend_from_slice(text);
            let to = self.text.len();
            self.values.push(Value { slot, from, to });
        } else {
            self.again(sheet, slot, text);
        }
        self.check()
    }

    /// What comes before a value of a slot.
    fn key(&mut self, slot: u16, of: &Slot) {
        let Some(frame) = self.top() else { return };
        let (last, in_array) = (frame.last, frame.in_array);
        if last == slot && in_array {
            return self.text.push(b',');
        }
        let values = self.values.get(frame.values..).unwrap_or_default();
        let back = last != NONE && slot < last || last == slot;
        let disordered = back || values.iter().any(|value| value.slot == slot);
        self.end_array();
        let comma = if self.top().is_some_and(|frame| frame.empty) {
            ""
        } else {
            ","
        };
        self.text.extend_from_slice(comma.as_bytes());
        self.text.push(b'"');
        self.text.extend_from_slice(of.key.as_bytes());
        self.text
            .extend_from_slice(if of.many { b"\":[" } else { b"\":" });
        self.change(|frame| {
            (frame.last, frame.in_array, frame.empty) = (slot, of.many, false);
            frame.disordered |= disordered;
        });
    }

    fn end_array(&mut self) {
        let mut open = false;
        self.change(|frame| open = std::mem::take(&mut frame.in_array));
        if open {
            self.text.push(b']');
        }
    }

    /// Lays the members of the innermost object in the order of the guide.
    fn arrange(&mut self, sheet: &Sheet) {
        let Some(frame) = self.top() else { return };
        let mut values = self.values.get(frame.values..).unwrap_or_default().to_vec();
        // Stable: values of a slot stay as they came.
        values.sort_by_key(|value| value.slot);
        let (head, loop_index) = (frame.head, frame.loop_index);
        let behind = values.iter().map(|value| value.to).max().unwrap_or(head);
        let mut text = Vec::with_capacity(self.text.len() - head);
        let mut comma = self.text.get(head.saturating_sub(1)) != Some(&b'{') && frame.begin != head
            || frame.begin == head && !frame.written.is_empty();
        for run in values.chunk_by(|one, other| one.slot == other.slot) {
            let slot = run
                .first()
                .and_then(|value| sheet.slot(loop_index, value.slot));
            let Some(slot) = slot else { continue };
            if std::mem::replace(&mut comma, true) {
                text.push(b',');
            }
            text.extend_from_slice(
                format!("\"{}\":{}", slot.key, if slot.many { "[" } else { "" }).as_bytes(),
            );
            for (index, value) in run.iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                text.extend_from_slice(self.text.get(value.from..value.to).unwrap_or_default());
            }
            if slot.many {
                text.push(b']');
            }
        }
        // Behind the values stands what is no value: the end of their last array, and at most a number.
        let tail = self.text.split_off(behind);
        let tail = tail.strip_prefix(b"]").unwrap_or(&tail);
        text.extend_from_slice(tail);
        self.text.truncate(head);
        self.text.append(&mut text);
        self.change(|frame| frame.disordered = false);
    }

    // What has no label

    /// A segment without a place, up to the bracket behind it.
    pub(crate) fn unplaced(&mut self, sheet: &Sheet, text: &[u8]) -> Result<(), Error> {
        let mut entry = b"{".to_vec();
        self.put_after(sheet, "after", &mut entry);
        entry.extend_from_slice(b"\"segment\":");
        entry.extend_from_slice(text);
        self.put_extra(&entry);
        self.check()
    }

    /// More of the segment without a place.
    pub(crate) fn more(&mut self, text: &[u8]) -> Result<(), Error> {
        self.change(|frame| frame.extras.extend_from_slice(text));
        self.check()
    }

    /// Elements without a label, of the value that came last, or of the segment that starts the loop.
    pub(crate) fn extra(&mut self, sheet: &Sheet, text: &[u8]) -> Result<(), Error> {
        if self.top().is_some_and(|frame| frame.last_again) {
            self.change(|frame| {
                frame.extras.pop();
                frame.extras.extend_from_slice(b",\"elements\":{");
                frame.extras.extend_from_slice(text);
                frame.extras.extend_from_slice(b"}}");
            });
            return self.check();
        }
        let mut entry = b"{".to_vec();
        self.put_after(sheet, "of", &mut entry);
        entry.extend_from_slice(b"\"elements\":{");
        entry.extend_from_slice(text);
        entry.extend_from_slice(b"}}");
        self.put_extra(&entry);
        self.check()
    }

    /// A value once too many for its key.
    fn again(&mut self, sheet: &Sheet, slot: u16, text: &[u8]) {
        let key = self
            .top()
            .and_then(|frame| sheet.slot(frame.loop_index, slot))
            .map_or("", |slot| &slot.key);
        let mut entry = format!("{{\"key\":\"{key}\",\"value\":").into_bytes();
        entry.extend_from_slice(text);
        entry.push(b'}');
        self.put_extra(&entry);
    }

    fn put_extra(&mut self, entry: &[u8]) {
        self.change(|frame| {
            if !frame.extras.is_empty() {
                frame.extras.push(b',');
            }
            frame.extras.extend_from_slice(entry);
        });
    }

    /// Says behind which value something stood: `"after":"contacts[1]",`.
    fn put_after(&self, sheet: &Sheet, key: &str, entry: &mut Vec<u8>) {
        let Some(frame) = self.top() else { return };
        let last = if frame.last == NONE {
            frame.streaming
        } else {
            frame.last
        };
        let Some(slot) = sheet.slot(frame.loop_index, last) else {
            return;
        };
        let count = frame.counts.get(usize::from(last)).copied().unwrap_or(1);
        let index = if slot.many && !slot.joined {
            format!("[{}]", count.saturating_sub(1))
        } else {
            String::new()
        };
        entry.extend_from_slice(format!("\"{key}\":\"{}{index}\",", slot.key).as_bytes());
    }

    // Hierarchical levels

    /// Takes the number of the level that the innermost loop is.
    pub(crate) fn levels(&mut self, number: &[u8]) {
        self.change(|frame| frame.level = Some(number.to_vec()));
        let around = self
            .frames
            .get_mut(..self.depth.saturating_sub(1))
            .unwrap_or_default();
        if let Some(parent) = around.iter_mut().rev().find(|frame| frame.level.is_some()) {
            parent.has_children = true;
        }
    }

    /// The number of the level around, as JSON.
    pub(crate) fn parent(&self) -> Vec<u8> {
        let around = self
            .frames
            .get(..self.depth.saturating_sub(1))
            .unwrap_or_default();
        let parent = around.iter().rev().find_map(|frame| frame.level.clone());
        parent.unwrap_or_else(|| b"\"\"".to_vec())
    }

    /// Takes what the level says of levels below, which is judged when it ends.
    pub(crate) fn says_child(&mut self, text: &[u8], key: &str) {
        self.change(|frame| frame.child = Some((text.to_vec(), key.to_owned())));
    }
}

impl Frame {
    /// Whether a value more has room under its key.
    fn has_room(&self, slot: u16, many: bool, streams: bool) -> bool {
        if self.written.contains(&slot) {
            return streams && self.streaming == slot;
        }
        many || self
            .counts
            .get(usize::from(slot))
            .is_none_or(|count| *count == 0)
    }
}

/// The innermost of the open objects, of which there are so many.
fn innermost(frames: &mut [Frame], depth: usize) -> Option<&mut Frame> {
    frames.get_mut(depth.checked_sub(1)?)
}
