//! One segment's JSON, read into its fields: the careful road, which takes any order of keys, escapes and `$raw`.

use crate::json::scan::{Scanner, Span, Stop};
use crate::json::text::from_base64;

/// Base 64 up to this length is kept with its segment, so that its keys may come in any order; more is streamed.
const BINARY_HELD: usize = 64 << 10;

/// The fields of one segment; the memory is used again for the next.
#[derive(Default)]
pub(crate) struct Fields {
    /// All strings, unquoted.
    pub(crate) bytes: Vec<u8>,
    pub(crate) id: Option<Span>,
    /// In the order of their numbers.
    pub(crate) fields: Vec<Field>,
    pub(crate) parts: Vec<Part>,
    /// Bytes beside the fields, in the order of [`Extra`].
    extras: [Option<Span>; 3],
    /// Where in the window the identifier stands.
    pub(crate) id_at: usize,
    pub(crate) style: Style,
    /// What is being read, for the path of an error.
    pub(crate) place: Place,
    /// Binary data of any length are kept.
    holds_binary: bool,
}

/// An element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) number: usize,
    pub(crate) value: Value,
    /// Where in the window its value stands.
    pub(crate) at: usize,
}

/// What an element holds; `first..last` are ordinals of [`Fields::parts`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    Simple(Span),
    Components { first: usize, last: usize },
    Repetitions { first: usize, last: usize },
    Binary(Span),
}

/// A piece of an array.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    Component(Span),
    /// Begins a repetition.
    Repetition,
}

/// A part of a segment's JSON.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Place {
    /// None: no segment is being read.
    #[default]
    Outside,
    Key(usize),
    Item(usize),
    Extra(Extra),
}

/// Bytes that a segment has beside its fields.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Extra {
    /// All of the segment, through the end of line.
    Raw,
    /// What follows binary data, in place of terminator and suffix.
    Tail,
    /// What follows the terminator, in place of the interchange's suffix.
    Suffix,
}

impl Extra {
    const ALL: [Self; 3] = [Self::Raw, Self::Tail, Self::Suffix];

    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Raw => "$raw",
            Self::Tail => "$tail",
            Self::Suffix => "$suffix",
        }
    }

    fn of(key: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|extra| extra.key().as_bytes() == key)
    }
}

/// How a segment is written in JSON.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Style {
    #[default]
    Object,
    Array,
}

/// How far a segment was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reach {
    /// To its end.
    Whole,
    /// To the first character of large binary data, which are this element.
    Binary { number: usize, at: usize },
}

impl Fields {
    /// Fields that keep binary data of any length, as their JSON is at hand as a whole.
    pub(crate) fn holding_binary() -> Self {
        Self {
            holds_binary: true,
            ..Self::default()
        }
    }

    /// Reads the segment that comes next; at most `elements` elements.
    pub(crate) fn read(
        &mut self,
        scanner: &mut Scanner<'_>,
        elements: usize,
    ) -> Result<Reach, Stop> {
        self.clear();
        match scanner.peek()? {
            b'{' => {
                self.style = Style::Object;
                self.object(scanner, elements)
            }
            b'[' => {
                self.style = Style::Array;
                self.array(scanner, elements)
            }
            _ => Err(scanner.bad("a segment is due: an object or an array")),
        }
    }

    /// Says that the value at `at` is being looked at.
    pub(crate) fn look_at(&mut self, at: usize) {
        let number = self
            .fields
            .iter()
            .find(|field| field.at == at)
            .map_or(0, |field| field.number);
        self.place = match self.style {
            Style::Array => Place::Item(number),
            Style::Object if number > 0 => Place::Key(number),
            Style::Object => Place::Outside,
        };
    }

    /// Bytes beside the fields, if they are given.
    pub(crate) fn extra(&self, extra: Extra) -> Option<&[u8]> {
        self.extras[extra as usize].map(|span| span.of(&self.bytes))
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.fields.clear();
        self.parts.clear();
        (self.id, self.extras, self.place) = (None, [None; 3], Place::Outside);
    }

    fn object(&mut self, scanner: &mut Scanner<'_>, elements: usize) -> Result<Reach, Stop> {
        let start = scanner.at;
        scanner.at += 1;
        let mut more = !scanner.optional(b'}')?;
        while more {
            scanner.peek()?;
            let at = scanner.at;
            let key = scanner.string(&mut self.bytes)?;
            let name = key.of(&self.bytes);
            let number = element_number(name, elements);
            let extra = Extra::of(name);
            let twice = match (number, extra) {
                (Some(number), _) => self.fields.iter().any(|field| field.number == number),
                (_, Some(extra)) => self.extra(extra).is_some(),
                _ if name == b"seg" => self.id.is_some(),
                _ => return Err(Stop::bad(unknown(name), at)),
            };
            if twice {
                return Err(Stop::bad("a key stands twice", at));
            }
            scanner.expect(b':', "a colon is due")?;
            scanner.peek()?;
            if let Some(number) = number {
                self.place = Place::Key(number);
                if let Some(reach) = self.value(scanner, number)? {
                    return Ok(reach);
                }
            } else if let Some(extra) = extra {
                self.read_extra(scanner, extra)?;
            } else {
                self.id_at = scanner.at;
                self.id = Some(scanner.string(&mut self.bytes)?);
            }
            self.place = Place::Outside;
            more = scanner.another(b'}')?;
        }
        if self.id.is_none() {
            return Err(Stop::bad("a segment has no \"seg\"", start));
        }
        Ok(Reach::Whole)
    }

    fn read_extra(&mut self, scanner: &mut Scanner<'_>, extra: Extra) -> Result<(), Stop> {
        self.place = Place::Extra(extra);
        self.extras[extra as usize] = Some(exact(scanner, &mut self.bytes)?);
        Ok(())
    }

    fn array(&mut self, scanner: &mut Scanner<'_>, elements: usize) -> Result<Reach, Stop> {
        scanner.at += 1;
        self.place = Place::Item(0);
        scanner.peek()?;
        self.id_at = scanner.at;
        self.id = Some(scanner.string(&mut self.bytes)?);
        let mut number = 0;
        while scanner.another(b']')? {
            number += 1;
            self.place = Place::Item(number);
            if scanner.peek()? == b'{' && self.last_item(scanner)? {
                scanner.expect(b']', "nothing may follow here but the end of the segment")?;
                break;
            }
            if number > elements {
                return Err(Stop::Limit {
                    limit: "elements of a segment",
                    max: elements as u64,
                    at: scanner.at,
                });
            }
            if let Some(reach) = self.value(scanner, number)? {
                return Ok(reach);
            }
        }
        self.place = Place::Outside;
        Ok(Reach::Whole)
    }

    /// `{"$raw":…}` or the like at an array's end; false for another object, which stays.
    fn last_item(&mut self, scanner: &mut Scanner<'_>) -> Result<bool, Stop> {
        let mut ahead = scanner.clone();
        ahead.at += 1;
        if ahead.peek()? != b'"' {
            return Ok(false);
        }
        let key = ahead.string(&mut self.bytes)?;
        let Some(extra) = Extra::of(key.of(&self.bytes)) else {
            return Ok(false);
        };
        ahead.expect(b':', "a colon is due")?;
        self.read_extra(&mut ahead, extra)?;
        ahead.expect(b'}', "the closing bracket is due")?;
        scanner.at = ahead.at;
        Ok(true)
    }

    /// What follows large binary data, from behind their quotation mark to the segment's end: `$tail` at most.
    pub(crate) fn rest(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Stop> {
        let mut tail = self.extras[Extra::Tail as usize];
        scanner.expect(b'}', "the closing bracket is due")?;
        let close = if self.style == Style::Object {
            b'}'
        } else {
            b']'
        };
        while scanner.another(close)? {
            if self.style == Style::Array {
                scanner.expect(b'{', "nothing but $tail may follow binary data")?;
            }
            scanner.peek()?;
            let at = scanner.at;
            let key = scanner.string(&mut self.bytes)?;
            if key.of(&self.bytes) != b"$tail" || tail.is_some() {
                return Err(Stop::bad("nothing but $tail may follow binary data", at));
            }
            scanner.expect(b':', "a colon is due")?;
            tail = Some(exact(scanner, &mut self.bytes)?);
            if self.style == Style::Array {
                scanner.expect(b'}', "the closing bracket is due")?;
            }
        }
        self.extras[Extra::Tail as usize] = tail;
        Ok(())
    }

    fn value(&mut self, scanner: &mut Scanner<'_>, number: usize) -> Result<Option<Reach>, Stop> {
        let first = self.parts.len();
        let byte = scanner.peek()?;
        let at = scanner.at;
        let value = match byte {
            b'[' => {
                let deep = self.elements_of(scanner)?;
                let last = self.parts.len();
                if deep {
                    Value::Repetitions { first, last }
                } else {
                    Value::Components { first, last }
                }
            }
            b'{' => match self.binary(scanner, number)? {
                Some(data) => Value::Binary(data),
                None => {
                    return Ok(Some(Reach::Binary {
                        number,
                        at: scanner.at,
                    }));
                }
            },
            _ => Value::Simple(scanner.string(&mut self.bytes)?),
        };
        let place = self.fields.partition_point(|field| field.number < number);
        self.fields.insert(place, Field { number, value, at });
        Ok(None)
    }

    /// An array; whether it holds repetitions.
    fn elements_of(&mut self, scanner: &mut Scanner<'_>) -> Result<bool, Stop> {
        scanner.at += 1;
        let mut deep = None;
        let mut more = !scanner.optional(b']')?;
        while more {
            let is_array = scanner.peek()? == b'[';
            if deep.is_some_and(|deep| deep != is_array) {
                return Err(scanner.bad("an array holds either components or repetitions"));
            }
            deep = Some(is_array);
            if is_array {
                self.parts.push(Part::Repetition);
                scanner.at += 1;
                let mut inside = !scanner.optional(b']')?;
                while inside {
                    self.component(scanner)?;
                    inside = scanner.another(b']')?;
                }
            } else {
                self.component(scanner)?;
            }
            more = scanner.another(b']')?;
        }
        Ok(deep == Some(true))
    }

    fn component(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Stop> {
        let span = scanner.string(&mut self.bytes)?;
        self.parts.push(Part::Component(span));
        Ok(())
    }

    /// The data of `{"$base64":…}`; none if they are too many to be kept and can be streamed.
    fn binary(&mut self, scanner: &mut Scanner<'_>, number: usize) -> Result<Option<Span>, Stop> {
        base64_key(scanner, &mut self.bytes)?;
        let in_order = !self.holds_binary
            && self.id.is_some()
            && self.fields.last().is_none_or(|last| last.number < number);
        if in_order && scanner.peek()? == b'"' {
            let start = scanner.at + 1;
            let ahead = scanner.text.get(start..).unwrap_or_default();
            let held = ahead.get(..BINARY_HELD);
            if memchr::memchr(b'"', held.unwrap_or(ahead)).is_none() {
                // The window may be short of the end only because it was cut: ask for more before deciding.
                held.ok_or(Stop::More)?;
                scanner.at = start;
                return Ok(None);
            }
        }
        let data = base64_value(scanner, &mut self.bytes)?;
        scanner.expect(b'}', "the closing bracket is due")?;
        Ok(Some(data))
    }
}

/// Reads bytes given exactly: a string, or `{"$base64":…}`.
pub(crate) fn exact(scanner: &mut Scanner<'_>, bytes: &mut Vec<u8>) -> Result<Span, Stop> {
    if scanner.peek()? != b'{' {
        return scanner.string(bytes);
    }
    base64_key(scanner, bytes)?;
    let data = base64_value(scanner, bytes)?;
    scanner.expect(b'}', "the closing bracket is due")?;
    Ok(data)
}

/// Takes `{"$base64":`.
fn base64_key(scanner: &mut Scanner<'_>, bytes: &mut Vec<u8>) -> Result<(), Stop> {
    scanner.at += 1;
    scanner.peek()?;
    let at = scanner.at;
    if scanner.peek()? != b'"' {
        return Err(scanner.bad("the key $base64 is due"));
    }
    let key = scanner.string(bytes)?;
    if key.of(bytes) != b"$base64" {
        return Err(Stop::bad("the key $base64 is due", at));
    }
    scanner.expect(b':', "a colon is due")
}

fn base64_value(scanner: &mut Scanner<'_>, bytes: &mut Vec<u8>) -> Result<Span, Stop> {
    scanner.peek()?;
    let at = scanner.at;
    let text = scanner.string(bytes)?;
    let data = from_base64(text.of(bytes)).ok_or(Stop::bad(BAD_BASE64, at))?;
    let from = bytes.len();
    bytes.extend_from_slice(&data);
    Ok(Span {
        from,
        to: bytes.len(),
    })
}

/// Told of a `$base64` that is none.
pub(crate) const BAD_BASE64: &str = "a $base64 string is not base 64";

/// The number that a key names, from one up to `elements`.
fn element_number(key: &[u8], elements: usize) -> Option<usize> {
    // 6: more digits than any limit of elements needs.
    if key.is_empty() || key.len() > 6 || !key.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = key
        .iter()
        .fold(0, |number, digit| 10 * number + usize::from(digit - b'0'));
    (1..=elements).contains(&number).then_some(number)
}

fn unknown(key: &[u8]) -> &'static str {
    if !key.is_empty() && key.iter().all(u8::is_ascii_digit) {
        "an element's number is zero or over the limit of elements"
    } else {
        "an unknown key stands in a segment"
    }
}
