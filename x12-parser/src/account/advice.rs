//! Application advice (824): what it says, in types, and how it is read, an item at a time.

use std::sync::Arc;

use crate::account::Misfit;
use crate::account::follow::Say;
use crate::account::read::{self, code, count, words};
use crate::account::said::Said;
use crate::error::Error;
use crate::finding::Code;
use crate::segment::Segment;
use crate::withheld::Withheld;

/// Numbers that are kept of an item.
const NUMBERS: usize = 12;

/// Reasons that are kept of an error: as many as RED segments may stand behind it.
const REASONS: usize = 100;

/// Longest code of a reason; lists of payers have up to eight characters.
const REASON_BYTES: usize = 10;

/// The item that is spoken of, OTI.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ItemReference {
    /// BGN02: the advice's own number.
    pub advice: Option<Withheld>,
    /// OTI02: what the number of the item is.
    pub qualifier: String,
    /// OTI03: the number of the item.
    pub number: Option<Withheld>,
    /// OTI08: GS06 of the group that it came in; empty if none is given.
    pub gs06: String,
    /// OTI09: ST02 of its transaction set.
    pub st02: String,
    /// OTI10: ST01 of its transaction set.
    pub st01: String,
    /// OTI11: its version, GS08.
    pub version: String,
}

/// What an item is: the first letter of OTI01.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum AdviceScope {
    /// G: a functional group.
    Group,
    /// T: a transaction set.
    Set,
    /// B: a batch.
    Batch,
    /// I: an item, such as a claim.
    Item,
}

/// What became of it: the second letter of OTI01.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum AdviceOutcome {
    /// A: accepted.
    Accepted,
    /// C: accepted, with changes to its data.
    AcceptedWithChanges,
    /// E: accepted, but errors were noted.
    AcceptedWithErrors,
    /// P: accepted in part.
    Partly,
    /// R: rejected.
    Rejected,
    /// N: noted, and no more is said of it.
    Noted,
}

/// What an 824 says of an item. It is told behind the item's errors.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct AdviceSaid {
    /// Which item.
    pub item: Arc<ItemReference>,
    /// What it is.
    pub scope: AdviceScope,
    /// What became of it.
    pub outcome: AdviceOutcome,
    /// OTI01, which says both.
    pub code: String,
    /// REF: other numbers of the item, each with its qualifier.
    pub numbers: Vec<(String, Withheld)>,
    /// How many errors were told of it.
    pub errors: u64,
}

/// An error of an item, TED.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ErrorSaid {
    /// The item.
    pub item: Arc<ItemReference>,
    /// TED01: what is wrong.
    pub code: String,
    /// TED03: the segment's identifier; empty if none is given.
    pub id: String,
    /// TED04: which segment of the set, ST being 1.
    pub segment: Option<u64>,
    /// Which element, from one; 0 if it is not given.
    pub element: u16,
    /// Which component, from one; 0 if it is not given.
    pub component: u16,
    /// Which repetition, from one; 0 if it is not given.
    pub repetition: u16,
    /// TED06: its data element number; empty if none is given.
    pub data_element: String,
    /// RED06: codes of reasons, from the sender's lists.
    pub reasons: Vec<String>,
}

/// What is open.
#[derive(Default)]
pub(super) struct Advice {
    number: Option<Withheld>,
    item: Option<AdviceSaid>,
    error: Option<ErrorSaid>,
}

impl Advice {
    /// A segment of the advice; says what has ended with it.
    pub(super) fn segment(
        &mut self,
        id: &[u8],
        segment: &Segment<'_>,
        say: Say<'_>,
    ) -> Result<Result<(), Misfit>, Error> {
        Ok(match id {
            b"OTI" => {
                self.finish(say)?;
                self.open_item(segment)
            }
            b"TED" => {
                self.close_error(say)?;
                self.open_error(segment)
            }
            b"BGN" => {
                self.number = Withheld::new(segment.element(2).bytes());
                Ok(())
            }
            b"REF" => {
                self.refer(segment);
                Ok(())
            }
            b"RED" => self.reason(segment),
            b"ST" | b"SE" | b"N1" | b"PER" | b"DTM" | b"AMT" | b"QTY" | b"NM1" | b"CTX" => Ok(()),
            _ => Err((Code::SegmentNotInSet, 0)),
        })
    }

    /// Says what is open still.
    pub(super) fn finish(&mut self, say: Say<'_>) -> Result<(), Error> {
        self.close_error(say)?;
        match self.item.take() {
            Some(item) => say(Said::Advice(item)),
            None => Ok(()),
        }
    }

    fn open_item(&mut self, segment: &Segment<'_>) -> Result<(), Misfit> {
        let said = code(segment.element(1).bytes(), 2);
        let scope = match said.as_bytes().first() {
            Some(b'G') => AdviceScope::Group,
            Some(b'T') => AdviceScope::Set,
            Some(b'B') => AdviceScope::Batch,
            Some(b'I') => AdviceScope::Item,
            _ => return Err(read::uncoded(segment)),
        };
        let outcome = match said.as_bytes().get(1) {
            Some(b'A') => AdviceOutcome::Accepted,
            Some(b'C') => AdviceOutcome::AcceptedWithChanges,
            Some(b'E') => AdviceOutcome::AcceptedWithErrors,
            Some(b'P') => AdviceOutcome::Partly,
            Some(b'R') => AdviceOutcome::Rejected,
            Some(b'N') => AdviceOutcome::Noted,
            _ => return Err(read::uncoded(segment)),
        };
        self.item = Some(AdviceSaid {
            item: Arc::new(ItemReference {
                advice: self.number.clone(),
                qualifier: code(segment.element(2).bytes(), 3),
                number: Withheld::new(segment.element(3).bytes()),
                gs06: words(segment, 8),
                st02: words(segment, 9),
                st01: words(segment, 10),
                version: words(segment, 11),
            }),
            scope,
            outcome,
            code: said,
            numbers: Vec::new(),
            errors: 0,
        });
        Ok(())
    }

    fn refer(&mut self, segment: &Segment<'_>) {
        // Before the first item it is the submitter's.
        let Some(item) = self.item.as_mut().filter(|_| self.error.is_none()) else {
            return;
        };
        let number = Withheld::new(segment.element(2).bytes());
        if let Some(number) = number.filter(|_| item.numbers.len() < NUMBERS) {
            item.numbers
                .push((code(segment.element(1).bytes(), 3), number));
        }
    }

    fn open_error(&mut self, segment: &Segment<'_>) -> Result<(), Misfit> {
        let item = self.item.as_mut().ok_or((Code::SegmentUnexpected, 0))?;
        item.errors += 1;
        let [element, component, repetition] = read::place(segment, 5);
        self.error = Some(ErrorSaid {
            item: Arc::clone(&item.item),
            code: code(segment.element(1).bytes(), 3),
            id: code(segment.element(3).bytes(), 3),
            segment: count(segment, 4),
            element,
            component,
            repetition,
            data_element: read::data_element(segment.element(6).component(1)),
            reasons: Vec::new(),
        });
        Ok(())
    }

    fn reason(&mut self, segment: &Segment<'_>) -> Result<(), Misfit> {
        let error = self.error.as_mut().ok_or((Code::SegmentUnexpected, 0))?;
        let reason = code(segment.element(6).bytes(), REASON_BYTES);
        if !reason.is_empty() && error.reasons.len() < REASONS {
            error.reasons.push(reason);
        }
        Ok(())
    }

    fn close_error(&mut self, say: Say<'_>) -> Result<(), Error> {
        match self.error.take() {
            Some(error) => say(Said::Error(error)),
            None => Ok(()),
        }
    }
}
