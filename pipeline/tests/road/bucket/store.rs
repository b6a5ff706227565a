//! A bucket as the store: whole or not at all, as any other store.

use std::io::Read;
use std::time::Duration;

use x12_pipeline::object::{JobId, ObjectId, Step};
use x12_pipeline::profile::{Bucket, S3Settings};
use x12_pipeline::s3::{BucketStore, S3};
use x12_pipeline::store::Store;

use super::{BUCKET, Server};
use crate::servers::Servers;

/// The server says that each upload was begun in 2010.
const HUNDRED_YEARS: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// A store under a prefix of its own, and the prefix.
fn store(name: &str) -> (BucketStore, Server, String) {
    let endpoint = Servers::given().s3.expect("no X12_TEST_S3");
    let prefix = format!("{name}-{}/", JobId::new());
    let settings = S3Settings {
        endpoint: Some(endpoint.clone()),
        path_style: true,
        ..S3Settings::default()
    };
    // It lives as long as the process: the store waits on it.
    let runtime = Box::leak(Box::new(
        tokio::runtime::Runtime::new().expect("there are threads"),
    ));
    let s3 = runtime
        .block_on(S3::new(&settings))
        .expect("it may be reached");
    (
        BucketStore::new(s3, bucket(&prefix)),
        Server::new(&endpoint),
        prefix,
    )
}

fn bucket(prefix: &str) -> Bucket {
    Bucket {
        name: BUCKET.to_owned(),
        prefix: prefix.to_owned(),
    }
}

fn object(step: Step) -> ObjectId {
    ObjectId {
        job: JobId::new(),
        step,
        ordinal: 0,
    }
}

fn write(store: &BucketStore, id: &ObjectId, bytes: &[u8]) {
    let mut draft = store.draft(id).expect("the store works");
    draft.write_all(bytes).expect("the store works");
    draft.publish().expect("the store works");
}

fn read(store: &BucketStore, id: &ObjectId) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut object = store.open(id).expect("it is there");
    object.read_to_end(&mut bytes).expect("it comes whole");
    bytes
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn what_was_written_is_read_at_any_size() {
    let (store, _, _) = store("sizes");
    let megabytes = 1 << 20;
    for size in [
        0,
        1,
        70_000,
        8 * megabytes,
        8 * megabytes + 1,
        20 * megabytes,
    ] {
        let bytes: Vec<u8> = (0..size).map(|at| (at * 7 % 251) as u8).collect();
        let id = object(Step::Translate);
        assert!(!store.exists(&id).expect("the store works"));
        write(&store, &id, &bytes);
        assert!(store.exists(&id).expect("the store works"));
        assert_eq!(read(&store, &id), bytes, "{size} bytes");
        store.remove(&id).expect("the store works");
        store.remove(&id).expect("removing nothing is nothing");
        assert!(!store.exists(&id).expect("the store works"));
        let gone = store.open(&id).err().expect("it is gone");
        assert_eq!(gone.reason().code, "object-missing");
    }
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn nothing_is_seen_before_it_is_whole() {
    let (store, server, prefix) = store("drafts");
    for size in [1000, 20 << 20] {
        let id = object(Step::Route);
        let mut draft = store.draft(&id).expect("the store works");
        draft.write_all(&vec![7; size]).expect("the store works");
        assert!(!store.exists(&id).expect("the store works"), "{size} bytes");
        drop(draft);
        assert_eq!(server.objects(&prefix).len(), 0, "{size} bytes");
        assert_eq!(server.uploads(&prefix), 0, "{size} bytes");
    }
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn what_crashes_leave_is_swept() {
    let (store, server, prefix) = store("swept");
    let mut draft = store.draft(&object(Step::Route)).expect("the store works");
    draft.write_all(&vec![7; 9 << 20]).expect("the store works");
    // As if the process had died.
    std::mem::forget(draft);
    assert_eq!(server.uploads(&prefix), 1);
    assert_eq!(store.sweep(HUNDRED_YEARS).expect("the store works"), 0);
    assert_eq!(store.sweep(Duration::ZERO).expect("the store works"), 1);
    assert_eq!(server.uploads(&prefix), 0);
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn what_came_in_is_written_once_and_what_is_made_of_it_anew() {
    let (store, _, _) = store("once");
    for size in [1000, 9 << 20] {
        for (step, stands) in [(Step::Intake, 1), (Step::Translate, 2)] {
            let id = object(step);
            write(&store, &id, &vec![1; size]);
            write(&store, &id, &vec![2; size]);
            assert!(
                read(&store, &id).iter().all(|&byte| byte == stands),
                "{} {size}",
                step.name()
            );
        }
    }
}

#[test]
#[ignore = "needs a server with buckets and credentials for it: .ci/with-s3"]
fn a_server_that_is_not_there_is_asked_again_later() {
    let settings = S3Settings {
        // Nobody listens there.
        endpoint: Some("http://127.0.0.1:1".to_owned()),
        path_style: true,
        ..S3Settings::default()
    };
    let runtime = tokio::runtime::Runtime::new().expect("there are threads");
    let s3 = runtime
        .block_on(S3::new(&settings))
        .expect("it may be reached");
    let store = BucketStore::new(s3, bucket(""));
    let failure = store
        .exists(&object(Step::Route))
        .expect_err("nobody is there");
    assert!(
        matches!(failure, x12_pipeline::failure::Failure::Transient(_)),
        "{failure}"
    );
}
