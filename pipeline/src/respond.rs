//! Correlates a partner's acknowledgments with what was sent, and tells our own systems.

use serde_json::{Value, json};
use x12_parser::{Acknowledged, Error, GroupReference, Said, SetReference, read_acknowledgments};

use crate::doors::Doors;
use crate::failure::{Failure, Result};
use crate::job::{Address, Fact, Job, Outcome, Parcel, Task};
use crate::ledger::Reference;
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
        facts: Vec::new(),
        group: None,
        said: 0,
        unmatched: 0,
        failed: None,
    };
    let document = open(job, doors, x12)?;
    let read = read_acknowledgments(document, &doors.options, |told| account.told(&told));
    if let Some(failure) = account.failed {
        return Err(failure);
    }
    // What breaks off was answered so; what it said before that holds.
    let _ = readable(read)?;
    account.lines.finish()?;
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
        facts: account.facts,
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
    facts: Vec<Fact>,
    /// The group that was looked up last, and whose it is.
    group: Option<(GroupReference, Option<String>)>,
    said: u64,
    unmatched: u64,
    failed: Option<Failure>,
}

impl Account<'_> {
    /// The parser is given an error, and the failure is kept.
    fn told(&mut self, told: &Acknowledged<'_>) -> std::result::Result<(), Error> {
        self.line(told).map_err(|failure| {
            self.failed = Some(failure);
            std::io::Error::from(std::io::ErrorKind::Other).into()
        })
    }

    fn line(&mut self, told: &Acknowledged<'_>) -> Result<()> {
        let mut line = self.say(&told.said)?;
        let brought = told.brought;
        line["by"] =
            json!({"isa13": brought.isa(13), "gs06": brought.gs(6), "st02": brought.st(2)});
        self.said += u64::from(!matches!(told.said, Said::Finding(_)));
        put_line(&mut self.lines, &line)
    }

    fn say(&mut self, said: &Said<'_>) -> Result<Value> {
        Ok(match said {
            Said::Interchange(said) => {
                let submission = self.sent(&Reference::Interchange { isa13: &said.isa13 })?;
                let code = said.acceptance.code();
                self.facts.push(Fact::AnsweredInterchange {
                    isa13: said.isa13.clone(),
                    code: code.to_owned(),
                    note: said.note.clone(),
                });
                json!({"of": "interchange", "submission": submission, "isa13": said.isa13, "code": code, "note": said.note})
            }
            Said::Group(said) => {
                let code = said.acceptance.code();
                self.facts.push(Fact::AnsweredGroup {
                    gs01: said.group.gs01.clone(),
                    gs06: said.group.gs06.clone(),
                    code: code.to_owned(),
                });
                let mut line = self.of_group("group", &said.group)?;
                line["code"] = json!(code);
                line["codes"] = json!(said.codes);
                line
            }
            Said::Set(said) => {
                let code = said.acceptance.code();
                self.facts.push(Fact::AnsweredSet {
                    gs01: said.set.group.gs01.clone(),
                    gs06: said.set.group.gs06.clone(),
                    st02: said.set.st02.clone(),
                    code: code.to_owned(),
                });
                let mut line = self.of_set("set", &said.set)?;
                line["code"] = json!(code);
                line["codes"] = json!(said.codes);
                line
            }
            Said::Segment(said) => {
                let mut line = self.of_set("segment", &said.set)?;
                line["segment"] =
                    json!({"id": said.id, "ordinal": said.segment, "loop": said.loop_id});
                line["code"] = json!(said.code);
                line
            }
            Said::Element(said) => {
                let mut line = self.of_set("element", &said.set)?;
                line["segment"] = json!({"ordinal": said.segment});
                line["element"] = json!([said.element, said.component, said.repetition]);
                line["code"] = json!(said.code);
                line
            }
            Said::Finding(finding) => json!({"of": "acknowledgment", "finding": finding}),
            _ => json!({"of": "other"}),
        })
    }

    fn of_set(&mut self, of: &str, set: &SetReference) -> Result<Value> {
        let mut line = self.of_group(of, &set.group)?;
        line["st01"] = json!(set.st01);
        line["st02"] = json!(set.st02);
        Ok(line)
    }

    fn of_group(&mut self, of: &str, group: &GroupReference) -> Result<Value> {
        let known = self.group.as_ref().filter(|(known, _)| known == group);
        let submission = match known {
            Some((_, submission)) => submission.clone(),
            None => {
                let (gs01, gs06) = (&group.gs01, &group.gs06);
                let submission = self.sent(&Reference::Group { gs01, gs06 })?;
                self.group = Some((group.clone(), submission.clone()));
                submission
            }
        };
        let GroupReference { gs01, gs06, .. } = group;
        Ok(json!({"of": of, "submission": submission, "gs01": gs01, "gs06": gs06}))
    }

    fn sent(&mut self, what: &Reference<'_>) -> Result<Option<String>> {
        let partner = &self.job.partner;
        let submission = self.doors.wait(self.doors.ledger.sent(partner, what))?;
        self.unmatched += u64::from(submission.is_none());
        Ok(submission)
    }
}
