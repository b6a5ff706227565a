//! What a process has counted since it began, and what stands in the ledger, as Prometheus reads it.
//!
//! Labels are steps, states, codes and the ids of our own profiles: nothing of a document is one.

use std::time::Duration;

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use serde::{Deserialize, Serialize};

use crate::job::{Direction, Wrong};
use crate::ledger::Standing;
use crate::object::Step;
use crate::queue::Part;

/// What all names begin with.
const PREFIX: &str = "x12";

/// Upper bounds of the time that a step took, in seconds: from a small file on a quick disk to a job at its cap.
const SECONDS: [f64; 12] = [
    0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0,
];

type Labels = Vec<(&'static str, String)>;
type Counts = Family<Labels, Counter>;
type Gauges = Family<Labels, Gauge>;
type Seconds = Family<Labels, Histogram, fn() -> Histogram>;

/// How the try of a job ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// It is done.
    Done,
    /// It is tried again.
    Again,
    /// It never will be done: dead letter or quarantine.
    Stopped,
    /// Another worker had it by then: what was done counts for nothing.
    Lost,
}

impl End {
    fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Again => "again",
            Self::Stopped => "stopped",
            Self::Lost => "lost",
        }
    }
}

/// What a worker has in hand and has done, of which others are told.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Load {
    /// Messages that it has done, of the parts that more workers do sooner: not deliveries, which go in order.
    pub done: u64,
    /// Messages that it has in hand.
    pub in_hand: u64,
}

/// A message in hand, as long as it is: then it is done.
pub struct InHand {
    in_hand: Gauge,
    done: Counter,
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.in_hand.dec();
        self.done.inc();
    }
}

/// What a process has counted.
pub struct Measures {
    registry: Registry,
    taken_in: Counts,
    in_hand: Gauges,
    done: Counts,
    jobs: Counts,
    seconds: Seconds,
    wrong: Counts,
    protection: Counts,
}

impl Default for Measures {
    fn default() -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let [taken_in, done, jobs, wrong, protection] = [
            ("files_taken_in", "Files taken in"),
            ("messages_done", "Messages with a job, and with those that are done at once behind it, that were done"),
            ("jobs", "Tries of jobs, by how they ended"),
            ("wrong", "What was found wrong in documents, by code: findings, rejected interchanges, groups and sets"),
            ("protection_calls", "What the agent of ECS was asked for, by how that ended"),
        ]
        .map(|(name, help)| {
            let counts = Counts::default();
            registry.register(name, help, counts.clone());
            counts
        });
        let in_hand = Gauges::default();
        registry.register(
            "messages_in_hand",
            "Messages that are being done",
            in_hand.clone(),
        );
        let seconds: Seconds = Family::new_with_constructor(|| Histogram::new(SECONDS));
        registry.register("step_seconds", "What a try of a job took", seconds.clone());
        Self {
            registry,
            taken_in,
            in_hand,
            done,
            jobs,
            seconds,
            wrong,
            protection,
        }
    }
}

impl Measures {
    /// A file was taken in.
    pub fn taken_in(&self, partner: &str, direction: Direction) {
        let labels = vec![
            ("partner", partner.to_owned()),
            ("direction", direction.name().to_owned()),
        ];
        self.taken_in.get_or_create(&labels).inc();
    }

    /// A message of a part of the road is in hand, until what is given is dropped.
    #[must_use]
    pub fn in_hand(&self, part: Part) -> InHand {
        let labels = vec![("part", part.name().to_owned())];
        let in_hand = self.in_hand.get_or_create(&labels).clone();
        in_hand.inc();
        InHand {
            in_hand,
            done: self.done.get_or_create(&labels).clone(),
        }
    }

    /// What is in hand, and was done.
    #[must_use]
    pub fn load(&self) -> Load {
        let mut load = Load::default();
        for part in Part::ALL {
            let labels = vec![("part", part.name().to_owned())];
            let in_hand = self.in_hand.get_or_create(&labels).get();
            load.in_hand += u64::try_from(in_hand).unwrap_or_default();
            if part.is_shared() {
                load.done += self.done.get_or_create(&labels).get();
            }
        }
        load
    }

    /// A try of a job ended.
    pub fn tried(&self, step: Step, end: End, took: Duration) {
        let step = ("step", step.name().to_owned());
        let labels = vec![step.clone(), ("end", end.name().to_owned())];
        self.jobs.get_or_create(&labels).inc();
        let seconds = self.seconds.get_or_create(&vec![step]);
        seconds.observe(took.as_secs_f64());
    }

    /// Something was found wrong in a document, so often.
    pub fn wrong(&self, Wrong { what, code }: &Wrong, times: u64) {
        let labels = vec![("what", (*what).to_owned()), ("code", code.clone())];
        self.wrong.get_or_create(&labels).inc_by(times);
    }

    /// The agent of ECS was asked for something, and did it or not.
    pub fn protection(&self, wish: &'static str, is_done: bool) {
        let end = if is_done { "done" } else { "failed" };
        let labels = vec![("wish", wish.to_owned()), ("end", end.to_owned())];
        self.protection.get_or_create(&labels).inc();
    }

    /// All of it, in the text format of OpenMetrics; without what stands in the ledger if that did not answer.
    #[must_use]
    pub fn text(&self, standing: Option<&Standing>, now_ms: i64) -> String {
        let mut text = String::new();
        let ledger = of_ledger(standing, now_ms);
        // A `String` takes whatever is written to it.
        let _ = encode_registry(&mut text, &self.registry)
            .and_then(|()| encode_registry(&mut text, &ledger))
            .and_then(|()| encode_eof(&mut text));
        text
    }
}

/// What stands in the ledger, the same whichever process tells it.
fn of_ledger(standing: Option<&Standing>, now_ms: i64) -> Registry {
    let mut registry = Registry::with_prefix(PREFIX);
    let up: Gauge = Gauge::default();
    up.set(i64::from(standing.is_some()));
    registry.register("ledger_up", "Whether the ledger answered", up);
    let Some(standing) = standing else {
        return registry;
    };
    let age = |since_ms: i64| (now_ms - since_ms).max(0) / 1000;
    let (waiting, oldest) = (Gauges::default(), Gauges::default());
    for jobs in &standing.jobs {
        let labels = vec![("step", jobs.step.clone()), ("state", jobs.state.clone())];
        waiting.get_or_create(&labels).set(jobs.count);
        oldest.get_or_create(&labels).set(age(jobs.oldest_ms));
    }
    registry.register("jobs_waiting", "Jobs that are not settled", waiting);
    let help = "Age of the oldest of them, in seconds";
    registry.register("jobs_oldest_seconds", help, oldest);
    let stopped = Gauges::default();
    for (state, count) in &standing.stopped {
        let labels = vec![("state", state.clone())];
        stopped.get_or_create(&labels).set(*count);
    }
    let help = "Files that did not reach their end: dead letters and quarantine";
    registry.register("files_stopped", help, stopped);
    let (unanswered, since) = (Gauges::default(), Gauges::default());
    for groups in &standing.unanswered {
        let labels = vec![("partner", groups.partner.clone())];
        unanswered.get_or_create(&labels).set(groups.count);
        since.get_or_create(&labels).set(age(groups.oldest_ms));
    }
    let help = "Groups that were sent and that the partner has not acknowledged";
    registry.register("groups_unanswered", help, unanswered);
    let help = "How long ago the oldest of them was submitted, in seconds";
    registry.register("groups_unanswered_oldest_seconds", help, since);
    registry
}
