//! Tells a finding: what, where, the segment, what follows for the acknowledgment, and which command comes next.

use std::collections::HashSet;
use std::sync::Arc;

use x12_parser::{AcknowledgmentCodes, Code, Finding, Options, Severity};
use x12_schemas::table::Guide;

use crate::input::{Input, harmless};
use crate::report::reread::Reread;
use crate::report::snippet::{Sight, Snippet};
use crate::talk::{BLUE, BOLD, CYAN, PLAIN, RED, YELLOW};

/// Tells the findings of one document.
pub struct Reporter<'i> {
    input: &'i Input,
    reread: Option<Reread>,
    envelope: Arc<Guide>,
    show_phi: bool,
    /// Whether a value was masked.
    pub masked: bool,
    /// What help was given: once is enough.
    helped: HashSet<String>,
}

impl<'i> Reporter<'i> {
    /// A reporter for one document.
    pub fn new(input: &'i Input, options: &Options, show_phi: bool) -> Self {
        let (reread, envelope) = (Reread::new(input, options), options.catalog.envelope());
        Self {
            input,
            reread,
            envelope,
            show_phi,
            masked: false,
            helped: HashSet::new(),
        }
    }

    /// What is said of a finding.
    pub fn diagnostic(&mut self, finding: &Finding) -> String {
        let line = self
            .reread
            .as_mut()
            .and_then(|reread| reread.line(finding.offset));
        let margin = " ".repeat(line.map_or(1, |line| line.to_string().len()));
        let colour = match finding.severity {
            Severity::Error => RED,
            Severity::Warning => YELLOW,
            _ => CYAN,
        };
        let (severity, code) = (finding.severity.name(), finding.name());
        let mut text = format!(
            "{colour}{severity}[{code}]{PLAIN}{BOLD}: {}{PLAIN}\n",
            finding.message()
        );
        text += &format!("{margin}{BLUE}-->{PLAIN} {}\n", self.place(finding, line));
        if let (Some(line), Some(snippet)) = (line, self.snippet(finding)) {
            let Snippet {
                text: segment,
                indent,
                carets,
                label,
                masked,
            } = snippet;
            self.masked |= masked;
            let (blanks, carets) = (" ".repeat(indent), "^".repeat(carets));
            let pointed = format!("{blanks}{colour}{carets} {label}");
            text += &format!("{margin} {BLUE}|{PLAIN}\n{BLUE}{line} |{PLAIN} {segment}\n");
            text += &format!(
                "{margin} {BLUE}|{PLAIN} {}{PLAIN}\n{margin} {BLUE}|{PLAIN}\n",
                pointed.trim_end()
            );
        }
        text += &format!(
            "{margin} {BLUE}={PLAIN} {BOLD}note{PLAIN}: {}\n",
            self.note(finding)
        );
        if let Some(help) =
            help(finding, self.input).filter(|help| self.helped.insert(help.clone()))
        {
            text += &format!("{margin} {BLUE}={PLAIN} {BOLD}help{PLAIN}: {help}\n");
        }
        text
    }

    fn place(&self, finding: &Finding, line: Option<u64>) -> String {
        let mut place = self.input.name();
        if let Some(line) = line {
            place += &format!(":{line}");
        }
        place += &format!(" (byte {}", finding.offset);
        match finding.set {
            _ if finding.segment == 0 => {}
            0 => place += &format!(", segment {} of the document", finding.segment),
            _ => {
                place += &format!(
                    ", segment {} of set {}",
                    finding.segment,
                    harmless(&finding.identity.set)
                )
            }
        }
        place += ")";
        let path = finding.path();
        if path.is_empty() {
            place
        } else {
            place + " " + &path
        }
    }

    fn snippet(&mut self, finding: &Finding) -> Option<Snippet> {
        let reread = self.reread.as_mut()?;
        let delimiters = reread.delimiters(finding.interchange);
        let bytes = reread.segment(finding.offset, finding.length, &delimiters)?;
        let sight = Sight {
            bytes: &bytes,
            delimiters,
            envelope: &self.envelope,
            show_phi: self.show_phi,
        };
        (!bytes.is_empty()).then(|| Snippet::new(finding, &sight))
    }

    /// Which check found it, by which guide, and the acknowledgment codes that follow.
    fn note(&self, finding: &Finding) -> String {
        let AcknowledgmentCodes {
            ta105,
            ak905,
            ik502,
            ik304,
            ik403,
        } = finding.acknowledgment();
        let mut note = format!("SNIP {}", finding.snip());
        for (name, code) in [
            ("TA105", ta105),
            ("AK905", ak905),
            ("IK502", ik502),
            ("IK304", ik304),
            ("IK403", ik403),
        ] {
            if !code.is_empty() {
                note += &format!("; {name} {code}");
            }
        }
        match finding
            .position
            .as_ref()
            .map(|position| &position.guide().id)
        {
            Some(guide) if *guide != self.envelope.id => note + "; guide " + guide,
            _ => note,
        }
    }
}

/// The command that comes next, where there is one.
fn help(finding: &Finding, input: &Input) -> Option<String> {
    let word = input.word();
    match finding.code {
        // Inside an element delimiters stay as they are.
        Code::TrailingDelimiters if finding.element > 0 => None,
        Code::TextBeforeInterchange
        | Code::TextAfterInterchange
        | Code::InterchangeWrapped
        | Code::LineBreakInside
        | Code::TrailingDelimiters => {
            Some(format!("`x12conv fmt {word}` writes the document without"))
        }
        Code::GuideUnknown => Some(format!(
            "`x12conv info {word}` shows which guide each transaction set goes by"
        )),
        Code::SegmentUnexpected
        | Code::SegmentUnrecognized
        | Code::SegmentOutOfSequence
        | Code::SegmentMissing
        | Code::LoopMissing
        | Code::HierarchyParent => Some(format!(
            "`x12conv fmt --indent {word}` shows the loops around it"
        )),
        _ => None,
    }
}
