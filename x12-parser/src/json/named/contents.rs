//! The members of a loop's object, sorted by what they stand for.

use crate::json::named::compose::{Composer, Result, Step, TWICE, UNKNOWN};
use crate::json::named::extra::Extras;
use crate::json::named::tree::{Index, NOTHING};
use crate::sheet::LoopSheet;

/// The members of a loop's object, by what they stand for.
pub(crate) struct Contents {
    /// Ordinals of the members of the segment that starts it, and their values.
    pub(super) starter: Vec<(usize, Index)>,
    /// A value for each slot, or [`NOTHING`].
    pub(crate) slots: Vec<Index>,
    pub(crate) extras: Extras,
    /// Levels below, where they are not among the slots.
    pub(crate) has_children: bool,
    /// It opened a hierarchical level.
    pub(crate) is_level: bool,
}

impl Composer<'_> {
    /// Sorts the members of a loop's object; `passed` are keys that are not the guide's.
    pub(crate) fn contents(
        &mut self,
        node: Index,
        index: u16,
        passed: &[&str],
    ) -> Result<Contents> {
        let (tree, sheet) = (self.tree, self.sheet());
        if !tree.is_object(node) {
            return self.fault("an object is due", node);
        }
        let Some(a_loop) = sheet.a_loop(index) else {
            return self.fault("there is no such loop", node);
        };
        let starter = sheet.segment(a_loop.starter).map(|starter| &starter.parts);
        let mut contents = Contents {
            starter: Vec::new(),
            slots: vec![NOTHING; a_loop.slots.len()],
            extras: Extras::default(),
            has_children: false,
            is_level: false,
        };
        let mut next = 0;
        for (key, value) in tree.members(node) {
            if let Some((ordinal, member)) = starter.and_then(|parts| parts.find(key)) {
                if contents.starter.iter().any(|(known, _)| *known == ordinal) {
                    return self.within(Step::Key(&member.key), |this| this.fault(TWICE, value));
                }
                contents.starter.push((ordinal, value));
            } else if let Some(ordinal) = a_loop.find(key, next) {
                next = ordinal + 1;
                let slot = &a_loop.slots[ordinal];
                self.within(Step::Key(&slot.key), |this| match contents.slots[ordinal] {
                    _ if slot.many && !tree.is_array(value) => this.fault("an array is due", value),
                    NOTHING => Ok(()),
                    _ => this.fault(TWICE, value),
                })?;
                contents.slots[ordinal] = value;
            } else if matches!(key, b"$extra" | b"$extraAfter") {
                let step = if key == b"$extra" {
                    "$extra"
                } else {
                    "$extraAfter"
                };
                contents.extras.begin(step);
                self.within(Step::Key(step), |this| {
                    this.extras(&mut contents.extras, value, a_loop)
                })?;
            } else if !passed.iter().any(|passed| passed.as_bytes() == key) {
                return self.fault(UNKNOWN, value);
            }
        }
        Ok(contents)
    }

    fn extras(&mut self, extras: &mut Extras, node: Index, a_loop: &LoopSheet) -> Result<()> {
        if !self.tree.is_array(node) {
            return self.fault("an array is due", node);
        }
        for (index, (_, entry)) in self.tree.members(node).enumerate() {
            self.within(Step::Item(index), |this| {
                match extras.read(this.tree, entry, a_loop) {
                    Ok(()) => Ok(()),
                    Err((what, at)) => this.fault(what, at),
                }
            })?;
        }
        Ok(())
    }
}
