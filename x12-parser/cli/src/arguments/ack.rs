//! The flags of `ack`.

use std::path::PathBuf;

use clap::builder::TypedValueParser;
use clap::{Args, ValueEnum};
use x12_parser::{ControlNumber, Ta1Note, Ta1Severity};

use crate::arguments::{GuideArguments, OutputArguments, ReadArguments, date, party, time};

pub(super) const ACK_EXAMPLES: &str = "\
Examples:
  x12conv ack claims.x12 > answer.x12
  x12conv ack --ta1 always --control-number 4711 claims.x12 -o answer.x12
  x12conv ack --ta1-severity 001=E,021=E claims.x12      for a partner that takes these notes more lightly
  x12conv ack --date 20261123 --time 1200 claims.x12     the same bytes each time
  x12conv ack --rejects claims --claims 277ca.x12 claims.x12 -o 999.x12
  x12conv ack --advice 824.x12 payments.x12 -o 999.x12   what no 999 can tell, such as sums that do not agree

One interchange of answers for each received one, sender and receiver exchanged. Exit code 1: something was not accepted.";

/// Arguments of `ack`.
#[derive(Debug, Args)]
pub struct AckArguments {
    /// Date of the answer, CCYYMMDD [default: today in UTC]
    #[arg(long, value_name = "CCYYMMDD", value_parser = date)]
    pub date: Option<String>,
    /// Time of the answer, HHMM [default: now in UTC]
    #[arg(long, value_name = "HHMM", value_parser = time)]
    pub time: Option<String>,
    /// Control number of the first answer, of interchange and group alike; further ones count on
    ///
    /// A receiver may refuse numbers it has seen: give each run the number after the last one used.
    #[arg(long, value_name = "N", default_value_t = ControlNumber::FIRST, value_parser = control_number())]
    pub control_number: ControlNumber,
    /// Who answers, ISA05 and ISA06, in place of the receiver of what is answered
    #[arg(long, value_name = "QUALIFIER:ID", value_parser = party, help_heading = "Addresses")]
    pub sender: Option<(String, String)>,
    /// Who is answered, ISA07 and ISA08, in place of its sender
    #[arg(long, value_name = "QUALIFIER:ID", value_parser = party, help_heading = "Addresses")]
    pub receiver: Option<(String, String)>,
    /// Application code of who answers, GS02
    #[arg(long, value_name = "CODE", help_heading = "Addresses")]
    pub group_sender: Option<String>,
    /// Application code of who is answered, GS03
    #[arg(long, value_name = "CODE", help_heading = "Addresses")]
    pub group_receiver: Option<String>,
    /// When a TA1 is sent
    #[arg(long, value_enum, default_value_t)]
    pub ta1: Ta1,
    /// What becomes of an interchange with this note, TA105=TA104 [default: E for 002, 003 and 019, R for all others]
    ///
    /// A passes over the note, E accepts with errors and has the groups answered, R rejects. `001=E,020=A` says it of several.
    #[arg(long, value_name = "NOTE=A|E|R", value_delimiter = ',', value_parser = note)]
    pub ta1_severity: Vec<(Ta1Note, Ta1Severity)>,
    /// Which groups are answered with a 997 or 999
    #[arg(long, value_enum, default_value_t)]
    pub groups: Groups,
    /// What a fault rejects
    #[arg(long, value_enum, default_value_t)]
    pub rejects: Rejected,
    /// How a 997, 999 or 277CA tells of what is accepted
    #[arg(long, value_enum, default_value_t)]
    pub accepted: Accepted,
    /// Also answer claims, transaction set by set, with 277CAs in this file: which claims are rejected, and why
    #[arg(long, value_name = "FILE")]
    pub claims: Option<PathBuf>,
    /// Answer claims as a clearinghouse, not as a payer
    #[arg(long, requires = "claims")]
    pub clearinghouse: bool,
    /// When the claims were received [default: the date of the answer]
    #[arg(long, value_name = "CCYYMMDD", value_parser = date, requires = "claims")]
    pub received: Option<String>,
    /// Also advise on transaction sets, with 824s in this file: each error with its place, each rejected claim or member
    #[arg(long, value_name = "FILE")]
    pub advice: Option<PathBuf>,
    /// Which transaction sets an 824 speaks of
    #[arg(long, value_enum, default_value_t, requires = "advice")]
    pub advised: Advised,
    #[command(flatten)]
    pub guides: GuideArguments,
    #[command(flatten)]
    pub read: ReadArguments,
    #[command(flatten)]
    pub output: OutputArguments,
}

/// When a TA1 is sent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Ta1 {
    /// If ISA14 asks for it, or the interchange is rejected
    #[default]
    WhenAsked,
    /// Always
    Always,
}

/// Which groups are answered.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Groups {
    /// All
    #[default]
    Always,
    /// Those that are not accepted without errors
    WhenFaulty,
    /// None
    Never,
}

/// What a fault rejects.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Rejected {
    /// The transaction set that it is in
    #[default]
    Sets,
    /// The claim that it is in, or all that it stands around, where a 277CA can answer them: their set is accepted with errors
    Claims,
    /// The claim, or the member or other record, of which an 824 tells
    Records,
}

/// How a 997, 999 or 277CA tells of what is accepted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Accepted {
    /// One by one
    #[default]
    List,
    /// By their count alone
    Count,
}

/// Which transaction sets an 824 speaks of.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Advised {
    /// Accepted ones with errors that no 997 or 999 can tell, and no 277CA of `--claims`
    #[default]
    Untold,
    /// All that are accepted
    Accepted,
    /// Rejected ones too
    All,
}

/// A control number.
pub(super) fn control_number() -> impl TypedValueParser<Value = ControlNumber> {
    let [first, last] = [ControlNumber::FIRST, ControlNumber::LAST].map(|it| i64::from(it.get()));
    let number = clap::value_parser!(u32).range(first..=last);
    number.try_map(|number| ControlNumber::new(number).ok_or("it is no control number"))
}

fn note(text: &str) -> Result<(Ta1Note, Ta1Severity), &'static str> {
    let (note, severity) = text
        .split_once('=')
        .ok_or("a note and what becomes of it: `001=E`")?;
    let note = Ta1Note::of_document(note.trim())
        .ok_or("the note is none that a document shows: 001 to 008, 010 to 024, 026, 027")?;
    let severity = Ta1Severity::of_code(severity.trim());
    Ok((note, severity.ok_or("a note becomes A, E or R")?))
}
