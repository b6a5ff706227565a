//! Puts the pieces of blocks together to lines: one for each record, with what stands around it, and one for each verdict.
//!
//! What is kept between blocks is the open record and its context, each within its limit.

use std::io::Write;

use x12_schemas::table::Record;

use crate::error::Error;
use crate::json::records::{Mark, Pieces, SetKind, Tally};
use crate::limits::Limits;

/// Bytes of lines that are gathered before they are written: fits the second-level cache beside a block.
const LINES_BYTES: usize = 256 << 10;

/// Writes lines of records.
pub(crate) struct Stitcher<W> {
    to: W,
    record: Record,
    limits: Limits,
    /// Lines that are not written yet.
    lines: Vec<u8>,
    into: Into,
    set: Set,
}

/// What the text that comes next is part of.
#[derive(Clone, Copy)]
enum Into {
    Envelope,
    Identity,
    Context,
    Record,
}

/// The open transaction set.
#[derive(Default)]
struct Set {
    kind: SetKind,
    tally: Tally,
    /// Ordinals and names, which every line of it has.
    identity: Vec<u8>,
    /// What stands around the next record: all segments of the loops that are open, and of loops in them that can have no record.
    context: Vec<u8>,
    /// Length of the context before each open loop that can have records.
    levels: Vec<usize>,
    /// How much of the context some line has shown.
    shown: usize,
    open_record: Vec<u8>,
    record_at: u64,
    records: u64,
}

impl<W: Write> Stitcher<W> {
    pub(crate) fn new(to: W, record: Record, limits: Limits) -> Self {
        Self {
            to,
            record,
            limits,
            lines: Vec::new(),
            into: Into::Envelope,
            set: Set::default(),
        }
    }

    /// Takes the pieces of the next block; lines that are whole are written, also before an error.
    pub(crate) fn join(&mut self, pieces: &Pieces) -> Result<(), Error> {
        let joined = self.pieces(pieces);
        self.write()?;
        joined
    }

    /// Completes the output.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        Ok(self.to.flush()?)
    }

    fn pieces(&mut self, pieces: &Pieces) -> Result<(), Error> {
        let text = pieces.text.as_slice();
        let mut tallies = pieces.tallies.iter();
        if let Some(tally) = tallies.next() {
            self.set.tally.errors += tally.errors;
            self.set.tally.rejecting += tally.rejecting;
            self.set.tally.warnings += tally.warnings;
        }
        let mut from = 0;
        for cut in &pieces.cuts {
            self.take(&text[from..cut.at])?;
            from = cut.at;
            if let Mark::OpenSet(kind) = cut.mark {
                self.set.begin(kind, tallies.next());
            }
            self.mark(cut.mark)?;
        }
        self.take(&text[from..])
    }

    /// Puts text where it belongs.
    fn take(&mut self, text: &[u8]) -> Result<(), Error> {
        let Self {
            set, limits, lines, ..
        } = self;
        let (whole, limit, max, at) = match self.into {
            // Of one block at most.
            Into::Envelope => (lines, "length of a line", usize::MAX, 0),
            Into::Identity => (&mut set.identity, "length of a line", usize::MAX, 0),
            Into::Context => (
                &mut set.context,
                "what stands around a record",
                limits.context_bytes,
                set.kind.at,
            ),
            Into::Record => (
                &mut set.open_record,
                "length of a record",
                limits.record_bytes,
                set.record_at,
            ),
        };
        if text.len() > max.saturating_sub(whole.len()) {
            let max = max as u64;
            return Err(Error::Limit { limit, max, at });
        }
        whole.extend_from_slice(text);
        Ok(())
    }

    fn mark(&mut self, mark: Mark) -> Result<(), Error> {
        match mark {
            Mark::OpenSet(_) => self.into = Into::Identity,
            Mark::Context => self.into = Into::Context,
            Mark::OpenLevel => self.set.levels.push(self.set.context.len()),
            Mark::CloseLevel => {
                if self.set.context.len() > self.set.shown {
                    self.outside_line();
                }
                self.set.close_level();
            }
            Mark::OpenRecord(at) => {
                (self.into, self.set.record_at) = (Into::Record, at);
                self.set.open_record.clear();
            }
            Mark::CloseRecord => {
                self.record_line();
                self.into = Into::Context;
            }
            Mark::CloseSet => {
                self.verdict_line();
                self.into = Into::Envelope;
            }
        }
        if self.lines.len() > LINES_BYTES {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), Error> {
        self.to.write_all(&self.lines)?;
        self.lines.clear();
        Ok(())
    }

    // Lines

    fn record_line(&mut self) {
        self.set.records += 1;
        let ordinal = self.set.records;
        self.begin_line("record", self.record.name());
        self.put(format_args!(",\"ordinal\":{ordinal}"));
        self.put_context();
        // The record is an object whose parts stand in the line itself.
        let parts = self.set.open_record.get(1..).unwrap_or_default();
        self.lines.push(b',');
        self.lines.extend_from_slice(parts);
        self.lines.push(b'\n');
    }

    /// Shows what no record's line has shown before its loop ends.
    fn outside_line(&mut self) {
        self.begin_line("outside", self.record.name());
        self.put_context();
        self.lines.extend_from_slice(b"}\n");
    }

    fn verdict_line(&mut self) {
        let Set {
            tally,
            records,
            kind,
            ..
        } = self.set;
        let Tally {
            errors,
            warnings,
            rejecting,
        } = tally;
        self.begin_line(
            "verdict",
            if rejecting == 0 {
                "accepted"
            } else {
                "rejected"
            },
        );
        self.put(format_args!(
            ",\"records\":{records},\"errors\":{errors},\"warnings\":{warnings}"
        ));
        let none = (records == 0).then_some("set-without-records");
        if let Some(reason) = kind.recordless.or(none) {
            self.put(format_args!(",\"reason\":\"{reason}\""));
        }
        if kind.recordless.is_none() {
            self.put_context();
        }
        self.lines.extend_from_slice(b"}\n");
    }

    fn begin_line(&mut self, key: &str, value: &str) {
        self.put(format_args!("{{\"{key}\":\"{value}\","));
        self.lines.extend_from_slice(&self.set.identity);
    }

    fn put_context(&mut self) {
        self.set.shown = self.set.context.len();
        self.lines.extend_from_slice(b",\"context\":[");
        self.lines.extend_from_slice(&self.set.context);
        for _ in &self.set.levels {
            self.lines.extend_from_slice(b"]}");
        }
        self.lines.push(b']');
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a vector cannot fail.
        let _ = self.lines.write_fmt(text);
    }
}

impl Set {
    /// Forgets the set before, but not its buffers.
    fn begin(&mut self, kind: SetKind, tally: Option<&Tally>) {
        self.identity.clear();
        self.context.clear();
        self.levels.clear();
        (self.kind, self.tally) = (kind, tally.copied().unwrap_or_default());
        (self.shown, self.records) = (0, 0);
    }

    /// Forgets the segments of a loop that ends.
    fn close_level(&mut self) {
        if let Some(length) = self.levels.pop() {
            self.context.truncate(length);
            self.shown = self.shown.min(length);
        }
    }
}
