//! Doors for tests: a store in memory whose objects can be looked at, exchanged and made to fail, and folders to work in.

// Each test binary uses a part of it.
#![allow(dead_code)]

use std::collections::HashMap;
use std::fs;
use std::io::{self, Cursor, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use uuid::Uuid;
use x12_pipeline::failure::{Failure, Result};
use x12_pipeline::keys::KeyFile;
use x12_pipeline::object::{JobId, ObjectId, Step};
use x12_pipeline::seal::Vault;
use x12_pipeline::store::{Draft, Store, failure_of};

/// A store in memory.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    objects: HashMap<ObjectId, Vec<u8>>,
    largest_write: usize,
    /// Steps of drafts (writes, publishing) until one fails.
    steps_left: Option<usize>,
}

impl Memory {
    /// The bytes of an object.
    pub fn get(&self, id: &ObjectId) -> Vec<u8> {
        self.0.lock().expect("no other thread panicked").objects[id].clone()
    }

    /// Puts bytes in an object's place.
    pub fn put(&self, id: &ObjectId, bytes: Vec<u8>) {
        self.0
            .lock()
            .expect("no other thread panicked")
            .objects
            .insert(*id, bytes);
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.0
            .lock()
            .expect("no other thread panicked")
            .objects
            .len()
    }

    /// The most bytes that were written at once.
    pub fn largest_write(&self) -> usize {
        self.0
            .lock()
            .expect("no other thread panicked")
            .largest_write
    }

    /// Lets this many steps of drafts work, and the one after them fail for want of room; none fails without a number.
    pub fn fail_after(&self, steps: Option<usize>) {
        self.0.lock().expect("no other thread panicked").steps_left = steps;
    }

    fn step(&self) -> io::Result<()> {
        let left = &mut self.0.lock().expect("no other thread panicked").steps_left;
        match left {
            Some(0) => {
                *left = None;
                Err(ErrorKind::StorageFull.into())
            }
            Some(steps) => {
                *steps -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Store for Memory {
    fn draft(&self, id: &ObjectId) -> Result<Box<dyn Draft>> {
        Ok(Box::new(MemoryDraft {
            memory: self.clone(),
            id: *id,
            bytes: Vec::new(),
        }))
    }

    fn open(&self, id: &ObjectId) -> Result<Box<dyn Read + Send>> {
        let found = self
            .0
            .lock()
            .expect("no other thread panicked")
            .objects
            .get(id)
            .cloned();
        let missing = Failure::permanent("object-missing", "there is no such object");
        Ok(Box::new(Cursor::new(found.ok_or(missing)?)))
    }

    fn exists(&self, id: &ObjectId) -> Result<bool> {
        Ok(self
            .0
            .lock()
            .expect("no other thread panicked")
            .objects
            .contains_key(id))
    }

    fn remove(&self, id: &ObjectId) -> Result<()> {
        self.0
            .lock()
            .expect("no other thread panicked")
            .objects
            .remove(id);
        Ok(())
    }
}

struct MemoryDraft {
    memory: Memory,
    id: ObjectId,
    bytes: Vec<u8>,
}

impl Write for MemoryDraft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.memory.step()?;
        let largest = &mut self
            .memory
            .0
            .lock()
            .expect("no other thread panicked")
            .largest_write;
        *largest = (*largest).max(bytes.len());
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Draft for MemoryDraft {
    fn publish(self: Box<Self>) -> Result<()> {
        self.memory
            .step()
            .map_err(|error| failure_of(error.kind()))?;
        self.memory.put(&self.id, self.bytes);
        Ok(())
    }
}

/// An empty folder for one test.
pub fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    // It is there only if the test ran before.
    _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the folder is ours");
    folder
}

/// A new key file in a folder, read.
pub fn keys(folder: &Path) -> KeyFile {
    let path = folder.join("keys");
    KeyFile::create(&path).expect("the keys are sound");
    KeyFile::read(&path).expect("the keys are sound")
}

/// A vault over a store in memory, with keys of its own.
pub fn vault(test: &str) -> (Vault, Memory) {
    let memory = Memory::default();
    let keys = keys(&folder(test));
    let vault = Vault::new(Arc::new(memory.clone()), Arc::new(keys));
    (vault, memory)
}

/// An object's id by number.
pub fn id(number: u32) -> ObjectId {
    ObjectId {
        job: JobId(Uuid::from_u128(
            0x0190_0000_0000_7000_8000_0000_0000_0000 + 7,
        )),
        step: Step::Decrypt,
        ordinal: number,
    }
}

/// So many bytes that do not repeat within a chunk.
pub fn plain(bytes: usize) -> Vec<u8> {
    let word = |number: u32| number.wrapping_mul(0x9e37_79b9).to_le_bytes();
    (0..).flat_map(word).take(bytes).collect()
}

/// Seals an object whole.
pub fn seal(vault: &Vault, id: &ObjectId, bytes: &[u8]) -> x12_pipeline::seal::Sealed {
    let mut sealer = vault.seal(id, OWNER).expect("the store works");
    sealer.write_all(bytes).expect("the store works");
    sealer.finish().expect("the store works")
}

/// Whose the objects are, if nothing else is said.
pub const OWNER: &str = "clearinghouse";

/// All that is given of an object, and why no more is: none at its end.
pub fn open(vault: &Vault, id: &ObjectId, owner: &str) -> (Vec<u8>, Option<Failure>) {
    let mut given = Vec::new();
    let opened = vault.open(id, owner).map(|mut opener| {
        let read = opener.read_to_end(&mut given);
        // Once refused, always refused; once ended, always ended.
        let again = opener.read(&mut [0; 1]);
        assert_eq!(
            read.as_ref().map_err(io::Error::kind).map(|_| 0),
            again.as_ref().map_err(io::Error::kind).copied()
        );
        read.map_err(|error| x12_pipeline::store::failure(&error))
    });
    (given, opened.and_then(|read| read.map(|_| ())).err())
}
