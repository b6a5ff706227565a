//! Collects from each block what an answer is made of: what is wrong, with what is quoted of it, and what the guide's roles say.

use std::sync::Arc;

use x12_schemas::table::{NONE, Role};

use crate::block::{Block, Stage};
use crate::chart::Chart;
use crate::check::Checker;
use crate::decimal::Decimal;
use crate::delimiters::Delimiters;
use crate::entry::EntryKind;
use crate::event::{Event, Part};
use crate::finding::{Finding, Severity};
use crate::placed::{OpenUnit, close_units, open_unit};
use crate::replay::{PlacedSegment, Replay, Step};
use crate::role_index::Standing;
use crate::segment::{Segment, unwrapped};

/// What is told to the one who composes. Holds values, so it has no `Debug`.
pub(crate) enum Item {
    Interchange {
        isa: Vec<Vec<u8>>,
        delimiters: Delimiters,
    },
    Service,
    OpenGroup,
    Group {
        gs: Vec<Vec<u8>>,
    },
    OpenSet {
        /// Its guide, if one is known.
        chart: Option<Arc<Chart>>,
    },
    Set {
        st: Vec<Vec<u8>>,
    },
    GroupTrailer {
        ge01: Vec<u8>,
    },
    Finding {
        finding: Finding,
        quote: Quote,
    },
    /// A loop that is something to records, and what it is; for a level, whether it is a provider's.
    OpenLoop(Standing, bool),
    CloseLoop(Standing),
    /// The total of the open record.
    Charge(Decimal),
    /// What a role says: the elements of a party, the components of an element.
    Said(Role, Vec<Vec<u8>>),
    /// It is uncertain what belongs to which record, though that is no fault to this partner.
    Doubt,
    CloseSet,
    CloseGroup,
    CloseInterchange,
}

/// What a 999 quotes from the document.
#[derive(Default)]
pub(crate) struct Quote {
    /// The segment's identifier as it stands.
    pub(crate) segment_id: Vec<u8>,
    /// The element, component or repetition concerned.
    pub(crate) value: Vec<u8>,
    /// Its data element number.
    pub(crate) data_element: String,
    /// The business unit around it: name and value.
    pub(crate) unit: Option<(String, Vec<u8>)>,
}

/// Longest copy of bad data, IK404 (x12-standard §5.1).
const COPY_BYTES: usize = 99;

/// Longest value of a business unit that is quoted, CTX01-2: data element 1271 and its kin are shorter.
const UNIT_BYTES: usize = 35;

/// Collects.
pub(crate) struct Collect {
    /// Findings of a transaction set that are told, and quoted for; none if it is not checked.
    pub(crate) most: Option<usize>,
    /// Whether what the roles say is collected; else only the totals of records.
    pub(crate) says: bool,
}

impl Stage for Collect {
    type Output = Vec<Item>;

    fn block(&self, block: &Block<'_>, output: &mut Vec<Item>) {
        output.clear();
        let replay = Replay::new(block);
        let units = block.placed.start.units.clone();
        Collector {
            block,
            replay,
            units,
            checker: Checker::new(&block.layout.delimiters),
            items: output,
            collect: self,
            kept: 0,
        }
        .run();
    }
}

/// Where the copy of what is wrong comes from.
enum Copied<'s, 'b> {
    From(&'s Segment<'b>),
    /// From the walk, which remembered it: the segment was in a block before this one, perhaps.
    Remembered(Option<&'s [u8]>),
    Nothing,
}

struct Collector<'b> {
    block: &'b Block<'b>,
    replay: Replay<'b>,
    units: Vec<OpenUnit>,
    checker: Checker,
    items: &'b mut Vec<Item>,
    collect: &'b Collect,
    kept: usize,
}

impl<'b> Collector<'b> {
    fn run(&mut self) {
        // Structural findings about a segment come before it: they wait for what it can be quoted for.
        let mut waiting: Vec<Finding> = Vec::new();
        let mut copies = self.block.placed.copies.iter();
        while let Some(step) = self.replay.next() {
            match step {
                Step::Finding(_) if self.collect.most.is_none() => {}
                Step::Finding(finding) if finding.code.is_late() => {
                    self.settle(&mut waiting);
                    let copy = copies.next().map(|copy| &**copy);
                    self.push(finding.clone(), Copied::Remembered(copy));
                }
                Step::Finding(finding) => waiting.push(finding.clone()),
                Step::Structure(event) => {
                    // What is wrong with the segment that opens a loop is told in it.
                    let opens = matches!(event, Event::OpenLoop(_));
                    let keeps = waiting.extract_if(.., |finding| !opens || finding.length == 0);
                    for finding in keeps.collect::<Vec<_>>() {
                        self.push(finding, Copied::Nothing);
                    }
                    self.structure(event);
                }
                Step::Segment(placed) => {
                    let own = placed.span.segment;
                    for finding in std::mem::take(&mut waiting) {
                        let copied = if finding.segment == own && finding.length > 0 {
                            Copied::From(&placed.segment)
                        } else {
                            Copied::Nothing
                        };
                        self.push(finding, copied);
                    }
                    self.segment(&placed);
                }
            }
        }
        self.settle(&mut waiting);
    }

    /// Findings that no segment follows have nothing to be quoted for.
    fn settle(&mut self, waiting: &mut Vec<Finding>) {
        for finding in waiting.drain(..) {
            self.push(finding, Copied::Nothing);
        }
    }

    fn structure(&mut self, event: Event) {
        match event {
            Event::OpenSet(chart) => {
                self.kept = 0;
                let charts = &self.block.placed.charts;
                let chart = charts.get(usize::from(chart)).cloned();
                self.items.push(Item::OpenSet { chart });
            }
            Event::CloseSet => {
                self.units.clear();
                self.kept = 0;
                self.items.push(Item::CloseSet);
            }
            Event::OpenGroup => self.items.push(Item::OpenGroup),
            Event::CloseGroup => self.items.push(Item::CloseGroup),
            Event::CloseInterchange => self.items.push(Item::CloseInterchange),
            Event::OpenLoop(loop_index) => {
                if let Some(chart) = self.replay.chart {
                    let (roles, standing) = (&chart.roles, chart.roles.standing(loop_index));
                    if standing != Standing::Plain {
                        let is_provider = roles.is_provider(loop_index);
                        self.items.push(Item::OpenLoop(standing, is_provider));
                    }
                }
            }
            Event::CloseLoop => {
                if let Some(chart) = self.replay.chart {
                    close_units(&mut self.units, chart, self.replay.loop_index);
                    let standing = chart.roles.standing(self.replay.closed);
                    if standing != Standing::Plain {
                        self.items.push(Item::CloseLoop(standing));
                    }
                }
            }
            _ => {}
        }
    }

    fn segment(&mut self, placed: &PlacedSegment<'b>) {
        self.envelope(placed);
        if let Some(chart) = self.replay.chart.filter(|_| placed.definition != NONE) {
            self.said(chart, placed);
        }
        if self.collect.most.is_none() {
            return;
        }
        if let Some(chart) = self.replay.chart.filter(|_| placed.definition != NONE) {
            open_unit(
                &mut self.units,
                chart,
                self.replay.loop_index,
                placed.definition,
                &placed.segment,
            );
        }
        let mut found = Vec::new();
        self.checker
            .placed(&self.replay, placed, &mut |code, part| {
                if self.replay.severity(code) == Severity::Error {
                    found.push(self.replay.finding(placed, code, part));
                }
            });
        for finding in found {
            self.push(finding, Copied::From(&placed.segment));
        }
    }

    /// What the segment says by the guide's roles.
    fn said(&mut self, chart: &Chart, placed: &PlacedSegment<'_>) {
        let segment = &placed.segment;
        let speakers = chart.roles.speakers(
            (placed.definition, segment),
            self.replay.loop_index,
            &chart.guide,
        );
        for speaker in speakers {
            if self.collect.says {
                self.items
                    .push(Item::Said(speaker.role, speaker.said(segment)));
            } else if speaker.role == Role::Charge {
                let charge = Decimal::parse(&speaker.value(segment));
                self.items.extend(charge.map(Item::Charge));
            }
        }
    }

    /// Headers and trailers, whose elements the answer names.
    fn envelope(&mut self, placed: &PlacedSegment<'b>) {
        let elements = || elements(&placed.segment);
        if placed.kind == EntryKind::Header {
            return self.items.push(Item::Interchange {
                isa: elements(),
                delimiters: self.block.layout.delimiters,
            });
        }
        let id = placed.segment.id();
        if self.replay.in_set {
            if placed.span.segment == 1 {
                self.items.push(Item::Set { st: elements() });
            }
        } else if id.eq_ignore_ascii_case(b"GS") {
            self.items.push(Item::Group { gs: elements() });
        } else if id.eq_ignore_ascii_case(b"GE") {
            self.items.push(Item::GroupTrailer {
                ge01: placed.segment.element(1).bytes().to_vec(),
            });
        } else if placed.definition != NONE && !id.eq_ignore_ascii_case(b"IEA") {
            self.items.push(Item::Service);
        }
    }

    fn push(&mut self, finding: Finding, copied: Copied<'_, '_>) {
        if finding.severity != Severity::Error {
            let mut chart = self.replay.chart.iter().filter(|_| self.replay.in_set);
            if chart.any(|chart| chart.roles.doubts(&chart.guide, &finding)) {
                self.items.push(Item::Doubt);
            }
            return;
        }
        // Faults of the set itself are few, and its answer names each kind of them.
        if !finding.acknowledgment().ik304.is_empty() {
            self.kept += 1;
            // What is not told is counted all the same.
            if self.collect.most.is_some_and(|most| self.kept > most) {
                let quote = Quote::default();
                return self.items.push(Item::Finding { finding, quote });
            }
        }
        let part = Part {
            element: finding.element,
            component: finding.component,
            repetition: finding.repetition,
        };
        let mut quote = Quote {
            unit: self.unit(),
            data_element: data_element(&finding).to_owned(),
            ..Quote::default()
        };
        match copied {
            Copied::From(segment) => {
                quote.segment_id = segment.id().iter().take(3).copied().collect();
                let value = value(segment, part).iter().take(COPY_BYTES);
                quote.value = value.copied().collect();
            }
            Copied::Remembered(value) => {
                quote.value = value.map(|value| value.to_vec()).unwrap_or_default()
            }
            Copied::Nothing => {}
        }
        self.items.push(Item::Finding { finding, quote });
    }

    fn unit(&self) -> Option<(String, Vec<u8>)> {
        let last = self.units.last()?;
        let unit = self
            .replay
            .chart?
            .guide
            .segments
            .get(usize::from(last.definition))?
            .unit
            .as_ref()?;
        Some((
            unit.name.clone(),
            last.value.iter().take(UNIT_BYTES).copied().collect(),
        ))
    }
}

/// The elements of a segment, without the line breaks of a wrapped file.
fn elements(segment: &Segment<'_>) -> Vec<Vec<u8>> {
    let elements = segment.elements();
    elements
        .map(|element| unwrapped(element.bytes()).into_owned())
        .collect()
}

/// The bytes of a segment that a finding concerns; none if it concerns the segment itself.
fn value<'a>(segment: &Segment<'a>, part: Part) -> &'a [u8] {
    if part.element == 0 {
        return &[];
    }
    let mut element = segment.element(usize::from(part.element));
    let repetition = usize::from(part.repetition).checked_sub(1);
    if let Some(repetition) = repetition.and_then(|index| element.repetitions().nth(index)) {
        element = repetition;
    }
    if part.component > 0 {
        element.component(usize::from(part.component))
    } else {
        element.bytes()
    }
}

/// The data element number of what a finding concerns; empty for a composite, which has none.
fn data_element(finding: &Finding) -> &str {
    let position = finding.position.as_ref();
    position.map_or("", |position| {
        position.data_element(finding.element, finding.component)
    })
}
