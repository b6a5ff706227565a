//! Documents that are read more than once: files as they are, others from a sealed copy without a name.

mod sealed;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};

use crate::documents::Document;
use crate::input::Input;
use crate::outcome::Failure;
use crate::progress::Progress;

use sealed::Sealed;

/// A document that can be read again and again.
pub struct Spool<'i> {
    input: &'i Input,
    copy: Option<Sealed>,
}

impl<'i> Spool<'i> {
    /// Of an input that is not open yet.
    pub fn open(input: &'i Input) -> Result<Self, Failure> {
        let reader = input.open(&Progress::none())?;
        Self::new(Document { input, reader })
    }

    /// Of a document that is about to be read; one that can be read but once, such as a pipe, is copied to a temporary file first, which holds no
    /// plain text.
    pub fn new(document: Document<'i>) -> Result<Self, Failure> {
        let Document { input, reader } = document;
        if input.reopen().is_some() {
            return Ok(Self { input, copy: None });
        }
        let file = nameless().map_err(Failure::Output)?;
        let copied = Sealed::copy(reader, file).map_err(x12_parser::Error::from)?;
        let copy = Some(copied.map_err(Failure::Output)?);
        Ok(Self { input, copy })
    }

    /// Reads it from its start.
    pub fn read(&self, progress: &Progress) -> Result<Box<dyn Read + Send + '_>, Failure> {
        let Some(copy) = &self.copy else {
            return Ok(Box::new(self.input.open(progress)?));
        };
        Ok(Box::new(copy.read().map_err(Failure::Input)?))
    }
}

/// A file that is gone when it is closed, and that nobody else can open.
fn nameless() -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // FILE_FLAG_DELETE_ON_CLOSE
    #[cfg(windows)]
    std::os::windows::fs::OpenOptionsExt::custom_flags(&mut options, 0x0400_0000);
    let folder = std::env::temp_dir();
    let mut number = 0_u32;
    let (path, file) = loop {
        let path = folder.join(format!(".x12conv-{}-{number}", std::process::id()));
        match options.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1000 => {
                number += 1
            }
            opened => break (path, opened?),
        }
    };
    if cfg!(unix) {
        fs::remove_file(path)?;
    }
    Ok(file)
}
