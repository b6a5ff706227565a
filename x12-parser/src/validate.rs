//! Checks a document against its guides and tells what is wrong, as soon as it is known.

use std::io::Read;

use x12_schemas::table::NONE;

use crate::block::{Block, Blocks, Stage};
use crate::check::Checker;
use crate::error::Error;
use crate::event::Event;
use crate::finding::{Code, Finding, Severity};
use crate::limits::Limits;
use crate::options::Options;
use crate::parallel;
use crate::place::Extent;
use crate::replay::{Replay, Step};

/// What was counted while a document was checked.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// Bytes read.
    pub bytes: u64,
    /// Segments read.
    pub segments: u64,
    /// Interchanges read.
    pub interchanges: u64,
    /// Transaction sets read.
    pub sets: u64,
    /// Findings of severity error.
    pub errors: u64,
    /// Findings of severity warning.
    pub warnings: u64,
    /// Findings that were counted and not told, beyond the limit for one transaction set.
    pub omitted: u64,
}

/// Checks all of a document; `tell` gets each finding as soon as it and all before it are known.
///
/// That is the order of the segments, but for what only the end of a level shows: whether its child code was right.
///
/// # Errors
/// [`Error`] if the document cannot be read at all, or not any further; what was found before has been told. Also what `tell` returns.
pub fn validate<R, T>(document: R, options: &Options, mut tell: T) -> Result<Summary, Error>
where
    R: Read + Send,
    T: FnMut(&Finding) -> Result<(), Error> + Send,
{
    let mut summary = Summary::default();
    let mut cap = Cap::new(&options.limits);
    let mut join = |checked: &mut Checked| {
        summary.bytes += checked.bytes;
        summary.segments += checked.segments;
        summary.interchanges += checked.interchanges;
        summary.sets += checked.sets;
        // Inside transaction sets what is not asked for was never found; the envelope is left.
        let asked = |finding: &Finding| {
            finding.code == Code::FindingsOmitted || options.snip.contains(finding.snip())
        };
        for finding in checked.findings.drain(..).filter(asked) {
            match finding.severity {
                Severity::Error => summary.errors += 1,
                Severity::Warning => summary.warnings += 1,
                Severity::Info => {}
            }
            match cap.admit(finding) {
                Some(finding) => tell(&finding)?,
                None => summary.omitted += 1,
            }
        }
        Ok(())
    };
    let blocks = Blocks::new(
        options.charts(),
        options.limits,
        Extent::Rules(options.snip),
    );
    parallel::run(document, options, blocks, &Validate, &mut join)?;
    Ok(summary)
}

/// Keeps the number of findings of one transaction set within its limit.
pub(crate) struct Cap {
    most: usize,
    set: (u32, u32, u32),
    count: usize,
}

impl Cap {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            most: limits.findings_per_set,
            set: (0, 0, 0),
            count: 0,
        }
    }

    /// The finding itself; in place of the first one too many, one that says so; then nothing.
    pub(crate) fn admit(&mut self, finding: Finding) -> Option<Finding> {
        let set = (finding.interchange, finding.group, finding.set);
        if set != self.set {
            (self.set, self.count) = (set, 0);
        }
        self.count += 1;
        match self.count {
            count if count <= self.most => Some(finding),
            count if count == self.most + 1 => {
                let code = Code::FindingsOmitted;
                Some(Finding {
                    code,
                    severity: code.severity(),
                    rule: NONE,
                    triggers: Vec::new(),
                    element: 0,
                    component: 0,
                    repetition: 0,
                    ..finding
                })
            }
            _ => None,
        }
    }
}

/// What checking a block gives.
#[derive(Default)]
pub(crate) struct Checked {
    findings: Vec<Finding>,
    bytes: u64,
    segments: u64,
    interchanges: u64,
    sets: u64,
}

/// Checks blocks.
pub(crate) struct Validate;

impl Stage for Validate {
    type Output = Checked;

    fn block(&self, block: &Block<'_>, output: &mut Checked) {
        *output = Checked {
            bytes: block.bytes.len() as u64,
            ..Checked::default()
        };
        // How many findings there were before what is open, a set or what is around it: more than the limit behind them is never told.
        let most = block.limits.findings_per_set;
        let mut begun = 0;
        let checker = Checker::new(&block.layout.delimiters);
        let mut replay = Replay::new(block);
        while let Some(step) = replay.next() {
            let Checked {
                findings,
                segments,
                interchanges,
                sets,
                ..
            } = output;
            let mut keep = |finding| {
                if findings.len() <= begun + most {
                    findings.push(finding);
                }
            };
            match step {
                Step::Finding(finding) => keep(finding.clone()),
                Step::Segment(placed) => {
                    *segments += 1;
                    checker.placed(&replay, &placed, &mut |code, part| {
                        keep(replay.finding(&placed, code, part))
                    });
                }
                Step::Structure(event) => {
                    *interchanges += u64::from(event == Event::OpenInterchange);
                    *sets += u64::from(matches!(event, Event::OpenSet(_)));
                    if !matches!(event, Event::OpenLoop(_) | Event::CloseLoop) {
                        begun = findings.len();
                    }
                }
            }
        }
    }
}
