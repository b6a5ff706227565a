//! Amounts as exact decimals: sums without floating point, whatever the number of places.

use std::fmt;

/// Decimal places that are kept; amounts have two, quantities and factors up to six.
const PLACES: u32 = 9;

/// Digits before the point that are kept: X12 has at most 18 in all.
const WHOLE: usize = 18;

const BILLION: i128 = 10_i128.pow(PLACES);

/// Ten to the power of its index.
const POWERS: [i128; PLACES as usize + 1] = {
    let mut powers = [1; PLACES as usize + 1];
    let mut power = 1;
    while power < powers.len() {
        powers[power] = powers[power - 1] * 10;
        power += 1;
    }
    powers
};

/// An exact decimal, in billionths. Shown as X12 has it: without places that say nothing.
#[derive(Clone, Copy, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Decimal(i128);

/// Shows that there is one: an amount may be a claim's.
impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decimal(…)")
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let billion = 10_u128.pow(PLACES);
        let (whole, places) = (
            self.0.unsigned_abs() / billion,
            self.0.unsigned_abs() % billion,
        );
        let sign = if self.0 < 0 { "-" } else { "" };
        if places == 0 {
            return write!(f, "{sign}{whole}");
        }
        let places = format!("{places:09}");
        write!(f, "{sign}{whole}.{}", places.trim_end_matches('0'))
    }
}

impl From<u32> for Decimal {
    fn from(whole: u32) -> Self {
        Self(i128::from(whole) * BILLION)
    }
}

impl Decimal {
    /// The value of type R or N, line breaks of a wrapped file aside; none if it is no number, or longer than any right one.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let (value, is_negative) = match value.strip_prefix(b"-") {
            Some(rest) => (rest, true),
            None => (value, false),
        };
        let (mut read, mut digits, mut places) = (0_u64, 0, None);
        for &byte in value {
            match byte {
                b'0'..=b'9' => {
                    digits += 1;
                    read = read.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                    places = places.map(|places: usize| places + 1);
                }
                b'.' if places.is_none() => places = Some(0),
                b'\r' | b'\n' => {}
                _ => return None,
            }
            // Eighteen digits are below 2^64: nothing has wrapped.
            if digits > WHOLE || places > Some(PLACES as usize) {
                return None;
            }
        }
        if digits == 0 {
            return None;
        }
        let shifted = i128::from(read) * POWERS[PLACES as usize - places.unwrap_or(0)];
        Some(Self(if is_negative { -shifted } else { shifted }))
    }

    /// Whether nothing smaller than one of so many parts is left: 100 for cents.
    pub(crate) fn is_whole_in(self, parts: i128) -> bool {
        match (i64::try_from(self.0), i64::try_from(BILLION / parts)) {
            // Nearly all are: dividing 128 bits takes ten times as long.
            (Ok(billionths), Ok(part)) => billionths % part == 0,
            _ => self.0 % (BILLION / parts) == 0,
        }
    }

    /// The sum; of what is beyond all amounts there is none.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::Decimal;

    fn sum(values: &[&str]) -> Option<Decimal> {
        let mut sum = Decimal::default();
        for value in values {
            sum = sum.plus(Decimal::parse(value.as_bytes())?)?;
        }
        Some(sum)
    }

    #[test]
    fn places_do_not_matter() {
        assert_eq!(sum(&["100", ".5", "-0.50", "1.005"]), sum(&["101.005000"]));
        assert_eq!(sum(&["0.1", "0.2"]), sum(&["0.3"]));
        assert_ne!(sum(&["0.1", "0.2"]), sum(&["0.30000001"]));
    }

    #[test]
    fn it_is_written_without_places_that_say_nothing() {
        for (value, written) in [
            ("100.00", "100"),
            ("-0.50", "-0.5"),
            (".125", "0.125"),
            ("1.005", "1.005"),
            ("-0", "0"),
        ] {
            let decimal = Decimal::parse(value.as_bytes()).expect("it is a number");
            assert_eq!(decimal.to_string(), written);
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for value in [
            "",
            "-",
            ".",
            "1.2.3",
            "1E3",
            "+1",
            "1,0",
            "1234567890123456789",
        ] {
            assert_eq!(Decimal::parse(value.as_bytes()), None, "{value}");
        }
    }
}
