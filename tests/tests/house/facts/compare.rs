//! Walks a guide and its facts side by side and notes every attribute in which they differ.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use serde_json::Value;
use x12_schemas::table::{Element, Guide, Item, NONE, Rule, Segment, Usage};

use super::{divide, nest};

/// Loops of the facts that only group: their children stand in what is around them.
const WRAPPERS: [&str; 6] = [
    "HEADER",
    "DETAIL",
    "TABLE2AREA2",
    "TABLE2AREA3",
    "FOOTER",
    "LS_LOOP",
];

/// How the facts call a loop that only holds the bounds LS and LE and the loops between them.
const BOUNDED: &str = "LS_";

/// Our names of external code lists, by those of the facts; lists that have no name here are checked by nobody.
const LISTS: [(&str, &str); 5] = [
    ("states", "states"),
    ("country", "countries"),
    ("currency", "currencies"),
    ("remark_code", "remarkCodes"),
    ("pos", "placesOfService"),
];

/// Segments that need a key even where they stand alone, as they start loops.
const KEYED: [&str; 3] = ["NM1", "N1", "HL"];

/// One attribute that differs.
pub struct Difference {
    /// Where, as decisions write it.
    pub at: String,
    /// Which attribute.
    pub attribute: &'static str,
    what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.at, self.attribute, self.what)
    }
}

/// All differences between a guide and the table of its facts.
pub fn guide(guide: &Guide, facts: &Value, levels: &Value) -> Vec<Difference> {
    let mut comparison = Comparison {
        guide,
        found: Vec::new(),
    };
    let set = nest::under_parents(set(facts), text(&facts["txn"]), levels);
    comparison.children("", &set, 0);
    comparison.found
}

/// The transaction set of a table: some begin with the envelope, others with it.
pub fn set(facts: &Value) -> &Value {
    find(&facts["tree"], "ST_LOOP").map_or(&facts["tree"], |set| &set["body"])
}

/// All differences between the envelope and the tables of its facts; ST and SE are in those of the sets.
pub fn envelope(guide: &Guide, control: &Value, set: &Value) -> Vec<Difference> {
    let mut comparison = Comparison {
        guide,
        found: Vec::new(),
    };
    let group = find(&control["tree"], "GS_LOOP").expect("the facts have a group");
    let interchange = find(&control["tree"], "ISA_LOOP").expect("the facts have an interchange");
    let set = find(&set["tree"], "ST_LOOP").expect("the facts have a transaction set");
    let around = [(interchange, None), (group, Some(group)), (set, Some(set))];
    for item in guide.items.iter().filter(|item| item.child == NONE) {
        let segment = &guide.segments[usize::from(item.segment)];
        let known = around.iter().find_map(|(place, outer)| {
            list(&place["body"])
                .iter()
                .find(|fact| text(&fact["seg"]) == segment.id)
                .map(|fact| (fact, outer))
        });
        let Some((fact, outer)) = known else {
            comparison.add(&segment.id, "usage", "not in the facts".to_owned());
            continue;
        };
        let mut fact = fact.clone();
        // A loop's first segment stands as often as its loop, and so do the others of the envelope.
        if let Some(outer) = outer {
            fact["max"] = outer["rep"].clone();
            fact["use"] = outer["use"].clone();
        }
        if segment.id == "ST" {
            // Each guide says which set it is, and by which identifiers it goes.
            for element in fact["el"].as_array_mut().into_iter().flatten() {
                element["codes"] = Value::Null;
            }
        }
        comparison.segment("", &fact, segment, item, false);
    }
    comparison.found
}

struct Comparison<'a> {
    guide: &'a Guide,
    found: Vec<Difference>,
}

impl Comparison<'_> {
    fn add(&mut self, at: &str, attribute: &'static str, what: String) {
        self.found.push(Difference {
            at: at.to_owned(),
            attribute,
            what,
        });
    }

    fn check<T: PartialEq + fmt::Debug>(
        &mut self,
        at: &str,
        attribute: &'static str,
        facts: T,
        ours: T,
    ) {
        if facts != ours {
            self.add(at, attribute, format!("facts {facts:?}, guide {ours:?}"));
        }
    }

    /// The children of a loop, one by one and in order.
    fn children(&mut self, name: &str, body: &Value, index: usize) {
        let entry = &self.guide.loops[index];
        let items = self.guide.items_of(entry);
        let divided = divide::by_codes(body, &self.uses(items));
        let children = children(&divided);
        self.check(
            if name.is_empty() { "set" } else { name },
            "order",
            children.len(),
            items.len(),
        );
        let items = self.known_to(&children, items);
        let items = items.as_slice();
        let children = self.as_here(children, items);
        let mut ids: HashMap<&str, usize> = HashMap::new();
        for child in &children {
            *ids.entry(text(&child.node["seg"])).or_default() += 1;
        }
        for ((child, item), before) in children.iter().zip(items).zip(previous(&children, items)) {
            self.order(name, child, item, before);
            let segment = &self.guide.segments[usize::from(item.segment)];
            if let Some(id) = child.node["loop"].as_str() {
                self.inner_loop(id, child.node, item);
            } else if item.child != NONE || segment.id != text(&child.node["seg"]) {
                self.add(
                    &join(name, text(&child.node["seg"])),
                    "order",
                    format!("the guide has {} here", segment.id),
                );
            } else {
                self.segment(name, child.node, segment, item, ids[&*segment.id] > 1);
            }
        }
    }

    /// What the facts have too: of loops that they lack their number has told.
    fn known_to(&self, children: &[Child<'_>], items: &[Item]) -> Vec<Item> {
        let is_known = |item: &&Item| {
            let inner = self.guide.loops.get(usize::from(item.child));
            inner.is_none_or(|entry| children.iter().any(|child| child.node["loop"] == *entry.id))
        };
        let known: Vec<_> = items.iter().filter(is_known).cloned().collect();
        // Where loops have other names, all of them stay beside one another.
        if known.len() < children.len() {
            return items.to_vec();
        }
        known
    }

    /// Two loops that the facts have in the other order change places, which is told.
    fn as_here<'v>(&mut self, mut children: Vec<Child<'v>>, items: &[Item]) -> Vec<Child<'v>> {
        let ours = |item: &Item| {
            let inner = self.guide.loops.get(usize::from(item.child));
            inner.map(|entry| entry.id.to_string())
        };
        let ours: Vec<_> = items.iter().map(ours).collect();
        for at in 1..children.len().min(ours.len()) {
            let pair = [&children[at], &children[at - 1]].map(|child| child.node["loop"].as_str());
            let [Some(last), Some(first)] = pair else {
                continue;
            };
            if last != first && [ours[at - 1].as_deref(), ours[at].as_deref()] == pair {
                self.add(first, "order", format!("facts before {last}, guide behind"));
                children.swap(at - 1, at);
            }
        }
        children
    }

    /// The segments of a loop itself, each with the codes of its first element by which it is recognised.
    fn uses(&self, items: &[Item]) -> Vec<divide::Use> {
        let own = items.iter().filter(|item| item.child == NONE);
        own.map(|item| {
            let segment = &self.guide.segments[usize::from(item.segment)];
            let keys = segment.keys.iter();
            let codes = keys
                .filter(|key| (key.element, key.component) == (1, 0))
                .flat_map(|key| self.guide.codes_at(key.codes))
                .map(ToString::to_string);
            (segment.id.to_string(), codes.collect())
        })
        .collect()
    }

    fn inner_loop(&mut self, id: &str, facts: &Value, item: &Item) {
        let entry = self.guide.loops.get(usize::from(item.child));
        if entry.is_none_or(|entry| entry.id != id) {
            return self.add(id, "order", "the guide has something else here".to_owned());
        }
        self.check(id, "usage", text(&facts["use"]), item.usage.letter());
        self.check(id, "max", number(&facts["rep"], 1), u64::from(item.max));
        self.children(id, &facts["body"], usize::from(item.child));
    }

    /// Siblings that may change places do so in both, or in neither.
    fn order(
        &mut self,
        name: &str,
        child: &Child<'_>,
        item: &Item,
        before: Option<(&Child<'_>, &Item)>,
    ) {
        let Some((last, last_item)) = before else {
            return;
        };
        let (facts, ours) = (
            child.position == last.position,
            item.position == last_item.position,
        );
        let at = child.node["loop"]
            .as_str()
            .map_or_else(|| join(name, text(&child.node["seg"])), str::to_owned);
        let word = |together| if together { "with" } else { "behind" };
        if facts != ours {
            self.add(
                &at,
                "order",
                format!("facts {} the one before, guide {}", word(facts), word(ours)),
            );
        }
    }

    fn segment(
        &mut self,
        name: &str,
        facts: &Value,
        segment: &Segment,
        item: &Item,
        several: bool,
    ) {
        let id = text(&facts["seg"]);
        let first = &facts["el"][0];
        let by_component = first["codes"].is_null() && !first["sub"].is_null();
        let qualifier = if by_component {
            &first["sub"][0]["codes"]
        } else {
            &facts["qual"]
        };
        let mark = qualifier[0]
            .as_str()
            .filter(|_| several)
            .map(|code| format!("[{code}]"))
            .unwrap_or_default();
        let place = |reference: &str| format!("{}{mark}", join(name, reference));
        self.check(
            &place(id),
            "usage",
            text(&facts["use"]),
            item.usage.letter(),
        );
        self.check(
            &place(id),
            "max",
            number(&facts["max"], 1),
            u64::from(item.max),
        );
        let syntax: BTreeSet<_> = list(&facts["syntax"])
            .iter()
            .map(|note| normal(text(note)))
            .collect();
        self.check(&place(id), "notes", syntax, notes(self.guide, segment));
        self.key(
            &place(id),
            id,
            qualifier,
            segment,
            several || KEYED.contains(&id),
        );
        let elements = self.guide.elements_of(segment);
        self.check(&place(id), "type", list(&facts["el"]).len(), elements.len());
        for (fact, element) in list(&facts["el"]).iter().zip(elements) {
            let reference = format!("{id}{:02}", number(&fact["pos"], 0));
            self.element(&place(&reference), fact, element);
            self.components(&place, &reference, fact, element);
        }
    }

    /// What tells one use of a segment from another.
    fn key(&mut self, at: &str, id: &str, qualifier: &Value, segment: &Segment, needed: bool) {
        let place = match id {
            "HL" => (3, 0),
            "HI" | "CTX" => (1, 1),
            _ => (1, 0),
        };
        let keys: Vec<_> = segment
            .keys
            .iter()
            .map(|key| (key.element, key.component))
            .collect();
        self.check(
            at,
            "key",
            if needed { vec![place] } else { Vec::new() },
            keys,
        );
        let lists = segment
            .keys
            .iter()
            .filter(|key| (key.element, key.component) == place);
        for key in lists.filter(|_| id != "HL" && !qualifier.is_null()) {
            let ours = self.guide.codes_at(key.codes);
            self.check(at, "key", &*codes(qualifier), ours);
        }
    }

    fn element(&mut self, at: &str, facts: &Value, element: &Element) {
        self.check(at, "usage", text(&facts["use"]), element.usage.letter());
        let composite = facts["comp"].as_str();
        self.check(
            at,
            "type",
            composite.unwrap_or_else(|| text(&facts["de"])),
            &element.data_element,
        );
        self.check(
            at,
            "repeat",
            number(&facts["rep"], 1),
            u64::from(element.repeat),
        );
        if composite.is_none() {
            self.check(at, "type", text(&facts["type"]), &*element.kind.to_string());
            let lengths = (number(&facts["min"], 0), number(&facts["max"], 0));
            self.check(
                at,
                "length",
                lengths,
                (u64::from(element.min), u64::from(element.max)),
            );
        }
        if text(&facts["use"]) == "N" || element.usage == Usage::NotUsed {
            return;
        }
        let ours = self.guide.codes_at(element.codes);
        self.check(at, "codes", &*codes(&facts["codes"]), ours);
        let known = LISTS
            .iter()
            .find(|(theirs, _)| Some(*theirs) == facts["ext"].as_str());
        self.check(
            at,
            "list",
            known.map_or("", |(_, ours)| ours),
            &element.list,
        );
        if let Some(pattern) = facts["regex"].as_str() {
            self.add(at, "type", format!("facts have the pattern {pattern}"));
        }
    }

    fn components(
        &mut self,
        place: &dyn Fn(&str) -> String,
        reference: &str,
        facts: &Value,
        element: &Element,
    ) {
        let known = list(&facts["sub"]);
        if known.is_empty() || text(&facts["use"]) == "N" || element.usage == Usage::NotUsed {
            return;
        }
        let components = self.guide.components_of(element);
        self.check(&place(reference), "type", known.len(), components.len());
        for (number, (fact, component)) in (1..).zip(known.iter().zip(components)) {
            self.element(&place(&format!("{reference}-{number}")), fact, component);
        }
    }
}

/// A child of a loop, wrappers aside.
struct Child<'a> {
    node: &'a Value,
    /// Its wrapper and its position in there: alike for those that may change places.
    position: (&'a str, String),
}

fn children(body: &Value) -> Vec<Child<'_>> {
    let mut found = Vec::new();
    for (at, node) in list(body).iter().enumerate() {
        let id = text(&node["loop"]);
        if !WRAPPERS.contains(&id) && !id.starts_with(BOUNDED) {
            found.push(Child {
                node,
                position: ("", position(node, at)),
            });
        } else if text(&node["use"]) != "N" {
            let within = list(&node["body"]).iter().enumerate();
            found.extend(within.map(|(at, node)| Child {
                node,
                position: (id, position(node, at)),
            }));
        }
    }
    found
}

/// The position of a child: as told, otherwise which of its siblings it is.
fn position(node: &Value, at: usize) -> String {
    match &node["pos"] {
        Value::Null => format!("child {at}"),
        told => told.to_string(),
    }
}

/// For each pair the one before it.
fn previous<'a>(
    children: &'a [Child<'a>],
    items: &'a [Item],
) -> impl Iterator<Item = Option<(&'a Child<'a>, &'a Item)>> {
    std::iter::once(None).chain(children.iter().zip(items).map(Some))
}

fn find<'a>(tree: &'a Value, id: &str) -> Option<&'a Value> {
    list(tree).iter().find_map(|node| {
        if text(&node["loop"]) == id {
            Some(node)
        } else {
            find(&node["body"], id)
        }
    })
}

fn join(name: &str, reference: &str) -> String {
    if name.is_empty() {
        reference.to_owned()
    } else {
        format!("{name}/{reference}")
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn number(value: &Value, absent: u64) -> u64 {
    value.as_u64().unwrap_or(absent)
}

fn codes(value: &Value) -> Vec<String> {
    let mut codes: Vec<_> = list(value)
        .iter()
        .map(|code| text(code).to_owned())
        .collect();
    codes.sort();
    codes.dedup();
    codes
}

/// A segment's syntax notes, written as the facts write them: `P0304`.
fn notes(guide: &Guide, segment: &Segment) -> BTreeSet<String> {
    let notes = guide.notes_of(segment);
    let write = |note: &x12_schemas::table::Note| {
        let letter = match note.rule {
            Rule::Paired => "P",
            Rule::Required => "R",
            Rule::Exclusion => "E",
            Rule::Conditional => "C",
            Rule::ListConditional => "L",
        };
        let others = (1..=64_u8)
            .filter(|number| note.elements >> (number - 1) & 1 == 1 && *number != note.first);
        normal(
            &std::iter::once(note.first)
                .chain(others)
                .fold(letter.to_owned(), |text, number| {
                    text + &format!("{number:02}")
                }),
        )
    };
    notes.iter().map(write).collect()
}

/// A syntax note with its elements in order; the first of `C` and `L` is the condition and stays.
fn normal(note: &str) -> String {
    let (letter, digits) = note.split_at(1);
    let mut numbers: Vec<_> = digits
        .as_bytes()
        .chunks(2)
        .map(String::from_utf8_lossy)
        .collect();
    let condition = usize::from(letter == "C" || letter == "L");
    numbers[condition..].sort();
    format!("{letter}{}", numbers.concat())
}
