//! What an acknowledgment says, in types: of whom, with which codes, and where; never a value that it quotes.

use std::fmt;
use std::sync::Arc;

use crate::account::advice::{AdviceSaid, ErrorSaid};
use crate::account::claims::{ClaimSaid, LevelSaid, LineSaid};
use crate::envelope::Envelope;
use crate::finding::Finding;

/// Something that a received acknowledgment says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Acknowledged<'a> {
    /// The interchange, group and transaction set that brought it.
    pub brought: &'a Envelope,
    /// What it says.
    pub said: Said<'a>,
}

/// What an acknowledgment says. Parts are told before what they are part of: faults of a transaction set before the set, sets before
/// their group; lines before their claim, claims before their provider and batch; errors before their item.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Said<'a> {
    /// TA1: of an interchange.
    Interchange(InterchangeSaid),
    /// IK3 or AK3: of a segment.
    Segment(SegmentSaid),
    /// IK4 or AK4: of an element of the segment before it.
    Element(ElementSaid),
    /// AK2 with IK5 or AK5: of a transaction set.
    Set(SetSaid),
    /// AK1 with AK9: of a group.
    Group(GroupSaid),
    /// 277CA: of a line of a claim.
    Line(LineSaid),
    /// 277CA: of a claim.
    Claim(ClaimSaid),
    /// 277CA: of the claims of a provider, or of a batch.
    Level(LevelSaid),
    /// TED of an 824: an error of an item.
    Error(ErrorSaid),
    /// OTI of an 824: of an item, be it a group, a transaction set, a batch or a claim.
    Advice(AdviceSaid),
    /// Something is wrong with the acknowledgment itself: what it says there may be missing.
    Finding(&'a Finding),
}

macro_rules! acceptance {
    ($($variant:ident $code:literal : $doc:literal;)*) => {
        /// Whether something was accepted: TA104, IK501 or AK501, and AK901.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Acceptance {
            $(#[doc = $doc] $variant,)*
        }

        impl Acceptance {
            /// The standard's code: `A`.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// What a code means.
            pub(super) fn of(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

acceptance! {
    Accepted "A" : "Accepted.";
    AcceptedWithErrors "E" : "Accepted, but errors were noted.";
    Partly "P" : "Accepted in part: at least one transaction set of the group was rejected.";
    Rejected "R" : "Rejected.";
    NotAuthenticated "M" : "Rejected: its authentication code failed.";
    NotAssured "W" : "Rejected: its assurance failed.";
    Undecipherable "X" : "Rejected: it could not be deciphered.";
}

impl Acceptance {
    /// Whether all of it was rejected.
    #[must_use]
    pub fn is_rejected(self) -> bool {
        !matches!(
            self,
            Self::Accepted | Self::AcceptedWithErrors | Self::Partly
        )
    }
}

/// What a TA1 says of an interchange.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct InterchangeSaid {
    /// TA101: its ISA13.
    pub isa13: String,
    /// TA102: its ISA09.
    pub isa09: String,
    /// TA103: its ISA10.
    pub isa10: String,
    /// TA104.
    pub acceptance: Acceptance,
    /// TA105, why.
    pub note: String,
}

/// Identity and codes: date and time stay out of logs.
impl fmt::Debug for InterchangeSaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InterchangeSaid")
            .field("isa13", &self.isa13)
            .field("acceptance", &self.acceptance)
            .field("note", &self.note)
            .finish_non_exhaustive()
    }
}

/// The group that is spoken of, AK1.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct GroupReference {
    /// AK101: its GS01.
    pub gs01: String,
    /// AK102: its GS06.
    pub gs06: String,
    /// AK103: its GS08; many a 997 has none.
    pub gs08: String,
}

/// The transaction set that is spoken of, AK2.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SetReference {
    /// Its group.
    pub group: Arc<GroupReference>,
    /// AK201: its ST01.
    pub st01: String,
    /// AK202: its ST02.
    pub st02: String,
    /// AK203: its ST03; a 997 has none.
    pub st03: String,
}

/// What is said of a segment.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SegmentSaid {
    /// The transaction set that it stands in.
    pub set: Arc<SetReference>,
    /// Its identifier; empty if none is given that could be one.
    pub id: String,
    /// Which segment of the set, ST being 1.
    pub segment: Option<u64>,
    /// Its loop; empty if none is given.
    pub loop_id: String,
    /// IK304 or AK304; empty if none is given.
    pub code: String,
    /// Names of its contexts, CTX01-1: `CLM01`. Their values are not told.
    pub contexts: Vec<&'static str>,
}

/// What is said of an element, or of a component of it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ElementSaid {
    /// The transaction set that it stands in.
    pub set: Arc<SetReference>,
    /// Which segment of the set, ST being 1: as said of the segment before.
    pub segment: Option<u64>,
    /// Which element, from one; 0 if it is not given.
    pub element: u16,
    /// Which component, from one; 0 if it is not given.
    pub component: u16,
    /// Which repetition, from one; 0 if it is not given.
    pub repetition: u16,
    /// Its data element number; empty if none is given.
    pub data_element: String,
    /// IK403 or AK403.
    pub code: String,
    /// Names of its contexts, as of a segment.
    pub contexts: Vec<&'static str>,
}

/// What is said of a transaction set.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SetSaid {
    /// Which set.
    pub set: Arc<SetReference>,
    /// IK501 or AK501.
    pub acceptance: Acceptance,
    /// IK502 to IK506, or AK502 to AK506.
    pub codes: Vec<String>,
}

/// What is said of a group. Sets that it does not name one by one are accepted with it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct GroupSaid {
    /// Which group.
    pub group: Arc<GroupReference>,
    /// AK901.
    pub acceptance: Acceptance,
    /// AK902: transaction sets that the group says it has.
    pub included: Option<u64>,
    /// AK903: transaction sets received.
    pub received: Option<u64>,
    /// AK904: transaction sets accepted.
    pub accepted: Option<u64>,
    /// AK905 to AK909.
    pub codes: Vec<String>,
}
