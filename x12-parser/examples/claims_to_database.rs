//! Reads professional claims (837P, 005010X222A1) into an SQLite database: a row for each interchange, claim and service line.
//!
//! ```text
//! cargo run --example claims_to_database -- claims.edi claims.db
//! ```
//!
//! The document is read twice, piece by piece: first it is checked, as what breaks its guide is to be answered (see `answer_999`) and not
//! to be loaded; then each segment is visited in its loop, borrowed, and claims are made of those that matter. A thread reads while the
//! database writes; between them stand a few claims at most, so memory does not grow with the document. All of it is one transaction of
//! the database: a document is there whole or not at all, and the same interchange is not loaded twice.
//!
//! Amounts and dates are kept as they are written. An amount is decimal text: add it up as a decimal, not as a floating-point number.
//! The exit code is 0 if all is loaded, 1 if the document is not good, 2 if it cannot be read or the database not be written.

use std::env;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection, query, raw_sql};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::spawn_blocking;
use x12_parser::{Error, Options, Segment, Severity, Visit, Visited, validate, visit};

/// What people call the guide whose claims are read.
const GUIDE: &str = "837P";

/// Claims that are read ahead of the database.
const AHEAD: usize = 64;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS interchanges (
    id INTEGER PRIMARY KEY,
    sender TEXT NOT NULL, receiver TEXT NOT NULL, control_number TEXT NOT NULL, date TEXT NOT NULL, time TEXT NOT NULL,
    UNIQUE (sender, receiver, control_number, date, time)
) STRICT;
CREATE TABLE IF NOT EXISTS claims (
    id INTEGER PRIMARY KEY,
    interchange INTEGER NOT NULL REFERENCES interchanges (id),
    transaction_set TEXT NOT NULL, billing_provider TEXT NOT NULL, subscriber TEXT NOT NULL,
    patient_control_number TEXT NOT NULL, total_charge TEXT NOT NULL, place_of_service TEXT NOT NULL, frequency TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS service_lines (
    id INTEGER PRIMARY KEY,
    claim INTEGER NOT NULL REFERENCES claims (id),
    number TEXT NOT NULL, procedure_qualifier TEXT NOT NULL, procedure_code TEXT NOT NULL, modifiers TEXT NOT NULL,
    charge TEXT NOT NULL, unit TEXT NOT NULL, quantity TEXT NOT NULL, served_from TEXT NOT NULL, served_to TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS claims_by_number ON claims (patient_control_number);
CREATE INDEX IF NOT EXISTS lines_by_claim ON service_lines (claim);";

/// Why nothing was loaded.
enum Stop {
    /// The document is not good, or was loaded before.
    No(String),
    /// Something could not be read or written.
    CouldNot(String),
}

/// What was loaded.
#[derive(Default)]
struct Loaded {
    interchanges: u64,
    claims: u64,
    lines: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<_> = env::args_os().skip(1).map(PathBuf::from).collect();
    let loaded = match &arguments[..] {
        [document, database] => load(document, database).await,
        _ => {
            let usage = "usage: claims_to_database DOCUMENT DATABASE";
            Err(Stop::CouldNot(usage.to_owned()))
        }
    };
    match loaded {
        Ok(loaded) => {
            let Loaded {
                interchanges,
                claims,
                lines,
            } = loaded;
            eprintln!("loaded {interchanges} interchanges, {claims} claims, {lines} service lines");
            ExitCode::SUCCESS
        }
        Err(Stop::No(why)) => {
            eprintln!("{why}");
            ExitCode::from(1)
        }
        Err(Stop::CouldNot(why)) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

/// Checks a document and loads it.
async fn load(document: &Path, database: &Path) -> Result<Loaded, Stop> {
    let (checked, read) = (open(document)?, open(document)?);
    let checked = spawn_blocking(move || check(checked)).await;
    checked.map_err(|_| Stop::CouldNot("checking broke down".to_owned()))??;

    let options = SqliteConnectOptions::new()
        .filename(database)
        .create_if_missing(true)
        .foreign_keys(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    raw_sql(TABLES).execute(&mut connection).await?;
    let mut transaction = connection.begin().await?;
    let (rows, mut read_rows) = channel(AHEAD);
    let reading = spawn_blocking(move || read_document(read, rows));
    // What could not be written is dropped with the transaction, and ends the reading.
    let loaded = write(&mut transaction, &mut read_rows).await?;
    let end = reading.await;
    end.map_err(|_| Stop::CouldNot("reading broke down".to_owned()))??;
    transaction.commit().await?;
    Ok(loaded)
}

fn open(document: &Path) -> Result<File, Stop> {
    let could_not = |error: io::Error| {
        let document = document.display();
        Stop::CouldNot(format!("{document}: {}", error.kind()))
    };
    File::open(document).map_err(could_not)
}

/// Whether a document is as its guides say; where it is not, by place and code: no finding holds a value.
fn check(document: File) -> Result<(), Stop> {
    let mut first = None;
    let summary = validate(document, &Options::default(), |finding| {
        if finding.severity == Severity::Error && first.is_none() {
            let (path, code) = (finding.path(), finding.name());
            first = Some(format!("{path} (byte {}): {code}", finding.offset));
        }
        Ok(())
    })?;
    match first {
        None => Ok(()),
        Some(first) => Err(Stop::No(format!(
            "nothing was loaded: {} errors, the first at {first}",
            summary.errors
        ))),
    }
}

/// What goes into the database, in the order of the document.
enum Row {
    Interchange(Interchange),
    Claim(Box<Claim>),
}

#[derive(Default)]
struct Interchange {
    sender: String,
    receiver: String,
    control_number: String,
    date: String,
    time: String,
}

#[derive(Clone, Default)]
struct Claim {
    transaction_set: String,
    billing_provider: String,
    subscriber: String,
    patient_control_number: String,
    total_charge: String,
    place_of_service: String,
    frequency: String,
    lines: Vec<Line>,
}

#[derive(Clone, Default)]
struct Line {
    number: String,
    procedure_qualifier: String,
    procedure_code: String,
    modifiers: String,
    charge: String,
    unit: String,
    quantity: String,
    served_from: String,
    served_to: String,
}

/// Visits a document and hands over what it holds.
fn read_document(document: File, rows: Sender<Row>) -> Result<(), Stop> {
    let mut reader = Reader {
        rows,
        is_asked: false,
        around: Claim::default(),
        claim: None,
    };
    visit(document, &Options::default(), |visit| match visit {
        Visit::OpenSet(guide) => {
            reader.is_asked = guide.is_some_and(|guide| guide.name == GUIDE);
            reader.around = Claim::default();
            Ok(())
        }
        Visit::Segment(visited) => reader.segment(&visited),
        Visit::CloseSet => reader.hand_over_claim(),
        _ => Ok(()),
    })?;
    Ok(())
}

/// Makes claims of segments.
struct Reader {
    rows: Sender<Row>,
    /// Whether the transaction set is one whose claims are read.
    is_asked: bool,
    /// What stands around the next claims: set, provider and subscriber.
    around: Claim,
    /// The claim in hand.
    claim: Option<Claim>,
}

impl Reader {
    /// Takes a segment, by the loop that it stands in: of all that a claim may hold, what these tables have columns for.
    fn segment(&mut self, visited: &Visited<'_>) -> Result<(), Error> {
        let segment = &visited.segment;
        let loop_id = visited.position.as_ref().map_or("", |at| at.loop_id());
        match (loop_id, segment.id()) {
            (_, b"ISA") => {
                let interchange = interchange(segment);
                return self.hand_over(Row::Interchange(interchange));
            }
            (_, b"ST") => self.around.transaction_set = element(segment, 2),
            ("2010AA", b"NM1") => self.around.billing_provider = element(segment, 9),
            ("2000B", b"HL") => self.around.subscriber.clear(),
            ("2010BA", b"NM1") => self.around.subscriber = element(segment, 9),
            ("2300", b"CLM") if self.is_asked => {
                self.hand_over_claim()?;
                self.claim = Some(Claim {
                    patient_control_number: element(segment, 1),
                    total_charge: element(segment, 2),
                    place_of_service: component(segment, 5, 1),
                    frequency: component(segment, 5, 3),
                    ..self.around.clone()
                });
            }
            ("2400", b"LX") => {
                let line = Line {
                    number: element(segment, 1),
                    ..Line::default()
                };
                self.claim.iter_mut().for_each(|claim| {
                    claim.lines.push(line.clone());
                });
            }
            ("2400", id) => {
                let claim = self.claim.as_mut();
                if let Some(line) = claim.and_then(|claim| claim.lines.last_mut()) {
                    line.segment(id, segment);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn hand_over_claim(&mut self) -> Result<(), Error> {
        match self.claim.take() {
            Some(claim) => self.hand_over(Row::Claim(Box::new(claim))),
            None => Ok(()),
        }
    }

    /// Waits for room. An error ends the visit: nobody takes rows any more.
    fn hand_over(&self, row: Row) -> Result<(), Error> {
        let gone = |_| io::Error::other("the database takes no more rows");
        Ok(self.rows.blocking_send(row).map_err(gone)?)
    }
}

impl Line {
    /// Takes a segment of the line itself, not of the loops in it.
    fn segment(&mut self, id: &[u8], segment: &Segment<'_>) {
        match id {
            b"SV1" => {
                self.procedure_qualifier = component(segment, 1, 1);
                self.procedure_code = component(segment, 1, 2);
                let modifiers = (3..=6).map(|number| component(segment, 1, number));
                let modifiers: Vec<_> = modifiers.filter(|text| !text.is_empty()).collect();
                self.modifiers = modifiers.join(" ");
                self.charge = element(segment, 2);
                self.unit = element(segment, 3);
                self.quantity = element(segment, 4);
            }
            // 472: the date of service; D8, a day, or RD8, the first and the last.
            b"DTP" if segment.element(1).bytes() == b"472" => {
                let date = element(segment, 3);
                let (from, to) = date.split_once('-').unwrap_or((&date, &date));
                (self.served_from, self.served_to) = (from.to_owned(), to.to_owned());
            }
            _ => {}
        }
    }
}

fn interchange(isa: &Segment<'_>) -> Interchange {
    // The elements of an ISA are filled up with blanks.
    let text = |number| element(isa, number).trim_end().to_owned();
    Interchange {
        sender: format!("{}:{}", text(5), text(6)),
        receiver: format!("{}:{}", text(7), text(8)),
        control_number: text(13),
        date: text(9),
        time: text(10),
    }
}

fn element(segment: &Segment<'_>, number: usize) -> String {
    text(segment.element(number).bytes())
}

fn component(segment: &Segment<'_>, element: usize, number: usize) -> String {
    text(segment.element(element).component(number))
}

/// A value as text: UTF-8 if it is that, else Latin-1, without the line breaks of files that are wrapped.
fn text(value: &[u8]) -> String {
    let text = match str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => value.iter().copied().map(char::from).collect(),
    };
    text.replace(['\r', '\n'], "")
}

/// Writes what is read, until there is no more.
async fn write(
    connection: &mut SqliteConnection,
    rows: &mut Receiver<Row>,
) -> Result<Loaded, Stop> {
    let (mut loaded, mut interchange) = (Loaded::default(), 0);
    while let Some(row) = rows.recv().await {
        match row {
            Row::Interchange(row) => {
                interchange = write_interchange(connection, &row).await?;
                loaded.interchanges += 1;
            }
            Row::Claim(claim) => {
                let id = write_claim(connection, interchange, &claim).await?;
                for line in &claim.lines {
                    write_line(connection, id, line).await?;
                }
                loaded.claims += 1;
                loaded.lines += claim.lines.len() as u64;
            }
        }
    }
    Ok(loaded)
}

async fn write_interchange(
    connection: &mut SqliteConnection,
    row: &Interchange,
) -> Result<i64, Stop> {
    let insert = "INSERT INTO interchanges (sender, receiver, control_number, date, time) VALUES (?, ?, ?, ?, ?)";
    let written = query(insert)
        .bind(&row.sender)
        .bind(&row.receiver)
        .bind(&row.control_number)
        .bind(&row.date)
        .bind(&row.time)
        .execute(connection)
        .await;
    let is_known = |error: &sqlx::Error| {
        let error = error.as_database_error();
        error.is_some_and(|error| error.is_unique_violation())
    };
    match written {
        Err(error) if is_known(&error) => Err(Stop::No(format!(
            "nothing was loaded: interchange {} of that sender is there already",
            row.control_number
        ))),
        written => Ok(written?.last_insert_rowid()),
    }
}

async fn write_claim(
    connection: &mut SqliteConnection,
    interchange: i64,
    claim: &Claim,
) -> Result<i64, Stop> {
    let insert = "INSERT INTO claims (interchange, transaction_set, billing_provider, subscriber, patient_control_number, \
        total_charge, place_of_service, frequency) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let written = query(insert)
        .bind(interchange)
        .bind(&claim.transaction_set)
        .bind(&claim.billing_provider)
        .bind(&claim.subscriber)
        .bind(&claim.patient_control_number)
        .bind(&claim.total_charge)
        .bind(&claim.place_of_service)
        .bind(&claim.frequency)
        .execute(connection)
        .await?;
    Ok(written.last_insert_rowid())
}

async fn write_line(
    connection: &mut SqliteConnection,
    claim: i64,
    line: &Line,
) -> Result<(), Stop> {
    let insert = "INSERT INTO service_lines (claim, number, procedure_qualifier, procedure_code, modifiers, charge, unit, quantity, \
        served_from, served_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    query(insert)
        .bind(claim)
        .bind(&line.number)
        .bind(&line.procedure_qualifier)
        .bind(&line.procedure_code)
        .bind(&line.modifiers)
        .bind(&line.charge)
        .bind(&line.unit)
        .bind(&line.quantity)
        .bind(&line.served_from)
        .bind(&line.served_to)
        .execute(connection)
        .await?;
    Ok(())
}

/// The words of a database may hold values: a constraint's name and a code do not.
impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        let kind = match &error {
            sqlx::Error::Database(error) => {
                format!("code {}", error.code().unwrap_or_default())
            }
            sqlx::Error::Io(error) => error.kind().to_string(),
            _ => "no connection".to_owned(),
        };
        Self::CouldNot(format!("the database cannot be used: {kind}"))
    }
}

/// Says what and at which byte, and holds no value.
impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::CouldNot(format!("the document cannot be read: {error}"))
    }
}
