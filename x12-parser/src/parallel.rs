//! Runs a stage over all blocks of a document: on one thread, or on many with the results joined in order.
//!
//! Cutting and placing of the next blocks run beside the stages of the former. A bounded number of blocks is in flight; when it is
//! reached, the thread that cuts lends a hand with the stages.

use std::collections::BTreeMap;
use std::io::Read;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::block::{Block, Blocks, Stage};
use crate::error::Error;
use crate::source::{ReadSource, Source};

/// Joins what a stage made of a block.
pub(crate) type Join<'j, O> = &'j mut (dyn FnMut(&mut O) -> Result<(), Error> + Send);

/// Runs a stage over what a reader gives, `step` bytes at a time, on so many threads.
pub(crate) fn run<R, S>(
    reader: R,
    step: usize,
    blocks: Blocks,
    threads: usize,
    stage: &S,
    join: Join<'_, S::Output>,
) -> Result<(), Error>
where
    R: Read + Send,
    S: Stage,
{
    let source = ReadSource::new(reader, step);
    if threads <= 1 {
        return alone(source, blocks, stage, join);
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(std::io::Error::other)?;
    pool.install(|| together(source, blocks, threads, stage, join))
}

fn alone<'a, D: Source<'a>, S: Stage>(
    mut source: D,
    mut blocks: Blocks,
    stage: &S,
    join: Join<'_, S::Output>,
) -> Result<(), Error> {
    let mut block = blocks.empty();
    let mut output = S::Output::default();
    while blocks.fill(&mut source, &mut block)? {
        stage.block(&block, &mut output);
        join(&mut output)?;
    }
    Ok(())
}

fn together<'a, D: Source<'a>, S: Stage>(
    mut source: D,
    mut blocks: Blocks,
    threads: usize,
    stage: &S,
    join: Join<'_, S::Output>,
) -> Result<(), Error> {
    let (done, results) = unbounded();
    let mut window = Window {
        results,
        waiting: BTreeMap::new(),
        next: 0,
        spare: Vec::new(),
        idle: Vec::new(),
        join,
    };
    rayon::in_place_scope(|scope| {
        let mut sent = 0;
        let most = 2 * threads + 2;
        let mut outcome = Ok(());
        loop {
            let mut block = window.idle.pop().unwrap_or_else(|| blocks.empty());
            match blocks.fill(&mut source, &mut block) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
            let mut output = window.spare.pop().unwrap_or_default();
            let done: Sender<Finished<'a, S::Output>> = done.clone();
            let ordinal = sent;
            scope.spawn(move |_| {
                stage.block(&block, &mut output);
                // The receiver is gone only when the run has failed already.
                let _ = done.send(Finished {
                    ordinal,
                    block,
                    output,
                });
            });
            sent += 1;
            window.settle(sent, most)?;
        }
        window.settle(sent, 1)?;
        outcome
    })
}

struct Finished<'a, O> {
    ordinal: usize,
    block: Block<'a>,
    output: O,
}

/// The blocks in flight.
struct Window<'a, 'j, O> {
    results: Receiver<Finished<'a, O>>,
    waiting: BTreeMap<usize, O>,
    next: usize,
    spare: Vec<O>,
    idle: Vec<Block<'a>>,
    join: Join<'j, O>,
}

impl<O> Window<'_, '_, O> {
    /// Joins what is done, in order, until fewer than `most` of the `sent` blocks are in flight.
    fn settle(&mut self, sent: usize, most: usize) -> Result<(), Error> {
        loop {
            while let Ok(finished) = self.results.try_recv() {
                self.waiting.insert(finished.ordinal, finished.output);
                self.idle.push(finished.block);
            }
            while let Some(mut output) = self.waiting.remove(&self.next) {
                (self.join)(&mut output)?;
                self.spare.push(output);
                self.next += 1;
            }
            if sent - self.next < most {
                return Ok(());
            }
            if rayon::yield_now() != Some(rayon::Yield::Executed) {
                self.wait();
            }
        }
    }

    /// Waits for a block that another thread is at.
    fn wait(&mut self) {
        if let Ok(finished) = self
            .results
            .recv_timeout(std::time::Duration::from_micros(200))
        {
            self.waiting.insert(finished.ordinal, finished.output);
            self.idle.push(finished.block);
        }
    }
}
