//! The verdicts on the transaction sets of a document, as one stage writes and the next reads them: an object of short lines.
//!
//! A line for each transaction set in the order of the document, behind it one for each range of its records that are rejected, and one
//! for each group and interchange that is rejected: these come behind their sets, so the reader first looks for them all.

use std::collections::HashSet;
use std::io::{self, BufRead, Write};

/// What becomes of a transaction set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fate {
    /// It goes on.
    Good,
    /// It goes on without the records that are rejected.
    Divided,
    /// It does not go on.
    Bad,
}

impl Fate {
    const ALL: [Self; 3] = [Self::Good, Self::Divided, Self::Bad];

    fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Divided => "divided",
            Self::Bad => "bad",
        }
    }
}

/// Writes verdicts.
pub struct VerdictWriter<W>(pub W);

impl<W: Write> VerdictWriter<W> {
    /// What becomes of a transaction set.
    ///
    /// # Errors
    /// What writing gives.
    pub fn set(&mut self, place: [u32; 3], fate: Fate) -> io::Result<()> {
        let [interchange, group, set] = place;
        let word = fate.word();
        writeln!(self.0, "set {interchange} {group} {set} {word}")
    }

    /// Records of the last transaction set that are rejected, from the first to the last of them; in their order, none twice.
    ///
    /// # Errors
    /// What writing gives.
    pub fn records(&mut self, first: u64, last: u64) -> io::Result<()> {
        writeln!(self.0, "records {first} {last}")
    }

    /// A group that is rejected.
    ///
    /// # Errors
    /// What writing gives.
    pub fn group(&mut self, interchange: u32, group: u32) -> io::Result<()> {
        writeln!(self.0, "group {interchange} {group}")
    }

    /// An interchange that is rejected.
    ///
    /// # Errors
    /// What writing gives.
    pub fn interchange(&mut self, interchange: u32) -> io::Result<()> {
        writeln!(self.0, "interchange {interchange}")
    }
}

/// What is rejected: whether anything is, and the groups and interchanges.
#[derive(Debug, Default)]
pub struct Rejected {
    any: bool,
    divided: bool,
    groups: HashSet<(u32, u32)>,
    interchanges: HashSet<u32>,
}

impl Rejected {
    /// Reads all verdicts for what is rejected as a whole.
    ///
    /// # Errors
    /// What reading gives; [`io::ErrorKind::InvalidData`] if these are no verdicts.
    pub fn read(verdicts: impl BufRead) -> io::Result<Self> {
        let mut rejected = Self::default();
        for line in verdicts.lines() {
            match Line::read(&line?)? {
                Line::Set(_, Fate::Good) => continue,
                Line::Set(_, fate) => rejected.divided |= fate == Fate::Divided,
                Line::Group(interchange, group) => {
                    rejected.groups.insert((interchange, group));
                }
                Line::Interchange(interchange) => {
                    rejected.interchanges.insert(interchange);
                }
                Line::Records(..) => {}
            }
            rejected.any = true;
        }
        Ok(rejected)
    }

    /// Whether anything may not be forwarded.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.any
    }

    /// Whether a transaction set goes on without some of its records.
    #[must_use]
    pub fn has_divided(&self) -> bool {
        self.divided
    }

    fn holds(&self, [interchange, group, _]: [u32; 3]) -> bool {
        self.interchanges.contains(&interchange) || self.groups.contains(&(interchange, group))
    }
}

/// What becomes of the transaction sets, in the order of the document.
pub struct Forwarded<'r, R> {
    verdicts: io::Lines<R>,
    rejected: &'r Rejected,
    /// The next range of rejected records of the set in hand, or, once one was read, the next line of another kind.
    waiting: Option<Line>,
}

impl<'r, R: BufRead> Forwarded<'r, R> {
    /// Of these verdicts.
    pub fn new(verdicts: R, rejected: &'r Rejected) -> Self {
        Self {
            verdicts: verdicts.lines(),
            rejected,
            waiting: None,
        }
    }

    /// What becomes of the next transaction set, which is the one of that place.
    ///
    /// # Errors
    /// What reading gives; [`io::ErrorKind::InvalidData`] if the next verdict is not on that set: then nothing may be forwarded.
    pub fn next(&mut self, place: [u32; 3]) -> io::Result<Fate> {
        while let Some(line) = self.line()? {
            match line {
                Line::Set(of, _) if of != place => break,
                Line::Set(of, _) if self.rejected.holds(of) => return Ok(Fate::Bad),
                Line::Set(_, fate) => return Ok(fate),
                _ => {}
            }
        }
        Err(broken())
    }

    /// Whether a record of the transaction set in hand is rejected; records are asked for in their order.
    ///
    /// # Errors
    /// What reading gives.
    pub fn rejects(&mut self, record: u64) -> io::Result<bool> {
        while let Some(line) = self.line()? {
            self.waiting = match line {
                Line::Records(_, last) if last < record => continue,
                line => Some(line),
            };
            let range = self.waiting.as_ref();
            return Ok(matches!(range, Some(Line::Records(first, _)) if *first <= record));
        }
        Ok(false)
    }

    fn line(&mut self) -> io::Result<Option<Line>> {
        if self.waiting.is_some() {
            return Ok(self.waiting.take());
        }
        let line = self.verdicts.next().transpose()?;
        line.as_deref().map(Line::read).transpose()
    }
}

/// A line.
enum Line {
    Set([u32; 3], Fate),
    Records(u64, u64),
    Group(u32, u32),
    Interchange(u32),
}

impl Line {
    fn read(line: &str) -> io::Result<Self> {
        let mut words = line.split(' ');
        let kind = words.next().unwrap_or_default();
        let words: Vec<_> = words.collect();
        let number = |word: &str| word.parse().map_err(|_| broken());
        let long = |word: &str| word.parse().map_err(|_| broken());
        match (kind, &words[..]) {
            ("set", [interchange, group, set, fate]) => {
                let fate = Fate::ALL.into_iter().find(|known| known.word() == *fate);
                let place = [number(interchange)?, number(group)?, number(set)?];
                Ok(Self::Set(place, fate.ok_or_else(broken)?))
            }
            ("records", [first, last]) => Ok(Self::Records(long(first)?, long(last)?)),
            ("group", [interchange, group]) => {
                Ok(Self::Group(number(interchange)?, number(group)?))
            }
            ("interchange", [interchange]) => Ok(Self::Interchange(number(interchange)?)),
            _ => Err(broken()),
        }
    }
}

fn broken() -> io::Error {
    io::ErrorKind::InvalidData.into()
}
