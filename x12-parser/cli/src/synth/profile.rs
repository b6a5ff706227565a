//! What made-up documents look like, as data: `values.txt` for the values of data elements, one file a guide for what is usual in it.
//!
//! A guide's file has one statement a line; a line that begins with `#` is a comment. Places are written `2300/CLM05-1`,
//! `2300/REF[G1]` (the use that is recognised by that code), `*/N402` (in any loop), `BPR02` (in the transaction set itself).
//!
//! ```text
//! guide ID SET              which guide this is about
//! rate PLACE PER-MILLE      how often a situational part stands in an ordinary document; of a run of elements, how often one more
//! always PLACE              it always stands
//! never PLACE               it never does
//! codes PLACE CODE…         the codes that are usual, one named twice twice as much
//! avoid PLACE CODE…         codes that are not used
//! once PLACE                it does not repeat
//! first PLACE               it is written before siblings that may come in any order
//! value PLACE MAKER WORD…   how its values look, as in values.txt
//! value PLACE drawn=CODE,… MAKER WORD…   the same, in transaction sets for which one of these codes was drawn
//! drawn PLACE CODE…         one of these codes is drawn for each transaction set, and stands wherever the element does and may hold it
//! codes PLACE drawn=CODE,… CODE…   only these codes stand, in transaction sets for which one of those was drawn
//! only PLACE CODE…          it stands only in transaction sets for which one of these codes was drawn
//! repeat PLACE LEAST..MOST  how often it stands, if it does
//! records LOOP LEAST..MOST  how many records (claims, members) one occurrence of the loop holds
//! apart LOOP                its records stand in one of its parts, never in several
//! without PLACE LOOP        the element stands where the loop does not, and never with it
//! count PLACE               the elements of this segment are what pointers point to
//! book LOOP share|whole     the loop has a charge = paid + adjusted: a share of the book around it, or all of it again
//! charge|paid|part|adjusted|withheld PLACE   an element that holds a figure of the book around it
//! ```

use std::collections::HashMap;

/// Statements about guides: all files beside this one that are about a guide.
const PROFILES: &[&str] = include!(concat!(env!("OUT_DIR"), "/profiles.rs"));

/// How values of data elements look.
const VALUES: &str = include_str!("values.txt");

/// The words of one line.
pub(super) type Statement = Vec<&'static str>;

/// The statements about a guide; none if nothing is known of it.
pub(super) fn statements(id: &str, set: &str) -> Vec<Statement> {
    let about = |text: &&&'static str| {
        lines(text)
            .next()
            .is_some_and(|first| first == ["guide", id, set])
    };
    PROFILES
        .iter()
        .find(about)
        .map(|text| lines(text).skip(1).collect())
        .unwrap_or_default()
}

/// The guides and transaction sets that something is known of.
#[cfg(test)]
pub(super) fn known() -> impl Iterator<Item = (&'static str, &'static str)> {
    PROFILES
        .iter()
        .map(|text| match lines(text).next().as_deref() {
            Some(["guide", id, set]) => (*id, *set),
            other => panic!("not the first line of a profile: {other:?}"),
        })
}

fn lines(text: &'static str) -> impl Iterator<Item = Statement> {
    let told = text.lines().filter(|line| !line.starts_with('#'));
    told.map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| !words.is_empty())
}

/// How a value is made.
#[derive(Clone, Debug)]
pub(super) enum Maker {
    /// Left out.
    None,
    /// One of these patterns.
    Pick(Vec<Vec<u8>>),
    /// A provider's identifier with its check digit.
    Npi,
    /// Hundredths from, to.
    Amount(u64, u64),
    /// A whole number from, to.
    Number(u64, u64),
    /// A day of the record's service.
    Day,
    /// The days of the record's service.
    Stay,
    /// A day before the record's service.
    Before,
    /// A day of birth.
    Born,
    /// The day of the document.
    Today,
    /// A time of day.
    Time,
    /// A pattern and a number that counts up.
    Serial(Vec<u8>),
    /// Which occurrence of its loop this is.
    Ordinal,
    /// One of what was counted.
    Pointer,
    /// How many records the transaction set holds.
    Records,
    /// So many bytes at least and at most, of any value.
    Bytes(u64, u64),
}

/// What a line of `values.txt` is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Target {
    /// A data element by its number.
    DataElement(&'static str),
    /// An element by its label.
    Label(&'static str),
    /// An element by its external list.
    List(&'static str),
}

/// One way to make values.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) target: Target,
    /// A data element that stands before it, and the codes that it must hold one of.
    pub(super) condition: Option<(&'static str, Vec<&'static str>)>,
    /// Index into [`Values::makers`].
    pub(super) maker: u16,
}

/// The whole of `values.txt`, and what guides add to it.
#[derive(Debug, Default)]
pub(super) struct Values {
    words: HashMap<&'static str, Vec<Vec<u8>>>,
    pub(super) values: Vec<Value>,
    pub(super) makers: Vec<Maker>,
    /// Data elements that repeat from the left.
    pub(super) chain: Vec<&'static str>,
}

impl Values {
    /// Reads `values.txt`.
    pub(super) fn read() -> Self {
        let mut values = Self::default();
        for line in lines(VALUES) {
            match line.as_slice() {
                ["chain", numbers @ ..] => values.chain.extend(numbers),
                ["words", name, words @ ..] => {
                    values
                        .words
                        .insert(name, words.iter().map(|word| pattern(word)).collect());
                }
                ["value", target, rest @ ..] => values.value(target, rest),
                _ => {}
            }
        }
        values
    }

    fn value(&mut self, target: &'static str, rest: &[&'static str]) {
        let target = match target.as_bytes().first() {
            Some(b'@') => Target::Label(&target[1..]),
            Some(b'=') => Target::List(&target[1..]),
            _ => Target::DataElement(target),
        };
        let condition = rest.first().and_then(|word| word.split_once('='));
        let condition = condition.map(|(number, codes)| (number, codes.split(',').collect()));
        let words = &rest[usize::from(condition.is_some())..];
        if let Some(maker) = self.maker(words) {
            self.values.push(Value {
                target,
                condition,
                maker,
            });
        }
    }

    /// Adds a maker, told by its name and its words.
    pub(super) fn maker(&mut self, words: &[&'static str]) -> Option<u16> {
        let (name, words) = words.split_first()?;
        let range = || words.first().and_then(|word| range(word)).unwrap_or((1, 9));
        let maker = match *name {
            "none" => Maker::None,
            "pick" => Maker::Pick(words.iter().map(|word| pattern(word)).collect()),
            "words" => Maker::Pick(self.words.get(words.first()?)?.clone()),
            "npi" => Maker::Npi,
            "amount" => Maker::Amount(range().0, range().1),
            "number" => Maker::Number(range().0, range().1),
            "day" => Maker::Day,
            "stay" => Maker::Stay,
            "before" => Maker::Before,
            "born" => Maker::Born,
            "today" => Maker::Today,
            "time" => Maker::Time,
            "serial" => Maker::Serial(pattern(words.first()?)),
            "ordinal" => Maker::Ordinal,
            "pointer" => Maker::Pointer,
            "records" => Maker::Records,
            "bytes" => Maker::Bytes(range().0, range().1),
            _ => return None,
        };
        self.makers.push(maker);
        Some(self.makers.len() as u16 - 1)
    }
}

/// `2..4` as two numbers.
pub(super) fn range(word: &str) -> Option<(u64, u64)> {
    let (least, most) = word.split_once("..")?;
    Some((least.parse().ok()?, most.parse().ok()?))
}

fn pattern(word: &str) -> Vec<u8> {
    word.replace('_', " ").into_bytes()
}
