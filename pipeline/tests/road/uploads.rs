//! Files that are not whole yet, that never will be, or that come again.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::ops::Range;
use std::thread::sleep;
use std::time::Duration;

use crate::checker::{Fate, Input, check};
use crate::counts::F14;
use crate::house::{House, How, sample};
use crate::ways::{json, profile};

/// Places at which uploads to one house are cut.
const CUTS: usize = 64;

/// Long enough to look at the folder ten times.
const LOOKS: Duration = Duration::from_millis(300);

#[test]
fn an_upload_is_taken_once_it_is_whole() {
    let cuts = F14.times();
    for first in (1..cuts).step_by(CUTS) {
        let here = first..cuts.min(first + CUTS as u32);
        left_in_two_parts(here, cuts as usize);
    }
    say!(
        "{} uploads cut at each 1/{cuts}: none taken early, each taken once",
        2 * (cuts - 1)
    );
}

/// Uploads that are cut at these of so many places.
fn left_in_two_parts(places: Range<u32>, cuts: usize) {
    let house = House::new(&profile());
    let mut inputs = Vec::new();
    for cut in places.clone() {
        // Longer than there are places.
        let claims = "005010X223A2/broken/every-second-of-ten-claims.edi";
        let file = format!("{cut}.edi");
        inputs.push(Input::received(&file, claims, 1000 + cut, 1));
        // Whole without the end of its last line.
        let payment = json("005010X221A1/one-payment.json");
        let payment = payment.trim_ascii_end().to_vec();
        let file = format!("{cut}.json");
        inputs.push(Input::submitted(&file, payment, Fate::Sent));
    }
    let cut =
        |number: usize, bytes: &[u8]| bytes.len() * (places.start as usize + number / 2) / cuts;
    for (number, input) in inputs.iter().enumerate() {
        let part = input.bytes.get(..cut(number, &input.bytes));
        let part = part.expect("it is shorter");
        house.leave(input, part);
    }
    let child = house.begin(&["run"], &How::default());
    sleep(LOOKS);
    let early = house.arrivals();
    assert!(
        early.is_empty(),
        "taken in before they were whole: {early:#?}"
    );
    for (number, input) in inputs.iter().enumerate() {
        let rest = input.bytes.get(cut(number, &input.bytes)..);
        let rest = rest.expect("it is shorter");
        let file = OpenOptions::new().append(true).open(house.door(input));
        file.and_then(|mut file| file.write_all(rest))
            .expect("the folder is ours");
    }
    child.stop();
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, "after uploads in two parts");
}

#[test]
fn what_never_becomes_whole_is_answered_in_the_end() {
    let house = House::new(&profile());
    house.configure("[work]\nincomplete_s = 0");
    let inputs = [Input::received(
        "cut-off.edi",
        "005010X222A1/broken/cut-off.edi",
        103,
        0,
    )];
    inputs[0].leave(&house);
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, "cut off");
    let (_, answer) = house.sent().pop().expect("it was answered");
    assert!(
        answer.contains("*R*023~"),
        "the answer does not say that it breaks off: {answer}"
    );
}

#[test]
fn the_same_file_again_is_nothing_new() {
    let house = House::new(&profile());
    let inputs = [Input::received(
        "claims.edi",
        "005010X222A1/one-claim.edi",
        1,
        1,
    )];
    for _ in 0..3 {
        inputs[0].leave(&house);
        assert!(house.run(&How::default()).success());
        check(&house, &inputs, "left again");
    }
}

#[test]
fn the_same_control_number_in_another_file_is_a_duplicate() {
    let house = House::new(&profile());
    house.receive("claims.edi", &sample("005010X222A1/one-claim.edi", 1));
    assert!(house.run(&How::default()).success());
    house.receive("again.edi", &sample("005010X222A1/one-claim.edi", 1));
    assert!(house.run(&How::default()).success());
    let answers = house.answers();
    let rejected = answers
        .iter()
        .filter(|(_, answer)| answer.contains("*R*025~"))
        .count();
    assert_eq!(
        (answers.len(), rejected),
        (2, 1),
        "TA1 025 answers the second, and only it"
    );
    assert_eq!(house.texts("backend/received/acme").len(), 1);
}

#[test]
fn twice_in_one_file_is_a_duplicate_too() {
    let house = House::new(&profile());
    let once = sample("005010X222A1/one-claim.edi", 1);
    house.receive("twice.edi", &[once.clone(), once].concat());
    assert!(house.run(&How::default()).success());
    let (_, answer) = house.answers().pop().expect("it was answered");
    assert!(
        answer.contains("*A*000~") && answer.contains("*R*025~"),
        "{answer}"
    );
    let documents = house.texts("backend/received/acme");
    assert_eq!(documents.join("").matches("{\"set\":").count(), 1);
}

#[test]
fn what_is_too_large_to_be_taken_is_told_once_and_stays() {
    let house = House::new(&profile());
    house.configure("[limits]\ndocument_bytes = 2000");
    house.receive(
        "large.edi",
        &sample("005010X222A1/one-claim.edi", 1).repeat(3),
    );
    let child = house.begin(&["run"], &How::default());
    house.wait_for("object-too-large", 1);
    sleep(LOOKS);
    child.stop();
    let log = std::fs::read_to_string(house.log()).expect("it logs UTF-8");
    assert_eq!(log.matches("object-too-large").count(), 1, "{log}");
    assert_eq!(house.files("exchange/acme/in").len(), 1, "nothing is lost");
}

#[test]
fn a_file_waits_for_what_says_that_it_is_whole() {
    let house = House::new(&format!("{}[folder]\nready = \".done\"\n", profile()));
    let inputs = Input::claims(1, 2);
    inputs.iter().for_each(|input| input.leave(&house));
    house.receive("1.edi.done", b"");
    let child = house.begin(&["run"], &How::default());
    house.wait_for("taken in", 1);
    sleep(LOOKS);
    let taken: Vec<_> = house
        .arrivals()
        .into_iter()
        .map(|taken| taken.file)
        .collect();
    assert_eq!(taken, ["1.edi"]);
    house.receive("2.edi.done", b"");
    house.wait_for("taken in", 2);
    child.stop();
    assert!(house.run(&How::default()).success());
    // Nothing is left of what said so either.
    check(&house, &inputs, "with what says that it is whole");
}
