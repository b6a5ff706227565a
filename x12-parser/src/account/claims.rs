//! What a claim acknowledgment (277CA) says, in types: of a batch, its providers, claims and their lines.

use std::sync::Arc;

use crate::decimal::Decimal;
use crate::withheld::Withheld;

/// Categories of claim status that reject (x12-standard §6).
const REJECTING: [&str; 4] = ["A3", "A6", "A7", "A8"];

/// Categories that reject nothing: forwarded, received, taken up, split.
const ACCEPTING: [&str; 4] = ["A0", "A1", "A2", "A5"];

/// The batch that is spoken of.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct BatchReference {
    /// BHT03 of the acknowledgment: its own number.
    pub acknowledgment: Option<Withheld>,
    /// TRN02 of the receiver's level: the number of the batch, which is BHT03 of the claims.
    pub batch: Option<Withheld>,
}

/// The claim that is spoken of.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ClaimReference {
    /// Its batch.
    pub batch: Arc<BatchReference>,
    /// TRN02: the number that the provider gave it, CLM01.
    pub number: Option<Withheld>,
    /// REF02 behind 1K: the number that the payer gave it.
    pub payer_number: Option<Withheld>,
    /// REF02 behind D9: the number that a clearinghouse gave it.
    pub clearinghouse_number: Option<Withheld>,
}

/// A status: STC01, STC10 or STC11. Codes that cannot be ones are empty.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Status {
    /// Its category: `A7`.
    pub category: String,
    /// Its code: `562`.
    pub code: String,
    /// Whom it concerns: `85`; empty if nobody is named.
    pub entity: String,
}

/// What is to become of it, STC03.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ClaimAction {
    /// WQ.
    Accept,
    /// U.
    Reject,
}

/// What the STC segments state of one thing, all of them together.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stated {
    /// Statuses, in order.
    pub statuses: Vec<Status>,
    /// Further statuses, which are counted and not kept; what is stated rests on them too.
    pub omitted: u64,
    /// STC03; one that rejects outweighs all others.
    pub action: Option<ClaimAction>,
    /// STC04 of the first: what was charged.
    pub amount: Option<Decimal>,
    /// An action that accepts and one that rejects stand.
    pub(super) is_both: bool,
    /// A category that rejects stands; one that does not; one that is neither.
    categories: [bool; 3],
}

impl Stated {
    /// Whether it is rejected, by its action or by the category of a status; none if nothing is stated.
    #[must_use]
    pub fn is_rejected(&self) -> Option<bool> {
        let [rejecting, accepting, _] = self.categories;
        let rejects = self.action == Some(ClaimAction::Reject) || rejecting;
        let is_stated = self.action.is_some() || accepting;
        (rejects || is_stated).then_some(rejects)
    }

    /// Whether action and categories say the same.
    #[must_use]
    pub fn agrees(&self) -> bool {
        let [rejecting, _, other] = self.categories;
        match self.action {
            _ if self.is_both => false,
            Some(ClaimAction::Accept) => !rejecting,
            Some(ClaimAction::Reject) => rejecting || other,
            None => true,
        }
    }

    /// Takes a status; one beyond so many is counted.
    pub(super) fn add(&mut self, status: Status, most: usize) {
        let [rejecting, accepting, other] = &mut self.categories;
        *match &*status.category {
            category if REJECTING.contains(&category) => rejecting,
            category if ACCEPTING.contains(&category) => accepting,
            _ => other,
        } = true;
        if self.statuses.len() < most {
            self.statuses.push(status);
        } else {
            self.omitted += 1;
        }
    }
}

/// What a 277CA says of a claim. It is told behind its lines.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ClaimSaid {
    /// Which claim.
    pub claim: Arc<ClaimReference>,
    /// What is stated of it.
    pub stated: Stated,
    /// How many of its lines are spoken of.
    pub lines: u64,
}

/// What a 277CA says of a line of a claim.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct LineSaid {
    /// The claim.
    pub claim: Arc<ClaimReference>,
    /// Which of the claim's lines that are spoken of, from one.
    pub ordinal: u64,
    /// REF02 behind FJ: the number that the provider gave the line.
    pub number: Option<Withheld>,
    /// What is stated of it.
    pub stated: Stated,
}

/// A level of a 277CA that has totals.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Level {
    /// The receiver's: the batch.
    Batch,
    /// A billing provider's.
    Provider,
}

/// How many claims were accepted and rejected, and of which amount.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Totals {
    /// QTY02 behind 90 or QA.
    pub accepted: Option<u64>,
    /// QTY02 behind AA or QC.
    pub rejected: Option<u64>,
    /// AMT02 behind YU.
    pub accepted_amount: Option<Decimal>,
    /// AMT02 behind YY.
    pub rejected_amount: Option<Decimal>,
}

/// What a 277CA says of a batch, or of the claims of a provider in it. It is told behind what it is the total of.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct LevelSaid {
    /// Which level.
    pub level: Level,
    /// The batch.
    pub batch: Arc<BatchReference>,
    /// TRN02 of a provider's level.
    pub trace: Option<Withheld>,
    /// What is stated of it as a whole.
    pub stated: Stated,
    /// Its totals, as given.
    pub totals: Totals,
    /// What the levels below add up to: claims, or the totals of providers that tell no claims; none if nothing stands below.
    pub below: Option<Totals>,
}

impl LevelSaid {
    /// Whether the totals that are given are those of what stands below; none if there is nothing to compare.
    #[must_use]
    pub fn adds_up(&self) -> Option<bool> {
        let (given, below) = (self.totals, self.below?);
        let alike = [
            both(given.accepted, below.accepted),
            both(given.rejected, below.rejected),
            both(given.accepted_amount, below.accepted_amount),
            both(given.rejected_amount, below.rejected_amount),
        ];
        let mut compared = alike.into_iter().flatten();
        compared
            .next()
            .map(|first| first && compared.all(|alike| alike))
    }
}

fn both<T: PartialEq>(given: Option<T>, below: Option<T>) -> Option<bool> {
    Some(given? == below?)
}

impl Totals {
    /// Nothing, which is what is added to.
    pub(super) fn nothing() -> Self {
        Self {
            accepted: Some(0),
            rejected: Some(0),
            accepted_amount: Some(Decimal::default()),
            rejected_amount: Some(Decimal::default()),
        }
    }

    /// Adds a claim; one of which nothing is stated is in neither total.
    pub(super) fn add_claim(&mut self, stated: &Stated) {
        let (count, amount) = match stated.is_rejected() {
            Some(true) => (&mut self.rejected, &mut self.rejected_amount),
            Some(false) => (&mut self.accepted, &mut self.accepted_amount),
            None => return,
        };
        *count = count.and_then(|count| count.checked_add(1));
        *amount = amount.and_then(|sum| sum.plus(stated.amount?));
    }

    /// Adds what is known of a level below; what it does not give is nothing.
    pub(super) fn add(&mut self, other: &Self) {
        let count =
            |sum: Option<u64>, other: Option<u64>| sum?.checked_add(other.unwrap_or_default());
        let amount = |sum: Option<Decimal>, other: Option<Decimal>| {
            sum.and_then(|sum| sum.plus(other.unwrap_or_default()))
        };
        *self = Self {
            accepted: count(self.accepted, other.accepted),
            rejected: count(self.rejected, other.rejected),
            accepted_amount: amount(self.accepted_amount, other.accepted_amount),
            rejected_amount: amount(self.rejected_amount, other.rejected_amount),
        };
    }
}
