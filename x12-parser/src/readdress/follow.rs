//! Follows the loops of a transaction set: where its records begin and end, what they charge, and whether it can be divided at all.

use std::sync::Arc;

use x12_schemas::table::{Reading, Role};

use crate::chart::Chart;
use crate::decimal::Decimal;
use crate::finding::{Code, Finding, Position};
use crate::role_index::Standing;
use crate::segment::Segment;

/// The open loop of a transaction set, and the open record.
pub(super) struct Follow {
    pub(super) chart: Arc<Chart>,
    loop_index: u16,
    /// What the record charges that was opened last.
    charge: Option<Decimal>,
    /// Whether the segment stood that holds the reference of the set.
    referenced: bool,
}

impl Follow {
    /// For a transaction set whose guide has records.
    pub(super) fn new(chart: &Arc<Chart>) -> Option<Self> {
        chart.roles.record?;
        Some(Self {
            chart: Arc::clone(chart),
            loop_index: 0,
            charge: None,
            referenced: false,
        })
    }

    /// The part that is the reference of the set, if the guide lets it be divided: if it has one, and no levels beside its records.
    pub(super) fn divisible(&self) -> Option<Reading> {
        let guide = &self.chart.guide;
        let mut levels = (0..).zip(&guide.loops).filter(|(_, it)| it.hierarchical);
        let beside = |(index, _): (u16, _)| {
            !self.is_inside(index) && self.standing(index) == Standing::Plain
        };
        let reference = self.reference()?;
        // Its segment is changed where it stands: in the set itself, before all records.
        if reference.loop_index != 0 || reference.component != 0 {
            return None;
        }
        (!levels.any(beside)).then(|| reference.clone())
    }

    /// Where the guide has the reference of the set.
    fn reference(&self) -> Option<&Reading> {
        let mut roles = self.chart.guide.roles.iter();
        let (_, places) = roles.find(|(role, _)| *role == Role::Batch)?;
        places.first()
    }

    fn standing(&self, loop_index: u16) -> Standing {
        self.chart.roles.standing(loop_index)
    }

    /// Whether a loop is a record or stands in one.
    fn is_inside(&self, loop_index: u16) -> bool {
        let Chart { guide, roles, .. } = &*self.chart;
        roles.around(guide, loop_index, Standing::Record).is_some()
    }

    /// The open loop.
    pub(super) fn loop_index(&self) -> u16 {
        self.loop_index
    }

    /// A loop opens; says what it is.
    pub(super) fn open(&mut self, loop_index: u16) -> Standing {
        self.loop_index = loop_index;
        let standing = self.standing(loop_index);
        if standing == Standing::Record {
            self.charge = None;
        }
        standing
    }

    /// The open loop closes; says what it was.
    pub(super) fn close(&mut self) -> Standing {
        let closed = self.loop_index;
        self.loop_index = self.chart.guide.loops[usize::from(closed)].parent;
        self.standing(closed)
    }

    /// What the record charges that closed last.
    pub(super) fn charge(&self) -> Option<Decimal> {
        self.charge
    }

    /// Whether the segment stood that holds the reference of the set.
    pub(super) fn is_referenced(&self) -> bool {
        self.referenced
    }

    /// A segment stands in the open loop.
    pub(super) fn segment(&mut self, definition: u16, segment: &Segment<'_>) {
        for speaker in self.chart.roles.speakers(definition, self.loop_index) {
            match speaker.role {
                Role::Batch => self.referenced |= self.reference() == Some(&speaker.reading),
                Role::Charge if self.charge.is_none() => {
                    self.charge = Decimal::parse(&speaker.value(segment));
                }
                _ => {}
            }
        }
    }

    /// Whether after this finding it is uncertain what belongs to which record.
    ///
    /// What is wrong inside a record stays with it, whether it is missing, too much or too late. But a segment that fits nowhere may
    /// mean that the one is lost which begins the record, or the level, that it belongs to.
    pub(super) fn doubts(&self, finding: &Finding) -> bool {
        let place = finding.position.as_ref().map(Position::entry);
        let inside = place.is_some_and(|(loop_index, _)| self.is_inside(loop_index));
        match finding.code {
            Code::HierarchyNumber
            | Code::HierarchyParent
            | Code::HierarchyChild
            | Code::SegmentUnexpected
            | Code::SetTrailerMissing
            | Code::BinaryLength => true,
            Code::SegmentTooOften | Code::LoopTooOften => !inside,
            Code::SegmentOutOfSequence => !inside || place.is_some_and(|it| self.begins_record(it)),
            _ => false,
        }
    }

    /// Whether a segment is the one that begins a record.
    fn begins_record(&self, (loop_index, segment): (u16, u16)) -> bool {
        let a_loop = &self.chart.guide.loops[usize::from(loop_index)];
        self.standing(loop_index) == Standing::Record
            && self.chart.item(a_loop.first_item).segment == segment
    }
}
