//! What is sealed opens as it was or not at all: sizes, tampering (S4), rotation of keys (S5), fresh keys, limits and faults.

mod doors;

use std::collections::HashSet;
use std::io::{ErrorKind, Read, Write};
use std::sync::{Arc, Mutex};

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use doors::{Memory, OWNER, id, open, plain, seal, vault};
use x12_pipeline::failure::{Failure, Result};
use x12_pipeline::keys::{DataKey, DigestKey, KeyFile, Keys, WrappedKey};
use x12_pipeline::limits::CHUNK_BYTES;
use x12_pipeline::object::{JobId, ObjectId, Step};
use x12_pipeline::seal::Vault;

const TAG: usize = 16;
const SEALED: usize = CHUNK_BYTES + TAG;

#[test]
fn every_size_opens_as_it_was_sealed() {
    let (vault, memory) = vault("every_size");
    let sizes = [
        0,
        1,
        CHUNK_BYTES - 1,
        CHUNK_BYTES,
        CHUNK_BYTES + 1,
        2 * CHUNK_BYTES - 1,
        2 * CHUNK_BYTES,
        2 * CHUNK_BYTES + 1,
        10 << 20,
    ];
    for size in sizes {
        let bytes = plain(size);
        for piece in [1000, CHUNK_BYTES, 3 * CHUNK_BYTES + 5] {
            let mut sealer = vault.seal(&id(1), OWNER).expect("the store works");
            for part in bytes.chunks(piece) {
                sealer.write_all(part).expect("the store works");
                sealer.flush().expect("the store works");
            }
            let sealed = sealer.finish().expect("the store works");
            assert_eq!(sealed.bytes, size as u64);
            let mut opener = vault.open(&id(1), OWNER).expect("it opens");
            let (mut given, mut room) = (Vec::new(), vec![0; piece]);
            loop {
                let count = opener.read(&mut room).expect("it opens");
                given.extend_from_slice(&room[..count]);
                if count == 0 {
                    break;
                }
            }
            assert!(given == bytes, "{size} bytes in pieces of {piece}");
            let chunks = size.div_ceil(CHUNK_BYTES).max(1);
            let header = header_bytes(&memory.get(&id(1)));
            assert_eq!(memory.get(&id(1)).len(), header + size + chunks * TAG);
        }
    }
    assert!(memory.largest_write() <= SEALED);
}

#[test]
fn digests_know_equal_contents_and_depend_on_their_key() {
    let (vault, _) = vault("digests");
    let (other, _) = doors::vault("digests_of_others");
    let digest = |vault: &Vault, number, bytes| seal(vault, &id(number), bytes).digest;
    let first = digest(&vault, 1, b"ISA*00*");
    assert_eq!(first, digest(&vault, 2, b"ISA*00*"));
    assert_ne!(first, digest(&vault, 3, b"ISA*01*"));
    assert_ne!(first, digest(&other, 1, b"ISA*00*"));
    let key = DigestKey::of(&[7; 32]).expect("32 bytes are a key");
    assert_eq!(key.digest("member", b"x"), key.digest("member", b"x"));
    assert_ne!(key.digest("member", b"x"), key.digest("claim", b"x"));
}

/// How long the header of a sealed object is: 8 bytes, the key id, the wrapped key, 7 bytes.
fn header_bytes(sealed: &[u8]) -> usize {
    let wrapped = 9 + usize::from(sealed[8]);
    let length = u16::from_be_bytes([sealed[wrapped], sealed[wrapped + 1]]);
    wrapped + 2 + usize::from(length) + 7
}

/// A sealed object, taken apart.
#[derive(Clone)]
struct Parts {
    header: Vec<u8>,
    chunks: Vec<Vec<u8>>,
}

impl Parts {
    fn of(sealed: &[u8]) -> Self {
        let (header, body) = sealed.split_at(header_bytes(sealed));
        Self {
            header: header.to_vec(),
            chunks: body.chunks(SEALED).map(<[u8]>::to_vec).collect(),
        }
    }

    fn joined(&self) -> Vec<u8> {
        [&self.header[..], &self.chunks.concat()].concat()
    }
}

/// What an attacker does to an object, given another of the same owner.
type Attack = (&'static str, fn(&mut Parts, &Parts));

const ATTACKS: [Attack; 17] = [
    ("first two exchanged", |parts, _| parts.chunks.swap(0, 1)),
    ("last two exchanged", |parts, _| parts.chunks.swap(2, 3)),
    ("first dropped", |parts, _| _ = parts.chunks.remove(0)),
    ("middle dropped", |parts, _| _ = parts.chunks.remove(1)),
    ("last dropped", |parts, _| _ = parts.chunks.pop()),
    ("all dropped", |parts, _| parts.chunks.clear()),
    ("first doubled", |parts, _| {
        parts.chunks.insert(0, parts.chunks[0].clone())
    }),
    ("last doubled", |parts, _| {
        parts.chunks.push(parts.chunks[3].clone())
    }),
    ("a chunk of the other", |parts, other| {
        parts.chunks[1] = other.chunks[1].clone()
    }),
    ("the last of the other", |parts, other| {
        parts.chunks[3] = other.chunks[3].clone()
    }),
    ("the header of the other", |parts, other| {
        parts.header = other.header.clone()
    }),
    ("the chunks of the other", |parts, other| {
        parts.chunks = other.chunks.clone()
    }),
    ("all of the other", |parts, other| *parts = other.clone()),
    ("the nonce prefix of the other", |parts, other| {
        let at = parts.header.len() - 7;
        parts.header.truncate(at);
        parts.header.extend_from_slice(&other.header[at..]);
    }),
    ("a byte behind", |parts, _| parts.chunks.push(vec![0])),
    ("an empty object behind", |parts, _| {
        parts.chunks.push(vec![0; TAG])
    }),
    ("version 2", |parts, _| parts.header[7] = 2),
];

#[test]
fn chunks_open_at_their_own_place_only() {
    let (vault, memory) = vault("chunks_open");
    // The same plain text: it is not the contents that tell them apart.
    let bytes = plain(3 * CHUNK_BYTES + 100);
    seal(&vault, &id(1), &bytes);
    seal(&vault, &id(2), &bytes);
    let (whole, other) = (
        Parts::of(&memory.get(&id(1))),
        Parts::of(&memory.get(&id(2))),
    );
    assert_eq!(whole.chunks.len(), 4);
    for (name, attack) in ATTACKS {
        let mut parts = whole.clone();
        attack(&mut parts, &other);
        memory.put(&id(1), parts.joined());
        refused(&vault, &bytes, name);
    }
    memory.put(&id(1), whole.joined());
    assert_eq!(open(&vault, &id(1), OWNER), (bytes, None));
}

/// Object 1 is broken: what was given of it is a true beginning, and no end was told.
fn refused(vault: &Vault, bytes: &[u8], name: &str) {
    let (given, failure) = open(vault, &id(1), OWNER);
    assert_eq!(code(failure), Some("object-broken"), "{name}");
    assert!(bytes.starts_with(&given), "{name}");
    assert_eq!(given.len() % CHUNK_BYTES, 0, "{name}");
}

fn code(failure: Option<Failure>) -> Option<&'static str> {
    failure.map(|failure| failure.reason().code)
}

#[test]
fn a_flipped_bit_is_found_wherever_it_is() {
    let (vault, memory) = vault("a_flipped_bit");
    let bytes = plain(2 * CHUNK_BYTES + 100);
    seal(&vault, &id(1), &bytes);
    let whole = memory.get(&id(1));
    let header = header_bytes(&whole);
    let key_id = 8..9 + usize::from(whole[8]);
    let (second, third) = (header + SEALED, header + 2 * SEALED);
    // Every byte of the header, then first, middle and last byte of text and tag of each chunk.
    let mut positions: Vec<_> = (0..header).collect();
    for (begin, end) in [(header, second), (second, third), (third, whole.len())] {
        let tag = end - TAG;
        positions.extend([begin, (begin + tag) / 2, tag - 1, tag, tag + 8, end - 1]);
    }
    for position in positions {
        for bit in [0, 7] {
            let mut flipped = whole.clone();
            flipped[position] ^= 1 << bit;
            memory.put(&id(1), flipped);
            let (given, failure) = open(&vault, &id(1), OWNER);
            let known = position.saturating_sub(header) / SEALED * CHUNK_BYTES;
            assert!(
                given == bytes[..known],
                "given of a flip at {position}.{bit}"
            );
            match code(failure) {
                Some("object-broken") => {}
                // It names a key that is not there.
                Some("key-missing") if key_id.contains(&position) => {}
                code => panic!("{code:?} of a flip at {position}.{bit}"),
            }
        }
    }
}

#[test]
fn a_cut_is_found_wherever_it_is() {
    let (vault, memory) = vault("a_cut");
    let bytes = plain(3 * CHUNK_BYTES);
    seal(&vault, &id(1), &bytes);
    let whole = memory.get(&id(1));
    let header = header_bytes(&whole);
    let mut cuts: Vec<_> = (0..=header).collect();
    for begin in [header, header + SEALED, header + 2 * SEALED] {
        let around = [1, TAG, CHUNK_BYTES / 2, CHUNK_BYTES, SEALED - 1, SEALED];
        cuts.extend(around.map(|offset| begin + offset));
    }
    cuts.retain(|cut| *cut < whole.len());
    for cut in cuts {
        memory.put(&id(1), whole[..cut].to_vec());
        refused(&vault, &bytes, &format!("cut at {cut}"));
    }
}

#[test]
fn an_empty_object_can_neither_be_made_nor_lengthened() {
    let (vault, memory) = vault("an_empty_object");
    seal(&vault, &id(1), b"");
    let empty = Parts::of(&memory.get(&id(1)));
    assert_eq!(open(&vault, &id(1), OWNER), (Vec::new(), None));
    for chunks in [vec![], vec![vec![0; TAG - 1]], vec![vec![0; TAG]]] {
        let header = empty.header.clone();
        memory.put(&id(1), Parts { header, chunks }.joined());
        refused(&vault, b"", "empty");
    }
}

#[test]
fn an_object_opens_for_its_owner_under_its_name_only() {
    let (vault, memory) = vault("an_object_opens");
    seal(&vault, &id(1), b"plain");
    let sealed = memory.get(&id(1));
    let other_job = ObjectId {
        job: JobId(uuid::Uuid::from_u128(8)),
        ..id(1)
    };
    let other_step = ObjectId {
        step: Step::Translate,
        ..id(1)
    };
    for wrong in [id(2), id(11), other_job, other_step] {
        memory.put(&wrong, sealed.clone());
        let (given, failure) = open(&vault, &wrong, OWNER);
        assert_eq!(
            (given.len(), code(failure)),
            (0, Some("object-broken")),
            "{wrong}"
        );
    }
    for owner in [
        "",
        "payer",
        "clearinghous",
        "clearinghouse2",
        "CLEARINGHOUSE",
    ] {
        let (given, failure) = open(&vault, &id(1), owner);
        assert_eq!((given.len(), code(failure)), (0, Some("object-broken")));
    }
    // 1 + "1x" and 11 + "x" are not the same.
    let mut sealer = vault.seal(&id(1), "1x").expect("the store works");
    sealer.write_all(b"plain").expect("the store works");
    sealer.finish().expect("the store works");
    memory.put(&id(11), memory.get(&id(1)));
    assert_eq!(code(open(&vault, &id(11), "x").1), Some("object-broken"));
}

#[test]
fn the_format_is_what_its_description_says() {
    let memory = Memory::default();
    let keys = Arc::new(doors::keys(&doors::folder("the_format")));
    let vault = Vault::new(Arc::new(memory.clone()), Arc::clone(&keys) as Arc<_>);
    let bytes = plain(CHUNK_BYTES + 5);
    seal(&vault, &id(1), &bytes);
    let parts = Parts::of(&memory.get(&id(1)));

    let joined = |parts: [&[u8]; 3]| {
        let part = |part: &[u8]| [&(part.len() as u64).to_be_bytes()[..], part].concat();
        parts.map(part).concat()
    };
    let name = id(1).to_string();
    let (key_id, rest) = parts.header[9..].split_at(usize::from(parts.header[8]));
    let (wrapped, prefix) = rest[2..].split_at(60);
    let wrapped = WrappedKey {
        key_id: String::from_utf8(key_id.to_vec()).expect("key ids are ASCII"),
        bytes: wrapped.to_vec(),
    };
    let context = joined([b"X12SEAL\x01", name.as_bytes(), OWNER.as_bytes()]);
    let key = keys.unwrap(&wrapped, &context).expect("the keys are sound");
    let cipher = Aes256Gcm::new(key.bytes().into());
    let aad = joined([&parts.header, name.as_bytes(), OWNER.as_bytes()]);
    let open = |chunk: &[u8], counter: [u8; 5]| {
        let nonce: [u8; 12] = [prefix, &counter]
            .concat()
            .try_into()
            .expect("7 bytes and 5 are 12");
        let payload = Payload {
            msg: chunk,
            aad: &aad,
        };
        cipher.decrypt(&nonce.into(), payload).expect("it opens")
    };
    let first = open(&parts.chunks[0], [0, 0, 0, 0, 0]);
    let last = open(&parts.chunks[1], [0, 0, 0, 1, 1]);
    assert!([first, last].concat() == bytes);
}

/// Keys that remember which data keys they wrapped.
struct Watched {
    keys: KeyFile,
    wrapped: Arc<Mutex<HashSet<[u8; 32]>>>,
}

impl Keys for Watched {
    fn wrap(&self, data_key: &DataKey, context: &[u8]) -> Result<WrappedKey> {
        self.wrapped
            .lock()
            .expect("no other thread panicked")
            .insert(*data_key.bytes());
        self.keys.wrap(data_key, context)
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &[u8]) -> Result<DataKey> {
        self.keys.unwrap(wrapped, context)
    }

    fn digest_key(&self) -> &DigestKey {
        self.keys.digest_key()
    }
}

#[test]
fn every_object_has_a_key_and_nonces_of_its_own() {
    const OBJECTS: usize = 100_000;
    let (memory, wrapped) = (Memory::default(), Arc::default());
    let keys = Watched {
        keys: doors::keys(&doors::folder("every_object_has")),
        wrapped: Arc::clone(&wrapped),
    };
    let vault = Vault::new(Arc::new(memory.clone()), Arc::new(keys));
    let mut headers = HashSet::new();
    for _ in 0..OBJECTS {
        vault
            .seal(&id(1), OWNER)
            .expect("the store works")
            .finish()
            .expect("the store works");
        let sealed = memory.get(&id(1));
        let header = header_bytes(&sealed);
        // Nonce of the wrapped key, nonce prefix of the chunks.
        let nonce = header - 7 - 60;
        headers.insert((
            sealed[nonce..nonce + 12].to_vec(),
            sealed[header - 7..header].to_vec(),
        ));
    }
    assert_eq!(headers.len(), OBJECTS);
    assert_eq!(
        wrapped.lock().expect("no other thread panicked").len(),
        OBJECTS
    );
}

#[test]
fn what_is_too_large_is_refused_by_name() {
    let (vault, memory) = vault("what_is_too_large");
    for limit in [0, 10, CHUNK_BYTES, CHUNK_BYTES + 1] {
        let vault = vault.clone().limited(limit as u64);
        seal(&vault, &id(1), &plain(limit));
        let mut sealer = vault.seal(&id(2), OWNER).expect("the store works");
        let error = sealer.write_all(&plain(limit + 1)).expect_err("it fails");
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        let failure = sealer.finish().expect_err("it fails");
        assert_eq!(failure.reason().code, "object-too-large");
        assert!(matches!(failure, Failure::Permanent(_)));
    }
    assert_eq!(memory.len(), 1);
}

#[test]
fn a_fault_at_any_step_leaves_nothing_or_the_former_object() {
    let (vault, memory) = vault("a_fault_at_any_step");
    let bytes = plain(3 * CHUNK_BYTES + 1);
    let attempt = || {
        let mut sealer = vault.seal(&id(1), OWNER)?;
        // An error is not forgotten: neither a second try nor the end gets by it.
        if sealer.write_all(&bytes).is_err() {
            assert!(sealer.write_all(b"more").is_err());
        }
        sealer.finish()
    };
    let fails = || {
        // Header, four chunks, publishing.
        for steps in 0..6 {
            memory.fail_after(Some(steps));
            let failure = attempt().expect_err("it fails");
            assert_eq!(failure.reason().code, "store-full", "after {steps}");
            assert!(matches!(failure, Failure::Transient(_)));
        }
        memory.fail_after(None);
    };
    fails();
    assert_eq!(memory.len(), 0);
    seal(&vault, &id(1), b"former");
    fails();
    assert_eq!(open(&vault, &id(1), OWNER), (b"former".to_vec(), None));
    attempt().expect("the store works");
    assert_eq!(open(&vault, &id(1), OWNER), (bytes.clone(), None));

    drop(vault.seal(&id(2), OWNER).expect("the store works"));
    assert_eq!(code(open(&vault, &id(2), OWNER).1), Some("object-missing"));
}
