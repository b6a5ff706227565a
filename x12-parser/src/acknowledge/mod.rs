//! Answers a received document: TA1 for its envelopes, a 999 for each of its groups.
//!
//! The findings of the checker are collected block by block with the data that a 999 quotes, then composed in order. One interchange
//! of answers for each received interchange; every received interchange gets a recorded decision, answered or not and why.

mod answer;
mod collect;
mod compose;
mod received;

use std::io::{Read, Write};

use crate::block::Blocks;
use crate::error::Error;
use crate::options::Options;
use crate::parallel;

use answer::Answer;
use collect::{Collect, Item};

/// When a TA1 is sent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Ta1Policy {
    /// If ISA14 asks for it, or the interchange is rejected.
    #[default]
    WhenAsked,
    /// Always.
    Always,
}

/// What an acknowledgment needs beyond the document: the crate reads no clock and gives no numbers of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AcknowledgmentOptions {
    /// Date of the answer, CCYYMMDD.
    pub date: String,
    /// Time of the answer, HHMM.
    pub time: String,
    /// ISA13 of the first answer; further ones count on.
    pub interchange_control_number: u32,
    /// GS06 of the first answer; further ones count on.
    pub group_control_number: u32,
    /// When a TA1 is sent.
    pub ta1: Ta1Policy,
    /// Whether accepted transaction sets are listed one by one (AK2 and IK5), or only counted.
    pub list_accepted: bool,
}

/// What was decided about a received interchange.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Decision {
    /// Which interchange of the document, from one.
    pub interchange: u32,
    /// Its control number, ISA13.
    pub isa13: String,
    /// TA104 and TA105, if a TA1 was sent.
    pub ta1: Option<(&'static str, &'static str)>,
    /// The answers to its groups.
    pub groups: Vec<GroupDecision>,
    /// Why nothing was sent, if nothing was.
    pub suppressed: Option<&'static str>,
}

/// What was decided about a group; not listed if its interchange was rejected.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct GroupDecision {
    /// Its control number, GS06.
    pub gs06: String,
    /// AK901.
    pub code: &'static str,
    /// Transaction sets received.
    pub received: u64,
    /// Transaction sets accepted.
    pub accepted: u64,
}

/// Answers a document; `decided` gets the decision about each of its interchanges.
///
/// # Errors
/// [`Error`] if the document has no interchange that can be read: then there is nobody to answer. If it breaks off later, the
/// interchange in hand is rejected by a TA1, the answers are written, and then the error is returned.
pub fn acknowledge<R, W, D>(
    document: R,
    answers: W,
    how: &AcknowledgmentOptions,
    options: &Options,
    decided: D,
) -> Result<(), Error>
where
    R: Read + Send,
    W: Write + Send,
    D: FnMut(Decision) + Send,
{
    let mut answer = Answer::new(answers, how, options.limits, decided);
    let blocks = Blocks::new(&options.catalog, options.limits, true);
    let mut join = |items: &mut Vec<Item>| answer.items(items);
    let read = parallel::run(
        document,
        options.block_bytes,
        blocks,
        options.threads,
        &Collect,
        &mut join,
    );
    if read.is_err() {
        answer.break_off()?;
    }
    answer.flush()?;
    read
}
