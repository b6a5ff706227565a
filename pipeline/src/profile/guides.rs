//! What a partner's documents are checked by: types of check, packs, overlays and code lists laid over the guides that are built in.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, Error};
use x12_parser::{Options, SnipTypes, Ta1Note, Ta1Severity};
use x12_schemas::table::Guide;
use x12_schemas::{Catalog, UserFile, UserLists, compiler, kdl_files};

use super::{Check, ProfileError};

/// Types of check: `1-5`.
pub(super) fn snip<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SnipTypes, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

/// Notes of a TA1, and what becomes of an interchange with them.
pub(super) fn severities<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<Ta1Note, Ta1Severity>, D::Error> {
    let texts = BTreeMap::<String, String>::deserialize(deserializer)?;
    let severity = |(note, severity): (String, String)| {
        let note = Ta1Note::of_document(&note)
            .ok_or("a note is one that a document shows: 001 to 008, 010 to 024, 026, 027")?;
        let severity = Ta1Severity::of_code(&severity).ok_or("a note becomes A, E or R")?;
        Ok((note, severity))
    };
    let severities = texts.into_iter().map(severity);
    severities
        .collect::<Result<_, &str>>()
        .map_err(D::Error::custom)
}

/// What a partner's documents are read and checked by; else all that is wrong, in the profile's file and in those that it names.
pub(super) fn options(
    builtin: &Options,
    home: &Path,
    profile: &Path,
    check: &Check,
) -> Result<Options, Vec<ProfileError>> {
    let mut laid = Laid {
        home,
        catalog: Catalog::clone(&builtin.catalog),
        wrong: Vec::new(),
    };
    for file in &check.guides {
        laid.add(file, UserFile::guide);
    }
    if let Some(folder) = &check.codes {
        laid.lists(folder);
    }
    for name in &check.packs {
        laid.pack(profile, name);
    }
    for file in &check.overlays {
        laid.add(file, UserFile::overlay);
    }
    if !laid.wrong.is_empty() {
        return Err(laid.wrong);
    }
    let mut options = builtin.clone();
    options.catalog = laid.catalog.into();
    options.snip = check.snip;
    Ok(options)
}

/// What a file makes of the guides that are at hand.
type Compile = fn(&UserFile, &Catalog) -> Result<Guide, Vec<compiler::Error>>;

/// The guides with what was laid over them so far.
struct Laid<'a> {
    home: &'a Path,
    catalog: Catalog,
    wrong: Vec<ProfileError>,
}

impl Laid<'_> {
    fn pack(&mut self, profile: &Path, name: &str) {
        let guides = self.catalog.pack(name).unwrap_or_default();
        if guides.is_empty() {
            let known = self.catalog.packs().join(", ");
            let what = format!("there is no pack `{name}`; there are {known}");
            self.wrong_in(profile, what);
        }
        let catalog = self.catalog.clone();
        self.catalog = guides.into_iter().fold(catalog, Catalog::with);
    }

    /// Adds a guide, or lays an overlay over one.
    fn add(&mut self, path: &Path, compile: Compile) {
        let Some(file) = self.read(path) else { return };
        match compile(&file, &self.catalog) {
            Ok(guide) => self.catalog = self.catalog.clone().with(guide),
            Err(errors) => self.all_wrong_in(path, errors),
        }
    }

    /// The lists of a folder, in place of the built-in ones of their names.
    fn lists(&mut self, folder: &Path) {
        let files = match kdl_files(&self.home.join(folder)) {
            Ok(files) => files,
            Err(error) => return self.not_read(folder, &error),
        };
        if files.is_empty() {
            self.wrong_in(folder, "it holds no file that ends in .kdl".to_owned());
        }
        let mut lists = UserLists::default();
        for path in files {
            let path = folder.join(path.file_name().unwrap_or_default());
            let Some(file) = self.read(&path) else {
                continue;
            };
            if let Err(errors) = lists.add(&self.catalog, &file) {
                self.all_wrong_in(&path, errors);
            }
        }
        let lists = lists.into_lists().map(|(list, _)| list);
        self.catalog = lists.fold(self.catalog.clone(), Catalog::with_list);
    }

    fn read(&mut self, path: &Path) -> Option<UserFile> {
        let file = UserFile::read(&self.home.join(path), path.display().to_string());
        file.map_err(|error| self.not_read(path, &error)).ok()
    }

    fn not_read(&mut self, path: &Path, error: &io::Error) {
        self.wrong_in(path, format!("it cannot be read: {}", error.kind()));
    }

    fn wrong_in(&mut self, file: &Path, what: String) {
        self.wrong.push(ProfileError {
            file: file.to_owned(),
            place: (0, 0),
            what,
            hint: None,
        });
    }

    fn all_wrong_in(&mut self, file: &Path, errors: Vec<compiler::Error>) {
        let errors = errors.into_iter().map(|error| ProfileError {
            file: file.to_owned(),
            place: (error.line as usize, error.column as usize),
            what: error.message,
            hint: error.hint,
        });
        self.wrong.extend(errors);
    }
}
