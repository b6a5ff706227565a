//! What stands in the broker: an exchange for jobs, a queue for each part of the road and each partner, and queues in which messages wait.
//!
//! All names begin with a prefix, so that several houses may share a broker. All queues are quorum queues: what a broker confirmed is on
//! the disks of most of its nodes. Declaring them again changes nothing.
//!
//! ```text
//! PREFIX.jobs ─┬─ translate ──────▶ PREFIX.translate          decrypt, translate, validate, acknowledge, route
//!              ├─ respond ────────▶ PREFIX.respond
//!              └─ deliver.PARTNER ▶ PREFIX.deliver.PARTNER    one at a time, by one worker at a time
//! PREFIX.again.MS ────────────────▶ PREFIX.again.MS           after so long back to PREFIX.jobs, as they came
//! (too many deliveries) ──────────▶ PREFIX.alone              done one at a time: what kills its worker kills no neighbour's message
//! (no message of ours) ───────────▶ PREFIX.unreadable         nobody takes from it
//! ```

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, ExchangeKind};

use crate::object::Step;

/// How long messages wait before they come again, in milliseconds: as long as asked, in several times.
pub(super) const WAITS_MS: [i64; 5] = [250, 2_000, 15_000, 120_000, 900_000];

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

    /// Where messages are done one at a time.
    pub(super) fn alone(&self) -> ShortString {
        self.of(ALONE)
    }

    /// Where what is no message of ours lies.
    pub(super) fn unreadable(&self) -> ShortString {
        self.of("unreadable")
    }

    /// The queue behind a routing key.
    pub(super) fn of(&self, key: &str) -> ShortString {
        format!("{}.{key}", self.0).into()
    }
}

/// The key of the queue in which messages are done one at a time.
pub(super) const ALONE: &str = "alone";

/// How long a message waits that is to come again after so long: at most so long, or else the shortest.
pub(super) fn wait_ms(delay_ms: i64) -> i64 {
    let mut fitting = WAITS_MS.into_iter().rev();
    fitting
        .find(|&wait_ms| wait_ms <= delay_ms)
        .unwrap_or(WAITS_MS[0])
}

/// The keys of the queues that are consumed, but for that of messages done alone.
pub(super) fn keys(partners: &[String]) -> Vec<String> {
    let steps = [Step::Translate, Step::Respond].map(|step| key(step, ""));
    let deliveries = partners.iter().map(|partner| key(Step::Deliver, partner));
    steps.into_iter().chain(deliveries).collect()
}

/// By what a job's message finds its queue.
pub(super) fn key(step: Step, partner: &str) -> String {
    match step {
        Step::Deliver => format!("deliver.{partner}"),
        Step::Respond => "respond".to_owned(),
        _ => "translate".to_owned(),
    }
}

/// Declares what all share, and the queues behind these keys.
pub(super) async fn declare(
    channel: &Channel,
    names: &Names,
    keys: impl Iterator<Item = &str>,
) -> lapin::Result<()> {
    exchange(channel, names.jobs(), ExchangeKind::Direct).await?;
    for name in [names.alone(), names.unreadable()] {
        queue(channel, name, FieldTable::default()).await?;
    }
    // What is to come again comes back to it as well.
    bind(channel, names.alone(), names.jobs(), ALONE.into()).await?;
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
pub(super) async fn declare_one(channel: &Channel, names: &Names, key: &str) -> lapin::Result<u32> {
    let mut arguments = dead_letters("".into(), Some(names.alone()));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(DELIVERIES));
    if is_ordered(key) {
        arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
    }
    let waiting = queue(channel, names.of(key), arguments).await?;
    bind(channel, names.of(key), names.jobs(), key.into()).await?;
    Ok(waiting)
}

/// Whether one message of a queue is in hand at a time: for the sake of its order, or its danger.
pub(super) fn is_one_by_one(key: &str) -> bool {
    is_ordered(key) || key == ALONE
}

/// Whether the messages of a queue are taken one behind the other.
fn is_ordered(key: &str) -> bool {
    key.starts_with("deliver.")
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

async fn exchange(channel: &Channel, name: ShortString, kind: ExchangeKind) -> lapin::Result<()> {
    let options = ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    let arguments = FieldTable::default();
    channel
        .exchange_declare(name, kind, options, arguments)
        .await
}

async fn queue(
    channel: &Channel,
    name: ShortString,
    mut arguments: FieldTable,
) -> lapin::Result<u32> {
    let quorum = AMQPValue::LongString("quorum".into());
    arguments.insert("x-queue-type".into(), quorum);
    let options = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    let declared = channel.queue_declare(name, options, arguments).await?;
    Ok(declared.message_count())
}

async fn bind(
    channel: &Channel,
    queue: ShortString,
    exchange: ShortString,
    key: ShortString,
) -> lapin::Result<()> {
    let (options, arguments) = (QueueBindOptions::default(), FieldTable::default());
    channel
        .queue_bind(queue, exchange, key, options, arguments)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_its_queue() {
        for step in Step::ALL {
            let expected = match step {
                Step::Deliver => "deliver.acme",
                Step::Respond => "respond",
                _ => "translate",
            };
            assert_eq!(key(step, "acme"), expected, "{}", step.name());
        }
    }
}
