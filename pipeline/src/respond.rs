//! Correlates a partner's acknowledgments with what was sent, and tells our own systems.

use serde::Serialize;
use x12_parser::{
    Acknowledged, Envelope, Finding, GroupReference, Said, SetReference, read_acknowledgments,
};

use crate::doors::Doors;
use crate::failure::Result;
use crate::job::{Address, Fact, Job, Outcome, Parcel, Task};
use crate::ledger::Reference;
use crate::noted::Noted;
use crate::object::ObjectId;
use crate::paper::{open, put_line, readable, seal};
use crate::seal::Sealer;

/// Does a [`Task::Respond`]. What was said is object 0, a line each.
///
/// # Errors
/// A failure to read or write, or of the ledger.
pub fn respond(job: &Job, doors: &Doors, x12: &ObjectId) -> Result<Outcome> {
    let mut account = Account {
        job,
        doors,
        lines: seal(job, doors, 0)?,
        noted: Noted::new(job, doors),
        group: None,
        said: 0,
        unmatched: 0,
    };
    let document = open(job, doors, x12)?;
    let read = read_acknowledgments(document, doors.options(&job.partner)?, |told| {
        Ok(account.told(&told)?)
    });
    // What breaks off was answered so; what it said before that holds.
    let _ = readable(read)?;
    account.lines.finish()?;
    let facts = account.noted.finish();
    let deliver = Task::Deliver {
        object: job.object(0),
        parcel: Parcel::Response,
        to: Address::Backend,
    };
    Ok(Outcome {
        next: if account.said > 0 {
            vec![deliver]
        } else {
            Vec::new()
        },
        facts,
        note: format!(
            "{} answers, {} to nothing that was sent",
            account.said, account.unmatched
        ),
    })
}

/// What was said so far.
struct Account<'a> {
    job: &'a Job,
    doors: &'a Doors,
    lines: Sealer,
    noted: Noted<'a>,
    /// The group that was looked up last, and whose it is.
    group: Option<(GroupReference, Option<String>)>,
    said: u64,
    unmatched: u64,
}

impl Account<'_> {
    fn told(&mut self, told: &Acknowledged<'_>) -> Result<()> {
        if matches!(told.brought.st(1), "277" | "824") {
            // Our own systems read these as any other document.
            return Ok(());
        }
        let mut line = Line::by(told.brought);
        self.say(told, &mut line)?;
        self.said += u64::from(!matches!(told.said, Said::Finding(_)));
        put_line(&mut self.lines, &line)
    }

    fn say<'s>(&mut self, told: &'s Acknowledged<'_>, line: &mut Line<'s>) -> Result<()> {
        match &told.said {
            Said::Interchange(said) => {
                line.of = "interchange";
                line.submission = self.sent(&Reference::Interchange { isa13: &said.isa13 })?;
                line.isa13 = Some(&said.isa13);
                line.code = Some(said.acceptance.code());
                line.codes = vec![&said.note];
                self.noted.push(Fact::AnsweredInterchange {
                    isa13: said.isa13.clone(),
                    code: said.acceptance.code().to_owned(),
                    note: said.note.clone(),
                })?;
            }
            Said::Group(said) => {
                self.of_group("group", &said.group, line)?;
                line.code = Some(said.acceptance.code());
                line.codes = said.codes.iter().map(String::as_str).collect();
                self.noted.push(Fact::AnsweredGroup {
                    gs01: said.group.gs01.clone(),
                    gs06: said.group.gs06.clone(),
                    code: said.acceptance.code().to_owned(),
                })?;
            }
            Said::Set(said) => {
                self.of_set("set", &said.set, line)?;
                line.code = Some(said.acceptance.code());
                line.codes = said.codes.iter().map(String::as_str).collect();
                self.noted.push(Fact::AnsweredSet {
                    gs01: said.set.group.gs01.clone(),
                    gs06: said.set.group.gs06.clone(),
                    st02: said.set.st02.clone(),
                    said_in: match told.brought.st(1) {
                        "997" => "AK5",
                        _ => "IK5",
                    },
                    code: said.acceptance.code().to_owned(),
                })?;
            }
            Said::Segment(said) => {
                self.of_set("segment", &said.set, line)?;
                line.segment = said.segment;
                line.segment_id = Some(&said.id);
                line.loop_id = Some(&said.loop_id);
                line.code = Some(&said.code);
            }
            Said::Element(said) => {
                self.of_set("element", &said.set, line)?;
                line.segment = said.segment;
                line.element = Some([said.element, said.component, said.repetition]);
                line.code = Some(&said.code);
            }
            Said::Finding(finding) => line.finding = Some(finding),
            _ => {}
        }
        Ok(())
    }

    fn of_set<'s>(
        &mut self,
        of: &'static str,
        set: &'s SetReference,
        line: &mut Line<'s>,
    ) -> Result<()> {
        line.st01 = Some(&set.st01);
        line.st02 = Some(&set.st02);
        self.of_group(of, &set.group, line)
    }

    fn of_group<'s>(
        &mut self,
        of: &'static str,
        group: &'s GroupReference,
        line: &mut Line<'s>,
    ) -> Result<()> {
        let (gs01, gs06) = (&group.gs01, &group.gs06);
        let known = self.group.as_ref().filter(|(known, _)| known == group);
        line.submission = match known {
            Some((_, submission)) => submission.clone(),
            None => {
                let submission = self.sent(&Reference::Group { gs01, gs06 })?;
                self.group = Some((group.clone(), submission.clone()));
                submission
            }
        };
        line.of = of;
        line.gs01 = Some(gs01);
        line.gs06 = Some(gs06);
        Ok(())
    }

    fn sent(&mut self, what: &Reference<'_>) -> Result<Option<String>> {
        let partner = &self.job.partner;
        let submission = self.doors.wait(self.doors.ledger.sent(partner, what))?;
        self.unmatched += u64::from(submission.is_none());
        Ok(submission)
    }
}

/// What an acknowledgment says, as our own systems read it: identity and codes.
#[derive(Default, Serialize)]
struct Line<'s> {
    /// `interchange`, `group`, `set`, `segment`, `element`; `acknowledgment` if something is wrong with it itself.
    of: &'static str,
    /// The arrival of what it speaks of; null if we sent nothing such.
    submission: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    isa13: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gs01: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gs06: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    st01: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    st02: Option<&'s str>,
    /// Which segment of the set, ST being 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    segment: Option<u64>,
    #[serde(rename = "segmentId", skip_serializing_if = "Option::is_none")]
    segment_id: Option<&'s str>,
    #[serde(rename = "loop", skip_serializing_if = "Option::is_none")]
    loop_id: Option<&'s str>,
    /// Element, component and repetition, from one; zeros where none is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    element: Option<[u16; 3]>,
    /// TA104, AK901, IK501, IK304 or IK403, or those of a 997.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'s str>,
    /// Why: TA105, AK905 and on, IK502 and on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    codes: Vec<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<&'s Finding>,
    /// ISA13, GS06 and ST02 of the acknowledgment.
    by: [String; 3],
}

impl Line<'_> {
    fn by(brought: &Envelope) -> Self {
        Self {
            of: "acknowledgment",
            by: [brought.isa(13), brought.gs(6), brought.st(2)].map(str::to_owned),
            ..Self::default()
        }
    }
}
