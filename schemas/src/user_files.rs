//! KDL files that users keep for themselves, guides, overlays and external code lists, read at run time.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::catalog::Catalog;
use crate::compiler::Error;
use crate::table::{CodeList, Guide};

/// Bytes read of one file; the compiler refuses less.
const FILE_BYTES: u64 = 16 << 20;

/// The KDL files of a folder, in the order of their names.
///
/// # Errors
///
/// If the folder cannot be read.
pub fn kdl_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "kdl") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A file as it was read: what is wrong in it quotes its name.
#[derive(Clone, Debug)]
pub struct UserFile {
    /// The name that errors quote.
    pub name: String,
    /// Its contents.
    pub bytes: Vec<u8>,
}

impl UserFile {
    /// Reads a file, which errors are to call so.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn read(path: &Path, name: String) -> io::Result<Self> {
        let mut bytes = Vec::new();
        File::open(path)?.take(FILE_BYTES).read_to_end(&mut bytes)?;
        Ok(Self { name, bytes })
    }

    /// Lays it as an overlay over the guide that it names, see [`Catalog::overlay`].
    ///
    /// # Errors
    ///
    /// Every fault found in it, with line and column.
    pub fn overlay(&self, catalog: &Catalog) -> Result<Guide, Vec<Error>> {
        catalog.overlay(&self.name, self.text()?)
    }

    /// Compiles it as a guide, see [`Catalog::compile`].
    ///
    /// # Errors
    ///
    /// Every fault found in it, with line and column.
    pub fn guide(&self, catalog: &Catalog) -> Result<Guide, Vec<Error>> {
        catalog.compile(&self.name, self.text()?)
    }

    fn text(&self) -> Result<&str, Vec<Error>> {
        let text = std::str::from_utf8(&self.bytes);
        text.map_err(|error| vec![self.not_text(error.valid_up_to())])
    }

    /// The fault of a file that is no text from a byte on.
    fn not_text(&self, at: usize) -> Error {
        let good = String::from_utf8_lossy(self.bytes.get(..at).unwrap_or_default());
        let last = good.rsplit('\n').next().unwrap_or_default();
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Error {
            file: self.name.clone(),
            line: count(good.matches('\n').count() + 1),
            column: count(last.chars().count() + 1),
            message: "this is not UTF-8".to_owned(),
            hint: None,
        }
    }
}

/// External code lists of several files, each with the name of its file; none stands in two of them.
#[derive(Debug, Default)]
pub struct UserLists(Vec<(CodeList, String)>);

impl UserLists {
    /// Takes the lists of a file, see [`Catalog::compile_lists`].
    ///
    /// # Errors
    ///
    /// Every fault found in it, with line and column, or the list that an earlier file has as well: it would be left to chance which of
    /// them counts.
    pub fn add(&mut self, catalog: &Catalog, file: &UserFile) -> Result<(), Vec<Error>> {
        let mut errors = Vec::new();
        for list in catalog.compile_lists(&file.name, file.text()?)? {
            match self.0.iter().find(|(known, _)| known.name == list.name) {
                Some((_, other)) => errors.push(Error {
                    file: file.name.clone(),
                    line: 0,
                    column: 0,
                    message: format!("list {} stands in {other} as well", list.name),
                    hint: None,
                }),
                None => self.0.push((list, file.name.clone())),
            }
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }

    /// The lists with the names of their files, in their order.
    pub fn into_lists(self) -> impl Iterator<Item = (CodeList, String)> {
        self.0.into_iter()
    }
}
