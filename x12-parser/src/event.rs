//! What the walk tells the renderers and checkers: structure opens, a segment stands, structure closes, something is wrong.

use std::sync::Arc;

use x12_schemas::table::NONE;

use crate::finding::{Code, Finding, Identity, Position};

/// One step through a block, in the order of its bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Event {
    OpenInterchange,
    OpenGroup,
    /// With the ordinal of its guide among the charts of the block, or [`x12_schemas::table::NONE`].
    OpenSet(u16),
    /// With the loop instance of the guide.
    OpenLoop(u16),
    /// The next entry of the layout, with its segment definition in the guide, or [`x12_schemas::table::NONE`].
    Entry(u16),
    /// The next structural finding of the block.
    Finding,
    /// The next place of the block: what follows is there.
    Place,
    CloseLoop,
    CloseSet,
    CloseGroup,
    CloseInterchange,
}

/// Ordinals and identity of the place that the walk has reached.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(crate) interchange: u32,
    pub(crate) group: u32,
    pub(crate) set: u32,
    pub(crate) identity: Arc<Identity>,
    pub(crate) group_kind: Arc<GroupKind>,
}

/// What a group says that it holds: GS01 and GS08.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupKind {
    pub(crate) gs01: String,
    pub(crate) gs08: String,
}

/// The bytes that a finding concerns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) offset: u64,
    pub(crate) length: u64,
    /// Which segment: of the transaction set, or of the document outside any.
    pub(crate) segment: u64,
}

/// What in a segment a finding concerns; zeros for the segment itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Part {
    pub(crate) element: u16,
    pub(crate) component: u16,
    pub(crate) repetition: u16,
}

impl Part {
    pub(crate) fn element(element: u16) -> Self {
        Self {
            element,
            ..Self::default()
        }
    }
}

impl Place {
    pub(crate) fn finding(
        &self,
        code: Code,
        span: Span,
        position: Option<Position>,
        part: Part,
    ) -> Finding {
        Finding {
            code,
            severity: code.severity(),
            offset: span.offset,
            length: span.length,
            interchange: self.interchange,
            group: self.group,
            set: self.set,
            segment: span.segment,
            position,
            element: part.element,
            component: part.component,
            repetition: part.repetition,
            identity: Arc::clone(&self.identity),
            rule: NONE,
            triggers: Vec::new(),
        }
    }
}
