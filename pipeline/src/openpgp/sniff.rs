//! Whether a file is OpenPGP, from its first bytes.

/// What the first bytes of a file look like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// `-----BEGIN PGP …`, maybe after white space.
    OpenPgpArmored,
    /// Packets.
    OpenPgpBinary,
    /// Anything else: X12, JSON, CSV.
    Other,
}

/// Tells from the first bytes of a file whether it is OpenPGP; 64 are enough, unless white space comes first.
#[must_use]
pub fn sniff(first: &[u8]) -> Kind {
    if text(first).is_some_and(|text| text.starts_with(ARMOR)) {
        Kind::OpenPgpArmored
    } else if packet(first).is_some() {
        Kind::OpenPgpBinary
    } else {
        Kind::Other
    }
}

/// How an armor begins.
pub(crate) const ARMOR: &[u8] = b"-----BEGIN PGP ";

/// The byte order mark of UTF-8.
pub(super) const MARK: &[u8] = b"\xEF\xBB\xBF";

/// The bytes from the first that is not white space or a byte order mark.
pub(crate) fn text(first: &[u8]) -> Option<&[u8]> {
    let text = first.strip_prefix(MARK).unwrap_or(first);
    let start = text.iter().position(|byte| !byte.is_ascii_whitespace())?;
    text.get(start..)
}

/// A packet that may begin a message, its first body byte being what it must be: text in Latin-1 or UTF-8 may begin with a byte
/// that looks like a tag.
fn packet(first: &[u8]) -> Option<()> {
    let tag = *first.first()?;
    let body = body(first)?;
    let version = *body.first()?;
    let plausible = match number(tag) {
        // Public-key encrypted session key; one-pass signature.
        1 | 4 => matches!(version, 3 | 6),
        // Signature; session key encrypted by a passphrase.
        2 | 3 => matches!(version, 3..=6),
        // Compressed data: the algorithm.
        8 => version <= 3,
        // Encrypted without protection: any byte. Only as the former versions wrote it, long enough to be one.
        9 => tag & 0x40 == 0 || body.len() > 18,
        10 => body.starts_with(b"PGP"),
        // Literal data: the format.
        11 => matches!(version, b'b' | b't' | b'u' | b'l' | b'm' | b'1'),
        // Encrypted with protection.
        18 | 20 => matches!(version, 1 | 2),
        _ => false,
    };
    plausible.then_some(())
}

/// The number in the first byte of a packet: bits 5 to 2 in the former format, 5 to 0 in the new one.
pub(super) fn number(tag: u8) -> u8 {
    match tag & 0x40 {
        0 => (tag & 0x3F) >> 2,
        _ => tag & 0x3F,
    }
}

/// What follows the tag and the length of a packet.
fn body(first: &[u8]) -> Option<&[u8]> {
    let tag = *first.first()?;
    let length = match (tag & 0xC0, first.get(1).copied()?) {
        (0xC0, 0..=191 | 224..=254) => 1,
        (0xC0, 192..=223) => 2,
        (0xC0, 255) => 5,
        (0x80, _) => [1, 2, 4, 0][usize::from(tag & 3)],
        _ => return None,
    };
    first.get(1 + length..)
}
