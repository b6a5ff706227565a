//! A Rust file without what the compiler does not read: just enough of the language's lexis to count braces and find names.

/// The text of a file, its comments and the contents of its strings replaced by blanks; lines stay lines.
pub struct Code {
    text: String,
    /// Number of lines before the file's own tests.
    lines: usize,
}

impl Code {
    /// Reads a file.
    pub fn new(text: &str) -> Self {
        let text = Blanker {
            rest: text,
            out: String::with_capacity(text.len()),
        }
        .run();
        let lines = text
            .lines()
            .position(|line| line.trim() == "#[cfg(test)]")
            .unwrap_or_else(|| text.lines().count());
        Self { text, lines }
    }

    /// Lines before the file's own tests, which stand last.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines().take(self.lines)
    }

    /// All words that stand before `::`, with the number of their line.
    pub fn paths(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().enumerate().flat_map(|(number, line)| {
            let ends = line.match_indices("::").map(|(at, _)| at);
            ends.map(move |at| (number + 1, last_word(&line[..at])))
                .filter(|(_, word)| !word.is_empty())
        })
    }
}

/// The word at the end of a text, empty if it does not end in one.
fn last_word(text: &str) -> &str {
    let start = text
        .rfind(|c: char| !c.is_alphanumeric() && c != '_')
        .map_or(0, |at| at + 1);
    // The character before may be longer than a byte.
    text.get(start..).unwrap_or_default()
}

struct Blanker<'a> {
    rest: &'a str,
    out: String,
}

impl Blanker<'_> {
    fn run(mut self) -> String {
        while let Some(next) = self.rest.chars().next() {
            match next {
                '/' if self.rest.starts_with("//") => {
                    self.blank(self.rest.find('\n').unwrap_or(self.rest.len()))
                }
                '/' if self.rest.starts_with("/*") => {
                    self.blank(self.rest.find("*/").map_or(self.rest.len(), |at| at + 2))
                }
                'r' if self.is_raw() => self.raw(),
                '"' => self.string(),
                '\'' => self.character(),
                _ => self.keep(next.len_utf8()),
            }
        }
        self.out
    }

    fn keep(&mut self, length: usize) {
        let (kept, rest) = self.rest.split_at(length);
        self.out.push_str(kept);
        self.rest = rest;
    }

    fn blank(&mut self, length: usize) {
        let (gone, rest) = self.rest.split_at(length);
        self.out
            .extend(gone.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        self.rest = rest;
    }

    /// `r"` or `r#"`, and no name that ends in r.
    fn is_raw(&self) -> bool {
        let quoted = self.rest[1..].trim_start_matches('#').starts_with('"');
        let before = self.out.chars().next_back();
        quoted && before.is_none_or(|c| c == 'b' || !c.is_alphanumeric() && c != '_')
    }

    fn raw(&mut self) {
        let marks = self.rest[1..]
            .bytes()
            .take_while(|byte| *byte == b'#')
            .count();
        let end = format!("\"{}", "#".repeat(marks));
        let begun = marks + 2;
        let length = self.rest[begun..]
            .find(&end)
            .map_or(self.rest.len(), |at| begun + at + end.len());
        self.blank(length);
    }

    fn string(&mut self) {
        let mut escaped = false;
        let end = self.rest[1..].find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        self.blank(end.map_or(self.rest.len(), |at| at + 2));
    }

    /// A character, or the mark of a lifetime.
    fn character(&mut self) {
        let mut characters = self.rest.char_indices().skip(1);
        let length = match characters.next() {
            Some((_, '\\')) => self.rest[3..].find('\'').map(|at| at + 4),
            Some(_) => characters
                .next()
                .filter(|(_, c)| *c == '\'')
                .map(|(at, _)| at + 1),
            None => None,
        };
        match length {
            Some(length) => self.blank(length),
            None => self.keep(1),
        }
    }
}

#[test]
fn comments_and_strings_are_blanked() {
    let code = Code::new(
        "a(\"x::y {\"); // nom::z\nlet c = '{'; fn f<'a>() { r#\"wide::\"# }\n'\\''; d::e\n",
    );
    let lines: Vec<_> = code.lines().map(str::trim_end).collect();
    assert_eq!(lines[0], "a(        );");
    assert_eq!(lines[1].matches('{').count(), 1);
    assert_eq!(code.paths().collect::<Vec<_>>(), [(3, "d")]);
}
