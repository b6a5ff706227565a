//! The world: one order in which everything happens, made of a seed.
//!
//! Whatever a process asks of ledger or queue happens at a moment of its own, later than it was asked for, and ends as chance has it:
//! done and answered, not done, done without an answer, or never heard of again. Chance is a function of the seed and of who asks what for
//! which time, so the order in which threads run changes nothing, and a seed always tells the same story.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};
use tokio::time::{Duration, Instant, sleep_until};
use x12_pipeline::failure::{Failure, Result};

use super::ledger::Rows;
use super::queue::Messages;

/// When it all begins, in milliseconds since 1970.
pub const BEGIN_MS: i64 = 1_800_000_000_000;

/// What did not work this time.
const REFUSED: Failure = Failure::transient("simulated", "chance had it so");

/// An incarnation of a process: the slot that it has on some machine, and which it is there.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Process {
    pub slot: u32,
    pub life: u32,
}

/// What stands in the world.
#[derive(Default)]
pub struct State {
    pub rows: Rows,
    /// What is on the ledger's disk, if that is not all of it.
    on_disk: Option<Rows>,
    pub messages: Messages,
    /// Deaths of processes, by when.
    deaths: HashMap<Process, u64>,
    /// How often each thing was asked for.
    asked: HashMap<String, u64>,
    /// What is to happen, by when and by chance.
    pending: BTreeMap<(u64, u64), Pending>,
    /// What happened, folded into a number.
    pub story: u64,
    /// How much happened.
    pub happened: u64,
    /// How often the ledger lost something with the power.
    pub cuts: u64,
}

struct Pending {
    who: Process,
    asked_at: u64,
    what: String,
    fate: Fate,
    happen: Happen,
}

/// What happens, and whether who asked is told.
type Happen = Box<dyn FnOnce(&mut State, bool) + Send>;

/// How something ends.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Fate {
    Good,
    NotDone,
    DoneAndNotTold,
    NeverHeardOf(bool),
}

pub struct World {
    pub seed: u64,
    began: Instant,
    /// Until when things go wrong, in milliseconds from the beginning.
    troubled_ms: u64,
    state: Mutex<State>,
    changed: Notify,
    /// Told when messages may be there.
    pub arrived: Notify,
    /// Told when a process has died.
    pub died: Notify,
}

/// A number made of the seed and of words, as good as any other.
pub fn chance(seed: u64, words: &str) -> u64 {
    let fold = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
    let mut mixed = words
        .as_bytes()
        .iter()
        .fold(seed ^ 0xCBF2_9CE4_8422_2325, fold);
    // The finish of SplitMix64.
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

impl State {
    /// The ledger, for a change that waits for the disk: all that was changed before is there then too.
    pub fn rows_now(&mut self) -> &mut Rows {
        self.on_disk = None;
        &mut self.rows
    }

    /// The ledger, for a change that does not.
    pub fn rows_soon(&mut self) -> &mut Rows {
        self.on_disk.get_or_insert_with(|| self.rows.clone());
        &mut self.rows
    }

    /// The power fails: what is not on the disk is lost.
    pub fn lose_power(&mut self) {
        if let Some(on_disk) = self.on_disk.take() {
            self.rows = on_disk;
            self.cuts += 1;
        }
    }
}

impl World {
    pub fn new(seed: u64, troubled_ms: u64) -> Arc<Self> {
        Arc::new(Self {
            seed,
            began: Instant::now(),
            troubled_ms,
            state: Mutex::default(),
            changed: Notify::new(),
            arrived: Notify::new(),
            died: Notify::new(),
        })
    }

    /// Milliseconds since the beginning.
    pub fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub fn is_troubled(&self) -> bool {
        self.elapsed_ms() < self.troubled_ms
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn is_dead(&self, who: Process) -> bool {
        self.state().deaths.contains_key(&who)
    }

    /// A process dies: nothing that it asks for from this moment on happens.
    pub fn kill(&self, who: Process) {
        let now = self.elapsed_ms();
        self.state().deaths.entry(who).or_insert(now);
        self.died.notify_waiters();
    }

    /// Lets something happen, and answers as chance has it. Who is dead waits for ever.
    pub async fn ask<T: Send + 'static>(
        &self,
        who: Process,
        what: &str,
        effect: impl FnOnce(&mut State) -> T + Send + 'static,
    ) -> Result<T> {
        let (teller, told) = oneshot::channel();
        let happen = Box::new(move |state: &mut State, is_told| {
            let done = effect(state);
            if is_told {
                // Who asked may be gone.
                let _ = teller.send(done);
            }
        });
        let fate = self.put(who, what, happen);
        self.changed.notify_one();
        match (told.await, fate) {
            (Ok(answer), _) => Ok(answer),
            (Err(_), Fate::NeverHeardOf(_)) => std::future::pending().await,
            (Err(_), _) if self.is_dead(who) => std::future::pending().await,
            (Err(_), _) => Err(REFUSED),
        }
    }

    /// Puts something where it is to happen; it never will if who asks is dead.
    fn put(&self, who: Process, what: &str, happen: Happen) -> Fate {
        let now = self.elapsed_ms();
        let mut state = self.state();
        if state.deaths.contains_key(&who) {
            return Fate::NeverHeardOf(false);
        }
        let asked = state.asked.entry(format!("{who:?} {what}")).or_insert(0);
        *asked += 1;
        let words = format!("{who:?} {what} {asked}");
        let tie = chance(self.seed, &words);
        let fate = self.fate(&words);
        let slow = self.is_troubled() && tie.is_multiple_of(40);
        let within = if slow { 15_000 } else { 20 };
        let due = now + 1 + (tie >> 8) % within;
        let pending = Pending {
            who,
            asked_at: now,
            what: what.to_owned(),
            fate,
            happen,
        };
        state.pending.insert((due, tie), pending);
        fate
    }

    fn fate(&self, words: &str) -> Fate {
        if !self.is_troubled() {
            return Fate::Good;
        }
        match chance(self.seed, &format!("fate {words}")) % 100 {
            0..3 => Fate::NotDone,
            3..6 => Fate::DoneAndNotTold,
            6 => Fate::NeverHeardOf(true),
            7 => Fate::NeverHeardOf(false),
            _ => Fate::Good,
        }
    }

    /// Lets happen what is due, one thing a millisecond, for ever: all that comes of it has come before the next, as time stands still
    /// while a thread works. Else what a thread sees of another thing at the same moment would be a matter of luck.
    pub async fn turn(self: Arc<Self>) {
        let mut free = 0;
        loop {
            let next = self.state().pending.keys().next().map(|&(due, _)| due);
            let Some(due) = next else {
                self.changed.notified().await;
                continue;
            };
            let at = self.began + Duration::from_millis(due.max(free));
            tokio::select! {
                biased;
                () = sleep_until(at) => {
                    self.happen();
                    free = self.elapsed_ms() + 1;
                }
                () = self.changed.notified() => {}
            }
        }
    }

    /// Lets the first thing happen.
    fn happen(&self) {
        let mut state = self.state();
        let Some(((at, tie), pending)) = state.pending.pop_first() else {
            return;
        };
        let Pending {
            who,
            asked_at,
            what,
            fate,
            happen,
        } = pending;
        let death = state.deaths.get(&who).copied();
        // What was under way when its process died may still arrive.
        let arrives = death.is_none_or(|death| asked_at < death && tie % 2 == 0);
        let is_done = arrives && !matches!(fate, Fate::NotDone | Fate::NeverHeardOf(false));
        if is_done {
            let is_told = death.is_none() && fate == Fate::Good;
            let seen = chance(state.story, &format!("{at} {who:?} {what} {is_told}"));
            state.story = seen;
            state.happened += 1;
            happen(&mut state, is_told);
        }
    }
}
