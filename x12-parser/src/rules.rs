//! Rules over several segments, followed while a transaction set is walked: what they look at is gathered as it stands, and looked at
//! when its loop ends. Each rule keeps one occurrence at a time, in bounded memory, and ends whatever the document.

use std::collections::HashSet;
use std::sync::Arc;

use x12_schemas::table::{Check, Condition, Gathers, Guide, NONE, Reading, SituationRule};

use crate::chart::Chart;
use crate::decimal::Decimal;
use crate::event::{Part, Span};
use crate::finding::Position;
use crate::rule_index::RuleIndex;
use crate::segment::{Element, Segment, unwrapped};

/// Values of one cell that are kept to be compared; an occurrence with more is not looked at.
const VALUES: usize = 100_000;

/// Longest value that is kept: no identifier or date is longer.
const VALUE_BYTES: usize = 80;

/// What the rules of a guide have gathered in a transaction set.
#[derive(Debug)]
pub(crate) struct Rules {
    states: Vec<Vec<State>>,
}

/// What a cell has gathered in the open occurrence.
#[derive(Debug, Default)]
struct State {
    count: u32,
    first: Option<Seen>,
    /// A value among the codes; one that failed its check, or stood before.
    hit: Option<Seen>,
    sum: Decimal,
    /// A value could not be added, or there were too many to compare.
    lost: bool,
    values: HashSet<Box<[u8]>>,
}

/// A value at its place. It is a document's, so it has no `Debug`.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) span: Span,
    pub(crate) loop_index: u16,
    pub(crate) segment: u16,
    pub(crate) part: Part,
    pub(crate) value: Arc<[u8]>,
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seen({})", self.segment)
    }
}

/// A rule that is broken, and where that is told.
pub(crate) struct Broken {
    pub(crate) rule: u16,
    pub(crate) told: Told,
}

/// Where a broken rule is told.
pub(crate) enum Told {
    /// At a value, which is what is wrong.
    Value(Seen),
    /// At a value, which is not.
    At(Seen),
    /// At the end of the loop, which lacks this segment.
    Missing(Reading),
    /// At the end of the loop.
    End,
}

impl Rules {
    pub(crate) fn new(guide: &Guide) -> Self {
        let states = |rule: &SituationRule| rule.cells.iter().map(|_| State::default()).collect();
        Self {
            states: guide.rules.iter().map(states).collect(),
        }
    }

    /// Looks at nothing any more.
    pub(crate) fn stop(&mut self) {
        self.states.clear();
    }

    /// A loop begins: what its rules gathered in the one before is forgotten.
    pub(crate) fn open(&mut self, index: &RuleIndex, loop_index: u16) {
        for &rule in index
            .scopes
            .get(usize::from(loop_index))
            .into_iter()
            .flatten()
        {
            for state in self.states.get_mut(usize::from(rule)).into_iter().flatten() {
                *state = State::default();
            }
        }
    }

    /// A segment stands in a loop.
    pub(crate) fn segment(
        &mut self,
        chart: &Chart,
        (definition, loop_index): (u16, u16),
        segment: &Segment<'_>,
        span: Span,
    ) {
        if self.states.is_empty() {
            return;
        }
        let readers = chart.rules.readers.get(usize::from(definition));
        for reader in readers.into_iter().flatten() {
            if reader.reading.loop_index != loop_index {
                continue;
            }
            let Some(rule) = chart.guide.rules.get(usize::from(reader.rule)) else {
                continue;
            };
            let gathers = rule.cells[usize::from(reader.cell)].gathers;
            let states = self.states.get_mut(usize::from(reader.rule));
            let Some(state) = states.and_then(|states| states.get_mut(usize::from(reader.cell)))
            else {
                continue;
            };
            let place = Place {
                span,
                loop_index,
                segment: definition,
            };
            read(reader.reading, segment, &mut |part, value| {
                state.take(chart, gathers, place.seen(part, value), value);
            });
        }
    }

    /// A loop ends: which of its rules are broken.
    pub(crate) fn close(&self, chart: &Chart, loop_index: u16) -> Vec<Broken> {
        let rules = chart.rules.scopes.get(usize::from(loop_index));
        let broken = |&rule: &u16| {
            let definition = chart.guide.rules.get(usize::from(rule))?;
            let states = self.states.get(usize::from(rule))?;
            let look = Look { states };
            if !definition
                .when
                .iter()
                .all(|condition| look.holds(condition))
            {
                return None;
            }
            let failed = definition
                .require
                .iter()
                .find(|condition| !look.holds(condition))?;
            let anchor = states.get(usize::from(definition.anchor))?.first.clone();
            let told = match (look.hit(failed), lacking(definition, failed), anchor) {
                (Some(hit), ..) => Told::Value(hit),
                (_, Some(lacks), Some(seen)) if lacks.segment == seen.segment => Told::At(Seen {
                    part: Part {
                        element: lacks.element.into(),
                        component: lacks.component.into(),
                        repetition: 0,
                    },
                    ..seen
                }),
                (_, Some(lacks), _) => Told::Missing(lacks),
                (.., Some(seen)) => Told::At(seen),
                _ => Told::End,
            };
            Some(Broken { rule, told })
        };
        rules.into_iter().flatten().filter_map(broken).collect()
    }
}

/// Where a segment stands.
#[derive(Clone, Copy)]
struct Place {
    span: Span,
    loop_index: u16,
    segment: u16,
}

impl Place {
    fn seen<'v>(&self, part: Part, value: &'v [u8]) -> impl Fn() -> Seen + use<'v> {
        let Self {
            span,
            loop_index,
            segment,
        } = *self;
        move || Seen {
            span,
            loop_index,
            segment,
            part,
            value: value
                .get(..value.len().min(VALUE_BYTES))
                .unwrap_or_default()
                .into(),
        }
    }
}

/// Reads the values of an element, in each run and repetition in which it stands.
fn read(reading: Reading, segment: &Segment<'_>, take: &mut dyn FnMut(Part, &[u8])) {
    for run in 0..u16::from(reading.times) {
        let number = u16::from(reading.element) + run * u16::from(reading.step);
        let element = segment.element(usize::from(number));
        if element.is_empty() {
            continue;
        }
        let component = u16::from(reading.component);
        let mut one = |element: Element<'_>, repetition| {
            let value = match component {
                0 => element.bytes(),
                component => element.component(usize::from(component)),
            };
            if !value.is_empty() {
                let part = Part {
                    element: number,
                    component,
                    repetition,
                };
                take(part, &unwrapped(value));
            }
        };
        let mut repetitions = element.repetitions();
        match (repetitions.next(), repetitions.next()) {
            (Some(first), Some(second)) => {
                let rest = [first, second].into_iter().chain(repetitions);
                for (element, repetition) in rest.zip(1..) {
                    one(element, repetition);
                }
            }
            _ => one(element, 0),
        }
    }
}

impl State {
    fn take(&mut self, chart: &Chart, gathers: Gathers, seen: impl Fn() -> Seen, value: &[u8]) {
        self.count = self.count.saturating_add(1);
        if gathers == Gathers::Presence && self.first.is_none() {
            self.first = Some(seen());
        }
        let is_hit = match gathers {
            Gathers::Presence => false,
            Gathers::Codes(codes) => chart
                .codes
                .get(usize::from(codes))
                .is_some_and(|codes| codes.contains(value)),
            Gathers::Sum => {
                match Decimal::parse(value).and_then(|value| self.sum.plus(value)) {
                    Some(sum) => self.sum = sum,
                    None => self.lost = true,
                }
                false
            }
            Gathers::Values if self.values.len() < VALUES => !self.values.insert(value.into()),
            Gathers::Values => {
                self.lost = true;
                false
            }
            Gathers::Check(Check::Npi) => !is_npi(value),
        };
        if is_hit && self.hit.is_none() {
            self.hit = Some(seen());
        }
    }
}

/// Looks at what was gathered.
struct Look<'s> {
    states: &'s [State],
}

impl Look<'_> {
    fn state(&self, cell: u16) -> Option<&State> {
        self.states.get(usize::from(cell))
    }

    fn count(&self, cell: u16) -> u32 {
        self.state(cell).map_or(0, |state| state.count)
    }

    /// Whether it holds; what cannot be known does.
    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Present(cell) => self.count(*cell) > 0,
            Condition::Absent(cell) => self.count(*cell) == 0,
            Condition::Code(cell) => self.state(*cell).is_some_and(|state| state.hit.is_some()),
            Condition::Count(cell, least, most) => {
                let count = self.count(*cell);
                count >= *least && (*most == 0 || count <= *most)
            }
            Condition::Balance(plus, minus) => self.is_balanced(plus, minus),
            Condition::Unique(cell) | Condition::Check(cell) => {
                self.state(*cell).is_none_or(|state| state.hit.is_none())
            }
            Condition::Among(values, known) => self.is_among(*values, *known),
            Condition::NotAfter(first, second) => {
                let date = |cell| self.state(cell)?.first.as_ref()?.value.get(..8);
                match (date(*first), date(*second)) {
                    (Some(first), Some(second)) => first <= second,
                    _ => true,
                }
            }
            Condition::Any(conditions) => conditions.iter().any(|condition| self.holds(condition)),
            Condition::Not(conditions) => !conditions.iter().any(|condition| self.holds(condition)),
        }
    }

    fn is_balanced(&self, plus: &[u16], minus: &[u16]) -> bool {
        let mut sum = Some(Decimal::default());
        for (cells, is_added) in [(plus, true), (minus, false)] {
            for state in cells.iter().filter_map(|cell| self.state(*cell)) {
                if state.lost {
                    return true;
                }
                sum = sum.and_then(|sum| match is_added {
                    true => sum.plus(state.sum),
                    false => sum.minus(state.sum),
                });
            }
        }
        sum.is_none_or(|sum| sum == Decimal::default())
    }

    fn is_among(&self, values: u16, known: u16) -> bool {
        match (self.state(values), self.state(known)) {
            (Some(values), Some(known)) => {
                values.lost || known.lost || values.values.is_subset(&known.values)
            }
            _ => true,
        }
    }

    /// The value that made it fail, if a single one did.
    fn hit(&self, condition: &Condition) -> Option<Seen> {
        match condition {
            Condition::Unique(cell) | Condition::Check(cell) => self.state(*cell)?.hit.clone(),
            Condition::Absent(cell) => self.state(*cell)?.first.clone(),
            Condition::Not(conditions) => conditions.iter().find_map(|condition| match condition {
                Condition::Code(cell) => self.state(*cell)?.hit.clone(),
                Condition::Present(cell) => self.state(*cell)?.first.clone(),
                _ => None,
            }),
            _ => None,
        }
    }
}

/// Whether ten digits end with their check digit (45 CFR 162.406; ISO 7812 with the prefix 80840).
fn is_npi(value: &[u8]) -> bool {
    // What the prefix adds to the sum.
    let mut sum = 24;
    for (position, byte) in value.iter().enumerate() {
        if !byte.is_ascii_digit() {
            return false;
        }
        let digit = u32::from(byte - b'0');
        // Every other digit from the right, the check digit not among them, counts twice.
        sum += match position % 2 {
            0 if digit > 4 => 2 * digit - 9,
            0 => 2 * digit,
            _ => digit,
        };
    }
    value.len() == 10 && sum % 10 == 0
}

/// What a failed condition asks for, if it asks for something to stand.
fn lacking(rule: &SituationRule, failed: &Condition) -> Option<Reading> {
    match failed {
        Condition::Present(cell) => rule
            .cells
            .get(usize::from(*cell))?
            .readings
            .first()
            .copied(),
        Condition::Any(conditions) => conditions
            .iter()
            .find_map(|condition| lacking(rule, condition)),
        _ => None,
    }
}

impl Broken {
    /// Where it is told in the guide.
    pub(crate) fn position(&self, guide: &Arc<Guide>, loop_index: u16) -> Position {
        match &self.told {
            Told::Value(seen) | Told::At(seen) => {
                Position::new(guide, seen.loop_index, seen.segment)
            }
            Told::Missing(reading) => Position::new(guide, loop_index, reading.segment),
            Told::End => Position::new(guide, loop_index, NONE),
        }
    }

    /// Where it is told in the document, which has come to `end`.
    pub(crate) fn place(&self, end: Span) -> (Span, Part) {
        match &self.told {
            Told::Value(seen) | Told::At(seen) => (seen.span, seen.part),
            Told::Missing(_) | Told::End => (Span { length: 0, ..end }, Part::default()),
        }
    }

    /// The value that is what is wrong.
    pub(crate) fn value(&self) -> Option<&Arc<[u8]>> {
        match &self.told {
            Told::Value(seen) => Some(&seen.value),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_npi;

    #[test]
    fn check_digits_of_npis() {
        for good in ["1234567893", "1245319599"] {
            assert!(is_npi(good.as_bytes()), "{good}");
        }
        for bad in ["1234567890", "123456789", "12345678930", "ABCDEFGHIJ", ""] {
            assert!(!is_npi(bad.as_bytes()), "{bad}");
        }
    }
}
