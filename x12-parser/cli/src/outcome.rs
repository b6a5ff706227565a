//! How a run ends: the answer that becomes the exit code, and what keeps a document from being answered at all.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// The answer to what the command was asked; the worst of several counts.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Outcome {
    /// Done; valid; the same.
    Yes,
    /// Done, and the answer is no: a finding of severity error, a rejection, a difference.
    No,
    /// Not done: usage, input or output, not X12.
    CouldNot,
}

impl Outcome {
    /// `Yes` if nothing is wrong.
    pub fn of(good: bool) -> Self {
        if good { Self::Yes } else { Self::No }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome as u8)
    }
}

/// Why a document got no answer.
#[derive(Debug)]
pub enum Failure {
    /// Whoever read our output has enough: the end of the run, and no failure.
    Closed,
    /// The input could not be read.
    Input(io::Error),
    /// The output could not be written.
    Output(io::Error),
    /// The document cannot be read.
    Document(x12_parser::Error),
}

impl From<x12_parser::Error> for Failure {
    fn from(error: x12_parser::Error) -> Self {
        let x12_parser::Error::Io(error) = error else {
            return Self::Document(error);
        };
        if error
            .get_ref()
            .is_some_and(|inner| inner.is::<ReadFailed>())
        {
            Self::Input(error)
        } else {
            error.into()
        }
    }
}

/// Of the output: the input's errors go through [`ReadFailed`].
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::Closed
        } else {
            Self::Output(error)
        }
    }
}

/// Marks an error of the input, so that it can be told from one of the output behind the library's one kind.
#[derive(Debug)]
pub struct ReadFailed(io::Error);

impl ReadFailed {
    /// Marks an error, unless reading shall simply be tried again.
    pub fn mark(error: io::Error) -> io::Error {
        match error.kind() {
            io::ErrorKind::Interrupted => error,
            kind => io::Error::new(kind, Self(error)),
        }
    }
}

impl fmt::Display for ReadFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ReadFailed {}
