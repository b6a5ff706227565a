//! The roles of a guide's parts, read when the loops are laid out: which of them name the claim, the payer, the total.

use crate::table::{Guide, Reading, Role};

use super::address::Address;
use super::fields::Form;
use super::report::{Place, Report};
use super::source::Node;
use super::tables::small;

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
    ("provider-tax", Role::ProviderTax),
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
    guide: &mut Guide,
) -> Vec<Reading> {
    let is_party = matches!(
        role,
        Role::Sender | Role::Receiver | Role::Provider | Role::Patient
    );
    let mut found = Vec::new();
    if let Some(address) = Address::parse(term) {
        for index in 0..guide.loops.len() {
            if !address.is_in(&guide.loops[index]) {
                continue;
            }
            for part in address.parts(guide, &guide.loops[index]) {
                if is_party == (part.element == 0) {
                    found.extend(address.reading(guide, small(index), &part));
                }
            }
        }
    }
    if found.is_empty() {
        let what = if is_party { "segment" } else { "element" };
        report.error(at, format!("`{term}`: the guide has no such {what}"));
    }
    found
}
