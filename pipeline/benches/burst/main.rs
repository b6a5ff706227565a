//! A burst of files into a house whose workers `x12-pipeline scale` starts and ends, while some of them are killed at random.
//!
//! `.ci/with-postgres .ci/with-rabbitmq .ci/with-s3s cargo bench -p x12-pipeline --bench burst [-- FILES]`. It fails if anything is lost
//! or doubled, or if the rule's simulation does not tell how long it takes within a fifth; it writes `docs/burst.svg`. Linux only, since it
//! reads `/proc`.

#[path = "../../tests/road/children.rs"]
mod children;
#[path = "../../../x12-parser/benches/document.rs"]
mod document;
// Here a part of it is used.
#[allow(dead_code)]
#[path = "../road/house.rs"]
mod house;
mod log;
// The same.
#[allow(dead_code)]
#[path = "../../tests/scaling/model.rs"]
mod model;
mod plot;
mod workers;

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use house::{House, Servers, claim, measure};
use log::Told;
use model::Model;
use workers::{Seen, Workers};
use x12_pipeline::scaling::{Scaler, Scaling};

/// Files of a small burst before, from which the rule learns what a worker does.
const WARM: usize = 300;

/// What is wanted; each worker does one file at a time, so that there is work for many on a small machine.
const SCALING: Scaling = Scaling {
    floor: 1,
    ceiling: 6,
    drain_ms: 90_000,
    cool_down_ms: 20_000,
    jobs: 1,
};

/// How often a worker is killed.
const KILL: Duration = Duration::from_secs(8);

/// How long all may take.
const PATIENCE: Duration = Duration::from_secs(1800);

fn main() -> ExitCode {
    measure("bench-burst", bench)
}

fn bench(folder: &Path) -> io::Result<()> {
    let files = std::env::args().find_map(|argument| argument.parse().ok());
    let files = files.unwrap_or(10_000);
    let nothing = "nothing is measured without the servers of .ci/with-postgres, .ci/with-rabbitmq and .ci/with-s3s";
    let servers = Servers::given().ok_or_else(|| io::Error::other(nothing))?;
    let house = House::new(folder, false, Some(&servers))?;
    configure(&house)?;
    let mut workers = Workers::start(&house.home)?;
    leave(&house, 1..=WARM)?;
    await_end(&house, WARM, &mut workers)?;
    let begun = Instant::now();
    leave(&house, WARM + 1..=WARM + files)?;
    workers.kill_from_now(KILL);
    await_end(&house, WARM + files, &mut workers)?;
    let seen = workers.end(begun)?;
    check(&house, WARM + files)?;
    let told = log::read(&house.home.join("log.ndjson"), WARM)?;
    report(files, &told, &seen)
}

/// Writes down what is wanted, behind where the servers are.
fn configure(house: &House) -> io::Result<()> {
    let Scaling {
        floor,
        ceiling,
        drain_ms,
        cool_down_ms,
        jobs,
    } = SCALING;
    let (drain_s, cool_down_s) = (drain_ms / 1000, cool_down_ms / 1000);
    let mut config = OpenOptions::new()
        .append(true)
        .open(house.home.join("config.toml"))?;
    write!(
        config,
        "[scale]\nfloor = {floor}\nceiling = {ceiling}\ndrain_s = {drain_s}\ncool_down_s = {cool_down_s}\n\
         [work]\njobs = {jobs}\nlease_s = 10\n"
    )
}

/// Leaves files, each with an interchange control number of its own.
fn leave(house: &House, numbers: std::ops::RangeInclusive<usize>) -> io::Result<()> {
    for number in numbers {
        house.receive(&format!("{number}.edi"), claim(number)?.as_bytes())?;
    }
    Ok(())
}

/// Waits until so many files were forwarded and answered, and no more workers are there than must be.
fn await_end(house: &House, files: usize, workers: &mut Workers) -> io::Result<()> {
    let begun = Instant::now();
    let is_done = |folder| house.files(folder).len() >= files;
    while !(is_done("backend/received/acme") && is_done("exchange/acme/out")) {
        if begun.elapsed() > PATIENCE {
            return Err(io::Error::other("it does not end"));
        }
        workers.look()?;
        sleep(Duration::from_millis(100));
    }
    workers.kill_no_more();
    while workers.look()? != SCALING.floor as usize {
        if begun.elapsed() > PATIENCE {
            return Err(io::Error::other("the workers do not go"));
        }
        sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Each file was forwarded once, and answered once: by the control numbers of what lies there.
fn check(house: &House, files: usize) -> io::Result<()> {
    for (folder, number) in [
        ("backend/received/acme", as_json as fn(&str) -> Option<u32>),
        ("exchange/acme/out", as_x12),
    ] {
        let mut numbers = Vec::new();
        for file in house.files(folder) {
            numbers.extend(number(&fs::read_to_string(file)?));
        }
        let all: BTreeSet<_> = numbers.iter().copied().collect();
        let wanted: BTreeSet<_> = (1..=u32::try_from(files).unwrap_or(u32::MAX)).collect();
        let lost = wanted.difference(&all).count();
        let doubled = numbers.len() - all.len();
        if (lost, doubled, numbers.len()) != (0, 0, files) {
            let counted = format!(
                "{folder}: {lost} lost, {doubled} doubled, of {}",
                numbers.len()
            );
            return Err(io::Error::other(counted));
        }
    }
    Ok(())
}

/// ISA13 of a document as JSON.
fn as_json(text: &str) -> Option<u32> {
    let (_, isa) = text.split_once("\"seg\":\"ISA\"")?;
    let (_, behind) = isa.split_once("\"13\":\"")?;
    behind.get(..9)?.parse().ok()
}

/// ISA13 of an answer.
fn as_x12(text: &str) -> Option<u32> {
    text.split('*').nth(13)?.parse().ok()
}

/// How long the rule's simulation says that it takes, in milliseconds: the same small burst before, the same files as they were taken in,
/// the same kills, and workers of the rate that the rule had learned.
fn simulated(files: usize, told: &Told, seen: &Seen) -> u64 {
    let (mut model, mut scaler) = (Model::new(told.rate(), SCALING), Scaler::new(SCALING));
    model.burst(WARM);
    while !model.waiting.is_empty() || model.workers.len() > 1 {
        model.run(&mut scaler, 1_000, |_| 0);
    }
    let begun = model.now_ms;
    let taking = told.taken_in_ms.max(1);
    let mut kills = seen.kills_ms().into_iter().peekable();
    while model.now_ms < begun + taking || !model.waiting.is_empty() {
        let passed = model.now_ms - begun;
        while kills.next_if(|&at| at <= passed).is_some() {
            model.workers.pop();
        }
        // Jobs of a thousand seconds.
        let come = if passed < taking {
            files as u64 * 1_000_000 / taking
        } else {
            0
        };
        model.run(&mut scaler, 100, |_| come);
    }
    model.now_ms - begun
}

fn report(files: usize, told: &Told, seen: &Seen) -> io::Result<()> {
    let told_before = simulated(files, told, seen);
    let (drained, all) = (told.drained_ms, seen.all_ms());
    let kills = seen.kills_ms();
    let most = told
        .looks
        .iter()
        .map(|look| look.workers)
        .max()
        .unwrap_or(0);
    let mut out = io::stdout();
    writeln!(
        out,
        "{files} files at once, a claim each: lost 0, doubled 0"
    )?;
    writeln!(
        out,
        "workers 1 → {most} → 1, {} of them killed; {} worker-seconds",
        kills.len(),
        seen.worker_ms() / 1000
    )?;
    writeln!(out, "taken in after {} s", told.taken_in_ms / 1000)?;
    writeln!(
        out,
        "the queue was drained after {} s; all was delivered and the workers had gone after {} s",
        drained / 1000,
        all / 1000
    )?;
    writeln!(
        out,
        "the simulation says {} s, with {} files/s of a worker",
        told_before / 1000,
        told.rate() / 1000
    )?;
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs");
    fs::create_dir_all(&docs)?;
    fs::write(
        docs.join("burst.svg"),
        plot::burst(files, &told.looks, &kills),
    )?;
    if told_before.abs_diff(drained) * 5 > drained {
        return Err(io::Error::other(
            "the simulation is off by more than a fifth",
        ));
    }
    Ok(())
}
