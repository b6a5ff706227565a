//! Clocks that are wrong (reliability §7, F18): an hour ahead, an hour behind, back to summer time and forth. Nobody waits by them.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use crate::checker::{Input, check};
use crate::counts::F18;
use crate::house::{House, How};
use crate::ways::profile;

/// Files left while a clock is wrong.
const FILES: u32 = 6;

/// How wrong clocks are: so far off, or a quarter of a minute before summer time ends in New York.
const WRONG: [&str; 3] = ["+3600s", "-3600s", "@2026-11-01 05:59:45"];

/// The command runs by such a clock. Not under the program `faketime`, which would be killed in its place.
fn by(clock: &str) -> Vec<String> {
    let library = fs::read_dir("/usr/lib").expect("it is there").flatten();
    let library = library
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists())
        .expect("this test needs faketime (Debian: apt-get install faketime)");
    vec![
        "env".to_owned(),
        "TZ=America/New_York".to_owned(),
        format!("FAKETIME={clock}"),
        format!("LD_PRELOAD={}", library.display()),
    ]
}

fn leave(house: &House, inputs: &mut Vec<Input>) {
    let first = u32::try_from(inputs.len()).expect("they are few") + 1;
    let claims = Input::claims(first, FILES);
    claims.iter().for_each(|input| input.leave(house));
    inputs.extend(claims);
}

#[test]
fn who_had_a_wrong_clock_keeps_nobody_waiting() {
    let house = House::new(&profile());
    let mut inputs = Vec::new();
    for round in 0..F18.times() / 3 {
        for clock in WRONG {
            leave(&house, &mut inputs);
            let how = How {
                // Jobs are leased, put off and published by that clock when the process dies.
                failpoint: Some(format!("job-done {} kill", 8 + 3 * round)),
                under: &by(clock),
            };
            house.run(&how);
            // Within the time of `ends`: nobody waits for an hour.
            assert!(house.run(&How::default()).success());
            check(&house, &inputs, &format!("after a clock at {clock}"));
        }
    }
    say!(
        "{} clocks that were wrong: nothing lost, nothing twice, nobody waits",
        F18.times()
    );
}

#[test]
fn clocks_two_hours_apart_share_a_house() {
    let house = House::new(&profile());
    let mut inputs = Vec::new();
    leave(&house, &mut inputs);
    let wrong = [by(WRONG[0]), by(WRONG[1])];
    let children = [0, 1].map(|of| {
        let how = How {
            failpoint: None,
            under: &wrong[of],
        };
        house.begin(&["run"], &how)
    });
    house.wait_for("running", 2);
    leave(&house, &mut inputs);
    sleep(Duration::from_secs(5));
    for child in children {
        child.stop();
    }
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, "with clocks two hours apart");
}
