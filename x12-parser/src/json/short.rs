//! Segments as our own JSON has them, compact and in order, written as they are read: the short road.
//!
//! Gives up on anything out of the ordinary (an escape, a character outside ASCII, another order of keys, `$raw`), and the careful road of
//! [`crate::json::fields`] takes the segment instead, and says what is wrong with it if something is.

use wide::u8x16;

use crate::delimiters::Delimiters;
use crate::json::buffer::Buffer;
use crate::json::restore::Target;
use crate::json::skim::unusual;

/// How a segment begins in each of the two shapes.
const OBJECT: &[u8; 8] = b"{\"seg\":\"";
const ARRAY: &[u8; 2] = b"[\"";
/// How a loop begins, before and behind its name.
const LOOP: &[u8; 9] = b"{\"loop\":\"";
const BODY: &[u8; 10] = b"\",\"body\":[";

/// Bytes that one run of segments may take: a page is made ready once for many of them.
const PAGE: usize = 64 << 10;

/// Separators, or bytes of a suffix, written at once: rarely are there more.
const GAP: usize = 8;

/// A run of JSON, and all that its segments need.
pub(crate) struct Short<'a> {
    text: &'a [u8],
    delimiters: Delimiters,
    /// The delimiters that no value may hold, each spread over a vector.
    element: u8x16,
    segment: u8x16,
    suffix: &'a [u8],
    /// The suffix again, if it is short: copied in one step.
    short_suffix: [u8; GAP],
    /// Most elements of a segment, and the longest string taken.
    elements: usize,
    string_bytes: usize,
}

/// What became of a run of segments.
pub(crate) struct Taken {
    pub(crate) count: u64,
    /// Where in the JSON the next one begins, or its comma.
    pub(crate) end: usize,
}

/// Where the next byte goes.
struct Pen<'a> {
    page: &'a mut [u8],
    at: usize,
}

impl<'a> Short<'a> {
    pub(crate) fn new(
        text: &'a [u8],
        target: &'a Target,
        elements: usize,
        string_bytes: usize,
    ) -> Self {
        let delimiters = target.delimiters;
        let (element, segment) = (
            u8x16::splat(delimiters.element),
            u8x16::splat(delimiters.segment),
        );
        let suffix = target.suffix.as_slice();
        let mut short_suffix = [0; GAP];
        for (to, from) in short_suffix.iter_mut().zip(suffix) {
            *to = *from;
        }
        Self {
            text,
            delimiters,
            element,
            segment,
            suffix,
            short_suffix,
            elements,
            string_bytes,
        }
    }

    /// Writes the segments that begin at `at`, each behind a comma except, if `fresh`, the first. Writes a suffix before each, if
    /// `owes_suffix` before the first too.
    pub(crate) fn run(
        &self,
        mut at: usize,
        fresh: bool,
        owes_suffix: bool,
        out: &mut Buffer,
    ) -> Taken {
        let mut pen = Pen {
            page: out.room(PAGE),
            at: 0,
        };
        let mut count = 0;
        loop {
            let follows = count > 0;
            let comma = usize::from(follows || !fresh);
            if comma == 1 && self.text.get(at) != Some(&b',') {
                break;
            }
            let begin = pen.at;
            let Some(end) = self.one(at + comma, follows || owes_suffix, &mut pen) else {
                pen.at = begin;
                break;
            };
            (at, count) = (end, count + 1);
        }
        let used = pen.at;
        out.advance(used);
        Taken { count, end: at }
    }

    /// Whether a loop's body and the loop end here.
    #[inline(always)]
    pub(crate) fn closes_loop(&self, at: usize) -> bool {
        self.text
            .get(at..)
            .is_some_and(|rest| rest.starts_with(b"]}"))
    }

    /// Where the body of the loop begins that opens here, behind a comma unless `fresh`.
    #[inline(always)]
    pub(crate) fn opens_loop(&self, at: usize, fresh: bool) -> Option<usize> {
        let rest = self.text.get(at..)?;
        let rest = if fresh {
            rest
        } else {
            rest.strip_prefix(b",")?
        };
        let chunk = rest.strip_prefix(LOOP)?.first_chunk::<16>()?;
        let length = self.stops(u8x16::new(*chunk)).trailing_zeros() as usize;
        let begin = at + usize::from(!fresh) + LOOP.len() + length;
        let opens = length < 16 && self.text.get(begin..)?.starts_with(BODY);
        opens.then_some(begin + BODY.len())
    }

    #[inline(always)]
    fn one(&self, at: usize, owes_suffix: bool, pen: &mut Pen<'_>) -> Option<usize> {
        let head = self.text.get(at..)?.first_chunk::<8>()?;
        if owes_suffix {
            self.put_suffix(pen)?;
        }
        if head == OBJECT {
            self.object(at + OBJECT.len(), pen)
        } else if head.starts_with(ARRAY) {
            self.array(at + ARRAY.len(), pen)
        } else {
            None
        }
    }

    #[inline(always)]
    fn put_suffix(&self, pen: &mut Pen<'_>) -> Option<()> {
        let room = pen.page.get_mut(pen.at..)?;
        if self.suffix.len() <= GAP {
            *room.first_chunk_mut::<GAP>()? = self.short_suffix;
        } else {
            room.get_mut(..self.suffix.len())?
                .copy_from_slice(self.suffix);
        }
        pen.at += self.suffix.len();
        Some(())
    }

    /// The members of an object behind the quotation mark of its identifier.
    #[inline(always)]
    fn object(&self, at: usize, pen: &mut Pen<'_>) -> Option<usize> {
        let mut at = self.string(at, pen)?;
        let (mut last, mut written) = (0, 0);
        loop {
            let head = self.text.get(at..)?.first_chunk::<8>()?;
            if head[0] == b'}' {
                pen.byte(self.delimiters.segment)?;
                return Some(at + 1);
            }
            let [b',', b'"', tens, ones, b'"', b':', ..] = *head else {
                return None;
            };
            let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
            let number = 10 * usize::from(tens) + usize::from(ones);
            if tens > 9 || ones > 9 || number <= last || number > self.elements {
                return None;
            }
            last = number;
            let begin = pen.at;
            pen.gap(self.delimiters.element, number - written)?;
            let before = pen.at;
            at = self.value(at + 6, pen)?;
            if pen.at == before {
                pen.at = begin;
            } else {
                written = number;
            }
        }
    }

    /// The items of an array behind the quotation mark of its identifier.
    #[inline(always)]
    fn array(&self, at: usize, pen: &mut Pen<'_>) -> Option<usize> {
        let mut at = self.string(at, pen)?;
        let mut filled = pen.at;
        for _ in 0..=self.elements {
            match self.text.get(at)? {
                b',' => {}
                b']' => {
                    pen.at = filled;
                    pen.byte(self.delimiters.segment)?;
                    return Some(at + 1);
                }
                _ => return None,
            }
            pen.byte(self.delimiters.element)?;
            let before = pen.at;
            at = self.value(at + 1, pen)?;
            if pen.at != before {
                filled = pen.at;
            }
        }
        None
    }

    #[inline(always)]
    fn value(&self, at: usize, pen: &mut Pen<'_>) -> Option<usize> {
        match self.text.get(at)? {
            b'"' => self.string(at + 1, pen),
            b'[' if self.text.get(at + 1) == Some(&b'[') => self.repetitions(at + 1, pen),
            b'[' => self.components(at + 1, pen),
            _ => None,
        }
    }

    /// Copies the string whose first byte is at `from`; where its quotation mark ends.
    ///
    /// Looks at sixteen bytes and copies them in one step: most values are shorter, and a loop over bytes mispredicts its end.
    #[inline(always)]
    fn string(&self, from: usize, pen: &mut Pen<'_>) -> Option<usize> {
        let mut at = from;
        loop {
            let chunk = *self.text.get(at..)?.first_chunk::<16>()?;
            *pen.page.get_mut(pen.at..)?.first_chunk_mut::<16>()? = chunk;
            let stops = self.stops(u8x16::new(chunk));
            if stops != 0 {
                let length = stops.trailing_zeros() as usize;
                let end = at + length;
                pen.at += length;
                return (self.text.get(end) == Some(&b'"') && end - from <= self.string_bytes)
                    .then_some(end + 1);
            }
            (at, pen.at) = (at + 16, pen.at + 16);
        }
    }

    /// The bytes that end a string or need care, one bit for each.
    #[inline(always)]
    fn stops(&self, bytes: u8x16) -> u32 {
        let stops = unusual(bytes) | bytes.simd_eq(self.element) | bytes.simd_eq(self.segment);
        stops.to_bitmask()
    }

    /// Components up to the closing bracket; those that are empty at the end are left out.
    #[inline(always)]
    fn components(&self, mut at: usize, pen: &mut Pen<'_>) -> Option<usize> {
        let mut filled = pen.at;
        if self.text.get(at) == Some(&b']') {
            return Some(at + 1);
        }
        loop {
            if self.text.get(at) != Some(&b'"') {
                return None;
            }
            let before = pen.at;
            at = self.string(at + 1, pen)?;
            if pen.at != before {
                filled = pen.at;
            }
            match self.text.get(at)? {
                b']' => {
                    pen.at = filled;
                    return Some(at + 1);
                }
                b',' => pen.byte(self.delimiters.component)?,
                _ => return None,
            }
            at += 1;
        }
    }

    #[inline(always)]
    fn repetitions(&self, mut at: usize, pen: &mut Pen<'_>) -> Option<usize> {
        loop {
            if self.text.get(at) != Some(&b'[') {
                return None;
            }
            at = self.components(at + 1, pen)?;
            match self.text.get(at)? {
                b']' => return Some(at + 1),
                b',' => pen.byte(self.delimiters.repetition?)?,
                _ => return None,
            }
            at += 1;
        }
    }
}

/// Nothing is written, and `None` comes back, when the page is full.
impl Pen<'_> {
    #[inline(always)]
    fn byte(&mut self, byte: u8) -> Option<()> {
        *self.page.get_mut(self.at)? = byte;
        self.at += 1;
        Some(())
    }

    /// Separators, as many as elements lie between the last that is filled and the next.
    #[inline(always)]
    fn gap(&mut self, separator: u8, length: usize) -> Option<()> {
        let room = self.page.get_mut(self.at..)?;
        if length <= GAP {
            *room.first_chunk_mut::<GAP>()? = [separator; GAP];
        } else {
            room.get_mut(..length)?.fill(separator);
        }
        self.at += length;
        Some(())
    }
}
