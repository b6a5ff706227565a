//! Finds all delimiters of a block at once: the only pass that looks at every byte.
//!
//! Sixteen bytes a step through the `wide` crate; [`simple`] is the twin that the tests compare it with.

use wide::u8x16;

use crate::delimiters::Delimiters;

/// Where the delimiters of a run of bytes stand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// Offsets of all delimiters, ascending, and room behind them.
    marks: Vec<u32>,
    mark_count: usize,
    /// Which of the marks are segment terminators.
    pub(crate) ends: Vec<u32>,
    /// Offsets of bytes that make a segment other than plain: control characters, non-ASCII, quotation mark, backslash.
    pub(crate) specials: Vec<u32>,
    /// Offsets of the delimiters inside elements: component and repetition separators.
    pub(crate) inner: Vec<u32>,
}

impl Index {
    /// Forgets everything, keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.mark_count = 0;
        self.ends.clear();
        self.specials.clear();
        self.inner.clear();
    }

    /// Offsets of all delimiters, ascending.
    #[inline]
    pub(crate) fn marks(&self) -> &[u32] {
        &self.marks[..self.mark_count]
    }

    /// Adds a delimiter that was found otherwise, behind all others.
    pub(crate) fn push(&mut self, mark: u32) {
        match self.marks.get_mut(self.mark_count) {
            Some(slot) => *slot = mark,
            None => self.marks.push(mark),
        }
        self.mark_count += 1;
    }

    /// Adds what stands in `bytes`, which begin at offset `base`.
    pub(crate) fn add(&mut self, bytes: &[u8], base: u32, delimiters: &Delimiters) {
        // Room for a delimiter at every byte, so that the loop need not ask.
        let most = self.mark_count + bytes.len() + 2 * STEP;
        if self.marks.len() < most {
            self.marks.resize(most, 0);
        }
        let (chunks, rest) = bytes.as_chunks::<64>();
        let needles = Needles::new(delimiters);
        let mut at = base;
        for chunk in chunks {
            self.chunk(at, &needles.find(chunk));
            at += 64;
        }
        simple(rest, at, delimiters, self);
    }

    #[inline]
    fn chunk(&mut self, at: u32, found: &Found) {
        let Found {
            marks,
            ends,
            specials,
            inner,
        } = *found;
        let first = self.mark_count as u32;
        let mut left = ends;
        while left != 0 {
            let below = left ^ (left - 1);
            self.ends.push(first + (marks & (below >> 1)).count_ones());
            left &= left - 1;
        }
        let out = &mut self.marks[self.mark_count..self.mark_count + 64 + STEP];
        let (mut bits, mut used) = (marks, 0);
        // Eight at a time, those behind the last bit overwritten later: with a delimiter every four bytes 1.5 times as fast as one
        // push a bit.
        while bits != 0 {
            for slot in &mut out[used..used + STEP] {
                *slot = at.wrapping_add(bits.trailing_zeros());
                bits &= bits.wrapping_sub(1);
            }
            used += STEP;
        }
        self.mark_count += marks.count_ones() as usize;
        push_bits(&mut self.specials, at, specials);
        push_bits(&mut self.inner, at, inner);
    }
}

/// Appends `at` plus the number of each bit that is set.
#[inline]
fn push_bits(out: &mut Vec<u32>, at: u32, mut bits: u64) {
    while bits != 0 {
        out.push(at + bits.trailing_zeros());
        bits &= bits - 1;
    }
}

/// Offsets written at once.
const STEP: usize = 8;

/// Bit sets over 64 bytes.
struct Found {
    marks: u64,
    ends: u64,
    specials: u64,
    inner: u64,
}

/// The bytes looked for, each spread over a vector.
struct Needles {
    segment: u8x16,
    element: u8x16,
    component: u8x16,
    repetition: u8x16,
}

impl Needles {
    fn new(delimiters: &Delimiters) -> Self {
        let spread = |byte: u8| u8x16::splat(byte);
        Self {
            segment: spread(delimiters.segment),
            element: spread(delimiters.element),
            component: spread(delimiters.component),
            repetition: spread(delimiters.repetition.unwrap_or(delimiters.segment)),
        }
    }

    #[inline]
    fn find(&self, chunk: &[u8; 64]) -> Found {
        let (quarters, _) = chunk.as_chunks::<16>();
        let mut found = Found {
            marks: 0,
            ends: 0,
            specials: 0,
            inner: 0,
        };
        for (i, quarter) in quarters.iter().enumerate() {
            let bytes = u8x16::new(*quarter);
            let ends = bytes.simd_eq(self.segment);
            let outer = ends | bytes.simd_eq(self.element);
            let marks = outer | bytes.simd_eq(self.component) | bytes.simd_eq(self.repetition);
            let specials = special(bytes);
            found.ends |= u64::from(ends.to_bitmask()) << (16 * i);
            found.marks |= u64::from(marks.to_bitmask()) << (16 * i);
            found.inner |= u64::from((marks ^ outer).to_bitmask()) << (16 * i);
            found.specials |= u64::from(specials.to_bitmask()) << (16 * i);
        }
        found
    }
}

/// Bytes for which [`is_special`] holds. One wrapping subtraction turns "below 0x20 or above 0x7E" into one comparison.
#[inline]
fn special(bytes: u8x16) -> u8x16 {
    let printable = bytes - u8x16::splat(0x20);
    printable.max(u8x16::splat(0x5F)).simd_eq(printable)
        | bytes.simd_eq(u8x16::splat(b'"'))
        | bytes.simd_eq(u8x16::splat(b'\\'))
}

/// Whether a byte cannot be copied into a JSON string as it is, or is not printable ASCII.
pub(crate) fn is_special(byte: u8) -> bool {
    !(0x20..0x7F).contains(&byte) || byte == b'"' || byte == b'\\'
}

/// The same index, byte by byte.
pub(crate) fn simple(bytes: &[u8], base: u32, delimiters: &Delimiters, index: &mut Index) {
    let Delimiters {
        segment, element, ..
    } = *delimiters;
    for (at, &byte) in (base..).zip(bytes) {
        if byte == segment {
            index.ends.push(index.mark_count as u32);
        }
        if delimiters.contains(byte) {
            index.push(at);
            if byte != segment && byte != element {
                index.inner.push(at);
            }
        }
        if is_special(byte) {
            index.specials.push(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bytes_a_step_find_what_one_byte_a_step_finds() {
        let delimiters = [
            Delimiters::default(),
            Delimiters {
                segment: b'\n',
                element: 0xE2,
                component: b'"',
                repetition: None,
            },
        ];
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        for length in 0..400 {
            let bytes: Vec<u8> = (0..length)
                .map(|i| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let byte = (seed >> 33) as u8;
                    if i % 3 == 0 {
                        b"~*:^\n\"\\\x7F\x1F\xE2"[usize::from(byte) % 10]
                    } else {
                        byte
                    }
                })
                .collect();
            for delimiters in delimiters {
                let (mut fast, mut slow) = (Index::default(), Index::default());
                fast.add(&bytes, 7, &delimiters);
                simple(&bytes, 7, &delimiters, &mut slow);
                assert_eq!(fast.marks(), slow.marks(), "length {length}");
                assert_eq!(
                    (fast.ends, fast.specials, fast.inner),
                    (slow.ends, slow.specials, slow.inner),
                    "length {length}"
                );
            }
        }
    }
}
