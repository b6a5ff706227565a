//! Whether a value is of its data type: characters, digits, dates and times, without ever turning it into a number.

/// Classes of bytes inside an element.
pub(crate) const BAD: u8 = 1;
pub(crate) const COMPONENT: u8 = 2;
pub(crate) const REPETITION: u8 = 4;

/// For each byte, whether it may stand in a string of X12's extended character set.
///
/// Not in it: control characters, `^`, the grave accent and everything beyond ASCII (x12-standard §2: UTF-8 only by agreement).
pub(crate) const CLASSES: [u8; 256] = {
    let mut classes = [BAD; 256];
    let mut byte = 0x20;
    while byte < 0x7F {
        classes[byte] = if byte == b'^' as usize || byte == b'`' as usize {
            BAD
        } else {
            0
        };
        byte += 1;
    }
    classes
};

/// Digits of a whole number, its sign aside; `None` if it is not one.
pub(crate) fn whole_digits(value: &[u8]) -> Option<usize> {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    (!digits.is_empty() && digits.iter().all(u8::is_ascii_digit)).then_some(digits.len())
}

/// Digits of a decimal number, its sign and point aside; `None` if it is not one.
pub(crate) fn decimal_digits(value: &[u8]) -> Option<usize> {
    let rest = value.strip_prefix(b"-").unwrap_or(value);
    let (mut digits, mut points) = (0, 0);
    for &byte in rest {
        match byte {
            b'0'..=b'9' => digits += 1,
            b'.' => points += 1,
            _ => return None,
        }
    }
    (digits > 0 && points <= 1).then_some(digits)
}

/// Whether eight digits (CCYYMMDD) or six (YYMMDD) are a day of the calendar.
pub(crate) fn is_date(value: &[u8]) -> bool {
    if !value.iter().all(u8::is_ascii_digit) || !matches!(value.len(), 6 | 8) {
        return false;
    }
    let (year, day) = value.split_at(value.len() - 4);
    let year = year
        .iter()
        .fold(0, |year, &b| year * 10 + u32::from(b - b'0'));
    let (month, day) = (two(day, 0), two(day, 2));
    // Two-digit years: 00 counts as a leap year, as 2000 was.
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Whether digits are a time of day: HHMM, HHMMSS, or that with one or two decimals of a second.
pub(crate) fn is_time(value: &[u8]) -> bool {
    if !value.iter().all(u8::is_ascii_digit) || !matches!(value.len(), 4 | 6..=8) {
        return false;
    }
    two(value, 0) < 24 && two(value, 2) < 60 && (value.len() == 4 || two(value, 4) < 60)
}

fn two(digits: &[u8], at: usize) -> u32 {
    u32::from(digits[at] - b'0') * 10 + u32::from(digits[at + 1] - b'0')
}

/// What a date or time that is written in a named format turns out to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Formatted {
    Fits,
    BadDate,
    BadTime,
}

/// Checks a value against the format that a qualifier names (data element 1250); a format that is not known fits anything.
pub(crate) fn formatted(format: &[u8], value: &[u8]) -> Formatted {
    let date = |fits: bool| {
        if fits {
            Formatted::Fits
        } else {
            Formatted::BadDate
        }
    };
    match format {
        b"D8" => date(value.len() == 8 && is_date(value)),
        b"D6" => date(value.len() == 6 && is_date(value)),
        b"RD8" => date(is_range(value, 8)),
        b"RD6" => date(is_range(value, 6)),
        b"DT" => date_and_time(value, 12),
        b"RTS" => date_and_time(value, 14),
        b"TM" if value.len() == 4 && is_time(value) => Formatted::Fits,
        b"TS" if value.len() == 6 && is_time(value) => Formatted::Fits,
        b"TM" | b"TS" => Formatted::BadTime,
        _ => Formatted::Fits,
    }
}

fn is_range(value: &[u8], digits: usize) -> bool {
    value.len() == 2 * digits + 1
        && value[digits] == b'-'
        && is_date(&value[..digits])
        && is_date(&value[digits + 1..])
}

fn date_and_time(value: &[u8], digits: usize) -> Formatted {
    match value.split_at_checked(8) {
        Some((day, time)) if value.len() == digits && is_date(day) => {
            if is_time(time) {
                Formatted::Fits
            } else {
                Formatted::BadTime
            }
        }
        _ => Formatted::BadDate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_calendar() {
        for good in ["20240229", "20000229", "20231231", "000229", "991231"] {
            assert!(is_date(good.as_bytes()), "{good}");
        }
        for bad in [
            "20230229", "19000229", "20231301", "20230431", "2023011", "2023010a", "00000000", "",
        ] {
            assert!(!is_date(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn formats_are_checked_by_their_qualifier() {
        assert_eq!(formatted(b"RD8", b"20240101-20240131"), Formatted::Fits);
        assert_eq!(formatted(b"RD8", b"20240101"), Formatted::BadDate);
        assert_eq!(formatted(b"DT", b"202401012460"), Formatted::BadTime);
        assert_eq!(formatted(b"TM", b"2359"), Formatted::Fits);
        assert_eq!(formatted(b"TM", b"2400"), Formatted::BadTime);
    }

    #[test]
    fn numbers_count_their_digits() {
        assert_eq!(decimal_digits(b"-12.50"), Some(4));
        assert_eq!(decimal_digits(b".5"), Some(1));
        assert_eq!(decimal_digits(b"1.2.3"), None);
        assert_eq!(decimal_digits(b"-"), None);
        assert_eq!(whole_digits(b"-007"), Some(3));
        assert_eq!(whole_digits(b"1.0"), None);
    }
}
