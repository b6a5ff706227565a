//! Our control numbers, drawn from the ledger while the parser writes: the same again if the job is done again.

use x12_parser::{ControlNumber, ControlNumbers, Error};

use crate::doors::Doors;
use crate::failpoint::{Point, reach};
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::ledger::Number;

/// Draws the numbers of a job. After a failure it gives the parser an error, and [`Drawn::check`] the failure.
pub struct Drawn<'a> {
    job: &'a Job,
    doors: &'a Doors,
    failed: Option<Failure>,
}

impl<'a> Drawn<'a> {
    /// Of a job.
    pub fn new(job: &'a Job, doors: &'a Doors) -> Self {
        Self {
            job,
            doors,
            failed: None,
        }
    }

    /// What failed, if anything did.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn check(&self) -> Result<()> {
        self.failed.map_or(Ok(()), Err)
    }

    fn draw(&mut self, number: Number, ordinal: u32) -> std::result::Result<ControlNumber, Error> {
        let ledger = &self.doors.ledger;
        let drawn = self.doors.wait(ledger.draw(self.job, number, ordinal));
        reach(Point::NumberDrawn);
        let broken = Failure::permanent("number-broken", "a control number of the ledger is none");
        let number = drawn.and_then(|number| ControlNumber::new(number).ok_or(broken));
        number.map_err(|failure| {
            self.failed = Some(failure);
            std::io::Error::from(std::io::ErrorKind::Other).into()
        })
    }
}

impl ControlNumbers for Drawn<'_> {
    fn interchange(&mut self, ordinal: u32) -> std::result::Result<ControlNumber, Error> {
        self.draw(Number::Interchange, ordinal)
    }

    fn group(&mut self, ordinal: u32) -> std::result::Result<ControlNumber, Error> {
        self.draw(Number::Group, ordinal)
    }
}
