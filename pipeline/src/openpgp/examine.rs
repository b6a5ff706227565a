//! Examines a message while sequoia reads it: its structure packet by packet, its session key, at last its signatures.

use std::time::SystemTime;

use sequoia_openpgp::anyhow;
use sequoia_openpgp::cert::Cert;
use sequoia_openpgp::cert::amalgamation::ValidAmalgamation;
use sequoia_openpgp::crypto::{KeyPair, SessionKey};
use sequoia_openpgp::packet::{PKESK, Packet, SKESK, Tag};
use sequoia_openpgp::parse::PacketParser;
use sequoia_openpgp::parse::stream::{
    DecryptionHelper, GoodChecksum, MessageLayer, MessageStructure, VerificationError,
    VerificationHelper, VerificationResult,
};
use sequoia_openpgp::policy::Policy;
use sequoia_openpgp::types::{RevocationStatus, SymmetricAlgorithm};
use sequoia_openpgp::{Error, KeyHandle};

use super::decrypt::Decryption;
use super::keys::is_revoked;
use super::refusal;
use crate::failure::Failure;
use crate::limits::{PGP_RECIPIENTS, PGP_SIGNATURES};

/// Who signed a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signer {
    /// The fingerprint of the partner's certificate, in hexadecimal.
    pub fingerprint: String,
    /// The fingerprint of the key in it that signed.
    pub key: String,
    /// When, as the signer says.
    pub signed: SystemTime,
}

/// What has been seen of a message.
#[derive(Default)]
pub(super) struct Seen {
    stage: Stage,
    recipients: usize,
    announced: usize,
    signatures: usize,
    /// Why the message is refused, if the examiner refused it.
    pub(super) refused: Option<Failure>,
    /// No session key opened it: our keys, or a changed or cut message.
    pub(super) unopened: Option<Failure>,
    /// All signatures were examined and are good.
    pub(super) passed: bool,
    pub(super) signer: Option<Signer>,
}

/// How deep in a message the reader is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Stage {
    /// Among the session keys.
    #[default]
    Keys,
    /// In the encrypted data.
    Encrypted,
    /// In the compressed data in it.
    Compressed,
    /// At a signature, or its announcement.
    Signed,
    /// In the document, or behind it.
    Literal,
    /// Behind the modification detection code, which was good.
    Detected,
}

impl Seen {
    /// Something was encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.stage != Stage::Keys
    }

    /// There are session keys, and nothing that they open.
    pub(super) fn is_headless(&self) -> bool {
        self.stage == Stage::Keys && self.recipients > 0
    }

    /// A signature was announced and is missing.
    pub(super) fn lacks_signature(&self) -> bool {
        self.announced > self.signatures
    }

    /// All of the message was read, and its modification detection code was good.
    pub(super) fn is_detected(&self) -> bool {
        self.stage == Stage::Detected
    }

    /// Takes the next packet where the structure allows it: session keys, encrypted data, in it maybe compressed data, in it
    /// signatures around one document.
    fn take(&mut self, packet: &Packet, tag: Tag) -> Result<(), Failure> {
        use Stage::{Compressed, Detected, Encrypted, Keys, Literal, Signed};
        self.stage = match (self.stage, tag) {
            // Markers say nothing, and are counted so that they end.
            (Keys, Tag::PKESK | Tag::SKESK | Tag::Marker) => {
                self.recipients += 1;
                Keys
            }
            (Keys, Tag::SEIP) if matches!(packet, Packet::SEIP(_)) => Encrypted,
            (Keys, Tag::SED) => return Err(refusal::WEAK),
            (Keys, Tag::SEIP | Tag::AED | Tag::Padding | Tag::Unknown(_)) => {
                return Err(refusal::MALFORMED);
            }
            (Keys, _) => return Err(refusal::NOT_ENCRYPTED),
            (Encrypted, Tag::CompressedData) => Compressed,
            (_, Tag::CompressedData) => return Err(refusal::BOMB),
            (Encrypted | Compressed | Signed, Tag::OnePassSig) => {
                self.announced += 1;
                Signed
            }
            (Encrypted | Compressed | Signed, Tag::Signature) => {
                self.signatures += 1;
                self.announced += 1;
                Signed
            }
            (Encrypted | Compressed | Signed, Tag::Literal) => Literal,
            (Literal, Tag::Signature) => {
                self.signatures += 1;
                Literal
            }
            (Literal, Tag::MDC) => Detected,
            _ => return Err(refusal::MALFORMED),
        };
        let many = self.recipients > PGP_RECIPIENTS || self.announced > PGP_SIGNATURES;
        if many || self.signatures > PGP_SIGNATURES {
            Err(refusal::MALFORMED)
        } else {
            Ok(())
        }
    }
}

/// Examines one message.
pub(super) struct Examiner<'a> {
    pub(super) with: &'a Decryption<'a>,
    pub(super) policy: &'a dyn Policy,
    pub(super) seen: &'a mut Seen,
}

impl VerificationHelper for Examiner<'_> {
    fn inspect(&mut self, pp: &PacketParser<'_>) -> sequoia_openpgp::Result<()> {
        let taken = self.seen.take(&pp.packet, pp.packet.tag());
        taken.map_err(|failure| self.refuse(failure))
    }

    fn get_certs(&mut self, _: &[KeyHandle]) -> sequoia_openpgp::Result<Vec<Cert>> {
        Ok(self
            .with
            .from
            .iter()
            .map(|certificate| certificate.0.clone())
            .collect())
    }

    fn check(&mut self, structure: MessageStructure<'_>) -> sequoia_openpgp::Result<()> {
        let layers: Vec<_> = structure.iter().collect();
        let group = match layers.as_slice() {
            [MessageLayer::Encryption { .. }, rest @ ..] => match rest {
                [MessageLayer::Compression { .. }, rest @ ..] => rest,
                rest => rest,
            },
            _ => return Err(self.refuse(refusal::NOT_ENCRYPTED)),
        };
        let results = match group {
            [] => &[][..],
            [MessageLayer::SignatureGroup { results }] => results,
            _ => return Err(self.refuse(refusal::MALFORMED)),
        };
        match self.signer(results) {
            Ok(signer) => {
                self.seen.signer = signer;
                self.seen.passed = true;
                Ok(())
            }
            Err(failure) => Err(self.refuse(failure)),
        }
    }
}

impl DecryptionHelper for Examiner<'_> {
    fn decrypt(
        &mut self,
        keys: &[PKESK],
        _: &[SKESK],
        algorithm: Option<SymmetricAlgorithm>,
        decrypt: &mut dyn FnMut(Option<SymmetricAlgorithm>, &SessionKey) -> bool,
    ) -> sequoia_openpgp::Result<Option<Cert>> {
        self.seen.unopened = Some(refusal::NOT_FOR_US);
        for session in keys {
            for cert in &self.with.ours.0 {
                if self.open(session, cert, &mut |key| {
                    let opened = session.decrypt(key, algorithm);
                    opened.is_some_and(|(algorithm, key)| decrypt(algorithm, &key))
                }) {
                    self.seen.unopened = None;
                    return Ok(Some(cert.clone()));
                }
            }
        }
        Err(Error::MissingSessionKey(String::new()).into())
    }
}

impl Examiner<'_> {
    /// Tries the keys of a certificate of ours on a session key; also those that have expired or were replaced: a partner may learn
    /// late.
    fn open(
        &mut self,
        session: &PKESK,
        cert: &Cert,
        decrypt: &mut dyn FnMut(&mut KeyPair) -> bool,
    ) -> bool {
        let Ok(valid) = cert.with_policy(self.policy, self.with.now) else {
            return false;
        };
        let ours = valid.keys().secret();
        let ours = ours.for_transport_encryption().for_storage_encryption();
        // Without a recipient in it, it may be for any key.
        let hidden = session.recipient().is_none();
        let is_for = |key: KeyHandle| session.recipient().is_none_or(|id| id.aliases(&key));
        for key in ours.filter(|key| is_for(key.key().key_handle())) {
            if !hidden {
                self.seen.unopened = Some(refusal::TAMPERED);
            }
            let pair = key.key().clone().into_keypair();
            if pair.is_ok_and(|mut pair| decrypt(&mut pair)) {
                return true;
            }
        }
        false
    }

    /// Every signature must be good, and by a key of the partner's that is good now.
    fn signer(&self, results: &[VerificationResult<'_>]) -> Result<Option<Signer>, Failure> {
        let mut first = None;
        for result in results {
            let signer = self.good(result.as_ref().map_err(refused)?)?;
            first.get_or_insert(signer);
        }
        if self.seen.lacks_signature() {
            return Err(refusal::SIGNATURE_BAD);
        }
        match first {
            None if self.with.options.require_signature => Err(refusal::UNSIGNED),
            first => Ok(first),
        }
    }

    /// sequoia asks whether the key was good when it signed, as the signer says; this asks whether it still is.
    fn good(&self, good: &GoodChecksum<'_>) -> Result<Signer, Failure> {
        let signed = good.ka.time();
        let at = self.with.now.max(signed);
        let cert = good
            .ka
            .cert()
            .with_policy(self.policy, at)
            .map_err(|error| lapsed(&error))?;
        if is_revoked(&cert) {
            return Err(refusal::SIGNER_REVOKED);
        }
        let fingerprint = good.ka.key().fingerprint();
        let mut keys = cert.keys();
        let key = keys.find(|key| key.key().fingerprint() == fingerprint);
        let key = key.ok_or(refusal::SIGNER_EXPIRED)?;
        if matches!(key.revocation_status(), RevocationStatus::Revoked(_)) {
            return Err(refusal::SIGNER_REVOKED);
        }
        if cert.alive().is_err() || key.alive().is_err() {
            return Err(refusal::SIGNER_EXPIRED);
        }
        if !key.for_signing() {
            return Err(refusal::SIGNATURE_BAD);
        }
        Ok(Signer {
            fingerprint: good.ka.cert().fingerprint().to_hex(),
            key: fingerprint.to_hex(),
            signed,
        })
    }

    /// Keeps the refusal: sequoia wraps errors so that they cannot be recognised later.
    fn refuse(&mut self, failure: Failure) -> anyhow::Error {
        self.seen.refused = Some(failure);
        failure.into()
    }
}

/// What a signature that sequoia did not find good means.
fn refused(error: &VerificationError<'_>) -> Failure {
    match error {
        VerificationError::MissingKey { .. } => refusal::SIGNER_UNKNOWN,
        VerificationError::UnboundKey { error, .. } => lapsed(error),
        VerificationError::BadKey { ka, error, .. } => {
            let revoked = matches!(ka.revocation_status(), RevocationStatus::Revoked(_));
            match is_revoked(ka.valid_cert()) || revoked {
                true => refusal::SIGNER_REVOKED,
                false => lapsed(error),
            }
        }
        VerificationError::BadSignature { error, .. } => match error.downcast_ref() {
            Some(Error::PolicyViolation(..)) => refusal::WEAK,
            Some(Error::NotYetLive(_)) => refusal::SIGNATURE_EARLY,
            _ => refusal::SIGNATURE_BAD,
        },
        _ => refusal::SIGNATURE_BAD,
    }
}

/// Why a key is not good at some time.
fn lapsed(error: &anyhow::Error) -> Failure {
    match error.downcast_ref() {
        Some(Error::PolicyViolation(..)) => refusal::WEAK,
        Some(Error::Expired(_) | Error::NotYetLive(_) | Error::NoBindingSignature(_)) => {
            refusal::SIGNER_EXPIRED
        }
        _ => refusal::SIGNATURE_BAD,
    }
}
