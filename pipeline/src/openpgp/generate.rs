//! New keys of ours, of a kind that GnuPG 2.2 reads.

use std::time::{Duration, SystemTime};

use sequoia_openpgp::armor;
use sequoia_openpgp::cert::{CertBuilder, CipherSuite};
use sequoia_openpgp::packet::Packet;
use sequoia_openpgp::serialize::Serialize;
use sequoia_openpgp::types::Features;

use super::keys::SecretKeys;
use super::refusal;
use crate::failure::Result;

/// A new key, and what ends it.
pub struct Generated {
    /// The key, not saved yet.
    pub keys: SecretKeys,
    /// Its revocation in armor, to be kept apart: given to partners, it ends the key even if the key is lost.
    pub revocation: Vec<u8>,
}

/// Makes a key (Ed25519 signs, X25519 encrypts) that is good from `now` on, for as long as `valid` says.
///
/// It announces what GnuPG 2.2 can do, that is encryption with a modification detection code (SEIPD version 1).
///
/// # Errors
/// `pgp-generate` if no key can be made: the user id is not text, or the time is outside what OpenPGP can say.
pub fn generate(user_id: &str, valid: Option<Duration>, now: SystemTime) -> Result<Generated> {
    let builder = CertBuilder::general_purpose(Some(user_id))
        .set_cipher_suite(CipherSuite::Cv25519)
        .set_creation_time(now)
        .set_validity_period(valid)
        .set_features(Features::empty().set_seipdv1());
    let (cert, revocation) = builder
        .and_then(CertBuilder::generate)
        .map_err(|_| refusal::NOT_GENERATED)?;
    let mut armor = armor::Writer::new(Vec::new(), armor::Kind::PublicKey)
        .map_err(|_| refusal::NOT_GENERATED)?;
    let written = Packet::from(revocation).serialize(&mut armor);
    let revocation = written
        .and_then(|()| Ok(armor.finalize()?))
        .map_err(|_| refusal::NOT_GENERATED)?;
    let keys = SecretKeys(vec![cert]);
    Ok(Generated { keys, revocation })
}
