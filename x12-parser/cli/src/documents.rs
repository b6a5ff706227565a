//! The documents of a run one after the other: the worst answer of them counts, and a failure keeps none from its answer.

use std::io::Write;

use crate::input::{Input, Reader};
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::progress::Progress;
use crate::report::failure;
use crate::session::Session;

impl Session {
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
