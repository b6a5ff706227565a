//! The trading partner's side of OpenPGP: its key, and what it sends and finds. That `gpg` understands us too, `tests/openpgp` shows.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::SystemTime;

use x12_pipeline::openpgp::{
    Certificates, Decryption, Encryption, Options, SecretKeys, decrypt, encrypt, generate,
};

use crate::house::House;

/// The keys of both sides, the same in all houses: making them takes longer than most tests.
pub static PARTNER: LazyLock<Partner> = LazyLock::new(Partner::new);

/// A partner who encrypts and signs.
pub struct Partner {
    keys: SecretKeys,
    ours: SecretKeys,
    certificates: Certificates,
}

impl Partner {
    fn new() -> Self {
        let generate = |name| {
            let made = generate(name, None, SystemTime::now()).expect("keys can be made");
            made.keys
        };
        let (keys, ours) = (generate("Made-up partner"), generate("X12 pipeline"));
        let mut certificates = Certificates::default();
        for (name, keys) in [("partner", &keys), ("house", &ours)] {
            for certificate in keys.certificates() {
                let armored = certificate.armored().expect("it can be written");
                certificates.add(name, &armored).expect("it can be read");
            }
        }
        Self {
            keys,
            ours,
            certificates,
        }
    }

    /// Puts our key, and the partner's certificate, into a house.
    pub fn settle(&self, home: &Path) {
        fs::create_dir_all(home.join("keys")).expect("the home folder can be written");
        let saved = self.ours.save(&home.join("keys/own.secret.asc"), None);
        saved.expect("the home folder can be written");
        let certificate = self.certificates.of("partner")[0].armored();
        let certificate = certificate.expect("it can be written");
        fs::write(home.join("keys/acme.asc"), certificate).expect("the home folder can be written");
    }

    /// What the partner sends: every other message is armored.
    pub fn seal(&self, document: &[u8]) -> Vec<u8> {
        self.seal_as(document, document.len().is_multiple_of(2))
    }

    /// The same, never armored.
    pub fn seal_binary(&self, document: &[u8]) -> Vec<u8> {
        self.seal_as(document, false)
    }

    fn seal_as(&self, document: &[u8], armored: bool) -> Vec<u8> {
        let with = Encryption {
            ours: &self.keys,
            to: self.certificates.of("house"),
            armored,
            now: SystemTime::now(),
        };
        let mut message = Vec::new();
        encrypt(document, &with, &mut message).expect("it can be encrypted");
        message
    }

    /// What the partner reads: it must be signed by us.
    pub fn open(&self, message: &[u8]) -> Vec<u8> {
        let with = Decryption {
            ours: &self.keys,
            from: self.certificates.of("house"),
            now: SystemTime::now(),
            options: Options::default(),
        };
        let mut document = Vec::new();
        let opened = decrypt(message, &with, &mut document).expect("the partner can read it");
        assert!(opened.signer.is_some(), "it is not signed");
        document
    }
}

/// A house whose partner encrypts and signs, and expects the same.
pub fn encrypted(more: &str) -> House {
    let profile = crate::house::PLAIN.replace("plain = true", "certificates = [\"keys/acme.asc\"]");
    let house = House::new("");
    PARTNER.settle(&house.home);
    house.partner("acme", &format!("{profile}\n{more}"));
    house
}
