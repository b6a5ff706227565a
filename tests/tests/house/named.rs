//! The shape `named`: nothing of a document is lost, what is written of it means the same, and its schema has room for it.

use std::collections::BTreeMap;
use std::fs;

use acceptance::{Document, corpus, options, root, samples, say, verdict};
use jsonschema::Validator;
use serde_json::Value;
use x12_parser::{Code, Error, Finding, Per, Severity, Shape, named_schema, to_json, to_x12};
use x12_schemas::table::Guide;

use crate::documents::all;
use crate::made_up;
use crate::strict::Strict;

/// Samples beside which their named JSON stands.
const SHOWN: [&str; 7] = [
    "005010X221A1/reversal-and-correction.edi",
    "005010X222A1/coordination-of-benefits.edi",
    "005010X222A1/broken/not-used-elements.edi",
    "005010X222A1/broken/too-often.edi",
    "005010X223A2/occurrence-and-value-codes.edi",
    "005010X298/two-payers.edi",
    "envelope/stray-segments.edi",
];

#[test]
fn some_samples_show_their_named_json() {
    let mut wrong = Vec::new();
    for document in samples() {
        if !SHOWN.contains(&document.name.as_str()) {
            continue;
        }
        let found = json(&document.bytes, Shape::Named).expect("samples are read");
        let path = root()
            .join("samples")
            .join(&document.name)
            .with_extension("named.json");
        if std::env::var_os("X12_WRITE").is_some() {
            fs::write(&path, &found).expect("samples/ can be written");
        }
        if fs::read(&path).unwrap_or_default() != found {
            wrong.push(path.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "not as expected: {wrong:#?}");
}

#[test]
fn clean_samples_come_back_with_the_same_meaning() {
    let (mut clean, mut same, mut wrong) = (0, 0, Vec::new());
    for document in samples().iter().filter(|document| is_clean(document)) {
        clean += 1;
        same += usize::from(comes_back(document, &mut wrong));
    }
    say(&format!(
        "named: {clean} clean samples, {same} of them come back as the same bytes"
    ));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(clean >= 25, "there are {clean} clean samples");
}

/// Of every guide, from what must stand to everything that may.
#[test]
fn made_up_documents_come_back_and_fit_the_schemas_of_their_guides() {
    let catalog = options().catalog;
    let (mut count, mut same, mut wrong) = (0, 0, Vec::new());
    for entry in catalog.entries() {
        let guide = catalog
            .guide_of_set(entry.id, entry.set)
            .expect("it is listed");
        let schema = schema_of(&guide);
        for document in made_up::documents(&format!("{}/{}", entry.id, entry.set), 3) {
            count += 1;
            same += usize::from(comes_back(&document, &mut wrong));
            let named = json(&document.bytes, Shape::Named).expect("it is read");
            let named = serde_json::from_slice(&named).expect("it is JSON");
            for value in sets(&named, entry.id, entry.set) {
                let faults = faults(&schema, &value);
                wrong.extend(faults.map(|fault| format!("{}: {fault}", document.name)));
            }
        }
    }
    say(&format!(
        "named: {count} made-up documents, {same} of them come back as the same bytes"
    ));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a document comes back as the same bytes; at least it means the same.
fn comes_back(document: &Document, wrong: &mut Vec<String>) -> bool {
    let mut fault = |what: String| wrong.push(format!("{}: {what}", document.name));
    let named = json(&document.bytes, Shape::Named).expect("it is read");
    let back = match back(&named) {
        Ok(back) => back,
        Err(error) => {
            fault(error.to_string());
            return false;
        }
    };
    if json(&back, Shape::Named).expect("what was written is read") != named {
        fault("other JSON".to_owned());
    }
    // Made-up documents may break rules; nothing else is wrong with what comes back.
    let (found, before) = (findings(&back), findings(&document.bytes));
    if found != before {
        fault(format!("{found:?} instead of {before:?}"));
    }
    if missing(&document.bytes, &back).next().is_some() {
        fault("other segments".to_owned());
    }
    let text = String::from_utf8_lossy(&named);
    if text.contains("\"$extra") || text.contains("\"trailer\"") {
        fault("something without a label".to_owned());
    }
    back == document.bytes
}

/// The JSON Schema of a guide, which must be one itself.
fn schema_of(guide: &Guide) -> Validator {
    let schema = named_schema(&options().catalog, guide);
    let schema: Value = serde_json::from_str(&schema).expect("a schema is JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("it is a schema of draft 2020-12");
    jsonschema::draft202012::new(&schema).expect("it is a schema")
}

/// Every segment of every document is in its named JSON: it comes back out of it, also of those that are broken.
#[test]
fn nothing_is_lost() {
    let (mut count, mut refused, mut lost) = (0, BTreeMap::new(), Vec::new());
    for document in all() {
        let named = match json(&document.bytes, Shape::Named) {
            Ok(named) => named,
            // What breaks off is refused by its reader; refused.tsv has it.
            Err(_) if json(&document.bytes, Shape::Loops).is_err() => continue,
            Err(error) => {
                lost.push(format!("{}: {error}", document.name));
                continue;
            }
        };
        assert!(
            serde_json::from_slice::<Strict>(&named).is_ok(),
            "{} is not JSON",
            document.name
        );
        match back(&named) {
            Ok(back) => {
                count += 1;
                lost.extend(
                    missing(&document.bytes, &back)
                        .map(|line| format!("{}: {line}", document.name)),
                );
            }
            Err(Error::Json { what, .. }) => {
                refused
                    .entry(what)
                    .or_insert_with(Vec::new)
                    .push(document.name.clone());
            }
            Err(other) => lost.push(format!("{}: {other}", document.name)),
        }
    }
    say(&format!(
        "named: {count} documents there and back, no segment lost; not written: {:?}",
        refused
            .iter()
            .map(|(what, names)| (what, names.len()))
            .collect::<Vec<_>>()
    ));
    assert!(
        lost.is_empty(),
        "{} losses:\n{}",
        lost.len(),
        lost.join("\n")
    );
    // A header that cannot be one is not written, nor are delimiters that tell nothing apart.
    let known = [
        "the value does not fit the header of the interchange",
        "nothing says what stands here, so it must be told",
        "two delimiters are the same",
    ];
    assert!(
        refused.keys().all(|what| known.contains(what)),
        "{refused:#?}"
    );
}

#[test]
fn clean_samples_fit_the_schemas_of_their_guides() {
    let catalog = options().catalog;
    let (mut count, mut wrong) = (0, Vec::new());
    let entries: Vec<_> = catalog
        .entries()
        .iter()
        .map(|entry| (entry.id.to_owned(), entry.set.to_owned()))
        .collect();
    let documents: Vec<_> = samples().into_iter().filter(is_clean).collect();
    let facts = facts();
    for (id, set) in &entries {
        let guide = catalog.guide_of_set(id, set).expect("it is listed");
        let schema = schema_of(&guide);
        let named = documents.iter().map(|document| {
            (
                document.name.clone(),
                json(&document.bytes, Shape::Named).expect("samples are read"),
            )
        });
        for (name, json) in named.chain(facts.iter().cloned()) {
            let text = String::from_utf8_lossy(&json).replace("\": ", "\":");
            let is_told = |key, word: &str| text.contains(&format!("\"{key}\":\"{word}\""));
            // Where several sets share a guide's identifier, facts say which they are of.
            if !is_told("guide", id) || text.contains("\"set\":") && !is_told("set", set) {
                continue;
            }
            let value: Value = serde_json::from_slice(&json).expect("it is JSON");
            let mut value = vec![value];
            // Where any one of several may stand, an error says nothing; so the sets are held against theirs alone.
            value.extend(sets(&value[0], id, set));
            for value in &value {
                count += 1;
                wrong.extend(faults(&schema, value).map(|fault| format!("{name}: {fault}")));
            }
        }
    }
    say(&format!(
        "named: {count} documents and transaction sets held against the schemas of {} guides",
        entries.len()
    ));
    assert!(
        wrong.is_empty(),
        "{} faults:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(count >= 50, "only {count} documents");
}

/// What is not as the guide has it breaks the schema.
#[test]
fn a_schema_refuses_what_its_guide_does() {
    let catalog = options().catalog;
    let guide = catalog.guide("005010X222A1").expect("it is built in");
    let schema = schema_of(&guide);
    let text = fs::read_to_string(root().join("samples/005010X222A1/facts/one-claim.json"))
        .expect("it is there");
    let changes = [
        ("\"125.5\"", "125.5"),
        ("\"gender\": \"U\"", "\"gender\": \"X\""),
        ("\"birthDate\": \"19800101\"", "\"birthDate\": \"1980\""),
        ("\"patientControlNumber\": \"CLAIM-1\",", ""),
        ("\"priorAuthorization\"", "\"priorAuthorisation\""),
        (
            "\"serviceDate\": \"20261102\"",
            "\"serviceDate\": [\"20261102\"]",
        ),
        ("\"memberId\": \"M0001\"", "\"memberId\": \"\""),
    ];
    let holds = |text: &str| {
        faults(&schema, &serde_json::from_str(text).expect("it is JSON"))
            .next()
            .is_none()
    };
    assert!(holds(&text), "the facts fit");
    for (from, to) in changes {
        assert!(text.contains(from), "{from} is not there");
        assert!(!holds(&text.replacen(from, to, 1)), "{to} fits");
    }
}

fn json(x12: &[u8], shape: Shape) -> Result<Vec<u8>, Error> {
    let mut json = Vec::new();
    to_json(x12, &mut json, shape, Per::Document, &options()).map(|()| json)
}

fn back(json: &[u8]) -> Result<Vec<u8>, Error> {
    let mut x12 = Vec::new();
    to_x12(json, &mut x12, &options().limits).map(|_| x12)
}

/// Errors and where, in no order of their own: some segments come back in another.
fn findings(x12: &[u8]) -> Vec<String> {
    let grave = |finding: &&Finding| finding.severity == Severity::Error;
    let verdict = verdict(x12, &options());
    let findings = verdict.findings.iter().filter(grave);
    let mut told: Vec<String> = findings
        .map(|finding| format!("{} {}", finding.name(), finding.path()))
        .collect();
    told.sort_unstable();
    told
}

/// Whether a document has a guide for each of its sets, and no fault.
fn is_clean(document: &Document) -> bool {
    let verdict = verdict(&document.bytes, &options());
    let known = !verdict
        .findings
        .iter()
        .any(|finding| finding.code == Code::GuideUnknown);
    known && verdict.is_clean() && !document.name.contains("broken/")
}

/// The JSON by hand that stands in samples/.
fn facts() -> Vec<(String, Vec<u8>)> {
    let files = acceptance::files(&root().join("samples"));
    let facts = files.into_iter().filter(|path| {
        path.parent()
            .is_some_and(|parent| parent.ends_with("facts"))
            && path
                .extension()
                .is_some_and(|extension| extension == "json")
    });
    facts
        .map(|path| {
            (
                path.display().to_string(),
                fs::read(&path).expect("it was found there"),
            )
        })
        .collect()
}

/// The transaction sets of a guide in a document.
fn sets(value: &Value, guide: &str, set_code: &str) -> Vec<Value> {
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let groups = list(value, "interchanges")
        .into_iter()
        .flat_map(|interchange| list(&interchange, "groups"));
    groups
        .flat_map(|group| list(&group, "transactions"))
        .filter(|set| set["guide"] == guide && set["set"] == set_code)
        .collect()
}

/// All segments of the transaction sets of a document, as JSON, and how often each stands. Layout aside, and trailers, whose numbers are
/// filled in.
fn segments(x12: &[u8]) -> BTreeMap<String, i64> {
    let json = json(x12, Shape::Segments).expect("it is read");
    let value: Value = serde_json::from_slice(&json).expect("it is JSON");
    let mut found = BTreeMap::new();
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    for interchange in list(&value, "interchanges") {
        for set in list(&interchange, "groups")
            .iter()
            .flat_map(|group| list(group, "transactions"))
        {
            for mut segment in list(&set, "body") {
                let parts = segment.as_array_mut().expect("a segment is an array");
                parts.retain(|part| {
                    part.get("$raw").is_none()
                        && part.get("$suffix").is_none()
                        && part.get("$tail").is_none()
                });
                if let Some(Value::String(id)) = parts.first_mut() {
                    *id = id.to_ascii_uppercase();
                }
                if parts.first().is_some_and(|id| id != "SE") {
                    *found.entry(segment.to_string()).or_insert(0) += 1;
                }
            }
        }
    }
    found
}

/// Segments that do not come back, by their identifiers; none of their values. A list that several segments held may come back in fewer,
/// so each of their elements is looked for.
fn missing(x12: &[u8], back: &[u8]) -> impl Iterator<Item = String> + use<> {
    let (before, after) = (segments(x12), segments(back));
    let short = |(segment, count): (&String, &i64)| {
        let there = after.get(segment).unwrap_or(&0);
        (there < count).then(|| segment.clone())
    };
    let lost: Vec<String> = before.iter().filter_map(short).collect();
    let ids: Vec<_> = lost.iter().map(|segment| id_of(segment)).collect();
    let (before, mut after) = (elements(&before, &ids), elements(&after, &ids));
    let lost = before.into_iter().filter_map(move |(element, count)| {
        let there = after.remove(&element).unwrap_or(0);
        let id = element.0;
        (there < count)
            .then(|| format!("an element of {id} stood {count} times, {there} come back"))
    });
    lost.collect::<Vec<_>>().into_iter()
}

fn id_of(segment: &str) -> String {
    segment
        .chars()
        .skip(2)
        .take_while(|character| *character != '"')
        .collect()
}

/// All elements of segments of some identifiers, and how often each stands.
fn elements(segments: &BTreeMap<String, i64>, ids: &[String]) -> BTreeMap<(String, String), i64> {
    let mut found = BTreeMap::new();
    for (segment, count) in segments {
        let id = id_of(segment);
        let value: Value = serde_json::from_str(segment).expect("it is JSON");
        let elements = value.as_array().into_iter().flatten().skip(1);
        for element in elements.filter(|element| ids.contains(&id) && **element != "") {
            *found.entry((id.clone(), element.to_string())).or_insert(0) += count;
        }
    }
    found
}

/// Where and against which rule, never with what.
fn faults<'a>(schema: &'a Validator, value: &'a Value) -> impl Iterator<Item = String> + use<'a> {
    schema
        .iter_errors(value)
        .map(|error| format!("{} breaks {}", error.instance_path(), error.schema_path()))
}

/// The corpus is at hand or not; what is said of it is said of some documents.
#[test]
fn the_corpus_is_read_in_this_shape_too() {
    let documents = corpus();
    let read = documents
        .iter()
        .filter(|document| json(&document.bytes, Shape::Named).is_ok())
        .count();
    say(&format!(
        "named: {read} of {} documents of the corpus",
        documents.len()
    ));
    assert!(
        documents.is_empty() || 10 * read >= 9 * documents.len(),
        "{read} of {}",
        documents.len()
    );
}
