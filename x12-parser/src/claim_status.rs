//! What a 277CA says of a claim for a finding: status category, status and entity of its STC segment.
//!
//! A rule of a guide says it itself; what is built in has one table here.

use x12_schemas::table::{Guide, NONE};

use crate::finding::{Code, Finding, Position};

/// What STC01 of a 277CA says of a rejected claim.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ClaimStatus<'f> {
    /// Claim status category code: `A6` information missing, `A7` invalid, `A8` contradictory, `A3` returned.
    pub category: &'f str,
    /// Claim status code: 21 is "missing or invalid information", where none says more.
    pub status: &'f str,
    /// Entity identifier code of whom it concerns; empty if it concerns none in particular.
    pub entity: &'f str,
}

/// Claim status codes that say more than 21 of a code in an external list, by the name of the list.
///
/// The list of claim status codes (external code source 508) as public programs carry it.
const LISTS: &[(&str, &str)] = &[
    ("adjustmentReasons", "521"),
    ("admissionSources", "229"),
    ("admissionTypes", "231"),
    ("billTypes", "228"),
    ("conditionCodes", "460"),
    ("countries", "680"),
    ("currencies", "681"),
    ("occurrenceCodes", "719"),
    ("occurrenceSpanCodes", "721"),
    ("patientStatuses", "234"),
    ("placesOfService", "249"),
    ("remarkCodes", "634"),
    ("revenueCodes", "455"),
    ("states", "501"),
    ("taxonomies", "145"),
    ("valueCodes", "725"),
];

impl Code {
    /// The category of the claim's status: what is missing, what is invalid, or that the claim cannot be taken up as it is.
    #[must_use]
    pub fn claim_status_category(self) -> &'static str {
        match self {
            Self::SegmentMissing
            | Self::LoopMissing
            | Self::ElementMissing
            | Self::ElementConditionMissing => "A6",
            Self::ElementExclusion => "A8",
            _ => "A7",
        }
    }
}

/// All that a claim's status depends on, of a finding that may be gone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Cause {
    pub(crate) code: Code,
    /// Which rule of the guide, for [`Code::Rule`]; else [`NONE`].
    pub(crate) rule: u16,
    /// The loop around it, or [`NONE`].
    loop_index: u16,
    /// What stands for 21.
    status: &'static str,
}

impl Cause {
    pub(crate) fn of(finding: &Finding) -> Self {
        let position = finding.position.as_ref();
        Self {
            code: finding.code,
            rule: finding.rule,
            loop_index: position.map_or(NONE, Position::loop_index),
            status: finding.status().unwrap_or("21"),
        }
    }

    /// What is said of the claim; the guide is that of the finding.
    pub(crate) fn claim_status<'g>(&self, guide: Option<&'g Guide>) -> ClaimStatus<'g> {
        let rule = guide.and_then(|guide| guide.rules.get(usize::from(self.rule)));
        let around = || guide.and_then(|guide| entity(guide, self.loop_index));
        if let Some(rule) = rule.filter(|rule| !rule.stc.is_empty()) {
            let mut parts = rule.stc.split(':');
            let mut part = || parts.next().unwrap_or_default();
            let (category, status, entity) = (part(), part(), part());
            return ClaimStatus {
                category,
                status,
                entity: match entity {
                    "" => around().unwrap_or_default(),
                    entity => entity,
                },
            };
        }
        ClaimStatus {
            category: self.code.claim_status_category(),
            status: self.status,
            entity: around().unwrap_or_default(),
        }
    }
}

impl Finding {
    /// What a 277CA says of the claim, or of its line, for this finding.
    #[must_use]
    pub fn claim_status(&self) -> ClaimStatus<'_> {
        let guide = self.position.as_ref().map(|position| &**position.guide());
        Cause::of(self).claim_status(guide)
    }

    /// The status of the kind of code that the element should hold.
    fn status(&self) -> Option<&'static str> {
        let position = self.position.as_ref()?;
        let element = position.element(self.element, self.component)?;
        let known = LISTS.iter().find(|(list, _)| *list == element.list);
        known.map(|(_, status)| *status)
    }
}

/// Data element 98, the entity identifier code.
const ENTITY: &str = "98";

/// Whom something concerns: the one entity identifier code by which the first segment of a loop is recognised.
fn entity(guide: &Guide, loop_index: u16) -> Option<&str> {
    let a_loop = guide.loops.get(usize::from(loop_index))?;
    let first = guide.items_of(a_loop).first()?;
    let segment = guide.segments.get(usize::from(first.segment))?;
    let key = segment.keys.first().filter(|key| key.codes != NONE)?;
    let element = guide.element(segment, key.element.into())?;
    match guide.codes_at(key.codes) {
        [code] if element.data_element == ENTITY => Some(code),
        _ => None,
    }
}
