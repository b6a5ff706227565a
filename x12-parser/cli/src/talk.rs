//! What is said on stderr: diagnostics, errors, summaries; stdout is for results alone.

use std::io::{self, IsTerminal, Stderr, Write};

use anstream::AutoStream;
use serde::Serialize;

use crate::arguments::{ErrorFormat, TalkArguments};
use crate::progress::Progress;

/// Ends a colour.
pub const PLAIN: &str = "\x1b[0m";
/// Colour of errors.
pub const RED: &str = "\x1b[1;31m";
/// Colour of warnings.
pub const YELLOW: &str = "\x1b[1;33m";
/// Colour of hints and remarks.
pub const CYAN: &str = "\x1b[1;36m";
/// Colour of what frames a snippet.
pub const BLUE: &str = "\x1b[1;34m";
/// What weighs as much as a colour does.
pub const BOLD: &str = "\x1b[1m";

/// Says things on stderr, around the progress bar. That stderr is gone is no reason to stop: nobody listens, results still count.
pub struct Talk {
    to: AutoStream<Stderr>,
    how: TalkArguments,
    /// The bar that is out of the way while something is said.
    pub progress: Progress,
}

impl Talk {
    /// Colours what is said if stderr is a terminal and the environment does not object.
    pub fn new(how: TalkArguments) -> Self {
        Self {
            to: AutoStream::auto(io::stderr()),
            how,
            progress: Progress::none(),
        }
    }

    /// Whether programs listen.
    pub fn is_json(&self) -> bool {
        self.how.error_format == ErrorFormat::Json
    }

    /// Whether only failures are to be heard.
    pub fn is_quiet(&self) -> bool {
        self.how.quiet
    }

    /// Whether a bar would be seen, and disturb nobody.
    pub fn may_show_progress(&self) -> bool {
        !self.how.quiet && io::stderr().is_terminal() && !io::stdout().is_terminal()
    }

    /// Says something that is neither a failure nor a result, unless it is to be quiet: a line to programs, or words to people.
    pub fn tell(&mut self, line: &impl Serialize, words: &str) {
        match self.is_json() {
            _ if self.how.quiet => {}
            true => self.say_json(line),
            false => self.say(words),
        }
    }

    /// Says a remark or a diagnostic, unless it is to be quiet.
    pub fn remark(&mut self, text: &str) {
        if !self.how.quiet {
            self.say(text);
        }
    }

    /// Says why something could not be done.
    pub fn say(&mut self, text: &str) {
        let to = &mut self.to;
        let _ = self.progress.aside(|| writeln!(to, "{text}"));
    }

    /// Says something to programs.
    pub fn say_json(&mut self, value: &impl Serialize) {
        if let Ok(line) = serde_json::to_string(value) {
            self.say(&line);
        }
    }
}

/// So many of something: `1 group`, `2 groups`.
pub fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
