//! Which documents the laws are held over, and how they are read.

use acceptance::{Document, corpus, samples, say};
use x12_parser::{AcknowledgmentOptions, CountingNumbers, Options};

/// Samples and corpus; each name says from which: `samples/…`, `corpus/…`.
pub fn all() -> Vec<Document> {
    static SAID: std::sync::Once = std::sync::Once::new();
    let (samples, corpus) = (samples(), corpus());
    SAID.call_once(|| {
        say(&format!("samples: {} files", samples.len()));
        say(&format!("corpus: {} files", corpus.len()));
    });
    named("samples", samples)
        .chain(named("corpus", corpus))
        .collect()
}

fn named(folder: &'static str, documents: Vec<Document>) -> impl Iterator<Item = Document> {
    documents.into_iter().map(move |document| Document {
        name: format!("{folder}/{}", document.name),
        ..document
    })
}

/// Options with so many threads and bytes of a block.
pub fn options((threads, block_bytes): (usize, usize)) -> Options {
    let mut options = acceptance::options();
    (options.threads, options.block_bytes) = (threads, block_bytes);
    options
}

/// The same answers whenever the tests run: fixed date, time and numbers.
pub fn answer_options() -> AcknowledgmentOptions {
    AcknowledgmentOptions::new("20261123", "1200", CountingNumbers::default())
}
