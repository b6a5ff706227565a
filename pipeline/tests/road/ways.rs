//! What goes which way when nothing fails.

use crate::checker::{Fate, Input, check};
use crate::house::{House, How, PLAIN, sample};

/// The JSON of a sample.
pub fn json(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../samples/");
    std::fs::read(format!("{folder}{name}")).expect("it is a sample")
}

/// What every test of faults leaves in a house: each way on which a file can go, and each end.
pub fn load() -> Vec<Input> {
    vec![
        Input::received("claims.edi", "005010X222A1/one-claim.edi", 101, 1),
        Input::received(
            "one-of-two.edi",
            "005010X222A1/broken/faults-in-one-of-two-sets.edi",
            102,
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
            fate: Fate::Answer { isa13: 104 },
        },
        Input {
            file: "stranger.edi".to_owned(),
            bytes: sample("005010X222A1/one-claim.edi", 105),
            fate: Fate::Quarantined("sender-not-bound"),
        }
        .with("MADEUPSENDER", "STRANGER    "),
    ]
}

/// The profile under which the checker can tell all answers apart.
pub fn profile() -> String {
    format!("{PLAIN}\n[acknowledge]\nta1 = \"always\"\n")
}

#[test]
fn every_way_ends_where_it_must() {
    let house = House::new(&profile());
    let inputs = load();
    inputs.iter().for_each(|input| input.leave(&house));
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, "without a fault");
}
