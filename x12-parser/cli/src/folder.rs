//! A folder for results in parts: they lie in a hidden folder until all are complete, and then appear under their names.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::outcome::Outcome;

/// Takes the parts of a run.
#[derive(Debug)]
pub struct Folder {
    target: PathBuf,
    hidden: PathBuf,
    parts: u64,
}

impl Folder {
    /// Makes the folder, unless it is there; one that holds parts of another run is refused, as nobody could tell them apart.
    pub fn open(target: &Path) -> io::Result<Self> {
        fs::create_dir_all(target)?;
        for entry in fs::read_dir(target)? {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            if name.starts_with("part-") && name.ends_with(".edi") {
                let message = "it holds parts already; name another folder";
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
            }
        }
        let hidden = target.join(format!(".x12conv-{}", std::process::id()));
        fs::create_dir(&hidden)?;
        Ok(Self {
            target: target.to_owned(),
            hidden,
            parts: 0,
        })
    }

    /// Begins the next part.
    pub fn next(&mut self) -> io::Result<File> {
        self.parts += 1;
        let path = self.hidden.join(name(self.parts));
        OpenOptions::new().write(true).create_new(true).open(path)
    }

    /// The name of the part that was begun last.
    pub fn name(&self) -> String {
        name(self.parts)
    }

    /// Gives the parts their names; after a run that could not be done they are taken away instead.
    pub fn finish(self, outcome: Outcome) -> io::Result<()> {
        if outcome == Outcome::CouldNot {
            return Ok(());
        }
        for part in (1..=self.parts).map(name) {
            fs::rename(self.hidden.join(&part), self.target.join(&part))?;
        }
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = fs::remove_dir_all(&self.hidden);
    }
}

/// By their ordinals alone: no name says anything of a document.
fn name(part: u64) -> String {
    format!("part-{part:04}.edi")
}
