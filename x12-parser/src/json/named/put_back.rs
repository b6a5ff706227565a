//! What has no label, put back where it stood: segments, elements, and values once too many for their keys.

use x12_schemas::table::NONE;

use crate::json::named::compose::{Composer, Result, Step};
use crate::json::named::contents::Contents;
use crate::json::named::extra::{Extra, Extras};
use crate::json::named::pen::Spot;
use crate::json::named::tree::Index;
use crate::json::scan::Stop;
use crate::sheet::Slot;

/// Behind what segments without a label are due.
#[derive(Clone, Copy)]
pub(super) enum Behind {
    /// This value of a slot.
    One(usize),
    /// All the values of a slot, which are so many.
    All(usize),
}

impl<'a> Composer<'a> {
    /// Writes what had no label and is due where something else has been written already; what stands at `passed` has been, too.
    pub(crate) fn late(
        &mut self,
        contents: &mut Contents,
        index: u16,
        from: u16,
        passed: Option<&str>,
    ) -> Result<()> {
        if let Some(passed) = passed {
            contents.extras.forget(passed);
        }
        let slots = self
            .sheet()
            .a_loop(index)
            .map_or(&[][..], |a_loop| &a_loop.slots);
        for (ordinal, slot) in (0..from).zip(slots) {
            for extra in contents.extras.values(ordinal) {
                self.again(contents, (ordinal, slot), (extra, 0))?;
            }
            for one in [ordinal, NONE] {
                if one != NONE || ordinal == 0 {
                    self.after(&contents.extras, one, Behind::All(0))?;
                }
            }
        }
        Ok(())
    }

    /// Writes a value once too many for its key.
    pub(super) fn again(
        &mut self,
        contents: &Contents,
        slot: (u16, &'a Slot),
        (extra, count): (Extra, usize),
    ) -> Result<()> {
        let within = [
            Step::Key(extra.place),
            Step::Item(extra.index),
            Step::Key("value"),
        ];
        self.path.extend(within);
        self.one(contents, slot, (extra.node, count), Some(extra.elements))?;
        self.path.truncate(self.path.len() - within.len());
        Ok(())
    }

    /// Writes the segments without a label that stood behind a value, or all that are left behind a slot.
    pub(super) fn after(&mut self, extras: &Extras, slot: u16, behind: Behind) -> Result<()> {
        let is_here = |extra: &&Extra| {
            extra.slot == slot
                && match (behind, extra.of) {
                    (Behind::One(index), of) => of == Some(index),
                    // What is said to stand behind a value that is not there, too.
                    (Behind::All(told), of) => of.is_none_or(|of| of >= told),
                }
        };
        for extra in extras.segments.iter().filter(is_here) {
            let tree = self.tree;
            let within = [
                Step::Key(extra.place),
                Step::Item(extra.index),
                Step::Key("segment"),
            ];
            self.path.extend(within);
            match self.pen.verbatim(tree.json(extra.node), self.limits) {
                Ok(()) => {}
                Err(Stop::Bad { what, .. }) => return self.fault(what, extra.node),
                Err(_) => return self.fault("the segment is larger than it may be", extra.node),
            }
            self.path.truncate(self.path.len() - within.len());
        }
        Ok(())
    }

    /// Puts the elements without a label in their places in the segment.
    pub(super) fn elements(&mut self, extras: &Extras, slot: u16, index: usize) -> Result<()> {
        for extra in &extras.elements {
            if extra.slot == slot && extra.of.unwrap_or(0) == index {
                let within = [
                    Step::Key(extra.place),
                    Step::Item(extra.index),
                    Step::Key("elements"),
                ];
                self.path.extend(within);
                self.replace(extra.node)?;
                self.path.truncate(self.path.len() - within.len());
            }
        }
        Ok(())
    }

    /// Puts values by their numbers, `10` or `05-8`, in place of what is there.
    pub(super) fn replace(&mut self, node: Index) -> Result<()> {
        let tree = self.tree;
        if !tree.is_object(node) {
            return self.fault("an object is due", node);
        }
        for (key, value) in tree.members(node) {
            let Some((element, component)) = numbers(key, self.limits.elements) else {
                return self.fault("the number of an element is due, such as 05 or 05-8", value);
            };
            let spot = Spot {
                element,
                ..Spot::default()
            };
            if component > 0 {
                let component = component - 1;
                self.put(Spot { component, ..spot }, value)?;
                continue;
            }
            self.pen.clear(element);
            if !tree.is_array(value) {
                self.put(spot, value)?;
            }
            for (repetition, (_, part)) in (0u16..).zip(tree.members(value)) {
                if !tree.is_array(part) {
                    self.put(
                        Spot {
                            component: repetition,
                            ..spot
                        },
                        part,
                    )?;
                }
                for (component, (_, part)) in (0u16..).zip(tree.members(part)) {
                    self.put(
                        Spot {
                            component,
                            repetition,
                            ..spot
                        },
                        part,
                    )?;
                }
            }
        }
        Ok(())
    }

    fn put(&mut self, spot: Spot, node: Index) -> Result<()> {
        let Some(text) = self.tree.text(node) else {
            return self.fault("a string is due", node);
        };
        match self.pen.put(spot, text) {
            Ok(()) => Ok(()),
            Err(what) => self.fault(what, node),
        }
    }
}

/// Element and component that a number names: `05-8`; component 0 for the element.
fn numbers(key: &[u8], elements: usize) -> Option<(u16, u16)> {
    let key = std::str::from_utf8(key).ok()?;
    let (element, component) = key.split_once('-').unwrap_or((key, "0"));
    let digits = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse().ok())
            .flatten()
    };
    let (element, component) = (digits(element)?, digits(component)?);
    (element > 0 && usize::from(element) <= elements && component <= 999)
        .then_some((element, component))
}
