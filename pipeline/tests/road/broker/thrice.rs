//! Each message three times, while the first of them is being done (reliability §7, F9): what it asks for is done once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use lapin::message::Delivery;
use lapin::options::{BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::AMQPValue;
use lapin::{BasicProperties, Channel};

use super::{Broker, tap};
use crate::checker::{Input, check};
use crate::counts::F9;
use crate::house::{House, How};

/// Messages of a file: the first of its jobs, and two deliveries.
const MESSAGES: u32 = 3;

/// The queues of jobs.
const KEYS: [&str; 4] = ["translate", "respond", "deliver.acme", "forward.acme"];

/// What stands in the headers of a copy, which is not copied itself. Of a message that waits only such headers are kept.
const COPY: &str = "ce-copy";

/// Publishes a message twice more; false if it is a copy.
async fn copy(channel: &Channel, message: Delivery) -> bool {
    let headers = message.properties.headers().clone().unwrap_or_default();
    if headers.contains_key(COPY) {
        return false;
    }
    for _ in 0..2 {
        let mut headers = headers.clone();
        headers.insert(COPY.into(), AMQPValue::Boolean(true));
        let sent = channel.basic_publish(
            message.exchange.clone(),
            message.routing_key.clone(),
            BasicPublishOptions::default(),
            &message.data,
            BasicProperties::default()
                .with_headers(headers)
                .with_delivery_mode(2),
        );
        let confirmed = sent.await.expect("it takes it").await.expect("it has it");
        assert!(confirmed.is_ack(), "the broker does not take a message");
    }
    true
}

/// Copies all messages of a house until nothing is left to be done; how many.
fn copy_all(broker: &Broker, house: &House, is_done: &AtomicBool) -> u32 {
    let prefix = house.name();
    broker.on_channel(|channel| async move {
        let confirms = ConfirmSelectOptions::default();
        channel.confirm_select(confirms).await.expect("it confirms");
        let tap = tap(&channel, &prefix, &KEYS).await;
        let mut copied = 0;
        while !is_done.load(Ordering::SeqCst) {
            let options = BasicGetOptions { no_ack: true };
            let got = channel.basic_get(tap.as_str().into(), options).await;
            match got.expect("there is the queue") {
                Some(message) => copied += u32::from(copy(&channel, message.delivery).await),
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
        copied
    })
}

#[test]
fn each_message_three_times_is_done_once() {
    let broker = Broker::take();
    let house = broker.house();
    // So its exchange is there.
    assert!(house.run(&How::default()).success());
    let wanted = F9.times();
    let inputs = Input::claims(1, wanted.div_ceil(MESSAGES));
    let is_done = AtomicBool::new(false);
    let (all_end, copied) = std::thread::scope(|scope| {
        let copying = scope.spawn(|| copy_all(&broker, &house, &is_done));
        // Before it copies, nothing is there to be copied.
        sleep(Duration::from_secs(1));
        inputs.iter().for_each(|input| input.leave(&house));
        let child = house.begin(&["run"], &How::default());
        let begun = Instant::now();
        let most = Duration::from_secs(60 + u64::from(wanted));
        // Who copies must be told before a test may fail: else it never ends.
        let all_end = || house.have_ended(inputs.len());
        while begun.elapsed() < most && !all_end() {
            sleep(Duration::from_millis(200));
        }
        is_done.store(true, Ordering::SeqCst);
        child.stop();
        (all_end(), copying.join().expect("it copies"))
    });
    assert!(all_end, "it does not end");
    assert!(copied >= wanted, "{copied} messages were copied");
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, "each message three times");
    say!("{copied} messages, each three times: nothing lost, nothing twice");
}
