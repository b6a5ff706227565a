//! The ledger in memory and those of databases, asked the same things in the same order, as a seed has it: they answer the same.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::Command;

use x12_pipeline::database::Database;
use x12_pipeline::failure::Failure;
use x12_pipeline::job::{Direction, Job, Outcome};
use x12_pipeline::ledger::{Arrival, Lease, Ledger, On, Settled};
use x12_pipeline::object::JobId;
use x12_pipeline::queue::Notice;

use super::doors;
use super::ledger::{PARTNER, Rows};
use super::road;
use super::world::{BEGIN_MS, chance};

/// What is asked in a row.
const QUESTIONS: u32 = 250;

/// Arrivals of which it is asked.
const ARRIVALS: u32 = 4;

const FAILED: Failure = Failure::transient("simulated", "chance had it so");

/// A minute, in milliseconds.
const MINUTE: i64 = 60_000;

/// Both ledgers, and what was leased of either.
struct Pair {
    seed: u64,
    database: Database,
    rows: Rows,
    held: Vec<Job>,
    now: i64,
    asked: u32,
}

impl Pair {
    async fn new(seed: u64, database: Database) -> Self {
        let mut rows = Rows::default();
        for number in 0..ARRIVALS {
            let (id, first) = (road::arrival(number), road::first(number));
            let arrival = Arrival {
                id,
                partner: PARTNER.to_owned(),
                direction: Direction::Inbound,
                identity: id.to_string(),
                name: String::new(),
                bytes: 1,
                received_ms: BEGIN_MS,
                replay_of: None,
                first: first.clone(),
            };
            database.arrive(&[arrival]).await.expect("it answers");
            let job = id.following(first.step(), 0);
            rows.insert(job, id, first, (BEGIN_MS, None));
        }
        Self {
            seed,
            database,
            rows,
            held: Vec::new(),
            now: BEGIN_MS,
            asked: 0,
        }
    }

    fn chance(&self, what: &str) -> u64 {
        chance(self.seed, &format!("{what} {}", self.asked))
    }

    /// A job of which the ledgers know, or one of which they do not.
    fn any(&self) -> JobId {
        let known: Vec<_> = self.rows.jobs.keys().collect();
        let at = self.chance("job") as usize % (known.len() + 1);
        known.get(at).map_or(JobId::NONE, |job| **job)
    }

    /// A job that was leased once, be it that its lease is lost by now.
    fn once_held(&self) -> Option<Job> {
        let at = self.chance("held") as usize % self.held.len().max(1);
        self.held.get(at).cloned()
    }

    async fn ask(&mut self) {
        self.asked += 1;
        // Clocks go on, and now and then one is wrong.
        self.now += match self.chance("clock") % 20 {
            0 => -2 * MINUTE,
            1 => 90 * MINUTE,
            2 => -90 * MINUTE,
            seconds => seconds as i64 * 3000,
        };
        match self.chance("what") % 12 {
            0..4 => self.lease().await,
            4 => self.renew().await,
            5..8 => self.complete().await,
            8 => self.fail().await,
            9 => self.relay().await,
            10 => self.postpone().await,
            _ => self.remind().await,
        }
    }

    async fn lease(&mut self) {
        let (job, until) = (self.any(), self.now + MINUTE);
        let told = self.database.lease(&[job], self.now, until).await;
        let told = told.expect("it answers").pop().expect("one was asked for");
        let known = self.rows.lease(job, self.now, until);
        assert_eq!(shown(&told), shown(&known), "{}", self.place());
        if let Lease::Taken(job) = told {
            self.held.push(*job);
        }
    }

    async fn renew(&mut self) {
        let Some(job) = self.once_held() else {
            return;
        };
        let until = self.now + MINUTE;
        let told = self.database.renew(&job, until).await.expect("it answers");
        assert_eq!(told, self.rows.renew(&job, until), "{}", self.place());
        let told = self.database.begin(&job).await.expect("it answers");
        assert_eq!(told, self.rows.begin(&job), "{}", self.place());
    }

    async fn complete(&mut self) {
        let Some(job) = self.once_held() else {
            return;
        };
        let next = road::next(job.task.step(), job.object(0));
        let on = match self.chance("on") % 4 {
            0 => None,
            1 => Some(On::Waiting(self.any())),
            _ => Some(On::Following),
        };
        let on = on.map(|on| (on, self.now + MINUTE));
        let outcome = Outcome {
            next: next.clone(),
            ..Outcome::default()
        };
        let told = self.database.complete(&job, &outcome, self.now, on).await;
        let told = told.expect("it answers");
        let known = self.rows.complete(&job, &next, self.now, on);
        assert_eq!(
            format!("{told:?}"),
            format!("{known:?}"),
            "{}",
            self.place()
        );
        if let Settled::Done(Some(on)) = told {
            self.held.push(*on);
        }
    }

    async fn fail(&mut self) {
        let Some(job) = self.once_held() else {
            return;
        };
        let again = (!self.chance("again").is_multiple_of(4)).then_some(self.now + MINUTE / 2);
        let told = self.database.fail(&job, FAILED, again, self.now).await;
        let known = self.rows.fail(&job, FAILED, again, self.now);
        assert_eq!(told.expect("it answers"), known, "{}", self.place());
    }

    async fn relay(&mut self) {
        let due = self.database.outbox(self.now, 1000).await;
        let due = jobs(&due.expect("it answers"));
        assert_eq!(due, jobs(&self.rows.due(self.now)), "{}", self.place());
        let published: Vec<_> = due.into_iter().collect();
        let told = self.database.published(&published).await;
        told.expect("it answers");
        self.rows.outbox.retain(|job, _| !published.contains(job));
    }

    async fn postpone(&mut self) {
        let (job, until) = (self.any(), self.now + MINUTE);
        let told = self.database.postpone(&[job], until).await;
        told.expect("it answers");
        self.rows.outbox.entry(job).and_modify(|at| *at = until);
    }

    async fn remind(&mut self) {
        let silent = self.database.silent(self.now - 5 * MINUTE, 1000).await;
        let silent = jobs(&silent.expect("it answers"));
        let known = jobs(&self.rows.silent(self.now - 5 * MINUTE));
        assert_eq!(silent, known, "{}", self.place());
        let left = self.database.left(self.now, MINUTE / 2, 1000).await;
        let left = jobs(&left.expect("it answers"));
        let known = jobs(&self.rows.left(self.now, MINUTE / 2));
        assert_eq!(left, known, "{}", self.place());
        let all: Vec<_> = left.union(&silent).copied().collect();
        let told = self.database.remind(&all, self.now).await;
        told.expect("it answers");
        all.iter().for_each(|job| self.rows.remind(*job, self.now));
    }

    fn place(&self) -> String {
        format!("seed {}, question {}", self.seed, self.asked)
    }
}

fn jobs(notices: &[Notice]) -> BTreeSet<JobId> {
    notices.iter().map(|notice| notice.job).collect()
}

/// What is told of a lease; the tasks of two ledgers are the same words.
fn shown(lease: &Lease) -> String {
    format!("{lease:?}")
}

async fn agree(seed: u64, database: Database) -> usize {
    let mut pair = Pair::new(seed, database).await;
    for _ in 0..QUESTIONS {
        pair.ask().await;
    }
    let steps = pair.rows.jobs.values().map(|row| row.task.step());
    steps.collect::<BTreeSet<_>>().len()
}

/// Databases of each kind that there is: a file, and one of the server that `.ci/with-postgres` starts.
async fn databases(seed: u64) -> Vec<Database> {
    let file = doors::folder(&format!("model-{seed}")).join("ledger.db");
    let mut all = vec![Database::open(&file).await.expect("it opens")];
    if let Ok(server) = std::env::var("X12_TEST_POSTGRES") {
        let name = format!("model_{}_{seed}", std::process::id());
        let made = Command::new("psql")
            .args(["--quiet", "--dbname", &format!("{server}/postgres")])
            .args(["--command", &format!("CREATE DATABASE {name}")])
            .status();
        assert!(made.expect("psql is there").success());
        let database = Database::connect(&format!("{server}/{name}")).await;
        all.push(database.expect("it opens"));
    }
    all
}

#[test]
fn databases_answer_as_the_ledger_in_memory_does() {
    let runtime = tokio::runtime::Runtime::new().expect("there are threads");
    let seeds = super::asked("X12_SEEDS").unwrap_or(8).min(200);
    runtime.block_on(async {
        let (mut steps, mut kinds) = (0, 0);
        for seed in 0..seeds {
            kinds = 0;
            for database in databases(seed).await {
                steps = steps.max(agree(seed, database).await);
                kinds += 1;
            }
        }
        assert!(steps >= 5, "no job came far: {steps} steps");
        // Output that cannot be written is no failure of the test.
        let _ = writeln!(
            std::io::stderr(),
            "{seeds} times {QUESTIONS} questions to {kinds} kinds of ledger: the same answers"
        );
    });
}
