//! The parts of a document, each at its turn: envelopes open and close, transaction sets and loops begin and end.

use std::sync::Arc;

use crate::chart::Chart;
use crate::error::Error;
use crate::json::named::compose::{Composer, Fault, Levels};
use crate::json::named::contents::Contents;
use crate::json::named::frame::{Frame, Items, Kind};
use crate::json::named::read::Reader;
use crate::json::named::seal::{Seal, Wrong};
use crate::json::named::tree::{Index, NOTHING, Tree};
use crate::json::scan::Stop;
use crate::snip::SnipTypes;

/// The keys of a transaction set that are not its guide's.
const SET_KEYS: [&str; 9] = [
    "x12",
    "shape",
    "set",
    "guide",
    "segments",
    "trailer",
    "interchange",
    "group",
    "ordinal",
];
const INTERCHANGE_KEYS: [&str; 7] = [
    "$before",
    "delimiters",
    "header",
    "services",
    "groups",
    "trailer",
    "$after",
];
const GROUP_KEYS: [&str; 3] = ["header", "transactions", "trailer"];

/// The element that says whether levels follow below, HL04.
const CHILD: u16 = 4;

/// Told of levels where it was written before that none follow.
pub(super) const LATE: &str = "levels come too late: that none follow has been written";

impl Frame {
    /// Whether a key may stand in the object, as far as that is known.
    pub(super) fn knows(&self, key: &[u8]) -> bool {
        let among = |keys: &[&str]| keys.iter().any(|known| known.as_bytes() == key);
        match self.kind {
            Kind::Interchange => among(&INTERCHANGE_KEYS),
            Kind::Group => among(&GROUP_KEYS),
            // What else a transaction set or loop has, its guide says when it is written.
            Kind::Top | Kind::Set(_) | Kind::Loop(..) => true,
        }
    }

    /// Whether a key's value is a number that only counts.
    pub(super) fn count(&self, key: &[u8]) -> bool {
        matches!(self.kind, Kind::Top | Kind::Set(_))
            && [&b"interchange"[..], b"group", b"ordinal"].contains(&key)
    }

    /// What is wrong with a value that says what the JSON around it is.
    pub(super) fn misfit(&self, key: &[u8]) -> Option<&'static str> {
        let heads: [&[u8]; 6] = [b"x12", b"shape", b"open", b"close", b"set", b"guide"];
        if !matches!(self.kind, Kind::Top | Kind::Set(_)) || !heads.contains(&key) {
            return None;
        }
        match self.tree.last_text() {
            None => Some("a string is due"),
            Some(version) if key == b"x12" && version != b"1" => {
                Some("this version of the JSON is not known")
            }
            Some(_) => None,
        }
    }

    /// Whether what a key says has its turn behind it.
    pub(super) fn is_past(&self, key: &[u8]) -> bool {
        if !self.begun {
            return false;
        }
        match &self.kind {
            Kind::Interchange => !matches!(key, b"trailer" | b"$after" | b"groups"),
            Kind::Group => key != b"trailer",
            Kind::Top => false,
            Kind::Set(_) | Kind::Loop(..) => {
                let Some((chart, index)) = self.a_loop() else {
                    return false;
                };
                let Some(a_loop) = chart.sheet().a_loop(index) else {
                    return false;
                };
                match a_loop.find(key, 0) {
                    Some(slot) => slot < usize::from(self.from),
                    None => !matches!(key, b"trailer" | b"$extra" | b"$extraAfter"),
                }
            }
        }
    }
}

impl Reader {
    /// Learns what the innermost object is from what was read of it.
    pub(super) fn learn(&mut self) {
        let Some(frame) = self.stack.last() else {
            return;
        };
        let text = |key: &str| {
            let text = frame.tree.text(frame.tree.member(0, key)?)?;
            Some(String::from_utf8_lossy(text).into_owned())
        };
        let (Kind::Top | Kind::Set(None), Some(guide)) = (&frame.kind, text("guide")) else {
            return;
        };
        let set = text("set");
        if let Some(chart) = self.chart(&guide, set) {
            self.change(|frame| frame.kind = Kind::Set(Some(chart)));
        }
    }

    fn chart(&self, id: &str, set: Option<String>) -> Option<Arc<Chart>> {
        let catalog = &self.charts.catalog;
        let guide = match set {
            Some(set) => catalog.guide_of_set(id, &set)?,
            None => catalog.guide(id)?,
        };
        Some(self.charts.of(guide, SnipTypes::ALL))
    }

    /// Begins the innermost object, whose array is to be written item by item.
    pub(super) fn turn(&mut self, items: &Items, at: u64) -> Result<(), Stop> {
        match items {
            Items::Interchanges => Ok(()),
            Items::Services | Items::Groups | Items::Sets => {
                self.begin_envelope(matches!(items, Items::Groups))
            }
            Items::Segments => self.begin_verbatim(),
            Items::Slot(chart, slot) => self.begin_loop(&Arc::clone(chart), *slot, at),
        }
    }

    /// Ends the innermost object.
    pub(super) fn finish(&mut self) -> Result<(), Stop> {
        let Some(frame) = self.stack.last() else {
            return Ok(());
        };
        let is_set = matches!(frame.kind, Kind::Top)
            && frame
                .keys
                .iter()
                .any(|key| key == b"set" || key == b"guide");
        match &frame.kind {
            Kind::Set(_) => self.finish_set(),
            Kind::Top if is_set => self.finish_set(),
            Kind::Top => self.finish_top(),
            Kind::Interchange => {
                self.begin_envelope(true)?;
                if let Some(groups) = self.take("groups") {
                    self.replay(&groups, Items::Groups)?;
                }
                self.close_interchange()
            }
            Kind::Group => {
                self.begin_envelope(true)?;
                if let Some(sets) = self.take("transactions") {
                    self.replay(&sets, Items::Sets)?;
                }
                self.close_group()
            }
            Kind::Loop(chart, index) => {
                let (chart, index) = (Arc::clone(chart), *index);
                self.finish_loop(&chart, index)
            }
        }
    }

    pub(super) fn take(&mut self, array: &str) -> Option<crate::json::named::frame::Held> {
        self.stack.last_mut()?.take(array)
    }

    // Transaction sets

    /// Begins a transaction set whose segments are told as they are.
    fn begin_verbatim(&mut self) -> Result<(), Stop> {
        self.change(|frame| {
            frame.begun = true;
            frame.kind = Kind::Set(None);
        });
        self.open_around(None)?;
        let _ = self.seal.open_set();
        Ok(())
    }

    fn finish_set(&mut self) -> Result<(), Stop> {
        let Some(frame) = self.stack.last() else {
            return Ok(());
        };
        if frame.keys.iter().any(|key| key == b"segments") {
            return self.finish_verbatim();
        }
        if let Some((chart, _)) = frame.a_loop() {
            let chart = Arc::clone(chart);
            return self.finish_known(&chart);
        }
        let what = match frame.tree.member(0, "guide") {
            Some(_) => "this guide is not at hand",
            None => "the transaction set says neither its guide nor its segments",
        };
        Err(self.wrong(Wrong::Below(what, ".guide".to_owned())))
    }

    /// Ends a transaction set whose segments are told as they are, so that nothing else may be.
    fn finish_verbatim(&mut self) -> Result<(), Stop> {
        let Some(frame) = self.stack.last() else {
            return Ok(());
        };
        let known = SET_KEYS.iter().filter(|known| **known != "trailer");
        let is_known = |key: &Vec<u8>| known.clone().any(|known| known.as_bytes() == key);
        if !frame.keys.iter().all(is_known) {
            return Err(
                self.object_wrong("another key stands beside the segments of the transaction set")
            );
        }
        if !frame.begun {
            self.begin_verbatim()?;
        }
        match self.take("segments") {
            Some(held) => self.replay(&held, Items::Segments),
            None => Ok(()),
        }
    }

    fn finish_known(&mut self, chart: &Arc<Chart>) -> Result<(), Stop> {
        self.finish_loop(chart, 0)?;
        let trailer = self.header("trailer", "SE")?;
        let number = std::mem::take(&mut self.set_number);
        let closed = Seal::close_set(&trailer, &number, &mut self.pen);
        closed.map_err(|wrong| self.wrong(wrong))
    }

    // Loops

    /// Begins the innermost object, if it is not begun, and writes its slots up to one.
    fn begin_loop(&mut self, chart: &Arc<Chart>, to: u16, at: u64) -> Result<(), Stop> {
        let Some(frame) = self.stack.last() else {
            return Ok(());
        };
        let (begun, is_set, ordinal, from) = (
            frame.begun,
            matches!(frame.kind, Kind::Set(_)),
            frame.ordinal,
            frame.from,
        );
        if to < from {
            let what = "this part comes too late: what follows it has been written";
            let path = self.path("");
            return Err(Stop::Failed(Box::new(Error::Json { what, at, path })));
        }
        let mut number = String::new();
        if !begun && is_set {
            self.open_around(Some((&chart.guide.group, &chart.guide.id)))?;
            number = self.seal.open_set();
            self.pen.segments = 0;
            self.levels = Levels::default();
        }
        let level = chart.sheet().is_level(self.loop_index(), to);
        let header = is_set.then_some(number.as_str());
        let index = self.loop_index();
        let (mut is_level, mut childless, mut told, mut set_number) =
            (false, false, None, Vec::new());
        self.compose(chart, |composer, contents| {
            if !begun {
                contents.has_children = level;
                composer.start(0, contents, index, ordinal, header)?;
                set_number = composer.written(2);
                is_level = contents.is_level;
                let is_told = composer.written(CHILD) == b"1";
                childless = !composer.has_levels(contents, index) && !level && !is_told;
            }
            told = contents.extras.stands("$extra").then_some("$extra");
            composer.slots(contents, index, from..to)
        })?;
        if !begun && is_set {
            self.set_number = set_number;
        }
        self.change(|frame| {
            if !begun {
                (frame.begun, frame.is_level, frame.childless, frame.passed) =
                    (true, is_level, childless, told);
            }
            frame.from = to;
        });
        Ok(())
    }

    fn loop_index(&self) -> u16 {
        self.stack
            .last()
            .and_then(Frame::a_loop)
            .map_or(0, |(_, index)| index)
    }

    /// Writes what is left of the innermost object.
    fn finish_loop(&mut self, chart: &Arc<Chart>, index: u16) -> Result<(), Stop> {
        if !self.stack.last().is_some_and(|frame| frame.begun) {
            self.begin_loop(chart, u16::MAX, 0)?;
        }
        let Some(frame) = self.stack.last() else {
            return Ok(());
        };
        let (from, passed, is_level) = (frame.from, frame.passed, frame.is_level);
        if from != u16::MAX {
            self.compose(chart, |composer, contents| {
                composer.slots(contents, index, from..u16::MAX)?;
                composer.late(contents, index, from, passed)
            })?;
        }
        if is_level {
            self.levels.close();
        }
        Ok(())
    }

    /// Composes from the members of the innermost object.
    fn compose(
        &mut self,
        chart: &Arc<Chart>,
        work: impl FnOnce(&mut Composer<'_>, &mut Contents) -> Result<(), Fault>,
    ) -> Result<(), Stop> {
        let index = self.loop_index();
        let Some(frame) = self.stack.last() else {
            return Ok(());
        };
        let tree = &frame.tree;
        let mut composer =
            Composer::new(tree, chart, &mut self.pen, &mut self.levels, &self.limits);
        let passed: &[&str] = if index == 0 { &SET_KEYS } else { &[] };
        let composed = composer
            .contents(0, index, passed)
            .and_then(|mut contents| work(&mut composer, &mut contents));
        composed.map_err(|fault| self.faulty(fault))
    }

    /// A loop as a whole.
    pub(super) fn compose_whole(
        &mut self,
        chart: &Arc<Chart>,
        (index, ordinal): (u16, usize),
        text: &[u8],
        at: u64,
    ) -> Result<(), Stop> {
        let mut tree = std::mem::take(&mut self.whole);
        tree.clear();
        let read = tree.read(text, at, self.limits.json_depth);
        let composed = read
            .map_err(|(stop, below)| self.fail(stop, at, &below))
            .and_then(|node| self.one_loop(&tree, node, chart, (index, ordinal)));
        self.whole = tree;
        composed
    }

    fn one_loop(
        &mut self,
        tree: &Tree,
        node: Index,
        chart: &Chart,
        (index, ordinal): (u16, usize),
    ) -> Result<(), Stop> {
        let late = self.is_late(chart, index);
        let mut composer =
            Composer::new(tree, chart, &mut self.pen, &mut self.levels, &self.limits);
        if late && node != NOTHING {
            let fault = composer.fault::<()>(LATE, node);
            return fault.map_err(|fault| self.faulty(fault));
        }
        composer
            .a_loop(node, index, ordinal)
            .map_err(|fault| self.faulty(fault))
    }

    /// Whether a loop is a level below one of which it was written that none follow.
    pub(super) fn is_late(&self, chart: &Chart, index: u16) -> bool {
        let a_loop = chart.sheet().a_loop(index);
        let is_childless = self.stack.last().is_some_and(|frame| frame.childless);
        is_childless && a_loop.is_some_and(|a_loop| a_loop.hierarchical)
    }

    fn faulty(&self, fault: Fault) -> Stop {
        let Fault { what, at, path } = fault;
        let path = self.path(&path);
        Stop::Failed(Box::new(Error::Json { what, at, path }))
    }
}
