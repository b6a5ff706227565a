//! The date and time of day in UTC, as acknowledgments carry them.

use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

const SECONDS_OF_DAY: u64 = 86_400;

/// Now, as CCYYMMDD and HHMM.
pub fn now() -> (String, String) {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let (year, month, day) = civil(seconds / SECONDS_OF_DAY);
    let minutes = seconds % SECONDS_OF_DAY / 60;
    (
        format!("{year:04}{month:02}{day:02}"),
        format!("{:02}{:02}", minutes / 60, minutes % 60),
    )
}

/// Year, month and day of a day counted from 1970-01-01.
fn civil(mut days: u64) -> (u64, usize, u64) {
    let mut year = 1970;
    while days >= days_of_year(year) {
        days -= days_of_year(year);
        year += 1;
    }
    let mut month = 1;
    while days >= days_of_month(year, month) {
        days -= days_of_month(year, month);
        month += 1;
    }
    (year, month, days + 1)
}

/// Whether CCYYMMDD names a day that exists.
pub fn is_date(text: &str) -> bool {
    let part =
        |range: Range<usize>| digits(text, 8).and_then(|text| text.get(range)?.parse::<u64>().ok());
    let (Some(year), Some(month), Some(day)) = (part(0..4), part(4..6), part(6..8)) else {
        return false;
    };
    (1..=12).contains(&month) && (1..=days_of_month(year, month as usize)).contains(&day)
}

/// Whether HHMM names a time of day.
pub fn is_time(text: &str) -> bool {
    let part =
        |range: Range<usize>| digits(text, 4).and_then(|text| text.get(range)?.parse::<u8>().ok());
    part(0..2).is_some_and(|hours| hours < 24) && part(2..4).is_some_and(|minutes| minutes < 60)
}

fn digits(text: &str, length: usize) -> Option<&str> {
    (text.len() == length && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

fn days_of_year(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_of_month(year: u64, month: usize) -> u64 {
    const DAYS: [u64; 13] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    DAYS[month] + u64::from(month == 2 && is_leap(year))
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        let cases = [
            (0, (1970, 1, 1)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (20_780, (2026, 11, 23)),
        ];
        for (days, date) in cases {
            assert_eq!(civil(days), date);
        }
    }

    #[test]
    fn only_days_that_exist_are_dates() {
        assert!(is_date("20240229") && is_date("20261123"));
        for wrong in [
            "20230229", "20261301", "20260001", "2026112", "2026112x", "", "+0261123",
        ] {
            assert!(!is_date(wrong), "{wrong}");
        }
        assert!(is_time("0000") && is_time("2359"));
        for wrong in ["2400", "1260", "12:0", "120", "+123"] {
            assert!(!is_time(wrong), "{wrong}");
        }
    }
}
