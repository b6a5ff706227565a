//! Compiled guides against the collected facts, attribute by attribute: what differs is decided in the guide, with a reason.

mod compare;
mod decide;
mod nest;

use std::fs;
use std::path::Path;

use acceptance::{beside, say};
use serde_json::{Value, json};
use x12_schemas::Catalog;
use x12_schemas::table::Guide;

use crate::guides;

/// The table of the control segments, and one whose ST and SE stand for those of all sets.
const ENVELOPE: (&str, &str) = ("control_00501.json", "837P_005010X222A1.json");

/// The table of the parents of hierarchical levels.
const LEVELS: &str = "more/hl_parents.json";

#[test]
fn guides_differ_from_facts_only_where_they_say_so() {
    let Some(folder) = beside("X12_FACTS", "facts") else {
        return say("facts: 0 tables");
    };
    let known = guides::known();
    say(&format!("facts: {} tables", known.len() + 1));
    let catalog = Catalog::builtin();
    let levels = read(&folder, LEVELS);
    let mut wrong = Vec::new();
    for known in known {
        let guide = known.guide();
        let found = compare::guide(&guide, &facts(&folder, &known), &levels);
        wrong.extend(judge(&known.reference(), &guide, &found));
    }
    let envelope = catalog.envelope();
    let found = compare::envelope(
        &envelope,
        &read(&folder, ENVELOPE.0),
        &read(&folder, ENVELOPE.1),
    );
    wrong.extend(judge("envelope", &envelope, &found));
    assert!(
        wrong.is_empty(),
        "guides and facts, see schemas/README.md on decisions:\n{}",
        wrong.join("\n")
    );
}

/// The facts of a guide. Of loops that have a table each, as request and response of one identifier, one is made: each may stand, in any
/// order, between header and trailer, which are those of all.
fn facts(folder: &Path, known: &guides::Known) -> Value {
    let tables = known.facts.iter().map(|(_, table)| read(folder, table));
    let mut tables: Vec<Value> = tables.collect();
    let mut first = tables.swap_remove(0);
    if known.facts.len() == 1 {
        return first;
    }
    tables.insert(0, first.clone());
    let bodies = tables.iter().map(|table| {
        let parts = table["tree"].as_array().cloned().unwrap_or_default();
        let is_around = |part: &Value| part["seg"] == "ST" || part["seg"] == "SE";
        parts.into_iter().partition::<Vec<_>, _>(is_around)
    });
    let (mut around, bodies): (Vec<_>, Vec<_>) = bodies.unzip();
    let loops = known.facts.iter().zip(bodies).map(
        |((of, _), body)| json!({"loop": of, "use": "S", "rep": 1, "pos": "any", "body": body}),
    );
    let mut tree = around.swap_remove(0);
    let trailer = tree.split_off(1);
    tree.extend(loops);
    tree.extend(trailer);
    first["tree"] = Value::Array(tree);
    first
}

fn judge(name: &str, guide: &Guide, found: &[compare::Difference]) -> Vec<String> {
    let judged = decide::judge(&guide.decisions, found);
    say(&format!(
        "facts: {name}: {} attributes differ, {} decisions, {} undecided, {} needless",
        found.len(),
        guide.decisions.len(),
        judged.undecided.len(),
        judged.needless.len(),
    ));
    let undecided = judged
        .undecided
        .iter()
        .map(|difference| format!("{name}: undecided: {difference}"));
    let needless = judged.needless.iter().map(|decision| {
        format!(
            "{name}: needless: decision {} {}",
            decision.at, decision.attribute
        )
    });
    undecided.chain(needless).collect()
}

fn read(folder: &Path, table: &str) -> Value {
    let text = fs::read_to_string(folder.join(table)).expect("the facts have this table");
    serde_json::from_str(&text).expect("a table is JSON")
}
