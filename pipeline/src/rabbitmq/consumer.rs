//! Consumes: one connection, watched over, and made anew when anything of it is wrong. What was not settled then comes again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lapin::message::DeliveryResult;
use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection};
use tokio::sync::{Notify, mpsc};

use super::connection::{Broker, close, unavailable};
use super::topology::{self, Names};
use crate::cipher::random;
use crate::failure::Result;

/// How often one looks whether the connection still stands: a channel that the broker closed tells nobody.
const LOOK: Duration = Duration::from_secs(1);

/// Pauses between connections that fail: the first, and the longest.
const PAUSES_MS: (u64, u64) = (250, 10_000);

/// A connection that stood so long was good.
const GOOD: Duration = Duration::from_secs(60);

/// A message as it was delivered, and the key of the queue from which it came.
pub(super) struct Incoming {
    pub(super) key: Arc<str>,
    pub(super) message: lapin::message::Delivery,
}

/// What a process consumes.
pub(super) struct Consumption {
    pub(super) broker: Arc<Broker>,
    pub(super) names: Names,
    /// Keys of the queues.
    pub(super) keys: Vec<String>,
    /// Messages that a process may have at a time of a queue without order.
    pub(super) prefetch: u16,
    /// Takes what is delivered.
    pub(super) inbox: mpsc::UnboundedSender<Incoming>,
    /// Told when something was.
    pub(super) arrived: Arc<Notify>,
}

impl Consumption {
    /// Consumes for ever.
    pub(super) async fn run(self) {
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
        let connection = self.broker.connect("consumes").await?;
        let consumed = self.consume(&connection).await;
        close(&connection).await;
        consumed.map_err(|error| unavailable(&error))
    }

    async fn consume(&self, connection: &Connection) -> lapin::Result<()> {
        let channel = connection.create_channel().await?;
        let keys = self.keys.iter().map(String::as_str);
        topology::declare(&channel, &self.names, keys).await?;
        // Told when a consumer ends.
        let ended = Arc::new(Notify::new());
        for key in &self.keys {
            let queue = (self.names.of(key), topology::is_ordered(key));
            self.subscribe(&channel, key, queue, &ended).await?;
        }
        let alone = (self.names.alone(), true);
        self.subscribe(&channel, topology::ALONE, alone, &ended)
            .await?;
        tracing::info!(queues = self.keys.len() + 1, "consuming from the broker");
        while connection.status().connected() && channel.status().connected() {
            tokio::select! {
                () = ended.notified() => break,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        tracing::warn!("the connection to the broker is lost, and made anew");
        Ok(())
    }

    /// Subscribes to a queue; of one with an order, or danger, one message is in hand at a time.
    async fn subscribe(
        &self,
        channel: &Channel,
        key: &str,
        (queue, one_by_one): (ShortString, bool),
        ended: &Arc<Notify>,
    ) -> lapin::Result<()> {
        let prefetch = if one_by_one { 1 } else { self.prefetch };
        channel
            .basic_qos(prefetch, BasicQosOptions::default())
            .await?;
        let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
        let consumer = channel.basic_consume(queue, "".into(), options, arguments);
        let (key, inbox): (Arc<str>, _) = (key.into(), self.inbox.clone());
        let (arrived, ended) = (Arc::clone(&self.arrived), Arc::clone(ended));
        consumer.await?.set_delegate(move |result: DeliveryResult| {
            match result {
                Ok(Some(message)) => {
                    let key = Arc::clone(&key);
                    // Nobody takes any more only if the process ends.
                    let _ = inbox.send(Incoming { key, message });
                    arrived.notify_one();
                }
                Ok(None) | Err(_) => ended.notify_one(),
            }
            std::future::ready(())
        });
        Ok(())
    }
}
