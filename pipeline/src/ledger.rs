//! The ledger as a door: what came in, what is to be done, what came of it.
//!
//! It is the truth; the queue only says that there is something to do. Whatever a job made is recorded together with what follows, and
//! only by the worker whose lease still holds.

use async_trait::async_trait;

use crate::failure::{Failure, Result};
use crate::job::{Direction, Fact, InterchangeFact, Job, Outcome, Task};
use crate::object::{JobId, ObjectId};
use crate::queue::Notice;

/// Something that came in through a door.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Given at the door.
    pub id: JobId,
    /// The trading partner whose door it was, or for whom it was submitted.
    pub partner: String,
    /// Which way it goes.
    pub direction: Direction,
    /// Keyed digest of door, name and contents: the same transfer twice is one arrival.
    pub identity: String,
    /// What the sender called it; shown to operators, never logged.
    pub name: String,
    /// Length as it came.
    pub bytes: u64,
    /// When, in milliseconds since 1970.
    pub received_ms: i64,
    /// The arrival that this is a replay of.
    pub replay_of: Option<JobId>,
    /// What is to be done first.
    pub first: Task,
}

/// What became of the attempt to lease a job.
#[derive(Debug)]
pub enum Lease {
    /// It is yours.
    Taken(Box<Job>),
    /// It is somebody else's until then, in milliseconds since 1970, or not due before.
    Busy(i64),
    /// Nothing is left to do.
    Settled,
    /// There is no such job.
    Unknown,
}

/// What became of the wish to settle a job.
#[derive(Debug)]
pub enum Settled {
    /// Its lease was lost: nothing changed.
    Lost,
    /// It is settled; with the following job that was leased with it, if one was.
    Done(Option<Box<Job>>),
}

/// A number of ours that goes out, each given once for each receiver.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Number {
    /// ISA13.
    Interchange,
    /// GS06.
    Group,
    /// The reference of a transaction set that is divided, BHT03.
    Reference,
}

impl Number {
    /// Its name in the ledger.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Interchange => "interchange",
            Self::Group => "group",
            Self::Reference => "reference",
        }
    }
}

/// By what a partner's acknowledgment refers to something that we sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reference<'a> {
    /// TA101.
    Interchange {
        /// ISA13.
        isa13: &'a str,
    },
    /// AK101 and AK102.
    Group {
        /// GS01.
        gs01: &'a str,
        /// GS06.
        gs06: &'a str,
    },
    /// TRN02 of a 277CA, by its digest.
    Batch {
        /// The digest of BHT03.
        digest: &'a str,
    },
    /// OTI08 to OTI10 of an 824.
    Set {
        /// GS06.
        gs06: &'a str,
        /// ST01.
        st01: &'a str,
        /// ST02.
        st02: &'a str,
    },
}

/// What became of the wish to send an arrival once more.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Replay {
    /// This arrival is the replay.
    Begun(String),
    /// This arrival, itself or an earlier replay, has not ended yet.
    Running(String),
}

/// Where an arrival stands.
#[derive(Clone, Debug)]
pub struct ArrivalRow {
    /// Which.
    pub id: String,
    /// The trading partner.
    pub partner: String,
    /// `inbound`, `outbound`.
    pub direction: String,
    /// What the sender called it.
    pub name: String,
    /// Length as it came.
    pub bytes: i64,
    /// When, in milliseconds since 1970.
    pub received_ms: i64,
    /// `open`, `delivered`, `dead`, `quarantined`.
    pub state: String,
    /// Code of what went wrong.
    pub reason: String,
    /// The arrival that this is a replay of, or nothing.
    pub replay_of: String,
    /// How many transaction sets are in which state: `2 accepted, 1 rejected`.
    pub sets: String,
    /// How its first interchanges were answered, by us or the partner.
    pub answers: String,
    /// Where what was made of it went: places and names.
    pub delivered: Vec<String>,
}

/// A job as the trace shows it.
#[derive(Clone, Debug)]
pub struct JobRow {
    /// Which.
    pub id: String,
    /// Its arrival.
    pub arrival: String,
    /// Its step.
    pub step: String,
    /// What it is to do, as JSON.
    pub task: String,
    /// `ready`, `leased`, `done`, `dead`, `quarantined`.
    pub state: String,
    /// Tries so far.
    pub attempts: i64,
    /// When it last changed, in milliseconds since 1970.
    pub changed_ms: i64,
    /// Code of what went wrong.
    pub reason: String,
    /// The stage's word.
    pub note: String,
}

/// An interchange, group or transaction set as the trace shows it.
#[derive(Clone, Debug)]
pub struct UnitRow {
    /// `interchange`, `group`, `set`.
    pub kind: String,
    /// Ordinals of interchange, group and set.
    pub place: [i64; 3],
    /// Kind and control number: ISA13; GS01, GS06; ST01, ST02.
    pub identity: String,
    /// `accepted`, `rejected`, `sent` …
    pub state: String,
    /// The answer that was given, or came: `TA1 A 000`, `suppressed: …`.
    pub answer: String,
}

/// What stands still or waits, for who watches over it all.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Jobs that are not settled, by step and state.
    pub jobs: Vec<Waiting>,
    /// Arrivals that did not reach their end, by state.
    pub stopped: Vec<(String, i64)>,
    /// Groups that we sent and that were not acknowledged, by partner.
    pub unanswered: Vec<Unanswered>,
}

/// Jobs that are not settled.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Their step.
    pub step: String,
    /// Their state: `ready`, `leased`, `batched`.
    pub state: String,
    /// How many there are.
    pub count: i64,
    /// When the oldest was created, in milliseconds since 1970.
    pub oldest_ms: i64,
}

/// Groups that a partner has not acknowledged.
#[derive(Clone, Debug)]
pub struct Unanswered {
    /// The partner.
    pub partner: String,
    /// How many there are.
    pub count: i64,
    /// When the oldest was submitted, in milliseconds since 1970.
    pub oldest_ms: i64,
}

/// With which job one goes on when another is settled.
#[derive(Clone, Copy, Debug)]
pub enum On {
    /// The first that follows it of the same part of the road; no message tells of that one then.
    Following,
    /// This one, whose message waits behind its own.
    Waiting(JobId),
}

/// The ledger.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Records arrivals, each with its first job, all or none; as which arrival each is known: where it is another, the same transfer came
    /// before, and nothing changes.
    async fn arrive(&self, arrivals: &[Arrival]) -> Result<Vec<JobId>>;

    /// Leases jobs until a moment, in milliseconds since 1970; what became of each. That counts as a try, unless the job was left.
    async fn lease(&self, jobs: &[JobId], now_ms: i64, until_ms: i64) -> Result<Vec<Lease>>;

    /// Counts a try of a job that was left, as it begins: while it waits for it, another may end its process. False if its lease is lost.
    async fn begin(&self, job: &Job) -> Result<bool>;

    /// Makes a lease longer; false if it is lost.
    async fn renew(&self, job: &Job, until_ms: i64) -> Result<bool>;

    /// Records facts ahead of their job; false if its lease is lost, and then nothing changes.
    async fn note(&self, job: &Job, facts: &[Fact]) -> Result<bool>;

    /// Records what a job made and what follows, and settles it. Who goes on at once has the next job leased with it, until a moment in
    /// milliseconds since 1970, if it is free.
    async fn complete(
        &self,
        job: &Job,
        outcome: &Outcome,
        now_ms: i64,
        on: Option<(On, i64)>,
    ) -> Result<Settled>;

    /// What jobs are to do, as far as they are known, in any order.
    async fn tasks(&self, jobs: &[JobId]) -> Result<Vec<Task>>;

    /// What is delivered with a job that is not delivered alone, its own object among them, in order. When such a job is first leased it
    /// takes along all to its partner of the same kind that are due then, and they are settled with it: so it is the same again whenever
    /// the job is done again.
    async fn batch(&self, job: JobId) -> Result<Vec<ObjectId>>;

    /// Records that a job failed: to be done again at a moment, or, without one, never; false if its lease is lost. If no message tells
    /// of the job, one is published then.
    async fn fail(
        &self,
        job: &Job,
        failure: Failure,
        again_ms: Option<i64>,
        now_ms: i64,
    ) -> Result<bool>;

    /// The interchanges of an arrival, as they were recorded, without their answers.
    async fn interchanges(&self, arrival: JobId) -> Result<Vec<InterchangeFact>>;

    /// Draws a number for a receiver, the same again for the same job and ordinal.
    async fn draw(&self, job: &Job, number: Number, ordinal: u32) -> Result<u32>;

    /// Claims a received interchange by its key; the arrival that has it already, if another does, since a moment.
    async fn claim(&self, job: &Job, key: &str, since_ms: i64) -> Result<Option<JobId>>;

    /// The arrival of which we made what a partner refers to, if there is one; of several the latest.
    async fn sent(&self, partner: &str, what: &Reference<'_>) -> Result<Option<String>>;

    /// Messages that are to be published by now, oldest first. Others may not be told of them for some seconds.
    async fn outbox(&self, now_ms: i64, most: u32) -> Result<Vec<Notice>>;

    /// Lets messages that could not be published wait until a moment, in milliseconds since 1970: they hold up no others.
    async fn postpone(&self, jobs: &[JobId], until_ms: i64) -> Result<()>;

    /// Says that messages are published.
    async fn published(&self, jobs: &[JobId]) -> Result<()>;

    /// Jobs that are to be done and of which nobody has heard since a moment, in milliseconds since 1970: their messages may be lost.
    async fn silent(&self, before_ms: i64, most: u32) -> Result<Vec<Notice>>;

    /// Jobs whose leases ended so long before a moment, both in milliseconds, and which were not put out since: they were left, and there may
    /// never have been a message. So were those that only a clock that was wrong can have leased.
    async fn left(&self, now_ms: i64, for_ms: i64, most: u32) -> Result<Vec<Notice>>;

    /// Puts the messages of such jobs into the outbox once more.
    async fn remind(&self, jobs: &[JobId], now_ms: i64) -> Result<()>;

    /// Sends an arrival down the road once more, as it came; nothing if there is none such.
    async fn replay(&self, original: &str, replay: JobId, now_ms: i64) -> Result<Option<Replay>>;

    /// How many arrivals there are, by direction and state. All are counted, of years: for who asks once.
    async fn arrived(&self) -> Result<Vec<(String, String, i64)>>;

    /// Jobs that are not settled, by step and state.
    async fn waiting(&self) -> Result<Vec<Waiting>>;

    /// What stands still or waits.
    async fn standing(&self) -> Result<Standing>;

    /// The latest arrivals, or, with a state, those in it.
    async fn arrivals(&self, state: Option<&str>, most: u32) -> Result<Vec<ArrivalRow>>;

    /// The arrivals whose identifier begins or ends so.
    async fn find(&self, part: &str) -> Result<Vec<ArrivalRow>>;

    /// The jobs of an arrival, in the order in which they came to be.
    async fn jobs(&self, arrival: &str) -> Result<Vec<JobRow>>;

    /// The interchanges, groups and transaction sets of an arrival, up to so many.
    async fn units(&self, arrival: &str, most: u32) -> Result<Vec<UnitRow>>;
}
