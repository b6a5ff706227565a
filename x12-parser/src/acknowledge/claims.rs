//! Answers the claims of a document that was acknowledged: a 277CA for each transaction set that is not rejected.
//!
//! Its totals stand before its details, so the document is read a second time, with the verdicts of the first.

mod claim;
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
use crate::record_counts::RecordCounts;

use write::Writer;

/// Who acknowledges claims.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClaimSource {
    /// The payer, NM101 `PR`.
    #[default]
    Payer,
    /// A clearinghouse on the way to the payer, `AY`.
    Clearinghouse,
}

impl ClaimSource {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Payer => "PR",
            Self::Clearinghouse => "AY",
        }
    }
}

/// What a 277CA needs beyond the document and its verdicts.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ClaimAcknowledgmentOptions<N = CountingNumbers> {
    /// Date of the answer and of the statuses in it, CCYYMMDD.
    pub date: String,
    /// Time of the answer, HHMM.
    pub time: String,
    /// When the document was received, CCYYMMDD.
    pub received: String,
    /// Gives each answer its control numbers.
    pub numbers: N,
    /// Between whom the answers go, if not between those of what is answered.
    pub address: AnswerAddress,
    /// Who answers.
    pub source: ClaimSource,
    /// Whether accepted claims are listed one by one, or only counted.
    pub list_accepted: bool,
}

impl<N> ClaimAcknowledgmentOptions<N> {
    /// Answers of this date (CCYYMMDD) and time (HHMM) under these numbers to what was received on the same day, by a payer who lists
    /// all claims.
    #[must_use]
    pub fn new(date: impl Into<String>, time: impl Into<String>, numbers: N) -> Self {
        let date = date.into();
        Self {
            received: date.clone(),
            date,
            time: time.into(),
            numbers,
            address: AnswerAddress::default(),
            source: ClaimSource::default(),
            list_accepted: true,
        }
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ClaimAcknowledgments {
    /// Interchanges.
    pub interchanges: u64,
    /// Groups.
    pub groups: u64,
    /// Transaction sets, each for one received.
    pub sets: u64,
    /// Claims that were received in the answered sets: listed, or counted.
    pub received: RecordCounts,
    /// Those of them that are rejected; all of these are listed.
    pub rejected: RecordCounts,
}

/// Writes the 277CAs (guide 005010X214) to the claims of a document: one interchange for each received one that holds accepted sets
/// with claims, a group for each group, a transaction set for each set.
///
/// The status of a claim follows from what it is rejected for ([`crate::Finding::claim_status`]), that of an accepted one is `A2:20`,
/// accepted for processing; what was received is acknowledged as a whole with `A1:19`. A service line is told where it is why its
/// claim is rejected. What the document says of parties and dates is shortened to what fits, and where it says nothing of what a 277CA
/// must say, `UNKNOWN` stands for a name and `0` for a number, and the day of receipt for the days of service. A total that is longer
/// than any amount may be is written all the same.
///
/// # Errors
/// [`Error`] if the document cannot be read; also what the control numbers return, if writing fails, and if the verdicts are those of
/// another document. What was written before is not whole.
///
/// # Examples
/// ```
/// use x12_parser::{AcceptedRecords, AcknowledgmentOptions, ClaimAcknowledgmentOptions, CountingNumbers};
/// use x12_parser::{acknowledge, acknowledge_claims};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let document = std::fs::read("../samples/005010X222A1/one-claim.edi")?;
/// let mut how = AcknowledgmentOptions::new("20261123", "1200", CountingNumbers::default());
/// let (mut answers, mut verdicts) = (Vec::new(), AcceptedRecords::default());
/// acknowledge(&document[..], &mut answers, &mut how, &Default::default(), |decided| {
///     verdicts.note(&decided);
///     Ok(())
/// })?;
/// let mut how = ClaimAcknowledgmentOptions::new("20261123", "1200", how.numbers);
/// let told = acknowledge_claims(&document[..], &mut answers, &verdicts, &mut how, &Default::default())?;
/// assert!(told.received.records > 0);
/// # Ok(())
/// # }
/// ```
pub fn acknowledge_claims<R, W, N>(
    document: R,
    answers: W,
    verdicts: &AcceptedRecords,
    how: &mut ClaimAcknowledgmentOptions<N>,
    options: &Options,
) -> Result<ClaimAcknowledgments, Error>
where
    R: Read + Send,
    W: Write + Send,
    N: ControlNumbers + Send,
{
    let mut writer = Writer::new(answers, verdicts, how);
    let blocks = Blocks::new(options.charts(), options.limits, Extent::Loops);
    let look = Collect {
        most: None,
        says: true,
    };
    let mut join = |items: &mut Vec<Item>| items.drain(..).try_for_each(|item| writer.item(item));
    parallel::run(document, options, blocks, &look, &mut join)?;
    writer.finish()
}
