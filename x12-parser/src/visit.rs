//! A document as a stream of what opens, stands and closes: for those who want segments in their loops rather than JSON.
//!
//! The document may be a slice (nothing is copied), a reader that is pulled, or pieces that are pushed; the visits are the same.

use std::io::Read;
use std::sync::Arc;

use x12_schemas::table::{Guide, Loop};

use crate::block::{Block, Blocks};
use crate::error::Error;
use crate::event::Event;
use crate::finding::{Finding, Position};
use crate::options::Options;
use crate::place::Extent;
use crate::replay::{Replay, Step};
use crate::segment::Segment;
use crate::snip::SnipTypes;
use crate::source::{PushSource, ReadSource, SliceSource, Source};

/// What comes next in a document.
#[non_exhaustive]
pub enum Visit<'v> {
    /// An interchange begins; its header follows.
    OpenInterchange,
    /// A group begins; its header follows, unless it is missing.
    OpenGroup,
    /// A transaction set begins; its header follows. With its guide, if one is known.
    OpenSet(Option<&'v Arc<Guide>>),
    /// A loop of the guide begins; its first segment follows.
    OpenLoop(&'v Loop),
    /// A segment.
    Segment(Visited<'v>),
    /// Something is wrong with the structure. Elements are not checked here; see [`crate::validate`].
    Finding(&'v Finding),
    /// The innermost loop ends.
    CloseLoop,
    /// The transaction set ends.
    CloseSet,
    /// The group ends.
    CloseGroup,
    /// The interchange ends.
    CloseInterchange,
}

/// A segment where it stands.
pub struct Visited<'v> {
    /// Its bytes and elements.
    pub segment: Segment<'v>,
    /// Offset of its first byte in the document.
    pub offset: u64,
    /// Which segment: of the transaction set, ST being 1; of the document outside any.
    pub ordinal: u64,
    /// Where in the guide, if a guide knows.
    pub position: Option<Position>,
}

/// Visits a document that is read as it is needed.
///
/// # Errors
/// [`Error`] if the document cannot be read at all, or not any further; also what `visit` returns.
///
/// # Examples
/// ```
/// use x12_parser::{Error, Visit, visit};
///
/// # fn main() -> Result<(), Error> {
/// let document = b"ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*000000001*0*T*:~\
/// GS*HC*A*B*20261123*1200*1*X*005010X222A1~ST*837*0001*005010X222A1~SE*2*0001~GE*1*1~IEA*1*000000001~";
/// let mut ids = Vec::new();
/// visit(&document[..], &Default::default(), |visit| {
///     if let Visit::Segment(visited) = visit {
///         ids.push(String::from_utf8_lossy(visited.segment.id()).into_owned());
///     }
///     Ok(())
/// })?;
/// assert_eq!(ids, ["ISA", "GS", "ST", "SE", "GE", "IEA"]);
/// # Ok(())
/// # }
/// ```
pub fn visit<R, V>(document: R, options: &Options, visit: V) -> Result<(), Error>
where
    R: Read,
    V: FnMut(Visit<'_>) -> Result<(), Error>,
{
    visit_all(
        &mut ReadSource::new(document, options.block_bytes),
        options,
        visit,
    )
}

/// Visits a document for its envelopes: the segments are all there, yet no guide is walked, so there are no loops and no positions.
/// Quicker than [`visit`] for who asks only who sends what to whom.
///
/// # Errors
/// As [`visit`].
pub fn visit_envelopes<R, V>(document: R, options: &Options, visit: V) -> Result<(), Error>
where
    R: Read,
    V: FnMut(Visit<'_>) -> Result<(), Error>,
{
    let blocks = Blocks::new(options.charts(), options.limits, Extent::Envelopes);
    let mut source = ReadSource::new(document, options.block_bytes);
    visit_blocks(&mut source, blocks, visit)
}

/// Visits a document that is in memory, without copying it.
///
/// # Errors
/// As [`visit`].
pub fn visit_slice<V>(document: &[u8], options: &Options, visit: V) -> Result<(), Error>
where
    V: FnMut(Visit<'_>) -> Result<(), Error>,
{
    visit_all(
        &mut SliceSource::new(document, options.block_bytes),
        options,
        visit,
    )
}

fn visit_all<'a, S: Source<'a>>(
    source: &mut S,
    options: &Options,
    visit: impl FnMut(Visit<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let blocks = Blocks::new(
        options.charts(),
        options.limits,
        Extent::Rules(SnipTypes::ALL),
    );
    visit_blocks(source, blocks, visit)
}

fn visit_blocks<'a, S: Source<'a>>(
    source: &mut S,
    mut blocks: Blocks,
    mut visit: impl FnMut(Visit<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut block = blocks.empty();
    while blocks.fill(source, &mut block)? {
        visit_block(&block, &mut visit)?;
    }
    Ok(())
}

/// Visits a document that comes in pieces of any size, as from a socket.
pub struct Visitor {
    source: PushSource,
    blocks: Blocks,
    block: Block<'static>,
}

impl Visitor {
    /// A visitor of a document of which nothing has come yet.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        let blocks = Blocks::new(
            options.charts(),
            options.limits,
            Extent::Rules(SnipTypes::ALL),
        );
        let block = blocks.empty();
        Self {
            source: PushSource::new(options.block_bytes),
            blocks,
            block,
        }
    }

    /// Takes the next piece and visits what is whole; what is not waits for more.
    ///
    /// # Errors
    /// As [`visit`].
    pub fn push(
        &mut self,
        piece: &[u8],
        mut visit: impl FnMut(Visit<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.source.push(piece);
        if self.source.is_full() {
            self.drain(&mut visit)
        } else {
            Ok(())
        }
    }

    /// Visits what is left: the document has ended.
    ///
    /// # Errors
    /// As [`visit`].
    pub fn finish(
        mut self,
        mut visit: impl FnMut(Visit<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.source.end();
        self.drain(&mut visit)
    }

    fn drain(
        &mut self,
        visit: &mut impl FnMut(Visit<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        while self.blocks.fill(&mut self.source, &mut self.block)? {
            visit_block(&self.block, visit)?;
        }
        Ok(())
    }
}

fn visit_block(
    block: &Block<'_>,
    visit: &mut impl FnMut(Visit<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut replay = Replay::new(block);
    while let Some(step) = replay.next() {
        let guide = replay.chart.map(|chart| &chart.guide);
        let next = match step {
            Step::Segment(placed) => Visit::Segment(Visited {
                segment: placed.segment,
                offset: placed.span.offset,
                ordinal: placed.span.segment,
                position: guide
                    .map(|guide| Position::new(guide, replay.loop_index, placed.definition)),
            }),
            Step::Finding(finding) => Visit::Finding(finding),
            Step::Structure(event) => match event {
                Event::OpenInterchange => Visit::OpenInterchange,
                Event::OpenGroup => Visit::OpenGroup,
                Event::OpenSet(_) => Visit::OpenSet(guide),
                Event::OpenLoop(index) => {
                    match guide.and_then(|guide| guide.loops.get(usize::from(index))) {
                        Some(a_loop) => Visit::OpenLoop(a_loop),
                        None => continue,
                    }
                }
                Event::CloseLoop => Visit::CloseLoop,
                Event::CloseSet => Visit::CloseSet,
                Event::CloseGroup => Visit::CloseGroup,
                Event::CloseInterchange => Visit::CloseInterchange,
                Event::Entry(_) | Event::Finding | Event::Place => continue,
            },
        };
        visit(next)?;
    }
    Ok(())
}
