//! Advises on the transaction sets of a document that was acknowledged: an 824 for each, item by item, with each error and its place.
//!
//! Its header says what became of the set as a whole, so the document is read a second time, with the verdicts of the first.

mod paper;
mod write;

use std::io::{Read, Write};

use crate::acknowledge::accepted::AcceptedRecords;
use crate::acknowledge::collect::{Collect, Item};
use crate::acknowledge::{AnswerAddress, ControlNumbers, CountingNumbers};
use crate::block::Blocks;
use crate::error::Error;
use crate::options::Options;
use crate::parallel;
use crate::place::Extent;

use write::Writer;

/// Which transaction sets an 824 speaks of; never of acknowledgments and other advice, nor of what a rejected interchange holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum AdvisedSets {
    /// Those that are accepted and of which no other answer tells all: errors such as sums, situations, own rules, or which records are
    /// rejected.
    #[default]
    Untold,
    /// All that are accepted.
    Accepted,
    /// All, also those that a 997 or a 999 rejects.
    All,
}

/// What an 824 needs beyond the document and its verdicts.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct AdviceOptions<N = CountingNumbers> {
    /// Date of the advice, CCYYMMDD.
    pub date: String,
    /// Time of the advice, HHMM.
    pub time: String,
    /// Gives each answer its control numbers.
    pub numbers: N,
    /// Between whom the answers go, if not between those of what is answered.
    pub address: AnswerAddress,
    /// Which transaction sets it speaks of.
    pub sets: AdvisedSets,
    /// Whether 277CAs answer the claims: of theirs nothing is untold then.
    pub claims_answered: bool,
}

impl<N> AdviceOptions<N> {
    /// Advice of this date (CCYYMMDD) and time (HHMM) under these numbers, on what no other acknowledgment can tell.
    #[must_use]
    pub fn new(date: impl Into<String>, time: impl Into<String>, numbers: N) -> Self {
        Self {
            date: date.into(),
            time: time.into(),
            numbers,
            address: AnswerAddress::default(),
            sets: AdvisedSets::default(),
            claims_answered: false,
        }
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ApplicationAdvice {
    /// Interchanges.
    pub interchanges: u64,
    /// Groups.
    pub groups: u64,
    /// Transaction sets, each for one received.
    pub sets: u64,
    /// Those of the received sets that are told as rejected.
    pub rejected_sets: u64,
    /// Records, claims or members, that are told as rejected, one by one.
    pub rejected_records: u64,
    /// Errors that were found in the received sets.
    pub errors: u64,
    /// Those of them that are not told, only counted: [`crate::Limits::findings_per_set`].
    pub omitted: u64,
}

/// Writes the 824s (guide 005010X186A1) to the transaction sets of a document: one interchange for each received one that holds sets
/// to be advised on, a group for each group, a transaction set for each set.
///
/// Each rejected record is an item of its own (OTI01 `IR`), under the sender's number (REF), if the set can be divided between its
/// records; behind them the set itself is one: `TA` accepted, `TE` accepted with errors, `TR` rejected, also if all of its records
/// are. Each error is told in its item: what is wrong ([`crate::Finding::error_condition`], and in words without a value), where, and
/// as in a 999 a copy of the bad data, the business unit and the situation. Names and numbers of parties are those that the guide
/// gives the roles of sender and receiver; where it has none, the application codes of the group stand for both.
///
/// Memory is bounded by the errors that are kept of one transaction set, and by the verdicts.
///
/// # Errors
/// [`Error`] if the document cannot be read; also what the control numbers return, if writing fails, and if the verdicts are those of
/// another document. What was written before is not whole.
///
/// # Examples
/// ```
/// use x12_parser::{AcceptedRecords, AcknowledgmentOptions, AdviceOptions, AdvisedSets, CountingNumbers};
/// use x12_parser::{acknowledge, advise};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let document = std::fs::read("../samples/005010X220A1/family-enrolled.edi")?;
/// let mut how = AcknowledgmentOptions::new("20261123", "1200", CountingNumbers::default());
/// let (mut answers, mut verdicts) = (Vec::new(), AcceptedRecords::default());
/// acknowledge(&document[..], &mut answers, &mut how, &Default::default(), |decided| {
///     verdicts.note(&decided);
///     Ok(())
/// })?;
/// let mut how = AdviceOptions::new("20261123", "1200", how.numbers);
/// how.sets = AdvisedSets::Accepted;
/// let told = advise(&document[..], &mut answers, &verdicts, &mut how, &Default::default())?;
/// assert!(told.sets > 0);
/// # Ok(())
/// # }
/// ```
pub fn advise<R, W, N>(
    document: R,
    advice: W,
    verdicts: &AcceptedRecords,
    how: &mut AdviceOptions<N>,
    options: &Options,
) -> Result<ApplicationAdvice, Error>
where
    R: Read + Send,
    W: Write + Send,
    N: ControlNumbers + Send,
{
    let most = options.limits.findings_per_set;
    let mut writer = Writer::new(advice, verdicts, how, most);
    // What is not told is counted.
    let limits = options.limits.with_all_findings();
    let blocks = Blocks::new(options.charts(), limits, Extent::Rules(options.snip));
    let collect = Collect {
        most: Some(most),
        says: true,
    };
    let mut join = |items: &mut Vec<Item>| items.drain(..).try_for_each(|item| writer.item(item));
    parallel::run(document, options, blocks, &collect, &mut join)?;
    writer.finish()
}
