//! Runs a stage over all blocks of a document: on one thread, or on many with the results joined in order.
//!
//! Four kinds of work wait on one desk: cutting, placing and joining go in order, so each has one tool that a thread takes while it is
//! at it; the stage itself goes on any block, at any time. Whoever is free takes what is furthest along, so cutting and placing run
//! beside each other and beside the stage, and a bounded number of blocks is under way.

use std::collections::{BTreeMap, VecDeque};
use std::io::Read;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::block::{Block, Blocks, Cutting, Stage};
use crate::error::Error;
use crate::place::Placer;
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
    let crew = Crew {
        stage,
        desk: Mutex::new(Desk::new(source, blocks, join, 2 * threads + 4)),
        changed: Condvar::new(),
    };
    pool.broadcast(|_| crew.work());
    let desk = crew.desk.into_inner();
    desk.unwrap_or_else(PoisonError::into_inner).outcome
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

/// A block under way, and what its stage gives.
type Under<'a, O> = (Block<'a>, O);

/// Something to be done, with all that it takes.
enum Work<'a, 'j, D, O> {
    Cut(Box<Cut<D>>, Under<'a, O>),
    Place(Box<Placer>, Under<'a, O>),
    Stage(Under<'a, O>),
    Join(Join<'j, O>, Under<'a, O>),
}

/// What cutting takes.
struct Cut<D> {
    source: D,
    cutting: Cutting,
}

/// What is to be done, and the tools of what goes in order.
struct Desk<'a, 'j, D, O> {
    cut: Option<Box<Cut<D>>>,
    placer: Option<Box<Placer>>,
    join: Option<Join<'j, O>>,
    to_place: VecDeque<Under<'a, O>>,
    to_stage: VecDeque<Under<'a, O>>,
    to_join: BTreeMap<u64, Under<'a, O>>,
    joined: u64,
    /// Blocks that nobody is at; all of them together bound how much is under way.
    spare: Vec<Under<'a, O>>,
    blocks: usize,
    /// Nothing more is to be cut.
    ended: bool,
    /// Nothing more is to be done: joining failed, or a thread was lost.
    stopped: bool,
    outcome: Result<(), Error>,
}

impl<'a, 'j, D, O: Default> Desk<'a, 'j, D, O> {
    fn new(source: D, blocks: Blocks, join: Join<'j, O>, most: usize) -> Self {
        let spare = (0..most).map(|_| (blocks.empty(), O::default())).collect();
        let Blocks { cutting, placer } = blocks;
        Self {
            cut: Some(Box::new(Cut { source, cutting })),
            placer: Some(Box::new(placer)),
            join: Some(join),
            to_place: VecDeque::new(),
            to_stage: VecDeque::new(),
            to_join: BTreeMap::new(),
            joined: 0,
            spare,
            blocks: most,
            ended: false,
            stopped: false,
            outcome: Ok(()),
        }
    }

    fn is_done(&self) -> bool {
        self.stopped || self.ended && self.spare.len() == self.blocks
    }

    /// Takes what is furthest along among the work that can be done now.
    fn take(&mut self) -> Option<Work<'a, 'j, D, O>> {
        if self.to_join.contains_key(&self.joined)
            && let Some(join) = self.join.take()
        {
            let under = self.to_join.remove(&self.joined)?;
            return Some(Work::Join(join, under));
        }
        // Placing is the longest of what goes in order, so it waits for nothing.
        if !self.to_place.is_empty()
            && let Some(placer) = self.placer.take()
        {
            let under = self.to_place.pop_front()?;
            return Some(Work::Place(placer, under));
        }
        if let Some(under) = self.to_stage.pop_front() {
            return Some(Work::Stage(under));
        }
        if self.ended || self.spare.is_empty() {
            return None;
        }
        let cut = self.cut.take()?;
        Some(Work::Cut(cut, self.spare.pop()?))
    }
}

/// What the threads share.
struct Crew<'a, 'j, 's, D, S: Stage> {
    stage: &'s S,
    desk: Mutex<Desk<'a, 'j, D, S::Output>>,
    changed: Condvar,
}

type Seat<'g, 'a, 'j, D, S> = MutexGuard<'g, Desk<'a, 'j, D, <S as Stage>::Output>>;

impl<'a, 'j, D: Source<'a>, S: Stage> Crew<'a, 'j, '_, D, S> {
    fn desk(&self) -> Seat<'_, 'a, 'j, D, S> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What every thread does until all is done.
    fn work(&self) {
        let _alarm = Alarm(self);
        let mut desk = self.desk();
        while !desk.is_done() {
            match desk.take() {
                Some(work) => {
                    drop(desk);
                    desk = self.perform(work);
                    self.changed.notify_all();
                }
                None => {
                    let waited = self.changed.wait(desk);
                    desk = waited.unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// Does it, and lays tool and block back where they go next.
    fn perform(&self, work: Work<'a, 'j, D, S::Output>) -> Seat<'_, 'a, 'j, D, S> {
        match work {
            Work::Cut(mut cut, mut under) => {
                let filled = cut.cutting.next(&mut cut.source, &mut under.0);
                let mut desk = self.desk();
                desk.cut = Some(cut);
                match filled {
                    Ok(true) => desk.to_place.push_back(under),
                    other => {
                        desk.ended = true;
                        desk.spare.push(under);
                        // What joining failed of stands before the end, and before any fault that cutting comes to.
                        if desk.outcome.is_ok() {
                            desk.outcome = other.map(drop);
                        }
                    }
                }
                desk
            }
            Work::Place(mut placer, mut under) => {
                under.0.place(&mut placer);
                let mut desk = self.desk();
                desk.placer = Some(placer);
                desk.to_stage.push_back(under);
                desk
            }
            Work::Stage(mut under) => {
                self.stage.block(&under.0, &mut under.1);
                let mut desk = self.desk();
                desk.to_join.insert(under.0.ordinal, under);
                desk
            }
            Work::Join(join, mut under) => {
                let joined = join(&mut under.1);
                let mut desk = self.desk();
                desk.join = Some(join);
                desk.joined += 1;
                desk.spare.push(under);
                if let Err(error) = joined {
                    (desk.stopped, desk.outcome) = (true, Err(error));
                }
                desk
            }
        }
    }
}

/// Sends all threads home when one of them panics, or they would wait for what it was at.
struct Alarm<'c, 'a, 'j, 's, D: Source<'a>, S: Stage>(&'c Crew<'a, 'j, 's, D, S>);

impl<'a, D: Source<'a>, S: Stage> Drop for Alarm<'_, 'a, '_, '_, D, S> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.desk().stopped = true;
        }
        self.0.changed.notify_all();
    }
}
