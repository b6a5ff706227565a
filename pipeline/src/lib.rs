//! The road of a file between trading partners.
//!
//! A file comes in through a folder (later also SFTP, S3 or a queue), is stored sealed, decrypted, translated, checked, acknowledged,
//! and what is good is delivered. Each hop is a job: its stage gives back what it made and what is to follow, one transaction of the
//! ledger records both, and only then the queue is told. So a job may be lost or done twice at any moment, and nothing else is.

mod cipher;
pub mod failure;
pub mod keys;
pub mod limits;
pub mod object;
pub mod openpgp;
pub mod seal;
pub mod store;
