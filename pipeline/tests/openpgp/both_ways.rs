//! What `gpg` writes we read, and what we write `gpg` reads.

use x12_pipeline::openpgp::{Certificates, Encryption, Kind, SecretKeys, encrypt, generate, sniff};

use super::gpg::Gpg;
use super::{CANARY, PARTNER, World, code, days, document, now};

/// Nothing, less than one packet's part, about sequoia's buffers, several of them.
const SIZES: [usize; 6] = [0, 1, 3_000, 262_144, 524_289, 3_000_000];

#[test]
fn what_gpg_signs_and_encrypts_is_opened() {
    for algorithms in [
        "ed25519/cert,sign+cv25519/encr",
        "rsa2048/cert,sign+rsa2048/encr",
        "nistp256/cert,sign+nistp256/encr",
    ] {
        let world = World::with(algorithms);
        for packing in ["none", "zip", "zlib", "bzip2"] {
            for size in SIZES {
                for armor in ["--armor", "--no-armor"] {
                    let document = document(size);
                    let arguments = ["--sign", "--compress-algo", packing, armor];
                    let message = world.received(&arguments, &document);
                    let kind = match armor {
                        "--armor" => Kind::OpenPgpArmored,
                        _ => Kind::OpenPgpBinary,
                    };
                    assert_eq!(sniff(&message[..64]), kind);
                    let (opened, plain) = world.open(&*message);
                    let opened = opened.expect(packing);
                    let signer = opened.signer.expect("it is signed");
                    assert_eq!(signer.fingerprint, world.theirs);
                    assert_eq!(signer.key, world.theirs);
                    assert_eq!(signer.signed, now());
                    assert_eq!(opened.bytes, size as u64);
                    assert!(plain == document, "{packing} {armor} {size}");
                }
            }
        }
    }
}

#[test]
fn what_we_sign_and_encrypt_gpg_opens() {
    for algorithms in [
        "ed25519/cert,sign+cv25519/encr",
        "rsa2048/cert,sign+rsa2048/encr",
    ] {
        let world = World::with(algorithms);
        for size in SIZES {
            for armored in [false, true] {
                let document = document(size);
                let message = world.sent(armored, &document);
                assert_eq!(message.starts_with(b"-----BEGIN PGP MESSAGE-----"), armored);
                let output = world
                    .gpg
                    .try_run(&["--status-fd", "2", "--decrypt"], &message);
                let status = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{status}");
                assert!(output.stdout == document, "{armored} {size}");
                for word in ["GOODMDC", "GOODSIG", "DECRYPTION_OKAY", &world.us()] {
                    assert!(status.contains(word), "{word}: {status}");
                }
            }
        }
    }
}

#[test]
fn what_we_sign_and_encrypt_we_open() {
    let (world, theirs) = (World::new(), super::own());
    let mut partners = Certificates::default();
    let theirs_public = theirs.certificates()[0].armored().expect("it is written");
    partners.add(PARTNER, &theirs_public).expect("it is public");
    let with = Encryption {
        ours: &world.ours,
        to: partners.of(PARTNER),
        armored: true,
        now: now(),
    };
    let mut message = Vec::new();
    let document = document(700_000);
    encrypt(&*document, &with, &mut message).expect("it can be encrypted");
    let mut partners = Certificates::default();
    let ours = world.ours.certificates()[0]
        .armored()
        .expect("it is written");
    partners.add(PARTNER, &ours).expect("it is public");
    let world = World {
        ours: theirs,
        partners,
        ..world
    };
    let (opened, plain) = world.open(&*message);
    assert_eq!(code(&opened), "ok");
    assert!(plain == document);
}

#[test]
fn other_ways_of_gpg_are_opened() {
    let world = World::new();
    let (us, document) = (world.us(), document(5_000));
    for arguments in [
        &["--cipher-algo", "AES128", "--digest-algo", "SHA256"][..],
        &["--cipher-algo", "AES192", "--digest-algo", "SHA384"],
        &["--cipher-algo", "AES256", "--digest-algo", "SHA512"],
        &["--cipher-algo", "CAMELLIA256"],
        &["--throw-keyids"],
        &["--hidden-recipient", &us],
        &["--recipient", &world.theirs],
        &["--set-filename", "claims.edi"],
        &["--comment", "a header", "--emit-version", "--armor"],
        &["--rfc4880"],
    ] {
        let message = world.received(&[&["--sign"], arguments].concat(), &document);
        let (opened, plain) = world.open(&*message);
        assert_eq!(code(&opened), "ok", "{arguments:?}");
        assert!(plain == document, "{arguments:?}");
    }
}

#[test]
fn armor_may_come_from_another_system() {
    let world = World::new();
    let document = document(5_000);
    let message = world.received(&["--sign", "--armor"], &document);
    let text = String::from_utf8(message).expect("armor is text");
    for message in [
        text.replace('\n', "\r\n"),
        format!("\u{feff}\n\n  {text}\n\n"),
        text.trim_end().to_owned(),
    ] {
        let (opened, plain) = world.open(message.as_bytes());
        assert_eq!(code(&opened), "ok");
        assert!(plain == document);
    }
}

#[test]
fn old_keys_of_ours_open_and_the_newest_signs() {
    let mut world = World::new();
    let old = world.received(&["--sign"], b"for the old one");
    let added = generate(CANARY, Some(days(400)), now() - days(1) / 2).expect("it can be made");
    let path = super::doors::folder("newest").join("keys");
    added.keys.save(&path, None).expect("the folder is ours");
    assert_eq!(world.ours.load(&path, None), Ok(1));
    world.gpg.import(
        &added.keys.certificates()[0]
            .armored()
            .expect("it is written"),
    );
    let (opened, plain) = world.open(&*old);
    assert_eq!(code(&opened), "ok");
    assert_eq!(plain, b"for the old one");

    let message = world.sent(false, b"by the new one");
    let output = world
        .gpg
        .try_run(&["--status-fd", "2", "--decrypt"], &message);
    let status = String::from_utf8_lossy(&output.stderr);
    let fingerprint = added.keys.certificates()[0].fingerprint();
    assert!(status.contains(&fingerprint), "{status}");
}

#[test]
fn every_certificate_of_a_partner_may_sign_and_is_encrypted_to() {
    let mut world = World::new();
    let kind = "ed25519/cert,sign+cv25519/encr";
    let second = world.gpg.generate(CANARY, kind, "never");
    let added = world.partners.add(PARTNER, &world.gpg.export(&second));
    assert_eq!(added, Ok(1));
    for signer in [&world.theirs, &second] {
        let message = world.received(&["--sign", "--local-user", signer], b"document");
        assert_eq!(code(&world.open(&*message).0), "ok");
    }
    let message = world.sent(false, b"document");
    let packets = world.gpg.run(&["--list-packets"], &message);
    let packets = String::from_utf8_lossy(&packets);
    assert_eq!(packets.matches(":pubkey enc packet:").count(), 2);
}

#[test]
fn a_locked_key_of_gpg_is_ours_with_its_passphrase() {
    let world = World::new();
    let export = ["--passphrase", "secret", "--export-secret-keys"];
    let other = Gpg::new();
    other.run(
        &["--passphrase", "secret", "--quick-generate-key", CANARY],
        b"",
    );
    let locked = other.run(&[&export[..], &[CANARY]].concat(), b"");
    let mut ours = SecretKeys::default();
    for passphrase in [None, Some(""), Some("wrong")] {
        let refused = ours.add(&locked, passphrase).expect_err("it is locked");
        assert_eq!(refused.reason().code, "pgp-key-passphrase");
    }
    assert_eq!(ours.add(&locked, Some("secret")), Ok(1));
    world
        .gpg
        .import(&ours.certificates()[0].armored().expect("it is written"));
    let world = World { ours, ..world };
    let message = world.received(&["--sign"], b"document");
    assert_eq!(code(&world.open(&*message).0), "ok");
}
