//! One run of the command: its verb, what is said, and what the library is told.

use x12_parser::Options;

use crate::arguments::{ReadArguments, TalkArguments};
use crate::talk::Talk;

/// One run of the command.
pub struct Session {
    /// The verb, as it is typed.
    pub verb: &'static str,
    /// What is said.
    pub talk: Talk,
    /// What the library is told.
    pub options: Options,
}

impl Session {
    /// Begins a run of a verb.
    pub fn new(verb: &'static str, talk: TalkArguments) -> Self {
        Self {
            verb,
            talk: Talk::new(talk),
            options: Options::default(),
        }
    }

    /// Takes what the arguments say of reading.
    pub fn read_as(&mut self, arguments: &ReadArguments) {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.options.threads = match arguments.threads {
            0 => cores(),
            threads => usize::from(threads),
        };
    }
}
