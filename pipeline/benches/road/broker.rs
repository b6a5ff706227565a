//! What a broker does alone: how many messages it makes durable in a second, each confirmed before the next is sent.

use std::io;
use std::time::Instant;

use lapin::options::{
    BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Connection, ConnectionProperties};

/// Messages that are sent.
const MESSAGES: u64 = 2000;

/// Messages a second, into a quorum queue, persistent and mandatory, of the length of ours.
pub fn serial_confirms(url: &str) -> io::Result<u64> {
    let runtime = tokio::runtime::Runtime::new()?;
    let sent = runtime.block_on(send(url));
    sent.map_err(io::Error::other)
}

async fn send(url: &str) -> lapin::Result<u64> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let mut arguments = FieldTable::default();
    arguments.insert(
        "x-queue-type".into(),
        AMQPValue::LongString("quorum".into()),
    );
    let durable = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    let queue = "bench.serial-confirms";
    channel
        .queue_declare(queue.into(), durable, arguments)
        .await?;
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await?;
    let mandatory = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let body = [b'x'; 46];
    let begun = Instant::now();
    for _ in 0..MESSAGES {
        let properties = BasicProperties::default().with_delivery_mode(2);
        let sent = channel.basic_publish("".into(), queue.into(), mandatory, &body, properties);
        sent.await?.await?;
    }
    let took = begun.elapsed().as_millis();
    channel
        .queue_delete(queue.into(), QueueDeleteOptions::default())
        .await?;
    connection.close(200, "done".into()).await?;
    Ok(MESSAGES * 1000 / u64::try_from(took).unwrap_or(u64::MAX).max(1))
}
