//! The short road of [`crate::json::segment`]: plain segments, written as they should be.
//!
//! Gives up on anything out of the ordinary, and the careful road writes the segment instead; a test compares the two. All offsets
//! live in registers here: with a length kept in the buffer the whole renderer was half as fast.

use crate::delimiters::Delimiters;
use crate::entry::Entry;
use crate::form::Form;
use crate::json::buffer::{Buffer, STEP};
use crate::json::segment::{KEYS, Style};

/// Most bytes that JSON adds for one delimiter in a plain segment: `"],["` or a key.
const PER_MARK: usize = 12;

/// A plain segment, by offsets in its block.
pub(crate) struct Plain<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) entry: &'a Entry,
    pub(crate) marks: &'a [u32],
    pub(crate) delimiters: &'a Delimiters,
    pub(crate) outline: Option<&'a [Form]>,
}

/// Appends a segment; false, and nothing appended, if it needs the careful road.
#[inline]
pub(crate) fn put(out: &mut Buffer, plain: &Plain<'_>, style: Style) -> bool {
    let length = (plain.entry.end - plain.entry.start) as usize;
    let mut pen = Pen {
        page: out.room(length + PER_MARK * (plain.marks.len() + 2) + 2 * STEP),
        at: 0,
        bytes: plain.bytes,
    };
    let simple = plain.entry.flat
        && plain
            .outline
            .is_none_or(|outline| outline.iter().all(|form| *form == Form::Simple));
    let written = match (style, simple) {
        (Style::Object, true) => plain.write_flat::<true>(&mut pen),
        (Style::Array, true) => plain.write_flat::<false>(&mut pen),
        (Style::Object, false) => plain.write::<true>(&mut pen),
        (Style::Array, false) => plain.write::<false>(&mut pen),
    };
    let used = pen.at;
    if written {
        out.advance(used);
    }
    written
}

/// Where the next byte goes.
struct Pen<'a> {
    page: &'a mut [u8],
    at: usize,
    bytes: &'a [u8],
}

impl Pen<'_> {
    /// Writes the first bytes of `key`, then a value and a quotation mark; false if the value is out of bounds.
    #[inline(always)]
    fn member(&mut self, key: &[u8; 8], width: usize, from: usize, to: usize) -> bool {
        let length = to.wrapping_sub(from);
        // One look each at page and source, then everything is within arrays of known length.
        let spot = self
            .page
            .get_mut(self.at..)
            .and_then(|page| page.first_chunk_mut::<{ 8 + STEP + 1 }>());
        let step = self
            .bytes
            .get(from..)
            .and_then(|bytes| bytes.first_chunk::<STEP>());
        if let (Some(spot), Some(step), true) = (spot, step, length <= STEP) {
            spot[..8].copy_from_slice(key);
            spot[width..width + STEP].copy_from_slice(step);
            spot[width + length] = b'"';
            self.at += width + length + 1;
            return true;
        }
        let Some(value) = self.bytes.get(from..to) else {
            return false;
        };
        self.fixed(key, width);
        self.page[self.at..self.at + length].copy_from_slice(value);
        self.at += length;
        self.byte(b'"');
        true
    }

    #[inline(always)]
    fn fixed<const N: usize>(&mut self, text: &[u8; N], used: usize) {
        self.page[self.at..self.at + N].copy_from_slice(text);
        self.at += used;
    }

    #[inline(always)]
    fn byte(&mut self, byte: u8) {
        self.page[self.at] = byte;
        self.at += 1;
    }

    #[inline(always)]
    fn range(&mut self, from: usize, to: usize) {
        let length = to - from;
        match self.bytes.get(from..from + STEP) {
            Some(step) if length <= STEP => {
                self.page[self.at..self.at + STEP].copy_from_slice(step)
            }
            _ => self.page[self.at..self.at + length].copy_from_slice(&self.bytes[from..to]),
        }
        self.at += length;
    }
}

impl Plain<'_> {
    #[inline(always)]
    fn write<const OBJECT: bool>(&self, pen: &mut Pen<'_>) -> bool {
        let (head, width) = if OBJECT {
            (b"{\"seg\":\"", 8)
        } else {
            (b"[\"      ", 2)
        };
        let mut marks = self.marks.iter();
        let mut field = self.field(self.entry.start as usize, &mut marks);
        if !pen.member(head, width, field.from, field.to) {
            return false;
        }
        let mut number = 0;
        let mut filled = true;
        while !field.last {
            number += 1;
            field = self.field(field.to + 1, &mut marks);
            filled = field.from < field.to;
            if OBJECT && !filled {
                continue;
            }
            let Some(key) = KEYS.get(number) else {
                return false;
            };
            let form = self.form(number, &field);
            let (key, width) = if OBJECT { (key, 7) } else { (b",\"      ", 2) };
            let written = if form == Form::Simple || !filled {
                pen.member(key, width, field.from, field.to)
            } else {
                pen.fixed(key, width - 1);
                self.parts(pen, field.from, field.to, field.inner, form)
            };
            if !written {
                return false;
            }
        }
        pen.byte(if OBJECT { b'}' } else { b']' });
        filled
    }

    /// As [`Self::write`], for segments in which every delimiter separates elements, and no element is more than a value.
    #[inline(always)]
    fn write_flat<const OBJECT: bool>(&self, pen: &mut Pen<'_>) -> bool {
        let mut from = self.entry.start as usize;
        let (mut key, mut width) = if OBJECT {
            (b"{\"seg\":\"", 8)
        } else {
            (b"[\"      ", 2)
        };
        if self.marks.first() == Some(&self.entry.start) {
            return false;
        }
        let mut keys = KEYS[1..].iter();
        for &mark in self.marks {
            let to = mark as usize;
            if (!OBJECT || to > from) && !pen.member(key, width, from, to) {
                return false;
            }
            from = to + 1;
            let Some(next) = keys.next() else {
                return false;
            };
            (key, width) = if OBJECT { (next, 7) } else { (b",\"      ", 2) };
        }
        let to = self.entry.end as usize;
        let written = pen.member(key, width, from, to);
        pen.byte(if OBJECT { b'}' } else { b']' });
        written && from < to
    }

    /// The field that begins at `from`; the marks move behind it.
    #[inline(always)]
    fn field<'m>(&self, from: usize, marks: &mut std::slice::Iter<'m, u32>) -> Field<'m> {
        let all = marks.as_slice();
        for (inside, &mark) in marks.by_ref().enumerate() {
            if self.bytes.get(mark as usize) == Some(&self.delimiters.element) {
                return Field {
                    from,
                    to: mark as usize,
                    inner: all.get(..inside).unwrap_or_default(),
                    last: false,
                };
            }
        }
        Field {
            from,
            to: self.entry.end as usize,
            inner: all,
            last: true,
        }
    }

    /// Components, or repetitions; false if the last is empty.
    fn parts(&self, pen: &mut Pen<'_>, from: usize, to: usize, inner: &[u32], form: Form) -> bool {
        if form == Form::Repeating
            || form == Form::RepeatingComposite
                && self.delimiters.repetition.is_some()
                && inner.len() > 1
        {
            return false;
        }
        let separator = if form == Form::Composite {
            self.delimiters.component
        } else {
            self.delimiters.repetition.unwrap_or_default()
        };
        if form == Form::RepeatingComposite
            && inner
                .iter()
                .any(|&mark| self.bytes[mark as usize] == separator)
        {
            return false;
        }
        let nested = form == Form::RepeatingComposite;
        let component = self.delimiters.component;
        pen.fixed(b"[[\"", if nested { 2 } else { 1 });
        pen.byte(b'"');
        let mut begin = from;
        for &mark in inner {
            let mark = mark as usize;
            if self.bytes[mark] == component {
                pen.range(begin, mark);
                pen.fixed(b"\",\"", 3);
                begin = mark + 1;
            }
        }
        pen.range(begin, to);
        pen.fixed(b"\"]]", if nested { 3 } else { 2 });
        begin < to
    }

    #[inline(always)]
    fn form(&self, number: usize, field: &Field<'_>) -> Form {
        let repetition =
            |&mark: &u32| Some(self.bytes[mark as usize]) == self.delimiters.repetition;
        match self.outline {
            Some(outline) => outline.get(number - 1).copied().unwrap_or(Form::Simple),
            None if field.inner.is_empty() => Form::Simple,
            None if field.inner.iter().any(repetition) => Form::RepeatingComposite,
            None => Form::Composite,
        }
    }
}

/// An element, or the identifier, and the delimiters inside it.
struct Field<'m> {
    from: usize,
    to: usize,
    inner: &'m [u32],
    last: bool,
}
