//! What the tests know of each guide that is built in: `tests/guides.txt`.

use std::fs;
use std::sync::Arc;

use acceptance::root;
use x12_schemas::Catalog;
use x12_schemas::table::Guide;

/// A row of the table.
pub struct Known {
    /// Identifier of the guide.
    pub id: String,
    /// Its transaction set.
    pub set: String,
    /// The table of its facts; where loops of it have a table each, these with their loops.
    pub facts: Vec<(String, String)>,
    /// Folders of the corpus.
    pub folders: Vec<String>,
    /// Whether pyx12 is asked what it thinks of made-up documents.
    pub is_known_to_pyx12: bool,
}

impl Known {
    pub fn guide(&self) -> Arc<Guide> {
        let guide = Catalog::builtin().guide_of_set(&self.id, &self.set);
        guide.expect("it is built in")
    }

    /// As `x12conv` understands it: `005010X279A1/271`.
    pub fn reference(&self) -> String {
        format!("{}/{}", self.id, self.set)
    }
}

/// All rows.
pub fn known() -> Vec<Known> {
    let text = fs::read_to_string(root().join("tests/guides.txt")).expect("it is there");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(row).collect()
}

fn row(line: &str) -> Known {
    let parts: Vec<_> = line.split(" | ").collect();
    let &[guide, facts, folders, pyx12] = parts.as_slice() else {
        panic!("not a row of guides.txt: {line}");
    };
    let (id, set) = guide.split_once('/').expect("ID/SET");
    Known {
        id: id.to_owned(),
        set: set.to_owned(),
        facts: facts.split_whitespace().map(table).collect(),
        folders: folders.split_whitespace().map(str::to_owned).collect(),
        is_known_to_pyx12: pyx12 == "yes",
    }
}

/// A table, and the loop that it is about; of the whole set there is none.
fn table(word: &str) -> (String, String) {
    let (of, file) = word.split_once('=').unwrap_or(("", word));
    (of.to_owned(), file.to_owned())
}

#[test]
fn every_guide_has_its_row() {
    let mut known: Vec<_> = known().iter().map(Known::reference).collect();
    let catalog = Catalog::builtin();
    let entries = catalog.entries().into_iter();
    let mut builtin: Vec<_> = entries
        .map(|entry| format!("{}/{}", entry.id, entry.set))
        .collect();
    known.sort();
    builtin.sort();
    assert_eq!(known, builtin);
}
