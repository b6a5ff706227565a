//! The compiler of the guide language: KDL in, tables out, the same for what is built in and for what is read at run time.
//!
//! `build.rs` includes this folder as well as the library does, so it names the tables as `crate::table` and nothing else of the crate.
//! A text goes through `source` (KDL to nodes), `guide`, `segment` and `element` (nodes laid over the standard), `names` (what the shape
//! `named` leaves out, and that no key stands twice), `lower` (loops laid out flat), `rules` and `roles`;
//! one of external code lists through `source` and `lists`.

mod limits;
mod nesting;
mod report;
mod source;

mod fields;
mod tables;

mod address;
mod pattern;

mod lists;
mod standard;

mod names;

mod element;
mod segment;

mod guide;
mod lower;

mod conditions;
mod rules;

mod roles;

mod overlay;

pub use report::Error;
pub use standard::Standard;

use crate::table::{CodeList, Guide};

use report::{Place, Report};
use source::Node;
use standard::Layer;

/// The nodes of the standard layer, each resting on those before it.
const LAYER: [&str; 3] = ["element", "composite", "segment"];

/// Where a text begins.
const FIRST: Place = Place { line: 1, column: 1 };

/// A text with the name that errors give it.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Name, as errors quote it.
    pub name: &'a str,
    /// Text, in KDL 2.
    pub text: &'a str,
}

/// Reads the files of one version of the standard, in any order.
///
/// # Errors
///
/// Every fault found in the files: what is not KDL, or not of the language, refers to what does not exist, or stands twice.
pub fn standard(version: &str, files: &[File<'_>]) -> Result<Standard, Vec<Error>> {
    let mut sources = Vec::new();
    for file in files {
        let mut report = Report::new(file.name);
        let nodes = source::parse(&mut report, file.text).unwrap_or_default();
        top(&mut report, &nodes, &LAYER);
        sources.push((report, nodes));
    }
    let mut layer = Layer::default();
    for name in LAYER {
        for (report, nodes) in &mut sources {
            layer.read(report, nodes, name);
        }
    }
    let errors: Vec<_> = sources
        .into_iter()
        .flat_map(|(report, _)| report.into_errors())
        .collect();
    if errors.is_empty() {
        Ok(layer.into_standard(version))
    } else {
        Err(errors)
    }
}

/// Compiles a guide against the standard that it names.
///
/// Elements, composites and segments that stand beside the guide are its own: they add to the standard, or take the place of its own ones.
///
/// # Errors
///
/// Every fault found in the file: what is not KDL, or not of the language, refers to what does not exist, or stands twice; a standard
/// that is not among the `standards`; a guide beyond the bounds of the tables.
pub fn guide<'s>(
    file: File<'_>,
    standards: impl IntoIterator<Item = &'s Standard>,
) -> Result<Guide, Vec<Error>> {
    let mut report = Report::new(file.name);
    let guide = read_guide(&mut report, file.text, standards);
    report.finish(guide)
}

fn read_guide<'s>(
    report: &mut Report,
    text: &str,
    standards: impl IntoIterator<Item = &'s Standard>,
) -> Option<Guide> {
    let nodes = source::parse(report, text)?;
    top(
        report,
        &nodes,
        &["element", "composite", "segment", "guide"],
    );
    let node = single(report, &nodes, "guide")?;
    let head = guide::head(report, node)?;
    let standards: Vec<_> = standards.into_iter().collect();
    let Some(&standard) = standards
        .iter()
        .find(|standard| standard.version == head.standard)
    else {
        let known = standards.iter().map(|standard| &standard.version);
        report.unknown(
            fields::place_of(node, "standard"),
            format!("there is no standard `{}`", head.standard),
            &head.standard,
            known,
        );
        return None;
    };
    if nodes.len() == 1 {
        return finish(report, node, head, standard);
    }
    let own = own_layer(report, &nodes, Layer::over(standard));
    finish(report, node, head, &own.into_standard(&standard.version))
}

/// Reads what a file holds of a standard layer.
fn own_layer<'s>(report: &mut Report, nodes: &[Node], mut layer: Layer<'s>) -> Layer<'s> {
    for name in LAYER {
        layer.read(report, nodes, name);
    }
    layer
}

/// Lays an overlay over the guide that it names.
///
/// # Errors
///
/// Every fault found in the file: what is not KDL, or not of the language, or names what the guide does not have; a guide that is not at
/// hand, or of which several are.
pub fn overlay(
    file: File<'_>,
    guides: impl FnOnce(&str) -> Vec<Guide>,
) -> Result<Guide, Vec<Error>> {
    let mut report = Report::new(file.name);
    let laid = read_overlay(&mut report, file.text, guides);
    report.finish(laid)
}

fn read_overlay(
    report: &mut Report,
    text: &str,
    guides: impl FnOnce(&str) -> Vec<Guide>,
) -> Option<Guide> {
    let nodes = source::parse(report, text)?;
    top(report, &nodes, &["overlay"]);
    let node = single(report, &nodes, "overlay")?;
    let id = overlay::base(report, node)?;
    let mut found = guides(id);
    let guide = found.pop();
    let message = match (&guide, found.first()) {
        (Some(_), None) => String::new(),
        (None, _) => format!("there is no guide `{id}` to lie over"),
        (Some(one), Some(other)) => format!(
            "`{id}` has several transaction sets: say which, as in `{id}/{}` or `{id}/{}`",
            other.set, one.set
        ),
    };
    if !message.is_empty() {
        report.error(fields::place_of(node, "of"), message);
        return None;
    }
    let mut guide = guide?;
    overlay::lay(report, node, &mut guide);
    Some(guide)
}

/// Compiles the file of the envelope, which holds its own elements and segments beside the node `envelope`.
///
/// # Errors
///
/// As [`guide`] and [`standard`].
pub fn envelope(file: File<'_>) -> Result<Guide, Vec<Error>> {
    let mut report = Report::new(file.name);
    let guide = read_envelope(&mut report, file.text);
    report.finish(guide)
}

fn read_envelope(report: &mut Report, text: &str) -> Option<Guide> {
    let nodes = source::parse(report, text)?;
    top(
        report,
        &nodes,
        &["element", "composite", "segment", "envelope"],
    );
    let node = single(report, &nodes, "envelope")?;
    let head = guide::envelope_head(report, node)?;
    let standard = own_layer(report, &nodes, Layer::default()).into_standard(&head.standard);
    finish(report, node, head, &standard)
}

/// Reads the external code lists of a file, in its order.
///
/// # Errors
///
/// Every fault found in the file: what is not KDL, or not of the language, or stands twice; a list without source, date or codes.
pub fn lists(file: File<'_>) -> Result<Vec<CodeList>, Vec<Error>> {
    let mut report = Report::new(file.name);
    let lists = source::parse(&mut report, file.text).map(|nodes| {
        top(&mut report, &nodes, &["list"]);
        if nodes.is_empty() {
            report.error(FIRST, "the file holds no `list`");
        }
        lists::read(&mut report, &nodes)
    });
    report.finish(lists)
}

/// Reads the block of a guide and lays it out, if it is without fault.
fn finish(report: &mut Report, node: &Node, head: Guide, standard: &Standard) -> Option<Guide> {
    let (draft, mut guide) = guide::body(report, node, head, standard);
    names::in_loops(report, &draft, &guide);
    if report.is_clean() {
        lower::expand(report, &draft, &mut guide);
    }
    if report.is_clean() {
        rules::read(report, node, &mut guide);
        roles::read(report, node, &mut guide);
    }
    Some(guide)
}

/// Reports the nodes at the top of a file that are none of the `known`.
fn top(report: &mut Report, nodes: &[Node], known: &[&str]) {
    for node in nodes
        .iter()
        .filter(|node| !known.contains(&node.name.as_str()))
    {
        report.unknown(
            node.at,
            format!("`{}` does not stand at the top of this file", node.name),
            &node.name,
            known,
        );
    }
}

/// The one node of a name; reports if there is none, or more.
fn single<'n>(report: &mut Report, nodes: &'n [Node], name: &str) -> Option<&'n Node> {
    let mut found = nodes.iter().filter(|node| node.name == name);
    let first = found.next();
    if first.is_none() && report.is_clean() {
        report.error(FIRST, format!("the file holds no `{name}`"));
    }
    if let Some(second) = found.next() {
        report.error(second.at, format!("a file holds one `{name}`"));
    }
    first
}
