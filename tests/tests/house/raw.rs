//! Exactness is not had by hiding: hardly any segment needs its bytes beside its fields.

use std::collections::BTreeSet;

use acceptance::{Document, corpus_rows, options, say};
use serde_json::Value;
use x12_parser::{Per, Shape, to_json};

use crate::documents::all;

/// Of a thousand segments outside wrapped files, how many may carry `$raw`.
const RAW_PER_THOUSAND_MAX: usize = 10;

#[test]
fn hardly_any_segment_of_the_corpus_carries_raw() {
    let wrapped: BTreeSet<_> = corpus_rows()
        .into_iter()
        .filter(|row| row.is_wrapped())
        .map(|row| format!("corpus/{}", row.file))
        .collect();
    let (mut total, mut worst) = (Count::default(), Vec::new());
    let documents = all();
    for document in documents.iter().filter(|document| {
        document.name.starts_with("corpus/") && !wrapped.contains(&document.name)
    }) {
        let count = count(document);
        total.add(&count);
        worst.push((count.raw, &*document.name));
    }
    worst.sort_unstable_by(|a, b| b.cmp(a));
    worst.truncate(10);
    let Count {
        segments,
        raw,
        suffix,
    } = total;
    say(&format!(
        "raw: {raw} of {segments} segments outside wrapped files carry $raw ({} in a thousand), {suffix} $suffix",
        1000 * raw / segments.max(1)
    ));
    assert!(
        1000 * raw <= RAW_PER_THOUSAND_MAX * segments,
        "too many segments carry $raw; most of them in {worst:#?}"
    );
}

#[test]
fn canonical_samples_carry_no_raw() {
    let canonical = |document: &&Document| {
        document.name.starts_with("samples/0") && !document.name.contains("/broken/")
    };
    let documents = all();
    let carry: Vec<_> = documents
        .iter()
        .filter(canonical)
        .filter(|document| count(document).is_exact_by_bytes())
        .map(|document| &document.name)
        .collect();
    assert!(
        carry.is_empty(),
        "canonical samples carry $raw or $suffix: {carry:#?}"
    );
}

/// How many segments there are, and how many carry bytes beside their fields.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    segments: usize,
    raw: usize,
    suffix: usize,
}

impl Count {
    fn add(&mut self, other: &Self) {
        self.segments += other.segments;
        self.raw += other.raw;
        self.suffix += other.suffix;
    }

    fn is_exact_by_bytes(&self) -> bool {
        self.raw + self.suffix > 0
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.value(item)),
            Value::Object(object) => {
                self.segments += usize::from(object.contains_key("seg"));
                self.raw += usize::from(object.contains_key("$raw"));
                self.suffix += usize::from(object.contains_key("$suffix"));
                object.values().for_each(|value| self.value(value));
            }
            _ => {}
        }
    }
}

fn count(document: &Document) -> Count {
    let (mut json, mut count) = (Vec::new(), Count::default());
    if to_json(
        &document.bytes[..],
        &mut json,
        Shape::Loops,
        Per::Document,
        &options(),
    )
    .is_ok()
    {
        count.value(&serde_json::from_slice(&json).expect("it is JSON"));
    }
    count
}
