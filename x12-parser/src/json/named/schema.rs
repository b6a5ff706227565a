//! The JSON Schema of a guide's shape `named`.

use x12_schemas::Catalog;
use x12_schemas::table::{Element, Guide, Item, Kind, Usage};

use crate::json::named::schema_text::{Value, array, object, text};
use crate::sheet::{
    Fill, Member, MemberKind, Parts, Sheet, Slot, SlotKind, control_elements, digits_of,
};

/// The JSON Schema, of draft 2020-12, of documents in the shape `named` whose transaction sets go by a guide.
///
/// Required is what must be told: what is filled in may be left out. Sets of other guides are let through unseen.
///
/// # Examples
/// ```
/// # use x12_parser::{Catalog, named_schema};
/// let catalog = Catalog::builtin();
/// let guide = catalog.guide("005010X222A1").expect("it is built in");
/// assert!(named_schema(&catalog, &guide).contains("\"billingProvider\""));
/// ```
#[must_use]
pub fn named_schema(catalog: &Catalog, guide: &Guide) -> String {
    let sheet = Sheet::new(guide);
    let writer = Writer {
        guide,
        sheet: &sheet,
        envelope: &catalog.envelope(),
    };
    let mut out = writer.document().pretty();
    out.push('\n');
    out
}

struct Writer<'a> {
    guide: &'a Guide,
    sheet: &'a Sheet,
    envelope: &'a Guide,
}

/// A schema that refers to a definition.
fn reference(name: &str) -> Value {
    object([("$ref", text(format!("#/$defs/{name}")))])
}

fn of_type(name: &str) -> Value {
    object([("type", text(name))])
}

fn list_of(items: Value) -> Value {
    object([("type", text("array")), ("items", items)])
}

/// An object that may have these keys, and must have some of them.
fn closed(properties: Vec<(String, Value)>, required: Vec<String>) -> Value {
    let mut parts = vec![("type", text("object"))];
    if !required.is_empty() {
        parts.push(("required", array(required.into_iter().map(text))));
    }
    parts.push(("properties", Value::Object(properties)));
    parts.push(("additionalProperties", Value::Flag(false)));
    object(parts)
}

fn named(parts: Vec<(&str, Value)>) -> Vec<(String, Value)> {
    parts
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

impl Writer<'_> {
    fn document(&self) -> Value {
        let guide = self.guide;
        let title = format!(
            "X12 as JSON, shape `named`: {} of {}, {}",
            guide.set, guide.id, guide.label
        );
        let about = "What `x12conv json --shape named` writes of a document without faults, and what `x12conv x12` reads. \
                     A description says where in X12 a value stands.";
        let document = closed(
            named(vec![
                ("x12", object([("const", text("1"))])),
                ("shape", object([("const", text("named"))])),
                ("interchanges", list_of(reference("interchange"))),
            ]),
            vec!["shape".to_owned(), "interchanges".to_owned()],
        );
        let mut parts = named(vec![
            (
                "$schema",
                text("https://json-schema.org/draft/2020-12/schema"),
            ),
            ("title", text(title)),
            ("description", text(about)),
            ("anyOf", array([reference("document"), reference("set")])),
        ]);
        let mut definitions = named(vec![("document", document)]);
        definitions.extend(self.envelope());
        definitions.extend(self.extras());
        definitions.push(("set".to_owned(), self.set()));
        for index in 1..guide.loops.len() {
            let index = index as u16;
            if self.first(index) == index {
                definitions.push((self.name(index), self.a_loop(index)));
            }
        }
        parts.push(("$defs".to_owned(), Value::Object(definitions)));
        Value::Object(parts)
    }

    // Envelope

    fn delimiters() -> Value {
        let byte = || {
            object([
                ("type", text("string")),
                ("minLength", Value::Number(1)),
                ("maxLength", Value::Number(1)),
            ])
        };
        closed(
            named(vec![
                ("element", byte()),
                ("component", byte()),
                ("repetition", byte()),
                ("segment", byte()),
                ("suffix", of_type("string")),
            ]),
            Vec::new(),
        )
    }

    fn envelope(&self) -> Vec<(String, Value)> {
        let interchange = closed(
            named(vec![
                ("$before", reference("bytes")),
                ("delimiters", Self::delimiters()),
                ("header", self.control("ISA")),
                ("services", list_of(reference("segment"))),
                (
                    "groups",
                    list_of(object([(
                        "anyOf",
                        array([reference("group"), reference("segment")]),
                    )])),
                ),
                ("trailer", self.control("IEA")),
                ("$after", reference("bytes")),
            ]),
            Vec::new(),
        );
        let ours = named(vec![
            ("set", object([("const", text(&self.guide.set))])),
            ("guide", object([("const", text(&self.guide.id))])),
        ]);
        let ours = object([
            ("properties", Value::Object(ours)),
            ("required", array([text("guide")])),
        ]);
        let other = object([
            ("type", text("object")),
            ("required", array([text("set")])),
            ("not", ours),
        ]);
        let sets = array([
            reference("set"),
            reference("otherSet"),
            reference("segment"),
        ]);
        let group = closed(
            named(vec![
                ("header", self.control("GS")),
                ("transactions", list_of(object([("anyOf", sets)]))),
                ("trailer", self.control("GE")),
            ]),
            Vec::new(),
        );
        named(vec![
            ("interchange", interchange),
            ("group", group),
            ("otherSet", other),
        ])
    }

    /// The elements of a control segment, all of which may be left out.
    fn control(&self, id: &str) -> Value {
        let mut properties: Vec<_> = (1..)
            .zip(control_elements(self.envelope, id))
            .map(|(number, element)| {
                (
                    element.label.clone(),
                    described(of_type("string"), format!("{id}{number:02}")),
                )
            })
            .collect();
        properties.push(("$extra".to_owned(), reference("elements")));
        closed(properties, Vec::new())
    }

    fn extras(&self) -> Vec<(String, Value)> {
        let strings = list_of(of_type("string"));
        let value = array([
            of_type("string"),
            list_of(object([("anyOf", array([of_type("string"), strings]))])),
        ]);
        let elements = object([
            (
                "description",
                text(
                    "Elements without a label, by their numbers: `05`, or `05-8` for a component.",
                ),
            ),
            ("type", text("object")),
            (
                "patternProperties",
                Value::Object(vec![(
                    "^[0-9]{2,3}(-[0-9]{1,3})?$".to_owned(),
                    object([("anyOf", value)]),
                )]),
            ),
            ("additionalProperties", Value::Flag(false)),
        ]);
        let segment = object([
            (
                "description",
                text(
                    "A segment as it stands: its identifier, its elements, and `$raw` where these do not say all.",
                ),
            ),
            ("type", text("array")),
            ("minItems", Value::Number(1)),
        ]);
        let bytes = object([("type", array([text("string"), text("object")]))]);
        named(vec![
            ("extra", Self::entries()),
            ("elements", elements),
            ("segment", segment),
            ("bytes", bytes),
        ])
    }

    /// What may stand in `$extra`.
    fn entries() -> Value {
        let entry =
            |required: &str, place: &'static str, mut properties: Vec<(&'static str, Value)>| {
                properties.push((place, of_type("string")));
                closed(named(properties), vec![required.to_owned()])
            };
        let entries = array([
            entry("segment", "after", vec![("segment", reference("segment"))]),
            entry("elements", "of", vec![("elements", reference("elements"))]),
            entry(
                "value",
                "key",
                vec![
                    ("value", Value::Flag(true)),
                    ("elements", reference("elements")),
                ],
            ),
        ]);
        object([
            (
                "description",
                text("What has no label, or does not fit the guide, and where it stood."),
            ),
            ("type", text("array")),
            ("items", object([("anyOf", entries)])),
        ])
    }

    // Transaction set and loops

    fn set(&self) -> Value {
        let number = || object([("type", text("integer")), ("minimum", Value::Number(1))]);
        let mut properties = named(vec![
            ("x12", object([("const", text("1"))])),
            ("shape", object([("const", text("named"))])),
            ("set", object([("const", text(&self.guide.set))])),
            ("interchange", number()),
            ("group", number()),
            ("ordinal", number()),
            ("guide", object([("const", text(&self.guide.id))])),
        ]);
        let mut required = vec!["guide".to_owned()];
        self.keys(0, &mut properties, &mut required);
        // A control number is given where none is told.
        required.retain(|key| {
            self.starter(0)
                .is_none_or(|parts| parts.find(key.as_bytes()).is_none())
        });
        properties.push(("trailer".to_owned(), self.control("SE")));
        closed(properties, required)
    }

    fn a_loop(&self, index: u16) -> Value {
        let (mut properties, mut required) = (Vec::new(), Vec::new());
        self.keys(index, &mut properties, &mut required);
        let path = self
            .guide
            .loops
            .get(usize::from(index))
            .map_or("", |a_loop| &a_loop.id);
        described(closed(properties, required), format!("loop {path}"))
    }

    fn starter(&self, index: u16) -> Option<&Parts> {
        let a_loop = self.sheet.a_loop(index)?;
        Some(&self.sheet.segment(a_loop.starter)?.parts)
    }

    /// The keys of a loop's object.
    fn keys(&self, index: u16, properties: &mut Vec<(String, Value)>, required: &mut Vec<String>) {
        let (Some(a_loop), Some(of)) = (
            self.sheet.a_loop(index),
            self.guide.loops.get(usize::from(index)),
        ) else {
            return;
        };
        if let (Some(parts), Some(segment)) = (
            self.starter(index),
            self.guide.segments.get(usize::from(a_loop.starter)),
        ) {
            self.members(
                parts,
                &self.guide.elements,
                &segment.id,
                (properties, required),
            );
        }
        let items = self.guide.items_of(of);
        for (slot, item) in a_loop
            .slots
            .iter()
            .zip(items)
            .filter(|(slot, _)| slot.usable)
        {
            properties.push((slot.key.clone(), self.slot(slot, item)));
            if item.usage == Usage::Required {
                required.push(slot.key.clone());
            }
        }
        properties.push(("$extra".to_owned(), reference("extra")));
        properties.push(("$extraAfter".to_owned(), reference("extra")));
    }

    fn slot(&self, slot: &Slot, item: &Item) -> Value {
        let (value, times) = match slot.kind {
            SlotKind::Loop(child) => (reference(&self.name(child)), 1),
            SlotKind::Segment(definition) => {
                let (Some(sheet), Some(segment)) = (
                    self.sheet.segment(definition),
                    self.guide.segments.get(usize::from(definition)),
                ) else {
                    return Value::Flag(true);
                };
                match sheet.parts.only().filter(|_| slot.joined) {
                    Some(only) => {
                        let times = match only.kind {
                            MemberKind::Run { times, .. } => u64::from(times),
                            _ => 0,
                        };
                        (self.single(only, &self.guide.elements, &segment.id), times)
                    }
                    None => (
                        self.parts(&sheet.parts, &self.guide.elements, &segment.id),
                        1,
                    ),
                }
            }
        };
        if !slot.many {
            return value;
        }
        let mut parts = vec![("type", text("array")), ("items", value)];
        if item.usage == Usage::Required {
            parts.push(("minItems", Value::Number(1)));
        }
        if item.max != 0 && times != 0 {
            parts.push(("maxItems", Value::Number(u64::from(item.max) * times)));
        }
        object(parts)
    }

    /// The first loop that is the same but for the loop around it.
    fn first(&self, index: u16) -> u16 {
        let starter = |index: usize| self.sheet.loops.get(index).map(|a_loop| a_loop.starter);
        let same = (1..self.guide.loops.len())
            .find(|&other| starter(other) == starter(usize::from(index)));
        same.map_or(index, |same| same as u16)
    }

    /// The name of a loop's definition: its identifier, or its path where another has that.
    fn name(&self, index: u16) -> String {
        let first = self.first(index);
        let Some(a_loop) = self.guide.loops.get(usize::from(first)) else {
            return String::new();
        };
        let others = (1..self.guide.loops.len() as u16)
            .filter(|&other| self.first(other) == other && other != first);
        let taken = others
            .filter_map(|other| self.guide.loops.get(usize::from(other)))
            .any(|other| other.id == a_loop.id);
        let name = if taken {
            a_loop.path.replace('/', ".")
        } else {
            a_loop.id.clone()
        };
        format!("loop{name}")
    }

    // Segments and elements

    /// The schema of an object, or of its only member.
    fn parts(&self, parts: &Parts, of: &[Element], at: &str) -> Value {
        if let Some(only) = parts.only() {
            return self.value(only, of, at);
        }
        let (mut properties, mut required) = (Vec::new(), Vec::new());
        self.members(parts, of, at, (&mut properties, &mut required));
        closed(properties, required)
    }

    fn members(
        &self,
        parts: &Parts,
        of: &[Element],
        at: &str,
        (properties, required): (&mut Vec<(String, Value)>, &mut Vec<String>),
    ) {
        for member in &parts.members {
            properties.push((member.key.clone(), self.value(member, of, at)));
            let element = of.get(usize::from(member.entry));
            if member.filled == Fill::Not
                && element.is_some_and(|element| element.usage == Usage::Required)
            {
                required.push(member.key.clone());
            }
        }
    }

    fn value(&self, member: &Member, of: &[Element], at: &str) -> Value {
        if !member.is_list() {
            return self.single(member, of, at);
        }
        let item = self.single(member, of, at);
        let most = match member.kind {
            MemberKind::Run { times, .. } => u64::from(times),
            _ => of
                .get(usize::from(member.entry))
                .map_or(0, |element| u64::from(element.repeat)),
        };
        let gap = match &member.kind {
            MemberKind::Run { parts, .. } if is_text(parts) => Some(object([("const", text(""))])),
            MemberKind::Run { .. } => Some(object([
                ("maxProperties", Value::Number(0)),
                ("type", text("object")),
            ])),
            _ => None,
        };
        let item = match gap {
            // A run that is left out between others.
            Some(gap) => object([("anyOf", array([item, gap]))]),
            None => item,
        };
        let mut list = vec![("type", text("array")), ("items", item)];
        if most > 0 {
            list.push(("maxItems", Value::Number(most)));
        }
        object(list)
    }

    /// A value, or one of a list.
    fn single(&self, member: &Member, of: &[Element], at: &str) -> Value {
        let Some(element) = of.get(usize::from(member.entry)) else {
            return Value::Flag(true);
        };
        let number = member.number;
        match &member.kind {
            MemberKind::Run { parts, .. } => {
                let base = number - 1;
                self.parts(parts, of, &format!("{at}+{base}"))
            }
            MemberKind::Composite { parts, .. } => self.parts(
                parts,
                &self.guide.components,
                &format!("{}-", place(at, number)),
            ),
            MemberKind::Data => described(data(), place(at, number)),
            MemberKind::Simple { .. } => {
                described(self.element(element, member), place(at, number))
            }
        }
    }

    fn element(&self, element: &Element, member: &Member) -> Value {
        let codes = self.guide.codes_at(element.codes);
        if !codes.is_empty() && element.list.is_empty() {
            // What would be filled in, and need not stand nor does, is told as empty.
            let is_due = matches!(
                member.filled,
                Fill::Paired(..) | Fill::Form(..) | Fill::Child
            );
            let empty = (is_due && element.usage != Usage::Required).then(|| text(""));
            return object([("enum", array(codes.iter().map(text).chain(empty)))]);
        }
        let formats = self.guide.codes_at(member.formats);
        let patterns: Option<Vec<String>> = formats.iter().map(|format| form(format)).collect();
        if let Some(patterns) = patterns.filter(|patterns| !patterns.is_empty()) {
            return object([
                ("type", text("string")),
                ("pattern", text(format!("^({})$", patterns.join("|")))),
            ]);
        }
        let (min, max) = (element.min, element.max);
        let pattern = match element.kind {
            Kind::Numeric(_) if max == 0 => format!("^-?[0-9]{{{min},}}$"),
            Kind::Numeric(_) => format!("^-?[0-9]{{{min},{max}}}$"),
            Kind::Decimal => "^-?([0-9]+\\.?[0-9]*|\\.[0-9]+)$".to_owned(),
            Kind::Date if max == 6 => "^[0-9]{6}$".to_owned(),
            Kind::Date if min == 8 => "^[0-9]{8}$".to_owned(),
            Kind::Date => "^([0-9]{6}|[0-9]{8})$".to_owned(),
            Kind::Time => "^[0-9]{4}([0-9]{2}([0-9]{1,2})?)?$".to_owned(),
            _ => String::new(),
        };
        let mut parts = vec![("type", text("string"))];
        if pattern.is_empty() {
            parts.push(("minLength", Value::Number(u64::from(min))));
            if max > 0 {
                parts.push(("maxLength", Value::Number(u64::from(max))));
            }
        } else {
            parts.push(("pattern", text(pattern)));
        }
        object(parts)
    }
}

/// Whether an object is but a string.
fn is_text(parts: &Parts) -> bool {
    match parts.only().map(|only| &only.kind) {
        Some(MemberKind::Simple { repeats: false }) => true,
        Some(MemberKind::Composite {
            repeats: false,
            parts,
        }) => is_text(parts),
        _ => false,
    }
}

/// How an element is written: `NM109`, `HI01-2`; of a run, as in its first.
fn place(at: &str, number: u8) -> String {
    let number = u16::from(number);
    if at.ends_with('-') {
        return format!("{at}{number}");
    }
    match at.split_once('+') {
        Some((id, base)) => format!("{id}{:02}", base.parse().unwrap_or(0) + number),
        None => format!("{at}{number:02}"),
    }
}

/// Binary data: in base 64, or text as it is.
fn data() -> Value {
    let base64 = object([
        ("type", text("string")),
        ("contentEncoding", text("base64")),
    ]);
    let exact = object([
        ("type", text("object")),
        ("properties", object([("$base64", base64)])),
        ("required", array([text("$base64")])),
        ("additionalProperties", Value::Flag(false)),
    ]);
    object([("anyOf", array([exact, object([("type", text("string"))])]))])
}

fn described(schema: Value, description: String) -> Value {
    match schema {
        Value::Object(mut parts) => {
            parts.insert(0, ("description".to_owned(), text(description)));
            Value::Object(parts)
        }
        other => other,
    }
}

/// What values of a format look like.
fn form(format: &str) -> Option<String> {
    let (digits, is_range) = digits_of(format)?;
    let one = format!("[0-9]{{{digits}}}");
    Some(if is_range {
        format!("{one}-{one}")
    } else {
        one
    })
}
