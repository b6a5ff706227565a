//! A model of a queue and of workers, in which the rule by which their number follows what waits is tried.

use x12_pipeline::scaling::{Scaler, Scaling, Sight};

/// How often one looks, in milliseconds.
pub const LOOK_MS: u64 = 5_000;

/// How long a worker takes to begin, in milliseconds.
const BEGIN_MS: u64 = 2_000;

/// A queue, and workers of whom each does so many jobs in a thousand seconds, as many as it may at a time.
pub struct Model {
    /// The moment.
    pub now_ms: u64,
    rate: u64,
    scaling: Scaling,
    /// When what waits came, oldest first.
    pub waiting: std::collections::VecDeque<u64>,
    done: u64,
    /// Since when each worker works.
    pub workers: Vec<u64>,
    /// What was done of the job in hand, in thousandths of a job, of all workers together.
    spare: u64,
    /// What was seen and decided: when, how much waited, how many workers there were to be.
    pub history: Vec<(u64, usize, u32)>,
}

impl Model {
    /// Nothing waits, and there is a worker of such a rate.
    pub fn new(rate: u64, scaling: Scaling) -> Self {
        Self {
            now_ms: 0,
            rate,
            scaling,
            waiting: Default::default(),
            done: 0,
            workers: vec![0],
            spare: 0,
            history: Vec::new(),
        }
    }

    /// Workers that have something in hand: all of them, if there is as much.
    fn busy(&self) -> u32 {
        let workers = self.workers.len().min(self.waiting.len());
        u32::try_from(workers).expect("they are few")
    }

    /// A hundred milliseconds pass.
    fn step(&mut self) {
        self.now_ms += 100;
        let at_work = self
            .workers
            .iter()
            .filter(|&&since| since <= self.now_ms)
            .count();
        self.spare += at_work as u64 * self.rate * 100;
        while self.spare >= 1_000_000 {
            self.spare -= 1_000_000;
            self.done += u64::from(self.waiting.pop_front().is_some());
        }
        if self.waiting.is_empty() {
            self.spare = 0;
        }
    }

    fn sight(&self) -> Sight {
        Sight {
            now_ms: self.now_ms,
            depth: self.waiting.len() as u64,
            oldest_ms: self.waiting.front().map_or(0, |at| self.now_ms - at),
            done: self.done,
            workers: u32::try_from(self.workers.len()).expect("they are few"),
            busy: self.busy(),
        }
    }

    /// So much time passes, in which jobs come as `come` says of each moment, in jobs of a thousand seconds.
    pub fn run(&mut self, scaler: &mut Scaler, ms: u64, come: impl Fn(u64) -> u64) {
        let until = self.now_ms + ms;
        let mut coming = 0;
        while self.now_ms < until {
            coming += come(self.now_ms) * 100;
            while coming >= 1_000_000 {
                coming -= 1_000_000;
                self.waiting.push_back(self.now_ms);
            }
            self.step();
            if self.now_ms.is_multiple_of(LOOK_MS) {
                self.look(scaler);
            }
        }
    }

    fn look(&mut self, scaler: &mut Scaler) {
        let sight = self.sight();
        let wanted = scaler.decide(sight);
        let Scaling { floor, ceiling, .. } = self.scaling;
        assert!((floor..=ceiling).contains(&wanted), "{sight:?}: {wanted}");
        assert!(
            wanted >= sight.busy.min(sight.workers),
            "a busy worker goes: {sight:?}"
        );
        let begun = self.now_ms + BEGIN_MS;
        self.workers.resize(wanted as usize, begun);
        self.history.push((self.now_ms, self.waiting.len(), wanted));
    }

    /// So many jobs come at once.
    pub fn burst(&mut self, jobs: usize) {
        self.waiting.extend(vec![self.now_ms; jobs]);
    }

    /// How often the number began to fall after it rose, or to rise after it fell.
    pub fn swings(&self) -> usize {
        let numbers = self
            .history
            .iter()
            .map(|&(_, _, workers)| i64::from(workers));
        let numbers: Vec<_> = numbers.collect();
        let steps = numbers.windows(2).map(|two| (two[1] - two[0]).signum());
        let steps: Vec<_> = steps.filter(|&step| step != 0).collect();
        steps.windows(2).filter(|two| two[0] != two[1]).count()
    }

    /// How many workers there were to be at most.
    pub fn most(&self) -> u32 {
        self.history
            .iter()
            .map(|&(_, _, workers)| workers)
            .max()
            .unwrap_or(0)
    }
}
