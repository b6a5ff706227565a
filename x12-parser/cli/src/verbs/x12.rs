//! `x12conv x12`: JSON to X12.

use serde::Serialize;
use x12_parser::{ControlNumber, EnvelopeFilling, WriteFinding, to_x12_filled};

use crate::arguments::X12Arguments;
use crate::clock;
use crate::codes;
use crate::input::{Input, harmless};
use crate::outcome::Outcome;
use crate::session::Session;
use crate::talk::{BLUE, BOLD, PLAIN, Talk, YELLOW};
use crate::verbs::doors;

/// Converts each document.
pub fn run(arguments: &X12Arguments, mut session: Session) -> Outcome {
    if !codes::load(&mut session, &arguments.guides) {
        return Outcome::CouldNot;
    }
    let filling = filling(arguments);
    let Some((inputs, output)) = doors(&mut session, &arguments.input.files, &arguments.output)
    else {
        return Outcome::CouldNot;
    };
    session.each(&inputs, output, |session, document, output| {
        let findings = to_x12_filled(document.reader, output, &session.options, &filling)?;
        for finding in &findings {
            tell(&mut session.talk, document.input, finding);
        }
        Ok(Outcome::Yes)
    })
}

fn filling(arguments: &X12Arguments) -> EnvelopeFilling {
    let (date, time) = clock::now();
    let number = ControlNumber::new(arguments.control_number);
    EnvelopeFilling {
        sender: arguments.sender.clone(),
        receiver: arguments.receiver.clone(),
        date: Some(arguments.date.clone().unwrap_or(date)),
        time: Some(arguments.time.clone().unwrap_or(time)),
        control_number: number.unwrap_or(ControlNumber::FIRST),
        usage_indicator: if arguments.production { "P" } else { "T" }.to_owned(),
    }
}

/// A finding in JSON as programs get it.
#[derive(Serialize)]
struct Line<'a> {
    kind: &'a str,
    severity: &'a str,
    file: String,
    offset: u64,
    path: &'a str,
}

/// Tells what is odd in JSON that was written all the same.
fn tell(talk: &mut Talk, input: &Input, finding: &WriteFinding) {
    let WriteFinding { what, at, path, .. } = finding;
    if talk.is_quiet() {
        return;
    }
    if talk.is_json() {
        return talk.say_json(&Line {
            kind: what,
            severity: "warning",
            file: input.name(),
            offset: *at,
            path,
        });
    }
    let message = match *what {
        "raw-outdated" => "`$raw` is not what the fields beside it say; the fields were written",
        other => other,
    };
    talk.remark(&format!(
        "{YELLOW}warning[{what}]{PLAIN}{BOLD}: {message}{PLAIN}\n \
         {BLUE}-->{PLAIN} {} (byte {at}) {}",
        input.name(),
        harmless(path)
    ));
}
