//! Files that break whatever does their work (reliability §7, F7): each is a dead letter in the end, and what is done beside it goes its way.

use crate::checker::{Fate, Input, check};
use crate::counts::F7;
use crate::house::{House, How, sample};
use crate::ways::{json, profile};

/// Poisonous files that are left together.
const POISONS: u32 = 5;

/// Kinds of them.
const KINDS: u32 = 4;

/// Files that are in hand beside them.
const NEIGHBOURS: u32 = 16;

/// So much that a neighbour is in hand longer than a poisonous file needs to kill.
const PADDING: usize = 4 << 20;

/// A house with poisonous files, which alone reach the failpoint, and their neighbours, which our own systems submit.
fn house(reason: &'static str) -> (House, Vec<Input>) {
    // What never ends alone shall be too slow, not what has large neighbours on a slow machine.
    let (job_s, padding) = match reason {
        "too-slow" => (6, 0),
        _ => (60, PADDING),
    };
    let house = House::new(&profile());
    house.configure(&format!(
        "[work]\nlease_s = 2\njobs = 16\njob_s = {job_s}\n[retry]\nattempts = 3"
    ));
    let poison = |isa13| Input {
        file: format!("{isa13}.edi"),
        bytes: sample("005010X222A1/one-claim.edi", isa13),
        fate: Fate::Dead(reason),
        as_is: false,
    };
    let payment = json("005010X221A1/one-payment.json");
    let padded = [b"{", &vec![b' '; padding][..], &payment[1..]].concat();
    let neighbour = |number| {
        let file = format!("{number}.json");
        Input::submitted(&file, padded.clone(), Fate::Sent)
    };
    let neighbours = (1..=NEIGHBOURS).map(neighbour);
    let inputs: Vec<_> = neighbours.chain((1..=POISONS).map(poison)).collect();
    inputs.iter().for_each(|input| input.leave(&house));
    (house, inputs)
}

/// Starts it anew whenever it dies, as a supervisor does, until nothing is left to be done; how often it died.
fn supervised(house: &House, what: &str) -> u32 {
    let how = How {
        failpoint: Some(format!("number-claimed each {what}")),
        ..How::default()
    };
    let mut died = 0;
    while !house.run(&how).success() {
        died += 1;
        assert!(died < 100, "it dies again and again");
    }
    died
}

fn endure(what: &str, reason: &'static str) -> u32 {
    let rounds = F7.times() / (KINDS * POISONS);
    let mut died = 0;
    for _ in 0..rounds {
        let (house, inputs) = house(reason);
        died += supervised(&house, what);
        check(&house, &inputs, &format!("beside what does {what}"));
    }
    say!(
        "{} files that {what}, {died} processes that died of them, {} files beside them: nothing lost, nothing twice",
        rounds * POISONS,
        rounds * NEIGHBOURS
    );
    died
}

#[test]
fn what_kills_its_process_takes_nobody_along() {
    // As the kernel does when memory has run out.
    assert!(endure("kill", "too-many-attempts") > 0);
}

#[test]
fn what_uses_up_the_stack_takes_nobody_along() {
    assert!(endure("overflow", "too-many-attempts") > 0);
}

#[test]
fn what_breaks_down_is_tried_as_often_as_any_failure() {
    assert_eq!(endure("panic", "stage-panicked"), 0);
}

#[test]
fn what_never_comes_to_an_end_is_left() {
    endure("pause 600000", "too-slow");
}
