//! One segment's fields as X12, or its `$raw` while that still says the same.

use crate::cut::{is_id, is_trailer};
use crate::delimiters::Delimiters;
use crate::json::buffer::Buffer;
use crate::json::fields::{Extra, Field, Fields, Part, Value};
use crate::json::raw::Raw;
use crate::json::scan::{Span, Stop};

/// Elements of an ISA: as many as a reader counts, so that empty ones are written too.
pub(crate) const ISA_ELEMENTS: usize = 16;

/// What is known of the interchange that is being written.
pub(crate) struct Target {
    pub(crate) delimiters: Delimiters,
    /// Follows each terminator.
    pub(crate) suffix: Vec<u8>,
    /// The suffix behind the last segment is held back: other bytes may stand there at an interchange's end.
    pub(crate) owes_suffix: bool,
}

impl Target {
    pub(crate) fn new(delimiters: Delimiters, suffix: Vec<u8>) -> Self {
        Self {
            delimiters,
            suffix,
            owes_suffix: false,
        }
    }

    /// Writes the suffix that was held back.
    pub(crate) fn settle(&mut self, out: &mut Buffer) {
        if std::mem::take(&mut self.owes_suffix) {
            out.put(&self.suffix);
        }
    }

    /// Writes a segment; true if its `$raw` said something else than its fields, so that these were taken.
    pub(crate) fn put(
        &mut self,
        fields: &Fields,
        header: bool,
        out: &mut Buffer,
    ) -> Result<bool, Stop> {
        self.settle(out);
        let mut writer = Writer {
            out,
            fields,
            delimiters: &self.delimiters,
            header,
            latin1: false,
        };
        let mut outdated = false;
        if let Some(raw) = fields.extra(Extra::Raw) {
            let view = Raw {
                fields,
                delimiters: &self.delimiters,
                suffix: &self.suffix,
            };
            if view.agrees(raw, header) {
                writer.out.put(raw);
                // The line end behind an IEA belongs to no segment, so only there `$raw` does not hold it.
                let ended = raw.strip_suffix(&[self.delimiters.segment]);
                self.owes_suffix =
                    ended.is_some_and(|segment| is_trailer(segment, self.delimiters.element));
                return Ok(false);
            }
            outdated = true;
            writer.latin1 = std::str::from_utf8(raw).is_err() && writer.fits_latin1();
        }
        let written = writer.elements()?;
        self.end(fields, written.has_data, out)?;
        Ok(outdated)
    }

    /// Writes a segment up to its large binary data, element `number`.
    pub(crate) fn put_head(
        &mut self,
        fields: &Fields,
        number: usize,
        out: &mut Buffer,
    ) -> Result<(), Stop> {
        self.settle(out);
        let mut writer = Writer {
            out,
            fields,
            delimiters: &self.delimiters,
            header: false,
            latin1: false,
        };
        writer.up_to(number)
    }

    /// Writes what follows a segment's last element.
    pub(crate) fn end(
        &mut self,
        fields: &Fields,
        has_data: bool,
        out: &mut Buffer,
    ) -> Result<(), Stop> {
        let (tail, suffix) = (fields.extra(Extra::Tail), fields.extra(Extra::Suffix));
        match (has_data, tail, suffix) {
            (_, None, None) => {
                out.put(&[self.delimiters.segment]);
                self.owes_suffix = true;
            }
            (true, Some(tail), None) => out.put(tail),
            (false, None, Some(suffix)) => {
                out.put(&[self.delimiters.segment]);
                out.put(suffix);
            }
            (true, _, Some(_)) => {
                return Err(Stop::bad("$suffix stands beside binary data", fields.id_at));
            }
            (false, Some(_), _) => {
                return Err(Stop::bad("$tail stands without binary data", fields.id_at));
            }
        }
        Ok(())
    }
}

/// What was written of a segment.
struct Written {
    /// The number of the last element that is not empty.
    last: usize,
    /// Whether that is binary data.
    has_data: bool,
}

/// Writes the fields of one segment.
struct Writer<'a> {
    out: &'a mut Buffer,
    fields: &'a Fields,
    delimiters: &'a Delimiters,
    /// An ISA: its elements are found by their widths, so that they may hold delimiters.
    header: bool,
    latin1: bool,
}

impl Writer<'_> {
    /// Identifier and elements, up to the terminator.
    fn elements(&mut self) -> Result<Written, Stop> {
        let from = self.out.len();
        self.text(self.fields.id.unwrap_or_default(), self.fields.id_at)?;
        let mut last = 0;
        for field in &self.fields.fields {
            let before = self.out.len();
            self.separate(field.number - last);
            let begin = self.out.len();
            self.field(field)?;
            if matches!(field.value, Value::Binary(_)) {
                self.check_data(from, field)?;
                let (last, has_data) = (field.number, true);
                return Ok(Written { last, has_data });
            }
            if self.out.len() == begin {
                self.out.truncate(before);
            } else {
                last = field.number;
            }
        }
        if self.header {
            self.separate(ISA_ELEMENTS.saturating_sub(last));
        }
        let has_data = false;
        Ok(Written { last, has_data })
    }

    /// Identifier, elements and separators in front of element `number`, which are large binary data.
    fn up_to(&mut self, number: usize) -> Result<(), Stop> {
        let from = self.out.len();
        let (value, at) = (Value::Binary(Span::default()), self.fields.id_at);
        let written = self.elements()?;
        if written.has_data {
            return Err(Stop::bad("no element may follow binary data", at));
        }
        self.separate(number - written.last);
        self.check_data(from, &Field { number, value, at })
    }

    fn check_data(&self, from: usize, field: &Field) -> Result<(), Stop> {
        let written = self.out.as_slice().get(from..).unwrap_or_default();
        if !is_id(written, b"BIN") && !is_id(written, b"BDS") {
            return Err(Stop::bad(
                "binary data stand in BIN and BDS segments only",
                field.at,
            ));
        }
        if self
            .fields
            .fields
            .last()
            .is_some_and(|last| last.number > field.number)
        {
            return Err(Stop::bad("no element may follow binary data", field.at));
        }
        if self.fields.extra(Extra::Raw).is_some() {
            return Err(Stop::bad("$raw stands beside binary data", field.at));
        }
        Ok(())
    }

    fn parts(&self, first: usize, last: usize) -> &[Part] {
        self.fields.parts.get(first..last).unwrap_or_default()
    }

    fn separate(&mut self, times: usize) {
        for _ in 0..times {
            self.out.put(&[self.delimiters.element]);
        }
    }

    fn field(&mut self, field: &Field) -> Result<(), Stop> {
        match field.value {
            Value::Simple(span) => self.text(span, field.at)?,
            Value::Components { first, last } => self.components(first, last, field.at)?,
            Value::Repetitions { first, last } => self.repetitions(first, last, field.at)?,
            Value::Binary(span) => self.out.put(span.of(&self.fields.bytes)),
        }
        Ok(())
    }

    fn repetitions(&mut self, first: usize, last: usize, at: usize) -> Result<(), Stop> {
        let mut begin = first + 1;
        while begin <= last {
            let length = self
                .parts(begin, last)
                .iter()
                .take_while(|part| !matches!(part, Part::Repetition))
                .count();
            if begin > first + 1 {
                let what = "the interchange has no delimiter for repetitions";
                let separator = self.delimiters.repetition.ok_or(Stop::Bad { what, at })?;
                self.out.put(&[separator]);
            }
            self.components(begin, begin + length, at)?;
            begin += length + 1;
        }
        Ok(())
    }

    /// Components, those that are empty at the end left out.
    fn components(&mut self, first: usize, last: usize, at: usize) -> Result<(), Stop> {
        let mut filled = self.out.len();
        for ordinal in first..last {
            if ordinal > first {
                self.out.put(&[self.delimiters.component]);
            }
            if let Some(&Part::Component(span)) = self.fields.parts.get(ordinal) {
                self.text(span, at)?;
                filled = if span.is_empty() {
                    filled
                } else {
                    self.out.len()
                };
            }
        }
        self.out.truncate(filled);
        Ok(())
    }

    fn text(&mut self, span: Span, at: usize) -> Result<(), Stop> {
        let bytes = span.of(&self.fields.bytes);
        let from = self.out.len();
        if self.latin1 {
            self.out.put(&latin1(bytes).unwrap_or_default());
        } else {
            self.out.put(bytes);
        }
        if self.header {
            return Ok(());
        }
        let Delimiters {
            element, segment, ..
        } = *self.delimiters;
        let written = self.out.as_slice().get(from..).unwrap_or_default();
        if memchr::memchr2(element, segment, written).is_none() {
            return Ok(());
        }
        let what = if written.contains(&element) {
            "a value holds the delimiter of elements"
        } else {
            "a value holds the terminator of segments"
        };
        Err(Stop::Bad { what, at })
    }

    /// Whether each string has one byte for each character in Latin-1.
    fn fits_latin1(&self) -> bool {
        let fits = |span: Span| latin1(span.of(&self.fields.bytes)).is_some();
        let parts = self
            .fields
            .parts
            .iter()
            .all(|part| !matches!(part, Part::Component(span) if !fits(*span)));
        let simple = self
            .fields
            .fields
            .iter()
            .all(|field| !matches!(field.value, Value::Simple(span) if !fits(span)));
        parts && simple && fits(self.fields.id.unwrap_or_default())
    }
}

/// UTF-8 as Latin-1, if it has all the characters.
pub(crate) fn latin1(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    text.chars()
        .map(|character| u8::try_from(u32::from(character)).ok())
        .collect()
}
