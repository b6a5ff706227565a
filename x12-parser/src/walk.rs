//! Walks a transaction set through its guide: which loop each segment stands in, and what structure is wrong.
//!
//! The innermost open loop is asked first, then the loops around it. A segment that fits in order and has room wins; else one that
//! fits but is once too many; else one that comes too late. So one fault does not throw the segments behind it off their loops.

use std::sync::Arc;

use x12_schemas::table::{Guide, NONE, Usage};

use crate::chart::{Chart, KeyValue, SegmentId};
use crate::event::{Event, Part, Place, Span};
use crate::finding::{Code, Finding, Position, Severity};
use crate::rules::{Broken, Rules};
use crate::segment::Segment;

/// Where the walk tells what it sees.
pub(crate) struct Trail<'a> {
    pub(crate) events: &'a mut Vec<Event>,
    pub(crate) findings: &'a mut Vec<Finding>,
    /// See [`crate::placed::Placed::copies`].
    pub(crate) copies: &'a mut Vec<Arc<[u8]>>,
    pub(crate) place: &'a Place,
    pub(crate) span: Span,
    /// Structural findings of this transaction set so far, and how many of them are kept.
    pub(crate) count: &'a mut usize,
    pub(crate) most: usize,
}

impl Trail<'_> {
    /// A finding of the envelope, or of what no guide knows.
    pub(crate) fn finding(&mut self, code: Code, position: Option<Position>, part: Part) {
        let span = self.span;
        self.finding_at((code, code.severity()), span, position, part);
    }

    /// A finding inside a transaction set, as grave as its guide has it; whether it is kept.
    fn finding_in(
        &mut self,
        chart: &Chart,
        code: Code,
        span: Span,
        (position, part): (Position, Part),
    ) -> bool {
        chart
            .severity(code)
            .is_some_and(|severity| self.finding_at((code, severity), span, Some(position), part))
    }

    /// Whether it is kept.
    fn finding_at(
        &mut self,
        (code, severity): (Code, Severity),
        span: Span,
        position: Option<Position>,
        part: Part,
    ) -> bool {
        *self.count += 1;
        // One more than is kept, so that the joiner knows that some were left out.
        let kept = *self.count <= self.most + 1;
        if kept {
            let finding = self.place.finding(code, span, position, part);
            self.findings.push(Finding {
                severity,
                ..finding
            });
            self.events.push(Event::Finding);
        }
        kept
    }

    /// A rule that is broken.
    fn broken(&mut self, broken: &Broken, guide: &Arc<Guide>, loop_index: u16) {
        let (span, part) = broken.place(self.span);
        let position = broken.position(guide, loop_index);
        let kind = (Code::Rule, Code::Rule.severity());
        if !self.finding_at(kind, span, Some(position), part) {
            return;
        }
        if let Some(finding) = self.findings.last_mut() {
            finding.break_rule(broken.rule);
            finding.triggers = broken.triggers(guide);
        }
        let none = || Arc::from([].as_slice());
        self.copies
            .push(broken.value().map_or_else(none, Arc::clone));
    }
}

/// The walk through one transaction set.
#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) chart: Arc<Chart>,
    frames: Vec<Frame>,
    /// How often each item stood in the occurrence of its loop that is open.
    counts: Vec<u32>,
    hierarchy_number: u64,
    rules: Rules,
}

/// An open loop.
#[derive(Debug)]
struct Frame {
    loop_index: u16,
    /// Rank of the last item that stood.
    position: u16,
    /// How many of the loop's required items have been looked at.
    required: u16,
    level: Option<Level>,
}

/// A hierarchical level (HL) that is open.
#[derive(Debug)]
struct Level {
    number: Option<u64>,
    /// HL04: whether levels follow below, as the segment says.
    says_children: Option<bool>,
    has_children: bool,
    definition: u16,
    span: Span,
}

/// Where a segment fits.
#[derive(Clone, Copy)]
struct Fit {
    frame: usize,
    item: u16,
    /// 0 in order and with room, 1 once too many, 2 too late.
    rank: u8,
}

impl Walk {
    /// A walk by a chart, which follows its rules or not.
    pub(crate) fn new(chart: Arc<Chart>, follows_rules: bool) -> Self {
        let mut walk = Self {
            frames: Vec::new(),
            counts: vec![0; chart.guide.items.len()],
            rules: if follows_rules {
                Rules::new(&chart)
            } else {
                Rules::default()
            },
            chart,
            hierarchy_number: 0,
        };
        walk.open(0);
        walk
    }

    /// The loop that is open.
    pub(crate) fn loop_index(&self) -> u16 {
        self.frames.last().map_or(0, |frame| frame.loop_index)
    }

    /// Places one segment; gives its definition, or [`NONE`] if the guide has none for it here.
    pub(crate) fn segment(
        &mut self,
        id: SegmentId,
        segment: &Segment<'_>,
        trail: &mut Trail<'_>,
    ) -> u16 {
        let Some(ordinal) = self.chart.ordinal(id) else {
            let code = if segment.id().is_empty() {
                Code::SegmentEmpty
            } else {
                Code::SegmentUnrecognized
            };
            return self.unplaced(code, trail);
        };
        let Some(fit) = self.fit(ordinal, segment) else {
            return self.unplaced(Code::SegmentUnexpected, trail);
        };
        if fit.frame + 1 < self.frames.len() {
            self.close_to(fit.frame, trail);
        }
        let item = *self.chart.item(fit.item);
        self.advance(fit, item.position, trail);
        let count = &mut self.counts[usize::from(fit.item)];
        *count = count.saturating_add(1);
        // Mostly the required items come in order: then there is nothing to look for when the loop ends.
        let frame = &mut self.frames[fit.frame];
        if self
            .chart
            .is_next_required(frame.loop_index, frame.required, fit.item)
        {
            frame.required += 1;
        }
        if fit.rank != 0 || item.usage == Usage::NotUsed {
            self.report(fit, trail);
        }
        if item.child != NONE {
            self.open(item.child);
            trail.events.push(Event::OpenLoop(item.child));
        }
        if self.chart.is_marked(item.segment) {
            if self.chart.guide.segments[usize::from(item.segment)].hierarchical {
                self.level(item.segment, segment, trail);
            }
            let place = (item.segment, self.loop_index());
            self.rules.segment(&self.chart, place, segment, trail.span);
        }
        item.segment
    }

    /// What follows was never read: no rule can be held against what was.
    pub(crate) fn abandon(&mut self) {
        self.rules.stop();
    }

    /// Closes all loops, as at the end of a transaction set; `trailer` is the definition of the trailer, not asked for again.
    pub(crate) fn finish(&mut self, trailer: u16, trail: &mut Trail<'_>) {
        self.close_to(0, trail);
        self.required_before(u16::MAX, trailer, trail);
        self.check_children(trail);
        self.check_rules(0, trail);
    }

    #[inline]
    fn fit(&self, ordinal: usize, segment: &Segment<'_>) -> Option<Fit> {
        let mut best: Option<Fit> = None;
        let mut seen = KeyValue::default();
        for (frame, open) in self.frames.iter().enumerate().rev() {
            for candidate in self.chart.candidates(open.loop_index, ordinal) {
                if !self.chart.recognises(candidate, segment, &mut seen) {
                    continue;
                }
                let full =
                    candidate.max != 0 && self.counts[usize::from(candidate.item)] >= candidate.max;
                let late = candidate.position < open.position;
                // Without a key only the identifier speaks for a loop around, which is too little to leave the innermost one for.
                if late && !candidate.has_key() && frame + 1 < self.frames.len() {
                    continue;
                }
                let rank = if late { 2 } else { u8::from(full) };
                let fit = Fit {
                    frame,
                    item: candidate.item,
                    rank,
                };
                if rank == 0 {
                    return Some(fit);
                }
                if best.is_none_or(|best| rank < best.rank) {
                    best = Some(fit);
                }
            }
        }
        best
    }

    fn unplaced(&self, code: Code, trail: &mut Trail<'_>) -> u16 {
        let position = Position::new(&self.chart.guide, self.loop_index(), NONE);
        trail.finding_in(&self.chart, code, trail.span, (position, Part::default()));
        NONE
    }

    /// What is wrong with where a segment fits.
    fn report(&self, fit: Fit, trail: &mut Trail<'_>) {
        let item = self.chart.item(fit.item);
        let code = match fit.rank {
            _ if item.usage == Usage::NotUsed => Code::SegmentNotUsed,
            0 => return,
            1 if item.child == NONE => Code::SegmentTooOften,
            1 => Code::LoopTooOften,
            _ => Code::SegmentOutOfSequence,
        };
        let place = (self.position(fit.item), Part::default());
        trail.finding_in(&self.chart, code, trail.span, place);
    }

    /// The guide's place of an item: a loop that is missing is told by its first segment.
    fn position(&self, index: u16) -> Position {
        let item = self.chart.item(index);
        let loop_index = if item.child == NONE {
            self.loop_of(index)
        } else {
            item.child
        };
        Position::new(&self.chart.guide, loop_index, item.segment)
    }

    fn loop_of(&self, index: u16) -> u16 {
        let holds = |frame: &&Frame| {
            let a_loop = &self.chart.guide.loops[usize::from(frame.loop_index)];
            (a_loop.first_item..a_loop.first_item + a_loop.item_count).contains(&index)
        };
        self.frames
            .iter()
            .rev()
            .find(holds)
            .map_or(0, |frame| frame.loop_index)
    }

    fn open(&mut self, loop_index: u16) {
        let a_loop = &self.chart.guide.loops[usize::from(loop_index)];
        let items =
            usize::from(a_loop.first_item)..usize::from(a_loop.first_item + a_loop.item_count);
        let mut position = 0;
        if let Some(counts) = self.counts.get_mut(items.clone()) {
            counts.fill(0);
            // The segment that starts a loop is its first item; the transaction set itself starts with nothing.
            if let (Some(first), true) = (counts.first_mut(), loop_index != 0) {
                *first = 1;
                position = self.chart.guide.items[items.start].position;
            }
        }
        // Its first segment is required, or nobody would know the loop by it.
        let first_required = loop_index != 0
            && self
                .chart
                .is_next_required(loop_index, 0, items.start as u16);
        self.frames.push(Frame {
            loop_index,
            position,
            required: u16::from(first_required),
            level: None,
        });
        self.rules.open(&self.chart, loop_index);
    }

    fn close_to(&mut self, frame: usize, trail: &mut Trail<'_>) {
        while self.frames.len() > frame + 1 {
            let Some(&Frame {
                loop_index,
                required,
                ..
            }) = self.frames.last()
            else {
                return;
            };
            if self.chart.required_position(loop_index, required) != u16::MAX {
                self.required_before(u16::MAX, NONE, trail);
            }
            self.check_children(trail);
            self.check_rules(loop_index, trail);
            self.frames.pop();
            trail.events.push(Event::CloseLoop);
        }
    }

    fn advance(&mut self, fit: Fit, position: u16, trail: &mut Trail<'_>) {
        if fit.rank == 2 {
            return;
        }
        let frame = &mut self.frames[fit.frame];
        if position > frame.position {
            frame.position = position;
            if self
                .chart
                .required_position(frame.loop_index, frame.required)
                < position
            {
                self.required_before(position, NONE, trail);
            }
        }
    }

    /// Reports the required items of the innermost loop that should have stood before this rank.
    fn required_before(&mut self, position: u16, trailer: u16, trail: &mut Trail<'_>) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        let required = self.chart.required(frame.loop_index);
        let from = usize::from(frame.required);
        let passed = required[from..]
            .iter()
            .take_while(|&&index| self.chart.item(index).position < position)
            .count();
        frame.required += passed as u16;
        for &index in &required[from..from + passed] {
            let item = self.chart.item(index);
            if self.counts[usize::from(index)] == 0 && item.segment != trailer {
                let code = if item.child == NONE {
                    Code::SegmentMissing
                } else {
                    Code::LoopMissing
                };
                let span = Span {
                    length: 0,
                    ..trail.span
                };
                let place = (self.position(index), Part::default());
                trail.finding_in(&self.chart, code, span, place);
            }
        }
    }

    /// A hierarchical level: its number, its parent, its child code.
    fn level(&mut self, definition: u16, segment: &Segment<'_>, trail: &mut Trail<'_>) {
        let number = number(segment.element(1).bytes());
        let here = Position::new(&self.chart.guide, self.loop_index(), definition);
        if number != Some(self.hierarchy_number + 1) {
            let place = (here.clone(), Part::element(1));
            trail.finding_in(&self.chart, Code::HierarchyNumber, trail.span, place);
        }
        self.hierarchy_number = number.unwrap_or(self.hierarchy_number + 1);
        let says_children = match segment.element(4).bytes() {
            b"1" => Some(true),
            b"0" => Some(false),
            _ => None,
        };
        let Some((inner, around)) = self.frames.split_last_mut() else {
            return;
        };
        inner.level = Some(Level {
            number,
            says_children,
            has_children: false,
            definition,
            span: trail.span,
        });
        let Some(parent) = around
            .iter_mut()
            .rev()
            .find_map(|frame| frame.level.as_mut())
        else {
            return;
        };
        parent.has_children = true;
        let cited = segment.element(2);
        if !cited.is_empty() && self::number(cited.bytes()) != parent.number {
            let place = (here, Part::element(2));
            trail.finding_in(&self.chart, Code::HierarchyParent, trail.span, place);
        }
    }

    fn check_children(&self, trail: &mut Trail<'_>) {
        let Some(Frame {
            level: Some(level),
            loop_index,
            ..
        }) = self.frames.last()
        else {
            return;
        };
        let Some(says) = level
            .says_children
            .filter(|&says| says != level.has_children)
        else {
            return;
        };
        let position = Position::new(&self.chart.guide, *loop_index, level.definition);
        let place = (position, Part::element(4));
        let kept = trail.finding_in(&self.chart, Code::HierarchyChild, level.span, place);
        if kept {
            let says: &[u8] = if says { b"1" } else { b"0" };
            trail.copies.push(says.into());
        }
    }

    fn check_rules(&mut self, loop_index: u16, trail: &mut Trail<'_>) {
        for broken in self.rules.close(&self.chart, loop_index) {
            trail.broken(&broken, &self.chart.guide, loop_index);
        }
    }
}

/// A number of up to eighteen digits, line breaks of a wrapped file aside.
pub(crate) fn number(value: &[u8]) -> Option<u64> {
    let digits = value.iter().filter(|b| !matches!(b, b'\r' | b'\n'));
    let mut number = 0_u64;
    let mut count = 0;
    for digit in digits {
        count += 1;
        number = match digit {
            b'0'..=b'9' if count <= 18 => number * 10 + u64::from(digit - b'0'),
            _ => return None,
        };
    }
    (count > 0).then_some(number)
}
