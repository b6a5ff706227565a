//! Lays a document out anew: a line for each segment, or no line breaks at all.

use std::io::{Read, Write};

use crate::block::{Block, Blocks, Stage};
use crate::entry::EntryKind;
use crate::error::Error;
use crate::event::Event;
use crate::options::Options;
use crate::parallel;
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

/// Writes a document with line breaks of one kind, without those inside segments and without delimiters at their ends.
///
/// Text before, between and behind interchanges is left out; all else that the segments say stays.
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
    let blocks = Blocks::new(
        &options.catalog,
        options.limits,
        line_breaks == LineBreaks::Indented,
    );
    let mut join = |output: &mut Vec<u8>| Ok(to.write_all(output)?);
    parallel::run(
        document,
        options.block_bytes,
        blocks,
        options.threads,
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
        let mut depth = self.depth(block);
        for event in &block.placed.events {
            match event {
                Event::OpenLoop(_) => depth += 1,
                Event::CloseLoop => depth = depth.saturating_sub(1),
                Event::OpenSet(_) => depth = 0,
                Event::Entry(_) => {
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
                            self.segment(output, &block.segment(entry), kind);
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

impl Format {
    fn depth(&self, block: &Block<'_>) -> usize {
        let start = &block.placed.start;
        let chart = start
            .chart
            .map(|chart| &block.placed.charts[usize::from(chart)]);
        chart.map_or(0, |chart| {
            usize::from(chart.guide.loops[usize::from(start.loop_index)].depth)
        })
    }

    fn segment(&self, output: &mut Vec<u8>, segment: &Segment<'_>, kind: EntryKind) {
        let mut bytes = unwrapped(segment.bytes());
        let separator = segment.delimiters().element;
        if !matches!(kind, EntryKind::BinaryHead | EntryKind::Header) {
            let kept = bytes
                .iter()
                .rposition(|&b| b != separator)
                .map_or(0, |last| last + 1);
            bytes = bytes[..kept].to_vec().into();
        }
        output.extend_from_slice(&bytes);
        if kind != EntryKind::BinaryHead {
            self.end(output, segment.delimiters().segment);
        }
    }

    fn end(&self, output: &mut Vec<u8>, terminator: u8) {
        output.push(terminator);
        if self.line_breaks != LineBreaks::Minified && !matches!(terminator, b'\n' | b'\r') {
            output.push(b'\n');
        }
    }
}
