//! The standard layer: data elements, composites and segments, which every guide of a version rests on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::table::{Element, Filled, Kind, NONE, Note, Phi, Rule, Usage};

use super::fields::{Form, count, ordinal, place_of, reference};
use super::limits;
use super::report::Report;
use super::source::{Argument, Node};

/// The segments of one version of the standard, with all that guides take from them, and what these are made of.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Standard {
    pub(super) version: String,
    pub(super) segments: BTreeMap<String, Shape>,
    elements: BTreeMap<String, Element>,
    composites: BTreeMap<String, Slot>,
}

/// A segment of the standard.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub(super) struct Shape {
    pub(super) label: String,
    pub(super) hierarchical: bool,
    /// The element that counts, from one; 0 if none.
    pub(super) counter: u8,
    pub(super) slots: Vec<Slot>,
    pub(super) notes: Vec<Note>,
}

/// An element of a segment, not used until a guide says so.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub(super) struct Slot {
    pub(super) element: Element,
    /// Empty for a simple element.
    pub(super) components: Vec<Element>,
}

/// What is known of a version while its files are read.
#[derive(Default)]
pub(super) struct Layer<'s> {
    elements: BTreeMap<String, Element>,
    composites: BTreeMap<String, Slot>,
    segments: BTreeMap<String, Shape>,
    /// What the files rest on, and may say otherwise.
    base: Option<&'s Standard>,
}

const ELEMENT: Form = Form {
    least: 4,
    most: 4,
    arguments: "a number, a type, the least and the greatest length",
    properties: &["label", "phi"],
    block: false,
};
const COMPOSITE: Form = Form {
    least: 1,
    most: 1,
    arguments: "an identifier",
    properties: &["label", "phi"],
    block: true,
};
const COMPONENT: Form = Form {
    least: 1,
    most: 1,
    arguments: "a data element",
    properties: &["label", "phi", "format-by"],
    block: false,
};
const SEGMENT: Form = Form {
    least: 1,
    most: 1,
    arguments: "an identifier",
    properties: &["label", "hierarchy", "counter"],
    block: true,
};
const SLOT: Form = Form {
    least: 1,
    most: 1,
    arguments: "a data element or a composite",
    properties: &["label", "phi", "max", "format-by"],
    block: false,
};
const NOTES: Form = Form {
    least: 1,
    most: usize::MAX,
    arguments: "syntax notes",
    properties: &[],
    block: false,
};

impl<'s> Layer<'s> {
    /// A layer of files that add to a standard, or say otherwise than it.
    pub(super) fn over(base: &'s Standard) -> Self {
        Self {
            base: Some(base),
            ..Self::default()
        }
    }

    /// Reads the nodes called `element`, `composite` or `segment`, whichever `name` says; the others must be read before those that
    /// rest on them.
    pub(super) fn read(&mut self, report: &mut Report, nodes: &[Node], name: &str) {
        for node in nodes.iter().filter(|node| node.name == name) {
            match name {
                "element" => self.element(report, node),
                "composite" => self.composite(report, node),
                _ => self.segment(report, node),
            }
        }
    }

    /// What has been read, as the standard of a version.
    pub(super) fn into_standard(self, version: &str) -> Standard {
        let mut standard = self.base.cloned().unwrap_or_default();
        version.clone_into(&mut standard.version);
        standard.elements.extend(self.elements);
        standard.composites.extend(self.composites);
        standard.segments.extend(self.segments);
        standard
    }

    fn element(&mut self, report: &mut Report, node: &Node) {
        report.check(node, &ELEMENT);
        let Some(number) = report.text(node, 0) else {
            return;
        };
        let [_, kind, min, max, ..] = &node.arguments[..] else {
            return;
        };
        let known = kind.value.text().and_then(type_of);
        if known.is_none() {
            report.error(
                kind.at,
                format!(
                    "`{}` is no type: ID, AN, N0 to N6, R, DT, TM or B",
                    kind.value.written()
                ),
            );
        }
        let lengths = count::<u16>(&min.value).zip(count::<u32>(&max.value));
        if !lengths.is_some_and(ordered) {
            report.error(
                min.at,
                "lengths are whole numbers, the least first; the greatest may be many",
            );
        }
        let (min, max) = lengths.unwrap_or_default();
        let element = Element {
            data_element: number.to_owned(),
            min,
            max,
            label: report.label(node).unwrap_or_default(),
            phi: report.phi(node).unwrap_or_default(),
            ..blank(known.unwrap_or(Kind::An))
        };
        if self.elements.insert(number.to_owned(), element).is_some() {
            report.error(node.at, format!("data element {number} stands twice"));
        }
    }

    fn composite(&mut self, report: &mut Report, node: &Node) {
        report.check(node, &COMPOSITE);
        let Some(id) = report.text(node, 0) else {
            return;
        };
        let mut components = Vec::new();
        for child in node.children() {
            report.check(child, &COMPONENT);
            let expected = components.len() + 1;
            let found = child
                .name
                .strip_prefix(id)
                .and_then(|rest| ordinal(rest.strip_prefix('-')?));
            in_order(report, child, found, &format!("{id}-{expected:02}"));
            let format_by = report.word(child, "format-by").map(|word| {
                let number = word
                    .strip_prefix(id)
                    .and_then(|rest| ordinal(rest.strip_prefix('-')?));
                sibling(
                    report,
                    child,
                    "format-by",
                    (word, number),
                    node.children().len(),
                )
            });
            let what = report
                .text(child, 0)
                .and_then(|number| self.data_element(report, child, number));
            let element = what.unwrap_or_else(|| blank(Kind::An));
            components.push(Element {
                format_by: format_by.unwrap_or(0),
                ..customized(report, child, element)
            });
        }
        bound(report, node, &mut components);
        let element = Element {
            data_element: id.to_owned(),
            phi: Phi::default(),
            ..blank(Kind::Composite)
        };
        let slot = Slot {
            element: customized(report, node, element),
            components,
        };
        if self.composites.insert(id.to_owned(), slot).is_some() {
            report.error(node.at, format!("composite {id} stands twice"));
        }
    }

    fn segment(&mut self, report: &mut Report, node: &Node) {
        report.check(node, &SEGMENT);
        let Some(id) = report.text(node, 0) else {
            return;
        };
        let (notes, elements): (Vec<_>, Vec<_>) = node
            .children()
            .iter()
            .partition(|child| child.name == "notes");
        let mut shape = Shape {
            label: report.label(node).unwrap_or_default(),
            hierarchical: report.flag(node, "hierarchy").unwrap_or(false),
            counter: match report.word(node, "counter") {
                Some(word) => sibling(
                    report,
                    node,
                    "counter",
                    (word, element_number(id, word)),
                    elements.len(),
                ),
                None => 0,
            },
            ..Shape::default()
        };
        for child in &elements {
            let expected = format!("{id}{:02}", shape.slots.len() + 1);
            in_order(report, child, element_number(id, &child.name), &expected);
            let mut slot = self.slot(report, child);
            slot.element.repeat = report.count(child, "max").unwrap_or(1);
            slot.element.format_by = match report.word(child, "format-by") {
                Some(word) => sibling(
                    report,
                    child,
                    "format-by",
                    (word, element_number(id, word)),
                    elements.len(),
                ),
                None => 0,
            };
            shape.slots.push(slot);
        }
        for child in notes {
            report.check(child, &NOTES);
            shape.notes.extend(
                child
                    .arguments
                    .iter()
                    .filter_map(|argument| read_note(report, argument, elements.len())),
            );
        }
        bound(report, node, &mut shape.slots);
        if self.segments.insert(id.to_owned(), shape).is_some() {
            report.error(node.at, format!("segment {id} stands twice"));
        }
    }

    /// The data element or composite that an element of a segment is.
    fn slot(&self, report: &mut Report, node: &Node) -> Slot {
        report.check(node, &SLOT);
        let unknown = || Slot {
            element: blank(Kind::An),
            components: Vec::new(),
        };
        let Some(what) = report.text(node, 0) else {
            return unknown();
        };
        let base = || self.base?.composites.get(what);
        let slot = match self.composites.get(what).or_else(base) {
            Some(composite) => composite.clone(),
            None => self
                .data_element(report, node, what)
                .map_or_else(unknown, |element| Slot {
                    element,
                    components: Vec::new(),
                }),
        };
        Slot {
            element: customized(report, node, slot.element),
            components: slot.components,
        }
    }

    fn data_element(&self, report: &mut Report, node: &Node, number: &str) -> Option<Element> {
        let base = || self.base?.elements.get(number);
        let found = self.elements.get(number).or_else(base);
        if found.is_none() {
            let at = node
                .arguments
                .first()
                .map_or(node.at, |argument| argument.at);
            let in_base = self.base.iter().flat_map(|base| base.composites.keys());
            report.unknown(
                at,
                format!("there is no data element or composite `{number}`"),
                number,
                self.composites.keys().chain(in_base),
            );
        }
        found.cloned()
    }
}

/// The element with the label and the PHI class of one place.
fn customized(report: &mut Report, node: &Node, element: Element) -> Element {
    Element {
        label: report.label(node).unwrap_or(element.label),
        phi: report.phi(node).unwrap_or(element.phi),
        ..element
    }
}

fn blank(kind: Kind) -> Element {
    Element {
        usage: Usage::NotUsed,
        data_element: String::new(),
        kind,
        min: 0,
        max: 0,
        repeat: 1,
        codes: NONE,
        list: String::new(),
        pattern: NONE,
        format_by: 0,
        first_component: 0,
        component_count: 0,
        label: String::new(),
        phi: Phi::default(),
        filled: Filled::default(),
    }
}

/// Reports a segment or composite without parts, or with more than tables can hold, and keeps those that fit.
fn bound<T>(report: &mut Report, node: &Node, parts: &mut Vec<T>) {
    if parts.is_empty() || parts.len() > limits::ELEMENTS {
        report.error(
            node.at,
            format!("a {} has from 1 to {} parts", node.name, limits::ELEMENTS),
        );
        parts.truncate(limits::ELEMENTS);
    }
}

/// The number of an element that is named without component.
fn element_number(segment: &str, word: &str) -> Option<u8> {
    reference(segment, word)
        .filter(|(_, component)| *component == 0)
        .map(|(element, _)| element)
}

fn in_order(report: &mut Report, node: &Node, found: Option<u8>, expected: &str) {
    let number = expected
        .get(expected.len().saturating_sub(2)..)
        .and_then(ordinal);
    if found.is_none() || found != number {
        report.error(
            node.at,
            format!(
                "{expected} comes next, not `{}`: positions count without gaps",
                node.name
            ),
        );
    }
}

/// The sibling that `format-by` names; 0, with a fault reported, if there is none such.
fn sibling(
    report: &mut Report,
    node: &Node,
    property: &str,
    (word, found): (&str, Option<u8>),
    count: usize,
) -> u8 {
    let found = found.filter(|&found| usize::from(found) <= count);
    if found.is_none() {
        report.error(
            place_of(node, property),
            format!("`{word}` is no sibling of {}", node.name),
        );
    }
    found.unwrap_or(0)
}

fn type_of(word: &str) -> Option<Kind> {
    Some(match word {
        "ID" => Kind::Id,
        "AN" => Kind::An,
        "R" => Kind::Decimal,
        "DT" => Kind::Date,
        "TM" => Kind::Time,
        "B" => Kind::Binary,
        _ => Kind::Numeric(
            word.strip_prefix('N')?
                .parse()
                .ok()
                .filter(|&places| places <= 6 && word.len() == 2)?,
        ),
    })
}

/// Whether the least length is above zero and not above the greatest; 0 is without bound.
pub(super) fn ordered((min, max): (u16, u32)) -> bool {
    min > 0 && (max == 0 || u32::from(min) <= max)
}

fn read_note(report: &mut Report, argument: &Argument, elements: usize) -> Option<Note> {
    let written = argument.value.written();
    let note = note(written, elements);
    if note.is_none() {
        let message = format!(
            "`{written}` is no syntax note: P, R, E, C or L and two of the segment's elements or more"
        );
        report.error_with_hint(argument.at, message, "such as P0304");
    }
    note
}

/// Reads a syntax note: `P0304`.
fn note(word: &str, elements: usize) -> Option<Note> {
    let (letter, digits) = word.split_at_checked(1)?;
    let rule = match letter {
        "P" => Rule::Paired,
        "R" => Rule::Required,
        "E" => Rule::Exclusion,
        "C" => Rule::Conditional,
        "L" => Rule::ListConditional,
        _ => return None,
    };
    let numbers: Option<Vec<u8>> = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            ordinal(
                std::str::from_utf8(pair)
                    .ok()
                    .filter(|pair| pair.len() == 2)?,
            )
        })
        .collect();
    let numbers = numbers.filter(|numbers| numbers.len() >= 2)?;
    let within = numbers
        .iter()
        .all(|&number| usize::from(number) <= elements.min(limits::ELEMENTS));
    let bits = numbers.iter().fold(0, |bits, number| {
        bits | 1_u64.checked_shl(u32::from(number - 1)).unwrap_or(0)
    });
    let distinct = bits.count_ones() as usize == numbers.len();
    (within && distinct).then(|| Note {
        rule,
        first: numbers[0],
        elements: bits,
    })
}
