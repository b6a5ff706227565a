//! `x12conv` converts, checks and acknowledges X12 files.
//!
//! Results go to stdout, talk to stderr. Exit code 0 is yes, 1 is no, 2 is could not.

mod arguments;
mod clock;
mod codes;
mod documents;
mod folder;
mod input;
mod outcome;
mod outline;
mod output;
mod progress;
mod report;
mod session;
mod spool;
mod synth;
mod talk;
mod verbs;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match arguments::Arguments::try_parse() {
        Ok(arguments) => verbs::run(arguments).into(),
        Err(asked) => {
            // Help and usage errors alike; a closed pipe is no reason to complain.
            let _ = asked.print();
            u8::try_from(asked.exit_code()).unwrap_or(2).into()
        }
    }
}
