//! `x12conv synth`: made-up documents from a guide and a seed, for tests, demonstrations and measurements.
//!
//! The guide says what may stand; the files `synth/*.txt` say what is usual and how values look. The same seed and plan give the same
//! bytes on every machine. Memory does not grow with the document.

mod book;
mod calendar;
mod document;
mod fault;
mod model;
mod place;
mod presence;
mod profile;
mod random;
mod segment;

use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;
use x12_schemas::table::Guide;

use document::Author;
use model::Model;

/// The richness of ordinary documents.
const USUAL: u32 = 20;

/// A generator of made-up documents.
pub struct Synth {
    model: Model,
    seed: u64,
}

/// What to write.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Transaction sets; 0 with `bytes` is as many as it takes.
    pub sets: u64,
    /// Records (claims, payments, members) of each; 0 with `bytes` and `sets` is as many as it takes.
    pub claims: u64,
    /// Bytes to write at least; the last transaction set is written to its end.
    pub bytes: Option<u64>,
    /// How much of what the guide allows stands: 0 only what must, 20 what is usual, 100 everything.
    pub rich: u8,
    /// Whether a line break follows each segment.
    pub newlines: bool,
    /// Faults to plant: their kind, and how many.
    pub fault: Option<(Fault, u64)>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            sets: 1,
            claims: 20,
            bytes: None,
            rich: USUAL as u8,
            newlines: false,
            fault: None,
        }
    }
}

/// What was written.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Totals {
    /// Bytes.
    pub bytes: u64,
    /// Segments.
    pub segments: u64,
    /// Transaction sets.
    pub sets: u64,
    /// Records.
    pub claims: u64,
    /// Faults that were planted.
    pub faults: Vec<Planted>,
}

/// A kind of fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// A required segment is left out.
    MissingSegment,
    /// A required element is left out.
    MissingElement,
    /// A code is not one of the guide's.
    BadCode,
    /// A date is not in the calendar.
    BadDate,
    /// A text is longer than it may be.
    TooLong,
    /// A segment stands that no guide knows.
    ExtraSegment,
    /// A trailer counts wrongly.
    WrongCount,
    /// A trailer's control number is not its header's.
    WrongControlNumber,
    /// Two segments stand in the wrong order.
    OutOfSequence,
}

impl Fault {
    /// Whether it is a transaction set that has it, not a record.
    fn of_set(self) -> bool {
        matches!(self, Self::WrongCount | Self::WrongControlNumber)
    }
}

/// A fault and its place.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Planted {
    /// What is wrong.
    pub fault: Fault,
    /// Offset of the segment's first byte; of a segment left out, where it would stand.
    pub offset: u64,
    /// Which transaction set of the document, from one.
    pub set: u64,
    /// Which segment of it, ST being 1.
    pub segment: u64,
    /// The place: `2300/CLM05`.
    pub path: String,
}

impl Synth {
    /// Makes ready to write documents of a guide.
    #[must_use]
    pub fn new(guide: Arc<Guide>, seed: u64) -> Self {
        Self {
            model: Model::new(guide),
            seed,
        }
    }

    /// Writes one interchange.
    ///
    /// # Errors
    /// What `out` fails with.
    pub fn write(&self, plan: &Plan, out: &mut dyn Write) -> io::Result<Totals> {
        let plan = self.complete(plan)?;
        Author::new(&self.model, self.seed, &plan, out).document()
    }

    /// Replaces what the plan leaves open by what a small sample says.
    fn complete(&self, plan: &Plan) -> io::Result<Plan> {
        let mut plan = plan.clone();
        if self.model.holds_one() {
            plan.claims = 1;
        }
        let Some(bytes) = plan.bytes.filter(|_| plan.claims == 0) else {
            return Ok(plan);
        };
        // 400: enough for an average that is right to some per cent.
        let sample = Plan {
            sets: 1,
            claims: 400,
            bytes: None,
            fault: None,
            ..plan
        };
        let sampled = Author::new(&self.model, self.seed, &sample, &mut io::sink()).document()?;
        let of_claim = (sampled.bytes / sampled.claims.max(1)).max(1);
        plan.sets = plan.sets.max(1);
        plan.claims = (bytes / plan.sets / of_claim).max(1);
        Ok(plan)
    }
}

impl Plan {
    /// How many records or sets there will be, among which faults are spread.
    fn units(&self, fault: Fault) -> u64 {
        // 20_000: bytes of a small set; where sets are written until there are enough bytes, faults stand in the first of them.
        let sets = if self.sets == 0 {
            self.bytes.unwrap_or(1) / 20_000 + 1
        } else {
            self.sets
        };
        if fault.of_set() {
            sets
        } else {
            sets.saturating_mul(self.claims.max(1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_of_a_profile_names_something() {
        for (id, set) in profile::known() {
            let guide = x12_schemas::Catalog::builtin()
                .guide_of_set(id, set)
                .expect("it is built in");
            let (_, unresolved) = Model::with_unresolved(guide);
            assert_eq!(unresolved, Vec::<Vec<&str>>::new(), "{id}");
        }
    }
}
