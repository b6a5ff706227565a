//! What an acknowledgment says, as a line of JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use x12_parser::{Envelope, ErrorSaid, Finding, LevelSaid, Stated, Withheld};

/// What an acknowledgment says, as our own systems read it: identity and codes.
#[derive(Default, Serialize)]
pub(super) struct Line<'s> {
    /// `interchange`, `group`, `set`, `segment`, `element`; of a 277CA `claim`, `line`, `batch`, `provider`; of an 824 `advice`, `error`;
    /// `acknowledgment` if something is wrong with it itself.
    pub(super) of: &'static str,
    /// The arrival of what it speaks of; null if we sent nothing such.
    pub(super) submission: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) isa13: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gs01: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gs06: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) st01: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) st02: Option<&'s str>,
    /// Which segment of the set, ST being 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) segment: Option<u64>,
    #[serde(rename = "segmentId", skip_serializing_if = "Option::is_none")]
    pub(super) segment_id: Option<&'s str>,
    #[serde(rename = "loop", skip_serializing_if = "Option::is_none")]
    pub(super) loop_id: Option<&'s str>,
    /// Element, component and repetition, from one; zeros where none is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) element: Option<[u16; 3]>,
    /// TA104, AK901, IK501, IK304 or IK403, or those of a 997; in an 824 OTI01 or TED01.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<&'s str>,
    /// Why: TA105, AK905 and on, IK502 and on; of a claim its statuses, `A7:562:85`; of an advised error the sender's reasons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) codes: Vec<Cow<'s, str>>,
    /// Whether a claim, a line, a batch or a provider is rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rejected: Option<bool>,
    /// What was charged, as it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) amount: Option<String>,
    /// Numbers, each with what it is: of the `batch` (BHT03), the `claim` (CLM01), the `line` (REF02 behind 6R), the one that the `payer` or
    /// the `clearinghouse` gave; in an 824 with the qualifiers of REF01.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) numbers: Vec<Number<'s>>,
    /// How many claims were accepted and rejected, and what they charge.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) totals: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) finding: Option<&'s Finding>,
    /// ISA13, GS06 and ST02 of the acknowledgment.
    pub(super) by: [String; 3],
}

/// A number of what is spoken of.
#[derive(Serialize)]
pub(super) struct Number<'s> {
    /// What has it.
    of: &'s str,
    number: Cow<'s, str>,
}

impl<'s> Line<'s> {
    pub(super) fn by(brought: &Envelope) -> Self {
        Self {
            of: "acknowledgment",
            by: [brought.isa(13), brought.gs(6), brought.st(2)].map(str::to_owned),
            ..Self::default()
        }
    }
    /// A number, if there is one.
    pub(super) fn number(&mut self, what: &'s str, number: Option<&'s Withheld>) {
        self.numbers.extend(number.map(|number| Number {
            of: what,
            number: String::from_utf8_lossy(number.reveal()),
        }));
    }

    /// An error that an 824 tells.
    pub(super) fn error(&mut self, said: &'s ErrorSaid) {
        self.segment = said.segment;
        self.segment_id = Some(&said.id);
        self.element = Some([said.element, said.component, said.repetition]);
        self.code = Some(&said.code);
        self.codes = said.reasons.iter().map(|code| (&**code).into()).collect();
    }

    /// What STC segments state.
    pub(super) fn stated(&mut self, stated: &'s Stated) {
        self.rejected = stated.is_rejected();
        self.amount = stated.amount.map(|amount| amount.to_string());
        let codes = stated.statuses.iter().map(|status| {
            let parts = [&*status.category, &*status.code, &*status.entity];
            let joined = parts.join(":");
            Cow::from(joined.trim_end_matches(':').to_owned())
        });
        self.codes = codes.collect();
    }

    /// The totals of a level: those given, or else those of what stands below.
    pub(super) fn level(&mut self, level: &'s LevelSaid) {
        self.stated(&level.stated);
        let given = [Some(level.totals), level.below];
        for totals in given.into_iter().flatten() {
            let [accepted, rejected] = [totals.accepted, totals.rejected];
            let counts = [("accepted", accepted), ("rejected", rejected)];
            let amounts = [
                ("acceptedAmount", totals.accepted_amount),
                ("rejectedAmount", totals.rejected_amount),
            ];
            let counts = counts.map(|(key, count)| (key, count.map(|it| it.to_string())));
            let amounts = amounts.map(|(key, amount)| (key, amount.map(|it| it.to_string())));
            for (key, told) in counts.into_iter().chain(amounts) {
                if let Some(told) = told {
                    self.totals.entry(key).or_insert(told);
                }
            }
        }
    }
}
