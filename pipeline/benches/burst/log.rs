//! What the scaling hand tells in its log.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;

/// What was seen and decided at a moment.
#[derive(Clone, Copy)]
pub struct Look {
    /// Milliseconds since the burst.
    pub at_ms: u64,
    /// Files that waited or were in hand.
    pub depth: u64,
    /// Workers that there were.
    pub workers: u32,
}

/// What became of the burst.
pub struct Told {
    /// From the first that was taken in to the last, in milliseconds.
    pub taken_in_ms: u64,
    /// From the first that was taken in until nothing waited or was in hand, in milliseconds.
    pub drained_ms: u64,
    /// All looks, from the burst on.
    pub looks: Vec<Look>,
    /// Files that a worker did in so many milliseconds, as the rule had learned at last.
    learned: (u64, u64),
}

impl Told {
    /// Files that a worker does in a thousand seconds.
    pub fn rate(&self) -> u64 {
        let (did, in_ms) = self.learned;
        did * 1_000_000 / in_ms.max(1)
    }
}

/// A line of the log.
#[derive(Deserialize)]
struct Line {
    timestamp: String,
    message: String,
    #[serde(default)]
    depth: u64,
    #[serde(default)]
    workers: u32,
    #[serde(default)]
    did: u64,
    #[serde(default)]
    in_ms: u64,
}

/// Reads the log of a house in which so many files were taken in before the burst.
pub fn read(log: &Path, before: usize) -> io::Result<Told> {
    let (mut taken, mut looks, mut learned) = (Vec::new(), Vec::new(), (0, 0));
    for line in BufReader::new(File::open(log)?).lines() {
        let Ok(line) = serde_json::from_str::<Line>(&line?) else {
            continue;
        };
        let at: jiff::Timestamp = line.timestamp.parse().map_err(io::Error::other)?;
        let at_ms = u64::try_from(at.as_millisecond()).unwrap_or_default();
        match line.message.as_str() {
            "taken in" => taken.push(at_ms),
            "looked" => {
                looks.push(Look {
                    at_ms,
                    depth: line.depth,
                    workers: line.workers,
                });
                learned = (line.did, line.in_ms);
            }
            _ => {}
        }
    }
    let (Some(&first), Some(&last)) = (taken.get(before), taken.last()) else {
        return Err(io::Error::other("no burst was taken in"));
    };
    looks.retain(|look| look.at_ms >= first);
    looks
        .iter_mut()
        .for_each(|look| look.at_ms = look.at_ms.saturating_sub(first));
    let taken_in_ms = last - first;
    let is_empty = |look: &&Look| look.at_ms >= taken_in_ms && look.depth == 0;
    let drained = looks.iter().find(is_empty);
    let drained_ms = drained.ok_or_else(|| io::Error::other("the queue was never seen empty"))?;
    Ok(Told {
        taken_in_ms,
        drained_ms: drained_ms.at_ms,
        looks,
        learned,
    })
}
