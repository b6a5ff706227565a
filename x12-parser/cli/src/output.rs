//! Where results go: standard output, or a file that appears under its name only when it is complete.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::arguments::OutputArguments;
use crate::outcome::Outcome;

/// Small writes are gathered up to this; larger ones pass.
const BUFFER_BYTES: usize = 64 << 10;

/// Takes the results of a run.
#[derive(Debug)]
pub struct Output {
    to: BufWriter<File>,
    pending: Option<Pending>,
}

/// A file that has not got its name yet.
#[derive(Debug)]
struct Pending {
    temporary: PathBuf,
    target: PathBuf,
    force: bool,
}

impl Output {
    /// Opens what the arguments name.
    pub fn open(arguments: &OutputArguments) -> io::Result<Self> {
        let Some(target) = arguments
            .output
            .as_ref()
            .filter(|path| *path != Path::new("-"))
        else {
            return Ok(Self::new(standard_output()?, None));
        };
        if fs::metadata(target).is_ok_and(|metadata| !metadata.is_file()) {
            return Ok(Self::new(
                OpenOptions::new().write(true).open(target)?,
                None,
            ));
        }
        refuse_existing(target, arguments.force)?;
        let temporary = temporary(target);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temporary)?;
        Ok(Self::new(
            file,
            Some(Pending {
                temporary,
                target: target.clone(),
                force: arguments.force,
            }),
        ))
    }

    fn new(to: File, pending: Option<Pending>) -> Self {
        Self {
            to: BufWriter::with_capacity(BUFFER_BYTES, to),
            pending,
        }
    }

    /// Writes what is left, and gives a file its name; after a run that could not be done it is taken away instead.
    pub fn finish(mut self, outcome: Outcome) -> io::Result<()> {
        self.to.flush()?;
        let Some(Pending {
            temporary,
            target,
            force,
        }) = &self.pending
        else {
            return Ok(());
        };
        if outcome == Outcome::CouldNot {
            return Ok(());
        }
        refuse_existing(target, *force)?;
        fs::rename(temporary, target)?;
        self.pending = None;
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some(pending) = &self.pending {
            // Nobody is left to be told.
            let _ = fs::remove_file(&pending.temporary);
        }
    }
}

/// Standard output without the line buffer that `std` puts before it.
fn standard_output() -> io::Result<File> {
    #[cfg(unix)]
    let handle = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned();
    #[cfg(windows)]
    let handle = std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned();
    handle.map(File::from)
}

fn refuse_existing(target: &Path, force: bool) -> io::Result<()> {
    if !force && fs::symlink_metadata(target).is_ok() {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "it exists already; --force overwrites it",
        ));
    }
    Ok(())
}

/// A hidden name in the same folder, so that renaming never copies.
fn temporary(target: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".x12conv-{}", std::process::id()));
    target.with_file_name(name)
}
