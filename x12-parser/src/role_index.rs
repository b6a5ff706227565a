//! Which loops of a guide are records, levels around them and service lines, and which segments say what of them.

use std::borrow::Cow;

use x12_schemas::table::{Guide, Reading, Record, Role};

use crate::segment::{Segment, unwrapped};

/// What a loop is to those who take a transaction set record by record.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Standing {
    /// One occurrence is one record.
    Record,
    /// Records may stand below it, and it stands in none.
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
    /// What one record is to those who answer and divide, if the guide has any: the first kind that it has.
    pub(crate) record: Option<Record>,
    /// By kind of record and loop instance.
    standings: [Vec<Standing>; 2],
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
        let kinds = [Record::Claim, Record::Member];
        let mut index = Self {
            record: guide.loops.iter().find_map(|a_loop| a_loop.record),
            standings: kinds.map(|record| standings(guide, record)),
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
                        for standings in &mut index.standings {
                            let standing = &mut standings[usize::from(reading.loop_index)];
                            if *standing == Standing::Plain {
                                *standing = Standing::Line;
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        index
    }

    /// The nearest loop of a standing, the loop itself among them.
    pub(crate) fn around(&self, guide: &Guide, loop_index: u16, standing: Standing) -> Option<u16> {
        let mut around = guide.around(loop_index);
        around.find(|&index| self.standing(index) == standing)
    }

    /// What a loop is to those who answer and divide.
    pub(crate) fn standing(&self, loop_index: u16) -> Standing {
        let standing = self
            .record
            .map(|record| self.standing_to(record, loop_index));
        standing.unwrap_or_default()
    }

    /// What a loop is to records of a kind.
    pub(crate) fn standing_to(&self, record: Record, loop_index: u16) -> Standing {
        let standings = &self.standings[record as usize];
        let standing = standings.get(usize::from(loop_index));
        standing.copied().unwrap_or_default()
    }

    /// Whether the guide has records of a kind.
    pub(crate) fn has(&self, record: Record) -> bool {
        self.standings[record as usize].contains(&Standing::Record)
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

/// What each loop is but for its lines. The transaction set itself is no level, and what stands in a record is none of its own.
fn standings(guide: &Guide, record: Record) -> Vec<Standing> {
    let mut standings = vec![Standing::Plain; guide.loops.len()];
    // Parents come before their children.
    let mut is_inside = vec![false; guide.loops.len()];
    for (index, a_loop) in guide.loops.iter().enumerate() {
        let is_record = a_loop.record == Some(record);
        let around = is_inside.get(usize::from(a_loop.parent)).copied();
        let around = around.unwrap_or_default();
        is_inside[index] = around || is_record;
        if is_record && !around {
            standings[index] = Standing::Record;
        }
    }
    for index in (1..guide.loops.len()).rev() {
        let parent = usize::from(guide.loops[index].parent);
        let holds = matches!(standings[index], Standing::Record | Standing::Level);
        if holds && parent != 0 && standings.get(parent) == Some(&Standing::Plain) {
            standings[parent] = Standing::Level;
        }
    }
    standings
}
