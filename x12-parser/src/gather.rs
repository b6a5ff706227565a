//! What rules gather while a transaction set is walked: counts, sums, values, in bounded memory for each slot.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use x12_schemas::table::{Check, Filter, Gathers};

use crate::chart::Chart;
use crate::code_set::List;
use crate::decimal::Decimal;
use crate::distinct::Distinct;
use crate::event::{Part, Span};
use crate::limits::{RULE_VALUE_BYTES, RULE_VALUES};
use crate::rule_index::{Reader, Slot};
use crate::segment::{Element, Segment, unwrapped};
use crate::value::is_date;

/// A value at its place. It is a document's, so it has no `Debug`.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) span: Span,
    pub(crate) loop_index: u16,
    pub(crate) segment: u16,
    pub(crate) part: Part,
    /// None if it is not what is wrong.
    pub(crate) value: Option<Arc<[u8]>>,
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seen({})", self.segment)
    }
}

/// Where a segment stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) span: Span,
    pub(crate) loop_index: u16,
    pub(crate) segment: u16,
}

impl Place {
    /// A value here, no longer than it may be quoted; none if it need not be.
    pub(crate) fn seen(&self, part: Part, value: Option<&[u8]>) -> Seen {
        let Self {
            span,
            loop_index,
            segment,
        } = *self;
        let quoted = value.map(|value| &value[..value.len().min(RULE_VALUE_BYTES)]);
        Seen {
            span,
            loop_index,
            segment,
            part,
            value: quoted.map(Into::into),
        }
    }
}

/// A day, CCYYMMDD.
pub(crate) type Day = [u8; 8];

/// What a slot has gathered in the open occurrence: what is looked at most, side by side.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) count: u32,
    /// What is told stood: the first value; one among the codes; one that is not as it should be, or stood before.
    pub(crate) is_hit: bool,
    /// A value could not be added, or there were too many to compare.
    pub(crate) is_lost: bool,
    /// Whether [`More`] holds something too.
    has_more: bool,
}

/// A loop begins: slots forget everything. What a [`State`] holds means nothing until its [`Tally`] says so.
pub(crate) fn begin(tallies: &mut [Tally], states: &mut [State]) {
    for (tally, state) in tallies.iter_mut().zip(states) {
        if tally.has_more
            && let Some(more) = &mut state.more
        {
            more.begin();
        }
        *tally = Tally::default();
    }
}

/// What a slot has gathered beside its [`Tally`].
#[derive(Default)]
pub(crate) struct State {
    /// Where the hit is, if that may be told.
    pub(crate) hit: Option<(Place, Part)>,
    /// Its value, if that may be told.
    pub(crate) quoted: Vec<u8>,
    /// The sum, or the highest, if there is any value.
    pub(crate) sum: Decimal,
    /// The earliest and the latest day, if there is any value.
    pub(crate) days: Option<(Day, Day)>,
    pub(crate) more: Option<Box<More>>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "State({})", self.hit.is_some())
    }
}

/// A value that is offered to one slot after the other.
pub(crate) struct Value<'v> {
    bytes: &'v [u8],
    amount: OnceCell<Option<Decimal>>,
    /// The day, or the first of a period.
    day: OnceCell<Option<Day>>,
}

impl<'v> Value<'v> {
    pub(crate) fn new(bytes: &'v [u8]) -> Self {
        Self {
            bytes,
            amount: OnceCell::new(),
            day: OnceCell::new(),
        }
    }

    fn amount(&self) -> Option<Decimal> {
        *self.amount.get_or_init(|| Decimal::parse(self.bytes))
    }

    fn day(&self) -> Option<Day> {
        *self.day.get_or_init(|| self.day_from(0))
    }

    fn day_from(&self, from: usize) -> Option<Day> {
        let day: Day = self.bytes.get(from..from + 8)?.try_into().ok()?;
        is_date(&day).then_some(day)
    }
}

/// What few slots gather.
#[derive(Default)]
pub(crate) struct More {
    /// Values, with the first place of each.
    pub(crate) values: Distinct<(Place, Part)>,
    /// Codes that are not in force at all times.
    pub(crate) timed: Vec<Seen>,
    /// Sums by party.
    pub(crate) sums: HashMap<Box<[u8]>, Decimal>,
    /// What is added for the party of the open occurrence, and who that is.
    pending: Decimal,
    party: Option<Box<[u8]>>,
}

impl More {
    fn begin(&mut self) {
        self.values.clear();
        self.timed.clear();
        if self.sums.capacity() > 0 {
            self.sums = HashMap::new();
        }
        self.pending = Decimal::default();
        self.party = None;
    }
}

/// A slot while it gathers.
pub(crate) struct Gatherer<'g> {
    pub(crate) tally: &'g mut Tally,
    pub(crate) state: &'g mut State,
}

impl Gatherer<'_> {
    /// What is about one party has ended.
    pub(crate) fn settle(self) {
        let Some(more) = &mut self.state.more else {
            return;
        };
        let pending = std::mem::take(&mut more.pending);
        let Some(party) = more.party.take() else {
            return;
        };
        if more.sums.len() >= RULE_VALUES && !more.sums.contains_key(&party) {
            self.tally.is_lost = true;
            return;
        }
        let sum = more.sums.entry(party).or_default();
        match sum.plus(pending) {
            Some(more) => *sum = more,
            None => self.tally.is_lost = true,
        }
    }

    /// Takes the value that names the party of the open occurrence.
    pub(crate) fn name(self, value: &Value<'_>) {
        self.tally.has_more = true;
        let more = self.state.more.get_or_insert_default();
        if more.party.is_none() {
            more.party = Some(value.bytes.into());
        }
    }

    /// Takes a value.
    #[inline]
    pub(crate) fn take(
        mut self,
        chart: &Chart,
        slot: &Slot,
        at: (Place, Part),
        offered: &Value<'_>,
    ) {
        self.tally.count = self.tally.count.saturating_add(1);
        let value = offered.bytes;
        let is_hit = match slot.gathers {
            Gathers::Presence => true,
            Gathers::Codes(_) if self.tally.is_hit => return,
            Gathers::Codes(codes) => is_code(chart, codes, value),
            Gathers::Others(codes) => !is_code(chart, codes, value),
            Gathers::Sum => return self.add(slot, offered),
            Gathers::Highest => return self.rise(offered),
            Gathers::Values => self.keep(at, value),
            Gathers::Dates(is_end) => return self.date(is_end, offered),
            Gathers::Check(check) => !is_good(check, offered),
            Gathers::Matches(pattern) => {
                let pattern = chart.patterns.get(usize::from(pattern));
                pattern.is_some_and(|pattern| !pattern.matches(value))
            }
            Gathers::Listed(_) | Gathers::InForce(_) => {
                let list = slot
                    .list
                    .and_then(|list| chart.lists.get(usize::from(list)));
                let is_unlisted = list.is_some_and(|list| self.is_unlisted(list, at, value));
                is_unlisted && matches!(slot.gathers, Gathers::Listed(_))
            }
        };
        if !is_hit || self.tally.is_hit {
            return;
        }
        self.tally.is_hit = true;
        if slot.places {
            self.state.hit = Some(at);
        }
        if slot.quotes {
            let quoted = value.len().min(RULE_VALUE_BYTES);
            self.state.quoted.clear();
            self.state.quoted.extend_from_slice(&value[..quoted]);
        }
    }

    fn add(self, slot: &Slot, value: &Value<'_>) {
        let sum = if slot.by_party {
            self.tally.has_more = true;
            &mut self.state.more.get_or_insert_default().pending
        } else {
            if self.tally.count == 1 {
                self.state.sum = Decimal::default();
            }
            &mut self.state.sum
        };
        match value.amount().and_then(|amount| sum.plus(amount)) {
            Some(more) => *sum = more,
            None => self.tally.is_lost = true,
        }
    }

    fn rise(self, value: &Value<'_>) {
        match value.amount() {
            Some(amount) if self.tally.count == 1 => self.state.sum = amount,
            Some(amount) => self.state.sum = self.state.sum.max(amount),
            None => self.tally.is_lost = true,
        }
    }

    /// Keeps a value; whether it stood before.
    fn keep(&mut self, at: (Place, Part), value: &[u8]) -> bool {
        self.tally.has_more = true;
        let values = &mut self.state.more.get_or_insert_default().values;
        if values.contains(value) {
            return true;
        }
        if values.len() < RULE_VALUES && value.len() <= RULE_VALUE_BYTES {
            values.insert(value, at);
        } else {
            self.tally.is_lost = true;
        }
        false
    }

    /// Takes a day, or one end of a period; what is none is passed over.
    fn date(self, is_end: bool, value: &Value<'_>) {
        if self.tally.count == 1 {
            self.state.days = None;
        }
        let is_period = is_end && value.bytes.get(8) == Some(&b'-');
        let end = if is_period {
            value.day_from(9)
        } else {
            value.day()
        };
        let Some(day) = end else {
            return;
        };
        self.state.days = Some(match self.state.days {
            Some((first, last)) => (first.min(day), last.max(day)),
            None => (day, day),
        });
    }

    /// Whether a code is not in its list; keeps one that is in it for a time only.
    fn is_unlisted(&mut self, list: &List, (place, part): (Place, Part), value: &[u8]) -> bool {
        if !list.contains(value) {
            return true;
        }
        if list.is_timed(value) {
            self.tally.has_more = true;
            let timed = &mut self.state.more.get_or_insert_default().timed;
            if timed.len() < RULE_VALUES {
                timed.push(place.seen(part, Some(value)));
            } else {
                self.tally.is_lost = true;
            }
        }
        false
    }
}

/// The elements of a segment, side by side.
pub(crate) struct Fields<'a> {
    segment: Segment<'a>,
    /// Of one whose elements hold other delimiters, what stands between the separators, so that it is looked for once.
    split: Option<[&'a [u8]; ELEMENTS]>,
    /// How many stand, its identifier among them, if they were looked for at once.
    count: usize,
}

/// Elements that are looked for at once; a claim has twenty, and few segments more.
const ELEMENTS: usize = 24;

impl<'a> Fields<'a> {
    pub(crate) fn new(segment: &Segment<'a>, readers: usize) -> Self {
        // Of few readers each looks for itself.
        if readers <= 2 || segment.is_flat() {
            return Self {
                segment: *segment,
                split: None,
                count: usize::MAX,
            };
        }
        let mut split: [&[u8]; ELEMENTS] = [&[]; ELEMENTS];
        let mut count = 0;
        for field in segment.fields() {
            if let Some(to) = split.get_mut(count) {
                *to = field;
            }
            count += 1;
        }
        Self {
            segment: *segment,
            split: Some(split),
            count,
        }
    }

    fn element(&self, number: usize) -> Element<'a> {
        match &self.split {
            Some(split) if number < ELEMENTS => {
                Element::new(split[number], self.segment.delimiters())
            }
            _ => self.segment.element(number),
        }
    }

    /// Reads the values of a term, in each run and repetition in which it stands.
    #[inline]
    pub(crate) fn read(&self, chart: &Chart, reader: &Reader, mut take: impl FnMut(Part, &[u8])) {
        let reading = &reader.reading;
        if reading.element == 0 {
            if reading
                .filters
                .iter()
                .all(|filter| self.holds(filter, 0, chart))
            {
                take(Part::default(), &[]);
            }
            return;
        }
        for run in 0..u16::from(reading.times) {
            let number = u16::from(reading.element) + run * u16::from(reading.step);
            if usize::from(number) >= self.count {
                break;
            }
            let element = self.element(usize::from(number));
            let holds = |filter: &Filter| self.holds(filter, run, chart);
            if !element.is_empty() && reading.filters.iter().all(holds) {
                let part = Part {
                    element: number,
                    component: u16::from(reading.component),
                    repetition: reader.repeats.into(),
                };
                self.values(element, part, &mut take);
            }
        }
    }

    /// The values of one element; `part` is its first.
    #[inline]
    fn values(&self, element: Element<'_>, part: Part, take: &mut impl FnMut(Part, &[u8])) {
        let mut one = |element: Element<'_>, repetition| {
            let value = match part.component {
                0 => element.bytes(),
                component => element.component(usize::from(component)),
            };
            // Of a wrapped file an element may hold a line break, and nothing.
            let value = self.unwrapped(value);
            if !value.is_empty() {
                take(Part { repetition, ..part }, &value);
            }
        };
        if self.segment.is_flat() {
            return one(element, part.repetition);
        }
        let mut repetitions = element.repetitions();
        match (repetitions.next(), repetitions.next()) {
            (Some(first), Some(second)) => {
                let rest = [first, second].into_iter().chain(repetitions);
                for (element, repetition) in rest.zip(1..) {
                    one(element, repetition);
                }
            }
            _ => one(element, part.repetition),
        }
    }

    #[inline]
    fn unwrapped<'v>(&self, value: &'v [u8]) -> Cow<'v, [u8]> {
        if self.segment.is_plain() {
            Cow::Borrowed(value)
        } else {
            unwrapped(value)
        }
    }

    #[inline]
    fn holds(&self, filter: &Filter, run: u16, chart: &Chart) -> bool {
        let number = u16::from(filter.element) + run * u16::from(filter.step);
        let element = self.element(usize::from(number));
        let value = match filter.component {
            0 => element.bytes(),
            component => element.component(usize::from(component)),
        };
        is_code(chart, filter.codes, &self.unwrapped(value)) != filter.negated
    }
}

#[inline]
fn is_code(chart: &Chart, codes: u16, value: &[u8]) -> bool {
    let codes = chart.codes.get(usize::from(codes));
    codes.is_some_and(|codes| codes.contains(value))
}

/// Whether a value is as it should be; one that is no number is told elsewhere.
fn is_good(check: Check, value: &Value<'_>) -> bool {
    let amount = |holds: fn(Decimal) -> bool| value.amount().is_none_or(holds);
    let value = value.bytes;
    match check {
        Check::Npi => is_npi(value),
        Check::Positive => amount(|amount| amount > Decimal::default()),
        Check::NotNegative => amount(|amount| amount >= Decimal::default()),
        Check::Cents => amount(|amount| amount.is_whole_in(100)),
        Check::Whole => amount(|amount| amount.is_whole_in(1)),
        Check::Forward => match (value.get(..8), value.get(8), value.get(9..)) {
            (Some(first), Some(b'-'), Some(last)) if last.len() == 8 => first <= last,
            _ => true,
        },
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
