//! Jobs: what is to be done at one hop, what came of it, and what follows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::object::{JobId, ObjectId, Step};
use crate::queue::Part;

/// Which way a document goes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From a trading partner to the backend.
    Inbound,
    /// From the backend to a trading partner.
    Outbound,
}

impl Direction {
    /// Its name in the ledger.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// What a plain document is written in.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// X12.
    X12,
    /// JSON, one of the exact shapes.
    Json,
}

/// To whom something is delivered.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Address {
    /// The trading partner of the job.
    Partner,
    /// Our own systems.
    Backend,
}

/// What is delivered; the file's name begins with it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Parcel {
    /// TA1, 997 and 999, X12.
    Acknowledgment,
    /// 277CA, X12.
    Claims,
    /// 824, X12.
    Advice,
    /// Accepted transaction sets as JSON, a line each.
    Document,
    /// A submission as X12.
    Interchange,
    /// What a partner answered, or why a submission was refused: JSON, a line each.
    Response,
}

impl Parcel {
    /// Its name in the ledger and in file names.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Acknowledgment => "acknowledgment",
            Self::Advice => "advice",
            Self::Claims => "claims",
            Self::Document => "document",
            Self::Interchange => "interchange",
            Self::Response => "response",
        }
    }

    /// The ending of the file, before that of OpenPGP.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Acknowledgment | Self::Advice | Self::Claims | Self::Interchange => "edi",
            Self::Document | Self::Response => "ndjson",
        }
    }
}

/// What of a document can be read to its end: all of it, or, where it breaks off, the interchanges before.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Readable {
    /// As X12.
    pub x12: ObjectId,
    /// As JSON, a line for each transaction set.
    pub lines: ObjectId,
}

/// What one job is to do. Objects are named, never carried.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "step", rename_all = "lowercase")]
pub enum Task {
    /// Take OpenPGP off what came in.
    Decrypt {
        /// As it came.
        raw: ObjectId,
        /// Which way it goes.
        direction: Direction,
    },
    /// X12 to JSON lines, or a submission to X12 with our envelope.
    Translate {
        /// The plain document.
        plain: ObjectId,
        /// What it is written in.
        language: Language,
        /// Which way it goes.
        direction: Direction,
    },
    /// Check X12 against its guide and the partner's profile.
    Validate {
        /// The document as X12.
        x12: ObjectId,
        /// What of it goes on if it is accepted; absent if nothing can be read to its end, and of what goes out.
        readable: Option<Readable>,
        /// Which way it goes.
        direction: Direction,
    },
    /// Answer what came in.
    Acknowledge {
        /// The document as X12.
        x12: ObjectId,
        /// As in [`Task::Validate`].
        readable: Option<Readable>,
        /// Whether a partner's acknowledgments are among it.
        answers: bool,
    },
    /// Send on what is good.
    Route {
        /// The document as X12, as far as it can be read.
        x12: ObjectId,
        /// The same as JSON, a line for each transaction set; absent if nothing can be read to its end, and of what goes out.
        lines: Option<ObjectId>,
        /// The verdict on each transaction set; absent for what goes out.
        verdicts: Option<ObjectId>,
        /// Whether a partner's acknowledgments are among it.
        answers: bool,
    },
    /// Send one object to one address.
    Deliver {
        /// What is sent.
        object: ObjectId,
        /// What it is.
        parcel: Parcel,
        /// To whom.
        to: Address,
        /// Not before this moment, in milliseconds since 1970, and together with others like it; 0: at once, and alone.
        batch_ms: i64,
    },
    /// Correlate a partner's acknowledgments with what was sent.
    Respond {
        /// The document as X12.
        x12: ObjectId,
    },
}

impl Task {
    /// When it is to be done, in milliseconds since 1970; 0: at once.
    #[must_use]
    pub fn due_ms(&self) -> i64 {
        match self {
            Self::Deliver { batch_ms, .. } => *batch_ms,
            _ => 0,
        }
    }

    /// The step that the task is.
    #[must_use]
    pub fn step(&self) -> Step {
        match self {
            Self::Decrypt { .. } => Step::Decrypt,
            Self::Translate { .. } => Step::Translate,
            Self::Validate { .. } => Step::Validate,
            Self::Acknowledge { .. } => Step::Acknowledge,
            Self::Route { .. } => Step::Route,
            Self::Deliver { to, .. } => match to {
                Address::Partner => Step::Deliver,
                Address::Backend => Step::Forward,
            },
            Self::Respond { .. } => Step::Respond,
        }
    }
}

/// A job that a worker has leased: nobody else does it until the lease ends.
#[derive(Clone, Debug)]
pub struct Job {
    /// Which.
    pub id: JobId,
    /// The arrival that it follows from.
    pub arrival: JobId,
    /// The trading partner.
    pub partner: String,
    /// What is to be done.
    pub task: Task,
    /// Which try this is, from one.
    pub attempt: u32,
    /// Whether nobody ever told how the try before ended: its process may have died of it.
    pub was_left: bool,
    /// How many tries ended so, that one included.
    pub lefts: u32,
    /// Whether a message tells of it. None does of a job that was leased with the end of the one before.
    pub is_told: bool,
    /// Grows with every lease; who holds an older one can no longer settle the job.
    pub fence: i64,
    /// When the arrival was received, in milliseconds since 1970.
    pub received_ms: i64,
}

impl Job {
    /// A job on its first try, of which a message tells, but no ledger of ours: for who has his own, and does one stage (see
    /// [`crate::embedded`]). What is otherwise is changed in its fields.
    #[must_use]
    pub fn told(id: JobId, arrival: JobId, partner: &str, task: Task) -> Self {
        Self {
            id,
            arrival,
            partner: partner.to_owned(),
            task,
            attempt: 1,
            was_left: false,
            lefts: 0,
            is_told: true,
            fence: 0,
            received_ms: 0,
        }
    }

    /// Whether who did this job may do a following one at once: it belongs to the same part of the road, and is due.
    #[must_use]
    pub fn leads_to(&self, next: &Task) -> bool {
        Part::of(next.step()) == Part::of(self.task.step()) && next.due_ms() == 0
    }

    /// The name of an object that this job makes.
    #[must_use]
    pub fn object(&self, ordinal: u32) -> ObjectId {
        ObjectId {
            job: self.id,
            step: self.task.step(),
            ordinal,
        }
    }
}

/// What a stage gives back: recorded with what follows, in one transaction.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What is to be done next.
    pub next: Vec<Task>,
    /// What became known.
    pub facts: Vec<Fact>,
    /// A word for the trace: how many findings, say. No value of a document.
    pub note: String,
    /// What was found wrong, and how often.
    pub wrong: Wrongs,
}

/// What was found wrong in a document, and how often.
#[derive(Clone, Debug, Default)]
pub struct Wrongs(pub BTreeMap<Wrong, u64>);

impl Wrongs {
    /// Counts one more.
    pub fn count(&mut self, what: &'static str, code: &str) {
        let code = code.to_owned();
        *self.0.entry(Wrong { what, code }).or_default() += 1;
    }
}

/// Something that was found wrong in a document, for the measures of the process.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Wrong {
    /// `finding`, `interchange`, `group`, `set`.
    pub what: &'static str,
    /// The finding's name; of an interchange the note of the TA1, of a group AK901, of a set IK501.
    pub code: String,
}

/// Something that became known of a document: kept in the ledger.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fact {
    /// An interchange of the arrival, received or made.
    Interchange(InterchangeFact),
    /// A group of the interchange of that ordinal.
    Group(GroupFact),
    /// A transaction set of that group.
    Set(SetFact),
    /// A received group is rejected as a whole: so are the sets of it that were told before.
    RejectedGroup {
        /// Its interchange's ordinal.
        interchange: u32,
        /// Its ordinal.
        group: u32,
    },
    /// A received interchange, by its ordinal, is rejected as a whole: so are the groups and sets of it that were told before.
    RejectedInterchange(u32),
    /// A received transaction set went on without some of its records, under a reference of ours.
    Divided {
        /// Its interchange's ordinal.
        interchange: u32,
        /// Its group's ordinal.
        group: u32,
        /// Its ordinal.
        set: u32,
        /// The reference (BHT03) of what went on.
        reference: String,
    },
    /// What becomes of what was made of the arrival: `sent`, `refused`.
    Outgoing(&'static str),
    /// A partner answered an interchange that we sent.
    AnsweredInterchange {
        /// ISA13 of what we sent.
        isa13: String,
        /// TA104.
        code: String,
        /// TA105.
        note: String,
    },
    /// A partner answered a group that we sent.
    AnsweredGroup {
        /// GS01 of what we sent.
        gs01: String,
        /// GS06 of what we sent.
        gs06: String,
        /// AK901.
        code: String,
    },
    /// A partner answered a transaction set that we sent.
    AnsweredSet {
        /// GS01 of its group.
        gs01: String,
        /// GS06 of its group.
        gs06: String,
        /// ST02 of what we sent.
        st02: String,
        /// The segment that says it: `IK5`, in a 997 `AK5`.
        said_in: &'static str,
        /// IK501 or AK501.
        code: String,
    },
    /// A partner answered the claims of a transaction set that we sent.
    AnsweredClaims {
        /// The digest of the reference of the set.
        digest: String,
        /// What was said: `277CA: 2 of 5 claims rejected`.
        said: String,
    },
    /// A partner advised on a transaction set that we sent.
    Advised {
        /// GS06 of its group.
        gs06: String,
        /// ST01 of what we sent.
        st01: String,
        /// ST02 of what we sent.
        st02: String,
        /// What was said: `824 TR`.
        said: String,
    },
}

/// An interchange.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct InterchangeFact {
    /// Which of the arrival, from one.
    pub ordinal: u32,
    /// Sender, `ISA05:ISA06`, blanks at the end left out.
    pub sender: String,
    /// Receiver, `ISA07:ISA08`.
    pub receiver: String,
    /// Control number.
    pub isa13: String,
    /// Usage indicator, `P` or `T`.
    pub isa15: String,
    /// `received`, `made`.
    pub state: &'static str,
    /// How it was answered: `TA1 A 000, 999 P 1/2`, or why not.
    pub answer: String,
}

/// A group.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GroupFact {
    /// Its interchange's ordinal.
    pub interchange: u32,
    /// Which of the interchange, from one.
    pub ordinal: u32,
    /// Functional identifier code.
    pub gs01: String,
    /// Control number.
    pub gs06: String,
    /// Version.
    pub gs08: String,
    /// `accepted`, `rejected`, `partly`, `made`, `not answered` …
    pub state: &'static str,
}

/// A transaction set.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SetFact {
    /// Its interchange's ordinal.
    pub interchange: u32,
    /// Its group's ordinal.
    pub group: u32,
    /// Which of the group, from one.
    pub ordinal: u32,
    /// Identifier code.
    pub st01: String,
    /// Control number.
    pub st02: String,
    /// `accepted`, `rejected`, `made`, `not answered`.
    pub state: &'static str,
    /// How its records were answered: `277CA: 5 of 10 claims rejected`.
    pub records: String,
    /// The digest of its reference (BHT03), if we sent it: claim acknowledgments name it so. Empty if there is none.
    pub digest: String,
}
