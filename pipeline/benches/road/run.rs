//! Runs the command in a home folder, and measures it from outside: what the kernel counts, and when its log says what.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::house::House;

/// The kernel counts process times in hundredths of a second (`getconf CLK_TCK`).
const TICK_MS: u64 = 10;

/// How long a run may take at all; so much more for each unit of work.
const PATIENCE: Duration = Duration::from_secs(120);
const PATIENCE_EACH: Duration = Duration::from_secs(1);

/// What a run took.
pub struct Usage {
    /// From the first look at the folders to the end of the last job.
    pub wall_ms: u64,
    /// User and system.
    pub cpu_ms: u64,
    /// `VmHWM`.
    pub peak_kib: u64,
    /// Milliseconds of all jobs of each step.
    pub steps: BTreeMap<String, u64>,
}

/// Runs until nothing is left; as many files must have been forwarded and answered. `work` is in units that take less than a second.
pub fn run(house: &House, files: usize, work: usize) -> io::Result<Usage> {
    let log = house.home.join("log.ndjson");
    let child = Command::new(env!("CARGO_BIN_EXE_x12-pipeline"))
        .arg("--home")
        .arg(&house.home)
        .args(["--log", "json", "run", "--until-idle"])
        .env_remove("RUST_LOG")
        // Libraries would write down a call stack with each error that they recover from.
        .env_remove("RUST_BACKTRACE")
        .stdout(Stdio::null())
        .stderr(File::create(&log)?)
        .spawn()?;
    let patience = PATIENCE + PATIENCE_EACH * u32::try_from(work).unwrap_or(u32::MAX);
    let (cpu_ms, peak_kib) = watch(child, patience)?;
    for (folder, what) in [
        ("backend/received/acme", "forwarded"),
        ("exchange/acme/out", "answered"),
    ] {
        let count = house.files(folder).len();
        if count != files {
            return Err(io::Error::other(format!(
                "{count} of {files} files were {what}"
            )));
        }
    }
    let (wall_ms, steps) = read(BufReader::new(File::open(log)?))?;
    Ok(Usage {
        wall_ms,
        cpu_ms,
        peak_kib,
        steps,
    })
}

/// CPU time and peak memory of a child until it ends well; memory is read while it runs, CPU time when it is not yet waited for.
fn watch(mut child: Child, patience: Duration) -> io::Result<(u64, u64)> {
    let begun = Instant::now();
    let mut peak_kib = 0;
    loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id()))?;
        let kib = line(&status, "VmHWM:").split(' ').next();
        let kib = kib.and_then(|kib| kib.parse().ok()).unwrap_or(0);
        peak_kib = kib.max(peak_kib);
        if line(&status, "State:").starts_with('Z') {
            break;
        }
        if begun.elapsed() > patience {
            // It is ours, and does nothing useful any more.
            child.kill()?;
            child.wait()?;
            return Err(io::Error::other(format!(
                "the run did not end within {patience:?}, and was stopped"
            )));
        }
        sleep(Duration::from_millis(5));
    }
    let cpu_ms = ticks(&child.id().to_string())? * TICK_MS;
    let status = child.wait()?;
    match status.signal() {
        Some(signal) => Err(io::Error::other(format!(
            "the run was killed by signal {signal} (9: often for want of memory), with {peak_kib} KiB at its peak"
        ))),
        None if status.success() => Ok((cpu_ms, peak_kib)),
        None => Err(io::Error::other(format!("the run failed: {status}"))),
    }
}

fn line<'s>(status: &'s str, key: &str) -> &'s str {
    let mut lines = status.lines();
    lines
        .find_map(|line| line.strip_prefix(key))
        .unwrap_or_default()
        .trim()
}

/// User and system time of a process.
fn ticks(process: &str) -> io::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    // utime and stime are fields 14 and 15; the first behind the name is field 3.
    let times = after_name.split_whitespace().skip(11).take(2);
    Ok(times.filter_map(|ticks| ticks.parse::<u64>().ok()).sum())
}

/// CPU time of work in this process.
pub fn cpu_ms(work: impl FnOnce() -> io::Result<()>) -> io::Result<u64> {
    let before = ticks("self")?;
    work()?;
    Ok((ticks("self")? - before) * TICK_MS)
}

/// What a line of the log says.
#[derive(Deserialize)]
struct Line {
    timestamp: String,
    message: String,
    #[serde(default)]
    step: String,
    #[serde(default)]
    ms: u64,
}

/// Milliseconds from the first look to the last job, and those of each step.
fn read(log: impl BufRead) -> io::Result<(u64, BTreeMap<String, u64>)> {
    let mut steps = BTreeMap::new();
    let (mut first, mut last) = (None, None);
    for line in log.lines() {
        let line: Line = serde_json::from_str(&line?)?;
        let at: jiff::Timestamp = line.timestamp.parse().map_err(io::Error::other)?;
        match line.message.as_str() {
            "running" => first = Some(at),
            "done" => {
                last = Some(at);
                *steps.entry(line.step).or_default() += line.ms;
            }
            _ => {}
        }
    }
    let (Some(first), Some(last)) = (first, last) else {
        return Err(io::Error::other("nothing was done"));
    };
    let ms = last.as_millisecond() - first.as_millisecond();
    Ok((u64::try_from(ms).unwrap_or_default(), steps))
}
