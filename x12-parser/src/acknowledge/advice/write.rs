//! Writes 824s while the document is read again: which sets, which items, and what is kept until they end.

use std::io::Write;
use std::sync::Arc;

use x12_schemas::table::{Record, Role};

use crate::acknowledge::ControlNumbers;
use crate::acknowledge::accepted::{AcceptedRecords, SetOutcome, other_document};
use crate::acknowledge::advice::paper::{Errors, Paper, Received};
use crate::acknowledge::advice::{AdviceOptions, AdvisedSets, ApplicationAdvice};
use crate::acknowledge::collect::{Item, Quote};
use crate::acknowledge::envelopes::{Begun, Envelopes, Kind};
use crate::acknowledge::known::{Known, Levels};
use crate::acknowledge::records::RecordVerdicts;
use crate::chart::Chart;
use crate::error::Error;
use crate::finding::Finding;
use crate::role_index::Standing;

/// What an 824 is.
const ADVICE: Kind = Kind {
    group: "AG",
    set: "824",
    guide: "005010X186A1",
};

/// Writes.
pub(crate) struct Writer<'a, W, N> {
    envelopes: Envelopes<W>,
    verdicts: &'a AcceptedRecords,
    how: &'a mut AdviceOptions<N>,
    /// Errors that are kept of one transaction set.
    most: usize,
    /// Whether the open group holds advice itself.
    holds_advice: bool,
    set: Option<Set<'a>>,
    told: ApplicationAdvice,
}

/// The transaction set that is being advised on.
struct Set<'a> {
    is_rejected: bool,
    verdicts: Option<&'a RecordVerdicts>,
    /// What a record is, if it can be divided between them.
    record: Option<Record>,
    received: Received,
    levels: Levels,
    has_begun: bool,
    open: Option<Open>,
    /// Records so far, and those that are told as rejected.
    records: u64,
    rejected: u64,
    /// What is wrong outside records.
    errors: Errors,
    /// Errors that are kept, and all of them.
    kept: usize,
    found: u64,
}

/// The open record.
#[derive(Default)]
struct Open {
    known: Known,
    errors: Errors,
}

impl<'a, W: Write, N: ControlNumbers> Writer<'a, W, N> {
    pub(crate) fn new(
        advice: W,
        verdicts: &'a AcceptedRecords,
        how: &'a mut AdviceOptions<N>,
        most: usize,
    ) -> Self {
        Self {
            envelopes: Envelopes::new(advice, ADVICE, [&how.date, &how.time], &how.address),
            verdicts,
            how,
            most,
            holds_advice: false,
            set: None,
            told: ApplicationAdvice::default(),
        }
    }

    /// Takes what was found next.
    pub(crate) fn item(&mut self, item: Item) -> Result<(), Error> {
        self.envelopes.follow(&item)?;
        match item {
            Item::OpenGroup => self.holds_advice = false,
            Item::Group { gs } => {
                self.holds_advice = gs
                    .first()
                    .is_some_and(|gs01| gs01 == ADVICE.group.as_bytes());
            }
            Item::OpenSet { chart } => self.open_set(chart.as_ref())?,
            Item::Set { st } => {
                if let (Some(set), Some((header, gs))) = (&mut self.set, self.envelopes.received())
                {
                    set.received = Received::new(header, gs, &st);
                }
            }
            Item::CloseLoop(Standing::Record) => self.close_record()?,
            Item::CloseSet => self.close_set()?,
            item => {
                if let Some(set) = &mut self.set {
                    set.item(item, self.most);
                }
            }
        }
        Ok(())
    }

    fn open_set(&mut self, chart: Option<&Arc<Chart>>) -> Result<(), Error> {
        let at = self.envelopes.at();
        let outcome = self.verdicts.outcome_of(at).ok_or_else(other_document)?;
        let verdicts = self.verdicts.of(at);
        let is_answered =
            self.how.claims_answered && verdicts.is_some_and(RecordVerdicts::has_answered_claims);
        let is_advised = match (outcome, self.how.sets) {
            _ if self.holds_advice => false,
            (SetOutcome::NotAnswered, _) => false,
            (SetOutcome::Rejected, sets) => sets == AdvisedSets::All,
            (SetOutcome::Accepted { untold }, AdvisedSets::Untold) => {
                let has_rejected = verdicts.is_some_and(|records| !records.rejections.is_empty());
                !is_answered && (untold || has_rejected)
            }
            (SetOutcome::Accepted { .. }, _) => true,
        };
        let divided = chart.filter(|chart| chart.roles.reference.is_some());
        self.set = is_advised.then(|| Set {
            is_rejected: outcome == SetOutcome::Rejected,
            verdicts,
            record: divided.and_then(|chart| chart.roles.record),
            received: Received::default(),
            levels: Levels::new(),
            has_begun: false,
            open: None,
            records: 0,
            rejected: 0,
            errors: Errors::new(),
            kept: 0,
            found: 0,
        });
        Ok(())
    }

    fn close_record(&mut self) -> Result<(), Error> {
        let Some(mut open) = self.set.as_mut().and_then(|set| set.open.take()) else {
            return Ok(());
        };
        let Some(set) = &self.set else { return Ok(()) };
        let reason = set.verdicts.and_then(|records| {
            let reason = records.reasons(set.records).next()?;
            Some(reason.message(&records.guide))
        });
        if reason.is_none() && open.errors.is_empty() {
            return Ok(());
        }
        self.begin()?;
        if let (Some(set), Some(compose)) = (&mut self.set, self.envelopes.compose())
            && let Some(record) = set.record
        {
            set.rejected += 1;
            let mut paper = Paper {
                compose,
                received: &set.received,
                levels: &set.levels,
            };
            paper.record("IR", record, open.known.part(Role::Claim, 1));
            if let (true, Some((message, condition))) = (open.errors.is_empty(), reason) {
                // What is wrong stands around it, or is not told.
                paper.remark(message, Some(condition));
            }
            paper.errors(&mut open.errors, true);
        }
        self.envelopes.spill()
    }

    /// Begins the advice on the open transaction set, if it has not begun.
    fn begin(&mut self) -> Result<(), Error> {
        if let Some(set) = &mut self.set
            && !std::mem::replace(&mut set.has_begun, true)
            && let Some(Begun { compose, reference }) =
                self.envelopes.begin(&mut self.how.numbers)?
        {
            let action = set.action();
            let mut paper = Paper {
                compose,
                received: &set.received,
                levels: &set.levels,
            };
            paper.header([&reference, &self.how.date, &self.how.time], action);
        }
        Ok(())
    }

    fn close_set(&mut self) -> Result<(), Error> {
        self.begin()?;
        let Some(mut set) = self.set.take() else {
            return Ok(());
        };
        let records = set
            .verdicts
            .map(|records| [records.received, records.rejected]);
        let counted = [set.records, set.rejected];
        if records.is_some_and(|counts| counts.map(|it| it.records) != counted) {
            return Err(other_document());
        }
        let Some(compose) = self.envelopes.compose() else {
            return Ok(());
        };
        let omitted = set.found - set.kept as u64;
        let mut paper = Paper {
            compose,
            received: &set.received,
            levels: &set.levels,
        };
        let code = match (set.rejects_all(), set.found > 0) {
            (true, _) => "TR",
            (false, true) => "TE",
            (false, false) => "TA",
        };
        paper.set(code);
        let has_own = !set.errors.is_empty();
        paper.errors(&mut set.errors, false);
        if omitted > 0 {
            paper.remark(
                &format!("{omitted} more errors were counted, not told"),
                None,
            );
        } else if code == "TR" && !has_own {
            let message = match set.found {
                0 => "the group that it is in is rejected",
                _ => "what is wrong with it is told of its records",
            };
            paper.remark(message, None);
        }
        self.envelopes.end();
        self.told.rejected_sets += u64::from(code == "TR");
        self.told.rejected_records += set.rejected;
        self.told.errors += set.found;
        self.told.omitted += omitted;
        self.envelopes.spill()
    }

    /// What was written, when the document has ended.
    pub(crate) fn finish(self) -> Result<ApplicationAdvice, Error> {
        let [interchanges, groups, sets] = self.envelopes.finish()?;
        Ok(ApplicationAdvice {
            interchanges,
            groups,
            sets,
            ..self.told
        })
    }
}

impl Set<'_> {
    fn item(&mut self, item: Item, most: usize) {
        match item {
            Item::OpenLoop(Standing::Record, _) if self.record.is_some() => {
                self.records += 1;
                self.open = Some(Open::default());
            }
            Item::OpenLoop(Standing::Level, _) => self.levels.open(),
            Item::CloseLoop(Standing::Level) => self.levels.close(),
            Item::Said(role, parts) => match (&mut self.open, self.levels.innermost()) {
                (Some(open), _) => open.known.say(role, parts),
                (None, Some(level)) => level.say(role, parts),
                (None, None) => {}
            },
            Item::Finding { finding, quote } => self.finding(finding, quote, most),
            _ => {}
        }
    }

    fn finding(&mut self, finding: Finding, quote: Quote, most: usize) {
        let codes = finding.acknowledgment();
        if !codes.ta105.is_empty() || !codes.ak905.is_empty() {
            // It is told of what stands around the set.
            return;
        }
        self.found += 1;
        if self.kept == most {
            return;
        }
        self.kept += 1;
        let errors = match &mut self.open {
            Some(open) => &mut open.errors,
            None => &mut self.errors,
        };
        errors.push((finding, quote));
    }

    /// Whether it is rejected, or all of its records are.
    fn rejects_all(&self) -> bool {
        let all = self.verdicts.is_some_and(|records| {
            let (received, rejected) = (records.received.records, records.rejected.records);
            received > 0 && rejected == received
        });
        self.is_rejected || all
    }

    /// BGN08: `WQ` accepts, `U` rejects; of what is accepted in part, `RU` returns the rest.
    fn action(&self) -> &'static str {
        let rejected = self.verdicts.map_or(0, |records| records.rejected.records);
        match (self.rejects_all(), rejected) {
            (true, _) => "U",
            (false, 0) => "WQ",
            (false, _) => "RU",
        }
    }
}
