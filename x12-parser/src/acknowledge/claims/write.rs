//! Writes 277CAs while the document is read again: envelopes, levels, and what follows from one to the next.

use std::io::{self, Write};

use crate::acknowledge::ControlNumbers;
use crate::acknowledge::claims::known::{Claim, Levels};
use crate::acknowledge::claims::look::Item;
use crate::acknowledge::claims::paper::Paper;
use crate::acknowledge::claims::{
    AcceptedRecords, ClaimAcknowledgmentOptions, ClaimAcknowledgments, is_answered,
};
use crate::acknowledge::compose::Compose;
use crate::acknowledge::header::{Header, element};
use crate::acknowledge::records::RecordVerdicts;
use crate::error::Error;
use crate::role_index::Standing;

/// The guide of the 277CA.
pub(crate) const GUIDE: &str = "005010X214";

/// Bytes that are composed before they are written.
const BUFFER: usize = 64 << 10;

/// Writes.
pub(crate) struct Writer<'a, W, N> {
    answers: W,
    verdicts: &'a AcceptedRecords,
    how: &'a mut ClaimAcknowledgmentOptions<N>,
    /// Ordinals of the received interchange, group and transaction set.
    at: [u32; 3],
    interchange: Option<Interchange>,
    set: Option<Set<'a>>,
    told: ClaimAcknowledgments,
}

/// The received interchange, and what answers it.
struct Interchange {
    header: Header,
    compose: Compose,
    /// ISA13 of the answer, once something is written.
    isa13: Option<String>,
    groups: u64,
    gs: Vec<Vec<u8>>,
    /// GS06 of the answer to the open group, once something is written.
    gs06: Option<String>,
    sets: u64,
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
        Self {
            answers,
            verdicts,
            how,
            at: [0; 3],
            interchange: None,
            set: None,
            told: ClaimAcknowledgments::default(),
        }
    }

    /// Takes what was found next.
    pub(crate) fn item(&mut self, item: Item) -> Result<(), Error> {
        match item {
            Item::Interchange { isa, delimiters } => {
                self.at = [self.at[0] + 1, 0, 0];
                self.interchange = Some(Interchange::new(Header::new(isa, delimiters)));
            }
            Item::OpenGroup => self.open_group(),
            Item::Group { gs } => {
                if let Some(interchange) = &mut self.interchange {
                    interchange.gs = gs;
                }
            }
            Item::OpenSet => self.open_set(),
            Item::CloseSet => self.close_set()?,
            Item::CloseGroup => self.close_group(),
            Item::CloseInterchange => self.close_interchange()?,
            Item::CloseLoop(Standing::Record) => self.close_claim()?,
            item => {
                if let Some(set) = &mut self.set {
                    set.item(item);
                }
            }
        }
        Ok(())
    }

    fn open_group(&mut self) {
        self.at = [self.at[0], self.at[1] + 1, 0];
        if let Some(interchange) = &mut self.interchange {
            interchange.gs.clear();
            (interchange.gs06, interchange.sets) = (None, 0);
        }
    }

    fn open_set(&mut self) {
        self.at[2] += 1;
        let verdicts = self.verdicts.of(self.at);
        let answered =
            verdicts.filter(|records| records.received.records > 0 && is_answered(&records.guide));
        self.set = answered.map(Set::new);
    }

    fn close_claim(&mut self) -> Result<(), Error> {
        let (Some(set), Some(interchange)) = (&mut self.set, &mut self.interchange) else {
            return Ok(());
        };
        let Some(claim) = set.claim.take() else {
            return Ok(());
        };
        if set.claims == 1 {
            let [_, group, ordinal] = self.at;
            let isa13 = interchange.begin(self.at, self.how, &mut self.told)?;
            let st02 = format!("{:04}", interchange.sets);
            let reference = format!("{isa13}-{group}-{ordinal}");
            let counts = [&set.verdicts.received, &set.verdicts.rejected];
            let mut paper = set.paper(&mut interchange.compose, self.how);
            paper.header(&st02, &reference, counts);
        }
        set.tell(&claim, &mut interchange.compose, self.how)?;
        if interchange.compose.bytes.len() > BUFFER {
            self.answers.write_all(&interchange.compose.bytes)?;
            interchange.compose.bytes.clear();
        }
        Ok(())
    }

    fn close_set(&mut self) -> Result<(), Error> {
        let (Some(set), Some(interchange)) = (self.set.take(), &mut self.interchange) else {
            return Ok(());
        };
        let RecordVerdicts {
            received, rejected, ..
        } = set.verdicts;
        if set.claims != received.records || set.providers != set.verdicts.providers.len() {
            return Err(other_document());
        }
        self.told.sets += 1;
        self.told.received.join(*received);
        self.told.rejected.join(*rejected);
        let segments = (interchange.compose.segments + 1).to_string();
        let st02 = format!("{:04}", interchange.sets);
        let elements = [segments.as_bytes(), st02.as_bytes()];
        interchange.compose.segment("SE", &elements);
        Ok(())
    }

    fn close_group(&mut self) {
        if let Some(interchange) = &mut self.interchange
            && let Some(gs06) = interchange.gs06.take()
        {
            let sets = interchange.sets.to_string();
            let elements = [sets.as_bytes(), gs06.as_bytes()];
            interchange.compose.segment("GE", &elements);
        }
    }

    fn close_interchange(&mut self) -> Result<(), Error> {
        if let Some(mut interchange) = self.interchange.take()
            && let Some(isa13) = interchange.isa13
        {
            let groups = interchange.groups.to_string();
            let elements = [groups.as_bytes(), isa13.as_bytes()];
            interchange.compose.segment("IEA", &elements);
            self.answers.write_all(&interchange.compose.bytes)?;
        }
        Ok(())
    }

    /// What was written, when the document has ended.
    pub(crate) fn finish(mut self) -> Result<ClaimAcknowledgments, Error> {
        self.answers.flush()?;
        Ok(self.told)
    }
}

impl Interchange {
    fn new(header: Header) -> Self {
        Self {
            compose: header.compose(),
            header,
            isa13: None,
            groups: 0,
            gs: Vec::new(),
            gs06: None,
            sets: 0,
        }
    }

    /// Begins a transaction set, and the envelopes around it that have not begun; gives ISA13.
    fn begin<N: ControlNumbers>(
        &mut self,
        at: [u32; 3],
        how: &mut ClaimAcknowledgmentOptions<N>,
        told: &mut ClaimAcknowledgments,
    ) -> Result<String, Error> {
        let isa13 = match self.isa13.take() {
            Some(isa13) => isa13,
            None => {
                let isa13 = format!("{:09}", how.numbers.interchange(at[0])?);
                let isa = self.header.answer(&how.date, &how.time, &isa13);
                let isa = isa.each_ref().map(Vec::as_slice);
                self.compose.segment("ISA", &isa);
                told.interchanges += 1;
                isa13
            }
        };
        self.isa13 = Some(isa13.clone());
        if self.gs06.is_none() {
            told.groups += 1;
            let ordinal = u32::try_from(told.groups).unwrap_or(u32::MAX);
            let gs06 = how.numbers.group(ordinal)?.to_string();
            let [sender, receiver] = [3, 2].map(|number| element(&self.gs, number));
            let [date, time, number] = [&how.date, &how.time, &gs06].map(|text| text.as_bytes());
            let guide = GUIDE.as_bytes();
            let elements = [b"HN", sender, receiver, date, time, number, b"X", guide];
            self.compose.segment("GS", &elements);
            self.groups += 1;
            self.gs06 = Some(gs06);
        }
        self.sets += 1;
        Ok(isa13)
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

fn other_document() -> Error {
    let why = "the verdicts are those of another document";
    io::Error::new(io::ErrorKind::InvalidInput, why).into()
}
