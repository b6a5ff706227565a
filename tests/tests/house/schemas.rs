//! What the library writes as JSON is what the JSON Schemas in schemas/json say.

use std::fs;

use acceptance::{Document, options, root, say, verdict};
use jsonschema::Validator;
use serde_json::Value;
use x12_parser::{Code, Per, Shape, to_json};

use crate::documents::all;
use crate::strict::Strict;

#[test]
fn documents_fit_their_schemas() {
    let shapes = [
        (Shape::Loops, schema("loops")),
        (Shape::Segments, schema("segments")),
    ];
    let (mut wrong, mut count) = (Vec::new(), 0);
    for document in all() {
        for (shape, schema) in &shapes {
            // What breaks off is refused by its reader; refused.tsv has it.
            let Some(json) = write(&document, *shape) else {
                continue;
            };
            count += 1;
            match serde_json::from_slice(&json) {
                Ok(Strict(value)) => wrong.extend(
                    faults(schema, &value)
                        .map(|fault| format!("{} {shape:?}: {fault}", document.name)),
                ),
                Err(error) => wrong.push(format!("{} {shape:?}: {error}", document.name)),
            }
        }
    }
    say(&format!(
        "schemas: {count} documents held against loops.schema.json and segments.schema.json"
    ));
    assert!(
        wrong.is_empty(),
        "{} faults:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_line_per_set_is_json() {
    let mut wrong = Vec::new();
    for document in all() {
        let mut json = Vec::new();
        let written = to_json(
            &document.bytes[..],
            &mut json,
            Shape::Loops,
            Per::Set,
            &options(),
        );
        let lines = json
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        let bad = lines
            .enumerate()
            .find(|(_, line)| serde_json::from_slice::<Strict>(line).is_err());
        wrong.extend(
            bad.filter(|_| written.is_ok())
                .map(|(number, _)| format!("{}: line {}", document.name, number + 1)),
        );
    }
    assert!(
        wrong.is_empty(),
        "lines that are not JSON:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn lines_of_records_fit_their_schema() {
    let schema = schema("records");
    let (mut wrong, mut count) = (Vec::new(), 0);
    for document in all() {
        for per in [Per::Claim, Per::Member, Per::Subscriber] {
            let mut json = Vec::new();
            // What breaks off has written its lines before.
            let _ = to_json(
                &document.bytes[..],
                &mut json,
                Shape::Loops,
                per,
                &options(),
            );
            let lines = json
                .split_inclusive(|byte| *byte == b'\n')
                .filter(|line| line.ends_with(b"\n"));
            for (number, line) in lines.enumerate() {
                count += 1;
                let place = format!("{} {per:?} line {}", document.name, number + 1);
                match serde_json::from_slice(line) {
                    Ok(Strict(value)) => wrong
                        .extend(faults(&schema, &value).map(|fault| format!("{place}: {fault}"))),
                    Err(error) => wrong.push(format!("{place}: {error}")),
                }
            }
        }
    }
    say(&format!(
        "schemas: {count} lines held against records.schema.json"
    ));
    assert!(
        wrong.is_empty(),
        "{} faults:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn findings_fit_their_schema() {
    let schema = schema("finding");
    let (mut wrong, mut count) = (Vec::new(), 0);
    for document in all() {
        for finding in verdict(&document.bytes, &options()).findings {
            let value = serde_json::to_value(&finding).expect("findings can be written");
            wrong.extend(
                faults(&schema, &value)
                    .map(|fault| format!("{}: {}: {fault}", document.name, finding.code.name())),
            );
            count += 1;
        }
    }
    say(&format!(
        "schemas: {count} findings held against finding.schema.json"
    ));
    assert!(
        wrong.is_empty(),
        "{} faults:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_schema_of_findings_lists_every_code() {
    if std::env::var_os("X12_WRITE").is_some() {
        write_codes();
    }
    let codes = &read("finding")["properties"]["code"]["enum"];
    let listed: Vec<_> = codes
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let known: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(
        listed, known,
        "schemas/json/finding.schema.json and the codes of x12-parser differ"
    );
}

/// Puts the codes that there are into the schema, and leaves the rest of its text alone.
fn write_codes() {
    let path = root().join("schemas/json/finding.schema.json");
    let text = fs::read_to_string(&path).expect("the schema is in the repository");
    let (head, rest) = text
        .split_once("\"enum\": [")
        .expect("the codes are the first list");
    let (_, tail) = rest.split_once("\n      ]").expect("a list ends");
    let codes: Vec<_> = Code::ALL
        .iter()
        .map(|code| format!("\n        \"{}\"", code.name()))
        .collect();
    let text = format!("{head}\"enum\": [{}\n      ]{tail}", codes.join(","));
    fs::write(&path, text).expect("schemas/ can be written");
}

fn write(document: &Document, shape: Shape) -> Option<Vec<u8>> {
    let mut json = Vec::new();
    to_json(
        &document.bytes[..],
        &mut json,
        shape,
        Per::Document,
        &options(),
    )
    .ok()?;
    Some(json)
}

/// Where and against which rule, never with what.
fn faults<'a>(schema: &'a Validator, value: &'a Value) -> impl Iterator<Item = String> + use<'a> {
    schema
        .iter_errors(value)
        .map(|error| format!("{} breaks {}", error.instance_path(), error.schema_path()))
}

fn schema(name: &str) -> Validator {
    let schema = read(name);
    jsonschema::draft202012::meta::validate(&schema).expect("it is a schema of draft 2020-12");
    jsonschema::draft202012::new(&schema).expect("it is a schema")
}

fn read(name: &str) -> Value {
    let path = root().join(format!("schemas/json/{name}.schema.json"));
    let text = fs::read_to_string(path).expect("the schema is in the repository");
    serde_json::from_str(&text).expect("a schema is JSON")
}
