//! One run of the command: its documents one after the other, the worst answer of them, and what is said when one fails.

use std::io::Write;

use x12_parser::Options;

use crate::arguments::{ReadArguments, TalkArguments};
use crate::input::{Input, Reader};
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::progress::Progress;
use crate::report::failure;
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

    /// Does something with each document and the output, then completes the output; the worst answer counts.
    ///
    /// A document that fails does not keep the next ones from their answers.
    pub fn each(
        &mut self,
        inputs: &[Input],
        mut output: Output,
        mut act: impl FnMut(&mut Self, Document<'_>, &mut Output) -> Result<Outcome, Failure>,
    ) -> Outcome {
        if self.talk.may_show_progress() {
            self.talk.progress = Progress::over(inputs.iter().map(Input::length).sum());
        }
        let mut worst = Outcome::Yes;
        for input in inputs {
            let opened = input.open(&self.talk.progress);
            let acted =
                opened.and_then(|reader| act(self, Document { input, reader }, &mut output));
            let outcome = match acted {
                Ok(outcome) => outcome,
                Err(Failure::Closed) => break,
                Err(failure) => {
                    // What was done before goes first; should that fail, it fails again at the end, where it is told.
                    let _ = output.flush();
                    failure::tell(self, input, &failure)
                }
            };
            worst = worst.max(outcome);
        }
        self.talk.progress.finish();
        match output.finish(worst).map_err(Failure::from) {
            Ok(()) | Err(Failure::Closed) => worst,
            Err(failure) => worst.max(failure::tell_output(self, &failure)),
        }
    }
}

/// A document about to be read.
pub struct Document<'i> {
    /// Where it comes from.
    pub input: &'i Input,
    /// What it says.
    pub reader: Reader<'i>,
}
