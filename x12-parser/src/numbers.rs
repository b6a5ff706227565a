//! Control numbers that were seen, kept as ranges: a million that count up take one entry.

use std::collections::BTreeMap;

use crate::walk::number;

/// A set of control numbers.
#[derive(Debug, Default)]
pub(crate) struct NumberSet {
    /// First number of each range, and its last.
    ranges: BTreeMap<u64, u64>,
    most: usize,
}

impl NumberSet {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            ranges: BTreeMap::new(),
            most,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.ranges.clear();
    }

    /// Adds a number; false if it was there. Beyond the limit nothing new is remembered.
    pub(crate) fn insert(&mut self, value: &[u8]) -> bool {
        let key = key(value);
        let before = self
            .ranges
            .range(..=key)
            .next_back()
            .map(|(first, last)| (*first, *last));
        if before.is_some_and(|(_, last)| key <= last) {
            return false;
        }
        let first = match before {
            Some((first, last)) if last + 1 == key => first,
            _ if self.ranges.len() >= self.most => return true,
            _ => key,
        };
        let last = self.ranges.remove(&(key + 1)).unwrap_or(key);
        self.ranges.insert(first, last);
        true
    }
}

/// Numbers with as many digits that follow one another get keys that do; all else gets a key of its own, below 2^63.
fn key(value: &[u8]) -> u64 {
    match number(value) {
        // 10^10 apart: control numbers have at most nine digits.
        Some(number) if value.len() <= 9 => value.len() as u64 * 10_000_000_000 + number,
        _ => {
            let hash = value.iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, &b| {
                (hash ^ u64::from(b)).wrapping_mul(0x100_0000_01B3)
            });
            (hash >> 2) | 1 << 62
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_count_up_take_one_range() {
        let mut set = NumberSet::new(8);
        assert!((1..1000).all(|n: u32| set.insert(format!("{n:04}").as_bytes())));
        assert_eq!(set.ranges.len(), 1);
        assert!(
            !set.insert(b"0500") && set.insert(b"500") && set.insert(b"A1") && !set.insert(b"A1")
        );
    }
}
