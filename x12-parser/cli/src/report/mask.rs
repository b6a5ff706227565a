//! Hides the values of a segment's elements and keeps its form: same delimiters, same lengths, letters `x`, digits `#`.
//!
//! What may show is named: the identity of an envelope, and codes and small counts where the guide says that they tell nothing of a
//! person. A code shows only if it is one of the guide's, for where an element is misplaced a name may stand in a code's stead.

use std::ops::Range;

use x12_parser::Delimiters;
use x12_schemas::table::{Element, Guide, NONE, Phi, Segment};

/// What a guide says of a segment.
#[derive(Clone, Copy)]
pub struct Definition<'g> {
    /// The guide.
    pub guide: &'g Guide,
    /// The segment in it.
    pub segment: &'g Segment,
}

impl<'g> Definition<'g> {
    /// What it says of an element, from one.
    pub fn element(&self, number: usize) -> Option<&'g Element> {
        let inside = (1..=usize::from(self.segment.element_count)).contains(&number);
        inside.then(|| {
            self.guide
                .elements
                .get(usize::from(self.segment.first_element) + number - 1)
        })?
    }

    /// What it says of a component of an element, both from one.
    pub fn component(&self, element: &Element, number: usize) -> Option<&'g Element> {
        let inside = (1..=usize::from(element.component_count)).contains(&number);
        inside.then(|| {
            self.guide
                .components
                .get(usize::from(element.first_component) + number - 1)
        })?
    }
}

/// Elements that name an interchange, a group, a transaction set: they may show.
const IDENTITY: [(&str, Range<usize>); 4] =
    [("ISA", 5..9), ("ISA", 12..16), ("GS", 1..9), ("ST", 1..4)];

/// Longest count that shows: dates and numbers of persons are longer.
const COUNT_DIGITS: usize = 4;

/// A segment's bytes with its values masked; `id_shows` if its identifier is known to be one.
pub fn masked(
    bytes: &[u8],
    delimiters: &Delimiters,
    definition: Option<Definition<'_>>,
    id_shows: bool,
) -> Vec<u8> {
    let mut masked = Vec::with_capacity(bytes.len());
    for (number, field) in bytes.split(|&b| b == delimiters.element).enumerate() {
        if number > 0 {
            masked.push(delimiters.element);
        }
        let shows = if number == 0 {
            id_shows
        } else {
            definition.is_some_and(|d| identifies(&d, number, field))
        };
        if shows {
            masked.extend_from_slice(field);
        } else {
            parts(
                &mut masked,
                field,
                delimiters,
                definition.filter(|_| number > 0).map(|d| (d, number)),
            );
        }
    }
    masked
}

/// Masks the components and repetitions of an element.
fn parts(
    masked: &mut Vec<u8>,
    field: &[u8],
    delimiters: &Delimiters,
    place: Option<(Definition<'_>, usize)>,
) {
    let separates = |&b: &u8| b == delimiters.component || Some(b) == delimiters.repetition;
    let mut component = 1;
    let mut rest = field;
    loop {
        let end = rest.iter().position(separates).unwrap_or(rest.len());
        let (value, behind) = rest.split_at(end);
        let rule = place.and_then(|(definition, number)| {
            rule(&definition, number, component).map(|rule| (definition.guide, rule))
        });
        let shows = rule.is_some_and(|(guide, rule)| harmless(guide, rule, value));
        masked.extend(value.iter().map(|&b| if shows { b } else { mask(b) }));
        let Some((&separator, behind)) = behind.split_first() else {
            return;
        };
        masked.push(separator);
        component = if separator == delimiters.component {
            component + 1
        } else {
            1
        };
        rest = behind;
    }
}

fn rule<'g>(definition: &Definition<'g>, number: usize, component: usize) -> Option<&'g Element> {
    let element = definition.element(number)?;
    match element.component_count {
        0 => (component == 1).then_some(element),
        _ => definition.component(element, component),
    }
}

/// Whether an element is an envelope's identity, and no longer than that may be.
fn identifies(definition: &Definition<'_>, number: usize, value: &[u8]) -> bool {
    let named = IDENTITY
        .iter()
        .any(|(id, elements)| *id == definition.segment.id && elements.contains(&number));
    named
        && definition
            .element(number)
            .is_some_and(|rule| value.len() <= rule.max as usize)
}

/// Whether a value is a code that the guide lists, or a small count, where the guide says that it tells nothing of a person.
fn harmless(guide: &Guide, rule: &Element, value: &[u8]) -> bool {
    if rule.phi != Phi::None {
        return false;
    }
    if rule.codes == NONE {
        return rule.list.is_empty()
            && value.len() <= COUNT_DIGITS
            && value.iter().all(u8::is_ascii_digit);
    }
    guide
        .codes
        .get(usize::from(rule.codes))
        .is_some_and(|codes| codes.iter().any(|code| code.as_bytes() == value))
}

fn mask(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => b'#',
        b' ' => b' ',
        b'!'..=b'/' | b':'..=b'@' | b'['..=b'`' | b'{'..=b'~' | ..=b'\x1f' | b'\x7f' => b'.',
        _ => b'x',
    }
}
