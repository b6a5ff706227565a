//! Jobs that take longer than they may (reliability §7, F8): a stage that stands still is left to itself, and its job is done again.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::checker::{Input, check};
use crate::counts::F8;
use crate::house::{House, How, ends};
use crate::ways::profile;

/// A house in which a try of a job may take a second.
fn house(more: &str) -> House {
    let house = House::new(&profile());
    let config = house.text("config.toml");
    let config = config.replace("lease_s = 1\n", "lease_s = 1\njob_s = 1\ngrace_s = 2\n");
    let config = config.replace("[retry]\n", &format!("[retry]\n{more}"));
    house.write("config.toml", config.as_bytes());
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
        let house = house("");
        claim().leave(&house);
        let mut child = house.begin(&["run"], &standing_still(point));
        house.wait_for("too-slow", 1);
        // The other try ends before the first wakes, which then changes nothing.
        std::thread::sleep(Duration::from_secs(5));
        child.kill().expect("it is our child");
        ends(child);
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
    let house = house("attempts = 1\n");
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
    let house = house("");
    let config = house
        .text("config.toml")
        .replace("job_s", "jobs = 1\njob_s");
    house.write("config.toml", config.as_bytes());
    claim().leave(&house);
    let ended = ends(house.begin(&["run"], &standing_still("object-written 2")));
    assert_eq!(ended.code(), Some(2));
    assert!(house.run(&How::default()).success());
    check(&house, &[claim()], "started again");
}

#[test]
fn told_to_stop_it_does_not_wait_for_what_stands_still() {
    let house = house("");
    let config = house
        .text("config.toml")
        .replace("job_s = 1", "job_s = 600");
    house.write("config.toml", config.as_bytes());
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
