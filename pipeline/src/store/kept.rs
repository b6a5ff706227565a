//! Small objects that this process has just written or read, or is to read soon, kept as they are: sealed.
//!
//! Most objects are read again within a second by the jobs that follow, and a request to a server far away takes longer than the job.
//! An object is what its job made: however often it is made, it is the same, so it does not matter whether another wrote it since.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Cursor, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Draft, Store, failure};
use crate::failure::Result;
use crate::object::ObjectId;

/// Bytes of an object that is not kept any more: a store has larger ones, and these are not read for their latency.
const SMALL_BYTES: usize = 1 << 18;

/// A store, and what was written into it or read from it last.
pub struct KeptStore<S> {
    store: S,
    kept: Arc<Mutex<Kept>>,
}

/// What was written or read last, so many bytes.
struct Kept {
    objects: HashMap<ObjectId, Arc<[u8]>>,
    /// The first goes first.
    order: VecDeque<ObjectId>,
    bytes: usize,
    bytes_max: usize,
}

impl<S: Store> KeptStore<S> {
    /// The same store, of whose last small objects so many bytes are kept in memory.
    #[must_use]
    pub fn new(store: S, bytes_max: usize) -> Self {
        let kept = Kept {
            objects: HashMap::new(),
            order: VecDeque::new(),
            bytes: 0,
            bytes_max,
        };
        Self {
            store,
            kept: Arc::new(Mutex::new(kept)),
        }
    }

    fn kept(&self, id: &ObjectId) -> Option<Arc<[u8]>> {
        lock(&self.kept).objects.get(id).map(Arc::clone)
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    // Nothing that may panic leaves it half changed.
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kept {
    fn keep(&mut self, id: ObjectId, bytes: Arc<[u8]>) {
        self.forget(&id);
        self.bytes += bytes.len();
        self.objects.insert(id, bytes);
        self.order.push_back(id);
        while self.bytes > self.bytes_max
            && let Some(first) = self.order.pop_front()
        {
            self.drop_bytes(&first);
        }
    }

    fn forget(&mut self, id: &ObjectId) {
        if self.objects.contains_key(id) {
            self.order.retain(|kept| kept != id);
            self.drop_bytes(id);
        }
    }

    fn drop_bytes(&mut self, id: &ObjectId) {
        self.bytes -= self.objects.remove(id).map_or(0, |bytes| bytes.len());
    }
}

impl<S: Store> Store for KeptStore<S> {
    fn draft(&self, id: &ObjectId) -> Result<Box<dyn Draft>> {
        Ok(Box::new(KeptDraft {
            draft: self.store.draft(id)?,
            id: *id,
            bytes: Some(Vec::new()),
            kept: Arc::clone(&self.kept),
        }))
    }

    fn open(&self, id: &ObjectId) -> Result<Box<dyn Read + Send>> {
        if let Some(bytes) = self.kept(id) {
            return Ok(Box::new(Cursor::new(bytes)));
        }
        let mut object = self.store.open(id)?;
        // Who reads it now reads it again with the next job.
        let mut bytes = Vec::new();
        let most = SMALL_BYTES as u64 + 1;
        let read = object.by_ref().take(most).read_to_end(&mut bytes);
        if read.map_err(|error| failure(&error))? > SMALL_BYTES {
            return Ok(Box::new(Cursor::new(bytes).chain(object)));
        }
        let bytes: Arc<[u8]> = bytes.into();
        lock(&self.kept).keep(*id, Arc::clone(&bytes));
        Ok(Box::new(Cursor::new(bytes)))
    }

    fn fetch(&self, id: &ObjectId) {
        // Who needs it asks again.
        let _ = self.open(id);
    }

    fn exists(&self, id: &ObjectId) -> Result<bool> {
        self.store.exists(id)
    }

    fn remove(&self, id: &ObjectId) -> Result<()> {
        lock(&self.kept).forget(id);
        self.store.remove(id)
    }
}

/// An object that is kept once it is published.
struct KeptDraft {
    draft: Box<dyn Draft>,
    id: ObjectId,
    /// What was written of it, unless it is too much.
    bytes: Option<Vec<u8>>,
    kept: Arc<Mutex<Kept>>,
}

impl Write for KeptDraft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.draft.write(bytes)?;
        let written = bytes.get(..count).unwrap_or_default();
        self.bytes = self
            .bytes
            .take()
            .filter(|kept| kept.len() + count <= SMALL_BYTES);
        if let Some(kept) = &mut self.bytes {
            kept.extend_from_slice(written);
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.draft.flush()
    }
}

impl Draft for KeptDraft {
    fn publish(self: Box<Self>) -> Result<()> {
        self.draft.publish()?;
        if let Some(bytes) = self.bytes {
            lock(&self.kept).keep(self.id, bytes.into());
        }
        Ok(())
    }
}
