//! Why a job could not do its work, and what follows from it: the three things that are never mixed.

/// Why a job could not do its work.
///
/// A fault of the document itself is none of these: it is found, and acknowledged.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Failure {
    /// It may work later: the job is done again after a delay that grows.
    #[error("{0}, for now")]
    Transient(Reason),
    /// It will never work: the job goes to the dead letters, where an operator sees it.
    #[error("{0}")]
    Permanent(Reason),
    /// The document is not to be trusted, or not to be let in: it goes to quarantine, and nothing of it is passed on.
    #[error("{0}")]
    Quarantine(Reason),
}

/// A result of the pipeline.
pub type Result<T> = std::result::Result<T, Failure>;

/// What went wrong, as a word that logs, the ledger and operators share; never a value of a document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reason {
    /// Stable, for programs: `store-full`.
    pub code: &'static str,
    /// For people, lower case, without a full stop.
    pub text: &'static str,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} [{}]", self.text, self.code)
    }
}

/// Stops the parser; `paper::readable` makes the failure of it again.
impl From<Failure> for x12_parser::Error {
    fn from(failure: Failure) -> Self {
        std::io::Error::other(failure).into()
    }
}

impl Failure {
    /// What went wrong.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match *self {
            Self::Transient(reason) | Self::Permanent(reason) | Self::Quarantine(reason) => reason,
        }
    }

    /// It may work later.
    #[must_use]
    pub const fn transient(code: &'static str, text: &'static str) -> Self {
        Self::Transient(Reason { code, text })
    }

    /// It will never work.
    #[must_use]
    pub const fn permanent(code: &'static str, text: &'static str) -> Self {
        Self::Permanent(Reason { code, text })
    }

    /// The document is not to be let in.
    #[must_use]
    pub const fn quarantine(code: &'static str, text: &'static str) -> Self {
        Self::Quarantine(Reason { code, text })
    }
}
