//! The verdicts on the transaction sets of a document, as one stage writes and the next reads them: an object of short lines.
//!
//! A line for each transaction set in the order of the document, and one for each group and interchange that is rejected: these come
//! behind their sets, so the reader first looks for them all.

use std::collections::HashSet;
use std::io::{self, BufRead, Write};

/// Writes verdicts.
pub struct VerdictWriter<W>(pub W);

impl<W: Write> VerdictWriter<W> {
    /// A transaction set that may be forwarded, or not.
    ///
    /// # Errors
    /// What writing gives.
    pub fn set(&mut self, place: [u32; 3], is_good: bool) -> io::Result<()> {
        let [interchange, group, set] = place;
        let word = if is_good { "good" } else { "bad" };
        writeln!(self.0, "set {interchange} {group} {set} {word}")
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
            match words(&line?)? {
                ("set", _, true) => continue,
                ("group", [interchange, group, _], _) => {
                    rejected.groups.insert((interchange, group));
                }
                ("interchange", [interchange, ..], _) => {
                    rejected.interchanges.insert(interchange);
                }
                _ => {}
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
}

/// The transaction sets that may be forwarded, in the order of the document.
pub struct Forwarded<R> {
    verdicts: io::Lines<R>,
    rejected: Rejected,
}

impl<R: BufRead> Forwarded<R> {
    /// Of these verdicts.
    pub fn new(verdicts: R, rejected: Rejected) -> Self {
        Self {
            verdicts: verdicts.lines(),
            rejected,
        }
    }

    /// Whether the next transaction set may be forwarded, which is the one of that place.
    ///
    /// # Errors
    /// What reading gives; [`io::ErrorKind::InvalidData`] if the next verdict is not on that set: then nothing may be forwarded.
    pub fn next(&mut self, place: [u32; 3]) -> io::Result<bool> {
        for line in self.verdicts.by_ref() {
            if let ("set", of, is_good) = words(&line?)? {
                let [interchange, group, _] = of;
                let whole = self.rejected.interchanges.contains(&interchange)
                    || self.rejected.groups.contains(&(interchange, group));
                return if of == place {
                    Ok(is_good && !whole)
                } else {
                    Err(broken())
                };
            }
        }
        Err(broken())
    }
}

fn words(line: &str) -> io::Result<(&str, [u32; 3], bool)> {
    let mut words = line.split(' ');
    let kind = words.next().unwrap_or_default();
    let mut place = [0; 3];
    let parts = match kind {
        "set" => 3,
        "group" => 2,
        "interchange" => 1,
        _ => return Err(broken()),
    };
    for part in place.iter_mut().take(parts) {
        *part = words
            .next()
            .and_then(|word| word.parse().ok())
            .ok_or_else(broken)?;
    }
    Ok((kind, place, words.next() == Some("good")))
}

fn broken() -> io::Error {
    io::ErrorKind::InvalidData.into()
}
