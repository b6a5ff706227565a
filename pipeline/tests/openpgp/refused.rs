//! What is refused, and as what (S1 of the security checks).

use std::io::{self, Read};

use sequoia_openpgp::types::{CompressionAlgorithm, HashAlgorithm};
use x12_pipeline::failure::{Failure, Reason};
use x12_pipeline::openpgp::{Decryption, Encryption, Options, decrypt, encrypt};

use super::craft::{self, Pair, Party, Signing, by, encrypted, literal, packet, signed};
use super::{PARTNER, World, checked, code, days, document, now};

const KIND: &str = "ed25519/cert,sign+cv25519/encr";

#[test]
fn what_is_not_signed_is_refused_unless_the_profile_allows_it() {
    let world = World::new();
    let message = world.received(&[], b"document");
    assert_eq!(code(&world.open(&*message).0), "pgp-unsigned");

    let lax = || {
        let mut options = Options::default();
        options.require_signature = false;
        Decryption {
            options,
            ..world.decryption()
        }
    };
    let opened = decrypt(&*message, &lax(), io::sink()).expect("it is allowed");
    assert_eq!(opened.signer, None);

    // A signature that is there must be good all the same.
    let stranger = world.gpg.generate("stranger", KIND, "never");
    let message = world.received(&["--sign", "--local-user", &stranger], b"document");
    let world_without = World {
        theirs: stranger,
        ..world
    };
    let message_by_stranger = world_without.received(&["--sign"], b"document");
    for message in [message, message_by_stranger] {
        assert_eq!(code(&world_without.open(&*message).0), "pgp-signer-unknown");
    }
}

#[test]
fn what_another_partner_signs_is_refused() {
    let mut world = World::new();
    let other = world.gpg.generate("other", KIND, "never");
    let added = world.partners.add("other", &world.gpg.export(&other));
    assert_eq!(added, Ok(1));
    world.theirs = other;
    let message = world.received(&["--sign"], b"document");
    assert_eq!(code(&world.open(&*message).0), "pgp-signer-unknown");
    let from_other = Decryption {
        from: world.partners.of("other"),
        ..world.decryption()
    };
    assert!(decrypt(&*message, &from_other, io::sink()).is_ok());
    let from_nobody = Decryption {
        from: world.partners.of("nobody"),
        ..world.decryption()
    };
    let refused = decrypt(&*message, &from_nobody, io::sink());
    assert_eq!(code(&refused), "pgp-signer-unknown");
}

#[test]
fn what_an_expired_key_signed_is_refused() {
    let mut world = World::new();
    world.theirs = world.gpg.generate("short", KIND, "10d");
    let added = world
        .partners
        .add(PARTNER, &world.gpg.export(&world.theirs));
    assert_eq!(added, Ok(1));
    let message = world.received(&["--sign"], b"document");
    assert_eq!(code(&world.open_at(&*message, now() + days(9)).0), "ok");
    let (refused, _) = world.open_at(&*message, now() + days(11));
    assert_eq!(code(&refused), "pgp-signer-expired");
    // Nor is one that was signed after our time, but for a few minutes.
    let (refused, _) = world.open_at(&*message, now() - days(1) / 24);
    assert_eq!(code(&refused), "pgp-signature-early");
    assert_eq!(
        code(&world.open_at(&*message, now() - days(1) / 480).0),
        "ok"
    );
}

#[test]
fn what_a_revoked_key_signed_is_refused() {
    let mut world = World::new();
    let message = world.received(&["--sign"], b"document");
    assert_eq!(code(&world.open(&*message).0), "ok");
    world.gpg.revoke(&world.theirs);
    let added = world
        .partners
        .add(PARTNER, &world.gpg.export(&world.theirs));
    assert_eq!(added, Ok(1));
    assert_eq!(code(&world.open(&*message).0), "pgp-signer-revoked");
}

#[test]
fn what_is_weak_is_refused() {
    let world = World::new();
    for arguments in [
        &["--sign", "--digest-algo", "SHA1"][..],
        &["--sign", "--rfc2440"],
        &["--sign", "--cipher-algo", "3DES"],
        &["--sign", "--cipher-algo", "CAST5"],
    ] {
        let message = world.received(arguments, b"document");
        assert_eq!(code(&world.open(&*message).0), "pgp-weak", "{arguments:?}");
    }
}

#[test]
fn what_is_not_encrypted_to_us_is_refused() {
    let world = World::new();
    let theirs = &*world.theirs;
    let to_them = ["--sign", "--encrypt", "--recipient", theirs];
    let hidden = ["--sign", "--encrypt", "--hidden-recipient", theirs];
    let passphrase = ["--passphrase", "x", "--symmetric"];
    for arguments in [&to_them[..], &hidden, &passphrase] {
        let message = world.gpg.run(arguments, b"document");
        let (refused, _) = world.open(&*message);
        assert_eq!(code(&refused), "pgp-not-for-us", "{arguments:?}");
    }
    for arguments in [
        &["--sign"][..],
        &["--sign", "--armor"],
        &["--clear-sign"],
        &["--detach-sign"],
        &["--store"],
        &["--armor", "--export"],
        &["--export"],
    ] {
        let message = world.gpg.run(arguments, b"document");
        let (refused, plain) = world.open(&*message);
        assert_eq!(code(&refused), "pgp-not-encrypted", "{arguments:?}");
        assert_eq!(plain, b"");
    }
    for plain in [&b"ISA*00*"[..], b"", b"{}", b"\xC3\xA4", b"-----BEGIN"] {
        assert_eq!(code(&world.open(plain).0), "pgp-not-encrypted");
    }
}

#[test]
fn a_changed_byte_is_never_let_through() {
    let world = World::new();
    let document = document(600);
    let (mut tried, mut without_effect) = (0, 0);
    for arguments in [
        &["--sign", "--compress-algo", "none"][..],
        &["--sign", "--compress-algo", "zlib"],
        &["--sign", "--armor"],
    ] {
        let message = world.received(arguments, &document);
        for at in 0..message.len() {
            for change in [0x01, 0x80] {
                let mut changed = message.clone();
                changed[at] ^= change;
                let (opened, plain) = world.open(&*changed);
                tried += 1;
                // What says nothing, such as the checksum of an armor, may change; the document may not.
                if let Ok(opened) = opened {
                    without_effect += 1;
                    assert!(plain == document, "{arguments:?}: byte {at}");
                    let signer = opened.signer.expect("it is signed");
                    assert_eq!(signer.fingerprint, world.theirs);
                }
            }
        }
    }
    eprintln!("{tried} changes, {without_effect} of bytes that say nothing");
    assert!(without_effect * 20 < tried);
}

#[test]
fn a_changed_byte_of_what_is_encrypted_is_found() {
    let world = World::new();
    let message = world.received(&["--sign", "--compress-algo", "none"], &document(2_000));
    let (keys, data) = craft::halves(&message);
    for at in (0..data.len()).step_by(7).chain([data.len() - 1]) {
        let mut changed = data.clone();
        changed[at] ^= 0x10;
        let changed = [&keys[..], &craft::protected(&changed)].concat();
        let refused = code(&world.open(&*changed).0);
        // It shows as what it made of the packets: of a signature a broken one, of a body perhaps a compressed one.
        assert!(refused.starts_with("pgp-"), "byte {at}: {refused}");
    }
}

#[test]
fn a_cut_message_is_never_let_through() {
    let world = World::new();
    for arguments in [
        &["--sign", "--compress-algo", "none"][..],
        &["--sign", "--compress-algo", "zlib"],
        &["--sign", "--armor"],
        &["--sign", "--compress-algo", "none", "--armor"],
    ] {
        let message = world.received(arguments, &document(600));
        let text = message.starts_with(b"-");
        let length = message.trim_ascii_end().len();
        for at in 0..if text { length } else { message.len() } {
            let refused = code(&world.open(&message[..at]).0);
            let as_cut = refused == "pgp-cut" || (at < 64 && refused == "pgp-not-encrypted");
            assert!(as_cut, "{arguments:?}: cut at {at} of {length}: {refused}");
        }
        assert_eq!(code(&world.open(&*message).0), "ok");
    }
}

#[test]
fn a_large_cut_message_is_never_let_through() {
    let world = World::new();
    for armor in ["--armor", "--no-armor"] {
        let message = world.received(&["--sign", armor], &document(2_000_000));
        let length = message.trim_ascii_end().len();
        for part in 1..64 {
            let at = length * part / 64;
            assert_eq!(
                code(&world.open(&message[..at]).0),
                "pgp-cut",
                "{armor} {at}"
            );
        }
        let at = length - 1;
        assert_eq!(
            code(&world.open(&message[..at]).0),
            "pgp-cut",
            "{armor} {at}"
        );
    }
}

#[test]
fn integrity_that_was_taken_off_is_refused() {
    let pair = Pair::new();
    let inner = signed(by(&[&pair.partner]), &document(3_000));
    let message = encrypted(&pair.us, &inner);
    assert_eq!(pair.open_message(&message).0, "ok");
    let (keys, data) = craft::halves(&message);
    let rebuilt = |tag, body: &[u8]| [&keys[..], &packet(tag, body)].concat();
    let protected = |data: &[u8]| [&keys[..], &craft::protected(data)].concat();
    assert_eq!(pair.open_message(&protected(&data)).0, "ok");
    // The modification detection code, 22 bytes, is cut off.
    let stripped = protected(&data[..data.len() - 22]);
    assert_eq!(pair.open_message(&stripped).0, "pgp-tampered");
    // The same data as data that never had one.
    assert_eq!(pair.open_message(&rebuilt(9, &data)).0, "pgp-weak");
    let downgraded = rebuilt(9, &data[..data.len() - 22]);
    assert_eq!(pair.open_message(&downgraded).0, "pgp-weak");
}

#[test]
fn encrypted_data_shorter_than_its_protection_is_refused() {
    let pair = Pair::new();
    let message = encrypted(&pair.us, &signed(by(&[&pair.partner]), b"document"));
    let (keys, data) = craft::halves(&message);
    for kept in 0..data.len() {
        let short = [&keys[..], &craft::protected(&data[..kept])].concat();
        let refused = pair.open_message(&short).0;
        assert!(refused.starts_with("pgp-"), "{kept}: {refused}");
    }
}

#[test]
fn a_signature_that_was_taken_off_is_refused() {
    let pair = Pair::new();
    let document = document(3_000);
    let mut packets = craft::packets(&signed(by(&[&pair.partner]), &document));
    assert_eq!(packets.len(), 3);
    let whole = craft::bytes(&packets);
    assert_eq!(pair.open(&whole).0, "ok");
    let signature = craft::bytes(&packets[2..]);
    packets.pop();
    let unsigned = craft::bytes(&packets);
    assert_eq!(pair.open(&unsigned).0, "pgp-signature-bad");
    assert_eq!(pair.open(&literal(&document)).0, "pgp-unsigned");
    for kept in 1..signature.len() {
        let cut = [&unsigned[..], &signature[..kept]].concat();
        assert_ne!(pair.open(&cut).0, "ok", "{kept} bytes of the signature");
    }
}

#[test]
fn a_signature_over_another_document_is_refused() {
    let pair = Pair::new();
    let mut packets = craft::packets(&signed(by(&[&pair.partner]), b"document"));
    packets[1] = craft::packets(&literal(b"another")).remove(0);
    let spliced = craft::bytes(&packets);
    assert_eq!(pair.open(&spliced).0, "pgp-signature-bad");
}

#[test]
fn every_signature_must_be_good() {
    let (pair, stranger) = (Pair::new(), Party::new());
    let sign = |parties: &[&Party]| signed(by(parties), b"document");
    assert_eq!(pair.open(&sign(&[&pair.partner, &pair.partner])).0, "ok");
    for parties in [[&pair.partner, &stranger], [&stranger, &pair.partner]] {
        assert_eq!(pair.open(&sign(&parties)).0, "pgp-signer-unknown");
    }
    let partner = [&pair.partner];
    let weak = Signing {
        hash: HashAlgorithm::SHA1,
        ..by(&partner)
    };
    assert_eq!(pair.open(&signed(weak, b"document")).0, "pgp-weak");
}

#[test]
fn a_message_signed_for_another_is_refused() {
    let (pair, other) = (Pair::new(), Party::new());
    let partner = [&pair.partner];
    let for_whom = |party| Signing {
        intended: Some(party),
        ..by(&partner)
    };
    let for_us = signed(for_whom(&pair.us), b"document");
    assert_eq!(pair.open(&for_us).0, "ok");
    let for_other = signed(for_whom(&other), b"document");
    assert_eq!(pair.open(&for_other).0, "pgp-signature-bad");
}

#[test]
fn anything_else_in_a_message_is_refused() {
    let pair = Pair::new();
    let inner = signed(by(&[&pair.partner]), b"document");
    let message = encrypted(&pair.us, &inner);
    let zip = |inner: &[u8]| craft::compressed(CompressionAlgorithm::Zip, inner);
    assert_eq!(pair.open(&zip(&inner)).0, "ok");
    for (what, inside) in [
        ("nothing", Vec::new()),
        ("two documents", [&inner[..], &inner[..]].concat()),
        ("a document behind", [inner.clone(), literal(b"x")].concat()),
        ("a document before", [literal(b"x"), inner.clone()].concat()),
        ("encrypted twice", message.clone()),
        ("bytes behind", [&inner[..], b"ISA*00"].concat()),
        ("a marker", [&b"\xCA\x03PGP"[..], &inner[..]].concat()),
    ] {
        let refused = pair.open(&inside).0;
        assert!(refused.starts_with("pgp-"), "{what}: {refused}");
    }
    for (what, message) in [
        ("two messages", [&message[..], &message[..]].concat()),
        (
            "a document behind",
            [message.clone(), literal(b"x")].concat(),
        ),
        (
            "a document before",
            [literal(b"x"), message.clone()].concat(),
        ),
        ("bytes behind", [&message[..], b"ISA*00"].concat()),
    ] {
        let refused = pair.open_message(&message).0;
        assert!(refused.starts_with("pgp-"), "{what}: {refused}");
    }
    let marked = [&b"\xCA\x03PGP"[..], &message[..]].concat();
    assert_eq!(pair.open_message(&marked).0, "ok");
}

#[test]
fn a_failing_reader_or_writer_is_no_refusal() {
    struct Failing(io::ErrorKind);
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
    }
    impl io::Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let world = World::new();
    let message = world.received(&["--sign"], &document(600_000));
    let kinds = [
        (io::ErrorKind::TimedOut, "store-unavailable"),
        (io::ErrorKind::UnexpectedEof, "store-unavailable"),
        (io::ErrorKind::InvalidData, "object-broken"),
        (io::ErrorKind::StorageFull, "store-full"),
    ];
    for (kind, expected) in kinds {
        let is = |result: &Result<_, Failure>| match result {
            Err(
                Failure::Transient(Reason { code, .. }) | Failure::Permanent(Reason { code, .. }),
            ) => {
                assert_eq!(*code, expected);
            }
            other => panic!("{other:?}"),
        };
        for at in [0, 100, 5_000, 300_000] {
            let reader = (&message[..at]).chain(Failing(kind));
            is(&checked(decrypt(reader, &world.decryption(), io::sink())));
        }
        is(&decrypt(&*message, &world.decryption(), Failing(kind)));
    }
}

#[test]
fn what_cannot_be_read_or_written_whole_is_no_message() {
    let (world, document) = (World::new(), document(200_000));
    for armored in [false, true] {
        let with = Encryption {
            ours: &world.ours,
            to: world.partners.of(PARTNER),
            armored,
            now: now(),
        };
        let whole = world.sent(armored, &document).len();
        for room in (0..whole).step_by(10_007).chain([whole - 64, whole - 1]) {
            // Signatures are not all of the same length, and lines end at different places: a few bytes more may be asked for.
            let full = encrypt(&*document, &with, Room(room.saturating_sub(64)));
            let code = full.map_err(|failure| failure.reason().code);
            assert_eq!(code, Err("store-full"), "{armored} {room}");
        }
        assert_eq!(encrypt(&*document, &with, Room(whole + 64)), Ok(()));

        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::InvalidData.into())
            }
        }
        let broken = encrypt((&document[..100_000]).chain(Broken), &with, io::sink());
        let code = broken.map_err(|failure| failure.reason().code);
        assert_eq!(code, Err("object-broken"));
    }
}

/// So many bytes may be written.
struct Room(usize);

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len().min(self.0);
        self.0 -= length;
        match length {
            0 => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(length),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
