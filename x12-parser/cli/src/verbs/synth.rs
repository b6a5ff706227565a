//! `x12conv synth`: made-up documents of a guide.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use x12_parser::Catalog;
use x12_schemas::Entry;
use x12_schemas::table::Guide;

use crate::arguments::SynthArguments;
use crate::codes;
use crate::input::harmless;
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::report::failure;
use crate::session::Session;
use crate::synth::{Plan, Planted, Synth, Totals};

/// Writes one interchange.
pub fn run(arguments: &SynthArguments, mut session: Session) -> Outcome {
    if !codes::load_own(&mut session, &arguments.own) {
        return Outcome::CouldNot;
    }
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

/// The guide that a word means.
pub(super) fn guide(catalog: &Catalog, word: &str) -> Result<Arc<Guide>, String> {
    let found = catalog.called(word);
    match found.as_slice() {
        [one] => catalog
            .guide_of_set(one.id, one.set)
            .ok_or_else(|| format!("the guide {} cannot be loaded", one.id)),
        [] => Err(format!(
            "no guide is known for {}; there are {}",
            harmless(word),
            names(&catalog.entries())
        )),
        several => Err(format!(
            "several guides are known for {}: {}",
            harmless(word),
            names(several)
        )),
    }
}

fn names(entries: &[Entry<'_>]) -> String {
    let is_alone = |entry: &Entry<'_>| entries.iter().filter(|it| it.id == entry.id).count() < 2;
    let named = entries.iter().map(|entry| match is_alone(entry) {
        true => format!("{} ({})", entry.id, entry.name),
        false => format!("{}/{} ({})", entry.id, entry.set, entry.name),
    });
    named.collect::<Vec<_>>().join(", ")
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
