//! Messages that no honest software writes, made with sequoia.

use std::io::Write;
use std::sync::LazyLock;

use sequoia_openpgp::cert::{Cert, CertBuilder, CipherSuite};
use sequoia_openpgp::crypto::KeyPair;
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::stream::{Compressor, Encryptor, LiteralWriter, Message, Signer};
use sequoia_openpgp::serialize::{Serialize, SerializeInto};
use sequoia_openpgp::types::{CompressionAlgorithm, CompressionLevel, Features, HashAlgorithm};
use sequoia_openpgp::{Packet, PacketPile, packet::SEIP};
use x12_pipeline::openpgp::{Certificates, Decryption, Options, SecretKeys};

use super::{CANARY, PARTNER, days, now};

static POLICY: LazyLock<StandardPolicy<'static>> = LazyLock::new(|| StandardPolicy::at(now()));

/// Somebody with a key of sequoia's.
pub struct Party(pub Cert);

impl Party {
    pub fn new() -> Self {
        let builder = CertBuilder::general_purpose(Some(CANARY))
            .set_cipher_suite(CipherSuite::Cv25519)
            .set_creation_time(now() - days(100))
            .set_features(Features::empty().set_seipdv1())
            .expect("a key can have them");
        Self(builder.generate().expect("a key can be made").0)
    }

    fn signer(&self) -> KeyPair {
        let keys = self.0.keys().with_policy(&*POLICY, now()).secret();
        let key = keys.for_signing().next().expect("it signs");
        key.key().clone().into_keypair().expect("it is not locked")
    }
}

/// Us and a partner.
pub struct Pair {
    pub us: Party,
    pub partner: Party,
    ours: SecretKeys,
    partners: Certificates,
}

impl Pair {
    pub fn new() -> Self {
        let (us, partner) = (Party::new(), Party::new());
        let mut ours = SecretKeys::default();
        let secret = us.0.as_tsk().to_vec().expect("it is written");
        assert_eq!(ours.add(&secret, None), Ok(1));
        let mut partners = Certificates::default();
        let public = partner.0.to_vec().expect("it is written");
        assert_eq!(partners.add(PARTNER, &public), Ok(1));
        Self {
            us,
            partner,
            ours,
            partners,
        }
    }

    pub fn decryption(&self) -> Decryption<'_> {
        Decryption {
            ours: &self.ours,
            from: self.partners.of(PARTNER),
            now: now(),
            options: Options::default(),
        }
    }

    /// The code of what becomes of a message with these packets in it, and what was written.
    pub fn open(&self, inner: &[u8]) -> (&'static str, Vec<u8>) {
        self.open_message(&encrypted(&self.us, inner))
    }

    /// The code of what becomes of a message, and what was written.
    pub fn open_message(&self, message: &[u8]) -> (&'static str, Vec<u8>) {
        let mut plain = Vec::new();
        let result = x12_pipeline::openpgp::decrypt(message, &self.decryption(), &mut plain);
        (super::code(&super::checked(result)), plain)
    }
}

/// An encrypted message with these packets in it.
pub fn encrypted(to: &Party, inner: &[u8]) -> Vec<u8> {
    written(|out| {
        let mut message = encryptor(Message::new(out), to);
        message.write_all(inner).expect("memory can be written");
        message.finalize().expect("memory can be written");
    })
}

/// What encrypts packets.
pub fn encryptor<'a>(message: Message<'a>, to: &'a Party) -> Message<'a> {
    let keys = to.0.keys().with_policy(&*POLICY, now());
    let keys = keys.for_transport_encryption();
    let encryptor = Encryptor::for_recipients(message, keys);
    encryptor.build().expect("it can be encrypted")
}

/// How a document is signed.
#[derive(Clone, Copy)]
pub struct Signing<'a> {
    pub by: &'a [&'a Party],
    pub hash: HashAlgorithm,
    /// Only for this recipient.
    pub intended: Option<&'a Party>,
}

/// A signed document: announcement, document, signature.
pub fn signed(signing: Signing<'_>, document: &[u8]) -> Vec<u8> {
    written(|out| {
        let message = signer(Message::new(out), signing);
        let mut message = LiteralWriter::new(message).build().expect("it is open");
        message.write_all(document).expect("memory can be written");
        message.finalize().expect("memory can be written");
    })
}

/// What signs a document.
pub fn signer<'a>(message: Message<'a>, signing: Signing<'a>) -> Message<'a> {
    let (first, others) = signing.by.split_first().expect("somebody signs");
    let mut signer = Signer::new(message, first.signer())
        .expect("it signs")
        .creation_time(now())
        .hash_algo(signing.hash)
        .expect("it is known");
    for other in others {
        signer = signer.add_signer(other.signer()).expect("it signs");
    }
    if let Some(intended) = signing.intended {
        signer = signer.add_intended_recipient(&intended.0);
    }
    signer.build().expect("it signs")
}

/// Signed by one party, as usual.
pub fn by<'a>(parties: &'a [&'a Party]) -> Signing<'a> {
    Signing {
        by: parties,
        hash: HashAlgorithm::SHA512,
        intended: None,
    }
}

/// A document without a signature.
pub fn literal(document: &[u8]) -> Vec<u8> {
    written(|out| {
        let mut message = LiteralWriter::new(Message::new(out))
            .build()
            .expect("it is open");
        message.write_all(document).expect("memory can be written");
        message.finalize().expect("memory can be written");
    })
}

/// These packets compressed.
pub fn compressed(algorithm: CompressionAlgorithm, inner: &[u8]) -> Vec<u8> {
    written(|out| {
        let mut message = compressor(Message::new(out), algorithm);
        message.write_all(inner).expect("memory can be written");
        message.finalize().expect("memory can be written");
    })
}

/// What compresses packets.
pub fn compressor(message: Message<'_>, algorithm: CompressionAlgorithm) -> Message<'_> {
    let compressor = Compressor::new(message).algo(algorithm);
    let compressor = compressor.level(CompressionLevel::best());
    compressor.build().expect("it can be compressed")
}

/// The packets of a message, none of it opened.
pub fn packets(message: &[u8]) -> Vec<Packet> {
    let pile = PacketPile::from_bytes(message).expect("they are packets");
    pile.into_children().collect()
}

/// A packet by its bytes, or several.
pub fn bytes(packets: &[Packet]) -> Vec<u8> {
    written(|out| {
        for packet in packets {
            packet.serialize(out).expect("memory can be written");
        }
    })
}

/// The session keys of a message as bytes, and its encrypted data with all that stands before it in its packet.
pub fn halves(message: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut packets = packets(message);
    let Some(Packet::SEIP(SEIP::V1(data))) = packets.pop() else {
        panic!("it ends with encrypted data of version 1");
    };
    let sequoia_openpgp::packet::Body::Unprocessed(body) = data.body() else {
        panic!("nothing opened it");
    };
    (bytes(&packets), body.clone())
}

/// A packet with one length in five octets.
pub fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("it is short");
    [&[0xC0 | tag, 0xFF], &length.to_be_bytes()[..], body].concat()
}

/// Encrypted data of version 1 as a packet.
pub fn protected(data: &[u8]) -> Vec<u8> {
    packet(18, &[&[1], data].concat())
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}
