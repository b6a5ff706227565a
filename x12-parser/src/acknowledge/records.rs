//! The verdicts on the records of a transaction set: which claims or members are rejected, and why.
//!
//! What is wrong in a record is its own fault. What is wrong around records is that of all records there, also of those that stood
//! before it, so ranges of records are kept, not records.

use std::cmp::Reverse;
use std::sync::Arc;

use x12_schemas::table::{Guide, Record, Role};

use crate::acknowledge::Rejects;
use crate::acknowledge::collect::Item;
use crate::chart::Chart;
use crate::claim_status::{Cause, ClaimStatus};
use crate::decimal::Decimal;
use crate::finding::Finding;
use crate::record_counts::RecordCounts;
use crate::role_index::Standing;

/// Most reasons that are kept for one record, and for what stands around records.
const REASONS: usize = 8;

/// The verdicts on the records of a transaction set: claims, or members.
///
/// If the transaction set, its group or its interchange is rejected, so are all of its records, whatever stands here.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RecordVerdicts {
    /// The guide by which they are told.
    pub guide: Arc<Guide>,
    /// What a record is.
    pub record: Record,
    /// All of them.
    pub received: RecordCounts,
    /// Those that are rejected.
    pub rejected: RecordCounts,
    /// Which are rejected, in the order of the first of each range; ranges may overlap.
    pub rejections: Vec<RecordRejection>,
    /// What each provider sent, in their order, of those who sent any: received and rejected.
    pub providers: Vec<[RecordCounts; 2]>,
}

/// Records that are rejected together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordRejection {
    /// The first of them: which record of the transaction set, from one.
    pub first: u64,
    /// The last of them.
    pub last: u64,
    /// Why; some are left out where there are many.
    pub reasons: Vec<Reason>,
    /// The nearest range that holds this one.
    around: Option<usize>,
}

/// Why a record is rejected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Reason {
    cause: Cause,
    /// Which service line of the record, from one; 0 if it concerns no line.
    pub line: u64,
}

impl Reason {
    /// The stable name of what is wrong: that of the code, or of the guide's rule.
    #[must_use]
    pub fn name(self, guide: &Guide) -> &str {
        let rule = guide.rules.get(usize::from(self.cause.rule));
        rule.map_or(self.cause.code.name(), |rule| &rule.id)
    }

    /// What is wrong, in lower case and without a value, and how an 824 says it, TED01.
    pub(crate) fn message(self, guide: &Guide) -> (&str, &'static str) {
        let rule = guide.rules.get(usize::from(self.cause.rule));
        let message = rule.map_or(self.cause.code.message(), |rule| &rule.message);
        (message, self.cause.code.error_condition(rule))
    }

    /// What a 277CA says of the claim, or of its line, for this reason; the guide is that of the verdicts.
    #[must_use]
    pub fn claim_status(self, guide: &Guide) -> ClaimStatus<'_> {
        self.cause.claim_status(Some(guide))
    }
}

impl RecordVerdicts {
    fn new(guide: Arc<Guide>, record: Record) -> Self {
        Self {
            guide,
            record,
            received: RecordCounts::default(),
            rejected: RecordCounts::default(),
            rejections: Vec::new(),
            providers: Vec::new(),
        }
    }

    /// Why the record of this ordinal, from one, is rejected; nothing if it is accepted.
    pub fn reasons(&self, record: u64) -> impl Iterator<Item = &Reason> {
        let begun = self
            .rejections
            .partition_point(|range| range.first <= record);
        // Ranges are loops, so of those that have begun only the ones around the last of them can hold the record.
        let ranges = std::iter::successors(begun.checked_sub(1), |&index| {
            self.rejections.get(index)?.around
        });
        let ranges = ranges.filter_map(|index| self.rejections.get(index));
        let ranges = ranges.filter(move |range| range.last >= record);
        ranges.flat_map(|range| &range.reasons)
    }

    /// The records that are rejected, from the first to the last of each range: in their order, none twice.
    #[must_use]
    pub fn rejected_ranges(&self) -> Vec<[u64; 2]> {
        let mut merged: Vec<[u64; 2]> = Vec::new();
        for range in &self.rejections {
            match merged.last_mut() {
                Some([_, last]) if range.first <= *last + 1 => *last = range.last.max(*last),
                _ => merged.push([range.first, range.last]),
            }
        }
        merged
    }

    /// Whether a 277CA can answer the records: they are claims, and their guide says all that it tells of them.
    #[must_use]
    pub fn has_claim_answer(&self) -> bool {
        let roles = [
            Role::Batch,
            Role::Sender,
            Role::Receiver,
            Role::Provider,
            Role::Patient,
            Role::Claim,
            Role::Charge,
        ];
        let says = |role: &Role| self.guide.roles.iter().any(|(known, _)| known == role);
        roles.iter().all(says)
    }

    /// Whether there are claims that a 277CA answers.
    pub(crate) fn has_answered_claims(&self) -> bool {
        self.received.records > 0 && self.has_claim_answer()
    }

    /// Whether the record of this ordinal, from one, is accepted.
    #[must_use]
    pub fn accepts(&self, record: u64) -> bool {
        self.reasons(record).next().is_none()
    }
}

/// Keeps the verdicts while a transaction set is read.
pub(crate) struct Tracker {
    verdicts: RecordVerdicts,
    /// The open levels, the transaction set first.
    levels: Vec<Level>,
    open: Option<Open>,
}

/// What stands around records and is open.
#[derive(Default)]
struct Level {
    is_provider: bool,
    /// Records and providers before it.
    records: u64,
    providers: usize,
    /// Received and rejected.
    counts: [RecordCounts; 2],
    reasons: Vec<Reason>,
}

/// The open record.
#[derive(Default)]
struct Open {
    charge: Option<Decimal>,
    /// The last line, and whether it is open.
    line: u64,
    in_line: bool,
    reasons: Vec<Reason>,
}

impl Tracker {
    /// For a transaction set that can be divided between its records.
    pub(crate) fn new(chart: &Chart) -> Option<Self> {
        chart.roles.reference.as_ref()?;
        Some(Self {
            verdicts: RecordVerdicts::new(Arc::clone(&chart.guide), chart.roles.record?),
            levels: vec![Level::default()],
            open: None,
        })
    }

    /// How many ranges of records are rejected by now.
    pub(crate) fn ranges(&self) -> usize {
        self.verdicts.rejections.len()
    }

    /// Whether a record is rejected, as far as is known.
    pub(crate) fn has_rejected(&self) -> bool {
        let is_faulty = |level: &Level| !level.reasons.is_empty();
        !self.verdicts.rejections.is_empty() || self.levels.iter().any(is_faulty)
    }

    /// Takes what opens, closes and says something of records.
    pub(crate) fn item(&mut self, item: &Item) {
        match *item {
            Item::OpenLoop(Standing::Record, _) => self.open_record(),
            Item::OpenLoop(Standing::Level, is_provider) => self.open_level(is_provider),
            Item::OpenLoop(Standing::Line, _) => self.open_line(),
            Item::CloseLoop(Standing::Record) => self.close_record(),
            Item::CloseLoop(Standing::Level) => self.close_level(),
            Item::CloseLoop(Standing::Line) => self.close_line(),
            Item::Charge(charge) => self.charge(charge),
            _ => {}
        }
    }

    /// Whether a fault that stands here rejects records, not the transaction set: it belongs to some, and their verdicts are told.
    pub(crate) fn rejects(&self, rejects: Rejects) -> bool {
        let is_told = match rejects {
            Rejects::Sets => false,
            Rejects::Claims => self.verdicts.has_claim_answer(),
            Rejects::Records => true,
        };
        is_told && (self.open.is_some() || self.levels.len() > 1)
    }

    fn open_level(&mut self, is_provider: bool) {
        self.levels.push(Level {
            is_provider,
            records: self.verdicts.received.records,
            providers: self.verdicts.providers.len(),
            ..Level::default()
        });
    }

    fn open_record(&mut self) {
        self.verdicts.received.records += 1;
        self.open = Some(Open::default());
    }

    fn open_line(&mut self) {
        if let Some(open) = &mut self.open {
            open.line += 1;
            open.in_line = true;
        }
    }

    fn close_line(&mut self) {
        if let Some(open) = &mut self.open {
            open.in_line = false;
        }
    }

    /// The total of the open record.
    fn charge(&mut self, charge: Decimal) {
        if let Some(open) = &mut self.open {
            open.charge.get_or_insert(charge);
        }
    }

    /// Something is wrong here.
    pub(crate) fn fault(&mut self, finding: &Finding) {
        let mut reason = Reason {
            cause: Cause::of(finding),
            line: 0,
        };
        let reasons = match (&mut self.open, self.levels.last_mut()) {
            (Some(open), _) => {
                if open.in_line {
                    reason.line = open.line;
                }
                &mut open.reasons
            }
            (None, Some(level)) => &mut level.reasons,
            (None, None) => return,
        };
        if reasons.len() < REASONS && !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }

    fn close_record(&mut self) {
        let Some(Open {
            charge, reasons, ..
        }) = self.open.take()
        else {
            return;
        };
        let last = self.verdicts.received.records;
        let is_rejected = self.reject(last, last, reasons);
        if let Some(level) = self.levels.last_mut() {
            level.counts[0].add(charge);
            if is_rejected {
                level.counts[1].add(charge);
            }
        }
    }

    fn close_level(&mut self) {
        let Some(mut level) = self.levels.pop() else {
            return;
        };
        let last = self.verdicts.received.records;
        if last > level.records && self.reject(level.records + 1, last, level.reasons) {
            level.counts[1] = level.counts[0];
            for [received, rejected] in &mut self.verdicts.providers[level.providers..] {
                *rejected = *received;
            }
        }
        if level.is_provider && level.counts[0].records > 0 {
            self.verdicts.providers.push(level.counts);
        }
        if let Some(around) = self.levels.last_mut() {
            for (sum, own) in around.counts.iter_mut().zip(level.counts) {
                sum.join(own);
            }
        } else {
            [self.verdicts.received, self.verdicts.rejected] = level.counts;
        }
    }

    fn reject(&mut self, first: u64, last: u64, reasons: Vec<Reason>) -> bool {
        if reasons.is_empty() {
            return false;
        }
        match self.verdicts.rejections.last_mut() {
            Some(before) if before.last + 1 == first && before.reasons == reasons => {
                before.last = last;
            }
            _ => self.verdicts.rejections.push(RecordRejection {
                first,
                last,
                reasons,
                around: None,
            }),
        }
        true
    }

    /// The verdicts, when the transaction set ends.
    pub(crate) fn finish(mut self) -> RecordVerdicts {
        self.close_record();
        while !self.levels.is_empty() {
            self.close_level();
        }
        let ranges = &mut self.verdicts.rejections;
        ranges.sort_by_key(|range| (range.first, Reverse(range.last)));
        nest(ranges);
        self.verdicts
    }
}

/// Says of each range which one is around it.
fn nest(ranges: &mut [RecordRejection]) {
    let mut open: Vec<usize> = Vec::new();
    for index in 0..ranges.len() {
        let first = ranges[index].first;
        open.retain(|&around| ranges[around].last >= first);
        ranges[index].around = open.last().copied();
        open.push(index);
    }
}
