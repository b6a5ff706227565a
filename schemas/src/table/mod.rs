//! The compiled form of a guide: flat tables that the parser walks, the same for built-in guides and for those read at run time.
//!
//! Everything is an index into a vector of [`Guide`]. A loop that stands under several parents has one entry per parent
//! ("instance"), so that an entry alone tells its path; the segment definitions below it are shared.

mod filled;
mod lookup;
mod role;

use serde::{Deserialize, Serialize};

pub use filled::Filled;
pub(crate) use lookup::means;
pub use role::{Record, Role};

/// "No such entry", where a table holds an optional index.
pub const NONE: u16 = u16::MAX;

/// An implementation guide, or the envelope's control segments, ready to be walked.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Guide {
    /// Identifier, as GS08 and ST03 carry it: `005010X222A1`.
    pub id: String,
    /// Version of the standard that it rests on: `005010`.
    pub standard: String,
    /// Transaction set identifier code, ST01: `837`.
    pub set: String,
    /// Functional identifier code, GS01: `HC`.
    pub group: String,
    /// What people call it: `837P`; where nothing else is usual, its transaction set.
    pub name: String,
    /// Our own name for it, in camel case.
    pub label: String,
    /// Identifiers of errata or bases that this guide also answers to.
    pub aliases: Vec<String>,
    /// Whether ST03 must hold the identifier (the 835 does not use ST03).
    pub identified_by_set: bool,
    /// Loop instances; 0 is the transaction set itself, parents come before their children.
    pub loops: Vec<Loop>,
    /// What may stand in loops; each loop owns a run of these, in the order of their positions.
    pub items: Vec<Item>,
    /// Segment definitions, one per place where the guide describes a segment.
    pub segments: Vec<Segment>,
    /// Elements of segments; each segment owns a run, one entry per element of the standard's segment, used or not.
    pub elements: Vec<Element>,
    /// Components of composite elements; each composite element owns a run.
    pub components: Vec<Element>,
    /// Lists of codes, each sorted, none twice.
    pub codes: Vec<Vec<String>>,
    /// Syntax notes; each segment owns a run.
    pub notes: Vec<Note>,
    /// Choices that the guide's author made, with their reasons.
    pub decisions: Vec<Decision>,
    /// Rules over several segments.
    pub rules: Vec<SituationRule>,
    /// What parts mean to those who answer and split by records.
    pub roles: Vec<(Role, Vec<Reading>)>,
    /// Patterns of elements.
    pub patterns: Vec<Pattern>,
    /// Names of the external code lists that rules look into.
    pub lists: Vec<String>,
    /// What a trading partner thinks of findings that are built in.
    pub severities: Vec<Severity>,
}

/// One loop at one place of the guide.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Loop {
    /// Loop identifier: `2010AA`; empty for the transaction set itself.
    pub id: String,
    /// Identifiers from the outermost loop to this one, joined by `/`; empty for the transaction set itself.
    pub path: String,
    /// Our own name, in camel case.
    pub label: String,
    /// The loop around it; [`NONE`] for the transaction set itself.
    pub parent: u16,
    /// How many loops are around it.
    pub depth: u8,
    /// First of its items in [`Guide::items`].
    pub first_item: u16,
    /// How many items it has.
    pub item_count: u16,
    /// Whether its first segment is an HL.
    pub hierarchical: bool,
    /// Whether one occurrence is one business record (a claim, a member), for output record by record.
    pub record: Option<Record>,
}

/// A segment or a loop that may stand in a loop.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Rank among its siblings; those of equal rank may come in any order.
    pub position: u16,
    /// The loop instance, or [`NONE`] for a segment.
    pub child: u16,
    /// The segment definition; for a loop, that of its first segment, which starts it.
    pub segment: u16,
    /// Whether it must stand, may, or must not.
    pub usage: Usage,
    /// How often it may stand in one occurrence of its parent; 0 is without bound.
    pub max: u32,
    /// Whether the shape `named` shows it as an array: the guide, overlays aside, lets it stand more than once.
    pub many: bool,
}

/// Whether a part must stand, may stand, or must not.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub enum Usage {
    /// Must stand.
    Required,
    /// May stand, or must under a condition.
    Situational,
    /// Must not stand.
    #[default]
    NotUsed,
}

/// A segment as the guide describes it at one place.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Segment identifier: `NM1`.
    pub id: String,
    /// Our own name, in camel case.
    pub label: String,
    /// What tells it from other segments of the same identifier: all must hold; empty if the identifier is enough.
    pub keys: Vec<Key>,
    /// First of its elements in [`Guide::elements`].
    pub first_element: u16,
    /// How many elements the standard gives it.
    pub element_count: u16,
    /// First of its syntax notes in [`Guide::notes`].
    pub first_note: u16,
    /// How many syntax notes it has.
    pub note_count: u16,
    /// Whether it carries the hierarchy: number, parent, level code, child code, as HL does.
    pub hierarchical: bool,
    /// The element that counts the occurrences of the loop that the segment starts, as LX01 does; 0 if none.
    pub counter: u8,
    /// The business unit that an acknowledgment quotes from it (CTX of the 999).
    pub unit: Option<Unit>,
    /// Elements that repeat as a group within the segment, such as the adjustments of a CAS.
    pub groups: Vec<Group>,
}

/// A run of elements that repeats within a segment; every element of it has an entry of its own in [`Guide::elements`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Our own name, in camel case; empty if none.
    pub label: String,
    /// First element of the first run, from one.
    pub first: u8,
    /// How many elements a run has.
    pub size: u8,
    /// How many runs may stand.
    pub times: u8,
}

/// The element whose code tells one use of a segment from another.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// Element, from one.
    pub element: u8,
    /// Component, from one; 0 for a simple element.
    pub component: u8,
    /// Index into [`Guide::codes`], or [`NONE`] when it suffices that the element is present.
    pub codes: u16,
}

/// What a 999 quotes as the business unit in which an error lies.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    /// Name of the unit, CTX01-1: `CLM01`.
    pub name: String,
    /// Element that is quoted, from one.
    pub element: u8,
}

/// An element, or a component of a composite element.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Element {
    /// Whether it must stand, may, or must not.
    pub usage: Usage,
    /// Data element number or composite identifier: `98`, `C003`.
    pub data_element: String,
    /// Data type; [`Kind::Composite`] for a composite element.
    pub kind: Kind,
    /// Least length in characters (digits, for numbers).
    pub min: u16,
    /// Greatest length in characters (digits, for numbers); 0 is without bound.
    pub max: u32,
    /// How often it may repeat: 1 does not repeat, 0 is without bound.
    pub repeat: u16,
    /// Index into [`Guide::codes`], or [`NONE`].
    pub codes: u16,
    /// External code list by name (`states`), empty if none.
    pub list: String,
    /// Index into [`Guide::patterns`], or [`NONE`].
    pub pattern: u16,
    /// Sibling whose code names the date or time format of this one, from one; 0 if none.
    pub format_by: u8,
    /// First of its components in [`Guide::components`].
    pub first_component: u16,
    /// How many components the standard gives it; 0 for a simple element.
    pub component_count: u16,
    /// Our own name, in camel case.
    pub label: String,
    /// How much its value says about a person.
    pub phi: Phi,
    /// How the shape `named` comes by the value where it is left out.
    pub filled: Filled,
}

/// A list of codes that others than the guide's author keep, such as the states of a country.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct CodeList {
    /// Name, as [`Element::list`] has it: `states`.
    pub name: String,
    /// Where the codes are from, in a sentence.
    pub source: String,
    /// Day on which they were so: `2026-01-31`.
    pub date: String,
    /// Codes, sorted, none twice.
    pub codes: Vec<String>,
    /// Codes that were not, or are not, in force at all times; sorted, each code perhaps for several times.
    pub times: Vec<Time>,
    /// What its codes look like, where the codes themselves are not at hand.
    pub shape: Option<Pattern>,
}

/// When a code is in force.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Time {
    /// The code.
    pub code: String,
    /// First day, CCYYMMDD; empty if there is none.
    pub from: String,
    /// Last day, CCYYMMDD; empty if there is none.
    pub to: String,
}

/// The standard's data types.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Kind {
    /// Identifier: a code.
    Id,
    /// String.
    An,
    /// Whole number with so many implied decimal places.
    Numeric(u8),
    /// Decimal number.
    Decimal,
    /// Date: six or eight digits.
    Date,
    /// Time: HHMM, HHMMSS or with decimal seconds.
    Time,
    /// Binary data.
    Binary,
    /// Made of components.
    Composite,
}

/// How much a value says about a person (45 CFR 164.514 lists the identifiers).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub enum Phi {
    /// A qualifier, a count, a code of form, the name of a payer: says nothing of a person.
    None,
    /// A name.
    Name,
    /// An identifier: member, account, claim, record or certificate number.
    Identifier,
    /// A part of an address smaller than a state.
    Address,
    /// Telephone, mail, web address.
    Contact,
    /// A date that relates to a person.
    Date,
    /// Diagnosis, procedure, amount: health or payment data of somebody.
    #[default]
    Health,
    /// Free text, which may hold anything.
    Text,
}

/// A condition between the elements of one segment.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// What must hold.
    pub rule: Rule,
    /// First element named, from one: the condition of `C` and `L`.
    pub first: u8,
    /// All elements named, bit 0 for element 1.
    pub elements: u64,
}

/// The standard's kinds of syntax note.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Rule {
    /// P: all or none.
    Paired,
    /// R: at least one.
    Required,
    /// E: at most one.
    Exclusion,
    /// C: if the first stands, all must.
    Conditional,
    /// L: if the first stands, one more at least must.
    ListConditional,
}

/// A choice of the guide's author where public sources differ, or are wrong.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Where: `2010BA/NM103`, `2300/REF[G1]`, a loop, or a pattern with `*`.
    pub at: String,
    /// What: `usage`, `max`, `codes`, `length`, `key`, `notes`, `order`, `list`, `repeat` or `type`.
    pub attribute: String,
    /// Why, in a sentence.
    pub reason: String,
}

/// A rule over what stands in one occurrence of a loop: when something is so, something else must be.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct SituationRule {
    /// Its stable name: `claim-total`.
    pub id: String,
    /// What is wrong if it is broken, in lower case and without a value.
    pub message: String,
    /// Who says so.
    pub source: String,
    /// How grave it is.
    pub grade: Grade,
    /// SNIP type, 1 to 7.
    pub snip: u8,
    /// IK304 that follows, empty if a 999 cannot carry it.
    pub ik304: String,
    /// IK403 that follows, empty if it concerns no element.
    pub ik403: String,
    /// What a 277CA says of it: category, status and entity, joined by `:`; empty if the rule does not say.
    pub stc: String,
    /// Loop instances of which each occurrence is looked at by itself; 0 is the transaction set.
    pub scopes: Vec<u16>,
    /// The cell whose first value is the place that is told.
    pub anchor: u16,
    /// What is counted and summed in an occurrence, for the conditions to look at.
    pub cells: Vec<Cell>,
    /// All must hold for the rule to matter.
    pub when: Vec<Condition>,
    /// All must hold then.
    pub require: Vec<Condition>,
}

/// How grave a broken rule is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Grade {
    /// Worth knowing.
    Info,
    /// A trap.
    Warning,
    /// Breaks the guide.
    Error,
}

/// Names of the findings inside transaction sets that are built in: a trading partner may think otherwise of how grave they are.
pub const FINDINGS: &[&str] = &[
    "binary-length",
    "components-too-many",
    "element-code",
    "element-character",
    "element-condition-missing",
    "element-date",
    "element-exclusion",
    "element-external-code",
    "element-missing",
    "element-not-used",
    "element-pattern",
    "element-time",
    "element-too-long",
    "element-too-short",
    "elements-too-many",
    "guide-alias",
    "hierarchy-child",
    "hierarchy-number",
    "hierarchy-parent",
    "line-break-inside",
    "loop-missing",
    "loop-too-often",
    "repetitions-too-many",
    "segment-empty",
    "segment-lower-case",
    "segment-missing",
    "segment-not-in-set",
    "segment-not-used",
    "segment-out-of-sequence",
    "segment-too-often",
    "segment-unexpected",
    "segment-unrecognized",
    "trailing-blanks",
    "trailing-delimiters",
];

/// What a trading partner thinks of a kind of finding that is built in.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Severity {
    /// Name of the finding: `segment-missing`.
    pub finding: String,
    /// How grave it is; none if it is not to be told at all.
    pub grade: Option<Grade>,
}

/// What is gathered of a term's values in one occurrence.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Loop instances at whose opening it begins anew: the rule's, or one around it.
    pub scopes: Vec<u16>,
    /// Where the values stand.
    pub readings: Vec<Reading>,
    /// What is gathered.
    pub gathers: Gathers,
    /// For sums by party; none else.
    pub parties: Option<Parties>,
}

/// Occurrences of a loop that are each about one party, which a value in it names.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Parties {
    /// The loop instances.
    pub loops: Vec<u16>,
    /// Where the party is named, in them or below.
    pub names: Vec<Reading>,
}

/// An element at one place of the guide.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The loop instance.
    pub loop_index: u16,
    /// The segment definition.
    pub segment: u16,
    /// Element, from one; of a run that repeats, in its first run; 0 for the segment itself.
    pub element: u8,
    /// Component, from one; 0 for the element.
    pub component: u8,
    /// From one run of elements to the next, and how many runs there are; 0 and 1 if they do not repeat.
    pub step: u8,
    /// See `step`.
    pub times: u8,
    /// What must hold of the segment for the value to count.
    pub filters: Vec<Filter>,
}

/// What must hold of an element beside a value for the value to count.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Filter {
    /// Element, from one; of a run that repeats, in its first run.
    pub element: u8,
    /// Component, from one; 0 for the element.
    pub component: u8,
    /// From one run to the next; 0 if it is the same element for all values.
    pub step: u8,
    /// Index into [`Guide::codes`] of what it must be one of.
    pub codes: u16,
    /// Whether it must be none of them instead.
    pub negated: bool,
}

/// What a cell gathers of values.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Gathers {
    /// That they stand, and the first of them.
    Presence,
    /// Whether one is among the codes, an index into [`Guide::codes`].
    Codes(u16),
    /// Whether one is not among the codes.
    Others(u16),
    /// Their sum.
    Sum,
    /// The highest of them.
    Highest,
    /// All of them.
    Values,
    /// The earliest and the latest date; of periods the end instead of the beginning.
    Dates(bool),
    /// Whether one is not as it should be.
    Check(Check),
    /// Whether one has not the pattern, an index into [`Guide::patterns`].
    Matches(u16),
    /// Whether one is not in the external list, an index into [`Guide::lists`], and those that are in it for a time only.
    Listed(u16),
    /// Those that are in the external list for a time only.
    InForce(u16),
}

/// What a value can be checked for by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Check {
    /// The check digit of a National Provider Identifier: ISO 7812 over `80840` and the ten digits.
    Npi,
    /// An amount above zero.
    Positive,
    /// An amount of zero or more.
    NotNegative,
    /// An amount with two decimal places at most.
    Cents,
    /// A number without decimal places.
    Whole,
    /// A period that does not end before it begins.
    Forward,
}

/// Something that holds in an occurrence or not; numbers are cells of the rule.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Condition {
    /// A value stands.
    Present(u16),
    /// None stands.
    Absent(u16),
    /// One of the codes stands.
    Code(u16),
    /// So many values stand at least and, unless it is 0, at most.
    Count(u16, u32, u32),
    /// Sums are to each other as they should be.
    Amounts(Amounts),
    /// No value stands twice.
    Unique(u16),
    /// Each value of the first is one of the second.
    Among(u16, u16),
    /// No value of the first is one of the second.
    Apart(u16, u16),
    /// No value of the first is higher than the number of values of the second.
    Points(u16, u16),
    /// No date of the first is after one of the second.
    NotAfter(u16, u16),
    /// All values are as they should be: those that were gathered to be told apart from others.
    Good(u16),
    /// All values are in their external list, on the first of these dates that stands.
    Listed(u16, Vec<u16>),
    /// One of these holds.
    Any(Vec<Condition>),
    /// All of these hold.
    All(Vec<Condition>),
    /// None of these holds.
    Not(Vec<Condition>),
}

/// Two sums and how they should be to each other; by party if one of their cells is, and then for each party that all of those name.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Amounts {
    /// How the first should be to the second.
    pub relation: Relation,
    /// Cells of the first sum.
    pub plus: Vec<u16>,
    /// Cells of the second sum.
    pub minus: Vec<u16>,
    /// An amount that is added to the first; empty if there is none.
    pub constant: String,
}

/// How one sum should be to another.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Relation {
    /// As much.
    Equal,
    /// As much or less.
    NotMore,
    /// Less.
    Less,
}

/// What values of an element look like: one of several rows of steps.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Pattern {
    /// As it is written: `d{5}|d{9}`.
    pub text: String,
    /// The rows; a value has one of them from its beginning to its end.
    pub rows: Vec<Vec<Step>>,
}

/// Characters of one kind.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The characters, as ranges with both ends.
    pub ranges: Vec<(u8, u8)>,
    /// How many stand at least.
    pub least: u8,
    /// How many stand at most.
    pub most: u8,
}
