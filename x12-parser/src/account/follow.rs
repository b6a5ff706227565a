//! Follows a claim acknowledgment (277CA) through its levels, one open at each: memory does not grow with the claims.

use std::sync::Arc;

use crate::account::Misfit;
use crate::account::claims::{
    BatchReference, ClaimAction, ClaimReference, ClaimSaid, Level, LevelSaid, LineSaid, Stated,
    Status, Totals,
};
use crate::account::read::{code, count};
use crate::account::said::Said;
use crate::decimal::Decimal;
use crate::error::Error;
use crate::finding::Code;
use crate::segment::{Element, Segment};
use crate::withheld::Withheld;

/// Statuses that are kept of one thing: ten STC segments of three.
const STATUSES: usize = 30;

/// Longest code of claim status, external code source 508, with room for more digits.
const STATUS_BYTES: usize = 4;

/// Takes what is said.
pub(super) type Say<'s> = &'s mut dyn FnMut(Said<'_>) -> Result<(), Error>;

/// Where in the acknowledgment.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
enum At {
    #[default]
    Before,
    Batch,
    Provider,
    Patient,
}

/// What is open.
#[derive(Default)]
pub(super) struct Claims {
    at: At,
    acknowledgment: Option<Withheld>,
    reference: Arc<BatchReference>,
    batch: Option<Open>,
    provider: Option<Open>,
    claim: Option<OpenClaim>,
}

/// A level with totals.
#[derive(Default)]
struct Open {
    trace: Option<Withheld>,
    stated: Stated,
    totals: Totals,
    below: Option<Totals>,
}

struct OpenClaim {
    reference: Arc<ClaimReference>,
    stated: Stated,
    lines: u64,
    line: Option<OpenLine>,
}

#[derive(Default)]
struct OpenLine {
    number: Option<Withheld>,
    stated: Stated,
}

impl Claims {
    /// A segment of the acknowledgment; says what has ended with it.
    pub(super) fn segment(
        &mut self,
        id: &[u8],
        segment: &Segment<'_>,
        say: Say<'_>,
    ) -> Result<Result<(), Misfit>, Error> {
        let fit = match id {
            b"HL" => return self.level(segment, say),
            b"TRN" => return self.trace(segment, say),
            b"SVC" => return self.open_line(say),
            b"BHT" => {
                self.acknowledgment = withheld(segment, 3);
                Ok(())
            }
            b"STC" => self.status(segment),
            b"QTY" => self.quantity(segment),
            b"AMT" => self.amount(segment),
            b"REF" => self.number(segment),
            b"ST" | b"SE" | b"NM1" | b"DTP" => Ok(()),
            _ => Err((Code::SegmentNotInSet, 0)),
        };
        Ok(fit)
    }

    /// Says what is open still.
    pub(super) fn finish(&mut self, say: Say<'_>) -> Result<(), Error> {
        self.close_batch(say)
    }

    fn level(&mut self, segment: &Segment<'_>, say: Say<'_>) -> Result<Result<(), Misfit>, Error> {
        match segment.element(3).bytes() {
            b"20" => {
                self.close_batch(say)?;
                self.at = At::Before;
            }
            b"21" => {
                self.close_batch(say)?;
                self.at = At::Batch;
                self.batch = Some(Open::default());
                self.refer(None);
            }
            b"19" => {
                self.close_provider(say)?;
                self.at = At::Provider;
                self.provider = Some(Open::default());
            }
            // Those of the claims themselves stand in some acknowledgments in place of that of a patient.
            b"PT" | b"22" | b"23" => {
                self.close_claim(say)?;
                self.at = At::Patient;
            }
            _ => return Ok(Err((Code::ElementCode, 3))),
        }
        Ok(Ok(()))
    }

    fn refer(&mut self, batch: Option<Withheld>) {
        self.reference = Arc::new(BatchReference {
            acknowledgment: self.acknowledgment.clone(),
            batch,
        });
    }

    fn trace(&mut self, segment: &Segment<'_>, say: Say<'_>) -> Result<Result<(), Misfit>, Error> {
        let number = withheld(segment, 2);
        match self.at {
            At::Before => {}
            At::Batch => self.refer(number),
            At::Provider => {
                if let Some(provider) = &mut self.provider {
                    provider.trace = number;
                }
            }
            At::Patient => {
                self.close_claim(say)?;
                self.claim = Some(OpenClaim {
                    reference: Arc::new(ClaimReference {
                        batch: Arc::clone(&self.reference),
                        number,
                        payer_number: None,
                        clearinghouse_number: None,
                    }),
                    stated: Stated::default(),
                    lines: 0,
                    line: None,
                });
            }
        }
        Ok(Ok(()))
    }

    fn open_line(&mut self, say: Say<'_>) -> Result<Result<(), Misfit>, Error> {
        let Some(claim) = &mut self.claim else {
            return Ok(Err((Code::SegmentUnexpected, 0)));
        };
        claim.close_line(say)?;
        claim.lines += 1;
        claim.line = Some(OpenLine::default());
        Ok(Ok(()))
    }

    /// The level with totals that is open.
    fn open(&mut self) -> Result<&mut Open, Misfit> {
        let open = match self.at {
            At::Batch => self.batch.as_mut(),
            At::Provider => self.provider.as_mut(),
            At::Before | At::Patient => None,
        };
        open.ok_or((Code::SegmentUnexpected, 0))
    }

    fn status(&mut self, segment: &Segment<'_>) -> Result<(), Misfit> {
        let stated = match &mut self.claim {
            Some(OpenClaim {
                line: Some(line), ..
            }) => &mut line.stated,
            Some(claim) => &mut claim.stated,
            None => &mut self.open()?.stated,
        };
        stated.take(segment)
    }

    fn quantity(&mut self, segment: &Segment<'_>) -> Result<(), Misfit> {
        let totals = &mut self.open()?.totals;
        let total = match segment.element(1).bytes() {
            b"90" | b"QA" => &mut totals.accepted,
            b"AA" | b"QC" => &mut totals.rejected,
            _ => return Err((Code::ElementCode, 1)),
        };
        *total = Some(count(segment, 2).ok_or((Code::ElementCharacter, 2))?);
        Ok(())
    }

    fn amount(&mut self, segment: &Segment<'_>) -> Result<(), Misfit> {
        let totals = &mut self.open()?.totals;
        let total = match segment.element(1).bytes() {
            b"YU" => &mut totals.accepted_amount,
            b"YY" => &mut totals.rejected_amount,
            _ => return Err((Code::ElementCode, 1)),
        };
        *total = Some(decimal(segment, 2).ok_or((Code::ElementCharacter, 2))?);
        Ok(())
    }

    /// REF: those of a provider say who it is, and are passed over.
    fn number(&mut self, segment: &Segment<'_>) -> Result<(), Misfit> {
        let Some(claim) = &mut self.claim else {
            return self.open().map(|_| ());
        };
        let number = withheld(segment, 2);
        match (segment.element(1).bytes(), &mut claim.line) {
            (b"FJ", Some(line)) => line.number = number,
            (b"1K", None) => Arc::make_mut(&mut claim.reference).payer_number = number,
            (b"D9", None) => Arc::make_mut(&mut claim.reference).clearinghouse_number = number,
            _ => {}
        }
        Ok(())
    }

    fn close_claim(&mut self, say: Say<'_>) -> Result<(), Error> {
        let Some(mut claim) = self.claim.take() else {
            return Ok(());
        };
        claim.close_line(say)?;
        if let Some(level) = self.provider.as_mut().or(self.batch.as_mut()) {
            let below = level.below.get_or_insert_with(Totals::nothing);
            below.add_claim(&claim.stated);
        }
        say(Said::Claim(ClaimSaid {
            claim: claim.reference,
            stated: claim.stated,
            lines: claim.lines,
        }))
    }

    fn close_provider(&mut self, say: Say<'_>) -> Result<(), Error> {
        self.close_claim(say)?;
        let Some(provider) = self.provider.take() else {
            return Ok(());
        };
        if let Some(batch) = &mut self.batch {
            let known = provider.below.unwrap_or(provider.totals);
            batch.below.get_or_insert_with(Totals::nothing).add(&known);
        }
        self.say_level(Level::Provider, provider, say)
    }

    fn close_batch(&mut self, say: Say<'_>) -> Result<(), Error> {
        self.close_provider(say)?;
        match self.batch.take() {
            Some(batch) => self.say_level(Level::Batch, batch, say),
            None => Ok(()),
        }
    }

    fn say_level(&self, level: Level, open: Open, say: Say<'_>) -> Result<(), Error> {
        say(Said::Level(LevelSaid {
            level,
            batch: Arc::clone(&self.reference),
            trace: open.trace,
            stated: open.stated,
            totals: open.totals,
            below: open.below,
        }))
    }
}

impl OpenClaim {
    fn close_line(&mut self, say: Say<'_>) -> Result<(), Error> {
        let Some(line) = self.line.take() else {
            return Ok(());
        };
        say(Said::Line(LineSaid {
            claim: Arc::clone(&self.reference),
            ordinal: self.lines,
            number: line.number,
            stated: line.stated,
        }))
    }
}

impl Stated {
    /// Takes an STC; its free text, STC12, is not read.
    fn take(&mut self, segment: &Segment<'_>) -> Result<(), Misfit> {
        for number in [1, 10, 11] {
            let element = segment.element(number);
            if !element.is_empty() {
                self.add(status(element), STATUSES);
            }
        }
        if self.amount.is_none() {
            self.amount = decimal(segment, 4);
        }
        let action = match segment.element(3).bytes() {
            b"WQ" => ClaimAction::Accept,
            b"U" => ClaimAction::Reject,
            b"" => return Err((Code::ElementMissing, 3)),
            _ => return Err((Code::ElementCode, 3)),
        };
        self.is_both |= self.action.is_some_and(|before| before != action);
        if self.action != Some(ClaimAction::Reject) {
            self.action = Some(action);
        }
        Ok(())
    }
}

fn status(element: Element<'_>) -> Status {
    let part = |number| code(element.component(number), STATUS_BYTES);
    Status {
        category: part(1),
        code: part(2),
        entity: part(3),
    }
}

fn withheld(segment: &Segment<'_>, number: usize) -> Option<Withheld> {
    Withheld::new(segment.element(number).bytes())
}

fn decimal(segment: &Segment<'_>, number: usize) -> Option<Decimal> {
    Decimal::parse(segment.element(number).bytes())
}
