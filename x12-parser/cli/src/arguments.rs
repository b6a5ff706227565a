//! The command line: verbs, flags and their help, each verb's examples first.

mod ack;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use x12_parser::{ControlNumber, SnipTypes};

use crate::clock;
use crate::synth::Fault;

use ack::{ACK_EXAMPLES, control_number};
pub use ack::{Accepted, AckArguments, Advised, Groups, Rejected, Ta1};

const EXAMPLES: &str = "\
Examples:
  x12conv json claims.x12 > claims.json         X12 to JSON, exactly
  x12conv x12 claims.json > claims.x12          and back, byte for byte
  x12conv validate claims.x12                   what is wrong, and where
  x12conv ack claims.x12 > answer.x12           TA1, 997 and 999 to send back
  x12conv info *.x12                            who sends what to whom
  x12conv fmt --indent claims.x12 | less        a line for each segment
  x12conv split --claims 5000 --out d claims.x12    files with at most so many claims
  x12conv explain 837P 2300/CLM                 what a guide has there, and what a finding means
  zcat claims.x12.gz | x12conv validate -j 0    from a pipe, on all cores

Exit codes: 0 yes; 1 no (errors found, a rejection, a difference); 2 could not (usage, input or output, not X12).";

/// Converts, checks and acknowledges X12 files.
#[derive(Debug, Parser)]
#[command(name = "x12conv", version, before_long_help = EXAMPLES, arg_required_else_help = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
    /// What goes to stderr, and how.
    #[command(flatten)]
    pub talk: TalkArguments,
}

/// What to do; later verbs get their line here and their file in `verbs`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Convert X12 to JSON, exactly.
    #[command(visible_alias = "parse", before_long_help = JSON_EXAMPLES)]
    Json(JsonArguments),
    /// Convert JSON back to X12.
    #[command(visible_alias = "build", before_long_help = X12_EXAMPLES)]
    X12(X12Arguments),
    /// Check X12 against its implementation guides.
    #[command(before_long_help = VALIDATE_EXAMPLES)]
    Validate(ValidateArguments),
    /// Answer X12 with TA1, 997 and 999.
    #[command(before_long_help = ACK_EXAMPLES)]
    Ack(AckArguments),
    /// Say who sends what to whom, and how much of it.
    #[command(before_long_help = INFO_EXAMPLES)]
    Info(InfoArguments),
    /// Lay X12 out anew: a line for each segment, or none at all.
    #[command(before_long_help = FMT_EXAMPLES)]
    Fmt(FmtArguments),
    /// Split X12 into several files, also between claims.
    #[command(before_long_help = SPLIT_EXAMPLES)]
    Split(SplitArguments),
    /// Merge several X12 files into one.
    #[command(before_long_help = MERGE_EXAMPLES)]
    Merge(MergeArguments),
    /// Make up documents of a guide.
    #[command(before_long_help = SYNTH_EXAMPLES)]
    Synth(SynthArguments),
    /// Say what a guide has, or what a finding means.
    #[command(before_long_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArguments),
    /// Print the JSON Schema of a guide's shape `named`.
    #[command(before_long_help = SCHEMA_EXAMPLES)]
    Schema(SchemaArguments),
}

/// What goes to stderr, and how.
#[derive(Clone, Copy, Debug, Args)]
pub struct TalkArguments {
    /// Say nothing but why something could not be done
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// How findings and errors are told
    ///
    /// With `json` each is one line of JSON: errors on stderr; findings, which are the results of `validate`, on stdout.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        default_value_t
    )]
    pub error_format: ErrorFormat,
}

/// How findings and errors are told.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum ErrorFormat {
    /// For people, on stderr
    #[default]
    Human,
    /// For programs, a line of JSON each
    Json,
}

/// Which documents are read.
#[derive(Debug, Args)]
pub struct InputArguments {
    /// Files to read, in this order; `-` or none: standard input
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Which X12 documents are read, and how.
#[derive(Debug, Args)]
pub struct ReadArguments {
    /// Files to read, in this order.
    #[command(flatten)]
    pub input: InputArguments,
    /// Threads to work on; 0: one for each core
    ///
    /// The output is the same, whatever the number.
    #[arg(short = 'j', long, value_name = "N", default_value_t = 1)]
    pub threads: u16,
}

/// What documents are checked by.
#[derive(Debug, Args)]
pub struct GuideArguments {
    /// Types of check that are made, by their SNIP numbers: `1-2`, `1,3,7` [default: all]
    ///
    /// 1 syntax, 2 the guide's structure, 3 sums, 4 situations, 5 external codes, 6 lines of service, 7 trading partners. A type that is
    /// left out rejects nothing.
    #[arg(long, value_name = "TYPES")]
    pub snip: Option<SnipTypes>,

    #[command(flatten)]
    pub own: OwnGuides,

    /// Follow the rules of this line of service, as far as a document is about it; several may be given
    #[arg(long = "pack", value_name = "NAME")]
    pub packs: Vec<String>,

    /// Check codes against the lists in this folder too
    ///
    /// Every file in it that ends in .kdl holds external code lists: `list taxonomies source="…" date="2026-11-23" { codes "A" "B" }`.
    /// A list takes the place of the built-in one of its name; lists that are neither built in nor here are not checked.
    #[arg(long, value_name = "DIR")]
    pub codes: Option<PathBuf>,

    /// Lay this overlay over its guide, a trading partner's companion guide; several may be given
    ///
    /// It may tighten or relax usages, repeats, codes and lengths, change severities, and have rules of its own: see schemas/README.md.
    #[arg(long = "overlay", value_name = "FILE")]
    pub overlays: Vec<PathBuf>,
}

/// Guides that are not built in.
#[derive(Debug, Args)]
pub struct OwnGuides {
    /// Know this guide too, in place of the one of its identifier and transaction set if there is one; several may be given
    ///
    /// schemas/README.md shows how a guide is written.
    #[arg(long = "guide", value_name = "FILE")]
    pub own_guides: Vec<PathBuf>,
}

/// Where results go.
#[derive(Debug, Args)]
pub struct OutputArguments {
    /// Write to this file, which appears when it is complete; `-`: standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Overwrite the output file if there is one
    #[arg(long, requires = "output")]
    pub force: bool,
}

const JSON_EXAMPLES: &str = "\
Examples:
  x12conv json claims.x12 > claims.json
  x12conv json --shape segments claims.x12 | jq '.interchanges[].ISA'
  x12conv json --shape named claims.x12 | jq '.. | .patientControlNumber? // empty'
  x12conv json --per set -j 0 claims.x12 -o claims.ndjson
  x12conv json --per claim claims.x12 | jq -c 'select(.record) | .body[0]'

With `--per claim` or `--per member` each record stands on a line of its own, `{\"record\":…}`, with the segments around it as its \
`context`. What is in no record's line comes in lines of its own, `{\"outside\":…}`. After the last record of a transaction set a line \
`{\"verdict\":\"accepted\",…}` or `\"rejected\"` says whether to trust those before it. X12 cannot be written from such lines.";

/// Arguments of `json`.
#[derive(Debug, Args)]
pub struct JsonArguments {
    /// How JSON shows the inside of a transaction set
    #[arg(long, value_enum, default_value_t)]
    pub shape: Shape,
    /// What one JSON document, a line, holds
    #[arg(long, value_enum, default_value_t)]
    pub per: Per,
    #[command(flatten)]
    pub guides: GuideArguments,
    #[command(flatten)]
    pub read: ReadArguments,
    #[command(flatten)]
    pub output: OutputArguments,
}

/// How JSON shows the inside of a transaction set.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Shape {
    /// Loops nested as the guide nests them
    #[default]
    Loops,
    /// One array of segments; needs no guide
    Segments,
    /// Objects by the guide's labels, for applications; from business facts alone `x12` fills in the rest
    Named,
}

/// What one JSON document holds.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Per {
    /// The whole input
    #[default]
    Document,
    /// One transaction set; envelopes open and close on lines of their own
    Set,
    /// One claim, or claim payment, with what stands around it; a verdict follows those of a transaction set
    Claim,
    /// One member of an enrolment, likewise
    Member,
    /// One subscriber whose eligibility is asked or told, with the dependents, likewise
    Subscriber,
}

const X12_EXAMPLES: &str = "\
Examples:
  x12conv x12 claims.json > claims.x12
  x12conv json claims.x12 | x12conv x12 | cmp - claims.x12    the same bytes
  x12conv x12 --sender ZZ:US --receiver ZZ:THEM facts.json    from business facts alone, in the shape `named`

The shape is told from the JSON. In the shape `named`, which says `\"shape\":\"named\"` before all else but `\"x12\"`, order, fixed \
qualifiers, hierarchical levels, counts and control numbers are filled in, and of the envelope what the JSON does not say: `x12conv schema` \
prints what may stand.";

/// Arguments of `x12`.
#[derive(Debug, Args)]
pub struct X12Arguments {
    /// Sender, if the JSON names none: ISA05 and ISA06, as in `ZZ:MADEUPSENDER`
    #[arg(long, value_name = "QUALIFIER:ID", value_parser = party, help_heading = "Filled in (shape `named`)")]
    pub sender: Option<(String, String)>,
    /// Receiver, if the JSON names none: ISA07 and ISA08
    #[arg(long, value_name = "QUALIFIER:ID", value_parser = party, help_heading = "Filled in (shape `named`)")]
    pub receiver: Option<(String, String)>,
    /// Date of the envelope, CCYYMMDD [default: today in UTC]
    #[arg(long, value_name = "CCYYMMDD", value_parser = date, help_heading = "Filled in (shape `named`)")]
    pub date: Option<String>,
    /// Time of the envelope, HHMM [default: now in UTC]
    #[arg(long, value_name = "HHMM", value_parser = time, help_heading = "Filled in (shape `named`)")]
    pub time: Option<String>,
    /// Control number of the first interchange and group; further ones count on
    #[arg(long, value_name = "N", default_value_t = ControlNumber::FIRST, value_parser = control_number(), help_heading = "Filled in (shape `named`)")]
    pub control_number: ControlNumber,
    /// Production data, ISA15 P, instead of test data
    #[arg(long, help_heading = "Filled in (shape `named`)")]
    pub production: bool,
    #[command(flatten)]
    pub guides: GuideArguments,
    #[command(flatten)]
    pub input: InputArguments,
    #[command(flatten)]
    pub output: OutputArguments,
}

fn party(text: &str) -> Result<(String, String), &'static str> {
    let (qualifier, id) = text
        .split_once(':')
        .filter(|(qualifier, id)| qualifier.len() == 2 && !id.is_empty() && id.len() <= 15)
        .ok_or("a partner is a qualifier and an identifier: `ZZ:MADEUPSENDER`")?;
    Ok((qualifier.to_owned(), id.to_owned()))
}

const VALIDATE_EXAMPLES: &str = "\
Examples:
  x12conv validate claims.x12
  x12conv validate --snip 1-2 --show-phi claims.x12
  x12conv validate --error-format json *.x12 | jq -r '[.file, .path, .code] | @tsv'
  x12conv validate -q claims.x12 && echo clean
  x12conv validate --codes lists/ claims.x12      your code lists, such as taxonomies, as *.kdl files in a folder
  x12conv validate --pack ambulance claims.x12    the rules of a line of service too
  x12conv validate --overlay payer.kdl claims.x12     what a trading partner wants otherwise";

/// Arguments of `validate`.
#[derive(Debug, Args)]
pub struct ValidateArguments {
    /// Findings told, of all files together; 0: all [default: 100, and all with `--error-format json`]
    #[arg(long, value_name = "N")]
    pub max_errors: Option<u64>,
    /// Show the values of elements, which may be health data, instead of masking them
    #[arg(long)]
    pub show_phi: bool,
    #[command(flatten)]
    pub guides: GuideArguments,
    #[command(flatten)]
    pub read: ReadArguments,
    #[command(flatten)]
    pub output: OutputArguments,
}

const INFO_EXAMPLES: &str = "\
Examples:
  x12conv info claims.x12
  x12conv info --json *.x12 | jq -r '[.file, .sender.id, .controlNumber] | @tsv'
  x12conv info --acknowledgments answer.x12     what a received TA1, 997, 999, 277CA or 824 says, a line each";

/// Arguments of `info`.
#[derive(Debug, Args)]
pub struct InfoArguments {
    /// One line of JSON for each interchange, or for each thing that is said
    #[arg(long)]
    pub json: bool,
    /// Say what received acknowledgments say instead: of which interchange, group, set, claim, item, and whether it is rejected
    ///
    /// Read are TA1, 997, 999, claim acknowledgments (277CA) and application advice (824).
    #[arg(long)]
    pub acknowledgments: bool,
    /// Show numbers of claims and amounts, which are masked else
    #[arg(long, requires = "acknowledgments")]
    pub show_phi: bool,
    #[command(flatten)]
    pub read: ReadArguments,
    #[command(flatten)]
    pub output: OutputArguments,
}

const FMT_EXAMPLES: &str = "\
Examples:
  x12conv fmt claims.x12 > lines.x12       a line for each segment
  x12conv fmt --indent claims.x12 | less   indented by loops: for reading, not for sending
  x12conv fmt --minify claims.x12          no line breaks
  x12conv fmt --check *.x12                exit code 1 if a file is laid out otherwise

Left out are line breaks inside segments, delimiters at the ends of segments and of composite elements, and text around
interchanges; all else stays.";

/// Arguments of `fmt`.
#[derive(Debug, Args)]
pub struct FmtArguments {
    /// Write no line breaks at all
    #[arg(long, conflicts_with = "indent")]
    pub minify: bool,
    /// Indent each segment by how deep its loop is
    #[arg(long)]
    pub indent: bool,
    /// Write nothing; say whether the files are laid out so already
    #[arg(long, conflicts_with = "output")]
    pub check: bool,
    #[command(flatten)]
    pub own: OwnGuides,
    #[command(flatten)]
    pub read: ReadArguments,
    #[command(flatten)]
    pub output: OutputArguments,
}

const SPLIT_EXAMPLES: &str = "\
Examples:
  x12conv split --by set --out parts claims.x12             a file for each transaction set: part-0001.edi, part-0002.edi, ...
  x12conv split --claims 5000 --out parts claims.x12        at most so many claims in each
  x12conv split --claims 5000 --by interchange --out parts claims.x12      but all of an interchange in one file
  x12conv split --megabytes 100 --out parts claims.x12      files of at most so much

Control numbers are given anew, counts are right, all else stays byte for byte. A transaction set is divided between its claims, with \
what stands around them, if there are too many, or if it is too large for a file by itself; each part has a reference (BHT03) of its own: \
that received, and a number. Sets that pay or whose structure is broken stay whole, and a claim always does: exit code 1 says that \
something is larger than asked for. Parts appear when all are complete. Standard input is kept in a temporary file, encrypted, if it must be read twice.";

/// Arguments of `split`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("where").required(true).multiple(true).args(["by", "claims", "megabytes"]))]
pub struct SplitArguments {
    /// What has a file of its own [default with --claims: set]
    #[arg(long, value_enum)]
    pub by: Option<By>,
    /// At most so many claims, or other records, in a transaction set
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub claims: Option<u64>,
    /// At most so many megabytes, of a million bytes, in a file
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub megabytes: Option<u64>,
    /// Control number of the first interchange, and of the first group; further ones count on
    #[arg(long, value_name = "N", default_value_t = ControlNumber::FIRST, value_parser = control_number())]
    pub control_number: ControlNumber,
    /// Show what the claims of each part charge, which may be health data
    #[arg(long)]
    pub show_phi: bool,
    /// The folder for the parts; it may hold none yet
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    #[command(flatten)]
    pub own: OwnGuides,
    #[command(flatten)]
    pub input: InputArguments,
}

/// What is split, or merged.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum By {
    /// Interchanges, ISA to IEA
    Interchange,
    /// Groups, GS to GE
    Group,
    /// Transaction sets, ST to SE
    Set,
}

const MERGE_EXAMPLES: &str = "\
Examples:
  x12conv merge a.x12 b.x12 > both.x12                interchanges one after the other
  x12conv merge --by group *.x12 -o all.x12           groups of the same sender, receiver, usage and version in one interchange
  x12conv merge --by set *.x12 -o all.x12             their sets of the same kind in one group, too
  x12conv merge --by set parts/*.edi | x12conv validate

Control numbers are given anew, counts are right. An interchange has the header and the delimiters of the first that goes into it; where \
a value of another one holds such a delimiter, they cannot be merged: exit code 2. With --by group and --by set what belongs together \
comes together, in the order of the files; they are read several times, and standard input is kept in a temporary file for that, encrypted.";

/// Arguments of `merge`.
#[derive(Debug, Args)]
pub struct MergeArguments {
    /// What is kept as it is
    #[arg(long, value_enum, default_value = "interchange")]
    pub by: By,
    /// Control number of the first interchange, and of the first group; further ones count on
    #[arg(long, value_name = "N", default_value_t = ControlNumber::FIRST, value_parser = control_number())]
    pub control_number: ControlNumber,
    #[command(flatten)]
    pub input: InputArguments,
    #[command(flatten)]
    pub output: OutputArguments,
}

/// Arguments of `synth`.
#[derive(Debug, Args)]
pub struct SynthArguments {
    /// The guide, by its identifier or what people call it: `005010X222A1`, `837P`, `835`, `005010X279A1/271`
    #[arg(value_name = "GUIDE")]
    pub guide: String,
    /// What the choice of everything follows from
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Transaction sets [default: 1; with `--bytes` as many as it takes]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub sets: Option<u64>,
    /// Claims, payments or members of each transaction set [default: 20; with `--sets` and `--bytes` as many as it takes]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub claims: Option<u64>,
    /// How large the document is to become, about: `5000`, `64KiB`, `100MB`, `1GB`
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub bytes: Option<u64>,
    /// How much stands of what the guide allows: 0 what must, 20 what is usual, 100 everything
    #[arg(long, value_name = "0..100", default_value_t = 20, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub rich: u8,
    /// Break the line after each segment
    #[arg(long)]
    pub newlines: bool,
    /// Plant faults of a kind
    #[arg(long, value_enum, value_name = "KIND")]
    pub fault: Option<Fault>,
    /// How many faults
    #[arg(long, value_name = "N", default_value_t = 1, requires = "fault")]
    pub count: u64,
    /// Write where the faults are to this file, a line of JSON each [default: stderr]
    #[arg(long, value_name = "FILE", requires = "fault")]
    pub manifest: Option<PathBuf>,
    #[command(flatten)]
    pub own: OwnGuides,
    #[command(flatten)]
    pub output: OutputArguments,
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

/// Examples of `synth`, first in its help.
const SYNTH_EXAMPLES: &str = "\
Examples:
  x12conv synth 837P > claims.x12                          twenty ordinary claims
  x12conv synth 835 --bytes 100MB -o large.x12             many transaction sets
  x12conv synth 837P --sets 1 --bytes 1GB > huge.x12       one huge transaction set
  x12conv synth 837P --rich 100 --seed 7 --newlines        everything that the guide allows
  x12conv synth 837P --fault bad-code --count 3            with faults; where they are is told on stderr

Nobody is meant: names, numbers and addresses are made up. The same seed gives the same bytes.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  x12conv explain                       all guides
  x12conv explain 837P                  loops and segments, with usage (R, S), repeats and labels
  x12conv explain 837P 2300/CLM         elements, types, lengths and codes of one place
  x12conv explain 837P 2300 --rules     what is checked there beyond single elements, and who says so
  x12conv explain element-code          what a finding means, and what an answer says of it";

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// A guide, by its identifier or what people call it, or the name of a finding or rule; none: all guides
    #[arg(value_name = "GUIDE|FINDING")]
    pub what: Option<String>,
    /// A place in the guide, as findings name it: `2300`, `2300/CLM`, `2300/CLM05`, `2300/REF[G1]`
    pub place: Option<String>,
    /// Elements and components too
    #[arg(long, requires = "what")]
    pub elements: bool,
    /// Rules over several segments, with their sources, in place of what stands
    #[arg(long, requires = "what", conflicts_with = "elements")]
    pub rules: bool,
    #[command(flatten)]
    pub guides: GuideArguments,
    #[command(flatten)]
    pub output: OutputArguments,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArguments {
    /// The guide, by its identifier or what people call it: `005010X222A1`, `837P`, `835`, `005010X279A1/271`
    #[arg(value_name = "GUIDE")]
    pub guide: String,
    #[command(flatten)]
    pub guides: GuideArguments,
    #[command(flatten)]
    pub output: OutputArguments,
}

/// Examples of `schema`, first in its help.
const SCHEMA_EXAMPLES: &str = "\
Examples:
  x12conv schema 837P > professional-claim.schema.json
  x12conv schema 005010X221A1 | jq '.[\"$defs\"] | keys'

JSON Schema of draft 2020-12. A description says where in X12 a value stands. Required is what must be told: what `x12conv x12` fills in may \
be left out.";

fn date(text: &str) -> Result<String, &'static str> {
    clock::is_date(text)
        .then(|| text.to_owned())
        .ok_or("a date has the form CCYYMMDD: `20261123`")
}

fn time(text: &str) -> Result<String, &'static str> {
    clock::is_time(text)
        .then(|| text.to_owned())
        .ok_or("a time has the form HHMM: `1200`")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_flags_fit_together() {
        Arguments::command().debug_assert();
    }
}
