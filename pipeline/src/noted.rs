//! What becomes known of a document while a stage reads it: kept until its job is recorded, or, of a large document, recorded ahead.

use crate::doors::Doors;
use crate::failure::{Failure, Result};
use crate::job::{Fact, Job};
use crate::limits::FACTS;

/// The facts of a job.
///
/// A document may have millions of transaction sets: whenever there are [`FACTS`] of them they go to the ledger, fenced by the lease and
/// in a transaction of their own, so that neither memory nor the time that others wait for the ledger grows with the document. Facts
/// recorded again change nothing, so a job that is done again may have been recorded in part.
pub struct Noted<'a> {
    job: &'a Job,
    doors: &'a Doors,
    facts: Vec<Fact>,
}

impl<'a> Noted<'a> {
    /// Of a job.
    pub fn new(job: &'a Job, doors: &'a Doors) -> Self {
        Self {
            job,
            doors,
            facts: Vec::new(),
        }
    }

    /// Takes a fact.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn push(&mut self, fact: Fact) -> Result<()> {
        self.facts.push(fact);
        if self.facts.len() < FACTS {
            return Ok(());
        }
        self.record()
    }

    /// The facts that are to be recorded with the job.
    #[must_use]
    pub fn finish(self) -> Vec<Fact> {
        self.facts
    }

    fn record(&mut self) -> Result<()> {
        let (ledger, job) = (&self.doors.ledger, self.job);
        if self.doors.wait(ledger.note(job, &self.facts))? {
            self.facts.clear();
            return Ok(());
        }
        Err(Failure::transient(
            "lease-lost",
            "the job is somebody else's by now",
        ))
    }
}
