//! What the parts of a guide mean to those who answer its records or split them.

use serde::{Deserialize, Serialize};

/// What a part of a guide means to those who answer its records or split them; the places of a role stand best first.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Role {
    /// The reference of the whole transaction set: anew in each part of one that is split. Without it a set is never split.
    Batch,
    /// The party that sends: the segment that names it.
    Sender,
    /// The party that is sent to: the segment that names it.
    Receiver,
    /// The provider whose claims stand below: the segment that names it.
    Provider,
    /// The provider's number with the tax office.
    ProviderTax,
    /// Whom the claim is about: the segment that names them.
    Patient,
    /// The sender's number of the claim.
    Claim,
    /// The claim's total.
    Charge,
    /// The number that an intermediary gave the claim.
    Intermediary,
    /// The type of bill, without its frequency.
    BillType,
    /// The frequency of the bill.
    Frequency,
    /// The date of service, or the dates.
    Service,
    /// The procedure of a service line.
    LineProcedure,
    /// The revenue code of a service line.
    LineRevenue,
    /// The charge of a service line.
    LineCharge,
    /// The sender's number of a service line.
    Line,
    /// The date of a service line, or the dates.
    LineService,
}

/// What one occurrence of a loop is to its users.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// A claim, or a claim payment.
    Claim,
    /// A member of an enrolment.
    Member,
    /// A subscriber, with the dependents who are named below.
    Subscriber,
}

impl Record {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Claim, Self::Member, Self::Subscriber];

    /// What one is called, in guides, in JSON and by the command.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Member => "member",
            Self::Subscriber => "subscriber",
        }
    }
}
