//! The rule by which the number of workers follows what waits: pure, and the same whoever starts and ends them.
//!
//! - **Enough** is what waits and is in hand, divided by what one worker does in the time that is left for it, as long as the oldest has not
//!   waited; and as many as do what has come of late, however little of it waits.
//! - **More** come at once. Until it was seen what a worker does, twice as many each time. One more if something waits for too long all the
//!   same.
//! - **Fewer** there are when fewer have been enough for the whole cool-down: as many as were needed most in it, and only those go that have
//!   nothing in hand.
//! - There are never more than jobs, nor than the ceiling, nor fewer than the floor.
//!
//! What a worker does is learned only while each has more than it can take in hand: else workers who wait for work would look slow, and be
//! given help. What waits for its time, as what is tried again does, is not counted: a partner who cannot be reached gets no workers.

use std::collections::VecDeque;

/// What is wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Scaling {
    /// Workers at least.
    pub floor: u32,
    /// Workers at most.
    pub ceiling: u32,
    /// In how long what waits is to be done, in milliseconds.
    pub drain_ms: u64,
    /// For how long fewer must have been enough before there are, in milliseconds.
    pub cool_down_ms: u64,
    /// Jobs that a worker does at a time.
    pub jobs: u32,
}

/// What is seen at a moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sight {
    /// When, in milliseconds of a clock that only goes forward.
    pub now_ms: u64,
    /// Jobs that wait and could be done now, and those in hand.
    pub depth: u64,
    /// How long the oldest of them has waited, in milliseconds.
    pub oldest_ms: u64,
    /// Jobs that were done since the beginning, by whomever.
    pub done: u64,
    /// Workers that there are.
    pub workers: u32,
    /// Workers that have something in hand.
    pub busy: u32,
}

/// The rule, and what it remembers.
#[derive(Clone, Debug)]
pub struct Scaler {
    scaling: Scaling,
    began_ms: Option<u64>,
    before: Option<Sight>,
    /// What was done by workers who had enough to do: until when, how much, and in how many of their milliseconds.
    full: VecDeque<(u64, u64, u64)>,
    /// How many were needed, and when, as far back as the cool-down goes.
    needed: VecDeque<(u64, u32)>,
    /// How much had come since the beginning, and by when, as far back.
    came: VecDeque<(u64, u64)>,
}

/// How far back one looks for what a worker does, in milliseconds.
const LEARN_MS: u64 = 120_000;

impl Scaler {
    /// The rule, which has seen nothing yet. A ceiling below the floor counts as the floor.
    #[must_use]
    pub fn new(scaling: Scaling) -> Self {
        Self {
            scaling,
            began_ms: None,
            before: None,
            full: VecDeque::new(),
            needed: VecDeque::new(),
            came: VecDeque::new(),
        }
    }

    /// How many workers there are to be.
    pub fn decide(&mut self, sight: Sight) -> u32 {
        self.learn(sight);
        self.came
            .push_back((sight.now_ms, sight.done + sight.depth));
        let Scaling {
            floor,
            ceiling,
            cool_down_ms,
            ..
        } = self.scaling;
        let need = self.need(&sight).clamp(floor, ceiling.max(floor));
        let began = *self.began_ms.get_or_insert(sight.now_ms);
        self.needed.push_back((sight.now_ms, need));
        let since = sight.now_ms.saturating_sub(cool_down_ms);
        self.needed.retain(|&(at, _)| at >= since);
        self.came.retain(|&(at, _)| at >= since);
        // Before so much time has passed nobody knows what was needed in it.
        if need < sight.workers && began > since {
            return sight.workers;
        }
        let most = self.needed.iter().map(|&(_, need)| need).max();
        let most = most.unwrap_or(need);
        if most >= sight.workers {
            return need.max(sight.workers);
        }
        most.max(sight.busy.min(sight.workers))
    }

    /// Jobs of a worker who has enough to do, and in how many milliseconds; none until that was seen.
    #[must_use]
    pub fn rate(&self) -> Option<(u64, u64)> {
        let sum = |of: fn(&(u64, u64, u64)) -> u64| self.full.iter().map(of).sum::<u64>();
        let (done, ms) = (sum(|of| of.1), sum(|of| of.2));
        (done > 0 && ms > 0).then_some((done, ms))
    }

    fn learn(&mut self, sight: Sight) {
        if let Some(before) = self.before.replace(sight)
            && self.have_enough(&before)
            && self.have_enough(&sight)
            && before.workers <= sight.workers
        {
            let ms = sight.now_ms.saturating_sub(before.now_ms);
            let done = sight.done.saturating_sub(before.done);
            // Those that came meanwhile had to begin first, and did something all the same: as if they had come in the middle.
            let twice = u64::from(before.workers) + u64::from(sight.workers);
            let of_workers = ms.saturating_mul(twice) / 2;
            self.full.push_back((sight.now_ms, done, of_workers));
            // What was learned is kept until there is something newer.
            let since = sight.now_ms.saturating_sub(LEARN_MS);
            self.full.retain(|&(until, ..)| until >= since);
        }
    }

    /// Whether each worker has as much again as it can take in hand.
    fn have_enough(&self, sight: &Sight) -> bool {
        let in_hand = u64::from(sight.workers) * u64::from(self.scaling.jobs.max(1));
        sight.workers > 0 && sight.depth >= 2 * in_hand
    }

    fn need(&self, sight: &Sight) -> u32 {
        let workers = u64::from(sight.workers);
        let by_rate = match self.rate() {
            Some(rate) => {
                let waits = share(rate, (sight.depth, self.time_left(sight)));
                waits.min(sight.depth).max(share(rate, self.flow()))
            }
            None if self.have_enough(sight) || workers == 0 => {
                (2 * workers).max(1).min(sight.depth)
            }
            None => workers.min(sight.depth),
        };
        let is_late = sight.oldest_ms > self.scaling.drain_ms && self.have_enough(sight);
        let need = if is_late {
            by_rate.max(workers + 1)
        } else {
            by_rate
        };
        u32::try_from(need).unwrap_or(u32::MAX)
    }

    /// In how long what waits is to be done from now on, in milliseconds. Of a burst all has waited for as long, and the number that it
    /// needs stays; but what is old for another reason shall not call for everybody.
    fn time_left(&self, sight: &Sight) -> u64 {
        let drain_ms = self.scaling.drain_ms;
        match self.have_enough(sight) {
            true => drain_ms.saturating_sub(sight.oldest_ms).max(drain_ms / 4),
            false => drain_ms,
        }
    }

    /// What has come of late, and in how many milliseconds.
    fn flow(&self) -> (u64, u64) {
        let (first, last) = (self.came.front(), self.came.back());
        let (Some(&(since, before)), Some(&(until, now))) = (first, last) else {
            return (0, 0);
        };
        (now.saturating_sub(before), until - since)
    }
}

/// How many workers do so much in so many milliseconds, if one does `done` in `ms`.
fn share((done, ms): (u64, u64), (much, in_ms): (u64, u64)) -> u64 {
    let one = u128::from(done) * u128::from(in_ms);
    if one == 0 {
        return 0;
    }
    let all = u128::from(much) * u128::from(ms);
    u64::try_from(all.div_ceil(one)).unwrap_or(u64::MAX)
}
