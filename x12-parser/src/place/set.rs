//! Transaction sets: which guide a set goes by, where it begins and ends.

use std::sync::Arc;

use x12_schemas::table::NONE;

use crate::event::{Event, GroupKind};
use crate::finding::{Code, Identity};
use crate::place::{Extent, GS, Here, Placer, SE, ST, text};
use crate::segment::Segment;
use crate::walk::{Walk, number};

impl Placer {
    pub(super) fn set_header(&mut self, segment: &Segment<'_>, here: &mut Here<'_>) {
        self.close_set(here);
        let orphan = !self.start.in_group;
        if orphan {
            self.open_group(here);
            self.group.orphan = true;
            self.groups -= 1;
        }
        self.set.st02 = segment.element(2).bytes().to_vec();
        self.open_set(segment, here);
        if orphan {
            self.find_in(here, Code::GroupHeaderMissing, GS, 0);
        }
        if !self.group.st02_seen.insert(&self.set.st02) {
            self.find_in(here, Code::SetControlNumberTwice, ST, 2);
        }
    }

    fn open_set(&mut self, segment: &Segment<'_>, here: &mut Here<'_>) {
        self.kept = 0;
        self.start.sets_of_group += 1;
        self.start.in_set = true;
        self.start.sets_empty = false;
        self.start.segments_of_set = 0;
        self.start.loop_index = 0;
        self.start.place.set = u32::try_from(self.start.sets_of_group).unwrap_or(u32::MAX);
        let Identity {
            interchange, group, ..
        } = (*self.start.place.identity).clone();
        let set = text(&self.set.st02);
        self.start.place.identity = Arc::new(Identity {
            interchange,
            group,
            set,
        });
        self.move_on(here);
        let matched = self.guide(segment);
        self.start.chart = matched.as_ref().map(|(chart, _)| *chart);
        here.placed
            .events
            .push(Event::OpenSet(self.start.chart.unwrap_or(NONE)));
        let chart = self
            .start
            .chart
            .map(|chart| Arc::clone(&self.charts[usize::from(chart)]));
        self.set.trailer = chart.as_ref().map_or(NONE, |chart| chart.definition(SE));
        self.set.walk = chart.and_then(|chart| match self.extent {
            Extent::Envelopes => None,
            Extent::Loops => Some(Walk::new(chart, false)),
            Extent::Rules(_) => Some(Walk::new(chart, true)),
        });
        self.inside(ST, segment, here);
        match matched {
            None => self.find_in(here, Code::GuideUnknown, ST, 1),
            Some((_, true)) => {
                let named = !segment.element(3).is_empty();
                self.find_in(here, Code::GuideAlias, ST, if named { 3 } else { 0 });
            }
            Some((_, false)) => {}
        }
        let gs01 = &self.start.place.group_kind.gs01;
        let group = self
            .start
            .chart
            .map(|chart| self.charts[usize::from(chart)].guide.group.clone());
        if group.is_some_and(|group| !gs01.is_empty() && group != *gs01) {
            self.find_in(here, Code::GroupDisagrees, ST, 1);
        }
    }

    /// The guide of a transaction set, as its ordinal among the charts, and whether it went by another identifier.
    fn guide(&mut self, segment: &Segment<'_>) -> Option<(u16, bool)> {
        let (st01, st03) = (
            text(segment.element(1).bytes()),
            text(segment.element(3).bytes()),
        );
        let st03 = (!st03.is_empty()).then_some(st03);
        let GroupKind { gs01, gs08 } = &*self.start.place.group_kind;
        let found = self
            .known
            .catalog
            .find(gs01, gs08, &st01, st03.as_deref())?;
        let known = self
            .charts
            .iter()
            .position(|chart| Arc::ptr_eq(&chart.guide, &found.guide));
        let ordinal = known.unwrap_or_else(|| {
            let chart = self.known.of(found.guide, self.extent.snip());
            Arc::make_mut(&mut self.charts).push(chart);
            self.charts.len() - 1
        });
        Some((ordinal as u16, found.by_alias))
    }

    pub(super) fn set_trailer(&mut self, segment: &Segment<'_>, here: &mut Here<'_>) {
        self.inside(SE, segment, here);
        let (segments, kept) = (
            self.start.segments_of_set,
            segment.element(2).bytes() == self.set.st02,
        );
        if number(segment.element(1).bytes()).is_some_and(|count| count != segments) {
            self.find_in(here, Code::SegmentCount, SE, 1);
        }
        if !kept {
            self.find_in(here, Code::SetControlNumber, SE, 2);
        }
        self.leave_set(here);
    }

    pub(super) fn close_set(&mut self, here: &mut Here<'_>) {
        if self.start.in_set {
            here.span.segment = self.start.segments_of_set + 1;
            self.find_in(here, Code::SetTrailerMissing, SE, 0);
            if let Some(walk) = &mut self.set.walk {
                walk.abandon();
            }
            self.leave_set(here);
            here.span.segment = self.start.segments_of_document;
        }
    }

    fn leave_set(&mut self, here: &mut Here<'_>) {
        if let Some(walk) = &mut self.set.walk {
            let mut trail = here.trail(
                &self.start.place,
                &mut self.kept,
                self.limits.findings_per_set,
            );
            walk.finish(self.set.trailer, &mut trail);
        }
        here.placed.events.push(Event::CloseSet);
        // What is wrong behind a set counts for itself, however much was wrong inside.
        self.kept = 0;
        self.start.place.set = 0;
        self.set.walk = None;
        self.start.in_set = false;
        self.start.chart = None;
        self.start.units.clear();
        let Identity {
            interchange, group, ..
        } = (*self.start.place.identity).clone();
        self.start.place.identity = Arc::new(Identity {
            interchange,
            group,
            set: String::new(),
        });
        self.move_on(here);
    }
}
