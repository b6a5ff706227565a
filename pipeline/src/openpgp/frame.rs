//! Follows the outermost packets of a message: whether an upload is whole yet, and whether a message that fails was cut or tampered with.

use super::sniff;

/// Follows an OpenPGP file from its first byte on, armored or binary, and tells whether it is whole.
///
/// It looks at lengths and lines only, in constant memory: what is whole may still be refused by [`decrypt`](super::decrypt()). What is
/// no OpenPGP, or does not say how long it is, is taken as whole as soon as that is known: nothing more could be waited for.
///
/// ```
/// use x12_pipeline::openpgp::Frame;
///
/// let mut frame = Frame::default();
/// frame.pass(b"-----BEGIN PGP MESSAGE-----\n\nhF4D");
/// assert!(!frame.is_whole());
/// frame.pass(b"\n-----END PGP MESSAGE-----\n");
/// assert!(frame.is_whole());
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Frame(Form);

/// How the file is written.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Form {
    /// Too little has passed to tell: white space, or part of a byte order mark.
    Unknown { mark: usize },
    /// Lines of text.
    Armored(Lines),
    /// Packets.
    Binary(Packets),
}

impl Default for Form {
    fn default() -> Self {
        Self::Unknown { mark: 0 }
    }
}

impl Frame {
    /// Follows the next bytes of the file.
    pub fn pass(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Form::Armored(lines) => lines.pass(bytes),
            Form::Binary(packets) => packets.pass(bytes),
            Form::Unknown { mark } => {
                let rest = bytes.iter().position(|&byte| !blank(byte, mark));
                let Some(rest) = rest.and_then(|start| bytes.get(start..)) else {
                    return;
                };
                self.0 = match rest.first() {
                    Some(b'-') => Form::Armored(Lines::default()),
                    _ => Form::Binary(Packets::default()),
                };
                self.pass(rest);
            }
        }
    }

    /// Whether nothing is missing behind what has passed.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match &self.0 {
            Form::Unknown { .. } => false,
            Form::Armored(lines) => lines.ended,
            Form::Binary(packets) => packets.is_whole(),
        }
    }
}

/// White space, or the next byte of a byte order mark.
fn blank(byte: u8, mark: &mut usize) -> bool {
    let is_mark = sniff::MARK.get(*mark) == Some(&byte);
    *mark += usize::from(is_mark);
    is_mark || byte.is_ascii_whitespace()
}

/// Where in an armor the bytes that have passed end.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Lines {
    /// The beginning of the line that has not ended yet.
    line: Vec<u8>,
    /// The last line has passed.
    pub(super) ended: bool,
}

/// How the last line begins; after the kind of armor come as many dashes again.
const LAST_LINE: &[u8] = b"-----END PGP ";

/// Bytes kept of a line: more than the last one has.
const LINE_BYTES: usize = 80;

impl Lines {
    /// Follows the next bytes.
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            let room = LINE_BYTES.saturating_sub(self.line.len());
            let kept = piece.get(..room).unwrap_or(piece);
            self.line.extend_from_slice(kept);
            let line = self.line.trim_ascii_end();
            self.ended |= line.starts_with(LAST_LINE) && line.ends_with(b"-----");
            if piece.ends_with(b"\n") {
                self.line.clear();
            }
        }
    }
}

/// Where in the outermost packets the bytes that have passed end, and the tag of the last one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Packets {
    place: Place,
    tag: u8,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Place {
    /// Between packets.
    #[default]
    Between,
    /// Before the length of a packet in the new format, or of its next part.
    Length,
    /// Inside the octets of a length.
    Number { value: u64, plus: u64, left: u8 },
    /// Inside a body, or a part of it.
    Body { left: u64, last: bool },
    /// In a packet that goes on to the end of the file.
    Endless,
    /// These are no packets.
    Lost,
}

impl Packets {
    /// Follows the next bytes.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while let Some((&byte, rest)) = bytes.split_first() {
            if matches!(self.place, Place::Endless | Place::Lost) {
                return;
            }
            if let Place::Body { left, last } = self.place {
                let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                self.place = Place::body(left - taken as u64, last);
                bytes = bytes.get(taken..).unwrap_or_default();
                continue;
            }
            if self.place == Place::Between {
                self.tag = sniff::number(byte);
            }
            self.place = self.place.next(byte);
            bytes = rest;
        }
    }

    /// A packet has begun and not ended.
    pub(super) fn is_inside(self) -> bool {
        matches!(
            self.place,
            Place::Length | Place::Number { .. } | Place::Body { .. }
        )
    }

    /// These are no packets.
    pub(super) fn is_lost(self) -> bool {
        self.place == Place::Lost
    }

    /// A packet has ended behind which nothing need follow.
    fn is_whole(self) -> bool {
        match self.place {
            // Session keys and announced signatures are for what follows them; a marker says nothing.
            Place::Between => !matches!(self.tag, 0 | 1 | 3 | 4 | 10),
            Place::Endless | Place::Lost => true,
            Place::Length | Place::Number { .. } | Place::Body { .. } => false,
        }
    }
}

impl Place {
    fn next(self, byte: u8) -> Self {
        match self {
            Self::Between => Self::tag(byte),
            Self::Length => Self::length(byte),
            Self::Number { value, plus, left } => {
                let value = value << 8 | u64::from(byte);
                match left {
                    2.. => Self::Number {
                        value,
                        plus,
                        left: left - 1,
                    },
                    _ => Self::body(value + plus, true),
                }
            }
            Self::Body { .. } | Self::Endless | Self::Lost => self,
        }
    }

    fn tag(byte: u8) -> Self {
        let number = |left| Self::Number {
            value: 0,
            plus: 0,
            left,
        };
        match (byte >> 6, byte & 3) {
            (3, _) => Self::Length,
            (2, 0) => number(1),
            (2, 1) => number(2),
            (2, 2) => number(4),
            (2, _) => Self::Endless,
            _ => Self::Lost,
        }
    }

    fn length(byte: u8) -> Self {
        match byte {
            0..=191 => Self::body(u64::from(byte), true),
            192..=223 => Self::Number {
                value: u64::from(byte - 192),
                plus: 192,
                left: 1,
            },
            224..=254 => Self::body(1 << (byte & 0x1F), false),
            255 => Self::Number {
                value: 0,
                plus: 0,
                left: 4,
            },
        }
    }

    fn body(left: u64, last: bool) -> Self {
        match (left, last) {
            (0, true) => Self::Between,
            (0, false) => Self::Length,
            _ => Self::Body { left, last },
        }
    }
}
