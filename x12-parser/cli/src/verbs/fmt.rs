//! `x12conv fmt`: X12 laid out anew.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::{Mutex, PoisonError};

use x12_parser::{LineBreaks, format};

use crate::arguments::FmtArguments;
use crate::codes;
use crate::documents::Document;
use crate::outcome::{Failure, Outcome};
use crate::session::Session;
use crate::verbs::doors;

/// Lays each document out anew, or says whether that would change anything.
pub fn run(arguments: &FmtArguments, mut session: Session) -> Outcome {
    if !codes::load_own(&mut session, &arguments.own) {
        return Outcome::CouldNot;
    }
    session.read_as(&arguments.read);
    let Some((inputs, output)) =
        doors(&mut session, &arguments.read.input.files, &arguments.output)
    else {
        return Outcome::CouldNot;
    };
    let line_breaks = match arguments {
        FmtArguments { minify: true, .. } => LineBreaks::Minified,
        FmtArguments { indent: true, .. } => LineBreaks::Indented,
        _ => LineBreaks::Lines,
    };
    session.each(&inputs, output, |session, document, output| {
        if arguments.check {
            return check(session, document, line_breaks);
        }
        format(document.reader, output, line_breaks, &session.options)?;
        Ok(Outcome::Yes)
    })
}

fn check(
    session: &mut Session,
    document: Document<'_>,
    line_breaks: LineBreaks,
) -> Result<Outcome, Failure> {
    let pair = Mutex::new(Pair::default());
    let read = Copying {
        from: document.reader,
        pair: &pair,
    };
    format(
        read,
        Comparing { pair: &pair },
        line_breaks,
        &session.options,
    )?;
    let Some(at) = pair
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .difference()
    else {
        return Ok(Outcome::Yes);
    };
    let (name, word) = (document.input.name(), document.input.word());
    let flag = match line_breaks {
        LineBreaks::Minified => " --minify",
        LineBreaks::Indented => " --indent",
        _ => "",
    };
    session.talk.remark(&format!(
        "{name}: laid out otherwise from byte {at} on; `x12conv fmt{flag} {word}` lays it out anew"
    ));
    Ok(Outcome::No)
}

/// Compares what is read with what is written while both go on; keeps only what one is ahead of the other.
#[derive(Default)]
struct Pair {
    read: VecDeque<u8>,
    written: VecDeque<u8>,
    same: u64,
    differs: bool,
}

impl Pair {
    fn read(&mut self, bytes: &[u8]) {
        self.read.extend(bytes.iter().filter(|_| !self.differs));
        self.compare();
    }

    fn written(&mut self, bytes: &[u8]) {
        self.written.extend(bytes.iter().filter(|_| !self.differs));
        self.compare();
    }

    fn compare(&mut self) {
        let length = self.read.len().min(self.written.len());
        let same = self
            .read
            .iter()
            .zip(&self.written)
            .take(length)
            .take_while(|(read, written)| read == written)
            .count();
        self.same += same as u64;
        self.differs |= same < length;
        self.read.drain(..same);
        self.written.drain(..same);
        if self.differs {
            (self.read, self.written) = Default::default();
        }
    }

    /// Offset of the first difference.
    fn difference(&self) -> Option<u64> {
        (self.differs || !self.read.is_empty() || !self.written.is_empty()).then_some(self.same)
    }
}

/// Reads, and shows the pair what was read.
struct Copying<'p, R> {
    from: R,
    pair: &'p Mutex<Pair>,
}

impl<R: Read> Read for Copying<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.from.read(buffer)?;
        self.pair
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .read(&buffer[..length]);
        Ok(length)
    }
}

/// Shows the pair what is written.
struct Comparing<'p> {
    pair: &'p Mutex<Pair>,
}

impl Write for Comparing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pair
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .written(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
