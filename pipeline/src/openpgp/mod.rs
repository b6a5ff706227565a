//! OpenPGP on and off: what partners send is decrypted and its signature verified; what goes to them is signed and encrypted.
//!
//! The only place that names `sequoia_openpgp`. Nothing of a message may be used before [`decrypt`] returned `Ok`: OpenPGP shows
//! tampering only at the end. The clock is an argument everywhere.

mod decrypt;
mod encrypt;
mod examine;
mod frame;
mod generate;
mod keys;
mod refusal;
mod sniff;
mod source;

pub use decrypt::{Bounds, Decryption, Opened, Options, decrypt};
pub use encrypt::{Encryption, encrypt};
pub use examine::Signer;
pub use frame::Frame;
pub use generate::{Generated, generate};
pub use keys::{Certificate, Certificates, Description, Passphrase, SecretKeys};
pub(crate) use sniff::{ARMOR, text};
pub use sniff::{Kind, sniff};
