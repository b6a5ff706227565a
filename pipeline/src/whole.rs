//! Whether a file is whole, told by its contents alone: an upload may stop at any byte, and no server knows.

use crate::openpgp::{Frame, Kind, sniff};

/// Bytes kept of the beginning, and of the end of X12: an interchange's last segment.
const TAIL_BYTES: usize = 512;

/// Follows a file's bytes.
#[derive(Default)]
pub struct Whole {
    head: Vec<u8>,
    tail: Vec<u8>,
    frame: Frame,
    kind: Option<Kind>,
    /// Of JSON: how many brackets are open, and whether a string is, and a backslash in it.
    depth: u64,
    in_string: bool,
    escaped: bool,
}

impl Whole {
    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.head.len() < TAIL_BYTES {
            let wanted = TAIL_BYTES - self.head.len();
            self.head
                .extend_from_slice(bytes.get(..wanted).unwrap_or(bytes));
            self.kind = Some(sniff(&self.head));
        }
        self.frame.pass(bytes);
        if self.kind == Some(Kind::Other) && is_json(&self.head) {
            self.brackets(bytes);
        }
        let kept = bytes.len().min(TAIL_BYTES);
        self.tail
            .extend_from_slice(bytes.get(bytes.len() - kept..).unwrap_or_default());
        let surplus = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..surplus);
    }

    /// Whether nothing is missing at the end. What is neither OpenPGP, JSON nor X12 cannot be told, and is taken as it is.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let tail = self.tail.trim_ascii_end();
        match self.kind {
            None => false,
            Some(Kind::OpenPgpArmored | Kind::OpenPgpBinary) => self.frame.is_whole(),
            Some(Kind::Other) if is_json(&self.head) => self.depth == 0 && !self.in_string,
            Some(Kind::Other) => closes(&self.head, tail),
        }
    }

    fn brackets(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                b'{' | b'[' if !self.in_string => self.depth += 1,
                b'}' | b']' if !self.in_string => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }
}

fn is_json(head: &[u8]) -> bool {
    crate::paper::language(head) == crate::job::Language::Json
}

/// Whether plain X12 ends with an interchange trailer and its terminator, as its header declares them.
fn closes(head: &[u8], tail: &[u8]) -> bool {
    let Some(begin) = memchr::memmem::find(head, b"ISA") else {
        return true;
    };
    let header = head.get(begin..).unwrap_or_default();
    let (Some(&element), Some(&terminator)) = (header.get(3), header.get(105)) else {
        return false;
    };
    let trailer = [b"IEA".as_slice(), &[element]].concat();
    let Some(at) = memchr::memmem::rfind(tail, &trailer) else {
        return false;
    };
    // The terminator may be white space, which was cut off the end.
    terminator.is_ascii_whitespace()
        || tail
            .get(at..)
            .is_some_and(|rest| rest.contains(&terminator))
}
