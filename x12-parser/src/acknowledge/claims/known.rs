//! What a document says of its parties, levels, claims and lines, while they are open. Holds values, so it has no `Debug`.

use x12_schemas::table::Role;

use crate::value::is_date;

/// What was said in one place, by role; what is said twice counts the first time.
#[derive(Default)]
pub(crate) struct Known(Vec<(Role, Vec<Vec<u8>>)>);

impl Known {
    pub(crate) fn say(&mut self, role: Role, parts: Vec<Vec<u8>>) {
        let says_something = parts.iter().any(|part| !part.is_empty());
        if says_something && self.get(role).is_none() {
            self.0.push((role, parts));
        }
    }

    fn get(&self, role: Role) -> Option<&[Vec<u8>]> {
        let mut known = self.0.iter();
        let (_, parts) = known.find(|(other, _)| *other == role)?;
        Some(parts)
    }

    /// A part of what a role says, from one: an element of a party, a component of an element. Empty if it says nothing.
    pub(crate) fn part(&self, role: Role, number: usize) -> &[u8] {
        let parts = self.get(role).unwrap_or_default();
        parts.get(number - 1).map_or(&[], Vec::as_slice)
    }
}

/// What is said in the open levels, the transaction set first.
pub(crate) struct Levels(Vec<Known>);

impl Levels {
    pub(crate) fn new() -> Self {
        Self(vec![Known::default()])
    }

    pub(crate) fn open(&mut self) {
        self.0.push(Known::default());
    }

    pub(crate) fn close(&mut self) {
        self.0.pop();
    }

    pub(crate) fn innermost(&mut self) -> Option<&mut Known> {
        self.0.last_mut()
    }

    /// As [`Known::part`], by the innermost level that says it.
    pub(crate) fn part(&self, role: Role, number: usize) -> &[u8] {
        let mut parts = self.0.iter().rev().map(|known| known.part(role, number));
        parts.find(|part| !part.is_empty()).unwrap_or_default()
    }

    /// The party of a role: that of the innermost level that names one.
    pub(crate) fn party(&self, role: Role) -> Party<'_> {
        let known = self.0.iter().rev().find(|known| known.get(role).is_some());
        Party { known, role }
    }
}

/// A party: the elements of its NM1.
pub(crate) struct Party<'k> {
    known: Option<&'k Known>,
    role: Role,
}

impl<'k> Party<'k> {
    /// An element, from one.
    pub(crate) fn element(&self, number: usize) -> &'k [u8] {
        self.known
            .map_or(&[], |known| known.part(self.role, number))
    }
}

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
