//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  x12-pipeline run                       all of it, in the folder x12-home
  x12-pipeline partner-add acme          a profile and folders for a new trading partner
  x12-pipeline keys export > ours.asc    the public key that partners need
  x12-pipeline config check              what is wrong in the configuration
  x12-pipeline status                    what arrived, and where it stands
  x12-pipeline trace 7a6155de            what became of one arrival
  x12-pipeline replay 7a6155de           send it down the road once more

Exit codes: 0 yes; 1 no (the configuration is wrong, there is no such arrival); 2 could not.";

/// Moves X12 documents between trading partners: in through a folder, decrypted, checked, acknowledged, translated and delivered.
#[derive(Debug, Parser)]
#[command(
    name = "x12-pipeline",
    version,
    arg_required_else_help = true,
    max_term_width = 100,
    before_help = EXAMPLES
)]
pub struct Arguments {
    /// Folder with configuration, keys, ledger and store.
    #[arg(
        long,
        global = true,
        env = "X12_PIPELINE_HOME",
        default_value = "x12-home",
        value_name = "DIR"
    )]
    pub home: PathBuf,
    /// How logs are written to standard error.
    #[arg(
        long,
        global = true,
        env = "X12_PIPELINE_LOG",
        default_value = "text",
        value_name = "FORM"
    )]
    pub log: LogForm,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum LogForm {
    /// For people.
    Text,
    /// For programs, a line each.
    Json,
}

impl LogForm {
    /// As it is named on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Takes files in and brings them to their end: all parts of the road in one process, until stopped by Ctrl-C or SIGTERM.
    Run {
        /// Ends when nothing is left to be done.
        #[arg(long)]
        until_idle: bool,
    },
    /// Only takes files in.
    Intake,
    /// Only brings what came in to what goes on: decrypts, translates, checks, answers.
    Translate,
    /// Only delivers, to each partner in order.
    Deliver,
    /// Only correlates partners' answers.
    Respond,
    /// All parts but taking files in: what `scale` starts as many of as there is work for.
    Work {
        /// Writes a line a second to standard output that says what is in hand and was done, and ends when nobody reads it.
        #[arg(long)]
        tell: bool,
    },
    /// Takes files in, and has as many workers on this host as there is work for, by [scale] of config.toml; in place of `run`.
    Scale,
    /// Asks a running process of this house, on its pages, whether it is ready: for health checks.
    Ready,
    /// Shows what arrived, and where it stands.
    Status {
        /// How many of the latest arrivals are shown.
        #[arg(long, default_value_t = 20, value_name = "N")]
        last: u32,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows what became of one arrival: its steps, its interchanges, groups and transaction sets.
    Trace {
        /// Its identifier, or how it begins or ends.
        id: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows what did not reach its end: dead letters and quarantine, with the reason.
    DeadLetters {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Sends arrivals down the road once more, from what was received. Asking twice sends it once.
    Replay {
        /// Their identifiers, or how they begin or end.
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Shows and makes keys: those that seal what is stored, and OpenPGP keys of ours and the partners.
    Keys {
        /// What to do with them.
        #[command(subcommand)]
        verb: Option<KeysVerb>,
    },
    /// Looks after the configuration.
    Config {
        /// What to do.
        #[command(subcommand)]
        verb: ConfigVerb,
    },
    /// Adds a trading partner: a profile to fill in, and its folders.
    #[command(name = "partner-add")]
    Partner {
        /// Its id: small letters, digits and hyphens.
        id: String,
    },
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeysVerb {
    /// Lists them.
    List,
    /// Prints our public OpenPGP certificate, to be given to partners.
    Export,
    /// Makes a new key that seals what is stored from now on; the old ones still open.
    Rotate,
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigVerb {
    /// Says what is wrong in it, each with file, line and column.
    Check,
}
