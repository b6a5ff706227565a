//! The tree of loops laid out flat: one entry per loop and parent, parents first, shared loops under each of their parents.

use crate::table::{Guide, Item, Loop, NONE};

use super::guide::{Content, Draft, LoopDraft, Part};
use super::limits;
use super::report::{Place, Report};

/// Fills the loops and items of a guide; reports a shared loop that contains itself, and a guide that grows beyond all bounds.
pub(super) fn expand(report: &mut Report, draft: &Draft, guide: &mut Guide) {
    let root = Loop {
        id: String::new(),
        path: String::new(),
        label: guide.label.clone(),
        parent: NONE,
        depth: 0,
        first_item: 0,
        item_count: 0,
        hierarchical: false,
        record: None,
    };
    guide.loops.push(root);
    let mut expansion = Expansion {
        shared: &draft.shared,
        open: Vec::new(),
        guide,
    };
    if let Err((at, message)) = expansion.fill(&draft.parts, 0) {
        report.error(at, message);
    }
}

/// Why a guide cannot be laid out, and where.
type Fault = (Place, String);

struct Expansion<'a> {
    shared: &'a [LoopDraft],
    /// Shared loops around the present place.
    open: Vec<&'a str>,
    guide: &'a mut Guide,
}

impl<'a> Expansion<'a> {
    /// Adds the items of a loop, then its child loops.
    fn fill(&mut self, parts: &'a [Part], index: u16) -> Result<(), Fault> {
        let first = self.guide.items.len();
        for part in parts {
            let item = self.item(part)?;
            self.guide.items.push(item);
        }
        if self.guide.items.len() > limits::ENTRIES {
            let at = parts.first().map_or(Place::default(), |part| part.at);
            return Err((
                at,
                format!(
                    "the guide has more than {} items, shared loops counted under each parent",
                    limits::ENTRIES
                ),
            ));
        }
        let entry = &mut self.guide.loops[usize::from(index)];
        entry.first_item = first as u16;
        entry.item_count = parts.len() as u16;
        for (offset, part) in parts.iter().enumerate() {
            let child = match &part.content {
                Content::Segment { .. } => continue,
                Content::Loop(draft) => self.a_loop(draft, part.at, index)?,
                Content::Use { id, key, .. } => {
                    let draft = self.resolve(key, part.at)?;
                    if self.open.contains(&draft.key.as_str()) {
                        return Err((part.at, format!("shared loop {id} contains itself")));
                    }
                    self.open.push(&draft.key);
                    let child = self.a_loop(draft, part.at, index)?;
                    self.open.pop();
                    child
                }
            };
            self.guide.items[first + offset].child = child;
        }
        Ok(())
    }

    /// The entry of a part in its loop; the child of a loop follows.
    fn item(&self, part: &'a Part) -> Result<Item, Fault> {
        let (segment, usage, max) = match &part.content {
            Content::Segment { index, usage, max } => (*index, *usage, *max),
            Content::Loop(draft) => (starter(draft)?, draft.usage, draft.max),
            Content::Use {
                key, usage, max, ..
            } => {
                let draft = self.resolve(key, part.at)?;
                (
                    starter(draft)?,
                    usage.unwrap_or(draft.usage),
                    max.unwrap_or(draft.max),
                )
            }
        };
        Ok(Item {
            position: part.position,
            child: NONE,
            segment,
            usage,
            max,
            many: max != 1,
        })
    }

    /// Adds a loop with all below it.
    fn a_loop(&mut self, draft: &'a LoopDraft, at: Place, parent: u16) -> Result<u16, Fault> {
        let around = &self.guide.loops[usize::from(parent)];
        let depth = around.depth + 1;
        if usize::from(depth) > limits::LOOP_DEPTH {
            return Err((
                at,
                format!("loops stand deeper than {}", limits::LOOP_DEPTH),
            ));
        }
        if self.guide.loops.len() == limits::LOOPS {
            return Err((
                at,
                format!(
                    "the guide has more than {} loops, shared ones counted under each parent",
                    limits::LOOPS
                ),
            ));
        }
        let path = if parent == 0 {
            draft.id.clone()
        } else {
            format!("{}/{}", around.path, draft.id)
        };
        let index = self.guide.loops.len() as u16;
        let first = usize::from(starter(draft)?);
        self.guide.loops.push(Loop {
            id: draft.id.clone(),
            path,
            label: draft.label.clone(),
            parent,
            depth,
            first_item: 0,
            item_count: 0,
            hierarchical: self.guide.segments[first].hierarchical,
            record: draft.record,
        });
        self.fill(&draft.parts, index)?;
        Ok(index)
    }

    fn resolve(&self, key: &str, at: Place) -> Result<&'a LoopDraft, Fault> {
        let found = self.shared.iter().find(|draft| draft.key == key);
        found.ok_or_else(|| (at, format!("there is no shared loop {key}")))
    }
}

/// The segment that starts a loop.
fn starter(draft: &LoopDraft) -> Result<u16, Fault> {
    match draft.parts.first().map(|part| &part.content) {
        Some(Content::Segment { index, .. }) => Ok(*index),
        _ => Err((
            draft.at,
            format!("loop {} does not begin with a segment", draft.id),
        )),
    }
}
