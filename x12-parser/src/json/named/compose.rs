//! Objects by labels as segments: in the order of the guide, with all that goes without saying filled in.

use std::fmt::Write as _;

use x12_schemas::table::{Guide, NONE};

use crate::chart::Chart;
use crate::json::named::contents::Contents;
use crate::json::named::data::Divided;
use crate::json::named::leaf::expected;
use crate::json::named::pen::{Pen, Spot};
use crate::json::named::put_back::Behind;
use crate::json::named::tree::{Index, NOTHING, Tree};
use crate::limits::Limits;
use crate::sheet::{Fill, Member, MemberKind, Parts, Sheet, Slot, SlotKind};

/// What is wrong with a value: what, where in the JSON, and where in its structure.
pub(crate) struct Fault {
    pub(crate) what: &'static str,
    pub(crate) at: u64,
    pub(crate) path: String,
}

/// Hierarchical levels of the open transaction set.
#[derive(Default)]
pub(crate) struct Levels {
    last: u64,
    /// The numbers of those that are open.
    open: Vec<Vec<u8>>,
}

impl Levels {
    /// Ends the innermost level.
    pub(crate) fn close(&mut self) {
        self.open.pop();
    }
}

/// Makes segments of values.
pub(crate) struct Composer<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) chart: &'a Chart,
    pub(crate) pen: &'a mut Pen,
    pub(crate) levels: &'a mut Levels,
    pub(crate) limits: &'a Limits,
    /// Keys and places in arrays, from the tree's top down.
    pub(super) path: Vec<Step<'a>>,
    /// A format of the open segment that its value does not tell: a fault, unless `$extra` says it.
    unformed: Option<(Spot, Fault)>,
    /// Binary data of the open segment in which delimiters stand.
    pub(super) divided: Option<Divided>,
}

/// A part of a path.
#[derive(Clone, Copy)]
pub(super) enum Step<'a> {
    Key(&'a str),
    Item(usize),
}

/// Members of an object that are told, a bit for each: they number 255 at most, as elements and components do.
#[derive(Default)]
struct Given([u64; 4]);

impl Given {
    /// Whether a member was not among them before.
    fn add(&mut self, ordinal: usize) -> bool {
        let is_new = !self.has(ordinal);
        if let Some(bits) = self.0.get_mut(ordinal / 64) {
            *bits |= 1 << (ordinal % 64);
        }
        is_new
    }

    fn has(&self, ordinal: usize) -> bool {
        let bits = self.0.get(ordinal / 64);
        bits.is_some_and(|bits| bits >> (ordinal % 64) & 1 == 1)
    }
}

/// Where the values of an object go.
#[derive(Clone, Copy)]
enum At {
    /// To elements, by this number more than their own.
    Elements(u16),
    /// To components of this.
    Components(Spot),
}

impl At {
    fn spot(self, number: u8) -> Spot {
        match self {
            Self::Elements(base) => Spot {
                element: base + u16::from(number),
                ..Spot::default()
            },
            Self::Components(spot) => Spot {
                component: u16::from(number) - 1,
                ..spot
            },
        }
    }
}

pub(super) type Result<T> = std::result::Result<T, Fault>;

impl<'a> Composer<'a> {
    pub(crate) fn new(
        tree: &'a Tree,
        chart: &'a Chart,
        pen: &'a mut Pen,
        levels: &'a mut Levels,
        limits: &'a Limits,
    ) -> Self {
        Self {
            tree,
            chart,
            pen,
            levels,
            limits,
            path: Vec::new(),
            unformed: None,
            divided: None,
        }
    }

    pub(super) fn sheet(&self) -> &'a Sheet {
        self.chart.sheet()
    }

    fn guide(&self) -> &'a Guide {
        &self.chart.guide
    }

    pub(crate) fn fault<T>(&self, what: &'static str, node: Index) -> Result<T> {
        let mut path = String::new();
        for step in &self.path {
            // Writing to a string cannot fail.
            let _ = match step {
                Step::Key(key) => write!(path, ".{key}"),
                Step::Item(index) => write!(path, "[{index}]"),
            };
        }
        let at = self.tree.at(node);
        Err(Fault { what, at, path })
    }

    pub(super) fn within<T>(
        &mut self,
        step: Step<'a>,
        inside: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        self.path.push(step);
        let done = inside(self)?;
        self.path.pop();
        Ok(done)
    }

    // Loops

    /// A loop as a whole, as the value of its key says it.
    pub(crate) fn a_loop(&mut self, node: Index, index: u16, ordinal: usize) -> Result<()> {
        let mut contents = self.contents(node, index, &[])?;
        self.start(node, &mut contents, index, ordinal, None)?;
        self.slots(&contents, index, 0..u16::MAX)?;
        self.finish(&contents);
        Ok(())
    }

    /// Writes the segment that starts a loop; `header` is a control number that it is to have if none is told.
    pub(crate) fn start(
        &mut self,
        node: Index,
        contents: &mut Contents,
        index: u16,
        ordinal: usize,
        header: Option<&str>,
    ) -> Result<()> {
        let sheet = self.sheet();
        let Some(starter) = sheet.a_loop(index).map(|a_loop| a_loop.starter) else {
            return Ok(());
        };
        let Some(segment) = sheet.segment(starter) else {
            return Ok(());
        };
        self.pen.begin();
        let parts = &segment.parts;
        for &(ordinal, value) in &contents.starter {
            if let Some(member) = parts.members.get(ordinal) {
                self.member(member, value, At::Elements(0))?;
            }
        }
        let given = |ordinal: usize| contents.starter.iter().any(|(known, _)| *known == ordinal);
        self.fill(parts, node, At::Elements(0), &given)?;
        let untold = parts
            .members
            .iter()
            .enumerate()
            .filter(|(place, _)| !given(*place));
        for (_, member) in untold {
            if let Some(text) = self.number(member, contents, (index, ordinal), header) {
                // Of digits, or told before as it is.
                let _ = self.pen.put(At::Elements(0).spot(member.number), &text);
            }
        }
        self.elements(&contents.extras, NONE, 0)?;
        let definition = self.guide().segments.get(usize::from(starter));
        if definition.is_some_and(|definition| definition.hierarchical) {
            self.levels.last += 1;
            let number = self
                .pen
                .get(At::Elements(0).spot(1))
                .unwrap_or_default()
                .to_vec();
            self.levels.open.push(number);
            contents.is_level = true;
        }
        self.write(definition.map_or("", |definition| &definition.id))?;
        self.after(&contents.extras, NONE, Behind::All(0))
    }

    /// A number that a loop's first segment is to have.
    fn number(
        &self,
        member: &Member,
        contents: &Contents,
        (index, ordinal): (u16, usize),
        header: Option<&str>,
    ) -> Option<Vec<u8>> {
        Some(match member.filled {
            Fill::Count => (ordinal + 1).to_string().into_bytes(),
            Fill::Level => (self.levels.last + 1).to_string().into_bytes(),
            Fill::Parent => self.levels.open.last().cloned().unwrap_or_default(),
            Fill::Child => {
                let has = contents.has_children || self.has_levels(contents, index);
                u8::from(has).to_string().into_bytes()
            }
            // The control number of a transaction set.
            _ if member.number == 2 => header?.as_bytes().to_vec(),
            _ => return None,
        })
    }

    /// The element of a number of the segment that was written last.
    pub(crate) fn written(&self, element: u16) -> Vec<u8> {
        let spot = Spot {
            element,
            ..Spot::default()
        };
        self.pen.get(spot).unwrap_or_default().to_vec()
    }

    /// Whether levels stand below a loop.
    pub(crate) fn has_levels(&self, contents: &Contents, index: u16) -> bool {
        let sheet = self.sheet();
        let slots = sheet.a_loop(index).map_or(&[][..], |a_loop| &a_loop.slots);
        let mut slots = (0..).zip(slots).zip(&contents.slots);
        slots.any(|((ordinal, slot), value)| {
            let stands =
                *value != NOTHING && (!slot.many || self.tree.members(*value).next().is_some());
            stands && sheet.is_level(index, ordinal)
        })
    }

    /// Writes what stands in some slots of a loop.
    pub(crate) fn slots(
        &mut self,
        contents: &Contents,
        index: u16,
        range: std::ops::Range<u16>,
    ) -> Result<()> {
        let sheet = self.sheet();
        let slots = sheet.a_loop(index).map_or(&[][..], |a_loop| &a_loop.slots);
        let has_extras = !contents.extras.is_empty();
        for (ordinal, (slot, value)) in (0u16..).zip(slots.iter().zip(&contents.slots)) {
            let is_told = *value != NOTHING || has_extras;
            if !is_told || !range.contains(&ordinal) || !slot.usable {
                continue;
            }
            let mut count = 0;
            if *value != NOTHING {
                count = self.within(Step::Key(&slot.key), |this| {
                    this.slot(contents, (ordinal, slot), *value)
                })?;
            }
            let told = count;
            for extra in contents.extras.values(ordinal) {
                self.again(contents, (ordinal, slot), (extra, count))?;
                count += 1;
            }
            self.after(&contents.extras, ordinal, Behind::All(told))?;
        }
        Ok(())
    }

    /// Writes the values of a slot; gives their number.
    fn slot(
        &mut self,
        contents: &Contents,
        (ordinal, slot): (u16, &'a Slot),
        value: Index,
    ) -> Result<usize> {
        if !slot.many {
            self.one(contents, (ordinal, slot), (value, 0), None)?;
            self.after(&contents.extras, ordinal, Behind::One(0))?;
            return Ok(1);
        }
        let tree = self.tree;
        if slot.joined {
            return self.joined(slot, value);
        }
        let mut count = 0;
        for (_, item) in tree.members(value) {
            self.within(Step::Item(count), |this| {
                this.one(contents, (ordinal, slot), (item, count), None)
            })?;
            self.after(&contents.extras, ordinal, Behind::One(count))?;
            count += 1;
        }
        Ok(count)
    }

    /// Writes one occurrence of a slot.
    pub(super) fn one(
        &mut self,
        contents: &Contents,
        (ordinal, slot): (u16, &'a Slot),
        (value, index): (Index, usize),
        extra: Option<Index>,
    ) -> Result<()> {
        let definition = match slot.kind {
            SlotKind::Loop(child) => return self.a_loop(value, child, index),
            SlotKind::Segment(definition) => definition,
        };
        let Some(sheet) = self.sheet().segment(definition) else {
            return Ok(());
        };
        self.pen.begin();
        if slot.joined && extra.is_some() && self.tree.is_array(value) {
            return self.joined(slot, value).map(drop);
        }
        self.object(&sheet.parts, value, At::Elements(0))?;
        match extra {
            None => self.elements(&contents.extras, ordinal, index)?,
            Some(NOTHING) => {}
            Some(elements) => self.replace(elements)?,
        }
        let id = self
            .guide()
            .segments
            .get(usize::from(definition))
            .map_or("", |segment| &segment.id);
        self.write(id)
    }

    /// Writes the open segment.
    fn write(&mut self, id: &str) -> Result<()> {
        if let Some((spot, fault)) = self.unformed.take()
            && self.pen.get(spot).is_none_or(<[u8]>::is_empty)
        {
            return Err(fault);
        }
        if let Some(divided) = self.divided.take() {
            let told = self.pen.get(divided.at());
            divided.unless(told)?;
        }
        self.pen.write(id);
        Ok(())
    }

    /// Writes a list as the segments that it takes, each filled before the next.
    fn joined(&mut self, slot: &'a Slot, value: Index) -> Result<usize> {
        let SlotKind::Segment(definition) = slot.kind else {
            return Ok(0);
        };
        let (sheet, tree) = (self.sheet().segment(definition), self.tree);
        let Some((parts, only)) = sheet.and_then(|sheet| Some((&sheet.parts, sheet.parts.only()?)))
        else {
            return Ok(0);
        };
        let room = match only.kind {
            MemberKind::Run { times, .. } => usize::from(times).max(1),
            _ => usize::MAX,
        };
        let id = self
            .guide()
            .segments
            .get(usize::from(definition))
            .map_or("", |segment| &segment.id);
        let items: Vec<Index> = tree.members(value).map(|(_, item)| item).collect();
        let mut first = 0;
        for items in items.chunks(room) {
            self.pen.begin();
            for (index, item) in items.iter().enumerate() {
                self.within(Step::Item(first + index), |this| {
                    this.item(only, *item, index, At::Elements(0))
                })?;
            }
            self.fill(parts, value, At::Elements(0), &|_| false)?;
            self.write(id)?;
            first += items.len();
        }
        Ok(items.len().div_ceil(room))
    }

    /// Ends a loop.
    pub(crate) fn finish(&mut self, contents: &Contents) {
        if contents.is_level {
            self.levels.open.pop();
        }
    }

    // Segments

    /// The members of an object, or its only one's value.
    fn object(&mut self, parts: &'a Parts, node: Index, at: At) -> Result<()> {
        if let Some(only) = parts.only() {
            self.value(only, node, at)?;
            let place = parts.only;
            return self.fill(parts, node, at, &|ordinal| Some(ordinal) == place);
        }
        let tree = self.tree;
        if !tree.is_object(node) {
            return self.fault("an object is due", node);
        }
        let mut given = Given::default();
        for (key, value) in tree.members(node) {
            let Some((ordinal, member)) = parts.find(key) else {
                return self.fault(UNKNOWN, value);
            };
            if !given.add(ordinal) {
                return self.within(Step::Key(&member.key), |this| this.fault(TWICE, value));
            }
            self.member(member, value, at)?;
        }
        self.fill(parts, node, at, &|ordinal| given.has(ordinal))
    }

    fn member(&mut self, member: &'a Member, value: Index, at: At) -> Result<()> {
        self.within(Step::Key(&member.key), |this| this.value(member, value, at))
    }

    /// The value of a member, which may be a list.
    fn value(&mut self, member: &'a Member, node: Index, at: At) -> Result<()> {
        if !member.is_list() {
            return self.item(member, node, 0, at);
        }
        let tree = self.tree;
        if !tree.is_array(node) {
            return self.fault("an array is due", node);
        }
        for (index, (_, item)) in tree.members(node).enumerate() {
            self.within(Step::Item(index), |this| this.item(member, item, index, at))?;
        }
        Ok(())
    }

    /// A value, or one of a list.
    fn item(&mut self, member: &'a Member, node: Index, index: usize, at: At) -> Result<()> {
        let mut spot = at.spot(member.number);
        match &member.kind {
            MemberKind::Run { times, .. } if index >= usize::from(*times) => {
                self.fault("the list is longer than its segment", node)
            }
            MemberKind::Run { size, parts, .. } => {
                let base = spot.element - 1 + u16::from(*size) * index as u16;
                self.object(parts, node, At::Elements(base))
            }
            _ if index > 0 && !self.pen.repeats() => {
                self.fault("the interchange has no delimiter for repetitions", node)
            }
            _ if index >= usize::from(u16::MAX) => {
                self.fault("the list is longer than its segment", node)
            }
            MemberKind::Composite { parts, .. } => {
                spot.repetition = index as u16;
                self.object(parts, node, At::Components(spot))
            }
            MemberKind::Data => self.data(node, spot),
            MemberKind::Simple { .. } => {
                if member.is_list() {
                    spot.repetition = index as u16;
                }
                let Some(text) = self.tree.text(node) else {
                    return self.fault("a string is due", node);
                };
                match self.pen.put(spot, text) {
                    Ok(()) => Ok(()),
                    Err(what) => self.fault(what, node),
                }
            }
        }
    }

    /// Fills in what is not given.
    fn fill(
        &mut self,
        parts: &'a Parts,
        node: Index,
        at: At,
        given: &dyn Fn(usize) -> bool,
    ) -> Result<()> {
        let guide = self.guide();
        for (ordinal, member) in parts.members.iter().enumerate() {
            if member.filled == Fill::Not || given(ordinal) {
                continue;
            }
            if let (Fill::Components, MemberKind::Composite { parts, .. }) =
                (member.filled, &member.kind)
            {
                let spot = at.spot(member.number);
                self.fill(parts, node, At::Components(spot), &|_| false)?;
                continue;
            }
            if let Fill::Length(of) = member.filled {
                let length = self.pen.get(at.spot(of)).map(<[u8]>::len);
                let text = length.map(|length| length.to_string()).unwrap_or_default();
                // Digits alone.
                let _ = self.pen.put(at.spot(member.number), text.as_bytes());
                continue;
            }
            let pen = &*self.pen;
            let text = expected(guide, member.filled, |number| {
                pen.get(at.spot(number)).unwrap_or_default()
            });
            if let Some(text) = text {
                let put = self.pen.put(at.spot(member.number), text.as_bytes());
                if let Err(what) = put {
                    return self.fault(what, node);
                }
            } else if let Fill::Form(_, of) = member.filled
                && self
                    .pen
                    .get(at.spot(of))
                    .is_some_and(|value| !value.is_empty())
            {
                let what = "the value has none of the forms that the guide has for it";
                let of = parts
                    .members
                    .iter()
                    .find(|member| member.number == of && parts.only.is_none());
                let fault: Result<()> = match of {
                    Some(of) => self.within(Step::Key(&of.key), |this| this.fault(what, node)),
                    None => self.fault(what, node),
                };
                let spot = at.spot(member.number);
                let fault = fault.err().map(|fault| (spot, fault));
                self.unformed = self.unformed.take().or(fault);
            }
        }
        Ok(())
    }
}

/// Told of a key that is none of the guide's.
pub(crate) const UNKNOWN: &str = "an unknown key";
/// Told of a key that stands twice.
pub(crate) const TWICE: &str = "a key stands twice";
