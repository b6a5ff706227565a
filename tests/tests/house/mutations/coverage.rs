//! How much of a guide documents exercise: its loops, segments and elements of which a check was made to fail, and the codes that stand there.

use std::collections::BTreeSet;
use std::fmt;

use x12_schemas::table::{Element, Guide, NONE, Usage};

use super::author::Sample;
use super::facts::{Check, is_changed};

/// Shares of a guide: how many are exercised, of how many.
pub struct Coverage([(usize, usize); 4]);

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [loops, segments, elements, codes] = self.0.map(|(seen, all)| format!("{seen}/{all}"));
        write!(
            f,
            "loops {loops} segments {segments} elements {elements} codes {codes}"
        )
    }
}

/// A place of an element or component: segment definition, element, component.
type At = (usize, u8, u8);

impl Coverage {
    /// What these checks and the transaction sets that they were made in exercise.
    pub fn of(guide: &Guide, exercised: &BTreeSet<Check>, sets: &[Sample]) -> Self {
        let places: BTreeSet<At> = exercised
            .iter()
            .map(|check| (check.0, check.1, check.2))
            .collect();
        let segments: BTreeSet<usize> = exercised.iter().map(|check| check.0).collect();
        let known = known(guide);
        let all_segments: BTreeSet<usize> = known.iter().map(|(at, _)| at.0).collect();
        let loops = guide.loops.iter().skip(1).map(|a_loop| {
            let own = guide
                .items_of(a_loop)
                .iter()
                .map(|item| usize::from(item.segment));
            own.filter(|segment| all_segments.contains(segment))
                .collect::<Vec<_>>()
        });
        let loops: Vec<Vec<usize>> = loops.filter(|own| !own.is_empty()).collect();
        let seen_loops = loops
            .iter()
            .filter(|own| own.iter().any(|it| segments.contains(it)));
        let seen = known.iter().filter(|(at, _)| places.contains(at)).count();
        let codes = known
            .iter()
            .map(|(_, codes)| codes.map_or(0, <[String]>::len))
            .sum();
        let told = codes_told(guide, sets);
        let told = told.iter().filter(|(at, _)| places.contains(at)).count();
        Self([
            (seen_loops.count(), loops.len()),
            (
                segments.intersection(&all_segments).count(),
                all_segments.len(),
            ),
            (seen, known.len()),
            (told, codes),
        ])
    }
}

/// The elements and components that a guide uses, with the codes of each.
fn known(guide: &Guide) -> Vec<(At, Option<&[String]>)> {
    let mut known = Vec::new();
    let segments = guide.segments.iter().enumerate();
    for (index, segment) in segments.filter(|(_, segment)| is_changed(segment)) {
        for (number, element) in (1..).zip(guide.elements_of(segment)) {
            let is_key = segment.keys.iter().any(|key| key.element == number);
            if element.usage == Usage::NotUsed || is_key {
                continue;
            }
            known.push(((index, number, 0), codes(guide, element)));
            let parts = (1..).zip(guide.components_of(element));
            let used = parts.filter(|(_, part)| part.usage != Usage::NotUsed);
            known.extend(
                used.map(|(component, part)| ((index, number, component), codes(guide, part))),
            );
        }
    }
    known
}

fn codes<'g>(guide: &'g Guide, element: &Element) -> Option<&'g [String]> {
    (element.codes != NONE).then(|| guide.codes_at(element.codes))
}

/// The codes of the guide that stand in transaction sets, each where it stands.
fn codes_told(guide: &Guide, sets: &[Sample]) -> BTreeSet<(At, String)> {
    let mut told = BTreeSet::new();
    for (text, index) in sets.iter().flat_map(Sample::segments) {
        let segment = &guide.segments[index];
        for (number, value) in (1..).zip(text.split('*').skip(1)) {
            let Some(element) = guide.element(segment, usize::from(number)) else {
                continue;
            };
            for value in value.split('^') {
                let simple = (codes(guide, element), value, 0);
                let parts = (1..)
                    .zip(value.split(':'))
                    .filter_map(|(component, value)| {
                        let part = guide.component(element, usize::from(component))?;
                        Some((codes(guide, part), value, component))
                    });
                for (known, value, component) in parts.chain([simple]) {
                    if known.is_some_and(|known| known.iter().any(|code| code == value)) {
                        told.insert(((index, number, component), value.to_owned()));
                    }
                }
            }
        }
    }
    told
}
