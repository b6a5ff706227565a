//! Where documents come from: files in the order given, or standard input.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::outcome::{Failure, ReadFailed};
use crate::progress::Progress;

/// One document to be read.
#[derive(Debug)]
pub struct Input {
    /// `None`: standard input.
    path: Option<PathBuf>,
    /// Its first bytes, once it has been read: enough to guess what it is if it is not X12.
    head: OnceLock<Vec<u8>>,
}

/// Bytes kept to guess what a document is.
const HEAD_BYTES: usize = 64;

impl Input {
    /// The documents that the arguments name: standard input if they name none, or by `-`.
    ///
    /// `None`: nothing is named, and standard input is a terminal where nobody would know that something is waited for.
    pub fn all(files: &[PathBuf]) -> Option<Vec<Self>> {
        if files.is_empty() {
            return (!io::stdin().is_terminal()).then(|| vec![Self::new(None)]);
        }
        let named =
            |path: &PathBuf| Self::new(Some(path.clone()).filter(|path| path != Path::new("-")));
        Some(files.iter().map(named).collect())
    }

    fn new(path: Option<PathBuf>) -> Self {
        Self {
            path,
            head: OnceLock::new(),
        }
    }

    /// Its name as messages say it, with nothing in it that a terminal would obey.
    pub fn name(&self) -> String {
        self.path.as_ref().map_or("<stdin>".to_owned(), |path| {
            harmless(&path.to_string_lossy())
        })
    }

    /// Its name as a command to copy has it: `FILE` where a shell would not take the name as one word.
    pub fn word(&self) -> String {
        let name = self.name();
        let tame = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
        if self.path.is_some() && name.chars().all(tame) && !name.starts_with('-') {
            name
        } else {
            "FILE".to_owned()
        }
    }

    /// Its length, if it is a file that has one.
    pub fn length(&self) -> Option<u64> {
        let metadata = std::fs::metadata(self.path.as_ref()?).ok()?;
        metadata.is_file().then_some(metadata.len())
    }

    /// Opens it for reading from end to end.
    pub fn open(&self, progress: &Progress) -> Result<Reader<'_>, Failure> {
        let file = match &self.path {
            Some(path) => File::open(path),
            None => standard_input(),
        };
        Ok(Reader {
            file: file.map_err(Failure::Input)?,
            input: self,
            progress: progress.clone(),
        })
    }

    /// Opens it once more to look at single places; `None` if it is no file that can be read twice.
    pub fn reopen(&self) -> Option<File> {
        self.length()?;
        File::open(self.path.as_ref()?).ok()
    }

    /// Its first bytes, as far as they have been read.
    pub fn head(&self) -> &[u8] {
        self.head.get().map_or(&[], Vec::as_slice)
    }
}

/// Reads an input and says how far it has come.
pub struct Reader<'i> {
    file: File,
    input: &'i Input,
    progress: Progress,
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer).map_err(ReadFailed::mark)?;
        self.input
            .head
            .get_or_init(|| buffer[..length.min(HEAD_BYTES)].to_vec());
        self.progress.advance(length);
        Ok(length)
    }
}

/// Standard input without the buffer that `std` puts before it.
fn standard_input() -> io::Result<File> {
    #[cfg(unix)]
    let handle = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned();
    #[cfg(windows)]
    let handle = std::os::windows::io::AsHandle::as_handle(&io::stdin()).try_clone_to_owned();
    handle.map(File::from)
}

/// Text for a terminal: control characters escaped.
pub fn harmless(text: &str) -> String {
    let escape = |c: char| {
        if c.is_control() {
            c.escape_default().collect::<String>()
        } else {
            c.to_string()
        }
    };
    text.chars().map(escape).collect()
}
