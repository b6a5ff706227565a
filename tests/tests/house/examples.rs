//! The examples of the library, run as an integrator runs them: what comes out is held against the document and against `x12conv`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use acceptance::{Document, options, root, samples, verdict};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, Row, query};
use x12_parser::{Visit, Visited, visit_slice};

use super::built::built;
use super::made_up::command;

/// The clock of both programs, and the first control number of both.
const DATE: &str = "20261123";
const TIME: &str = "1200";
const NUMBER: &str = "905";

#[test]
fn a_999_is_that_of_the_command() {
    let folder = folder("examples-999");
    let conv = command();
    let (mut wrong, mut ends) = (Vec::new(), [0; 3]);
    for sample in samples() {
        let document = root().join("samples").join(&sample.name);
        let answer = folder.join("answer.edi");
        // It is there only if the sample before had an answer.
        _ = fs::remove_file(&answer);
        let told = Command::new(&conv)
            .args(["ack", "--date", DATE, "--time", TIME])
            .args(["--control-number", NUMBER])
            .arg(&document)
            .output()
            .expect("x12conv was built");
        let ours = Command::new(example("answer_999"))
            .args([&document, &answer])
            .args([NUMBER, DATE, TIME])
            .output()
            .expect("it was built");
        if fs::read(&answer).unwrap_or_default() != told.stdout {
            wrong.push(format!("{}: another answer", sample.name));
        }
        // Acknowledgments are not answered; if they are rejected all the same, only our own people may be told.
        if answer.exists() && ours.status.code() != told.status.code() {
            let codes = (ours.status.code(), told.status.code());
            wrong.push(format!("{}: exit codes {codes:?}", sample.name));
        }
        if tells_a_value(&ours, &sample) {
            wrong.push(format!("{}: a value is told", sample.name));
        }
        let end = usize::try_from(ours.status.code().unwrap_or(2)).unwrap_or(2);
        ends[end] += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ends[0] > 100 && ends[1] > 100, "{ends:?}");
    let left = fs::read_dir(&folder).expect("the folder is ours").count();
    assert!(left <= 1, "drafts are left behind");
}

#[test]
fn claims_in_the_database_are_those_of_the_document() {
    let folder = folder("examples-claims");
    let of_claims = |sample: &Document| {
        ["005010X222A1/", "005010X221A1/"]
            .iter()
            .any(|guide| sample.name.starts_with(guide))
    };
    let mut documents: Vec<_> = samples().into_iter().filter(of_claims).collect();
    documents.push(long(5000));
    let (mut loaded, mut most) = (0, 0);
    for sample in &documents {
        let (file, database) = (folder.join("document.edi"), folder.join("claims.db"));
        // It is there only if the one before was loaded.
        _ = fs::remove_file(&database);
        fs::write(&file, &sample.bytes).expect("the folder is ours");
        let run = load(&file, &database);
        let verdict = verdict(&sample.bytes, &options());
        if !verdict.is_clean() {
            let code = if verdict.refused.is_some() { 2 } else { 1 };
            assert_eq!(run.status.code(), Some(code), "{}", sample.name);
            assert!(!database.exists(), "{}: something was loaded", sample.name);
            assert!(!tells_a_value(&run, sample), "{}: told", sample.name);
            continue;
        }
        assert!(run.status.success(), "{}: {run:?}", sample.name);
        let counted = Counted::of(&sample.bytes);
        assert_eq!(Counted::of_database(&database), counted, "{}", sample.name);
        let again = load(&file, &database);
        assert_eq!(again.status.code(), Some(1), "{}: twice", sample.name);
        assert_eq!(Counted::of_database(&database), counted, "{}", sample.name);
        (loaded, most) = (loaded + 1, counted.claims.max(most));
    }
    assert!(
        loaded > 10 && most == 5000,
        "{loaded} were loaded, at most {most} claims"
    );
}

#[test]
fn every_column_of_a_claim_is_as_it_is_written() {
    let folder = folder("examples-rows");
    let cases = root().join("tests/tests/house/examples");
    for name in ["two-claims", "dependent-is-the-patient", "ambulance"] {
        let document = root().join(format!("samples/005010X222A1/{name}.edi"));
        let database = folder.join(name);
        assert!(load(&document, &database).status.success(), "{name}");
        let rows = rows(&database);
        let expected = cases.join(format!("{name}.rows"));
        if env::var_os("X12_WRITE").is_some() {
            fs::write(&expected, &rows).expect("the repository can be written");
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(rows, expected, "{name} (X12_WRITE=1 rewrites it)");
    }
}

/// What is counted in a document, and what is added up, in cents.
#[derive(Debug, Default, Eq, PartialEq)]
struct Counted {
    interchanges: usize,
    claims: usize,
    charged: u64,
    lines: usize,
    lines_charged: u64,
}

impl Counted {
    /// By splitting at delimiters, without the library: of 837P only.
    fn of(document: &[u8]) -> Self {
        let mut counted = Self::default();
        let (element, terminator) = (document[3], document[105]);
        let mut is_claims = false;
        for segment in document.split(|&byte| byte == terminator) {
            let mut fields = segment.trim_ascii().split(|&byte| byte == element);
            let id = fields.next().unwrap_or_default();
            let fields: Vec<_> = fields.map(String::from_utf8_lossy).collect();
            match id {
                b"ISA" => counted.interchanges += 1,
                b"ST" => is_claims = fields[0] == "837",
                b"CLM" if is_claims => {
                    counted.claims += 1;
                    counted.charged += cents(&fields[1]);
                }
                b"SV1" if is_claims => {
                    counted.lines += 1;
                    counted.lines_charged += cents(&fields[1]);
                }
                _ => {}
            }
        }
        counted
    }

    fn of_database(database: &Path) -> Self {
        let claims = select(database, "SELECT total_charge FROM claims");
        let lines = select(database, "SELECT charge FROM service_lines");
        let sum = |amounts: &[String]| amounts.iter().map(|amount| cents(amount)).sum();
        Self {
            interchanges: select(database, "SELECT control_number FROM interchanges").len(),
            claims: claims.len(),
            charged: sum(&claims),
            lines: lines.len(),
            lines_charged: sum(&lines),
        }
    }
}

fn cents(amount: &str) -> u64 {
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    let number = |digits: &str| digits.parse::<u64>().unwrap_or_default();
    number(whole) * 100 + number(&format!("{part:0<2}"))
}

/// All rows of claims and lines, a line each.
fn rows(database: &Path) -> String {
    let columns = "transaction_set || '|' || billing_provider || '|' || subscriber || '|' || patient_control_number || '|' || \
        total_charge || '|' || place_of_service || '|' || frequency";
    let claims = format!("SELECT 'claim ' || id || '|' || {columns} FROM claims ORDER BY id");
    let columns = "number || '|' || procedure_qualifier || '|' || procedure_code || '|' || modifiers || '|' || charge || '|' || unit || \
        '|' || quantity || '|' || served_from || '|' || served_to";
    let lines =
        format!("SELECT 'line of ' || claim || '|' || {columns} FROM service_lines ORDER BY id");
    let interchanges = "SELECT sender || '|' || receiver || '|' || control_number || '|' || date || '|' || time FROM interchanges";
    let all = [interchanges, &claims, &lines].map(|asked| select(database, asked));
    all.concat().iter().map(|row| format!("{row}\n")).collect()
}

/// The first column of what a query gives.
fn select(database: &Path, asked: &str) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("there are threads").block_on(async {
        let options = SqliteConnectOptions::new().filename(database);
        let connection = SqliteConnection::connect_with(&options).await;
        let mut connection = connection.expect("it was made");
        let rows = query(AssertSqlSafe(asked.to_owned()))
            .fetch_all(&mut connection)
            .await;
        let rows = rows.expect("the tables are there");
        rows.iter().map(|row| row.get(0)).collect()
    })
}

/// Whether a value of a document stands in what a program said; control segments may be spoken of.
fn tells_a_value(run: &Output, document: &Document) -> bool {
    let said = [&run.stdout[..], &run.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said);
    let mut tells = false;
    // Of a document that breaks off what is before counts.
    _ = visit_slice(&document.bytes, &options(), |visit| {
        if let Visit::Segment(Visited { segment, .. }) = visit
            && !CONTROL.contains(&segment.id())
        {
            let values = segment.elements().flat_map(|element| element.components());
            let values = values.map(String::from_utf8_lossy);
            // Shorter ones may be a code or a count, and digits a part of a control number.
            let mut long = values.filter(|value| value.len() > 6);
            let is_number = |value: &str| value.bytes().all(|byte| byte.is_ascii_digit());
            tells |= long.any(|value| match is_number(&value) {
                true => said
                    .split(|c: char| !c.is_alphanumeric())
                    .any(|word| word == value),
                false => said.contains(&*value),
            });
        }
        Ok(())
    });
    tells
}

/// Segments of which identifying elements may be told.
const CONTROL: [&[u8]; 7] = [b"ISA", b"GS", b"ST", b"SE", b"GE", b"IEA", b"TA1"];

fn load(document: &Path, database: &Path) -> Output {
    Command::new(example("claims_to_database"))
        .args([document, database])
        .output()
        .expect("it was built")
}

/// A sample with so many subscribers in place of one, each with a claim: more than are read ahead of the database.
fn long(claims: usize) -> Document {
    let sample = root().join("samples/005010X222A1/one-claim.edi");
    let text = fs::read_to_string(sample).expect("it is a sample");
    let (before, rest) = text.split_once("HL*2*").expect("it has a subscriber");
    let (subscriber, after) = rest.split_once("SE*").expect("it has a trailer");
    let (_, after) = after.split_once('*').expect("SE02 stands there");
    let many: String = (2..claims + 2)
        .map(|level| format!("HL*{level}*{subscriber}"))
        .collect();
    // From ST on, so without ISA and GS, and with SE.
    let segments = before.matches('~').count() - 1 + many.matches('~').count();
    Document {
        name: format!("{claims} claims"),
        bytes: format!("{before}{many}SE*{segments}*{after}").into_bytes(),
    }
}

/// An example of the library.
fn example(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let what = ["--example", "answer_999", "--example", "claims_to_database"];
    BUILT.get_or_init(|| built(&what, "examples")).join(name)
}

/// An empty folder.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // It is there only if the test ran before.
    _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}
