//! A block of whole segments with everything that is known of it: what stages check and render, each on its own.

use std::borrow::Cow;
use std::sync::Arc;

use crate::charts::Charts;

use crate::chart::Chart;
use crate::cut::{Cut, Cutter};
use crate::entry::{Entry, Layout};
use crate::error::Error;
use crate::limits::Limits;
use crate::place::{Extent, Placer};
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
    /// Which block of the document, from zero.
    pub(crate) ordinal: u64,
    /// Behind the document's last byte: without bytes, for what the end closes.
    pub(crate) last: bool,
}

impl Block<'_> {
    /// The view of one entry as a segment.
    #[inline]
    pub(crate) fn segment(&self, entry: &Entry) -> Segment<'_> {
        Segment::new(&self.bytes, &self.layout, entry)
    }

    /// Places what was cut; behind the last byte, closes what the document's end leaves open.
    pub(crate) fn place(&mut self, placer: &mut Placer) {
        let Self {
            bytes,
            base,
            layout,
            placed,
            ..
        } = self;
        if self.last {
            placer.finish(*base, layout, placed);
        } else {
            placer.place(bytes, *base, layout, placed);
        }
    }
}

/// Something done to every block, each for itself, so in any order and on any thread.
pub(crate) trait Stage: Sync {
    /// What comes out; joined in the order of the blocks, then given back to be filled again.
    type Output: Default + Send;

    /// Does it.
    fn block(&self, block: &Block<'_>, output: &mut Self::Output);
}

/// Makes block after block out of a source: cuts them, then places them.
pub(crate) struct Blocks {
    pub(crate) cutting: Cutting,
    pub(crate) placer: Placer,
}

impl Blocks {
    /// Blocks placed by the guides of a catalog, as far as is asked for.
    pub(crate) fn new(charts: Charts, limits: Limits, extent: Extent) -> Self {
        Self {
            cutting: Cutting {
                cutter: Cutter::new(limits),
                next: 0,
                ended: false,
            },
            placer: Placer::new(charts, limits, extent),
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
            limits: self.placer.limits(),
            ordinal: 0,
            last: false,
        }
    }

    /// Fills the next block; false when there is none yet ([`Source::more`] gave nothing) or none any more.
    pub(crate) fn fill<'a, S: Source<'a>>(
        &mut self,
        source: &mut S,
        block: &mut Block<'a>,
    ) -> Result<bool, Error> {
        let filled = self.cutting.next(source, block)?;
        if filled {
            block.place(&mut self.placer);
        }
        Ok(filled)
    }
}

/// Cuts block after block off a source.
pub(crate) struct Cutting {
    cutter: Cutter,
    next: u64,
    ended: bool,
}

impl Cutting {
    /// Cuts the next block, which is not placed yet; false when there is none yet or none any more.
    pub(crate) fn next<'a, S: Source<'a>>(
        &mut self,
        source: &mut S,
        block: &mut Block<'a>,
    ) -> Result<bool, Error> {
        if self.ended {
            return Ok(false);
        }
        block.base = self.cutter.at();
        loop {
            match self
                .cutter
                .cut(source.window(), source.at_end(), &mut block.layout)?
            {
                Cut::More if source.more()? => continue,
                Cut::More => return Ok(false),
                Cut::Block(length) => block.bytes = source.take(length),
                Cut::End => {
                    self.ended = true;
                    block.bytes = Cow::Borrowed(&[]);
                }
            }
            (block.ordinal, block.last) = (self.next, self.ended);
            self.next += 1;
            return Ok(true);
        }
    }
}
