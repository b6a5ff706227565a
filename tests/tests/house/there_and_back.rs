//! X12 to JSON and back: the same bytes, whatever the shape; and what an edit of the JSON changes.

use std::collections::BTreeSet;

use acceptance::{Document, options, say};
use serde_json::Value;
use x12_parser::{Limits, Per, Shape, to_json, to_x12};

use crate::documents::all;

/// What is written of a document: one JSON document.
const DOCUMENTS: [(Shape, Per); 2] = [
    (Shape::Loops, Per::Document),
    (Shape::Segments, Per::Document),
];

/// And lines.
const LINES: [(Shape, Per); 2] = [(Shape::Loops, Per::Set), (Shape::Segments, Per::Set)];

/// Values of a document that are edited, one at a time.
const EDITS: usize = 12;

#[test]
fn every_document_comes_back_the_same() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for Written {
        document,
        way,
        json,
    } in written(DOCUMENTS).chain(written(LINES))
    {
        count += 1;
        match back(&json) {
            Ok(bytes) if bytes == document.bytes => {}
            Ok(bytes) => wrong.push(format!(
                "{} {way:?}: differs at byte {}",
                document.name,
                common(&bytes, &document.bytes)
            )),
            Err(reason) => wrong.push(format!("{} {way:?}: {reason}", document.name)),
        }
    }
    say(&format!(
        "there and back: {count} texts of JSON, all shapes, documents and lines"
    ));
    assert!(
        wrong.is_empty(),
        "{} documents come back otherwise:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_order_of_keys_says_nothing() {
    let mut wrong = Vec::new();
    for Written {
        document,
        way,
        json,
    } in written(DOCUMENTS)
    {
        // serde_json sorts the keys of an object.
        let sorted = serde_json::to_vec(&parse(&json)).expect("it was read from JSON");
        if back(&sorted).as_ref() != Ok(&document.bytes) {
            wrong.push(format!("{} {way:?}", document.name));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} documents come back otherwise from sorted keys:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn without_raw_only_separators_suffixes_and_line_breaks_change() {
    let mut wrong = Vec::new();
    for Written {
        document,
        way,
        json,
    } in written(DOCUMENTS)
    {
        let mut value = parse(&json);
        drop_raw(&mut value);
        let bare = serde_json::to_vec(&value).expect("it was read from JSON");
        let same = back(&bare).map(|bytes| differ(&meaning(&bytes), &meaning(&document.bytes)));
        match same {
            Ok(None) => {}
            Ok(Some(place)) => wrong.push(format!("{} {way:?}: {place}", document.name)),
            Err(reason) => wrong.push(format!("{} {way:?}: {reason}", document.name)),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} documents mean something else without $raw:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn an_edited_value_changes_only_its_own_bytes() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for Written {
        document,
        way,
        json,
    } in written(DOCUMENTS)
    {
        let mut value = parse(&json);
        let mut places = Vec::new();
        editable(&value, String::new(), &mut places);
        let step = places.len().div_ceil(EDITS).max(1);
        for place in places.iter().step_by(step) {
            count += 1;
            let old = edit(&mut value, place, |text| format!("{text}X"));
            let edited = back(&serde_json::to_vec(&value).expect("it was read from JSON"));
            edit(&mut value, place, |_| old.clone());
            if !edited.is_ok_and(|bytes| is_longer_by_x(&bytes, &document.bytes, &old)) {
                wrong.push(format!("{} {way:?}: {place}", document.name));
            }
        }
    }
    say(&format!(
        "there and back: {count} values edited, one at a time"
    ));
    assert!(
        wrong.is_empty(),
        "{} edits change more than their own bytes:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// A document and one of its texts of JSON.
struct Written {
    document: Document,
    way: (Shape, Per),
    json: Vec<u8>,
}

/// Every document that reads, in these ways.
fn written(ways: [(Shape, Per); 2]) -> impl Iterator<Item = Written> {
    let write = |document: Document, way: (Shape, Per)| {
        let mut json = Vec::new();
        to_json(&document.bytes[..], &mut json, way.0, way.1, &options()).ok()?;
        Some(Written {
            document,
            way,
            json,
        })
    };
    let each = move |way| {
        all()
            .into_iter()
            .filter_map(move |document| write(document, way))
    };
    ways.into_iter().flat_map(each)
}

/// The bytes that JSON is written as; its author is told nothing where nobody edited it.
fn back(json: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let findings =
        to_x12(json, &mut bytes, &Limits::default()).map_err(|error| error.to_string())?;
    match findings.first() {
        Some(finding) => Err(format!("finding {} at {}", finding.what, finding.path)),
        None => Ok(bytes),
    }
}

fn parse(json: &[u8]) -> Value {
    serde_json::from_slice(json).expect("it is JSON")
}

/// How many bytes two texts begin with alike.
fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// Takes away whatever holds bytes beside fields; not from a header whose separators are parts of longer characters.
fn drop_raw(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.retain(|item| item.get("$raw").is_none() || item.get("seg").is_some());
            items.iter_mut().for_each(drop_raw);
        }
        Value::Object(object) => {
            let is_ascii = object
                .get("$raw")
                .and_then(Value::as_str)
                .is_some_and(str::is_ascii);
            if is_ascii || object.get("seg").is_some_and(|id| id != "ISA") {
                object.remove("$raw");
            }
            object.values_mut().for_each(drop_raw);
        }
        _ => {}
    }
}

/// What a document says, without how it is laid out.
fn meaning(document: &[u8]) -> Value {
    let mut json = Vec::new();
    to_json(
        document,
        &mut json,
        Shape::Segments,
        Per::Document,
        &options(),
    )
    .expect("it was read, or written by us");
    let mut value = parse(&json);
    drop_layout(&mut value);
    value
}

/// Where two values differ first.
fn differ(a: &Value, b: &Value) -> Option<String> {
    let inside = |key: String, a: Option<&Value>, b: Option<&Value>| match (a, b) {
        (Some(a), Some(b)) => differ(a, b).map(|rest| format!("/{key}{rest}")),
        _ => Some(format!("/{key}")),
    };
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => (0..a.len().max(b.len()))
            .find_map(|index| inside(index.to_string(), a.get(index), b.get(index))),
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<_> = a.keys().chain(b.keys()).collect();
            keys.into_iter()
                .find_map(|key| inside(key.clone(), a.get(key), b.get(key)))
        }
        _ => (a != b).then(String::new),
    }
}

fn drop_layout(value: &mut Value) {
    const LAYOUT: [&str; 4] = ["$raw", "$suffix", "$after", "delimiters"];
    match value {
        Value::Array(items) => {
            let is_aside = |item: &Value| {
                item.as_object()
                    .is_some_and(|item| item.keys().all(|key| LAYOUT.contains(&&**key)))
            };
            items.retain(|item| !is_aside(item));
            items.iter_mut().for_each(drop_layout);
            // Without a guide only the separators tell a composite of one component from a simple element.
            if let [one] = &mut items[..] {
                *value = one.take();
            }
        }
        Value::Object(object) => {
            LAYOUT.iter().for_each(|key| drop(object.remove(*key)));
            object.values_mut().for_each(drop_layout);
        }
        _ => {}
    }
}

/// Where values stand that may be edited alone: not in an ISA, whose widths are fixed, nor beside `$raw`.
fn editable(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Array(items)
            if items
                .iter()
                .all(|item| item.get("$raw").is_none() || item.get("seg").is_some()) =>
        {
            // The first item of a segment is its identifier.
            let skipped = usize::from(at.rsplit('/').nth(1) == Some("body"));
            for (index, item) in items.iter().enumerate().skip(skipped) {
                editable(item, format!("{at}/{index}"), places);
            }
        }
        Value::Object(object) if !object.contains_key("$raw") => {
            let kept = object.iter().filter(|(key, _)| {
                !matches!(
                    &***key,
                    "ISA" | "delimiters" | "seg" | "loop" | "set" | "guide" | "x12"
                )
            });
            for (key, inner) in kept.filter(|(key, _)| !key.starts_with('$')) {
                editable(inner, format!("{at}/{key}"), places);
            }
        }
        Value::String(text) if !text.is_empty() && text.is_ascii() => places.push(at),
        _ => {}
    }
}

/// Replaces the value at a place and gives back what stood there.
fn edit(value: &mut Value, place: &str, new: impl Fn(&str) -> String) -> String {
    let slot = value.pointer_mut(place).expect("it was found there");
    let old = slot.as_str().expect("only strings are edited").to_owned();
    *slot = Value::from(new(&old));
    old
}

/// Whether a text is another one with an X behind a value, and nothing else.
fn is_longer_by_x(edited: &[u8], original: &[u8], value: &str) -> bool {
    // Where the value is followed by an X already, the two cannot be told apart: the first byte that differs may be further on.
    let mut at = common(edited, original);
    loop {
        let (head, tail) = original.split_at(at);
        if edited.len() == original.len() + 1
            && edited[at] == b'X'
            && edited[at + 1..] == *tail
            && head.ends_with(value.as_bytes())
        {
            return true;
        }
        if at == 0 || original[at - 1] != b'X' {
            return false;
        }
        at -= 1;
    }
}
