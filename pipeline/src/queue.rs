//! The queue as a door: it says which job is to be done, and nothing more.

use std::time::Duration;

use async_trait::async_trait;

use crate::failure::Result;
use crate::object::{JobId, Step};

/// A part of the road: what one kind of worker does.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Part {
    /// From what came in to what goes on.
    Translate,
    /// Partners' answers.
    Respond,
    /// What leaves: to partners, and to our own systems.
    Deliver,
}

impl Part {
    /// The whole road.
    pub const ALL: [Self; 3] = [Self::Translate, Self::Respond, Self::Deliver];

    /// The part to which a step belongs.
    #[must_use]
    pub fn of(step: Step) -> Self {
        match step {
            Step::Deliver | Step::Forward => Self::Deliver,
            Step::Respond => Self::Respond,
            _ => Self::Translate,
        }
    }

    /// Whether any number of workers do its jobs at a time: deliveries go one after the other.
    #[must_use]
    pub fn is_shared(self) -> bool {
        self != Self::Deliver
    }

    /// Its name in queues.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Translate => "translate",
            Self::Respond => "respond",
            Self::Deliver => "deliver",
        }
    }
}

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
    /// The line in which it stands: jobs of one line are done one after the other, in the order in which they are taken.
    pub line: Option<u32>,
}

/// The queue.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Puts messages in, durably, and says which of them it has for certain; the same job twice is harmless.
    async fn publish(&self, notices: &[Notice]) -> Result<Vec<JobId>>;

    /// Takes the next messages of the parts that the process does, up to so many, and besides those of lines that there are; they come back
    /// by themselves if they are not settled within the time, in milliseconds.
    async fn take(&self, most: u32, now_ms: i64, within_ms: i64) -> Result<Vec<Delivery>>;

    /// Messages in hand come back by themselves at this moment at the earliest, in milliseconds since 1970.
    async fn keep(&self, deliveries: &[Delivery], until_ms: i64) -> Result<()>;

    /// Settles: the jobs are done, or dead.
    async fn confirm(&self, deliveries: &[Delivery]) -> Result<()>;

    /// Settles: the message comes again at a moment, in milliseconds since 1970.
    async fn again(&self, delivery: Delivery, at_ms: i64) -> Result<()>;

    /// The jobs whose messages are lost: none waits where they would.
    async fn lost(&self, notices: &[Notice]) -> Result<Vec<JobId>>;

    /// How many messages of these parts wait that somebody could take now.
    async fn depth(&self, parts: &[Part], now_ms: i64) -> Result<u64>;

    /// Whether it can be used now.
    async fn ready(&self) -> Result<()>;

    /// Waits until a message may be there, at most so long.
    async fn wait(&self, most: Duration);
}
