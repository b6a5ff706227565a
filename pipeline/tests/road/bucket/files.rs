//! Files that come and go through buckets.

use super::{BUCKET, Server};
use crate::house::{House, How, sample};
use crate::ways::{ALWAYS, json, profile};

/// A house whose partner and backend have buckets, and where these begin.
fn house() -> (House, Server, String) {
    let house = House::new(&profile());
    let server = Server::new(house.servers.s3.as_deref().expect("no X12_TEST_S3"));
    let base = format!("files-{}", house.name());
    let at = |what: &str| format!("s3://{BUCKET}/{base}/{what}");
    let folders = format!("[folder]\nin = \"{}\"\nout = \"{}\"\n", at("in"), at("out"));
    let plain = profile().replace(ALWAYS, "");
    house.partner("acme", &format!("{plain}\n{ALWAYS}\n{folders}"));
    house.configure(&format!("[backend]\nfolder = \"{}\"", at("backend")));
    (house, server, base)
}

fn names(server: &Server, prefix: &str) -> Vec<String> {
    let objects = server.objects(prefix).into_iter();
    objects
        .map(|(key, _)| key[prefix.len()..].to_owned())
        .collect()
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn a_partner_and_the_backend_may_have_buckets() {
    let (house, server, base) = house();
    server.put(
        &format!("{base}/in/claims.edi"),
        &sample("005010X222A1/one-claim.edi", 1),
    );
    server.put(
        &format!("{base}/in/deeper/not-ours.edi"),
        &sample("005010X222A1/one-claim.edi", 2),
    );
    server.put(
        &format!("{base}/in/.hidden.edi"),
        &sample("005010X222A1/one-claim.edi", 3),
    );
    server.put(
        &format!("{base}/backend/submit/acme/payment.json"),
        &json("005010X221A1/one-payment.json"),
    );
    assert!(house.run(&How::default()).success());
    let left = names(&server, &format!("{base}/in/"));
    assert_eq!(left, [".hidden.edi", "deeper/not-ours.edi"]);
    let out = names(&server, &format!("{base}/out/"));
    let of = |kind: &str| out.iter().filter(|name| name.starts_with(kind)).count();
    assert_eq!(
        [of("acknowledgment-"), of("interchange-"), of("claims-")],
        [1, 1, 1],
        "{out:?}"
    );
    let received = server.objects(&format!("{base}/backend/received/acme/"));
    assert_eq!(received.len(), 1);
    assert!(received[0].1.starts_with(b"{"), "lines of JSON");
    assert_eq!(
        names(&server, &format!("{base}/backend/submit/acme/")),
        [""; 0]
    );
    let arrivals = house.arrivals();
    assert!(
        arrivals.iter().all(|arrival| arrival.state == "delivered"),
        "{arrivals:#?}"
    );
    assert_eq!(arrivals.len(), 2);
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn the_same_object_again_is_nothing_new() {
    let (house, server, base) = house();
    let claims = sample("005010X222A1/one-claim.edi", 1);
    for _ in 0..2 {
        server.put(&format!("{base}/in/claims.edi"), &claims);
        assert!(house.run(&How::default()).success());
    }
    assert_eq!(house.arrivals().len(), 1);
    assert_eq!(names(&server, &format!("{base}/in/")), [""; 0]);
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn an_object_that_is_not_whole_waits() {
    let (house, server, base) = house();
    let claims = sample("005010X222A1/one-claim.edi", 1);
    let key = format!("{base}/in/claims.edi");
    server.put(&key, &claims[..claims.len() / 2]);
    assert!(house.run(&How::default()).success());
    assert_eq!(house.arrivals().len(), 0);
    server.put(&key, &claims);
    assert!(house.run(&How::default()).success());
    assert_eq!(house.arrivals().len(), 1);
}
