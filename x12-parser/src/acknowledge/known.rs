//! What a document says by the guide's roles, of its parties and levels while they are open. Holds values, so it has no `Debug`.

use x12_schemas::table::Role;

use crate::role_index::PartyElement;

/// What was said in one place, by role; what is said twice counts the first time.
#[derive(Default)]
pub(crate) struct Known(Vec<(Role, Vec<Vec<u8>>)>);

impl Known {
    pub(crate) fn say(&mut self, role: Role, parts: Vec<Vec<u8>>) {
        let says_something = parts.iter().any(|part| !part.is_empty());
        if says_something && self.get(role).is_none() {
            self.0.push((role, parts));
        }
    }

    fn get(&self, role: Role) -> Option<&[Vec<u8>]> {
        let mut known = self.0.iter();
        let (_, parts) = known.find(|(other, _)| *other == role)?;
        Some(parts)
    }

    /// A part of what a role says, from one: a [`PartyElement`], a component of an element. Empty if it says nothing.
    pub(crate) fn part(&self, role: Role, number: usize) -> &[u8] {
        let parts = self.get(role).unwrap_or_default();
        parts.get(number - 1).map_or(&[], Vec::as_slice)
    }
}

/// What is said in the open levels, the transaction set first.
pub(crate) struct Levels(Vec<Known>);

impl Levels {
    pub(crate) fn new() -> Self {
        Self(vec![Known::default()])
    }

    pub(crate) fn open(&mut self) {
        self.0.push(Known::default());
    }

    pub(crate) fn close(&mut self) {
        self.0.pop();
    }

    pub(crate) fn innermost(&mut self) -> Option<&mut Known> {
        self.0.last_mut()
    }

    /// As [`Known::part`], by the innermost level that says it.
    pub(crate) fn part(&self, role: Role, number: usize) -> &[u8] {
        let mut parts = self.0.iter().rev().map(|known| known.part(role, number));
        parts.find(|part| !part.is_empty()).unwrap_or_default()
    }

    /// The party of a role: that of the innermost level that names one.
    pub(crate) fn party(&self, role: Role) -> Party<'_> {
        let known = self.0.iter().rev().find(|known| known.get(role).is_some());
        Party { known, role }
    }
}

/// A party: what its segment says.
pub(crate) struct Party<'k> {
    known: Option<&'k Known>,
    role: Role,
}

impl<'k> Party<'k> {
    /// Empty where it says nothing.
    pub(crate) fn element(&self, element: PartyElement) -> &'k [u8] {
        self.known
            .map_or(&[], |known| known.part(self.role, element as usize))
    }
}
