//! The envelope around what is written: what the JSON says of it, and the rest filled in.

use x12_schemas::table::Guide;

use crate::control_number::ControlNumber;
use crate::delimiters::Delimiters;
use crate::json::named::pen::{Pen, Spot};
use crate::json::named::tree::{Index, Tree};
use crate::sheet::control_elements;

/// What the envelope of X12 that is written from the shape `named` says where the JSON does not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EnvelopeFilling {
    /// Qualifier and identifier of the sender, ISA05 and ISA06; GS02 is the identifier.
    pub sender: Option<(String, String)>,
    /// Qualifier and identifier of the receiver, ISA07 and ISA08; GS03 is the identifier.
    pub receiver: Option<(String, String)>,
    /// Date of writing, CCYYMMDD.
    pub date: Option<String>,
    /// Time of writing, HHMM.
    pub time: Option<String>,
    /// Control number of the first interchange, and of the first group; further ones count on.
    pub control_number: ControlNumber,
    /// ISA15: `T` for test, `P` for production.
    pub usage_indicator: String,
}

impl Default for EnvelopeFilling {
    fn default() -> Self {
        Self {
            sender: None,
            receiver: None,
            date: None,
            time: None,
            control_number: ControlNumber::FIRST,
            usage_indicator: "T".to_owned(),
        }
    }
}

/// Widths of the elements of an ISA.
const ISA_WIDTHS: [usize; 16] = [2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1];

/// Told of what neither the JSON nor the caller says.
const UNTOLD: &str = "nothing says what stands here, so it must be told";

/// Told of what is too long for its place in an ISA, or has none.
const MISFIT: &str = "the value does not fit the header of the interchange";

/// What is wrong with an object of the envelope.
pub(crate) enum Wrong {
    /// With what is at this offset of the JSON, by this path from its top.
    At(&'static str, u64, String),
    /// With what should stand there, below the innermost object.
    Below(&'static str, String),
}

/// The elements of a control segment as the JSON has them, from one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Header {
    /// Offset and path of the object that it is of, if there is one.
    around: Option<(u64, String)>,
    values: Vec<Option<Told>>,
}

/// An element that the JSON tells.
#[derive(Clone, Debug)]
struct Told {
    text: Vec<u8>,
    at: u64,
    path: String,
}

/// What is open of the envelope.
#[derive(Default)]
pub(crate) struct Seal {
    filling: EnvelopeFilling,
    interchanges: u32,
    groups: u32,
    interchange: Option<OpenInterchange>,
    group: Option<OpenGroup>,
    /// The header of the group whose first transaction set is still to come.
    group_due: Option<Header>,
}

struct OpenInterchange {
    number: String,
    sender: String,
    receiver: String,
    /// Date and time as a group has them.
    date: String,
    time: String,
    groups: u64,
}

struct OpenGroup {
    number: String,
    /// GS01 and GS08.
    kind: (String, String),
    sets: u64,
    /// The JSON has no group of its own.
    implied: bool,
}

impl Header {
    /// Of an object at this offset and path, which has none.
    pub(crate) fn untold(at: u64, path: String) -> Self {
        let (around, values) = (Some((at, path)), Vec::new());
        Self { around, values }
    }

    /// Reads a header or trailer, which is the value of `key`, by the labels of the envelope.
    pub(crate) fn read(
        mut self,
        tree: &Tree,
        node: Index,
        envelope: &Guide,
        (key, id): (&str, &str),
    ) -> Result<Self, Wrong> {
        let around = self.around.as_ref().map_or("", |(_, path)| path);
        let path = format!("{around}.{key}");
        object(tree, node, &path)?;
        let elements = control_elements(envelope, id);
        for (key, value) in tree.members(node) {
            if key == b"$extra" {
                self.extra(tree, value, &format!("{path}.$extra"))?;
                continue;
            }
            let mut labelled = (1..).zip(elements);
            let label = labelled.find(|(_, element)| element.label.as_bytes() == key);
            let Some((number, element)) = label else {
                return Err(Wrong::At("an unknown key", tree.at(value), path));
            };
            self.set(tree, number, (value, format!("{path}.{}", element.label)))?;
        }
        Ok(self)
    }

    /// Elements without a label, by their numbers.
    fn extra(&mut self, tree: &Tree, node: Index, path: &str) -> Result<(), Wrong> {
        object(tree, node, path)?;
        for (key, value) in tree.members(node) {
            let number = std::str::from_utf8(key)
                .ok()
                .and_then(|key| key.parse().ok());
            let Some(number @ 1..) = number.map(|number: u8| usize::from(number)) else {
                let what = "the number of an element is due, such as 05";
                return Err(Wrong::At(what, tree.at(value), path.to_owned()));
            };
            self.set(tree, number, (value, format!("{path}.{number:02}")))?;
        }
        Ok(())
    }

    fn set(
        &mut self,
        tree: &Tree,
        number: usize,
        (node, path): (Index, String),
    ) -> Result<(), Wrong> {
        let at = tree.at(node);
        if self.get(number).is_some() {
            return Err(Wrong::At("a key stands twice", at, path));
        }
        let Some(text) = tree.text(node) else {
            return Err(Wrong::At("a string is due", at, path));
        };
        let text = text.to_vec();
        if self.values.len() < number {
            self.values.resize(number, None);
        }
        let place = number.checked_sub(1);
        if let Some(place) = place.and_then(|index| self.values.get_mut(index)) {
            *place = Some(Told { text, at, path });
        }
        Ok(())
    }

    fn told(&self, number: usize) -> Option<&Told> {
        self.values.get(number.checked_sub(1)?)?.as_ref()
    }

    fn get(&self, number: usize) -> Option<&[u8]> {
        Some(&self.told(number)?.text)
    }

    /// What is wrong with an element; `below` is where it would be told, if it is not.
    fn wrong(&self, number: usize, what: &'static str, below: String) -> Wrong {
        match (self.told(number), &self.around) {
            (Some(told), _) => Wrong::At(what, told.at, told.path.clone()),
            (None, Some((at, path))) => Wrong::At(what, *at, format!("{path}{below}")),
            (None, None) => Wrong::Below(what, below),
        }
    }

    fn text(&self, number: usize) -> Option<String> {
        self.get(number)
            .map(|value| String::from_utf8_lossy(value).into_owned())
    }
}

fn object(tree: &Tree, node: Index, path: &str) -> Result<(), Wrong> {
    if tree.is_object(node) {
        return Ok(());
    }
    Err(Wrong::At(
        "an object is due",
        tree.at(node),
        path.to_owned(),
    ))
}

impl Seal {
    pub(crate) fn new(filling: EnvelopeFilling) -> Self {
        Self {
            filling,
            ..Self::default()
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.interchange.is_some()
    }

    fn next(&self, counted: u32) -> ControlNumber {
        let first = u64::from(self.filling.control_number.get() - 1) + u64::from(counted);
        let number = first % u64::from(ControlNumber::LAST.get()) + 1;
        ControlNumber::new(number as u32).unwrap_or(ControlNumber::FIRST)
    }

    /// What stands in an interchange's header where nothing else is told.
    fn interchange_filled(&mut self, delimiters: &Delimiters, guide: &str) -> [String; 16] {
        let number = format!("{:09}", self.next(self.interchanges).get());
        self.interchanges = self.interchanges.saturating_add(1);
        // ZZ: mutually defined, which every identifier is that nothing else is said of.
        let unknown = || ("ZZ".to_owned(), String::new());
        let filling = &self.filling;
        let (sender_code, sender) = filling.sender.clone().unwrap_or_else(unknown);
        let (receiver_code, receiver) = filling.receiver.clone().unwrap_or_else(unknown);
        let date = filling.date.as_deref().and_then(|date| date.get(2..));
        [
            "00".to_owned(),
            String::new(),
            "00".to_owned(),
            String::new(),
            sender_code,
            sender,
            receiver_code,
            receiver,
            date.unwrap_or_default().to_owned(),
            filling.time.clone().unwrap_or_default(),
            char::from(delimiters.repetition.unwrap_or(b'U')).to_string(),
            control_version(guide).to_owned(),
            number,
            "0".to_owned(),
            filling.usage_indicator.clone(),
            char::from(delimiters.component).to_string(),
        ]
    }

    /// Writes an interchange's header; `guide` is that of its first transaction set, if it is known yet.
    pub(crate) fn open_interchange(
        &mut self,
        (header, guide): (&Header, &str),
        pen: &mut Pen,
        envelope: &Guide,
    ) -> Result<(), Wrong> {
        let delimiters = pen.target.delimiters;
        let filled = self.interchange_filled(&delimiters, guide);
        let labels = labels(envelope, "ISA");
        let mut values = Vec::new();
        for (index, (filled, width)) in filled.into_iter().zip(ISA_WIDTHS).enumerate() {
            let told = header.get(index + 1).map(<[u8]>::to_vec);
            let value = told.unwrap_or_else(|| filled.into_bytes());
            let label = || format!(".header.{}", labels.get(index).map_or("", |label| label));
            if value.is_empty() && !matches!(index, 1 | 3) {
                return Err(header.wrong(index + 1, UNTOLD, label()));
            }
            if value.len() > width || value.contains(&delimiters.element) {
                return Err(header.wrong(index + 1, MISFIT, label()));
            }
            values.push(value);
        }
        if header.values.len() > ISA_WIDTHS.len() {
            return Err(header.wrong(header.values.len(), MISFIT, String::new()));
        }
        write_isa(pen, &values);
        let text = |index: usize| {
            let value = values
                .get(index)
                .map(|value| String::from_utf8_lossy(value));
            value.map_or_else(String::new, |value| value.trim_end().to_owned())
        };
        // ISA09 has no century; that of the interchanges is this one.
        let date = self.filling.date.clone();
        self.interchange = Some(OpenInterchange {
            number: text(12),
            sender: text(5),
            receiver: text(7),
            date: date.unwrap_or_else(|| format!("20{}", text(8))),
            time: text(9),
            groups: 0,
        });
        Ok(())
    }

    pub(crate) fn is_group_due(&self) -> bool {
        self.group_due.is_some()
    }

    /// Begins a group, whose header is written with its first transaction set.
    pub(crate) fn begin_group(&mut self, header: Header) {
        self.group_due = Some(header);
    }

    /// Opens the group that a transaction set of this kind, GS01 and GS08, belongs to, if it is not open.
    pub(crate) fn open_group(
        &mut self,
        kind: Option<(&str, &str)>,
        pen: &mut Pen,
        envelope: &Guide,
    ) -> Result<(), Wrong> {
        let header = self.group_due.take();
        if let Some(group) = &self.group {
            let other =
                kind.is_some_and(|(gs01, gs08)| group.kind != (gs01.to_owned(), gs08.to_owned()));
            if header.is_none() && !(group.implied && other) {
                return Ok(());
            }
            self.close_group(&Header::default(), pen)?;
        }
        let implied = header.is_none();
        let header = header.unwrap_or_default();
        let number = self.next(self.groups).to_string();
        let Some(interchange) = &mut self.interchange else {
            return Ok(());
        };
        interchange.groups += 1;
        let (gs01, gs08) = kind.unwrap_or_default();
        let filled = [
            gs01.to_owned(),
            interchange.sender.clone(),
            interchange.receiver.clone(),
            interchange.date.clone(),
            interchange.time.clone(),
            number,
            "X".to_owned(),
            gs08.to_owned(),
        ];
        self.groups = self.groups.saturating_add(1);
        let values = write_gs(pen, &header, filled, &labels(envelope, "GS"))?;
        let [gs01, .., number, _, gs08] = values;
        self.group = Some(OpenGroup {
            number,
            kind: (gs01, gs08),
            sets: 0,
            implied,
        });
        Ok(())
    }

    /// Counts a transaction set; gives a control number for it.
    pub(crate) fn open_set(&mut self) -> String {
        let sets = self.group.as_mut().map_or(0, |group| {
            group.sets += 1;
            group.sets
        });
        format!("{sets:04}")
    }

    /// Writes the trailer of a transaction set.
    pub(crate) fn close_set(trailer: &Header, number: &[u8], pen: &mut Pen) -> Result<(), Wrong> {
        let count = pen.segments + 1;
        pen.begin();
        pen_trailer(pen, trailer, (count, number))?;
        pen.write("SE");
        Ok(())
    }

    /// Writes the group's trailer, if a group is open.
    pub(crate) fn close_group(&mut self, trailer: &Header, pen: &mut Pen) -> Result<(), Wrong> {
        if let Some(group) = self.group.take() {
            pen.begin();
            pen_trailer(pen, trailer, (group.sets, group.number.as_bytes()))?;
            pen.write("GE");
        }
        Ok(())
    }

    /// Writes the interchange's trailer, if one is open.
    pub(crate) fn close_interchange(
        &mut self,
        trailer: &Header,
        pen: &mut Pen,
    ) -> Result<(), Wrong> {
        self.group_due = None;
        self.close_group(&Header::default(), pen)?;
        if let Some(interchange) = self.interchange.take() {
            pen.begin();
            pen_trailer(
                pen,
                trailer,
                (interchange.groups, interchange.number.as_bytes()),
            )?;
            pen.write("IEA");
        }
        Ok(())
    }
}

fn pen_trailer(
    pen: &mut Pen,
    trailer: &Header,
    (count, number): (u64, &[u8]),
) -> Result<(), Wrong> {
    let count = count.to_string();
    let filled = [count.as_bytes(), number];
    for index in 1..=trailer.values.len().max(2) {
        let own = filled.get(index - 1).copied().unwrap_or_default();
        let value = trailer.get(index).unwrap_or(own);
        put(pen, index, value).map_err(|what| trailer.wrong(index, what, ".trailer".to_owned()))?;
    }
    Ok(())
}

fn put(pen: &mut Pen, number: usize, value: &[u8]) -> Result<(), &'static str> {
    let spot = Spot {
        element: u16::try_from(number).unwrap_or(u16::MAX),
        ..Spot::default()
    };
    pen.put_control(spot, value)
}

/// Writes a group's header: what is told, else what is filled in. Gives its eight elements.
fn write_gs(
    pen: &mut Pen,
    header: &Header,
    mut values: [String; 8],
    labels: &[&str],
) -> Result<[String; 8], Wrong> {
    pen.begin();
    let path = |number: usize| {
        let label = labels.get(number - 1).map_or("", |label| label);
        format!(".header.{label}")
    };
    for (number, value) in (1..).zip(&mut values) {
        match header.text(number) {
            Some(told) => *value = told,
            None if value.is_empty() => return Err(header.wrong(number, UNTOLD, path(number))),
            None => {}
        }
    }
    for number in 1..=header.values.len().max(values.len()) {
        let filled = values.get(number - 1).map_or(&[][..], String::as_bytes);
        let value = header.get(number).unwrap_or(filled);
        put(pen, number, value).map_err(|what| header.wrong(number, what, path(number)))?;
    }
    pen.write("GS");
    Ok(values)
}

fn write_isa(pen: &mut Pen, values: &[Vec<u8>]) {
    pen.target.settle(&mut pen.out);
    let Delimiters {
        element, segment, ..
    } = pen.target.delimiters;
    pen.out.put(b"ISA");
    for (value, width) in values.iter().zip(ISA_WIDTHS) {
        pen.out.put(&[element]);
        pen.out.put(value);
        for _ in value.len()..width {
            pen.out.put(b" ");
        }
    }
    pen.out.put(&[segment]);
    pen.target.owes_suffix = true;
}

fn labels<'g>(envelope: &'g Guide, id: &str) -> Vec<&'g str> {
    let elements = control_elements(envelope, id).iter();
    elements.map(|element| element.label.as_str()).collect()
}

/// The version of the control segments (ISA12) around sets of a guide: that of its standard, if that is later than 005010.
fn control_version(guide: &str) -> &str {
    const USUAL: &str = "00501";
    let version = guide.get(..USUAL.len()).unwrap_or_default();
    let is_version = version.bytes().all(|byte| byte.is_ascii_digit());
    if is_version && version > USUAL {
        version
    } else {
        USUAL
    }
}
