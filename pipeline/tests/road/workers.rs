//! Several workers: two processes in one house, a worker that wakes too late, and one that is told to stop.

use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;

use crate::checker::{Input, check};
use crate::counts::{F11, F16};
use crate::house::{House, How, ends};
use crate::ways::{loaded, profile};

/// Files that two processes share.
const SHARED: u32 = 30;

#[test]
fn two_processes_share_one_house() {
    let house = House::new(&profile());
    let inputs = Input::claims(1, SHARED);
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
    house.wait_for_ends(inputs.len(), Duration::from_secs(60));
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
        let inputs = Input::claims(1, 4);
        inputs.iter().for_each(|input| input.leave(&house));
        let pause = How {
            failpoint: Some(format!("{point} 2 pause 2500")),
            ..How::default()
        };
        let sleeper = house.begin(&["run"], &pause);
        assert!(house.run(&How::default()).success());
        sleep(Duration::from_millis(1500));
        sleeper.stop();
        assert!(house.run(&How::default()).success());
        check(&house, &inputs, &format!("asleep at {point}"));
    }
    say!(
        "{} workers asleep for twice their lease: nothing lost, nothing twice",
        points.len()
    );
}

/// A whole process stands still for twice its lease while another does its work, and then goes on.
#[test]
fn a_process_that_stood_still_changes_nothing() {
    let house = House::new(&profile());
    let mut inputs = Vec::new();
    let rounds = F11.times();
    for round in 0..rounds {
        let more = Input::claims(1 + 8 * round, 8);
        more.iter().for_each(|input| input.leave(&house));
        inputs.extend(more);
        let sleeper = house.begin(&["run"], &How::default());
        house.wait_for("running", 1);
        sleep(Duration::from_millis(60 + 40 * u64::from(round % 8)));
        sleeper.signal(Signal::STOP);
        // It may have stopped in a transaction: in a file that holds up all others, until it wakes.
        let other = house.begin(&["run", "--until-idle"], &How::default());
        sleep(Duration::from_millis(2200));
        sleeper.signal(Signal::CONT);
        assert!(ends(other).success());
        sleeper.stop();
        assert!(house.run(&How::default()).success());
        check(&house, &inputs, &format!("stood still, round {round}"));
        house.forget_log();
    }
    say!("{rounds} processes that stood still for twice their lease: nothing lost, nothing twice");
}

/// What kills whoever does it is tried so often, and then a dead letter; its neighbours go their way (F7).
#[test]
fn what_kills_its_worker_is_a_dead_letter_in_the_end() {
    let house = House::new(&profile());
    house.configure("[retry]\nattempts = 3");
    let poison = Input::claims(1, 1).remove(0);
    poison.leave(&house);
    for _ in 0..3 {
        let kills = How {
            failpoint: Some("job-done 1 kill".to_owned()),
            ..How::default()
        };
        assert!(!house.run(&kills).success(), "it is killed");
        // The lease ends.
        sleep(Duration::from_millis(1100));
    }
    let others = Input::claims(2, 6);
    others.iter().for_each(|input| input.leave(&house));
    assert!(house.run(&How::default()).success());
    let (dead, good): (Vec<_>, Vec<_>) = house
        .arrivals()
        .into_iter()
        .partition(|arrival| arrival.file == poison.file);
    assert_eq!(
        (&*dead[0].state, &*dead[0].reason),
        ("dead", "too-many-attempts")
    );
    assert_eq!(good.len(), others.len());
    assert!(good.iter().all(|arrival| arrival.state == "delivered"));
}

#[test]
fn told_to_stop_it_lets_the_jobs_in_hand_end() {
    let house = House::new(&profile());
    let mut inputs = Vec::new();
    for round in 0..F16.times() {
        let more = Input::claims(1 + 10 * round, 10);
        more.iter().for_each(|input| input.leave(&house));
        inputs.extend(more);
        let child = house.begin(&["run"], &How::default());
        house.wait_for("running", round as usize + 1);
        sleep(Duration::from_millis(60 * u64::from(round % 10)));
        child.signal(Signal::TERM);
        assert!(ends(child).success(), "stopping is no failure");
    }
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, "told to stop");
}
