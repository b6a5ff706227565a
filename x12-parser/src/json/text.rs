//! Bytes as JSON strings: the quoting that makes any bytes come back the same.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::json::buffer::Buffer;

/// How the bytes of a value are read as characters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Charset {
    /// UTF-8, of which ASCII is a part.
    Utf8,
    /// One character U+0000 to U+00FF for each byte.
    Latin1,
}

/// Appends a value with its quotation marks; false, and nothing appended, if the bytes are not of the charset.
pub(crate) fn put_string(out: &mut Buffer, value: &[u8], charset: Charset) -> bool {
    if charset == Charset::Utf8 && std::str::from_utf8(value).is_err() {
        return false;
    }
    out.put(b"\"");
    for &byte in value {
        put_escaped(out, byte, charset);
    }
    out.put(b"\"");
    true
}

fn put_escaped(out: &mut Buffer, byte: u8, charset: Charset) {
    match byte {
        b'"' => out.put(b"\\\""),
        b'\\' => out.put(b"\\\\"),
        b'\n' => out.put(b"\\n"),
        b'\r' => out.put(b"\\r"),
        b'\t' => out.put(b"\\t"),
        0..0x20 => {
            out.put(b"\\u00");
            out.put(&[hex(byte >> 4), hex(byte & 15)]);
        }
        0x80.. if charset == Charset::Latin1 => out.put(&[0xC0 | byte >> 6, 0x80 | byte & 0x3F]),
        _ => out.put(&[byte]),
    }
}

fn hex(digit: u8) -> u8 {
    if digit < 10 {
        b'0' + digit
    } else {
        b'a' + digit - 10
    }
}

/// Appends bytes exactly: as a string if they are UTF-8, else as `{"$base64":…}`.
pub(crate) fn put_exact(out: &mut Buffer, bytes: &[u8]) {
    if !put_string(out, bytes, Charset::Utf8) {
        out.put(b"{\"$base64\":\"");
        put_base64(out, bytes);
        out.put(b"\"}");
    }
}

/// Appends bytes in base 64; pieces of a multiple of three bytes may follow one another.
pub(crate) fn put_base64(out: &mut Buffer, bytes: &[u8]) {
    // 3 × 1024: the pieces need no memory of their own to speak of.
    for piece in bytes.chunks(3 << 10) {
        out.put(STANDARD.encode(piece).as_bytes());
    }
}

/// The bytes of base 64.
pub(crate) fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
