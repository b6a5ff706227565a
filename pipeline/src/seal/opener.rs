//! Reading a sealed object: no byte of a chunk is given before the chunk was found authentic.

use std::io::{self, ErrorKind, Read};

use zeroize::Zeroizing;

use super::SEALED_CHUNK_BYTES;
use super::header::broken;
use crate::cipher::Stream;

/// A sealed object, as its plain text.
///
/// It ends only after its last chunk was found authentic: until then its reader has a beginning, of which nothing is known but that it
/// is one. What is not as it was sealed is an error of the kind `InvalidData`, then and at every later read; an error of the store
/// is passed on, and ends it as well.
pub struct Opener {
    reader: Box<dyn Read + Send>,
    stream: Stream,
    /// Sealed bytes while a chunk is read, with one more that shows whether it is the last; plain ones afterwards.
    chunk: Zeroizing<Vec<u8>>,
    /// Where the plain bytes begin that were not given yet.
    given: usize,
    /// The first byte of the next chunk, which was read with the last.
    ahead: Option<u8>,
    state: State,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum State {
    /// A chunk follows.
    Open,
    /// The last chunk was authentic.
    Ended,
    /// Something failed with an error of this kind; nothing more is given.
    Failed(ErrorKind),
}

impl Opener {
    pub(super) fn new(reader: Box<dyn Read + Send>, stream: Stream) -> Self {
        Self {
            reader,
            stream,
            chunk: Zeroizing::new(Vec::with_capacity(SEALED_CHUNK_BYTES + 1)),
            given: 0,
            ahead: None,
            state: State::Open,
        }
    }

    /// Reads and opens a chunk; says whether it was the last.
    fn next(&mut self) -> io::Result<bool> {
        self.fill()?;
        // Only a chunk that is not the last is followed by something.
        self.ahead = self.chunk.get(SEALED_CHUNK_BYTES).copied();
        self.chunk.truncate(SEALED_CHUNK_BYTES);
        let last = self.ahead.is_none();
        self.stream.open(&mut self.chunk, last).ok_or_else(broken)?;
        Ok(last)
    }

    /// Reads a sealed chunk and the byte behind it, or what is left.
    fn fill(&mut self) -> io::Result<()> {
        self.chunk.resize(SEALED_CHUNK_BYTES + 1, 0);
        let mut filled = 0;
        if let (Some(ahead), Some(first)) = (self.ahead.take(), self.chunk.first_mut()) {
            *first = ahead;
            filled = 1;
        }
        while let Some(room) = self.chunk.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.reader.read(room) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.chunk.truncate(filled);
        Ok(())
    }
}

impl Read for Opener {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut left = self.chunk.get(self.given..).unwrap_or_default();
            if !left.is_empty() || into.is_empty() {
                let count = left.read(into)?;
                self.given += count;
                return Ok(count);
            }
            match self.state {
                State::Open => {}
                State::Ended => return Ok(0),
                State::Failed(ErrorKind::InvalidData) => return Err(broken()),
                State::Failed(kind) => return Err(kind.into()),
            }
            self.given = 0;
            self.state = match self.next() {
                Ok(true) => State::Ended,
                Ok(false) => State::Open,
                Err(error) => {
                    self.chunk.clear();
                    self.state = State::Failed(error.kind());
                    return Err(error);
                }
            };
        }
    }
}
