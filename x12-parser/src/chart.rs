//! A guide made ready for walking: which items of a loop a segment may be, by one table lookup.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use x12_schemas::Catalog;
use x12_schemas::table::{Element, Guide, Item, Key, Kind, NONE, Segment as Definition, Usage};

use crate::code_set::{CodeSet, List, pack};
use crate::finding::{Code, Severity};
use crate::form::Form;
use crate::pattern::Matcher;
use crate::role_index::RoleIndex;
use crate::rule_index::RuleIndex;
use crate::segment::{Segment, unwrapped};
use crate::sheet::Sheet;
use crate::snip::SnipTypes;

/// A segment identifier packed into a number, letters in upper case; 0 for what cannot be one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct SegmentId(pub(crate) u32);

impl SegmentId {
    /// Packs two or three letters and digits.
    #[inline]
    pub(crate) const fn new(bytes: &[u8]) -> Self {
        match *bytes {
            [a, b, c]
                if is_letter_or_digit(a) && is_letter_or_digit(b) && is_letter_or_digit(c) =>
            {
                Self((upper(a) << 8 | upper(b)) << 8 | upper(c))
            }
            [a, b] if is_letter_or_digit(a) && is_letter_or_digit(b) => {
                Self(upper(a) << 8 | upper(b))
            }
            _ => Self(0),
        }
    }

    /// The identifier of a segment as it stands, line breaks of a wrapped file aside.
    #[inline]
    pub(crate) fn of(segment: &Segment<'_>) -> Self {
        if segment.is_plain() {
            Self::new(segment.id())
        } else {
            Self::new(&unwrapped(segment.id()))
        }
    }
}

const fn is_letter_or_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

const fn upper(byte: u8) -> u32 {
    byte.to_ascii_uppercase() as u32
}

/// An item of a loop with what it takes to recognise its segment, side by side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) item: u16,
    pub(crate) position: u16,
    pub(crate) max: u32,
    definition: u16,
    /// Element 0 if the identifier is enough.
    key: Key,
    more_keys: bool,
}

impl Candidate {
    /// Whether more than the identifier tells the segment from others.
    #[inline]
    pub(crate) fn has_key(&self) -> bool {
        self.key.element != 0
    }
}

/// The element that was last looked at to recognise a segment.
#[derive(Default)]
pub(crate) struct KeyValue<'s> {
    element: u8,
    component: u8,
    packed: u64,
    value: Cow<'s, [u8]>,
}

impl<'s> KeyValue<'s> {
    fn new(key: &Key, segment: &Segment<'s>) -> Self {
        // An element that repeats is known by its first repetition.
        let value = segment.first_part(usize::from(key.element), usize::from(key.component));
        let value = if segment.is_plain() {
            Cow::Borrowed(value)
        } else {
            unwrapped(value)
        };
        Self {
            element: key.element,
            component: key.component,
            packed: pack(&value),
            value,
        }
    }
}

/// A guide with the lookup tables of its walk.
#[derive(Debug)]
pub(crate) struct Chart {
    pub(crate) guide: Arc<Guide>,
    /// Open addressing: packed identifier and its ordinal plus one.
    ids: Box<[(u32, u16); ID_SLOTS]>,
    id_count: usize,
    /// For each loop and identifier, a run of `candidates`.
    lookup: Vec<(u16, u16)>,
    candidates: Vec<Candidate>,
    /// Required items of each loop, in order: a run of `required`.
    required_runs: Vec<(u16, u16)>,
    required: Vec<u16>,
    pub(crate) codes: Vec<CodeSet>,
    /// The external code lists that the guide names, of those that are at hand.
    pub(crate) lists: Vec<List>,
    pub(crate) patterns: Vec<Matcher>,
    /// How grave each code is, by its ordinal; none if it is not told.
    grades: Vec<Option<Severity>>,
    /// Positions of the required items, parallel to `required`.
    required_positions: Vec<u16>,
    /// Whether a segment definition names a business unit, or a hierarchical level, or a rule reads it, parallel to the guide's segments.
    marked: Vec<bool>,
    pub(crate) rules: RuleIndex,
    pub(crate) roles: RoleIndex,
    /// What is checked of every element and component, parallel to the guide's.
    elements: Vec<ElementRule>,
    components: Vec<ElementRule>,
    /// The form of every element, parallel to the guide's elements.
    forms: Vec<Form>,
    /// Its keys in the shape `named`, once someone asks for them.
    sheet: OnceLock<Sheet>,
}

/// Slots for identifiers; a guide uses some sixty.
const ID_SLOTS: usize = 512;

impl Chart {
    pub(crate) fn new(guide: Arc<Guide>, catalog: &Catalog, snip: SnipTypes) -> Self {
        let codes = guide
            .codes
            .iter()
            .map(|codes| CodeSet::new(codes))
            .collect();
        let forms = guide.elements.iter().map(form).collect();
        let mut lists = Lists::new(catalog);
        let elements = lists.rules(&guide.elements);
        let components = lists.rules(&guide.components);
        let looked_into: Vec<u16> = guide.lists.iter().map(|name| lists.index(name)).collect();
        let rules = RuleIndex::new(&guide, snip, &looked_into);
        let lists = lists.sets;
        let patterns = guide.patterns.iter().map(Matcher::new).collect();
        let grades = grades(&guide, snip);
        let roles = RoleIndex::new(&guide);
        let marked = (0..)
            .zip(&guide.segments)
            .map(|(index, segment)| {
                segment.unit.is_some() || segment.hierarchical || rules.reads(index)
            })
            .collect();
        let mut chart = Self {
            guide,
            ids: Box::new([(0, 0); ID_SLOTS]),
            id_count: 0,
            lookup: Vec::new(),
            candidates: Vec::new(),
            required_runs: Vec::new(),
            required: Vec::new(),
            codes,
            lists,
            patterns,
            grades,
            required_positions: Vec::new(),
            marked,
            rules,
            roles,
            elements,
            components,
            forms,
            sheet: OnceLock::new(),
        };
        chart.number_ids();
        chart.fill();
        chart
    }

    fn number_ids(&mut self) {
        let guide = Arc::clone(&self.guide);
        for segment in &guide.segments {
            let id = SegmentId::new(segment.id.as_bytes());
            let slot = self.slot(id);
            if self.ids[slot].1 == 0 && self.id_count < ID_SLOTS / 2 {
                self.id_count += 1;
                self.ids[slot] = (id.0, self.id_count as u16);
            }
        }
    }

    fn fill(&mut self) {
        let guide = Arc::clone(&self.guide);
        for a_loop in &guide.loops {
            let range =
                usize::from(a_loop.first_item)..usize::from(a_loop.first_item + a_loop.item_count);
            let mut by_id = vec![Vec::new(); self.id_count];
            let first_required = self.required.len() as u16;
            for index in range {
                let item = guide.items[index];
                let id = SegmentId::new(guide.segments[usize::from(item.segment)].id.as_bytes());
                if let Some(ordinal) = self.ordinal(id) {
                    by_id[ordinal].push(self.candidate(index as u16));
                }
                if item.usage == Usage::Required {
                    self.required.push(index as u16);
                    self.required_positions.push(item.position);
                }
            }
            self.required_runs
                .push((first_required, self.required.len() as u16));
            for run in by_id {
                let first = self.candidates.len() as u16;
                self.candidates.extend(run);
                self.lookup.push((first, self.candidates.len() as u16));
            }
        }
    }

    #[inline]
    fn slot(&self, id: SegmentId) -> usize {
        let mut slot = (id.0.wrapping_mul(0x9E37_79B1) >> 23) as usize % ID_SLOTS;
        while self.ids[slot].1 != 0 && self.ids[slot].0 != id.0 {
            slot = (slot + 1) % ID_SLOTS;
        }
        slot
    }

    /// The number of an identifier that the guide uses.
    #[inline]
    pub(crate) fn ordinal(&self, id: SegmentId) -> Option<usize> {
        usize::from(self.ids[self.slot(id)].1).checked_sub(1)
    }

    /// The items of a loop that a segment of this identifier may be.
    #[inline]
    pub(crate) fn candidates(&self, loop_index: u16, ordinal: usize) -> &[Candidate] {
        let (first, end) = self.lookup[usize::from(loop_index) * self.id_count + ordinal];
        &self.candidates[usize::from(first)..usize::from(end)]
    }

    fn candidate(&self, item: u16) -> Candidate {
        let &Item {
            position,
            segment,
            max,
            ..
        } = self.item(item);
        let keys = &self.guide.segments[usize::from(segment)].keys;
        let key = keys.first().copied().unwrap_or(Key {
            element: 0,
            component: 0,
            codes: NONE,
        });
        Candidate {
            item,
            position,
            max,
            definition: segment,
            key,
            more_keys: keys.len() > 1,
        }
    }

    /// The required items of a loop.
    pub(crate) fn required(&self, loop_index: u16) -> &[u16] {
        let (first, end) = self.required_runs[usize::from(loop_index)];
        &self.required[usize::from(first)..usize::from(end)]
    }

    /// Rank of the required item of a loop that comes after so many others; beyond all ranks if there is none.
    #[inline]
    pub(crate) fn required_position(&self, loop_index: u16, passed: u16) -> u16 {
        let (first, end) = self.required_runs[usize::from(loop_index)];
        let at = first + passed;
        if at < end {
            self.required_positions[usize::from(at)]
        } else {
            u16::MAX
        }
    }

    /// Whether an item is the required item of a loop that comes after so many others.
    #[inline]
    pub(crate) fn is_next_required(&self, loop_index: u16, passed: u16, item: u16) -> bool {
        let (first, end) = self.required_runs[usize::from(loop_index)];
        let at = first + passed;
        at < end && self.required[usize::from(at)] == item
    }

    /// How grave a finding inside a transaction set of this guide is; none if it is not to be told.
    #[inline]
    pub(crate) fn severity(&self, code: Code) -> Option<Severity> {
        self.grades.get(code as usize).copied().flatten()
    }

    /// Whether a segment names a business unit or a hierarchical level, or a rule reads it.
    #[inline]
    pub(crate) fn is_marked(&self, definition: u16) -> bool {
        self.marked
            .get(usize::from(definition))
            .is_some_and(|marked| *marked)
    }

    /// The guide by its labels.
    pub(crate) fn sheet(&self) -> &Sheet {
        self.sheet.get_or_init(|| Sheet::new(&self.guide))
    }

    #[inline]
    pub(crate) fn item(&self, index: u16) -> &Item {
        &self.guide.items[usize::from(index)]
    }

    /// Whether the segment is the one that the guide describes: its keys hold.
    #[inline]
    pub(crate) fn recognises<'s>(
        &self,
        candidate: &Candidate,
        segment: &Segment<'s>,
        seen: &mut KeyValue<'s>,
    ) -> bool {
        if !candidate.has_key() {
            return true;
        }
        if !self.holds(&candidate.key, segment, seen) {
            return false;
        }
        !candidate.more_keys
            || self.guide.segments[usize::from(candidate.definition)]
                .keys
                .iter()
                .all(|key| self.holds(key, segment, seen))
    }

    #[inline]
    fn holds<'s>(&self, key: &Key, segment: &Segment<'s>, seen: &mut KeyValue<'s>) -> bool {
        if (seen.element, seen.component) != (key.element, key.component) {
            *seen = KeyValue::new(key, segment);
        }
        if key.codes == NONE {
            return !seen.value.is_empty();
        }
        self.codes[usize::from(key.codes)].contains_packed(seen.packed, &seen.value)
    }

    /// What is checked of the elements of a segment.
    #[inline]
    pub(crate) fn elements(&self, definition: &Definition) -> &[ElementRule] {
        &self.elements[usize::from(definition.first_element)..]
            [..usize::from(definition.element_count)]
    }

    /// What is checked of the components of a composite element.
    #[inline]
    pub(crate) fn components(&self, rule: &ElementRule) -> &[ElementRule] {
        &self.components[usize::from(rule.first_component)..][..usize::from(rule.component_count)]
    }

    /// The forms of a segment's elements.
    #[inline]
    pub(crate) fn outline(&self, definition: u16) -> &[Form] {
        let segment = &self.guide.segments[usize::from(definition)];
        &self.forms[usize::from(segment.first_element)..][..usize::from(segment.element_count)]
    }

    /// The definition of a segment by its identifier alone: for the envelope, where each has but one.
    pub(crate) fn definition(&self, id: SegmentId) -> u16 {
        let found = self
            .guide
            .segments
            .iter()
            .position(|s| SegmentId::new(s.id.as_bytes()) == id);
        found.map_or(NONE, |index| index as u16)
    }
}

/// What a guide's overlays think of each code, and whether its SNIP type is looked at.
fn grades(guide: &Guide, snip: SnipTypes) -> Vec<Option<Severity>> {
    let grade = |code: &Code| {
        let own = guide
            .severities
            .iter()
            .find(|severity| severity.finding == code.name());
        let severity = own.map_or(Some(code.severity()), |own| own.grade.map(Severity::of));
        severity.filter(|_| snip.contains(code.snip()))
    };
    Code::ALL.iter().map(grade).collect()
}

/// What is checked of an element: a part of [`Element`] that fits a cache line with its neighbours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ElementRule {
    pub(crate) usage: Usage,
    pub(crate) kind: Kind,
    pub(crate) format_by: u8,
    pub(crate) min: u16,
    /// 0 is without bound.
    pub(crate) max: u32,
    pub(crate) repeat: u16,
    pub(crate) codes: u16,
    /// Index into [`Chart::lists`], or [`NONE`] without a list at hand.
    pub(crate) list: u16,
    /// Index into [`Chart::patterns`], or [`NONE`].
    pub(crate) pattern: u16,
    pub(crate) first_component: u16,
    pub(crate) component_count: u16,
}

impl ElementRule {
    fn new(element: &Element, list: u16) -> Self {
        let &Element {
            usage,
            kind,
            format_by,
            min,
            max,
            repeat,
            codes,
            pattern,
            first_component,
            component_count,
            ..
        } = element;
        Self {
            usage,
            kind,
            format_by,
            min,
            max,
            repeat,
            codes,
            list,
            pattern,
            first_component,
            component_count,
        }
    }
}

/// The external code lists of a guide while its elements are read.
struct Lists<'a> {
    catalog: &'a Catalog,
    /// Names met so far, with the index of each that is at hand.
    known: HashMap<&'a str, u16>,
    sets: Vec<List>,
}

impl<'a> Lists<'a> {
    fn new(catalog: &'a Catalog) -> Self {
        Self {
            catalog,
            known: HashMap::new(),
            sets: Vec::new(),
        }
    }

    fn rules(&mut self, elements: &'a [Element]) -> Vec<ElementRule> {
        let rule = |element: &'a Element| ElementRule::new(element, self.index(&element.list));
        elements.iter().map(rule).collect()
    }

    /// The index of a list; [`NONE`] if it is not at hand, or beyond what an index can tell.
    fn index(&mut self, name: &'a str) -> u16 {
        if name.is_empty() {
            return NONE;
        }
        if let Some(index) = self.known.get(name) {
            return *index;
        }
        let index = self.catalog.list(name).map_or(NONE, |list| {
            self.sets.push(List::new(&list));
            u16::try_from(self.sets.len() - 1).unwrap_or(NONE)
        });
        self.known.insert(name, index);
        index
    }
}

fn form(element: &Element) -> Form {
    match (element.repeat == 1, element.component_count == 0) {
        (true, true) => Form::Simple,
        (true, false) => Form::Composite,
        (false, true) => Form::Repeating,
        (false, false) => Form::RepeatingComposite,
    }
}
