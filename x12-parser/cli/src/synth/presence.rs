//! Which elements of a segment stand: as often as is usual, so that its runs and syntax notes hold.

use x12_schemas::table::{NONE, Note, Rule, Segment, Usage};

use super::document::Author;
use super::model::{Condition, Slot};
use super::profile::Maker;
use super::random::Random;

/// Which elements of a segment stand, bit 0 for element 1.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    present: u64,
    required: u64,
    usable: u64,
}

impl Author<'_> {
    /// Decides which elements of a segment stand; the codes of those that do are chosen on the way.
    pub(super) fn presence(&mut self, definition: u16, parent: u64) -> u64 {
        let model = self.model;
        let segment = &model.guide.segments[usize::from(definition)];
        let first = usize::from(segment.first_element);
        let runs = self.runs(segment);
        let mut standing = Standing::default();
        for index in model.segments[usize::from(definition)]
            .used
            .iter()
            .map(|&index| usize::from(index))
        {
            let element = &model.guide.elements[first + index];
            let slot = &model.elements[first + index];
            self.chosen[index] = NONE;
            let bit = 1_u64 << index;
            let required = element.usage == Usage::Required || is_key(segment, index);
            let (in_run, run_required) = self.in_runs(segment, runs, index);
            let stands = match (required || run_required, in_run) {
                (_, Some(false)) => continue,
                (true, _) => true,
                _ if slot.omits && self.omitted(slot, first) => continue,
                _ if slot.chained != 0 && standing.present & (1 << (slot.chained - 1)) == 0 => {
                    false
                }
                _ if slot.without != NONE => self.counts[usize::from(slot.without)] == 0,
                (_, Some(true)) if begins_run(segment, index) => true,
                _ => self.random.chance(self.odds.elements[first + index]),
            };
            standing.usable |= bit;
            if required || run_required {
                standing.required |= bit;
            }
            if stands {
                standing.present |= bit;
                self.chosen[index] = self.code(first + index, element.codes, slot);
            }
        }
        if segment.hierarchical {
            hierarchy(&mut standing, parent);
        }
        let stand = standing.present;
        if stand == 0 {
            // A segment is never empty: one element stands, whichever.
            standing.present = one_of(standing.usable, &mut self.random);
        }
        self.settle(segment, standing, stand)
    }

    /// Makes the syntax notes hold, and chooses codes for elements that came to stand by them.
    fn settle(&mut self, segment: &Segment, standing: Standing, chosen: u64) -> u64 {
        let guide = &self.model.guide;
        let notes = guide.notes_of(segment);
        let present = standing.settled(notes, &mut self.random);
        let mut added = present & !chosen;
        while added != 0 {
            let index = added.trailing_zeros() as usize;
            let at = usize::from(segment.first_element) + index;
            self.chosen[index] = self.code(at, guide.elements[at].codes, &self.model.elements[at]);
            added &= added - 1;
        }
        present
    }

    /// How many runs stand of each group of elements.
    fn runs(&mut self, segment: &Segment) -> [u8; 4] {
        let mut runs = [0; 4];
        for (group, runs) in segment.groups.iter().zip(&mut runs) {
            let at = usize::from(segment.first_element) + usize::from(group.first) - 1;
            let odds = self.odds.elements[at];
            let starts =
                self.model.guide.elements[at].usage == Usage::Required || self.random.chance(odds);
            *runs = u8::from(starts);
            while starts && *runs < group.times && self.random.chance(odds) {
                *runs += 1;
            }
        }
        runs
    }

    /// If the element is of a group, whether its run stands, and whether it must then stand itself: as in the first run.
    fn in_runs(&self, segment: &Segment, runs: [u8; 4], index: usize) -> (Option<bool>, bool) {
        let number = index as u8 + 1;
        for (group, runs) in segment.groups.iter().zip(runs) {
            let Some(behind) = number
                .checked_sub(group.first)
                .filter(|behind| *behind < group.size * group.times)
            else {
                continue;
            };
            let in_first = usize::from(segment.first_element)
                + usize::from(group.first - 1 + behind % group.size);
            let required = self.model.guide.elements[in_first].usage == Usage::Required;
            let stands = behind / group.size < runs;
            return (Some(stands), stands && required);
        }
        (None, false)
    }

    /// Whether a sibling's code says that the element is left out.
    fn omitted(&self, slot: &Slot, first: usize) -> bool {
        let holds = |condition: &Condition| {
            let Some(sibling) = condition.sibling.checked_sub(1) else {
                return condition.codes.contains(&self.drawn);
            };
            let index = usize::from(sibling);
            let element = &self.model.guide.elements[first + index];
            let codes = self.model.guide.codes_at(element.codes);
            let code = codes.get(usize::from(self.chosen[index]));
            code.is_some_and(|code| condition.codes.contains(&code.as_str()))
        };
        let rule = slot
            .makers
            .iter()
            .find(|(condition, _)| condition.as_ref().is_none_or(holds));
        rule.is_some_and(|(_, maker)| matches!(self.model.makers[usize::from(*maker)], Maker::None))
    }
}

/// One of the elements of a set.
fn one_of(mut elements: u64, random: &mut Random) -> u64 {
    for _ in 0..random.below(u64::from(elements.count_ones())) {
        elements &= elements - 1;
    }
    elements & elements.wrapping_neg()
}

/// Number, level and child always stand, the parent if there is one.
fn hierarchy(standing: &mut Standing, parent: u64) {
    let with_parent = if parent == 0 { 0 } else { 0b10 };
    standing.present = (standing.present & !0b10) | (standing.usable & (0b1101 | with_parent));
}

fn is_key(segment: &Segment, index: usize) -> bool {
    segment
        .keys
        .iter()
        .any(|key| usize::from(key.element) == index + 1)
}

/// Whether the element begins a run.
fn begins_run(segment: &Segment, index: usize) -> bool {
    segment.groups.iter().any(|group| {
        (index as u8 + 1)
            .checked_sub(group.first)
            .is_some_and(|behind| behind % group.size == 0)
    })
}

impl Standing {
    /// Adds or removes situational elements until all notes hold.
    fn settled(mut self, notes: &[Note], random: &mut Random) -> u64 {
        // 16: each round adds or bans an element; notes name at most a handful.
        for _ in 0..16 {
            let before = self.present;
            for note in notes {
                self.apply(note, random);
            }
            if self.present == before {
                break;
            }
        }
        self.present
    }

    fn apply(&mut self, note: &Note, random: &mut Random) {
        let first = 1_u64 << (note.first - 1);
        let stand = self.present & note.elements;
        let missing = note.elements & !self.present;
        let addable = missing & self.usable;
        match note.rule {
            Rule::Paired if stand != 0 && missing != 0 => {
                self.all_or(addable == missing, missing, stand)
            }
            Rule::Required if stand == 0 => self.present |= addable & addable.wrapping_neg(),
            Rule::Exclusion if stand.count_ones() > 1 => self.only_one(stand, random),
            Rule::Conditional if stand & first != 0 && missing != 0 => {
                self.all_or(addable == missing, missing, first)
            }
            Rule::ListConditional if stand == first => {
                self.all_or(addable != 0, addable & addable.wrapping_neg(), first)
            }
            _ => {}
        }
    }

    /// Adds what is missing if it may stand, or takes away what asks for it.
    fn all_or(&mut self, may: bool, missing: u64, asking: u64) {
        if may {
            self.present |= missing;
        } else {
            self.remove(asking);
        }
    }

    fn only_one(&mut self, stand: u64, random: &mut Random) {
        let among = if stand & self.required == 0 {
            stand
        } else {
            stand & self.required
        };
        self.remove(stand & !one_of(among, random));
    }

    fn remove(&mut self, elements: u64) {
        self.present &= !(elements & !self.required);
        self.usable &= !(elements & !self.required);
    }
}
