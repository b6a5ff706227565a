//! The envelope of what is read: headers, delimiters, text between structures, lines that open and close.

use crate::delimiters::Delimiters;
use crate::error::Error;
use crate::json::fields::exact;
use crate::json::named::frame::{Items, Kind};
use crate::json::named::read::{Reader, from_top};
use crate::json::named::seal::{Header, Wrong};
use crate::json::named::tree::{Index, told};
use crate::json::restore::latin1;
use crate::json::scan::{Scanner, Stop};

/// The keys of a line, or of a document.
const TOP_KEYS: [&str; 13] = [
    "x12",
    "shape",
    "interchanges",
    "open",
    "close",
    "segment",
    "ordinal",
    "$before",
    "delimiters",
    "header",
    "trailer",
    "$after",
    "segments",
];

impl Reader {
    /// Writes the header of the innermost object of the envelope, and the services behind it if it is their turn.
    pub(super) fn begin_envelope(&mut self, services: bool) -> Result<(), Stop> {
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
    pub(super) fn header(&self, key: &str, id: &str) -> Result<Header, Stop> {
        let Some(frame) = self.stack.last() else {
            return Ok(Header::default());
        };
        let header = Header::untold(frame.at, self.trail());
        let Some(node) = frame.tree.member(0, key) else {
            return Ok(header);
        };
        let read = header.read(&frame.tree, node, &self.envelope, (key, id));
        read.map_err(|wrong| self.wrong(wrong))
    }

    /// What is wrong with the innermost object, or with its header or trailer, as an error.
    pub(super) fn wrong(&self, wrong: Wrong) -> Stop {
        let Some(frame) = self.stack.last() else {
            return Stop::More;
        };
        let (what, at, path) = match wrong {
            Wrong::At(what, at, path) => (what, at, from_top(path)),
            Wrong::Below(what, below) => (what, frame.at, self.path(&below)),
        };
        Stop::Failed(Box::new(Error::Json { what, at, path }))
    }

    /// What is wrong with a value of the innermost object.
    fn misfit(&self, node: Index, what: &'static str, below: &str) -> Stop {
        let at = self.stack.last().map_or(0, |frame| frame.tree.at(node));
        self.wrong(Wrong::At(what, at, self.trail() + below))
    }

    pub(super) fn open_interchange(&mut self) -> Result<(), Stop> {
        self.seal
            .close_interchange(&Header::default(), &mut self.pen)
            .map_err(|wrong| self.wrong(wrong))?;
        self.gap("$before")?;
        self.delimiters()?;
        let header = self.header("header", "ISA")?;
        let opened = self
            .seal
            .open_interchange((&header, ""), &mut self.pen, &self.envelope);
        opened.map_err(|wrong| self.wrong(wrong))
    }

    pub(super) fn close_interchange(&mut self) -> Result<(), Stop> {
        let trailer = self.header("trailer", "IEA")?;
        let closed = self.seal.close_interchange(&trailer, &mut self.pen);
        closed.map_err(|wrong| self.wrong(wrong))?;
        self.gap("$after")
    }

    /// Opens the group that is due, if one is, of whatever kind its header says.
    pub(super) fn open_group(&mut self) -> Result<(), Stop> {
        if !self.seal.is_group_due() {
            return Ok(());
        }
        let opened = self.seal.open_group(None, &mut self.pen, &self.envelope);
        opened.map_err(|wrong| self.wrong(wrong))
    }

    pub(super) fn close_group(&mut self) -> Result<(), Stop> {
        self.open_group()?;
        let trailer = self.header("trailer", "GE")?;
        let closed = self.seal.close_group(&trailer, &mut self.pen);
        closed.map_err(|wrong| self.wrong(wrong))
    }

    /// Text between structures, as it is.
    pub(super) fn gap(&mut self, key: &str) -> Result<(), Stop> {
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
    pub(super) fn delimiters(&mut self) -> Result<(), Stop> {
        let mut delimiters = Delimiters::default();
        let mut suffix = b"\n".to_vec();
        if let Some(frame) = self.stack.last()
            && let Some(node) = frame.tree.member(0, "delimiters")
        {
            if !frame.tree.is_object(node) {
                return Err(self.misfit(node, "an object is due", ".delimiters"));
            }
            delimiters.repetition = None;
            for (key, value) in frame.tree.members(node) {
                let text = frame.tree.text(value).and_then(latin1);
                let set = set_delimiter(&mut delimiters, &mut suffix, key, text);
                set.map_err(|what| {
                    self.misfit(value, what, &format!(".delimiters.{}", told(key)))
                })?;
            }
            if delimiters.clash() {
                return Err(self.misfit(node, "two delimiters are the same", ".delimiters"));
            }
        }
        self.pen.change(delimiters, suffix);
        Ok(())
    }

    /// A line, or a document.
    pub(super) fn finish_top(&mut self) -> Result<(), Stop> {
        let Some(frame) = self.stack.last() else {
            return Ok(());
        };
        let text = |key: &str| frame.tree.text(frame.tree.member(0, key)?);
        let has = |key: &[u8]| frame.keys.iter().any(|known| known == key);
        let known = |key: &Vec<u8>| TOP_KEYS.iter().any(|known| known.as_bytes() == key);
        if !frame.keys.iter().all(known) {
            return Err(self.object_wrong("an unknown key stands in this object"));
        }
        let is_document = has(b"interchanges");
        let door = (
            text("open").map(<[u8]>::to_vec),
            text("close").map(<[u8]>::to_vec),
        );
        match (door.0.as_deref(), door.1.as_deref()) {
            (Some(b"interchange"), None) => self.open_interchange(),
            (Some(b"group"), None) => {
                let header = self.header("header", "GS")?;
                self.seal.begin_group(header);
                Ok(())
            }
            (None, Some(b"interchange")) => self.close_interchange(),
            (None, Some(b"group")) => self.close_group(),
            (None, None) if is_document => match self.take("interchanges") {
                Some(interchanges) => self.replay(&interchanges, Items::Interchanges),
                None => Ok(()),
            },
            (None, None) => self.stray_line(),
            _ => Err(self.object_wrong("such a line opens or closes something else")),
        }
    }

    /// A line that holds but a segment.
    fn stray_line(&mut self) -> Result<(), Stop> {
        let segment = self.stack.last().and_then(|frame| {
            let node = frame.tree.member(0, "segment")?;
            Some((frame.tree.json(node).to_vec(), frame.tree.at(node)))
        });
        let Some((json, at)) = segment else {
            let what = "this is neither a document nor a line of one: a key is missing";
            return Err(self.object_wrong(what));
        };
        self.open_group()?;
        self.stray(&json, at)
    }

    /// What is wrong with the innermost object as a whole.
    pub(super) fn object_wrong(&self, what: &'static str) -> Stop {
        self.wrong(Wrong::Below(what, String::new()))
    }

    /// A segment that stands as it is.
    pub(super) fn stray(&mut self, json: &[u8], at: u64) -> Result<(), Stop> {
        let written = self.pen.verbatim(json, &self.limits);
        written.map_err(|stop| self.fail(stop, at, ""))
    }

    /// Closes what is open behind the last line.
    pub(super) fn end(&mut self, at: u64) -> Result<(), Error> {
        if self.seal.is_open() {
            let closed = self
                .seal
                .close_interchange(&Header::default(), &mut self.pen);
            let what = "the interchange cannot be closed";
            closed.map_err(|_| Error::Json {
                what,
                at,
                path: String::new(),
            })?;
        }
        self.pen.target.settle(&mut self.pen.out);
        Ok(())
    }

    /// Opens the envelope that a transaction set of a guide, or of none, stands in.
    pub(super) fn open_around(&mut self, kind: Option<(&str, &str)>) -> Result<(), Stop> {
        if !self.seal.is_open() {
            self.delimiters()?;
            let guide = kind.map_or("", |(_, guide)| guide);
            let opened = self.seal.open_interchange(
                (&Header::default(), guide),
                &mut self.pen,
                &self.envelope,
            );
            opened.map_err(|wrong| self.wrong(wrong))?;
        }
        let opened = self.seal.open_group(kind, &mut self.pen, &self.envelope);
        opened.map_err(|wrong| self.wrong(wrong))
    }
}

fn set_delimiter(
    delimiters: &mut Delimiters,
    suffix: &mut Vec<u8>,
    key: &[u8],
    text: Option<Vec<u8>>,
) -> Result<(), &'static str> {
    let text = text.ok_or("a delimiter is one character up to U+00FF for each byte")?;
    if key == b"suffix" {
        *suffix = text;
        return Ok(());
    }
    let [byte] = text[..] else {
        return Err("a delimiter is one byte");
    };
    match key {
        b"element" => delimiters.element = byte,
        b"component" => delimiters.component = byte,
        b"segment" => delimiters.segment = byte,
        b"repetition" => delimiters.repetition = Some(byte),
        _ => return Err("an unknown key"),
    }
    Ok(())
}
