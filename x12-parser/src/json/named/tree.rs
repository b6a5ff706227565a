//! JSON that is kept as a whole, as nodes in one run of memory: a claim, or what stands around claims.

use crate::json::scan::{Scanner, Span, Stop};

/// A value, or several that are members of one object.
#[derive(Default)]
pub(crate) struct Tree {
    /// The JSON as it was, and behind it keys and strings that stand otherwise in it: with escapes, or not at all.
    bytes: Vec<u8>,
    nodes: Vec<Node>,
    /// The member that was added last.
    last: Option<Index>,
}

/// A value, by its ordinal.
pub(crate) type Index = u32;

/// No value.
pub(crate) const NOTHING: Index = Index::MAX;

#[derive(Clone, Copy)]
struct Node {
    key: Place,
    kind: Kind,
    /// Offset in the JSON.
    at: u64,
    /// Where it stands in the text that is kept.
    place: Place,
    first: Index,
    next: Index,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Text(Place),
    Array,
    Object,
}

/// A run of what is kept: half of a [`Span`], as a claim has hundreds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Place {
    from: u32,
    to: u32,
}

impl Place {
    fn of(self, bytes: &[u8]) -> &[u8] {
        bytes
            .get(self.from as usize..self.to as usize)
            .unwrap_or_default()
    }
}

/// No more is kept than its numbers can tell.
impl From<Span> for Place {
    fn from(span: Span) -> Self {
        let number = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            from: number(span.from),
            to: number(span.to),
        }
    }
}

/// What is open while a value is read, for the path of a fault in it.
#[derive(Clone, Copy)]
enum Step {
    Key(Place),
    Item(u64),
}

/// A value while it is read.
struct Reader<'t> {
    tree: &'t mut Tree,
    base: u64,
    /// Where its text begins in the text that is kept.
    from: usize,
    path: Vec<Step>,
    depth: usize,
}

impl Tree {
    /// The object whose members are added one by one.
    pub(crate) fn object(at: u64) -> Self {
        let mut tree = Self::default();
        let kind = Kind::Object;
        tree.push(Place::default(), kind, at);
        tree
    }

    /// Forgets everything but its memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.nodes.clear();
    }

    /// Reads a whole value that begins at `base` of the JSON; a fault comes with its path below the value.
    pub(crate) fn read(
        &mut self,
        text: &[u8],
        base: u64,
        depth: usize,
    ) -> Result<Index, (Stop, String)> {
        let from = self.bytes.len();
        // What is unquoted is not longer than it was.
        if from + 2 * text.len() > u32::MAX as usize {
            let (limit, max) = ("length of a record", u64::from(u32::MAX));
            return Err((Stop::Limit { limit, max, at: 0 }, String::new()));
        }
        self.bytes.extend_from_slice(text);
        // 32: bytes of JSON that most values take with their keys.
        self.nodes.reserve(text.len() / 32);
        let mut scanner = Scanner {
            text,
            at: 0,
            string_bytes: text.len(),
        };
        let mut reader = Reader {
            tree: self,
            base,
            from,
            path: Vec::new(),
            depth,
        };
        let read = reader.value(&mut scanner, Place::default());
        let path = reader.path;
        read.map_err(|stop| {
            // The text is a whole value by its brackets, so it cannot be that more would help.
            let stop = match stop {
                Stop::More => Stop::bad("this is not JSON", scanner.at),
                stop => stop,
            };
            (stop, self.path(&path))
        })
    }

    /// Adds a member to the object that the tree began with.
    pub(crate) fn add(
        &mut self,
        key: &[u8],
        text: &[u8],
        base: u64,
        depth: usize,
    ) -> Result<(), (Stop, String)> {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(key);
        let to = self.bytes.len();
        let place = Place::from(Span { from, to });
        let index = self.read(text, base, depth)?;
        if let Some(node) = self.nodes.get_mut(index as usize) {
            node.key = place;
        }
        let link = match self.last.replace(index) {
            Some(last) => self.nodes.get_mut(last as usize).map(|node| &mut node.next),
            None => self.nodes.first_mut().map(|node| &mut node.first),
        };
        if let Some(link) = link {
            *link = index;
        }
        Ok(())
    }

    /// The path of what is open.
    fn path(&self, steps: &[Step]) -> String {
        let mut path = String::new();
        for step in steps {
            match step {
                Step::Key(key) => {
                    path += ".";
                    path += told(key.of(&self.bytes));
                }
                Step::Item(index) => path += &format!("[{index}]"),
            }
        }
        path
    }

    fn push(&mut self, key: Place, kind: Kind, at: u64) -> Index {
        self.nodes.push(Node {
            key,
            kind,
            at,
            place: Place::default(),
            first: NOTHING,
            next: NOTHING,
        });
        (self.nodes.len() - 1) as Index
    }

    fn node(&self, index: Index) -> Option<&Node> {
        self.nodes.get(index as usize)
    }

    pub(crate) fn at(&self, index: Index) -> u64 {
        self.node(index).map_or(0, |node| node.at)
    }

    /// The string that a value is.
    pub(crate) fn text(&self, index: Index) -> Option<&[u8]> {
        match self.node(index)?.kind {
            Kind::Text(span) => Some(span.of(&self.bytes)),
            _ => None,
        }
    }

    pub(crate) fn is_array(&self, index: Index) -> bool {
        self.node(index)
            .is_some_and(|node| node.kind == Kind::Array)
    }

    pub(crate) fn is_object(&self, index: Index) -> bool {
        self.node(index)
            .is_some_and(|node| node.kind == Kind::Object)
    }

    /// The JSON of a value.
    pub(crate) fn json(&self, index: Index) -> &[u8] {
        self.node(index)
            .map_or(&[], |node| node.place.of(&self.bytes))
    }

    /// The values in an array or object, with their keys.
    pub(crate) fn members(&self, index: Index) -> impl Iterator<Item = (&[u8], Index)> {
        let mut next = self.node(index).map_or(NOTHING, |node| node.first);
        std::iter::from_fn(move || {
            let node = self.node(next)?;
            let index = std::mem::replace(&mut next, node.next);
            Some((node.key.of(&self.bytes), index))
        })
    }

    /// The member of a key.
    pub(crate) fn member(&self, index: Index, key: &str) -> Option<Index> {
        self.members(index)
            .find(|(known, _)| *known == key.as_bytes())
            .map(|(_, member)| member)
    }
}

/// A key as it stands in a path; one that no guide could have is not repeated, whatever is in it.
pub(crate) fn told(key: &[u8]) -> &str {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'$';
    // 64: no label is nearly as long.
    let plain = key.len() <= 64 && key.iter().all(is_plain);
    let key = std::str::from_utf8(key).ok().filter(|_| plain);
    key.unwrap_or("?")
}

impl Reader<'_> {
    fn value(&mut self, scanner: &mut Scanner<'_>, key: Place) -> Result<Index, Stop> {
        let byte = scanner.peek()?;
        let begin = scanner.at;
        let at = self.base + begin as u64;
        let index = match byte {
            b'{' | b'[' => {
                if self.path.len() >= self.depth {
                    let max = self.depth as u64;
                    let limit = "nesting of the JSON";
                    return Err(Stop::Limit {
                        limit,
                        max,
                        at: scanner.at,
                    });
                }
                let kind = if byte == b'{' {
                    Kind::Object
                } else {
                    Kind::Array
                };
                let index = self.tree.push(key, kind, at);
                self.inside(scanner, index, kind)?;
                index
            }
            _ => {
                let text = self.string(scanner)?;
                self.tree.push(key, Kind::Text(text), at)
            }
        };
        let (from, to) = (self.from + begin, self.from + scanner.at);
        if let Some(node) = self.tree.nodes.get_mut(index as usize) {
            node.place = Place::from(Span { from, to });
        }
        Ok(index)
    }

    /// A string, in the text that is kept if it stands there as it is.
    fn string(&mut self, scanner: &mut Scanner<'_>) -> Result<Place, Stop> {
        let span = match scanner.plain_string() {
            Some(Span { from, to }) => Span {
                from: self.from + from,
                to: self.from + to,
            },
            None => scanner.string(&mut self.tree.bytes)?,
        };
        Ok(span.into())
    }

    fn inside(&mut self, scanner: &mut Scanner<'_>, around: Index, kind: Kind) -> Result<(), Stop> {
        let close = if kind == Kind::Object { b'}' } else { b']' };
        scanner.at += 1;
        let mut last = NOTHING;
        let mut count = 0;
        let mut more = !scanner.optional(close)?;
        while more {
            let mut key = Place::default();
            if kind == Kind::Object {
                scanner.peek()?;
                key = self.string(scanner)?;
                scanner.expect(b':', "a colon is due")?;
                self.path.push(Step::Key(key));
            } else {
                self.path.push(Step::Item(count));
            }
            let index = self.value(scanner, key)?;
            self.path.pop();
            count += 1;
            let link = if last == NOTHING {
                self.tree
                    .nodes
                    .get_mut(around as usize)
                    .map(|node| &mut node.first)
            } else {
                self.tree
                    .nodes
                    .get_mut(last as usize)
                    .map(|node| &mut node.next)
            };
            if let Some(link) = link {
                *link = index;
            }
            last = index;
            more = scanner.another(close)?;
        }
        Ok(())
    }
}
