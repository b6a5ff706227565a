//! What becomes known of a document while a stage reads it: kept until its job is recorded, or, of a large document, recorded ahead.

use x12_parser::Error;

use crate::doors::Doors;
use crate::failure::{Failure, Result};
use crate::job::{Fact, Job};
use crate::limits::FACTS;

/// The facts of a job. After a failure it gives the parser an error, and [`Noted::finish`] the failure.
///
/// A document may have millions of transaction sets: whenever there are [`FACTS`] of them they go to the ledger, fenced by the lease and
/// in a transaction of their own, so that neither memory nor the time that others wait for the ledger grows with the document. Facts
/// recorded again change nothing, so a job that is done again may have been recorded in part.
pub struct Noted<'a> {
    job: &'a Job,
    doors: &'a Doors,
    facts: Vec<Fact>,
    failed: Option<Failure>,
}

impl<'a> Noted<'a> {
    /// Of a job.
    pub fn new(job: &'a Job, doors: &'a Doors) -> Self {
        Self {
            job,
            doors,
            facts: Vec::new(),
            failed: None,
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

    /// Takes a fact from the parser.
    ///
    /// # Errors
    /// [`Error::Io`] in place of what the ledger said.
    pub fn tell(&mut self, fact: Fact) -> std::result::Result<(), Error> {
        self.push(fact).map_err(|failure| {
            self.failed = Some(failure);
            std::io::Error::from(std::io::ErrorKind::Other).into()
        })
    }

    /// The facts that are to be recorded with the job.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn finish(self) -> Result<Vec<Fact>> {
        self.failed.map_or(Ok(self.facts), Err)
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
