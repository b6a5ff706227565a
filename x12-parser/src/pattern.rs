//! Patterns of elements made ready: a value is looked at once, from left to right, whatever the pattern.

use x12_schemas::table::Pattern;

/// A pattern with its steps spread out, so that which of them have been reached fits the bits of one number.
#[derive(Debug)]
pub(crate) struct Matcher {
    rows: Vec<Row>,
}

/// One alternative. Bit n stands for having passed n places.
#[derive(Debug)]
struct Row {
    places: Vec<Place>,
    /// Places that may be passed without a character.
    skips: u64,
}

#[derive(Debug)]
struct Place {
    ranges: Vec<(u8, u8)>,
}

impl Matcher {
    pub(crate) fn new(pattern: &Pattern) -> Self {
        let row = |steps: &Vec<x12_schemas::table::Step>| {
            let (mut places, mut skips) = (Vec::new(), 0);
            for step in steps {
                for time in 0..step.most {
                    if time >= step.least {
                        skips |= bit(places.len());
                    }
                    let ranges = step.ranges.clone();
                    places.push(Place { ranges });
                }
            }
            Row { places, skips }
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
    fn matches(&self, value: &[u8]) -> bool {
        // Mostly nothing may be left out: then there is one place for each character.
        if self.skips == 0 {
            let fits = |(place, byte): (&Place, &u8)| place.fits(*byte);
            return value.len() == self.places.len() && self.places.iter().zip(value).all(fits);
        }
        let mut reached = self.skip(1);
        for byte in value {
            let mut next = 0;
            let mut left = reached;
            while left != 0 {
                let at = left.trailing_zeros() as usize;
                left &= left - 1;
                if self.places.get(at).is_some_and(|place| place.fits(*byte)) {
                    next |= bit(at + 1);
                }
            }
            if next == 0 {
                return false;
            }
            reached = self.skip(next);
        }
        reached & bit(self.places.len()) != 0
    }

    /// What is reached without a character more.
    fn skip(&self, mut reached: u64) -> u64 {
        for at in 0..self.places.len() {
            if reached & self.skips & bit(at) != 0 {
                reached |= bit(at + 1);
            }
        }
        reached
    }
}

impl Place {
    fn fits(&self, byte: u8) -> bool {
        let within = |&(first, last): &(u8, u8)| (first..=last).contains(&byte);
        self.ranges.iter().any(within)
    }
}

/// The compiler bounds places so that there is a bit for each.
fn bit(at: usize) -> u64 {
    1_u64.checked_shl(at as u32).unwrap_or(0)
}
