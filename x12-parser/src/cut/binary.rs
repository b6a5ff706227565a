//! The data of BIN and BDS segments: taken by their declared length, in chunks, if that length can be right.

use crate::cut::{Cut, Cutter, State, Walk};
use crate::entry::{Entry, EntryKind, Layout, run};
use crate::error::Error;
use crate::index::is_special;
use crate::limits::BINARY_LOOKAHEAD;

impl Cutter {
    /// A BIN or BDS segment: its data are taken by their declared length if that can be right.
    pub(super) fn binary_head(
        &mut self,
        walk: &mut Walk<'_>,
        layout: &mut Layout,
    ) -> Result<Binary, Option<Error>> {
        let bytes = &walk.window[walk.start..];
        let Some((length, data)) = declared_length(bytes, self.delimiters.element) else {
            return Ok(Binary::Misjudged);
        };
        // Its fields must say all of it: no `$raw` can stand beside data.
        let plain = |head: &[u8]| !head.iter().copied().any(is_special);
        if !bytes.get(..data).is_some_and(plain) {
            return Ok(Binary::Misjudged);
        }
        let at = self.at + walk.start as u64;
        self.bound("binary data", length, self.limits.binary_bytes, at)
            .map_err(Some)?;
        let end = data as u64 + length;
        if length <= BINARY_LOOKAHEAD as u64 {
            match bytes.get(end as usize) {
                Some(&byte) if byte == self.delimiters.segment => {}
                None if !walk.at_end => return Err(None),
                _ => return Ok(Binary::Misjudged),
            }
        }
        let until = walk.start + data;
        let marks = layout.index.marks()[walk.mark..]
            .iter()
            .take_while(|&&mark| (mark as usize) < until)
            .count();
        layout
            .entries
            .push(walk.entry(EntryKind::BinaryHead, until, until, marks, layout));
        self.state = State::Binary(length);
        walk.start = until;
        walk.ended = true;
        Ok(Binary::Whole)
    }

    /// Inside binary data: a chunk of it, or what follows it.
    pub(super) fn binary(
        &mut self,
        window: &[u8],
        at_end: bool,
        left: u64,
        layout: &mut Layout,
    ) -> Cut {
        let have = window.len() as u64;
        if left == 0 {
            return self.binary_tail(window, at_end, layout);
        }
        let take = if have >= left || at_end {
            have.min(left)
        } else {
            have / 3 * 3
        };
        if take == 0 && !at_end {
            return Cut::More;
        }
        let cut_short = at_end && have < left;
        let mut entry = run(EntryKind::BinaryData, 0, take as usize);
        entry.misjudged = cut_short;
        layout.entries.push(entry);
        self.state = State::Binary(if cut_short { 0 } else { left - take });
        Cut::Block(take as usize)
    }

    fn binary_tail(&mut self, window: &[u8], at_end: bool, layout: &mut Layout) -> Cut {
        let terminated = window.first() == Some(&self.delimiters.segment);
        let (next, odd) = if terminated {
            self.trailing(window, 1, at_end)
        } else {
            (0, true)
        };
        if (next == window.len() || window.is_empty()) && !at_end {
            return Cut::More;
        }
        let entry = Entry {
            odd,
            misjudged: !terminated,
            ..run(EntryKind::BinaryTail, 0, next)
        };
        layout.entries.push(entry);
        self.state = State::Inside;
        Cut::Block(next)
    }
}

pub(super) enum Binary {
    /// Taken by its length.
    Whole,
    /// The declared length cannot be right: taken up to the terminator, as any segment.
    Misjudged,
}

/// The declared length of binary data, and where in the segment they begin: BIN01 and BIN02, or BDS02 and BDS03.
fn declared_length(bytes: &[u8], separator: u8) -> Option<(u64, usize)> {
    // 64: identifier, filter code and a length of nineteen digits need far less.
    let head = &bytes[..bytes.len().min(64)];
    let mut fields = head.split(|&b| b == separator);
    let id = fields.next()?;
    let mut before = id.len();
    for _ in 2..data_element(id)? {
        before += 1 + fields.next()?.len();
    }
    let digits = fields.next()?;
    fields.next()?;
    let length = told_length(digits)?;
    Some((length, before + 1 + digits.len() + 1))
}

/// The element of a segment that holds binary data, whose length the element before it tells; none of other segments.
pub(crate) fn data_element(id: &[u8]) -> Option<usize> {
    if id.eq_ignore_ascii_case(b"BIN") {
        Some(2)
    } else {
        id.eq_ignore_ascii_case(b"BDS").then_some(3)
    }
}

/// The length that digits tell.
pub(crate) fn told_length(digits: &[u8]) -> Option<u64> {
    // 15: the standard gives it no more, and no data are as long.
    if digits.len() > 15 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}
