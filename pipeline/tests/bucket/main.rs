//! Buckets as store and as ways: `.ci/with-s3 cargo test -p x12-pipeline --test bucket -- --ignored`.

#[allow(dead_code)]
#[path = "../road/bucket.rs"]
mod bucket;
#[allow(dead_code)]
#[path = "../road/checker.rs"]
mod checker;
#[allow(dead_code)]
#[path = "../road/house.rs"]
mod house;
#[allow(dead_code)]
#[path = "../road/partner.rs"]
mod partner;
#[allow(dead_code)]
#[path = "../road/ways.rs"]
mod ways;

mod files;
mod store;
