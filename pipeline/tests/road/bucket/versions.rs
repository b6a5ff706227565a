//! Buckets that keep versions: each is a file of its own, that which has the key is the one that is there.

use super::Server;
use crate::house::{House, How, ends, sample};
use crate::ways::profile;

/// The key of what is left.
pub const KEY: &str = "in/claims.edi";

/// A house whose partner has a bucket of its own.
fn house() -> (House, Server) {
    let house = House::new(&profile());
    let server = Server::with_own_bucket(house.servers.s3.as_deref().expect("no X12_TEST_S3"));
    house.receive_from(&server.bucket, "");
    (house, server)
}

/// The same, which keeps versions.
fn keeping() -> (House, Server) {
    let (house, server) = house();
    server.keep_versions();
    (house, server)
}

pub fn claims(isa13: u32) -> Vec<u8> {
    sample("005010X222A1/one-claim.edi", isa13)
}

/// How often interchanges were accepted, and rejected as duplicates.
pub fn answered(house: &House) -> (usize, usize) {
    let answers = house.answers();
    let count = |what: &str| {
        let told = answers.iter().filter(|(_, answer)| answer.contains(what));
        told.count()
    };
    (count("*A*000~"), count("*R*025~"))
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn the_same_contents_as_a_new_version_are_a_new_transfer() {
    let (house, server) = keeping();
    for _ in 0..2 {
        server.put(KEY, &claims(1));
        assert!(house.run(&How::default()).success());
        assert_eq!(server.versions(), (vec![], 0), "nothing is left behind");
    }
    assert_eq!(house.arrivals().len(), 2);
    assert_eq!(answered(&house), (1, 1));
    assert_eq!(house.texts("backend/received/acme").len(), 1);
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn a_version_that_comes_while_another_is_recorded_stays_for_the_next_look() {
    let (house, server) = keeping();
    server.put(KEY, &claims(1));
    let how = How {
        failpoint: Some("intake-recorded 1 pause 1000".to_owned()),
        ..How::default()
    };
    let child = house.begin(&["run", "--until-idle"], &how);
    house.wait_for("taken in", 1);
    server.put(KEY, &claims(1));
    assert!(ends(child).success());
    assert_eq!(house.arrivals().len(), 2);
    assert_eq!(answered(&house), (1, 1));
    assert_eq!(server.versions(), (vec![], 0));
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn the_newer_version_is_read_first_and_what_it_lay_over_then() {
    let (house, server) = keeping();
    server.put(KEY, &claims(1));
    server.put(KEY, &claims(2));
    let how = How {
        failpoint: Some("intake-removed 1 kill".to_owned()),
        ..How::default()
    };
    assert!(!house.run(&how).success());
    let first = house.arrivals();
    assert_eq!(first.len(), 1);
    assert_eq!(server.objects(""), [(KEY.to_owned(), claims(1))]);
    assert!(house.run(&How::default()).success());
    assert_eq!(house.arrivals().len(), 2);
    assert_eq!(answered(&house), (2, 0));
    let trace = house.print(&["trace", &first[0].id]);
    assert!(trace.contains("000000002"), "{trace}");
    assert_eq!(server.versions(), (vec![], 0));
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn a_version_that_was_recorded_before_a_crash_is_one_arrival() {
    for moment in ["intake-sealed", "intake-recorded", "intake-removed"] {
        let (house, server) = keeping();
        server.put(KEY, &claims(1));
        let how = How {
            failpoint: Some(format!("{moment} 1 kill")),
            ..How::default()
        };
        assert!(!house.run(&how).success(), "{moment}");
        assert!(house.run(&How::default()).success());
        assert_eq!(house.arrivals().len(), 1, "{moment}");
        assert_eq!(answered(&house), (1, 0), "{moment}");
        assert_eq!(server.versions(), (vec![], 0), "{moment}");
    }
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn what_the_partner_took_back_is_not_taken() {
    let (house, server) = keeping();
    server.put(KEY, &claims(1));
    server.delete(KEY);
    assert!(house.run(&How::default()).success());
    assert_eq!(house.arrivals().len(), 0);
    assert_eq!(server.versions(), (vec![KEY.to_owned()], 1));
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn what_was_left_before_versions_were_kept_is_known_by_its_contents() {
    let (house, server) = house();
    for versions_are_kept in [false, true] {
        server.put(KEY, &claims(1));
        if versions_are_kept {
            server.keep_versions();
        }
        assert!(house.run(&How::default()).success());
        assert_eq!(house.arrivals().len(), 1);
        assert_eq!(server.objects(""), []);
    }
    server.put(KEY, &claims(1));
    assert!(house.run(&How::default()).success());
    assert_eq!(house.arrivals().len(), 2);
}
