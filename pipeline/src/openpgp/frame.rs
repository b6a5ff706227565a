//! Follows the outermost packets of a message, so that a cut message is told from a tampered one.

/// Where in the outermost packets the bytes that have passed end.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Frame {
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

impl Frame {
    /// Follows the next bytes.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while let Some((&byte, rest)) = bytes.split_first() {
            if let Self::Body { left, last } = *self {
                let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                *self = Self::body(left - taken as u64, last);
                bytes = bytes.get(taken..).unwrap_or_default();
                continue;
            }
            *self = match *self {
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
                end @ (Self::Body { .. } | Self::Endless | Self::Lost) => end,
            };
            bytes = rest;
        }
    }

    /// A packet has begun and not ended.
    pub(super) fn is_inside(self) -> bool {
        matches!(self, Self::Length | Self::Number { .. } | Self::Body { .. })
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
