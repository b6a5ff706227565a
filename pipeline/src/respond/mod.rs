//! Correlates a partner's acknowledgments with what was sent, and tells our own systems.

mod line;
mod ours;

use x12_parser::{
    Acknowledged, AdviceSaid, AdviceScope, BatchReference, GroupReference, ItemReference, Level,
    LevelSaid, Said, SetReference, Totals, read_acknowledgments,
};

use crate::doors::Doors;
use crate::failure::Result;
use crate::job::{Address, Fact, Job, Outcome, Parcel, Task};
use crate::ledger::Reference;
use crate::noted::Noted;
use crate::object::ObjectId;
use crate::paper::{open, put_line, readable, seal};
use crate::seal::Sealer;

use line::Line;
use ours::{Last, Ours};

/// Does a [`Task::Respond`]. What was said is object 0, a line each.
///
/// # Errors
/// A failure to read or write, or of the ledger.
pub fn respond(job: &Job, doors: &Doors, x12: &ObjectId) -> Result<Outcome> {
    let mut account = Account {
        lines: seal(job, doors, 0)?,
        noted: Noted::new(job, doors),
        ours: Ours::of(job, doors),
        group: Last::default(),
        batch: Last::default(),
        item: Last::default(),
        said: 0,
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
        batch_ms: 0,
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
            account.said, account.ours.unmatched
        ),
        ..Outcome::default()
    })
}

/// What was said so far.
struct Account<'a> {
    lines: Sealer,
    noted: Noted<'a>,
    ours: Ours<'a>,
    /// Whose a group is.
    group: Last<GroupReference, Option<String>>,
    /// The digest of a batch, and whose it is.
    batch: Last<BatchReference, Option<Sent>>,
    /// Whose an item of an 824 is.
    item: Last<ItemReference, Option<String>>,
    said: u64,
}

/// A transaction set that we sent, and that a 277CA names by its reference.
struct Sent {
    digest: String,
    submission: Option<String>,
}

impl Account<'_> {
    fn told(&mut self, told: &Acknowledged<'_>) -> Result<()> {
        let mut line = Line::by(told.brought);
        self.say(told, &mut line)?;
        self.said += u64::from(!matches!(told.said, Said::Finding(_)));
        put_line(&mut self.lines, &line)
    }

    fn say<'s>(&mut self, told: &'s Acknowledged<'_>, line: &mut Line<'s>) -> Result<()> {
        match &told.said {
            Said::Interchange(said) => {
                line.of = "interchange";
                line.submission = self
                    .ours
                    .sent(&Reference::Interchange { isa13: &said.isa13 })?;
                line.isa13 = Some(&said.isa13);
                line.code = Some(said.acceptance.code());
                line.codes = vec![(&*said.note).into()];
                self.noted.push(Fact::AnsweredInterchange {
                    isa13: said.isa13.clone(),
                    code: said.acceptance.code().to_owned(),
                    note: said.note.clone(),
                })?;
            }
            Said::Group(said) => {
                self.of_group("group", &said.group, line)?;
                line.code = Some(said.acceptance.code());
                line.codes = said.codes.iter().map(|code| (&**code).into()).collect();
                self.noted.push(Fact::AnsweredGroup {
                    gs01: said.group.gs01.clone(),
                    gs06: said.group.gs06.clone(),
                    code: said.acceptance.code().to_owned(),
                })?;
            }
            Said::Set(said) => {
                self.of_set("set", &said.set, line)?;
                line.code = Some(said.acceptance.code());
                line.codes = said.codes.iter().map(|code| (&**code).into()).collect();
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
            of_records => return self.of_records(of_records, line),
        }
        Ok(())
    }

    /// What a 277CA or an 824 says.
    fn of_records<'s>(&mut self, said: &'s Said<'_>, line: &mut Line<'s>) -> Result<()> {
        match said {
            Said::Claim(said) => {
                self.of_batch("claim", &said.claim.batch, line)?;
                line.number("claim", said.claim.number.as_ref());
                line.number("payer", said.claim.payer_number.as_ref());
                line.number("clearinghouse", said.claim.clearinghouse_number.as_ref());
                line.stated(&said.stated);
            }
            Said::Line(said) => {
                self.of_batch("line", &said.claim.batch, line)?;
                line.number("claim", said.claim.number.as_ref());
                line.number("line", said.number.as_ref());
                line.stated(&said.stated);
            }
            Said::Level(said) => self.level(said, line)?,
            Said::Advice(said) => self.advice(said, line)?,
            Said::Error(said) => {
                self.of_item("error", &said.item, line)?;
                line.error(said);
            }
            _ => {}
        }
        Ok(())
    }

    fn level<'s>(&mut self, said: &'s LevelSaid, line: &mut Line<'s>) -> Result<()> {
        let of = match said.level {
            Level::Batch => "batch",
            Level::Provider => "provider",
        };
        self.of_batch(of, &said.batch, line)?;
        line.number(of, said.trace.as_ref());
        line.level(said);
        if let (Level::Batch, Some(Some(sent))) = (said.level, self.batch.value()) {
            self.noted.push(Fact::AnsweredClaims {
                digest: sent.digest.clone(),
                said: of_claims(said),
            })?;
        }
        Ok(())
    }

    fn advice<'s>(&mut self, said: &'s AdviceSaid, line: &mut Line<'s>) -> Result<()> {
        self.of_item("advice", &said.item, line)?;
        line.code = Some(&said.code);
        for (qualifier, number) in &said.numbers {
            line.number(qualifier, Some(number));
        }
        if said.scope == AdviceScope::Set {
            self.noted.push(Fact::Advised {
                gs06: said.item.gs06.clone(),
                st01: said.item.st01.clone(),
                st02: said.item.st02.clone(),
                said: format!("824 {}", said.code),
            })?;
        }
        Ok(())
    }

    /// Says which batch it is of, a transaction set that we sent under this reference.
    fn of_batch<'s>(
        &mut self,
        of: &'static str,
        batch: &'s BatchReference,
        line: &mut Line<'s>,
    ) -> Result<()> {
        let sent = self.batch.look(batch, || {
            let Some(reference) = &batch.batch else {
                return Ok(None);
            };
            let digest = self.ours.digest(reference);
            let submission = self.ours.sent(&Reference::Batch { digest: &digest })?;
            Ok(Some(Sent { digest, submission }))
        })?;
        line.of = of;
        line.number("batch", batch.batch.as_ref());
        line.submission = sent.as_ref().and_then(|sent| sent.submission.clone());
        Ok(())
    }

    /// Says which item of an 824 it is of, and in which transaction set that we sent.
    fn of_item<'s>(
        &mut self,
        of: &'static str,
        item: &'s ItemReference,
        line: &mut Line<'s>,
    ) -> Result<()> {
        let ItemReference {
            gs06, st01, st02, ..
        } = item;
        let look = || self.ours.sent(&Reference::Set { gs06, st01, st02 });
        line.submission.clone_from(self.item.look(item, look)?);
        line.of = of;
        (line.gs06, line.st01, line.st02) = (Some(&**gs06), Some(&**st01), Some(&**st02));
        line.number("item", item.number.as_ref());
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
        let look = || self.ours.sent(&Reference::Group { gs01, gs06 });
        line.submission.clone_from(self.group.look(group, look)?);
        line.of = of;
        line.gs01 = Some(gs01);
        line.gs06 = Some(gs06);
        Ok(())
    }
}

/// How the claims of a batch were answered, for the ledger.
fn of_claims(level: &LevelSaid) -> String {
    let counts = |totals: &Totals| totals.accepted.is_some() || totals.rejected.is_some();
    let totals = [Some(level.totals), level.below];
    let Some(totals) = totals.into_iter().flatten().find(counts) else {
        return match level.stated.is_rejected() {
            Some(true) => "277CA: rejected".to_owned(),
            _ => "277CA: accepted".to_owned(),
        };
    };
    let [accepted, rejected] = [totals.accepted, totals.rejected].map(Option::unwrap_or_default);
    let all = accepted.saturating_add(rejected);
    format!("277CA: {rejected} of {all} claims rejected")
}
