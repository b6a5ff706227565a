//! Lays a document out anew: a line for each segment, or no line breaks at all.

use std::io::{Read, Write};
use std::sync::Arc;

use x12_schemas::table::NONE;

use crate::block::{Block, Blocks, Stage};
use crate::chart::{Chart, ElementRule};
use crate::delimiters::Delimiters;
use crate::entry::EntryKind;
use crate::error::Error;
use crate::event::Event;
use crate::options::Options;
use crate::parallel;
use crate::place::Extent;
use crate::segment::{Segment, unwrapped};

/// How segments are laid out.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum LineBreaks {
    /// One line for each segment.
    #[default]
    Lines,
    /// One line for each segment, indented by how deep its loop is: for reading, not for sending.
    Indented,
    /// None.
    Minified,
}

/// Writes a document with line breaks of one kind, without those inside segments and without delimiters at the ends of segments
/// and of composite elements.
///
/// What is composite says the guide, or the delimiters where no guide knows the element: in text a delimiter stays. Text before, between and behind interchanges is left out; all else that the segments say stays.
///
/// # Errors
/// [`Error`] if the document cannot be read at all, or not any further, or if writing fails.
pub fn format<R, W>(
    document: R,
    mut to: W,
    line_breaks: LineBreaks,
    options: &Options,
) -> Result<(), Error>
where
    R: Read + Send,
    W: Write + Send,
{
    let blocks = Blocks::new(options.charts(), options.limits, Extent::Loops);
    let mut join = |output: &mut Vec<u8>| Ok(to.write_all(output)?);
    parallel::run(
        document,
        options,
        blocks,
        &Format { line_breaks },
        &mut join,
    )?;
    to.flush()?;
    Ok(())
}

struct Format {
    line_breaks: LineBreaks,
}

impl Stage for Format {
    type Output = Vec<u8>;

    fn block(&self, block: &Block<'_>, output: &mut Vec<u8>) {
        output.clear();
        let mut entries = block.layout.entries.iter();
        let mut depth = depth(block);
        let start = &block.placed.start;
        let chart = |index: u16| block.placed.charts.get(usize::from(index));
        let envelope = Some(&block.envelope);
        let mut guide = match start.chart {
            Some(index) => chart(index),
            None => envelope.filter(|_| !start.in_set),
        };
        for event in &block.placed.events {
            match event {
                Event::OpenLoop(_) => depth += 1,
                Event::CloseLoop => depth = depth.saturating_sub(1),
                Event::OpenSet(index) => (guide, depth) = (chart(*index), 0),
                Event::CloseSet => guide = envelope,
                Event::Entry(definition) => {
                    let Some(entry) = entries.next() else { break };
                    match entry.kind {
                        EntryKind::Before | EntryKind::After => {}
                        EntryKind::BinaryData => output.extend_from_slice(
                            &block.bytes[entry.start as usize..entry.next as usize],
                        ),
                        EntryKind::BinaryTail => self.end(output, block.layout.delimiters.segment),
                        kind => {
                            if self.line_breaks == LineBreaks::Indented {
                                output.resize(output.len() + 2 * depth, b' ');
                            }
                            let segment = block.segment(entry);
                            match kind {
                                // Widths tell what ISA says, and a length what binary data are.
                                EntryKind::Header | EntryKind::BinaryHead => {
                                    output.extend_from_slice(&unwrapped(segment.bytes()));
                                }
                                _ => fields(output, &segment, rules(guide, *definition)),
                            }
                            if kind != EntryKind::BinaryHead {
                                self.end(output, block.layout.delimiters.segment);
                            }
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

impl Format {
    fn end(&self, output: &mut Vec<u8>, terminator: u8) {
        output.push(terminator);
        if self.line_breaks != LineBreaks::Minified && !matches!(terminator, b'\n' | b'\r') {
            output.push(b'\n');
        }
    }
}

/// How deep the loop is that a block begins in.
fn depth(block: &Block<'_>) -> usize {
    let start = &block.placed.start;
    let chart = start
        .chart
        .map(|chart| &block.placed.charts[usize::from(chart)]);
    chart.map_or(0, |chart| {
        usize::from(chart.guide.loops[usize::from(start.loop_index)].depth)
    })
}

/// What a guide says of the elements of a segment; none if it does not know it.
fn rules(guide: Option<&Arc<Chart>>, definition: u16) -> &[ElementRule] {
    guide.filter(|_| definition != NONE).map_or(&[], |guide| {
        guide.elements(&guide.guide.segments[usize::from(definition)])
    })
}

/// Writes a segment without line breaks inside and without delimiters at its end and those of its composite elements.
fn fields(output: &mut Vec<u8>, segment: &Segment<'_>, rules: &[ElementRule]) {
    let bytes = unwrapped(segment.bytes());
    let delimiters = segment.delimiters();
    let mut kept = output.len();
    for (number, field) in bytes.split(|&b| b == delimiters.element).enumerate() {
        if number > 0 {
            output.push(delimiters.element);
        }
        let start = output.len();
        let rule = number.checked_sub(1).map(|index| rules.get(index));
        if rule.is_some_and(|rule| rule.is_none_or(|rule| rule.component_count > 0)) {
            composite(output, field, delimiters);
        } else {
            output.extend_from_slice(field);
        }
        if output.len() > start {
            kept = output.len();
        }
    }
    output.truncate(kept);
}

/// Writes an element without component separators at the ends of its repetitions.
fn composite(output: &mut Vec<u8>, field: &[u8], delimiters: &Delimiters) {
    let repetitions = field.split(|&b| Some(b) == delimiters.repetition);
    for (index, repetition) in repetitions.enumerate() {
        if index > 0 {
            output.extend(delimiters.repetition);
        }
        let kept = repetition.iter().rposition(|&b| b != delimiters.component);
        output.extend_from_slice(&repetition[..kept.map_or(0, |last| last + 1)]);
    }
}
