//! A segment of a guide, laid over the segment of the standard.

use crate::table::{Element, Key, Kind, NONE, Segment, Unit, Usage};

use super::element::{self, Draft};
use super::fields::{Form, place_of, reference};
use super::limits;
use super::names;
use super::report::Report;
use super::source::Node;
use super::standard::Shape;
use super::tables::{Tables, small};

const SEGMENT: Form = Form {
    least: 1,
    most: 2,
    arguments: "an identifier and a usage",
    properties: &["max", "key", "present", "label", "unit", "unit-name"],
    block: true,
};

impl<'a> Tables<'a> {
    /// Adds the segment that a node describes; `None` if the standard has none of its name.
    pub(super) fn segment(
        &mut self,
        report: &mut Report,
        node: &Node,
        usage: Usage,
    ) -> Option<u16> {
        report.check(node, &SEGMENT);
        let word = report.text(node, 0)?;
        let Some((id, shape)) = self.standard.segments.get_key_value(word) else {
            let at = node
                .arguments
                .first()
                .map_or(node.at, |argument| argument.at);
            let message = format!("{} has no segment `{word}`", self.standard.version);
            report.unknown(at, message, word, self.standard.segments.keys());
            return None;
        };
        if self.is_full() {
            report.error(
                node.at,
                format!(
                    "the guide needs more than {} entries of a table",
                    limits::ENTRIES
                ),
            );
            return None;
        }
        let mut draft = Draft::new(id, shape);
        for child in node.children() {
            draft.read(self, report, child);
        }
        if usage != Usage::NotUsed && node.children().is_empty() {
            report.error(node.at, format!("segment {id} lists no elements"));
        }
        let index = self.guide.segments.len();
        let segment = self.place(report, node, draft);
        names::fill(&mut self.guide, &segment);
        names::in_segment(report, node, &self.guide, &segment);
        self.guide.segments.push(segment);
        u16::try_from(index).ok()
    }

    /// Writes the elements of a segment and what refers to them.
    fn place(&mut self, report: &mut Report, node: &Node, draft: Draft<'a>) -> Segment {
        let Draft {
            id,
            shape,
            specs,
            groups,
        } = draft;
        let first_element = self.guide.elements.len();
        for (slot, spec) in shape.slots.iter().zip(&specs) {
            self.add_element(slot, spec.as_ref());
        }
        let mut keys = self.keys(report, node, "key", (id, first_element));
        keys.extend(self.keys(report, node, "present", (id, first_element)));
        Segment {
            id: id.to_owned(),
            label: report.label(node).unwrap_or_else(|| shape.label.clone()),
            keys,
            first_element: small(first_element),
            element_count: small(shape.slots.len()),
            first_note: self.notes(id, shape),
            note_count: small(shape.notes.len()),
            hierarchical: shape.hierarchical,
            counter: shape.counter,
            unit: unit(report, node, (id, shape)),
            groups,
        }
    }

    /// What tells the segment from others of its name: elements with codes (`key`) or elements that are there (`present`).
    fn keys(
        &self,
        report: &mut Report,
        node: &Node,
        property: &str,
        (id, first): (&str, usize),
    ) -> Vec<Key> {
        let at = place_of(node, property);
        let mut keys = Vec::new();
        for word in report
            .word(node, property)
            .unwrap_or_default()
            .split_whitespace()
        {
            let Some((element, component)) = reference(id, word) else {
                let known = element::names(id, self.guide.elements.len() - first);
                report.unknown(at, format!("`{word}` is no element of {id}"), word, known);
                continue;
            };
            let Some(part) = self.part(first, element, component) else {
                report.error(at, format!("{id} has no {word}"));
                continue;
            };
            let by_code = property == "key";
            if by_code && part.kind == Kind::Composite {
                let hint = format!("name a component, such as {word}-1");
                report.error_with_hint(at, format!("{word} is a composite"), hint);
            } else if by_code && part.codes == NONE {
                report.error(at, format!("{word} is a key but has no codes"));
            } else if part.usage == Usage::NotUsed {
                report.error(at, format!("{word} must be present but is not used"));
            }
            let codes = if by_code { part.codes } else { NONE };
            keys.push(Key {
                element,
                component,
                codes,
            });
        }
        keys
    }

    /// An element, or a component if that is not 0, of the segment whose elements were written last, from `first` on.
    fn part(&self, first: usize, element: u8, component: u8) -> Option<&Element> {
        let element = self.guide.elements.get(first + usize::from(element) - 1)?;
        if component == 0 {
            return Some(element);
        }
        let index = usize::from(element.first_component) + usize::from(component) - 1;
        self.guide
            .components
            .get(index)
            .filter(|_| u16::from(component) <= element.component_count)
    }
}

/// The business unit that an acknowledgment quotes from the segment.
fn unit(report: &mut Report, node: &Node, (id, shape): (&str, &Shape)) -> Option<Unit> {
    let name = report.word(node, "unit-name");
    let Some(word) = report.word(node, "unit") else {
        if name.is_some() {
            report.error(
                place_of(node, "unit-name"),
                "`unit-name` stands without `unit`",
            );
        }
        return None;
    };
    let number = reference(id, word)
        .filter(|&(number, component)| usize::from(number) <= shape.slots.len() && component == 0);
    let Some((element, _)) = number else {
        report.unknown(
            place_of(node, "unit"),
            format!("`{word}` is no element of {id}"),
            word,
            element::names(id, shape.slots.len()),
        );
        return None;
    };
    Some(Unit {
        name: name.unwrap_or(word).to_owned(),
        element,
    })
}
