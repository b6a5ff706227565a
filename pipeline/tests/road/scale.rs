//! As many workers as there is work for: they come, they go, some are killed, and all is done once.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::checker::{Input, check};
use crate::children::children;
use crate::house::{House, How, ends};
use crate::ways::profile;

/// Files that are left at once: more than one worker does in the time in which they are to be done.
const FILES: u32 = 60;

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(180);

fn is_there(process: i32) -> bool {
    fs::exists(format!("/proc/{process}")).unwrap_or(false)
}

/// Waits until so many workers are there.
fn wait_for(process: u32, wanted: impl Fn(usize) -> bool, what: &str) -> Vec<i32> {
    let begun = Instant::now();
    loop {
        let workers = children(process).expect("it runs");
        if wanted(workers.len()) {
            return workers;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "{what}: {} workers",
            workers.len()
        );
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn workers_come_and_go_as_there_is_work_for_them() {
    let house = House::new(&profile());
    house.configure(
        "[scale]\nceiling = 3\ndrain_s = 2\ncool_down_s = 5\n[work]\njobs = 1\nlease_s = 2",
    );
    let slowly = How {
        failpoint: Some("job-done each pause 50".to_owned()),
        ..How::default()
    };
    let child = house.begin(&["scale"], &slowly);
    house.wait_for("running", 1);
    wait_for(child.id(), |count| count == 1, "the floor");
    let inputs = Input::claims(1, FILES);
    inputs.iter().for_each(|input| input.leave(&house));
    let many = wait_for(child.id(), |count| count >= 2, "more are needed");
    let killed = Pid::from_raw(many[0]).expect("it has a number");
    kill_process(killed, Signal::KILL).expect("it is ours");
    house.wait_for_ends(inputs.len(), PATIENCE);
    let left = wait_for(child.id(), |count| count == 1, "fewer are enough");
    let log = house.text_of_log();
    assert!(log.contains("a worker ended that nobody told to"), "{log}");
    child.signal(Signal::TERM);
    assert!(ends(child).success());
    assert!(!is_there(left[0]), "a worker is left");
    check(&house, &inputs, "workers came, went and were killed");
}

#[test]
fn workers_end_when_who_started_them_is_gone() {
    let house = House::new(&profile());
    let child = house.begin(&["scale"], &How::default());
    house.wait_for("running", 2);
    let workers = wait_for(child.id(), |count| count == 1, "the floor");
    child.stop();
    let begun = Instant::now();
    while is_there(workers[0]) {
        assert!(begun.elapsed() < PATIENCE, "a worker goes on alone");
        sleep(Duration::from_millis(50));
    }
    assert!(
        house
            .text_of_log()
            .contains("who started this worker is gone")
    );
}
