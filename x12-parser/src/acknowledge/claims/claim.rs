//! What a document says of a claim and its lines, while it is open. Holds values, so it has no `Debug`.

use x12_schemas::table::Role;

use crate::acknowledge::known::Known;
use crate::value::is_date;

/// A claim.
#[derive(Default)]
pub(crate) struct Claim {
    pub(crate) known: Known,
    /// Ordinal of its last line, and whether that is open.
    line: u64,
    in_line: bool,
    /// Those of its lines for which it is rejected.
    pub(crate) lines: Vec<(u64, Known)>,
    /// First and last day of service of its lines.
    days: Option<Days>,
}

/// First and last day, CCYYMMDD.
pub(crate) type Days = [[u8; 8]; 2];

impl Claim {
    /// A line opens; `is_told` says of which ones more than their days is kept.
    pub(crate) fn open_line(&mut self, is_told: impl FnOnce(u64) -> bool) {
        self.line += 1;
        self.in_line = true;
        if is_told(self.line) {
            self.lines.push((self.line, Known::default()));
        }
    }

    pub(crate) fn close_line(&mut self) {
        self.in_line = false;
    }

    pub(crate) fn say(&mut self, role: Role, parts: Vec<Vec<u8>>) {
        if role == Role::LineService {
            let days = parts.first().and_then(|value| days(value));
            self.days = match (self.days, days) {
                (Some([first, last]), Some(days)) => Some([first.min(days[0]), last.max(days[1])]),
                (known, days) => known.or(days),
            };
        }
        if !self.in_line {
            self.known.say(role, parts);
        } else if let Some((_, line)) = self.lines.last_mut().filter(|(line, _)| *line == self.line)
        {
            line.say(role, parts);
        }
    }

    /// Days of service: its own, else those of its lines.
    pub(crate) fn days(&self) -> Option<Days> {
        days(self.known.part(Role::Service, 1)).or(self.days)
    }
}

/// The days of CCYYMMDD, of a period CCYYMMDD-CCYYMMDD, and of either with times of day.
pub(crate) fn days(value: &[u8]) -> Option<Days> {
    let mut dates = value.split(|byte| *byte == b'-').map(|date| {
        let day = date.first_chunk::<8>().copied();
        day.filter(|day| is_date(day))
    });
    let first = dates.next()??;
    let last = dates.next().flatten().unwrap_or(first);
    Some([first.min(last), first.max(last)])
}

#[cfg(test)]
mod tests {
    use super::days;

    #[test]
    fn dates_and_periods_have_days() {
        for (value, first, last) in [
            ("20261003", "20261003", "20261003"),
            ("20261001-20261003", "20261001", "20261003"),
            ("20261003-20261001", "20261001", "20261003"),
            ("202610031200", "20261003", "20261003"),
            ("20261003-", "20261003", "20261003"),
        ] {
            let expected = [first, last].map(|day| *day.as_bytes().first_chunk().expect("8 bytes"));
            assert_eq!(days(value.as_bytes()), Some(expected), "{value}");
        }
        for value in ["", "2026100", "2026-10-03", "2026X003", "20261332"] {
            assert_eq!(days(value.as_bytes()), None, "{value}");
        }
    }
}
