//! Answers the claims of a document that was acknowledged: a 277CA for each transaction set that is not rejected.
//!
//! Its totals stand before its details, so the document is read a second time, with the verdicts of the first.

mod known;
mod look;
mod paper;
mod write;

use std::collections::BTreeMap;
use std::io::{Read, Write};

use x12_schemas::table::{Guide, Role};

use crate::acknowledge::records::RecordVerdicts;
use crate::acknowledge::verdict::{Decided, Verdict};
use crate::acknowledge::{ControlNumbers, CountingNumbers};
use crate::block::Blocks;
use crate::error::Error;
use crate::options::Options;
use crate::parallel;
use crate::place::Extent;
use crate::record_counts::RecordCounts;

use look::{Item, Look};
use write::Writer;

/// The verdicts on the records of those transaction sets of a document that are accepted, as [`crate::acknowledge`] tells them.
///
/// They are kept until the document has ended: a few hundred bytes for each set, and more for those with rejected records.
#[derive(Clone, Debug, Default)]
pub struct AcceptedRecords {
    sets: BTreeMap<[u32; 3], RecordVerdicts>,
}

impl AcceptedRecords {
    /// Takes note of a decision, in the order in which they are told.
    pub fn note(&mut self, decided: &Decided) {
        match decided {
            Decided::Set(set) => {
                let at = [set.interchange, set.group, set.set];
                let accepted =
                    matches!(set.verdict, Verdict::Accepted | Verdict::AcceptedWithErrors);
                let records = set.records.as_ref().filter(|_| accepted);
                self.sets
                    .extend(records.map(|records| (at, records.clone())));
            }
            Decided::Group(group) if group.code == Some("R") => {
                self.reject([group.interchange, group.group, 0]);
            }
            Decided::Interchange(end) if end.rejected => self.reject([end.interchange, 0, 0]),
            _ => {}
        }
    }

    /// What is rejected around sets rejects them: they are all that was told since it began.
    fn reject(&mut self, begin: [u32; 3]) {
        self.sets.split_off(&begin);
    }

    /// The verdicts on the records of a transaction set, by the ordinals of its interchange, its group and itself; none if it is
    /// rejected, or has no records.
    #[must_use]
    pub fn of(&self, set: [u32; 3]) -> Option<&RecordVerdicts> {
        self.sets.get(&set)
    }

    /// Whether a record of a transaction set is accepted; those of sets without verdicts are not.
    #[must_use]
    pub fn accepts(&self, set: [u32; 3], record: u64) -> bool {
        self.of(set).is_some_and(|records| records.accepts(record))
    }

    /// Whether a record of any set is rejected.
    #[must_use]
    pub fn has_rejected(&self) -> bool {
        let mut sets = self.sets.values();
        sets.any(|records| records.rejected.records > 0)
    }

    /// Whether there are claims that a 277CA can answer.
    #[must_use]
    pub fn has_claims(&self) -> bool {
        let mut sets = self.sets.values();
        sets.any(|records| records.received.records > 0 && is_answered(&records.guide))
    }
}

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
/// must say, `UNKNOWN` stands for a name and `0` for a number, and the day of receipt for the days of service. A total that is longer than any amount may be is
/// written all the same.
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
/// # let document = std::fs::read("../samples/005010X222A1/made-up-claims.edi").unwrap_or_default();
/// # if document.is_empty() { return Ok(()); }
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
    let blocks = Blocks::new(&options.catalog, options.limits, Extent::Loops);
    let mut join = |items: &mut Vec<Item>| items.drain(..).try_for_each(|item| writer.item(item));
    parallel::run(
        document,
        options.block_bytes,
        blocks,
        options.threads,
        &Look,
        &mut join,
    )?;
    writer.finish()
}

/// Whether a guide says all that a 277CA tells of its records.
fn is_answered(guide: &Guide) -> bool {
    let roles = [
        Role::Batch,
        Role::Sender,
        Role::Receiver,
        Role::Provider,
        Role::Patient,
        Role::Claim,
        Role::Charge,
    ];
    let says = |role: &Role| guide.roles.iter().any(|(known, _)| known == role);
    roles.iter().all(says)
}
