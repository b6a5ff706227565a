//! Which transaction set answers a group, 997 or 999, and in which words: its guide, its segments, its codes.

/// The transaction set that answers a group.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum AnswerSet {
    /// 997, the functional acknowledgment, for groups of versions before 005010: it knows nothing of guides.
    Functional,
    /// 999, the implementation acknowledgment, for all others.
    Implementation,
}

/// What only a 999 can say of a segment (IK304), and the nearest that a 997 has (AK304).
///
/// Here and below: a 997 of 004010 has the codes that pyx12 lists for it. pyx12 says 2 of what its guide does not use, 3 of what it
/// misses; the rest is our own reading of x12-standard §5.2.
const SEGMENT_CODES: [(&str, &str); 5] = [
    ("I4", "2"),
    ("I6", "3"),
    ("I7", "3"),
    ("I8", "3"),
    ("I9", "2"),
];

/// What only a 999 can say of an element (IK403), and the nearest of a 997 (AK403).
///
/// As pyx12 has it: 10 where its guide does not use the element, 3 for components too many; repetitions too many are no other thing.
const ELEMENT_CODES: [(&str, &str); 8] = [
    ("12", "3"),
    ("13", "3"),
    ("I6", "7"),
    ("I9", "2"),
    ("I10", "10"),
    ("I11", "1"),
    ("I12", "7"),
    ("I13", "10"),
];

/// What only a 999 can say of a transaction set (IK502), and the nearest of a 997 (AK502): one that does not belong in its group has
/// the wrong identifier there; one without a guide is not supported.
const SET_CODES: [(&str, &str); 4] = [("18", "6"), ("19", "1"), ("I5", "5"), ("I6", "1")];

impl AnswerSet {
    /// What answers a group of this version (GS08), or of this interchange (ISA12) where the group's version is none.
    pub(crate) fn of_group(gs08: &[u8], isa12: &[u8]) -> Self {
        let by_version = |version: &[u8]| match version {
            [b'0', b'0', b'1'..=b'4', ..] => Some(Self::Functional),
            [b'0', b'0', b'5'..=b'9', ..] => Some(Self::Implementation),
            _ => None,
        };
        by_version(gs08)
            .or_else(|| by_version(isa12))
            .unwrap_or(Self::Implementation)
    }

    /// Its identifier, ST01: `997` or `999`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Functional => "997",
            Self::Implementation => "999",
        }
    }

    /// The guide by which it is written, GS08. A 997 is one of 004010, whatever version it answers: 004010 is what our guide knows, and
    /// versions before it differ from it in nothing that a 997 is made of.
    pub(crate) fn guide(self) -> &'static str {
        match self {
            Self::Functional => "004010",
            Self::Implementation => "005010X231A1",
        }
    }

    /// The segment that tells of a segment.
    pub(crate) fn of_segment(self) -> &'static str {
        match self {
            Self::Functional => "AK3",
            Self::Implementation => "IK3",
        }
    }

    /// The segment that tells of an element.
    pub(crate) fn of_element(self) -> &'static str {
        match self {
            Self::Functional => "AK4",
            Self::Implementation => "IK4",
        }
    }

    /// The segment that tells of a transaction set.
    pub(crate) fn of_set(self) -> &'static str {
        match self {
            Self::Functional => "AK5",
            Self::Implementation => "IK5",
        }
    }

    /// A segment's code as it has it: given IK304.
    pub(crate) fn segment_code(self, code: &'static str) -> &'static str {
        self.nearest(code, &SEGMENT_CODES)
    }

    /// An element's code as it has it: given IK403.
    pub(crate) fn element_code(self, code: &'static str) -> &'static str {
        self.nearest(code, &ELEMENT_CODES)
    }

    /// A transaction set's code as it has it: given IK502. Those of groups, AK905, are the same in both.
    pub(crate) fn set_code(self, code: &'static str) -> &'static str {
        self.nearest(code, &SET_CODES)
    }

    fn nearest(self, code: &'static str, table: &[(&'static str, &'static str)]) -> &'static str {
        let known = table.iter().find(|(own, _)| *own == code);
        match self {
            Self::Functional => known.map_or(code, |(_, nearest)| nearest),
            Self::Implementation => code,
        }
    }
}

#[cfg(test)]
mod tests {
    use x12_schemas::Catalog;

    use super::*;
    use crate::finding::Code;

    /// The codes that our guide of the 997 takes for an element.
    fn codes(segment: &str, element: usize) -> Vec<String> {
        let guide = Catalog::builtin().guide("004010").expect("it is built in");
        let segment = guide
            .segments
            .iter()
            .find(|other| other.id == segment)
            .expect("a 997 has it");
        let element = guide.element(segment, element).expect("it has one");
        guide.codes_at(element.codes).to_vec()
    }

    #[test]
    fn a_997_has_every_code_that_we_put_in_it() {
        let [segment, element, set, group] =
            [("AK3", 4), ("AK4", 3), ("AK5", 2), ("AK9", 5)].map(|(id, at)| codes(id, at));
        let has = |list: &[String], code: &str| code.is_empty() || list.iter().any(|c| c == code);
        let functional = AnswerSet::Functional;
        for code in Code::ALL {
            let said = code.acknowledgment();
            assert!(
                has(&segment, functional.segment_code(said.ik304)),
                "{code:?}"
            );
            assert!(
                has(&element, functional.element_code(said.ik403)),
                "{code:?}"
            );
            assert!(has(&set, functional.set_code(said.ik502)), "{code:?}");
            assert!(has(&group, said.ak905), "{code:?}");
        }
        for (table, list) in [
            (&SEGMENT_CODES[..], &segment),
            (&ELEMENT_CODES, &element),
            (&SET_CODES, &set),
        ] {
            for (own, nearest) in table {
                assert!(!has(list, own) && has(list, nearest), "{own} as {nearest}");
            }
        }
    }

    #[test]
    fn the_groups_version_decides_then_that_of_the_interchange() {
        for (gs08, isa12, code) in [
            ("004010X098A1", "00401", "997"),
            ("004010", "00501", "997"),
            ("003040", "00304", "997"),
            ("002001ABC", "00200", "997"),
            ("005010X222A1", "00401", "999"),
            ("006020X314", "00602", "999"),
            ("", "00401", "997"),
            ("X", "00501", "999"),
            ("", "", "999"),
        ] {
            let set = AnswerSet::of_group(gs08.as_bytes(), isa12.as_bytes());
            assert_eq!(set.code(), code, "{gs08} in {isa12}");
        }
    }
}
