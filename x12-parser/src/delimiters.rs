//! The delimiters of an interchange, read from its first segment.
//!
//! ISA is the only segment with fixed widths, so its bytes alone tell how all others are split.

use nom::bytes::complete::{tag_no_case, take, take_till};
use nom::multi::fill;
use nom::sequence::terminated;
use nom::{IResult, Parser};

use crate::limits::ISA_BYTES;

/// The delimiters of one interchange, as its ISA segment declares them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Delimiters {
    /// Ends a segment.
    pub segment: u8,
    /// Separates elements.
    pub element: u8,
    /// Separates the components of a composite element.
    pub component: u8,
    /// Separates the repetitions of an element; absent before version 00402.
    pub repetition: Option<u8>,
}

impl Delimiters {
    /// Whether a byte is one of them.
    #[inline]
    #[must_use]
    pub fn contains(&self, byte: u8) -> bool {
        let Self {
            segment,
            element,
            component,
            repetition,
        } = *self;
        byte == segment || byte == element || byte == component || repetition == Some(byte)
    }

    /// Whether two of them are the same byte, so that they cannot tell two things apart.
    #[must_use]
    pub fn clash(&self) -> bool {
        let Self {
            segment,
            element,
            component,
            repetition,
        } = *self;
        segment == element
            || segment == component
            || element == component
            || repetition.is_some_and(|r| r == segment || r == element || r == component)
    }
}

impl Default for Delimiters {
    fn default() -> Self {
        Self {
            segment: b'~',
            element: b'*',
            component: b':',
            repetition: Some(b'^'),
        }
    }
}

/// What an ISA segment told of itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Header {
    pub(crate) delimiters: Delimiters,
    /// Offsets from the ISA's first byte: sixteen element separators, then the terminator.
    pub(crate) marks: [u32; 17],
    /// Bytes after the terminator that end each segment of this interchange, a line break for instance.
    pub(crate) suffix: Vec<u8>,
    /// The elements whose width is not the standard's, from one.
    pub(crate) misfits: Vec<u16>,
    /// Whether line breaks stand inside.
    pub(crate) wrapped: bool,
}

/// Offsets of the sixteen element separators in an ISA of the standard's widths, and of the terminator (x12-standard, ISA layout).
const MARKS: [u32; 17] = [
    3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103, 105,
];

/// Longest run of bytes taken for the end of line that follows each terminator.
const SUFFIX_BYTES: usize = 8;

/// Reads the ISA that begins `input`.
///
/// `None`: not an ISA with sixteen elements (or, unless `input` is all there is, not enough of it: give at least [`ISA_BYTES`]).
pub(crate) fn header(input: &[u8]) -> Option<Header> {
    let input = &input[..input.len().min(ISA_BYTES)];
    let (marks, wrapped) = fixed(input).or_else(|| variable(input).map(|marks| (marks, false)))?;
    let byte = |at: u32| input.get(at as usize).copied();
    let element = byte(3)?;
    let segment = byte(marks[16])?;
    let component = byte(marks[15] + 1)?;
    let version = &input[marks[11] as usize + 1..marks[12] as usize];
    let repeat = &input[marks[10] as usize + 1..marks[11] as usize];
    let taken = [segment, element, component];
    let repetition = match repeat {
        [r] if version >= b"00402".as_slice() && legal_separator(*r) && !taken.contains(r) => {
            Some(*r)
        }
        _ => None,
    };
    let delimiters = Delimiters {
        segment,
        element,
        component,
        repetition,
    };
    let suffix = suffix(&input[marks[16] as usize + 1..], &delimiters);
    let width = |marks: &[u32; 17], i: usize| marks[i] - marks[i - 1];
    let misfits = (1..17)
        .filter(|&i| !wrapped && width(&marks, i) != width(&MARKS, i))
        .map(|i| i as u16)
        .collect();
    Some(Header {
        delimiters,
        marks,
        suffix,
        misfits,
        wrapped,
    })
}

/// The first element of a faulty ISA that does not end where it must, and the offset where its separator should stand.
pub(crate) fn misfit(input: &[u8]) -> (u8, u32) {
    let element = input.get(3).copied();
    let fits = |at: u32| element.is_some() && input.get(at as usize).copied() == element;
    (1..16)
        .find(|&i| !fits(MARKS[i]))
        .map_or((16, MARKS[15]), |i| (i as u8, MARKS[i]))
}

/// Whether a byte may separate repetitions: not a letter, digit or blank.
fn legal_separator(byte: u8) -> bool {
    !byte.is_ascii_alphanumeric() && byte != b' '
}

/// An ISA of fixed widths, line breaks of a wrapped file aside.
fn fixed(input: &[u8]) -> Option<([u32; 17], bool)> {
    let fits = |&at: &u32| input.get(at as usize) == input.get(3);
    if MARKS.iter().take(16).all(fits) && input.len() > 105 {
        let mut marks = MARKS;
        marks[16] -= u32::from(lacks_component(input));
        return Some((marks, false));
    }
    let kept: Vec<u32> = (0..input.len() as u32)
        .filter(|&i| !matches!(input[i as usize], b'\r' | b'\n'))
        .collect();
    let mut marks = [0; 17];
    for (mark, at) in marks.iter_mut().zip(MARKS).take(16) {
        *mark = *kept.get(at as usize)?;
        (input[*mark as usize] == input[3]).then_some(())?;
    }
    // The terminator may be a line break itself, so it is taken as it stands behind the component separator.
    marks[16] = *kept.get(104)? + 1;
    ((marks[16] as usize) < input.len()).then_some((marks, true))
}

/// Whether ISA16 is missing from an ISA that looks whole, its terminator taken for it: then all line breaks follow that byte.
fn lacks_component(input: &[u8]) -> bool {
    let (first, second) = (input[104], input[105]);
    let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
    if !is_break(&second) || first.is_ascii_alphanumeric() {
        return false;
    }
    let mut lines = input[106..]
        .split(is_break)
        .filter(|line| !line.is_empty())
        .peekable();
    // The last line may be cut off by the window.
    let mut whole = 0;
    while let Some(line) = lines.next() {
        if lines.peek().is_some() {
            if line.last() != Some(&first) {
                return false;
            }
            whole += 1;
        }
    }
    whole > 0
}

/// An ISA whose elements have other widths: sixteen separators, one component separator, one terminator.
fn variable(input: &[u8]) -> Option<[u32; 17]> {
    let element = *input.get(3)?;
    if element.is_ascii_alphanumeric() || element.is_ascii_whitespace() {
        return None;
    }
    let (rest, ends) = elements(element, input).ok()?;
    let mut marks = [0; 17];
    marks[0] = 3;
    for (i, length) in ends.iter().enumerate() {
        marks[i + 1] = marks[i] + 1 + length;
    }
    marks[16] = marks[15] + 2;
    let (component, terminator) = (*rest.first()?, *rest.get(1)?);
    let sane = !terminator.is_ascii_alphanumeric() && terminator != element && component != element;
    (sane && !input[..marks[15] as usize].contains(&terminator)).then_some(marks)
}

/// ISA, then the lengths of the fifteen elements that end with a separator.
fn elements(separator: u8, input: &[u8]) -> IResult<&[u8], [u32; 15]> {
    let (mut rest, _) = (tag_no_case("ISA"), take(1usize)).parse(input)?;
    let mut lengths = [0; 15];
    let mut values: [&[u8]; 15] = [&[]; 15];
    (rest, ()) = fill(
        terminated(take_till(|b| b == separator), take(1usize)),
        &mut values,
    )
    .parse(rest)?;
    for (length, value) in lengths.iter_mut().zip(values) {
        *length = value.len() as u32;
    }
    Ok((rest, lengths))
}

/// The bytes between the ISA's terminator and the next segment: a line break, or whatever this sender puts there.
fn suffix(rest: &[u8], delimiters: &Delimiters) -> Vec<u8> {
    let outside = |b: &&u8| **b != delimiters.element && **b != delimiters.segment;
    let foreign = rest
        .iter()
        .take_while(outside)
        .take_while(|b| !b.is_ascii_alphanumeric())
        .count();
    let blank = rest
        .iter()
        .take_while(outside)
        .take_while(|b| b.is_ascii_whitespace())
        .count();
    let length = if foreign <= SUFFIX_BYTES {
        foreign
    } else {
        blank.min(SUFFIX_BYTES)
    };
    rest[..length].to_vec()
}
