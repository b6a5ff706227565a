//! Checks the elements of a segment against its guide: pure, so blocks can be checked on any thread.
//!
//! Nothing here hands on a value: what is told is a code and the ordinal of an element.

use x12_schemas::table::{Kind, NONE, Note, Rule as NoteRule, Segment as Definition, Usage};

use crate::chart::{Chart, ElementRule as Rule};
use crate::cut::{data_element, told_length};
use crate::delimiters::Delimiters;
use crate::entry::EntryKind;
use crate::event::Part;
use crate::finding::Code;
use crate::replay::{PlacedSegment, Replay};
use crate::segment::{Element, Segment, unwrapped};
use crate::value::{
    BAD, CLASSES, COMPONENT, Formatted, REPETITION, decimal_digits, formatted, is_date, is_time,
    whole_digits,
};

/// Checks segments of one interchange.
pub(crate) struct Checker {
    classes: [u8; 256],
    delimiters: Delimiters,
}

/// As [`CLASSES`], but whatever may be a delimiter is allowed.
const HEADER_CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = if byte < 0x20 { BAD } else { 0 };
        byte += 1;
    }
    classes
};

/// ISA06 and ISA08, sender and receiver: blanks fill their width, and name nobody.
const NAMES_OF_PARTNERS: [u16; 2] = [6, 8];

/// What is wrong with a segment, told one by one.
pub(crate) type Tell<'t> = &'t mut dyn FnMut(Code, Part);

impl Checker {
    pub(crate) fn new(delimiters: &Delimiters) -> Self {
        let mut classes = CLASSES;
        classes[usize::from(delimiters.component)] = COMPONENT;
        if let Some(repetition) = delimiters.repetition {
            classes[usize::from(repetition)] = REPETITION;
        }
        Self {
            classes,
            delimiters: *delimiters,
        }
    }

    /// Checks a segment of a replayed block, if a guide defines it.
    pub(crate) fn placed(&self, replay: &Replay<'_>, placed: &PlacedSegment<'_>, tell: Tell<'_>) {
        let Some(chart) = replay.chart.filter(|_| placed.definition != NONE) else {
            return;
        };
        // What its guide does not want told is not.
        let mut told = |code, part: Part| {
            if chart.severity(code).is_some() {
                tell(code, part);
            }
        };
        match placed.kind {
            EntryKind::Header => self.header(chart, placed, &mut told),
            EntryKind::BinaryHead => self.head(chart, placed, &mut told),
            _ => self.segment(chart, placed.definition, &placed.segment, &mut told),
        }
    }

    /// Checks ISA, which declares the delimiters: they may stand in it.
    ///
    /// Its line breaks are told once, as those of a wrapped header; so is an element of another width, whatever it holds.
    fn header(&self, chart: &Chart, placed: &PlacedSegment<'_>, tell: Tell<'_>) {
        let PlacedSegment {
            definition,
            ref segment,
            ..
        } = *placed;
        let rules = chart.elements(&chart.guide.segments[usize::from(definition)]);
        let fits = |number: u16| {
            let rule = usize::from(number)
                .checked_sub(1)
                .and_then(|i| rules.get(i));
            let value = segment.element(usize::from(number)).bytes();
            rule.is_none_or(|rule| {
                [value.len(), unwrapped(value).len()].contains(&(rule.max as usize))
            })
        };
        let mut told = |code, part: Part| {
            if code != Code::LineBreakInside && fits(part.element) {
                tell(code, part);
            }
        };
        let classes = HEADER_CLASSES;
        Self { classes, ..*self }.segment(chart, definition, segment, &mut told);
        for number in NAMES_OF_PARTNERS {
            let value = segment.element(number.into()).bytes();
            if !value.is_empty() && value.iter().all(|&byte| byte == b' ') {
                tell(Code::ElementMissing, Part::element(number));
            }
        }
    }

    /// Checks a segment whose binary data are not at hand, but their length, which is what it says.
    fn head(&self, chart: &Chart, placed: &PlacedSegment<'_>, tell: Tell<'_>) {
        let segment = &placed.segment;
        let Some(place) = data_element(segment.id()) else {
            return;
        };
        let length = told_length(segment.element(place - 1).bytes()).unwrap_or_default();
        let definition = &chart.guide.segments[usize::from(placed.definition)];
        let rule = chart.elements(definition).get(place - 1);
        let number = place as u16;
        // Of the data nothing stands in the segment, so it tells them to be missing, and a separator too many.
        self.segment(
            chart,
            placed.definition,
            segment,
            &mut |code, part: Part| {
                let of_data = part.element == number && length > 0;
                if !of_data && code != Code::TrailingDelimiters {
                    tell(code, part);
                }
            },
        );
        let part = Part::element(number);
        match rule {
            _ if length == 0 => {}
            None => tell(Code::ElementsTooMany, part),
            Some(rule) if rule.usage == Usage::NotUsed => tell(Code::ElementNotUsed, part),
            Some(rule) if length < u64::from(rule.min) => tell(Code::ElementTooShort, part),
            Some(rule) if rule.max != 0 && length > u64::from(rule.max) => {
                tell(Code::ElementTooLong, part)
            }
            Some(_) => {}
        }
    }

    /// Checks one segment against its definition.
    pub(crate) fn segment(
        &self,
        chart: &Chart,
        definition: u16,
        segment: &Segment<'_>,
        tell: Tell<'_>,
    ) {
        let guide = &chart.guide;
        let definition = &guide.segments[usize::from(definition)];
        let rules = chart.elements(definition);
        let mut fields = segment.fields();
        fields.next();
        let mut present = 0_u64;
        let mut last_empty = false;
        for (index, rule) in rules.iter().enumerate() {
            let value = fields.next();
            last_empty = value.map_or(last_empty, <[u8]>::is_empty);
            let number = index as u16 + 1;
            match value {
                Some(value) if !value.is_empty() => {
                    present |= 1_u64.checked_shl(index as u32).unwrap_or(0);
                    let element = Element::new(value, &self.delimiters);
                    self.element(
                        chart,
                        rule,
                        &Scope {
                            segment,
                            number,
                            element,
                        },
                        tell,
                    );
                }
                _ if rule.usage == Usage::Required => {
                    tell(Code::ElementMissing, Part::element(number))
                }
                _ => {}
            }
        }
        self.beyond(fields, last_empty, rules.len(), tell);
        if definition.note_count > 0 {
            notes(guide.notes.as_slice(), definition, present, tell);
        }
        if segment.id().iter().any(u8::is_ascii_lowercase) {
            tell(Code::SegmentLowerCase, Part::default());
        }
        if !segment.is_plain() && segment.bytes().iter().any(|b| matches!(b, b'\r' | b'\n')) {
            tell(Code::LineBreakInside, Part::default());
        }
    }

    /// What stands behind the last element that the standard knows.
    fn beyond<'a>(
        &self,
        fields: impl Iterator<Item = &'a [u8]>,
        mut last_empty: bool,
        known: usize,
        tell: Tell<'_>,
    ) {
        let mut too_many = None;
        for (index, value) in fields.enumerate() {
            last_empty = value.is_empty();
            if !last_empty && too_many.is_none() {
                too_many = Some(known + index + 1);
            }
        }
        if let Some(number) = too_many {
            tell(Code::ElementsTooMany, Part::element(number as u16));
        } else if last_empty {
            tell(Code::TrailingDelimiters, Part::default());
        }
    }

    fn element(&self, chart: &Chart, rule: &Rule, scope: &Scope<'_>, tell: Tell<'_>) {
        let part = Part::element(scope.number);
        if rule.usage == Usage::NotUsed {
            return tell(Code::ElementNotUsed, part);
        }
        if rule.kind == Kind::Binary {
            // Their length is wrong, or they would not be at hand; of what they hold nothing is asked.
            return;
        }
        if rule.repeat == 1 {
            return self.repetition(chart, rule, scope, part, tell);
        }
        let mut count = 0;
        for element in scope.element.repetitions() {
            count += 1;
            let part = Part {
                repetition: count,
                ..part
            };
            if rule.repeat != 0 && count > rule.repeat {
                return tell(Code::RepetitionsTooMany, part);
            }
            if !element.is_empty() {
                self.repetition(chart, rule, &Scope { element, ..*scope }, part, tell);
            }
        }
    }

    #[inline]
    fn repetition(
        &self,
        chart: &Chart,
        rule: &Rule,
        scope: &Scope<'_>,
        part: Part,
        tell: Tell<'_>,
    ) {
        if rule.component_count == 0 {
            let format = || scope.segment.element(usize::from(rule.format_by));
            return self.value(
                chart,
                rule,
                scope.element.bytes(),
                || format().bytes(),
                part,
                tell,
            );
        }
        let rules = chart.components(rule);
        let mut components = scope.element.components();
        let mut last_empty = false;
        for (index, rule) in rules.iter().enumerate() {
            let value = components.next();
            last_empty = value.map_or(last_empty, <[u8]>::is_empty);
            let part = Part {
                component: index as u16 + 1,
                ..part
            };
            match value {
                Some(value) if !value.is_empty() => {
                    if rule.usage == Usage::NotUsed {
                        tell(Code::ElementNotUsed, part);
                    } else {
                        let format = || scope.element.component(usize::from(rule.format_by));
                        self.value(chart, rule, value, format, part, tell);
                    }
                }
                _ if rule.usage == Usage::Required => tell(Code::ElementMissing, part),
                _ => {}
            }
        }
        if components.next().is_some() {
            tell(Code::ComponentsTooMany, part);
        } else if last_empty {
            tell(Code::TrailingDelimiters, part);
        }
    }

    /// One value: its characters, length, type and code.
    ///
    /// A state or province is looked up whatever country stands beside it, so one of a country whose provinces are in no list is told.
    #[inline]
    fn value<'a>(
        &self,
        chart: &Chart,
        rule: &Rule,
        value: &'a [u8],
        format: impl Fn() -> &'a [u8],
        part: Part,
        tell: Tell<'_>,
    ) {
        let classes = value
            .iter()
            .fold(0, |all, &byte| all | self.classes[usize::from(byte)]);
        if classes != 0 {
            return self.unusual(chart, rule, value, classes, part, tell);
        }
        let length = match rule.kind {
            Kind::Id | Kind::An | Kind::Binary | Kind::Composite => Some(value.len()),
            Kind::Numeric(_) => whole_digits(value),
            Kind::Decimal => decimal_digits(value),
            Kind::Date | Kind::Time => value.iter().all(u8::is_ascii_digit).then_some(value.len()),
        };
        let Some(length) = length else {
            let code = match rule.kind {
                Kind::Date => Code::ElementDate,
                Kind::Time => Code::ElementTime,
                _ => Code::ElementCharacter,
            };
            return tell(code, part);
        };
        if length < usize::from(rule.min) {
            tell(Code::ElementTooShort, part);
        } else if rule.max != 0 && length > rule.max as usize {
            tell(Code::ElementTooLong, part);
        } else if rule.kind == Kind::Date && !is_date(value) {
            tell(Code::ElementDate, part);
        } else if rule.kind == Kind::Time && !is_time(value) {
            tell(Code::ElementTime, part);
        } else if rule.format_by != 0 {
            match formatted(format(), value) {
                Formatted::Fits => {}
                Formatted::BadDate => tell(Code::ElementDate, part),
                Formatted::BadTime => tell(Code::ElementTime, part),
            }
        }
        if rule.codes != NONE && !chart.codes[usize::from(rule.codes)].contains(value) {
            tell(Code::ElementCode, part);
        } else if rule.list != NONE && !chart.lists[usize::from(rule.list)].contains(value) {
            tell(Code::ElementExternalCode, part);
        }
        if rule.pattern != NONE && !chart.patterns[usize::from(rule.pattern)].matches(value) {
            tell(Code::ElementPattern, part);
        }
        if value.last() == Some(&b' ') && length > usize::from(rule.min) {
            tell(Code::TrailingBlanks, part);
        }
    }

    /// A value with characters out of the ordinary: line breaks are taken out first, then what is left is told.
    #[cold]
    fn unusual(
        &self,
        chart: &Chart,
        rule: &Rule,
        value: &[u8],
        classes: u8,
        part: Part,
        tell: Tell<'_>,
    ) {
        if classes & COMPONENT != 0 {
            return tell(Code::ComponentsTooMany, part);
        }
        if classes & REPETITION != 0 {
            return tell(Code::RepetitionsTooMany, part);
        }
        let joined = unwrapped(value);
        if joined
            .iter()
            .any(|&byte| self.classes[usize::from(byte)] & BAD != 0)
        {
            return tell(Code::ElementCharacter, part);
        }
        if !joined.is_empty() {
            // The format's qualifier, wrapped too perhaps, is not looked at here.
            let rule = Rule {
                format_by: 0,
                ..*rule
            };
            self.value(chart, &rule, &joined, || &[], part, tell);
        }
    }
}

/// The element that is being checked, and its segment.
#[derive(Clone, Copy)]
struct Scope<'a> {
    segment: &'a Segment<'a>,
    number: u16,
    element: Element<'a>,
}

/// The syntax notes of a segment, given which of its elements stand.
fn notes(notes: &[Note], definition: &Definition, present: u64, tell: Tell<'_>) {
    let notes = &notes[usize::from(definition.first_note)..][..usize::from(definition.note_count)];
    for note in notes {
        let stand = present & note.elements;
        let missing = note.elements & !present;
        let first = 1_u64 << (note.first - 1);
        let others = note.elements & !first;
        let lacking = match note.rule {
            NoteRule::Paired if stand != 0 => missing,
            NoteRule::Required if stand == 0 => first,
            NoteRule::Conditional if present & first != 0 => missing,
            NoteRule::ListConditional if present & first != 0 && present & others == 0 => {
                others & others.wrapping_neg()
            }
            NoteRule::Exclusion if stand.count_ones() > 1 => {
                let second = stand & (stand - 1);
                tell(
                    Code::ElementExclusion,
                    Part::element(second.trailing_zeros() as u16 + 1),
                );
                0
            }
            _ => 0,
        };
        if lacking != 0 {
            tell(
                Code::ElementConditionMissing,
                Part::element(lacking.trailing_zeros() as u16 + 1),
            );
        }
    }
}
