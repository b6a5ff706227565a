//! The segment that a finding is in, with carets under the part concerned.

use std::ops::Range;

use x12_parser::{Delimiters, Finding};
use x12_schemas::table::Guide;

use crate::report::mask::{Definition, masked};

/// Characters of a segment that are shown at once: room for an ISA and a little more.
const WIDTH: usize = 110;
/// Of these, before the carets.
const BEFORE: usize = 40;

/// A segment as it is shown.
pub struct Snippet {
    /// The segment, or the part of it around the carets.
    pub text: String,
    /// Blanks before the carets.
    pub indent: usize,
    /// How many carets.
    pub carets: usize,
    /// What is said beside the carets.
    pub label: String,
    /// Whether values are masked in it.
    pub masked: bool,
}

/// What a snippet is made from.
pub struct Sight<'a> {
    /// The segment without its terminator.
    pub bytes: &'a [u8],
    /// The delimiters of its interchange.
    pub delimiters: Delimiters,
    /// The control segments.
    pub envelope: &'a Guide,
    /// Whether values may show.
    pub show_phi: bool,
}

impl Snippet {
    /// Shows the segment of a finding.
    pub fn new(finding: &Finding, sight: &Sight<'_>) -> Self {
        let Sight {
            bytes,
            ref delimiters,
            envelope,
            show_phi,
        } = *sight;
        let id = bytes
            .split(|&b| b == delimiters.element)
            .next()
            .unwrap_or_default();
        let definition = definition(finding, id, envelope);
        let shown = if show_phi {
            bytes.to_vec()
        } else {
            masked(
                bytes,
                delimiters,
                definition,
                definition.is_some() || is_known(finding, id),
            )
        };
        let part = part(finding, bytes, delimiters);
        let start = if shown.len() > WIDTH {
            part.start.saturating_sub(BEFORE)
        } else {
            0
        };
        let end = shown.len().min(start + WIDTH);
        let (before, behind) = (
            if start > 0 { "..." } else { "" },
            if end < shown.len() { "..." } else { "" },
        );
        let text = |range: Range<usize>| {
            legible(
                shown
                    .get(range.start.min(end)..range.end.min(end))
                    .unwrap_or_default(),
            )
        };
        let (left, concerned, right) = (
            text(start..part.start),
            text(part.clone()),
            text(part.end..end),
        );
        Self {
            indent: before.len() + left.chars().count(),
            carets: concerned.chars().count().max(1),
            text: format!("{before}{left}{concerned}{right}{behind}"),
            label: label(finding, id, definition),
            masked: shown != bytes,
        }
    }
}

/// What is known of the segment that stands there: where something is missing, the finding tells of another one.
fn definition<'a>(finding: &'a Finding, id: &[u8], envelope: &'a Guide) -> Option<Definition<'a>> {
    let of_envelope = || {
        envelope
            .segments
            .iter()
            .find(|segment| same(&segment.id, id))
            .map(|segment| Definition {
                guide: envelope,
                segment,
            })
    };
    let position = finding.position.as_ref().filter(|_| finding.length > 0);
    let placed = position.and_then(|position| {
        Some(Definition {
            guide: position.guide(),
            segment: position.segment()?,
        })
    });
    placed
        .filter(|placed| same(&placed.segment.id, id))
        .or_else(of_envelope)
}

/// Whether the guide has segments of this identifier: only then is it one, and not a value astray.
fn is_known(finding: &Finding, id: &[u8]) -> bool {
    finding.position.as_ref().is_some_and(|position| {
        position
            .guide()
            .segments
            .iter()
            .any(|segment| same(&segment.id, id))
    })
}

fn same(id: &str, written: &[u8]) -> bool {
    id.as_bytes().eq_ignore_ascii_case(written)
}

/// The bytes concerned, counted from the segment's first.
fn part(finding: &Finding, bytes: &[u8], delimiters: &Delimiters) -> Range<usize> {
    if finding.length == 0 {
        return 0..1;
    }
    if finding.element == 0 {
        let id = bytes.iter().position(|&b| b == delimiters.element);
        return 0..id.unwrap_or(bytes.len());
    }
    let element = nth(
        bytes,
        0..bytes.len(),
        Some(delimiters.element),
        finding.element + 1,
    );
    let repetition = nth(bytes, element, delimiters.repetition, finding.repetition);
    nth(
        bytes,
        repetition,
        Some(delimiters.component),
        finding.component,
    )
}

/// The part `number`, from one, of a range; all of it for 0; its end if there are not so many.
fn nth(bytes: &[u8], range: Range<usize>, separator: Option<u8>, number: u16) -> Range<usize> {
    if number == 0 {
        return range;
    }
    let mut start = range.start;
    let parts = bytes
        .get(range.clone())
        .unwrap_or_default()
        .split(|&b| Some(b) == separator);
    for (index, part) in parts.enumerate() {
        if index + 1 == usize::from(number) {
            return start..start + part.len();
        }
        start += part.len() + 1;
    }
    range.end..range.end
}

/// What is said beside the carets: the name of the part, and of what it is in our own words.
fn label(finding: &Finding, id: &[u8], definition: Option<Definition<'_>>) -> String {
    if finding.length == 0 {
        let missing = finding
            .position
            .as_ref()
            .map(|position| position.segment_id().unwrap_or(position.loop_id()));
        return missing.map_or(String::new(), |missing| {
            format!("{missing} is missing before this segment")
        });
    }
    let Some(definition) = definition.filter(|_| finding.element > 0) else {
        return String::new();
    };
    let mut label = format!(
        "{}{:02}",
        String::from_utf8_lossy(id).to_ascii_uppercase(),
        finding.element
    );
    let mut rule = definition.element(usize::from(finding.element));
    if finding.component > 0 {
        label += &format!("-{}", finding.component);
        rule = rule.and_then(|rule| definition.component(rule, usize::from(finding.component)));
    }
    if let Some(name) = rule.map(|rule| &rule.label).filter(|name| !name.is_empty()) {
        label += &format!(" {name}");
    }
    if finding.repetition > 1 {
        label += &format!(", repetition {}", finding.repetition);
    }
    label
}

/// Text for a terminal: what cannot be seen is a dot.
fn legible(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .map(|c| if c.is_control() { '.' } else { c })
        .collect()
}
