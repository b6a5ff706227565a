//! What a guide says at each of its places, as checks that can be made to fail.

use x12_schemas::table::{Element, Guide, Kind, NONE, Note, Rule, Segment, Usage};

/// What is checked.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Fact {
    Required,
    NotUsed,
    Coded,
    Typed,
    Longest,
    Shortest,
    Once,
    Noted,
    Elements,
    Components,
    SegmentRequired,
    SegmentOnce,
}

/// A fact at a place: the segment definition, the element and the component, 0 if it is of the whole.
pub type Check = (usize, u8, u8, Fact);

/// The checks of a guide, over the definitions that the mutations know how to change.
pub fn checks(guide: &Guide) -> Vec<Check> {
    let segments = guide.segments.iter().enumerate();
    segments
        .filter(|(_, segment)| is_changed(segment))
        .flat_map(|(index, segment)| of_segment(guide, index, segment))
        .collect()
}

/// Headers, trailers and levels are numbered: what is changed in them is not theirs alone.
pub fn is_changed(segment: &Segment) -> bool {
    !segment.hierarchical && !["ST", "SE"].contains(&segment.id.as_str())
}

/// The checks of a segment definition.
pub fn of_segment(guide: &Guide, index: usize, segment: &Segment) -> Vec<Check> {
    let mut checks = vec![(index, 0, 0, Fact::Elements)];
    let items = guide.items.iter().filter(|item| {
        usize::from(item.segment) == index && item.child == NONE && !starts_loop(guide, item)
    });
    for item in items {
        checks.extend((item.usage == Usage::Required).then_some((
            index,
            0,
            0,
            Fact::SegmentRequired,
        )));
        checks.extend((item.max == 1).then_some((index, 0, 0, Fact::SegmentOnce)));
    }
    for (number, element) in (1..).zip(guide.elements_of(segment)) {
        let is_key = segment.keys.iter().any(|key| key.element == number);
        for fact in of_element(element, is_key) {
            checks.push((index, number, 0, fact));
        }
        if is_noted(guide, segment, number) && element.usage == Usage::Situational {
            checks.push((index, number, 0, Fact::Noted));
        }
        if element.usage == Usage::NotUsed || element.component_count == 0 {
            continue;
        }
        checks.push((index, number, 0, Fact::Components));
        let is_used = |part: &&Element| part.usage != Usage::NotUsed;
        // Of a single component that is used the lack is that of the element.
        let is_single = guide.components_of(element).iter().filter(is_used).count() == 1;
        for (component, part) in (1..).zip(guide.components_of(element)) {
            let is_key = segment
                .keys
                .iter()
                .any(|key| (key.element, key.component) == (number, component));
            for fact in of_element(part, is_key)
                .into_iter()
                .filter(|fact| *fact != Fact::Once && !(is_single && *fact == Fact::Required))
            {
                checks.push((index, number, component, fact));
            }
        }
    }
    // Before 00402 nothing separates repetitions.
    let repeats = guide.standard.as_str() >= "00402";
    checks.retain(|check| repeats || check.3 != Fact::Once);
    checks.sort_unstable();
    checks.dedup();
    checks
}

/// Whether an item is the first of its loop, by which the loop is known.
fn starts_loop(guide: &Guide, item: &x12_schemas::table::Item) -> bool {
    let first = guide
        .items
        .iter()
        .position(|other| std::ptr::eq(other, item));
    guide
        .loops
        .iter()
        .skip(1)
        .any(|a_loop| Some(usize::from(a_loop.first_item)) == first)
}

fn of_element(element: &Element, is_key: bool) -> Vec<Fact> {
    if element.usage == Usage::NotUsed {
        return vec![Fact::NotUsed];
    }
    if is_key {
        return Vec::new();
    }
    let mut facts = Vec::new();
    facts.extend((element.usage == Usage::Required).then_some(Fact::Required));
    if element.component_count > 0 || element.kind == Kind::Binary {
        return facts;
    }
    facts.extend((element.repeat == 1).then_some(Fact::Once));
    facts.push(if element.codes == NONE {
        Fact::Typed
    } else {
        Fact::Coded
    });
    let is_free = element.codes == NONE && element.format_by == 0 && !is_day(element.kind);
    facts.extend((is_free && (1..500).contains(&element.max)).then_some(Fact::Longest));
    facts.extend((is_free && element.min > 1).then_some(Fact::Shortest));
    facts
}

pub fn is_day(kind: Kind) -> bool {
    matches!(kind, Kind::Date | Kind::Time)
}

/// Whether a note may ask for the element: what it stands with may itself stand.
fn is_noted(guide: &Guide, segment: &Segment, number: u8) -> bool {
    let is_named = |note: &Note, number: u8| note.elements >> (number - 1) & 1 == 1;
    let may_stand = |number: &u8| {
        let element = guide.element(segment, usize::from(*number));
        element.is_some_and(|element| element.usage != Usage::NotUsed)
    };
    guide.notes_of(segment).iter().any(|note| match note.rule {
        Rule::Paired => {
            let mut others = (1..=64).filter(|other| *other != number && is_named(note, *other));
            is_named(note, number) && others.any(|other| may_stand(&other))
        }
        Rule::Conditional => {
            is_named(note, number) && note.first != number && may_stand(&note.first)
        }
        _ => false,
    })
}
