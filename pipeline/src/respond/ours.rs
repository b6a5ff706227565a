//! Whose that is which a partner speaks of, of what we sent.

use x12_parser::Withheld;

use crate::doors::Doors;
use crate::failure::Result;
use crate::job::Job;
use crate::ledger::Reference;
use crate::paper::digest;

/// What we sent to a job's partner.
pub struct Ours<'a> {
    job: &'a Job,
    doors: &'a Doors,
    /// How much was looked up and not found.
    pub unmatched: u64,
}

impl<'a> Ours<'a> {
    pub fn of(job: &'a Job, doors: &'a Doors) -> Self {
        Self {
            job,
            doors,
            unmatched: 0,
        }
    }

    /// The arrival that brought what was sent; none if the partner was sent no such thing.
    pub fn sent(&mut self, what: &Reference<'_>) -> Result<Option<String>> {
        let sent = self.doors.ledger.sent(&self.job.partner, what);
        let submission = self.doors.wait(sent)?;
        self.unmatched += u64::from(submission.is_none());
        Ok(submission)
    }

    /// By what the ledger knows the reference of a transaction set.
    pub fn digest(&self, reference: &Withheld) -> String {
        digest(self.doors, &self.job.partner, reference.reveal())
    }
}

/// What was looked up last: an acknowledgment speaks of one thing for long.
pub struct Last<K, V>(Option<(K, V)>);

impl<K, V> Default for Last<K, V> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K: Clone + PartialEq, V> Last<K, V> {
    /// What is known under a key; looked up if the last was another.
    pub fn look(&mut self, key: &K, look: impl FnOnce() -> Result<V>) -> Result<&V> {
        let known = self.0.take().filter(|(known, _)| known == key);
        let (_, value) = self.0.insert(match known {
            Some(known) => known,
            None => (key.clone(), look()?),
        });
        Ok(value)
    }

    /// What was looked up last.
    pub fn value(&self) -> Option<&V> {
        self.0.as_ref().map(|(_, value)| value)
    }
}
