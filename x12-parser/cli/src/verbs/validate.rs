//! `x12conv validate`: what is wrong in X12, and where.

use std::io::Write;

use serde::Serialize;
use x12_parser::{Finding, Severity, Summary};

use crate::arguments::ValidateArguments;
use crate::codes;
use crate::documents::Document;
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::report::failure;
use crate::report::finding::Reporter;
use crate::session::Session;
use crate::talk::count;
use crate::verbs::doors;

/// Findings told to people unless they ask for more: who has more errors than these begins with them.
const FINDINGS_TOLD: u64 = 100;

/// Checks each document.
pub fn run(arguments: &ValidateArguments, mut session: Session) -> Outcome {
    session.read_as(&arguments.read);
    if !codes::load(&mut session, &arguments.guides) {
        return Outcome::CouldNot;
    }
    if arguments.output.output.is_some() && !session.talk.is_json() {
        failure::plain(
            &mut session.talk,
            "usage",
            None,
            "--output takes findings as JSON: add `--error-format json`",
        );
        return Outcome::CouldNot;
    }
    let Some((inputs, output)) =
        doors(&mut session, &arguments.read.input.files, &arguments.output)
    else {
        return Outcome::CouldNot;
    };
    let mut tally = Tally::new(arguments, &session);
    let outcome = session.each(&inputs, output, |session, document, output| {
        check(session, document, output, &mut tally)
    });
    if !session.talk.is_json() && tally.files > 0 {
        session.talk.remark(&tally.summary(inputs.len() as u64));
    }
    outcome
}

fn check(
    session: &mut Session,
    document: Document<'_>,
    output: &mut Output,
    tally: &mut Tally,
) -> Result<Outcome, Failure> {
    let Session { talk, options, .. } = session;
    let file = document.input.name();
    let mut reporter = Reporter::new(document.input, options, tally.show_phi);
    let errors = tally.errors;
    let summary = x12_parser::validate(document.reader, options, |finding| {
        if !tally.admits(finding) {
            return Ok(());
        }
        if talk.is_json() {
            let line = serde_json::to_string(&Line {
                file: &file,
                finding,
            })
            .map_err(std::io::Error::other)?;
            return Ok(writeln!(output, "{line}")?);
        }
        if !talk.is_quiet() {
            talk.remark(&reporter.diagnostic(finding));
        }
        Ok(())
    })?;
    tally.masked |= reporter.masked;
    tally.add(&summary);
    Ok(Outcome::of(tally.errors == errors))
}

/// A finding as programs get it.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    #[serde(flatten)]
    finding: &'a Finding,
}

/// What was counted in all documents together.
struct Tally {
    show_phi: bool,
    /// Findings that may be told.
    most: u64,
    told: u64,
    untold: u64,
    errors: u64,
    warnings: u64,
    /// Files read to their ends.
    files: u64,
    segments: u64,
    sets: u64,
    masked: bool,
}

impl Tally {
    fn new(arguments: &ValidateArguments, session: &Session) -> Self {
        let most = match arguments.max_errors {
            Some(0) => u64::MAX,
            Some(most) => most,
            None if session.talk.is_json() => u64::MAX,
            None => FINDINGS_TOLD,
        };
        Self {
            show_phi: arguments.show_phi,
            most,
            told: 0,
            untold: 0,
            errors: 0,
            warnings: 0,
            files: 0,
            segments: 0,
            sets: 0,
            masked: false,
        }
    }

    /// Counts a finding; whether it is to be told.
    fn admits(&mut self, finding: &Finding) -> bool {
        self.errors += u64::from(finding.severity == Severity::Error);
        self.warnings += u64::from(finding.severity == Severity::Warning);
        let told = self.told < self.most;
        *(if told {
            &mut self.told
        } else {
            &mut self.untold
        }) += 1;
        told
    }

    fn add(&mut self, summary: &Summary) {
        self.files += 1;
        self.segments += summary.segments;
        self.sets += summary.sets;
        self.untold += summary.omitted;
    }

    fn summary(&self, inputs: u64) -> String {
        let found = match (self.errors, self.warnings) {
            (0, 0) => "nothing wrong".to_owned(),
            (errors, 0) => count(errors, "error"),
            (0, warnings) => count(warnings, "warning"),
            (errors, warnings) => {
                format!("{}, {}", count(errors, "error"), count(warnings, "warning"))
            }
        };
        let (files, segments, sets) = (
            count(self.files, "file"),
            count(self.segments, "segment"),
            count(self.sets, "transaction set"),
        );
        let mut summary = format!("{found} in {files}; {segments}, {sets}");
        if self.files < inputs {
            summary += &format!(
                "; {} not read to the end",
                count(inputs - self.files, "file")
            );
        }
        if self.untold > 0 {
            summary += &format!(
                "\n{} not told: `--max-errors 0` tells more",
                count(self.untold, "further finding")
            );
        }
        if self.masked {
            summary += "\nvalues are masked: `--show-phi` shows them";
        }
        summary
    }
}
