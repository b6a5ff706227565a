//! Follows the loops of a transaction set: where its records begin and end, what they charge, and whether it can be divided at all.

use std::sync::Arc;

use x12_schemas::table::{Reading, Record, Role as Meaning};

use crate::chart::{Chart, Role};
use crate::decimal::Decimal;
use crate::finding::{Code, Finding, Position};
use crate::segment::{Segment, unwrapped};

/// Records that were counted, and what they charge.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct RecordCounts {
    /// Records.
    pub records: u64,
    /// The sum of their charges, exactly: of what the guide calls so.
    pub charges: Decimal,
    /// Records whose charge is missing, no number, or too large to be added: it is not in the sum.
    pub uncharged: u64,
}

impl RecordCounts {
    /// Adds a record.
    pub(super) fn add(&mut self, charge: Option<Decimal>) {
        self.records += 1;
        match charge.and_then(|charge| self.charges.plus(charge)) {
            Some(charges) => self.charges = charges,
            None => self.uncharged += 1,
        }
    }
}

/// The open loop of a transaction set, and the open record.
pub(super) struct Follow {
    pub(super) chart: Arc<Chart>,
    kind: Record,
    loop_index: u16,
    /// The loop that is the open record.
    record: Option<u16>,
    charge: Option<Decimal>,
    /// Whether the segment stood that holds the reference of the set.
    referenced: bool,
}

impl Follow {
    /// For a transaction set whose guide has records.
    pub(super) fn new(chart: &Arc<Chart>) -> Option<Self> {
        let kind = chart.guide.loops.iter().find_map(|a_loop| a_loop.record)?;
        Some(Self {
            chart: Arc::clone(chart),
            kind,
            loop_index: 0,
            record: None,
            charge: None,
            referenced: false,
        })
    }

    /// The part that is the reference of the set, if the guide lets it be divided: if it has one, and no levels beside its records.
    pub(super) fn divisible(&self) -> Option<Reading> {
        let guide = &self.chart.guide;
        let mut levels = (0..).zip(&guide.loops).filter(|(_, it)| it.hierarchical);
        let beside =
            |(index, _): (u16, _)| !self.is_inside(index) && self.role(index) == Role::Plain;
        let reference = self.readings(Meaning::Batch).first()?;
        // Its segment is changed where it stands: in the set itself, before all records.
        if reference.loop_index != 0 || reference.component != 0 {
            return None;
        }
        (!levels.any(beside)).then(|| reference.clone())
    }

    fn readings(&self, role: Meaning) -> &[Reading] {
        let roles = self.chart.guide.roles.iter();
        let mut readings = roles.filter(|(known, _)| *known == role);
        readings.next().map_or(&[], |(_, readings)| readings)
    }

    fn role(&self, loop_index: u16) -> Role {
        self.chart.role(loop_index, self.kind)
    }

    /// Whether a loop is a record or stands in one.
    fn is_inside(&self, mut loop_index: u16) -> bool {
        while loop_index != 0 {
            if self.role(loop_index) == Role::Record {
                return true;
            }
            loop_index = self.around(loop_index);
        }
        false
    }

    fn around(&self, loop_index: u16) -> u16 {
        self.chart.guide.loops[usize::from(loop_index)].parent
    }

    /// The open loop.
    pub(super) fn loop_index(&self) -> u16 {
        self.loop_index
    }

    /// A loop opens; says what it is, outside records.
    pub(super) fn open(&mut self, loop_index: u16) -> Role {
        self.loop_index = loop_index;
        if self.record.is_some() {
            return Role::Plain;
        }
        let role = self.role(loop_index);
        if role == Role::Record {
            self.record = Some(loop_index);
            self.charge = None;
        }
        role
    }

    /// The open loop closes; says what it was, outside records.
    pub(super) fn close(&mut self) -> Role {
        let closed = self.loop_index;
        self.loop_index = self.around(closed);
        match self.record {
            Some(record) if record == closed => self.record = None,
            Some(_) => return Role::Plain,
            None => {}
        }
        self.role(closed)
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
        let here = |it: &&Reading| it.loop_index == self.loop_index && it.segment == definition;
        if self.record.is_none() {
            if !self.referenced {
                self.referenced = self
                    .readings(Meaning::Batch)
                    .first()
                    .is_some_and(|it| here(&it));
            }
        } else if self.charge.is_none()
            && let Some(reading) = self.readings(Meaning::Charge).iter().find(here)
        {
            let value = segment.first_part(reading.element.into(), reading.component.into());
            self.charge = Decimal::parse(&unwrapped(value));
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
        self.role(loop_index) == Role::Record
            && self.chart.item(a_loop.first_item).segment == segment
    }
}
