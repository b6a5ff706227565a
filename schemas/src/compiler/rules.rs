//! Rules over several segments, read when the loops are laid out: their terms are looked up there.

use std::collections::BTreeSet;

use crate::table::{Condition, Grade, Guide, Loop, SituationRule};

use super::address::is_at;
use super::conditions::Reader;
use super::fields::{Form, place_of};
use super::limits;
use super::report::Report;
use super::source::Node;

const RULE: Form = Form {
    least: 1,
    most: 1,
    arguments: "a name",
    properties: &["in", "at", "snip", "severity", "ik304", "ik403", "stc"],
    block: true,
};
const TEXT: Form = Form {
    least: 1,
    most: 1,
    arguments: "a sentence",
    properties: &[],
    block: false,
};
const GRADES: &[(&str, Grade)] = &[
    ("error", Grade::Error),
    ("warning", Grade::Warning),
    ("info", Grade::Info),
];

/// IK304 and IK403 that speak of a situation (999, 005010X231A1).
const IK304: &[&str] = &["8", "I4", "I6", "I7", "I8", "I9"];
const IK403: &[&str] = &["7", "I6", "I9", "I10", "I11", "I12", "I13"];

/// Categories of a claim's status that reject it (claim status category codes).
const CATEGORIES: &[&str] = &["A3", "A6", "A7", "A8"];

/// Reads the rules of a guide.
pub(super) fn read(report: &mut Report, node: &Node, guide: &mut Guide) {
    let mut names: BTreeSet<_> = guide.rules.iter().map(|rule| rule.id.clone()).collect();
    for node in node.children().iter().filter(|node| node.name == "rule") {
        report.check(node, &RULE);
        let (Some(id), Some(scopes)) = (name(report, node), scopes(report, node, guide)) else {
            continue;
        };
        if !names.insert(id.clone()) {
            report.error(node.at, format!("rule `{id}` stands twice"));
        }
        // Loops may stand in each other: each of those named has a rule of its own.
        for scopes in scopes {
            if guide.rules.len() == limits::RULES {
                let message = format!("the guide has more than {} rules", limits::RULES);
                return report.error(node.at, message);
            }
            let Some(rule) = rule(report, node, guide, (&id, scopes)) else {
                break;
            };
            guide.rules.push(rule);
        }
    }
}

fn rule(
    report: &mut Report,
    node: &Node,
    guide: &mut Guide,
    (id, scopes): (&str, Vec<u16>),
) -> Option<SituationRule> {
    let grade = report.choice(node, "severity", GRADES);
    let snip = report.number(node, "snip");
    if !snip.is_some_and(|snip| (1..=7).contains(&snip)) {
        let at = place_of(node, "snip");
        report.error(at, "a rule has a SNIP type: `snip=1` to `snip=7`");
    }
    let ik304 = code(report, node, "ik304", IK304);
    let ik403 = code(report, node, "ik403", IK403);
    let stc = status(report, node);
    let mut reader = Reader {
        report,
        guide,
        scopes: &scopes,
        cells: Vec::new(),
    };
    let anchor = reader.anchor(node)?;
    let block = Block::read(&mut reader, node);
    let cells = reader.cells;
    for (what, lacks) in [
        ("message", block.message.is_none()),
        ("source", block.source.is_none()),
        ("require", block.require.is_empty()),
    ] {
        if lacks {
            report.error(node.at, format!("rule `{id}` lacks `{what}`"));
        }
    }
    Some(SituationRule {
        id: id.to_owned(),
        message: block.message?,
        source: block.source?,
        grade: grade.unwrap_or(Grade::Error),
        snip: snip?,
        ik304,
        ik403,
        stc,
        scopes,
        anchor,
        cells,
        when: block.when,
        require: block.require,
    })
}

/// What stands in the block of a rule.
#[derive(Default)]
struct Block {
    message: Option<String>,
    source: Option<String>,
    when: Vec<Condition>,
    require: Vec<Condition>,
}

impl Block {
    fn read(reader: &mut Reader<'_>, node: &Node) -> Self {
        let mut block = Self::default();
        for child in node.children() {
            match child.name.as_str() {
                "message" => block.message = sentence(reader.report, child),
                "source" => block.source = sentence(reader.report, child),
                "when" => block.when.extend(reader.block(child, 0)),
                "require" => block.require.extend(reader.block(child, 0)),
                other => reader.report.unknown(
                    child.at,
                    format!("`{other}` cannot stand in a rule"),
                    other,
                    ["message", "source", "when", "require"],
                ),
            }
        }
        block
    }
}

fn sentence(report: &mut Report, node: &Node) -> Option<String> {
    report.check(node, &TEXT);
    report.text(node, 0).map(str::to_owned)
}

/// The rule's name: small letters, digits and hyphens.
fn name(report: &mut Report, node: &Node) -> Option<String> {
    let name = report.text(node, 0)?;
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || !name.bytes().all(is_name) {
        report.error(
            node.at,
            format!("a rule's name has small letters, digits and hyphens, not `{name}`"),
        );
        return None;
    }
    Some(name.to_owned())
}

fn code(report: &mut Report, node: &Node, name: &str, known: &[&str]) -> String {
    let Some(word) = report.word(node, name) else {
        return String::new();
    };
    if !known.contains(&word) {
        let message = format!(
            "`{name}` of a rule is one of {}, not `{word}`",
            known.join(", ")
        );
        report.error(place_of(node, name), message);
    }
    word.to_owned()
}

/// What a 277CA says: category of rejection, status and perhaps entity, `A7:562:85`.
fn status(report: &mut Report, node: &Node) -> String {
    let Some(word) = report.word(node, "stc") else {
        return String::new();
    };
    let mut parts = word.split(':');
    let category = parts.next().is_some_and(|part| CATEGORIES.contains(&part));
    let status = parts.next().is_some_and(|part| {
        (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    });
    let entity = parts.next().is_none_or(|part| {
        (2..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    if !(category && status && entity && parts.next().is_none()) {
        let message = format!(
            "`stc` is a category ({}), a status and perhaps an entity, such as A7:562:85, not `{word}`",
            CATEGORIES.join(", ")
        );
        report.error(place_of(node, "stc"), message);
    }
    word.to_owned()
}

/// The loop instances that a rule looks at: those of each identifier that it names, or the transaction set.
fn scopes(report: &mut Report, node: &Node, guide: &Guide) -> Option<Vec<Vec<u16>>> {
    let Some(ids) = report.word(node, "in") else {
        return Some(vec![vec![0]]);
    };
    let mut scopes = Vec::new();
    for id in ids.split(' ') {
        let named = |(_, a_loop): &(u16, &Loop)| is_at(a_loop, id);
        let found = (0..).zip(&guide.loops).filter(named);
        let found: Vec<u16> = found.map(|(index, _)| index).collect();
        if found.is_empty() {
            let known = guide.loops.iter().map(|a_loop| &a_loop.id);
            let at = place_of(node, "in");
            report.unknown(at, format!("there is no loop {id}"), id, known);
            return None;
        }
        scopes.push(found);
    }
    Some(scopes)
}
