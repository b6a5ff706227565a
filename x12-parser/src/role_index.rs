//! Which loops of a guide are records, levels around them and service lines, and which segments say what of them.

use std::borrow::Cow;

use x12_schemas::table::{Guide, Reading, Record, Role};

use crate::finding::{Code, Finding, Position};
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
    /// The part that is the reference of the set, if one can be divided between its records: a payment binds all that it pays.
    pub(crate) reference: Option<Reading>,
    /// By kind of record and loop instance.
    standings: [Vec<Standing>; Record::ALL.len()],
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
    /// Of a party, which elements of its segment are the [`PartyElement`]s, in their order; 0 for those that it has not.
    party: [u16; PARTY.len()],
}

/// What the segment of a party says, whichever it is: each is known by its data element.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PartyElement {
    /// 1 for a person, 2 for any other entity.
    Kind = 1,
    /// The last name of a person, the name of an organization.
    Name,
    First,
    Middle,
    Suffix,
    /// What the identifier is.
    Qualifier,
    Id,
}

/// The data elements of the [`PartyElement`]s, in their order.
const PARTY: [&[&str]; 7] = [
    &["1065"],
    &["1035", "93"],
    &["1036"],
    &["1037"],
    &["1039"],
    &["66"],
    &["67"],
];

impl Speaker {
    /// Whether what stands beside the value lets it count: of a use that has several codes the role may mean one.
    fn counts(&self, guide: &Guide, segment: &Segment<'_>) -> bool {
        self.reading.filters.iter().all(|filter| {
            let (element, component) = (usize::from(filter.element), usize::from(filter.component));
            let value = unwrapped(segment.first_part(element, component));
            let codes = guide.codes_at(filter.codes);
            codes.iter().any(|code| code.as_bytes() == &*value) != filter.negated
        })
    }

    /// What an element says: of one that repeats, its first repetition.
    pub(crate) fn value<'s>(&self, segment: &Segment<'s>) -> Cow<'s, [u8]> {
        let Reading {
            element, component, ..
        } = &self.reading;
        unwrapped(segment.first_part(usize::from(*element), usize::from(*component)))
    }

    /// All that it says: the [`PartyElement`]s of a party, the components of an element.
    pub(crate) fn said(&self, segment: &Segment<'_>) -> Vec<Vec<u8>> {
        if self.reading.element > 0 {
            let separator = segment.delimiters().component;
            let value = self.value(segment);
            let components = value.split(|byte| *byte == separator);
            return components.map(<[u8]>::to_vec).collect();
        }
        let element = |number: u16| match number {
            0 => Vec::new(),
            number => {
                let element = segment.element(usize::from(number));
                unwrapped(element.bytes()).into_owned()
            }
        };
        self.party.map(element).into()
    }
}

/// The [`PartyElement`]s of a segment.
fn party(guide: &Guide, reading: &Reading) -> [u16; PARTY.len()] {
    let Some(segment) = guide.segments.get(usize::from(reading.segment)) else {
        return Default::default();
    };
    PARTY.map(|known| {
        let is_known = |number: &u16| {
            let element = guide.element(segment, usize::from(*number));
            element.is_some_and(|element| known.contains(&element.data_element.as_str()))
        };
        (1..=segment.element_count).find(is_known).unwrap_or(0)
    })
}

impl RoleIndex {
    pub(crate) fn new(guide: &Guide) -> Self {
        let mut index = Self {
            record: guide.loops.iter().find_map(|a_loop| a_loop.record),
            standings: Record::ALL.map(|record| standings(guide, record)),
            reference: None,
            providers: Vec::new(),
            speakers: vec![Vec::new(); guide.segments.len()],
        };
        for (role, places) in &guide.roles {
            for reading in places {
                let speaker = Speaker {
                    role: *role,
                    reading: reading.clone(),
                    party: party(guide, reading),
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
        index.reference = index.reference(guide).cloned();
        index
    }

    /// Where the guide has the reference of the set, if it lets the set be divided: its segment is changed where it stands, in the set
    /// itself, and no levels may stand beside the records.
    fn reference<'g>(&self, guide: &'g Guide) -> Option<&'g Reading> {
        let (_, places) = guide.roles.iter().find(|(role, _)| *role == Role::Batch)?;
        let is_set_itself = |place: &&Reading| place.loop_index == 0 && place.component == 0;
        let reference = places.first().filter(is_set_itself)?;
        let mut levels = (0..).zip(&guide.loops).filter(|(_, it)| it.hierarchical);
        let beside = |(index, _): (u16, _)| {
            !self.is_in_record(guide, index) && self.standing(index) == Standing::Plain
        };
        (self.record.is_some() && !levels.any(beside)).then_some(reference)
    }

    /// Whether a loop is a record or stands in one.
    fn is_in_record(&self, guide: &Guide, loop_index: u16) -> bool {
        self.around(guide, loop_index, Standing::Record).is_some()
    }

    /// Whether after this finding it is uncertain what belongs to which record.
    ///
    /// What is wrong inside a record stays with it, whether it is missing, too much or too late. But a segment that fits nowhere may
    /// mean that the one is lost which begins the record, or the level, that it belongs to.
    pub(crate) fn doubts(&self, guide: &Guide, finding: &Finding) -> bool {
        let place = finding.position.as_ref().map(Position::entry);
        let inside = place.is_some_and(|(loop_index, _)| self.is_in_record(guide, loop_index));
        match finding.code {
            Code::HierarchyNumber
            | Code::HierarchyParent
            | Code::HierarchyChild
            | Code::SegmentUnexpected
            | Code::SetTrailerMissing
            | Code::BinaryLength => true,
            Code::SegmentTooOften | Code::LoopTooOften => !inside,
            Code::SegmentOutOfSequence => {
                !inside || place.is_some_and(|it| self.begins_record(guide, it))
            }
            _ => false,
        }
    }

    /// Whether a segment is the one that begins a record.
    fn begins_record(&self, guide: &Guide, (loop_index, segment): (u16, u16)) -> bool {
        let first = guide
            .items_of(&guide.loops[usize::from(loop_index)])
            .first();
        self.standing(loop_index) == Standing::Record
            && first.is_some_and(|item| item.segment == segment)
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

    /// What a segment says in a loop: the definition that it is an instance of comes first.
    pub(crate) fn speakers<'i>(
        &'i self,
        (definition, segment): (u16, &'i Segment<'_>),
        loop_index: u16,
        guide: &'i Guide,
    ) -> impl Iterator<Item = &'i Speaker> {
        let speakers = self.speakers.get(usize::from(definition));
        let speakers = speakers.into_iter().flatten();
        speakers.filter(move |speaker| {
            speaker.reading.loop_index == loop_index && speaker.counts(guide, segment)
        })
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
