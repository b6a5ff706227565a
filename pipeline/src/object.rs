//! What an object in the store is called: by the job that made it, the step and an ordinal, never by a file's name or contents.

use std::fmt;

use uuid::Uuid;

/// A job, or what came in: UUIDs of version 7 for what begins, of version 5 for what follows from it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct JobId(pub Uuid);

impl JobId {
    /// None: no job is called so.
    pub const NONE: Self = Self(Uuid::nil());

    /// A new one, unlike any other; later ones sort behind earlier ones.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "each is another")]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// The job that follows from this one: the same on every try, so that doing a job twice gives no second job.
    #[must_use]
    pub fn following(self, step: Step, ordinal: u32) -> Self {
        let name = format!("{}/{ordinal}", step.name());
        Self(Uuid::new_v5(&self.0, name.as_bytes()))
    }
}

impl std::str::FromStr for JobId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text)
            .map(Self)
            .map_err(|_| "not the identifier of a job")
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// A hop of a document's road, in order.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Step {
    /// Taken in through a door, stored sealed as it came.
    Intake,
    /// OpenPGP off.
    Decrypt,
    /// X12 to JSON, or JSON to X12.
    Translate,
    /// Checked against the guide.
    Validate,
    /// TA1, 997 and 999 made.
    Acknowledge,
    /// Where what is good goes.
    Route,
    /// Sent to a partner.
    Deliver,
    /// Sent to our own systems.
    Forward,
    /// A partner's answer correlated with what was sent.
    Respond,
}

impl Step {
    /// All steps, in the order of the road.
    pub const ALL: [Self; 9] = [
        Self::Intake,
        Self::Decrypt,
        Self::Translate,
        Self::Validate,
        Self::Acknowledge,
        Self::Route,
        Self::Deliver,
        Self::Forward,
        Self::Respond,
    ];

    /// Its name in the ledger, in logs and in object names.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Decrypt => "decrypt",
            Self::Translate => "translate",
            Self::Validate => "validate",
            Self::Acknowledge => "acknowledge",
            Self::Route => "route",
            Self::Deliver => "deliver",
            Self::Forward => "forward",
            Self::Respond => "respond",
        }
    }

    /// The step of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }
}

/// The name of an object in the store.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct ObjectId {
    /// The job that makes it.
    pub job: JobId,
    /// What the job is at.
    pub step: Step,
    /// Which of its objects.
    pub ordinal: u32,
}

impl ObjectId {
    /// Where a store has it: a shard, the last 2 hex digits of the job, which are random; the job; and `<step>-<ordinal>`. No outside text.
    #[must_use]
    pub fn place(&self) -> [String; 3] {
        let [.., last] = self.job.0.into_bytes();
        [
            format!("{last:02x}"),
            self.job.to_string(),
            format!("{}-{}", self.step.name(), self.ordinal),
        ]
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.job, self.step.name(), self.ordinal)
    }
}

impl std::str::FromStr for ObjectId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('/');
        let mut part = || parts.next().ok_or("an object's name has three parts");
        let (job, step, ordinal) = (part()?, part()?, part()?);
        Ok(Self {
            job: job.parse()?,
            step: Step::of(step).ok_or("an object's name has a step")?,
            ordinal: ordinal
                .parse()
                .map_err(|_| "an object's name ends with a number")?,
        })
    }
}

impl serde::Serialize for ObjectId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for ObjectId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
