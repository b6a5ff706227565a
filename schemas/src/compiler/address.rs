//! Addresses of what a guide describes, as rules and overlays write them: `2330B`, `2300/REF[G1]`, `CAS03[CAS01=CO]`, `DTP03[472].end`.

use crate::table::{Filter, Guide, Loop, NONE, Reading, Segment};

use super::fields::reference;

/// What an address says, part by part.
pub(super) struct Address<'a> {
    /// Identifiers of the loops on the way, joined by `/`; empty if there are none.
    pub(super) loops: &'a str,
    /// Whether the way begins at the transaction set.
    pub(super) from_set: bool,
    /// The last part: a loop, a segment or an element.
    pub(super) name: &'a str,
    /// The code by which the use of the segment is recognised.
    pub(super) key: Option<&'a str>,
    /// What must hold of elements beside it: which, one of what, or none of them.
    pub(super) conditions: Vec<Beside<'a>>,
    /// Whether the end of a period is meant.
    pub(super) is_end: bool,
}

/// What must hold of an element beside the one that is meant.
pub(super) struct Beside<'a> {
    element: &'a str,
    codes: Vec<&'a str>,
    negated: bool,
}

/// Something that an address names in one loop.
pub(super) struct Part {
    /// Index of the item.
    pub(super) item: usize,
    /// Element, from one; 0 for the segment or the loop itself.
    pub(super) element: u8,
    /// Component, from one; 0 for the element.
    pub(super) component: u8,
}

impl<'a> Address<'a> {
    /// None if it is not written as an address is.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (path, mut rest) = match text.find(['[', '.']) {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        let (from_set, path) = match path.strip_prefix('/') {
            Some(path) => (true, path),
            None => (false, path),
        };
        let (loops, name) = path.rsplit_once('/').unwrap_or(("", path));
        let (mut key, mut conditions) = (None, Vec::new());
        while let Some(inside) = rest.strip_prefix('[') {
            let (condition, behind) = inside.split_once(']')?;
            match condition.split_once('=') {
                None => key = Some(condition),
                Some((element, codes)) => conditions.push(Beside {
                    element: element.strip_suffix('!').unwrap_or(element),
                    codes: codes.split(',').collect(),
                    negated: element.ends_with('!'),
                }),
            }
            rest = behind;
        }
        let is_end = match rest {
            "" | ".start" => false,
            ".end" => true,
            _ => return None,
        };
        (!name.is_empty()).then_some(Self {
            loops,
            from_set,
            name,
            key,
            conditions,
            is_end,
        })
    }

    /// Whether a loop is the one on the way, wherever that begins.
    pub(super) fn is_in(&self, a_loop: &Loop) -> bool {
        is_at(a_loop, self.loops)
    }

    /// What it names directly in a loop.
    pub(super) fn parts(&self, guide: &Guide, a_loop: &Loop) -> Vec<Part> {
        let first = usize::from(a_loop.first_item);
        let mut parts = Vec::new();
        for item in first..first + usize::from(a_loop.item_count) {
            let Some(found) = guide.items.get(item) else {
                continue;
            };
            let part = |(element, component)| Part {
                item,
                element,
                component,
            };
            if found.child != NONE {
                let is_named = guide.loops[usize::from(found.child)].id == self.name;
                parts.extend(is_named.then(|| part((0, 0))));
                continue;
            }
            let segment = &guide.segments[usize::from(found.segment)];
            if self.key.is_none_or(|key| has_key(guide, segment, key)) {
                parts.extend(slot(guide, segment, self.name).map(part));
            }
        }
        parts
    }

    /// How the values of a part are read; none if what must hold beside them names no element of the segment.
    ///
    /// A loop is read as the segment that starts it.
    pub(super) fn reading(
        &self,
        guide: &mut Guide,
        loop_index: u16,
        part: &Part,
    ) -> Option<Reading> {
        let item = guide.items[part.item];
        let segment = guide.segments[usize::from(item.segment)].clone();
        let run = segment
            .groups
            .iter()
            .find(|run| (run.first..run.first + run.size).contains(&part.element));
        let mut filters = Vec::new();
        let same_run = |element: u8| {
            let run = run?;
            (run.first..run.first + run.size)
                .contains(&element)
                .then_some(run.size)
        };
        // One definition may stand for several codes: then the code itself is looked at.
        if let Some(key) = self.key
            && let Some((element, component)) = told_apart_by(guide, &segment, key)
        {
            filters.push(Filter {
                element,
                component,
                step: 0,
                codes: codes(guide, &[key]),
                negated: false,
            });
        }
        for beside in &self.conditions {
            let (element, component) = slot(guide, &segment, beside.element)?;
            if element == 0 {
                return None;
            }
            filters.push(Filter {
                element,
                component,
                step: same_run(element).unwrap_or(0),
                codes: codes(guide, &beside.codes),
                negated: beside.negated,
            });
        }
        Some(Reading {
            loop_index: if item.child == NONE {
                loop_index
            } else {
                item.child
            },
            segment: item.segment,
            element: part.element,
            component: part.component,
            step: run.map_or(0, |run| run.size),
            times: run.map_or(1, |run| run.times),
            filters,
        })
    }
}

/// What stands in a path for any loops.
const ANY_LOOPS: &str = "/**/";

/// Whether a loop has the identifiers of a path at its end, with any loops between them where the path has `**`.
pub(super) fn is_at(a_loop: &Loop, path: &str) -> bool {
    a_loop.path == path || (!path.is_empty() && ends(&a_loop.path, path))
}

fn ends(whole: &str, path: &str) -> bool {
    let (before, last) = path.rsplit_once(ANY_LOOPS).unwrap_or(("", path));
    let Some(rest) = whole.strip_suffix(last) else {
        return false;
    };
    if before.is_empty() {
        return rest.is_empty() || rest.ends_with('/');
    }
    let mut around = rest.match_indices('/').map(|(at, _)| &rest[..at]);
    rest.ends_with('/') && around.any(|outer| ends(outer, before))
}

/// The index of a list of codes.
pub(super) fn codes(guide: &mut Guide, codes: &[&str]) -> u16 {
    let mut codes: Vec<String> = codes.iter().map(|code| (*code).to_owned()).collect();
    codes.sort_unstable();
    codes.dedup();
    let known = guide.codes.iter().position(|other| *other == codes);
    super::tables::small(known.unwrap_or_else(|| {
        guide.codes.push(codes);
        guide.codes.len() - 1
    }))
}

/// The places of a segment by whose codes its uses are told: those of its keys, or its first element if it has none.
fn keys<'g>(
    guide: &'g Guide,
    segment: &'g Segment,
) -> impl Iterator<Item = ((u8, u8), &'g [String])> {
    let first = guide.elements.get(usize::from(segment.first_element));
    let first = first.filter(|_| segment.keys.is_empty());
    let first = first.map(|element| ((1, 0), element.codes));
    let keys = segment.keys.iter();
    let keys = keys.map(|key| ((key.element, key.component), key.codes));
    let listed =
        |(at, codes): ((u8, u8), u16)| Some((at, guide.codes.get(usize::from(codes))?.as_slice()));
    keys.chain(first).filter_map(listed)
}

/// Whether a use of a segment has a code to be told by.
fn has_key(guide: &Guide, segment: &Segment, key: &str) -> bool {
    let has = |codes: &[String]| codes.iter().any(|code| code == key);
    keys(guide, segment).any(|(_, codes)| has(codes))
}

/// The place where a code tells some values of a definition from others.
fn told_apart_by(guide: &Guide, segment: &Segment, key: &str) -> Option<(u8, u8)> {
    let has = |codes: &[String]| codes.iter().any(|code| code == key);
    let mut found = keys(guide, segment).filter(|(_, codes)| has(codes) && codes.len() > 1);
    found.next().map(|(at, _)| at)
}

/// The element and component of a segment that a word names, 0 and 0 if it is the segment; none if there is no such.
fn slot(guide: &Guide, segment: &Segment, word: &str) -> Option<(u8, u8)> {
    if word == segment.id {
        return Some((0, 0));
    }
    let (number, component) = reference(&segment.id, word)?;
    let element = guide.element(segment, number.into())?;
    let fits = component == 0 || guide.component(element, component.into()).is_some();
    fits.then_some((number, component))
}

#[cfg(test)]
mod tests {
    use super::ends;

    #[test]
    fn two_stars_stand_for_any_loops() {
        for path in ["ask/**/E", "ask/**/C/E", "ask/**/B/**/E", "C/**/E"] {
            assert!(ends("ask/A/B/C/E", path), "{path}");
        }
        for path in ["tell/**/E", "sk/**/E", "ask/A/**/B/E", "ask/**/ask/**/E"] {
            assert!(!ends("ask/A/B/C/E", path), "{path}");
        }
    }
}
