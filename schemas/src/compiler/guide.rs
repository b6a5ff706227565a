//! The nodes of a guide, read into a tree of loops whose segments are already tables.

use std::collections::BTreeSet;

use crate::table::{Decision, Guide, Record, Usage};

use super::element::append_codes;
use super::fields::Form;
use super::report::{Place, Report};
use super::source::Node;
use super::standard::Standard;
use super::tables::Tables;

/// A guide before its shared loops are laid out under their parents.
pub(super) struct Draft {
    pub(super) parts: Vec<Part>,
    pub(super) shared: Vec<LoopDraft>,
}

/// A loop as the guide describes it once.
pub(super) struct LoopDraft {
    pub(super) id: String,
    /// What tells it from all other shared loops: the loop within which it is shared, and its identifier.
    pub(super) key: String,
    pub(super) at: Place,
    pub(super) label: String,
    pub(super) record: Option<Record>,
    pub(super) usage: Usage,
    pub(super) max: u32,
    pub(super) parts: Vec<Part>,
}

/// What stands in a loop.
pub(super) struct Part {
    pub(super) position: u16,
    pub(super) at: Place,
    pub(super) content: Content,
}

/// A segment, a loop, or the mention of a shared loop.
pub(super) enum Content {
    Segment {
        index: u16,
        usage: Usage,
        max: u32,
    },
    Loop(LoopDraft),
    Use {
        id: String,
        key: String,
        usage: Option<Usage>,
        max: Option<u32>,
    },
}

const GUIDE: Form = Form {
    least: 1,
    most: 1,
    arguments: "an identifier",
    properties: &[
        "standard",
        "set",
        "group",
        "name",
        "label",
        "identified-by-set",
    ],
    block: true,
};
const ENVELOPE: Form = Form {
    properties: &[],
    arguments: "a version",
    ..GUIDE
};
const LOOP: Form = Form {
    least: 1,
    most: 2,
    arguments: "an identifier and a usage",
    properties: &["max", "label", "record"],
    block: true,
};
const ANY: Form = Form {
    least: 0,
    most: 0,
    arguments: "nothing",
    properties: &[],
    block: true,
};
const USE: Form = Form {
    least: 1,
    most: 2,
    arguments: "a shared loop and a usage",
    properties: &["max"],
    block: false,
};
const STRINGS: Form = Form {
    least: 1,
    most: usize::MAX,
    arguments: "strings",
    properties: &[],
    block: false,
};
const CODES: Form = Form {
    least: 2,
    arguments: "a name and codes",
    ..STRINGS
};
const DECISION: Form = Form {
    least: 3,
    most: 3,
    arguments: "a place, an attribute and a reason",
    properties: &[],
    block: false,
};

/// What a decision may be about.
const ATTRIBUTES: &[&str] = &[
    "usage", "max", "codes", "length", "key", "notes", "order", "list", "repeat", "type",
];

/// What may stand in a loop.
const PARTS: &[&str] = &["segment", "loop", "any", "use"];

/// Reads the node `guide` up to its block; `None` without an identifier.
pub(super) fn head(report: &mut Report, node: &Node) -> Option<Guide> {
    report.check(node, &GUIDE);
    let mut property = |name: &str| {
        if node.property(name).is_none() {
            report.error(node.at, format!("`guide` lacks `{name}`"));
        }
        report.word(node, name).unwrap_or_default().to_owned()
    };
    let (standard, set, group) = (property("standard"), property("set"), property("group"));
    let name = report.word(node, "name").map(str::to_owned);
    Some(Guide {
        id: report.text(node, 0)?.to_owned(),
        standard,
        name: name.unwrap_or_else(|| set.clone()),
        set,
        group,
        label: report.label(node).unwrap_or_default(),
        identified_by_set: report.flag(node, "identified-by-set").unwrap_or(true),
        ..Guide::default()
    })
}

/// Reads the node `envelope` up to its block.
pub(super) fn envelope_head(report: &mut Report, node: &Node) -> Option<Guide> {
    report.check(node, &ENVELOPE);
    let envelope = "envelope".to_owned();
    Some(Guide {
        id: envelope.clone(),
        standard: report.text(node, 0)?.to_owned(),
        label: envelope,
        ..Guide::default()
    })
}

/// Reads the block of a guide.
pub(super) fn body(
    report: &mut Report,
    node: &Node,
    guide: Guide,
    standard: &Standard,
) -> (Draft, Guide) {
    let mut reader = Reader {
        report,
        tables: Tables::new(standard, guide),
        shared: Vec::new(),
        scopes: Vec::new(),
    };
    let draft = reader.guide(node);
    (draft, reader.tables.guide)
}

struct Reader<'a> {
    report: &'a mut Report,
    tables: Tables<'a>,
    /// The shared loops that were read.
    shared: Vec<LoopDraft>,
    /// The blocks around the present place that share loops, the guide's first.
    scopes: Vec<Scope>,
}

/// A block that shares loops: what their keys begin with, and their identifiers.
struct Scope {
    prefix: String,
    ids: BTreeSet<String>,
}

impl Reader<'_> {
    fn guide(&mut self, node: &Node) -> Draft {
        let mut parts = Vec::new();
        for child in node.children() {
            match child.name.as_str() {
                "alias" | "source" => self.strings(child),
                "decision" => self.decision(child),
                "codes" => self.codes(child),
                // Rules and roles are read when the loops are laid out, to which they refer.
                "rule" | "roles" | "shared" => {}
                _ => parts.push(child),
            }
        }
        let parts = self.sharing(node, "", |reader| reader.parts(&parts));
        if parts.is_empty() && self.report.is_clean() {
            self.report
                .error(node.at, format!("`{}` lists no segments", node.name));
        }
        Draft {
            parts,
            shared: std::mem::take(&mut self.shared),
        }
    }

    /// Reads the loops that a block shares, and then what stands in it, which knows them.
    fn sharing<T>(&mut self, node: &Node, id: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.scopes.last().map(|scope| scope.prefix.as_str());
        let prefix = outer.map_or(String::new(), |outer| format!("{outer}{id}/"));
        let blocks = || {
            node.children()
                .iter()
                .filter(|child| child.name == "shared")
        };
        let loops = || blocks().flat_map(Node::children);
        let ids = loops().filter_map(|node| node.arguments.first()?.value.text());
        let ids = ids.map(str::to_owned).collect();
        self.scopes.push(Scope { prefix, ids });
        for block in blocks() {
            self.report.check(block, &ANY);
        }
        for node in loops() {
            if let Some(draft) = self.shared_loop(node) {
                self.share(draft);
            }
        }
        let found = read(self);
        self.scopes.pop();
        found
    }

    /// Keeps a loop that is shared in the innermost block.
    fn share(&mut self, mut draft: LoopDraft) {
        if let Some(scope) = self.scopes.last() {
            draft.key = format!("{}{}", scope.prefix, draft.id);
        }
        if self.shared.iter().any(|known| known.key == draft.key) {
            self.report
                .error(draft.at, format!("shared loop {} stands twice", draft.id));
        }
        self.shared.push(draft);
    }

    /// `alias` and `source`: strings, of which the tables keep the aliases.
    fn strings(&mut self, node: &Node) {
        self.report.check(node, &STRINGS);
        for argument in &node.arguments {
            let text = self.report.quoted(argument);
            if let Some(alias) = text.filter(|_| node.name == "alias") {
                self.tables.guide.aliases.push(alias.to_owned());
            }
        }
    }

    /// `codes`: a list under a name, for elements that share it.
    fn codes(&mut self, node: &Node) {
        self.report.check(node, &CODES);
        let Some(name) = self.report.text(node, 0).map(str::to_owned) else {
            return;
        };
        let mut codes = Vec::new();
        append_codes(self.report, &node.arguments, &mut codes);
        if self.tables.named_codes.contains_key(&name) {
            let at = node.arguments[0].at;
            self.report
                .error(at, format!("`codes {name}` stands twice"));
        }
        self.tables.named_codes.insert(name, codes);
    }

    fn decision(&mut self, node: &Node) {
        self.report.check(node, &DECISION);
        let texts = [0, 1, 2].map(|index| self.report.text(node, index).map(str::to_owned));
        let [Some(at), Some(attribute), Some(reason)] = texts else {
            return;
        };
        if !ATTRIBUTES.contains(&attribute.as_str()) {
            let message = format!(
                "a decision is about {}, not `{attribute}`",
                ATTRIBUTES.join(", ")
            );
            self.report
                .unknown(node.arguments[1].at, message, &attribute, ATTRIBUTES);
        }
        self.tables.guide.decisions.push(Decision {
            at,
            attribute,
            reason,
        });
    }

    fn shared_loop(&mut self, node: &Node) -> Option<LoopDraft> {
        if node.name != "loop" {
            self.report.unknown(
                node.at,
                format!("`shared` holds loops, not `{}`", node.name),
                &node.name,
                ["loop"],
            );
            return None;
        }
        self.a_loop(node)
    }

    fn a_loop(&mut self, node: &Node) -> Option<LoopDraft> {
        let report = &mut *self.report;
        report.check(node, &LOOP);
        let id = report.text(node, 0);
        let usage = report.usage(node, 1);
        let max = report.count(node, "max").unwrap_or(1);
        let label = report.label(node).unwrap_or_default();
        let records = Record::ALL.map(|record| (record.name(), record));
        let record = report.choice(node, "record", &records);
        if node
            .children()
            .first()
            .is_none_or(|first| first.name != "segment")
        {
            report.error(
                node.at,
                format!(
                    "loop {} does not begin with a segment, which would start it",
                    id.unwrap_or_default()
                ),
            );
        }
        let children = node.children().iter();
        let children: Vec<_> = children.filter(|child| child.name != "shared").collect();
        let name = id.unwrap_or_default();
        let parts = self.sharing(node, name, |reader| reader.parts(&children));
        Some(LoopDraft {
            id: id?.to_owned(),
            key: String::new(),
            at: node.at,
            label,
            record,
            usage: usage?,
            max,
            parts,
        })
    }

    /// What stands in a loop; those within `any` share a position.
    fn parts(&mut self, nodes: &[&Node]) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut position = 0;
        for node in nodes {
            if node.name == "any" {
                self.report.check(node, &ANY);
                if node.children().is_empty() {
                    self.report.error(node.at, "`any` is empty");
                }
                parts.extend(
                    node.children()
                        .iter()
                        .filter_map(|child| self.part(child, position)),
                );
            } else {
                parts.extend(self.part(node, position));
            }
            position = position.saturating_add(1);
        }
        self.reject_twins(&parts);
        parts
    }

    fn reject_twins(&mut self, parts: &[Part]) {
        let mut known = BTreeSet::new();
        for part in parts {
            let id = match &part.content {
                Content::Segment { .. } => continue,
                Content::Loop(draft) => &draft.id,
                Content::Use { id, .. } => id,
            };
            if !known.insert(id) {
                self.report
                    .error(part.at, format!("loop {id} stands twice in one parent"));
            }
        }
    }

    fn part(&mut self, node: &Node, position: u16) -> Option<Part> {
        let content = match node.name.as_str() {
            "segment" => {
                let usage = self.report.usage(node, 1);
                let max = self.report.count(node, "max").unwrap_or(1);
                let index = self
                    .tables
                    .segment(self.report, node, usage.unwrap_or_default())?;
                Content::Segment {
                    index,
                    usage: usage?,
                    max,
                }
            }
            "loop" => Content::Loop(self.a_loop(node)?),
            "use" => self.a_use(node)?,
            "any" => {
                self.report
                    .error(node.at, "`any` cannot stand within `any`");
                return None;
            }
            name => {
                self.report
                    .unknown(node.at, format!("`{name}` cannot stand here"), name, PARTS);
                return None;
            }
        };
        Some(Part {
            position,
            at: node.at,
            content,
        })
    }

    fn a_use(&mut self, node: &Node) -> Option<Content> {
        self.report.check(node, &USE);
        let id = self.report.text(node, 0)?.to_owned();
        let scope = self
            .scopes
            .iter()
            .rev()
            .find(|scope| scope.ids.contains(&id));
        let Some(scope) = scope else {
            let known = self.scopes.iter().flat_map(|scope| &scope.ids);
            let message = format!("there is no shared loop {id}");
            self.report.unknown(node.at, message, &id, known);
            return None;
        };
        let key = format!("{}{id}", scope.prefix);
        let usage = if node.arguments.len() > 1 {
            self.report.usage(node, 1)
        } else {
            None
        };
        Some(Content::Use {
            id,
            key,
            usage,
            max: self.report.count(node, "max"),
        })
    }
}
