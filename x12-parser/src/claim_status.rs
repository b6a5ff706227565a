//! What a 277CA says of a claim for a finding: status category, status and entity of its STC segment.
//!
//! A rule of a guide says it itself; what is built in has one table here.

use x12_schemas::table::{Guide, NONE};

use crate::finding::{Code, Finding};

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
/// The list of claim status codes as public programs carry it (external code source 508).
const LISTS: &[(&str, &str)] = &[
    ("admissionSources", "229"),
    ("admissionTypes", "231"),
    ("billTypes", "228"),
    ("conditionCodes", "460"),
    ("occurrenceCodes", "461"),
    ("occurrenceSpanCodes", "462"),
    ("patientStatuses", "234"),
    ("placesOfService", "249"),
    ("revenueCodes", "455"),
    ("taxonomies", "145"),
    ("valueCodes", "463"),
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

impl Finding {
    /// What a 277CA says of the claim, or of its line, for this finding.
    #[must_use]
    pub fn claim_status(&self) -> ClaimStatus<'_> {
        let own = self.rule().filter(|rule| !rule.stc.is_empty());
        if let Some(rule) = own {
            let mut parts = rule.stc.split(':');
            let mut part = || parts.next().unwrap_or_default();
            return ClaimStatus {
                category: part(),
                status: part(),
                entity: part(),
            };
        }
        ClaimStatus {
            category: self.code.claim_status_category(),
            status: self.status().unwrap_or("21"),
            entity: self.entity().unwrap_or_default(),
        }
    }

    /// The status of the kind of code that the element should hold.
    fn status(&self) -> Option<&'static str> {
        let position = self.position.as_ref()?;
        let element = position.element(self.element, self.component)?;
        let known = LISTS.iter().find(|(list, _)| *list == element.list);
        known.map(|(_, status)| *status)
    }

    /// Whom it concerns: the entity that the loop around it begins with, if it can be but one.
    fn entity(&self) -> Option<&str> {
        let position = self.position.as_ref()?;
        entity(position.guide(), position.loop_index())
    }
}

/// Data element 98, the entity identifier code.
const ENTITY: &str = "98";

/// The one entity identifier code by which the first segment of a loop is recognised.
fn entity(guide: &Guide, loop_index: u16) -> Option<&str> {
    let a_loop = guide.loops.get(usize::from(loop_index))?;
    let first = guide.items.get(usize::from(a_loop.first_item))?;
    let segment = guide.segments.get(usize::from(first.segment))?;
    let key = segment.keys.first().filter(|key| key.codes != NONE)?;
    let element = guide.element(segment, key.element.into())?;
    match guide.codes.get(usize::from(key.codes))?.as_slice() {
        [code] if element.data_element == ENTITY => Some(code),
        _ => None,
    }
}
