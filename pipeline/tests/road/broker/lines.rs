//! Queues of partners: what leaves to one leaves in the order in which it was put there, however many there are.

use std::collections::HashSet;
use std::time::Duration;

use super::{Broker, tap};
use crate::checker::{Input, check};
use crate::house::{House, How, PLAIN};

/// The word behind a name in a line of the log.
fn word<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let (_, behind) = line.split_once(&format!("{name}="))?;
    let word = behind.split_whitespace().next()?;
    Some(word.trim_matches('"'))
}

/// Arrivals of which something was done in a step, in the order in which it was recorded.
fn done(house: &House, step: &str) -> Vec<String> {
    let log = house.text_of_log();
    let lines = log.lines().filter(|line| line.contains("done"));
    let of_step = lines.filter(|line| word(line, "step") == Some(step));
    of_step
        .filter_map(|line| word(line, "arrival").map(str::to_owned))
        .collect()
}

/// Arrivals of the jobs in a queue, in the order in which they lie there: of each its first message.
fn published(broker: &Broker, queue: &str) -> Vec<String> {
    let mut jobs = HashSet::new();
    let mut arrivals = Vec::new();
    while let Some((body, headers)) = broker.get(queue) {
        let mut lines = headers.lines();
        let arrival = lines.find_map(|line| line.strip_prefix("ce-subject: "));
        if jobs.insert(body) {
            arrivals.extend(arrival.map(str::to_owned));
        }
    }
    arrivals
}

#[test]
fn deliveries_leave_in_the_order_of_their_queue() {
    let broker = Broker::take();
    let house = broker.house();
    // So its exchange is there.
    assert!(house.run(&How::default()).success());
    let taps = ["deliver", "forward"].map(|step| {
        let (prefix, key) = (house.name(), format!("{step}.acme"));
        broker.on_channel(|channel| async move { tap(&channel, &prefix, &[&key]).await })
    });
    let inputs = Input::claims(1, 60);
    inputs.iter().for_each(|input| input.leave(&house));
    // One process: what two publish may lie in the tap in another order.
    let child = house.begin(&["run"], &How::default());
    house.wait_for_ends(inputs.len(), Duration::from_secs(120));
    child.stop();
    check(&house, &inputs, "in line");
    for (step, tap) in ["deliver", "forward"].iter().zip(taps) {
        let (published, done) = (published(&broker, &tap), done(&house, step));
        assert!(published.len() >= inputs.len(), "{step}");
        assert_eq!(published, done, "{step}");
    }
}

#[test]
fn more_queues_than_channels_are_consumed() {
    let broker = Broker::take();
    let house = broker.house();
    for number in 1..=9 {
        let profile = PLAIN.replace("MADEUPSENDER", &format!("ANOTHER{number}"));
        house.partner(&format!("another{number}"), &profile);
    }
    let inputs = Input::claims(1, 6);
    inputs.iter().for_each(|input| input.leave(&house));
    let allow = |channels| {
        let set = format!("application:set_env(rabbit, channel_max, {channels}).");
        broker.ctl(&["eval", &set]);
    };
    allow(5);
    let child = house.begin(&["run"], &How::default());
    // Two for each partner, and five.
    house.wait_for("consuming from the broker queues=25", 1);
    house.wait_for_ends(inputs.len(), Duration::from_secs(120));
    child.stop();
    allow(2047);
    check(&house, &inputs, "on several connections");
}
