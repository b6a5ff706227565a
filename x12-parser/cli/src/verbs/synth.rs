//! `x12conv synth`: made-up documents of a guide.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use x12_parser::Catalog;
use x12_schemas::table::Guide;

use crate::arguments::OutputArguments;
use crate::input::harmless;
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::report::failure;
use crate::session::Session;
use crate::synth::{Fault, Plan, Planted, Synth, Totals};

/// Examples of `synth`, first in its help.
pub const EXAMPLES: &str = "\
Examples:
  x12conv synth 837P > claims.x12                          twenty ordinary claims
  x12conv synth 835 --bytes 100MB -o large.x12             many transaction sets
  x12conv synth 837P --sets 1 --bytes 1GB > huge.x12       one huge transaction set
  x12conv synth 837P --rich 100 --seed 7 --newlines        everything that the guide allows
  x12conv synth 837P --fault bad-code --count 3            with faults; where they are is told on stderr

Nobody is meant: names, numbers and addresses are made up. The same seed gives the same bytes.";

/// Arguments of `synth`.
#[derive(Debug, Args)]
pub struct SynthArguments {
    /// The guide, by its identifier or its transaction set: `005010X222A1`, `837P`, `835`
    #[arg(value_name = "GUIDE|SET")]
    guide: String,
    /// What the choice of everything follows from
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Transaction sets [default: 1; with `--bytes` as many as it takes]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    sets: Option<u64>,
    /// Claims, payments or members of each transaction set [default: 20; with `--sets` and `--bytes` as many as it takes]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    claims: Option<u64>,
    /// How large the document is to become, about: `5000`, `64KiB`, `100MB`, `1GB`
    #[arg(long, value_name = "SIZE", value_parser = size)]
    bytes: Option<u64>,
    /// How much stands of what the guide allows: 0 what must, 20 what is usual, 100 everything
    #[arg(long, value_name = "0..100", default_value_t = 20, value_parser = clap::value_parser!(u8).range(0..=100))]
    rich: u8,
    /// Break the line after each segment
    #[arg(long)]
    newlines: bool,
    /// Plant faults of a kind
    #[arg(long, value_enum, value_name = "KIND")]
    fault: Option<Fault>,
    /// How many faults
    #[arg(long, value_name = "N", default_value_t = 1, requires = "fault")]
    count: u64,
    /// Write where the faults are to this file, a line of JSON each [default: stderr]
    #[arg(long, value_name = "FILE", requires = "fault")]
    manifest: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
}

/// Writes one interchange.
pub fn run(arguments: &SynthArguments, mut session: Session) -> Outcome {
    let guide = match guide(&session.options.catalog, &arguments.guide) {
        Ok(guide) => guide,
        Err(message) => return could_not(&mut session, "guide", &message),
    };
    let mut output = match Output::open(&arguments.output) {
        Ok(output) => output,
        Err(error) => {
            return could_not(
                &mut session,
                "output",
                &format!("cannot write the output: {error}"),
            );
        }
    };
    let written = Synth::new(guide, arguments.seed).write(&plan(arguments), &mut output);
    let told = written.map_err(Failure::from).and_then(|totals| {
        tell(arguments, &mut session, &totals)?;
        Ok(Outcome::Yes)
    });
    let outcome = match told {
        Ok(outcome) => outcome,
        Err(Failure::Closed) => return Outcome::Yes,
        Err(failure) => failure::tell_output(&mut session, &failure),
    };
    match output.finish(outcome).map_err(Failure::from) {
        Ok(()) | Err(Failure::Closed) => outcome,
        Err(failure) => failure::tell_output(&mut session, &failure),
    }
}

fn could_not(session: &mut Session, kind: &str, message: &str) -> Outcome {
    failure::plain(&mut session.talk, kind, None, message);
    Outcome::CouldNot
}

fn plan(arguments: &SynthArguments) -> Plan {
    let sized = arguments.bytes.is_some();
    let default_claims = if sized && arguments.sets.is_some() {
        0
    } else {
        Plan::default().claims
    };
    Plan {
        sets: arguments.sets.unwrap_or(u64::from(!sized)),
        claims: arguments.claims.unwrap_or(default_claims),
        bytes: arguments.bytes,
        rich: arguments.rich,
        newlines: arguments.newlines,
        fault: arguments.fault.map(|fault| (fault, arguments.count)),
    }
}

/// The guide of an identifier, of a transaction set, or of one with the first letter of its label: `837P`.
fn guide(catalog: &Catalog, name: &str) -> Result<Arc<Guide>, String> {
    let letter = |entry: &x12_schemas::Entry<'_>| {
        entry
            .label
            .get(..1)
            .map(str::to_ascii_uppercase)
            .unwrap_or_default()
    };
    let entries = catalog.entries();
    let fits = |entry: &&x12_schemas::Entry<'_>| {
        entry.id.eq_ignore_ascii_case(name)
            || entry.set == name
            || name.to_ascii_uppercase() == format!("{}{}", entry.set, letter(entry))
    };
    let found: Vec<_> = entries.iter().filter(fits).collect();
    match found.as_slice() {
        [one] => catalog
            .guide_of_set(one.id, one.set)
            .ok_or_else(|| format!("the guide {} cannot be loaded", one.id)),
        [] => Err(format!(
            "no guide is known for {}; there are {}",
            harmless(name),
            names(&entries.iter().collect::<Vec<_>>())
        )),
        several => Err(format!(
            "several guides are known for {}: {}",
            harmless(name),
            names(several)
        )),
    }
}

fn names(entries: &[&x12_schemas::Entry<'_>]) -> String {
    let named: Vec<_> = entries
        .iter()
        .map(|entry| format!("{} ({})", entry.id, entry.set))
        .collect();
    named.join(", ")
}

/// Tells where faults were planted, and how much was written.
fn tell(arguments: &SynthArguments, session: &mut Session, totals: &Totals) -> Result<(), Failure> {
    match &arguments.manifest {
        Some(path) => manifest(path, &totals.faults).map_err(Failure::Output)?,
        None => totals
            .faults
            .iter()
            .for_each(|planted| session.talk.say_json(planted)),
    }
    let wanted = if arguments.fault.is_some() {
        arguments.count
    } else {
        0
    };
    let planted = totals.faults.len() as u64;
    if planted < wanted {
        session.talk.say(&format!(
            "x12conv: {planted} of {wanted} faults found a place"
        ));
    }
    Ok(())
}

fn manifest(path: &PathBuf, faults: &[Planted]) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for planted in faults {
        serde_json::to_writer(&mut file, planted)?;
        file.write_all(b"\n")?;
    }
    file.flush()
}

/// A number of bytes, with a unit or without.
fn size(text: &str) -> Result<u64, &'static str> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err("a size is a number and perhaps a unit: `5000`, `64KiB`, `100MB`, `1GB`"),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "a size begins with a whole number")?;
    number
        .checked_mul(unit)
        .ok_or("so many bytes there are not")
}
