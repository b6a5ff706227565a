//! Lines of records lose nothing in silence, and their verdicts are those of the 999.

use std::collections::{BTreeMap, HashSet};

use acceptance::{Document, options, say};
use serde_json::Value;
use x12_parser::{Decided, Per, Shape, acknowledge, to_json};

use crate::documents::{all, answer_options};

/// Ordinals of interchange, group and transaction set.
type SetOrdinals = [u64; 3];

/// The lines of one transaction set.
#[derive(Default)]
struct Lines {
    /// Segments that some line shows around its records.
    around: HashSet<String>,
    /// Segments of records, in the order of the lines.
    inside: Vec<String>,
    verdict: Option<Value>,
}

#[test]
fn every_segment_is_in_a_line_or_the_verdict_says_why_not() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for document in all() {
        let sets = lines(&document, Per::Set);
        let mut found = by_set(&lines(&document, Per::Claim));
        for set in sets.iter().filter(|line| !line["set"].is_null()) {
            let ordinals = ["interchange", "group", "ordinal"].map(|key| number(&set[key]));
            let of_set = found.remove(&ordinals).unwrap_or_default();
            let mut segments = Vec::new();
            flatten(&set["body"], &mut segments);
            if let Some(fault) = fault(&segments, &of_set) {
                wrong.push(format!("{} {ordinals:?}: {fault}", document.name));
            }
            count += of_set.inside.len();
        }
        if !found.is_empty() {
            wrong.push(format!("{}: lines of no set", document.name));
        }
    }
    say(&format!(
        "records: {count} segments of claims held against --per set"
    ));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What is wrong with the lines of a transaction set of these segments.
fn fault(segments: &[String], lines: &Lines) -> Option<&'static str> {
    let Some(verdict) = &lines.verdict else {
        // The document breaks off inside the set.
        return None;
    };
    if verdict["context"].is_null() {
        let says_why = !verdict["reason"].is_null() && lines.inside.is_empty();
        return (!says_why).then_some("its segments are lost in silence");
    }
    let mut rest = segments.iter();
    if !lines
        .inside
        .iter()
        .all(|inside| rest.any(|segment| segment == inside))
    {
        return Some("its records are not parts of it in their order");
    }
    let inside: HashSet<_> = lines.inside.iter().collect();
    let kept = |segment: &String| inside.contains(segment) || lines.around.contains(segment);
    (!segments.iter().all(kept)).then_some("a segment is lost")
}

#[test]
fn verdicts_are_those_of_the_acknowledgment() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for document in all() {
        let mut accepted: BTreeMap<[u64; 2], (u64, u64)> = BTreeMap::new();
        for ([interchange, group, _], lines) in by_set(&lines(&document, Per::Claim)) {
            let (all, good) = accepted.entry([interchange, group]).or_default();
            let verdict = lines.verdict.unwrap_or_default();
            (*all, *good) = (
                *all + 1,
                *good + u64::from(verdict["verdict"] == "accepted"),
            );
        }
        let mut groups = Vec::new();
        let decided = |decided| {
            match decided {
                Decided::Group(group) => groups.push(group),
                Decided::Interchange(decision) => {
                    for group in groups.drain(..).filter(|_| !decision.rejected) {
                        let place = [group.interchange, group.group].map(u64::from);
                        let comparable =
                            group.code.is_some_and(|code| code != "R") || group.accepted > 0;
                        if let Some(&of_lines) = accepted.get(&place).filter(|_| comparable) {
                            count += of_lines.0;
                            if of_lines != (group.received, group.accepted) {
                                wrong.push(format!("{} group {}", document.name, group.group));
                            }
                        }
                    }
                }
                _ => {}
            }
            Ok(())
        };
        let _ = acknowledge(
            &document.bytes[..],
            std::io::sink(),
            &mut answer_options(),
            &options(),
            decided,
        );
    }
    say(&format!("records: {count} verdicts held against the 999"));
    assert!(count > 0 && wrong.is_empty(), "{wrong:#?}");
}

/// A document as lines; those before it breaks off.
fn lines(document: &Document, per: Per) -> Vec<Value> {
    let mut json = Vec::new();
    let _ = to_json(
        &document.bytes[..],
        &mut json,
        Shape::Loops,
        per,
        &options(),
    );
    json.split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect()
}

fn by_set(lines: &[Value]) -> BTreeMap<SetOrdinals, Lines> {
    let mut sets: BTreeMap<SetOrdinals, Lines> = BTreeMap::new();
    for line in lines.iter().filter(|line| !line["set"].is_null()) {
        let ordinals = ["interchange", "group", "set"].map(|key| number(&line[key]));
        let set = sets.entry(ordinals).or_default();
        let mut around = Vec::new();
        flatten(&line["context"], &mut around);
        set.around.extend(around);
        flatten(&line["body"], &mut set.inside);
        if !line["verdict"].is_null() {
            set.verdict = Some(line.clone());
        }
    }
    sets
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

/// The segments of a body, those of its loops among them, in order.
fn flatten(body: &Value, segments: &mut Vec<String>) {
    for item in body.as_array().into_iter().flatten() {
        if item["seg"].is_null() {
            flatten(&item["body"], segments);
        } else {
            segments.push(item.to_string());
        }
    }
}
