//! The envelopes of answers that are transaction sets of their own: one interchange for each received one, a group for each group,
//! and they begin with the first transaction set that is answered.

use std::io::Write;

use crate::acknowledge::ControlNumbers;
use crate::acknowledge::collect::Item;
use crate::acknowledge::compose::Compose;
use crate::acknowledge::header::{AnswerAddress, Header, open_group};
use crate::error::Error;

/// Bytes that are composed before they are written.
const BUFFER: usize = 64 << 10;

/// What the answers are.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// GS01.
    pub(crate) group: &'static str,
    /// ST01.
    pub(crate) set: &'static str,
    pub(crate) guide: &'static str,
}

/// Writes answers in their envelopes.
pub(crate) struct Envelopes<W> {
    answers: W,
    kind: Kind,
    /// Date and time of the answers.
    when: [String; 2],
    address: AnswerAddress,
    /// Ordinals of the received interchange, group and transaction set.
    at: [u32; 3],
    interchange: Option<Interchange>,
    /// Interchanges, groups and transaction sets that were written.
    written: [u64; 3],
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

/// What an answer that has begun is written with.
pub(crate) struct Begun<'e> {
    pub(crate) compose: &'e mut Compose,
    /// A reference that no other answer has.
    pub(crate) reference: String,
}

impl<W: Write> Envelopes<W> {
    pub(crate) fn new(
        answers: W,
        kind: Kind,
        [date, time]: [&str; 2],
        address: &AnswerAddress,
    ) -> Self {
        Self {
            answers,
            kind,
            when: [date.to_owned(), time.to_owned()],
            address: address.clone(),
            at: [0; 3],
            interchange: None,
            written: [0; 3],
        }
    }

    /// Ordinals of the received interchange, group and transaction set.
    pub(crate) fn at(&self) -> [u32; 3] {
        self.at
    }

    /// The received headers of interchange and group.
    pub(crate) fn received(&self) -> Option<(&Header, &[Vec<u8>])> {
        let interchange = self.interchange.as_ref()?;
        Some((&interchange.header, &interchange.gs))
    }

    /// Follows the received envelopes, and ends those of the answers with them.
    pub(crate) fn follow(&mut self, item: &Item) -> Result<(), Error> {
        match item {
            Item::Interchange { isa, delimiters } => {
                self.at = [self.at[0] + 1, 0, 0];
                let header = Header::new(isa.clone(), *delimiters);
                self.interchange = Some(Interchange::new(header));
            }
            Item::OpenGroup => {
                self.at = [self.at[0], self.at[1] + 1, 0];
                if let Some(interchange) = &mut self.interchange {
                    interchange.gs.clear();
                    (interchange.gs06, interchange.sets) = (None, 0);
                }
            }
            Item::Group { gs } => {
                if let Some(interchange) = &mut self.interchange {
                    interchange.gs.clone_from(gs);
                }
            }
            Item::OpenSet { .. } => self.at[2] += 1,
            Item::CloseGroup => self.close_group(),
            Item::CloseInterchange => self.close_interchange()?,
            _ => {}
        }
        Ok(())
    }

    /// Begins the answer to the open transaction set, and the envelopes around it that have not begun; none outside any interchange.
    pub(crate) fn begin<N: ControlNumbers>(
        &mut self,
        numbers: &mut N,
    ) -> Result<Option<Begun<'_>>, Error> {
        let Some(interchange) = &mut self.interchange else {
            return Ok(None);
        };
        let [date, time] = self.when.each_ref().map(String::as_str);
        let [ordinal, group, set] = self.at;
        let Interchange {
            header, compose, ..
        } = interchange;
        if interchange.isa13.is_none() {
            let isa13 = format!("{:09}", numbers.interchange(ordinal)?);
            header.open(compose, [date, time, &isa13], &self.address)?;
            interchange.isa13 = Some(isa13);
            self.written[0] += 1;
        }
        let Kind { guide, .. } = self.kind;
        if interchange.gs06.is_none() {
            self.written[1] += 1;
            let ordinal = u32::try_from(self.written[1]).unwrap_or(u32::MAX);
            let gs06 = numbers.group(ordinal)?.to_string();
            let names = [date, time, &gs06, guide];
            let gs = (&*interchange.gs, &self.address);
            open_group(compose, self.kind.group, gs, names)?;
            interchange.gs06 = Some(gs06);
            interchange.groups += 1;
        }
        interchange.sets += 1;
        self.written[2] += 1;
        compose.segments = 0;
        let st02 = st02(interchange.sets);
        let elements = [self.kind.set, &st02, guide].map(str::as_bytes);
        compose.segment("ST", &elements);
        let isa13 = interchange.isa13.as_deref().unwrap_or_default();
        let reference = format!("{isa13}-{group}-{set}");
        Ok(Some(Begun { compose, reference }))
    }

    /// What the open answer is written with.
    pub(crate) fn compose(&mut self) -> Option<&mut Compose> {
        let interchange = self.interchange.as_mut()?;
        Some(&mut interchange.compose)
    }

    /// Writes what was composed, if it is much.
    pub(crate) fn spill(&mut self) -> Result<(), Error> {
        if let Some(interchange) = &mut self.interchange
            && interchange.compose.bytes.len() > BUFFER
        {
            self.answers.write_all(&interchange.compose.bytes)?;
            interchange.compose.bytes.clear();
        }
        Ok(())
    }

    /// Ends the open answer.
    pub(crate) fn end(&mut self) {
        if let Some(Interchange { compose, sets, .. }) = &mut self.interchange {
            let segments = (compose.segments + 1).to_string();
            compose.segment("SE", &[segments.as_bytes(), st02(*sets).as_bytes()]);
        }
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

    /// How many interchanges, groups and transaction sets were written, when the document has ended.
    pub(crate) fn finish(mut self) -> Result<[u64; 3], Error> {
        self.answers.flush()?;
        Ok(self.written)
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
}

/// ST02 of the answer of this ordinal in its group.
fn st02(ordinal: u64) -> String {
    format!("{ordinal:04}")
}
