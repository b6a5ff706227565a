//! Reads JSON tokens from a window of bytes, one after the other: no tree, no memory per token.
//!
//! Every token is either whole in the window or [`Stop::More`]; what is wrong is found from left to right, so that the same fault is
//! told however the bytes came in pieces.

use crate::error::Error;
use crate::json::skim::{closed, plain_length};

/// Why reading a token stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The window ends inside it.
    More,
    /// It cannot be read; with its offset in the window.
    Bad { what: &'static str, at: usize },
    /// It is larger than allowed; with its offset in the window.
    Limit {
        limit: &'static str,
        max: u64,
        at: usize,
    },
    /// An error that knows its place already.
    Failed(Box<Error>),
}

impl Stop {
    pub(crate) fn bad(what: &'static str, at: usize) -> Self {
        Self::Bad { what, at }
    }
}

/// A run of bytes among those that were unquoted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Span {
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl Span {
    pub(crate) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.from..self.to).unwrap_or_default()
    }

    pub(crate) fn is_empty(self) -> bool {
        self.from == self.to
    }
}

/// Stands before the next byte to be read.
#[derive(Clone)]
pub(crate) struct Scanner<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) at: usize,
    /// Longest string taken.
    pub(crate) string_bytes: usize,
}

impl<'a> Scanner<'a> {
    /// The next byte that is not white space; it stays.
    pub(crate) fn peek(&mut self) -> Result<u8, Stop> {
        self.at = skip_blanks(self.text, self.at);
        self.text.get(self.at).copied().ok_or(Stop::More)
    }

    /// Takes the next byte that is not white space, which must be this one.
    pub(crate) fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), Stop> {
        if self.peek()? != byte {
            return Err(self.bad(what));
        }
        self.at += 1;
        Ok(())
    }

    /// Takes a byte if it comes next.
    pub(crate) fn optional(&mut self, byte: u8) -> Result<bool, Stop> {
        let comes = self.peek()? == byte;
        self.at += usize::from(comes);
        Ok(comes)
    }

    /// Whether another item follows in an array or object that `close` ends; takes the comma, or `close`.
    pub(crate) fn another(&mut self, close: u8) -> Result<bool, Stop> {
        match self.peek()? {
            b',' => {
                self.at += 1;
                Ok(true)
            }
            byte if byte == close => {
                self.at += 1;
                Ok(false)
            }
            _ => Err(self.bad("a comma or the closing bracket is due")),
        }
    }

    pub(crate) fn bad(&self, what: &'static str) -> Stop {
        Stop::bad(what, self.at)
    }

    /// Why a value other than a string stands where one is due.
    pub(crate) fn not_a_string(&mut self) -> Stop {
        match self.peek() {
            Ok(b'-' | b'0'..=b'9') => self.bad("a string is due, not a number"),
            Ok(b't' | b'f') => self.bad("a string is due, not a boolean"),
            Ok(b'n') => self.bad("a string is due, not null"),
            Ok(b'[') => self.bad("a string is due, not an array"),
            Ok(b'{') => self.bad("a string is due, not an object"),
            Ok(_) => self.bad("a string is due"),
            Err(stop) => stop,
        }
    }

    /// A string, unquoted behind `bytes`.
    pub(crate) fn string(&mut self, bytes: &mut Vec<u8>) -> Result<Span, Stop> {
        if self.peek()? != b'"' {
            return Err(self.not_a_string());
        }
        let (from, start) = (bytes.len(), self.at);
        if let Some(plain) = self.plain_string() {
            bytes.extend_from_slice(plain.of(self.text));
            let to = bytes.len();
            return Ok(Span { from, to });
        }
        self.at += 1;
        let most = start.saturating_add(self.string_bytes).saturating_add(2);
        let text = self.text.get(..most).unwrap_or(self.text);
        loop {
            let rest = text.get(self.at..).unwrap_or_default();
            let Some(length) = memchr::memchr2(b'"', b'\\', rest) else {
                return Err(if text.len() == most {
                    self.too_long(start)
                } else {
                    Stop::More
                });
            };
            let (run, _) = rest.split_at(length);
            self.check(run)?;
            bytes.extend_from_slice(run);
            self.at += length;
            if rest.get(length) == Some(&b'"') {
                self.at += 1;
                return Ok(Span {
                    from,
                    to: bytes.len(),
                });
            }
            self.escape(bytes)?;
        }
    }

    /// A string that stands here as it is to be read, as most do: where in the text. Any other is left where it is.
    #[inline]
    pub(crate) fn plain_string(&mut self) -> Option<Span> {
        let from = self.at + 1;
        let rest = self.text.get(self.at..)?.strip_prefix(b"\"")?;
        let length = plain_length(rest);
        if length > self.string_bytes || rest.get(length) != Some(&b'"') {
            return None;
        }
        self.at = from + length + 1;
        let to = from + length;
        Some(Span { from, to })
    }

    pub(crate) fn too_long(&self, at: usize) -> Stop {
        Stop::Limit {
            limit: "length of a JSON value",
            max: self.string_bytes as u64,
            at,
        }
    }

    /// What stands in a string as it is must be UTF-8 without control characters.
    fn check(&self, run: &[u8]) -> Result<(), Stop> {
        let control = run.iter().position(|&byte| byte < 0x20);
        let foreign = std::str::from_utf8(run)
            .err()
            .map(|error| error.valid_up_to());
        match (control, foreign) {
            (Some(at), other) if other.is_none_or(|other| at < other) => Err(Stop::bad(
                "a control character stands unescaped in a string",
                self.at + at,
            )),
            (_, Some(at)) => Err(Stop::bad("the JSON is not UTF-8", self.at + at)),
            _ => Ok(()),
        }
    }

    /// The escape that comes next, unquoted behind `bytes`.
    pub(crate) fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), Stop> {
        let letter = *self.text.get(self.at + 1).ok_or(Stop::More)?;
        let byte = match letter {
            b'"' | b'\\' | b'/' => letter,
            b'b' => 0x08,
            b'f' => 0x0C,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => return self.unicode(bytes),
            _ => return Err(self.bad("an unknown escape stands in a string")),
        };
        bytes.push(byte);
        self.at += 2;
        Ok(())
    }

    fn unicode(&mut self, bytes: &mut Vec<u8>) -> Result<(), Stop> {
        let first = self.code_unit(self.at)?;
        let mut code = u32::from(first);
        let mut length = 6;
        if (0xD800..0xDC00).contains(&first) {
            let next = self.text.get(self.at + 6..).unwrap_or_default();
            match next {
                [] | [b'\\'] => return Err(Stop::More),
                [b'\\', b'u', ..] => {}
                _ => return Err(self.unpaired()),
            }
            let second = self.code_unit(self.at + 6)?;
            if !(0xDC00..0xE000).contains(&second) {
                return Err(self.unpaired());
            }
            code = 0x1_0000 + ((code - 0xD800) << 10) + (u32::from(second) - 0xDC00);
            length = 12;
        }
        let character = char::from_u32(code).ok_or_else(|| self.unpaired())?;
        bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        self.at += length;
        Ok(())
    }

    fn unpaired(&self) -> Stop {
        self.bad("half of a surrogate pair stands in a string")
    }

    /// The four digits of the escape at `at`.
    fn code_unit(&self, at: usize) -> Result<u16, Stop> {
        let digits = self
            .text
            .get(at + 2..)
            .and_then(|rest| rest.first_chunk::<4>())
            .ok_or(Stop::More)?;
        digits.iter().try_fold(0, |code: u16, &digit| {
            let value = char::from(digit)
                .to_digit(16)
                .ok_or(Stop::bad("an escape without four hexadecimal digits", at))?;
            Ok(code << 4 | value as u16)
        })
    }

    /// A number that counts something: digits alone.
    pub(crate) fn count(&mut self) -> Result<(), Stop> {
        if !self.peek()?.is_ascii_digit() {
            return Err(self.bad("a whole number is due"));
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        match rest.get(length) {
            None => Err(Stop::More),
            // 20: digits of the largest number of 64 bits.
            Some(b'.' | b'e' | b'E') => Err(self.bad("a whole number is due")),
            Some(_) if length > 20 || length > 1 && rest.first() == Some(&b'0') => {
                Err(self.bad("a whole number is due"))
            }
            Some(_) => {
                self.at += length;
                Ok(())
            }
        }
    }

    /// Takes `null` if it comes next.
    pub(crate) fn optional_null(&mut self) -> Result<bool, Stop> {
        if self.peek()? != b'n' {
            return Ok(false);
        }
        let word = self.text.get(self.at..self.at + 4).ok_or(Stop::More)?;
        if word != b"null" {
            return Err(self.bad("this is not JSON"));
        }
        self.at += 4;
        Ok(true)
    }

    /// Passes over a value of any kind, looking only for its end; reading it later finds what is wrong in it.
    pub(crate) fn skip_value(&mut self) -> Result<(), Stop> {
        match self.peek()? {
            b'"' => return self.skip_string(),
            b'{' | b'[' => self.at = closed(self.text, self.at).ok_or(Stop::More)?,
            _ => {
                let rest = self.text.get(self.at..).unwrap_or_default();
                let mut bytes = rest.iter();
                let ends = |byte: &u8| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']' | b',');
                self.at += bytes.position(ends).ok_or(Stop::More)?;
            }
        }
        Ok(())
    }

    fn skip_string(&mut self) -> Result<(), Stop> {
        self.at += 1;
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = plain_length(rest);
            if rest.get(plain) == Some(&b'"') {
                self.at += plain + 1;
                return Ok(());
            }
            let length = memchr::memchr2(b'"', b'\\', rest).ok_or(Stop::More)?;
            if rest.get(length) == Some(&b'"') {
                self.at += length + 1;
                return Ok(());
            }
            self.at += length + 2;
        }
    }
}

/// Where the white space that begins at `at` ends.
#[inline]
pub(crate) fn skip_blanks(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))
        .count()
}
