//! What a partner's documents are checked by: types of check, packs, overlays and code lists laid over the guides that are built in.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, Error};
use x12_parser::{Catalog, NoteBasis, Options, SnipTypes, Ta1Note, Ta1Severity};

use super::{Check, ProfileError};
use crate::limits::GUIDE_BYTES;

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
        let note = Ta1Note::of_code(&note).filter(|note| note.basis() == NoteBasis::Document);
        let note =
            note.ok_or("a note is one that a document shows: 001 to 008, 010 to 024, 026, 027")?;
        let severity = match severity.as_str() {
            "A" => Ta1Severity::Accepted,
            "E" => Ta1Severity::AcceptedWithErrors,
            "R" => Ta1Severity::Rejected,
            _ => return Err("a note becomes A, E or R"),
        };
        Ok((note, severity))
    };
    let severities = texts.into_iter().map(severity);
    severities
        .collect::<Result<_, _>>()
        .map_err(D::Error::custom)
}

/// What a partner's documents are read and checked by; else all that is wrong, in the profile's file and in those that it names.
pub(super) fn options(
    home: &Path,
    profile: &Path,
    check: &Check,
) -> Result<Options, Vec<ProfileError>> {
    let mut laid = Laid {
        home,
        catalog: Catalog::builtin(),
        wrong: Vec::new(),
    };
    if let Some(folder) = &check.codes {
        laid.lists(folder);
    }
    for name in &check.packs {
        laid.pack(profile, name);
    }
    for file in &check.overlays {
        laid.overlay(file);
    }
    if !laid.wrong.is_empty() {
        return Err(laid.wrong);
    }
    let mut options = Options::default();
    options.catalog = laid.catalog.into();
    options.snip = check.snip;
    Ok(options)
}

/// The guides with what was laid over them so far.
struct Laid<'a> {
    home: &'a Path,
    catalog: Catalog,
    wrong: Vec<ProfileError>,
}

impl Laid<'_> {
    fn pack(&mut self, profile: &Path, name: &str) {
        match self.catalog.pack(name) {
            Ok(guides) if !guides.is_empty() => {
                let catalog = self.catalog.clone();
                self.catalog = guides.into_iter().fold(catalog, Catalog::with);
            }
            _ => {
                let known = self.catalog.packs().join(", ");
                let what = format!("there is no pack `{name}`; there are {known}");
                self.wrong_in(profile, (0, 0), what, None);
            }
        }
    }

    fn overlay(&mut self, file: &Path) {
        let Some(text) = self.read(file) else { return };
        match self.catalog.overlay(&file.to_string_lossy(), &text) {
            Ok(guide) => self.catalog = self.catalog.clone().with(guide),
            Err(errors) => {
                for error in errors {
                    let place = (error.line, error.column);
                    self.wrong_in(file, place, error.message, error.hint);
                }
            }
        }
    }

    /// The lists of a folder, in place of the built-in ones of their names.
    fn lists(&mut self, folder: &Path) {
        let files = files(&self.home.join(folder)).and_then(|files| match files.is_empty() {
            true => Err("it holds no file that ends in .kdl".to_owned()),
            false => Ok(files),
        });
        let mut known = BTreeSet::new();
        match files {
            Ok(files) => {
                for file in files {
                    self.lists_of(&folder.join(file), &mut known);
                }
            }
            Err(what) => self.wrong_in(folder, (0, 0), what, None),
        }
    }

    fn lists_of(&mut self, file: &Path, known: &mut BTreeSet<String>) {
        let Some(text) = self.read(file) else { return };
        match self.catalog.compile_lists(&file.to_string_lossy(), &text) {
            Ok(lists) => {
                for list in lists {
                    if !known.insert(list.name.clone()) {
                        // It would be left to chance which of them counts.
                        let what = format!("list {} stands in another file as well", list.name);
                        self.wrong_in(file, (0, 0), what, None);
                    }
                    self.catalog = self.catalog.clone().with_list(list);
                }
            }
            Err(errors) => {
                for error in errors {
                    let place = (error.line, error.column);
                    self.wrong_in(file, place, error.message, error.hint);
                }
            }
        }
    }

    fn read(&mut self, file: &Path) -> Option<String> {
        let text = text(&self.home.join(file));
        text.map_err(|what| self.wrong_in(file, (0, 0), what, None))
            .ok()
    }

    fn wrong_in(&mut self, file: &Path, place: (u32, u32), what: String, hint: Option<String>) {
        self.wrong.push(ProfileError {
            file: file.to_owned(),
            place: (place.0 as usize, place.1 as usize),
            what,
            hint,
        });
    }
}

/// The KDL files of a folder, in the order of their names.
fn files(folder: &Path) -> Result<Vec<OsString>, String> {
    let entries =
        fs::read_dir(folder).map_err(|error| format!("it cannot be read: {}", error.kind()))?;
    let names = entries.flatten().map(|entry| entry.file_name());
    let is_kdl = |name: &OsString| Path::new(name).extension().is_some_and(|it| it == "kdl");
    let mut names: Vec<_> = names.filter(is_kdl).collect();
    names.sort();
    Ok(names)
}

fn text(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read =
        fs::File::open(path).and_then(|file| file.take(GUIDE_BYTES + 1).read_to_string(&mut text));
    match read {
        Ok(bytes) if bytes as u64 > GUIDE_BYTES => {
            Err(format!("the file is longer than {GUIDE_BYTES} bytes"))
        }
        Ok(_) => Ok(text),
        Err(error) => Err(format!("it cannot be read: {}", error.kind())),
    }
}
