//! Values that are told apart, each with what belongs to it, as rules keep them of one occurrence of a loop after the other.
//!
//! Mostly there are a few short ones: those stand side by side in memory that is kept, and only more of them are hashed.

use std::collections::HashMap;

/// Values that are looked through one by one: so many cost less than hashing.
const FEW: usize = 16;

/// Values, none twice.
#[derive(Debug)]
pub(crate) struct Distinct<T> {
    /// The first values, one behind the other.
    text: Vec<u8>,
    /// Where each of them ends.
    few: Vec<(usize, T)>,
    many: HashMap<Box<[u8]>, T>,
}

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self {
            text: Vec::new(),
            few: Vec::new(),
            many: HashMap::new(),
        }
    }
}

impl<T> Distinct<T> {
    /// Forgets all values; memory for a few of them is kept.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.few.clear();
        if self.many.capacity() > 0 {
            self.many = HashMap::new();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.few.len() + self.many.len()
    }

    pub(crate) fn contains(&self, value: &[u8]) -> bool {
        self.first().any(|(other, _)| other == value)
            || (!self.many.is_empty() && self.many.contains_key(value))
    }

    /// Takes a value that is not among them.
    pub(crate) fn insert(&mut self, value: &[u8], belongs: T) {
        if self.few.len() < FEW {
            self.text.extend_from_slice(value);
            self.few.push((self.text.len(), belongs));
        } else {
            self.many.insert(value.into(), belongs);
        }
    }

    /// All of them, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &T)> {
        let many = self.many.iter().map(|(value, belongs)| (&**value, belongs));
        self.first().chain(many)
    }

    fn first(&self) -> impl Iterator<Item = (&[u8], &T)> {
        let mut start = 0;
        self.few.iter().map(move |(end, belongs)| {
            let value = self.text.get(start..*end).unwrap_or_default();
            start = *end;
            (value, belongs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Distinct;

    #[test]
    fn few_and_many_are_told_apart_alike() {
        let mut distinct = Distinct::default();
        for round in [3, 16, 17, 100] {
            for number in 0..round {
                let value = u32::to_string(&number);
                assert!(!distinct.contains(value.as_bytes()), "{number} of {round}");
                distinct.insert(value.as_bytes(), number);
            }
            assert_eq!(distinct.len(), round as usize);
            for (value, number) in distinct.iter() {
                assert_eq!(value, number.to_string().as_bytes());
            }
            assert!(
                distinct.contains(b"0") && distinct.contains((round - 1).to_string().as_bytes())
            );
            assert!(!distinct.contains(round.to_string().as_bytes()));
            distinct.clear();
            assert!(!distinct.contains(b"0"));
        }
    }
}
