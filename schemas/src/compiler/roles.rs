//! The roles of a guide's parts, read when the loops are laid out: which of them name the claim, the payer, the total.

use crate::table::{Guide, NONE, Reading, Role};

use super::fields::Form;
use super::report::{Place, Report};
use super::rules::{has_key, segments};
use super::source::Node;

const ROLES: Form = Form {
    least: 0,
    most: 0,
    arguments: "nothing",
    properties: &[],
    block: true,
};
const ROLE: Form = Form {
    least: 1,
    most: usize::MAX,
    arguments: "places",
    properties: &[],
    block: false,
};

/// By name; the parties are segments, all others elements.
const KNOWN: &[(&str, Role)] = &[
    ("batch", Role::Batch),
    ("sender", Role::Sender),
    ("receiver", Role::Receiver),
    ("provider", Role::Provider),
    ("patient", Role::Patient),
    ("claim", Role::Claim),
    ("charge", Role::Charge),
    ("intermediary", Role::Intermediary),
    ("bill-type", Role::BillType),
    ("frequency", Role::Frequency),
    ("service", Role::Service),
    ("line-procedure", Role::LineProcedure),
    ("line-revenue", Role::LineRevenue),
    ("line-charge", Role::LineCharge),
    ("line", Role::Line),
    ("line-service", Role::LineService),
];

/// Reads the roles of a guide.
pub(super) fn read(report: &mut Report, node: &Node, guide: &mut Guide) {
    for block in node.children().iter().filter(|node| node.name == "roles") {
        report.check(block, &ROLES);
        for node in block.children() {
            report.check(node, &ROLE);
            let Some(&(_, role)) = KNOWN.iter().find(|(name, _)| *name == node.name) else {
                let message = format!("`{}` is no role", node.name);
                let known = KNOWN.iter().map(|(name, _)| name);
                report.unknown(node.at, message, &node.name, known);
                continue;
            };
            if guide.roles.iter().any(|(other, _)| *other == role) {
                report.error(node.at, format!("role `{}` stands twice", node.name));
            }
            let mut places = Vec::new();
            for argument in &node.arguments {
                if let Some(term) = report.quoted(argument) {
                    places.extend(place(report, term, (argument.at, role), guide));
                }
            }
            guide.roles.push((role, places));
        }
    }
}

/// Where a part stands, in every place of its loop: `2300/REF02[D9]`, or `2010AA/NM1` for a party.
fn place(
    report: &mut Report,
    term: &str,
    (at, role): (Place, Role),
    guide: &Guide,
) -> Vec<Reading> {
    let (path, key) = match term.strip_suffix(']').and_then(|term| term.split_once('[')) {
        Some((path, key)) => (path, Some(key)),
        None => (term, None),
    };
    let (loop_id, part) = path.split_once('/').unwrap_or(("", path));
    let loops = (0..).zip(&guide.loops);
    let mut found = Vec::new();
    for (index, _) in loops.filter(|(_, a_loop)| a_loop.id == loop_id) {
        found.extend(match role {
            Role::Sender | Role::Receiver | Role::Provider | Role::Patient => {
                parties(guide, index, part, key)
            }
            _ => segments(guide, index, part, key),
        });
    }
    if found.is_empty() {
        report.error(at, format!("`{term}`: the guide has no such place"));
    }
    found
}

/// The segments of a loop that have the identifier, and the key if there is one.
fn parties(guide: &Guide, loop_index: u16, id: &str, key: Option<&str>) -> Vec<Reading> {
    let a_loop = &guide.loops[usize::from(loop_index)];
    let items = usize::from(a_loop.first_item)..usize::from(a_loop.first_item + a_loop.item_count);
    let items = guide.items.get(items).unwrap_or_default();
    let meant = items.iter().filter(|item| {
        let segment = &guide.segments[usize::from(item.segment)];
        item.child == NONE && segment.id == id && key.is_none_or(|key| has_key(guide, segment, key))
    });
    meant
        .map(|item| Reading {
            loop_index,
            segment: item.segment,
            element: 0,
            component: 0,
            step: 0,
            times: 1,
        })
        .collect()
}
