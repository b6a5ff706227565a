//! Key files: who may read them, what they may hold, and that nothing of it is shown.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use x12_pipeline::failure::Result;
use x12_pipeline::limits::CONFIG_BYTES;
use x12_pipeline::openpgp::{Certificates, Encryption, SecretKeys, encrypt, generate};

use super::doors::folder;
use super::gpg::Gpg;
use super::{CANARY, PARTNER, World, checked, days, now, own};

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    checked(result).map_or_else(|failure| failure.reason().code, |_| "ok")
}

#[test]
fn a_file_of_secret_keys_is_its_owners_alone() {
    let path = folder("modes").join("keys");
    own().save(&path, None).expect("the folder is ours");
    assert_eq!(
        fs::metadata(&path).expect("it is there").mode() & 0o777,
        0o600
    );
    for mode in 0..0o1000 {
        if mode & 0o400 == 0 {
            continue;
        }
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("the file is ours");
        let expected = match mode & 0o077 {
            0 => "ok",
            _ => "pgp-key-file-open",
        };
        let loaded = code(SecretKeys::default().load(&path, None));
        assert_eq!(loaded, expected, "{mode:o}");
    }
}

#[test]
fn keys_are_saved_locked_and_never_over_others() {
    let folder = folder("save");
    let (keys, path) = (own(), folder.join("keys"));
    keys.save(&path, Some("secret"))
        .expect("the folder is ours");
    assert_eq!(code(keys.save(&path, None)), "pgp-key-file");
    assert_eq!(
        code(keys.save(&folder.join("none/keys"), None)),
        "pgp-key-file"
    );
    for (passphrase, expected) in [
        (None, "pgp-key-passphrase"),
        (Some("wrong"), "pgp-key-passphrase"),
        (Some("secret"), "ok"),
    ] {
        let mut loaded = SecretKeys::default();
        assert_eq!(code(loaded.load(&path, passphrase)), expected);
        if expected == "ok" {
            assert_eq!(loaded.describe(now()), keys.describe(now()));
        }
    }
}

#[test]
fn gpg_takes_our_keys_in() {
    let path = folder("handed-over").join("keys");
    let made = generate(CANARY, Some(days(365)), now()).expect("it can be made");
    made.keys.save(&path, None).expect("the folder is ours");
    let gpg = Gpg::new();
    gpg.import(&fs::read(&path).expect("it was saved"));
    let listed =
        || String::from_utf8(gpg.run(&["--with-colons", "--list-keys"], b"")).expect("UTF-8");
    assert!(
        listed().contains("\npub:u:255:22:") || listed().contains("\npub:-:255:22:"),
        "{}",
        listed()
    );
    gpg.import(&made.revocation);
    assert!(listed().contains("\npub:r:255:22:"), "{}", listed());
}

#[test]
fn files_that_hold_something_else_are_refused() {
    let folder = folder("other-files");
    let path = folder.join("file");
    let (ours, gpg) = (own(), Gpg::new());
    let public = ours.certificates()[0].armored().expect("it is written");
    let saved = folder.join("saved");
    ours.save(&saved, None).expect("the folder is ours");
    let secret = fs::read(&saved).expect("it was saved");
    let large = vec![b'\n'; usize::try_from(CONFIG_BYTES).expect("it is small") + 1];
    let kind = "ed25519/cert,sign+cv25519/encr";
    let fingerprint = gpg.generate(CANARY, kind, "never");
    let message = gpg.run(&["--encrypt", "--recipient", &fingerprint], b"document");
    for (bytes, as_keys, as_certificates) in [
        (&public[..], "pgp-key-public", "ok"),
        (&secret, "ok", "pgp-key-secret"),
        (&[&public[..], &public].concat(), "pgp-key-public", "ok"),
        (b"", "pgp-key-malformed", "pgp-key-malformed"),
        (b"ISA*00*", "pgp-key-malformed", "pgp-key-malformed"),
        (&message, "pgp-key-malformed", "pgp-key-malformed"),
        (
            &public[..public.len() / 2],
            "pgp-key-malformed",
            "pgp-key-malformed",
        ),
        (&large, "pgp-key-file-large", "pgp-key-file-large"),
    ] {
        _ = fs::remove_file(&path);
        fs::write(&path, bytes).expect("the folder is ours");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("the file is ours");
        assert_eq!(code(SecretKeys::default().load(&path, None)), as_keys);
        let loaded = code(Certificates::default().load(PARTNER, &path));
        assert_eq!(loaded, as_certificates, "{as_keys}");
    }
    let missing = folder.join("missing");
    assert_eq!(
        code(SecretKeys::default().load(&missing, None)),
        "pgp-key-file"
    );
    assert_eq!(
        code(Certificates::default().load(PARTNER, &missing)),
        "pgp-key-file"
    );
}

#[test]
fn several_certificates_of_a_file_are_all_taken() {
    let gpg = Gpg::new();
    let kind = "ed25519/cert,sign+cv25519/encr";
    let made = [(); 2].map(|()| gpg.generate(CANARY, kind, "never"));
    let armored = made
        .each_ref()
        .map(|key| gpg.run(&["--armor", "--export", key], b""));
    for bytes in [
        gpg.run(&["--export"], b""),
        gpg.run(&["--export", "--armor"], b""),
        armored.concat(),
    ] {
        let mut certificates = Certificates::default();
        assert_eq!(certificates.add(PARTNER, &bytes), Ok(2));
        assert_eq!(certificates.of(PARTNER).len(), 2);
        // Known ones stay as they are.
        assert_eq!(certificates.add(PARTNER, &bytes), Ok(2));
        assert_eq!(certificates.of(PARTNER).len(), 2);
        assert_eq!(certificates.of("another").len(), 0);
        let partners: Vec<_> = certificates.partners().map(|(name, _)| name).collect();
        assert_eq!(partners, [PARTNER]);
    }
}

#[test]
fn a_key_is_described_as_what_it_is_good_for() {
    let made = generate(CANARY, Some(days(30)), now()).expect("it can be made");
    let described = &made.keys.describe(now())[0];
    assert!(described.signs && described.encrypts && !described.revoked);
    assert_eq!(described.user_id.as_deref(), Some(CANARY));
    assert_eq!(described.created, now());
    assert_eq!(described.expires, Some(now() + days(30)));
    assert_eq!(described.days_left(now()), Some(30));
    assert_eq!(
        described.days_left(now() + days(30) + days(1) / 2),
        Some(-1)
    );
    let later = &made.keys.describe(now() + days(31))[0];
    assert!(!later.signs && !later.encrypts);
    assert_eq!(later.expires, Some(now() + days(30)));

    let mut world = World::new();
    let before = world.partners.of(PARTNER)[0].describe(now());
    assert!(before.signs && before.encrypts && !before.revoked);
    assert_eq!(before.days_left(now()), None);
    world.gpg.revoke(&world.theirs);
    let revoked = world.gpg.export(&world.theirs);
    assert_eq!(world.partners.add(PARTNER, &revoked), Ok(1));
    let after = world.partners.of(PARTNER)[0].describe(now());
    assert!(!after.signs && !after.encrypts && after.revoked);
}

#[test]
fn nothing_of_a_key_is_shown() {
    let world = World::new();
    let described = world.ours.describe(now());
    let shown = format!(
        "{described:?} {:?} {:?}",
        world.partners,
        world.ours.certificates()
    );
    assert!(!shown.contains(CANARY));
    assert!(shown.contains(&world.us()) && shown.contains(&world.theirs));
    // A public certificate is public altogether.
    let public = world.ours.certificates()[0]
        .armored()
        .expect("it is written");
    assert!(public.starts_with(b"-----BEGIN PGP PUBLIC KEY BLOCK-----"));
}

#[test]
fn without_a_good_key_nothing_is_encrypted() {
    let mut world = World::new();
    let expired = generate(CANARY, Some(days(1)), now() - days(2)).expect("it can be made");
    let none = SecretKeys::default();
    for ours in [&none, &expired.keys] {
        let with = Encryption {
            ours,
            to: world.partners.of(PARTNER),
            armored: false,
            now: now(),
        };
        assert_eq!(
            code(encrypt(&b"document"[..], &with, Vec::new())),
            "pgp-no-signing-key"
        );
    }
    let to_expired = expired.keys.certificates();
    world.gpg.revoke(&world.theirs);
    let revoked = world.gpg.export(&world.theirs);
    assert_eq!(world.partners.add(PARTNER, &revoked), Ok(1));
    for to in [&[][..], &to_expired, world.partners.of(PARTNER)] {
        let with = Encryption {
            ours: &world.ours,
            to,
            armored: false,
            now: now(),
        };
        let mut out = Vec::new();
        assert_eq!(
            code(encrypt(&b"document"[..], &with, &mut out)),
            "pgp-no-recipient"
        );
        assert_eq!(out, b"");
    }
}
