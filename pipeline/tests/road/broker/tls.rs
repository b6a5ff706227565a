//! The broker over TLS: only if somebody whom we trust vouches for it.

use super::Broker;
use crate::checker::{Input, check};
use crate::house::How;

#[test]
fn only_a_broker_that_is_vouched_for_is_spoken_to() {
    let broker = Broker::take();
    let (url, authority) = broker.with_tls();
    let house = broker.house();
    house.write_secret("keys/broker.url", &url);
    let input = Input::received("claim.edi", "005010X222A1/one-claim.edi", 1, 1);
    input.leave(&house);
    // Nobody vouches for it yet.
    let child = house.begin(&["run"], &How::default());
    house.wait_for("the broker did not do what it was asked", 2);
    child.stop();
    assert!(!house.text_of_log().contains("consuming from the broker"));
    house.write("keys/authority.pem", authority.as_bytes());
    house.configure("[queue]\nauthorities_file = \"keys/authority.pem\"");
    assert!(house.run(&How::default()).success());
    check(&house, &[input], "over TLS");
}
