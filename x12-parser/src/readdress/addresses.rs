//! What a caller says of a document that goes on: which parts of it, under which envelope, and where the result is cut.

use crate::control_number::ControlNumber;
use crate::envelope::Envelope;
use crate::error::Error;

use super::EnvelopeCounts;

/// Says which transaction sets go on, or which of their records, and under which envelope.
///
/// [`Self::keeps`] is asked of each transaction set; of one that is kept, first the interchange and the group around it are asked for
/// their addresses, if they were not yet, then the set for its control number. Of one that is divided they are asked when its first
/// record is kept; of records only [`readdress_records`] and [`readdress_parts`] ask.
///
/// Records, such as claims, are counted in the order of the document, from one in each transaction set: they are the occurrences of
/// the loops that the guide calls records, but none inside another record.
///
/// [`readdress_records`]: crate::readdress_records
/// [`readdress_parts`]: crate::readdress_parts
pub trait Addresses {
    /// Whether a transaction set goes on; one that does not is left out.
    ///
    /// # Errors
    /// Whatever is to end it all.
    fn keeps(&mut self, set: &Envelope) -> Result<bool, Error> {
        let _ = set;
        Ok(true)
    }

    /// Whether a transaction set that is kept is divided between its records; else it goes on whole.
    ///
    /// Asked only where its guide has records and names the reference of the set: others are never divided.
    ///
    /// # Errors
    /// Whatever is to end it all.
    fn divides(&mut self, set: &Envelope) -> Result<bool, Error> {
        let _ = set;
        Ok(false)
    }

    /// What becomes of a record of a transaction set that is divided.
    ///
    /// # Errors
    /// Whatever is to end it all.
    fn record(&mut self, set: &Envelope, record: u64) -> Result<Fate, Error> {
        let _ = (set, record);
        Ok(Fate::Kept)
    }

    /// The reference of the set, BHT03 for one, of a part of a transaction set that is divided: anew for each part, as the receiver
    /// would take two of the same for one that came twice. It was `received`; of a set that came without one, an empty one leaves it so.
    ///
    /// # Errors
    /// Whatever is to end it all.
    fn reference(&mut self, set: &Envelope, received: &str) -> Result<String, Error> {
        let _ = set;
        Ok(received.to_owned())
    }

    /// The address of an interchange in which something is kept.
    ///
    /// # Errors
    /// Whatever is to end it all.
    fn interchange(&mut self, received: &Envelope) -> Result<InterchangeAddress, Error>;

    /// The address of a group in which a transaction set is kept.
    ///
    /// # Errors
    /// Whatever is to end it all.
    fn group(&mut self, received: &Envelope) -> Result<GroupAddress, Error>;

    /// The control number, ST02, of a transaction set that is kept: as received unless it says otherwise.
    ///
    /// # Errors
    /// Whatever is to end it all.
    fn set(&mut self, received: &Envelope) -> Result<String, Error> {
        Ok(received.st(2).to_owned())
    }
}

/// What ISA is given anew. Shorter values are filled with blanks up to their width.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InterchangeAddress {
    /// Qualifier of the sender.
    pub isa05: String,
    /// Sender.
    pub isa06: String,
    /// Qualifier of the receiver.
    pub isa07: String,
    /// Receiver.
    pub isa08: String,
    /// Date, YYMMDD.
    pub isa09: String,
    /// Time, HHMM.
    pub isa10: String,
    /// Control number.
    pub isa13: ControlNumber,
    /// Usage: `P` or `T`.
    pub isa15: String,
}

impl InterchangeAddress {
    /// The address as received, under another control number.
    #[must_use]
    pub fn received(envelope: &Envelope, isa13: ControlNumber) -> Self {
        let [isa05, isa06, isa07, isa08, isa09, isa10, isa15] =
            [5, 6, 7, 8, 9, 10, 15].map(|number| envelope.isa(number).to_owned());
        Self {
            isa05,
            isa06,
            isa07,
            isa08,
            isa09,
            isa10,
            isa13,
            isa15,
        }
    }

    /// The values, in the order of their elements.
    pub(crate) fn values(&self) -> [String; 8] {
        let Self {
            isa05,
            isa06,
            isa07,
            isa08,
            isa09,
            isa10,
            isa13,
            isa15,
        } = self.clone();
        let isa13 = format!("{isa13:09}");
        [isa05, isa06, isa07, isa08, isa09, isa10, isa13, isa15]
    }
}

/// What GS is given anew.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GroupAddress {
    /// Sender.
    pub gs02: String,
    /// Receiver.
    pub gs03: String,
    /// Date, CCYYMMDD.
    pub gs04: String,
    /// Time, HHMM.
    pub gs05: String,
    /// Control number.
    pub gs06: ControlNumber,
}

impl GroupAddress {
    /// The address as received, under another control number.
    #[must_use]
    pub fn received(envelope: &Envelope, gs06: ControlNumber) -> Self {
        let [gs02, gs03, gs04, gs05] = [2, 3, 4, 5].map(|number| envelope.gs(number).to_owned());
        Self {
            gs02,
            gs03,
            gs04,
            gs05,
            gs06,
        }
    }

    /// The values, in the order of their elements.
    pub(crate) fn values(&self) -> [String; 5] {
        let Self {
            gs02,
            gs03,
            gs04,
            gs05,
            gs06,
        } = self.clone();
        [gs02, gs03, gs04, gs05, gs06.to_string()]
    }
}

/// What becomes of a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fate {
    /// It is left out.
    LeftOut,
    /// It goes on.
    Kept,
    /// It goes on, as the first one of a transaction set of its own, with those behind it.
    KeptInNewSet,
}

/// Takes what is written, as one document or several.
pub trait Parts {
    /// Whether a new document begins with this place: an interchange without groups, a transaction set, or the next part of one. The
    /// open document has so many bytes, without the trailers that end it. Asked of each place; the first begins one in any case.
    ///
    /// # Errors
    /// Whatever is to end it all.
    fn begins(&mut self, place: &Envelope, bytes: u64) -> Result<bool, Error> {
        let _ = (place, bytes);
        Ok(false)
    }

    /// Whether the document may grow to so many bytes at most, with the record that comes next and all trailers. If not, a new one
    /// begins with it.
    ///
    /// # Errors
    /// Whatever is to end it all.
    fn fits(&mut self, bytes: u64) -> Result<bool, Error> {
        let _ = bytes;
        Ok(true)
    }

    /// A document begins: what is written from here on belongs to it. So much was written and read before it.
    ///
    /// # Errors
    /// Whatever is to end it all.
    fn begin(&mut self, before: &EnvelopeCounts) -> Result<(), Error>;

    /// Takes the bytes that come next.
    ///
    /// # Errors
    /// Whatever is to end it all.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error>;
}
