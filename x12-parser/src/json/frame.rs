//! The objects and arrays that are open while JSON is read: which keys each may have, and where in the document we are.

use std::fmt::Write as _;

use crate::json::fields::Place;

/// A key of the envelope.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Key {
    X12,
    Interchanges,
    Open,
    Close,
    Segment,
    Ordinal,
    Interchange,
    Group,
    Set,
    Guide,
    Loop,
    Body,
    Before,
    Delimiters,
    Isa,
    Groups,
    Gs,
    Transactions,
    Ge,
    Iea,
    After,
}

/// The keys as JSON has them, in the order of [`Key`].
const NAMES: [(&str, Key); 21] = [
    ("x12", Key::X12),
    ("interchanges", Key::Interchanges),
    ("open", Key::Open),
    ("close", Key::Close),
    ("segment", Key::Segment),
    ("ordinal", Key::Ordinal),
    ("interchange", Key::Interchange),
    ("group", Key::Group),
    ("set", Key::Set),
    ("guide", Key::Guide),
    ("loop", Key::Loop),
    ("body", Key::Body),
    ("$before", Key::Before),
    ("delimiters", Key::Delimiters),
    ("ISA", Key::Isa),
    ("groups", Key::Groups),
    ("GS", Key::Gs),
    ("transactions", Key::Transactions),
    ("GE", Key::Ge),
    ("IEA", Key::Iea),
    ("$after", Key::After),
];

/// A set of keys, a bit for each.
pub(crate) type Keys = u32;

impl Key {
    pub(crate) fn of(name: &[u8]) -> Option<Self> {
        NAMES
            .iter()
            .find(|(known, _)| known.as_bytes() == name)
            .map(|&(_, key)| key)
    }

    pub(crate) fn name(self) -> &'static str {
        NAMES[self as usize].0
    }

    pub(crate) const fn bit(self) -> Keys {
        1 << self as u32
    }

    pub(crate) fn is_in(self, keys: Keys) -> bool {
        keys & self.bit() != 0
    }
}

/// A set of these keys.
pub(crate) const fn keys(of: &[Key]) -> Keys {
    let (mut set, mut i) = (0, 0);
    while i < of.len() {
        set |= of[i].bit();
        i += 1;
    }
    set
}

/// What is open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A document, or a line of the line-wise form.
    Line,
    Interchanges,
    Interchange,
    /// The segments between ISA and the first group.
    Services,
    Groups,
    Group,
    Transactions,
    Set,
    /// Segments and loops.
    Body,
    Loop,
}

impl Kind {
    pub(crate) fn is_array(self) -> bool {
        matches!(
            self,
            Self::Interchanges | Self::Services | Self::Groups | Self::Transactions | Self::Body
        )
    }

    /// The keys that an object may have.
    pub(crate) fn keys(self) -> Keys {
        match self {
            Self::Line => LINES.iter().fold(0, |all, line| all | line.keys),
            Self::Interchange => keys(&INTERCHANGE_PARTS) | Key::Delimiters.bit(),
            Self::Group => keys(&GROUP_PARTS),
            Self::Set => keys(&[
                Key::Set,
                Key::Guide,
                Key::Ordinal,
                Key::Interchange,
                Key::Group,
                Key::Body,
            ]),
            Self::Loop => keys(&[Key::Loop, Key::Body]),
            _ => 0,
        }
    }

    /// The array that is the value of a key.
    pub(crate) fn array(self, key: Key) -> Self {
        match (self, key) {
            (_, Key::Interchanges) => Self::Interchanges,
            (_, Key::Groups) => Self::Groups,
            (_, Key::Transactions) => Self::Transactions,
            (Self::Interchange, _) => Self::Services,
            _ => Self::Body,
        }
    }

    /// The object that begins with this key as an item of this array; none for a segment.
    pub(crate) fn object(self, first: Option<Key>) -> Option<Self> {
        let (object, is_sure) = match self {
            Self::Interchanges => (Self::Interchange, true),
            Self::Groups => (Self::Group, false),
            Self::Transactions => (Self::Set, false),
            Self::Body => (Self::Loop, false),
            _ => return None,
        };
        (is_sure || first.is_some_and(|key| key.is_in(object.keys()))).then_some(object)
    }
}

/// What an interchange needs before anything of it can be written.
pub(crate) const HEADER: Keys = keys(&[Key::Delimiters, Key::Isa]);
/// The parts of an interchange in the order in which they are written.
pub(crate) const INTERCHANGE_PARTS: [Key; 6] = [
    Key::Before,
    Key::Isa,
    Key::Body,
    Key::Groups,
    Key::Iea,
    Key::After,
];
/// The parts of a group in the order in which they are written.
pub(crate) const GROUP_PARTS: [Key; 3] = [Key::Gs, Key::Transactions, Key::Ge];
/// The parts of lines that are written when the line ends.
pub(crate) const LINE_PARTS: [Key; 6] = [
    Key::Before,
    Key::Isa,
    Key::Gs,
    Key::Ge,
    Key::Iea,
    Key::After,
];

/// A kind of line.
pub(crate) struct LineKind {
    pub(crate) keys: Keys,
    pub(crate) required: Keys,
    /// The value of `open` or `close`.
    pub(crate) what: Option<Key>,
}

/// The whole document, then the lines of the line-wise form.
pub(crate) const LINES: [LineKind; 7] = [
    LineKind {
        keys: keys(&[Key::X12, Key::Interchanges]),
        required: keys(&[Key::X12, Key::Interchanges]),
        what: None,
    },
    LineKind {
        keys: keys(&[Key::Open, Key::X12, Key::Before, Key::Delimiters, Key::Isa]),
        required: keys(&[Key::Open, Key::X12, Key::Delimiters, Key::Isa]),
        what: Some(Key::Interchange),
    },
    LineKind {
        keys: keys(&[Key::Segment]),
        required: keys(&[Key::Segment]),
        what: None,
    },
    LineKind {
        keys: keys(&[Key::Open, Key::Ordinal, Key::Gs]),
        required: keys(&[Key::Open]),
        what: Some(Key::Group),
    },
    LineKind {
        keys: keys(&[
            Key::Set,
            Key::Interchange,
            Key::Group,
            Key::Ordinal,
            Key::Guide,
            Key::Body,
        ]),
        required: keys(&[Key::Body]),
        what: None,
    },
    LineKind {
        keys: keys(&[Key::Close, Key::Ge]),
        required: keys(&[Key::Close]),
        what: Some(Key::Group),
    },
    LineKind {
        keys: keys(&[Key::Close, Key::Iea, Key::After]),
        required: keys(&[Key::Close]),
        what: Some(Key::Interchange),
    },
];

/// How far an object or array was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Phase {
    /// Nothing of it yet.
    Fresh,
    /// A comma: an item is due.
    Comma,
    /// An item: a comma or the end is due.
    Item,
}

/// The text of a part that came before its turn.
pub(crate) struct Held {
    /// How many things were open, down to the object whose part it is.
    pub(crate) depth: usize,
    pub(crate) key: Key,
    pub(crate) text: Vec<u8>,
    /// Its offset in the JSON.
    pub(crate) base: u64,
}

/// An object or array that is open.
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    pub(crate) phase: Phase,
    /// Of an array: how many items were read.
    pub(crate) items: u64,
    /// Of an object: the keys that were read, and the one being read.
    pub(crate) seen: Keys,
    pub(crate) key: Option<Key>,
    /// Parts whose turn is over.
    pub(crate) past: Keys,
    /// Of a line: what it opens or closes.
    pub(crate) what: Option<Key>,
}

impl Frame {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            phase: Phase::Fresh,
            items: 0,
            seen: 0,
            key: None,
            past: 0,
            what: None,
        }
    }

    /// Closes the body that is innermost and the loop around it; false if that is no loop.
    pub(crate) fn close_loop(stack: &mut Vec<Self>) -> bool {
        let [.., outer, around, _] = stack.as_mut_slice() else {
            return false;
        };
        if around.kind != Kind::Loop {
            return false;
        }
        outer.items += 1;
        outer.phase = Phase::Item;
        stack.truncate(stack.len() - 2);
        true
    }

    /// A loop of which all up to its first item was read.
    pub(crate) fn opened_loop() -> Self {
        let seen = keys(&[Key::Loop, Key::Body]);
        Self {
            phase: Phase::Comma,
            seen,
            key: Some(Key::Body),
            ..Self::new(Kind::Loop)
        }
    }

    /// Whether the object's keys have all these among them.
    pub(crate) fn has(&self, keys: Keys) -> bool {
        self.seen & keys == keys
    }

    /// The kinds of line that have all the keys read so far.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &'static LineKind> + use<> {
        let (seen, what) = (self.seen, self.what);
        LINES
            .iter()
            .filter(move |line| line.keys & seen == seen && (what.is_none() || line.what == what))
    }
}

/// Where in the JSON the innermost open thing stands: `interchanges[0].groups[1].GS`.
pub(crate) fn path(line: u64, stack: &[Frame], place: Place) -> String {
    let mut path = String::new();
    if line > 0 {
        push(&mut path, format_args!("[{line}]"));
    }
    for frame in stack {
        if frame.kind.is_array() {
            if frame.phase != Phase::Item {
                push(&mut path, format_args!("[{}]", frame.items));
            }
        } else if let Some(key) = frame.key {
            let dot = if path.is_empty() { "" } else { "." };
            push(&mut path, format_args!("{dot}{}", key.name()));
        }
    }
    match place {
        Place::Outside => {}
        Place::Key(number) => push(&mut path, format_args!(".{number:02}")),
        Place::Item(number) => push(&mut path, format_args!("[{number}]")),
        Place::Extra(extra) => push(&mut path, format_args!(".{}", extra.key())),
    }
    path
}

fn push(path: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = path.write_fmt(text);
}
