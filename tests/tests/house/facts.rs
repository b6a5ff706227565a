//! Compiled guides against the collected facts, attribute by attribute: what differs is decided in the guide, with a reason.

mod compare;
mod decide;
mod divide;
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
/// order, between the header and the trailer of the first.
fn facts(folder: &Path, known: &guides::Known) -> Value {
    let mut all = read(folder, &known.facts[0].1);
    if known.facts[0].0.is_empty() {
        return all;
    }
    let is_around = |part: &Value| part["seg"] == "ST" || part["seg"] == "SE";
    let loops = known.facts.iter().map(|(of, table)| {
        let mut body = parts(&read(folder, table));
        body.retain(|part| !is_around(part));
        json!({"loop": of, "use": "S", "rep": 1, "pos": "any", "body": body})
    });
    let loops: Vec<Value> = loops.collect();
    let mut tree = parts(&all);
    tree.retain(is_around);
    tree.splice(1..1, loops);
    all["tree"] = Value::Array(tree);
    all
}

fn parts(table: &Value) -> Vec<Value> {
    compare::set(table).as_array().cloned().unwrap_or_default()
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
