//! The verbs, a file each.

mod ack;
mod explain;
mod fmt;
mod info;
mod json;
mod merge;
mod said;
mod schema;
mod split;
mod synth;
mod validate;
mod x12;

use std::io::Write;

use clap::CommandFactory;

use crate::arguments::{Arguments, OutputArguments, Verb};
use crate::input::Input;
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::report::failure;
use crate::session::Session;

/// Does what the command line says.
pub fn run(arguments: Arguments) -> Outcome {
    let Arguments { verb, talk } = arguments;
    match verb {
        Verb::Json(arguments) => json::run(&arguments, Session::new("json", talk)),
        Verb::X12(arguments) => x12::run(&arguments, Session::new("x12", talk)),
        Verb::Validate(arguments) => validate::run(&arguments, Session::new("validate", talk)),
        Verb::Ack(arguments) => ack::run(&arguments, Session::new("ack", talk)),
        Verb::Info(arguments) => info::run(&arguments, Session::new("info", talk)),
        Verb::Fmt(arguments) => fmt::run(&arguments, Session::new("fmt", talk)),
        Verb::Split(arguments) => split::run(&arguments, Session::new("split", talk)),
        Verb::Merge(arguments) => merge::run(&arguments, Session::new("merge", talk)),
        Verb::Synth(arguments) => synth::run(&arguments, Session::new("synth", talk)),
        Verb::Explain(arguments) => explain::run(&arguments, Session::new("explain", talk)),
        Verb::Schema(arguments) => schema::run(&arguments, Session::new("schema", talk)),
    }
}

/// The inputs and the output of a run; if it cannot have them, says why.
fn doors(
    session: &mut Session,
    files: &[std::path::PathBuf],
    output: &OutputArguments,
) -> Option<(Vec<Input>, Output)> {
    let inputs = inputs(session, files)?;
    match Output::open(output) {
        Ok(output) => Some((inputs, output)),
        Err(error) => {
            let name = output
                .output
                .as_ref()
                .map_or("the output".to_owned(), |path| {
                    path.to_string_lossy().into_owned()
                });
            let message = format!("cannot write {}: {error}", crate::input::harmless(&name));
            failure::plain(&mut session.talk, "output", None, &message);
            None
        }
    }
}

/// Prints a text that is all of the results.
fn print(session: &mut Session, output: &OutputArguments, text: &str) -> Outcome {
    let written = Output::open(output).and_then(|mut output| {
        output.write_all(text.as_bytes())?;
        output.finish(Outcome::Yes)
    });
    match written.map_err(Failure::from) {
        Ok(()) | Err(Failure::Closed) => Outcome::Yes,
        Err(failure) => failure::tell_output(session, &failure),
    }
}

/// The inputs of a run; if there are none, says how to name them.
fn inputs(session: &mut Session, files: &[std::path::PathBuf]) -> Option<Vec<Input>> {
    let inputs = Input::all(files);
    if inputs.is_none() {
        short_help(session);
    }
    inputs
}

/// Nothing was named, and nobody would know that a terminal is waited for.
fn short_help(session: &mut Session) {
    let mut command = Arguments::command();
    command.build();
    if let Some(verb) = command.find_subcommand_mut(session.verb) {
        session.talk.say(&format!(
            "x12conv: no input: name files, or pipe a document in\n\n{}",
            verb.render_help().ansi()
        ));
    }
}
