//! Cuts a document into blocks of whole segments, so that nothing ever needs the whole of it.
//!
//! A block belongs to one interchange. What is carried over to the next block is at most one segment; binary data of BIN and BDS
//! segments pass as chunks by their declared length. The same entries come out, whatever the size of the windows.

mod binary;
mod control;

use std::sync::Arc;

use crate::cut::binary::Binary;
pub(crate) use crate::cut::binary::{data_element, told_length};
use crate::cut::control::{find_header, marked};
pub(crate) use crate::cut::control::{is_id, is_trailer};
use crate::delimiters::{self, Delimiters};
use crate::entry::{Entry, EntryKind, Layout, run};
use crate::error::Error;
use crate::index::is_special;
use crate::limits::{BINARY_LOOKAHEAD, ISA_BYTES, Limits};

/// UTF-8's byte order mark, which some editors put before the first byte.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What became of a window.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Cut {
    /// It is too short to decide: give a longer one that begins with the same byte.
    More,
    /// So many of its bytes are a block.
    Block(usize),
    /// The document has ended.
    End,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Before the first interchange header.
    Start,
    /// Behind an interchange.
    Between,
    /// In an interchange.
    Inside,
    /// In binary data, of which so many bytes are to come.
    Binary(u64),
}

/// Reads windows of a document, one after the other, each beginning where the last block ended.
pub(crate) struct Cutter {
    state: State,
    at: u64,
    limits: Limits,
    delimiters: Delimiters,
    suffix: Arc<[u8]>,
    /// What usually stands between the last segment's terminator and the next interchange.
    usual_gap: Arc<[u8]>,
    /// Bytes and delimiters up to which a segment can break no limit.
    usual_bytes: usize,
    usual_marks: usize,
}

impl Cutter {
    pub(crate) fn new(limits: Limits) -> Self {
        let none: Arc<[u8]> = Arc::default();
        let (suffix, usual_gap) = (Arc::clone(&none), none);
        let usual_bytes = 512.min(limits.element_bytes).min(limits.segment_bytes / 2);
        let usual_marks = 48
            .min(limits.components)
            .min(limits.elements)
            .saturating_sub(1);
        let delimiters = Delimiters::default();
        Self {
            state: State::Start,
            at: 0,
            limits,
            delimiters,
            suffix,
            usual_gap,
            usual_bytes,
            usual_marks,
        }
    }

    /// Offset in the document of the next window's first byte.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// Splits the next block off `window`; `at_end` says that nothing follows it.
    pub(crate) fn cut(
        &mut self,
        window: &[u8],
        at_end: bool,
        layout: &mut Layout,
    ) -> Result<Cut, Error> {
        layout.index.clear();
        layout.entries.clear();
        layout.header = None;
        let cut = match self.state {
            State::Start | State::Between => self.outside(window, at_end, layout),
            State::Inside => self.inside(Work {
                window,
                at_end,
                layout,
                start: 0,
            }),
            State::Binary(left) => Ok(self.binary(window, at_end, left, layout)),
        }?;
        layout.delimiters = self.delimiters;
        layout.suffix = Arc::clone(&self.suffix);
        if let Cut::Block(length) = cut {
            self.at += length as u64;
            self.bound(
                "document length",
                self.at,
                self.limits.document_bytes,
                self.at,
            )?;
        }
        Ok(cut)
    }

    fn bound(&self, limit: &'static str, value: u64, max: u64, at: u64) -> Result<(), Error> {
        if value > max {
            Err(Error::Limit { limit, max, at })
        } else {
            Ok(())
        }
    }

    /// Between interchanges: looks for the next header and keeps what stands before it.
    fn outside(&mut self, window: &[u8], at_end: bool, layout: &mut Layout) -> Result<Cut, Error> {
        let Some((gap, header)) = find_header(window, at_end) else {
            return self.no_header(window, at_end, layout);
        };
        self.bound(
            "text between interchanges",
            gap as u64,
            self.limits.gap_bytes as u64,
            self.at,
        )?;
        let Some(header) = header else {
            return Ok(Cut::More);
        };
        (self.delimiters, self.suffix) = (header.delimiters, header.suffix.as_slice().into());
        let end = gap + header.marks[16] as usize;
        let (next, odd) = self.trailing(window, end + 1, at_end);
        if next == window.len() && !at_end {
            return Ok(Cut::More);
        }
        self.push_gap(window, gap, layout);
        header
            .marks
            .iter()
            .for_each(|mark| layout.index.push(mark + gap as u32));
        let plain = !header.wrapped && !window[gap..end].iter().copied().any(is_special);
        layout.entries.push(Entry {
            kind: EntryKind::Header,
            plain,
            flat: true,
            odd,
            misjudged: false,
            start: gap as u32,
            end: end as u32,
            next: next as u32,
            first_mark: 0,
            mark_count: 16,
        });
        layout.header = Some(header);
        self.state = State::Inside;
        self.inside(Work {
            window,
            at_end,
            layout,
            start: next,
        })
    }

    fn no_header(
        &mut self,
        window: &[u8],
        at_end: bool,
        layout: &mut Layout,
    ) -> Result<Cut, Error> {
        if !at_end {
            self.bound(
                "text between interchanges",
                window.len() as u64,
                self.limits.gap_bytes as u64,
                self.at,
            )?;
            return Ok(Cut::More);
        }
        if self.state == State::Start {
            return Err(self.unreadable(window));
        }
        self.bound(
            "text between interchanges",
            window.len() as u64,
            self.limits.gap_bytes as u64,
            self.at,
        )?;
        self.push_gap(window, window.len(), layout);
        self.state = State::Inside;
        Ok(if layout.entries.is_empty() && window.is_empty() {
            Cut::End
        } else {
            Cut::Block(window.len())
        })
    }

    /// Why a document has no interchange that could be read.
    fn unreadable(&self, window: &[u8]) -> Error {
        let blank = window
            .iter()
            .take_while(|b| !b.is_ascii_alphanumeric())
            .count();
        if !is_id(&window[blank..], b"ISA") {
            return Error::NoInterchange {
                at: self.at,
                searched: window.len() as u64,
            };
        }
        let (element, byte) = delimiters::misfit(&window[blank..]);
        let at = self.at + blank as u64;
        Error::InterchangeHeader {
            at,
            element,
            byte: at + u64::from(byte),
        }
    }

    fn push_gap(&self, window: &[u8], gap: usize, layout: &mut Layout) {
        let kind = match self.state {
            State::Start if gap > 0 => EntryKind::Before,
            State::Between if window[..gap] != *self.usual_gap => EntryKind::After,
            _ => return,
        };
        let blank = window[..gap].iter().all(|b| b.is_ascii_whitespace())
            || window[..gap] == *BYTE_ORDER_MARK;
        layout.entries.push(Entry {
            plain: blank,
            ..run(kind, 0, gap)
        });
    }

    /// The end of the end of line that begins at `from`, and whether it is not the usual one.
    #[inline]
    fn trailing(&self, window: &[u8], from: usize, at_end: bool) -> (usize, bool) {
        let rest = window.get(from..).unwrap_or_default();
        if rest.len() < self.suffix.len() && !at_end {
            return (window.len(), false);
        }
        let usual = if rest.starts_with(&self.suffix) {
            self.suffix.len()
        } else {
            0
        };
        let Delimiters {
            segment, element, ..
        } = self.delimiters;
        let blank = |b: &&u8| b.is_ascii_whitespace() && **b != segment && **b != element;
        let more = rest[usual..].iter().take_while(blank).count();
        (from + usual + more, usual != self.suffix.len() || more != 0)
    }

    /// Inside an interchange: all whole segments of the window.
    fn inside(&mut self, work: Work<'_>) -> Result<Cut, Error> {
        let Work {
            window,
            at_end,
            layout,
            start,
        } = work;
        let known = layout.index.marks().len();
        layout
            .index
            .add(&window[start..], start as u32, &self.delimiters);
        let mut walk = Walk {
            window,
            at_end,
            start,
            mark: known,
            special: 0,
            inner: 0,
            ended: false,
        };
        let ends = std::mem::take(&mut layout.index.ends);
        let stop =
            ends.iter()
                .try_for_each(|&end| match self.usual(&mut walk, end as usize, layout) {
                    true => Ok(()),
                    false => self.segment(&mut walk, end as usize, layout),
                });
        layout.index.ends = ends;
        let read = match stop {
            Err(Some(error)) => Err(error),
            Ok(()) if at_end && !walk.ended && walk.start < window.len() => {
                self.unterminated(&mut walk, layout)
            }
            _ => Ok(()),
        };
        // What stands before an error is a block first, wherever blocks begin; then the error comes again.
        if walk.start > 0 {
            return Ok(Cut::Block(walk.start));
        }
        read?;
        match self.state {
            State::Between => {
                layout.index.clear();
                self.outside(window, at_end, layout)
            }
            _ if at_end && window.is_empty() => Ok(Cut::End),
            _ => {
                let most = self.limits.segment_bytes + BINARY_LOOKAHEAD;
                self.bound("segment length", window.len() as u64, most as u64, self.at)?;
                Ok(Cut::More)
            }
        }
    }

    /// The short road of [`Self::segment`]: no control segment, no binary data, of moderate size, the usual end of line behind it.
    #[inline(always)]
    fn usual(&self, walk: &mut Walk<'_>, end: usize, layout: &mut Layout) -> bool {
        let marks = layout.index.marks();
        let (Some(&term), Some(&first)) = (marks.get(end), marks.get(walk.mark)) else {
            return false;
        };
        let (term, from) = (term as usize, walk.start);
        let control = matches!(
            walk.window.get(from),
            Some(b'I' | b'i' | b'B' | b'b') | None
        );
        if control
            || walk.ended
            || (first as usize) < from
            || term - from > self.usual_bytes
            || end - walk.mark > self.usual_marks
        {
            return false;
        }
        let next = match (
            &*self.suffix,
            walk.window.get(term + 1),
            walk.window.get(term + 2),
        ) {
            ([], Some(next), _) if next.is_ascii_alphanumeric() => term + 1,
            ([one], Some(byte), Some(next)) if one == byte && next.is_ascii_alphanumeric() => {
                term + 2
            }
            _ => return false,
        };
        let entry = walk.entry(EntryKind::Segment, term, next, end - walk.mark, layout);
        layout.entries.push(entry);
        (walk.mark, walk.start) = (end + 1, next);
        true
    }

    /// One terminated segment; `Err(None)` ends the block before it.
    fn segment(
        &mut self,
        walk: &mut Walk<'_>,
        end: usize,
        layout: &mut Layout,
    ) -> Result<(), Option<Error>> {
        let term = layout.index.marks()[end] as usize;
        if term < walk.start || walk.ended {
            return Ok(());
        }
        while walk.mark < end && (layout.index.marks()[walk.mark] as usize) < walk.start {
            walk.mark += 1;
        }
        let bytes = &walk.window[walk.start..];
        let [opens, binary] = marked(bytes);
        let closes = is_trailer(&bytes[..term - walk.start], self.delimiters.element);
        if opens && self.is_header(bytes, walk.at_end)? {
            (self.state, self.usual_gap) = (State::Between, Arc::default());
            return Err(None);
        }
        let mut misjudged = false;
        if binary {
            match self.binary_head(walk, layout)? {
                Binary::Whole => return Ok(()),
                Binary::Misjudged => misjudged = true,
            }
        }
        let (next, odd) = if closes {
            (term + 1, false)
        } else {
            self.trailing(walk.window, term + 1, walk.at_end)
        };
        if !closes && next == walk.window.len() && !walk.at_end {
            return Err(None);
        }
        let last = !closes && walk.at_end && next == walk.window.len() && odd;
        let kept = if last { term + 1 } else { next };
        let kind = [EntryKind::Segment, EntryKind::Trailer][usize::from(closes)];
        let entry = Entry {
            odd: odd && !last,
            misjudged,
            ..walk.entry(kind, term, kept, end - walk.mark, layout)
        };
        self.check_bounds(&entry, walk.window, layout)
            .map_err(Some)?;
        layout.entries.push(entry);
        if last {
            layout.entries.push(run(EntryKind::After, term + 1, next));
        }
        walk.mark = end + 1;
        walk.start = next;
        if closes {
            (self.state, self.usual_gap) = (State::Between, Arc::clone(&self.suffix));
            walk.ended = true;
        }
        Ok(())
    }

    /// Whether an ISA at the start of a segment begins a new interchange; `Err(None)` if the window is too short to tell.
    fn is_header(&self, bytes: &[u8], at_end: bool) -> Result<bool, Option<Error>> {
        if bytes.len() < ISA_BYTES && !at_end {
            return Err(None);
        }
        Ok(delimiters::header(bytes).is_some())
    }

    fn unterminated(&mut self, walk: &mut Walk<'_>, layout: &mut Layout) -> Result<(), Error> {
        while layout
            .index
            .marks()
            .get(walk.mark)
            .is_some_and(|&mark| (mark as usize) < walk.start)
        {
            walk.mark += 1;
        }
        let end = walk.window.len();
        let marks = layout.index.marks().len() - walk.mark;
        let [_, misjudged] = marked(&walk.window[walk.start..]);
        let entry = Entry {
            misjudged,
            ..walk.entry(EntryKind::Unterminated, end, end, marks, layout)
        };
        self.check_bounds(&entry, walk.window, layout)?;
        layout.entries.push(entry);
        if is_trailer(&walk.window[walk.start..], self.delimiters.element) {
            (self.state, self.usual_gap) = (State::Between, Arc::default());
        }
        walk.start = end;
        Ok(())
    }

    /// The limits of a segment, cheap unless it is large.
    fn check_bounds(&self, entry: &Entry, window: &[u8], layout: &Layout) -> Result<(), Error> {
        let Limits {
            segment_bytes,
            element_bytes,
            elements,
            components,
            ..
        } = self.limits;
        let at = self.at + u64::from(entry.start);
        let length = (entry.next - entry.start) as usize;
        self.bound("segment length", length as u64, segment_bytes as u64, at)?;
        if length <= element_bytes && (entry.mark_count as usize) < components.min(elements) {
            return Ok(());
        }
        let marks = &layout.index.marks()[entry.first_mark as usize..][..entry.mark_count as usize];
        let (mut from, mut element, mut parts) = (entry.start, 0, 1);
        for &mark in marks.iter().chain([&entry.end]) {
            let here = self.at + u64::from(from);
            self.bound("components of an element", parts, components as u64, here)?;
            if mark == entry.end || window[mark as usize] == self.delimiters.element {
                self.bound(
                    "element length",
                    u64::from(mark - from),
                    element_bytes as u64,
                    here,
                )?;
                self.bound("elements of a segment", element, elements as u64, here)?;
                (from, element, parts) = (mark + 1, element + 1, 1);
            } else if window[mark as usize] == self.delimiters.component {
                parts += 1;
            } else {
                parts = 1;
            }
        }
        Ok(())
    }
}

struct Work<'a> {
    window: &'a [u8],
    at_end: bool,
    layout: &'a mut Layout,
    /// Where in the window the first segment begins.
    start: usize,
}

/// How far the segments of a window have been walked.
struct Walk<'a> {
    window: &'a [u8],
    at_end: bool,
    start: usize,
    mark: usize,
    special: usize,
    inner: usize,
    ended: bool,
}

impl Walk<'_> {
    fn entry(
        &mut self,
        kind: EntryKind,
        end: usize,
        next: usize,
        mark_count: usize,
        layout: &Layout,
    ) -> Entry {
        let plain = none_between(&layout.index.specials, &mut self.special, self.start, end);
        let flat = none_between(&layout.index.inner, &mut self.inner, self.start, end);
        Entry {
            kind,
            plain,
            flat,
            odd: false,
            misjudged: false,
            start: self.start as u32,
            end: end as u32,
            next: next as u32,
            first_mark: self.mark as u32,
            mark_count: mark_count as u32,
        }
    }
}

/// Whether no offset of an ascending list is in a range; `at` moves up to the range.
#[inline(always)]
fn none_between(list: &[u32], at: &mut usize, from: usize, to: usize) -> bool {
    while list
        .get(*at)
        .is_some_and(|&offset| (offset as usize) < from)
    {
        *at += 1;
    }
    list.get(*at).is_none_or(|&offset| offset as usize >= to)
}
