//! Killed at every moment that the code names, and at any other, the road goes on where it was.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, SystemTime};

use x12_pipeline::failpoint::Point;

use crate::checker::{Input, check};
use crate::counts::{F1, F2};
use crate::house::How;
use crate::partner::encrypted;
use crate::ways::{ALWAYS, batching};

/// At which of the times when a moment is reached the process is killed: the first, and later ones, with more under way (F2).
fn moments() -> Vec<u32> {
    match F2.times() {
        3 => vec![1, 3, 8],
        all => (1..=all).collect(),
    }
}

/// Longest time before such a kill, in milliseconds: most of the road is behind by then.
const RANDOM_MS: u64 = 400;

const KILL: i32 = 9;

#[test]
fn killed_at_every_failpoint() {
    let cases: Vec<_> = Point::ALL
        .into_iter()
        .flat_map(|(_, name)| moments().into_iter().map(move |time| (name, time)))
        .collect();
    let (left, right) = cases.split_at(cases.len() / 2);
    let killed = std::thread::scope(|scope| {
        let halves = [left, right]
            .map(|half| scope.spawn(|| half.iter().filter(|case| killed(case)).count()));
        halves
            .map(|half| half.join().expect("the half holds"))
            .iter()
            .sum::<usize>()
    });
    say!(
        "{killed} kills at {} failpoints: nothing lost, nothing twice, nothing stuck",
        Point::ALL.len()
    );
    assert!(killed > Point::ALL.len(), "failpoints are not reached");
}

/// Kills a run there, lets another end, and checks; false if the moment is not reached so often.
fn killed((name, time): &(&str, u32)) -> bool {
    let (house, inputs) = batching();
    let how = How {
        failpoint: Some(format!("{name} {time} kill")),
        ..How::default()
    };
    let killed = house.run(&how).signal() == Some(KILL);
    assert!(killed || *time > 1, "{name} is never reached");
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, &format!("killed at {name}, time {time}"));
    killed
}

#[test]
fn killed_at_any_moment() {
    let house = encrypted(ALWAYS);
    let mut inputs = Vec::new();
    let mut chance = Chance::new();
    let kills = F1.times();
    for kill in 0..kills {
        for (ordinal, sample) in
            (0..).zip(["one-claim.edi", "broken/faults-in-one-of-two-sets.edi"])
        {
            let isa13 = 1000 + 2 * kill + ordinal;
            let file = format!("{isa13}.edi");
            inputs.push(Input::received(
                &file,
                &format!("005010X222A1/{sample}"),
                isa13,
                1,
            ));
        }
        inputs
            .iter()
            .rev()
            .take(2)
            .for_each(|input| input.leave(&house));
        let child = house.begin(&["run"], &How::default());
        std::thread::sleep(Duration::from_millis(chance.below(RANDOM_MS)));
        child.stop();
    }
    assert!(house.run(&How::default()).success());
    check(
        &house,
        &inputs,
        &format!("killed at random, seed {}", chance.seed),
    );
    say!("{kills} kills at random: nothing lost, nothing twice, nothing stuck");
}

/// Numbers by chance, from a seed that a failure tells.
struct Chance {
    seed: u64,
    state: u64,
}

impl Chance {
    fn new() -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let seed = now.expect("the clock is set").as_nanos() as u64 | 1;
        Self { seed, state: seed }
    }

    /// Xorshift: good enough to choose moments.
    fn below(&mut self, most: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % most
    }
}
