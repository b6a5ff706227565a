//! Our verdict on every corpus file beside that of linuxforhealth-x12, where it has a model of the set: each class of difference is judged.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use acceptance::{corpus_folder, corpus_rows, root, say};

use crate::agreement::structural;
use crate::validators::LINUXFORHEALTH;

/// First line of linuxforhealth.tsv.
const HEAD: &str = "who\tclass\tfiles\tjudgement";

/// Whose class of fault it is, and which.
type Class = (String, String);

/// Classes of faults in files that one side alone calls invalid, and in how many files each is.
#[derive(Default)]
struct Differences {
    files: BTreeMap<Class, usize>,
    alike: usize,
    different: usize,
    unjudged: usize,
}

#[test]
fn every_class_of_difference_is_judged() {
    let Some(folder) = corpus_folder() else {
        return;
    };
    let files: Vec<PathBuf> = corpus_rows()
        .iter()
        .map(|row| folder.join(&row.file))
        .collect();
    let found = compare(&files);
    say(&format!(
        "linuxforhealth: {} alike, {} differ in {} classes, {} without a model or a guide",
        found.alike,
        found.different,
        found.files.len(),
        found.unjudged
    ));
    let table = root().join("tests/linuxforhealth.tsv");
    let judged = read(&fs::read_to_string(&table).unwrap_or_default());
    let text = write(&found, &judged);
    if std::env::var_os("X12_WRITE").is_some() {
        fs::write(&table, &text).expect("tests/linuxforhealth.tsv can be written");
    }
    let written = fs::read_to_string(&table).unwrap_or_default();
    assert!(
        text == written,
        "differences changed; write them down with X12_WRITE=1, and judge each:\n{text}"
    );
    let silent: Vec<_> = text.lines().filter(|line| line.ends_with('\t')).collect();
    assert!(silent.is_empty(), "not judged:\n{}", silent.join("\n"));
}

fn compare(files: &[PathBuf]) -> Differences {
    let theirs = LINUXFORHEALTH.ask(files);
    let options = acceptance::options();
    let mut found = Differences::default();
    for file in files {
        let (word, classes) = theirs[file].split_once(' ').unwrap_or((&theirs[file], ""));
        let bytes = fs::read(file).expect("the index names files that are there");
        let ours = structural(&bytes, &options);
        let ours = ours.line();
        let (our_word, codes) = ours.split_once(' ').unwrap_or((&ours, ""));
        match (our_word, word) {
            ("valid", "valid") | ("invalid", "invalid") => found.alike += 1,
            ("valid", "invalid") => found.add("theirs", classes),
            ("invalid", "valid") => found.add("ours", codes),
            _ => found.unjudged += 1,
        }
    }
    found
}

impl Differences {
    fn add(&mut self, who: &str, classes: &str) {
        self.different += 1;
        for class in classes.split(' ').filter(|class| !class.is_empty()) {
            *self
                .files
                .entry((who.to_owned(), class.to_owned()))
                .or_default() += 1;
        }
    }
}

fn read(text: &str) -> BTreeMap<Class, String> {
    let row = |line: &str| {
        let cells: [&str; 4] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
        let [who, class, _, judgement] = cells.map(str::to_owned);
        Some(((who, class), judgement))
    };
    text.lines().skip(1).filter_map(row).collect()
}

fn write(found: &Differences, judged: &BTreeMap<Class, String>) -> String {
    let line = |(class, files): (&Class, &usize)| {
        let judgement = judged.get(class).map_or("", String::as_str);
        format!("{}\t{}\t{files}\t{judgement}\n", class.0, class.1)
    };
    format!(
        "{HEAD}\n{}",
        found.files.iter().map(line).collect::<String>()
    )
}
