//! Partners with SFTP servers: a real OpenSSH server of our own, with folders of our own.

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
mod server;
