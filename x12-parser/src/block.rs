//! A block of whole segments with everything that is known of it: what stages check and render, each on its own.

use std::borrow::Cow;
use std::sync::Arc;

use x12_schemas::Catalog;

use crate::chart::Chart;
use crate::cut::{Cut, Cutter};
use crate::entry::{Entry, Layout};
use crate::error::Error;
use crate::limits::Limits;
use crate::place::Placer;
use crate::placed::Placed;
use crate::segment::Segment;
use crate::source::Source;

/// Whole segments of one interchange, split and placed.
pub(crate) struct Block<'a> {
    pub(crate) bytes: Cow<'a, [u8]>,
    /// Offset of the first byte in the document.
    pub(crate) base: u64,
    pub(crate) layout: Layout,
    pub(crate) placed: Placed,
    pub(crate) envelope: Arc<Chart>,
    pub(crate) limits: Limits,
    pub(crate) first: bool,
    pub(crate) last: bool,
}

impl Block<'_> {
    /// The view of one entry as a segment.
    #[inline]
    pub(crate) fn segment(&self, entry: &Entry) -> Segment<'_> {
        Segment::new(&self.bytes, &self.layout, entry)
    }
}

/// Something done to every block, each for itself, so in any order and on any thread.
pub(crate) trait Stage: Sync {
    /// What comes out; joined in the order of the blocks, then given back to be filled again.
    type Output: Default + Send;

    /// Does it.
    fn block(&self, block: &Block<'_>, output: &mut Self::Output);
}

/// Makes block after block out of a source.
pub(crate) struct Blocks {
    cutter: Cutter,
    placer: Placer,
    limits: Limits,
    first: bool,
    ended: bool,
}

impl Blocks {
    /// Blocks placed by the guides of a catalog, or, if not `walking`, by their envelopes alone.
    pub(crate) fn new(catalog: &Arc<Catalog>, limits: Limits, walking: bool) -> Self {
        Self {
            cutter: Cutter::new(limits),
            placer: Placer::new(catalog, limits, walking),
            limits,
            first: true,
            ended: false,
        }
    }

    /// An empty block to be filled.
    pub(crate) fn empty<'a>(&self) -> Block<'a> {
        Block {
            bytes: Cow::Borrowed(&[]),
            base: 0,
            layout: Layout::default(),
            placed: Placed::default(),
            envelope: Arc::clone(self.placer.envelope()),
            limits: self.limits,
            first: false,
            last: false,
        }
    }

    /// Fills the next block; false when there is none yet ([`Source::more`] gave nothing) or none any more.
    pub(crate) fn fill<'a, S: Source<'a>>(
        &mut self,
        source: &mut S,
        block: &mut Block<'a>,
    ) -> Result<bool, Error> {
        if self.ended {
            return Ok(false);
        }
        loop {
            let base = self.cutter.at();
            match self
                .cutter
                .cut(source.window(), source.at_end(), &mut block.layout)?
            {
                Cut::More if source.more()? => {}
                Cut::More => return Ok(false),
                Cut::Block(length) => {
                    block.bytes = source.take(length);
                    block.base = base;
                    block.first = std::mem::take(&mut self.first);
                    block.last = false;
                    self.placer
                        .place(&block.bytes, base, &block.layout, &mut block.placed);
                    return Ok(true);
                }
                Cut::End => {
                    self.ended = true;
                    block.bytes = Cow::Borrowed(&[]);
                    block.base = base;
                    (block.first, block.last) = (false, true);
                    self.placer.finish(base, &block.layout, &mut block.placed);
                    return Ok(true);
                }
            }
        }
    }
}
