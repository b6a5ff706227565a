//! The broker fails in every way that can be made here; nothing is lost, nothing goes out twice, nothing is stuck (reliability §7, F3 to F6).

use std::thread::sleep;
use std::time::Duration;

use super::Broker;
use crate::checker::{Input, check};
use crate::counts::{F3, F4, F6};
use crate::house::{House, How};

/// Files left in each round.
const FILES: u32 = 20;

/// Holds up all processes of the broker that write down what is declared: its connections stand, and answer no declaration.
const HOLD_UP: &str = "
    Writers = [P || P <- [whereis(mnesia_tm), whereis(rabbitmq_metadata)], P =/= undefined],
    spawn(fun() ->
        register(x12_hold_up, self()),
        [erlang:suspend_process(P) || P <- Writers],
        receive go_on -> ok end
    end).";

/// A house beside the broker, in which jobs are silent soon.
fn house(broker: &Broker) -> House {
    let house = broker.house();
    house.configure("[work]\nsilent_s = 2");
    house
}

fn leave(house: &House, round: u32) -> Vec<Input> {
    let inputs = Input::claims(round * FILES + 1, FILES);
    inputs.iter().for_each(|input| input.leave(house));
    inputs
}

/// Rounds of files; while each is under way something is done to the broker. Then all must end.
fn endure(broker: &mut Broker, rounds: u32, fault: impl Fn(&mut Broker, &House)) {
    let house = house(broker);
    let mut inputs = Vec::new();
    let child = house.begin(&["run"], &How::default());
    house.wait_for("consuming from the broker", 1);
    // A quorum queue that dies while it is made never answers again.
    sleep(Duration::from_secs(1));
    for round in 0..rounds {
        inputs.extend(leave(&house, round));
        sleep(Duration::from_millis(150 + 40 * u64::from(round % 8)));
        fault(broker, &house);
    }
    sleep(Duration::from_millis(500));
    child.stop();
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, "the broker failed");
}

#[test]
fn killed_and_started_again() {
    let mut broker = Broker::take();
    let kills = F3.times();
    endure(&mut broker, kills, |broker, _| broker.kill_and_restart());
    say!("{kills} kills of the broker under load: nothing lost, nothing twice, nothing stuck");
}

#[test]
fn ends_connections() {
    let mut broker = Broker::take();
    let ended = F4.times();
    endure(&mut broker, ended, |broker, _| {
        broker.ctl(&["close_all_connections", "a test"]);
    });
    say!(
        "{ended} times all connections ended by the broker: nothing lost, nothing twice, nothing stuck"
    );
}

#[test]
fn loses_its_queues() {
    let mut broker = Broker::take();
    for queue in ["translate", "deliver.acme", "alone.translate"] {
        endure(&mut broker, F6.times(), |broker, house| {
            broker.delete_queue(&format!("{}.{queue}", house.name()));
        });
    }
    let deleted = 3 * F6.times();
    say!(
        "{deleted} queues deleted with all that was in them: nothing lost, nothing twice, nothing stuck"
    );
}

#[test]
fn is_short_of_memory() {
    let mut broker = Broker::take();
    endure(&mut broker, 2, |broker, _| {
        broker.ctl(&["set_vm_memory_high_watermark", "absolute", "1MB"]);
        sleep(Duration::from_secs(2));
        broker.ctl(&["set_vm_memory_high_watermark", "absolute", "2GB"]);
    });
    say!("2 times short of memory: nothing lost, nothing twice, nothing stuck");
}

#[test]
fn answers_heartbeats_alone() {
    let broker = Broker::take();
    let house = house(&broker);
    let inputs = leave(&house, 0);
    broker.ctl(&["eval", HOLD_UP]);
    let child = house.begin(&["run"], &How::default());
    // Who consumes and who publishes both go on to another connection.
    house.wait_for("the broker did not answer in time", 2);
    broker.ctl(&["eval", "x12_hold_up ! go_on."]);
    house.wait_for_ends(inputs.len(), Duration::from_secs(90));
    child.stop();
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, "the broker answered nothing");
    say!("a broker that answers heartbeats alone is left, and found again: nothing lost");
}

#[test]
fn who_dies_with_each_message_kills_no_neighbour() {
    let broker = Broker::take();
    let house = house(&broker);
    let inputs = leave(&house, 0);
    for _ in 0..10 {
        let how = How {
            failpoint: Some("job-taken 1 kill".to_owned()),
            ..How::default()
        };
        house.run(&how);
        // The broker gets back what it had in hand.
        sleep(Duration::from_millis(400));
    }
    let alone = broker.waiting(&format!("{}.alone.translate", house.name()));
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, "died with each message");
    say!(
        "10 workers died with what they had taken; {alone} messages were done alone: nothing lost, nothing twice"
    );
}
