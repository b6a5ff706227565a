//! Whether a file is whole, told by its contents alone: an upload may stop at any byte, and no server knows.

use crate::openpgp::{ARMOR, Frame, Kind, sniff, text};

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

    /// Whether nothing is missing at the end. Of what is neither OpenPGP, JSON nor X12, and cannot become it, that cannot be
    /// told: it is taken as it is.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let tail = self.tail.trim_ascii_end();
        match self.kind {
            None => false,
            Some(Kind::OpenPgpArmored | Kind::OpenPgpBinary) => self.frame.is_whole(),
            Some(Kind::Other) if is_json(&self.head) => self.depth == 0 && !self.in_string,
            Some(Kind::Other) if self.is_undecided() => false,
            Some(Kind::Other) => closes(&self.head, tail),
        }
    }

    /// Whether more bytes could still make anything of it: a header of X12, or OpenPGP. Of those an armor takes longest to tell.
    fn is_undecided(&self) -> bool {
        let text = text(&self.head).unwrap_or_default();
        text.len() < ARMOR.len() && (b"ISA".starts_with(text) || !self.frame.is_whole())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn is_whole(bytes: &[u8]) -> bool {
        let mut whole = Whole::default();
        whole.push(bytes);
        whole.is_whole()
    }

    #[test]
    fn cut_anywhere_nothing_is_whole() {
        let header = "ISA*00*          *00*          *ZZ*A              *ZZ*B              *260101*1200*^*00501*000000001*0*T*:~";
        let x12 = format!("\r\n{header}TA1*000000001*260101*1200*A*000~IEA*0*000000001~");
        let session_key = [[0xC1, 10, 3].as_slice(), &[7; 9]].concat();
        let encrypted = [[0xD2, 20, 1].as_slice(), &[7; 19]].concat();
        let documents = [
            x12.into_bytes(),
            br#"{"interchanges":[]}"#.to_vec(),
            b"\xEF\xBB\xBF\n-----BEGIN PGP MESSAGE-----\n\nhF4D\n-----END PGP MESSAGE-----"
                .to_vec(),
            [session_key, encrypted].concat(),
        ];
        for document in documents {
            for length in 0..document.len() {
                let cut = document.get(..length).expect("it is longer");
                assert!(!is_whole(cut), "{}", cut.escape_ascii());
            }
            assert!(is_whole(&document), "{}", document.escape_ascii());
        }
    }

    #[test]
    fn what_can_become_nothing_is_taken_as_it_is() {
        for text in ["hello", "x", "IS A", "claim,amount\n1,2\n"] {
            assert!(is_whole(text.as_bytes()), "{text}");
        }
    }
}
