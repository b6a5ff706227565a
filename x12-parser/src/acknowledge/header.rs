//! The header of a received interchange, and that of its answer.

use crate::acknowledge::compose::Compose;
use crate::delimiters::Delimiters;
use crate::envelope::is_version;
use crate::error::Error;
use crate::readdress::control::takes;

/// The version of the control segments (ISA12) of an answer to an interchange whose own is none.
const VERSION: &[u8] = b"00501";

/// Between whom answers go, where a partner wants them otherwise than the envelopes of what is answered turned round.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AnswerAddress {
    /// Qualifier and identifier of who answers, ISA05 and ISA06, in place of the receiver of what is answered.
    pub sender: Option<(String, String)>,
    /// Qualifier and identifier of who is answered, ISA07 and ISA08, in place of its sender.
    pub receiver: Option<(String, String)>,
    /// Application code of who answers, GS02.
    pub group_sender: Option<String>,
    /// Application code of who is answered, GS03.
    pub group_receiver: Option<String>,
}

/// Where a given value goes: the element, and how long it is at least and at most.
type Slot = (&'static str, usize, usize);

/// A given value, or, without one, what was received.
fn given<'v>(
    value: Option<&'v str>,
    received: &'v [u8],
    (element, least, most): Slot,
    delimiters: &Delimiters,
) -> Result<&'v [u8], Error> {
    let Some(value) = value.map(str::as_bytes) else {
        return Ok(received);
    };
    let mut bytes = value.iter();
    if (least..=most).contains(&value.len()) && bytes.all(|&byte| takes(delimiters, byte)) {
        Ok(value)
    } else {
        Err(Error::Value { element, at: 0 })
    }
}

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
    pub(crate) fn open(
        &self,
        compose: &mut Compose,
        [date, time, isa13]: [&str; 3],
        address: &AnswerAddress,
    ) -> Result<(), Error> {
        let isa = self.answer([date, time, isa13], address)?;
        compose.segment("ISA", &isa.each_ref().map(Vec::as_slice));
        Ok(())
    }

    /// ISA01 to ISA16 of the answer: the received ones with sender and receiver exchanged, or given.
    fn answer(
        &self,
        [date, time, isa13]: [&str; 3],
        address: &AnswerAddress,
    ) -> Result<[Vec<u8>; 16], Error> {
        let delimiters = *self.compose().delimiters();
        let wide = |value: Option<&str>, number: usize, slot: Slot| {
            let (_, _, width) = slot;
            let mut value = given(value, self.isa(number), slot, &delimiters)?.to_vec();
            value.resize(width, b' ');
            Ok::<_, Error>(value)
        };
        let party = |given: &Option<(String, String)>, [code, id]: [(usize, &'static str); 2]| {
            let given = given.as_ref();
            let given_code = given.map(|(code, _)| &**code);
            let given_id = given.map(|(_, id)| &**id);
            let code = wide(given_code, code.0, (code.1, 2, 2))?;
            let id = wide(given_id, id.0, (id.1, 1, 15))?;
            Ok::<_, Error>([code, id])
        };
        let [isa05, isa06] = party(&address.sender, [(7, "ISA05"), (8, "ISA06")])?;
        let [isa07, isa08] = party(&address.receiver, [(5, "ISA07"), (6, "ISA08")])?;
        let text = |value: &str| value.as_bytes().to_vec();
        let test = if self.isa(15) == b"P" { "P" } else { "T" };
        Ok([
            text("00"),
            vec![b' '; 10],
            text("00"),
            vec![b' '; 10],
            isa05,
            isa06,
            isa07,
            isa08,
            text(date.get(2..).unwrap_or_default()),
            text(time),
            // Before elements repeated, ISA11 named the standard: U, that of the U.S. community of X12.
            vec![delimiters.repetition.unwrap_or(b'U')],
            self.version().to_vec(),
            text(isa13),
            text("0"),
            text(test),
            vec![delimiters.component],
        ])
    }
}

/// Writes the header of a group of answers, GS, by the received one: sender and receiver are exchanged, or given.
pub(crate) fn open_group(
    compose: &mut Compose,
    code: &str,
    (received, address): (&[Vec<u8>], &AnswerAddress),
    [date, time, number, guide]: [&str; 4],
) -> Result<(), Error> {
    let delimiters = *compose.delimiters();
    let name = |value: &'_ Option<String>, number: usize, element: &'static str| {
        let slot = (element, 2, 15);
        let received = self::element(received, number);
        given(value.as_deref(), received, slot, &delimiters).map(<[u8]>::to_vec)
    };
    let sender = name(&address.group_sender, 3, "GS02")?;
    let receiver = name(&address.group_receiver, 2, "GS03")?;
    let [code, date, time, number, guide] = [code, date, time, number, guide].map(str::as_bytes);
    let elements = [code, &sender, &receiver, date, time, number, b"X", guide];
    compose.segment("GS", &elements);
    Ok(())
}

/// An element by its number, from one; empty if it does not stand.
pub(crate) fn element(elements: &[Vec<u8>], number: usize) -> &[u8] {
    elements
        .get(number.wrapping_sub(1))
        .map_or(&[], Vec::as_slice)
}
