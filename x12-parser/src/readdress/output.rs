//! What is written, while some of it waits to be known: the segment of a level that says whether others follow below, and all behind it.

use crate::delimiters::Delimiters;

use super::control::Control;

/// The element that says whether levels follow below.
pub(super) const CHILDREN: usize = 4;

/// Bytes to be written.
#[derive(Default)]
pub(super) struct Output {
    ready: Vec<u8>,
    hold: Option<Hold>,
    /// Bytes that were taken.
    taken: u64,
    /// Segments put into the open part of a transaction set that is divided.
    pub(super) segments: u64,
}

/// A level that waits, and what stands behind it.
struct Hold {
    level: Control,
    behind: Vec<u8>,
}

impl Output {
    /// Where the bytes go that come next.
    pub(super) fn sink(&mut self) -> &mut Vec<u8> {
        match &mut self.hold {
            Some(hold) => &mut hold.behind,
            None => &mut self.ready,
        }
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.sink().extend_from_slice(bytes);
    }

    /// A level waits until it is known whether others follow below.
    pub(super) fn hold(&mut self, level: Control) {
        let behind = Vec::new();
        self.hold = Some(Hold { level, behind });
    }

    /// Says of the level that waits, if one does, whether others follow below.
    pub(super) fn resolve(&mut self, has_children: bool, delimiters: &Delimiters) {
        let Some(Hold { mut level, behind }) = self.hold.take() else {
            return;
        };
        let says: &[u8] = if has_children { b"1" } else { b"0" };
        level.put(CHILDREN, says.to_vec());
        level.write(delimiters, &mut self.ready);
        self.ready.extend_from_slice(&behind);
    }

    /// Bytes that wait.
    pub(super) fn held(&self) -> usize {
        let held = |hold: &Hold| hold.level.len() + hold.behind.len();
        self.hold.as_ref().map_or(0, held)
    }

    /// Bytes that were put here so far.
    pub(super) fn bytes(&self) -> u64 {
        self.taken + (self.ready.len() + self.held()) as u64
    }

    /// Hands over what does not wait.
    pub(super) fn take<E>(&mut self, to: impl FnOnce(&[u8]) -> Result<(), E>) -> Result<(), E> {
        if !self.ready.is_empty() {
            to(&self.ready)?;
            self.taken += self.ready.len() as u64;
            self.ready.clear();
        }
        Ok(())
    }
}
