//! One stage of the road in a pipeline of your own: your queue brings messages, your ledger records what comes of them.
//!
//! ```text
//! x12-pipeline --home house partner-add acme      # and fill in house/partners/acme.toml
//! embed_stage seal house acme claims.edi |
//!     embed_stage decrypt house | embed_stage translate house | embed_stage validate house
//! ```
//!
//! (`embed_stage` is `cargo run --example embed_stage --`.) Each process does one stage and nothing else. The queue is a pipe here, a
//! message a line of JSON: it names a job and sealed objects, and holds nothing of a document. What a stage makes lies sealed in the
//! house's store; what follows goes out as messages, and those for other stages pass through. What is to be recorded is said on standard
//! error: a word, counts and codes, never a value. The exit code is 0 if all jobs were done, 1 if one was not, 2 if it could not begin.
//!
//! What you keep to: a message is settled last, when what came of its job is recorded; the same message again is harmless, as objects and
//! following jobs are named by the job. Stages block: call them on threads that may, one job each. Documents are streams, so memory does
//! not grow with them. Stages that draw control numbers or correlate answers ask a ledger: see `x12_pipeline::embedded`.

use std::collections::BTreeMap;
use std::env;
use std::fs::File;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};
use x12_pipeline::clock::SystemClock;
use x12_pipeline::doors::Doors;
use x12_pipeline::embedded::Elsewhere;
use x12_pipeline::failure::Failure;
use x12_pipeline::job::{Direction, Job, Outcome, Task};
use x12_pipeline::keys::KeyFile;
use x12_pipeline::measures::Measures;
use x12_pipeline::object::{JobId, ObjectId, Step};
use x12_pipeline::profile::Location;
use x12_pipeline::protection::Protection;
use x12_pipeline::seal::Vault;
use x12_pipeline::store::{FolderStore, failure};
use x12_pipeline::terminal::{Home, Stop};
use x12_pipeline::worker::{Stage, road};

const USAGE: &str = "usage: embed_stage seal HOME PARTNER FILE
       embed_stage decrypt|translate|validate HOME < messages > messages";

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["seal", home, partner, file] => embed(home).and_then(|of| seal(&of, partner, file)),
        [step @ ("decrypt" | "translate" | "validate"), home] => {
            embed(home).and_then(|of| work(&of, step))
        }
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

/// What a stage needs.
struct Embedded {
    doors: Doors,
    stage: Stage,
    /// On which a ledger would be asked; it lives as long as the doors.
    _runtime: Runtime,
}

/// Opens the doors of a house: its profiles, keys and store. Ledger, queue and ways to partners are yours.
fn embed(home: &str) -> Result<Embedded, String> {
    let home = Home::new(Path::new(home));
    home.must_exist().map_err(said)?;
    let profiles = home.profiles().map_err(said)?;
    // Makes the keys of a house that has none yet.
    home.settle(&profiles.settings).map_err(said)?;
    let settings = &profiles.settings;
    let Location::Folder(store) = settings.store.folder.clone().below(home.folder()) else {
        return Err("this example keeps sealed objects in a folder".to_owned());
    };
    let store = FolderStore::new(&store).map_err(told)?;
    let keys = KeyFile::read(&profiles.path(&settings.keys.sealing)).map_err(told)?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| format!("there are no threads: {}", error.kind()))?;
    let doors = Doors {
        ledger: Arc::new(Elsewhere),
        queue: Arc::new(Elsewhere),
        vault: Vault::new(Arc::new(store), Arc::new(keys)).limited(settings.limits.document_bytes),
        clock: Arc::new(SystemClock),
        ours: home.own(settings).map_err(said)?,
        certificates: home.certificates(&profiles).map_err(said)?,
        ways: BTreeMap::new(),
        profiles: Arc::new(profiles),
        measures: Measures::default(),
        protection: Protection::default(),
        handle: runtime.handle().clone(),
    };
    Ok(Embedded {
        doors,
        stage: road(),
        _runtime: runtime,
    })
}

/// A message of the queue.
#[derive(Deserialize, Serialize)]
struct Message {
    job: String,
    arrival: String,
    partner: String,
    received_ms: i64,
    task: Task,
}

/// Seals what came from a partner, as it came, and says what is to be done first.
fn seal(embedded: &Embedded, partner: &str, file: &str) -> Result<bool, String> {
    let doors = &embedded.doors;
    doors.profile(partner).map_err(told)?;
    let arrival = JobId::new();
    let raw = ObjectId {
        job: arrival,
        step: Step::Intake,
        ordinal: 0,
    };
    let opened = File::open(file);
    let mut document = opened.map_err(|error| format!("{file}: {}", error.kind()))?;
    let mut sealer = doors.vault.seal(&raw, partner).map_err(told)?;
    io::copy(&mut document, &mut sealer).map_err(|error| told(failure(&error)))?;
    sealer.finish().map_err(told)?;
    let task = Task::Decrypt {
        raw,
        direction: Direction::Inbound,
    };
    put(&Message {
        job: arrival.following(task.step(), 0).to_string(),
        arrival: arrival.to_string(),
        partner: partner.to_owned(),
        received_ms: doors.clock.now_ms(),
        task,
    })?;
    Ok(true)
}

/// Does the jobs of one step, message by message; whether all were done.
fn work(embedded: &Embedded, step: &str) -> Result<bool, String> {
    let mut all_done = true;
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| format!("the queue: {}", error.kind()))?;
        let message: Message =
            serde_json::from_str(&line).map_err(|_| "the queue: a line is no message")?;
        if message.task.step().name() == step {
            all_done &= perform(embedded, &message)?;
        } else {
            put(&message)?;
        }
    }
    Ok(all_done)
}

/// One job, from its message to settling it; whether it was done.
fn perform(embedded: &Embedded, message: &Message) -> Result<bool, String> {
    let (id, arrival) = (message.job.parse()?, message.arrival.parse()?);
    let job = Job {
        received_ms: message.received_ms,
        ..Job::told(id, arrival, &message.partner, message.task.clone())
    };
    match (embedded.stage)(&job, &embedded.doors) {
        Ok(outcome) => {
            // Your ledger records both, in one transaction; then the queue gets what follows; then the message is confirmed.
            record(&job, &outcome);
            for (ordinal, task) in (0..).zip(&outcome.next) {
                put(&Message {
                    job: id.following(task.step(), ordinal).to_string(),
                    arrival: message.arrival.clone(),
                    partner: message.partner.clone(),
                    received_ms: message.received_ms,
                    task: task.clone(),
                })?;
            }
            Ok(true)
        }
        Err(failure) => {
            let fate = match failure {
                Failure::Transient(_) => "to be done again later",
                Failure::Permanent(_) => "a dead letter",
                Failure::Quarantine(_) => "to be quarantined",
            };
            eprintln!("{} {id}: {fate}: {failure}", job.task.step().name());
            Ok(false)
        }
    }
}

/// What a ledger would record: the stage's word, what became known, and what was found wrong, by code.
fn record(job: &Job, outcome: &Outcome) {
    let (step, id) = (job.task.step().name(), job.id);
    let (note, facts) = (&outcome.note, outcome.facts.len());
    eprintln!("{step} {id}: done: {note}; {facts} facts");
    for (wrong, times) in &outcome.wrong.0 {
        eprintln!("{step} {id}: {} {}: {times}", wrong.what, wrong.code);
    }
}

/// Puts a message into the queue.
fn put(message: &Message) -> Result<(), String> {
    let line = serde_json::to_string(message).map_err(|_| "a message could not be written")?;
    let written = writeln!(io::stdout(), "{line}");
    written.map_err(|error| format!("the queue: {}", error.kind()))
}

fn said(stop: Stop) -> String {
    stop.what
}

fn told(failure: Failure) -> String {
    failure.to_string()
}
