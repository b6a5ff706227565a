//! What goes which way when nothing fails.

use crate::checker::{Fate, Input, check};
use crate::house::{House, How, PLAIN, sample};
use crate::partner::{PARTNER, encrypted};

/// The JSON of a sample.
pub fn json(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../samples/");
    std::fs::read(format!("{folder}{name}")).expect("it is a sample")
}

/// What every test of faults leaves in a house: each way on which a file can go, and each end.
fn load() -> Vec<Input> {
    vec![
        Input::received("claims.edi", "005010X222A1/one-claim.edi", 101, 1),
        Input::received(
            "one-of-two.edi",
            "005010X222A1/broken/faults-in-one-of-two-sets.edi",
            102,
            1,
        ),
        Input::received(
            "ten-claims.edi",
            "005010X223A2/broken/every-second-of-ten-claims.edi",
            107,
            1,
        ),
        Input::received("production.edi", "005010X222A1/one-claim.edi", 103, 0)
            .with("*0*T*", "*0*P*"),
        Input::submitted(
            "payment.json",
            json("005010X221A1/one-payment.json"),
            Fate::Sent,
        ),
        Input::submitted("no.json", b"{\"interchanges\": 5}".to_vec(), Fate::Refused),
        Input::submitted(
            "faulty.json",
            json("005010X222A1/broken/element-faults.json"),
            Fate::Refused,
        ),
        Input {
            file: "answer.edi".to_owned(),
            bytes: sample("005010X231A1/accepted.edi", 104),
            fate: Fate::Answer,
            as_is: false,
        },
        Input {
            file: "stranger.edi".to_owned(),
            bytes: sample("005010X222A1/one-claim.edi", 105),
            fate: Fate::Quarantined("sender-not-bound"),
            as_is: false,
        }
        .with("MADEUPSENDER", "STRANGER    "),
    ]
}

/// What an encrypting partner leaves besides: a file that somebody changed, and one that is not encrypted.
fn hostile() -> Vec<Input> {
    let claims = sample("005010X222A1/one-claim.edi", 106);
    let mut tampered = PARTNER.seal_binary(&claims);
    let middle = tampered.len() / 2;
    tampered[middle] ^= 1;
    let of = |file: &str, bytes, reason| Input {
        file: file.to_owned(),
        bytes,
        fate: Fate::Quarantined(reason),
        as_is: true,
    };
    vec![
        of("tampered.pgp", tampered, "pgp-tampered"),
        of("plain.edi", claims, "pgp-not-encrypted"),
    ]
}

/// Makes all answers tell which interchange they answer, and answers claims one by one.
pub const ALWAYS: &str =
    "[acknowledge]\nta1 = \"always\"\nrejects = \"claims\"\nclaims = \"as-payer\"\n";

/// The profile of a partner who does not encrypt.
pub fn profile() -> String {
    format!("{PLAIN}\n{ALWAYS}")
}

/// A house with an encrypting partner, and all that can be left in it.
pub fn loaded() -> (House, Vec<Input>) {
    loaded_with(ALWAYS)
}

/// The same, whose answers of each second leave together.
pub fn batching() -> (House, Vec<Input>) {
    loaded_with(&format!("{ALWAYS}every_s = 1\n"))
}

fn loaded_with(policy: &str) -> (House, Vec<Input>) {
    let house = encrypted(policy);
    let mut inputs = load();
    inputs.extend(hostile());
    inputs.iter().for_each(|input| input.leave(&house));
    (house, inputs)
}

#[test]
fn every_way_ends_where_it_must() {
    let (house, inputs) = loaded();
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, "without a fault");
}

/// All that come to be within one window are one file: interchange after interchange, for each kind of answer.
#[test]
fn answers_that_leave_together_are_one_file() {
    let house = House::new(&format!("{PLAIN}\n{ALWAYS}every_s = 4\n"));
    let inputs: Vec<_> = (1..=5)
        .map(|number| {
            Input::received(
                &format!("{number}.edi"),
                "005010X222A1/one-claim.edi",
                number,
                1,
            )
        })
        .collect();
    inputs.iter().for_each(|input| input.leave(&house));
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, "together");
    let sent = house.sent();
    // The clock may have begun another window in between.
    assert!((2..=4).contains(&sent.len()), "{} files", sent.len());
}

#[test]
fn plain_files_go_where_the_profile_allows_them() {
    let house = House::new(&profile());
    let inputs = load();
    inputs.iter().for_each(|input| input.leave(&house));
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, "plain");
}
