//! Ways through the tables of a guide.

use super::{Element, Guide, Segment};

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

    /// What it says of an element of a segment, from one; none if the standard gives the segment no such element.
    #[must_use]
    pub fn element(&self, segment: &Segment, number: usize) -> Option<&Element> {
        let inside = (1..=usize::from(segment.element_count)).contains(&number);
        let index = usize::from(segment.first_element) + number;
        self.elements.get(index.checked_sub(1)?).filter(|_| inside)
    }

    /// What it says of a component of an element, from one; none if the standard gives the element no such component.
    #[must_use]
    pub fn component(&self, element: &Element, number: usize) -> Option<&Element> {
        let inside = (1..=usize::from(element.component_count)).contains(&number);
        let index = usize::from(element.first_component) + number;
        self.components
            .get(index.checked_sub(1)?)
            .filter(|_| inside)
    }
}
