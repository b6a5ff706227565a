//! Where a document comes from: a slice, a reader that is pulled, or pieces that are pushed.

use std::borrow::Cow;
use std::io::Read;

use crate::error::Error;

/// Gives windows of a document.
pub(crate) trait Source<'a> {
    /// What is at hand, from the first byte that was not taken.
    fn window(&self) -> &[u8];
    /// Whether nothing follows the window.
    fn at_end(&self) -> bool;
    /// Makes the window longer; false if there is nothing to be had now.
    fn more(&mut self) -> Result<bool, Error>;
    /// Takes bytes off the window's start.
    fn take(&mut self, length: usize) -> Cow<'a, [u8]>;
}

/// A document that is in memory.
pub(crate) struct SliceSource<'a> {
    rest: &'a [u8],
    step: usize,
    size: usize,
}

impl<'a> SliceSource<'a> {
    /// Windows of `step` bytes at first.
    pub(crate) fn new(document: &'a [u8], step: usize) -> Self {
        Self {
            rest: document,
            step,
            size: step,
        }
    }
}

impl<'a> Source<'a> for SliceSource<'a> {
    fn window(&self) -> &[u8] {
        &self.rest[..self.size.min(self.rest.len())]
    }

    fn at_end(&self) -> bool {
        self.size >= self.rest.len()
    }

    fn more(&mut self) -> Result<bool, Error> {
        self.size *= 2;
        Ok(true)
    }

    fn take(&mut self, length: usize) -> Cow<'a, [u8]> {
        let (taken, rest) = self.rest.split_at(length);
        (self.rest, self.size) = (rest, self.step);
        Cow::Borrowed(taken)
    }
}

/// A document that is read piece by piece.
pub(crate) struct ReadSource<R> {
    reader: R,
    window: Vec<u8>,
    step: usize,
    ended: bool,
}

impl<R: Read> ReadSource<R> {
    /// Reads `step` bytes at a time.
    pub(crate) fn new(reader: R, step: usize) -> Self {
        Self {
            reader,
            window: Vec::new(),
            step,
            ended: false,
        }
    }
}

impl<'a, R: Read> Source<'a> for ReadSource<R> {
    fn window(&self) -> &[u8] {
        &self.window
    }

    fn at_end(&self) -> bool {
        self.ended
    }

    fn more(&mut self) -> Result<bool, Error> {
        // Doubling keeps the work linear when one segment needs many windows.
        let wanted = self.window.len().max(self.step) as u64;
        self.ended = self
            .reader
            .by_ref()
            .take(wanted)
            .read_to_end(&mut self.window)?
            == 0;
        Ok(true)
    }

    fn take(&mut self, length: usize) -> Cow<'a, [u8]> {
        let mut rest = Vec::with_capacity(self.window.len() - length + self.step);
        rest.extend_from_slice(&self.window[length..]);
        self.window.truncate(length);
        Cow::Owned(std::mem::replace(&mut self.window, rest))
    }
}

/// A document that is pushed piece by piece.
pub(crate) struct PushSource {
    window: Vec<u8>,
    /// Bytes that must have come together before a cut is tried; more when the last try found too few.
    wanted: usize,
    step: usize,
    ended: bool,
}

impl PushSource {
    /// Cuts every `step` bytes or so.
    pub(crate) fn new(step: usize) -> Self {
        Self {
            window: Vec::new(),
            wanted: step,
            step,
            ended: false,
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.window.extend_from_slice(bytes);
    }

    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    /// Whether enough has come together to be worth a cut.
    pub(crate) fn is_full(&self) -> bool {
        self.window.len() >= self.wanted
    }
}

impl<'a> Source<'a> for PushSource {
    fn window(&self) -> &[u8] {
        &self.window
    }

    fn at_end(&self) -> bool {
        self.ended
    }

    fn more(&mut self) -> Result<bool, Error> {
        self.wanted = 2 * self.window.len().max(self.step);
        Ok(false)
    }

    fn take(&mut self, length: usize) -> Cow<'a, [u8]> {
        self.wanted = self.step;
        let rest = self.window.split_off(length);
        Cow::Owned(std::mem::replace(&mut self.window, rest))
    }
}
