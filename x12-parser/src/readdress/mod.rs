//! Sends a document on under another envelope: its control segments are written anew, all others are copied byte for byte.
//!
//! Headers wait until something is kept that stands in them, so what holds nothing leaves no trace and takes no control number.

mod addresses;
pub(crate) mod control;
mod copier;
mod divide;
mod division;
mod follow;
mod look;
mod output;

use std::io::{Read, Write};

use crate::block::Blocks;
use crate::error::Error;
use crate::options::Options;
use crate::place::Extent;
use crate::record_counts::RecordCounts;
use crate::source::ReadSource;

pub use addresses::{Addresses, Fate, GroupAddress, InterchangeAddress, Parts};
pub use look::{SetRecords, Undivided, survey_records};

use copier::Copier;

/// What was written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct EnvelopeCounts {
    /// Interchanges.
    pub interchanges: u64,
    /// Groups.
    pub groups: u64,
    /// Transaction sets.
    pub sets: u64,
    /// Transaction sets that were read and left out.
    pub dropped: u64,
    /// Bytes.
    pub bytes: u64,
    /// Records that were written, with their charges: with those left out they are all that were read. Records are counted only where
    /// they are asked for, so not by [`readdress`], and only of transaction sets whose guide is known and has some.
    pub kept: RecordCounts,
    /// Records that were left out, with or without the rest of their transaction set.
    pub left_out: RecordCounts,
}

/// Copies a document under another envelope.
///
/// ISA05 to ISA10, ISA13, ISA15, GS02 to GS06 and ST02 are given by `addresses`, trailers follow from them and from what was kept;
/// delimiters, all other elements and all other segments stay, byte for byte. Trailers that are missing are written. Groups and
/// interchanges in which nothing is kept are left out; service segments (TA1) count as kept. Text before, between and behind
/// interchanges is left out.
///
/// The document is not checked: what stands in its transaction sets goes on as it is.
///
/// # Errors
/// [`Error`] if the document cannot be read at all, or not any further, or if writing fails; [`Error::Envelope`] where a transaction
/// set that is kept has no group around it, or binary data in it not their declared length; where in an interchange of which something
/// is kept a segment stands in no transaction set, a header cannot be read, or the document ends inside a segment; [`Error::Value`] if a
/// given value does not fit; also what `addresses` return. What was written before is not a whole document.
///
/// # Examples
/// ```
/// use x12_parser::{Addresses, ControlNumber, Envelope, Error, GroupAddress, InterchangeAddress, readdress};
///
/// /// Sends everything on to one receiver.
/// struct Forward;
///
/// impl Addresses for Forward {
///     fn interchange(&mut self, received: &Envelope) -> Result<InterchangeAddress, Error> {
///         let isa08 = "MADEUPPAYER".to_owned();
///         Ok(InterchangeAddress { isa08, ..InterchangeAddress::received(received, ControlNumber::FIRST) })
///     }
///
///     fn group(&mut self, received: &Envelope) -> Result<GroupAddress, Error> {
///         Ok(GroupAddress::received(received, ControlNumber::FIRST))
///     }
/// }
///
/// # fn main() -> Result<(), Error> {
/// let document = b"ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*000000905*0*T*:~\
/// GS*HP*A*B*20261123*1200*7*X*005010X221A1~ST*835*0001~SE*2*0001~GE*1*7~";
/// let mut forwarded = Vec::new();
/// let counts = readdress(&document[..], &mut forwarded, &mut Forward, &Default::default())?;
/// assert_eq!(counts.sets, 1);
/// assert!(forwarded.ends_with(b"~GS*HP*A*B*20261123*1200*1*X*005010X221A1~ST*835*0001~SE*2*0001~GE*1*1~IEA*1*000000001~"));
/// # Ok(())
/// # }
/// ```
pub fn readdress<R, W, A>(
    document: R,
    out: W,
    addresses: &mut A,
    options: &Options,
) -> Result<EnvelopeCounts, Error>
where
    R: Read,
    W: Write,
    A: Addresses,
{
    copy_to_one(document, out, addresses, options, false)
}

/// As [`readdress`], but a transaction set may be divided: only some of its records go on, with the loops around them.
///
/// Of the loops around records nothing is left in which none is kept, and of a transaction set nothing at all. Hierarchical levels
/// (HL01, HL02) are numbered anew, their child codes (HL04) and the counts say what is written, and the reference of the set (BHT03) is
/// given anew. Everything else is copied byte for byte; segments that the guide does not know stay with the loop in which they stand.
///
/// Records are counted of all transaction sets whose guide is known, divided or not, so that `kept` and `left_out` are what was received.
///
/// # Errors
/// As [`readdress`]; also [`Error::Undivided`] in a transaction set that is divided, where its structure leaves it uncertain what
/// belongs to which record: [`survey_records`] tells it before; [`Error::Limit`] where more must be held back than is allowed.
pub fn readdress_records<R, W, A>(
    document: R,
    out: W,
    addresses: &mut A,
    options: &Options,
) -> Result<EnvelopeCounts, Error>
where
    R: Read,
    W: Write,
    A: Addresses,
{
    copy_to_one(document, out, addresses, options, true)
}

/// As [`readdress_records`], but what goes on is written as several documents: `parts` says where the next one begins.
///
/// # Errors
/// As [`readdress_records`]; also what `parts` return.
pub fn readdress_parts<R, P, A>(
    document: R,
    parts: &mut P,
    addresses: &mut A,
    options: &Options,
) -> Result<EnvelopeCounts, Error>
where
    R: Read,
    P: Parts,
    A: Addresses,
{
    copy(document, parts, addresses, options, true)
}

fn copy_to_one<R: Read, W: Write>(
    document: R,
    out: W,
    addresses: &mut impl Addresses,
    options: &Options,
    by_record: bool,
) -> Result<EnvelopeCounts, Error> {
    let mut out = One(out);
    let counts = copy(document, &mut out, addresses, options, by_record)?;
    out.0.flush()?;
    Ok(counts)
}

fn copy<R: Read>(
    document: R,
    parts: &mut impl Parts,
    addresses: &mut impl Addresses,
    options: &Options,
    by_record: bool,
) -> Result<EnvelopeCounts, Error> {
    let mut source = ReadSource::new(document, options.block_bytes);
    let mut blocks = blocks(options, by_record);
    let mut block = blocks.empty();
    let mut copier = Copier::new(parts, addresses, options.limits, by_record);
    while blocks.fill(&mut source, &mut block)? {
        copier.block(&block)?;
        copier.flush()?;
    }
    Ok(copier.counts())
}

fn blocks(options: &Options, by_record: bool) -> Blocks {
    let extent = if by_record {
        Extent::Loops
    } else {
        Extent::Envelopes
    };
    // Each finding may make a division unsafe.
    let limits = options.limits.with_all_findings();
    Blocks::new(options.charts(), limits, extent)
}

/// One document.
struct One<W>(W);

impl<W: Write> Parts for One<W> {
    fn begin(&mut self, _: &EnvelopeCounts) -> Result<(), Error> {
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        Ok(self.0.write_all(bytes)?)
    }
}
