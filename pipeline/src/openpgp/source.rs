//! The bytes of a message on their way in: armor off, and watched, so that a failing reader, a cut file and a bomb are told from
//! tampering.

use std::io::{self, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sequoia_openpgp::armor;

use super::frame::{Frame, Lines, Packets};
use super::refusal;
use super::sniff::{self, Kind, sniff};
use crate::failure::{Failure, Result};
use crate::limits::PGP_HEADER_BYTES;
use crate::store::failure;

/// What has passed of a message.
#[derive(Default)]
pub(super) struct Passed(Mutex<State>);

#[derive(Default)]
struct State {
    /// Bytes of packets.
    bytes: u64,
    frame: Packets,
    /// The packets have ended, rightly or not.
    closed: bool,
    /// Of an armor: the bytes as they came.
    lines: Option<Lines>,
    /// The reader has ended.
    ended: bool,
    /// The reader has failed.
    failed: Option<Failure>,
}

impl Passed {
    /// Bytes of packets that have passed.
    pub(super) fn bytes(&self) -> u64 {
        self.state().bytes
    }

    /// The failure of the reader, if it failed.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.state().failed
    }

    /// The file ends inside its packets, or inside its armor.
    pub(super) fn is_cut(&self) -> bool {
        let state = self.state();
        let unended = state.lines.as_ref().is_some_and(|lines| !lines.ended);
        (state.closed && state.frame.is_inside()) || (state.ended && unended)
    }

    /// The file has ended between packets.
    pub(super) fn has_ended(&self) -> bool {
        self.state().closed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The packets of a message, armored or not.
///
/// # Errors
/// The file is not OpenPGP, its armor has no end to its headers, or it cannot be read.
pub(super) fn packets<'a>(
    message: impl Read + Send + 'a,
    passed: &'a Passed,
) -> Result<impl Read + Send + Sync + 'a> {
    let mut raw = Raw {
        inner: Mutex::new(message),
        passed,
    };
    let mut first = Vec::new();
    let read = (&mut raw).take(PGP_HEADER_BYTES).read_to_end(&mut first);
    read.map_err(|error| failure(&error))?;
    let kind = sniff(&first);
    let armored = kind == Kind::OpenPgpArmored;
    if kind == Kind::Other {
        return Err(refusal::NOT_ENCRYPTED);
    }
    if armored {
        check_armor(&first)?;
    }
    let mut frame = Frame::default();
    frame.pass(&first);
    if (first.len() as u64) < PGP_HEADER_BYTES && !frame.is_whole() {
        // All of the file is there, and need not be read to know it; sequoia would panic at some of these.
        return Err(refusal::CUT);
    }
    if armored {
        let mut lines = Lines::default();
        lines.pass(&first);
        passed.state().lines = Some(lines);
    }
    let whole = io::Cursor::new(first).chain(raw);
    let inner: Box<dyn Read + Send + Sync + 'a> = if armored {
        let mode = armor::ReaderMode::Tolerant(Some(armor::Kind::Message));
        Box::new(armor::Reader::from_reader(whole, mode))
    } else {
        Box::new(whole)
    };
    Ok(Framed { inner, passed })
}

/// An armor's headers must end among the first bytes: its reader would keep a line of any length in memory.
fn check_armor(first: &[u8]) -> Result<()> {
    if !sniff::text(first).is_some_and(|text| text.starts_with(b"-----BEGIN PGP MESSAGE-----")) {
        return Err(refusal::NOT_ENCRYPTED);
    }
    let mut lines = sniff::text(first)
        .unwrap_or_default()
        .split(|&byte| byte == b'\n');
    let whole = first.len() as u64 >= PGP_HEADER_BYTES;
    match lines.any(|line| line.iter().all(u8::is_ascii_whitespace)) {
        true => Ok(()),
        false if whole => Err(refusal::MALFORMED),
        false => Err(refusal::CUT),
    }
}

/// The file as it comes.
struct Raw<'a, R> {
    // The lock is never taken: it makes any reader `Sync`, as sequoia asks.
    inner: Mutex<R>,
    passed: &'a Passed,
}

impl<R: Read> Read for Raw<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        let read = inner.read(buf);
        let mut state = self.passed.state();
        match &read {
            Ok(0) => state.ended |= !buf.is_empty(),
            Ok(length) => {
                if let Some(lines) = &mut state.lines {
                    lines.pass(buf.get(..*length).unwrap_or_default());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => state.failed = Some(failure(error)),
        }
        read
    }
}

/// The packets, armor off.
struct Framed<'a> {
    inner: Box<dyn Read + Send + Sync + 'a>,
    passed: &'a Passed,
}

impl Read for Framed<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buf)?;
        let mut state = self.passed.state();
        state.bytes += length as u64;
        state.closed |= length == 0 && !buf.is_empty();
        state.frame.pass(buf.get(..length).unwrap_or_default());
        match state.frame.is_lost() {
            true => Err(io::Error::other("no packets")),
            false => Ok(length),
        }
    }
}
