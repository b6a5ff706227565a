//! External code lists: the nodes `list`, each with its source, its date and its codes.

use std::collections::BTreeSet;

use crate::table::CodeList;

use super::fields::{Form, place_of};
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
    properties: &[],
    block: false,
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
    let codes = codes(report, node);
    let name = report.text(node, 0)?.to_owned();
    Some(CodeList {
        name,
        source,
        date,
        codes,
    })
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

/// The codes of a list, sorted.
fn codes(report: &mut Report, node: &Node) -> Vec<String> {
    let mut codes = BTreeSet::new();
    for child in node.children() {
        if child.name != "codes" {
            let message = format!("`{}` does not stand in a list", child.name);
            report.unknown(child.at, message, &child.name, ["codes"]);
            continue;
        }
        report.check(child, &CODES);
        for argument in &child.arguments {
            let Some(code) = report.quoted(argument) else {
                continue;
            };
            if code.is_empty() {
                report.error(argument.at, "a code is not empty");
            } else if !codes.insert(code.to_owned()) {
                report.error(argument.at, format!("code \"{code}\" stands twice"));
            }
        }
    }
    if node.children().is_empty() {
        report.error(node.at, "a list has codes");
    }
    codes.into_iter().collect()
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
