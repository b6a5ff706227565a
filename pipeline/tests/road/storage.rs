//! A disk that is full or fails, at the n-th call: nothing partial is seen, and what was left goes its way once the disk is well again.

use std::process::Command;

use crate::checker::check;
use crate::counts::F13;
use crate::house::How;
use crate::ways::loaded;

/// System calls that put something on disk.
const CALLS: [&str; 4] = ["write", "pwrite64", "fsync,fdatasync", "rename"];

/// At which calls the disk begins to fail (reliability §7, F13).
fn moments() -> Vec<u32> {
    match F13.times() {
        5 => vec![1, 2, 5, 11, 20],
        all => (1..=all).collect(),
    }
}

#[test]
fn a_disk_that_fails_loses_nothing() {
    let strace = Command::new("strace").arg("--version").output();
    assert!(
        strace.is_ok(),
        "this test needs the command strace (Debian: apt-get install strace)"
    );
    let cases: Vec<_> = CALLS
        .into_iter()
        .flat_map(|call| ["ENOSPC", "EIO"].map(|error| (call, error)))
        .flat_map(|(call, error)| moments().into_iter().map(move |time| (call, error, time)))
        .collect();
    let (left, right) = cases.split_at(cases.len() / 2);
    std::thread::scope(|scope| {
        for half in [left, right] {
            scope.spawn(|| half.iter().for_each(failing));
        }
    });
    say!(
        "{} failures of the disk: nothing lost, nothing twice, nothing partial",
        cases.len()
    );
}

/// Three calls in a row fail, behind a number of them that did not.
fn failing((call, error, time): &(&str, &str, u32)) {
    let (house, inputs) = loaded();
    // strace counts the calls of each thread for itself, so a job may meet the failing ones of all of them, one after the other.
    house.configure("[retry]\nattempts = 40");
    let inject = format!("inject={call}:error={error}:when={time}..{}", time + 2);
    let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e"].map(str::to_owned);
    let under = [
        strace.as_slice(),
        &[format!("trace={call}"), "-e".to_owned(), inject],
    ]
    .concat();
    let how = How {
        under: &under,
        ..How::default()
    };
    // It may give up at the start; it must not lie.
    house.run(&how);
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, &format!("{error} at {call} {time}"));
}
