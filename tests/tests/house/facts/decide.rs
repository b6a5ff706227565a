//! Which differences a guide's decisions cover, and which decisions cover none.

use x12_schemas::table::Decision;

use super::compare::Difference;

/// What does not fit together.
pub struct Judged<'a> {
    /// Differences without a decision, each place and attribute once.
    pub undecided: Vec<&'a Difference>,
    /// Decisions without a difference.
    pub needless: Vec<&'a Decision>,
}

/// Holds differences against decisions.
pub fn judge<'a>(decisions: &'a [Decision], found: &'a [Difference]) -> Judged<'a> {
    let covers = |decision: &Decision, difference: &Difference| {
        decision.attribute == difference.attribute && names(&decision.at, &difference.at)
    };
    let mut undecided: Vec<_> = found
        .iter()
        .filter(|difference| {
            !decisions
                .iter()
                .any(|decision| covers(decision, difference))
        })
        .collect();
    undecided.dedup_by_key(|difference| (&difference.at, difference.attribute));
    let needless = decisions
        .iter()
        .filter(|decision| !found.iter().any(|difference| covers(decision, difference)))
        .collect();
    Judged {
        undecided,
        needless,
    }
}

/// Whether a decision's place means this one; the code in brackets may be left out.
fn names(pattern: &str, at: &str) -> bool {
    let bare = at.split_once('[').map_or(at, |(bare, _)| bare);
    fits(pattern, at) || fits(pattern, bare)
}

/// Whether a text fits a pattern, in which `*` stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(rest) = text.strip_prefix(head) else {
        return false;
    };
    rest.char_indices().any(|(at, _)| fits(tail, &rest[at..])) || fits(tail, "")
}

#[test]
fn a_pattern_fits_any_text_for_its_star() {
    assert!(
        names("2330*", "2330B")
            && names("*/CAS*", "2430/CAS17[CO]")
            && names("2300/REF", "2300/REF[G1]")
    );
    assert!(
        !names("2300/REF[G1]", "2300/REF[F8]")
            && !names("2330*", "2310B")
            && !names("ST03", "ST031")
    );
}
