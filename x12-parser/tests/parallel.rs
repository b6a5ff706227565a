//! Threads: what fails is told, whichever of them comes to its end last.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use x12_parser::{Error, Options, Per, Shape, to_json};

const SAMPLE: &[u8] = include_bytes!("../../samples/005010X222A1/two-claims.edi");

/// Gives the document, and fails behind it, but only once writing has failed.
struct Late {
    rest: &'static [u8],
    ending: Sender<()>,
    failed: Receiver<()>,
}

impl Read for Late {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            self.ending.send(()).map_err(io::Error::other)?;
            self.failed.recv().map_err(io::Error::other)?;
            // Whoever writes has told of it by then.
            std::thread::sleep(Duration::from_millis(50));
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.rest.read(buffer)
    }
}

/// Fails once all has been read but the end, and says so.
struct Full {
    ending: Receiver<()>,
    failed: Sender<()>,
}

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        self.ending.recv().map_err(io::Error::other)?;
        self.failed.send(()).map_err(io::Error::other)?;
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_fails_first_in_the_document_is_told() {
    let (at_end, ending) = channel();
    let (failing, failed) = channel();
    let document = Late {
        rest: SAMPLE,
        ending: at_end,
        failed,
    };
    let full = Full {
        ending,
        failed: failing,
    };
    let mut options = Options::default();
    (options.threads, options.block_bytes) = (2, 300);
    let written = to_json(document, full, Shape::Loops, Per::Document, &options);
    let is_full =
        matches!(&written, Err(Error::Io(error)) if error.kind() == io::ErrorKind::StorageFull);
    assert!(is_full, "{written:?}");
}
