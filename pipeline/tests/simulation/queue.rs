//! A queue that loses messages, doubles them, and delivers them in any order.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use x12_pipeline::failure::Result;
use x12_pipeline::object::JobId;
use x12_pipeline::queue::{Delivery, Notice, Part, Queue};

use super::world::{Process, World, chance};

/// The messages.
#[derive(Default)]
pub struct Messages {
    pub all: Vec<Message>,
    next_tag: i64,
}

#[derive(Clone)]
pub struct Message {
    pub job: JobId,
    /// In which it stands, if it is a delivery.
    line: Option<u32>,
    /// By which it is held; grows with each delivery.
    tag: i64,
    /// Before this moment nobody gets it, in milliseconds since the beginning.
    hidden_until: u64,
}

impl Messages {
    /// All that are in hand come back, as when connections are lost.
    pub fn come_back(&mut self) {
        self.all
            .iter_mut()
            .for_each(|message| message.hidden_until = 0);
    }

    fn take(&mut self, most: usize, now: u64, within: u64, seed: u64) -> Vec<Delivery> {
        let mut free: Vec<_> = self
            .all
            .iter_mut()
            .filter(|message| message.hidden_until <= now)
            .collect();
        free.sort_by_key(|message| chance(seed, &format!("order {} {}", message.job, message.tag)));
        let taken = free.into_iter().take(most);
        let next_tag = &mut self.next_tag;
        let taken = taken.map(|message| {
            *next_tag += 1;
            message.tag = *next_tag;
            message.hidden_until = now + within;
            Delivery {
                job: message.job,
                tag: message.tag,
                line: message.line,
            }
        });
        taken.collect()
    }
}

/// The queue as a process sees it.
pub struct SimulatedQueue {
    pub world: Arc<World>,
    pub who: Process,
}

#[async_trait]
impl Queue for SimulatedQueue {
    async fn publish(&self, notices: &[Notice]) -> Result<Vec<JobId>> {
        let line = |notice: &Notice| (!Part::of(notice.step).is_shared()).then_some(0);
        let jobs: Vec<_> = notices.iter().map(|one| (one.job, line(one))).collect();
        let (world, troubled) = (Arc::clone(&self.world), self.world.is_troubled());
        let what = format!(
            "publish {}",
            jobs.first().map_or(JobId::NONE, |(job, _)| *job)
        );
        self.world
            .ask(self.who, &what, move |state| {
                for &(job, line) in &jobs {
                    let happened = state.happened;
                    let luck = chance(world.seed, &format!("message {job} {happened}")) % 100;
                    // The broker loses what it confirmed, or has it twice.
                    let copies = match luck {
                        0..3 if troubled => 0,
                        3..6 if troubled => 2,
                        _ => 1,
                    };
                    for _ in 0..copies {
                        state.messages.all.push(Message {
                            job,
                            line,
                            tag: 0,
                            hidden_until: 0,
                        });
                    }
                }
                world.arrived.notify_waiters();
                jobs.into_iter().map(|(job, _)| job).collect()
            })
            .await
    }

    async fn take(&self, most: u32, _: i64, within_ms: i64) -> Result<Vec<Delivery>> {
        let (world, most) = (Arc::clone(&self.world), most as usize);
        let within = u64::try_from(within_ms).unwrap_or_default();
        self.world
            .ask(self.who, "take", move |state| {
                let now = world.elapsed_ms();
                state.messages.take(most, now, within, world.seed)
            })
            .await
    }

    async fn keep(&self, deliveries: &[Delivery], until_ms: i64) -> Result<()> {
        let tags: Vec<_> = deliveries.iter().map(|delivery| delivery.tag).collect();
        let until = u64::try_from(until_ms - super::world::BEGIN_MS).unwrap_or_default();
        self.world
            .ask(self.who, &format!("keep {tags:?}"), move |state| {
                let all = state.messages.all.iter_mut();
                all.filter(|message| tags.contains(&message.tag))
                    .for_each(|message| message.hidden_until = until);
            })
            .await
    }

    async fn confirm(&self, deliveries: &[Delivery]) -> Result<()> {
        let tags: Vec<_> = deliveries.iter().map(|delivery| delivery.tag).collect();
        self.world
            .ask(self.who, &format!("confirm {tags:?}"), move |state| {
                state
                    .messages
                    .all
                    .retain(|message| !tags.contains(&message.tag));
            })
            .await
    }

    async fn again(&self, delivery: Delivery, at_ms: i64) -> Result<()> {
        let at = u64::try_from(at_ms - super::world::BEGIN_MS).unwrap_or_default();
        self.world
            .ask(self.who, &format!("again {}", delivery.tag), move |state| {
                let all = &mut state.messages.all;
                let held = all.iter_mut().find(|message| message.tag == delivery.tag);
                if let Some(message) = held {
                    message.hidden_until = at;
                }
            })
            .await
    }

    async fn lost(&self, notices: &[Notice]) -> Result<Vec<JobId>> {
        let jobs: Vec<_> = notices.iter().map(|notice| notice.job).collect();
        self.world
            .ask(self.who, "lost", move |state| {
                let waits = |job: &JobId| state.messages.all.iter().any(|of| of.job == *job);
                jobs.into_iter().filter(|job| !waits(job)).collect()
            })
            .await
    }

    async fn depth(&self, _: &[Part], _: i64) -> Result<u64> {
        Ok(0)
    }

    async fn ready(&self) -> Result<()> {
        Ok(())
    }

    async fn wait(&self, most: Duration) {
        // Nothing is lost if nobody tells: the time ends too.
        let _ = tokio::time::timeout(most, self.world.arrived.notified()).await;
    }
}
