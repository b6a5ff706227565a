//! Answers a received document: TA1 for its envelopes, for each of its groups a 997 or a 999, as its version demands.
//!
//! The findings of the checker are collected block by block with the data that an answer quotes, then composed in order. One
//! interchange of answers for each received interchange, with a group of 997s, one of 999s, or both; every received transaction set, group and interchange gets a recorded decision.

mod accepted;
mod advice;
mod answer;
mod answer_set;
mod bundle;
mod claims;
mod collect;
mod compose;
mod envelopes;
mod header;
mod known;
mod note;
mod quoted;
mod received;
mod records;
mod verdict;

use std::collections::BTreeMap;
use std::io::{Read, Write};

use crate::block::Blocks;
use crate::control_number::ControlNumber;
use crate::error::Error;
use crate::options::Options;
use crate::parallel;
use crate::place::Extent;

pub use accepted::AcceptedRecords;
pub use advice::{AdviceOptions, AdvisedSets, ApplicationAdvice, advise};
use answer::Answer;
pub use answer_set::AnswerSet;
pub use claims::{
    ClaimAcknowledgmentOptions, ClaimAcknowledgments, ClaimSource, acknowledge_claims,
};
use collect::{Collect, Item};
pub use header::AnswerAddress;
pub use note::{NoteBasis, Ta1Note, Ta1Severity};
pub use records::{Reason, RecordRejection, RecordVerdicts};
pub use verdict::{AnswerNumbers, Decided, Decision, GroupDecision, SetDecision, Verdict};

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

/// Which groups are answered with a 997 or a 999.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum GroupPolicy {
    /// All.
    #[default]
    Always,
    /// Those that are not accepted without errors.
    WhenFaulty,
    /// None.
    Never,
}

impl GroupPolicy {
    /// Whether a group with this verdict, AK901, is answered.
    fn answers(self, code: &str) -> bool {
        match self {
            Self::Always => true,
            Self::WhenFaulty => code != "A",
            Self::Never => false,
        }
    }
}

/// What a fault rejects, of those that a 999 or 997 can tell.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Rejects {
    /// The transaction set that it is in.
    #[default]
    Sets,
    /// As [`Rejects::Records`] in transaction sets whose claims a 277CA can answer; in others the set.
    Claims,
    /// The record that it is in, a claim or a member, or all records that it stands around: their transaction set is accepted with
    /// errors. What stands neither in nor around records is rejected as a set, and so is what cannot be divided: for its guide, or for
    /// faults that leave it uncertain what belongs to which record. Which records are rejected a 277CA tells of claims, and an 824 of all.
    Records,
}

/// What an acknowledgment needs beyond the document: the crate reads no clock and gives no numbers of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct AcknowledgmentOptions<N = CountingNumbers> {
    /// Date of the answer, CCYYMMDD.
    pub date: String,
    /// Time of the answer, HHMM.
    pub time: String,
    /// Gives each answer its control numbers.
    pub numbers: N,
    /// Between whom the answers go, if not between those of what is answered.
    pub address: AnswerAddress,
    /// When a TA1 is sent.
    pub ta1: Ta1Policy,
    /// Notes that are to be taken otherwise than [`Ta1Note::severity`] says, as this partner wants it.
    pub ta1_severities: BTreeMap<Ta1Note, Ta1Severity>,
    /// Which groups are answered.
    pub groups: GroupPolicy,
    /// Whether accepted transaction sets are listed one by one (AK2 with IK5 or AK5), or only counted.
    pub list_accepted: bool,
    /// What a fault rejects.
    pub rejects: Rejects,
    /// Interchanges, by their ordinal from one, that the caller rejects for what only it can know: a control number that it received
    /// before, a usage indicator or a partner that it does not expect. Each gets a TA1 with that note, whatever else is wrong with it,
    /// and nothing else; one that holds acknowledgments only is not answered, yet told as rejected.
    pub rejected: BTreeMap<u32, Ta1Note>,
}

impl<N> AcknowledgmentOptions<N> {
    /// Answers of this date (CCYYMMDD) and time (HHMM) under these numbers, and all else as it usually is: a TA1 when it is asked for,
    /// all groups answered, accepted transaction sets listed, faults rejecting the set that they are in, no interchange rejected beforehand.
    #[must_use]
    pub fn new(date: impl Into<String>, time: impl Into<String>, numbers: N) -> Self {
        Self {
            date: date.into(),
            time: time.into(),
            numbers,
            address: AnswerAddress::default(),
            ta1: Ta1Policy::default(),
            ta1_severities: BTreeMap::new(),
            groups: GroupPolicy::default(),
            list_accepted: true,
            rejects: Rejects::default(),
            rejected: BTreeMap::new(),
        }
    }

    /// How grave a note is to this partner.
    pub(crate) fn severity(&self, note: Ta1Note) -> Ta1Severity {
        let own = self.ta1_severities.get(&note).copied();
        own.unwrap_or(note.severity())
    }
}

/// Gives control numbers to answers, each when it is about to be written, and only then.
///
/// # Examples
/// ```
/// use x12_parser::{ControlNumber, ControlNumbers, Error};
///
/// /// Takes from a list that was drawn beforehand.
/// struct Drawn(Vec<ControlNumber>);
///
/// impl Drawn {
///     fn draw(&mut self) -> Result<ControlNumber, Error> {
///         self.0.pop().ok_or_else(|| std::io::Error::other("no control number is left").into())
///     }
/// }
///
/// impl ControlNumbers for Drawn {
///     fn interchange(&mut self, _answered: u32) -> Result<ControlNumber, Error> {
///         self.draw()
///     }
///
///     fn group(&mut self, _ordinal: u32) -> Result<ControlNumber, Error> {
///         self.draw()
///     }
/// }
/// ```
pub trait ControlNumbers {
    /// ISA13 of the answer to a received interchange, which is given by its ordinal, from one.
    ///
    /// # Errors
    /// If there is no number to be had: answering ends with it.
    fn interchange(&mut self, answered: u32) -> Result<ControlNumber, Error>;

    /// GS06 of a group of answers, which is given by its ordinal among all of the document's groups of answers, from one; asked behind
    /// [`Self::interchange`], twice if the interchange has groups that a 997 answers and groups that a 999 answers.
    ///
    /// # Errors
    /// As [`Self::interchange`].
    fn group(&mut self, ordinal: u32) -> Result<ControlNumber, Error>;
}

/// Control numbers that count on from a first one, interchanges and groups apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CountingNumbers {
    /// The next ISA13.
    pub interchange: ControlNumber,
    /// The next GS06.
    pub group: ControlNumber,
}

impl CountingNumbers {
    /// Counts from this number, of interchange and group alike.
    #[must_use]
    pub fn from_first(number: ControlNumber) -> Self {
        Self {
            interchange: number,
            group: number,
        }
    }
}

impl Default for CountingNumbers {
    fn default() -> Self {
        Self::from_first(ControlNumber::FIRST)
    }
}

impl ControlNumbers for CountingNumbers {
    fn interchange(&mut self, _answered: u32) -> Result<ControlNumber, Error> {
        let following = self.interchange.following();
        Ok(std::mem::replace(&mut self.interchange, following))
    }

    fn group(&mut self, _ordinal: u32) -> Result<ControlNumber, Error> {
        let following = self.group.following();
        Ok(std::mem::replace(&mut self.group, following))
    }
}

/// Answers a document; `decided` is told the verdict on every transaction set, group and interchange, in the order in which they end.
///
/// What is told is what the answers say; memory does not grow with the number of transaction sets.
///
/// # Errors
/// [`Error`] if the document has no interchange that can be read: then there is nobody to answer. If it breaks off later, the
/// interchange in hand is rejected by a TA1, the answers are written, and then the error is returned. Also what the control numbers
/// and `decided` return, and if writing fails: then nothing more is written or told.
///
/// # Examples
/// ```
/// use x12_parser::{AcknowledgmentOptions, CountingNumbers, Decided, Ta1Note, acknowledge};
///
/// # fn main() -> Result<(), x12_parser::Error> {
/// let document = b"ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*000000001*0*T*:~\
/// GS*HP*A*B*20261123*1200*1*X*005010X221A1~ST*835*0001~SE*2*0001~GE*1*1~IEA*1*000000001~";
/// let mut how = AcknowledgmentOptions::new("20261123", "1200", CountingNumbers::default());
/// // The caller has seen this control number before.
/// how.rejected.insert(1, Ta1Note::DuplicateControlNumber);
/// let (mut answers, mut told) = (Vec::new(), Vec::new());
/// acknowledge(&document[..], &mut answers, &mut how, &Default::default(), |decided| {
///     told.push(decided);
///     Ok(())
/// })?;
/// assert!(matches!(&told[..], [Decided::Set(_), Decided::Group(_), Decided::Interchange(end)] if end.ta1 == Some(("R", "025"))));
/// # Ok(())
/// # }
/// ```
pub fn acknowledge<R, W, N, D>(
    document: R,
    answers: W,
    how: &mut AcknowledgmentOptions<N>,
    options: &Options,
    decided: D,
) -> Result<(), Error>
where
    R: Read + Send,
    W: Write + Send,
    N: ControlNumbers + Send,
    D: FnMut(Decided) -> Result<(), Error> + Send,
{
    let mut answer = Answer::new(answers, how, options.limits, decided);
    // What is wrong beyond what is told still rejects the record that it is in.
    let limits = options.limits.with_all_findings();
    let blocks = Blocks::new(options.charts(), limits, Extent::Rules(options.snip));
    let collect = Collect {
        most: Some(options.limits.findings_per_set),
        says: false,
    };
    let mut join = |items: &mut Vec<Item>| answer.items(items);
    let read = parallel::run(document, options, blocks, &collect, &mut join);
    if read.is_err() {
        answer.break_off()?;
    }
    answer.flush()?;
    read
}
