//! Rules over several segments, read when the loops are laid out: their terms are looked up there.

use std::collections::BTreeSet;

use crate::table::{
    Cell, Check, Condition, Gathers, Grade, Guide, Loop, NONE, Reading, Segment, SituationRule,
};

use super::fields::{Form, count, place_of, reference};
use super::limits;
use super::report::{Place, Report};
use super::source::{Argument, Node};
use super::tables::small;

const RULE: Form = Form {
    least: 1,
    most: 1,
    arguments: "a name",
    properties: &["in", "at", "snip", "severity", "ik304", "ik403"],
    block: true,
};
const TEXT: Form = Form {
    least: 1,
    most: 1,
    arguments: "a sentence",
    properties: &[],
    block: false,
};
const BLOCK: Form = Form {
    least: 0,
    most: 0,
    arguments: "nothing",
    properties: &[],
    block: true,
};
const TERM: Form = Form {
    arguments: "an element",
    ..TEXT
};
const TERMS: Form = Form {
    least: 2,
    most: 2,
    arguments: "two elements",
    ..TEXT
};
const MANY: Form = Form {
    most: usize::MAX,
    arguments: "elements",
    ..TEXT
};
const CODES: Form = Form {
    least: 2,
    most: usize::MAX,
    arguments: "an element and codes",
    ..TEXT
};
const COUNT: Form = Form {
    properties: &["least", "most"],
    ..TERM
};
const CHECK: Form = Form {
    properties: &["as"],
    ..TERM
};

const GRADES: &[(&str, Grade)] = &[
    ("error", Grade::Error),
    ("warning", Grade::Warning),
    ("info", Grade::Info),
];

/// What a condition may be.
const CONDITIONS: &[&str] = &[
    "present",
    "absent",
    "code",
    "count",
    "balance",
    "unique",
    "among",
    "not-after",
    "check",
    "any",
    "not",
];

/// IK304 and IK403 that speak of a situation (999, 005010X231A1).
const IK304: &[&str] = &["8", "I4", "I6", "I7", "I8", "I9"];
const IK403: &[&str] = &["7", "I6", "I9", "I10", "I11", "I12", "I13"];

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
    let mut reader = Reader {
        report,
        guide,
        scopes: &scopes,
        cells: Vec::new(),
    };
    let anchor = reader.anchor(node)?;
    let block = reader.rule(node);
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

/// The loop instances that a rule looks at: those of each identifier that it names, or the transaction set.
fn scopes(report: &mut Report, node: &Node, guide: &Guide) -> Option<Vec<Vec<u16>>> {
    let Some(ids) = report.word(node, "in") else {
        return Some(vec![vec![0]]);
    };
    let mut scopes = Vec::new();
    for id in ids.split(' ') {
        let named = |(_, a_loop): &(u16, &Loop)| a_loop.id == id;
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

struct Reader<'a> {
    report: &'a mut Report,
    guide: &'a mut Guide,
    scopes: &'a [u16],
    cells: Vec<Cell>,
}

impl Reader<'_> {
    fn anchor(&mut self, node: &Node) -> Option<u16> {
        let at = node.property("at");
        let Some((term, at)) = at.and_then(|at| Some((at.value.text()?, at.at))) else {
            let message = "a rule says where it is told: `at=\"CLM02\"`";
            self.report.error(node.at, message);
            return None;
        };
        self.cell(term, at, Gathers::Presence)
    }

    fn rule(&mut self, node: &Node) -> Block {
        let mut block = Block::default();
        for child in node.children() {
            match child.name.as_str() {
                "message" => block.message = self.sentence(child),
                "source" => block.source = self.sentence(child),
                "when" => block.when.extend(self.block(child, 0)),
                "require" => block.require.extend(self.block(child, 0)),
                other => self.report.unknown(
                    child.at,
                    format!("`{other}` cannot stand in a rule"),
                    other,
                    ["message", "source", "when", "require"],
                ),
            }
        }
        block
    }

    fn sentence(&mut self, node: &Node) -> Option<String> {
        self.report.check(node, &TEXT);
        self.report.text(node, 0).map(str::to_owned)
    }

    /// The conditions of a block.
    fn block(&mut self, node: &Node, depth: usize) -> Vec<Condition> {
        self.report.check(node, &BLOCK);
        if node.children().is_empty() {
            self.report
                .error(node.at, format!("`{}` is empty", node.name));
        }
        if depth > limits::CONDITION_DEPTH {
            let message = format!("conditions stand deeper than {}", limits::CONDITION_DEPTH);
            self.report.error(node.at, message);
            return Vec::new();
        }
        let condition = |child| self.condition(child, depth);
        node.children().iter().filter_map(condition).collect()
    }

    fn condition(&mut self, node: &Node, depth: usize) -> Option<Condition> {
        Some(match node.name.as_str() {
            "present" => Condition::Present(self.term(node, &TERM, 0, Gathers::Presence)?),
            "absent" => Condition::Absent(self.term(node, &TERM, 0, Gathers::Presence)?),
            "code" => {
                let codes = self.codes(node);
                Condition::Code(self.term(node, &CODES, 0, Gathers::Codes(codes))?)
            }
            "count" => {
                let cell = self.term(node, &COUNT, 0, Gathers::Presence)?;
                let bound = |name| node.property(name).map(|p| count(&p.value));
                let (least, most) = (bound("least"), bound("most"));
                if [least, most].contains(&Some(None)) || least.or(most).is_none() {
                    self.report.error(
                        node.at,
                        "`count` takes `least`, `most` or both: whole numbers from 1 up",
                    );
                }
                Condition::Count(
                    cell,
                    least.flatten().unwrap_or(0),
                    most.flatten().unwrap_or(0),
                )
            }
            "balance" => self.balance(node)?,
            "unique" => Condition::Unique(self.term(node, &TERM, 0, Gathers::Values)?),
            "among" => Condition::Among(
                self.term(node, &TERMS, 0, Gathers::Values)?,
                self.term(node, &TERMS, 1, Gathers::Values)?,
            ),
            "not-after" => Condition::NotAfter(
                self.term(node, &TERMS, 0, Gathers::Presence)?,
                self.term(node, &TERMS, 1, Gathers::Presence)?,
            ),
            "check" => {
                let check = self.report.choice(node, "as", &[("npi", Check::Npi)]);
                if node.property("as").is_none() {
                    self.report
                        .error(node.at, "`check` says for what: `as=npi`");
                }
                Condition::Check(self.term(node, &CHECK, 0, Gathers::Check(check?))?)
            }
            "any" => Condition::Any(self.block(node, depth + 1)),
            "not" => Condition::Not(self.block(node, depth + 1)),
            other => {
                let message = format!("`{other}` is no condition");
                self.report.unknown(node.at, message, other, CONDITIONS);
                return None;
            }
        })
    }

    /// `balance { plus …; minus … }`: what is added on one side is as much as what is taken away.
    fn balance(&mut self, node: &Node) -> Option<Condition> {
        self.report.check(node, &BLOCK);
        let (mut plus, mut minus) = (Vec::new(), Vec::new());
        for child in node.children() {
            let side = match child.name.as_str() {
                "plus" => &mut plus,
                "minus" => &mut minus,
                other => {
                    let message = format!("`balance` holds `plus` and `minus`, not `{other}`");
                    self.report
                        .unknown(child.at, message, other, ["plus", "minus"]);
                    continue;
                }
            };
            self.report.check(child, &MANY);
            for argument in &child.arguments {
                side.push(self.argument(argument, Gathers::Sum)?);
            }
        }
        if plus.is_empty() || minus.is_empty() {
            self.report
                .error(node.at, "`balance` takes `plus` and `minus`");
        }
        Some(Condition::Balance(plus, minus))
    }

    /// The codes behind the element of `code`.
    fn codes(&mut self, node: &Node) -> u16 {
        let mut codes: Vec<String> = Vec::new();
        for argument in node.arguments.iter().skip(1) {
            codes.extend(self.report.quoted(argument).map(str::to_owned));
        }
        codes.sort_unstable();
        codes.dedup();
        let known = self.guide.codes.iter().position(|other| *other == codes);
        small(known.unwrap_or_else(|| {
            self.guide.codes.push(codes);
            self.guide.codes.len() - 1
        }))
    }

    fn term(&mut self, node: &Node, form: &Form, index: usize, gathers: Gathers) -> Option<u16> {
        if index == 0 {
            self.report.check(node, form);
        }
        self.argument(node.arguments.get(index)?, gathers)
    }

    fn argument(&mut self, argument: &Argument, gathers: Gathers) -> Option<u16> {
        let term = self.report.quoted(argument)?;
        self.cell(term, argument.at, gathers)
    }

    /// The cell of a term; the same for the same term and purpose.
    fn cell(&mut self, term: &str, at: Place, gathers: Gathers) -> Option<u16> {
        let readings = self.readings(term, at)?;
        let cell = Cell { readings, gathers };
        if let Some(known) = self.cells.iter().position(|other| *other == cell) {
            return Some(small(known));
        }
        if self.cells.len() == limits::CELLS {
            self.report.error(
                at,
                format!("a rule has more than {} elements", limits::CELLS),
            );
            return None;
        }
        self.cells.push(cell);
        Some(small(self.cells.len() - 1))
    }

    /// Where the values of a term stand: `2400/DTP03[472]` from each of the scopes.
    fn readings(&mut self, term: &str, at: Place) -> Option<Vec<Reading>> {
        let (path, key) = match term.strip_suffix(']').and_then(|term| term.split_once('[')) {
            Some((path, key)) => (path, Some(key)),
            None => (term, None),
        };
        let (loops, element) = path.rsplit_once('/').unwrap_or(("", path));
        let mut readings = Vec::new();
        for &scope in self.scopes {
            let Some(inner) = inner(self.guide, scope, loops) else {
                self.report
                    .error(at, format!("`{term}`: there is no such loop below"));
                return None;
            };
            readings.extend(segments(self.guide, inner, element, key));
        }
        readings.dedup();
        if readings.is_empty() {
            self.report
                .error(at, format!("`{term}`: the loop has no such element"));
            return None;
        }
        Some(readings)
    }
}

/// The loop below a scope by the identifiers on the way.
fn inner(guide: &Guide, scope: u16, path: &str) -> Option<u16> {
    let mut inner = scope;
    for id in path.split('/').filter(|id| !id.is_empty()) {
        let below = |(_, a_loop): &(u16, &Loop)| a_loop.parent == inner && a_loop.id == id;
        inner = (0..).zip(&guide.loops).find(below)?.0;
    }
    Some(inner)
}

/// The segments of a loop that have the element, and are told by the key if there is one.
pub(super) fn segments(
    guide: &Guide,
    loop_index: u16,
    element: &str,
    key: Option<&str>,
) -> Vec<Reading> {
    let a_loop = &guide.loops[usize::from(loop_index)];
    let items = usize::from(a_loop.first_item)..usize::from(a_loop.first_item + a_loop.item_count);
    let mut readings = Vec::new();
    for item in guide.items.get(items).unwrap_or_default() {
        if item.child != NONE {
            continue;
        }
        let segment = &guide.segments[usize::from(item.segment)];
        let Some((number, component)) = reference(&segment.id, element) else {
            continue;
        };
        if !key.is_none_or(|key| has_key(guide, segment, key))
            || !takes(guide, segment, number, component)
        {
            continue;
        }
        let run = segment
            .groups
            .iter()
            .find(|run| (run.first..run.first + run.size).contains(&number));
        readings.push(Reading {
            loop_index,
            segment: item.segment,
            element: number,
            component,
            step: run.map_or(0, |run| run.size),
            times: run.map_or(1, |run| run.times),
        });
    }
    readings
}

pub(super) fn has_key(guide: &Guide, segment: &Segment, key: &str) -> bool {
    let lists = segment.keys.iter().filter(|key| key.codes != NONE);
    let mut lists = lists.filter_map(|key| guide.codes.get(usize::from(key.codes)));
    lists.any(|codes| codes.iter().any(|code| code == key))
}

/// Whether the segment has such an element and component.
fn takes(guide: &Guide, segment: &Segment, number: u8, component: u8) -> bool {
    let index = usize::from(segment.first_element) + usize::from(number) - 1;
    let element = guide
        .elements
        .get(index)
        .filter(|_| u16::from(number) <= segment.element_count);
    element.is_some_and(|element| component == 0 || u16::from(component) <= element.component_count)
}
