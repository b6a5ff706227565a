//! Consumes: connections, watched over, and made anew when anything of them is wrong. What was not settled then comes again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lapin::message::DeliveryResult;
use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::connection::{Broker, answered, close, unavailable};
use super::topology::Topology;
use crate::cipher::random;
use crate::failure::Result;

/// How often one looks whether the connection still stands: a channel that the broker closed tells nobody.
const LOOK: Duration = Duration::from_secs(1);

/// How long a queue may take to let us consume.
const SUBSCRIBE: Duration = Duration::from_secs(15);

/// Pauses between connections that fail: the first, and the longest.
const PAUSES_MS: (u64, u64) = (250, 10_000);

/// A connection that stood so long was good.
const GOOD: Duration = Duration::from_secs(60);

/// A message as it was delivered, and the queue from which it came.
pub(super) struct Incoming {
    pub(super) queue: ShortString,
    /// As with [`Consumed`].
    pub(super) line: Option<u32>,
    pub(super) message: lapin::message::Delivery,
}

/// A queue that is consumed.
#[derive(Clone)]
pub(super) struct Consumed {
    pub(super) queue: ShortString,
    /// How many of its messages a process may have at a time.
    pub(super) prefetch: u16,
    /// The line that they are, if they are to be done one after the other.
    pub(super) line: Option<u32>,
    /// Takes what is delivered.
    pub(super) inbox: mpsc::UnboundedSender<Incoming>,
}

/// What a process consumes.
pub(super) struct Consumption {
    pub(super) broker: Arc<Broker>,
    pub(super) topology: Topology,
    pub(super) queues: Vec<Consumed>,
    /// Told when something was.
    pub(super) arrived: Arc<Notify>,
    /// Whether all queues are being consumed.
    pub(super) consumes: Arc<AtomicBool>,
}

impl Consumption {
    /// Consumes for ever; who has no part of the road consumes nothing.
    pub(super) async fn run(self) {
        if self.queues.is_empty() {
            return;
        }
        let mut pause_ms = PAUSES_MS.0;
        loop {
            let begun = Instant::now();
            // What went wrong was logged where it did.
            let _ = self.attend().await;
            if begun.elapsed() >= GOOD {
                pause_ms = PAUSES_MS.0;
            }
            // All workers lose a broker at the same moment, and shall not all come back at the same.
            let chance = random().map_or(0, u64::from_le_bytes) % (pause_ms / 2 + 1);
            tokio::time::sleep(Duration::from_millis(pause_ms / 2 + chance)).await;
            pause_ms = (pause_ms * 2).min(PAUSES_MS.1);
        }
    }

    /// Connects and consumes until something is wrong.
    async fn attend(&self) -> Result<()> {
        let (mut connections, subscribed) = (Vec::new(), Arc::new(Semaphore::new(0)));
        let ended = match self.subscribe(&mut connections, &subscribed).await {
            Ok(subscriptions) => self.watch(subscriptions, &subscribed).await,
            Err(failure) => Err(failure),
        };
        for connection in &connections {
            close(connection).await;
        }
        ended
    }

    /// Subscribes to all queues, on as many connections as that takes: a broker allows so many channels on one.
    /// Each that has begun adds a permit.
    async fn subscribe(
        &self,
        connections: &mut Vec<Connection>,
        subscribed: &Arc<Semaphore>,
    ) -> Result<JoinSet<lapin::Result<()>>> {
        let mut subscriptions = JoinSet::new();
        let mut queues = self.queues.as_slice();
        while !queues.is_empty() {
            let connection = self.broker.connect("consumes").await?;
            let most = usize::from(connection.configuration().channel_max());
            connections.push(connection);
            let connection = &connections[connections.len() - 1];
            if connections.len() == 1 {
                self.topology.declare(connection).await?;
            }
            // One channel was for what there is to be, and may not be gone yet.
            let (now, later) = queues.split_at(queues.len().min(most.max(2) - 1));
            for consumed in now {
                let subscription = Subscription {
                    channel: answered(connection.create_channel()).await?,
                    consumed: consumed.clone(),
                    arrived: Arc::clone(&self.arrived),
                };
                subscriptions.spawn(subscription.run(Arc::clone(subscribed)));
            }
            queues = later;
        }
        Ok(subscriptions)
    }

    /// Watches until something is wrong.
    async fn watch(
        &self,
        mut subscriptions: JoinSet<lapin::Result<()>>,
        subscribed: &Semaphore,
    ) -> Result<()> {
        let queues = u32::try_from(subscriptions.len()).unwrap_or(u32::MAX);
        let all = timeout(SUBSCRIBE, subscribed.acquire_many(queues));
        // The first that ends takes the others along: most have the same connection.
        let ended = tokio::select! {
            ended = subscriptions.join_next() => ended,
            _ = all => {
                tracing::info!(queues, "consuming from the broker");
                self.consumes.store(true, Ordering::Relaxed);
                subscriptions.join_next().await
            }
        };
        self.consumes.store(false, Ordering::Relaxed);
        tracing::warn!("the connection to the broker is lost, and made anew");
        let ended = ended.and_then(std::result::Result::ok).unwrap_or(Ok(()));
        ended.map_err(|error| unavailable(&error))
    }
}

/// What is consumed of one queue, on a channel of its own: a queue that does not answer, as its nodes are gone, holds up no other.
struct Subscription {
    channel: Channel,
    consumed: Consumed,
    arrived: Arc<Notify>,
}

impl Subscription {
    /// Subscribes, tells so, and watches until something is wrong.
    async fn run(self, subscribed: Arc<Semaphore>) -> lapin::Result<()> {
        let ended = Arc::new(Notify::new());
        let begun = self.begin(&ended);
        tokio::pin!(begun);
        match timeout(SUBSCRIBE, &mut begun).await {
            Ok(begun) => begun?,
            Err(_) => {
                let queue = self.consumed.queue.as_str();
                tracing::error!(queue, "a queue does not answer: nothing of it is done");
                begun.await?;
            }
        }
        subscribed.add_permits(1);
        // A channel that the broker closed may tell nobody.
        while self.channel.status().connected() && timeout(LOOK, ended.notified()).await.is_err() {}
        Ok(())
    }

    async fn begin(&self, ended: &Arc<Notify>) -> lapin::Result<()> {
        let qos = BasicQosOptions::default();
        self.channel.basic_qos(self.consumed.prefetch, qos).await?;
        let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
        let Consumed {
            queue, line, inbox, ..
        } = self.consumed.clone();
        let consumer = self
            .channel
            .basic_consume(queue.clone(), "".into(), options, arguments);
        let (arrived, ended) = (Arc::clone(&self.arrived), Arc::clone(ended));
        consumer.await?.set_delegate(move |result: DeliveryResult| {
            match result {
                Ok(Some(message)) => {
                    let queue = queue.clone();
                    // Nobody takes any more only if the process ends.
                    let _ = inbox.send(Incoming {
                        queue,
                        line,
                        message,
                    });
                    arrived.notify_one();
                }
                Ok(None) | Err(_) => ended.notify_one(),
            }
            std::future::ready(())
        });
        Ok(())
    }
}
