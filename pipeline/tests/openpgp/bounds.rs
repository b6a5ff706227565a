//! No message may make more of itself than a document may be (S3 of the security checks).

use std::io::{self, Read, Write};

use sequoia_openpgp::serialize::stream::{LiteralWriter, Message};
use sequoia_openpgp::types::CompressionAlgorithm;
use x12_pipeline::limits::{
    COMPRESSION_FREE_BYTES, COMPRESSION_RATIO, PGP_HEADER_BYTES, PGP_RECIPIENTS, PGP_SIGNATURES,
};
use x12_pipeline::openpgp::{Bounds, Decryption, Options, decrypt};

use super::craft::{self, Pair, by, compressed, encrypted, signed};
use super::{World, checked, code, document};

const MIB: usize = 1 << 20;

/// A message of so many equal bytes, compressed and not signed: it would be refused at its end at the latest.
pub fn bomb(pair: &Pair, algorithm: CompressionAlgorithm, mebibytes: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let message = craft::encryptor(Message::new(&mut out), &pair.us);
    let message = craft::compressor(message, algorithm);
    let mut message = LiteralWriter::new(message).build().expect("it is open");
    let chunk = vec![b' '; MIB];
    for _ in 0..mebibytes {
        message.write_all(&chunk).expect("memory can be written");
    }
    message.finalize().expect("memory can be written");
    out
}

#[test]
fn a_bomb_is_stopped_at_its_ratio() {
    let pair = Pair::new();
    for algorithm in [
        CompressionAlgorithm::Zip,
        CompressionAlgorithm::Zlib,
        CompressionAlgorithm::BZip2,
    ] {
        let message = bomb(&pair, algorithm, 100);
        assert!(message.len() * 1_000 < 110 * MIB, "{algorithm}");
        let (refused, plain) = pair.open_message(&message);
        assert_eq!(refused, "pgp-bomb", "{algorithm}");
        let allowed = COMPRESSION_FREE_BYTES.max(message.len() as u64 * COMPRESSION_RATIO);
        assert!(
            plain.len() as u64 <= allowed,
            "{algorithm}: {}",
            plain.len()
        );

        let message = bomb(&pair, algorithm, 15);
        assert_eq!(pair.open_message(&message).0, "pgp-unsigned", "{algorithm}");
    }
}

#[test]
fn a_document_that_compresses_well_is_no_bomb() {
    let world = World::new();
    let repeated = document(3_000).repeat(5_000);
    for packing in ["zip", "zlib", "bzip2"] {
        let message = world.received(&["--sign", "--compress-algo", packing], &repeated);
        assert!(
            message.len() * 20 < repeated.len(),
            "{packing}: {}",
            message.len()
        );
        let (opened, plain) = world.open(&*message);
        assert_eq!(code(&opened), "ok", "{packing}");
        assert!(plain == repeated);
    }
}

#[test]
fn a_document_may_have_so_many_bytes_and_no_more() {
    let world = World::new();
    let message = world.received(&["--sign", "--compress-algo", "none"], &document(MIB));
    for (bytes, expected) in [
        (MIB - 1, "pgp-bomb"),
        (MIB, "ok"),
        (MIB + 1, "ok"),
        (0, "pgp-bomb"),
    ] {
        let mut options = Options::default();
        options.bounds.bytes = bytes as u64;
        let with = Decryption {
            options,
            ..world.decryption()
        };
        let opened = checked(decrypt(&*message, &with, io::sink()));
        assert_eq!(code(&opened), expected, "{bytes}");
    }
    let bounds = Bounds::default();
    assert_eq!(bounds.ratio, COMPRESSION_RATIO);
    assert_eq!(bounds.free, COMPRESSION_FREE_BYTES);
}

#[test]
fn packets_in_packets_are_not_followed() {
    let pair = Pair::new();
    let mut inner = signed(by(&[&pair.partner]), b"document");
    for depth in 1..=17 {
        inner = compressed(CompressionAlgorithm::Zlib, &inner);
        let expected = if depth == 1 { "ok" } else { "pgp-bomb" };
        assert_eq!(pair.open(&inner).0, expected, "{depth}");
    }
    let mut message = signed(by(&[&pair.partner]), b"document");
    for depth in 1..=17 {
        message = encrypted(&pair.us, &message);
        let expected = if depth == 1 { "ok" } else { "pgp-malformed" };
        assert_eq!(pair.open_message(&message).0, expected, "{depth}");
    }
}

#[test]
fn recipients_and_signatures_are_counted() {
    let pair = Pair::new();
    let message = encrypted(&pair.us, &signed(by(&[&pair.partner]), b"document"));
    let (keys, data) = craft::halves(&message);
    let to = |count: usize| [&keys.repeat(count)[..], &craft::protected(&data)].concat();
    assert_eq!(pair.open_message(&to(PGP_RECIPIENTS)).0, "ok");
    let many = pair.open_message(&to(PGP_RECIPIENTS + 1)).0;
    assert_eq!(many, "pgp-malformed");

    let sign = |count: usize| signed(by(&vec![&pair.partner; count]), b"document");
    assert_eq!(pair.open(&sign(PGP_SIGNATURES)).0, "ok");
    assert_eq!(pair.open(&sign(PGP_SIGNATURES + 1)).0, "pgp-malformed");
}

#[test]
fn what_never_ends_is_stopped() {
    let world = World::new();
    let markers = Endless(b"\xCA\x03PGP");
    assert_eq!(code(&world.open(markers).0), "pgp-malformed");
    let headers = (&b"-----BEGIN PGP MESSAGE-----\n"[..]).chain(Endless(b"Comment: more\n"));
    assert_eq!(code(&world.open(headers).0), "pgp-malformed");
    let header = (&b"-----BEGIN PGP MESSAGE-----\nComment: "[..]).chain(Endless(b"more"));
    assert_eq!(code(&world.open(header).0), "pgp-malformed");
    let spaces = Endless(b" \n");
    assert_eq!(code(&world.open(spaces).0), "pgp-not-encrypted");
    let dashes = (&b"-----BEGIN PGP MESSAGE-----"[..]).chain(Endless(b"-"));
    assert_ne!(code(&world.open(dashes).0), "ok");
    let empty = (&b"-----BEGIN PGP MESSAGE-----\n\n"[..]).chain(Endless(b"\n").take(MIB as u64));
    assert_ne!(code(&world.open(empty).0), "ok");
}

#[test]
fn headers_of_an_armor_must_end_soon() {
    let world = World::new();
    let message = world.received(&["--sign", "--armor"], b"document");
    let text = String::from_utf8(message).expect("armor is text");
    let (begin, rest) = text.split_once('\n').expect("it has lines");
    let with = |bytes: usize| format!("{begin}\nComment: {}\n{rest}", "x".repeat(bytes));
    assert_eq!(code(&world.open(with(1_000).as_bytes()).0), "ok");
    let many = usize::try_from(PGP_HEADER_BYTES).expect("it is small");
    let refused = world.open(with(many).as_bytes()).0;
    assert_eq!(code(&refused), "pgp-malformed");
    let unended = format!("{begin}\nComment: x\n");
    assert_eq!(code(&world.open(unended.as_bytes()).0), "pgp-cut");
}

/// These bytes again and again.
struct Endless(&'static [u8]);

impl Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let whole = into.len() / self.0.len() * self.0.len();
        if whole == 0 {
            // Only whole copies: whoever asks for less gets the first bytes and then as many whole ones again.
            let count = into.len().min(self.0.len());
            into[..count].copy_from_slice(&self.0[..count]);
            return Ok(count);
        }
        for place in into[..whole].chunks_mut(self.0.len()) {
            place.copy_from_slice(self.0);
        }
        Ok(whole)
    }
}
