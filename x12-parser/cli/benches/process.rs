//! Speed and peak memory of the whole command: CPU seconds of user and system, as the kernel counts them.
//!
//! `cargo bench -p x12conv [-- BYTES]`; files are made under `target/bench`. Linux only, since it reads `/proc`.

#[path = "../../benches/document.rs"]
mod document;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const RUNS: usize = 5;
/// The kernel counts process times in hundredths of a second (`getconf CLK_TCK`).
const TICK_MS: u64 = 10;

fn main() -> io::Result<()> {
    let mut sizes = std::env::args().filter_map(|argument| argument.parse::<usize>().ok());
    let bytes = sizes.next().unwrap_or(100_000_000);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench");
    fs::create_dir_all(&folder)?;
    let (many, one) = (folder.join("many-sets.x12"), folder.join("one-set.x12"));
    document::write(&mut io::BufWriter::new(File::create(&many)?), bytes, 100)?;
    document::write(&mut io::BufWriter::new(File::create(&one)?), bytes, 0)?;
    let json = folder.join("many-sets.json");
    run(&["json"], &many, Some(&json))?;
    let mut out = io::stdout();
    writeln!(
        out,
        "{:<34} {:>12} {:>10}",
        format!("{} MB of 837P, {RUNS} runs", bytes / 1_000_000),
        "MB/s CPU",
        "peak KiB"
    )?;
    let rows: [(&str, &[&str], &Path); 9] = [
        (
            "json --shape segments",
            &["json", "--shape", "segments"],
            &many,
        ),
        ("json --shape loops", &["json"], &many),
        ("json --shape loops, one set", &["json"], &one),
        ("json --per claim", &["json", "--per", "claim"], &many),
        ("validate", &["validate"], &many),
        ("validate, one set", &["validate"], &one),
        ("ack", &["ack"], &many),
        ("x12 from loops", &["x12"], &json),
        ("json --shape loops -j 2", &["json", "-j", "2"], &many),
    ];
    for (name, arguments, input) in rows {
        let mut runs = (0..RUNS)
            .map(|_| run(arguments, input, None))
            .collect::<io::Result<Vec<Usage>>>()?;
        runs.sort_by_key(|usage| usage.cpu_ms);
        let Usage { cpu_ms, .. } = runs[RUNS / 2];
        let peak = runs
            .iter()
            .map(|usage| usage.peak_kib)
            .max()
            .unwrap_or_default();
        writeln!(
            out,
            "{name:<34} {:>12} {peak:>10}",
            bytes as u64 / 1000 / cpu_ms.max(1)
        )?;
    }
    scaling(&mut out, &many)
}

/// Two threads on one file beside two processes of one thread on the same file.
fn scaling(out: &mut impl Write, input: &Path) -> io::Result<()> {
    let mut ratios = Vec::new();
    for _ in 0..RUNS {
        let alone = Instant::now();
        let pair = [
            spawn(&["json"], input, None)?,
            spawn(&["json"], input, None)?,
        ];
        for mut child in pair {
            child.wait()?;
        }
        let two_processes = alone.elapsed();
        let together = Instant::now();
        spawn(&["json", "-j", "2"], input, None)?.wait()?;
        // Two processes do the work twice, so one file with two threads should take half their time.
        ratios.push(two_processes.as_micros() * 50 / together.elapsed().as_micros().max(1));
    }
    ratios.sort_unstable();
    writeln!(
        out,
        "two threads give {} % of what two independent processes give (median of {RUNS})",
        ratios[RUNS / 2]
    )
}

struct Usage {
    cpu_ms: u64,
    peak_kib: u64,
}

fn spawn(arguments: &[&str], input: &Path, output: Option<&Path>) -> io::Result<Child> {
    let to = match output {
        Some(path) => File::create(path)?.into(),
        None => Stdio::null(),
    };
    Command::new(env!("CARGO_BIN_EXE_x12conv"))
        .args(arguments)
        .arg(input)
        .stdout(to)
        .stderr(Stdio::null())
        .spawn()
}

/// Runs the command once; memory is read while it runs, CPU time when it has ended and is not yet waited for.
fn run(arguments: &[&str], input: &Path, output: Option<&Path>) -> io::Result<Usage> {
    let mut child = spawn(arguments, input, output)?;
    let process = PathBuf::from(format!("/proc/{}", child.id()));
    let mut peak_kib = 0;
    loop {
        let status = fs::read_to_string(process.join("status"))?;
        let line = |key: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(key))
                .unwrap_or_default()
                .trim()
                .to_owned()
        };
        peak_kib = line("VmHWM:")
            .split(' ')
            .next()
            .and_then(|kib| kib.parse().ok())
            .unwrap_or(0)
            .max(peak_kib);
        if line("State:").starts_with('Z') {
            break;
        }
        sleep(Duration::from_millis(2));
    }
    let stat = fs::read_to_string(process.join("stat"))?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    // utime and stime are fields 14 and 15; the first behind the name is field 3.
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum();
    child.wait()?;
    Ok(Usage {
        cpu_ms: ticks * TICK_MS,
        peak_kib,
    })
}
