//! A server with buckets that fails now and then (reliability §7, F12): it is asked again, not too often, and nothing partial is seen.

use super::Server;
use super::gate::Gate;
use crate::checker::{Input, check};
use crate::counts::F12;
use crate::house::{House, How};
use crate::servers::Servers;
use crate::ways::profile;

/// Of so many requests one fails.
const EVERY: u32 = 5;

/// Fewer than a file needs of them.
const REQUESTS: u32 = 16;

/// Files that are left together: what fails is asked again after a pause, and no run may last a minute.
const TOGETHER: usize = 10;

/// Files go their way past a gate, which is left for what it has counted.
fn pass(files: u32, every: u32) -> Gate {
    let given = Servers::given();
    let url = given.s3.clone().expect("no X12_TEST_S3");
    let gate = Gate::before(&url, every);
    let house = House::beside(given, &profile());
    // What is read again is asked for again.
    let config = "[store]\nkept_bytes = 0\n[s3]\nendpoint";
    house.configure(&format!("{config} = \"{}\"", gate.endpoint));
    let inputs = Input::claims(1, files);
    for together in inputs.chunks(TOGETHER) {
        together.iter().for_each(|input| input.leave(&house));
        assert!(house.run(&How::default()).success());
    }
    check(&house, &inputs, "the server with buckets failed");
    assert_eq!(Server::new(&url).uploads(&house.name()), 0);
    gate
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn a_server_that_fails_now_and_then_is_asked_again() {
    let wanted = F12.times();
    let files = wanted * EVERY / REQUESTS;
    let (well, failing) = (pass(files, 0), pass(files, EVERY));
    let faults = failing.faults();
    assert!(faults >= wanted, "{faults} faults");
    let (usual, all) = (well.requests(), failing.requests());
    assert!(all <= 3 * usual, "{all} requests in place of {usual}");
    say!(
        "{faults} faults of the server with buckets: nothing lost, nothing twice, {all} requests in place of {usual}"
    );
}
