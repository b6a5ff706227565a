//! What an 824 says of an error: the application error condition code of its TED segment.
//!
//! A guide's rule follows from its SNIP type and its codes for a 999; what is built in has one table here.

use x12_schemas::table::SituationRule;

use crate::finding::{Code, Finding};

/// Codes of data element 647 as public lists of the standard carry it, those that say something of any transaction set.
///
/// Files that public test suites label valid have [`UNLISTED`] throughout, whatever is wrong; what is wrong is said in words.
const DUPLICATE: &str = "006";
const MISSING: &str = "007";
const DATE: &str = "009";
const BALANCE: &str = "010";
const NOT_MATCHING: &str = "011";
const COMBINATION: &str = "012";
/// No code says it.
pub(crate) const UNLISTED: &str = "024";
const INCORRECT: &str = "848";

/// The SNIP type of sums.
const SUMS: u8 = 3;

/// IK304 and IK403 of what a situation demands, and of what it forbids.
const DEMANDED: [&str; 6] = ["3", "I6", "I7", "I8", "I9", "I11"];
const FORBIDDEN: [&str; 3] = ["I4", "I10", "I13"];

impl Code {
    /// TED01; the rule is the one that is broken, for [`Code::Rule`].
    pub(crate) fn error_condition(self, rule: Option<&SituationRule>) -> &'static str {
        match self {
            Self::SegmentMissing
            | Self::LoopMissing
            | Self::ElementMissing
            | Self::ElementConditionMissing => MISSING,
            Self::ElementDate => DATE,
            Self::ElementExclusion => COMBINATION,
            Self::SetControlNumberTwice => DUPLICATE,
            Self::SetControlNumber | Self::SegmentCount | Self::BinaryLength => NOT_MATCHING,
            Self::ElementTooShort
            | Self::ElementTooLong
            | Self::ElementCharacter
            | Self::ElementCode
            | Self::ElementExternalCode
            | Self::ElementPattern
            | Self::ElementTime => INCORRECT,
            Self::Rule => rule.map_or(UNLISTED, of_rule),
            _ => UNLISTED,
        }
    }
}

fn of_rule(rule: &SituationRule) -> &'static str {
    let has = |codes: &[&str]| {
        // I9 of a segment forbids, of an element demands.
        let segment = codes.contains(&rule.ik304.as_str()) && rule.ik304 != "I9";
        segment || codes.contains(&rule.ik403.as_str())
    };
    match rule.snip {
        SUMS => BALANCE,
        _ if has(&DEMANDED) => MISSING,
        _ if has(&FORBIDDEN) || rule.ik304 == "I9" => COMBINATION,
        _ => UNLISTED,
    }
}

impl Finding {
    /// What an 824 says of it, TED01: `007` data missing, `010` total out of balance, `024` where no code says it.
    #[must_use]
    pub fn error_condition(&self) -> &'static str {
        self.code.error_condition(self.rule())
    }
}
