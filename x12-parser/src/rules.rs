//! Rules over several segments, followed while a transaction set is walked: what they look at is gathered as it stands, and looked at
//! when its loop ends. What is gathered is of one occurrence at a time, in bounded memory, and ends whatever the document.

use std::sync::Arc;

use x12_schemas::table::{Amounts, Condition, Guide, NONE, Reading, Relation, SituationRule};

use crate::chart::Chart;
use crate::decimal::Decimal;
use crate::event::{Part, Span};
use crate::finding::{Position, Trigger};
use crate::gather::{Day, Fields, Gatherer, Place, Seen, State, Tally, Value, begin};
use crate::rule_index::{Scoped, Slot};
use crate::segment::Segment;

/// What the rules of a guide have gathered in a transaction set; by default there are none to be followed.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    tallies: Vec<Tally>,
    states: Vec<State>,
}

/// A rule that is broken, and where that is told.
pub(crate) struct Broken {
    pub(crate) rule: u16,
    pub(crate) told: Told,
    /// What made it matter: the first value that each of its conditions looked at.
    triggers: Vec<Seen>,
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
    pub(crate) fn new(chart: &Chart) -> Self {
        let slots = chart.rules.slots.iter();
        Self {
            tallies: slots.clone().map(|_| Tally::default()).collect(),
            states: slots.map(|_| State::default()).collect(),
        }
    }

    /// Looks at nothing any more.
    pub(crate) fn stop(&mut self) {
        self.tallies.clear();
        self.states.clear();
    }

    #[inline]
    fn gatherer(&mut self, slot: u16) -> Option<Gatherer<'_>> {
        let slot = usize::from(slot);
        Some(Gatherer {
            tally: self.tallies.get_mut(slot)?,
            state: self.states.get_mut(slot)?,
        })
    }

    #[inline]
    fn count(&mut self, slot: u16) {
        if let Some(tally) = self.tallies.get_mut(usize::from(slot)) {
            tally.count = tally.count.saturating_add(1);
        }
    }

    /// A loop begins: what was gathered in the one before is forgotten.
    pub(crate) fn open(&mut self, chart: &Chart, loop_index: u16) {
        let Some(ranges) = chart.rules.begins.get(usize::from(loop_index)) else {
            return;
        };
        for range in ranges {
            let tallies = self.tallies.get_mut(range.clone());
            if let (Some(tallies), Some(states)) = (tallies, self.states.get_mut(range.clone())) {
                begin(tallies, states);
            }
        }
    }

    /// A segment stands in a loop.
    pub(crate) fn segment(
        &mut self,
        chart: &Chart,
        (segment, loop_index): (u16, u16),
        read: &Segment<'_>,
        span: Span,
    ) {
        let readers = chart.rules.readers(segment, loop_index);
        if self.states.is_empty() || readers.is_empty() {
            return;
        }
        let place = Place {
            span,
            loop_index,
            segment,
        };
        let fields = Fields::new(read, readers.len());
        for reader in readers {
            fields.read(chart, reader, |part, value| {
                let value = Value::new(value);
                for taker in &reader.takers {
                    if taker.counts {
                        self.count(taker.slot);
                    } else if let Some(gatherer) = self.gatherer(taker.slot) {
                        match taker.is_name {
                            true => gatherer.name(&value),
                            false => gatherer.take(chart, &taker.takes, (place, part), &value),
                        }
                    }
                }
            });
        }
    }

    /// A loop ends: which of its rules are broken.
    pub(crate) fn close(&mut self, chart: &Chart, loop_index: u16) -> Vec<Broken> {
        let settled = chart.rules.settles.get(usize::from(loop_index));
        for &slot in settled.into_iter().flatten() {
            if let Some(gatherer) = self.gatherer(slot) {
                gatherer.settle();
            }
        }
        if self.states.is_empty() {
            return Vec::new();
        }
        let Some(rules) = chart.rules.scopes.get(usize::from(loop_index)) else {
            return Vec::new();
        };
        let broken = |scoped: &Scoped| {
            let needed = self.tallies.get(usize::from(scoped.needs));
            let lacks = |tally: &Tally| tally.count == 0 || scoped.needs_hit && !tally.is_hit;
            if needed.is_some_and(lacks) {
                return None;
            }
            let rule = scoped.rule;
            let definition = chart.guide.rules.get(usize::from(rule))?;
            let look = Look {
                chart,
                cells: chart.rules.cells.get(usize::from(rule))?,
                tallies: &self.tallies,
                states: &self.states,
            };
            let told = look.told(definition, loop_index)?;
            let triggers = definition.when.iter();
            let triggers = triggers.filter_map(|met| look.trigger(met)).collect();
            Some(Broken {
                rule,
                told,
                triggers,
            })
        };
        rules.iter().filter_map(broken).collect()
    }
}

/// Looks at what was gathered for one rule.
struct Look<'s> {
    chart: &'s Chart,
    cells: &'s [u16],
    tallies: &'s [Tally],
    states: &'s [State],
}

impl Look<'_> {
    /// Where it is told that the rule is broken, if it is.
    fn told(&self, rule: &SituationRule, loop_index: u16) -> Option<Told> {
        if !rule.when.iter().all(|condition| self.holds(condition)) {
            return None;
        }
        let mut conditions = rule.require.iter();
        let failed = conditions.find(|condition| !self.holds(condition))?;
        let anchor = self.seen(rule.anchor);
        let lacks = self.lacking(rule, failed, loop_index);
        Some(match (self.hit(failed), lacks, anchor) {
            (Some(hit), ..) => Told::Value(hit),
            (_, Some(lacks), Some(seen))
                if lacks.segment == seen.segment && lacks.loop_index == seen.loop_index =>
            {
                Told::At(Seen {
                    part: Part {
                        element: lacks.element.into(),
                        component: lacks.component.into(),
                        repetition: 0,
                    },
                    ..seen
                })
            }
            (_, Some(lacks), _) => Told::Missing(lacks),
            (.., Some(seen)) => Told::At(seen),
            _ => Told::End,
        })
    }

    fn slot(&self, cell: u16) -> Option<&Slot> {
        let slot = self.cells.get(usize::from(cell))?;
        self.chart.rules.slots.get(usize::from(*slot))
    }

    fn state(&self, cell: u16) -> Option<&State> {
        let slot = self.cells.get(usize::from(cell))?;
        self.states.get(usize::from(*slot))
    }

    #[inline]
    fn tally(&self, cell: u16) -> Tally {
        let slot = self.cells.get(usize::from(cell));
        let tally = slot.and_then(|slot| self.tallies.get(usize::from(*slot)));
        tally.copied().unwrap_or_default()
    }

    fn count(&self, cell: u16) -> u32 {
        self.tally(cell).count
    }

    /// Whether it holds; what cannot be known does.
    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Present(cell) => self.count(*cell) > 0,
            Condition::Absent(cell) => self.count(*cell) == 0,
            Condition::Code(cell) => self.tally(*cell).is_hit,
            Condition::Count(cell, least, most) => {
                let count = self.count(*cell);
                count >= *least && (*most == 0 || count <= *most)
            }
            Condition::Amounts(amounts) => self.compares(amounts).unwrap_or(true),
            Condition::Unique(cell) | Condition::Good(cell) => !self.tally(*cell).is_hit,
            Condition::Among(values, known) => self.stranger(*values, *known, false).is_none(),
            Condition::Apart(values, others) => self.stranger(*values, *others, true).is_none(),
            Condition::Points(pointers, places) => {
                let most = Decimal::from(self.count(*places));
                self.tally(*pointers).is_lost || self.sum(*pointers) <= most
            }
            Condition::NotAfter(first, second) => match (self.days(*first), self.days(*second)) {
                (Some((_, last)), Some((first, _))) => last <= first,
                _ => true,
            },
            Condition::Listed(cell, dates) => {
                !self.tally(*cell).is_hit && self.expired(*cell, dates).is_none()
            }
            Condition::Any(conditions) => conditions.iter().any(|condition| self.holds(condition)),
            Condition::All(conditions) => conditions.iter().all(|condition| self.holds(condition)),
            Condition::Not(conditions) => !conditions.iter().any(|condition| self.holds(condition)),
        }
    }

    /// Whether two sums are to each other as they should be; none if that cannot be known.
    fn compares(&self, amounts: &Amounts) -> Option<bool> {
        let mut rest = match &*amounts.constant {
            "" => Decimal::default(),
            constant => Decimal::parse(constant.as_bytes())?,
        };
        let mut by_party = Vec::new();
        let added = amounts.plus.iter().map(|cell| (cell, true));
        for (cell, is_added) in added.chain(amounts.minus.iter().map(|cell| (cell, false))) {
            let state = self.state(*cell)?;
            if self.tally(*cell).is_lost {
                return None;
            }
            if self.is_by_party(*cell) {
                by_party.push((state, is_added));
            } else {
                rest = signed(rest, self.sum(*cell), is_added)?;
            }
        }
        let Some((first, others)) = by_party.split_first() else {
            return Some(holds(amounts.relation, rest));
        };
        // Without anybody named there is nobody to compare.
        let parties = first.0.more.iter().flat_map(|more| more.sums.keys());
        let sum_of = |state: &State, party: &[u8]| state.more.as_ref()?.sums.get(party).copied();
        let mut all_hold = true;
        for party in parties {
            let mut sum = Some(rest);
            let mut are_all_named = true;
            for (state, is_added) in [first].into_iter().chain(others) {
                match sum_of(state, party) {
                    Some(amount) => sum = sum.and_then(|sum| signed(sum, amount, *is_added)),
                    None => are_all_named = false,
                }
            }
            all_hold &= !are_all_named || sum.is_none_or(|sum| holds(amounts.relation, sum));
        }
        Some(all_hold)
    }

    fn is_by_party(&self, cell: u16) -> bool {
        self.slot(cell).is_some_and(|slot| slot.by_party)
    }

    /// The sum of its values, or the highest.
    fn sum(&self, cell: u16) -> Decimal {
        match self.state(cell) {
            Some(state) if self.count(cell) > 0 => state.sum,
            _ => Decimal::default(),
        }
    }

    fn days(&self, cell: u16) -> Option<(Day, Day)> {
        let state = self.state(cell).filter(|_| self.count(cell) > 0);
        state?.days
    }

    /// The value that is told of a cell, if one is.
    fn seen(&self, cell: u16) -> Option<Seen> {
        let slot = self.slot(cell)?;
        let state = self.state(cell)?;
        let is_told = slot.places && self.tally(cell).is_hit;
        let (place, part) = state.hit.filter(|_| is_told)?;
        Some(place.seen(part, slot.quotes.then_some(&state.quoted)))
    }

    /// The first value that is among others though it should not be, or the other way round.
    fn stranger(&self, values: u16, others: u16, is_apart: bool) -> Option<Seen> {
        if self.tally(values).is_lost || self.tally(others).is_lost {
            return None;
        }
        let (values, others) = (self.state(values)?, self.state(others)?);
        let known = others.more.as_ref().map(|more| &more.values);
        let is_known = |value: &[u8]| known.is_some_and(|known| known.contains(value));
        let wrong = values.more.as_ref()?.values.iter();
        let wrong = wrong.filter(|(value, _)| is_known(value) == is_apart);
        let (value, (place, part)) = wrong.min_by_key(|(_, (place, part))| {
            (
                place.span.offset,
                part.element,
                part.component,
                part.repetition,
            )
        })?;
        Some(place.seen(*part, Some(value)))
    }

    /// The first code that is not in force on the first of the dates that stands.
    fn expired(&self, cell: u16, dates: &[u16]) -> Option<Seen> {
        let timed = &self.state(cell)?.more.as_ref()?.timed;
        if timed.is_empty() {
            return None;
        }
        let list = self.slot(cell)?.list?;
        let list = self.chart.lists.get(usize::from(list))?;
        let (day, _) = dates.iter().find_map(|date| self.days(*date))?;
        let is_expired = |seen: &&Seen| {
            let code = seen.value.as_deref();
            code.is_some_and(|code| !list.is_in_force(code, &day))
        };
        let expired = timed.iter().find(is_expired);
        expired.cloned()
    }

    /// The first value that made it hold, if something had to stand for it.
    fn trigger(&self, condition: &Condition) -> Option<Seen> {
        match condition {
            Condition::Present(cell) => self.seen(*cell),
            Condition::Code(cell) => self.seen(*cell),
            Condition::Any(conditions) | Condition::All(conditions) => {
                let mut met = conditions.iter().filter(|condition| self.holds(condition));
                met.find_map(|condition| self.trigger(condition))
            }
            _ => None,
        }
    }

    /// The value that made it fail, if a single one did.
    fn hit(&self, condition: &Condition) -> Option<Seen> {
        match condition {
            Condition::Unique(cell) | Condition::Good(cell) => self.seen(*cell),
            Condition::Listed(cell, dates) => {
                let hit = self.seen(*cell);
                hit.or_else(|| self.expired(*cell, dates))
            }
            Condition::Among(values, known) => self.stranger(*values, *known, false),
            Condition::Apart(values, others) => self.stranger(*values, *others, true),
            Condition::Absent(cell) => self.seen(*cell),
            Condition::All(conditions) => {
                let mut conditions = conditions.iter();
                self.hit(conditions.find(|condition| !self.holds(condition))?)
            }
            Condition::Not(conditions) => conditions.iter().find_map(|condition| match condition {
                Condition::Code(cell) => self.seen(*cell),
                Condition::Present(cell) => self.seen(*cell),
                _ => None,
            }),
            _ => None,
        }
    }

    /// What a failed condition asks for, if it asks for something to stand.
    fn lacking(
        &self,
        rule: &SituationRule,
        failed: &Condition,
        loop_index: u16,
    ) -> Option<Reading> {
        match failed {
            Condition::Present(cell) => {
                let readings = &rule.cells.get(usize::from(*cell))?.readings;
                let guide = &self.chart.guide;
                let is_inside = |reading: &&Reading| {
                    let mut around = guide.around(reading.loop_index);
                    around.any(|index| index == loop_index)
                };
                let found = readings.iter().find(is_inside).or(readings.first());
                found.cloned()
            }
            Condition::Any(conditions) | Condition::All(conditions) => {
                let mut failed = conditions.iter().filter(|condition| !self.holds(condition));
                failed.find_map(|condition| self.lacking(rule, condition, loop_index))
            }
            _ => None,
        }
    }
}

fn signed(sum: Decimal, amount: Decimal, is_added: bool) -> Option<Decimal> {
    match is_added {
        true => sum.plus(amount),
        false => sum.minus(amount),
    }
}

/// Whether the first sum less the second is as it should be.
fn holds(relation: Relation, rest: Decimal) -> bool {
    match relation {
        Relation::Equal => rest == Decimal::default(),
        Relation::NotMore => rest <= Decimal::default(),
        Relation::Less => rest < Decimal::default(),
    }
}

impl Broken {
    /// Where it is told in the guide.
    pub(crate) fn position(&self, guide: &Arc<Guide>, loop_index: u16) -> Position {
        match &self.told {
            Told::Value(seen) | Told::At(seen) => {
                Position::new(guide, seen.loop_index, seen.segment)
            }
            Told::Missing(reading) => Position::new(guide, reading.loop_index, reading.segment),
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

    /// What made it matter, each place once and without the values.
    pub(crate) fn triggers(&self, guide: &Arc<Guide>) -> Vec<Trigger> {
        let mut triggers: Vec<Trigger> = Vec::new();
        for seen in &self.triggers {
            let next = Trigger {
                position: Position::new(guide, seen.loop_index, seen.segment),
                segment: seen.span.segment,
                element: seen.part.element,
                component: seen.part.component,
                repetition: seen.part.repetition,
            };
            if !triggers.iter().any(|other| other.is_at(&next)) {
                triggers.push(next);
            }
        }
        triggers
    }

    /// The value that is what is wrong.
    pub(crate) fn value(&self) -> Option<&Arc<[u8]>> {
        match &self.told {
            Told::Value(seen) => seen.value.as_ref(),
            _ => None,
        }
    }
}
