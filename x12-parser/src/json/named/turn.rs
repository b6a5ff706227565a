//! The parts of a document, each at its turn: envelopes open and close, transaction sets and loops begin and end.

use std::sync::Arc;

use crate::chart::Chart;
use crate::delimiters::Delimiters;
use crate::error::Error;
use crate::json::fields::exact;
use crate::json::named::compose::{Composer, Contents, Fault, Levels};
use crate::json::named::frame::{Frame, Items, Kind};
use crate::json::named::read::Reader;
use crate::json::named::seal::{Header, Seal, Wrong};
use crate::json::named::tree::{Index, NOTHING, Tree};
use crate::json::scan::{Scanner, Stop};

/// The keys of a transaction set that are not its guide's.
const SET_KEYS: [&str; 9] = ["x12", "shape", "set", "guide", "segments", "trailer", "interchange", "group", "ordinal"];
/// The keys of a line, or of a document.
const TOP_KEYS: [&str; 13] = [
    "x12", "shape", "interchanges", "open", "close", "segment", "ordinal", "$before", "delimiters", "header", "trailer", "$after", "segments",
];
const INTERCHANGE_KEYS: [&str; 7] = ["$before", "delimiters", "header", "services", "groups", "trailer", "$after"];
const GROUP_KEYS: [&str; 3] = ["header", "transactions", "trailer"];

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
        matches!(self.kind, Kind::Top | Kind::Set(_)) && [&b"interchange"[..], b"group", b"ordinal"].contains(&key)
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
                let mut slots = (0u16..).zip(&a_loop.slots);
                match slots.find(|(_, slot)| slot.usable && slot.key.as_bytes() == key) {
                    Some((slot, _)) => slot < self.from,
                    None => !matches!(key, b"trailer" | b"$extra" | b"$extraAfter"),
                }
            }
        }
    }
}

impl Reader {
    /// Learns what the innermost object is from what was read of it.
    pub(super) fn learn(&mut self) {
        let Some(frame) = self.stack.last() else { return };
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

    fn chart(&mut self, id: &str, set: Option<String>) -> Option<Arc<Chart>> {
        let guide = match set {
            Some(set) => self.catalog.guide_of_set(id, &set)?,
            None => self.catalog.guide(id)?,
        };
        if let Some(known) = self.charts.iter().find(|chart| Arc::ptr_eq(&chart.guide, &guide)) {
            return Some(Arc::clone(known));
        }
        let chart = Arc::new(Chart::new(guide, &self.catalog));
        self.charts.push(Arc::clone(&chart));
        Some(chart)
    }

    /// Begins the innermost object, whose array is to be written item by item.
    pub(super) fn turn(&mut self, items: &Items, at: u64) -> Result<(), Stop> {
        match items {
            Items::Interchanges => Ok(()),
            Items::Services | Items::Groups | Items::Sets => self.begin_envelope(matches!(items, Items::Groups)),
            Items::Segments => self.begin_verbatim(),
            Items::Slot(chart, slot) => self.begin_loop(&Arc::clone(chart), *slot, at),
        }
    }

    /// Ends the innermost object.
    pub(super) fn finish(&mut self, at: u64) -> Result<(), Stop> {
        let Some(frame) = self.stack.last() else {
            return Ok(());
        };
        let is_set = matches!(frame.kind, Kind::Top) && frame.keys.iter().any(|key| key == b"set" || key == b"guide");
        match &frame.kind {
            Kind::Set(_) => self.finish_set(at),
            Kind::Top if is_set => self.finish_set(at),
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

    fn take(&mut self, array: &str) -> Option<crate::json::named::frame::Held> {
        self.stack.last_mut()?.take(array)
    }

    // Envelope

    /// Writes the header of the innermost object of the envelope, and the services behind it if it is their turn.
    fn begin_envelope(&mut self, services: bool) -> Result<(), Stop> {
        let Some(frame) = self.stack.last() else {
            return Ok(());
        };
        let (begun, is_group) = (frame.begun, matches!(frame.kind, Kind::Group));
        if !begun && is_group {
            let header = self.header("header", "GS")?;
            self.seal.begin_group(header);
        } else if !begun {
            self.open_interchange()?;
        }
        self.change(|frame| frame.begun = true);
        match self.take("services") {
            Some(held) if services => self.replay(&held, Items::Services),
            _ => Ok(()),
        }
    }

    /// The header or trailer of the innermost object.
    fn header(&self, key: &str, id: &str) -> Result<Header, Stop> {
        let Some(frame) = self.stack.last() else {
            return Ok(Header::default());
        };
        let Some(node) = frame.tree.member(0, key) else {
            return Ok(Header::default());
        };
        if !frame.tree.is_object(node) {
            return Err(self.wrong(Wrong::Value("an object is due", node, String::new()), key));
        }
        Header::read(&frame.tree, node, &self.envelope, id).map_err(|wrong| self.wrong(wrong, key))
    }

    /// What is wrong with a header or trailer, as an error.
    fn wrong(&self, wrong: Wrong, key: &str) -> Stop {
        let Some(frame) = self.stack.last() else {
            return Stop::More;
        };
        let (what, at, path) = match wrong {
            Wrong::Value(what, node, below) => {
                let below = if below.starts_with(".header") || below.starts_with(".trailer") { below } else { format!(".{key}{below}") };
                (what, frame.tree.at(node), below)
            }
            Wrong::Lacks(what, below) => (what, frame.at, below),
        };
        let path = self.path(&path);
        Stop::Failed(Box::new(Error::Json { what, at, path }))
    }

    fn open_interchange(&mut self) -> Result<(), Stop> {
        self.seal.close_interchange(&Header::default(), &mut self.pen).map_err(|wrong| self.wrong(wrong, "trailer"))?;
        self.gap("$before")?;
        self.delimiters()?;
        let header = self.header("header", "ISA")?;
        let opened = self.seal.open_interchange(&header, &mut self.pen, &self.envelope);
        opened.map_err(|wrong| self.wrong(wrong, "header"))
    }

    fn close_interchange(&mut self) -> Result<(), Stop> {
        let trailer = self.header("trailer", "IEA")?;
        let closed = self.seal.close_interchange(&trailer, &mut self.pen);
        closed.map_err(|wrong| self.wrong(wrong, "trailer"))?;
        self.gap("$after")
    }

    /// Opens the group that is due, if one is, of whatever kind its header says.
    pub(super) fn open_group(&mut self) -> Result<(), Stop> {
        if !self.seal.is_group_due() {
            return Ok(());
        }
        let opened = self.seal.open_group(None, &mut self.pen, &self.envelope);
        opened.map_err(|wrong| self.wrong(wrong, "header"))
    }

    fn close_group(&mut self) -> Result<(), Stop> {
        self.open_group()?;
        let trailer = self.header("trailer", "GE")?;
        let closed = self.seal.close_group(&trailer, &mut self.pen);
        closed.map_err(|wrong| self.wrong(wrong, "trailer"))
    }

    /// Text between structures, as it is.
    fn gap(&mut self, key: &str) -> Result<(), Stop> {
        let Some(frame) = self.stack.last() else {
            return Ok(());
        };
        let Some(node) = frame.tree.member(0, key) else {
            return Ok(());
        };
        let mut bytes = Vec::new();
        let mut scanner = Scanner {
            text: frame.tree.json(node),
            at: 0,
            string_bytes: self.limits.record_bytes,
        };
        let read = exact(&mut scanner, &mut bytes);
        let span = read.map_err(|stop| self.fail(stop, frame.tree.at(node), &format!(".{key}")))?;
        if key == "$after" {
            // It stands in place of the usual end of line.
            self.pen.target.owes_suffix = false;
        } else {
            self.pen.target.settle(&mut self.pen.out);
        }
        self.pen.raw(span.of(&bytes));
        Ok(())
    }

    /// The delimiters that the innermost object tells, or the usual ones.
    fn delimiters(&mut self) -> Result<(), Stop> {
        let mut delimiters = Delimiters::default();
        let mut suffix = b"\n".to_vec();
        if let Some(frame) = self.stack.last()
            && let Some(node) = frame.tree.member(0, "delimiters")
        {
            delimiters.repetition = None;
            for (key, value) in frame.tree.members(node) {
                let text = frame.tree.text(value).and_then(crate::json::restore::latin1);
                let fault = |what| Err(self.wrong(Wrong::Value(what, value, String::new()), "delimiters"));
                let Some(text) = text else {
                    return fault("a delimiter is one character up to U+00FF for each byte");
                };
                if key == b"suffix" {
                    suffix = text;
                    continue;
                }
                let [byte] = text[..] else {
                    return fault("a delimiter is one byte");
                };
                match key {
                    b"element" => delimiters.element = byte,
                    b"component" => delimiters.component = byte,
                    b"segment" => delimiters.segment = byte,
                    b"repetition" => delimiters.repetition = Some(byte),
                    _ => return fault("an unknown key"),
                }
            }
        }
        self.pen.change(delimiters, suffix);
        Ok(())
    }

    /// A line, or a document.
    fn finish_top(&mut self) -> Result<(), Stop> {
        let Some(frame) = self.stack.last() else {
            return Ok(());
        };
        let text = |key: &str| frame.tree.member(0, key).and_then(|node| frame.tree.text(node));
        let unknown = frame.keys.iter().any(|key| !TOP_KEYS.iter().any(|known| known.as_bytes() == key));
        let (opens, closes) = (text("open").map(<[u8]>::to_vec), text("close").map(<[u8]>::to_vec));
        if unknown || text("x12").is_some_and(|version| version != b"1") {
            let what = if unknown { "an unknown key stands in this object" } else { "this version of the JSON is not known" };
            return Err(self.wrong(Wrong::Lacks(what, String::new()), ""));
        }
        if let Some(interchanges) = self.take("interchanges") {
            return self.replay(&interchanges, Items::Interchanges);
        }
        match (opens.as_deref(), closes.as_deref()) {
            (Some(b"interchange"), None) => self.open_interchange(),
            (Some(b"group"), None) => {
                let header = self.header("header", "GS")?;
                self.seal.begin_group(header);
                Ok(())
            }
            (None, Some(b"interchange")) => self.close_interchange(),
            (None, Some(b"group")) => self.close_group(),
            (None, None) => match self.stack.last().and_then(|frame| Some((frame.tree.member(0, "segment")?, frame))) {
                Some((node, frame)) => {
                    let (json, at) = (frame.tree.json(node).to_vec(), frame.tree.at(node));
                    self.open_group()?;
                    self.stray(&json, at)
                }
                None if self.stack.last().is_some_and(|frame| frame.keys.iter().any(|key| key == b"interchanges")) => Ok(()),
                None => Err(self.wrong(Wrong::Lacks("this is neither a document nor a line of one: a key is missing", String::new()), "")),
            },
            _ => Err(self.wrong(Wrong::Lacks("such a line opens or closes something else", String::new()), "")),
        }
    }

    /// A segment that stands as it is.
    pub(super) fn stray(&mut self, json: &[u8], at: u64) -> Result<(), Stop> {
        let written = self.pen.verbatim(json, &self.limits);
        written.map_err(|stop| self.fail(stop, at, ""))
    }

    /// Closes what is open behind the last line.
    pub(super) fn end(&mut self, at: u64) -> Result<(), Error> {
        if self.seal.is_open() {
            let closed = self.seal.close_interchange(&Header::default(), &mut self.pen);
            let what = "the interchange cannot be closed";
            closed.map_err(|_| Error::Json { what, at, path: String::new() })?;
        }
        self.pen.target.settle(&mut self.pen.out);
        Ok(())
    }

    // Transaction sets

    /// Opens the envelope that a transaction set of a guide, or of none, stands in.
    fn open_around(&mut self, kind: Option<(&str, &str)>) -> Result<(), Stop> {
        if !self.seal.is_open() {
            self.delimiters()?;
            let opened = self.seal.open_interchange(&Header::default(), &mut self.pen, &self.envelope);
            opened.map_err(|wrong| self.wrong(wrong, "header"))?;
        }
        let opened = self.seal.open_group(kind, &mut self.pen, &self.envelope);
        opened.map_err(|wrong| self.wrong(wrong, "header"))
    }

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

    fn finish_set(&mut self, at: u64) -> Result<(), Stop> {
        let Some(frame) = self.stack.last() else {
            return Ok(());
        };
        let begun = frame.begun;
        if let Some((chart, _)) = frame.a_loop() {
            let chart = Arc::clone(chart);
            return self.finish_known(&chart, at);
        }
        if frame.keys.iter().any(|key| key == b"segments") {
            let keys = frame.keys.iter();
            let unknown = keys.filter(|key| !SET_KEYS.iter().any(|known| known.as_bytes() == *key)).count() > 0;
            if unknown {
                return Err(self.wrong(Wrong::Lacks("an unknown key stands in this object", String::new()), ""));
            }
            if !begun {
                self.begin_verbatim()?;
            }
            return match self.take("segments") {
                Some(held) => self.replay(&held, Items::Segments),
                None => Ok(()),
            };
        }
        let what = match frame.tree.member(0, "guide") {
            Some(_) => "this guide is not at hand",
            None => "the transaction set says neither its guide nor its segments",
        };
        Err(self.wrong(Wrong::Lacks(what, ".guide".to_owned()), ""))
    }

    fn finish_known(&mut self, chart: &Arc<Chart>, _at: u64) -> Result<(), Stop> {
        self.finish_loop(chart, 0)?;
        let trailer = self.header("trailer", "SE")?;
        let number = std::mem::take(&mut self.set_number);
        let closed = Seal::close_set(&trailer, &number, &mut self.pen);
        closed.map_err(|wrong| self.wrong(wrong, "trailer"))
    }

    // Loops

    /// Begins the innermost object, if it is not begun, and writes its slots up to one.
    fn begin_loop(&mut self, chart: &Arc<Chart>, to: u16, at: u64) -> Result<(), Stop> {
        let Some(frame) = self.stack.last() else {
            return Ok(());
        };
        let (begun, is_set, ordinal, from) = (frame.begun, matches!(frame.kind, Kind::Set(_)), frame.ordinal, frame.from);
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
        let level = chart.sheet().slot(self.loop_index(), to).is_some_and(|slot| match slot.kind {
            crate::sheet::SlotKind::Loop(child) => chart.guide.loops.get(usize::from(child)).is_some_and(|child| child.hierarchical),
            crate::sheet::SlotKind::Segment(_) => false,
        });
        let header = is_set.then_some(number.as_str());
        let index = self.loop_index();
        let (mut is_level, mut childless, mut told, mut set_number) = (false, false, None, Vec::new());
        self.compose(chart, |composer, contents| {
            if !begun {
                contents.has_children = level;
                composer.start(0, contents, index, ordinal, header)?;
                set_number = composer.written(2);
                is_level = contents.is_level;
                childless = !composer.has_levels(contents, index) && !level;
            }
            told = contents.extras.stands("$extra").then_some("$extra");
            composer.slots(contents, index, from..to)
        })?;
        if !begun && is_set {
            self.set_number = set_number;
        }
        self.change(|frame| {
            if !begun {
                (frame.begun, frame.is_level, frame.childless, frame.passed) = (true, is_level, childless, told);
            }
            frame.from = to;
        });
        Ok(())
    }

    fn loop_index(&self) -> u16 {
        self.stack.last().and_then(Frame::a_loop).map_or(0, |(_, index)| index)
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
        let mut composer = Composer::new(tree, chart, &mut self.pen, &mut self.levels, &self.limits);
        let passed: &[&str] = if index == 0 { &SET_KEYS } else { &[] };
        let composed = composer.contents(0, index, passed).and_then(|mut contents| work(&mut composer, &mut contents));
        composed.map_err(|fault| self.faulty(fault))
    }

    /// A loop as a whole.
    pub(super) fn compose_whole(&mut self, chart: &Arc<Chart>, (index, ordinal): (u16, usize), text: &[u8], at: u64) -> Result<(), Stop> {
        let mut tree = std::mem::take(&mut self.whole);
        tree.clear();
        let read = tree.read(text, at, self.limits.json_depth);
        let composed = read.map_err(|(stop, below)| self.fail(stop, at, &below)).and_then(|node| {
            self.one_loop(&tree, node, chart, (index, ordinal))
        });
        self.whole = tree;
        composed
    }

    fn one_loop(&mut self, tree: &Tree, node: Index, chart: &Chart, (index, ordinal): (u16, usize)) -> Result<(), Stop> {
        let late = self.stack.last().is_some_and(|frame| frame.childless)
            && chart.guide.loops.get(usize::from(index)).is_some_and(|a_loop| a_loop.hierarchical);
        let mut composer = Composer::new(tree, chart, &mut self.pen, &mut self.levels, &self.limits);
        if late && node != NOTHING {
            let fault = composer.fault::<()>("levels come too late: that none follow has been written", node);
            return fault.map_err(|fault| self.faulty(fault));
        }
        composer.a_loop(node, index, ordinal).map_err(|fault| self.faulty(fault))
    }

    fn faulty(&self, fault: Fault) -> Stop {
        let Fault { what, at, path } = fault;
        let path = self.path(&path);
        Stop::Failed(Box::new(Error::Json { what, at, path }))
    }
}
