//! Which types of check are made, by the numbers of SNIP.

use std::str::FromStr;

/// A choice of SNIP types; all seven by default. They are switched one by one, none rests on another.
///
/// # Examples
/// ```
/// use x12_parser::SnipTypes;
///
/// let types: SnipTypes = "1-2,5".parse()?;
/// assert!(types.contains(5) && !types.contains(3));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SnipTypes {
    /// Bit n for type n.
    bits: u8,
}

impl SnipTypes {
    /// All types.
    pub const ALL: Self = Self { bits: 0b1111_1110 };

    /// Whether a type is chosen.
    #[must_use]
    pub fn contains(self, snip: u8) -> bool {
        let bit = 1_u8.checked_shl(u32::from(snip));
        bit.is_some_and(|bit| self.bits & bit != 0)
    }
}

impl Default for SnipTypes {
    fn default() -> Self {
        Self::ALL
    }
}

impl FromStr for SnipTypes {
    type Err = &'static str;

    /// Reads numbers and ranges: `2`, `1-2`, `1,3`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let snip = |text: &str| {
            text.trim()
                .parse()
                .ok()
                .filter(|snip| (1..=7).contains(snip))
        };
        let mut bits = 0;
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (Some(first), Some(last)) = (snip(first), snip(last)) else {
                return Err("types are numbers from 1 to 7: `2`, `1-2`, `1,3`");
            };
            if first > last {
                return Err("a range goes upwards: `1-2`");
            }
            bits |= (first..=last).fold(0, |bits, snip: u8| bits | 1 << snip);
        }
        Ok(Self { bits })
    }
}

#[cfg(test)]
mod tests {
    use super::SnipTypes;

    #[test]
    fn snip_types_are_ranges_and_lists() {
        let chosen = |text: &str| {
            text.parse()
                .map(|types: SnipTypes| (1..=7).filter(|&snip| types.contains(snip)).collect())
        };
        assert_eq!(chosen("1-2"), Ok(vec![1, 2]));
        assert_eq!(chosen("1,4-5"), Ok(vec![1, 4, 5]));
        assert_eq!(chosen("7"), Ok(vec![7]));
        for wrong in ["", "0", "8", "2-1", "1-", "a", "1-2-3", "300"] {
            assert!(wrong.parse::<SnipTypes>().is_err(), "{wrong}");
        }
    }
}
