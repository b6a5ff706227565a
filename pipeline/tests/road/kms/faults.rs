//! A house whose key service fails: what cannot be opened now waits, what must not be opened stays closed.

use std::time::{Duration, Instant};

use super::Service;
use super::gate::{Gate, Mode, WORDS};
use crate::checker::{Input, check};
use crate::house::{Arrival, House, How, PLAIN, stuck};
use crate::ways::profile;

/// What is said of each refusal.
const REFUSED: &str = "the key service did not do what it was asked";

/// A house whose keys are behind a gate, and which never gives up.
fn house(service: &Service, gate: &Gate, profile: &str) -> House {
    let house = House::new(profile);
    house.configure("[retry]\nattempts = 1000");
    service.use_by(&house, &gate.endpoint);
    house
}

/// Waits until so many arrivals ended so.
fn wait_for(house: &House, state: &str, count: usize) -> Vec<Arrival> {
    let begun = Instant::now();
    loop {
        let mut arrivals = house.arrivals();
        arrivals.retain(|arrival| arrival.state == state);
        if arrivals.len() >= count {
            return arrivals;
        }
        assert!(begun.elapsed() < stuck(), "{:#?}", house.arrivals());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Nothing of keys, nor the service's own words, stands in the logs.
fn logs_are_silent(house: &House, gate: &Gate) {
    let log = house.text_of_log();
    let keys = gate.keys();
    assert!(keys.len() > 10, "keys have passed");
    assert!(keys.iter().all(|key| !log.contains(key)), "a key is logged");
    assert!(!log.contains(WORDS), "its words are logged");
}

#[test]
#[ignore = "needs a key service and credentials for it: .ci/with-s3"]
fn while_the_service_is_away_everything_waits() {
    let service = Service::given();
    let gate = Gate::before(&service.endpoint);
    let house = house(&service, &gate, &profile());
    let inputs = Input::claims(1, 10);
    let (first, second) = inputs.split_at(5);
    first.iter().for_each(|input| input.leave(&house));
    let child = house.begin(&["run"], &How::default());
    // One arrival has been recorded: some of its jobs are under way.
    house.wait_for("taken in", 1);
    gate.set(Mode::Away);
    second.iter().for_each(|input| input.leave(&house));
    house.wait_for(REFUSED, 5);
    gate.set(Mode::Open);
    wait_for(&house, "delivered", inputs.len());
    child.stop();
    assert!(house.run(&How::default()).success());
    check(&house, &inputs, "the key service was away");
    logs_are_silent(&house, &gate);
    // Who cannot ask it does not begin.
    gate.set(Mode::Away);
    assert_eq!(house.run(&How::default()).code(), Some(2));
}

#[test]
#[ignore = "needs a key service and credentials for it: .ci/with-s3"]
fn what_a_disabled_or_destroyed_key_wrapped_stays_closed() {
    let service = Service::given();
    for code in [
        "DisabledException",
        "KMSInvalidStateException",
        "NotFoundException",
    ] {
        let gate = Gate::before(&service.endpoint);
        let house = house(&service, &gate, PLAIN);
        let child = house.begin(&["run"], &How::default());
        house.wait_for("running", 1);
        gate.set(Mode::Refusing(code));
        Input::claims(1, 1)[0].leave(&house);
        let dead = wait_for(&house, "dead", 1);
        assert_eq!(dead[0].reason, "key-missing", "{code}");
        child.stop();
        assert!(house.print(&["dead-letters"]).contains("key-missing"));
        assert_eq!(house.sent(), []);
        assert_eq!(house.texts("backend/received/acme"), [""; 0]);
        // The key of digests does not open either: nothing begins.
        assert_eq!(house.run(&How::default()).code(), Some(1), "{code}");
        gate.set(Mode::Open);
        house.print(&["replay", &dead[0].id]);
        assert!(house.run(&How::default()).success());
        wait_for(&house, "delivered", 1);
        assert_eq!(house.texts("backend/received/acme").len(), 1, "{code}");
        logs_are_silent(&house, &gate);
    }
}
