//! Writes made-up documents: the envelope, the loops of each transaction set, each segment in its place.

use std::io::{self, Write};

use x12_schemas::table::{NONE, Usage};

use super::book::{Ledger, Pot, root_amount};
use super::calendar::{Day, digits};
use super::fault::{Here, Planter};
use super::model::{ITEM_RATE, LoopPlan, Model, Rate};
use super::random::{Odds, Random};
use super::segment::SIBLINGS;
use super::{Plan, Totals, USUAL};

/// Bytes that are gathered before they are written.
const BUFFER: usize = 128 << 10;
/// Transaction sets of one group: well below the six digits of GE01.
const SETS: u64 = 100_000;
/// 2 January 2025: the day of documents of seed 0.
const FIRST_DAY: i64 = 20_090;

/// Writes the documents of one plan.
pub(super) struct Author<'a> {
    pub(super) model: &'a Model,
    plan: &'a Plan,
    /// How often items, elements and components stand.
    pub(super) odds: OddsTable,
    out: &'a mut dyn Write,
    pub(super) buffer: Vec<u8>,
    /// Binary data whose length is written, and which come next.
    pub(super) data: Vec<u8>,
    pub(super) random: Random,
    /// How often each item stands in the occurrence of its loop that is open.
    pub(super) counts: Vec<u32>,
    /// How many records each item is to hold in it.
    quotas: Vec<u64>,
    /// Which code comes next, of each element and component.
    pub(super) cycles: Vec<u32>,
    /// The codes chosen for the elements of the segment at hand.
    pub(super) chosen: [u16; SIBLINGS],
    pub(super) books: Vec<Ledger>,
    /// What the figures of the segment at hand share.
    pub(super) figures: Pot,
    pub(super) root_amount: (u64, u64),
    pub(super) hierarchy: u64,
    pub(super) ordinal: u64,
    pub(super) pointed: u64,
    pub(super) serial: u64,
    pub(super) records_of_set: u64,
    /// The code that was drawn for the transaction set; empty if its guide draws none.
    pub(super) drawn: &'static str,
    segments_of_set: u64,
    pub(super) today: Day,
    pub(super) day: Day,
    totals: Totals,
    planter: Option<Planter>,
}

/// How often the parts of a guide stand in documents of some richness; parallel to the guide's tables.
pub(super) struct OddsTable {
    pub(super) items: Vec<Odds>,
    pub(super) elements: Vec<Odds>,
    pub(super) components: Vec<Odds>,
    /// Of each loop, the items that are decided one by one.
    each: Vec<Vec<u16>>,
    /// Of each loop, the items that are so rare that at most one of them stands, and how often one does.
    rare: Vec<(Vec<u16>, Odds)>,
    /// How often something unusual is done: never in ordinary documents, always in the richest.
    pub(super) unusual: Odds,
}

impl OddsTable {
    fn new(model: &Model, rich: u8) -> Self {
        let mut table = Self {
            items: model
                .items
                .iter()
                .map(|plan| plan.rate.odds(rich))
                .collect(),
            elements: model
                .elements
                .iter()
                .map(|slot| slot.rate.odds(rich))
                .collect(),
            components: model
                .components
                .iter()
                .map(|slot| slot.rate.odds(rich))
                .collect(),
            each: Vec::new(),
            rare: Vec::new(),
            unusual: Rate::Usual(0).odds(rich),
        };
        for plan in &model.loops {
            table.add_loop(model, plan, rich);
        }
        table
    }

    /// Ordinary documents have few of the many parts that may stand: one number decides about all the rare ones (a third of the time).
    fn add_loop(&mut self, model: &Model, plan: &LoopPlan, rich: u8) {
        let is_rare = |at: &u16| {
            let (item, plan) = (
                &model.guide.items[usize::from(*at)],
                &model.items[usize::from(*at)],
            );
            let free = !plan.carries && plan.only.is_empty();
            item.usage == Usage::Situational && free && plan.rate.is_rare()
        };
        let (rare, each): (Vec<u16>, Vec<u16>) = plan.order.iter().copied().partition(is_rare);
        let (rare, each) = if rich > USUAL as u8 {
            (Vec::new(), plan.order.clone())
        } else {
            (rare, each)
        };
        let odds = Rate::Usual(ITEM_RATE * rare.len() as u32).odds(rich);
        self.each.push(each);
        self.rare.push((rare, odds));
    }
}

/// A segment or loop at its place: which of how many, and what is around it.
#[derive(Clone, Copy)]
struct Place {
    /// Which occurrence of the loop around it, from one.
    ordinal: u64,
    /// Number of the hierarchical level above.
    parent: u64,
    /// Whether levels follow below.
    children: bool,
}

impl<'a> Author<'a> {
    pub(super) fn new(model: &'a Model, seed: u64, plan: &'a Plan, out: &'a mut dyn Write) -> Self {
        let mut random = Random::new(seed, 0);
        let cycles = (0..model.elements.len() + model.components.len())
            .map(|_| random.below(1 << 16) as u32)
            .collect();
        let today = Day(FIRST_DAY + (seed % 365) as i64);
        Self {
            model,
            plan,
            odds: OddsTable::new(model, plan.rich),
            out,
            buffer: Vec::with_capacity(2 * BUFFER),
            data: Vec::new(),
            random,
            counts: vec![0; model.items.len()],
            quotas: vec![0; model.items.len()],
            cycles,
            chosen: [NONE; SIBLINGS],
            books: Vec::new(),
            figures: Pot::default(),
            root_amount: root_amount(model),
            hierarchy: 0,
            ordinal: 1,
            pointed: 1,
            serial: 0,
            records_of_set: 0,
            drawn: "",
            segments_of_set: 0,
            today,
            day: today,
            totals: Totals::default(),
            planter: plan.fault.map(|fault| Planter::new(plan, fault, seed)),
        }
    }

    /// Writes everything.
    pub(super) fn document(mut self) -> io::Result<Totals> {
        self.interchange_header();
        let mut groups = 0;
        while groups == 0 || self.more() {
            groups += 1;
            self.group(groups)?;
        }
        self.control(&["IEA", &groups.to_string(), "000000001"]);
        self.flush(0)?;
        self.out.flush()?;
        self.totals.faults = self
            .planter
            .take()
            .map(|planter| planter.planted)
            .unwrap_or_default();
        Ok(self.totals)
    }

    /// Whether the plan wants another transaction set.
    fn more(&self) -> bool {
        match self.plan.bytes {
            Some(bytes) if self.plan.sets == 0 => self.offset() < bytes,
            _ => self.totals.sets < self.plan.sets.max(1),
        }
    }

    fn group(&mut self, number: u64) -> io::Result<()> {
        let guide = &self.model.guide;
        let mut date = Vec::new();
        self.today.write(&mut date);
        let (date, control) = (
            String::from_utf8_lossy(&date).into_owned(),
            number.to_string(),
        );
        self.control(&[
            "GS",
            &guide.group,
            "EXAMPLESENDER",
            "EXAMPLERECEIVER",
            &date,
            "1200",
            &control,
            "X",
            &guide.id,
        ]);
        let mut sets = 0_u64;
        while sets == 0 || (sets < SETS && self.more()) {
            sets += 1;
            self.set(sets)?;
        }
        self.control(&["GE", &sets.to_string(), &control]);
        Ok(())
    }

    fn interchange_header(&mut self) {
        self.buffer.extend_from_slice(
            b"ISA*00*          *00*          *ZZ*EXAMPLESENDER  *ZZ*EXAMPLERECEIVER*",
        );
        self.today.write_short(&mut self.buffer);
        // 004010 goes in interchanges of 00401. Elements repeat since 00402; before, a letter stood there that says so.
        let version = self.model.guide.standard.get(..5).unwrap_or("00501");
        let repetition = if version < "00402" { 'U' } else { '^' };
        let rest = format!("*1200*{repetition}*{version}*000000001*0*T*:");
        self.buffer.extend_from_slice(rest.as_bytes());
        self.end();
    }

    /// Writes a control segment.
    fn control(&mut self, elements: &[&str]) {
        self.buffer.extend_from_slice(elements.join("*").as_bytes());
        self.end();
    }

    fn end(&mut self) {
        self.buffer.push(b'~');
        if self.plan.newlines {
            self.buffer.push(b'\n');
        }
        self.totals.segments += 1;
        self.segments_of_set += 1;
    }

    /// Offset of the next byte.
    fn offset(&self) -> u64 {
        self.totals.bytes + self.buffer.len() as u64
    }

    fn flush(&mut self, from: usize) -> io::Result<()> {
        if self.buffer.len() > from {
            self.out.write_all(&self.buffer)?;
            self.totals.bytes += self.buffer.len() as u64;
            self.buffer.clear();
        }
        Ok(())
    }

    fn set(&mut self, number: u64) -> io::Result<()> {
        (self.hierarchy, self.segments_of_set) = (0, 0);
        self.totals.sets += 1;
        self.records_of_set = self.plan.claims.max(1);
        if let Some(planter) = &mut self.planter {
            planter.set(self.totals.sets);
        }
        let mut control = Vec::new();
        digits(number, 4, &mut control);
        let control = String::from_utf8_lossy(&control).into_owned();
        self.ordinal = 1;
        if !self.model.drawn.is_empty() {
            self.drawn = self
                .random
                .pick(&self.model.drawn)
                .copied()
                .unwrap_or_default();
        }
        self.decide(0, self.records_of_set);
        self.items(
            0,
            Place {
                ordinal: 1,
                parent: 0,
                children: false,
            },
            &control,
        )
    }

    /// Writes an occurrence of a loop that holds so many records.
    fn a_loop(&mut self, loop_index: usize, quota: u64, place: Place) -> io::Result<()> {
        if self.model.loops[loop_index].record {
            self.totals.claims += 1;
            self.pointed = 1;
            self.day = Day(self.today.0 - 3 - self.random.below(60) as i64);
            if let Some(planter) = &mut self.planter {
                planter.record(self.totals.claims);
            }
            self.flush(BUFFER)?;
        }
        let children = self.decide(loop_index, quota);
        self.items(loop_index, Place { children, ..place }, "")
    }

    /// Decides how often each item of a loop stands; says whether hierarchical levels are below it.
    fn decide(&mut self, loop_index: usize, quota: u64) -> bool {
        let model = self.model;
        let a_loop = &model.guide.loops[loop_index];
        let record = model.loops[loop_index].record;
        self.share_records(loop_index, if record { 0 } else { quota });
        self.counts[usize::from(a_loop.first_item)..][..usize::from(a_loop.item_count)].fill(0);
        let mut children = false;
        for at in 0..self.odds.each[loop_index].len() {
            let at = self.odds.each[loop_index][at];
            let index = usize::from(at);
            let item = &model.guide.items[index];
            let starts = loop_index != 0 && at == a_loop.first_item;
            self.counts[index] = match item.usage {
                Usage::NotUsed => 0,
                _ if !self.may_stand(at) => 0,
                _ if starts => 1,
                Usage::Required => self.repeats(index).max(1),
                Usage::Situational if model.items[index].carries && !record => {
                    u32::from(self.quotas[index] > 0)
                }
                Usage::Situational if self.random.chance(self.odds.items[index]) => {
                    self.repeats(index)
                }
                Usage::Situational => 0,
            };
            let below =
                item.child != NONE && model.guide.loops[usize::from(item.child)].hierarchical;
            children |= below && self.counts[index] > 0;
        }
        let (rare, odds) = &self.odds.rare[loop_index];
        if self.random.chance(*odds)
            && let Some(&at) = self.random.pick(rare)
        {
            self.counts[usize::from(at)] = 1;
        }
        self.open_book(loop_index, quota);
        children
    }

    /// Shares the records of a loop among its items that hold records.
    fn share_records(&mut self, loop_index: usize, quota: u64) {
        let model = self.model;
        let carriers = model.loops[loop_index].carriers.iter().copied();
        let carriers: Vec<u16> = carriers.filter(|&at| self.may_stand(at)).collect();
        let Some((&first, others)) = carriers.split_first() else {
            return;
        };
        carriers
            .iter()
            .for_each(|&at| self.quotas[usize::from(at)] = 0);
        let required = carriers
            .iter()
            .copied()
            .find(|&at| model.guide.items[usize::from(at)].usage == Usage::Required);
        if quota >= carriers.len() as u64
            && carriers.len() > 1
            && !model.loops[loop_index].apart
            && self.random.chance(self.odds.unusual)
        {
            let each = quota / carriers.len() as u64;
            carriers
                .iter()
                .for_each(|&at| self.quotas[usize::from(at)] = each);
            self.quotas[usize::from(required.unwrap_or(first))] += quota % carriers.len() as u64;
            return;
        }
        let other = others
            .iter()
            .copied()
            .find(|&at| self.random.chance(self.odds.items[usize::from(at)]));
        self.quotas[usize::from(required.or(other).unwrap_or(first))] = quota;
    }

    /// Whether an item may stand in this transaction set, by the code that was drawn for it.
    fn may_stand(&self, item: u16) -> bool {
        let only = &self.model.items[usize::from(item)].only;
        only.is_empty() || only.contains(&self.drawn)
    }

    /// How often an item stands that does.
    fn repeats(&mut self, index: usize) -> u32 {
        let model = self.model;
        let (item, plan) = (&model.guide.items[index], &model.items[index]);
        let most = if plan.once {
            1
        } else if item.max == 0 {
            u32::MAX
        } else {
            item.max
        };
        let usual = match plan.repeat {
            Some((least, _)) if self.plan.rich == 0 => least as u32,
            Some((least, more)) => self.random.range(least, more) as u32,
            None => 1,
        };
        // 3: enough to see that something repeats.
        let again = (1..most.min(3))
            .filter(|_| self.random.chance(self.odds.unusual))
            .count() as u32;
        usual.max(1 + again).min(most)
    }

    fn items(&mut self, loop_index: usize, place: Place, control: &str) -> io::Result<()> {
        let model = self.model;
        let a_loop = &model.guide.loops[loop_index];
        let mut parent = place.parent;
        for &at in &model.loops[loop_index].order {
            let index = usize::from(at);
            if self.counts[index] == 0 {
                continue;
            }
            let item = &model.guide.items[index];
            let within = Place { parent, ..place };
            if item.child == NONE {
                for _ in 0..self.counts[index] {
                    self.ordinal = place.ordinal;
                    self.segment(index, loop_index, within, control);
                }
                if at == a_loop.first_item && a_loop.hierarchical {
                    parent = self.hierarchy;
                }
            } else if model.items[index].carries && !model.loops[loop_index].record {
                self.carriers(index, within)?;
            } else {
                for ordinal in 1..=u64::from(self.counts[index]) {
                    self.a_loop(usize::from(item.child), 0, Place { ordinal, ..within })?;
                }
            }
        }
        self.close_book(loop_index);
        Ok(())
    }

    /// Writes occurrences of a loop until its records are written.
    fn carriers(&mut self, index: usize, place: Place) -> io::Result<()> {
        let model = self.model;
        let item = &model.guide.items[index];
        let plan = &model.loops[usize::from(item.child)];
        let (mut left, mut ordinal) = (self.quotas[index], 0);
        while ordinal == 0 || (left > 0 && (item.max == 0 || ordinal < u64::from(item.max))) {
            ordinal += 1;
            let most = if item.max == 1 { u64::MAX } else { 1 };
            let (least, most) = plan.records.unwrap_or((1, most));
            let wanted = if plan.record {
                1
            } else if item.max == 1 {
                left
            } else {
                self.random.range(least, most)
            };
            let here = wanted.min(left);
            left -= here;
            self.a_loop(usize::from(item.child), here, Place { ordinal, ..place })?;
        }
        Ok(())
    }

    fn segment(&mut self, index: usize, loop_index: usize, place: Place, control: &str) {
        let model = self.model;
        let definition = model.guide.items[index].segment;
        let segment = &model.guide.segments[usize::from(definition)];
        let start = self.buffer.len();
        match segment.id.as_str() {
            "ST" => self.set_header(definition, control),
            "SE" => return self.set_trailer(loop_index, control),
            _ => {
                if segment.hierarchical {
                    self.hierarchy += 1;
                }
                self.elements(definition, place.parent, place.children);
            }
        }
        let here = Here {
            guide: &model.guide,
            item: index as u16,
            loop_index,
            start,
            segment: self.segments_of_set + 1,
        };
        let before = self.buffer.len();
        let extra = match &mut self.planter {
            Some(planter) => {
                planter.segment(&here, &mut self.buffer, self.totals.bytes, self.totals.sets)
            }
            None => 0,
        };
        if self.buffer.len() == start && before > start {
            return;
        }
        self.totals.segments += extra;
        self.segments_of_set += extra;
        self.end();
    }

    fn set_header(&mut self, definition: u16, control: &str) {
        let guide = &self.model.guide;
        self.buffer
            .extend_from_slice(format!("ST*{}*{control}", guide.set).as_bytes());
        let segment = &guide.segments[usize::from(definition)];
        if guide
            .element(segment, 3)
            .is_some_and(|third| third.usage != Usage::NotUsed)
        {
            self.buffer
                .extend_from_slice(format!("*{}", guide.id).as_bytes());
        }
    }

    fn set_trailer(&mut self, loop_index: usize, control: &str) {
        let mut count = self.segments_of_set + 1;
        let mut control = control.to_owned();
        let offset = self.offset();
        if let Some(planter) = &mut self.planter {
            let here = Here {
                guide: &self.model.guide,
                item: 0,
                loop_index,
                start: self.buffer.len(),
                segment: count,
            };
            planter.trailer(&here, offset, self.totals.sets, (&mut count, &mut control));
        }
        self.control(&["SE", &count.to_string(), &control]);
    }
}
