//! `x12conv info --acknowledgments`: what received acknowledgments say, a line each, values masked unless they are asked for.

use std::io::{self, Write};

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Value, json};
use x12_parser::{
    Acceptance, Acknowledged, AdviceOutcome, AdviceSaid, ClaimReference, ClaimSaid, ElementSaid,
    ErrorSaid, Finding, GroupReference, GroupSaid, InterchangeSaid, ItemReference, Level,
    LevelSaid, LineSaid, Said, SegmentSaid, SetReference, SetSaid, Stated, Totals, Withheld,
    read_acknowledgments,
};

use crate::arguments::InfoArguments;
use crate::documents::Document;
use crate::input::harmless;
use crate::outcome::{Failure, Outcome};
use crate::report::mask;
use crate::session::Session;

/// Tells what the acknowledgments of a document say.
pub fn tell(
    arguments: &InfoArguments,
    session: &Session,
    document: Document<'_>,
    output: &mut impl Write,
) -> Result<Outcome, Failure> {
    let file = document.input.name();
    read_acknowledgments(document.reader, &session.options, |told| {
        let line = Line::new(&told, arguments.show_phi);
        Ok(line.write(&file, arguments.json, output)?)
    })?;
    Ok(Outcome::Yes)
}

/// What is said of one thing.
struct Line {
    of: &'static str,
    by: [String; 3],
    /// In the order in which they are shown.
    fields: Vec<(&'static str, Value)>,
    show_phi: bool,
}

impl Line {
    fn new(told: &Acknowledged<'_>, show_phi: bool) -> Self {
        let brought = told.brought;
        let mut line = Self {
            of: "",
            by: [brought.isa(13), brought.gs(6), brought.st(2)].map(str::to_owned),
            fields: Vec::new(),
            show_phi,
        };
        line.of = match &told.said {
            Said::Interchange(said) => line.interchange(said),
            Said::Group(said) => line.group(said),
            Said::Set(said) => line.set(said),
            Said::Segment(said) => line.segment(said),
            Said::Element(said) => line.element(said),
            Said::Level(said) => line.level(said),
            Said::Claim(said) => line.claim(said),
            Said::Line(said) => line.line(said),
            Said::Advice(said) => line.advice(said),
            Said::Error(said) => line.error(said),
            Said::Finding(finding) => line.finding(finding),
            _ => "other",
        };
        line
    }

    fn write(self, file: &str, as_json: bool, to: &mut impl Write) -> io::Result<()> {
        if as_json {
            serde_json::to_writer(&mut *to, &InFile { file, line: &self })?;
            return to.write_all(b"\n");
        }
        let fields = self.fields.iter().map(|(name, value)| words(name, value));
        let fields: Vec<_> = fields.collect();
        writeln!(
            to,
            "{file}: {} says of {}: {}",
            harmless(self.by[0].trim()),
            named(self.of),
            fields.join(", ")
        )
    }

    fn put(&mut self, name: &'static str, value: impl Into<Value>) {
        let value = value.into();
        let says_nothing = match &value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            _ => false,
        };
        if !says_nothing {
            self.fields.push((name, value));
        }
    }

    fn value(&self, value: &[u8]) -> String {
        let shown = if self.show_phi {
            value.to_vec()
        } else {
            mask::value(value)
        };
        String::from_utf8_lossy(&shown).into_owned()
    }

    fn withheld(&mut self, name: &'static str, value: Option<&Withheld>) {
        let shown = value.map(|value| self.value(value.reveal()));
        self.put(name, shown);
    }

    fn interchange(&mut self, said: &InterchangeSaid) -> &'static str {
        self.put("isa13", said.isa13.trim());
        self.acceptance(said.acceptance);
        self.put("note", &*said.note);
        "interchange"
    }

    fn acceptance(&mut self, acceptance: Acceptance) {
        self.put("code", acceptance.code());
        self.put("rejected", acceptance.is_rejected());
    }

    fn of_group(&mut self, group: &GroupReference) {
        self.put("gs01", &*group.gs01);
        self.put("gs06", &*group.gs06);
        self.put("gs08", &*group.gs08);
    }

    fn of_set(&mut self, set: &SetReference) {
        self.put("gs06", &*set.group.gs06);
        self.put("st01", &*set.st01);
        self.put("st02", &*set.st02);
    }

    fn group(&mut self, said: &GroupSaid) -> &'static str {
        self.of_group(&said.group);
        self.acceptance(said.acceptance);
        self.put("received", said.received);
        self.put("accepted", said.accepted);
        self.put("codes", said.codes.clone());
        "group"
    }

    fn set(&mut self, said: &SetSaid) -> &'static str {
        self.of_set(&said.set);
        self.acceptance(said.acceptance);
        self.put("codes", said.codes.clone());
        "set"
    }

    fn segment(&mut self, said: &SegmentSaid) -> &'static str {
        self.of_set(&said.set);
        self.place(&said.id, said.segment, [0; 3]);
        self.put("loop", &*said.loop_id);
        self.put("code", &*said.code);
        self.put("contexts", said.contexts.clone());
        "segment"
    }

    fn element(&mut self, said: &ElementSaid) -> &'static str {
        self.of_set(&said.set);
        let place = [said.element, said.component, said.repetition];
        self.place("", said.segment, place);
        self.put("dataElement", &*said.data_element);
        self.put("code", &*said.code);
        self.put("contexts", said.contexts.clone());
        "element"
    }

    fn place(&mut self, id: &str, segment: Option<u64>, place: [u16; 3]) {
        self.put("segment", id);
        self.put("segmentOrdinal", segment);
        let names = ["element", "component", "repetition"];
        for (name, ordinal) in names.into_iter().zip(place) {
            self.put(name, (ordinal > 0).then_some(ordinal));
        }
    }

    fn level(&mut self, said: &LevelSaid) -> &'static str {
        self.withheld("batch", said.batch.batch.as_ref());
        self.withheld("trace", said.trace.as_ref());
        self.stated(&said.stated);
        self.totals(&said.totals);
        self.put("addsUp", said.adds_up());
        match said.level {
            Level::Batch => "batch",
            Level::Provider => "provider",
        }
    }

    fn totals(&mut self, totals: &Totals) {
        self.put("acceptedClaims", totals.accepted);
        self.put("rejectedClaims", totals.rejected);
        let amounts = [
            ("acceptedAmount", totals.accepted_amount),
            ("rejectedAmount", totals.rejected_amount),
        ];
        for (name, amount) in amounts {
            let shown = amount.map(|amount| self.value(amount.to_string().as_bytes()));
            self.put(name, shown);
        }
    }

    fn stated(&mut self, stated: &Stated) {
        self.put("rejected", stated.is_rejected());
        if !stated.agrees() {
            self.put("agrees", false);
        }
        let statuses = stated.statuses.iter().map(|status| {
            let parts = [&*status.category, &status.code, &status.entity];
            parts.join(":").trim_end_matches(':').to_owned()
        });
        self.put("statuses", statuses.collect::<Vec<_>>());
        let amount = stated.amount.map(|amount| amount.to_string());
        let shown = amount.map(|amount| self.value(amount.as_bytes()));
        self.put("amount", shown);
    }

    fn of_claim(&mut self, claim: &ClaimReference) {
        self.withheld("batch", claim.batch.batch.as_ref());
        self.withheld("claim", claim.number.as_ref());
    }

    fn claim(&mut self, said: &ClaimSaid) -> &'static str {
        self.of_claim(&said.claim);
        self.withheld("payerNumber", said.claim.payer_number.as_ref());
        let number = said.claim.clearinghouse_number.as_ref();
        self.withheld("clearinghouseNumber", number);
        self.stated(&said.stated);
        "claim"
    }

    fn line(&mut self, said: &LineSaid) -> &'static str {
        self.of_claim(&said.claim);
        self.put("ordinal", said.ordinal);
        self.withheld("line", said.number.as_ref());
        self.stated(&said.stated);
        "line"
    }

    fn of_item(&mut self, item: &ItemReference) {
        self.put("gs06", &*item.gs06);
        self.put("st01", &*item.st01);
        self.put("st02", &*item.st02);
        self.withheld("item", item.number.as_ref());
    }

    fn advice(&mut self, said: &AdviceSaid) -> &'static str {
        self.of_item(&said.item);
        self.put("code", &*said.code);
        self.put("rejected", said.outcome == AdviceOutcome::Rejected);
        let numbers = said.numbers.iter().map(|(qualifier, number)| {
            let number = self.value(number.reveal());
            format!("{qualifier} {number}")
        });
        let numbers: Vec<_> = numbers.collect();
        self.put("numbers", numbers);
        self.put("errors", said.errors);
        "item"
    }

    fn error(&mut self, said: &ErrorSaid) -> &'static str {
        self.of_item(&said.item);
        let place = [said.element, said.component, said.repetition];
        self.place(&said.id, said.segment, place);
        self.put("dataElement", &*said.data_element);
        self.put("code", &*said.code);
        self.put("reasons", said.reasons.clone());
        "error"
    }

    fn finding(&mut self, finding: &Finding) -> &'static str {
        self.put("finding", finding.name());
        self.put("severity", finding.severity.name());
        self.put("offset", finding.offset);
        self.put("path", finding.path());
        "acknowledgment"
    }
}

/// What is said, and where it was read, as programs get it.
struct InFile<'a> {
    file: &'a str,
    line: &'a Line,
}

impl Serialize for InFile<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("file", self.file)?;
        map.serialize_entry("of", self.line.of)?;
        for (name, value) in &self.line.fields {
            map.serialize_entry(name, value)?;
        }
        let [isa13, gs06, st02] = &self.line.by;
        let by = json!({"isa13": isa13.trim(), "gs06": gs06, "st02": st02});
        map.serialize_entry("by", &by)?;
        map.end()
    }
}

/// What it is, as people read it.
fn named(of: &str) -> &str {
    match of {
        "interchange" => "an interchange",
        "group" => "a group",
        "set" => "a set",
        "segment" => "a segment",
        "element" => "an element",
        "batch" => "a batch",
        "provider" => "the claims of a provider",
        "claim" => "a claim",
        "line" => "a line of a claim",
        "item" => "an item",
        "error" => "an error of an item",
        _ => "itself",
    }
}

/// A field as people read it: `st02 0001`.
fn words(name: &str, value: &Value) -> String {
    let shown = match value {
        Value::String(text) => harmless(text),
        Value::Array(list) => {
            let texts = list.iter().filter_map(Value::as_str);
            texts.map(harmless).collect::<Vec<_>>().join(" ")
        }
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    };
    let mut name_in_words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            name_in_words.push(' ');
        }
        name_in_words.push(letter.to_ascii_lowercase());
    }
    format!("{name_in_words} {shown}")
}
