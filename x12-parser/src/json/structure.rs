//! The structure of the JSON, item by item: what each key and each bracket means for the X12 that is written.

use crate::cut::is_id;
use crate::delimiters::Delimiters;
use crate::error::Error;
use crate::json::binary::Binary;
use crate::json::fields::{BAD_BASE64, Place, Reach, Style};
use crate::json::frame::{self, Frame, HEADER, Key, Kind, Phase};
use crate::json::restore::Target;
use crate::json::scan::{Scanner, Span, Stop};
use crate::json::short::Short;
use crate::json::turn::Part;
use crate::json::write::{WriteFinding, X12Writer};

/// Keys of [`crate::json::stitch`], whose lines are not all of a document.
const RECORD_KEYS: [&[u8]; 4] = [b"per", b"record", b"outside", b"verdict"];

impl X12Writer {
    /// Takes the next item; unless that succeeds, nothing has changed.
    pub(super) fn item(&mut self, scanner: &mut Scanner<'_>, base: u64) -> Result<(), Stop> {
        let Some(frame) = self.stack.last() else {
            return self.top(scanner, base);
        };
        let (kind, phase) = (frame.kind, frame.phase);
        if kind.is_array() && kind != Kind::Interchanges && self.short_road(scanner) {
            return Ok(());
        }
        let close = if kind.is_array() { b']' } else { b'}' };
        match (scanner.peek()?, phase) {
            (byte, Phase::Fresh | Phase::Item) if byte == close => self.close(scanner, kind),
            (b',', Phase::Item) => {
                scanner.at += 1;
                self.change(|frame| frame.phase = Phase::Comma);
                Ok(())
            }
            (_, Phase::Item) => Err(scanner.bad("a comma or the closing bracket is due")),
            _ if kind.is_array() => self.array_item(scanner, kind, base),
            _ => self.member(scanner, kind, base),
        }
    }

    pub(super) fn change(&mut self, change: impl FnOnce(&mut Frame)) {
        if let Some(frame) = self.stack.last_mut() {
            change(frame);
        }
    }

    /// The innermost open thing has got another item.
    fn end_item(&mut self, count: u64) {
        self.change(|frame| {
            frame.items += count;
            (frame.phase, frame.key) = (Phase::Item, None);
        });
    }

    /// Takes segments and brackets of loops as long as they are compact and in order; false for none.
    fn short_road(&mut self, scanner: &mut Scanner<'_>) -> bool {
        let Some(target) = &mut self.target else {
            return false;
        };
        let short = Short::new(
            scanner.text,
            target,
            self.limits.elements,
            self.limits.json_token_bytes,
        );
        let mut owes_suffix = target.owes_suffix;
        let begin = scanner.at;
        loop {
            let room = self.limits.json_depth.saturating_sub(self.stack.len());
            let Some(frame) = self.stack.last_mut() else {
                break;
            };
            let taken = short.run(
                scanner.at,
                frame.phase != Phase::Item,
                owes_suffix,
                &mut self.out,
            );
            if taken.count > 0 {
                owes_suffix = true;
                scanner.at = taken.end;
                frame.items += taken.count;
                frame.phase = Phase::Item;
            }
            let (kind, phase) = (frame.kind, frame.phase);
            if kind != Kind::Body {
                break;
            }
            if phase != Phase::Comma && short.closes_loop(scanner.at) {
                if !Frame::close_loop(&mut self.stack) {
                    break;
                }
                scanner.at += 2;
            } else if let (Some(end), true) = (
                short.opens_loop(scanner.at, phase != Phase::Item),
                room >= 2,
            ) {
                frame.phase = Phase::Comma;
                self.stack
                    .extend([Frame::opened_loop(), Frame::new(Kind::Body)]);
                scanner.at = end;
            } else {
                break;
            }
        }
        target.owes_suffix = owes_suffix;
        scanner.at > begin
    }

    /// The document, or a line.
    fn top(&mut self, scanner: &mut Scanner<'_>, base: u64) -> Result<(), Stop> {
        match scanner.peek()? {
            _ if self.is_document => {
                Err(scanner.bad("something stands behind the end of the document"))
            }
            b'{' => self.open(Kind::Line, scanner),
            0xEF if base == 0 && scanner.at == 0 => {
                // A byte order mark, which some editors put before the first byte.
                let mark = scanner.text.get(..3).ok_or(Stop::More)?;
                scanner.at = if mark == b"\xEF\xBB\xBF" {
                    3
                } else {
                    return Err(scanner.bad("this is not JSON"));
                };
                Ok(())
            }
            _ => Err(scanner.bad("an object is due")),
        }
    }

    fn open(&mut self, kind: Kind, scanner: &mut Scanner<'_>) -> Result<(), Stop> {
        if self.stack.len() >= self.limits.json_depth {
            return Err(Stop::Limit {
                limit: "nesting of the JSON",
                max: self.limits.json_depth as u64,
                at: scanner.at,
            });
        }
        scanner.at += 1;
        if kind == Kind::Interchange {
            self.settle();
            self.target = None;
        }
        self.stack.push(Frame::new(kind));
        Ok(())
    }

    /// Writes the suffix that was held back.
    pub(super) fn settle(&mut self) {
        if let Some(target) = &mut self.target {
            target.settle(&mut self.out);
        }
    }

    fn array_item(&mut self, scanner: &mut Scanner<'_>, kind: Kind, base: u64) -> Result<(), Stop> {
        match scanner.peek()? {
            b'{' => {
                let first = self.first_key(scanner)?;
                match kind.object(first) {
                    Some(object) => self.open(object, scanner),
                    None => self.array_segment(scanner, base),
                }
            }
            b'[' if kind != Kind::Interchanges => self.array_segment(scanner, base),
            _ => Err(scanner.bad("an object is due")),
        }
    }

    /// The key that an object begins with, which tells what it is.
    fn first_key(&mut self, scanner: &Scanner<'_>) -> Result<Option<Key>, Stop> {
        let mut ahead = scanner.clone();
        ahead.at += 1;
        if ahead.peek()? != b'"' {
            return Ok(None);
        }
        self.scratch.clear();
        let key = ahead.string(&mut self.scratch)?;
        Ok(Key::of(key.of(&self.scratch)))
    }

    fn array_segment(&mut self, scanner: &mut Scanner<'_>, base: u64) -> Result<(), Stop> {
        self.segment(scanner, None, base)?;
        if self.binary.is_none() {
            self.end_item(1);
        }
        Ok(())
    }

    /// A segment; one that its key names must be that.
    pub(super) fn segment(
        &mut self,
        scanner: &mut Scanner<'_>,
        name: Option<Key>,
        base: u64,
    ) -> Result<(), Stop> {
        scanner.peek()?;
        let start = scanner.at;
        let reach = self.fields.read(scanner, self.limits.elements)?;
        let Some(target) = &mut self.target else {
            return Err(Stop::bad("a segment comes before the delimiters", start));
        };
        let id = self.fields.id.unwrap_or_default().of(&self.fields.bytes);
        let mut is_named = name.is_none_or(|name| id.eq_ignore_ascii_case(name.name().as_bytes()));
        let misnamed = Stop::bad(
            "the segment is not the one that its key names",
            self.fields.id_at,
        );
        if !is_named && name != Some(Key::Iea) {
            return Err(misnamed);
        }
        target.settle(&mut self.out);
        let from = self.out.len();
        let written = match reach {
            Reach::Whole => target.put(&self.fields, name == Some(Key::Isa), &mut self.out),
            Reach::Binary { number, at } => {
                self.binary = Some(Binary::new(number, base + at as u64));
                target
                    .put_head(&self.fields, number, &mut self.out)
                    .map(|()| false)
            }
        };
        if let Err(Stop::Bad { at, .. }) = written {
            self.fields.look_at(at);
        }
        if written? {
            self.find("raw-outdated", base + start as u64);
        }
        // A reader knows an IEA by its first bytes alone, whatever stands behind them.
        is_named |= is_id(self.out.as_slice().get(from..).unwrap_or_default(), b"IEA");
        if is_named { Ok(()) } else { Err(misnamed) }
    }

    fn find(&mut self, what: &'static str, at: u64) {
        if self.findings.len() < self.limits.findings_per_set {
            let path = frame::path(self.lines, &self.stack, Place::Outside);
            self.findings.push(WriteFinding { what, at, path });
        }
    }

    /// More of the binary data that are being streamed, or what follows them.
    pub(super) fn more_binary(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Stop> {
        let Some(binary) = &mut self.binary else {
            return Ok(());
        };
        self.fields.place = match self.fields.style {
            Style::Object => Place::Key(binary.number),
            Style::Array => Place::Item(binary.number),
        };
        if !binary.ended {
            let (read, at) = (binary.read(scanner, &mut self.out)?, binary.at);
            let max = self.limits.binary_bytes;
            if binary.bytes > max {
                return Err(Stop::Failed(Box::new(Error::Limit {
                    limit: "binary data",
                    max,
                    at,
                })));
            }
            let path = || frame::path(self.lines, &self.stack, self.fields.place);
            return read.map_err(|_| {
                Stop::Failed(Box::new(Error::Json {
                    what: BAD_BASE64,
                    at,
                    path: path(),
                }))
            });
        }
        self.fields.rest(scanner)?;
        if let Some(target) = &mut self.target {
            target.end(&self.fields, true, &mut self.out)?;
        }
        self.binary = None;
        self.end_item(1);
        Ok(())
    }

    // Members of objects

    fn member(&mut self, scanner: &mut Scanner<'_>, kind: Kind, base: u64) -> Result<(), Stop> {
        self.change(|frame| frame.key = None);
        scanner.peek()?;
        let at = scanner.at;
        let key = self.key(scanner, kind, at)?;
        scanner.expect(b':', "a colon is due")?;
        scanner.peek()?;
        self.change(|frame| frame.key = Some(key));
        let depth = self.stack.len();
        match key {
            Key::Set | Key::Guide | Key::Loop => _ = self.text(scanner)?,
            Key::Ordinal | Key::Interchange | Key::Group => scanner.count()?,
            Key::X12 => self.version(scanner)?,
            Key::Open | Key::Close => self.door(scanner)?,
            Key::Delimiters => self.delimiters(scanner)?,
            Key::Segment => self.segment(scanner, None, base)?,
            Key::Interchanges => self.open_array(scanner, key)?,
            Key::Body if kind != Kind::Interchange => self.open_array(scanner, key)?,
            _ => self.part(scanner, Part { key, at, base })?,
        }
        // An array that was opened stands above this object, and its end is the end of this member.
        if let Some(frame) = self.stack.get_mut(depth - 1) {
            frame.seen |= key.bit();
        }
        if self.stack.len() == depth && self.binary.is_none() {
            self.end_item(1);
        }
        Ok(())
    }

    fn key(&mut self, scanner: &mut Scanner<'_>, kind: Kind, at: usize) -> Result<Key, Stop> {
        self.scratch.clear();
        let name = scanner.string(&mut self.scratch)?;
        let bad = |what| Stop::Bad { what, at };
        let name = name.of(&self.scratch);
        if kind == Kind::Line && RECORD_KEYS.contains(&name) {
            return Err(bad(
                "these lines hold single records, from which no X12 can be written",
            ));
        }
        let key = Key::of(name).filter(|key| key.is_in(kind.keys()));
        let key = key.ok_or(bad("an unknown key"))?;
        let Some(frame) = self.stack.last() else {
            return Err(Stop::More);
        };
        if key.is_in(frame.seen) {
            return Err(bad("a key stands twice"));
        }
        if kind == Kind::Line && !frame.lines().any(|line| key.is_in(line.keys)) {
            return Err(bad("this key does not go with those before it"));
        }
        if key == Key::Interchanges && self.lines > 0 {
            return Err(bad("a document stands among lines"));
        }
        Ok(key)
    }

    /// A string that is not kept.
    fn text(&mut self, scanner: &mut Scanner<'_>) -> Result<Span, Stop> {
        self.scratch.clear();
        scanner.string(&mut self.scratch)
    }

    fn version(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Stop> {
        let at = scanner.at;
        let version = self.text(scanner)?;
        let known = version.of(&self.scratch) == b"1";
        known
            .then_some(())
            .ok_or(Stop::bad("this version of the JSON is not known", at))
    }

    /// What a line opens or closes.
    fn door(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Stop> {
        let at = scanner.at;
        let span = self.text(scanner)?;
        let what = Key::of(span.of(&self.scratch))
            .filter(|what| matches!(what, Key::Interchange | Key::Group));
        self.change(|frame| frame.what = what);
        let fits = self
            .stack
            .last()
            .is_some_and(|frame| what.is_some() && frame.lines().next().is_some());
        fits.then_some(())
            .ok_or(Stop::bad("such a line opens or closes something else", at))
    }

    fn delimiters(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Stop> {
        let start = scanner.at;
        scanner.expect(b'{', "an object is due")?;
        const NAMES: [&[u8]; 5] = [
            b"element",
            b"component",
            b"repetition",
            b"segment",
            b"suffix",
        ];
        let mut found: [Option<Vec<u8>>; 5] = Default::default();
        let mut more = !scanner.optional(b'}')?;
        while more {
            scanner.peek()?;
            let at = scanner.at;
            let key = self.text(scanner)?;
            let name = NAMES.iter().position(|name| *name == key.of(&self.scratch));
            scanner.expect(b':', "a colon is due")?;
            scanner.peek()?;
            let value_at = scanner.at;
            let slot = name
                .and_then(|name| found.get_mut(name))
                .ok_or(Stop::bad("an unknown key", at))?;
            self.scratch.clear();
            let value = scanner.string(&mut self.scratch)?;
            let what = "a delimiter is one character up to U+00FF for each byte";
            let bytes = code_points(value.of(&self.scratch)).ok_or(Stop::bad(what, value_at))?;
            if bytes.len() != 1 && name != Some(4) {
                return Err(Stop::bad("a delimiter is one byte", value_at));
            }
            if slot.replace(bytes).is_some() {
                return Err(Stop::bad("a key stands twice", at));
            }
            more = scanner.another(b'}')?;
        }
        let [element, component, repetition, segment, suffix] = found;
        let byte = |bytes: Option<Vec<u8>>| bytes.and_then(|bytes| bytes.first().copied());
        let (Some(element), Some(component), Some(segment)) =
            (byte(element), byte(component), byte(segment))
        else {
            return Err(Stop::bad(
                "the delimiters element, component and segment are due",
                start,
            ));
        };
        self.settle();
        let delimiters = Delimiters {
            segment,
            element,
            component,
            repetition: byte(repetition),
        };
        self.target = Some(Target::new(delimiters, suffix.unwrap_or_default()));
        Ok(())
    }

    pub(super) fn open_array(&mut self, scanner: &mut Scanner<'_>, key: Key) -> Result<(), Stop> {
        if scanner.peek()? != b'[' {
            return Err(scanner.bad("an array is due"));
        }
        let kind = self
            .stack
            .last()
            .map_or(Kind::Body, |frame| frame.kind.array(key));
        self.open(kind, scanner)
    }

    // Ends

    fn close(&mut self, scanner: &mut Scanner<'_>, kind: Kind) -> Result<(), Stop> {
        let Some(frame) = self.stack.last() else {
            return Ok(());
        };
        let complete = match kind {
            Kind::Interchange => frame.has(HEADER),
            Kind::Set | Kind::Loop => frame.has(Key::Body.bit()),
            Kind::Line => frame.lines().any(|line| frame.has(line.required)),
            _ => true,
        };
        if !complete {
            return Err(scanner.bad(match kind {
                Kind::Interchange => "the interchange has no \"delimiters\" or no \"ISA\"",
                Kind::Line => "this is neither a document nor a line of one: a key is missing",
                _ => "\"body\" is missing",
            }));
        }
        let is_document = frame.has(Key::Interchanges.bit());
        self.write_held(None)?;
        scanner.at += 1;
        self.stack.pop();
        if kind == Kind::Line {
            self.lines += 1;
            self.is_document = is_document;
        } else {
            self.end_item(1);
        }
        Ok(())
    }
}

/// Text as a byte for each code point; none if one is above U+00FF.
fn code_points(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    text.chars()
        .map(|character| u8::try_from(u32::from(character)).ok())
        .collect()
}
