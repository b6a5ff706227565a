//! Our control numbers, drawn from the ledger while the parser writes: the same again if the job is done again.

use x12_parser::{ControlNumber, ControlNumbers, Error};

use crate::doors::Doors;
use crate::failpoint::{Point, reach};
use crate::failure::Failure;
use crate::job::Job;
use crate::ledger::Number;

/// Draws the numbers of a job. What fails stops the parser, and [`crate::paper::readable`] gives it back.
pub struct Drawn<'a> {
    job: &'a Job,
    doors: &'a Doors,
    /// Ordinals of interchanges and groups that others of the job have used, and those used here.
    begin: [u32; 2],
    used: [u32; 2],
}

impl<'a> Drawn<'a> {
    /// Of a job.
    pub fn new(job: &'a Job, doors: &'a Doors) -> Self {
        Self {
            job,
            doors,
            begin: [0; 2],
            used: [0; 2],
        }
    }

    /// Numbers behind these, for the job's next answers.
    #[must_use]
    pub fn further(&self) -> Self {
        let [interchanges, groups] = self.used;
        Self {
            begin: [self.begin[0] + interchanges, self.begin[1] + groups],
            used: [0; 2],
            ..*self
        }
    }

    fn draw(&self, number: Number, ordinal: u32) -> Result<ControlNumber, Error> {
        let ledger = &self.doors.ledger;
        let drawn = self.doors.wait(ledger.draw(self.job, number, ordinal));
        reach(Point::NumberDrawn);
        let broken = Failure::permanent("number-broken", "a control number of the ledger is none");
        Ok(ControlNumber::new(drawn?).ok_or(broken)?)
    }
}

impl ControlNumbers for Drawn<'_> {
    fn interchange(&mut self, ordinal: u32) -> Result<ControlNumber, Error> {
        self.used[0] = self.used[0].max(ordinal);
        self.draw(Number::Interchange, self.begin[0] + ordinal)
    }

    fn group(&mut self, ordinal: u32) -> Result<ControlNumber, Error> {
        self.used[1] = self.used[1].max(ordinal);
        self.draw(Number::Group, self.begin[1] + ordinal)
    }
}
