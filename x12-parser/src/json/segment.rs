//! One segment as JSON: an object with numbered elements, or an array.
//!
//! An array of one level holds components, an array of two levels repetitions: so JSON can be written back without any guide.

use crate::entry::{Entry, EntryKind};
use crate::form::Form;
use crate::json::buffer::Buffer;
use crate::json::text::{Charset, put_exact, put_string};
use crate::segment::{Segment, unwrapped};

/// Object (`loops`) or array (`segments`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Style {
    Object,
    Array,
}

/// The keys of elements, `,"01":"` and so on: seven bytes each.
pub(crate) const KEYS: [[u8; 8]; 100] = {
    let mut keys = [*b",\"00\":\" "; 100];
    let mut i = 0;
    while i < 100 {
        keys[i][2] = b'0' + (i / 10) as u8;
        keys[i][3] = b'0' + (i % 10) as u8;
        i += 1;
    }
    keys
};

/// Appends a segment. `outline` says what the guide knows of its elements' forms; without one the delimiters decide.
pub(crate) fn put(
    out: &mut Buffer,
    segment: &Segment<'_>,
    entry: &Entry,
    outline: Option<&[Form]>,
    style: Style,
) {
    Writer {
        out,
        segment,
        outline,
        style,
        charset: Charset::Utf8,
        pending: 0,
        last: 0,
        changed: false,
    }
    .segment(entry);
}

/// Adds bytes to a segment that is already written, under a key of their own.
pub(crate) fn put_extra(out: &mut Buffer, key: &str, bytes: &[u8], style: Style) {
    out.put(if style == Style::Object {
        b",\""
    } else {
        b",{\""
    });
    out.put(key.as_bytes());
    out.put(b"\":");
    put_exact(out, bytes);
    if style == Style::Array {
        out.put(b"}");
    }
}

struct Writer<'a> {
    out: &'a mut Buffer,
    segment: &'a Segment<'a>,
    outline: Option<&'a [Form]>,
    style: Style,
    charset: Charset,
    /// Empty elements that are not written yet, and never are at the end.
    pending: usize,
    /// Number of the last element, empty or not.
    last: usize,
    /// Whether something of the bytes is not in the fields.
    changed: bool,
}

/// Offsets of a field, and which of the marks are inside it.
struct Field {
    from: usize,
    to: usize,
    marks: (usize, usize),
}

impl Writer<'_> {
    fn segment(mut self, entry: &Entry) {
        let begin = self.out.len();
        if !self.fields() {
            self.out.truncate(begin);
            (self.charset, self.pending, self.changed) = (Charset::Latin1, 0, true);
            self.fields();
        }
        if entry.kind == EntryKind::BinaryHead {
            // Behind the last separator stands no field yet, but the data.
            self.pending = self.pending.saturating_sub(1);
            self.key(self.last);
            return self.out.put(b"{\"$base64\":\"");
        }
        let raw = self.segment.raw();
        if self.changed || entry.kind == EntryKind::Unterminated {
            put_extra(self.out, "$raw", raw, self.style);
        } else if entry.odd {
            let suffix = &raw[self.segment.bytes().len() + 1..];
            put_extra(self.out, "$suffix", suffix, self.style);
        }
        self.out.put(if self.style == Style::Object {
            b"}"
        } else {
            b"]"
        });
    }

    /// Writes identifier and elements; false if the bytes are not of the charset.
    fn fields(&mut self) -> bool {
        let bytes = self.segment.bytes();
        let separator = self.segment.delimiters().element;
        let (marks, count) = (self.segment, self.segment.mark_count());
        let (mut from, mut mark) = (0, 0);
        for number in 0.. {
            self.last = number;
            let first = mark;
            while mark < count && bytes[marks.mark(mark)] != separator {
                mark += 1;
            }
            let to = if mark < count {
                marks.mark(mark)
            } else {
                bytes.len()
            };
            let field = Field {
                from,
                to,
                marks: (first, mark),
            };
            let written = if number == 0 {
                self.id(&field)
            } else {
                self.element(number, &field)
            };
            if !written {
                return false;
            }
            if mark >= count {
                break;
            }
            (from, mark) = (to + 1, mark + 1);
        }
        self.changed |= self.pending > 0;
        true
    }

    fn id(&mut self, field: &Field) -> bool {
        match self.style {
            Style::Object => self.out.put(b"{\"seg\":"),
            Style::Array => self.out.put(b"["),
        }
        self.value(field.from, field.to)
    }

    fn element(&mut self, number: usize, field: &Field) -> bool {
        if field.from == field.to {
            self.pending += 1;
            return true;
        }
        let form = match self.outline {
            _ if field.marks.0 == field.marks.1 && self.outline.is_none() => Form::Simple,
            Some(outline) => outline.get(number - 1).copied().unwrap_or(Form::Simple),
            None => self.form_by_delimiters(field),
        };
        if form == Form::Simple {
            if unwrapped(&self.segment.bytes()[field.from..field.to]).is_empty() {
                (self.pending, self.changed) = (self.pending + 1, true);
                return true;
            }
            self.key(number);
            return self.value(field.from, field.to);
        }
        self.composite(number, field, form)
    }

    fn form_by_delimiters(&self, field: &Field) -> Form {
        let bytes = self.segment.bytes();
        let repetition = self.segment.delimiters().repetition;
        let mut inside =
            (field.marks.0..field.marks.1).map(|mark| Some(bytes[self.segment.mark(mark)]));
        if inside.any(|byte| byte == repetition) {
            Form::RepeatingComposite
        } else {
            Form::Composite
        }
    }

    /// What comes before an element's value: its key, or commas for the empty elements before it.
    fn key(&mut self, number: usize) {
        if self.style == Style::Array {
            for _ in 0..std::mem::take(&mut self.pending) {
                self.out.put(b",\"\"");
            }
            return self.out.put(b",");
        }
        self.pending = 0;
        match KEYS.get(number) {
            Some(key) => self.out.put(&key[..6]),
            None => self.out.put(format!(",\"{number}\":").as_bytes()),
        }
    }

    fn value(&mut self, from: usize, to: usize) -> bool {
        let bytes = self.segment.bytes();
        let value = unwrapped(&bytes[from..to]);
        self.changed |= value.len() != to - from;
        put_string(self.out, &value, self.charset)
    }

    fn composite(&mut self, number: usize, field: &Field, form: Form) -> bool {
        let begin = self.out.len();
        let pending = self.pending;
        self.key(number);
        let filled = self.out.len();
        let written = match form {
            Form::Composite => self.components(field, true),
            _ => self.repetitions(field, form),
        };
        if self.out.as_slice().get(filled..) == Some(b"[]") {
            // Delimiters only: an empty element, and `$raw` has the delimiters.
            self.out.truncate(begin);
            (self.pending, self.changed) = (pending + 1, true);
        }
        written
    }

    fn repetitions(&mut self, field: &Field, form: Form) -> bool {
        let bytes = self.segment.bytes();
        let separator = self.segment.delimiters().repetition;
        self.out.put(b"[");
        let mut from = field.from;
        let mut first = field.marks.0;
        for mark in field.marks.0..=field.marks.1 {
            let at = if mark == field.marks.1 {
                field.to
            } else {
                self.segment.mark(mark)
            };
            if mark < field.marks.1 && Some(bytes[at]) != separator {
                continue;
            }
            if from > field.from {
                self.out.put(b",");
            }
            let repetition = Field {
                from,
                to: at,
                marks: (first, mark),
            };
            if !self.components(&repetition, form == Form::RepeatingComposite) {
                return false;
            }
            (from, first) = (at + 1, mark + 1);
        }
        self.out.put(b"]");
        true
    }

    /// An array of components, those that are empty at the end left out.
    fn components(&mut self, field: &Field, split: bool) -> bool {
        let bytes = self.segment.bytes();
        let separator = self.segment.delimiters().component;
        let mut to = field.to;
        while split && to > field.from && bytes[to - 1] == separator {
            to -= 1;
        }
        self.changed |= to != field.to;
        self.out.put(b"[");
        let mut from = field.from;
        for mark in field.marks.0..=field.marks.1 {
            let at = if mark == field.marks.1 {
                to
            } else {
                self.segment.mark(mark).min(to)
            };
            if from > to || from == to && from == field.from {
                break;
            }
            if at < to && (!split || bytes[at] != separator) {
                continue;
            }
            if from > field.from {
                self.out.put(b",");
            }
            if !self.value(from, at) {
                return false;
            }
            from = at + 1;
        }
        self.out.put(b"]");
        true
    }
}
