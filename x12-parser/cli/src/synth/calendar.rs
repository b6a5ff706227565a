//! Days as numbers, and dates and times as X12 writes them.

/// A day: days since 1 January 1970.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Day(pub(super) i64);

impl Day {
    /// Year, month and day of the Gregorian calendar (Howard Hinnant's `civil_from_days`).
    fn civil(self) -> (i64, i64, i64) {
        let shifted = self.0 + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (year_of_era + era * 400 + i64::from(month <= 2), month, day)
    }

    /// Appends CCYYMMDD.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        let (year, month, day) = self.civil();
        digits(
            year as u64 * 10_000 + month as u64 * 100 + day as u64,
            8,
            out,
        );
    }

    /// Appends YYMMDD.
    pub(super) fn write_short(self, out: &mut Vec<u8>) {
        let (year, month, day) = self.civil();
        digits(
            (year % 100) as u64 * 10_000 + month as u64 * 100 + day as u64,
            6,
            out,
        );
    }

    /// Appends the day in a format of data element 1250; `to` ends a range, `time` is HHMMSS.
    pub(super) fn write_as(self, format: &[u8], to: Self, time: u64, out: &mut Vec<u8>) {
        match format {
            b"RD8" | b"RD6" => {
                let one = if format == b"RD8" {
                    Self::write
                } else {
                    Self::write_short
                };
                one(self, out);
                out.push(b'-');
                one(to, out);
            }
            b"D6" => self.write_short(out),
            b"DT" => {
                self.write(out);
                digits(time / 100, 4, out);
            }
            b"RTS" => {
                self.write(out);
                digits(time, 6, out);
            }
            b"TM" => digits(time / 100, 4, out),
            b"TS" => digits(time, 6, out),
            _ => self.write(out),
        }
    }
}

/// Appends a number with leading zeros up to a width.
pub(super) fn digits(number: u64, width: usize, out: &mut Vec<u8>) {
    let mut text = [b'0'; 20];
    let mut at = text.len();
    let mut left = number;
    while left > 0 {
        at -= 1;
        text[at] = b'0' + (left % 10) as u8;
        left /= 10;
    }
    out.extend_from_slice(&text[at.min(text.len() - width.clamp(1, text.len()))..]);
}

/// Appends hundredths as decimal text without zeros at its end: 12500 is `125`, -1250 is `-12.5`.
pub(super) fn amount(cents: i64, out: &mut Vec<u8>) {
    if cents < 0 {
        out.push(b'-');
    }
    let cents = cents.unsigned_abs();
    digits(cents / 100, 1, out);
    match cents % 100 {
        0 => {}
        tenths if tenths % 10 == 0 => out.extend_from_slice(&[b'.', b'0' + (tenths / 10) as u8]),
        hundredths => {
            out.push(b'.');
            digits(hundredths, 2, out);
        }
    }
}
