//! Our verdict on every corpus file of the sets we have guides for, beside pyx12's, and a reason wherever the two differ.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use acceptance::{Row, Verdict, corpus_folder, corpus_rows, root, say, verdict};
use x12_parser::{Finding, Options, Severity};

use crate::guides;
use crate::validators::PYX12;

/// First line of agreement.tsv.
const HEAD: &str = "file\tlabel\tours\tpyx12\tbreaks\treason";

/// Broken facts that a row cites.
const CITED: usize = 4;

/// Of a hundred rows, how many may differ with a reason.
const DIFFERENT_PERCENT_MAX: usize = 5;

/// A folder of which pyx12 rejects every valid file: its rows say why, and are not counted.
const UNFIT_FOR_PYX12: &str = "277CA/";

/// A row of agreement.tsv.
struct Agreement {
    label: String,
    ours: String,
    pyx12: String,
    /// Where a document that its author calls valid breaks which fact, by our guides: each fact is compared with its sources (`facts`).
    breaks: String,
    reason: String,
}

impl Agreement {
    /// Whether both judged the document, and not alike.
    fn differs(&self) -> bool {
        let judged = |line: &str| match line.split(' ').next() {
            Some("valid") => Some(true),
            Some("invalid" | "refused" | "stopped") => Some(false),
            _ => None,
        };
        matches!((judged(&self.ours), judged(&self.pyx12)), (Some(ours), Some(theirs)) if ours != theirs)
    }
}

#[test]
fn verdicts_are_those_of_the_table() {
    let known = guides::known();
    let folders: Vec<_> = known.iter().flat_map(|known| &known.folders).collect();
    let is_ours = |row: &Row| {
        let folder = row.file.split_once('/').map(|(folder, _)| folder);
        folders.iter().any(|known| Some(known.as_str()) == folder)
    };
    let rows: Vec<_> = corpus_rows().into_iter().filter(is_ours).collect();
    say(&format!("agreement: {} files", rows.len()));
    if rows.is_empty() {
        return;
    }
    let table = root().join("tests/agreement.tsv");
    let before = read(&fs::read_to_string(&table).unwrap_or_default());
    let now = compute(rows, &before);
    count(&now);
    let text = write(&now);
    if std::env::var_os("X12_WRITE").is_some() {
        fs::write(&table, &text).expect("tests/agreement.tsv can be written");
    }
    let written = fs::read_to_string(&table).unwrap_or_default();
    let changed: Vec<_> = text
        .lines()
        .filter(|line| !written.lines().any(|other| other == *line))
        .collect();
    let gone: Vec<_> = written
        .lines()
        .filter(|line| !text.lines().any(|other| other == *line))
        .collect();
    assert!(
        changed.is_empty() && gone.is_empty(),
        "verdicts changed; judge each, then write them down with X12_WRITE=1\nnow:\n{}\nin tests/agreement.tsv:\n{}",
        changed.join("\n"),
        gone.join("\n"),
    );
    let silent: Vec<_> = now
        .iter()
        .filter(|(_, row)| row.differs() && row.reason.is_empty())
        .map(|(file, _)| &**file)
        .collect();
    assert!(
        silent.is_empty(),
        "verdicts differ, and tests/agreement.tsv gives no reason:\n{}",
        silent.join("\n")
    );
    let counted =
        |(file, row): &(&String, &Agreement)| row.differs() && !file.starts_with(UNFIT_FOR_PYX12);
    let different = now.iter().filter(counted).count();
    assert!(
        100 * different <= DIFFERENT_PERCENT_MAX * now.len(),
        "{different} of {} verdicts differ",
        now.len()
    );
}

/// Our verdict as far as other validators go: they balance little or nothing, and know no check digits.
pub fn structural(document: &[u8], options: &Options) -> Verdict {
    let mut ours = verdict(document, options);
    let is_compared = |finding: &Finding| finding.rule().is_none_or(|rule| rule.snip <= 2);
    ours.findings.retain(is_compared);
    ours
}

fn compute(rows: Vec<Row>, before: &BTreeMap<String, Agreement>) -> BTreeMap<String, Agreement> {
    let folder = corpus_folder().expect("there are rows");
    let paths: Vec<PathBuf> = rows.iter().map(|row| folder.join(&row.file)).collect();
    let theirs = PYX12.ask(&paths);
    let options = acceptance::options();
    let judge = |row: Row| {
        let path = folder.join(&row.file);
        let bytes = fs::read(&path).expect("the index names files that are there");
        let pyx12 = theirs
            .get(&path)
            .expect("pyx12 answers for every file")
            .clone();
        let ours = structural(&bytes, &options);
        let breaks = match row.label.contains("valid") && row.label != "invalid" {
            true => broken(&ours.findings),
            false => String::new(),
        };
        let ours = ours.line();
        let mut agreement = Agreement {
            label: row.label,
            ours,
            pyx12,
            breaks,
            reason: String::new(),
        };
        // Where the two agree there is nothing to give a reason for.
        if let Some(row) = before.get(&row.file).filter(|_| agreement.differs()) {
            agreement.reason.clone_from(&row.reason);
        }
        (row.file, agreement)
    };
    rows.into_iter().map(judge).collect()
}

/// Codes of errors with their first places, `element-code 2110C/EQ03`, each once; none of a document that is valid.
fn broken(findings: &[Finding]) -> String {
    let errors = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    let mut cited = Vec::new();
    for finding in errors {
        let cite = format!("{} {}", finding.name(), finding.path());
        let cite = cite.trim_end().to_owned();
        if !cited.contains(&cite) {
            cited.push(cite);
        }
    }
    let more = cited.len().saturating_sub(CITED);
    cited.truncate(CITED);
    if more > 0 {
        cited.push(format!("and {more} more"));
    }
    cited.join(", ")
}

fn count(rows: &BTreeMap<String, Agreement>) {
    let of = |what: &dyn Fn(&str, &Agreement) -> bool| {
        rows.iter().filter(|(file, row)| what(file, row)).count()
    };
    let different = of(&|_, row| row.differs());
    let uncompared =
        of(&|_, row| row.pyx12.starts_with("no map") || row.ours.starts_with("no guide"));
    let alike = rows.len() - different - uncompared;
    say(&format!(
        "agreement: {alike} alike, {different} argued away, {uncompared} with a guide on one side or none"
    ));
    // Corrected by their authors after another validator's report: the best there is against false findings.
    let is_twin = |file: &str| file.contains("-good") || file.contains("_Clean");
    let twins = of(&|file, _| is_twin(file));
    let valid = of(&|file, row| is_twin(file) && row.ours == "valid");
    say(&format!(
        "agreement: {valid} of {twins} corrected twins are valid by our guides"
    ));
}

fn read(text: &str) -> BTreeMap<String, Agreement> {
    let row = |line: &str| {
        let cells: [&str; 6] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
        let [file, label, ours, pyx12, breaks, reason] = cells.map(str::to_owned);
        Some((
            file,
            Agreement {
                label,
                ours,
                pyx12,
                breaks,
                reason,
            },
        ))
    };
    text.lines().skip(1).filter_map(row).collect()
}

fn write(rows: &BTreeMap<String, Agreement>) -> String {
    let line = |(file, row): (&String, &Agreement)| {
        let Agreement {
            label,
            ours,
            pyx12,
            breaks,
            reason,
        } = row;
        format!("{file}\t{label}\t{ours}\t{pyx12}\t{breaks}\t{reason}\n")
    };
    format!("{HEAD}\n{}", rows.iter().map(line).collect::<String>())
}
