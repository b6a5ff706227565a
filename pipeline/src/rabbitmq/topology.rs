//! What stands in the broker: an exchange for jobs, a queue for each part of the road and each partner, and queues in which messages wait.
//!
//! All names begin with a prefix, so that several houses may share a broker. All queues are quorum queues: what a broker confirmed is on
//! the disks of most of its nodes. Declaring them again changes nothing.
//!
//! ```text
//! PREFIX.jobs ─┬─ translate ──────▶ PREFIX.translate          decrypt, translate, validate, acknowledge, route
//!              ├─ respond ────────▶ PREFIX.respond
//!              ├─ deliver.PARTNER ▶ PREFIX.deliver.PARTNER    one at a time, by one worker at a time
//!              └─ forward.PARTNER ▶ PREFIX.forward.PARTNER    the same, of what goes to our own systems
//! PREFIX.again.MS ────────────────▶ PREFIX.again.MS           after so long back to PREFIX.jobs, as they came
//! (too many deliveries) ──────────▶ PREFIX.alone.PART         done one at a time: what kills its worker kills no neighbour's message
//! (no message of ours) ───────────▶ PREFIX.unreadable         nobody takes from it
//! ```

use std::collections::BTreeSet;
use std::fmt;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection, ExchangeKind};

use super::connection::{answered, in_time};
use crate::failure::Result;
use crate::object::Step;
use crate::queue::Part;

/// How long messages wait before they come again, in milliseconds: as long as asked, in several times.
const WAITS_MS: [i64; 5] = [250, 2_000, 15_000, 120_000, 900_000];

/// How often a message may be delivered before it is done alone; the tries of its job are counted in the ledger.
const DELIVERIES: i32 = 5;

/// What the names in the broker begin with.
#[derive(Clone)]
pub(super) struct Names(pub(super) String);

impl Names {
    /// The exchange of jobs.
    pub(super) fn jobs(&self) -> ShortString {
        self.of("jobs")
    }

    /// Where messages wait so long: an exchange and its queue.
    pub(super) fn again(&self, wait_ms: i64) -> ShortString {
        self.of(&format!("again.{wait_ms}"))
    }

    /// Where what is no message of ours lies.
    pub(super) fn unreadable(&self) -> ShortString {
        self.of("unreadable")
    }

    /// The queue behind a routing key.
    pub(super) fn of(&self, key: &str) -> ShortString {
        format!("{}.{key}", self.0).into()
    }

    /// The routing key in front of a queue.
    pub(super) fn key(&self, queue: &ShortString) -> ShortString {
        let key = queue.as_str().strip_prefix(self.0.as_str());
        let key = key.and_then(|key| key.strip_prefix('.'));
        key.unwrap_or_default().into()
    }
}

/// How long a message waits that is to come again after so long: at most so long, or else the shortest.
pub(super) fn wait_ms(delay_ms: i64) -> i64 {
    let mut fitting = WAITS_MS.into_iter().rev();
    fitting
        .find(|&wait_ms| wait_ms <= delay_ms)
        .unwrap_or(WAITS_MS[0])
}

/// A queue from which messages are taken.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Key {
    /// The messages of a part of the road.
    Part(Part),
    /// The messages of a step that is done for each partner in order.
    Partner(Step, String),
    /// Messages of a part of the road that are done one at a time.
    Alone(Part),
}

impl Key {
    /// The queue of a job's message.
    pub(super) fn of(step: Step, partner: &str) -> Self {
        match Part::of(step) {
            Part::Deliver => Self::Partner(step, partner.to_owned()),
            part => Self::Part(part),
        }
    }

    /// The queues of these parts of the road.
    pub(super) fn all(parts: &[Part], partners: &[String]) -> Vec<Self> {
        let alone = parts.iter().map(|&part| Self::Alone(part));
        let mut all: BTreeSet<_> = alone.collect();
        for step in Step::ALL {
            match Part::of(step) {
                part if !parts.contains(&part) => {}
                Part::Deliver => all.extend(partners.iter().map(|of| Self::of(step, of))),
                part => {
                    all.insert(Self::Part(part));
                }
            }
        }
        all.into_iter().collect()
    }

    /// The part of the road that consumes it.
    fn part(&self) -> Part {
        match self {
            Self::Part(part) | Self::Alone(part) => *part,
            Self::Partner(step, _) => Part::of(*step),
        }
    }
}

/// The routing key, which is also the end of the queue's name.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(part) => f.write_str(part.name()),
            Self::Partner(step, partner) => write!(f, "{}.{partner}", step.name()),
            Self::Alone(part) => write!(f, "alone.{}", part.name()),
        }
    }
}

/// What there is to be in the broker before one consumes.
pub(super) enum Topology {
    /// What all share, and the queues behind these keys.
    Jobs(Names, Vec<Key>),
    /// A queue with documents.
    Documents(ShortString),
}

impl Topology {
    /// Declares it.
    pub(super) async fn declare(&self, connection: &Connection) -> Result<()> {
        match self {
            Self::Jobs(names, keys) => {
                declare(&answered(connection.create_channel()).await?, names, keys).await
            }
            Self::Documents(name) => documents(connection, name).await,
        }
    }

    /// The queues in which messages are left.
    pub(super) fn queues(&self) -> Vec<ShortString> {
        match self {
            Self::Jobs(names, keys) => keys.iter().map(|key| names.of(&key.to_string())).collect(),
            Self::Documents(name) => vec![name.clone()],
        }
    }
}

/// Makes a queue with documents, unless it is there: then it is others', of whichever kind.
pub(super) async fn documents(connection: &Connection, name: &ShortString) -> Result<()> {
    let passive = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    let channel = answered(connection.create_channel()).await?;
    let asked = channel.queue_declare(name.clone(), passive, FieldTable::default());
    if in_time(asked).await?.is_ok() {
        return answered(channel.close(200, "done".into())).await;
    }
    // Asking for what is not there costs the channel.
    let channel = answered(connection.create_channel()).await?;
    // What a broker would not deliver any more, as RabbitMQ 4 after twenty times, is laid aside in place of being lost.
    let refused = refused(name);
    queue(&channel, refused.clone(), FieldTable::default()).await?;
    let arguments = dead_letters("".into(), Some(refused));
    queue(&channel, name.clone(), arguments).await?;
    answered(channel.close(200, "done".into())).await
}

/// The queue beside one with documents in which those lie that are not taken.
pub(super) fn refused(name: &ShortString) -> ShortString {
    format!("{name}.refused").into()
}

/// Declares what all share, and the queues behind these keys.
pub(super) async fn declare(
    channel: &Channel,
    names: &Names,
    keys: impl IntoIterator<Item = &Key>,
) -> Result<()> {
    exchange(channel, names.jobs(), ExchangeKind::Direct).await?;
    queue(channel, names.unreadable(), FieldTable::default()).await?;
    for wait_ms in WAITS_MS {
        let name = names.again(wait_ms);
        exchange(channel, name.clone(), ExchangeKind::Fanout).await?;
        let mut arguments = dead_letters(names.jobs(), None);
        arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(wait_ms));
        queue(channel, name.clone(), arguments).await?;
        bind(channel, name.clone(), name, "".into()).await?;
    }
    for key in keys {
        declare_one(channel, names, key).await?;
    }
    Ok(())
}

/// Declares the queue behind a key, and says how many messages wait in it.
pub(super) async fn declare_one(channel: &Channel, names: &Names, key: &Key) -> Result<u32> {
    let arguments = match key {
        Key::Alone(_) => FieldTable::default(),
        Key::Part(_) | Key::Partner(..) => {
            let alone = names.of(&Key::Alone(key.part()).to_string());
            let mut arguments = dead_letters("".into(), Some(alone));
            arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(DELIVERIES));
            if matches!(key, Key::Partner(..)) {
                arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
            }
            arguments
        }
    };
    let key = key.to_string();
    let waiting = queue(channel, names.of(&key), arguments).await?;
    bind(channel, names.of(&key), names.jobs(), key.into()).await?;
    Ok(waiting)
}

/// Where messages go that leave a queue in another way than by being settled: certainly, so the queue takes no more while they cannot.
fn dead_letters(exchange: ShortString, key: Option<ShortString>) -> FieldTable {
    let mut arguments = FieldTable::default();
    let mut insert = |name: &str, value: ShortString| {
        arguments.insert(name.into(), AMQPValue::LongString(value.as_str().into()));
    };
    insert("x-dead-letter-exchange", exchange);
    insert("x-dead-letter-strategy", "at-least-once".into());
    insert("x-overflow", "reject-publish".into());
    if let Some(key) = key {
        insert("x-dead-letter-routing-key", key);
    }
    arguments
}

async fn exchange(channel: &Channel, name: ShortString, kind: ExchangeKind) -> Result<()> {
    let options = ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    let arguments = FieldTable::default();
    answered(channel.exchange_declare(name, kind, options, arguments)).await
}

async fn queue(channel: &Channel, name: ShortString, mut arguments: FieldTable) -> Result<u32> {
    let quorum = AMQPValue::LongString("quorum".into());
    arguments.insert("x-queue-type".into(), quorum);
    let options = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    let declared = answered(channel.queue_declare(name, options, arguments)).await?;
    Ok(declared.message_count())
}

async fn bind(
    channel: &Channel,
    queue: ShortString,
    exchange: ShortString,
    key: ShortString,
) -> Result<()> {
    let (options, arguments) = (QueueBindOptions::default(), FieldTable::default());
    answered(channel.queue_bind(queue, exchange, key, options, arguments)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_its_queue() {
        for step in Step::ALL {
            let expected = match step {
                Step::Deliver => "deliver.acme",
                Step::Forward => "forward.acme",
                Step::Respond => "respond",
                _ => "translate",
            };
            assert_eq!(
                Key::of(step, "acme").to_string(),
                expected,
                "{}",
                step.name()
            );
        }
    }
}
