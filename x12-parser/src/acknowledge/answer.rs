//! Composes the answers, in the order of what was received.

use std::io::Write;

use crate::acknowledge::collect::Item;
use crate::acknowledge::compose::Compose;
use crate::acknowledge::received::{GUIDE, Received};
use crate::acknowledge::{AcknowledgmentOptions, Decision, Ta1Policy};
use crate::delimiters::Delimiters;
use crate::error::Error;
use crate::limits::Limits;

/// Composes answers and writes them.
pub(crate) struct Answer<'a, W, D> {
    answers: W,
    how: &'a AcknowledgmentOptions,
    limits: Limits,
    decided: D,
    sent: u32,
    interchange: Option<Received>,
    ordinal: u32,
}

impl<'a, W: Write, D: FnMut(Decision)> Answer<'a, W, D> {
    pub(crate) fn new(
        answers: W,
        how: &'a AcknowledgmentOptions,
        limits: Limits,
        decided: D,
    ) -> Self {
        Self {
            answers,
            how,
            limits,
            decided,
            sent: 0,
            interchange: None,
            ordinal: 0,
        }
    }

    /// Takes what was collected from a block.
    pub(crate) fn items(&mut self, items: &mut Vec<Item>) -> Result<(), Error> {
        for item in items.drain(..) {
            match item {
                Item::Interchange { isa, delimiters } => self.open(isa, &delimiters),
                Item::CloseInterchange => self.close()?,
                item => {
                    if let Some(interchange) = &mut self.interchange {
                        interchange.item(item, self.how, &self.limits);
                    }
                }
            }
        }
        Ok(())
    }

    /// The document broke off: the interchange in hand is rejected.
    pub(crate) fn break_off(&mut self) -> Result<(), Error> {
        if let Some(interchange) = &mut self.interchange {
            interchange.note = Some(("R", "024"));
        }
        self.close()
    }

    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        Ok(self.answers.flush()?)
    }

    fn open(&mut self, isa: Vec<Vec<u8>>, delimiters: &Delimiters) {
        self.ordinal += 1;
        self.interchange = Some(Received::new(isa, delimiters));
    }

    fn close(&mut self) -> Result<(), Error> {
        let Some(interchange) = self.interchange.take() else {
            return Ok(());
        };
        let rejected = interchange.note.is_some_and(|(code, _)| code == "R");
        let asked = interchange.isa(14) == b"1" || self.how.ta1 == Ta1Policy::Always;
        let only_answers = interchange.holds_answers && !interchange.holds_others;
        let ta1 = (!only_answers && (asked || rejected))
            .then(|| interchange.note.unwrap_or(("A", "000")));
        let answered = !rejected && interchange.answered > 0;
        let suppressed = match (only_answers, ta1.is_some() || answered) {
            (true, _) => Some("holds acknowledgments only"),
            (false, true) => None,
            (false, false) => Some("holds no group, and no TA1 was asked for"),
        };
        if suppressed.is_none() {
            self.write(&interchange, ta1, answered)?;
        }
        let isa13 = String::from_utf8_lossy(interchange.isa(13)).into_owned();
        let groups = if rejected {
            Vec::new()
        } else {
            interchange.groups
        };
        (self.decided)(Decision {
            interchange: self.ordinal,
            isa13,
            ta1,
            groups,
            suppressed,
        });
        Ok(())
    }

    /// Writes one interchange: TA1, then the 999s in one group.
    fn write(
        &mut self,
        received: &Received,
        ta1: Option<(&str, &str)>,
        answered: bool,
    ) -> Result<(), Error> {
        let control = format!(
            "{:09}",
            (self.how.interchange_control_number + self.sent) % 1_000_000_000
        );
        let mut envelope = Compose::new(received.compose.delimiters());
        envelope.segment(
            "ISA",
            &self
                .isa(received, &control, envelope.delimiters())
                .each_ref()
                .map(Vec::as_slice),
        );
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
        if answered {
            self.write_group(received, &mut envelope);
        }
        envelope.segment(
            "IEA",
            &[if answered { b"1" } else { b"0" }, control.as_bytes()],
        );
        self.sent += 1;
        self.answers.write_all(&envelope.bytes)?;
        Ok(())
    }

    /// The group with the 999s.
    fn write_group(&self, received: &Received, envelope: &mut Compose) {
        let number = (self.how.group_control_number + self.sent).to_string();
        let AcknowledgmentOptions { date, time, .. } = self.how;
        let (sender, receiver) = (received.first_gs(3), received.first_gs(2));
        let [date, time, number] = [date, time, &number].map(String::as_bytes);
        envelope.segment(
            "GS",
            &[b"FA", sender, receiver, date, time, number, b"X", GUIDE],
        );
        envelope.bytes.extend_from_slice(&received.compose.bytes);
        envelope.segment("GE", &[received.answered.to_string().as_bytes(), number]);
    }

    /// The header of the answer: the received one with sender and receiver exchanged.
    fn isa(&self, received: &Received, control: &str, delimiters: &Delimiters) -> [Vec<u8>; 16] {
        let wide = |number: usize, width: usize| {
            let mut value = received.isa(number).to_vec();
            value.resize(width, b' ');
            value
        };
        let text = |value: &str| value.as_bytes().to_vec();
        let test = if received.isa(15) == b"P" { "P" } else { "T" };
        [
            text("00"),
            vec![b' '; 10],
            text("00"),
            vec![b' '; 10],
            wide(7, 2),
            wide(8, 15),
            wide(5, 2),
            wide(6, 15),
            text(self.how.date.get(2..).unwrap_or_default()),
            text(&self.how.time),
            vec![delimiters.repetition.unwrap_or(b'^')],
            text("00501"),
            text(control),
            text("0"),
            text(test),
            vec![delimiters.component],
        ]
    }
}
