//! Which documents the laws are held over, and how they are read.

use acceptance::{Document, corpus, samples, say};
use x12_parser::{
    AcceptedRecords, AcknowledgmentOptions, ClaimAcknowledgmentOptions, CountingNumbers, Options,
    Rejects, acknowledge, acknowledge_claims,
};

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

/// The samples of a guide, those with faults among them.
pub fn samples_of(guide: &str) -> Vec<Document> {
    let mut documents = samples();
    let folder = format!("{guide}/");
    documents.retain(|document| document.name.starts_with(&folder));
    documents
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

/// The 277CA to a document, what is wrong rejecting claims; none if the document cannot be read.
pub fn claim_answer(document: &[u8], options: &Options) -> Option<Vec<u8>> {
    let (mut answer, mut verdicts) = (Vec::new(), AcceptedRecords::default());
    let mut how = answer_options();
    how.rejects = Rejects::Claims;
    let read = acknowledge(document, &mut answer, &mut how, options, |decided| {
        verdicts.note(&decided);
        Ok(())
    });
    read.ok()?;
    let mut how = ClaimAcknowledgmentOptions::new("20261123", "1200", how.numbers);
    let mut answer = Vec::new();
    let told = acknowledge_claims(document, &mut answer, &verdicts, &mut how, options);
    assert!(told.is_ok(), "{told:?}");
    Some(answer)
}
