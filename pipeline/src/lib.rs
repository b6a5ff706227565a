//! The road of a file between trading partners.
//!
//! A file comes in through a folder, a bucket, an SFTP server or a queue, is stored sealed, decrypted, translated, checked, acknowledged,
//! and what is good is delivered. Each hop is a job: its stage gives back what it made and what is to follow, one transaction of the
//! ledger records both, and only then the queue is told. So a job may be lost or done twice at any moment, and nothing else is.

mod cipher;
pub mod clock;
pub mod failpoint;
pub mod failure;
mod host;
pub mod limits;
pub mod object;
mod secret_file;

pub mod job;
pub mod queue;
pub mod scaling;

pub mod ledger;
pub mod measures;
pub mod protection;

pub mod database;
pub mod keys;
pub mod openpgp;
pub mod profile;
pub mod rabbitmq;
pub mod seal;
pub mod store;
pub mod transport;

mod aws;
pub mod kms;
pub mod s3;
pub mod sftp;
pub mod sqs;

pub mod doors;
mod drawn;
mod noted;
mod paper;

mod envelope;
mod further;
mod verdict;
mod whole;

mod acknowledge;
mod decrypt;
mod deliver;
mod divide;
mod intake;
pub mod relay;
mod respond;
mod route;
mod translate;
mod validate;
pub mod worker;

mod web;

pub mod embedded;
pub mod terminal;
