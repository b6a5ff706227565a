//! The command `x12-pipeline`: runs the road, and tells what stands where.

mod arguments;
mod config;
mod harden;
mod home;
mod keys;
mod letters;
mod log;
mod open;
mod ready;
mod scale;
mod status;
mod table;
mod trace;

use std::io::{self, Write};

use clap::Parser;

use arguments::{Arguments, ConfigVerb, Verb};
pub use home::{Home, Role};
use scale::Hands;

use crate::queue::Part;

/// Why the command ends with a word on standard error.
#[derive(Debug)]
pub struct Stop {
    /// What to say.
    pub what: String,
    /// 1: no; 2: could not.
    pub code: u8,
}

impl Stop {
    fn could_not(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            code: 2,
        }
    }

    fn no(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            code: 1,
        }
    }
}

impl From<crate::failure::Failure> for Stop {
    fn from(failure: crate::failure::Failure) -> Self {
        Self::could_not(failure.to_string())
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            // Whoever read has read enough.
            return Self {
                what: String::new(),
                code: 0,
            };
        }
        Self::could_not(format!("could not write: {}", error.kind()))
    }
}

/// Does what the command line says; the exit code.
#[must_use]
pub fn main() -> u8 {
    // A panic's words may hold a value of a document: where it happened is enough.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(place, "a thread broke down");
    }));
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => 0,
        Err(stop) => {
            if !stop.what.is_empty() {
                // A closed standard error is no reason to fail otherwise.
                let _ = writeln!(io::stderr(), "{}", prefixed(&stop.what));
            }
            stop.code
        }
    }
}

fn prefixed(what: &str) -> String {
    if what.starts_with("error") {
        what.to_owned()
    } else {
        format!("error: {what}")
    }
}

fn run(arguments: &Arguments) -> Result<(), Stop> {
    let home = Home::new(&arguments.home);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::could_not(format!("no threads to work on: {}", error.kind())))?;
    let work = |role: Role| {
        log::begin(arguments.log);
        harden::harden();
        runtime.block_on(home.run(role))
    };
    let does = |parts: &[Part]| Role {
        parts: parts.to_vec(),
        ..Role::default()
    };
    let out = || io::stdout().lock();
    let done = match &arguments.verb {
        Verb::Run { until_idle } => work(Role {
            takes_in: true,
            until_idle: *until_idle,
            ..does(&Part::ALL)
        }),
        Verb::Intake => work(Role {
            takes_in: true,
            ..Role::default()
        }),
        Verb::Translate => work(does(&[Part::Translate])),
        Verb::Deliver => work(does(&[Part::Deliver])),
        Verb::Respond => work(does(&[Part::Respond])),
        Verb::Work { tell } => work(Role {
            tells: *tell,
            ..does(&Part::ALL)
        }),
        Verb::Scale => work(Role {
            takes_in: true,
            hands: Some(Hands {
                home: arguments.home.clone(),
                log: arguments.log.name(),
            }),
            ..Role::default()
        }),
        Verb::Ready => runtime.block_on(ready::ask(&home, &mut out())),
        Verb::Status { last, json } => {
            runtime.block_on(status::show(&home, (*last, *json), &mut out()))
        }
        Verb::Trace { id, json } => runtime.block_on(trace::show(&home, (id, *json), &mut out())),
        Verb::DeadLetters { json } => runtime.block_on(letters::show(&home, *json, &mut out())),
        Verb::Replay { ids } => runtime.block_on(letters::replay(&home, ids, &mut out())),
        Verb::Keys { verb } => runtime.block_on(keys::run(&home, verb.as_ref(), &mut out())),
        Verb::Config { verb } => match verb {
            ConfigVerb::Check => config::check(&home, &mut out()),
        },
        Verb::Partner { id } => config::add_partner(&home, id, &mut out()),
    };
    // What still runs on a thread is not waited for: it is done again by whoever comes next.
    runtime.shutdown_background();
    done
}
