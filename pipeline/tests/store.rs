//! The folder as a store: names (S7), permissions, crashes between any two steps, and no plain text on disk.

mod doors;

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use doors::{folder, id, keys, open, plain};
use uuid::Uuid;
use x12_pipeline::failure::Failure;
use x12_pipeline::limits::CHUNK_BYTES;
use x12_pipeline::object::{JobId, ObjectId, Step};
use x12_pipeline::seal::Vault;
use x12_pipeline::store::{Draft, FolderStore, Store, failure, failure_of};

/// A text that no file of a store may hold.
const CANARY: &str = "CANARY-PATIENT-NAME";

/// All files and folders under a folder.
fn under(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .expect("the folder is ours")
        .map(|entry| entry.expect("the folder is ours"));
    entries
        .flat_map(|entry| {
            let inner = match entry.file_type().expect("the folder is ours").is_dir() {
                true => under(&entry.path()),
                false => Vec::new(),
            };
            inner.into_iter().chain([entry.path()])
        })
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = under(folder);
    files.retain(|path| path.is_file());
    files
}

fn write(store: &FolderStore, id: &ObjectId, bytes: &[u8]) -> Box<dyn Draft> {
    let mut draft = store.draft(id).expect("the store works");
    draft.write_all(bytes).expect("the store works");
    draft
}

fn read(store: &FolderStore, id: &ObjectId) -> Vec<u8> {
    let mut bytes = Vec::new();
    store
        .open(id)
        .expect("the store works")
        .read_to_end(&mut bytes)
        .expect("the store works");
    bytes
}

fn missing(store: &FolderStore, id: &ObjectId) -> bool {
    let failure = store.open(id).err();
    let missing =
        matches!(failure, Some(Failure::Permanent(reason)) if reason.code == "object-missing");
    missing && !store.exists(id).expect("the store works")
}

#[test]
fn an_object_is_seen_once_it_is_published_and_then_whole() {
    let root = folder("an_object_is_seen");
    let store = FolderStore::new(&root).expect("the store works");
    let draft = write(&store, &id(1), b"first");
    assert!(missing(&store, &id(1)));
    draft.publish().expect("the store works");
    assert_eq!(read(&store, &id(1)), b"first");

    // Doing a job twice replaces the object; who reads the former one reads it to its end.
    let mut reader = store.open(&id(1)).expect("the store works");
    let draft = write(&store, &id(1), b"second");
    assert_eq!(read(&store, &id(1)), b"first");
    draft.publish().expect("the store works");
    assert_eq!(read(&store, &id(1)), b"second");
    let mut former = Vec::new();
    reader.read_to_end(&mut former).expect("it opens");
    assert_eq!(former, b"first");

    drop(write(&store, &id(1), b"third"));
    assert_eq!(read(&store, &id(1)), b"second");
    assert_eq!(files(&root).len(), 1);

    // Another process, later.
    let store = FolderStore::new(&root).expect("the store works");
    assert!(store.exists(&id(1)).expect("the store works"));
    store.remove(&id(1)).expect("the store works");
    store.remove(&id(1)).expect("the store works");
    assert!(missing(&store, &id(1)));
    assert_eq!(files(&root).len(), 0);
}

#[test]
fn names_and_permissions_come_from_the_id_alone() {
    let root = folder("names_and_permissions").join("deep/store");
    let store = Arc::new(FolderStore::new(&root).expect("the store works"));
    let keys = keys(&folder("names_and_permissions_keys"));
    let vault = Vault::new(store, Arc::new(keys));
    let long = "n".repeat(300);
    let owners = [
        "../../../escape",
        "/absolute",
        "nul\0byte",
        "\u{202e}bidi",
        "-rf",
        "line\r\nbreak",
        &long,
        CANARY,
        "",
    ];
    let job = JobId(Uuid::from_u128(0x0190_7777_0000_7000_8000_0000_0000_00c4));
    let mut ordinal = 0;
    for step in Step::ALL {
        for owner in owners {
            ordinal += 1;
            let id = ObjectId { job, step, ordinal };
            let mut sealer = vault.seal(&id, owner).expect("the store works");
            sealer
                .write_all(CANARY.as_bytes())
                .expect("the store works");
            sealer.finish().expect("the store works");
            let path = format!("objects/c4/{job}/{}-{ordinal}", step.name());
            assert!(root.join(path).is_file());
            let given = open(&vault, &id, owner);
            assert_eq!(given, (CANARY.as_bytes().to_vec(), None));
        }
    }
    assert_eq!(files(&root).len(), ordinal as usize);
    let top: Vec<_> = fs::read_dir(root.parent().expect("the folder is ours"))
        .expect("the folder is ours")
        .collect();
    assert_eq!(top.len(), 1);
    for path in under(&root) {
        let mode = fs::metadata(&path)
            .expect("the folder is ours")
            .permissions()
            .mode()
            & 0o777;
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{}", path.display());
    }
    no_canary(&root);
}

fn no_canary(root: &Path) {
    for path in under(root) {
        assert!(!path.display().to_string().contains("CANARY"));
        if path.is_file() {
            let bytes = fs::read(&path).expect("the folder is ours");
            let found = bytes.windows(6).any(|window| window == b"CANARY");
            assert!(!found, "plain text in {}", path.display());
        }
    }
}

/// Where the process dies: after so many bytes of the plain text, or after the last.
const CRASHES: [usize; 6] = [
    0,
    10,
    CHUNK_BYTES,
    CHUNK_BYTES + 1,
    2 * CHUNK_BYTES,
    3 * CHUNK_BYTES - 1,
];

#[test]
fn a_crash_leaves_nothing_or_the_whole_object_and_never_plain_text() {
    let root = folder("a_crash");
    let keys = Arc::new(keys(&folder("a_crash_keys")));
    let bytes = CANARY.repeat(3 * CHUNK_BYTES / CANARY.len() + 1);
    let restart = || {
        let store = FolderStore::new(&root).expect("the store works");
        Vault::new(Arc::new(store), Arc::clone(&keys) as Arc<_>)
    };
    for (count, crash) in CRASHES.into_iter().enumerate() {
        crash_in(&restart(), &bytes.as_bytes()[..crash]);
        no_canary(&root);
        let vault = restart();
        assert!(!vault.store().exists(&id(1)).expect("the store works"));
        assert_eq!(files(&root).len(), count + 1);
    }
    // The last step before its new name: its folder is there, and nothing in it.
    let job = root.join("objects/07").join(id(1).job.to_string());
    fs::create_dir_all(&job).expect("the folder is ours");
    assert!(missing(
        &FolderStore::new(&root).expect("the store works"),
        &id(1)
    ));
    let mut sealer = restart().seal(&id(1), "payer").expect("the store works");
    sealer.write_all(bytes.as_bytes()).expect("the store works");
    sealer.finish().expect("the store works");
    let vault = restart();
    assert_eq!(
        open(&vault, &id(1), "payer"),
        (bytes.clone().into_bytes(), None)
    );

    // A crash while the job is done a second time: the former object stays.
    crash_in(&vault, &bytes.as_bytes()[..CHUNK_BYTES + 1]);
    assert_eq!(
        open(&restart(), &id(1), "payer"),
        (bytes.into_bytes(), None)
    );
    no_canary(&root);

    let store = FolderStore::new(&root).expect("the store works");
    assert_eq!(
        store
            .sweep(Duration::from_secs(3600))
            .expect("the store works"),
        0
    );
    assert_eq!(
        store.sweep(Duration::ZERO).expect("the store works"),
        CRASHES.len() + 1
    );
    assert_eq!(files(&root).len(), 1);
}

/// Seals the beginning of an object and dies: a process that does runs nothing that would clean up.
fn crash_in(vault: &Vault, beginning: &[u8]) {
    let mut sealer = vault.seal(&id(1), "payer").expect("the store works");
    sealer.write_all(beginning).expect("the store works");
    mem::forget(sealer);
}

#[test]
fn a_draft_that_was_swept_fails_and_is_not_half_there() {
    let root = folder("a_swept_draft");
    let store = FolderStore::new(&root).expect("the store works");
    let draft = write(&store, &id(1), b"slow");
    assert_eq!(store.sweep(Duration::ZERO).expect("the store works"), 1);
    let failure = draft.publish().expect_err("it fails");
    assert_eq!(failure.reason().code, "store-unavailable");
    assert!(matches!(failure, Failure::Transient(_)));
    assert!(missing(&store, &id(1)));
}

#[test]
fn publishing_beside_removing_loses_no_object() {
    let root = folder("publishing_beside_removing");
    let store = FolderStore::new(&root).expect("the store works");
    thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            scope.spawn(move || {
                // Of one job: its folder comes and goes.
                for round in 0..50 {
                    let id = id(thread * 1000 + round);
                    write(store, &id, &plain(100))
                        .publish()
                        .expect("the store works");
                    assert_eq!(read(store, &id), plain(100));
                    store.remove(&id).expect("the store works");
                    assert!(missing(store, &id));
                }
            });
        }
    });
    assert_eq!(files(&root).len(), 0);
}

#[test]
fn errors_become_failures_by_their_kind() {
    let table = [
        (ErrorKind::StorageFull, "store-full", true),
        (ErrorKind::QuotaExceeded, "store-full", true),
        (ErrorKind::PermissionDenied, "store-unavailable", true),
        (ErrorKind::NotFound, "store-unavailable", true),
        (ErrorKind::TimedOut, "store-unavailable", true),
        (ErrorKind::Other, "store-unavailable", true),
        (ErrorKind::InvalidData, "object-broken", true),
        (ErrorKind::FileTooLarge, "object-too-large", false),
    ];
    for (kind, code, transient) in table {
        let found = failure(&io::Error::new(kind, CANARY));
        assert_eq!(found, failure_of(kind));
        assert_eq!(found.reason().code, code);
        assert_eq!(matches!(found, Failure::Transient(_)), transient);
        assert!(!format!("{found} {found:?}").contains(CANARY));
    }
    let carried = Failure::permanent("any", "one that was carried");
    assert_eq!(failure(&io::Error::other(carried)), carried);
}

#[test]
fn a_store_whose_folder_vanished_fails_for_now() {
    let root = folder("a_vanished_store");
    let store = FolderStore::new(&root).expect("the store works");
    let draft = write(&store, &id(1), b"bytes");
    fs::remove_dir_all(&root).expect("the folder is ours");
    fs::write(&root, b"no folder").expect("the folder is ours");
    let failures = [
        draft.publish().err(),
        store.draft(&id(1)).err(),
        store.open(&id(1)).err(),
        store.remove(&id(1)).err(),
        store.sweep(Duration::ZERO).err(),
        FolderStore::new(&root).err(),
    ];
    for failure in failures {
        assert_eq!(
            failure.expect("it fails").reason().code,
            "store-unavailable"
        );
    }
    fs::remove_file(&root).expect("the folder is ours");
}
