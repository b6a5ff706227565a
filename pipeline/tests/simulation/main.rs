//! Settling, simulated (reliability §7, F19): workers and relays as they are, beside a queue, a ledger, a store and clocks that do what a
//! seed says. They lose, double, delay and forget; processes die at any moment, or are told to stop; stages break down; the ledger loses
//! with the power what need not be on its disk yet. Then all is well again, and everything must come to its end: nothing lost, nothing
//! mixed up, what fails for ever told so, nobody waiting.
//!
//! `X12_SEEDS=1000` tries more of them than usual, `X12_SEED=17` that one alone, and tells its story's number.

#[path = "../doors/mod.rs"]
mod doors;
mod ledger;
mod model;
mod queue;
mod road;
mod world;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};
use x12_pipeline::clock::Clock;
use x12_pipeline::doors::Doors;
use x12_pipeline::measures::Measures;
use x12_pipeline::openpgp::{Certificates, SecretKeys};
use x12_pipeline::profile::Profiles;
use x12_pipeline::protection::Protection;
use x12_pipeline::seal::Vault;
use x12_pipeline::{relay, worker};

use doors::Memory;
use ledger::{PARTNER, SimulatedLedger, Stand};
use queue::SimulatedQueue;
use road::{Delivered, Lot};
use world::{BEGIN_MS, Process, World, chance};

/// Seeds that are tried, unless more are asked for.
const SEEDS: u64 = 40;

/// Arrivals of a story.
const ARRIVALS: u32 = 24;

/// How many processes there are at a time.
const PROCESSES: u32 = 3;

/// How long things go wrong, and how long after that all may take to end.
const TROUBLE: Duration = Duration::from_secs(1200);
const PATIENCE: Duration = Duration::from_secs(6 * 3600);

/// How long a process that is told to stop may take: its grace, and what it waits for an answer that never comes.
const STOPS: Duration = Duration::from_secs(30 + 30);

static PROFILES: LazyLock<Arc<Profiles>> = LazyLock::new(|| {
    let home = doors::folder("simulation");
    // No innocent fails so often. A beat is a third of a lease: not as long as one waits for an answer, or both would end in one moment.
    let config = "[work]\njobs = 4\nlease_s = 61\n[retry]\nattempts = 20\nmost_ms = 60000\n";
    fs::write(home.join("config.toml"), config).expect("the folder is ours");
    Arc::new(Profiles::read(&home).expect("it is sound"))
});

/// The clock of a process: right, or some seconds off.
struct SkewedClock {
    world: Arc<World>,
    skew_ms: i64,
}

impl Clock for SkewedClock {
    fn now_ms(&self) -> i64 {
        let elapsed = i64::try_from(self.world.elapsed_ms()).unwrap_or(i64::MAX);
        BEGIN_MS + elapsed + self.skew_ms
    }
}

/// What processes are made of.
struct House {
    world: Arc<World>,
    vault: Vault,
    memory: Memory,
    delivered: Delivered,
}

impl House {
    fn doors(&self, who: Process) -> Doors {
        let world = || Arc::clone(&self.world);
        let skew = chance(self.world.seed, &format!("skew {}", who.slot)) % 11;
        Doors {
            ledger: Arc::new(SimulatedLedger {
                world: world(),
                who,
            }),
            queue: Arc::new(SimulatedQueue {
                world: world(),
                who,
            }),
            vault: self.vault.clone(),
            clock: Arc::new(SkewedClock {
                world: world(),
                skew_ms: i64::try_from(skew).unwrap_or_default() * 1000 - 5000,
            }),
            profiles: Arc::clone(&PROFILES),
            ours: SecretKeys::default(),
            certificates: Certificates::default(),
            ways: BTreeMap::new(),
            measures: Measures::default(),
            protection: Protection::default(),
            handle: Handle::current(),
        }
    }

    /// One life of a process: until it dies, or is told to stop.
    async fn live(&self, who: Process) {
        let doors = Arc::new(self.doors(who));
        let news = Arc::new(Notify::new());
        let (stop, stopped) = watch::channel(false);
        let stages = road::stages(
            Arc::clone(&self.world),
            self.memory.clone(),
            self.delivered.clone(),
        );
        let relay = relay::run(Arc::clone(&doors), Arc::clone(&news), stopped.clone());
        let relay = tokio::spawn(relay);
        let worker = tokio::spawn(worker::run(doors, stages, news, stopped));
        let life = chance(self.world.seed, &format!("life {who:?}")) % 600;
        let told = timeout(Duration::from_secs(60 + life), async {
            while !self.world.is_dead(who) {
                self.world.died.notified().await;
            }
        });
        if told.await.is_err() && self.world.is_troubled() {
            // Whoever listens may have ended.
            let _ = stop.send(true);
            let ended = async { (worker.await, relay.await) };
            let ended = timeout(STOPS, ended).await;
            let dies = self.world.is_dead(who);
            assert!(
                ended.is_ok() || dies,
                "{who:?} does not stop when it is told to"
            );
            self.world.kill(who);
        } else {
            while !self.world.is_dead(who) {
                self.world.died.notified().await;
            }
        }
    }

    /// A process that is started again and again.
    async fn supervise(self: Arc<Self>, slot: u32) {
        for life in 0.. {
            let who = Process { slot, life };
            self.live(who).await;
            let pause = chance(self.world.seed, &format!("pause {who:?}")) % 5000;
            sleep(Duration::from_millis(pause)).await;
        }
    }

    /// Kills, and loses connections, as long as things go wrong.
    async fn disturb(self: Arc<Self>) {
        for time in 0_u32.. {
            let luck = chance(self.world.seed, &format!("disturb {time}"));
            sleep(Duration::from_millis(luck % 45_000)).await;
            if !self.world.is_troubled() {
                return;
            }
            let slot = (luck >> 32) as u32 % (PROCESSES + 2);
            if slot > PROCESSES {
                self.world.state().lose_power();
                continue;
            }
            if slot == PROCESSES {
                self.world.state().messages.come_back();
                self.world.arrived.notify_waiters();
                continue;
            }
            let mut life = 0;
            while self.world.is_dead(Process { slot, life }) {
                life += 1;
            }
            self.world.kill(Process { slot, life });
        }
    }

    /// What came, before anything goes wrong with the store.
    fn store(&self) {
        for number in 0..ARRIVALS {
            let raw = road::raw(number);
            let mut sealer = self.vault.seal(&raw, PARTNER).expect("the store works");
            write!(sealer, "{number}").expect("the store works");
            sealer.finish().expect("the store works");
        }
    }

    /// Lets arrivals come in, in the time in which things go wrong.
    async fn fill(self: Arc<Self>) {
        for number in 0..ARRIVALS {
            let luck = chance(self.world.seed, &format!("arrival {number}"));
            sleep(Duration::from_millis(luck % 60_000)).await;
            let (id, first) = (road::arrival(number), road::first(number));
            let job = id.following(first.step(), 0);
            let now = BEGIN_MS + i64::try_from(self.world.elapsed_ms()).unwrap_or(i64::MAX);
            let mut state = self.world.state();
            state.rows_now().insert(job, id, first, (now, None));
        }
    }

    /// What is not at its end yet.
    fn left(&self) -> Vec<String> {
        let state = self.world.state();
        let open = state.rows.jobs.iter().filter_map(|(id, row)| {
            let is_open = matches!(row.stand, Stand::Ready | Stand::Leased);
            is_open.then(|| format!("{id} {} {:?}", row.task.step().name(), row.stand))
        });
        let outbox = state
            .rows
            .outbox
            .keys()
            .map(|job| format!("{job} in the outbox"));
        let messages = state.messages.all.iter();
        let messages = messages.map(|message| format!("{} in the queue", message.job));
        open.chain(outbox).chain(messages).collect()
    }
}

/// What a seed tells.
#[derive(Debug, Eq, PartialEq)]
struct Story {
    number: u64,
    happened: u64,
    /// Names under which something was delivered more than once.
    again: usize,
    /// How often the ledger lost something with the power.
    cuts: u64,
}

async fn tell(seed: u64) -> Story {
    let (vault, memory) = doors::vault(&format!("simulation-{seed}"));
    let house = Arc::new(House {
        world: World::new(seed, u64::try_from(TROUBLE.as_millis()).unwrap_or(u64::MAX)),
        vault,
        memory,
        delivered: Delivered::default(),
    });
    house.store();
    tokio::spawn(Arc::clone(&house.world).turn());
    let filling = tokio::spawn(Arc::clone(&house).fill());
    tokio::spawn(Arc::clone(&house).disturb());
    for slot in 0..PROCESSES {
        tokio::spawn(Arc::clone(&house).supervise(slot));
    }
    sleep(TROUBLE).await;
    filling.await.expect("all arrive");
    let ends = timeout(PATIENCE, async {
        while !house.left().is_empty() {
            sleep(Duration::from_secs(10)).await;
        }
    });
    assert!(
        ends.await.is_ok(),
        "seed {seed}: not at their end: {:#?}",
        house.left()
    );
    check(seed, &house)
}

/// Whether all came to the end that was to be, and nothing else did.
fn check(seed: u64, house: &House) -> Story {
    let state = house.world.state();
    let delivered = house.delivered.all();
    let mut wanted = Vec::new();
    for number in 0..ARRIVALS {
        let arrival = road::arrival(number);
        let rows = state
            .rows
            .jobs
            .values()
            .filter(|row| row.arrival == arrival);
        let dead: Vec<_> = rows
            .filter_map(|row| match row.stand {
                Stand::Dead(code) => Some((row.task.step(), code)),
                _ => None,
            })
            .collect();
        let told = match Lot::of(seed, number) {
            Lot::Good => vec![],
            Lot::Broken(step) => vec![(step, "made-so")],
            Lot::Poison(step) => vec![(step, "too-many-attempts")],
        };
        assert_eq!(dead, told, "seed {seed}, arrival {number}");
        if told.is_empty() {
            wanted.extend(road::expected(number));
        }
    }
    let texts = delivered.values().map(|texts| {
        assert!(
            texts.windows(2).all(|two| two[0] == two[1]),
            "seed {seed}: another text under a name"
        );
        &texts[0]
    });
    let texts: Vec<_> = texts.collect();
    for text in wanted {
        let times = texts.iter().filter(|&&of| *of == text).count();
        assert_eq!(
            times, 1,
            "seed {seed}: names under which {text:?} was delivered"
        );
    }
    Story {
        number: state.story,
        happened: state.happened,
        cuts: state.cuts,
        again: delivered.values().filter(|texts| texts.len() > 1).count(),
    }
}

fn play(seed: u64) -> Story {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .max_blocking_threads(1)
        .build();
    runtime.expect("there are threads").block_on(tell(seed))
}

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn whatever_goes_wrong_everything_comes_to_its_end() {
    let seeds: Vec<_> = match asked("X12_SEED") {
        Some(seed) => vec![seed],
        None => (0..asked("X12_SEEDS").unwrap_or(SEEDS)).collect(),
    };
    let (mut happened, mut again, mut cuts) = (0, 0, 0);
    for &seed in &seeds {
        let story = play(seed);
        happened += story.happened;
        again += story.again;
        cuts += story.cuts;
        if seeds.len() == 1 {
            // Output that cannot be written is no failure of the test.
            let _ = writeln!(std::io::stderr(), "{story:?}");
        }
    }
    assert!(
        happened > 1000 * seeds.len() as u64,
        "little happened: {happened}"
    );
    let _ = writeln!(
        std::io::stderr(),
        "{} stories, in which {happened} things happened: nothing lost, nothing mixed up; {again} files delivered again, under their names; \
         {cuts} times the ledger had lost something with the power",
        seeds.len()
    );
}

#[test]
fn a_seed_tells_the_same_story_again() {
    for seed in [1, 2] {
        assert_eq!(play(seed), play(seed));
    }
}
