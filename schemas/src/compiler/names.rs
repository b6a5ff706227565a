//! What the shape `named` makes of a guide: which values it leaves out, since they follow from others, and that no key stands twice.
//!
//! A segment or loop is a key of the loop that it stands in; the elements of the segment that starts a loop are keys of the loop itself.

use std::collections::BTreeMap;

use crate::table::{Element, Filled, Guide, Kind, Rule, Segment, Usage};

use super::guide::{Content, Draft, LoopDraft, Part};
use super::report::{Place, Report};
use super::source::Node;

/// Keys of a transaction set's object that are not the guide's.
const RESERVED: &[&str] = &[
    "x12",
    "shape",
    "open",
    "close",
    "interchange",
    "group",
    "ordinal",
    "set",
    "guide",
    "segments",
    "trailer",
];

/// Formats of dates and times (data element 1250) that a value's form alone tells apart.
const FORMATS: &[&str] = &["D6", "D8", "DT", "RD6", "RD8", "RTS", "TM", "TS"];

/// Says of all elements of a segment, and of their components, how they come about where they are left out.
pub(super) fn fill(guide: &mut Guide, segment: &Segment) {
    let first = usize::from(segment.first_element);
    let count = usize::from(segment.element_count);
    for index in first..first + count {
        fill_components(guide, index);
    }
    for index in 0..count {
        let filled = of_element(guide, segment, index);
        guide.elements[first + index].filled = filled;
    }
    // All runs are as the first is, of which some parts must stand.
    for group in &segment.groups {
        let run = usize::from(group.size);
        let begin = usize::from(group.first - 1);
        for index in begin + run..begin + run * usize::from(group.times) {
            let (like, index) = (first + begin + (index - begin) % run, first + index);
            guide.elements[index].filled = guide.elements[like].filled;
            let components = guide.elements[index].component_count;
            let (to, from) = (
                guide.elements[index].first_component,
                guide.elements[like].first_component,
            );
            for offset in 0..components {
                guide.components[usize::from(to + offset)].filled =
                    guide.components[usize::from(from + offset)].filled;
            }
        }
    }
}

fn fill_components(guide: &mut Guide, element: usize) {
    let element = &guide.elements[element];
    let first = usize::from(element.first_component);
    let count = usize::from(element.component_count);
    for index in 0..count {
        let run = &guide.components[first..first + count];
        let filled = if run[index].usage == Usage::NotUsed {
            Filled::Unnamed
        } else if is_fixed(guide, &run[index]) {
            Filled::Code
        } else if names_a_format(guide, run, index) {
            Filled::Form
        } else {
            Filled::Not
        };
        guide.components[first + index].filled = filled;
    }
}

fn of_element(guide: &Guide, segment: &Segment, index: usize) -> Filled {
    let elements = guide.elements_of(segment);
    let element = &elements[index];
    let number = index + 1;
    if element.usage == Usage::NotUsed {
        Filled::Unnamed
    } else if is_length(elements, index) {
        Filled::Length
    } else if is_fixed(guide, element) {
        Filled::Code
    } else if segment.hierarchical && matches!(number, 1 | 2 | 4) {
        Filled::Level
    } else if number == usize::from(segment.counter) {
        Filled::Count
    } else if single(guide, element) && is_paired(guide, segment, elements, number) {
        Filled::Paired
    } else if names_a_format(guide, elements, index) {
        Filled::Form
    } else {
        Filled::Not
    }
}

/// Whether an element says how long the binary data behind it are.
fn is_length(elements: &[Element], index: usize) -> bool {
    let data = elements.get(index + 1);
    data.is_some_and(|data| data.kind == Kind::Binary && data.usage != Usage::NotUsed)
}

/// Whether an element that must stand can hold one thing only.
fn is_fixed(guide: &Guide, element: &Element) -> bool {
    if element.usage != Usage::Required || element.repeat != 1 {
        return false;
    }
    let mut named = guide
        .components_of(element)
        .iter()
        .filter(|component| component.filled != Filled::Unnamed)
        .peekable();
    if element.component_count == 0 {
        single(guide, element)
    } else {
        named.peek().is_some() && named.all(|component| component.filled == Filled::Code)
    }
}

/// Whether the guide has one code for an element, and no more elsewhere.
fn single(guide: &Guide, element: &Element) -> bool {
    element.list.is_empty() && element.repeat == 1 && guide.codes_at(element.codes).len() == 1
}

/// Whether a syntax note lets an element stand just where another one does that tells something.
fn is_paired(guide: &Guide, segment: &Segment, elements: &[Element], number: usize) -> bool {
    guide.notes_of(segment).iter().any(|note| {
        let named = |number: usize| note.elements & 1 << (number - 1) != 0;
        note.rule == Rule::Paired
            && named(number)
            && (1..).zip(elements).any(|(other, element)| {
                other != number
                    && named(other)
                    && element.usage != Usage::NotUsed
                    && !single(guide, element)
            })
    })
}

/// Whether an element names the format of one beside it, by formats that its value tells.
fn names_a_format(guide: &Guide, siblings: &[Element], index: usize) -> bool {
    let element = &siblings[index];
    let codes = guide.codes_at(element.codes);
    let known = !codes.is_empty() && codes.iter().all(|code| FORMATS.contains(&code.as_str()));
    known
        && element.repeat == 1
        && siblings
            .iter()
            .any(|other| usize::from(other.format_by) == index + 1 && other.usage != Usage::NotUsed)
}

/// The names that stand so far, and what has each.
type Names = BTreeMap<String, String>;

/// Takes a name, or reports that something has it already.
fn take(report: &mut Report, names: &mut Names, (name, of): (&str, String), at: Place) {
    if let Some(other) = names.get(name) {
        if *other == of {
            // It stands twice itself, which is told where it does.
            return;
        }
        let message = format!("`{name}` names {other} already: give {of} a label of its own");
        return report.error(at, message);
    }
    names.insert(name.to_owned(), of);
}

/// Reports names that stand twice in the object of a segment, of a composite element, or of a run of elements.
pub(super) fn in_segment(report: &mut Report, node: &Node, guide: &Guide, segment: &Segment) {
    let mut names = Names::new();
    for child in node.children() {
        if child.name == "every" {
            let mut run = Names::new();
            let label = child.property("label").and_then(|label| label.value.text());
            match label {
                Some(label) => take(report, &mut names, (label, "a run".to_owned()), child.at),
                None => run.append(&mut names),
            }
            for listed in child.children() {
                element(report, listed, (guide, segment), &mut run);
            }
            if label.is_none() {
                names = run;
            }
        } else {
            element(report, child, (guide, segment), &mut names);
        }
    }
}

fn element(
    report: &mut Report,
    node: &Node,
    (guide, segment): (&Guide, &Segment),
    names: &mut Names,
) {
    let number = super::fields::reference(&segment.id, &node.name);
    let Some((number, _)) =
        number.filter(|(number, _)| u16::from(*number) <= segment.element_count)
    else {
        return;
    };
    let element = &guide.elements[usize::from(segment.first_element + u16::from(number) - 1)];
    if element.filled == Filled::Unnamed {
        return;
    }
    if !element.label.is_empty() {
        take(report, names, (&element.label, node.name.clone()), node.at);
    }
    let mut inside = Names::new();
    for (ordinal, component) in (1..).zip(guide.components_of(element)) {
        let name = format!("{}-{ordinal}", node.name);
        let child = node.children().iter().find(|child| child.name == name);
        if let (Some(child), false) = (child, component.label.is_empty()) {
            take(report, &mut inside, (&component.label, name), child.at);
        }
    }
}

/// Reports names that stand twice in the object of a loop, or of the transaction set.
pub(super) fn in_loops(report: &mut Report, draft: &Draft, guide: &Guide) {
    let loops = Loops {
        shared: &draft.shared,
        guide,
    };
    loops.parts(report, &draft.parts, true);
    for shared in &draft.shared {
        loops.parts(report, &shared.parts, false);
    }
}

struct Loops<'a> {
    shared: &'a [LoopDraft],
    guide: &'a Guide,
}

impl Loops<'_> {
    fn parts(&self, report: &mut Report, parts: &[Part], is_set: bool) {
        let mut names = Names::new();
        for reserved in RESERVED.iter().filter(|_| is_set) {
            let what = "a key of every transaction set".to_owned();
            names.insert((*reserved).to_owned(), what);
        }
        for (index, part) in parts.iter().enumerate() {
            let (name, of) = match &part.content {
                Content::Segment { index: segment, .. } => {
                    let segment = &self.guide.segments[usize::from(*segment)];
                    if index == 0 {
                        self.starter(report, &mut names, segment, part.at);
                        continue;
                    }
                    (
                        named(&segment.label, &segment.id),
                        format!("segment {}", segment.id),
                    )
                }
                Content::Loop(draft) => {
                    self.parts(report, &draft.parts, false);
                    (named(&draft.label, &draft.id), format!("loop {}", draft.id))
                }
                Content::Use { id, key, .. } => {
                    let shared = self.shared.iter().find(|shared| shared.key == *key);
                    let label = shared.map_or("", |shared| &shared.label);
                    (named(label, id), format!("loop {id}"))
                }
            };
            take(report, &mut names, (name, of), part.at);
        }
    }

    /// The elements of the segment that starts a loop are keys of the loop.
    fn starter(&self, report: &mut Report, names: &mut Names, segment: &Segment, at: Place) {
        let within = |number: usize| {
            segment.groups.iter().find(|group| {
                let first = usize::from(group.first);
                (first..first + usize::from(group.size) * usize::from(group.times))
                    .contains(&number)
                    && !group.label.is_empty()
            })
        };
        for (number, element) in (1..).zip(self.guide.elements_of(segment)) {
            let of = format!("{}{number:02}", segment.id);
            match within(number) {
                Some(group) if number == usize::from(group.first) => {
                    take(report, names, (&group.label, of), at);
                }
                Some(_) => {}
                None if element.filled == Filled::Unnamed || element.label.is_empty() => {}
                None => take(report, names, (&element.label, of), at),
            }
        }
    }
}

/// A label, or the identifier in its place.
fn named<'a>(label: &'a str, id: &'a str) -> &'a str {
    if label.is_empty() { id } else { label }
}
