//! The short road of [`crate::json::segment`]: plain segments, written as they should be.
//!
//! Gives up on anything out of the ordinary, and the careful road writes the segment instead; a test compares the two. All offsets
//! live in registers here: with a length kept in the buffer the whole renderer was half as fast.

use crate::cut::Entry;
use crate::delimiters::Delimiters;
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
    let mut pen = Pen { page: out.room(length + PER_MARK * (plain.marks.len() + 2) + 2 * STEP), at: 0, bytes: plain.bytes };
    let written = match style {
        Style::Object => plain.object(&mut pen),
        Style::Array => plain.array(&mut pen),
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
            Some(step) if length <= STEP => self.page[self.at..self.at + STEP].copy_from_slice(step),
            _ => self.page[self.at..self.at + length].copy_from_slice(&self.bytes[from..to]),
        }
        self.at += length;
    }
}

impl Plain<'_> {
    #[inline(always)]
    fn object(&self, pen: &mut Pen<'_>) -> bool {
        let mut fields = self.fields();
        let Some((from, to, _)) = fields.next() else { return false };
        pen.fixed(b"{\"seg\":\"", 8);
        pen.range(from, to);
        pen.byte(b'"');
        let mut filled = true;
        for (number, (from, to, inner)) in (1..).zip(fields) {
            filled = from < to;
            if !filled {
                continue;
            }
            let Some(key) = KEYS.get(number) else { return false };
            match self.form(number, inner) {
                Form::Simple => {
                    pen.fixed(key, 7);
                    pen.range(from, to);
                    pen.byte(b'"');
                }
                form => {
                    pen.fixed(key, 6);
                    if !self.parts(pen, from, to, inner, form) {
                        return false;
                    }
                }
            }
        }
        pen.byte(b'}');
        filled
    }

    #[inline(always)]
    fn array(&self, pen: &mut Pen<'_>) -> bool {
        let mut fields = self.fields();
        let Some((from, to, _)) = fields.next() else { return false };
        pen.fixed(b"[\"", 2);
        pen.range(from, to);
        pen.byte(b'"');
        let mut filled = true;
        for (number, (from, to, inner)) in (1..).zip(fields) {
            filled = from < to;
            match self.form(number, inner) {
                Form::Simple => {
                    pen.fixed(b",\"", 2);
                    pen.range(from, to);
                    pen.byte(b'"');
                }
                _ if !filled => pen.fixed(b",\"\"", 3),
                form => {
                    pen.byte(b',');
                    if !self.parts(pen, from, to, inner, form) {
                        return false;
                    }
                }
            }
        }
        pen.byte(b']');
        filled
    }

    /// Components, or repetitions; false if the last is empty.
    fn parts(&self, pen: &mut Pen<'_>, from: usize, to: usize, inner: &[u32], form: Form) -> bool {
        if form == Form::Repeating || form == Form::RepeatingComposite && self.delimiters.repetition.is_some() && inner.len() > 1 {
            return false;
        }
        let separator = if form == Form::Composite { self.delimiters.component } else { self.delimiters.repetition.unwrap_or_default() };
        if form == Form::RepeatingComposite && inner.iter().any(|&mark| self.bytes[mark as usize] == separator) {
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
    fn form(&self, number: usize, inner: &[u32]) -> Form {
        match self.outline {
            Some(outline) => outline.get(number - 1).copied().unwrap_or(Form::Simple),
            None if inner.is_empty() => Form::Simple,
            None if inner.iter().any(|&mark| Some(self.bytes[mark as usize]) == self.delimiters.repetition) => Form::RepeatingComposite,
            None => Form::Composite,
        }
    }

    /// Offsets of identifier and elements, with the delimiters inside each.
    #[inline(always)]
    fn fields(&self) -> impl Iterator<Item = (usize, usize, &[u32])> {
        let mut from = self.entry.start as usize;
        let mut marks = self.marks;
        let mut done = false;
        std::iter::from_fn(move || {
            if done {
                return None;
            }
            let mut inner = 0;
            while let Some(&mark) = marks.get(inner) {
                if self.bytes[mark as usize] == self.delimiters.element {
                    break;
                }
                inner += 1;
            }
            let (parts, rest) = marks.split_at(inner);
            let to = match rest.split_first() {
                Some((&mark, rest)) => {
                    marks = rest;
                    mark as usize
                }
                None => {
                    done = true;
                    self.entry.end as usize
                }
            };
            let field = (from, to, parts);
            from = to + 1;
            Some(field)
        })
    }
}
