//! OpenPGP both ways with the real `gpg`, and what is refused (S1 to S3 of the security checks).

mod both_ways;
mod bounds;
mod craft;
#[path = "../doors/mod.rs"]
mod doors;
mod frames;
mod gpg;
mod key_files;
mod large;
mod refused;

use std::io::Read;
use std::time::{Duration, SystemTime};

use x12_pipeline::failure::{Failure, Result};
use x12_pipeline::openpgp::{
    Certificates, Decryption, Encryption, Opened, Options, SecretKeys, decrypt, encrypt, generate,
};

use gpg::Gpg;

/// What no error and no `Debug` may show: it stands in every document and every user id.
const CANARY: &str = "CANARY";

/// The partner, where there is one only.
const PARTNER: &str = "clearinghouse";

/// The time of all tests: 2026-01-15, noon.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(gpg::NOW)
}

/// So many days.
fn days(count: u64) -> Duration {
    Duration::from_secs(count * 24 * 60 * 60)
}

/// A document of so many bytes.
fn document(bytes: usize) -> Vec<u8> {
    let mut document = format!("ISA*00*{CANARY}*").into_bytes();
    document.extend(doors::plain(bytes));
    document.truncate(bytes);
    document
}

/// Us with our keys, and a partner who uses `gpg` and knows our certificate.
struct World {
    gpg: Gpg,
    /// The fingerprint of the partner's key.
    theirs: String,
    ours: SecretKeys,
    partners: Certificates,
}

impl World {
    fn new() -> Self {
        Self::with("ed25519/cert,sign+cv25519/encr")
    }

    /// The partner's key is of this kind.
    fn with(algorithm: &str) -> Self {
        let gpg = Gpg::new();
        let theirs = gpg.generate(&format!("{CANARY} partner"), algorithm, "never");
        let ours = own();
        gpg.import(&ours.certificates()[0].armored().expect("it is written"));
        let mut partners = Certificates::default();
        let added = partners.add(PARTNER, &gpg.export(&theirs));
        assert_eq!(added, Ok(1));
        Self {
            gpg,
            theirs,
            ours,
            partners,
        }
    }

    /// Our fingerprint, as `gpg` takes recipients.
    fn us(&self) -> String {
        self.ours.describe(now())[0].fingerprint.clone()
    }

    /// What the partner sends: `gpg` with these arguments, encrypted to us.
    fn received(&self, arguments: &[&str], document: &[u8]) -> Vec<u8> {
        let (us, theirs) = (self.us(), &*self.theirs);
        let to_us = ["--recipient", &us, "--local-user", theirs, "--encrypt"];
        self.gpg.run(&[arguments, &to_us].concat(), document)
    }

    /// Opens a message of the partner's.
    fn open(&self, message: impl Read + Send) -> (Result<Opened>, Vec<u8>) {
        self.open_at(message, now())
    }

    /// Opens a message of the partner's at another time.
    fn open_at(&self, message: impl Read + Send, now: SystemTime) -> (Result<Opened>, Vec<u8>) {
        let with = Decryption {
            now,
            ..self.decryption()
        };
        let mut plain = Vec::new();
        (checked(decrypt(message, &with, &mut plain)), plain)
    }

    /// What messages are decrypted with, if nothing else is said.
    fn decryption(&self) -> Decryption<'_> {
        Decryption {
            ours: &self.ours,
            from: self.partners.of(PARTNER),
            now: now(),
            options: Options::default(),
        }
    }

    /// What we send.
    fn sent(&self, armored: bool, document: &[u8]) -> Vec<u8> {
        let with = Encryption {
            ours: &self.ours,
            to: self.partners.of(PARTNER),
            armored,
            now: now(),
        };
        let mut message = Vec::new();
        checked(encrypt(document, &with, &mut message)).expect("it can be encrypted");
        message
    }
}

/// A new key of ours.
fn own() -> SecretKeys {
    let user_id = format!("{CANARY} us");
    let made = generate(&user_id, None, now() - days(1));
    made.expect("a key can be made").keys
}

/// The result, shown nowhere with a value in it.
fn checked<T: std::fmt::Debug>(result: Result<T>) -> Result<T> {
    assert!(!format!("{result:?}").contains(CANARY));
    if let Err(failure) = &result {
        assert!(!failure.to_string().contains(CANARY));
    }
    result
}

/// The code of a refusal.
fn code<T>(result: &Result<T>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(failure @ Failure::Quarantine(_)) => failure.reason().code,
        Err(_) => "not a refusal",
    }
}
