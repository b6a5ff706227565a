//! Reads the segments of acknowledgments into types: codes are taken only if they could be ones, so that no stray value passes for one.

use std::sync::Arc;

use crate::account::Misfit;
use crate::account::said::{
    Acceptance, ElementSaid, GroupReference, InterchangeSaid, SegmentSaid, SetReference,
};
use crate::envelope::text;
use crate::finding::Code;
use crate::segment::{Segment, unwrapped};
use crate::walk;

/// Codes in IK502 to IK506, and in AK905 to AK909.
const CODES: usize = 5;

/// Longest code of an acknowledgment, and longest identifier of a segment.
const CODE_BYTES: usize = 3;

/// Names of contexts, CTX01-1 (x12-standard §5.1); what else stands there may be a value.
const CONTEXTS: [&str; 8] = [
    "SITUATIONAL TRIGGER",
    "TRN02",
    "NM109",
    "PATIENT NAME NM109",
    "SUBSCRIBER NAME NM109",
    "ENT01",
    "SUBSCRIBER NUMBER REF02",
    "CLM01",
];

/// What an element must look like to be told.
#[derive(Clone, Copy)]
enum Shape {
    Words,
    Code,
    Number,
}

/// Elements by number, whether they must stand, and their shape.
type Shapes = &'static [(u16, bool, Shape)];

/// The shapes of a segment's elements, those of acceptance aside.
fn shapes(id: &[u8]) -> Shapes {
    match id {
        b"AK1" | b"AK2" => &[(1, true, Shape::Words), (2, true, Shape::Words)],
        b"IK3" | b"AK3" => &[
            (1, true, Shape::Code),
            (2, true, Shape::Number),
            (4, false, Shape::Code),
        ],
        b"IK4" | b"AK4" => &[(1, true, Shape::Number), (3, true, Shape::Code)],
        b"IK5" | b"AK5" => &[
            (2, false, Shape::Code),
            (3, false, Shape::Code),
            (4, false, Shape::Code),
            (5, false, Shape::Code),
            (6, false, Shape::Code),
        ],
        b"AK9" => &[
            (2, true, Shape::Number),
            (3, true, Shape::Number),
            (4, true, Shape::Number),
            (5, false, Shape::Code),
            (6, false, Shape::Code),
            (7, false, Shape::Code),
            (8, false, Shape::Code),
            (9, false, Shape::Code),
        ],
        _ => &[],
    }
}

/// What in a segment cannot be told, where no guide checks it.
pub(super) fn misfits<'s>(
    id: &[u8],
    segment: &Segment<'s>,
) -> impl Iterator<Item = Misfit> + use<'s> {
    let segment = *segment;
    shapes(id).iter().filter_map(move |&(number, must, shape)| {
        let element = segment.element(number.into());
        let (missing, wrong) = match shape {
            _ if element.is_empty() => (must, false),
            Shape::Words => (false, false),
            Shape::Code => (false, code(element.bytes(), CODE_BYTES).is_empty()),
            Shape::Number => (false, walk::number(element.component(1)).is_none()),
        };
        if missing {
            return Some((Code::ElementMissing, number));
        }
        let code = match shape {
            Shape::Number => Code::ElementCharacter,
            _ => Code::ElementCode,
        };
        wrong.then_some((code, number))
    })
}

/// An element as text.
pub(super) fn words(segment: &Segment<'_>, number: usize) -> String {
    text(segment.element(number).bytes())
}

/// A code, if it has the shape of one: so many letters and digits at most.
pub(super) fn code(bytes: &[u8], most: usize) -> String {
    let bytes = unwrapped(bytes);
    let fits = bytes.len() <= most && bytes.iter().all(u8::is_ascii_alphanumeric);
    String::from_utf8_lossy(if fits { &bytes } else { &[] }).into_owned()
}

fn element_code(segment: &Segment<'_>, number: usize) -> String {
    code(segment.element(number).bytes(), CODE_BYTES)
}

pub(super) fn count(segment: &Segment<'_>, number: usize) -> Option<u64> {
    walk::number(segment.element(number).bytes())
}

/// What an element says of acceptance, if it is one of these codes.
pub(super) fn acceptance(segment: &Segment<'_>, number: usize, codes: &str) -> Option<Acceptance> {
    let code = code(segment.element(number).bytes(), 1);
    Acceptance::of(&code).filter(|_| codes.contains(&code))
}

/// The codes from an element on, up to five.
pub(super) fn codes(segment: &Segment<'_>, first: usize) -> Vec<String> {
    let codes = (first..first + CODES).map(|number| element_code(segment, number));
    codes.filter(|code| !code.is_empty()).collect()
}

/// TA1.
pub(super) fn interchange(segment: &Segment<'_>) -> Option<InterchangeSaid> {
    Some(InterchangeSaid {
        isa13: words(segment, 1),
        isa09: words(segment, 2),
        isa10: words(segment, 3),
        acceptance: acceptance(segment, 4, "AER")?,
        note: element_code(segment, 5),
    })
}

/// AK1.
pub(super) fn group(segment: &Segment<'_>) -> GroupReference {
    GroupReference {
        gs01: words(segment, 1),
        gs06: words(segment, 2),
        gs08: words(segment, 3),
    }
}

/// AK2.
pub(super) fn set(segment: &Segment<'_>, group: &Arc<GroupReference>) -> SetReference {
    SetReference {
        group: Arc::clone(group),
        st01: words(segment, 1),
        st02: words(segment, 2),
        st03: words(segment, 3),
    }
}

/// IK3 or AK3.
pub(super) fn segment_said(segment: &Segment<'_>, set: &Arc<SetReference>) -> SegmentSaid {
    SegmentSaid {
        set: Arc::clone(set),
        id: element_code(segment, 1),
        segment: count(segment, 2),
        loop_id: code(segment.element(3).bytes(), 6),
        code: element_code(segment, 4),
        contexts: Vec::new(),
    }
}

/// IK4 or AK4, of the segment before it.
pub(super) fn element_said(segment: &Segment<'_>, before: &SegmentSaid) -> ElementSaid {
    let [element, component, repetition] = place(segment, 1);
    ElementSaid {
        set: Arc::clone(&before.set),
        segment: before.segment,
        element,
        component,
        repetition,
        data_element: data_element(segment.element(2).bytes()),
        code: element_code(segment, 3),
        contexts: Vec::new(),
    }
}

/// The place of an element, as a composite tells it: element, component, repetition.
pub(super) fn place(segment: &Segment<'_>, number: usize) -> [u16; 3] {
    [1, 2, 3].map(|component| {
        let number = walk::number(segment.element(number).component(component));
        number
            .and_then(|number| u16::try_from(number).ok())
            .unwrap_or_default()
    })
}

/// A data element number, if it has the shape of one.
pub(super) fn data_element(bytes: &[u8]) -> String {
    let mut number = code(bytes, 4);
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        number.clear();
    }
    number
}

/// Why the first element tells nothing: it holds no code that could be told.
pub(super) fn uncoded(segment: &Segment<'_>) -> Misfit {
    if segment.element(1).is_empty() {
        (Code::ElementMissing, 1)
    } else {
        (Code::ElementCode, 1)
    }
}

/// Adds the name of a CTX, once.
pub(super) fn context(segment: &Segment<'_>, contexts: &mut Vec<&'static str>) {
    let name = unwrapped(segment.element(1).component(1));
    let known = CONTEXTS
        .into_iter()
        .find(|known| known.as_bytes() == &*name);
    contexts.extend(known.filter(|known| !contexts.contains(known)));
}
