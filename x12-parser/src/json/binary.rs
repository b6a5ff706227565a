//! Binary data on their way from base 64, piece by piece.

use crate::json::buffer::Buffer;
use crate::json::scan::{Scanner, Stop};
use crate::json::text::from_base64;

/// Characters decoded at once: the memory for them is small, and a multiple of four.
const PIECE: usize = 4 << 10;

/// The data of one element that is being streamed.
pub(crate) struct Binary {
    /// Which element.
    pub(crate) number: usize,
    /// Offset of its first character in the JSON.
    pub(crate) at: u64,
    /// Bytes decoded so far.
    pub(crate) bytes: u64,
    /// The closing quotation mark was read.
    pub(crate) ended: bool,
    /// Up to three characters that wait for a fourth.
    carry: Vec<u8>,
    padded: bool,
}

/// The data are not base 64.
#[derive(Debug)]
pub(crate) struct NotBase64;

impl Binary {
    pub(crate) fn new(number: usize, at: u64) -> Self {
        Self {
            number,
            at,
            bytes: 0,
            ended: false,
            carry: Vec::new(),
            padded: false,
        }
    }

    /// Decodes what the window holds of the data.
    pub(crate) fn read(
        &mut self,
        scanner: &mut Scanner<'_>,
        out: &mut Buffer,
    ) -> Result<Result<(), NotBase64>, Stop> {
        let rest = scanner.text.get(scanner.at..).unwrap_or_default();
        let length = memchr::memchr2(b'"', b'\\', rest);
        let (run, behind) = rest.split_at(length.unwrap_or(rest.len()));
        if !run.is_empty() {
            scanner.at += run.len();
            return Ok(self.decode(run, out));
        }
        match behind.first() {
            None => Err(Stop::More),
            Some(b'"') => {
                scanner.at += 1;
                self.ended = true;
                Ok(if self.carry.is_empty() {
                    Ok(())
                } else {
                    Err(NotBase64)
                })
            }
            Some(_) => {
                // Some writers of JSON escape the slash.
                let mut escaped = Vec::new();
                scanner.escape(&mut escaped)?;
                Ok(self.decode(&escaped, out))
            }
        }
    }

    fn decode(&mut self, run: &[u8], out: &mut Buffer) -> Result<(), NotBase64> {
        let missing = if self.carry.is_empty() {
            0
        } else {
            4 - self.carry.len()
        };
        let (first, run) = run.split_at(missing.min(run.len()));
        self.carry.extend_from_slice(first);
        if self.carry.len() == 4 {
            let four = std::mem::take(&mut self.carry);
            self.piece(&four, out)?;
        }
        let (whole, left) = run.split_at(run.len() / 4 * 4);
        for piece in whole.chunks(PIECE) {
            self.piece(piece, out)?;
        }
        self.carry.extend_from_slice(left);
        Ok(())
    }

    fn piece(&mut self, piece: &[u8], out: &mut Buffer) -> Result<(), NotBase64> {
        if self.padded {
            return Err(NotBase64);
        }
        let data = from_base64(piece).ok_or(NotBase64)?;
        self.padded = piece.ends_with(b"=");
        self.bytes += data.len() as u64;
        out.put(&data);
        Ok(())
    }
}
