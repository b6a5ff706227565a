//! Answers an X12 document: a TA1 where it is asked for or the envelope is broken, a 999 (before 005010 a 997) for each of its groups.
//!
//! ```text
//! cargo run --example answer_999 -- claims.edi answer.edi 905 $(date -u +'%Y%m%d %H%M')
//! ```
//!
//! 905 is the first control number of the answers. The library reads no clock and gives no numbers: both are yours, and a control number
//! must be given once only, so keep the last one where you keep what you sent. What was decided is said on standard output, by control
//! numbers and codes alone: no value of the document is there. The exit code is 0 if all is accepted, 1 if not, 2 if it cannot be answered.
//!
//! The document is read once, piece by piece; memory does not grow with it. The answers are written beside their place and moved there
//! when they are whole, so that who sends what lies there never sends a half.

use std::env;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use x12_parser::{
    AcknowledgmentOptions, ControlNumber, CountingNumbers, Decided, Decision, Error, GroupDecision,
    Options, acknowledge,
};

const USAGE: &str = "usage: answer_999 DOCUMENT ANSWER CONTROL-NUMBER CCYYMMDD HHMM";

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match answer(&arguments) {
        Ok(true) => {
            say("accepted");
            ExitCode::SUCCESS
        }
        Ok(false) => {
            say("rejected");
            ExitCode::from(1)
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

/// Answers a document; whether all of it is accepted.
fn answer(arguments: &[String]) -> Result<bool, String> {
    let [document, answer, number, date, time] = arguments else {
        return Err(USAGE.to_owned());
    };
    let number = number.parse().ok().and_then(ControlNumber::new);
    let number = number.ok_or("the control number is a number from 1 to 999999999")?;
    let numbers = CountingNumbers::from_first(number);
    // Here stands what you have agreed with the partner: when a TA1 is sent, which groups are answered, what a fault rejects.
    let mut how = AcknowledgmentOptions::new(date, time, numbers);

    let draft = beside(answer);
    let read = File::open(document).map_err(|error| could_not(document, &error))?;
    let draft_file = File::create(&draft).map_err(|error| could_not(answer, &error))?;
    let mut answers = BufWriter::new(draft_file);
    let mut told = Told::default();
    let options = Options::default();
    let answered = acknowledge(read, &mut answers, &mut how, &options, |decided| {
        told.take(decided);
        Ok(())
    });
    if let Err(Error::Io(error)) = &answered {
        // Whatever could not be read or written is no fault of the sender: nothing is sent.
        drop(answers);
        fs::remove_file(&draft).map_err(|error| could_not(answer, &error))?;
        return Err(could_not(document, error));
    }
    // Also the answer to a document that breaks off is published: it says so to its sender.
    publish(answers, &draft, Path::new(answer)).map_err(|error| could_not(answer, &error))?;
    // Where it breaks off is said by byte, never with what stands there.
    answered.map_err(|error| format!("{document}: {error}"))?;
    Ok(told.accepted)
}

/// Moves the answers to their place, if there are any: there are none to a document that holds acknowledgments only.
fn publish(answers: BufWriter<File>, draft: &Path, answer: &Path) -> io::Result<()> {
    let file = answers
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    if file.metadata()?.len() == 0 {
        say("there is nothing to be sent");
        return fs::remove_file(draft);
    }
    file.sync_all()?;
    fs::rename(draft, answer)
}

fn could_not(file: &str, error: &io::Error) -> String {
    format!("{file}: {}", error.kind())
}

/// What was decided, as it is told.
struct Told {
    accepted: bool,
    /// Of the interchange in hand: its end decides what counts.
    groups: Vec<GroupDecision>,
}

impl Default for Told {
    fn default() -> Self {
        Self {
            accepted: true,
            groups: Vec::new(),
        }
    }
}

impl Told {
    fn take(&mut self, decided: Decided) {
        match decided {
            Decided::Group(group) => self.groups.push(group),
            Decided::Interchange(decision) => self.interchange(&decision),
            // Each transaction set, with what became of its claims; who forwards what is accepted waits for the interchange's end.
            _ => {}
        }
    }

    fn interchange(&mut self, decision: &Decision) {
        self.accepted &= !decision.rejected;
        let mut line = format!("interchange {}", decision.isa13);
        if let Some((code, note)) = decision.ta1 {
            self.accepted &= code == "A";
            line += &format!(": TA1 {code} {note}");
        }
        if let Some(why) = decision.suppressed {
            line += &format!(": not answered, {why}");
        }
        say(&line);
        for group in self.groups.drain(..) {
            // A group of acknowledgments has no code; in a rejected interchange none counts.
            let Some(code) = group.code.filter(|_| !decision.rejected) else {
                continue;
            };
            self.accepted &= code == "A";
            let (received, accepted) = (group.received, group.accepted);
            say(&format!(
                "  group {} {}: {code}, {accepted} of {received} transaction sets accepted",
                group.gs01, group.gs06
            ));
        }
    }
}

/// Where the answers are written until they are whole.
fn beside(answer: &str) -> PathBuf {
    let mut draft = Path::new(answer).as_os_str().to_owned();
    draft.push(".part");
    draft.into()
}

#[expect(clippy::print_stdout, reason = "what was decided is the output")]
fn say(line: &str) {
    println!("{line}");
}
