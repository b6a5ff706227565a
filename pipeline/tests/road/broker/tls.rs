//! The broker over TLS: only if somebody whom we trust vouches for it.

use super::Broker;
use crate::checker::{Input, check};
use crate::house::{How, ends};

#[test]
fn only_a_broker_that_is_vouched_for_is_spoken_to() {
    let broker = Broker::take();
    let (url, authority) = broker.with_tls();
    let house = broker.house();
    house.write_secret("keys/broker.url", &url);
    let input = Input::received("claim.edi", "005010X222A1/one-claim.edi", 1, 1);
    input.leave(&house);
    // Nobody vouches for it yet.
    let mut child = house.begin(&["run"], &How::default());
    house.wait_for("the broker did not do what it was asked", 2);
    child.kill().expect("it is our child");
    ends(child);
    assert!(!house.text_of_log().contains("consuming from the broker"));
    house.write("keys/authority.pem", authority.as_bytes());
    let config = house.text("config.toml");
    let config = config.replace(
        "[queue]\n",
        "[queue]\nauthorities_file = \"keys/authority.pem\"\n",
    );
    house.write("config.toml", config.as_bytes());
    assert!(house.run(&How::default()).success());
    check(&house, &[input], "over TLS");
}
