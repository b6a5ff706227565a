//! Writes 277CAs while the document is read again: envelopes, levels, and what follows from one to the next.

use std::io::Write;

use crate::account::CLAIM_ACKNOWLEDGMENT_GUIDE;
use crate::acknowledge::ControlNumbers;
use crate::acknowledge::accepted::{AcceptedRecords, other_document};
use crate::acknowledge::claims::claim::Claim;
use crate::acknowledge::claims::paper::Paper;
use crate::acknowledge::claims::{ClaimAcknowledgmentOptions, ClaimAcknowledgments};
use crate::acknowledge::collect::Item;
use crate::acknowledge::compose::Compose;
use crate::acknowledge::envelopes::{Begun, Envelopes, Kind};
use crate::acknowledge::known::Levels;
use crate::acknowledge::records::RecordVerdicts;
use crate::error::Error;
use crate::role_index::Standing;

/// What a 277CA is.
const CLAIMS: Kind = Kind {
    group: "HN",
    set: "277",
    guide: CLAIM_ACKNOWLEDGMENT_GUIDE,
};

/// Writes.
pub(crate) struct Writer<'a, W, N> {
    envelopes: Envelopes<W>,
    verdicts: &'a AcceptedRecords,
    how: &'a mut ClaimAcknowledgmentOptions<N>,
    set: Option<Set<'a>>,
    told: ClaimAcknowledgments,
}

/// The transaction set that is being answered.
struct Set<'a> {
    verdicts: &'a RecordVerdicts,
    levels: Levels,
    claim: Option<Claim>,
    /// Claims so far, and providers of claims.
    claims: u64,
    providers: usize,
    /// Levels written so far; then that of the provider of the open level, and that of its patient.
    hl: u64,
    provider: Option<u64>,
    patient: Option<u64>,
}

impl<'a, W: Write, N: ControlNumbers> Writer<'a, W, N> {
    pub(crate) fn new(
        answers: W,
        verdicts: &'a AcceptedRecords,
        how: &'a mut ClaimAcknowledgmentOptions<N>,
    ) -> Self {
        let envelopes = Envelopes::new(answers, CLAIMS, [&how.date, &how.time], &how.address);
        Self {
            envelopes,
            verdicts,
            how,
            set: None,
            told: ClaimAcknowledgments::default(),
        }
    }

    /// Takes what was found next.
    pub(crate) fn item(&mut self, item: Item) -> Result<(), Error> {
        self.envelopes.follow(&item)?;
        match item {
            Item::OpenSet { .. } => self.open_set(),
            Item::CloseSet => self.close_set()?,
            Item::CloseLoop(Standing::Record) => self.close_claim()?,
            item => {
                if let Some(set) = &mut self.set {
                    set.item(item);
                }
            }
        }
        Ok(())
    }

    fn open_set(&mut self) {
        let verdicts = self.verdicts.of(self.envelopes.at());
        let answered = verdicts.filter(|records| records.has_answered_claims());
        self.set = answered.map(Set::new);
    }

    fn close_claim(&mut self) -> Result<(), Error> {
        let Some(set) = &mut self.set else {
            return Ok(());
        };
        let Some(claim) = set.claim.take() else {
            return Ok(());
        };
        if set.claims == 1
            && let Some(Begun { compose, reference }) =
                self.envelopes.begin(&mut self.how.numbers)?
        {
            let counts = [&set.verdicts.received, &set.verdicts.rejected];
            set.paper(compose, self.how).header(&reference, counts);
        }
        if let Some(compose) = self.envelopes.compose() {
            set.tell(&claim, compose, self.how)?;
        }
        self.envelopes.spill()
    }

    fn close_set(&mut self) -> Result<(), Error> {
        let Some(set) = self.set.take() else {
            return Ok(());
        };
        let RecordVerdicts {
            received, rejected, ..
        } = set.verdicts;
        if set.claims != received.records || set.providers != set.verdicts.providers.len() {
            return Err(other_document());
        }
        self.told.received.join(*received);
        self.told.rejected.join(*rejected);
        self.envelopes.end();
        Ok(())
    }

    /// What was written, when the document has ended.
    pub(crate) fn finish(self) -> Result<ClaimAcknowledgments, Error> {
        let [interchanges, groups, sets] = self.envelopes.finish()?;
        Ok(ClaimAcknowledgments {
            interchanges,
            groups,
            sets,
            ..self.told
        })
    }
}

impl<'a> Set<'a> {
    fn new(verdicts: &'a RecordVerdicts) -> Self {
        Self {
            verdicts,
            levels: Levels::new(),
            claim: None,
            claims: 0,
            providers: 0,
            hl: 2,
            provider: None,
            patient: None,
        }
    }

    fn item(&mut self, item: Item) {
        match item {
            Item::OpenLoop(Standing::Record, _) => {
                self.claims += 1;
                self.claim = Some(Claim::default());
            }
            Item::OpenLoop(Standing::Level, is_provider) => {
                self.levels.open();
                self.patient = None;
                if is_provider {
                    self.provider = None;
                }
            }
            Item::CloseLoop(Standing::Level) => {
                self.levels.close();
                self.patient = None;
            }
            Item::OpenLoop(Standing::Line, _) => {
                let (verdicts, claims) = (self.verdicts, self.claims);
                if let Some(claim) = &mut self.claim {
                    let mut reasons = verdicts.reasons(claims);
                    claim.open_line(|line| reasons.any(|reason| reason.line == line));
                }
            }
            Item::CloseLoop(Standing::Line) => {
                if let Some(claim) = &mut self.claim {
                    claim.close_line();
                }
            }
            Item::Said(role, parts) => match (&mut self.claim, self.levels.innermost()) {
                (Some(claim), _) => claim.say(role, parts),
                (None, Some(level)) => level.say(role, parts),
                (None, None) => {}
            },
            _ => {}
        }
    }

    fn paper<'p, N>(
        &'p self,
        compose: &'p mut Compose,
        how: &'p ClaimAcknowledgmentOptions<N>,
    ) -> Paper<'p, N> {
        Paper {
            compose,
            how,
            levels: &self.levels,
        }
    }

    /// Tells of a claim, and of its provider and patient if they have not been told.
    fn tell<N>(
        &mut self,
        claim: &Claim,
        compose: &mut Compose,
        how: &ClaimAcknowledgmentOptions<N>,
    ) -> Result<(), Error> {
        let guide = &self.verdicts.guide;
        let reasons = self.verdicts.reasons(self.claims);
        let statuses: Vec<_> = reasons
            .map(|reason| (reason.line, reason.claim_status(guide)))
            .collect();
        let is_listed = how.list_accepted || !statuses.is_empty();
        let provider = match self.provider {
            Some(provider) => provider,
            None => {
                let counts = self.verdicts.providers.get(self.providers);
                let [received, rejected] = counts.ok_or_else(other_document)?;
                self.providers += 1;
                self.hl += 1;
                let is_above = how.list_accepted || rejected.records > 0;
                let mut paper = self.paper(compose, how);
                paper.provider(self.hl, is_above, [received, rejected]);
                self.provider = Some(self.hl);
                self.hl
            }
        };
        if is_listed {
            if self.patient.is_none() {
                self.hl += 1;
                self.patient = Some(self.hl);
                self.paper(compose, how).patient(self.hl, provider);
            }
            self.paper(compose, how).claim(claim, &statuses);
        }
        Ok(())
    }
}
