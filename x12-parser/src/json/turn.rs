//! The parts of an envelope, each at its turn.
//!
//! Parts that come before it are held as text, within [`crate::Limits::json_token_bytes`], and read again when it is their turn.

use crate::json::fields::exact;
use crate::json::frame::{GROUP_PARTS, HEADER, Held, INTERCHANGE_PARTS, Key, Kind, LINE_PARTS};
use crate::json::scan::{Scanner, Stop, skip_blanks};
use crate::json::write::{Text, X12Writer};

/// A part of an envelope that has been reached: its key, where in the window that stands, and the window's offset.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) key: Key,
    pub(super) at: usize,
    pub(super) base: u64,
}

impl X12Writer {
    /// A part of an envelope: written if it is its turn, else held.
    pub(super) fn part(&mut self, scanner: &mut Scanner<'_>, part: Part) -> Result<(), Stop> {
        let Part { key, at, base } = part;
        let Some(frame) = self.stack.last() else {
            return Ok(());
        };
        if key.is_in(frame.past) {
            let what = "this part comes too late: what follows it has been written";
            return Err(Stop::bad(what, at));
        }
        let is_turn = match key {
            Key::Groups => frame.has(HEADER | Key::Body.bit()),
            Key::Transactions => frame.has(Key::Gs.bit()),
            _ => key == Key::Gs && frame.kind == Kind::Group,
        };
        match key {
            Key::Gs if is_turn => self.segment(scanner, Some(key), base),
            _ if is_turn => {
                self.write_held(Some(key))?;
                self.open_array(scanner, key)
            }
            _ => self.hold(scanner, key, base),
        }
    }

    /// Keeps the text of a part, or, if it is too long for that and nothing must come before it, takes it as if nothing did.
    fn hold(&mut self, scanner: &mut Scanner<'_>, key: Key, base: u64) -> Result<(), Stop> {
        let (from, max) = (scanner.at, self.limits.json_token_bytes);
        let mut ahead = scanner.clone();
        match ahead.skip_value() {
            Ok(()) if ahead.at == from => return Err(scanner.bad("a value is due")),
            Ok(()) if ahead.at - from <= max => {
                let text = ahead.text.get(from..ahead.at).unwrap_or_default().to_vec();
                let (depth, base) = (self.stack.len(), base + from as u64);
                self.held.push(Held {
                    depth,
                    key,
                    text,
                    base,
                });
                scanner.at = ahead.at;
                return Ok(());
            }
            Err(Stop::More) if scanner.text.len() - from <= max => return Err(Stop::More),
            _ => {}
        }
        let has_header = self.stack.last().is_some_and(|frame| frame.has(HEADER));
        let may_come =
            key == Key::Transactions || has_header && matches!(key, Key::Groups | Key::Body);
        if !may_come {
            return Err(scanner.too_long(from));
        }
        self.write_held(Some(key))?;
        self.open_array(scanner, key)
    }

    /// Writes the parts that were held, up to the one whose turn it is.
    pub(super) fn write_held(&mut self, turn: Option<Key>) -> Result<(), Stop> {
        let parts: &[Key] = match self.stack.last().map(|frame| frame.kind) {
            Some(Kind::Interchange) => &INTERCHANGE_PARTS,
            Some(Kind::Group) => &GROUP_PARTS,
            Some(Kind::Line) => &LINE_PARTS,
            _ => &[],
        };
        let key = self.stack.last().and_then(|frame| frame.key);
        for &part in parts.iter().take_while(|part| Some(**part) != turn) {
            self.change(|frame| frame.past |= part.bit());
            let depth = self.stack.len();
            if let Some(place) = self
                .held
                .iter()
                .position(|held| held.depth == depth && held.key == part)
            {
                let held = self.held.swap_remove(place);
                self.replay(&held)?;
            }
        }
        self.change(|frame| frame.key = key);
        Ok(())
    }

    fn replay(&mut self, held: &Held) -> Result<(), Stop> {
        self.change(|frame| frame.key = Some(held.key));
        let text = Text {
            bytes: &held.text,
            base: held.base,
            at_end: true,
        };
        let mut scanner = Scanner {
            text: &held.text,
            at: 0,
            string_bytes: self.limits.json_token_bytes,
        };
        let result = match self.replay_from(&mut scanner, held) {
            Ok(()) if skip_blanks(&held.text, scanner.at) == held.text.len() => Ok(()),
            // The text is a whole value by its brackets, so it cannot be that more would help.
            Ok(()) | Err(Stop::More) => Err(scanner.bad("this is not JSON")),
            other => other,
        };
        result.map_err(|stop| Stop::Failed(Box::new(self.error(stop, text))))
    }

    fn replay_from(&mut self, scanner: &mut Scanner<'_>, held: &Held) -> Result<(), Stop> {
        match held.key {
            Key::Before | Key::After => {
                self.scratch.clear();
                let gap = exact(scanner, &mut self.scratch)?;
                if held.key == Key::After {
                    let what = "this comes before the delimiters";
                    let target = self.target.as_mut().ok_or(Stop::bad(what, 0))?;
                    target.owes_suffix = false;
                }
                self.out.put(gap.of(&self.scratch));
                Ok(())
            }
            Key::Gs if scanner.optional_null()? => Ok(()),
            Key::Body | Key::Groups | Key::Transactions => {
                let floor = self.stack.len();
                self.open_array(scanner, held.key)?;
                let rest = held.text.get(scanner.at..).unwrap_or_default();
                let text = Text {
                    bytes: rest,
                    base: held.base + scanner.at as u64,
                    at_end: true,
                };
                let used = self.run(text, floor);
                scanner.at += used.map_err(|error| Stop::Failed(Box::new(error)))?;
                Ok(())
            }
            key => self.segment(scanner, Some(key), held.base),
        }
    }
}
