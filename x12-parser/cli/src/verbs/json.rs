//! `x12conv json`: X12 to JSON.

use x12_parser::{Per, Shape, to_json};

use crate::arguments::{self, JsonArguments};
use crate::codes;
use crate::outcome::Outcome;
use crate::report::failure;
use crate::session::Session;
use crate::verbs::doors;

/// Converts each document.
pub fn run(arguments: &JsonArguments, mut session: Session) -> Outcome {
    session.read_as(&arguments.read);
    if !codes::load(&mut session, &arguments.guides) {
        return Outcome::CouldNot;
    }
    let of_records = matches!(
        arguments.per,
        arguments::Per::Claim | arguments::Per::Member | arguments::Per::Subscriber
    );
    if of_records && !matches!(arguments.shape, arguments::Shape::Loops) {
        let message = "records have the shape `loops`: leave out `--shape`";
        failure::plain(&mut session.talk, "usage", None, message);
        return Outcome::CouldNot;
    }
    let Some((inputs, output)) =
        doors(&mut session, &arguments.read.input.files, &arguments.output)
    else {
        return Outcome::CouldNot;
    };
    let shape = match arguments.shape {
        arguments::Shape::Loops => Shape::Loops,
        arguments::Shape::Segments => Shape::Segments,
        arguments::Shape::Named => Shape::Named,
    };
    let per = match arguments.per {
        arguments::Per::Document => Per::Document,
        arguments::Per::Set => Per::Set,
        arguments::Per::Claim => Per::Claim,
        arguments::Per::Member => Per::Member,
        arguments::Per::Subscriber => Per::Subscriber,
    };
    session.each(&inputs, output, |session, document, output| {
        to_json(document.reader, output, shape, per, &session.options)?;
        Ok(Outcome::Yes)
    })
}
