//! What was decided about a document, kept for those who answer it further, in a second pass.

use std::collections::BTreeMap;
use std::io;

use x12_schemas::table::{Guide, Role};

use crate::acknowledge::records::RecordVerdicts;
use crate::acknowledge::verdict::{Decided, Verdict};
use crate::error::Error;

/// The verdicts on a document and on the records of those of its transaction sets that are accepted, as [`crate::acknowledge`] tells
/// them.
///
/// They are kept until the document has ended: a few hundred bytes for each set with records, and more for those with rejected ones.
#[derive(Clone, Debug, Default)]
pub struct AcceptedRecords {
    sets: BTreeMap<[u32; 3], RecordVerdicts>,
    /// What became of the transaction sets, each for itself and for those behind it up to the next.
    outcomes: BTreeMap<[u32; 3], SetOutcome>,
}

/// What became of a transaction set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SetOutcome {
    /// Nothing speaks of it: it is an acknowledgment, or its interchange is rejected.
    NotAnswered,
    /// It is rejected, or its group is.
    Rejected,
    Accepted {
        /// Whether it has errors that its 999 or 997 does not tell.
        untold: bool,
    },
}

impl AcceptedRecords {
    /// Takes note of a decision, in the order in which they are told.
    pub fn note(&mut self, decided: &Decided) {
        match decided {
            Decided::Set(set) => {
                let at = [set.interchange, set.group, set.set];
                let outcome = match set.verdict {
                    Verdict::NotAnswered => SetOutcome::NotAnswered,
                    Verdict::Rejected => SetOutcome::Rejected,
                    _ => SetOutcome::Accepted {
                        untold: set.untold > 0,
                    },
                };
                self.outcome(at, outcome);
                let accepted = matches!(outcome, SetOutcome::Accepted { .. });
                let records = set.records.as_ref().filter(|_| accepted);
                self.sets
                    .extend(records.map(|records| (at, records.clone())));
            }
            Decided::Group(group) if group.code == Some("R") => {
                let begin = [group.interchange, group.group, 0];
                self.around(begin, SetOutcome::Rejected);
            }
            Decided::Interchange(end) if end.rejected => {
                self.around([end.interchange, 0, 0], SetOutcome::NotAnswered);
            }
            _ => {}
        }
    }

    /// What is rejected around sets rejects them: they are all that was told since it began.
    fn around(&mut self, begin: [u32; 3], outcome: SetOutcome) {
        self.sets.split_off(&begin);
        self.outcomes.split_off(&begin);
        self.outcome(begin, outcome);
    }

    fn outcome(&mut self, at: [u32; 3], outcome: SetOutcome) {
        let last = self.outcomes.last_key_value();
        if last.is_none_or(|(_, before)| *before != outcome) {
            self.outcomes.insert(at, outcome);
        }
    }

    /// What became of a transaction set; none if nothing was told of it.
    pub(crate) fn outcome_of(&self, set: [u32; 3]) -> Option<SetOutcome> {
        let (_, outcome) = self.outcomes.range(..=set).next_back()?;
        Some(*outcome)
    }

    /// The verdicts on the records of a transaction set, by the ordinals of its interchange, its group and itself; none if it is
    /// rejected, or has no records.
    #[must_use]
    pub fn of(&self, set: [u32; 3]) -> Option<&RecordVerdicts> {
        self.sets.get(&set)
    }

    /// Whether a record of a transaction set is accepted; those of sets without verdicts are not.
    #[must_use]
    pub fn accepts(&self, set: [u32; 3], record: u64) -> bool {
        self.of(set).is_some_and(|records| records.accepts(record))
    }

    /// Whether a record of any set is rejected.
    #[must_use]
    pub fn has_rejected(&self) -> bool {
        let mut sets = self.sets.values();
        sets.any(|records| records.rejected.records > 0)
    }

    /// Whether there are claims that a 277CA can answer.
    #[must_use]
    pub fn has_claims(&self) -> bool {
        let mut sets = self.sets.values();
        sets.any(|records| records.received.records > 0 && has_claim_roles(&records.guide))
    }
}

/// Whether a guide says all that a 277CA tells of its records.
pub(crate) fn has_claim_roles(guide: &Guide) -> bool {
    let roles = [
        Role::Batch,
        Role::Sender,
        Role::Receiver,
        Role::Provider,
        Role::Patient,
        Role::Claim,
        Role::Charge,
    ];
    let says = |role: &Role| guide.roles.iter().any(|(known, _)| known == role);
    roles.iter().all(says)
}

pub(crate) fn other_document() -> Error {
    let why = "the verdicts are those of another document";
    io::Error::new(io::ErrorKind::InvalidInput, why).into()
}
