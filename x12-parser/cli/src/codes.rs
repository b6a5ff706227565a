//! What documents are checked by: types of check, rule packs, and the guides, external code lists and overlays that the user keeps, KDL files
//! read when the command begins.
//!
//! Every fault of every file is told before the run is given up, so that their author sees all of them at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use x12_parser::Catalog;
use x12_schemas::compiler::Error;
use x12_schemas::table::Guide;
use x12_schemas::{UserFile, UserLists, kdl_files};

use crate::arguments::{GuideArguments, OwnGuides};
use crate::input::harmless;
use crate::report::{failure, source};
use crate::session::Session;

/// Adds what the user keeps to the catalog of the run; false if that cannot be done.
pub fn load(session: &mut Session, guides: &GuideArguments) -> bool {
    session.options.snip = guides.snip.unwrap_or_default();
    load_own(session, &guides.own)
        && load_lists(session, guides.codes.as_deref())
        && load_packs(session, &guides.packs)
        && add(session, ("overlay", &guides.overlays), UserFile::overlay)
}

/// Adds guides that are not built in; false if one of them is at fault.
pub fn load_own(session: &mut Session, own: &OwnGuides) -> bool {
    add(session, ("guide", &own.own_guides), UserFile::guide)
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

/// What a file makes of the guides that are at hand.
type Compile = fn(&UserFile, &Catalog) -> Result<Guide, Vec<Error>>;

/// Adds guides of files, one after the other, or lays overlays over those that they name; false if one cannot be.
fn add(session: &mut Session, (kind, files): (&str, &[PathBuf]), compile: Compile) -> bool {
    let mut is_good = true;
    for file in files {
        match UserFile::read(file, name(file)) {
            Ok(file) => is_good &= take_up(session, (kind, &file), compile),
            Err(error) => {
                let name = name(file);
                let message = format!("cannot read the {kind} {name}: {error}");
                failure::plain(&mut session.talk, kind, Some(name), &message);
                is_good = false;
            }
        }
    }
    is_good
}

/// Takes up the guide that a file makes; false, and its faults told, if it has any.
fn take_up(session: &mut Session, (kind, file): (&str, &UserFile), compile: Compile) -> bool {
    let catalog = &session.options.catalog;
    match compile(file, catalog) {
        Ok(guide) => {
            session.options.catalog = Arc::new(Catalog::clone(catalog).with(guide));
            true
        }
        Err(errors) => wrong_in(session, kind, file, &errors),
    }
}

/// Tells the faults of a file.
fn wrong_in(session: &mut Session, kind: &str, file: &UserFile, errors: &[Error]) -> bool {
    let text = String::from_utf8_lossy(&file.bytes);
    for error in errors {
        source::tell(&mut session.talk, kind, error, &text);
    }
    false
}

/// Adds the lists of a folder, if one is named, in place of the built-in ones of their names; false if that cannot be done.
fn load_lists(session: &mut Session, folder: Option<&Path>) -> bool {
    let Some(folder) = folder else { return true };
    let files = match kdl_files(folder) {
        Ok(files) if files.is_empty() => {
            let message = "it holds no file that ends in .kdl".to_owned();
            return could_not_read(session, folder, &message);
        }
        Ok(files) => files,
        Err(error) => return could_not_read(session, folder, &error.to_string()),
    };
    let mut lists = UserLists::default();
    let mut is_good = true;
    for path in files {
        is_good &= match UserFile::read(&path, name(&path)) {
            Ok(file) => match lists.add(&session.options.catalog, &file) {
                Ok(()) => true,
                Err(errors) => wrong_in(session, "codes", &file, &errors),
            },
            Err(error) => could_not_read(session, &path, &error.to_string()),
        };
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

/// Puts the lists into the catalog of the run, and remarks on those that no guide asks for.
fn take(session: &mut Session, lists: UserLists) {
    let mut catalog = Catalog::clone(&session.options.catalog);
    let known = named(&catalog);
    for (list, file) in lists.into_lists() {
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
