//! Lines of messages whose jobs are done one after the other, in order: what is to be done next is known while one is being done.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::object::JobId;
use crate::queue::Delivery;

/// The lines that are being worked off, and who waits in each.
#[derive(Default)]
pub(super) struct Lines(Mutex<HashMap<u32, VecDeque<Delivery>>>);

impl Lines {
    /// Puts a message at the end of its line; whether nobody works that off yet.
    pub(super) fn join(&self, line: u32, delivery: Delivery) -> bool {
        match self.lock().entry(line) {
            Entry::Occupied(mut waiting) => {
                waiting.get_mut().push_back(delivery);
                false
            }
            Entry::Vacant(nobody) => {
                nobody.insert(VecDeque::from([delivery]));
                true
            }
        }
    }

    /// The job of the first that waits behind a message.
    pub(super) fn behind(&self, message: Option<Delivery>) -> Option<JobId> {
        let line = message?.line?;
        Some(self.lock().get(&line)?.front()?.job)
    }

    /// A message and all that wait behind it.
    pub(super) fn held(&self, message: Option<Delivery>) -> Vec<Delivery> {
        let lines = self.lock();
        let line = message.and_then(|message| lines.get(&message.line?));
        let behind = line.into_iter().flatten().copied();
        message.into_iter().chain(behind).collect()
    }

    /// Works a line off: its end, however that comes, is that of what is given.
    pub(super) fn work_off(&self, line: u32) -> Working<'_> {
        Working {
            lines: self,
            line,
            has_ended: false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, VecDeque<Delivery>>> {
        // Nothing that may panic leaves it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line that is being worked off. Messages that wait in it when this is dropped stay unsettled, and come again.
pub(super) struct Working<'l> {
    lines: &'l Lines,
    line: u32,
    has_ended: bool,
}

impl Working<'_> {
    /// The first in the line. If there is none the line ends, and who comes then begins it anew.
    pub(super) fn next(&mut self) -> Option<Delivery> {
        if self.has_ended {
            return None;
        }
        let mut lines = self.lines.lock();
        let next = lines.get_mut(&self.line).and_then(VecDeque::pop_front);
        if next.is_none() {
            lines.remove(&self.line);
            self.has_ended = true;
        }
        next
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.lines.lock().remove(&self.line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(tag: i64) -> Delivery {
        Delivery {
            job: JobId::new(),
            tag,
            line: Some(7),
        }
    }

    #[test]
    fn lines_are_worked_off_by_one_and_in_order() {
        let (lines, all) = (Lines::default(), [message(1), message(2), message(3)]);
        let begun: Vec<_> = all.iter().map(|one| lines.join(7, *one)).collect();
        assert_eq!(begun, [true, false, false]);
        let mut working = lines.work_off(7);
        let first = working.next();
        assert_eq!(first, Some(all[0]));
        assert_eq!(lines.behind(first), Some(all[1].job));
        assert_eq!(lines.held(first), all);
        assert_eq!(lines.held(None), []);
        let rest: Vec<_> = std::iter::from_fn(|| working.next()).collect();
        assert_eq!(rest, all[1..]);
        assert!(lines.join(7, all[0]), "the line has ended");
        drop(working);
        assert!(!lines.join(7, all[1]), "it was begun anew");
        drop(lines.work_off(7));
        assert!(lines.join(7, all[0]), "it was left");
    }
}
