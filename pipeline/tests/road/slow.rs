//! Jobs that take longer than they may (reliability §7, F8): a stage that stands still is left to itself, and its job is done again.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::checker::{Input, check};
use crate::counts::F8;
use crate::house::{House, How, ends};
use crate::ways::profile;

/// A house in which a try of a job may take a second.
fn house() -> House {
    let house = House::new(&profile());
    house.configure("[work]\njob_s = 1\ngrace_s = 2");
    house
}

fn claim() -> Input {
    Input::received("claim.edi", "005010X222A1/one-claim.edi", 1, 1)
}

fn standing_still(point: &str) -> How<'static> {
    How {
        failpoint: Some(format!("{point} pause 4000")),
        ..How::default()
    }
}

#[test]
fn what_stands_still_is_done_again_and_counts_once() {
    let points = ["object-written 2", "number-drawn 1", "delivery-written 1"];
    let stages = points.repeat(F8.times() as usize);
    for point in &stages {
        let house = house();
        claim().leave(&house);
        let child = house.begin(&["run"], &standing_still(point));
        house.wait_for("too-slow", 1);
        // The other try ends before the first wakes, which then changes nothing.
        std::thread::sleep(Duration::from_secs(5));
        child.stop();
        assert!(house.run(&How::default()).success());
        check(&house, &[claim()], &format!("slow at {point}"));
    }
    say!(
        "{} stages that stood still: nothing lost, nothing twice",
        stages.len()
    );
}

#[test]
fn what_always_stands_still_is_a_dead_letter() {
    let house = house();
    house.configure("[retry]\nattempts = 1");
    claim().leave(&house);
    let ended = house.run(&standing_still("object-written 2"));
    assert!(ended.success());
    let arrivals = house.arrivals();
    assert_eq!(
        (&*arrivals[0].state, &*arrivals[0].reason),
        ("dead", "too-slow")
    );
}

#[test]
fn a_process_full_of_stages_that_stand_still_ends_to_be_started_again() {
    let house = house();
    house.configure("[work]\njobs = 1");
    claim().leave(&house);
    let ended = ends(house.begin(&["run"], &standing_still("object-written 2")));
    assert_eq!(ended.code(), Some(2));
    assert!(house.run(&How::default()).success());
    check(&house, &[claim()], "started again");
}

#[test]
fn told_to_stop_it_does_not_wait_for_what_stands_still() {
    let house = house();
    house.configure("[work]\njob_s = 600");
    claim().leave(&house);
    let how = How {
        failpoint: Some("object-written 2 pause 60000".to_owned()),
        ..How::default()
    };
    let child = house.begin(&["run"], &how);
    house.wait_for("taken in", 1);
    std::thread::sleep(Duration::from_millis(500));
    child.signal(Signal::TERM);
    let begun = Instant::now();
    assert!(ends(child).success(), "stopping is no failure");
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "it waits for the stage"
    );
    assert!(house.run(&How::default()).success());
    check(&house, &[claim()], "stopped meanwhile");
}
