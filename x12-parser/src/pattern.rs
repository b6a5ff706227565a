//! Patterns of elements made ready: a value is looked at once, from left to right, whatever the pattern.

use x12_schemas::table::{Pattern, Step};

/// A pattern with its steps spread out, so that which of them have been reached fits the bits of one number.
#[derive(Debug)]
pub(crate) struct Matcher {
    rows: Vec<Row>,
}

/// One alternative. Bit n stands for having passed n places.
#[derive(Debug)]
struct Row {
    /// By byte: the places that it fits.
    fits: Box<[u64; 256]>,
    /// Places that may be passed without a character.
    skips: u64,
    /// All places are passed.
    end: u64,
}

impl Matcher {
    pub(crate) fn new(pattern: &Pattern) -> Self {
        let row = |steps: &Vec<Step>| {
            let mut row = Row {
                fits: Box::new([0; 256]),
                skips: 0,
                end: 1,
            };
            for step in steps {
                for time in 0..step.most {
                    row.place(step, time >= step.least);
                }
            }
            row
        };
        Self {
            rows: pattern.rows.iter().map(row).collect(),
        }
    }

    pub(crate) fn matches(&self, value: &[u8]) -> bool {
        self.rows.iter().any(|row| row.matches(value))
    }
}

impl Row {
    /// Adds a place. The compiler bounds them so that there is a bit for each; of others no value gets past.
    fn place(&mut self, step: &Step, skips: bool) {
        for &(first, last) in &step.ranges {
            for byte in first..=last {
                self.fits[usize::from(byte)] |= self.end;
            }
        }
        if skips {
            self.skips |= self.end;
        }
        self.end <<= 1;
    }

    fn matches(&self, value: &[u8]) -> bool {
        let mut reached = self.skip(1);
        for &byte in value {
            reached = self.skip((reached & self.fits[usize::from(byte)]) << 1);
        }
        reached & self.end != 0
    }

    /// What is reached without a character more.
    fn skip(&self, mut reached: u64) -> u64 {
        loop {
            let more = reached | (reached & self.skips) << 1;
            if more == reached {
                return reached;
            }
            reached = more;
        }
    }
}
