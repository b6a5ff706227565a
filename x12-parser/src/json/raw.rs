//! Whether a segment's `$raw` still says what the fields beside it say.

use crate::delimiters::Delimiters;
use crate::json::fields::{Field, Fields, Part, Value};
use crate::json::restore::{ISA_ELEMENTS, latin1};
use crate::json::scan::Span;
use crate::segment::unwrapped;

/// Compares `$raw` with the fields beside it, as reading X12 would split it.
pub(crate) struct Raw<'a> {
    pub(crate) fields: &'a Fields,
    pub(crate) delimiters: &'a Delimiters,
    pub(crate) suffix: &'a [u8],
}

impl Raw<'_> {
    /// Whether reading these bytes gives exactly the fields.
    pub(crate) fn agrees(&self, raw: &[u8], header: bool) -> bool {
        let tail = if header {
            self.header(raw, false).or_else(|| self.header(raw, true))
        } else {
            self.segment(raw)
        };
        let blank = |byte: &u8| {
            byte.is_ascii_whitespace()
                && *byte != self.delimiters.element
                && *byte != self.delimiters.segment
        };
        tail.map(|tail| tail.strip_prefix(self.suffix).unwrap_or(tail))
            .is_some_and(|tail| tail.iter().all(blank))
    }

    /// What stands behind the terminator, if all before it is the same as the fields.
    fn segment<'r>(&self, raw: &'r [u8]) -> Option<&'r [u8]> {
        let end = memchr::memchr(self.delimiters.segment, raw).unwrap_or(raw.len());
        let (body, tail) = raw.split_at(end);
        let elements: Vec<_> = body
            .split(|&byte| byte == self.delimiters.element)
            .collect();
        // An element that is not UTF-8 makes a reader take the whole segment as Latin-1.
        let foreign = elements
            .iter()
            .any(|element| std::str::from_utf8(element).is_err());
        let same = self.same(&elements, false) || foreign && self.same(&elements, true);
        same.then_some(tail.get(1..).unwrap_or_default())
    }

    /// As [`Self::segment`] for an ISA, which is read by its widths: its elements may hold delimiters, so it cannot be split.
    fn header<'r>(&self, raw: &'r [u8], as_latin1: bool) -> Option<&'r [u8]> {
        let mut rest = raw;
        let mut expect = |bytes: &[u8]| {
            bytes.iter().try_for_each(|byte| {
                while let Some((b'\r' | b'\n', behind)) = rest.split_first()
                    && rest.first() != Some(byte)
                {
                    rest = behind;
                }
                rest = rest.strip_prefix(&[*byte])?;
                Some(())
            })
        };
        let text = |span: Span| {
            let bytes = span.of(&self.fields.bytes);
            if as_latin1 {
                latin1(bytes)
            } else {
                Some(bytes.to_vec())
            }
        };
        expect(&text(self.fields.id?)?)?;
        let mut given = self.fields.fields.iter().peekable();
        for number in 1..=ISA_ELEMENTS {
            expect(&[self.delimiters.element])?;
            match given.next_if(|field| field.number == number) {
                Some(Field {
                    value: Value::Simple(span),
                    ..
                }) => expect(&text(*span)?)?,
                Some(_) => return None,
                None => {}
            }
        }
        expect(&[self.delimiters.segment])?;
        given.next().is_none().then_some(rest)
    }

    fn same(&self, elements: &[&[u8]], as_latin1: bool) -> bool {
        let Some((id, elements)) = elements.split_first() else {
            return false;
        };
        if !self.equal(self.fields.id.unwrap_or_default(), id, as_latin1) {
            return false;
        }
        let mut given = self.fields.fields.iter().peekable();
        for (element, number) in elements.iter().zip(1..) {
            let same = match given.next_if(|field| field.number == number) {
                Some(field) => self.field(field, element, as_latin1),
                None => self.says_nothing(element),
            };
            if !same {
                return false;
            }
        }
        given.all(|field| self.field(field, &[], as_latin1))
    }

    fn field(&self, field: &Field, raw: &[u8], as_latin1: bool) -> bool {
        match field.value {
            Value::Binary(_) => false,
            Value::Simple(span) if span.is_empty() => self.says_nothing(raw),
            Value::Simple(span) => self.equal(span, raw, as_latin1),
            Value::Components { first, last } => {
                self.components(self.parts(first, last), raw, as_latin1)
            }
            Value::Repetitions { first, last } => {
                self.repetitions(self.parts(first, last), raw, as_latin1)
            }
        }
    }

    fn parts(&self, first: usize, last: usize) -> &[Part] {
        self.fields.parts.get(first..last).unwrap_or_default()
    }

    /// Nothing but line breaks and delimiters: such an element is not in the fields.
    fn says_nothing(&self, raw: &[u8]) -> bool {
        let Delimiters { component, .. } = *self.delimiters;
        raw.iter()
            .all(|&byte| byte == component || matches!(byte, b'\r' | b'\n'))
    }

    fn repetitions(&self, parts: &[Part], raw: &[u8], as_latin1: bool) -> bool {
        let separator = self.delimiters.repetition;
        let given = parts.split(|part| matches!(part, Part::Repetition)).skip(1);
        let mut raws = raw.split(|&byte| Some(byte) == separator);
        for repetition in given {
            let Some(raw) = raws.next() else { return false };
            let whole =
                matches!(repetition, [Part::Component(span)] if self.equal(*span, raw, as_latin1));
            if !whole && !self.components(repetition, raw, as_latin1) {
                return false;
            }
        }
        raws.next().is_none()
    }

    fn components(&self, parts: &[Part], raw: &[u8], as_latin1: bool) -> bool {
        let separator = self.delimiters.component;
        let length = raw
            .iter()
            .rposition(|&byte| byte != separator)
            .map_or(0, |last| last + 1);
        let mut raws = raw
            .get(..length)
            .unwrap_or_default()
            .split(|&byte| byte == separator);
        for part in parts {
            let raw = raws.next().unwrap_or_default();
            if !matches!(part, Part::Component(span) if self.equal(*span, raw, as_latin1)) {
                return false;
            }
        }
        raws.all(|raw| unwrapped(raw).is_empty())
    }

    /// Whether a string is what reading makes of these bytes.
    fn equal(&self, span: Span, raw: &[u8], as_latin1: bool) -> bool {
        let given = span.of(&self.fields.bytes);
        let raw = unwrapped(raw);
        if as_latin1 {
            latin1(given).is_some_and(|given| given == *raw)
        } else {
            given == &*raw
        }
    }
}
