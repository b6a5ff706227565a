//! Records that were counted: claims or members, and what they amount to.

use crate::decimal::Decimal;

/// Records that were counted, and what they charge.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct RecordCounts {
    /// Records.
    pub records: u64,
    /// The sum of their charges, exactly: of what the guide calls so.
    pub charges: Decimal,
    /// Records whose charge is missing, no number, or too large to be added: it is not in the sum.
    pub uncharged: u64,
}

impl RecordCounts {
    /// Adds a record.
    pub(crate) fn add(&mut self, charge: Option<Decimal>) {
        self.join(Self {
            records: 1,
            charges: charge.unwrap_or_default(),
            uncharged: u64::from(charge.is_none()),
        });
    }

    /// Adds others.
    pub(crate) fn join(&mut self, others: Self) {
        self.records += others.records;
        match self.charges.plus(others.charges) {
            Some(charges) => {
                self.charges = charges;
                self.uncharged += others.uncharged;
            }
            None => self.uncharged += others.records,
        }
    }
}
