//! Blocks cut into the pieces that lines of records are made of: records, what stands around them, and the envelope.
//!
//! Which loops are records is the guide's to say. A record may span blocks, so this renders only what a block holds and marks where
//! each piece begins; [`crate::json::stitch`] puts the pieces together in order.

use x12_schemas::table::Record;

use crate::block::{Block, Stage};
use crate::check::Checker;
use crate::entry::Entry;
use crate::event::{Event, Place};
use crate::finding::{AcknowledgmentCodes, Identity, Severity};
use crate::json::buffer::Buffer;
use crate::json::render::{Per, Render, Renderer, Shape};
use crate::json::text::{Charset, put_string};
use crate::replay::{Replay, Step};
use crate::role_index::Standing;

/// Renders and checks blocks for lines of records.
pub(crate) struct Records {
    record: Record,
    render: Render,
}

/// The pieces of one block.
#[derive(Default)]
pub(crate) struct Pieces {
    /// Their text, one behind the other.
    pub(super) text: Buffer,
    /// Where each begins.
    pub(super) cuts: Vec<Cut>,
    /// What was found in the transaction set that was open before, then in each that begins.
    pub(super) tallies: Vec<Tally>,
}

/// Where a piece begins.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    /// Offset in the text.
    pub(super) at: usize,
    pub(super) mark: Mark,
}

/// What begins, or ends.
#[derive(Clone, Copy)]
pub(super) enum Mark {
    /// A transaction set: the text says which.
    OpenSet(SetKind),
    /// What stands around records.
    Context,
    /// A loop in which records may stand.
    OpenLevel,
    CloseLevel,
    /// A record, with the offset of its first byte in the document.
    OpenRecord(u64),
    CloseRecord,
    CloseSet,
}

/// What is known of a transaction set when it begins.
#[derive(Clone, Copy, Default)]
pub(super) struct SetKind {
    /// Offset of its first byte in the document.
    pub(super) at: u64,
    /// Why it can have no records; then nothing of its inside is rendered.
    pub(super) recordless: Option<&'static str>,
}

/// Findings that were counted in a transaction set.
#[derive(Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) errors: u64,
    pub(super) warnings: u64,
    /// Errors for which a 999 rejects the set.
    pub(super) rejecting: u64,
}

impl Tally {
    fn count(&mut self, severity: Severity, codes: AcknowledgmentCodes) {
        match severity {
            Severity::Error => {
                self.errors += 1;
                self.rejecting += u64::from(codes.reject_set());
            }
            Severity::Warning => self.warnings += 1,
            Severity::Info => {}
        }
    }
}

impl Records {
    /// For records of one kind.
    pub(crate) fn new(record: Record) -> Self {
        let (shape, per) = (Shape::Loops, Per::of(record));
        Self {
            record,
            render: Render { shape, per },
        }
    }
}

impl Stage for Records {
    type Output = Pieces;

    fn block(&self, block: &Block<'_>, output: &mut Pieces) {
        let Pieces {
            text,
            cuts,
            tallies,
        } = output;
        text.clear();
        cuts.clear();
        tallies.clear();
        tally(block, tallies);
        Marker::new(self, block, text, cuts).run();
    }
}

/// Counts what is wrong in each transaction set of a block. What is wrong with the envelope is no set's fault.
fn tally(block: &Block<'_>, tallies: &mut Vec<Tally>) {
    let checker = Checker::new(&block.layout.delimiters);
    let mut replay = Replay::new(block);
    let mut tally = Tally::default();
    while let Some(step) = replay.next() {
        match step {
            Step::Structure(Event::OpenSet(_)) => tallies.push(std::mem::take(&mut tally)),
            Step::Finding(finding) if replay.in_set => {
                tally.count(finding.severity, finding.acknowledgment());
            }
            Step::Segment(placed) if replay.in_set => {
                checker.placed(&replay, &placed, &mut |code, _| {
                    tally.count(replay.severity(code), code.acknowledgment());
                });
            }
            _ => {}
        }
    }
    tallies.push(tally);
}

/// Renders a block and marks its pieces.
struct Marker<'b> {
    record: Record,
    block: &'b Block<'b>,
    renderer: Renderer<'b>,
    cuts: &'b mut Vec<Cut>,
    places: std::slice::Iter<'b, Place>,
    place: &'b Place,
    loop_index: u16,
    /// Whether the open transaction set can have no records.
    skipping: bool,
}

impl<'b> Marker<'b> {
    fn new(
        records: &'b Records,
        block: &'b Block<'b>,
        text: &'b mut Buffer,
        cuts: &'b mut Vec<Cut>,
    ) -> Self {
        let start = &block.placed.start;
        let mut marker = Self {
            record: records.record,
            block,
            renderer: Renderer::new(&records.render, block, text),
            cuts,
            places: block.placed.places.iter(),
            place: &start.place,
            loop_index: start.loop_index,
            skipping: false,
        };
        if start.in_set {
            marker.skipping = marker.recordless().is_some();
        }
        marker
    }

    fn run(&mut self) {
        let block = self.block;
        let mut entries = block.layout.entries.iter();
        for event in &block.placed.events {
            let next = entries.as_slice().first();
            match *event {
                Event::Entry(_) if self.skipping => _ = entries.next(),
                Event::OpenSet(chart) => self.open_set(chart, next),
                Event::CloseSet => self.close_set(),
                Event::OpenLoop(index) => self.open_loop(index, next),
                Event::CloseLoop => self.close_loop(),
                Event::Place => self.place = self.places.next().unwrap_or(self.place),
                event => self.renderer.event(event, &mut entries),
            }
        }
    }

    fn cut(&mut self, mark: Mark) {
        let at = self.renderer.out.len();
        self.cuts.push(Cut { at, mark });
    }

    fn offset(&self, entry: Option<&Entry>) -> u64 {
        self.block.base + entry.map_or(0, |entry| u64::from(entry.start))
    }

    // Transaction set

    fn open_set(&mut self, chart: u16, header: Option<&Entry>) {
        self.renderer.begin_set(chart);
        self.loop_index = 0;
        let recordless = self.recordless();
        let at = self.offset(header);
        self.cut(Mark::OpenSet(SetKind { at, recordless }));
        self.identify(header);
        self.cut(Mark::Context);
        self.skipping = recordless.is_some();
    }

    fn close_set(&mut self) {
        self.renderer.leave_set();
        self.cut(Mark::CloseSet);
        self.skipping = false;
    }

    /// Why the open transaction set can have no records.
    fn recordless(&self) -> Option<&'static str> {
        match self.renderer.chart {
            None => Some("guide-unknown"),
            Some(chart) => (!chart.roles.has(self.record)).then_some("guide-without-records"),
        }
    }

    /// Says which transaction set a line belongs to: ordinals, control numbers, kind and guide.
    fn identify(&mut self, header: Option<&Entry>) {
        let Place {
            interchange,
            group,
            set,
            identity,
            ..
        } = self.place;
        let ordinals = format!("\"interchange\":{interchange},\"group\":{group},\"set\":{set}");
        self.renderer.out.put(ordinals.as_bytes());
        let Identity {
            interchange,
            group,
            set,
        } = &**identity;
        self.name("isa13", interchange);
        self.name("gs06", group);
        self.renderer.out.put(b",\"st01\":");
        self.renderer.put_kind(header);
        self.name("st02", set);
        self.renderer.put_guide();
    }

    fn name(&mut self, key: &str, value: &str) {
        self.renderer.out.put(format!(",\"{key}\":").as_bytes());
        put_string(self.renderer.out, value.as_bytes(), Charset::Utf8);
    }

    // Loops

    fn open_loop(&mut self, index: u16, first: Option<&Entry>) {
        self.loop_index = index;
        if self.skipping {
            return;
        }
        match self.standing(index) {
            Standing::Record => {
                let at = self.offset(first);
                self.cut(Mark::OpenRecord(at));
                self.renderer.fresh = true;
            }
            Standing::Level => self.cut(Mark::OpenLevel),
            Standing::Line | Standing::Plain => {}
        }
        self.renderer.open_loop(index);
    }

    fn close_loop(&mut self) {
        let closed = self.loop_index;
        self.loop_index = self.around(closed);
        if self.skipping {
            return;
        }
        let standing = self.standing(closed);
        if standing == Standing::Level {
            // Its brackets are closed by each line that shows it.
            return self.cut(Mark::CloseLevel);
        }
        self.renderer.out.put(b"]}");
        if standing == Standing::Record {
            self.cut(Mark::CloseRecord);
        }
    }

    fn standing(&self, index: u16) -> Standing {
        let chart = self.renderer.chart;
        let standing = chart.map(|chart| chart.roles.standing_to(self.record, index));
        standing.unwrap_or_default()
    }

    /// The loop around another.
    fn around(&self, index: u16) -> u16 {
        let chart = self.renderer.chart;
        chart.map_or(0, |chart| chart.guide.loops[usize::from(index)].parent)
    }
}
