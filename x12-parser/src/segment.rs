//! Borrowed views of a segment: its elements, their repetitions and components.

use crate::delimiters::Delimiters;
use crate::entry::{Entry, Layout};

/// A segment as it stands in the document: bytes and delimiters, nothing copied.
#[derive(Clone, Copy)]
pub struct Segment<'a> {
    /// From the first byte of the identifier up to, and without, the terminator.
    bytes: &'a [u8],
    /// Bytes from the first byte of the identifier through the terminator and what follows it.
    raw: &'a [u8],
    /// Offsets of the delimiters inside `bytes`, counted from `origin`.
    marks: &'a [u32],
    origin: u32,
    delimiters: &'a Delimiters,
    plain: bool,
    flat: bool,
}

impl<'a> Segment<'a> {
    /// The view of one entry of a block.
    #[inline]
    pub(crate) fn new(bytes: &'a [u8], layout: &'a Layout, entry: &Entry) -> Self {
        let raw = &bytes[entry.start as usize..entry.next as usize];
        Self {
            bytes: &raw[..(entry.end - entry.start) as usize],
            raw,
            marks: &layout.index.marks()[entry.first_mark as usize..][..entry.mark_count as usize],
            origin: entry.start,
            delimiters: &layout.delimiters,
            plain: entry.plain,
            flat: entry.flat,
        }
    }

    /// The identifier, `NM1` for instance: what stands before the first element separator.
    #[must_use]
    #[inline]
    pub fn id(&self) -> &'a [u8] {
        self.field(0)
    }

    /// The bytes up to, and without, the terminator.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The bytes through the terminator and the end of line behind it.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The delimiters of its interchange.
    #[must_use]
    pub fn delimiters(&self) -> &'a Delimiters {
        self.delimiters
    }

    /// Element `number`, from one; empty if it does not stand.
    #[must_use]
    pub fn element(&self, number: usize) -> Element<'a> {
        Element {
            bytes: self.field(number),
            delimiters: self.delimiters,
        }
    }

    /// What stands between element separators: 0 is the identifier; empty if it does not stand.
    #[inline]
    fn field(&self, number: usize) -> &'a [u8] {
        if self.flat {
            return self.flat_field(number);
        }
        let (mut left, mut start) = (number, 0);
        for &mark in self.marks {
            let at = (mark - self.origin) as usize;
            if self.bytes.get(at) != Some(&self.delimiters.element) {
                continue;
            }
            if left == 0 {
                return self.bytes.get(start..at).unwrap_or_default();
            }
            (left, start) = (left - 1, at + 1);
        }
        if left == 0 {
            self.bytes.get(start..).unwrap_or_default()
        } else {
            &[]
        }
    }

    /// As [`Self::field`], where every delimiter separates elements.
    #[inline]
    fn flat_field(&self, number: usize) -> &'a [u8] {
        let at = |mark: &u32| (mark - self.origin) as usize;
        let start = match number.checked_sub(1) {
            None => 0,
            Some(before) => match self.marks.get(before) {
                Some(mark) => at(mark) + 1,
                None => return &[],
            },
        };
        let end = self.marks.get(number).map_or(self.bytes.len(), at);
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// The first repetition of an element, or, of that, the component of a number from one.
    #[inline]
    pub(crate) fn first_part(&self, element: usize, component: usize) -> &'a [u8] {
        if self.flat && component <= 1 {
            return self.field(element);
        }
        let element = self.element(element);
        let element = element.repetitions().next().unwrap_or(element);
        if component == 0 {
            element.bytes()
        } else {
            element.component(component)
        }
    }

    /// The elements in order, without the identifier.
    pub fn elements(&self) -> impl Iterator<Item = Element<'a>> + use<'a> {
        let delimiters = self.delimiters;
        self.fields()
            .skip(1)
            .map(move |bytes| Element { bytes, delimiters })
    }

    /// Whether every byte is printable ASCII that JSON takes as it is.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    /// Whether all delimiters inside separate elements.
    #[inline]
    pub(crate) fn is_flat(&self) -> bool {
        self.flat
    }

    /// How many delimiters stand inside.
    #[inline]
    pub(crate) fn mark_count(&self) -> usize {
        self.marks.len()
    }

    /// Offset of a delimiter from the segment's first byte.
    #[inline]
    pub(crate) fn mark(&self, index: usize) -> usize {
        (self.marks[index] - self.origin) as usize
    }

    /// The identifier and the elements.
    pub(crate) fn fields(&self) -> Fields<'a> {
        let Self {
            bytes,
            marks,
            origin,
            flat,
            ..
        } = *self;
        Fields {
            bytes,
            marks,
            origin,
            flat,
            element: self.delimiters.element,
            start: 0,
            done: false,
        }
    }
}

/// Iterates over what stands between element separators.
#[derive(Clone)]
pub(crate) struct Fields<'a> {
    bytes: &'a [u8],
    marks: &'a [u32],
    origin: u32,
    element: u8,
    flat: bool,
    start: usize,
    done: bool,
}

impl<'a> Iterator for Fields<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        if self.done {
            return None;
        }
        while let Some((&mark, rest)) = self.marks.split_first() {
            self.marks = rest;
            let at = (mark - self.origin) as usize;
            if self.flat || self.bytes.get(at) == Some(&self.element) {
                let field = self.bytes.get(self.start..at).unwrap_or_default();
                self.start = at + 1;
                return Some(field);
            }
        }
        self.done = true;
        self.bytes.get(self.start..)
    }
}

/// An element as it stands in the document.
#[derive(Clone, Copy)]
pub struct Element<'a> {
    bytes: &'a [u8],
    delimiters: &'a Delimiters,
}

impl<'a> Element<'a> {
    pub(crate) fn new(bytes: &'a [u8], delimiters: &'a Delimiters) -> Self {
        Self { bytes, delimiters }
    }

    /// Its bytes, with whatever delimiters stand inside.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether nothing stands.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Its repetitions: itself alone where the interchange has no repetition separator.
    pub fn repetitions(&self) -> impl Iterator<Item = Element<'a>> + use<'a> {
        let (delimiters, separator) = (self.delimiters, self.delimiters.repetition);
        self.bytes
            .split(move |&b| Some(b) == separator)
            .map(move |bytes| Element { bytes, delimiters })
    }

    /// Its components.
    pub fn components(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let separator = self.delimiters.component;
        self.bytes.split(move |&b| b == separator)
    }

    /// Component `number`, from one; empty if it does not stand.
    #[must_use]
    pub fn component(&self, number: usize) -> &'a [u8] {
        self.components()
            .nth(number.wrapping_sub(1))
            .unwrap_or_default()
    }
}

/// Never shows a value: a document's contents may not reach a log.
impl std::fmt::Debug for Segment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Segment({} bytes)", self.bytes.len())
    }
}

/// Never shows a value: a document's contents may not reach a log.
impl std::fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Element({} bytes)", self.bytes.len())
    }
}

/// Copies a value without the line breaks that wrapping left inside; borrowed when there are none.
pub(crate) fn unwrapped(value: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if value.iter().any(|b| matches!(b, b'\r' | b'\n')) {
        value
            .iter()
            .copied()
            .filter(|b| !matches!(b, b'\r' | b'\n'))
            .collect::<Vec<u8>>()
            .into()
    } else {
        value.into()
    }
}
