//! What the acceptance tests share: where things are, which documents there are, and what our reader says of one.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use x12_parser::{Error, Finding, Options, Severity};

/// A document of samples/ or of the corpus.
pub struct Document {
    /// Its path inside its folder: `835/some.edi`.
    pub name: String,
    /// Its contents.
    pub bytes: Vec<u8>,
}

/// A row of the corpus' INDEX.tsv.
#[derive(Clone, Debug)]
pub struct Row {
    /// The file, from the corpus' folder.
    pub file: String,
    /// What its source says of it: `valid`, `invalid`, `presumed-valid` …
    pub label: String,
    /// What is odd about it, as its index says: `wrap`, `bom` …
    pub odd: String,
}

impl Row {
    /// Whether line breaks stand inside its segments.
    #[must_use]
    pub fn is_wrapped(&self) -> bool {
        self.odd.split(',').any(|odd| odd == "wrap")
    }
}

/// What our reader says of a document.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// All findings, whatever their severity.
    pub findings: Vec<Finding>,
    /// Why it could not be read, or not to its end.
    pub refused: Option<String>,
}

impl Verdict {
    /// `valid`, `invalid`, `no guide` or `refused`, and the codes of its errors, each once, in order.
    #[must_use]
    pub fn line(&self) -> String {
        let errors = self
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error);
        let mut codes: Vec<_> = errors.map(|finding| finding.name()).collect();
        codes.sort_unstable();
        codes.dedup();
        let word = match &self.refused {
            Some(_) => "refused",
            None if codes.is_empty() => "valid",
            None if codes.contains(&"guide-unknown") => "no guide",
            None => "invalid",
        };
        codes.insert(0, word);
        codes.join(" ")
    }

    /// Whether nothing of severity error was found in all of it.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.line() == "valid"
    }
}

/// Checks a document.
#[must_use]
pub fn verdict(document: &[u8], options: &Options) -> Verdict {
    let mut verdict = Verdict::default();
    let mut keep = |finding: &Finding| {
        verdict.findings.push(finding.clone());
        Ok::<(), Error>(())
    };
    let refused = x12_parser::validate(document, options, &mut keep).err();
    verdict.refused = refused.map(|error| error.to_string());
    verdict
}

/// Options as they are by default; the guides are loaded once for all.
#[must_use]
pub fn options() -> Options {
    static OPTIONS: OnceLock<Options> = OnceLock::new();
    OPTIONS.get_or_init(Options::default).clone()
}

/// The top of the repository.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package stands in the repository")
}

/// A folder that an environment variable names, else the one of that name in `shared` beside the repository; none if it is absent.
#[must_use]
pub fn beside(variable: &str, name: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let folder = named.unwrap_or_else(|| root().with_file_name("shared").join(name));
    folder.is_dir().then_some(folder)
}

/// The folder of example documents, if there is one.
#[must_use]
pub fn corpus_folder() -> Option<PathBuf> {
    beside("X12_CORPUS", "corpus")
}

/// The corpus' rows, in the order of its index; none where there is no corpus.
#[must_use]
pub fn corpus_rows() -> Vec<Row> {
    let Some(folder) = corpus_folder() else {
        return Vec::new();
    };
    let index = fs::read_to_string(folder.join("INDEX.tsv")).expect("the corpus has an index");
    let mut lines = index.lines();
    let head: Vec<_> = lines.next().unwrap_or_default().split('\t').collect();
    let column = |name| {
        head.iter()
            .position(|head| *head == name)
            .expect("the index has this column")
    };
    let (file, label, odd) = (column("file"), column("valid"), column("odd"));
    let row = |line: &str| {
        let cells: Vec<_> = line.split('\t').collect();
        Row {
            file: cells[file].to_owned(),
            label: cells[label].to_owned(),
            odd: cells[odd].to_owned(),
        }
    };
    lines.map(row).collect()
}

/// The corpus' documents.
#[must_use]
pub fn corpus() -> Vec<Document> {
    let Some(folder) = corpus_folder() else {
        return Vec::new();
    };
    let read = |row: Row| {
        let bytes = fs::read(folder.join(&row.file)).expect("the index names files that are there");
        Document {
            name: row.file,
            bytes,
        }
    };
    corpus_rows().into_iter().map(read).collect()
}

/// Our own made-up documents: every `.edi` file below samples/, in order.
#[must_use]
pub fn samples() -> Vec<Document> {
    let folder = root().join("samples");
    let mut files = files(&folder);
    files.retain(|file| file.extension().is_some_and(|extension| extension == "edi"));
    let name = |file: &Path| {
        file.strip_prefix(&folder)
            .expect("it was found there")
            .display()
            .to_string()
    };
    let read = |file: PathBuf| Document {
        name: name(&file),
        bytes: fs::read(&file).expect("it was found there"),
    };
    files.into_iter().map(read).collect()
}

/// All files below a folder, in order.
#[must_use]
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path)
            } else {
                found.push(path)
            }
        }
    }
    found.sort();
    found
}

/// Writes a line that the test harness does not hold back: counts that a closing note cites.
pub fn say(line: &str) {
    // A closed pipe is no reason to fail.
    let _ = writeln!(io::stdout(), "{line}");
}
