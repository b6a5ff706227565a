//! Publishes: persistent, mandatory and confirmed. A message is in the broker if it was confirmed and did not come back; nothing else counts.

use std::collections::BTreeSet;
use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation, Connection, PublisherConfirm};
use tokio::time::{Instant, timeout_at};

use super::connection::{Broker, UNAVAILABLE, answered, close, unavailable};
use super::topology::{self, Key, Names, Topology};
use crate::failure::{Failure, Result};

/// How long the broker may take to confirm what was published together.
const CONFIRM: Duration = Duration::from_secs(10);

/// A message on its way.
pub(super) struct Outgoing {
    pub(super) exchange: ShortString,
    pub(super) key: ShortString,
    pub(super) body: Vec<u8>,
    pub(super) properties: BasicProperties,
}

/// A connection that only publishes: a broker short of memory stops reading from such, and confirmations of messages must go on.
pub(super) struct Publisher {
    connection: Connection,
    channel: Channel,
    /// Queues that are declared.
    declared: BTreeSet<ShortString>,
}

impl Publisher {
    /// Connects, and declares what there is to be.
    pub(super) async fn open(broker: &Broker, topology: &Topology) -> Result<Self> {
        let connection = broker.connect("publishes").await?;
        topology.declare(&connection).await?;
        let channel = answered(connection.create_channel()).await?;
        answered(channel.confirm_select(ConfirmSelectOptions::default())).await?;
        Ok(Self {
            connection,
            channel,
            declared: topology.queues().into_iter().collect(),
        })
    }

    /// Whether it may be used, as far as one knows.
    pub(super) fn is_open(&self) -> bool {
        self.connection.status().connected() && self.channel.status().connected()
    }

    /// Declares the queue behind a key, unless it was.
    pub(super) async fn declare(&mut self, names: &Names, key: &Key) -> Result<()> {
        let queue = names.of(&key.to_string());
        if !self.declared.contains(&queue) {
            topology::declare_one(&self.channel, names, key).await?;
            self.declared.insert(queue);
        }
        Ok(())
    }

    /// Makes a queue with documents that is to be ours, unless it was.
    pub(super) async fn make(&mut self, queue: &ShortString) -> Result<()> {
        if !self.declared.contains(queue) {
            topology::documents(&self.connection, queue).await?;
            self.declared.insert(queue.clone());
        }
        Ok(())
    }

    /// How many messages wait in the queue behind a key; it is declared if it was lost.
    pub(super) async fn waiting(&self, names: &Names, key: &Key) -> Result<u32> {
        topology::declare_one(&self.channel, names, key).await
    }

    /// Publishes messages together, and says of each whether the broker has it.
    pub(super) async fn publish(&self, messages: Vec<Outgoing>) -> Result<Vec<bool>> {
        if self.connection.status().blocked() {
            tracing::warn!("the broker takes nothing at present: it is short of memory or disk");
            let what = "the broker takes nothing at present";
            return Err(Failure::transient("queue-blocked", what));
        }
        let until = Instant::now() + CONFIRM;
        let sent = async {
            let mut confirmations = Vec::new();
            for message in messages {
                confirmations.push(self.send(message).await?);
            }
            Ok(confirmations)
        };
        let confirmations = match timeout_at(until, sent).await {
            Ok(sent) => sent.map_err(|error: lapin::Error| unavailable(&error))?,
            Err(_) => return Err(UNAVAILABLE),
        };
        let mut are_in = Vec::new();
        for confirmation in confirmations {
            // Of a queue that does not answer, no message is confirmed; what is in others counts.
            are_in.push(match timeout_at(until, confirmation).await {
                Ok(Ok(confirmation)) => is_in(&confirmation),
                Ok(Err(_)) | Err(_) => false,
            });
        }
        if are_in.contains(&false) {
            tracing::warn!("the broker did not confirm all that was published");
        }
        Ok(are_in)
    }

    async fn send(&self, message: Outgoing) -> lapin::Result<PublisherConfirm> {
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let Outgoing {
            exchange,
            key,
            body,
            properties,
        } = message;
        let sent = self
            .channel
            .basic_publish(exchange, key, options, &body, properties);
        sent.await
    }

    /// Says good-bye.
    pub(super) async fn close(self) {
        close(&self.connection).await;
    }
}

/// Whether a message is in the broker. One that no queue takes is confirmed too, but comes back first.
fn is_in(confirmation: &Confirmation) -> bool {
    match confirmation {
        Confirmation::Ack(None) => true,
        Confirmation::Ack(Some(returned)) | Confirmation::Nack(Some(returned)) => {
            // Without an exchange of ours the key may be another's word: the name of a queue for answers.
            let is_ours = !returned.exchange.as_str().is_empty();
            let key = is_ours.then(|| returned.routing_key.as_str());
            tracing::error!(key, "no queue takes a message");
            false
        }
        Confirmation::Nack(None) => {
            tracing::warn!("a queue does not take a message");
            false
        }
        Confirmation::NotRequested => false,
    }
}
