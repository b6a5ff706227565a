//! Binary data with a label: kept while they come, until their value is whole; and put back from it, with their length.

use x12_schemas::table::NONE;

use crate::error::Error;
use crate::json::fields::BAD_BASE64;
use crate::json::named::compose::{Composer, Fault, Result as Composed};
use crate::json::named::pen::Spot;
use crate::json::named::stage::Mark;
use crate::json::named::tree::Index;
use crate::json::text::from_base64;

/// A value that is not whole yet.
pub(crate) struct Data {
    /// The slot of the value, or [`NONE`] if it is a member of what starts the loop.
    slot: u16,
    /// Whether an object is to be closed behind it.
    is_object: bool,
    text: Vec<u8>,
    /// What was told of the segment while its data were still to come.
    waiting: Vec<(Mark, Vec<u8>)>,
}

impl Data {
    pub(crate) fn new((slot, is_object): (u16, bool), text: &[u8]) -> Self {
        Self {
            slot,
            is_object,
            text: text.to_vec(),
            waiting: Vec::new(),
        }
    }

    /// Takes the next piece; true if the value is whole by it. `room` is how much may be kept, and where in the document the loop began.
    pub(crate) fn take(
        &mut self,
        mark: Mark,
        text: &[u8],
        (room, at): (usize, u64),
    ) -> Result<bool, Error> {
        match mark {
            Mark::More => self.text.extend_from_slice(text),
            Mark::Tail => {
                if self.is_object {
                    self.text.push(b'}');
                }
                return Ok(true);
            }
            mark => self.waiting.push((mark, text.to_vec())),
        }
        if self.text.len() <= room {
            return Ok(false);
        }
        Err(Error::Limit {
            limit: "length of a record",
            max: room as u64,
            at,
        })
    }

    /// The value as a piece that is whole, and behind it what waited.
    pub(crate) fn pieces(self) -> impl Iterator<Item = (Mark, Vec<u8>)> {
        let mark = match self.slot {
            NONE => Mark::Starter,
            slot => Mark::Segment(slot),
        };
        std::iter::once((mark, self.text)).chain(self.waiting)
    }
}

/// Data that could not be told from segments if their length were another.
pub(crate) struct Divided {
    /// Where their length goes, and what it must be.
    at: Spot,
    length: String,
    fault: Fault,
}

impl Divided {
    /// What is wrong if something else is told as the length.
    pub(crate) fn unless(self, told: Option<&[u8]>) -> Composed<()> {
        if told == Some(self.length.as_bytes()) {
            Ok(())
        } else {
            Err(self.fault)
        }
    }

    pub(crate) fn at(&self) -> Spot {
        self.at
    }
}

impl Composer<'_> {
    /// Puts binary data to the element that ends their segment: `{"$base64":…}`, or text as it is.
    pub(super) fn data(&mut self, node: Index, spot: Spot) -> Composed<()> {
        let tree = self.tree;
        let bytes = match tree.text(node) {
            // Where no data stood, as where nothing is told of them; data of no length are told exactly.
            Some(b"") => return Ok(()),
            Some(text) => text.to_vec(),
            None => {
                let mut members = tree.members(node);
                let (Some((b"$base64", value)), None) = (members.next(), members.next()) else {
                    return self.fault("a string or a $base64 is due", node);
                };
                let decoded = tree.text(value).and_then(from_base64);
                let Some(decoded) = decoded else {
                    return self.fault(BAD_BASE64, value);
                };
                decoded
            }
        };
        if bytes.len() as u64 > self.limits.binary_bytes {
            return self.fault("the data are longer than they may be", node);
        }
        if self.pen.divides(&bytes) {
            let fault: Composed<()> = self.fault("the length beside the data is not theirs", node);
            self.divided = fault.err().map(|fault| Divided {
                at: Spot {
                    element: spot.element - 1,
                    ..Spot::default()
                },
                length: bytes.len().to_string(),
                fault,
            });
        }
        self.pen.put_data(spot, &bytes);
        Ok(())
    }
}
