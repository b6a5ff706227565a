//! Several workers: two processes in one house, a worker that wakes too late, and one that is told to stop.

use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::checker::{Input, check};
use crate::house::{House, How, ends};
use crate::ways::{loaded, profile};

/// Files that two processes share.
const SHARED: u32 = 30;

fn claims(first: u32, count: u32) -> Vec<Input> {
    let claim = |isa13| {
        let name = "005010X222A1/one-claim.edi";
        Input::received(&format!("{isa13}.edi"), name, isa13, 1)
    };
    (first..first + count).map(claim).collect()
}

#[test]
fn two_processes_share_one_house() {
    let house = House::new(&profile());
    let inputs = claims(1, SHARED);
    inputs.iter().for_each(|input| input.leave(&house));
    let children = [(), ()].map(|()| house.begin(&["run", "--until-idle"], &How::default()));
    for child in children {
        assert!(ends(child).success());
    }
    // What one had taken when the other ended, a third brings to its end.
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, "shared by two");
    say!("{SHARED} files shared by two processes: nothing lost, nothing twice");
}

#[test]
fn each_part_of_the_road_may_have_processes_of_its_own() {
    let (house, inputs) = loaded();
    let roles = ["intake", "translate", "translate", "deliver", "respond"];
    let children = roles.map(|role| house.begin(&[role], &How::default()));
    house.wait_for("running", roles.len());
    let begun = Instant::now();
    while house.arrivals().len() < inputs.len()
        || house
            .arrivals()
            .iter()
            .any(|arrival| arrival.state == "open")
    {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not end");
        sleep(Duration::from_millis(50));
    }
    for child in children {
        child.signal(Signal::TERM);
        assert!(ends(child).success(), "stopping is no failure");
    }
    check(&house, &inputs, "in parts");
}

/// A worker pauses for twice its lease, before and behind its work; another does the job meanwhile.
#[test]
fn who_wakes_behind_its_lease_changes_nothing() {
    let points = ["job-leased", "job-done", "number-drawn", "delivery-written"];
    for point in points {
        let house = House::new(&profile());
        let inputs = claims(1, 4);
        inputs.iter().for_each(|input| input.leave(&house));
        let pause = How {
            failpoint: Some(format!("{point} 2 pause 2500")),
            ..How::default()
        };
        let mut sleeper = house.begin(&["run"], &pause);
        assert!(house.run(&How::default()).success());
        sleep(Duration::from_millis(1500));
        sleeper.kill().expect("it is our child");
        ends(sleeper);
        assert!(house.run(&How::default()).success());
        check(&house, &inputs, &format!("asleep at {point}"));
    }
    say!(
        "{} workers asleep for twice their lease: nothing lost, nothing twice",
        points.len()
    );
}

#[test]
fn told_to_stop_it_lets_the_jobs_in_hand_end() {
    let house = House::new(&profile());
    let mut inputs = Vec::new();
    for round in 0..5 {
        let more = claims(1 + 10 * round, 10);
        more.iter().for_each(|input| input.leave(&house));
        inputs.extend(more);
        let child = house.begin(&["run"], &How::default());
        house.wait_for("running", round as usize + 1);
        sleep(Duration::from_millis(60 * u64::from(round)));
        child.signal(Signal::TERM);
        assert!(ends(child).success(), "stopping is no failure");
    }
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, "told to stop");
}
