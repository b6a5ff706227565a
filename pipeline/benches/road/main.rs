//! Speed and peak memory of the whole road: the real command in made-up home folders, from the first look to nothing left.
//!
//! `cargo bench -p x12-pipeline --bench road [-- BYTES [FILES [WORD…]]]`: BYTES of the large file, FILES that are small, and only the
//! houses in whose names are all WORDs (such as `servers plain`). Linux only, since it reads `/proc`. A run that is killed, hangs, or leaves anything undone fails. Beside the servers that `.ci/with-postgres`,
//! `.ci/with-rabbitmq` and `.ci/with-s3` start, the same is measured with them, and what the broker alone does.

mod broker;
#[path = "../../../x12-parser/benches/document.rs"]
mod document;
mod house;
mod run;

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use house::{House, PARTNER, Servers, claim, measure};
use run::{Usage, cpu_ms, run};
use x12_parser::{AcknowledgmentOptions, CountingNumbers, Options, Per, Shape, Ta1Policy};

fn main() -> ExitCode {
    measure("bench-road", bench)
}

fn bench(folder: &Path) -> io::Result<()> {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<usize>().ok());
    let bytes = numbers.next().unwrap_or(100_000_000);
    let files = numbers.next().unwrap_or(1000);
    let mut out = io::stdout();
    let servers = Servers::given();
    if files > 0 {
        small(&mut out, folder, files, servers.as_ref())?;
    }
    if bytes > 0 {
        large(&mut out, folder, bytes, servers.as_ref())?;
    }
    Ok(())
}

/// Many files of one claim each.
fn small(
    out: &mut impl Write,
    folder: &Path,
    files: usize,
    servers: Option<&Servers>,
) -> io::Result<()> {
    head(
        out,
        &format!("{files} files, a claim each"),
        ["files/s", "CPU ms/file", "peak KiB"],
    )?;
    for (is_encrypted, beside) in kinds(servers) {
        let house = House::new(folder, is_encrypted, beside)?;
        for number in 1..=files {
            house.receive(&format!("{number}.edi"), claim(number)?.as_bytes())?;
        }
        let usage = run(&house, files, files)?;
        let cells = [
            files as u64 * 1000 / usage.wall_ms.max(1),
            usage.cpu_ms / files as u64,
            usage.peak_kib,
        ];
        row(out, name(is_encrypted, beside), cells)?;
        if let Some(servers) = beside {
            let per_second = broker::serial_confirms(&servers.rabbitmq)?;
            let per_core = files as u64 * 1000 / usage.cpu_ms.max(1);
            let percent = per_core * 100 / per_second.max(1);
            writeln!(
                out,
                "  the broker alone confirms {per_second} messages/s one by one: {percent} % of that is {per_core} files/s and worker core"
            )?;
        }
    }
    Ok(())
}

/// Encrypted or not, in the house alone, and beside servers if there are any; what the command line asks for of these.
fn kinds(servers: Option<&Servers>) -> Vec<(bool, Option<&Servers>)> {
    let mut kinds = vec![(true, None), (false, None)];
    if servers.is_some() {
        kinds.extend([(true, servers), (false, servers)]);
    }
    let is_word = |word: &String| !word.starts_with('-') && word.parse::<usize>().is_err();
    let words: Vec<_> = std::env::args().skip(1).filter(is_word).collect();
    kinds.retain(|(is_encrypted, beside)| {
        let name = name(*is_encrypted, *beside);
        words.iter().all(|word| name.contains(word))
    });
    kinds
}

/// One large file, beside the same work without the road: what sequoia and the parser take for it, one after the other.
fn large(
    out: &mut impl Write,
    folder: &Path,
    bytes: usize,
    servers: Option<&Servers>,
) -> io::Result<()> {
    let document = folder.join("large.edi");
    let mut file = BufWriter::new(File::create(&document)?);
    document::write(&mut file, bytes, 100)?;
    file.flush()?;
    let message = folder.join("large.pgp");
    PARTNER.seal_file(&document, &message)?;
    head(
        out,
        &format!("{} MB in one file", bytes / 1_000_000),
        ["MB/s", "MB/s CPU", "peak KiB"],
    )?;
    let decrypt = cpu_ms(|| PARTNER.open_as_us(&message))?;
    let parse = parser(&document)?;
    for (name, ms) in [
        ("sequoia alone: decrypt", decrypt),
        ("x12-parser alone: json, validate, ack", parse),
    ] {
        row(out, name, [0, per_ms(bytes, ms), 0])?;
    }
    for (is_encrypted, beside) in kinds(servers) {
        let (file, alone_ms) = match is_encrypted {
            true => (&message, decrypt + parse),
            false => (&document, parse),
        };
        let house = House::new(folder, is_encrypted, beside)?;
        house.take(file)?;
        let usage = run(&house, 1, bytes / 1_000_000)?;
        let name = name(is_encrypted, beside);
        of_large(out, bytes, (name, &usage, alone_ms))?;
    }
    Ok(())
}

fn of_large(
    out: &mut impl Write,
    bytes: usize,
    (name, usage, alone_ms): (&str, &Usage, u64),
) -> io::Result<()> {
    let (wall, cpu) = (per_ms(bytes, usage.wall_ms), per_ms(bytes, usage.cpu_ms));
    row(out, name, [wall, cpu, usage.peak_kib])?;
    let percent = usage.cpu_ms * 100 / alone_ms.max(1);
    writeln!(out, "  {percent} % of the CPU time of what it does alone")?;
    for (step, ms) in &usage.steps {
        writeln!(out, "  {step:<12} {ms:>6} ms")?;
    }
    Ok(())
}

/// CPU time of the three readings of the road, without the road.
fn parser(document: &Path) -> io::Result<u64> {
    let options = Options::default();
    let open = || File::open(document).map(|file| BufReader::with_capacity(1 << 16, file));
    cpu_ms(|| {
        let done = x12_parser::to_json(open()?, io::sink(), Shape::Loops, Per::Set, &options);
        done.map_err(io::Error::other)?;
        let done = x12_parser::validate(open()?, &options, |_| Ok(()));
        done.map_err(io::Error::other)?;
        let numbers = CountingNumbers::default();
        let mut how = AcknowledgmentOptions::new("20261126", "1200", numbers);
        how.ta1 = Ta1Policy::Always;
        let done = x12_parser::acknowledge(open()?, io::sink(), &mut how, &options, |_| Ok(()));
        done.map_err(io::Error::other)
    })
}

fn name(is_encrypted: bool, servers: Option<&Servers>) -> &'static str {
    match (is_encrypted, servers) {
        (true, None) => "encrypted and signed, both ways",
        (false, None) => "plain",
        (true, Some(_)) => "the same beside servers, encrypted",
        (false, Some(_)) => "the same beside servers, plain",
    }
}

fn per_ms(bytes: usize, ms: u64) -> u64 {
    bytes as u64 / 1000 / ms.max(1)
}

fn head(out: &mut impl Write, name: &str, columns: [&str; 3]) -> io::Result<()> {
    let [a, b, c] = columns;
    writeln!(out, "{name:<40} {a:>12} {b:>12} {c:>10}")
}

/// A row; what was not measured is a dash.
fn row(out: &mut impl Write, name: &str, cells: [u64; 3]) -> io::Result<()> {
    let [a, b, c] = cells.map(|cell| match cell {
        0 => "–".to_owned(),
        cell => cell.to_string(),
    });
    writeln!(out, "{name:<40} {a:>12} {b:>12} {c:>10}")
}
