//! JSON back to X12, in one pass over a window of it: the inverse of [`crate::json::render`].
//!
//! What is open stands on a stack; each step takes one item that is whole in the window (a segment, a key with its value, a bracket) or
//! asks for more. So memory grows neither with the document nor with its transaction sets, and binary data pass in pieces.

use std::io::{Read, Write};

use crate::error::Error;
use crate::json::binary::Binary;
use crate::json::buffer::Buffer;
use crate::json::fields::{Fields, Place};
use crate::json::frame::{self, Frame, Held};
use crate::json::restore::Target;
use crate::json::scan::{Scanner, Stop, skip_blanks};
use crate::limits::{BLOCK_BYTES, Limits};

/// Something about JSON that could be written as X12, but that its author should know.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct WriteFinding {
    /// What is to be known: `raw-outdated`, a `$raw` that says something else than the fields beside it, which were taken.
    pub what: &'static str,
    /// Offset of the segment in the JSON.
    pub at: u64,
    /// Where in the structure: `interchanges[0].groups[1].transactions[3].body[17]`.
    pub path: String,
}

/// Converts all of a JSON document, or of the lines of the line-wise form, to X12.
///
/// Memory does not grow with the document. What could be written before an error has been written. Of the findings, the first
/// [`Limits::findings_per_set`] are kept.
///
/// # Errors
/// [`Error::Json`] for what is not JSON, or none of the shapes that X12 can be written from; [`Error::Limit`] for what is larger than
/// `limits` allow; [`Error::Io`] if reading or writing fails.
///
/// # Examples
/// ```
/// # fn main() -> Result<(), x12_parser::Error> {
/// # use x12_parser::{Limits, Per, Shape, to_json, to_x12};
/// let document = b"ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*000000001*0*T*:~\
/// GS*HP*A*B*20261123*1200*1*X*005010X221A1~ST*835*0001~SE*2*0001~GE*1*1~IEA*1*000000001~";
/// let (mut json, mut x12) = (Vec::new(), Vec::new());
/// to_json(&document[..], &mut json, Shape::Loops, Per::Document, &Default::default())?;
/// let findings = to_x12(&json[..], &mut x12, &Limits::default())?;
/// assert_eq!(x12, document);
/// assert!(findings.is_empty());
/// # Ok(())
/// # }
/// ```
pub fn write_x12<R: Read, W: Write>(
    mut json: R,
    mut x12: W,
    limits: &Limits,
) -> Result<Vec<WriteFinding>, Error> {
    let mut writer = X12Writer::new(limits);
    let mut at_end = false;
    while !at_end {
        at_end = json
            .by_ref()
            .take(BLOCK_BYTES as u64)
            .read_to_end(&mut writer.window)?
            == 0;
        let written = writer.advance(at_end);
        x12.write_all(writer.out.as_slice())?;
        writer.out.clear();
        written?;
    }
    x12.flush()?;
    Ok(writer.findings)
}

/// Writes X12 from JSON that is pushed piece by piece.
pub struct X12Writer {
    pub(super) limits: Limits,
    /// What was pushed and not used yet.
    window: Vec<u8>,
    /// Offset in the JSON of the window's first byte.
    base: u64,
    /// Bytes that the window must have before another try is worth it.
    wanted: usize,
    pub(super) out: Buffer,
    pub(super) stack: Vec<Frame>,
    pub(super) held: Vec<Held>,
    /// Values read at the top: lines, or one document.
    pub(super) lines: u64,
    pub(super) is_document: bool,
    pub(super) target: Option<Target>,
    pub(super) fields: Fields,
    pub(super) binary: Option<Binary>,
    pub(super) scratch: Vec<u8>,
    pub(super) findings: Vec<WriteFinding>,
}

/// A run of JSON.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) bytes: &'a [u8],
    /// Offset of its first byte in the JSON.
    pub(super) base: u64,
    /// Nothing follows.
    pub(super) at_end: bool,
}

impl X12Writer {
    /// A writer that has seen nothing yet.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            limits: *limits,
            window: Vec::new(),
            base: 0,
            wanted: 0,
            out: Buffer::default(),
            stack: Vec::new(),
            held: Vec::new(),
            lines: 0,
            is_document: false,
            target: None,
            fields: Fields::default(),
            binary: None,
            scratch: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// Takes the next piece, and appends to `out` what can be written of it. After an error nothing may be pushed any more.
    ///
    /// # Errors
    /// As [`write_x12`], without [`Error::Io`].
    pub fn push(&mut self, json: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        for piece in json.chunks(BLOCK_BYTES) {
            self.window.extend_from_slice(piece);
            self.advance_into(false, out)?;
        }
        Ok(())
    }

    /// Says that nothing follows, and appends to `out` what was held back.
    ///
    /// # Errors
    /// As [`Self::push`]; also if the JSON ends too early.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.advance_into(true, out)
    }

    /// What was found so far.
    #[must_use]
    pub fn findings(&self) -> &[WriteFinding] {
        &self.findings
    }

    fn advance_into(&mut self, at_end: bool, out: &mut Vec<u8>) -> Result<(), Error> {
        let written = self.advance(at_end);
        out.extend_from_slice(self.out.as_slice());
        self.out.clear();
        written
    }

    /// Writes what can be written of the window, and keeps the rest of it.
    fn advance(&mut self, at_end: bool) -> Result<(), Error> {
        if self.window.len() < self.wanted && !at_end {
            return Ok(());
        }
        let mut window = std::mem::take(&mut self.window);
        let used = self.run(
            Text {
                bytes: &window,
                base: self.base,
                at_end,
            },
            0,
        )?;
        window.drain(..used);
        self.base += used as u64;
        // Twice what was too short, so that an item of many pieces is looked at a few times only.
        self.wanted = 2 * window.len();
        self.window = window;
        if at_end {
            self.settle();
        }
        Ok(())
    }

    /// Takes item after item until the text is used up or, above the bottom, the stack is down to `floor` again.
    pub(super) fn run(&mut self, text: Text<'_>, floor: usize) -> Result<usize, Error> {
        let mut at = 0;
        loop {
            if floor > 0 && self.stack.len() == floor && self.binary.is_none() {
                return Ok(at);
            }
            at = skip_blanks(text.bytes, at);
            if at == text.bytes.len() && !text.at_end {
                return Ok(at);
            }
            if at == text.bytes.len() && self.stack.is_empty() && self.lines > 0 {
                return Ok(at);
            }
            match self.step(text, &mut at) {
                Ok(()) => self.fields.place = Place::Outside,
                Err(Stop::More) if !text.at_end => return Ok(at),
                Err(stop) => return Err(self.error(stop, text)),
            }
        }
    }

    /// Takes one item; if that fails, `at` stays before it.
    fn step(&mut self, text: Text<'_>, at: &mut usize) -> Result<(), Stop> {
        let item_bytes = self.item_bytes();
        let bytes = text
            .bytes
            .get(..at.saturating_add(item_bytes))
            .unwrap_or(text.bytes);
        let mut scanner = Scanner {
            text: bytes,
            at: *at,
            string_bytes: self.limits.json_token_bytes,
        };
        let result = if self.binary.is_some() {
            self.more_binary(&mut scanner)
        } else {
            self.item(&mut scanner, text.base)
        };
        match result {
            Ok(()) => *at = scanner.at,
            Err(Stop::More) if bytes.len() - *at == item_bytes => {
                return Err(Stop::Limit {
                    limit: "length of a JSON item",
                    max: item_bytes as u64,
                    at: *at,
                });
            }
            Err(stop) => return Err(stop),
        }
        Ok(())
    }

    /// Bytes of JSON that are looked at as a whole: a segment's fields and its `$raw`.
    fn item_bytes(&self) -> usize {
        self.limits.json_token_bytes.saturating_mul(2)
    }

    pub(super) fn error(&self, stop: Stop, text: Text<'_>) -> Error {
        let json = |what, at| Error::Json {
            what,
            at,
            path: frame::path(self.lines, &self.stack, self.fields.place),
        };
        match stop {
            Stop::More => json(
                "the JSON ends too early",
                text.base + text.bytes.len() as u64,
            ),
            Stop::Bad { what, at } => json(what, text.base + at as u64),
            Stop::Limit { limit, max, at } => Error::Limit {
                limit,
                max,
                at: text.base + at as u64,
            },
            Stop::Failed(error) => *error,
        }
    }
}
