//! Ways through the tables of a guide, and how what stands in them is written.

use std::fmt;

use super::{Element, Grade, Guide, Item, Kind, Loop, Note, Segment, Usage};

/// Whether a reference means the guide of an identifier and a transaction set: `ID`, or `ID/SET` where several sets share one.
pub(crate) fn means(reference: &str, id: &str, set: &str) -> bool {
    let rest = reference.strip_prefix(id);
    rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('/') == Some(set))
}

impl Guide {
    /// A loop instance and those around it, innermost first; the last is the transaction set.
    pub fn around(&self, loop_index: u16) -> impl Iterator<Item = u16> {
        std::iter::successors(Some(loop_index), |&index| {
            let parent = self.loops.get(usize::from(index))?.parent;
            self.loops.get(usize::from(parent)).map(|_| parent)
        })
    }

    /// What may stand in a loop, in the order of their positions.
    #[must_use]
    pub fn items_of(&self, a_loop: &Loop) -> &[Item] {
        run(&self.items, a_loop.first_item, a_loop.item_count)
    }

    /// What it says of the elements of a segment, used or not.
    #[must_use]
    pub fn elements_of(&self, segment: &Segment) -> &[Element] {
        run(&self.elements, segment.first_element, segment.element_count)
    }

    /// What it says of the components of an element, used or not; nothing if it is simple.
    #[must_use]
    pub fn components_of(&self, element: &Element) -> &[Element] {
        run(
            &self.components,
            element.first_component,
            element.component_count,
        )
    }

    /// The syntax notes of a segment.
    #[must_use]
    pub fn notes_of(&self, segment: &Segment) -> &[Note] {
        run(&self.notes, segment.first_note, segment.note_count)
    }

    /// The codes that an element or a key refers to; nothing at [`NONE`](super::NONE).
    #[must_use]
    pub fn codes_at(&self, index: u16) -> &[String] {
        let codes = self.codes.get(usize::from(index));
        codes.map_or(&[], Vec::as_slice)
    }

    /// What it says of an element of a segment, from one; none if the standard gives the segment no such element.
    #[must_use]
    pub fn element(&self, segment: &Segment, number: usize) -> Option<&Element> {
        self.elements_of(segment).get(number.checked_sub(1)?)
    }

    /// What it says of a component of an element, from one; none if the standard gives the element no such component.
    #[must_use]
    pub fn component(&self, element: &Element, number: usize) -> Option<&Element> {
        self.components_of(element).get(number.checked_sub(1)?)
    }
}

/// A run of a table; nothing where the table has no such run.
fn run<T>(table: &[T], first: u16, count: u16) -> &[T] {
    let first = usize::from(first);
    let run = table.get(first..first + usize::from(count));
    run.unwrap_or_default()
}

impl Usage {
    /// The letter that guides write: `R`, `S` or `N`.
    #[must_use]
    pub fn letter(self) -> &'static str {
        match self {
            Self::Required => "R",
            Self::Situational => "S",
            Self::NotUsed => "N",
        }
    }
}

/// As the standard writes it: `AN`, `N2`; nothing for a composite.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id => "ID",
            Self::An => "AN",
            Self::Numeric(places) => return write!(f, "N{places}"),
            Self::Decimal => "R",
            Self::Date => "DT",
            Self::Time => "TM",
            Self::Binary => "B",
            Self::Composite => "",
        })
    }
}

impl Grade {
    /// What guides, overlays and findings call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}
