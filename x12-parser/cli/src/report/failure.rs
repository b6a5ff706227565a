//! Tells why a document, or the run, could not be done, and what might help.

use serde::Serialize;
use x12_parser::Error;

use crate::input::{Input, harmless};
use crate::outcome::{Failure, Outcome};
use crate::report::reread::Reread;
use crate::session::Session;
use crate::talk::{BLUE, BOLD, PLAIN, RED, Talk};

/// A failure as programs get it.
#[derive(Serialize)]
struct Line<'a> {
    kind: &'a str,
    severity: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
}

/// Tells why a document got no answer.
pub fn tell(session: &mut Session, input: &Input, failure: &Failure) -> Outcome {
    match failure {
        Failure::Closed => {}
        Failure::Output(_) => return tell_output(session, failure),
        Failure::Input(error) => plain(
            &mut session.talk,
            "input",
            Some(input.name()),
            &format!("cannot read {}: {error}", input.name()),
        ),
        Failure::Document(error) => document(session, input, error),
    }
    Outcome::CouldNot
}

/// Tells that results could not be written.
pub fn tell_output(session: &mut Session, failure: &Failure) -> Outcome {
    if let Failure::Output(error) = failure {
        plain(
            &mut session.talk,
            "output",
            None,
            &format!("cannot write the output: {error}"),
        );
    }
    Outcome::CouldNot
}

/// Tells of a failure that has no place in a document.
pub fn plain(talk: &mut Talk, kind: &str, file: Option<String>, message: &str) {
    if talk.is_json() {
        return talk.say_json(&Line {
            kind,
            severity: "error",
            file,
            message: message.to_owned(),
            offset: None,
        });
    }
    talk.say(&format!("{RED}x12conv{PLAIN}{BOLD}:{PLAIN} {message}"));
}

fn document(session: &mut Session, input: &Input, error: &Error) {
    let (kind, message) = (kind(error), harmless(&error.to_string()));
    if session.talk.is_json() {
        let line = Line {
            kind,
            severity: "error",
            file: Some(input.name()),
            message,
            offset: error.at(),
        };
        return session.talk.say_json(&line);
    }
    let mut text = format!(
        "{RED}error[{kind}]{PLAIN}{BOLD}: {message}{PLAIN}\n  {BLUE}-->{PLAIN} {}",
        input.name()
    );
    if let Some(at) = error.at() {
        if let Some(line) =
            Reread::new(input, &session.options).and_then(|mut reread| reread.line(at))
        {
            text += &format!(":{line}");
        }
        text += &format!(" (byte {at})");
    }
    if let Some(help) = help(session.verb, input, error) {
        text += &format!("\n  {BLUE}={PLAIN} {BOLD}help{PLAIN}: {help}");
    }
    session.talk.say(&text);
}

/// A name for programs.
fn kind(error: &Error) -> &'static str {
    match error {
        Error::NoInterchange { .. } => "no-interchange",
        Error::InterchangeHeader { .. } => "interchange-header",
        Error::Limit { .. } => "limit",
        Error::Json { .. } => "json",
        Error::Undivided { .. } => "undivided",
        Error::Clash { .. } => "clash",
        _ => "unreadable",
    }
}

/// How lines of records begin, from which no X12 can be written.
const RECORDS: [&[u8]; 4] = [
    b"{\"open\":\"interchange\",\"per\":",
    b"{\"record\":",
    b"{\"outside\":",
    b"{\"verdict\":",
];

fn help(verb: &str, input: &Input, error: &Error) -> Option<String> {
    let (word, head) = (input.word(), input.head());
    let first = head.trim_ascii_start();
    match error {
        Error::InterchangeHeader { .. } => {
            Some("ISA has sixteen elements of fixed widths, 106 bytes with the terminator: count from its first byte".to_owned())
        }
        Error::Json { .. } if first.starts_with(b"ISA") => Some(format!("it is X12 already: `x12conv json {word}` converts it to JSON")),
        Error::Json { .. } if RECORDS.iter().any(|key| first.starts_with(key)) => {
            Some("`x12conv json` without `--per`, or with `--per set`, gives JSON that X12 can be written from".to_owned())
        }
        Error::Clash { .. } => Some("`--by interchange` keeps the delimiters of each interchange".to_owned()),
        Error::NoInterchange { .. } => match head {
            [] => Some("it is empty".to_owned()),
            [0x1f, 0x8b, ..] => Some(format!("it is compressed: `gunzip -c {word} | x12conv {verb}`")),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(format!("it is compressed: `zstd -dc {word} | x12conv {verb}`")),
            [b'P', b'K', 3, 4, ..] => Some(format!("it is an archive: `unzip -p {word} | x12conv {verb}`")),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some(format!("it is UTF-16: `iconv -f UTF-16 -t UTF-8 {word} | x12conv {verb}`")),
            _ if first.starts_with(b"{") => Some(format!("it looks like JSON: `x12conv x12 {word}` writes X12 from it")),
            _ if first.starts_with(b"UNA") || first.starts_with(b"UNB") => Some("it looks like EDIFACT, which is not read".to_owned()),
            _ => Some("an X12 document begins with ISA; fragments without it cannot be read".to_owned()),
        },
        _ => None,
    }
}
