//! The segments that steer the cut, told by their first bytes: headers, trailers, and those with binary data.

use crate::delimiters::{self, Header};
use crate::limits::ISA_BYTES;

/// Whether a segment is an ISA, and whether it is one with binary data.
#[inline]
pub(super) fn marked(bytes: &[u8]) -> [bool; 2] {
    match bytes.first() {
        Some(b'I' | b'i') => [is_id(bytes, b"ISA"), false],
        Some(b'B' | b'b') => [false, is_id(bytes, b"BIN") || is_id(bytes, b"BDS")],
        _ => [false; 2],
    }
}

/// Whether a segment, without its terminator, is an interchange trailer: nothing but IEA stands before its first element.
pub(crate) fn is_trailer(segment: &[u8], element: u8) -> bool {
    let id = segment
        .split(|&byte| byte == element)
        .next()
        .unwrap_or_default();
    let mut letters = id.iter().filter(|b| !matches!(b, b'\r' | b'\n'));
    let same = |letter: &u8| {
        letters
            .next()
            .is_some_and(|byte| byte.eq_ignore_ascii_case(letter))
    };
    segment
        .first()
        .is_some_and(|byte| byte.eq_ignore_ascii_case(&b'I'))
        && b"IEA".iter().all(same)
        && letters.next().is_none()
}

/// Whether a segment begins with this identifier, in either case, and a byte that is not a letter or digit.
///
/// Line breaks of a wrapped file may stand inside.
pub(crate) fn is_id(bytes: &[u8], id: &[u8; 3]) -> bool {
    let mut bytes = bytes.iter().filter(|b| !matches!(b, b'\r' | b'\n'));
    let begins = id.iter().all(|letter| {
        bytes
            .next()
            .is_some_and(|byte| byte.eq_ignore_ascii_case(letter))
    });
    begins && bytes.next().is_some_and(|b| !b.is_ascii_alphanumeric())
}

/// The first place where an interchange header stands, and the header; no header there means that the window is too short to tell.
pub(super) fn find_header(window: &[u8], at_end: bool) -> Option<(usize, Option<Header>)> {
    for at in memchr::memchr2_iter(b'I', b'i', window) {
        let rest = &window[at..];
        if rest.len() < ISA_BYTES && !at_end {
            let may_be = rest.len() < 4 || is_id(rest, b"ISA");
            if may_be {
                return Some((at, None));
            }
            continue;
        }
        let header = is_id(rest, b"ISA")
            .then(|| delimiters::header(rest))
            .flatten();
        if header.is_some() {
            return Some((at, header));
        }
    }
    None
}
