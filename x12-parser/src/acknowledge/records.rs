//! The verdicts on the records of a transaction set: which claims or members are rejected, and why.
//!
//! What is wrong in a record is its own fault. What is wrong around records is that of all records there, also of those that stood
//! before it, so ranges of records are kept, not records.

use std::sync::Arc;

use x12_schemas::table::{Guide, Record};

use crate::acknowledge::collect::Item;
use crate::decimal::Decimal;
use crate::finding::{Code, Finding};
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
}

/// Why a record is rejected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Reason {
    /// What is wrong.
    pub code: Code,
    /// Which rule of the guide, for [`Code::Rule`].
    pub(crate) rule: u16,
    /// Which service line of the record, from one; 0 if it concerns no line.
    pub line: u64,
}

impl Reason {
    /// The stable name of what is wrong: that of the code, or of the guide's rule.
    #[must_use]
    pub fn name(self, guide: &Guide) -> &str {
        let rule = guide.rules.get(usize::from(self.rule));
        rule.map_or(self.code.name(), |rule| &rule.id)
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
        let ended = self
            .rejections
            .partition_point(|range| range.first <= record);
        let begun = self.rejections.get(..ended).unwrap_or_default();
        let ranges = begun.iter().filter(move |range| range.last >= record);
        ranges.flat_map(|range| &range.reasons)
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
    pub(crate) fn new(guide: Arc<Guide>, record: Record) -> Self {
        Self {
            verdicts: RecordVerdicts::new(guide, record),
            levels: vec![Level::default()],
            open: None,
        }
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

    /// Whether what stands here belongs to records: not to the transaction set itself.
    pub(crate) fn is_inside(&self) -> bool {
        self.open.is_some() || self.levels.len() > 1
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
            code: finding.code,
            rule: finding.rule,
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
        self.verdicts.rejections.push(RecordRejection {
            first,
            last,
            reasons,
        });
        true
    }

    /// The verdicts, when the transaction set ends.
    pub(crate) fn finish(mut self) -> RecordVerdicts {
        self.close_record();
        while !self.levels.is_empty() {
            self.close_level();
        }
        self.verdicts.rejections.sort_by_key(|range| range.first);
        self.verdicts
    }
}
