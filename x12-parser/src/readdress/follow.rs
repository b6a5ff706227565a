//! Follows the loops of a transaction set: where its records begin and end, what they charge, and whether it can be divided at all.

use std::sync::Arc;

use x12_schemas::table::{Reading, Role};

use crate::chart::Chart;
use crate::decimal::Decimal;
use crate::finding::Finding;
use crate::role_index::Standing;
use crate::segment::Segment;
use crate::withheld::Withheld;

/// The open loop of a transaction set, and the open record.
pub(super) struct Follow {
    pub(super) chart: Arc<Chart>,
    loop_index: u16,
    /// What the record charges that was opened last.
    charge: Option<Decimal>,
    /// Whether the segment stood that holds the reference of the set, and what it is.
    referenced: bool,
    batch: Option<Withheld>,
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
            batch: None,
        })
    }

    /// The part that is the reference of the set, if it can be divided.
    pub(super) fn reference(&self) -> Option<Reading> {
        self.chart.roles.reference.clone()
    }

    fn standing(&self, loop_index: u16) -> Standing {
        self.chart.roles.standing(loop_index)
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

    /// The reference of the set, if it stood.
    pub(super) fn batch(&self) -> Option<&Withheld> {
        self.batch.as_ref()
    }

    /// A segment stands in the open loop.
    pub(super) fn segment(&mut self, definition: u16, segment: &Segment<'_>) {
        let chart = &self.chart;
        let speakers = chart
            .roles
            .speakers((definition, segment), self.loop_index, &chart.guide);
        for speaker in speakers {
            match speaker.role {
                Role::Batch => {
                    self.referenced |=
                        self.chart.roles.reference.as_ref() == Some(&speaker.reading);
                    if self.batch.is_none() {
                        self.batch = Withheld::new(&speaker.value(segment));
                    }
                }
                Role::Charge if self.charge.is_none() => {
                    self.charge = Decimal::parse(&speaker.value(segment));
                }
                _ => {}
            }
        }
    }

    /// Whether after this finding it is uncertain what belongs to which record.
    pub(super) fn doubts(&self, finding: &Finding) -> bool {
        self.chart.roles.doubts(&self.chart.guide, finding)
    }
}
