//! The queue in RabbitMQ. What it loses, the ledger knows; what it delivers twice, the ledger tells.
//!
//! Lapin's own recovery is not used: after a consumer's time is over it hangs (reliability §1). Connections are made anew instead, one that
//! publishes, and one that consumes or, where there are more queues than a connection may have channels, several.

mod connection;
mod consumer;
mod documents;
mod message;
mod publisher;
mod topology;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use async_trait::async_trait;
use lapin::message::Delivery as Message;
use lapin::options::{BasicAckOptions, BasicRejectOptions};
use lapin::types::ShortString;
use tokio::sync::{Mutex, Notify, mpsc};
use tokio::task::JoinHandle;

use self::consumer::{Consumed, Consumption, Incoming};
use self::publisher::{Outgoing, Publisher};
use self::topology::{Key, Names, Topology};
use crate::clock::Clock;
use crate::failure::Result;
use crate::object::JobId;
use crate::queue::{Delivery, Notice, Part, Queue};

pub use self::connection::Broker;
use self::connection::UNAVAILABLE;
pub use self::documents::QueueTransport;

/// Before a message is given back that could not be put off: else it would come again at once, and again.
const PAUSE: Duration = Duration::from_millis(250);

/// How long a message may be in hand, in seconds: well below the half hour after which a broker takes a consumer for gone
/// (`consumer_timeout`, reliability §1).
const IN_HAND_S: u64 = 1500;

/// Messages of a partner that a process has in hand at most: while it does the first it sees to the others.
const IN_LINE: u64 = 16;

/// What a process needs to use a broker.
pub struct Settings {
    /// The broker.
    pub broker: Arc<Broker>,
    /// What the names of queues and exchanges begin with.
    pub prefix: String,
    /// The trading partners, each of which has a queue.
    pub partners: Vec<String>,
    /// The parts of the road whose messages are consumed.
    pub parts: Vec<Part>,
    /// Messages that a process may have in hand at a time.
    pub prefetch: u16,
    /// How long one try of a job may take, in seconds: so many messages of a partner may be in hand, to be done one after the other, as come to
    /// their end before the broker loses patience.
    pub job_s: u64,
}

impl Settings {
    fn prefetch(&self, key: &Key) -> u16 {
        match key {
            Key::Part(_) => self.prefetch.max(1),
            Key::Partner(..) => {
                let in_time = IN_HAND_S / self.job_s.max(1);
                u16::try_from(in_time.clamp(1, IN_LINE)).unwrap_or(1)
            }
            Key::Alone(_) => 1,
        }
    }
}

/// The queue in RabbitMQ, as one process uses it.
pub struct RabbitMq {
    broker: Arc<Broker>,
    names: Names,
    partners: Vec<String>,
    /// All queues from which messages are taken, by whomever.
    topology: Topology,
    clock: Arc<dyn Clock>,
    publisher: Mutex<Option<Publisher>>,
    inbox: Mutex<mpsc::UnboundedReceiver<Incoming>>,
    /// The same, of messages that stand in a line.
    lines: Mutex<mpsc::UnboundedReceiver<Incoming>>,
    arrived: Arc<Notify>,
    /// Messages in hand, by the tags that we give them: the broker's begin anew with each connection.
    held: StdMutex<HashMap<i64, Held>>,
    next_tag: AtomicI64,
    consuming: JoinHandle<()>,
    /// Whether all queues are being consumed.
    consumes: Arc<AtomicBool>,
}

/// A message in hand.
struct Held {
    /// The queue from which it came.
    queue: ShortString,
    message: Message,
    /// Until when it is to be settled, in milliseconds since 1970.
    until_ms: i64,
}

impl RabbitMq {
    /// Begins to consume; a broker that is not there is waited for.
    #[must_use]
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Self {
        let names = Names(settings.prefix.clone());
        let all = |parts: &[Part]| Key::all(parts, &settings.partners);
        let ours = all(&settings.parts);
        let (sender, inbox) = mpsc::unbounded_channel();
        let (in_line, lines) = mpsc::unbounded_channel();
        let consumed = |(number, key): (u32, &Key)| {
            let (line, inbox) = match key {
                Key::Partner(..) => (Some(number), &in_line),
                Key::Part(_) | Key::Alone(_) => (None, &sender),
            };
            Consumed {
                queue: names.of(&key.to_string()),
                prefetch: settings.prefetch(key),
                line,
                inbox: inbox.clone(),
            }
        };
        let arrived = Arc::new(Notify::new());
        // Who has nothing to consume is ready for it.
        let consumes = Arc::new(AtomicBool::new(ours.is_empty()));
        let consumption = Consumption {
            broker: Arc::clone(&settings.broker),
            queues: (0..).zip(&ours).map(consumed).collect(),
            topology: Topology::Jobs(names.clone(), ours),
            arrived: Arc::clone(&arrived),
            consumes: Arc::clone(&consumes),
        };
        Self {
            broker: settings.broker,
            topology: Topology::Jobs(names.clone(), all(&Part::ALL)),
            partners: settings.partners,
            names,
            clock,
            publisher: Mutex::default(),
            inbox: Mutex::new(inbox),
            lines: Mutex::new(lines),
            arrived,
            held: StdMutex::default(),
            next_tag: AtomicI64::new(0),
            consuming: tokio::spawn(consumption.run()),
            consumes,
        }
    }

    /// The publisher, to be put back if all went well.
    async fn publisher(&self, slot: &mut Option<Publisher>) -> Result<Publisher> {
        match slot.take().filter(Publisher::is_open) {
            Some(publisher) => Ok(publisher),
            None => Publisher::open(&self.broker, &self.topology).await,
        }
    }

    /// Publishes, and says of each message whether the broker has it. After anything that is wrong all is declared anew.
    async fn send(&self, messages: Vec<Outgoing>, keys: BTreeSet<&Key>) -> Result<Vec<bool>> {
        let mut slot = self.publisher.lock().await;
        let mut publisher = self.publisher(&mut slot).await?;
        for key in keys {
            publisher.declare(&self.names, key).await?;
        }
        let are_in = publisher.publish(messages).await?;
        if are_in.iter().all(|&is_in| is_in) {
            *slot = Some(publisher);
        } else {
            publisher.close().await;
        }
        Ok(are_in)
    }

    /// Takes a delivered message in hand; none if it is no message of ours, or is not ours any more.
    async fn hold(&self, incoming: Incoming, until_ms: i64) -> Option<Delivery> {
        let Incoming {
            queue,
            line,
            message,
        } = incoming;
        let Some(job) = message::job(&message.data) else {
            // What fails is logged where it does, and the message comes again.
            let _ = self.set_aside(message).await;
            return None;
        };
        if !message.usable() {
            return None;
        }
        let tag = self.next_tag.fetch_add(1, Ordering::Relaxed);
        let held = Held {
            queue,
            message,
            until_ms,
        };
        self.lock().insert(tag, held);
        Some(Delivery { job, tag, line })
    }

    /// Gives back what nobody settled in time, and forgets what a lost connection left behind.
    async fn give_back(&self, now_ms: i64) {
        let late: Vec<_> = self
            .lock()
            .extract_if(|_, held| held.until_ms <= now_ms || !held.message.usable())
            .collect();
        for (_, held) in late {
            reject(&held.message).await;
        }
    }

    /// Lays what is no message of ours where nobody takes it, but people find it.
    async fn set_aside(&self, message: Message) -> Result<()> {
        tracing::error!("what the queue delivered is no message of ours: it is set aside");
        let outgoing = Outgoing {
            exchange: "".into(),
            key: self.names.unreadable(),
            body: message.data.clone(),
            properties: message::plain(),
        };
        self.exchange(&message, outgoing).await
    }

    /// Publishes a message in the place of one in hand; that one stays where it was if it cannot be.
    async fn exchange(&self, message: &Message, outgoing: Outgoing) -> Result<()> {
        let sent = self.send(vec![outgoing], BTreeSet::new()).await;
        if matches!(sent.as_deref(), Ok([true])) {
            acknowledge(message).await;
        } else {
            tokio::time::sleep(PAUSE).await;
            reject(message).await;
        }
        sent.map(|_| ())
    }

    fn let_go(&self, tag: i64) -> Option<Held> {
        self.lock().remove(&tag)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<i64, Held>> {
        // Nothing that may panic is done under it.
        self.held
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[async_trait]
impl Queue for RabbitMq {
    async fn publish(&self, notices: &[Notice]) -> Result<Vec<JobId>> {
        let keys: Vec<_> = notices
            .iter()
            .map(|notice| Key::of(notice.step, &notice.partner))
            .collect();
        let mut messages = Vec::new();
        for (notice, key) in notices.iter().zip(&keys) {
            messages.push(Outgoing {
                exchange: self.names.jobs(),
                key: key.to_string().into(),
                body: message::body(notice.job)?,
                properties: message::properties(notice),
            });
        }
        let are_in = self.send(messages, keys.iter().collect()).await?;
        let published = notices.iter().zip(are_in).filter(|&(_, is_in)| is_in);
        Ok(published.map(|(notice, _)| notice.job).collect())
    }

    async fn take(&self, most: u32, now_ms: i64, within_ms: i64) -> Result<Vec<Delivery>> {
        self.give_back(now_ms).await;
        let mut taken = Vec::new();
        // There are never more in line than the broker gives at a time.
        for (inbox, most) in [(&self.lines, usize::MAX), (&self.inbox, most as usize)] {
            let (mut inbox, mut count) = (inbox.lock().await, 0);
            while count < most
                && let Ok(incoming) = inbox.try_recv()
            {
                taken.extend(self.hold(incoming, now_ms + within_ms).await);
                count += 1;
            }
        }
        Ok(taken)
    }

    async fn keep(&self, deliveries: &[Delivery], until_ms: i64) -> Result<()> {
        let mut all = self.lock();
        for delivery in deliveries {
            if let Some(held) = all.get_mut(&delivery.tag) {
                held.until_ms = until_ms;
            }
        }
        Ok(())
    }

    async fn confirm(&self, deliveries: &[Delivery]) -> Result<()> {
        for delivery in deliveries {
            if let Some(held) = self.let_go(delivery.tag) {
                acknowledge(&held.message).await;
            }
        }
        Ok(())
    }

    async fn again(&self, delivery: Delivery, at_ms: i64) -> Result<()> {
        let Some(held) = self.let_go(delivery.tag) else {
            return Ok(());
        };
        let wait_ms = topology::wait_ms(at_ms - self.clock.now_ms());
        let outgoing = Outgoing {
            exchange: self.names.again(wait_ms),
            key: self.names.key(&held.queue),
            body: held.message.data.clone(),
            properties: message::kept(&held.message.properties),
        };
        self.exchange(&held.message, outgoing).await
    }

    async fn lost(&self, notices: &[Notice]) -> Result<Vec<JobId>> {
        let mut by_key: BTreeMap<Key, Vec<JobId>> = BTreeMap::new();
        for notice in notices {
            let key = Key::of(notice.step, &notice.partner);
            by_key.entry(key).or_default().push(notice.job);
        }
        let mut slot = self.publisher.lock().await;
        let publisher = self.publisher(&mut slot).await?;
        let mut lost = Vec::new();
        for (key, jobs) in by_key {
            if publisher.waiting(&self.names, &key).await? == 0 {
                lost.extend(jobs);
            }
        }
        *slot = Some(publisher);
        Ok(lost)
    }

    async fn depth(&self, parts: &[Part], _: i64) -> Result<u64> {
        let mut slot = self.publisher.lock().await;
        let publisher = self.publisher(&mut slot).await?;
        let mut depth = 0;
        for key in Key::all(parts, &self.partners) {
            depth += u64::from(publisher.waiting(&self.names, &key).await?);
        }
        *slot = Some(publisher);
        Ok(depth)
    }

    async fn ready(&self) -> Result<()> {
        if !self.consumes.load(Ordering::Relaxed) {
            return Err(UNAVAILABLE);
        }
        let mut slot = self.publisher.lock().await;
        let publisher = self.publisher(&mut slot).await?;
        *slot = Some(publisher);
        Ok(())
    }

    async fn wait(&self, most: Duration) {
        // Nothing is lost if nobody tells: the time ends too.
        let _ = tokio::time::timeout(most, self.arrived.notified()).await;
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        self.consuming.abort();
    }
}

/// Confirms a message. One whose connection is lost is the broker's again, and comes again.
async fn acknowledge(message: &Message) {
    let _ = message.ack(BasicAckOptions::default()).await;
}

/// Gives a message back: it comes again at once. RabbitMQ counts it as a delivery, as it does not every `nack`.
async fn reject(message: &Message) {
    let _ = message.reject(BasicRejectOptions { requeue: true }).await;
}
