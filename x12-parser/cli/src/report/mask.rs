//! Hides the values of a segment's elements and keeps its form: same delimiters, same lengths, letters `x`, digits `#`.
//!
//! What may show is named: the identity of an envelope, and codes, small counts and text, such as the name of a payer, where the guide
//! says that they tell nothing of a person. A code shows only if it is one of the guide's, and text only behind such a code, for where
//! an element is misplaced a name may stand in its stead.

use std::ops::Range;

use x12_parser::Delimiters;
use x12_schemas::table::{Element, Guide, Kind, NONE, Phi, Segment};

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
        self.guide.element(self.segment, number)
    }

    /// What it says of a component of an element, both from one.
    pub fn component(&self, element: &Element, number: usize) -> Option<&'g Element> {
        self.guide.component(element, number)
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
    let sure = definition.is_some_and(|d| is_sure(&d, bytes, delimiters));
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
                definition.filter(|_| number > 0).map(|definition| Place {
                    definition,
                    number,
                    sure,
                }),
            );
        }
    }
    masked
}

/// A value masked as a whole.
pub fn value(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|&byte| mask(byte)).collect()
}

/// Where an element stands.
#[derive(Clone, Copy)]
struct Place<'g> {
    definition: Definition<'g>,
    number: usize,
    /// Whether its segment is what the guide takes it for.
    sure: bool,
}

/// Whether a segment is what the guide takes it for: the first of its codes is one of the guide's.
fn is_sure(definition: &Definition<'_>, bytes: &[u8], delimiters: &Delimiters) -> bool {
    let mut fields = bytes
        .split(|&b| b == delimiters.element)
        .enumerate()
        .skip(1);
    let first = fields.find_map(|(number, field)| {
        let rule = definition.element(number)?;
        (rule.codes != NONE).then(|| lists(definition.guide, rule, field))
    });
    first.unwrap_or(false)
}

/// Masks the components and repetitions of an element.
fn parts(masked: &mut Vec<u8>, field: &[u8], delimiters: &Delimiters, place: Option<Place<'_>>) {
    let separates = |&b: &u8| b == delimiters.component || Some(b) == delimiters.repetition;
    let mut component = 1;
    let mut rest = field;
    loop {
        let end = rest.iter().position(separates).unwrap_or(rest.len());
        let (value, behind) = rest.split_at(end);
        let shows = place.is_some_and(|place| {
            rule(&place.definition, place.number, component)
                .is_some_and(|rule| harmless(&place, rule, value))
        });
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

/// Whether a value is a code that the guide lists, a small count or text, where the guide says that it tells nothing of a person.
fn harmless(place: &Place<'_>, rule: &Element, value: &[u8]) -> bool {
    if rule.phi != Phi::None {
        return false;
    }
    if rule.codes == NONE {
        let text = place.sure && rule.kind == Kind::An && value.len() <= rule.max as usize;
        let count = value.len() <= COUNT_DIGITS && value.iter().all(u8::is_ascii_digit);
        return rule.list.is_empty() && (text || count);
    }
    lists(place.definition.guide, rule, value)
}

/// Whether a value is one of the codes that the guide lists for an element.
fn lists(guide: &Guide, rule: &Element, value: &[u8]) -> bool {
    let mut codes = guide.codes_at(rule.codes).iter();
    codes.any(|code| code.as_bytes() == value)
}

fn mask(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => b'#',
        b' ' => b' ',
        b'!'..=b'/' | b':'..=b'@' | b'['..=b'`' | b'{'..=b'~' | ..=b'\x1f' | b'\x7f' => b'.',
        _ => b'x',
    }
}
