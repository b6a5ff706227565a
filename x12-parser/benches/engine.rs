//! Speed of the library as a ratio to a plain scan for the terminator over the same bytes, and worst cases at n, 2n and 4n.
//!
//! The two are interleaved in the same run and the median of nine is taken: times on a shared machine are noisy, ratios less.

mod document;

use std::hint::black_box;
use std::io::{self, Read};
use std::time::{Duration, Instant};

use x12_parser::{
    AcknowledgmentOptions, Addresses, Catalog, ControlNumber, CountingNumbers, Envelope,
    GroupAddress, InterchangeAddress, Limits, Options, Per, Shape, acknowledge, readdress, to_json,
    to_x12, validate,
};

const BYTES: usize = 8 << 20;
const RUNS: usize = 9;

fn main() -> Result<(), x12_parser::Error> {
    let mut x12 = Vec::new();
    document::write(&mut x12, BYTES, 100)?;
    let mut loops = Vec::new();
    to_json(
        &x12[..],
        &mut loops,
        Shape::Loops,
        Per::Document,
        &Options::default(),
    )?;
    let mut named = Vec::new();
    to_json(
        &x12[..],
        &mut named,
        Shape::Named,
        Per::Document,
        &Options::default(),
    )?;
    let mut out = String::from("operation            MB/s of X12   times the scan\n");
    for (name, run) in operations(&x12, &loops, &named) {
        let (scan, took) = interleaved(&x12, run)?;
        let rate = u128::from(x12.len() as u64) * 1000 / took.as_nanos().max(1);
        let tenths = took.as_nanos() * 10 / scan.as_nanos().max(1);
        out += &format!(
            "{name:<20} {rate:>8}      {:>8}.{}\n",
            tenths / 10,
            tenths % 10
        );
    }
    out += &loading();
    out += "\nworst case                     n        2n        4n   (ms)\n";
    for (name, case) in WORST {
        out += &format!("{name:<24}");
        for factor in [1, 2, 4] {
            let begun = Instant::now();
            // An error with a name is as good an end as a list of findings.
            let _ = black_box(case(factor));
            out += &format!("{:>10}", begun.elapsed().as_millis());
        }
        out += "\n";
    }
    io::Write::write_all(&mut io::stdout(), out.as_bytes())?;
    Ok(())
}

type Operation<'a> = Box<dyn Fn() -> Result<(), x12_parser::Error> + 'a>;

/// How long the tables of all guides take to be loaded, and by how much the memory of the process grows.
fn loading() -> String {
    let before = resident();
    let begun = Instant::now();
    let catalog = Catalog::builtin();
    let guides: Vec<_> = catalog
        .entries()
        .into_iter()
        .filter_map(|entry| catalog.guide_of_set(entry.id, entry.set))
        .collect();
    let took = begun.elapsed().as_micros();
    let grown = resident().saturating_sub(before);
    let count = black_box(&guides).len();
    format!(
        "\n{count} guides load in {}.{} ms and {grown} KiB\n",
        took / 1000,
        took % 1000 / 100
    )
}

/// Memory of this process, in KiB; 0 where the system does not say.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let words = line.and_then(|line| line.split_whitespace().next());
    words
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

fn operations<'a>(
    x12: &'a [u8],
    loops: &'a [u8],
    named: &'a [u8],
) -> [(&'static str, Operation<'a>); 8] {
    let json = |shape| move || to_json(x12, io::sink(), shape, Per::Document, &Options::default());
    [
        ("json segments", Box::new(json(Shape::Segments))),
        ("json loops", Box::new(json(Shape::Loops))),
        ("json named", Box::new(json(Shape::Named))),
        (
            "validate",
            Box::new(move || validate(x12, &Options::default(), |_| Ok(())).map(|_| ())),
        ),
        ("acknowledge", Box::new(move || answer(x12))),
        (
            "readdress",
            Box::new(move || {
                readdress(x12, io::sink(), &mut Forward, &Options::default()).map(|_| ())
            }),
        ),
        (
            "x12 from loops",
            Box::new(move || to_x12(loops, io::sink(), &Limits::default()).map(|_| ())),
        ),
        (
            "x12 from named",
            Box::new(move || to_x12(named, io::sink(), &Limits::default()).map(|_| ())),
        ),
    ]
}

fn answer(x12: impl Read + Send) -> Result<(), x12_parser::Error> {
    let mut how = AcknowledgmentOptions::new("20261123", "1200", CountingNumbers::default());
    acknowledge(x12, io::sink(), &mut how, &Options::default(), |_| Ok(()))
}

/// Sends everything on as it is, under other control numbers.
struct Forward;

impl Addresses for Forward {
    fn interchange(
        &mut self,
        received: &Envelope,
    ) -> Result<InterchangeAddress, x12_parser::Error> {
        Ok(InterchangeAddress::received(received, ControlNumber::LAST))
    }

    fn group(&mut self, received: &Envelope) -> Result<GroupAddress, x12_parser::Error> {
        Ok(GroupAddress::received(received, ControlNumber::LAST))
    }
}

/// Medians of the plain scan and of the operation.
fn interleaved(x12: &[u8], run: Operation<'_>) -> Result<(Duration, Duration), x12_parser::Error> {
    let (mut scans, mut runs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let begun = Instant::now();
        black_box(memchr::memchr_iter(b'~', x12).fold(0, |sum, at| sum ^ at));
        scans.push(begun.elapsed());
        let begun = Instant::now();
        run()?;
        runs.push(begun.elapsed());
    }
    scans.sort_unstable();
    runs.sort_unstable();
    Ok((scans[RUNS / 2], runs[RUNS / 2]))
}

type Case = fn(u64) -> Result<(), x12_parser::Error>;

/// The worst cases of reliability §8.2, S14, and what else could be quadratic.
const WORST: [(&str, Case); 8] = [
    ("HL chain 250,000", |n| {
        check(repeated(|i| format!("HL*{}*{i}*22*1~", i + 1), 250_000 * n))
    }),
    ("HL citing itself", |n| {
        check(repeated(|i| format!("HL*{i}*{i}*22*1~"), 250_000 * n))
    }),
    ("empty segments 2.5 M", |n| {
        check(repeated(|_| "~".to_owned(), 2_500_000 * n))
    }),
    ("elements 250,000", |n| {
        check(once(&"*A".repeat(250_000 * n as usize)))
    }),
    ("element 64 MiB", |n| {
        check(once(&"A".repeat((64 << 20) * n as usize)))
    }),
    ("no terminator 16 MiB", |n| {
        check(io::Cursor::new(vec![b'A'; (16 << 20) * n as usize]))
    }),
    ("unexpected segments", |n| {
        check(repeated(
            |i| format!("CLM*{i}*1***11:B:1*Y*A*Y*Y~"),
            100_000 * n,
        ))
    }),
    ("nested JSON 2.5 MiB", |n| {
        to_x12(
            io::repeat(b'[').take((10 << 20) / 4 * n),
            io::sink(),
            &Limits::default(),
        )
        .map(|_| ())
    }),
];

fn check(x12: impl Read + Send) -> Result<(), x12_parser::Error> {
    validate(x12, &Options::default(), |_| Ok(())).map(|_| ())
}

const START: &str = "ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*000000001*0*T*:~\
GS*HC*MADEUP*RECEIVER*20261123*1200*1*X*005010X222A1~ST*837*0001*005010X222A1~";

fn once(segment: &str) -> impl Read + Send + use<> {
    io::Cursor::new(format!("{START}NM1{segment}~"))
}

fn repeated(segment: impl Fn(u64) -> String, times: u64) -> impl Read + Send {
    io::Cursor::new(START.to_owned() + &(1..=times).map(segment).collect::<String>())
}
