//! `x12conv schema`: the JSON Schema of a guide's shape `named`.

use x12_parser::named_schema;

use crate::arguments::SchemaArguments;
use crate::codes;
use crate::outcome::Outcome;
use crate::report::failure;
use crate::session::Session;
use crate::verbs::print;
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
    print(&mut session, &arguments.output, &schema)
}
