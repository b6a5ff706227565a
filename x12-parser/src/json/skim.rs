//! JSON looked at sixteen bytes a step: where a string ends, where a bracket closes.

use wide::u8x16;

/// How many bytes of a text, from its first, are printable ASCII that a JSON string holds as they are.
///
/// Sixteen bytes a step, as most strings are shorter.
#[inline]
pub(crate) fn plain_length(text: &[u8]) -> usize {
    let mut chunks = text.chunks_exact(16);
    let mut length = 0;
    for chunk in &mut chunks {
        let bytes = chunk.first_chunk().map_or([0; 16], |bytes| *bytes);
        let stops = unusual(u8x16::new(bytes)).to_bitmask();
        if stops != 0 {
            return length + stops.trailing_zeros() as usize;
        }
        length += 16;
    }
    let plain = |byte: &&u8| matches!(**byte, 0x20..=0x7E) && !matches!(**byte, b'"' | b'\\');
    length + chunks.remainder().iter().take_while(plain).count()
}

/// The bytes that end a string or need care.
#[inline(always)]
pub(crate) fn unusual(bytes: u8x16) -> u8x16 {
    let printable = bytes - u8x16::splat(0x20);
    printable.max(u8x16::splat(0x5F)).simd_eq(printable)
        | bytes.simd_eq(u8x16::splat(b'"'))
        | bytes.simd_eq(u8x16::splat(b'\\'))
}

/// Bytes looked at together for brackets, a bit for each.
const STRIDE: usize = 32;

/// Where the array or object ends whose first bracket is at `at`; none if it does not end here. What stands inside is not looked at but
/// for strings, and brackets of either kind close one another.
pub(crate) fn closed(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut in_string = false;
    while let Some(stride) = text.get(at..).and_then(<[u8]>::first_chunk::<STRIDE>) {
        let marks = Marks::new(stride);
        if marks.escapes != 0 {
            let mut slow = Slow {
                at,
                depth,
                in_string,
            };
            if slow.pass(text, at + STRIDE) {
                return Some(slow.at);
            }
            Slow {
                at,
                depth,
                in_string,
            } = slow;
            continue;
        }
        let inside = parity(marks.quotes) ^ if in_string { u32::MAX } else { 0 };
        let (mut opens, mut closes) = (marks.opens & !inside, marks.closes & !inside);
        while opens | closes != 0 {
            let next = (opens | closes).trailing_zeros();
            if opens >> next & 1 == 1 {
                depth += 1;
                opens &= opens - 1;
            } else {
                depth = depth.saturating_sub(1);
                closes &= closes - 1;
            }
            if depth == 0 {
                return Some(at + next as usize + 1);
            }
        }
        in_string = inside >> (STRIDE - 1) == 1;
        at += STRIDE;
    }
    let mut slow = Slow {
        at,
        depth,
        in_string,
    };
    slow.pass(text, text.len()).then_some(slow.at)
}

/// What stands where in a stride, a bit for each byte.
struct Marks {
    quotes: u32,
    escapes: u32,
    opens: u32,
    closes: u32,
}

impl Marks {
    #[inline(always)]
    fn new(stride: &[u8; STRIDE]) -> Self {
        let half = |from: usize| {
            let bytes = stride.get(from..).and_then(|half| half.first_chunk());
            u8x16::new(bytes.copied().unwrap_or_default())
        };
        let halves = [half(0), half(STRIDE / 2)];
        let bits = |mark: fn(u8x16) -> u8x16| {
            let [low, high] = halves.map(|half| mark(half).to_bitmask());
            low | high << (STRIDE / 2)
        };
        // One bit tells `[` from `{`, and `]` from `}`.
        Self {
            quotes: bits(|bytes| bytes.simd_eq(u8x16::splat(b'"'))),
            escapes: bits(|bytes| bytes.simd_eq(u8x16::splat(b'\\'))),
            opens: bits(|bytes| (bytes | u8x16::splat(0x20)).simd_eq(u8x16::splat(b'{'))),
            closes: bits(|bytes| (bytes | u8x16::splat(0x20)).simd_eq(u8x16::splat(b'}'))),
        }
    }
}

/// For each bit, whether an odd number of bits stand up to it.
#[inline(always)]
fn parity(mut bits: u32) -> u32 {
    for shift in [1, 2, 4, 8, 16] {
        bits ^= bits << shift;
    }
    bits
}

/// The same byte by byte, where escapes stand and at the end.
struct Slow {
    at: usize,
    depth: usize,
    in_string: bool,
}

impl Slow {
    /// Whether the last bracket closes before `to`, or before an escape that begins there ends.
    fn pass(&mut self, text: &[u8], to: usize) -> bool {
        while self.at < to {
            let Some(&byte) = text.get(self.at) else {
                return false;
            };
            self.at += 1;
            match byte {
                b'"' => self.in_string = !self.in_string,
                b'\\' if self.in_string => self.at += 1,
                _ if self.in_string => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return true;
                    }
                }
                _ => {}
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::{Slow, closed, plain_length};

    /// JSON with everything in it that matters, as much as several strides.
    const TEXT: &str = r#"{"a":["x","{\"}"],"\\":{"b":[[],{}]},"long":"................................\\\"]}","c":"\"",
        "deep":[[[[[[[[[[[[[[[[[[[[{"}":"]"}]]]]]]]]]]]]]]]]]]]],"end":"é"}, "next": 1"#;

    #[test]
    fn brackets_close_where_a_look_at_each_byte_says() {
        let mut closing = 0;
        for from in 0..TEXT.len() {
            if !matches!(TEXT.as_bytes()[from], b'{' | b'[') {
                continue;
            }
            for to in from + 1..=TEXT.len() {
                let text = &TEXT.as_bytes()[..to];
                let mut slow = Slow {
                    at: from,
                    depth: 0,
                    in_string: false,
                };
                let expected = slow.pass(text, to).then_some(slow.at);
                assert_eq!(closed(text, from), expected, "{from}..{to}");
                closing += usize::from(expected.is_some());
            }
        }
        assert!(closing > 0);
        assert_eq!(closed(TEXT.as_bytes(), 0), TEXT.rfind('}').map(|at| at + 1));
    }

    #[test]
    fn a_plain_run_ends_at_the_first_byte_that_needs_care() {
        for byte in 0..=u8::MAX {
            for length in 0..40 {
                let mut text = vec![b'x'; 40];
                text[length] = byte;
                let is_plain = matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
                assert_eq!(
                    plain_length(&text),
                    if is_plain { 40 } else { length },
                    "{byte}"
                );
            }
        }
    }
}
