//! Looks at single places of a document once more: line numbers and segments are wanted only of what goes wrong.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use x12_parser::{Delimiters, Options, Survey, survey};

use crate::input::Input;

/// Newlines are counted by chunks of this size, once; a place costs one chunk more.
const CHUNK_BYTES: u64 = 16 << 10;
/// The first interchanges' delimiters are looked for in so many bytes; those of later ones in the whole document.
const PREFIX_BYTES: u64 = 64 << 10;
/// Longest part of a segment that is looked at: as long as the library lets a segment be.
const SEGMENT_BYTES: u64 = 1 << 20;

/// A document that can be read at any place.
pub struct Reread {
    file: File,
    options: Options,
    /// Newlines before each chunk, as far as they have been counted.
    newlines: Vec<u64>,
    delimiters: DelimiterRuns,
    surveyed: bool,
}

/// The delimiters of all interchanges, in runs of the same.
#[derive(Default)]
struct DelimiterRuns {
    /// Each with the ordinal, from one, of its first interchange.
    runs: Vec<(u32, Delimiters)>,
    /// Interchanges seen.
    count: u32,
}

impl Reread {
    /// `None` if the document can be read only once.
    pub fn new(input: &Input, options: &Options) -> Option<Self> {
        let (options, delimiters) = (options.clone(), DelimiterRuns::default());
        Some(Self {
            file: input.reopen()?,
            options,
            newlines: vec![0],
            delimiters,
            surveyed: false,
        })
    }

    /// The line of a byte, from one.
    pub fn line(&mut self, offset: u64) -> Option<u64> {
        let chunk = offset / CHUNK_BYTES;
        while (self.newlines.len() as u64) <= chunk {
            let counted = self.newlines.len() as u64 - 1;
            let inside = newlines(&self.bytes(counted * CHUNK_BYTES, CHUNK_BYTES)?);
            self.newlines.push(self.newlines.last()? + inside);
        }
        let before = self.newlines.get(usize::try_from(chunk).ok()?).copied()?;
        Some(before + newlines(&self.bytes(chunk * CHUNK_BYTES, offset % CHUNK_BYTES)?) + 1)
    }

    /// A segment without its terminator, from its first byte; `length` 0: whatever segment stands there.
    pub fn segment(
        &mut self,
        offset: u64,
        length: u64,
        delimiters: &Delimiters,
    ) -> Option<Vec<u8>> {
        if length > 0 {
            return self.bytes(offset, length.min(SEGMENT_BYTES));
        }
        let mut bytes = self.bytes(offset, SEGMENT_BYTES.min(CHUNK_BYTES))?;
        if let Some(end) = bytes.iter().position(|&b| b == delimiters.segment) {
            bytes.truncate(end);
        }
        Some(bytes)
    }

    /// The delimiters of an interchange, counted from one; 0 gives those of the first.
    pub fn delimiters(&mut self, interchange: u32) -> Delimiters {
        if self.delimiters.count == 0 {
            self.survey(PREFIX_BYTES);
        }
        if self.delimiters.count < interchange && !self.surveyed {
            self.surveyed = true;
            self.survey(u64::MAX);
        }
        self.delimiters.of(interchange.max(1))
    }

    fn survey(&mut self, bytes: u64) {
        let mut delimiters = DelimiterRuns::default();
        if self.file.rewind().is_ok() {
            let keep = |survey: &Survey| {
                delimiters.push(survey.delimiters);
                Ok(())
            };
            // If the document breaks off, what came before is enough.
            let _ = survey((&self.file).take(bytes), &self.options, keep);
        }
        self.delimiters = delimiters;
    }

    fn bytes(&mut self, offset: u64, length: u64) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(offset)).ok()?;
        (&self.file).take(length).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }
}

impl DelimiterRuns {
    fn push(&mut self, delimiters: Delimiters) {
        self.count += 1;
        if self.runs.last().is_none_or(|(_, last)| *last != delimiters) {
            self.runs.push((self.count, delimiters));
        }
    }

    fn of(&self, interchange: u32) -> Delimiters {
        let behind = self
            .runs
            .partition_point(|(first, _)| *first <= interchange);
        behind
            .checked_sub(1)
            .and_then(|run| self.runs.get(run))
            .map_or_else(Delimiters::default, |(_, found)| *found)
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&b| b == b'\n').count() as u64
}
