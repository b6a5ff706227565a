//! X12 read, written, checked and acknowledged: exactly, at any size.
//!
//! A document is cut into blocks of whole segments; each block is placed in its guide, then checked and rendered on any thread, and
//! the results are joined in order. Nothing ever needs the whole document, so memory does not grow with it.

mod account;
mod acknowledge;
mod block;
mod chart;
mod charts;
mod check;
mod claim_status;
mod code_set;
mod control_number;
mod convert;
mod cut;
mod decimal;
mod delimiters;
mod distinct;
mod entry;
mod envelope;
mod error;
mod error_condition;
mod event;
mod finding;
mod form;
mod gather;
mod index;
mod json;
mod layout;
mod limits;
mod merge;
mod numbers;
mod options;
mod parallel;
mod pattern;
mod place;
mod placed;
mod readdress;
mod record_counts;
mod replay;
mod role_index;
mod rule_index;
mod rules;
mod segment;
mod sheet;
mod snip;
mod source;
mod survey;
mod validate;
mod value;
mod visit;
mod walk;
mod withheld;

pub use account::{
    Acceptance, Acknowledged, AdviceOutcome, AdviceSaid, AdviceScope, BatchReference,
    CLAIM_ACKNOWLEDGMENT_GUIDE, ClaimAction, ClaimReference, ClaimSaid, ElementSaid, ErrorSaid,
    GroupReference, GroupSaid, InterchangeSaid, ItemReference, Level, LevelSaid, LineSaid, Said,
    SegmentSaid, SetReference, SetSaid, Stated, Status, Totals, read_acknowledgments,
};
pub use acknowledge::{
    AcceptedRecords, AcknowledgmentOptions, AdviceOptions, AdvisedSets, AnswerAddress,
    AnswerNumbers, AnswerSet, ApplicationAdvice, ClaimAcknowledgmentOptions, ClaimAcknowledgments,
    ClaimSource, ControlNumbers, CountingNumbers, Decided, Decision, GroupDecision, GroupPolicy,
    NoteBasis, Reason, RecordRejection, RecordVerdicts, Rejects, SetDecision, Ta1Note, Ta1Policy,
    Ta1Severity, Verdict, acknowledge, acknowledge_claims, advise,
};
pub use claim_status::ClaimStatus;
pub use control_number::ControlNumber;
pub use convert::to_json;
pub use decimal::Decimal;
pub use delimiters::Delimiters;
pub use envelope::Envelope;
pub use error::Error;
pub use finding::{AcknowledgmentCodes, Code, Finding, Identity, Position, Severity, Trigger};
pub use json::named::schema::named_schema;
pub use json::named::seal::EnvelopeFilling;
pub use json::render::{Per, Shape};
pub use json::write::{
    WriteFinding, X12Writer, write_x12 as to_x12, write_x12_filled as to_x12_filled,
};
pub use layout::{LineBreaks, format};
pub use limits::Limits;
pub use merge::Merger;
pub use options::Options;
pub use readdress::{
    Addresses, EnvelopeCounts, Fate, GroupAddress, InterchangeAddress, Parts, SetRecords,
    Undivided, readdress, readdress_parts, readdress_records, survey_records,
};
pub use record_counts::RecordCounts;
pub use segment::{Element, Segment};
pub use snip::SnipTypes;
pub use survey::{Incomplete, SetKind, Survey, survey};
pub use validate::{Summary, validate};
pub use visit::{Visit, Visited, Visitor, visit, visit_envelopes, visit_slice};
pub use withheld::Withheld;
pub use x12_schemas::Catalog;

/// Keeps the code of README.md true.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
