//! What answers quote of a finding, and how they say its place: the same words in a 999, a 997 and an 824.

use crate::acknowledge::collect::Quote;
use crate::acknowledge::compose::Compose;
use crate::finding::{Finding, Position};

/// Greatest position of an element or component that IK401, AK401, TED05 and CTX05 can name: two digits (data elements 722, 1528).
pub(crate) const POSITION_MAX: u16 = 99;

/// Greatest repetition that IK401, TED05 and CTX05 can name: four digits (data element 1686).
pub(crate) const REPETITION_MAX: u16 = 9999;

/// Longest loop identifier that IK303, AK303 and CTX04 take (data element 447).
const LOOP_ID_BYTES: usize = 4;

/// The identifier of the segment that is spoken of, if it has one that can be written.
pub(crate) fn segment_id<'f>(finding: &'f Finding, quote: &'f Quote) -> Option<&'f [u8]> {
    let position = finding.position.as_ref();
    let known = position.and_then(|position| position.segment_id());
    let id = known.map_or(quote.segment_id.as_slice(), str::as_bytes);
    let is_one = id.len() >= 2 && id.iter().all(u8::is_ascii_alphanumeric);
    is_one.then_some(id)
}

/// A loop as IK303, AK303 and CTX04 name it; not one that the standard does not know, with small letters in the name that we gave it.
pub(crate) fn loop_id(position: Option<&Position>) -> Vec<u8> {
    let id = position.map_or("", Position::loop_id);
    if id.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return Vec::new();
    }
    id.bytes().take(LOOP_ID_BYTES).collect()
}

/// Element, component and repetition as one composite; what its digits cannot name is left out.
pub(crate) fn place(
    compose: &Compose,
    [element, component, repetition]: [u16; 3],
    repetition_max: u16,
) -> Vec<u8> {
    let number = |ordinal: u16, most: u16| match ordinal {
        0 => String::new(),
        ordinal if ordinal > most => String::new(),
        ordinal => ordinal.to_string(),
    };
    let parts = [
        number(element, POSITION_MAX),
        number(component, POSITION_MAX),
        number(repetition, repetition_max),
    ];
    compose.join(&parts.each_ref().map(|part| part.as_bytes()))
}

/// The copy of the bad data; none if it holds what cannot be written. Text ends with no blank.
pub(crate) fn copy<'q>(compose: &Compose, quote: &'q Quote) -> &'q [u8] {
    if compose.takes(&quote.value) {
        quote.value.trim_ascii_end()
    } else {
        &[]
    }
}

/// A CTX for the business unit around what is wrong, if there is one.
pub(crate) fn tell_unit(compose: &mut Compose, quote: &Quote) -> bool {
    let unit = quote.unit.as_ref();
    let unit = unit.filter(|(_, value)| !value.is_empty() && compose.takes(value));
    let Some((name, value)) = unit else {
        return false;
    };
    let unit = compose.join(&[name.as_bytes(), value]);
    compose.segment("CTX", &[&unit]);
    true
}

/// A CTX for each place that made the broken rule of a guide matter.
pub(crate) fn tell_triggers(compose: &mut Compose, finding: &Finding, most: usize) {
    for trigger in finding.triggers().iter().take(most) {
        let position = &trigger.position;
        let (mut at, mut number) = (Vec::new(), "");
        if (1..=POSITION_MAX).contains(&trigger.element) {
            let parts = [trigger.element, trigger.component, trigger.repetition];
            at = place(compose, parts, REPETITION_MAX);
            number = position.data_element(trigger.element, trigger.component);
        }
        let (segment, loop_id) = (trigger.segment.to_string(), loop_id(Some(position)));
        let elements: [&[u8]; 6] = [
            b"SITUATIONAL TRIGGER",
            position.segment_id().unwrap_or_default().as_bytes(),
            segment.as_bytes(),
            &loop_id,
            &at,
            number.as_bytes(),
        ];
        compose.segment("CTX", &elements);
    }
}
