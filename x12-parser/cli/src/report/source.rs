//! Tells what is wrong in a text that the user wrote for us, such as a code list: the line it is in, and a caret under the place.

use serde::Serialize;
use x12_schemas::compiler::Error;

use crate::input::harmless;
use crate::talk::{BLUE, BOLD, PLAIN, RED, Talk, YELLOW};

/// Characters of a line that are shown at once, and how many of them before the caret.
const WIDTH: usize = 110;
const BEFORE: usize = 40;

/// A fault as programs get it.
#[derive(Serialize)]
struct Line<'a> {
    kind: &'a str,
    severity: &'a str,
    file: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
}

/// Tells a fault; `text` is the file that it is in. Line 0 is the file as a whole.
pub fn tell(talk: &mut Talk, kind: &str, error: &Error, text: &str) {
    let Error {
        file,
        line,
        column,
        message,
        hint,
    } = error;
    if talk.is_json() {
        return talk.say_json(&Line {
            kind,
            severity: "error",
            file,
            message,
            line: Some(*line).filter(|line| *line > 0),
            column: Some(*column).filter(|column| *column > 0),
            help: hint.as_deref(),
        });
    }
    let margin = " ".repeat(line.to_string().len());
    let mut told = format!(
        "{RED}error[{kind}]{PLAIN}{BOLD}: {}{PLAIN}\n{margin}{BLUE}-->{PLAIN} {file}",
        harmless(message)
    );
    if *line > 0 {
        told += &format!(":{line}:{column}\n");
        let (shown, indent) = excerpt(text, *line, *column);
        told += &format!("{margin} {BLUE}|{PLAIN}\n{BLUE}{line} |{PLAIN} {shown}\n");
        told += &format!(
            "{margin} {BLUE}|{PLAIN} {}{RED}^{PLAIN}",
            " ".repeat(indent)
        );
    }
    if let Some(hint) = hint {
        told += &format!(
            "\n{margin} {BLUE}={PLAIN} {BOLD}help{PLAIN}: {}",
            harmless(hint)
        );
    }
    talk.say(&(told + "\n"));
}

/// Remarks on something in a file that is no fault; with a message and what may help.
pub fn remark(talk: &mut Talk, file: &str, (message, help): (&str, &str)) {
    let line = Line {
        kind: "codes",
        severity: "warning",
        file,
        message,
        line: None,
        column: None,
        help: Some(help),
    };
    let words = format!(
        "{YELLOW}warning[codes]{PLAIN}{BOLD}: {}{PLAIN}\n {BLUE}-->{PLAIN} {file}\n  {BLUE}={PLAIN} {BOLD}help{PLAIN}: {}\n",
        harmless(message),
        harmless(help)
    );
    talk.tell(&line, &words);
}

/// The line of a text, or the part of it around a column, and how many blanks come before the caret.
fn excerpt(text: &str, line: u32, column: u32) -> (String, usize) {
    let line = text.lines().nth(line as usize - 1).unwrap_or_default();
    let at = (column as usize).saturating_sub(1);
    let count = line.chars().count();
    let start = if count > WIDTH {
        at.saturating_sub(BEFORE)
    } else {
        0
    };
    let shown = line.chars().skip(start).take(WIDTH);
    let shown: String = shown
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let before = if start > 0 { "..." } else { "" };
    let behind = if start + WIDTH < count { "..." } else { "" };
    (
        format!("{before}{shown}{behind}"),
        before.len() + at - start,
    )
}
