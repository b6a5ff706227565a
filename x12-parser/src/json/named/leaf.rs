//! One segment as the members of an object, by the labels of its guide.
//!
//! What follows from the rest is left out; what has no label, or is not as its guide has it, is gathered apart, by the numbers of the
//! elements, for `$extra`.

use x12_schemas::table::Guide;

use crate::cut::told_length;
use crate::json::buffer::Buffer;
use crate::json::text::{Charset, put_string};
use crate::segment::{Segment, unwrapped};
use crate::sheet::{Fill, Member, MemberKind, Parts, SegmentSheet, format_of};

/// Renders segments; its memory is used again for the next.
pub(crate) struct Leaf<'b> {
    /// What has no label: `"10":"X","05-8":"Y"`.
    pub(crate) extras: Buffer,
    /// Elements of the segment, from one.
    values: Vec<&'b [u8]>,
    components: Vec<&'b [u8]>,
    /// Binary data follow, of the length that the segment tells.
    is_head: bool,
}

/// What is being rendered.
struct Pen<'a, 'b> {
    out: &'a mut Buffer,
    extras: &'a mut Buffer,
    components: &'a mut Vec<&'b [u8]>,
    guide: &'a Guide,
    component: u8,
    repetition: Option<u8>,
    charset: Charset,
    /// Nothing needs escapes, and no delimiters stand inside elements.
    plain: bool,
    flat: bool,
    is_head: bool,
}

/// How an object's members are addressed in `$extra`.
#[derive(Clone, Copy)]
enum At {
    /// By this number more than their own.
    Elements(usize),
    /// As components of this element.
    Components(usize),
}

impl<'b> Leaf<'b> {
    pub(crate) fn new(extras: Buffer) -> Self {
        Self {
            extras,
            values: Vec::new(),
            components: Vec::new(),
            is_head: false,
        }
    }

    /// Takes a segment to be rendered.
    #[inline]
    pub(crate) fn read(&mut self, segment: &Segment<'b>) {
        self.extras.clear();
        self.values.clear();
        self.is_head = false;
        let values = segment.fields().skip(1);
        if segment.is_plain() {
            self.values.extend(values);
        } else {
            self.values.extend(values.map(bare));
        }
    }

    /// Takes a segment whose binary data follow: what is rendered of it ends where they begin.
    pub(crate) fn read_head(&mut self, segment: &Segment<'b>) {
        self.read(segment);
        self.is_head = true;
    }

    /// An element of the segment that was taken, from one.
    pub(crate) fn value(&self, number: u8) -> &'b [u8] {
        value(&self.values, number)
    }

    /// Appends the members of the segment, without brackets.
    pub(crate) fn members(
        &mut self,
        out: &mut Buffer,
        segment: &Segment<'b>,
        sheet: &SegmentSheet,
        guide: &Guide,
    ) {
        let values = std::mem::take(&mut self.values);
        let mut pen = self.pen(out, segment, guide);
        pen.members(&sheet.parts, &values, At::Elements(0));
        pen.unnamed(&values, sheet.named);
        self.values = values;
    }

    /// Appends the segment as the value of a key: an object, or the only member's value; joined to others, the items of that.
    pub(crate) fn value_of(
        &mut self,
        out: &mut Buffer,
        segment: &Segment<'b>,
        (sheet, joined): (&SegmentSheet, bool),
        guide: &Guide,
    ) {
        let values = std::mem::take(&mut self.values);
        let mut pen = self.pen(out, segment, guide);
        if joined && let Some(only) = sheet.parts.only() {
            pen.hidden(&sheet.parts, &values, At::Elements(0));
            pen.items(only, &values, At::Elements(0));
        } else {
            pen.object(&sheet.parts, &values, At::Elements(0));
        }
        pen.unnamed(&values, sheet.named);
        self.values = values;
    }

    fn pen<'a>(
        &'a mut self,
        out: &'a mut Buffer,
        segment: &Segment<'b>,
        guide: &'a Guide,
    ) -> Pen<'a, 'b> {
        let plain = segment.is_plain();
        let is_utf8 = plain || std::str::from_utf8(segment.bytes()).is_ok();
        let delimiters = segment.delimiters();
        Pen {
            out,
            extras: &mut self.extras,
            components: &mut self.components,
            guide,
            component: delimiters.component,
            repetition: delimiters.repetition,
            charset: if is_utf8 {
                Charset::Utf8
            } else {
                Charset::Latin1
            },
            plain,
            flat: segment.is_flat(),
            is_head: self.is_head,
        }
    }
}

impl<'b> Pen<'_, 'b> {
    /// An object of members, or, if there can be but one, its value.
    fn object(&mut self, parts: &Parts, values: &[&'b [u8]], at: At) {
        if let Some(only) = parts.only() {
            self.hidden(parts, values, at);
            let begin = self.out.len();
            self.tell(only, values, at, "");
            if self.out.len() == begin {
                self.out.put(only.empty());
            }
            return;
        }
        self.out.put(b"{");
        self.members(parts, values, at);
        // Data that follow end it.
        if !(self.is_head && parts.has_data()) {
            self.out.put(b"}");
        }
    }

    fn members(&mut self, parts: &Parts, values: &[&'b [u8]], at: At) {
        let mut comma = false;
        for member in &parts.members {
            let begin = self.out.len();
            if comma {
                self.out.put(b",");
            }
            if !self.member(member, values, at) {
                self.out.truncate(begin);
            } else {
                comma = true;
            }
        }
    }

    /// A member with its key; false if nothing is to be told of it.
    #[inline]
    fn member(&mut self, member: &Member, values: &[&'b [u8]], at: At) -> bool {
        let begin = self.out.len();
        match member.filled {
            Fill::Not => {
                if let MemberKind::Simple { repeats: false } = member.kind {
                    let value = value(values, member.number);
                    if value.is_empty() {
                        return false;
                    }
                    if self.plain && self.flat {
                        let key = member.key.as_bytes();
                        self.out.reserve(key.len() + value.len() + 8);
                        self.key(key);
                        self.out.put(b"\"");
                        self.out.put(value);
                        self.out.put(b"\"");
                        return true;
                    }
                }
                self.tell(member, values, at, &member.key);
                self.out.len() > begin
            }
            Fill::Components => {
                self.fixed_composite(member, values, at);
                false
            }
            // Told where it is known how often, and how deep, the loop stands.
            Fill::Count | Fill::Level | Fill::Parent | Fill::Child => false,
            Fill::Length(of) => {
                let told = value(values, member.number);
                if self.is_length(told, value(values, of)) {
                    return false;
                }
                self.key(member.key.as_bytes());
                self.text(told);
                true
            }
            Fill::Code(_) | Fill::Guide | Fill::Paired(..) | Fill::Form(..) => {
                let value = value(values, member.number);
                if self.is_as_filled(member, value, values) || self.divided(member, value, at) {
                    return false;
                }
                self.key(member.key.as_bytes());
                self.text(value);
                true
            }
        }
    }

    fn key(&mut self, key: &[u8]) {
        self.out.put(b"\"");
        self.out.put(key);
        self.out.put(b"\":");
    }

    /// Says of what goes without saying where it is otherwise: in the object of a bare value is no room for it.
    fn hidden(&mut self, parts: &Parts, values: &[&'b [u8]], at: At) {
        for member in parts
            .members
            .iter()
            .filter(|member| member.filled != Fill::Not)
        {
            if member.filled == Fill::Components {
                self.fixed_composite(member, values, at);
                continue;
            }
            let told = value(values, member.number);
            let is_due = match member.filled {
                Fill::Length(of) => self.is_length(told, value(values, of)),
                _ => self.is_as_filled(member, told, values),
            };
            if !is_due {
                self.extra(at, member.number, told);
            }
        }
    }

    /// Whether a length is written as that of the data would be filled in.
    fn is_length(&self, told: &[u8], data: &[u8]) -> bool {
        let length = if self.is_head {
            told_length(told)
        } else {
            Some(data.len() as u64)
        };
        length.is_some_and(|length| length.to_string().as_bytes() == told)
    }

    /// Whether a value is the one that would be filled in.
    #[inline]
    fn is_as_filled(&self, member: &Member, value: &[u8], values: &[&[u8]]) -> bool {
        let expected = expected(self.guide, member.filled, |number| {
            self::value(values, number)
        });
        let expected = expected.unwrap_or_default().as_bytes();
        value == expected || !self.plain && *unwrapped(value) == *expected
    }

    /// A composite that can hold one thing only.
    fn fixed_composite(&mut self, member: &Member, values: &[&'b [u8]], at: At) {
        let MemberKind::Composite { parts, .. } = &member.kind else {
            return;
        };
        let value = value(values, member.number);
        let mut components = value.split(|&byte| byte == self.component);
        let mut is_fixed = true;
        let mut number = 0;
        for member in &parts.members {
            while number + 1 < member.number {
                is_fixed &= components.next().unwrap_or_default().is_empty();
                number += 1;
            }
            is_fixed &= self.is_as_filled(member, components.next().unwrap_or_default(), &[]);
            number += 1;
        }
        if !is_fixed || components.any(|component| !component.is_empty()) {
            self.extra(at, member.number, value);
        }
    }

    /// The value of a member, behind its key unless that is empty; nothing if nothing stands.
    fn tell(&mut self, member: &Member, values: &[&'b [u8]], at: At, key: &str) {
        let begin = self.out.len();
        if !key.is_empty() {
            self.key(key.as_bytes());
        }
        let told = if member.is_list() {
            self.out.put(b"[");
            let items = self.out.len();
            self.items(member, values, at);
            let told = self.out.len() > items;
            self.out.put(b"]");
            told
        } else {
            self.single(member, values, at)
        };
        if !told {
            self.out.truncate(begin);
        }
    }

    /// A value that is no list; false if nothing stands, or not so that it can be told.
    fn single(&mut self, member: &Member, values: &[&'b [u8]], at: At) -> bool {
        if self.is_head && matches!(member.kind, MemberKind::Data) {
            self.out.put(DATA);
            return true;
        }
        let value = value(values, member.number);
        if value.is_empty() || self.divided(member, value, at) {
            return false;
        }
        match &member.kind {
            MemberKind::Composite { parts, .. } => {
                self.composite(parts, value, address(at, member.number))
            }
            _ => {
                self.text(value);
                true
            }
        }
    }

    /// The items of a list, joined by commas.
    fn items(&mut self, member: &Member, values: &[&'b [u8]], at: At) {
        if let MemberKind::Run { size, times, parts } = &member.kind {
            return self.runs(parts, (*size, *times), (member.number, values), at);
        }
        let value = value(values, member.number);
        if value.is_empty() {
            return;
        }
        let (begin, extras, number) = (
            self.out.len(),
            self.extras.len(),
            address(at, member.number),
        );
        let separator = self.repetition;
        let mut misfit = false;
        for (index, repetition) in value.split(|&byte| Some(byte) == separator).enumerate() {
            if index > 0 {
                self.out.put(b",");
            }
            match &member.kind {
                MemberKind::Composite { parts, .. } if !repetition.is_empty() => {
                    _ = self.composite(parts, repetition, number);
                }
                MemberKind::Composite { parts, .. } if parts.only().is_none() => {
                    self.out.put(b"{}")
                }
                _ if !matches!(member.kind, MemberKind::Composite { .. })
                    && repetition.contains(&self.component) =>
                {
                    misfit = true
                }
                _ => self.text(repetition),
            }
        }
        if misfit || self.extras.len() > extras {
            // No number tells one repetition from another, so all of them are told by the element's.
            self.out.truncate(begin);
            self.extras.truncate(extras);
            self.extra(at, member.number, value);
        }
    }

    /// Runs of elements up to the last that stands.
    fn runs(
        &mut self,
        parts: &Parts,
        (size, times): (u8, u8),
        (first, values): (u8, &[&'b [u8]]),
        at: At,
    ) {
        let (size, first) = (usize::from(size), usize::from(first) - 1);
        let run = |index: usize| {
            let from = (first + index * size).min(values.len());
            values
                .get(from..(from + size).min(values.len()))
                .unwrap_or_default()
        };
        let stands = |index: &usize| run(*index).iter().any(|value| !value.is_empty());
        let count = (0..usize::from(times))
            .rev()
            .find(stands)
            .map_or(0, |last| last + 1);
        for index in 0..count {
            if index > 0 {
                self.out.put(b",");
            }
            let base = match at {
                At::Elements(base) => base,
                At::Components(_) => 0,
            };
            self.object(parts, run(index), At::Elements(base + first + index * size));
        }
    }

    /// The object of a composite; false if nothing stands in it.
    fn composite(&mut self, parts: &Parts, value: &'b [u8], element: usize) -> bool {
        let mut components = std::mem::take(self.components);
        let separator = self.component;
        components.clear();
        components.extend(value.split(|&byte| byte == separator).map(bare));
        while components.last().is_some_and(|last| last.is_empty()) {
            components.pop();
        }
        let stands = !components.is_empty();
        if stands {
            self.object(parts, &components, At::Components(element));
            for (number, value) in (1u8..).zip(&components) {
                let named = parts.members.iter().any(|member| member.number == number);
                if !named && !value.is_empty() {
                    self.extra(At::Components(element), number, value);
                }
            }
        }
        *self.components = components;
        stands
    }

    /// Whether delimiters stand in a value that should have none; then it is told apart.
    fn divided(&mut self, member: &Member, value: &'b [u8], at: At) -> bool {
        if self.flat {
            return false;
        }
        let splits = |byte: &u8| match member.kind {
            MemberKind::Composite { .. } => Some(*byte) == self.repetition,
            MemberKind::Data => false,
            _ => *byte == self.component || Some(*byte) == self.repetition,
        };
        let divided = value.iter().any(splits);
        if divided {
            self.extra(at, member.number, value);
        }
        divided
    }

    /// Tells elements that the guide has no name for.
    #[inline]
    fn unnamed(&mut self, values: &[&'b [u8]], named: u64) {
        for (bit, value) in values.iter().enumerate() {
            if !value.is_empty() && (bit >= 64 || named & 1 << bit == 0) {
                // 999: no limit of elements is as high; a number above 255 has three digits.
                self.extra_numbered(&format!("{:02}", bit + 1), value);
            }
        }
    }

    fn extra(&mut self, at: At, number: u8, value: &[u8]) {
        let key = match at {
            At::Elements(base) => format!("{:02}", base + usize::from(number)),
            At::Components(element) => format!("{element:02}-{number}"),
        };
        self.extra_numbered(&key, value);
    }

    /// A value by its number: as delimiters divide it.
    fn extra_numbered(&mut self, key: &str, value: &[u8]) {
        let comma = if self.extras.len() > 0 { "," } else { "" };
        self.extras.put(format!("{comma}\"{key}\":").as_bytes());
        put_divided(
            self.extras,
            value,
            (self.component, self.repetition),
            self.charset,
        );
    }

    fn text(&mut self, value: &[u8]) {
        if self.plain {
            self.out.put(b"\"");
            self.out.put(value);
            self.out.put(b"\"");
        } else {
            put_string(self.out, &unwrapped(value), self.charset);
        }
    }
}

/// What stands before binary data in base 64.
const DATA: &[u8] = b"{\"$base64\":\"";

impl Member {
    /// What stands for it where nothing does, in an object that is but its value.
    fn empty(&self) -> &'static [u8] {
        match &self.kind {
            _ if self.is_list() => b"[]",
            MemberKind::Composite { parts, .. } if parts.only().is_none() => b"{}",
            MemberKind::Composite { parts, .. } => parts.only().map_or(b"{}", Self::empty),
            _ => b"\"\"",
        }
    }
}

/// The value that would be filled in, by what stands beside it.
pub(crate) fn expected<'g, 'v>(
    guide: &'g Guide,
    filled: Fill,
    value: impl Fn(u8) -> &'v [u8],
) -> Option<&'g str> {
    let codes = |index: u16| guide.codes_at(index);
    let only = |index: u16| codes(index).first().map(String::as_str);
    match filled {
        Fill::Code(index) => only(index),
        Fill::Guide => Some(&guide.id),
        Fill::Paired(index, with) => {
            let stands =
                (1..=64u8).any(|number| with & 1 << (number - 1) != 0 && !value(number).is_empty());
            only(index).filter(|_| stands)
        }
        Fill::Form(index, of) => format_of(codes(index), value(of)),
        _ => None,
    }
}

/// A value as the delimiters in it divide it: a string, an array of components, or an array of repetitions that are such arrays.
fn put_divided(
    out: &mut Buffer,
    value: &[u8],
    (component, repetition): (u8, Option<u8>),
    charset: Charset,
) {
    let put = |out: &mut Buffer, value: &[u8]| {
        put_string(out, &unwrapped(value), charset);
    };
    let components = |out: &mut Buffer, value: &[u8]| {
        out.put(b"[");
        for (index, part) in value.split(|&byte| byte == component).enumerate() {
            if index > 0 {
                out.put(b",");
            }
            put(out, part);
        }
        out.put(b"]");
    };
    if value.iter().any(|byte| Some(*byte) == repetition) {
        out.put(b"[");
        for (index, part) in value.split(|&byte| Some(byte) == repetition).enumerate() {
            if index > 0 {
                out.put(b",");
            }
            components(out, part);
        }
        out.put(b"]");
    } else if value.contains(&component) {
        components(out, value);
    } else {
        put(out, value);
    }
}

fn address(at: At, number: u8) -> usize {
    match at {
        At::Elements(base) => base + usize::from(number),
        At::Components(element) => element,
    }
}

#[inline]
fn value<'b>(values: &[&'b [u8]], number: u8) -> &'b [u8] {
    values
        .get(usize::from(number).wrapping_sub(1))
        .copied()
        .unwrap_or_default()
}

/// A value, which is nothing if it is but line breaks of a wrapped file.
#[inline]
fn bare(value: &[u8]) -> &[u8] {
    if value.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
        &[]
    } else {
        value
    }
}
