//! The queue as a door: it says which job is to be done, and nothing more.

use std::time::Duration;

use async_trait::async_trait;

use crate::failure::Result;
use crate::object::{JobId, Step};

/// What a message says: which job is to be done, and by what a queue finds who does it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notice {
    /// The job to be done.
    pub job: JobId,
    /// The arrival that it follows from.
    pub arrival: JobId,
    /// Its step.
    pub step: Step,
    /// The trading partner.
    pub partner: String,
}

/// A message that was taken and must be settled, once, last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Delivery {
    /// The job to be done.
    pub job: JobId,
    /// By which the queue knows the message.
    pub tag: i64,
}

/// The queue.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Puts messages in, durably, and says which of them it has for certain; the same job twice is harmless.
    async fn publish(&self, notices: &[Notice]) -> Result<Vec<JobId>>;

    /// Takes the next messages, up to so many; they come back by themselves if they are not settled within the time, in milliseconds.
    async fn take(&self, most: u32, now_ms: i64, within_ms: i64) -> Result<Vec<Delivery>>;

    /// Settles: the jobs are done, or dead.
    async fn confirm(&self, deliveries: &[Delivery]) -> Result<()>;

    /// Settles: the message comes again at a moment, in milliseconds since 1970.
    async fn again(&self, delivery: Delivery, at_ms: i64) -> Result<()>;

    /// Whether messages wait where that of this job would: then it may be one of them.
    async fn may_hold(&self, notice: &Notice) -> Result<bool>;

    /// Waits until a message may be there, at most so long.
    async fn wait(&self, most: Duration);
}
