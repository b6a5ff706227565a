//! Patterns of elements, in a small notation of our own: `d{5}|d{9}`.
//!
//! A small letter stands for a kind of character, anything else for itself; `[A-Z]` for one of those within. A number in braces says
//! how often, `?` that it may be left out; `|` parts alternatives. There are no groups, so a value is looked at once, from left to right.

use crate::table::{Guide, Pattern, Step};

use super::limits;
use super::tables::small;

/// Kinds of character, by the letter that stands for them.
const KINDS: &[(char, &[(u8, u8)])] = &[
    ('d', &[(b'0', b'9')]),
    ('a', &[(b'A', b'Z')]),
    ('x', &[(b'0', b'9'), (b'A', b'Z')]),
    ('c', &[(b' ', b'~')]),
];

/// The index of a pattern in the guide.
///
/// # Errors
///
/// What is wrong with how it is written.
pub(super) fn add(guide: &mut Guide, text: &str) -> Result<u16, String> {
    let pattern = read(text)?;
    let known = guide.patterns.iter().position(|other| *other == pattern);
    Ok(small(known.unwrap_or_else(|| {
        guide.patterns.push(pattern);
        guide.patterns.len() - 1
    })))
}

/// Reads a pattern.
///
/// # Errors
///
/// What is wrong with how it is written.
pub(super) fn read(text: &str) -> Result<Pattern, String> {
    let mut rows = Vec::new();
    for row in rows_of(text) {
        let row = self::row(&row)?;
        let most: usize = row.iter().map(|step| usize::from(step.most)).sum();
        if row.is_empty() || most > limits::PATTERN {
            let most = limits::PATTERN;
            return Err(format!(
                "an alternative of a pattern stands for one to {most} characters"
            ));
        }
        rows.push(row);
    }
    Ok(Pattern {
        text: text.to_owned(),
        rows,
    })
}

/// The alternatives; `|` within brackets is itself.
fn rows_of(text: &str) -> Vec<String> {
    let (mut rows, mut inside) = (vec![String::new()], false);
    for character in text.chars() {
        match character {
            '[' => inside = true,
            ']' => inside = false,
            '|' if !inside => {
                rows.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(row) = rows.last_mut() {
            row.push(character);
        }
    }
    rows
}

fn row(text: &str) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        let ranges = match character {
            '[' => {
                let (inside, behind) = rest.split_once(']').ok_or("`[` lacks its `]`")?;
                rest = behind;
                set(inside)?
            }
            ']' | '{' | '}' | '?' => return Err(format!("`{character}` does not stand here")),
            'a'..='z' => {
                let kind = KINDS.iter().find(|(letter, _)| *letter == character);
                let unknown = || {
                    format!(
                        "`{character}` stands for no kind of character: d digit, a letter, x letter or digit, c any"
                    )
                };
                kind.ok_or_else(unknown)?.1.to_vec()
            }
            ' '..='~' => vec![(character as u8, character as u8)],
            _ => return Err(format!("`{character}` cannot stand in an element")),
        };
        let (least, most, behind) = times(rest)?;
        rest = behind;
        steps.push(Step {
            ranges,
            least,
            most,
        });
    }
    Ok(steps)
}

/// The characters between brackets.
fn set(inside: &str) -> Result<Vec<(u8, u8)>, String> {
    let bytes = inside.as_bytes();
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(&first) = bytes.get(at) {
        let last = match bytes.get(at + 1..at + 3) {
            Some([b'-', last]) => *last,
            _ => first,
        };
        at += if last == first { 1 } else { 3 };
        if !(b' '..=b'~').contains(&first) || last < first {
            return Err("what stands in brackets is printable, ranges go upwards".to_owned());
        }
        ranges.push((first, last));
    }
    if ranges.is_empty() {
        return Err("brackets hold at least one character".to_owned());
    }
    Ok(ranges)
}

/// How often a step may stand, and what follows.
fn times(rest: &str) -> Result<(u8, u8, &str), String> {
    if let Some(behind) = rest.strip_prefix('?') {
        return Ok((0, 1, behind));
    }
    let Some(inside) = rest.strip_prefix('{') else {
        return Ok((1, 1, rest));
    };
    let (inside, behind) = inside.split_once('}').ok_or("`{` lacks its `}`")?;
    let (least, most) = inside.split_once("..").unwrap_or((inside, inside));
    match (least.parse(), most.parse()) {
        (Ok(least), Ok(most)) if least <= most && most > 0 => Ok((least, most, behind)),
        _ => Err(format!(
            "how often is such as {{3}} or {{0..4}}, not {{{inside}}}"
        )),
    }
}
