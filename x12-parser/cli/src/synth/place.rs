//! The places that a profile names: `2300`, `2300/CLM05-1`, `2300/REF[G1]`, `*/N402`, `BPR02`.

use x12_schemas::table::NONE;

use super::model::Model;

/// What a place of a profile names.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) items: Vec<usize>,
    pub(super) segments: Vec<usize>,
    pub(super) elements: Vec<usize>,
    pub(super) components: Vec<usize>,
}

impl Model {
    /// Everything that a place names; nothing if there is no such thing.
    pub(super) fn named(&self, place: &str) -> Option<Named> {
        let guide = &self.guide;
        let mut named = Named::default();
        let is_loop = |id: &str| id == "." || guide.loops.iter().any(|a_loop| a_loop.id == id);
        if is_loop(place) {
            let of_it = |(_, item): &(usize, &x12_schemas::table::Item)| {
                item.child != NONE && guide.loops[usize::from(item.child)].id == place
            };
            named.items = guide
                .items
                .iter()
                .enumerate()
                .filter(of_it)
                .map(|(at, _)| at)
                .collect();
            return Some(named);
        }
        let (loop_id, rest) = place.split_once('/').unwrap_or(("", place));
        let (rest, code) = rest
            .strip_suffix(']')
            .and_then(|rest| rest.split_once('['))
            .unwrap_or((rest, ""));
        for a_loop in guide
            .loops
            .iter()
            .filter(|a_loop| loop_id == "*" || a_loop.id == loop_id)
        {
            for at in
                usize::from(a_loop.first_item)..usize::from(a_loop.first_item + a_loop.item_count)
            {
                if guide.items[at].child == NONE {
                    self.name_segment(at, rest, code, &mut named);
                }
            }
        }
        (!named.items.is_empty() || !named.elements.is_empty() || !named.components.is_empty())
            .then_some(named)
    }

    fn name_segment(&self, item: usize, rest: &str, code: &str, named: &mut Named) {
        let guide = &self.guide;
        let index = usize::from(guide.items[item].segment);
        let segment = &guide.segments[index];
        let keyed = |key: &x12_schemas::table::Key| {
            guide.codes_at(key.codes).iter().any(|known| known == code)
        };
        let Some(rest) = rest
            .strip_prefix(segment.id.as_str())
            .filter(|_| code.is_empty() || segment.keys.iter().any(keyed))
        else {
            return;
        };
        if rest.is_empty() {
            named.items.push(item);
            named.segments.push(index);
            return;
        }
        let (element, component) = rest.split_once('-').unwrap_or((rest, "0"));
        let (Ok(element), Ok(component)) = (element.parse::<u8>(), component.parse::<u16>()) else {
            return;
        };
        if rest.len() < 2 || element == 0 || u16::from(element) > segment.element_count {
            return;
        }
        // What is said of the first of a run is said of all.
        let group = segment
            .groups
            .iter()
            .find(|group| (group.first..group.first + group.size).contains(&element));
        let (size, times) = group.map_or((1, 1), |group| (group.size, group.times));
        for run in 0..times {
            let at = usize::from(segment.first_element) + usize::from(element - 1 + run * size);
            match (component, &guide.elements[at]) {
                (0, _) => named.elements.push(at),
                (_, whole) if component <= whole.component_count => named
                    .components
                    .push(usize::from(whole.first_component + component - 1)),
                _ => {}
            }
        }
    }
}
