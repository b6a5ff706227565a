//! Sums that agree: a charge is what was paid and what was adjusted; what is told of the whole is shared out to its parts.
//!
//! Everything is decided from the top, before the parts are written, so that nothing need be kept or written twice.

use super::document::Author;
use super::model::{Book, LoopPlan, Role};
use super::profile::Maker;
use super::random::Random;

/// A sum, in cents, and how many parts it is still to be shared among.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pot {
    pub(super) left: i64,
    pub(super) parts: u64,
}

impl Pot {
    /// The share of the next part; the last one gets what is left.
    pub(super) fn take(&mut self, random: &mut Random) -> i64 {
        let share = if self.parts <= 1 {
            self.left
        } else {
            let average = (self.left / self.parts as i64).max(0);
            round(average / 2 + random.below(average as u64 + 1) as i64)
        };
        self.parts = self.parts.saturating_sub(1);
        self.left -= share;
        share
    }
}

/// The sums of one occurrence of a loop.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ledger {
    pub(super) charge: i64,
    pub(super) paid: i64,
    /// All adjustments, its own and those of its parts.
    pub(super) adjusted: i64,
    /// Its own adjustments, shared by its segments.
    pub(super) own: Pot,
    pub(super) withheld: Pot,
    /// What its parts were paid, and their adjustments.
    parts_paid: Pot,
    parts_adjusted: Pot,
}

impl Author<'_> {
    /// Opens the book of a loop that has one; how often its parts stand is known, and may change with it.
    pub(super) fn open_book(&mut self, loop_index: usize, quota: u64) {
        let model = self.model;
        let plan = &model.loops[loop_index];
        let parts = plan
            .shares
            .map_or(quota, |item| u64::from(self.counts[usize::from(item)]));
        let ledger = match (plan.book, self.books.last().copied()) {
            (None, _) => return,
            (Some(Book::Whole), Some(around)) => self.whole(plan, around),
            (_, around) => self.share(plan, around.is_some(), parts),
        };
        self.books.push(ledger);
    }

    pub(super) fn close_book(&mut self, loop_index: usize) {
        if self.model.loops[loop_index].book.is_some() {
            self.books.pop();
        }
    }

    /// All of the charge again, seen by somebody else.
    fn whole(&mut self, plan: &LoopPlan, around: Ledger) -> Ledger {
        let segments = self.count(plan.adjusts);
        let adjusted = if segments > 0 {
            self.fraction(around.charge)
        } else {
            0
        };
        let own = Pot {
            left: adjusted,
            parts: segments,
        };
        Ledger {
            charge: around.charge,
            paid: around.charge - adjusted,
            adjusted,
            own,
            ..Ledger::default()
        }
    }

    /// A share of the book around; without such, a sum made up.
    fn share(&mut self, plan: &LoopPlan, within: bool, parts: u64) -> Ledger {
        let (paid, given) = self.granted(plan, within, parts);
        let has_parts = plan.shares.is_some() && parts > 0;
        let own = match given {
            Some(given) => {
                self.set_count(plan.adjusts, given > 0);
                given
            }
            None if self.count(plan.adjusts) > 0 => self.fraction(paid),
            None => 0,
        };
        let rest = if has_parts && self.parts_adjust(plan) {
            self.fraction(paid)
        } else {
            0
        };
        let withheld = if self.count(plan.withholds) > 0 {
            self.fraction(paid) / 4
        } else {
            0
        };
        Ledger {
            charge: paid + own + rest,
            paid: paid - withheld,
            adjusted: own + rest,
            own: Pot {
                left: own,
                parts: self.count(plan.adjusts),
            },
            withheld: Pot {
                left: withheld,
                parts: self.count(plan.withholds),
            },
            parts_paid: Pot {
                left: paid + own,
                parts,
            },
            parts_adjusted: Pot { left: rest, parts },
        }
    }

    /// What the book around grants: what is paid, and the adjustments if that book has any for its parts.
    fn granted(&mut self, plan: &LoopPlan, within: bool, parts: u64) -> (i64, Option<i64>) {
        let random = &mut self.random;
        let Some(around) = self.books.last_mut().filter(|_| within) else {
            let (least, most) = self.root_amount;
            let each = random.range(least, most);
            return (round((each * parts.max(1)) as i64), None);
        };
        let paid = around.parts_paid.take(random);
        let adjusted = around.parts_adjusted.take(random);
        // A record's adjustments are its own affair; those of its parts come from it.
        (paid, (!plan.record).then_some(adjusted))
    }

    /// Whether the parts of a book hold adjustments this time.
    fn parts_adjust(&mut self, plan: &LoopPlan) -> bool {
        let guide = &self.model.guide;
        let child = plan
            .shares
            .map(|item| usize::from(guide.items[usize::from(item)].child));
        let adjusts = child.and_then(|child| self.model.loops[child].adjusts);
        adjusts.is_some_and(|item| self.random.chance(self.odds.items[usize::from(item)]))
    }

    fn count(&self, item: Option<u16>) -> u64 {
        item.map_or(0, |item| u64::from(self.counts[usize::from(item)]))
    }

    fn set_count(&mut self, item: Option<u16>, stands: bool) {
        if let Some(item) = item {
            let count = &mut self.counts[usize::from(item)];
            *count = if stands { (*count).max(1) } else { 0 };
        }
    }

    /// A part of a sum, from a tenth to a half.
    fn fraction(&mut self, of: i64) -> i64 {
        let of = of.max(0) as u64;
        round((of / 10 + self.random.below(of * 2 / 5 + 1)) as i64)
    }
}

/// The least and the greatest sum of one part of the outermost book.
pub(super) fn root_amount(model: &super::model::Model) -> (u64, u64) {
    let told = |slot: &&super::model::Slot| matches!(slot.role, Some(Role::Charge | Role::Paid));
    let amounts = model
        .elements
        .iter()
        .filter(told)
        .flat_map(|slot| &slot.makers);
    let amount = |(_, maker): &(_, u16)| match model.makers[usize::from(*maker)] {
        Maker::Amount(least, most) => Some((least, most)),
        _ => None,
    };
    // The profile's own statement stands first among the makers of its slot, and has no condition.
    amounts
        .filter_map(amount)
        .find(|range| *range != DEFAULT_AMOUNT)
        .unwrap_or(DEFAULT_AMOUNT)
}

/// What `values.txt` says of amounts.
const DEFAULT_AMOUNT: (u64, u64) = (100, 25_000);

/// Larger amounts are mostly whole.
pub(super) fn round(cents: i64) -> i64 {
    if cents > 2000 && cents % 7 != 0 {
        cents - cents % 100
    } else {
        cents - cents % 5
    }
}
