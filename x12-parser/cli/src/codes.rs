//! What documents are checked by: types of check, rule packs, and the external code lists and overlays that the user keeps, KDL files
//! read when the command begins.
//!
//! Every fault of every file is told before the run is given up, so that their author sees all of them at once.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use x12_parser::Catalog;
use x12_schemas::compiler::Error;
use x12_schemas::table::CodeList;

use crate::arguments::GuideArguments;
use crate::input::harmless;
use crate::report::{failure, source};
use crate::session::Session;

/// Bytes read of one file; the compiler refuses less.
const FILE_BYTES: u64 = 16 << 20;

/// Adds what the user keeps to the catalog of the run; false if that cannot be done.
pub fn load(session: &mut Session, guides: &GuideArguments) -> bool {
    session.options.snip = guides.snip.unwrap_or_default();
    load_lists(session, guides.codes.as_deref())
        && load_packs(session, &guides.packs)
        && load_overlays(session, &guides.overlays)
}

/// Lays packs of rules over the guides that they are for; false if there is no such pack.
fn load_packs(session: &mut Session, names: &[String]) -> bool {
    for name in names {
        let catalog = &session.options.catalog;
        let laid = catalog.pack(name).unwrap_or_default();
        if laid.is_empty() {
            let known = catalog.packs().join(", ");
            let message = format!("there is no pack `{}`; there are {known}", harmless(name));
            failure::plain(&mut session.talk, "pack", None, &message);
            return false;
        }
        let catalog = laid
            .into_iter()
            .fold(Catalog::clone(catalog), Catalog::with);
        session.options.catalog = Arc::new(catalog);
    }
    true
}

/// Lays overlays over the guides that they name, one over the other; false if one cannot be laid.
fn load_overlays(session: &mut Session, files: &[PathBuf]) -> bool {
    let mut is_good = true;
    for file in files {
        match read(file) {
            Ok(bytes) => is_good &= lay(session, file, &bytes),
            Err(error) => {
                let name = name(file);
                let message = format!("cannot read the overlay {name}: {error}");
                failure::plain(&mut session.talk, "overlay", Some(name), &message);
                is_good = false;
            }
        }
    }
    is_good
}

/// Lays an overlay; false, and its faults told, if it has any.
fn lay(session: &mut Session, file: &Path, bytes: &[u8]) -> bool {
    let name = name(file);
    let catalog = &session.options.catalog;
    let laid = as_text(&name, bytes).and_then(|text| catalog.overlay(&name, text));
    match laid {
        Ok(guide) => {
            session.options.catalog = Arc::new(Catalog::clone(catalog).with(guide));
            true
        }
        Err(errors) => {
            let text = String::from_utf8_lossy(bytes);
            for error in &errors {
                source::tell(&mut session.talk, "overlay", error, &text);
            }
            false
        }
    }
}

/// Adds the lists of a folder, if one is named, in place of the built-in ones of their names; false if that cannot be done.
fn load_lists(session: &mut Session, folder: Option<&Path>) -> bool {
    let Some(folder) = folder else { return true };
    let files = match files(folder) {
        Ok(files) if files.is_empty() => {
            let message = "it holds no file that ends in .kdl".to_owned();
            return could_not_read(session, folder, &message);
        }
        Ok(files) => files,
        Err(error) => return could_not_read(session, folder, &error.to_string()),
    };
    let mut lists: Vec<(CodeList, String)> = Vec::new();
    let mut is_good = true;
    for file in files {
        match read(&file) {
            Ok(text) => is_good &= add(session, &file, &text, &mut lists),
            Err(error) => is_good = could_not_read(session, &file, &error.to_string()),
        }
    }
    if is_good {
        take(session, lists);
    }
    is_good
}

fn could_not_read(session: &mut Session, path: &Path, why: &str) -> bool {
    let name = name(path);
    let message = format!("cannot read code lists from {name}: {why}");
    failure::plain(&mut session.talk, "codes", Some(name), &message);
    false
}

/// The KDL files of a folder, in the order of their names.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
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

fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(file)?.take(FILE_BYTES).read_to_end(&mut text)?;
    Ok(text)
}

/// Compiles the lists of a file; false, and its faults told, if it has any.
fn add(
    session: &mut Session,
    file: &Path,
    bytes: &[u8],
    lists: &mut Vec<(CodeList, String)>,
) -> bool {
    let (name, text) = (name(file), String::from_utf8_lossy(bytes));
    let compiled =
        as_text(&name, bytes).and_then(|text| session.options.catalog.compile_lists(&name, text));
    let mut errors = Vec::new();
    match compiled {
        Ok(compiled) => {
            for list in compiled {
                match lists.iter().find(|(known, _)| known.name == list.name) {
                    Some((_, other)) => errors.push(twice(&name, &list, other)),
                    None => lists.push((list, name.clone())),
                }
            }
        }
        Err(found) => errors = found,
    }
    for error in &errors {
        source::tell(&mut session.talk, "codes", error, &text);
    }
    errors.is_empty()
}

/// The text of a file.
fn as_text<'b>(file: &str, bytes: &'b [u8]) -> Result<&'b str, Vec<Error>> {
    let text = std::str::from_utf8(bytes);
    text.map_err(|error| vec![not_text(file, &bytes[..error.valid_up_to()])])
}

/// The fault of a file that is no text, behind what is.
fn not_text(file: &str, good: &[u8]) -> Error {
    let good = String::from_utf8_lossy(good);
    let last = good.rsplit('\n').next().unwrap_or_default();
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Error {
        file: file.to_owned(),
        line: count(good.matches('\n').count() + 1),
        column: count(last.chars().count() + 1),
        message: "this is not UTF-8".to_owned(),
        hint: None,
    }
}

/// The fault of a list that another file has as well: it would be left to chance which of them counts.
fn twice(file: &str, list: &CodeList, other: &str) -> Error {
    Error {
        file: file.to_owned(),
        line: 0,
        column: 0,
        message: format!("list {} stands in {other} as well", list.name),
        hint: None,
    }
}

/// Puts the lists into the catalog of the run, and remarks on those that no guide asks for.
fn take(session: &mut Session, lists: Vec<(CodeList, String)>) {
    let mut catalog = Catalog::clone(&session.options.catalog);
    let known = named(&catalog);
    for (list, file) in lists {
        if !known.contains(&list.name) {
            let name = &list.name;
            let message = format!("no guide asks for the list {name}, so its codes change nothing");
            let help = format!("guides ask for {}", known.join(", "));
            source::remark(&mut session.talk, &file, (&message, &help));
        }
        catalog = catalog.with_list(list);
    }
    session.options.catalog = Arc::new(catalog);
}

/// The lists that the guides name, each once, in order.
fn named(catalog: &Catalog) -> Vec<String> {
    let guides = catalog.entries().into_iter();
    let guides = guides.filter_map(|entry| catalog.guide_of_set(entry.id, entry.set));
    let mut names: Vec<String> = guides
        .flat_map(|guide| {
            let elements = guide.elements.iter().chain(&guide.components);
            elements
                .map(|element| element.list.clone())
                .collect::<Vec<_>>()
        })
        .filter(|name| !name.is_empty())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn name(path: &Path) -> String {
    harmless(&path.to_string_lossy())
}
