//! The header of a received interchange, and that of its answer.

use crate::acknowledge::compose::Compose;
use crate::delimiters::Delimiters;
use crate::envelope::is_version;

/// The version of the control segments (ISA12) of an answer to an interchange whose own is none.
const VERSION: &[u8] = b"00501";

/// The header of a received interchange.
pub(crate) struct Header {
    isa: Vec<Vec<u8>>,
    delimiters: Delimiters,
}

impl Header {
    pub(crate) fn new(isa: Vec<Vec<u8>>, delimiters: Delimiters) -> Self {
        Self { isa, delimiters }
    }

    /// An element, from one.
    pub(crate) fn isa(&self, number: usize) -> &[u8] {
        element(&self.isa, number)
    }

    /// The version of the answer's control segments, ISA12: that of the received ones, if it is one.
    fn version(&self) -> &[u8] {
        let received = self.isa(12);
        if is_version(received) {
            received
        } else {
            VERSION
        }
    }

    /// What composes an answer.
    pub(crate) fn compose(&self) -> Compose {
        // Since 00402 elements repeat, and ISA11 says what separates them.
        Compose::new(&self.delimiters, self.version() >= b"00402".as_slice())
    }

    /// Writes the header of the answer.
    pub(crate) fn open(&self, compose: &mut Compose, [date, time]: [&str; 2], isa13: &str) {
        let isa = self.answer(date, time, isa13);
        compose.segment("ISA", &isa.each_ref().map(Vec::as_slice));
    }

    /// ISA01 to ISA16 of the answer: the received ones with sender and receiver exchanged.
    fn answer(&self, date: &str, time: &str, isa13: &str) -> [Vec<u8>; 16] {
        let wide = |number: usize, width: usize| {
            let mut value = self.isa(number).to_vec();
            value.resize(width, b' ');
            value
        };
        let text = |value: &str| value.as_bytes().to_vec();
        let test = if self.isa(15) == b"P" { "P" } else { "T" };
        let delimiters = *self.compose().delimiters();
        [
            text("00"),
            vec![b' '; 10],
            text("00"),
            vec![b' '; 10],
            wide(7, 2),
            wide(8, 15),
            wide(5, 2),
            wide(6, 15),
            text(date.get(2..).unwrap_or_default()),
            text(time),
            // Before elements repeated, ISA11 named the standard: U, that of the U.S. community of X12.
            vec![delimiters.repetition.unwrap_or(b'U')],
            self.version().to_vec(),
            text(isa13),
            text("0"),
            text(test),
            vec![delimiters.component],
        ]
    }
}

/// Writes the header of a group of answers, GS, by the received one: sender and receiver are exchanged.
pub(crate) fn open_group(
    compose: &mut Compose,
    code: &str,
    received: &[Vec<u8>],
    [date, time, number, guide]: [&str; 4],
) {
    let [code, date, time, number, guide] = [code, date, time, number, guide].map(str::as_bytes);
    let [sender, receiver] = [3, 2].map(|number| element(received, number));
    let elements = [code, sender, receiver, date, time, number, b"X", guide];
    compose.segment("GS", &elements);
}

/// An element by its number, from one; empty if it does not stand.
pub(crate) fn element(elements: &[Vec<u8>], number: usize) -> &[u8] {
    elements
        .get(number.wrapping_sub(1))
        .map_or(&[], Vec::as_slice)
}
