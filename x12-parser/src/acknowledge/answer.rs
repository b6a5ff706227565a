//! Composes the answers, in the order of what was received.

use std::io::Write;

use crate::acknowledge::bundle::Bundle;
use crate::acknowledge::collect::Item;
use crate::acknowledge::compose::Compose;
use crate::acknowledge::header::open_group;
use crate::acknowledge::received::Received;
use crate::acknowledge::verdict::{AnswerNumbers, Decided, Decision};
use crate::acknowledge::{AcknowledgmentOptions, ControlNumbers, Ta1Policy, Ta1Severity};
use crate::control_number::ControlNumber;
use crate::delimiters::Delimiters;
use crate::error::Error;
use crate::limits::Limits;

/// Composes answers and writes them.
pub(crate) struct Answer<'a, W, N, D> {
    answers: W,
    how: &'a mut AcknowledgmentOptions<N>,
    limits: Limits,
    decided: D,
    interchange: Option<Received>,
    ordinal: u32,
    /// Groups of answers that were given a number.
    groups: u32,
}

impl<'a, W, N, D> Answer<'a, W, N, D>
where
    W: Write,
    N: ControlNumbers,
    D: FnMut(Decided) -> Result<(), Error>,
{
    pub(crate) fn new(
        answers: W,
        how: &'a mut AcknowledgmentOptions<N>,
        limits: Limits,
        decided: D,
    ) -> Self {
        Self {
            answers,
            how,
            limits,
            decided,
            interchange: None,
            ordinal: 0,
            groups: 0,
        }
    }

    /// Takes what was collected from a block.
    pub(crate) fn items(&mut self, items: &mut Vec<Item>) -> Result<(), Error> {
        let taken = items.drain(..).try_for_each(|item| self.item(item));
        if taken.is_err() {
            // Nobody is left to be told of it.
            self.interchange = None;
        }
        taken
    }

    fn item(&mut self, item: Item) -> Result<(), Error> {
        match item {
            Item::Interchange { isa, delimiters } => self.open(isa, &delimiters),
            Item::CloseInterchange => self.close()?,
            item => {
                let interchange = self.interchange.as_mut();
                let decided = interchange
                    .and_then(|interchange| interchange.item(item, self.how, &self.limits));
                if let Some(decided) = decided {
                    (self.decided)(decided)?;
                }
            }
        }
        Ok(())
    }

    /// The document broke off: the interchange in hand is rejected.
    pub(crate) fn break_off(&mut self) -> Result<(), Error> {
        let open = self.interchange.as_mut().map(Received::break_off);
        self.items(&mut open.unwrap_or_default())?;
        self.close()
    }

    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        Ok(self.answers.flush()?)
    }

    fn open(&mut self, isa: Vec<Vec<u8>>, delimiters: &Delimiters) {
        self.ordinal += 1;
        let mut received = Received::new(self.ordinal, isa, delimiters);
        let rejected = self.how.rejected.get(&self.ordinal);
        received.note = rejected.map(|note| (Ta1Severity::Rejected, *note));
        self.interchange = Some(received);
    }

    fn close(&mut self) -> Result<(), Error> {
        let Some(interchange) = self.interchange.take() else {
            return Ok(());
        };
        let rejected = interchange.is_rejected();
        let asked = interchange.isa(14) == b"1" || self.how.ta1 == Ta1Policy::Always;
        let only_answers = interchange.holds_answers && !interchange.holds_others;
        let note = interchange.note.map_or(("A", "000"), |(severity, note)| {
            (severity.code(), note.code())
        });
        let ta1 = (!only_answers && (asked || rejected)).then_some(note);
        let answered = !rejected
            && interchange
                .bundles()
                .iter()
                .any(|bundle| bundle.answered > 0);
        let suppressed = match (only_answers, ta1.is_some() || answered) {
            (true, _) => Some("holds acknowledgments only"),
            (false, true) => None,
            (false, false) if interchange.holds_others => {
                Some("its groups are to have no answer, and no TA1 was asked for")
            }
            (false, false) => Some("holds no group, and no TA1 was asked for"),
        };
        let answer = match suppressed {
            None => Some(self.write(&interchange, ta1, answered)?),
            Some(_) => None,
        };
        let isa13 = String::from_utf8_lossy(interchange.isa(13)).into_owned();
        (self.decided)(Decided::Interchange(Decision {
            interchange: self.ordinal,
            isa13,
            ta1,
            rejected,
            answer,
            suppressed,
        }))
    }

    /// Writes one interchange: TA1, then the 997s in a group, then the 999s in a group.
    fn write(
        &mut self,
        received: &Received,
        ta1: Option<(&str, &str)>,
        answered: bool,
    ) -> Result<AnswerNumbers, Error> {
        let isa13 = self.how.numbers.interchange(self.ordinal)?;
        let control = format!("{isa13:09}");
        let mut envelope = received.header.compose();
        let AcknowledgmentOptions {
            date,
            time,
            address,
            ..
        } = &*self.how;
        let header = &received.header;
        header.open(&mut envelope, [date, time, &control], address)?;
        if let Some((code, note)) = ta1 {
            envelope.segment(
                "TA1",
                &[
                    received.isa(13),
                    received.isa(9),
                    received.isa(10),
                    code.as_bytes(),
                    note.as_bytes(),
                ],
            );
        }
        let mut numbers = [None; 2];
        for (bundle, number) in received.bundles().into_iter().zip(&mut numbers) {
            if answered && bundle.answered > 0 {
                *number = Some(self.write_group(bundle, &mut envelope)?);
            }
        }
        let groups = numbers.iter().flatten().count().to_string();
        envelope.segment("IEA", &[groups.as_bytes(), control.as_bytes()]);
        self.answers.write_all(&envelope.bytes)?;
        let [gs06_of_997s, gs06_of_999s] = numbers;
        Ok(AnswerNumbers {
            isa13,
            gs06_of_997s,
            gs06_of_999s,
        })
    }

    /// A group with all answers of one kind.
    fn write_group(
        &mut self,
        bundle: &Bundle,
        envelope: &mut Compose,
    ) -> Result<ControlNumber, Error> {
        self.groups += 1;
        let gs06 = self.how.numbers.group(self.groups)?;
        let number = gs06.to_string();
        let AcknowledgmentOptions {
            date,
            time,
            address,
            ..
        } = &*self.how;
        let guide = bundle.set.guide();
        let names = [date, time, &*number, guide];
        open_group(envelope, "FA", (&bundle.gs, address), names)?;
        envelope.bytes.extend_from_slice(&bundle.compose.bytes);
        envelope.segment(
            "GE",
            &[bundle.answered.to_string().as_bytes(), number.as_bytes()],
        );
        Ok(gs06)
    }
}
