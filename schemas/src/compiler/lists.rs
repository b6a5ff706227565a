//! External code lists: the nodes `list`, each with its source, its date and its codes.

use std::collections::BTreeSet;

use crate::table::{CodeList, Time};

use super::fields::{Form, place_of};
use super::pattern;
use super::report::Report;
use super::source::Node;

const LIST: Form = Form {
    least: 1,
    most: 1,
    arguments: "a name",
    properties: &["source", "date"],
    block: true,
};
const CODES: Form = Form {
    least: 1,
    most: usize::MAX,
    arguments: "codes",
    properties: &["from", "to"],
    block: false,
};
const SHAPE: Form = Form {
    most: 1,
    arguments: "a pattern",
    properties: &[],
    ..CODES
};

/// Reads the nodes called `list`, in the order of the text.
pub(super) fn read(report: &mut Report, nodes: &[Node]) -> Vec<CodeList> {
    let mut lists: Vec<CodeList> = Vec::new();
    for node in nodes.iter().filter(|node| node.name == "list") {
        let Some(list) = list(report, node) else {
            continue;
        };
        if lists.iter().any(|earlier| earlier.name == list.name) {
            report.error(node.at, format!("list {} stands twice", list.name));
        }
        lists.push(list);
    }
    lists
}

fn list(report: &mut Report, node: &Node) -> Option<CodeList> {
    report.check(node, &LIST);
    let source = required(report, node, "source");
    let date = required(report, node, "date");
    if !date.is_empty() && !is_date(&date) {
        let message = format!("`date` is such as \"2026-01-31\", not `{date}`");
        report.error(place_of(node, "date"), message);
    }
    let mut list = CodeList {
        name: report.text(node, 0)?.to_owned(),
        source,
        date,
        ..CodeList::default()
    };
    contents(report, node, &mut list);
    Some(list)
}

/// A property that a list must have; empty, with a fault reported, if it has none.
fn required(report: &mut Report, node: &Node, name: &str) -> String {
    if node.property(name).is_none() {
        report.error(node.at, format!("a list has `{name}`"));
    }
    let word = report.word(node, name);
    if word.is_some_and(str::is_empty) {
        report.error(place_of(node, name), format!("`{name}` is empty"));
    }
    word.unwrap_or_default().to_owned()
}

/// The codes of a list, or what they look like.
fn contents(report: &mut Report, node: &Node, list: &mut CodeList) {
    let mut codes = BTreeSet::new();
    let mut times = BTreeSet::new();
    // Codes that are always in force; of the others a second time is another time.
    let mut always = BTreeSet::new();
    for child in node.children() {
        match child.name.as_str() {
            "codes" => report.check(child, &CODES),
            "shape" => {
                shape(report, child, list);
                continue;
            }
            other => {
                let message = format!("`{other}` does not stand in a list");
                report.unknown(child.at, message, other, ["codes", "shape"]);
                continue;
            }
        }
        let [from, to] = ["from", "to"].map(|name| day(report, child, name));
        for argument in &child.arguments {
            let Some(code) = report.quoted(argument) else {
                continue;
            };
            let time = Time {
                code: code.to_owned(),
                from: from.clone(),
                to: to.clone(),
            };
            let is_known = codes.contains(code);
            let is_timed = !from.is_empty() || !to.is_empty();
            let is_new = match is_timed {
                true => !always.contains(code) && times.insert(time),
                false => !is_known && always.insert(code.to_owned()),
            };
            if code.is_empty() {
                report.error(argument.at, "a code is not empty");
            } else if !is_new {
                report.error(argument.at, format!("code \"{code}\" stands twice"));
            }
            codes.insert(code.to_owned());
        }
    }
    let has_codes = node.children().iter().any(|child| child.name == "codes");
    if has_codes == list.shape.is_some() {
        report.error(node.at, "a list has codes, or a shape in their place");
    }
    list.codes = codes.into_iter().collect();
    list.times = times.into_iter().collect();
}

fn shape(report: &mut Report, node: &Node, list: &mut CodeList) {
    report.check(node, &SHAPE);
    let Some(argument) = node.arguments.first() else {
        return;
    };
    let Some(text) = report.quoted(argument) else {
        return;
    };
    match pattern::read(text) {
        Ok(pattern) => list.shape = Some(pattern),
        Err(fault) => report.error(argument.at, fault),
    }
}

/// A day as tables hold it, CCYYMMDD; empty if it is not given.
fn day(report: &mut Report, node: &Node, name: &str) -> String {
    let word = report.word(node, name).unwrap_or_default();
    if !word.is_empty() && !is_date(word) {
        let message = format!("`{name}` is such as \"2026-01-31\", not `{word}`");
        report.error(place_of(node, name), message);
    }
    word.replace('-', "")
}

/// Whether a word is written as a date is: year, month, day.
fn is_date(word: &str) -> bool {
    let within = |digits: &str, most: u8| {
        let number = digits.parse().ok();
        number.is_some_and(|number: u8| (1..=most).contains(&number))
    };
    let bytes = word.as_bytes();
    let formed = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    formed && within(&word[5..7], 12) && within(&word[8..], 31)
}
