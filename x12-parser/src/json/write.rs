//! JSON back to X12, in one pass over a window of it: the inverse of [`crate::json::render`].
//!
//! What is open stands on a stack; each step takes one item that is whole in the window (a segment, a key with its value, a bracket) or
//! asks for more. So memory grows neither with the document nor with its transaction sets, and binary data pass in pieces.

use std::io::{Read, Write};

use crate::charts::Charts;

use crate::error::Error;
use crate::json::binary::Binary;
use crate::json::buffer::Buffer;
use crate::json::fields::{Fields, Place};
use crate::json::frame::{self, Frame, Held};
use crate::json::named::read::{Reader, Run};
use crate::json::named::seal::EnvelopeFilling;
use crate::json::restore::Target;
use crate::json::scan::{Scanner, Stop, TOO_EARLY, skip_blanks};
use crate::limits::{BLOCK_BYTES, Limits};
use crate::options::Options;

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
    json: R,
    x12: W,
    limits: &Limits,
) -> Result<Vec<WriteFinding>, Error> {
    write(json, x12, X12Writer::new(limits))
}

/// As [`write_x12`], with the guides and the envelope that JSON of the shape `named` needs where it does not say them itself.
///
/// # Errors
/// As [`write_x12`]; [`Error::Json`] also where nothing says what must stand in the envelope.
///
/// # Examples
/// ```
/// # fn main() -> Result<(), x12_parser::Error> {
/// # use x12_parser::{EnvelopeFilling, Options, to_x12_filled};
/// let json = br#"{"shape":"named","guide":"004010","acknowledgedGroup":{"functionalCode":"HC","groupControlNumber":"1"},
///     "groupVerdict":{"verdict":"A","includedSets":"1","receivedSets":"1","acceptedSets":"1"}}"#;
/// let filling = EnvelopeFilling {
///     sender: Some(("ZZ".to_owned(), "MADEUPSENDER".to_owned())),
///     receiver: Some(("ZZ".to_owned(), "MADEUPRECEIVER".to_owned())),
///     date: Some("20261123".to_owned()),
///     time: Some("1200".to_owned()),
///     ..EnvelopeFilling::default()
/// };
/// let mut x12 = Vec::new();
/// to_x12_filled(&json[..], &mut x12, &Options::default(), &filling)?;
/// assert!(String::from_utf8_lossy(&x12).contains("ST*997*0001~\nAK1*HC*1~\nAK9*A*1*1*1~\nSE*4*0001~\n"));
/// # Ok(())
/// # }
/// ```
pub fn write_x12_filled<R: Read, W: Write>(
    json: R,
    x12: W,
    options: &Options,
    filling: &EnvelopeFilling,
) -> Result<Vec<WriteFinding>, Error> {
    write(json, x12, X12Writer::filling(options, filling))
}

fn write<R: Read, W: Write>(
    mut json: R,
    mut x12: W,
    mut writer: X12Writer,
) -> Result<Vec<WriteFinding>, Error> {
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

/// Bytes of JSON within which it says its shape, if that is `named`.
const HEAD_BYTES: usize = 64 << 10;

/// Whether an object says that its shape is `named`, before any array or object in it; nothing if it may still do so.
fn is_named(text: &[u8]) -> Option<bool> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let mut scanner = Scanner {
        text,
        at: 0,
        string_bytes: HEAD_BYTES,
    };
    let mut bytes = Vec::new();
    let mut read = || {
        scanner.expect(b'{', "")?;
        loop {
            let key = scanner.string(&mut bytes)?;
            scanner.expect(b':', "")?;
            if scanner.peek()? != b'"' {
                return Ok(false);
            }
            let value = scanner.string(&mut bytes)?;
            if key.of(&bytes) == b"shape" {
                return Ok(value.of(&bytes) == b"named");
            }
            if !scanner.another(b'}')? {
                return Ok(false);
            }
        }
    };
    match read() {
        Ok(named) => Some(named),
        Err(Stop::More) => None,
        Err(_) => Some(false),
    }
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
    shape: Shape,
}

/// What is known of the shape.
enum Shape {
    /// Nothing yet, so what the shape `named` would need is at hand.
    Unknown(Charts, EnvelopeFilling),
    Exact,
    Named(Box<Reader>),
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
        let charts = Options::default().charts();
        Self::of(*limits, charts, EnvelopeFilling::default())
    }

    /// A writer that fills in what JSON of the shape `named` does not say.
    #[must_use]
    pub fn filling(options: &Options, filling: &EnvelopeFilling) -> Self {
        Self::of(options.limits, options.charts(), filling.clone())
    }

    fn of(limits: Limits, charts: Charts, filling: EnvelopeFilling) -> Self {
        Self {
            shape: Shape::Unknown(charts, filling),
            limits,
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
        let Some(named) = self.find_shape(at_end) else {
            return Ok(());
        };
        let mut window = std::mem::take(&mut self.window);
        let used = if named {
            self.run_named(&window, at_end)?
        } else {
            let (bytes, base) = (&window[..], self.base);
            self.run(
                Text {
                    bytes,
                    base,
                    at_end,
                },
                0,
            )?
        };
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

    /// Whether the shape is `named`; nothing if more of the JSON is to be seen.
    fn find_shape(&mut self, at_end: bool) -> Option<bool> {
        if let Shape::Unknown(charts, filling) = &self.shape {
            let named = match is_named(&self.window) {
                None if !at_end && self.window.len() < HEAD_BYTES => return None,
                named => named.unwrap_or(false),
            };
            self.shape = if named {
                Shape::Named(Box::new(Reader::new(
                    charts.clone(),
                    self.limits,
                    filling.clone(),
                )))
            } else {
                Shape::Exact
            };
        }
        Some(matches!(self.shape, Shape::Named(_)))
    }

    fn run_named(&mut self, bytes: &[u8], at_end: bool) -> Result<usize, Error> {
        let Shape::Named(reader) = &mut self.shape else {
            return Ok(0);
        };
        let base = self.base;
        let used = reader.run(
            Run {
                bytes,
                base,
                at_end,
            },
            0,
        );
        self.out.put(reader.out().as_slice());
        reader.out().clear();
        used
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
        let more = (TOO_EARLY, text.bytes.len());
        stop.into_error(text.base, more, || {
            frame::path(self.lines, &self.stack, self.fields.place)
        })
    }
}
