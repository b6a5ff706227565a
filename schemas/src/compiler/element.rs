//! The elements of a segment as a guide lists them, laid over those of the standard.

use crate::table::{Element, Group, NONE, Phi, Usage};

use super::fields::{Form, count, ordinal, place_of, reference};
use super::pattern;
use super::report::{Place, Report};
use super::source::{Argument, Node};
use super::standard::{Shape, Slot, ordered};
use super::tables::{Tables, small};

/// What a guide says of one element or component.
#[derive(Clone)]
pub(super) struct Spec {
    usage: Usage,
    codes: u16,
    label: Option<String>,
    phi: Option<Phi>,
    repeat: Option<u16>,
    length: Option<(u16, u32)>,
    list: Option<String>,
    pattern: u16,
    format_by: Option<u8>,
    components: Vec<Option<Spec>>,
}

/// A segment while it is read.
pub(super) struct Draft<'a> {
    pub(super) id: &'a str,
    pub(super) shape: &'a Shape,
    pub(super) specs: Vec<Option<Spec>>,
    pub(super) groups: Vec<Group>,
}

const ELEMENT: Form = Form {
    least: 0,
    most: usize::MAX,
    arguments: "a usage and codes",
    properties: &[
        "label",
        "phi",
        "max",
        "codes",
        "length",
        "list",
        "pattern",
        "format-by",
    ],
    block: true,
};
const COMPONENT: Form = Form {
    properties: &[
        "label",
        "phi",
        "codes",
        "length",
        "list",
        "pattern",
        "format-by",
    ],
    block: false,
    ..ELEMENT
};
const EVERY: Form = Form {
    least: 1,
    most: 1,
    arguments: "a number of elements",
    properties: &["times", "label"],
    block: true,
};

impl Spec {
    /// Changes an element of the standard to what the guide says of it.
    fn apply(&self, element: &mut Element) {
        element.usage = self.usage;
        element.codes = self.codes;
        element.phi = self.phi.unwrap_or(element.phi);
        element.repeat = self.repeat.unwrap_or(element.repeat);
        element.format_by = self.format_by.unwrap_or(element.format_by);
        (element.min, element.max) = self.length.unwrap_or((element.min, element.max));
        if let Some(label) = &self.label {
            element.label.clone_from(label);
        }
        if let Some(list) = &self.list {
            element.list.clone_from(list);
        }
        element.pattern = self.pattern;
    }
}

/// What `every` lists: an element of the first run.
struct Listed<'n> {
    /// Where it stands in the segment, from zero.
    index: usize,
    spec: Spec,
    node: &'n Node,
}

impl<'a> Draft<'a> {
    pub(super) fn new(id: &'a str, shape: &'a Shape) -> Self {
        Self {
            id,
            shape,
            specs: vec![None; shape.slots.len()],
            groups: Vec::new(),
        }
    }

    /// Reads a node in the block of a segment: an element, or `every`.
    pub(super) fn read(&mut self, tables: &mut Tables<'_>, report: &mut Report, node: &Node) {
        if node.name == "every" {
            self.every(tables, report, node);
        } else if let Some(listed) = self.listed(tables, report, node) {
            self.put(report, listed);
        }
    }

    /// Reads elements that repeat as a group: those of the first run, and their copies.
    fn every(&mut self, tables: &mut Tables<'_>, report: &mut Report, node: &Node) {
        report.check(node, &EVERY);
        let size = node
            .arguments
            .first()
            .and_then(|argument| count::<u8>(&argument.value))
            .filter(|&size| size > 0);
        let (Some(size), Some(times)) = (size, report.number(node, "times")) else {
            report.error(
                node.at,
                "`every` takes a number of elements and `times`, how often they stand",
            );
            return;
        };
        let children = node.children().iter();
        let listed: Option<Vec<_>> = children
            .map(|child| self.listed(tables, report, child))
            .collect();
        let Some(listed) = listed else { return };
        let Some(first) = listed.iter().map(|listed| listed.index).min() else {
            report.error(node.at, "`every` lists no elements");
            return;
        };
        let last = self.shape.slots.len();
        if first + usize::from(size) * usize::from(times) > last {
            let id = self.id;
            report.error(
                node.at,
                format!("{times} times {size} elements run past the last of {id}, {id}{last:02}"),
            );
            return;
        }
        let label = report.label(node).unwrap_or_default();
        // A position fits a byte: a segment has at most `limits::ELEMENTS` elements.
        let group = Group {
            label,
            first: first as u8 + 1,
            size,
            times,
        };
        for listed in listed {
            self.repeat(report, &listed, &group);
        }
        self.groups.push(group);
    }

    /// Lays the copies of a grouped element where they belong; from the second run on it may be left out.
    fn repeat(&mut self, report: &mut Report, listed: &Listed<'_>, group: &Group) {
        let run = group.first..group.first + group.size;
        let within = |position: usize| run.contains(&(position as u8));
        let (size, node) = (usize::from(group.size), listed.node);
        if !within(listed.index + 1) {
            let first = self.name(usize::from(group.first - 1));
            report.error(
                node.at,
                format!("{} is not within {size} elements of {first}", node.name),
            );
            return;
        }
        for time in 0..usize::from(group.times) {
            let index = listed.index + time * size;
            let data_element = self.data_element(index);
            if data_element != self.data_element(listed.index) {
                let name = self.name(index);
                report.error(
                    node.at,
                    format!(
                        "{name} cannot repeat {}: it is data element {data_element}",
                        node.name
                    ),
                );
                return;
            }
            let mut spec = listed.spec.clone();
            if time > 0 && spec.usage == Usage::Required {
                spec.usage = Usage::Situational;
            }
            let shift = (time * size) as u8;
            spec.format_by = spec
                .format_by
                .map(|by| if run.contains(&by) { by + shift } else { by });
            self.put(report, Listed { index, spec, node });
        }
    }

    fn put(&mut self, report: &mut Report, listed: Listed<'_>) {
        if self.specs[listed.index].replace(listed.spec).is_some() {
            report.error(
                listed.node.at,
                format!("{} stands twice", self.name(listed.index)),
            );
        }
    }

    /// Reads what a node says of the element that it names.
    fn listed<'n>(
        &self,
        tables: &mut Tables<'_>,
        report: &mut Report,
        node: &'n Node,
    ) -> Option<Listed<'n>> {
        let index = self.index(report, node.at, &node.name)?;
        report.check(node, &ELEMENT);
        let slot = &self.shape.slots[index];
        let mut spec = tables.spec(report, node)?;
        spec.repeat = report.count(node, "max");
        spec.format_by = report.word(node, "format-by").and_then(|word| {
            let by = self.index(report, place_of(node, "format-by"), word)?;
            u8::try_from(by + 1).ok()
        });
        let (name, data_element) = (&node.name, &slot.element.data_element);
        if slot.components.is_empty() {
            if node.children.is_some() {
                report.error(
                    node.at,
                    format!("{name} has no components: it is data element {data_element}"),
                );
            }
            return Some(Listed { index, spec, node });
        }
        let is_bounded = spec.codes != NONE || spec.length.is_some() || spec.list.is_some();
        if is_bounded || spec.pattern != NONE {
            let message = format!(
                "{name} is composite {data_element}: codes, length, list and pattern stand on its components"
            );
            report.error(node.at, message);
        }
        if spec.usage != Usage::NotUsed && node.children().is_empty() {
            report.error(
                node.at,
                format!("{name} is composite {data_element} and lists no components"),
            );
        }
        spec.components = tables.components(report, node, slot);
        Some(Listed { index, spec, node })
    }

    /// Where an element stands in the segment, from zero.
    fn index(&self, report: &mut Report, at: Place, word: &str) -> Option<usize> {
        let (id, slots) = (self.id, self.shape.slots.len());
        match reference(id, word) {
            Some((number, 0)) if usize::from(number) <= slots => {
                return Some(usize::from(number) - 1);
            }
            Some((_, 0)) => {
                report.error(at, format!("there is no {word}: {id} has {slots} elements"))
            }
            Some(_) => report.error(
                at,
                format!("component {word} stands in the block of its element"),
            ),
            None => {
                let known = names(id, slots).chain(["every".to_owned()]);
                report.unknown(at, format!("`{word}` is no element of {id}"), word, known);
            }
        }
        None
    }

    fn data_element(&self, index: usize) -> &'a str {
        &self.shape.slots[index].element.data_element
    }

    /// How an element is written: `NM103`.
    fn name(&self, index: usize) -> String {
        format!("{}{:02}", self.id, index + 1)
    }
}

impl Tables<'_> {
    /// Adds an element as the guide has it; not used if the guide does not list it.
    pub(super) fn add_element(&mut self, slot: &Slot, spec: Option<&Spec>) {
        let mut element = slot.element.clone();
        if !slot.components.is_empty() {
            element.first_component = small(self.guide.components.len());
            element.component_count = small(slot.components.len());
        }
        // The PHI class of a composite is that of its components too, unless these have their own.
        let phi = spec.and_then(|spec| spec.phi);
        for (index, component) in slot.components.iter().enumerate() {
            let mut component = Element {
                phi: phi.unwrap_or(component.phi),
                ..component.clone()
            };
            if let Some(spec) = spec.and_then(|spec| spec.components.get(index)?.as_ref()) {
                spec.apply(&mut component);
            }
            self.guide.components.push(component);
        }
        if let Some(spec) = spec {
            spec.apply(&mut element);
        }
        self.guide.elements.push(element);
    }

    fn components(&mut self, report: &mut Report, node: &Node, slot: &Slot) -> Vec<Option<Spec>> {
        let mut components = vec![None; slot.components.len()];
        for child in node.children() {
            report.check(child, &COMPONENT);
            let Some(index) = component_index(report, (child.at, &child.name), node, slot) else {
                continue;
            };
            let Some(mut spec) = self.spec(report, child) else {
                continue;
            };
            spec.format_by = report.word(child, "format-by").and_then(|word| {
                let by = component_index(report, (place_of(child, "format-by"), word), node, slot)?;
                u8::try_from(by + 1).ok()
            });
            if components[index].replace(spec).is_some() {
                report.error(child.at, format!("{} stands twice", child.name));
            }
        }
        components
    }

    /// What elements and components have in common.
    fn spec(&mut self, report: &mut Report, node: &Node) -> Option<Spec> {
        let usage = report.usage(node, 0);
        let codes = self.listed_codes(report, node);
        let length = report.word(node, "length").and_then(|word| {
            let lengths = length(word);
            if lengths.is_none() {
                report.error(
                    place_of(node, "length"),
                    format!("length is such as \"2..10\" or \"1..many\", not `{word}`"),
                );
            }
            lengths
        });
        let pattern = report.word(node, "pattern").map(|text| {
            let added = pattern::add(&mut self.guide, text);
            added.unwrap_or_else(|fault| {
                report.error(place_of(node, "pattern"), fault);
                NONE
            })
        });
        Some(Spec {
            usage: usage?,
            codes,
            label: report.label(node),
            phi: report.phi(node),
            repeat: None,
            length,
            list: report.word(node, "list").map(str::to_owned),
            pattern: pattern.unwrap_or(NONE),
            format_by: None,
            components: Vec::new(),
        })
    }

    /// The codes behind the usage and those of a name, as an index; [`NONE`] without codes.
    fn listed_codes(&mut self, report: &mut Report, node: &Node) -> u16 {
        let mut codes = Vec::new();
        if let Some(name) = report.word(node, "codes") {
            match self.named_codes.get(name) {
                Some(named) => codes.clone_from(named),
                None => {
                    let message = format!("the guide has no codes under the name {name}");
                    let known = self.named_codes.keys();
                    report.unknown(place_of(node, "codes"), message, name, known);
                }
            }
        }
        append_codes(report, &node.arguments, &mut codes);
        self.codes(codes)
    }
}

/// Appends codes to others; none stands twice.
pub(super) fn append_codes(report: &mut Report, arguments: &[Argument], codes: &mut Vec<String>) {
    for argument in arguments.iter().skip(1) {
        let Some(code) = report.quoted(argument) else {
            continue;
        };
        if codes.iter().any(|known| known == code) {
            report.error(argument.at, format!("code \"{code}\" stands twice"));
        }
        codes.push(code.to_owned());
    }
}

/// Where a component stands in the element `node`, from zero.
fn component_index(
    report: &mut Report,
    (at, word): (Place, &str),
    node: &Node,
    slot: &Slot,
) -> Option<usize> {
    let count = slot.components.len();
    let number = word
        .strip_prefix(node.name.as_str())
        .and_then(|rest| ordinal(rest.strip_prefix('-')?));
    match number {
        Some(number) if usize::from(number) <= count => return Some(usize::from(number) - 1),
        Some(_) => report.error(
            at,
            format!(
                "there is no {word}: {} has {count} components",
                slot.element.data_element
            ),
        ),
        None => {
            let known = (1..=count).map(|number| format!("{}-{number}", node.name));
            report.unknown(
                at,
                format!("`{word}` is no component of {}", node.name),
                word,
                known,
            );
        }
    }
    None
}

/// The elements of a segment, as they are written.
pub(super) fn names(id: &str, count: usize) -> impl Iterator<Item = String> {
    (1..=count).map(move |number| format!("{id}{number:02}"))
}

/// The lengths that a guide writes as `2..10`.
pub(super) fn length(word: &str) -> Option<(u16, u32)> {
    let (min, max) = word.split_once("..")?;
    let max = if max == "many" {
        0
    } else {
        max.parse().ok().filter(|&max| max > 0)?
    };
    Some((min.parse().ok()?, max)).filter(|&lengths| ordered(lengths))
}
