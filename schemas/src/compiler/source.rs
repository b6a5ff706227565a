//! The door to the `kdl` crate: text becomes nodes that know their places and how their values were written.

use kdl::{KdlDiagnostic, KdlDocument, KdlEntry, KdlIdentifier, KdlNode, KdlValue};

use super::limits;
use super::nesting;
use super::report::{Place, Report};

/// A node: its name, what follows it on its line, and its block.
pub(super) struct Node {
    pub(super) name: String,
    pub(super) at: Place,
    pub(super) arguments: Vec<Argument>,
    pub(super) properties: Vec<Property>,
    /// What stands in its block, if it has one.
    pub(super) children: Option<Vec<Node>>,
}

impl Node {
    /// What stands in its block; nothing without a block.
    pub(super) fn children(&self) -> &[Self] {
        self.children.as_deref().unwrap_or_default()
    }

    pub(super) fn property(&self, name: &str) -> Option<&Property> {
        self.properties
            .iter()
            .find(|property| property.name == name)
    }
}

/// A value that follows the name of a node.
pub(super) struct Argument {
    pub(super) value: Value,
    pub(super) at: Place,
}

/// A value with a name.
pub(super) struct Property {
    pub(super) name: String,
    pub(super) value: Value,
    pub(super) at: Place,
}

/// A value as it was written, because `"01"` is a code and `01` is not.
pub(super) enum Value {
    /// A string in quotes.
    Quoted(String),
    /// A string without quotes.
    Bare(String),
    /// A number, as written and, if it is whole, its value.
    Number(String, Option<i128>),
    /// `#true` or `#false`.
    Flag(bool),
    /// `#null` and the numbers that are none.
    Other(String),
}

impl Value {
    /// The string, in quotes or not.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Quoted(text) | Self::Bare(text) => Some(text),
            _ => None,
        }
    }

    /// As it was written, without quotes.
    pub(super) fn written(&self) -> &str {
        match self {
            Self::Quoted(text) | Self::Bare(text) | Self::Number(text, _) | Self::Other(text) => {
                text
            }
            Self::Flag(true) => "#true",
            Self::Flag(false) => "#false",
        }
    }
}

/// Reads a text; `None` if it is not KDL, with the faults reported.
pub(super) fn parse(report: &mut Report, text: &str) -> Option<Vec<Node>> {
    let lines = Lines::new(text);
    if text.len() > limits::SOURCE_BYTES {
        report.error(
            lines.place(0),
            format!("the file is longer than {} bytes", limits::SOURCE_BYTES),
        );
        return None;
    }
    if let Some(at) = nesting::too_deep(text) {
        report.error(
            lines.place(at),
            format!("blocks or comments stand deeper than {}", limits::NESTING),
        );
        return None;
    }
    match KdlDocument::parse_v2(text) {
        Ok(document) => Some(nodes(report, &lines, &document)),
        Err(error) => {
            report_syntax(report, &lines, error.diagnostics);
            None
        }
    }
}

fn nodes(report: &mut Report, lines: &Lines<'_>, document: &KdlDocument) -> Vec<Node> {
    document
        .nodes()
        .iter()
        .map(|node| convert(report, lines, node))
        .collect()
}

fn convert(report: &mut Report, lines: &Lines<'_>, node: &KdlNode) -> Node {
    reject_type(report, lines, node.ty());
    let mut arguments = Vec::new();
    let mut properties = Vec::new();
    for entry in node.entries() {
        reject_type(report, lines, entry.ty());
        let at = lines.place(entry.span().offset());
        let value = value(entry);
        match entry.name() {
            Some(name) => properties.push(Property {
                name: name.value().to_owned(),
                value,
                at,
            }),
            None => arguments.push(Argument { value, at }),
        }
    }
    Node {
        name: node.name().value().to_owned(),
        at: lines.place(node.name().span().offset()),
        arguments,
        properties,
        children: node
            .children()
            .map(|children| nodes(report, lines, children)),
    }
}

fn value(entry: &KdlEntry) -> Value {
    let written = entry
        .format()
        .map_or("", |format| format.value_repr.as_str());
    match entry.value() {
        KdlValue::String(text) if written.starts_with(['"', '#']) => Value::Quoted(text.clone()),
        KdlValue::String(text) => Value::Bare(text.clone()),
        KdlValue::Integer(number) => Value::Number(written.to_owned(), Some(*number)),
        KdlValue::Float(_) => Value::Number(written.to_owned(), None),
        KdlValue::Bool(flag) => Value::Flag(*flag),
        KdlValue::Null => Value::Other(written.to_owned()),
    }
}

fn reject_type(report: &mut Report, lines: &Lines<'_>, ty: Option<&KdlIdentifier>) {
    if let Some(ty) = ty {
        report.error(
            lines.place(ty.span().offset()),
            format!("`({})`: the language has no type annotations", ty.value()),
        );
    }
}

/// Reports the faults that the parser found, the first of each line: the others mostly follow from it.
fn report_syntax(report: &mut Report, lines: &Lines<'_>, diagnostics: Vec<KdlDiagnostic>) {
    let mut last_line = 0;
    for diagnostic in diagnostics {
        let start = diagnostic.span.offset();
        let at = lines.place(start);
        if at.line == last_line {
            continue;
        }
        last_line = at.line;
        let word = lines
            .text
            .get(start..start + diagnostic.span.len())
            .unwrap_or_default()
            .trim();
        if word.starts_with(|first: char| first.is_ascii_digit()) {
            report.error_with_hint(
                at,
                format!("`{word}` is no number"),
                format!("codes and identifiers stand in quotes: \"{word}\""),
            );
        } else if matches!(word, "true" | "false" | "null") {
            report.error_with_hint(
                at,
                format!("`{word}` is no value"),
                format!("write `#{word}`"),
            );
        } else {
            let message = plain(diagnostic.message.as_deref().unwrap_or("this is not KDL"));
            match diagnostic.help {
                Some(help) => report.error_with_hint(at, message, plain(&help)),
                None => report.error(at, message),
            }
        }
    }
}

/// A sentence of the parser in the form of our messages: lower case, no full stop.
fn plain(sentence: &str) -> String {
    let mut letters = sentence.trim_end_matches('.').chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}

/// Where the lines of a text begin.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self { text, starts }
    }

    fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|&start| start <= offset);
        let start = self.starts.get(line.wrapping_sub(1)).copied().unwrap_or(0);
        let column = self
            .text
            .get(start..offset)
            .map_or(0, |before| before.chars().count());
        Place {
            line: number(line),
            column: number(column + 1),
        }
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
