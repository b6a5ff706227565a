//! Which loops of a guide are records, levels around them and service lines, and which segments say what of them.

use std::borrow::Cow;

use x12_schemas::table::{Guide, NONE, Reading, Record, Role};

use crate::segment::{Segment, unwrapped};

/// What a loop is to those who answer a transaction set record by record.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Standing {
    /// One occurrence is one record.
    Record,
    /// Records may stand below it.
    Level,
    /// One occurrence is a service line of a record.
    Line,
    /// None of these.
    #[default]
    Plain,
}

/// The roles of a guide, by loop and by segment.
#[derive(Debug, Default)]
pub(crate) struct RoleIndex {
    /// What one record is, if the guide has any.
    pub(crate) record: Option<Record>,
    /// By loop instance.
    standings: Vec<Standing>,
    /// Levels of a provider: the nearest around the one who is named.
    providers: Vec<u16>,
    /// By segment definition: what it says.
    speakers: Vec<Vec<Speaker>>,
}

/// A role that a segment has, or one of its elements.
#[derive(Clone, Debug)]
pub(crate) struct Speaker {
    pub(crate) role: Role,
    pub(crate) reading: Reading,
}

impl Speaker {
    /// What an element says: of one that repeats, its first repetition.
    pub(crate) fn value<'s>(&self, segment: &Segment<'s>) -> Cow<'s, [u8]> {
        let Reading {
            element, component, ..
        } = &self.reading;
        unwrapped(segment.first_part(usize::from(*element), usize::from(*component)))
    }
}

impl RoleIndex {
    pub(crate) fn new(guide: &Guide) -> Self {
        let mut index = Self {
            record: guide.loops.iter().find_map(|a_loop| a_loop.record),
            standings: standings(guide),
            providers: Vec::new(),
            speakers: vec![Vec::new(); guide.segments.len()],
        };
        for (role, places) in &guide.roles {
            for reading in places {
                let speaker = Speaker {
                    role: *role,
                    reading: reading.clone(),
                };
                index.speakers[usize::from(reading.segment)].push(speaker);
                match role {
                    Role::Provider => {
                        let level = index.around(guide, reading.loop_index, Standing::Level);
                        index.providers.extend(level);
                    }
                    Role::LineCharge | Role::LineProcedure => {
                        let a_loop = usize::from(reading.loop_index);
                        if index.standings[a_loop] == Standing::Plain {
                            index.standings[a_loop] = Standing::Line;
                        }
                    }
                    _ => {}
                }
            }
        }
        index
    }

    /// The nearest loop of a standing, the loop itself among them.
    fn around(&self, guide: &Guide, loop_index: u16, standing: Standing) -> Option<u16> {
        let mut open = loop_index;
        while open != NONE && open != 0 {
            if self.standing(open) == standing {
                return Some(open);
            }
            open = guide.loops[usize::from(open)].parent;
        }
        None
    }

    pub(crate) fn standing(&self, loop_index: u16) -> Standing {
        let standing = self.standings.get(usize::from(loop_index));
        standing.copied().unwrap_or_default()
    }

    /// Whether it is the level of a provider.
    pub(crate) fn is_provider(&self, loop_index: u16) -> bool {
        self.providers.contains(&loop_index)
    }

    /// What a segment says in a loop.
    pub(crate) fn speakers(
        &self,
        definition: u16,
        loop_index: u16,
    ) -> impl Iterator<Item = &Speaker> {
        let speakers = self.speakers.get(usize::from(definition));
        let speakers = speakers.into_iter().flatten();
        speakers.filter(move |speaker| speaker.reading.loop_index == loop_index)
    }
}

/// What each loop is but for its lines: parents come before their children. The transaction set itself is no level.
fn standings(guide: &Guide) -> Vec<Standing> {
    let own = |a_loop: &x12_schemas::table::Loop| match a_loop.record {
        Some(_) => Standing::Record,
        None => Standing::Plain,
    };
    let mut standings: Vec<Standing> = guide.loops.iter().map(own).collect();
    for index in (1..guide.loops.len()).rev() {
        let parent = usize::from(guide.loops[index].parent);
        let holds = matches!(standings[index], Standing::Record | Standing::Level);
        if holds && parent != 0 && standings.get(parent) == Some(&Standing::Plain) {
            standings[parent] = Standing::Level;
        }
    }
    standings
}
