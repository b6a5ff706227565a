//! How deep blocks and comments stand in one another, looked up before the text is parsed.
//!
//! The KDL parser calls itself for every block, so a text that is only deep would exhaust the stack.

use std::ops::ControlFlow;

use super::limits;

/// Byte offset of the first brace or comment that stands too deep.
pub(super) fn too_deep(text: &str) -> Option<usize> {
    let mut scan = Scan {
        bytes: text.as_bytes(),
        at: 0,
        depth: 0,
    };
    while scan.at < scan.bytes.len() {
        if let ControlFlow::Break(at) = scan.step() {
            return Some(at);
        }
    }
    None
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl Scan<'_> {
    /// Passes one brace, comment, string or other byte.
    fn step(&mut self) -> ControlFlow<usize> {
        let rest = &self.bytes[self.at..];
        match rest[0] {
            b'{' if self.depth == limits::NESTING => return ControlFlow::Break(self.at),
            b'{' => self.depth += 1,
            b'}' => self.depth = self.depth.saturating_sub(1),
            b'"' | b'#' => {
                self.string();
                return ControlFlow::Continue(());
            }
            b'/' if rest.starts_with(b"//") => {
                self.at += rest
                    .iter()
                    .position(|&byte| byte == b'\n')
                    .unwrap_or(rest.len());
                return ControlFlow::Continue(());
            }
            b'/' if rest.starts_with(b"/*") => return self.comment(),
            _ => {}
        }
        self.at += 1;
        ControlFlow::Continue(())
    }

    /// Passes a comment with the comments inside it.
    fn comment(&mut self) -> ControlFlow<usize> {
        let mut depth = 0;
        while self.at < self.bytes.len() {
            let rest = &self.bytes[self.at..];
            if rest.starts_with(b"/*") {
                if depth == limits::NESTING {
                    return ControlFlow::Break(self.at);
                }
                depth += 1;
                self.at += 2;
            } else if rest.starts_with(b"*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    break;
                }
            } else {
                self.at += 1;
            }
        }
        ControlFlow::Continue(())
    }

    /// Passes a string, plain or raw (`#"…"#`), of one line or of several (`"""`); a `#` without string counts as passed.
    fn string(&mut self) {
        let run =
            |bytes: &[u8], wanted: u8| bytes.iter().take_while(|&&byte| byte == wanted).count();
        let hashes = run(&self.bytes[self.at..], b'#');
        self.at += hashes;
        let quotes = match run(&self.bytes[self.at..], b'"') {
            0 => return,
            3.. => 3,
            _ => 1,
        };
        self.at += quotes;
        while self.at < self.bytes.len() {
            let rest = &self.bytes[self.at..];
            if run(rest, b'"') >= quotes && run(&rest[quotes..], b'#') >= hashes {
                self.at += quotes + hashes;
                return;
            }
            // A string of one line cannot pass its end: the parser goes on behind it.
            if quotes == 1 && rest[0] == b'\n' {
                return;
            }
            self.at += if hashes == 0 && rest[0] == b'\\' {
                2
            } else {
                1
            };
        }
    }
}
