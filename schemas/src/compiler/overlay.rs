//! Overlays: what a trading partner wants otherwise than its guide has it, laid over the compiled guide.

use crate::table::{Element, FINDINGS, Grade, Guide, Severity};

use super::address::{self, Address};
use super::element::length;
use super::fields::{Form, count};
use super::pattern;
use super::report::{Place, Report};
use super::rules;
use super::source::{Node, Value};
use super::tables::small;

const OVERLAY: Form = Form {
    least: 1,
    most: 1,
    arguments: "a name",
    properties: &["of"],
    block: true,
};
const SOURCE: Form = Form {
    most: usize::MAX,
    arguments: "strings",
    properties: &[],
    block: false,
    ..OVERLAY
};
const CHANGE: Form = Form {
    least: 2,
    most: 2,
    arguments: "a place and what is so there",
    ..SOURCE
};
const CODES: Form = Form {
    most: usize::MAX,
    arguments: "a place and codes",
    ..CHANGE
};

/// What an overlay may hold.
const NODES: &[&str] = &[
    "source", "usage", "max", "codes", "length", "pattern", "list", "severity", "rule",
];

/// Severities, and none: then the rule is not followed.
const GRADES: [(&str, Option<Grade>); 4] = [
    ("error", Some(Grade::Error)),
    ("warning", Some(Grade::Warning)),
    ("info", Some(Grade::Info)),
    ("off", None),
];

/// The identifier of the guide that an overlay lies over.
pub(super) fn base<'n>(report: &mut Report, node: &'n Node) -> Option<&'n str> {
    report.check(node, &OVERLAY);
    report.text(node, 0)?;
    if node.property("of").is_none() {
        report.error(node.at, "`overlay` lacks `of`: the guide that it lies over");
    }
    report.word(node, "of")
}

/// Lays an overlay over its guide.
pub(super) fn lay(report: &mut Report, node: &Node, guide: &mut Guide) {
    for child in node.children() {
        match child.name.as_str() {
            "source" => report.check(child, &SOURCE),
            "usage" => usage(report, child, guide),
            "max" => max(report, child, guide),
            "codes" => codes(report, child, guide),
            "length" => lengths(report, child, guide),
            "pattern" => patterns(report, child, guide),
            "list" => list(report, child, guide),
            "severity" => severity(report, child, guide),
            // They come last, to be read over what the others changed.
            "rule" => {}
            other => {
                let message = format!("`{other}` cannot stand in an overlay");
                report.unknown(child.at, message, other, NODES);
            }
        }
    }
    rules::read(report, node, guide);
}

/// What a place names: indexes into the tables of the guide.
enum Target {
    /// Items that are the loop, or the segment in its loop.
    Items(Vec<usize>),
    /// Elements, in each segment that is meant.
    Elements(Vec<usize>),
    /// Components.
    Components(Vec<usize>),
}

fn target(report: &mut Report, node: &Node, guide: &Guide) -> Option<Target> {
    let place = report.text(node, 0)?;
    let found = find(guide, place);
    if found.is_none() {
        let at = node
            .arguments
            .first()
            .map_or(node.at, |argument| argument.at);
        let loops = guide.loops.iter().map(|a_loop| &a_loop.id);
        let known = loops.filter(|_| !place.contains('/'));
        report.unknown(at, format!("the guide has no `{place}`"), place, known);
    }
    found
}

/// A loop in all its places, or what stands in it.
fn find(guide: &Guide, place: &str) -> Option<Target> {
    let is_named = |child: u16| {
        let a_loop = guide.loops.get(usize::from(child));
        a_loop.is_some_and(|a_loop| address::is_at(a_loop, place))
    };
    let children: Vec<usize> = (0..guide.items.len())
        .filter(|&item| is_named(guide.items[item].child))
        .collect();
    if !children.is_empty() {
        return Some(Target::Items(children));
    }
    let address = Address::parse(place).filter(|address| address.conditions.is_empty())?;
    let (mut items, mut elements, mut components) = (Vec::new(), Vec::new(), Vec::new());
    for a_loop in guide.loops.iter().filter(|a_loop| address.is_in(a_loop)) {
        for part in address.parts(guide, a_loop) {
            let segment = &guide.segments[usize::from(guide.items[part.item].segment)];
            let Some(index) = part.element.checked_sub(1) else {
                items.push(part.item);
                continue;
            };
            let element = usize::from(segment.first_element) + usize::from(index);
            match part.component.checked_sub(1) {
                None => elements.push(element),
                Some(index) => components.push(
                    usize::from(guide.elements[element].first_component) + usize::from(index),
                ),
            }
        }
    }
    for indexes in [&mut elements, &mut components] {
        indexes.sort_unstable();
        indexes.dedup();
    }
    match (items.is_empty(), elements.is_empty(), components.is_empty()) {
        (false, ..) => Some(Target::Items(items)),
        (_, false, _) => Some(Target::Elements(elements)),
        (.., false) => Some(Target::Components(components)),
        _ => None,
    }
}

fn usage(report: &mut Report, node: &Node, guide: &mut Guide) {
    report.check(node, &CHANGE);
    let (Some(usage), Some(target)) = (report.usage(node, 1), target(report, node, guide)) else {
        return;
    };
    match target {
        Target::Items(items) => items.iter().for_each(|&at| guide.items[at].usage = usage),
        Target::Elements(elements) => elements
            .iter()
            .for_each(|&at| guide.elements[at].usage = usage),
        Target::Components(components) => components
            .iter()
            .for_each(|&at| guide.components[at].usage = usage),
    }
}

fn max(report: &mut Report, node: &Node, guide: &mut Guide) {
    report.check(node, &CHANGE);
    let number = node
        .arguments
        .get(1)
        .map(|argument| (count::<u32>(&argument.value), argument.at));
    let target = target(report, node, guide);
    match (number, target) {
        (Some((None, at)), _) => report.error(at, "`max` is a whole number from 1 up, or many"),
        (Some((Some(max), _)), Some(Target::Items(items))) => {
            items.iter().for_each(|&item| guide.items[item].max = max);
        }
        (Some((Some(max), _)), Some(Target::Elements(elements))) => {
            let repeat = u16::try_from(max).unwrap_or_default();
            elements
                .iter()
                .for_each(|&at| guide.elements[at].repeat = repeat);
        }
        (_, Some(Target::Components(_))) => report.error(node.at, "a component does not repeat"),
        _ => {}
    }
}

/// The elements and components of a place; reports one that has no values.
fn values<'g>(report: &mut Report, node: &Node, guide: &'g mut Guide) -> Vec<&'g mut Element> {
    let (table, indexes) = match target(report, node, guide) {
        Some(Target::Elements(indexes)) => (&mut guide.elements, indexes),
        Some(Target::Components(indexes)) => (&mut guide.components, indexes),
        Some(Target::Items(_)) => {
            report.error(
                node.at,
                format!("`{}` is about an element or a component", node.name),
            );
            return Vec::new();
        }
        None => return Vec::new(),
    };
    let meant = |(index, _): &(usize, &mut Element)| indexes.binary_search(index).is_ok();
    table
        .iter_mut()
        .enumerate()
        .filter(meant)
        .map(|(_, element)| element)
        .collect()
}

fn codes(report: &mut Report, node: &Node, guide: &mut Guide) {
    report.check(node, &CODES);
    let mut codes = Vec::new();
    for argument in node.arguments.iter().skip(1) {
        codes.extend(report.quoted(argument).map(str::to_owned));
    }
    codes.sort_unstable();
    codes.dedup();
    guide.codes.push(codes);
    let index = small(guide.codes.len() - 1);
    for element in values(report, node, guide) {
        element.codes = index;
    }
}

fn lengths(report: &mut Report, node: &Node, guide: &mut Guide) {
    report.check(node, &CHANGE);
    let Some(argument) = node.arguments.get(1) else {
        return;
    };
    let Some((least, most)) = argument.value.text().and_then(length) else {
        let message = format!(
            "a length is written \"2..10\", not `{}`",
            argument.value.written()
        );
        return report.error(argument.at, message);
    };
    for element in values(report, node, guide) {
        (element.min, element.max) = (least, most);
    }
}

fn patterns(report: &mut Report, node: &Node, guide: &mut Guide) {
    report.check(node, &CHANGE);
    let Some(argument) = node.arguments.get(1) else {
        return;
    };
    let Some(text) = report.quoted(argument) else {
        return;
    };
    match pattern::add(guide, text) {
        Ok(index) => values(report, node, guide)
            .into_iter()
            .for_each(|element| element.pattern = index),
        Err(fault) => report.error(argument.at, fault),
    }
}

fn list(report: &mut Report, node: &Node, guide: &mut Guide) {
    report.check(node, &CHANGE);
    let Some(name) = report.text(node, 1) else {
        return;
    };
    for element in values(report, node, guide) {
        name.clone_into(&mut element.list);
    }
}

fn severity(report: &mut Report, node: &Node, guide: &mut Guide) {
    report.check(node, &CHANGE);
    let Some(id) = report.text(node, 0) else {
        return;
    };
    let word = node
        .arguments
        .get(1)
        .map(|argument| (&argument.value, argument.at));
    let Some((grade, _)) = grade(report, word) else {
        return;
    };
    if guide.rules.iter().any(|rule| rule.id == id) {
        return match grade {
            Some(grade) => guide
                .rules
                .iter_mut()
                .filter(|rule| rule.id == id)
                .for_each(|rule| rule.grade = grade),
            None => guide.rules.retain(|rule| rule.id != id),
        };
    }
    if !FINDINGS.contains(&id) {
        let rules = guide.rules.iter().map(|rule| rule.id.as_str());
        let message = format!("there is no rule or finding `{id}`");
        return report.unknown(node.at, message, id, rules.chain(FINDINGS.iter().copied()));
    }
    guide.severities.retain(|severity| severity.finding != id);
    guide.severities.push(Severity {
        finding: id.to_owned(),
        grade,
    });
}

fn grade(report: &mut Report, word: Option<(&Value, Place)>) -> Option<(Option<Grade>, Place)> {
    let (value, at) = word?;
    let known = GRADES.iter().find(|(name, _)| value.text() == Some(name));
    if known.is_none() {
        let names = GRADES.map(|(name, _)| name);
        let message = format!(
            "a severity is one of {}, not `{}`",
            names.join(", "),
            value.written()
        );
        report.unknown(at, message, value.written(), names);
    }
    known.map(|(_, grade)| (*grade, at))
}
