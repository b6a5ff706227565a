//! The key file: who may read it, what it may say, how it is rotated (S5).

mod doors;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use doors::{Memory, OWNER, folder, id, open, seal};
use x12_pipeline::keys::{DataKey, KeyFile, Keys, WrappedKey};
use x12_pipeline::limits::CONFIG_BYTES;
use x12_pipeline::seal::Vault;

fn vault(memory: &Memory, path: &Path) -> Vault {
    let keys = KeyFile::read(path).expect("the keys are sound");
    Vault::new(Arc::new(memory.clone()), Arc::new(keys))
}

/// Which key an object's header names.
fn key_id(sealed: &[u8]) -> String {
    String::from_utf8(sealed[9..9 + usize::from(sealed[8])].to_vec()).expect("key ids are ASCII")
}

/// Takes a key's line out of the file.
fn destroy(path: &Path, id: &str) {
    let text = fs::read_to_string(path).expect("the folder is ours");
    let kept = text.lines().filter(|line| !line.starts_with(id));
    let kept: String = kept.map(|line| format!("{line}\n")).collect();
    assert_ne!(kept, text);
    fs::write(path, kept).expect("the folder is ours");
}

#[test]
fn rotation_keeps_old_objects_readable_and_new_ones_use_the_new_key() {
    let path = folder("rotation").join("keys");
    let memory = Memory::default();
    let old_key = KeyFile::create(&path).expect("the keys are sound");
    let running = vault(&memory, &path);
    seal(&running, &id(1), b"old");
    let new_key = KeyFile::rotate(&path).expect("the keys are sound");
    assert_ne!(old_key, new_key);

    let restarted = vault(&memory, &path);
    let sealed = seal(&restarted, &id(2), b"old");
    assert_eq!(key_id(&memory.get(&id(1))), old_key);
    assert_eq!(key_id(&memory.get(&id(2))), new_key);
    for number in [1, 2] {
        assert_eq!(
            open(&restarted, &id(number), OWNER),
            (b"old".to_vec(), None)
        );
        // One that did not notice the rotation looks again before it says that a key is missing.
        assert_eq!(open(&running, &id(number), OWNER), (b"old".to_vec(), None));
    }
    // The key of digests stays.
    assert_eq!(sealed, seal(&running, &id(3), b"old"));
    assert_eq!(key_id(&memory.get(&id(3))), new_key);

    destroy(&path, &old_key);
    let after = vault(&memory, &path);
    let (given, failure) = open(&after, &id(1), OWNER);
    assert_eq!(given.len(), 0);
    assert_eq!(
        failure.expect("it fails").to_string(),
        "the key of this object is not there [key-missing]"
    );
    assert_eq!(open(&after, &id(2), OWNER), (b"old".to_vec(), None));
}

#[test]
fn a_destroyed_key_is_gone_after_reading_again() {
    let path = folder("a_destroyed_key").join("keys");
    let first = KeyFile::create(&path).expect("the keys are sound");
    KeyFile::rotate(&path).expect("the keys are sound");
    let keys = KeyFile::read(&path).expect("the keys are sound");
    let data_key = DataKey::random().expect("the keys are sound");
    let wrapped = keys
        .wrap(&data_key, b"context")
        .expect("the keys are sound");
    let unwrapped = keys
        .unwrap(&wrapped, b"context")
        .expect("the keys are sound");
    assert_eq!(unwrapped.bytes(), data_key.bytes());

    let failure = |wrapped, context: &[u8]| keys.unwrap(wrapped, context).err().expect("it fails");
    assert_eq!(failure(&wrapped, b"other").reason().code, "object-broken");
    // The right bytes under another key's name.
    let renamed = WrappedKey {
        key_id: first,
        ..wrapped.clone()
    };
    assert_eq!(failure(&renamed, b"context").reason().code, "object-broken");
    destroy(&path, &wrapped.key_id);
    keys.reload().expect("the keys are sound");
    assert_eq!(failure(&wrapped, b"context").reason().code, "key-missing");
    // Another key of digests is another store's key file.
    fs::remove_file(&path).expect("the folder is ours");
    KeyFile::create(&path).expect("the keys are sound");
    assert_eq!(
        keys.reload().expect_err("it fails").reason().code,
        "key-file-broken"
    );
}

#[test]
fn a_key_file_is_made_once_and_for_its_owner() {
    let folder = folder("a_key_file");
    let path = folder.join("keys");
    KeyFile::create(&path).expect("the keys are sound");
    let made = fs::read(&path).expect("the folder is ours");
    let mode = fs::metadata(&path)
        .expect("the folder is ours")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(
        KeyFile::create(&path).expect_err("it fails").reason().code,
        "key-file-exists"
    );
    assert_eq!(fs::read(&path).expect("the folder is ours"), made);
    for mode in [0o600, 0o400] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("the folder is ours");
        assert!(KeyFile::read(&path).is_ok(), "{mode:o}");
    }
    for mode in [0o640, 0o604, 0o660, 0o620, 0o602, 0o644, 0o610, 0o777] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("the folder is ours");
        for failure in [KeyFile::read(&path).err(), KeyFile::rotate(&path).err()] {
            assert_eq!(
                failure.expect("it fails").reason().code,
                "key-file-exposed",
                "{mode:o}"
            );
        }
    }
    assert_eq!(fs::read(&path).expect("the folder is ours"), made);
}

#[test]
fn rotation_replaces_what_a_link_points_to_and_keeps_comments() {
    let folder = folder("rotation_of_a_link");
    let (path, link) = (folder.join("keys"), folder.join("link"));
    KeyFile::create(&path).expect("the keys are sound");
    let text = format!(
        "# kept\n\n{}",
        fs::read_to_string(&path).expect("the folder is ours")
    );
    fs::write(&path, text.trim_end()).expect("the folder is ours");
    symlink(&path, &link).expect("the folder is ours");
    KeyFile::rotate(&link).expect("the keys are sound");
    assert!(
        fs::symlink_metadata(&link)
            .expect("the folder is ours")
            .is_symlink()
    );
    let new = fs::read_to_string(&path).expect("the folder is ours");
    assert!(new.starts_with(&text));
    assert_eq!(new.lines().count(), text.lines().count() + 1);
    let mode = fs::metadata(&path)
        .expect("the folder is ours")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn rotations_at_the_same_time_lose_no_key() {
    let folder = folder("rotations");
    let path = folder.join("keys");
    KeyFile::create(&path).expect("the keys are sound");
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| KeyFile::rotate(&path).expect("the keys are sound"));
        }
    });
    let text = fs::read_to_string(&path).expect("the folder is ours");
    // Eight, the first, and the key of digests.
    assert_eq!(text.lines().count(), 10);
    KeyFile::read(&path).expect("the keys are sound");
    assert_eq!(
        fs::read_dir(&folder).expect("the folder is ours").count(),
        1
    );
}

#[test]
fn a_key_file_that_breaks_its_format_is_refused() {
    const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let path = folder("broken_key_files").join("keys");
    assert_eq!(refusal(&path), Some("key-file-missing"));
    let digest = format!("digest {KEY}");
    let sound = [
        format!("{digest}\na {KEY}\n"),
        format!("a {KEY}\n# a comment\n\n{digest}\nb \t {KEY}"),
    ];
    let broken = [
        ("empty", String::new()),
        ("no key", digest.clone()),
        ("no digest", format!("a {KEY}")),
        ("two digests", format!("{digest}\n{digest}\na {KEY}")),
        ("an id twice", format!("{digest}\na {KEY}\na {KEY}")),
        ("no base64", format!("{digest}\na *{KEY}")),
        ("31 bytes", format!("{digest}\na {}AA==", &KEY[..40])),
        ("an id alone", format!("{digest}\na")),
        ("a long id", format!("{digest}\n{} {KEY}", "a".repeat(256))),
        ("no ASCII", format!("{digest}\né {KEY}")),
    ];
    let huge = "#".repeat(CONFIG_BYTES as usize + 1);
    let sound = sound.into_iter().map(|text| ("sound", text, None));
    let broken = broken.map(|(name, text)| (name, text, Some("key-file-broken")));
    let cases = sound
        .chain(broken)
        .chain([("huge", huge, Some("key-file-too-large"))]);
    for (name, text, code) in cases {
        fs::write(&path, text).expect("the folder is ours");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("the folder is ours");
        assert_eq!(refusal(&path), code, "{name}");
    }
    fs::write(&path, [0xff, 0xfe]).expect("the folder is ours");
    assert_eq!(refusal(&path), Some("key-file-broken"));
}

/// Why a key file is not read.
fn refusal(path: &Path) -> Option<&'static str> {
    let failure = KeyFile::read(path).err();
    failure.map(|failure| failure.reason().code)
}
