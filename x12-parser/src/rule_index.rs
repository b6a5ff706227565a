//! Which rules of a guide look at a loop, what they gather, and who reads a segment.
//!
//! Rules that look at the same thing share a slot: it is gathered once.

use std::ops::Range;

use x12_schemas::table::{Cell, Condition, Gathers, Guide, NONE, Reading, SituationRule};

use crate::snip::SnipTypes;

/// The rules of a guide, made ready to be followed.
#[derive(Debug, Default)]
pub(crate) struct RuleIndex {
    /// What is gathered.
    pub(crate) slots: Vec<Slot>,
    /// By rule: the slots of its cells.
    pub(crate) cells: Vec<Vec<u16>>,
    /// By loop instance: rules that are looked at when it ends.
    pub(crate) scopes: Vec<Vec<Scoped>>,
    /// By loop instance: slots that begin anew when it begins.
    pub(crate) begins: Vec<Vec<Range<usize>>>,
    /// By loop instance: slots for which its end is the end of what one party is about.
    pub(crate) settles: Vec<Vec<u16>>,
    /// By segment definition: who reads it, by the loop instance that it stands in.
    readers: Vec<Vec<(u16, Vec<Reader>)>>,
}

/// Something that is gathered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) gathers: Gathers,
    /// Index of the external list that it looks into, if that is at hand.
    pub(crate) list: Option<u16>,
    pub(crate) by_party: bool,
    /// Whether the place of its first value, or of its hit, may be told.
    pub(crate) places: bool,
    /// Whether a value of it may be what is wrong, and then told at its place.
    pub(crate) quotes: bool,
}

/// A rule that is looked at when a loop ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scoped {
    pub(crate) rule: u16,
    /// A slot without values of which it cannot be broken, or else [`NONE`]: mostly nothing stands there.
    pub(crate) needs: u16,
    /// Whether that needs a hit, not only values.
    pub(crate) needs_hit: bool,
}

/// What is read of a segment, once for all slots that take it.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) reading: Reading,
    /// Whether the element may repeat: one that stands alone is the first then.
    pub(crate) repeats: bool,
    pub(crate) takers: Vec<Taker>,
}

/// A slot that takes a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taker {
    pub(crate) slot: u16,
    /// Whether the value names the party.
    pub(crate) is_name: bool,
    /// Whether it only counts: nothing is told of its values.
    pub(crate) counts: bool,
    /// What the slot takes: a copy, for there are many values.
    pub(crate) takes: Slot,
}

impl RuleIndex {
    /// Leaves out rules of types that are not asked for; `lists` has the indexes of the external lists that rules look into.
    pub(crate) fn new(guide: &Guide, snip: SnipTypes, lists: &[u16]) -> Self {
        let loops = || vec![Vec::new(); guide.loops.len()];
        let mut index = Self {
            scopes: vec![Vec::new(); guide.loops.len()],
            begins: vec![Vec::new(); guide.loops.len()],
            settles: loops(),
            readers: guide.segments.iter().map(|_| Vec::new()).collect(),
            ..Self::default()
        };
        let mut known: Vec<(&Cell, u16)> = Vec::new();
        for (rule, definition) in (0..).zip(&guide.rules) {
            index.cells.push(Vec::new());
            if !snip.contains(definition.snip) {
                continue;
            }
            let needs_anchor = !definition.require.iter().all(tells_itself);
            for (cell, gathered) in (0..).zip(&definition.cells) {
                let mut conditions = definition.when.iter().chain(&definition.require);
                if !needs_anchor && !conditions.any(|condition| mentions(condition, cell)) {
                    index.put(NONE);
                    continue;
                }
                let before = known.iter().find(|(other, _)| *other == gathered);
                let slot = before.map_or(index.slots.len() as u16, |(_, slot)| *slot);
                if before.is_none() {
                    known.push((gathered, slot));
                    index.add(guide, gathered, lists);
                }
                let quotes = definition.require.iter().any(|it| blames(it, cell));
                let is_anchor = needs_anchor && cell == definition.anchor;
                let slot_of = &mut index.slots[usize::from(slot)];
                slot_of.quotes |= quotes;
                slot_of.places |= quotes || is_anchor || triggers(definition, cell);
                index.put(slot);
            }
            let scoped = index.scoped(rule, definition);
            for &scope in &definition.scopes {
                index.scopes[usize::from(scope)].push(scoped);
            }
        }
        index.finish();
        index
    }

    /// The slot of the next cell of the rule that is being added.
    fn put(&mut self, slot: u16) {
        if let Some(cells) = self.cells.last_mut() {
            cells.push(slot);
        }
    }

    fn scoped(&self, rule: u16, definition: &SituationRule) -> Scoped {
        let mut matters = definition
            .when
            .iter()
            .filter_map(|condition| match condition {
                Condition::Present(cell) => Some((*cell, false)),
                Condition::Code(cell) => Some((*cell, true)),
                _ => None,
            });
        let fails = || match definition.require.as_slice() {
            [Condition::Good(cell) | Condition::Unique(cell)] => Some((*cell, true)),
            [
                Condition::Absent(cell)
                | Condition::Listed(cell, _)
                | Condition::Among(cell, _)
                | Condition::Apart(cell, _)
                | Condition::Points(cell, _)
                | Condition::NotAfter(cell, _),
            ] => Some((*cell, false)),
            _ => None,
        };
        let (cell, needs_hit) = matters.next().or_else(fails).unwrap_or((NONE, false));
        let cells = self.cells.last();
        let slot = cells.and_then(|cells| cells.get(usize::from(cell)));
        Scoped {
            rule,
            needs: slot.copied().unwrap_or(NONE),
            needs_hit,
        }
    }

    /// Tells takers what their slots take, now that it is known.
    fn finish(&mut self) {
        let slots = &self.slots;
        for (_, readers) in self.readers.iter_mut().flatten() {
            for taker in readers.iter_mut().flat_map(|reader| &mut reader.takers) {
                let slot = &slots[usize::from(taker.slot)];
                taker.takes = *slot;
                let only_counts = slot.gathers == Gathers::Presence && !slot.places;
                taker.counts = only_counts && !taker.is_name;
            }
            // In the order of the elements, so that the first of what is wrong is told.
            readers.sort_by_key(|reader| (reader.reading.element, reader.reading.component));
        }
    }

    fn add(&mut self, guide: &Guide, cell: &Cell, lists: &[u16]) {
        let slot = self.slots.len() as u16;
        let list = match cell.gathers {
            Gathers::Listed(list) | Gathers::InForce(list) => lists.get(usize::from(list)).copied(),
            _ => None,
        };
        let takes = Slot {
            gathers: cell.gathers,
            list: list.filter(|&list| list != NONE),
            by_party: cell.parties.is_some(),
            places: false,
            quotes: false,
        };
        self.slots.push(takes);
        for &scope in &cell.scopes {
            let ranges = &mut self.begins[usize::from(scope)];
            let slot = usize::from(slot);
            match ranges.last_mut() {
                Some(range) if range.end == slot => range.end += 1,
                _ => ranges.push(slot..slot + 1),
            }
        }
        let values = cell.readings.iter().map(|reading| (reading, false));
        let parties = cell.parties.iter();
        let names = parties.clone().flat_map(|parties| &parties.names);
        for (reading, is_name) in values.chain(names.map(|reading| (reading, true))) {
            let by_loop = &mut self.readers[usize::from(reading.segment)];
            let found = by_loop
                .iter()
                .position(|(index, _)| *index == reading.loop_index);
            let at = found.unwrap_or_else(|| {
                by_loop.push((reading.loop_index, Vec::new()));
                by_loop.len() - 1
            });
            let readers = &mut by_loop[at].1;
            let taker = Taker {
                slot,
                is_name,
                counts: false,
                takes,
            };
            match readers.iter_mut().find(|reader| reader.reading == *reading) {
                Some(reader) => reader.takers.push(taker),
                None => readers.push(Reader {
                    reading: reading.clone(),
                    repeats: repeats(guide, reading),
                    takers: vec![taker],
                }),
            }
        }
        for &index in parties.flat_map(|parties| &parties.loops) {
            self.settles[usize::from(index)].push(slot);
        }
    }

    /// Who reads a segment of this definition in this loop.
    #[inline]
    pub(crate) fn readers(&self, definition: u16, loop_index: u16) -> &[Reader] {
        let Some(by_loop) = self.readers.get(usize::from(definition)) else {
            return &[];
        };
        let found = by_loop.iter().find(|(index, _)| *index == loop_index);
        found.map_or(&[], |(_, readers)| readers)
    }

    /// Whether a rule reads segments of this definition.
    pub(crate) fn reads(&self, definition: usize) -> bool {
        self.readers
            .get(definition)
            .is_some_and(|readers| !readers.is_empty())
    }
}

fn repeats(guide: &Guide, reading: &Reading) -> bool {
    let segment = guide.segments.get(usize::from(reading.segment));
    let element = segment.and_then(|segment| guide.element(segment, usize::from(reading.element)));
    element.is_some_and(|element| element.repeat != 1)
}

/// Whether a value of a cell can be what makes a rule matter.
fn triggers(rule: &SituationRule, cell: u16) -> bool {
    rule.when.iter().any(|condition| meets(condition, cell))
}

fn meets(condition: &Condition, cell: u16) -> bool {
    match condition {
        Condition::Present(of) | Condition::Code(of) => *of == cell,
        Condition::Any(conditions) | Condition::All(conditions) => {
            conditions.iter().any(|condition| meets(condition, cell))
        }
        _ => false,
    }
}

/// Whether a condition that fails always has a value that is told: then the anchor is not.
fn tells_itself(condition: &Condition) -> bool {
    match condition {
        Condition::Absent(_) | Condition::Unique(_) | Condition::Good(_) => true,
        Condition::Listed(..) | Condition::Among(..) | Condition::Apart(..) => true,
        Condition::Not(conditions) => conditions
            .iter()
            .all(|condition| matches!(condition, Condition::Present(_) | Condition::Code(_))),
        _ => false,
    }
}

/// Whether a condition looks at a cell.
fn mentions(condition: &Condition, cell: u16) -> bool {
    match condition {
        Condition::Present(of)
        | Condition::Absent(of)
        | Condition::Code(of)
        | Condition::Count(of, ..)
        | Condition::Unique(of)
        | Condition::Good(of) => *of == cell,
        Condition::Among(one, other)
        | Condition::Apart(one, other)
        | Condition::Points(one, other)
        | Condition::NotAfter(one, other) => [*one, *other].contains(&cell),
        Condition::Listed(of, dates) => *of == cell || dates.contains(&cell),
        Condition::Amounts(amounts) => amounts
            .plus
            .iter()
            .chain(&amounts.minus)
            .any(|of| *of == cell),
        Condition::Any(conditions) | Condition::All(conditions) | Condition::Not(conditions) => {
            conditions.iter().any(|condition| mentions(condition, cell))
        }
    }
}

/// Whether a value of a cell can be what breaks a rule.
fn blames(condition: &Condition, cell: u16) -> bool {
    match condition {
        Condition::Absent(of) | Condition::Unique(of) | Condition::Good(of) => *of == cell,
        Condition::Listed(of, _) | Condition::Among(of, _) | Condition::Apart(of, _) => *of == cell,
        Condition::Not(conditions) => conditions
            .iter()
            .any(|condition| [Condition::Present(cell), Condition::Code(cell)].contains(condition)),
        Condition::All(conditions) => conditions.iter().any(|condition| blames(condition, cell)),
        _ => false,
    }
}
