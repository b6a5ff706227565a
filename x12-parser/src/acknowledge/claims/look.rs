//! Looks in each block for what a 277CA repeats: the roles that the guide gives to segments and elements.

use x12_schemas::table::Role;

use crate::block::{Block, Stage};
use crate::chart::Chart;
use crate::delimiters::Delimiters;
use crate::entry::EntryKind;
use crate::event::Event;
use crate::replay::{PlacedSegment, Replay, Step};
use crate::role_index::{Speaker, Standing};
use crate::segment::{Segment, unwrapped};

/// What was found. Holds values, so it has no `Debug`.
pub(crate) enum Item {
    Interchange {
        isa: Vec<Vec<u8>>,
        delimiters: Delimiters,
    },
    OpenGroup,
    Group {
        gs: Vec<Vec<u8>>,
    },
    OpenSet,
    /// A loop that is something to records, and whether it is a provider's level.
    OpenLoop(Standing, bool),
    /// What a role says: the elements of a party, the components of an element.
    Said(Role, Vec<Vec<u8>>),
    CloseLoop(Standing),
    CloseSet,
    CloseGroup,
    CloseInterchange,
}

/// Looks.
pub(crate) struct Look;

impl Stage for Look {
    type Output = Vec<Item>;

    fn block(&self, block: &Block<'_>, output: &mut Vec<Item>) {
        output.clear();
        let mut replay = Replay::new(block);
        while let Some(step) = replay.next() {
            match step {
                Step::Segment(placed) => segment(&replay, &placed, output),
                Step::Structure(event) => output.extend(structure(&replay, event)),
                Step::Finding(_) => {}
            }
        }
    }
}

fn structure(replay: &Replay<'_>, event: Event) -> Option<Item> {
    let standing = |chart: &Chart, loop_index| match chart.roles.standing(loop_index) {
        Standing::Plain => None,
        standing => Some(standing),
    };
    match event {
        Event::OpenGroup => Some(Item::OpenGroup),
        Event::OpenSet(_) => Some(Item::OpenSet),
        Event::OpenLoop(loop_index) => {
            let chart = replay.chart?;
            let is_provider = chart.roles.is_provider(loop_index);
            Some(Item::OpenLoop(standing(chart, loop_index)?, is_provider))
        }
        Event::CloseLoop => Some(Item::CloseLoop(standing(replay.chart?, replay.closed)?)),
        Event::CloseSet => Some(Item::CloseSet),
        Event::CloseGroup => Some(Item::CloseGroup),
        Event::CloseInterchange => Some(Item::CloseInterchange),
        _ => None,
    }
}

fn segment(replay: &Replay<'_>, placed: &PlacedSegment<'_>, output: &mut Vec<Item>) {
    let PlacedSegment { segment, .. } = placed;
    if placed.kind == EntryKind::Header {
        output.push(Item::Interchange {
            isa: elements(segment),
            delimiters: *segment.delimiters(),
        });
    } else if !replay.in_set {
        if segment.id().eq_ignore_ascii_case(b"GS") {
            output.push(Item::Group {
                gs: elements(segment),
            });
        }
    } else if let Some(chart) = replay.chart {
        for speaker in chart.roles.speakers(placed.definition, replay.loop_index) {
            output.push(Item::Said(speaker.role, said(speaker, segment)));
        }
    }
}

/// The elements of a segment, without the line breaks of a wrapped file.
fn elements(segment: &Segment<'_>) -> Vec<Vec<u8>> {
    let elements = segment.elements();
    elements
        .map(|element| unwrapped(element.bytes()).into_owned())
        .collect()
}

fn said(speaker: &Speaker, segment: &Segment<'_>) -> Vec<Vec<u8>> {
    if speaker.reading.element == 0 {
        return elements(segment);
    }
    let separator = segment.delimiters().component;
    let value = speaker.value(segment);
    let components = value.split(|byte| *byte == separator);
    components.map(<[u8]>::to_vec).collect()
}
