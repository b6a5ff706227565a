//! `x12conv schema`: the JSON Schema of a guide's shape `named`.

use std::io::Write;

use x12_parser::named_schema;

use crate::arguments::SchemaArguments;
use crate::codes;
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::report::failure;
use crate::session::Session;
use crate::verbs::synth::guide;

/// Prints the schema.
pub fn run(arguments: &SchemaArguments, mut session: Session) -> Outcome {
    if !codes::load(&mut session, &arguments.guides) {
        return Outcome::CouldNot;
    }
    let catalog = &session.options.catalog;
    let schema = match guide(catalog, &arguments.guide) {
        Ok(guide) => named_schema(catalog, &guide),
        Err(message) => {
            failure::plain(&mut session.talk, "guide", None, &message);
            return Outcome::CouldNot;
        }
    };
    let written = Output::open(&arguments.output).and_then(|mut output| {
        output.write_all(schema.as_bytes())?;
        output.finish(Outcome::Yes)
    });
    match written.map_err(Failure::from) {
        Ok(()) | Err(Failure::Closed) => Outcome::Yes,
        Err(failure) => failure::tell_output(&mut session, &failure),
    }
}
