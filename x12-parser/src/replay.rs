//! Goes through a placed block once more, telling of each segment what it is and where it stands.

use crate::block::Block;
use crate::chart::Chart;
use crate::entry::{Entry, EntryKind};
use crate::event::{Event, Part, Place, Span};
use crate::finding::{Code, Finding, Position, Severity};
use crate::segment::Segment;

/// What comes next in a block.
pub(crate) enum Step<'b> {
    /// A segment with its definition in the chart of [`Replay::chart`].
    Segment(PlacedSegment<'b>),
    /// Something opens or closes.
    Structure(Event),
    /// Something is wrong with the structure.
    Finding(&'b Finding),
}

/// A segment with its definition in [`Replay::chart`], or [`x12_schemas::table::NONE`].
pub(crate) struct PlacedSegment<'b> {
    pub(crate) segment: Segment<'b>,
    pub(crate) definition: u16,
    pub(crate) kind: EntryKind,
    pub(crate) span: Span,
}

/// A walk through the events of a block.
pub(crate) struct Replay<'b> {
    block: &'b Block<'b>,
    events: std::slice::Iter<'b, Event>,
    entries: std::slice::Iter<'b, Entry>,
    findings: std::slice::Iter<'b, Finding>,
    places: std::slice::Iter<'b, Place>,
    /// Ordinals and identity of what comes next.
    pub(crate) place: &'b Place,
    /// The guide of the open transaction set; else, outside any, the envelope.
    pub(crate) chart: Option<&'b Chart>,
    pub(crate) in_set: bool,
    pub(crate) loop_index: u16,
    /// The loop that was closed last.
    pub(crate) closed: u16,
    segments_of_set: u64,
    segments_of_document: u64,
}

impl<'b> Replay<'b> {
    pub(crate) fn new(block: &'b Block<'b>) -> Self {
        let placed = &block.placed;
        let start = &placed.start;
        let chart = match start.chart {
            Some(chart) => Some(&*placed.charts[usize::from(chart)]),
            None if start.in_set => None,
            None => Some(&*block.envelope),
        };
        Self {
            block,
            events: placed.events.iter(),
            entries: block.layout.entries.iter(),
            findings: placed.findings.iter(),
            places: placed.places.iter(),
            place: &start.place,
            chart,
            in_set: start.in_set,
            loop_index: start.loop_index,
            closed: 0,
            segments_of_set: start.segments_of_set,
            segments_of_document: start.segments_of_document,
        }
    }

    /// A finding in a segment that has just been told.
    pub(crate) fn finding(&self, placed: &PlacedSegment<'_>, code: Code, part: Part) -> Finding {
        let position = self
            .chart
            .map(|chart| Position::new(&chart.guide, self.loop_index, placed.definition));
        Finding {
            severity: self.severity(code),
            ..self.place.finding(code, placed.span, position, part)
        }
    }

    /// How grave a finding in the open transaction set is.
    pub(crate) fn severity(&self, code: Code) -> Severity {
        let severity = self.chart.and_then(|chart| chart.severity(code));
        severity.unwrap_or(code.severity())
    }

    fn segment(&mut self, entry: &Entry, definition: u16) -> Step<'b> {
        self.segments_of_document += 1;
        self.segments_of_set += 1;
        let segment = if self.in_set {
            self.segments_of_set
        } else {
            self.segments_of_document
        };
        let (offset, length) = (
            self.block.base + u64::from(entry.start),
            u64::from(entry.end - entry.start),
        );
        let span = Span {
            offset,
            length,
            segment,
        };
        Step::Segment(PlacedSegment {
            segment: self.block.segment(entry),
            definition,
            kind: entry.kind,
            span,
        })
    }

    fn structure(&mut self, event: Event) {
        match event {
            Event::OpenSet(chart) => {
                self.in_set = true;
                self.segments_of_set = 0;
                self.loop_index = 0;
                self.chart = self
                    .block
                    .placed
                    .charts
                    .get(usize::from(chart))
                    .map(|chart| &**chart);
            }
            Event::CloseSet => {
                self.in_set = false;
                self.chart = Some(&self.block.envelope);
            }
            Event::OpenLoop(index) => self.loop_index = index,
            Event::CloseLoop => {
                self.closed = self.loop_index;
                let parent = self
                    .chart
                    .map(|chart| chart.guide.loops[usize::from(self.loop_index)].parent);
                self.loop_index = parent.unwrap_or_default();
            }
            _ => {}
        }
    }
}

impl<'b> Iterator for Replay<'b> {
    type Item = Step<'b>;

    // A step is large: returned by value through a call it cost a tenth of validation.
    #[inline(always)]
    fn next(&mut self) -> Option<Step<'b>> {
        loop {
            match *self.events.next()? {
                Event::Entry(definition) => {
                    let entry = self.entries.next()?;
                    if entry.kind.is_segment() {
                        return Some(self.segment(entry, definition));
                    }
                }
                Event::Finding => return self.findings.next().map(Step::Finding),
                Event::Place => self.place = self.places.next().unwrap_or(self.place),
                event => {
                    self.structure(event);
                    return Some(Step::Structure(event));
                }
            }
        }
    }
}
