//! A guide by its labels: which keys the objects of the shape `named` have, and what each stands for.
//!
//! The elements of the segment that starts a loop are keys of the loop's object; every other segment, and every loop within, is a key
//! of its own. What could have one key only is that key's value.

use x12_schemas::table::{Element, Filled, Guide, Item, Kind, Loop, NONE, Rule, Segment, Usage};

use crate::cut::data_element;

/// The keys of a guide.
#[derive(Debug)]
pub(crate) struct Sheet {
    /// Parallel to the guide's loops.
    pub(crate) loops: Vec<LoopSheet>,
    /// Parallel to the guide's segments.
    pub(crate) segments: Vec<SegmentSheet>,
    /// Where each segment definition stands: in the same slot of every loop that has it.
    places: Vec<SegmentPlace>,
    /// The definition of the transaction set's trailer.
    pub(crate) trailer: u16,
}

/// The slot of a segment in its loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SegmentPlace {
    pub(crate) slot: u16,
    /// See [`Slot`].
    pub(crate) usable: bool,
    pub(crate) joined: bool,
}

/// The object of a loop.
#[derive(Debug, Default)]
pub(crate) struct LoopSheet {
    /// Parallel to the loop's items; the first of them starts the loop and has no key.
    pub(crate) slots: Vec<Slot>,
    /// The definition of the segment that starts it.
    pub(crate) starter: u16,
    /// Its slot in the loop around it.
    pub(crate) slot: u16,
    /// Whether it may hold more than memory should: it is never kept as a whole.
    pub(crate) streamed: bool,
    /// Whether it is a hierarchical level.
    pub(crate) hierarchical: bool,
}

/// A key of a loop's object.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) key: String,
    pub(crate) kind: SlotKind,
    pub(crate) many: bool,
    /// Whether the guide lets it stand, and it is neither what starts the loop nor the trailer.
    pub(crate) usable: bool,
    /// Whether its occurrences' lists are joined to one.
    pub(crate) joined: bool,
}

/// What a key of a loop's object stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SlotKind {
    /// A segment definition.
    Segment(u16),
    /// A loop instance.
    Loop(u16),
}

/// The object of a segment.
#[derive(Debug)]
pub(crate) struct SegmentSheet {
    pub(crate) parts: Parts,
    /// The elements that have a name, bit 0 for element 1.
    pub(crate) named: u64,
}

/// The keys of a segment, of a composite element, or of one run of elements.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// In the order of their elements.
    pub(crate) members: Vec<Member>,
    /// The only member that is ever to be told: the object is its value.
    pub(crate) only: Option<usize>,
}

/// An element, component or run of elements with a name.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) key: String,
    /// Element or component, from one; of a run, its first.
    pub(crate) number: u8,
    pub(crate) kind: MemberKind,
    pub(crate) filled: Fill,
    /// Index into the guide's elements, or its components.
    pub(crate) entry: u16,
    /// The formats that the value may have, as codes of the element that names its format; [`NONE`] if none does.
    pub(crate) formats: u16,
}

#[derive(Debug)]
pub(crate) enum MemberKind {
    /// A value, or several.
    Simple { repeats: bool },
    /// Binary data, which end their segment.
    Data,
    /// An object for each composite.
    Composite { repeats: bool, parts: Parts },
    /// An object for each run.
    Run { size: u8, times: u8, parts: Parts },
}

/// Where a value is from if it is not told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fill {
    /// From nowhere.
    Not,
    /// The first of these codes, an index into the guide's.
    Code(u16),
    /// Of a composite: all its components are filled in.
    Components,
    /// The first of these codes, where one of these siblings stands, bit 0 for the first.
    Paired(u16, u64),
    /// That of these codes which names the format of a sibling's value.
    Form(u16, u8),
    /// The guide's identifier, in the header of the transaction set.
    Guide,
    /// How often the loop has stood.
    Count,
    /// Which level it is.
    Level,
    /// The level around.
    Parent,
    /// Whether levels follow below.
    Child,
    /// How long the data in this element are.
    Length(u8),
}

impl Sheet {
    pub(crate) fn new(guide: &Guide) -> Self {
        let mut sheet = Self {
            loops: Vec::new(),
            segments: Vec::new(),
            places: Vec::new(),
            trailer: NONE,
        };
        let mut starts = vec![false; guide.segments.len()];
        for a_loop in &guide.loops {
            if let Some(first) = guide.items_of(a_loop).first()
                && let Some(starts) = starts.get_mut(usize::from(first.segment))
            {
                *starts = true;
            }
        }
        sheet.segments = guide
            .segments
            .iter()
            .zip(starts)
            .map(|(segment, starts)| SegmentSheet {
                parts: segment_parts(guide, segment, starts),
                named: (0..64)
                    .zip(guide.elements_of(segment))
                    .filter(|(_, element)| element.filled != Filled::Unnamed)
                    .fold(0, |named, (bit, _)| named | 1 << bit),
            })
            .collect();
        sheet.loops = guide
            .loops
            .iter()
            .map(|a_loop| sheet.of_loop(guide, a_loop))
            .collect();
        let root = guide.loops.first();
        let root = root.map_or(&[][..], |root| guide.items_of(root));
        let is_trailer = |item: &&Item| {
            let segment = guide.segments.get(usize::from(item.segment));
            item.child == NONE && segment.is_some_and(|segment| segment.id == "SE")
        };
        sheet.trailer = root
            .iter()
            .find(is_trailer)
            .map_or(NONE, |item| item.segment);
        sheet.find_loops();
        sheet.find_places(guide.segments.len());
        sheet.find_streamed(guide);
        sheet
    }

    /// Where a segment definition stands.
    #[inline]
    pub(crate) fn place(&self, definition: u16) -> Option<SegmentPlace> {
        self.places.get(usize::from(definition)).copied()
    }

    pub(crate) fn slot(&self, loop_index: u16, slot: u16) -> Option<&Slot> {
        self.loops
            .get(usize::from(loop_index))?
            .slots
            .get(usize::from(slot))
    }

    /// Whether a slot of a loop holds hierarchical levels.
    pub(crate) fn is_level(&self, loop_index: u16, slot: u16) -> bool {
        match self.slot(loop_index, slot).map(|slot| slot.kind) {
            Some(SlotKind::Loop(child)) => {
                self.a_loop(child).is_some_and(|child| child.hierarchical)
            }
            _ => false,
        }
    }

    pub(crate) fn segment(&self, definition: u16) -> Option<&SegmentSheet> {
        self.segments.get(usize::from(definition))
    }

    pub(crate) fn a_loop(&self, loop_index: u16) -> Option<&LoopSheet> {
        self.loops.get(usize::from(loop_index))
    }

    fn of_loop(&self, guide: &Guide, a_loop: &Loop) -> LoopSheet {
        let items = guide.items_of(a_loop);
        let slots = items.iter().enumerate().map(|(ordinal, item)| {
            let segment = guide.segments.get(usize::from(item.segment));
            let (label, id, kind) = match guide.loops.get(usize::from(item.child)) {
                Some(child) => (&child.label, &child.id, SlotKind::Loop(item.child)),
                None => {
                    let (label, id) = segment.map_or((&a_loop.label, &a_loop.id), |segment| {
                        (&segment.label, &segment.id)
                    });
                    (label, id, SlotKind::Segment(item.segment))
                }
            };
            let is_trailer = a_loop.parent == NONE && item.child == NONE && id == "SE";
            let lists = matches!(kind, SlotKind::Segment(definition)
                if self.segment(definition).is_some_and(|segment| segment.parts.is_list()));
            Slot {
                key: named(label, id),
                kind,
                many: item.many,
                usable: ordinal > 0 && item.usage != Usage::NotUsed && !is_trailer,
                joined: item.many && lists,
            }
        });
        LoopSheet {
            slots: slots.collect(),
            starter: items.first().map_or(NONE, |first| first.segment),
            slot: NONE,
            streamed: false,
            hierarchical: a_loop.hierarchical,
        }
    }

    /// Tells each loop its slot in the loop around it.
    fn find_loops(&mut self) {
        let mut found = Vec::new();
        for a_loop in &self.loops {
            for (ordinal, slot) in (0..).zip(&a_loop.slots) {
                if let SlotKind::Loop(child) = slot.kind {
                    found.push((child, ordinal));
                }
            }
        }
        for (child, ordinal) in found {
            if let Some(a_loop) = self.loops.get_mut(usize::from(child)) {
                a_loop.slot = ordinal;
            }
        }
    }

    fn find_places(&mut self, definitions: usize) {
        let nowhere = SegmentPlace {
            slot: NONE,
            usable: false,
            joined: false,
        };
        self.places = vec![nowhere; definitions];
        for a_loop in &self.loops {
            for (slot, of) in (0..).zip(&a_loop.slots) {
                if let SlotKind::Segment(definition) = of.kind
                    && let Some(place) = self.places.get_mut(usize::from(definition))
                {
                    *place = SegmentPlace {
                        slot,
                        usable: of.usable,
                        joined: of.joined,
                    };
                }
            }
        }
    }

    /// A loop without bound is not kept as a whole, nor is a loop around it or around records; what is in a record is bounded by it.
    fn find_streamed(&mut self, guide: &Guide) {
        let mut inside_record = vec![false; guide.loops.len()];
        for (index, a_loop) in guide.loops.iter().enumerate() {
            let around = usize::from(a_loop.parent);
            inside_record[index] = guide
                .loops
                .get(around)
                .is_some_and(|parent| parent.record.is_some() || inside_record[around]);
        }
        let unbounded: Vec<u16> = guide
            .items
            .iter()
            .filter(|item| item.max == 0)
            .map(|item| item.child)
            .collect();
        let mut streamed: Vec<bool> = (0..)
            .zip(&guide.loops)
            .map(|(index, a_loop)| a_loop.record.is_some() || unbounded.contains(&index))
            .collect();
        for index in (1..guide.loops.len()).rev() {
            if inside_record[index] {
                streamed[index] = false;
            } else if streamed[index] {
                streamed[usize::from(guide.loops[index].parent)] = true;
            }
        }
        for (a_loop, streamed) in self.loops.iter_mut().zip(streamed) {
            a_loop.streamed = streamed;
        }
    }
}

impl LoopSheet {
    /// The slot of a key, looked for first from the one in whose turn it probably is.
    pub(crate) fn find(&self, key: &[u8], probably: usize) -> Option<usize> {
        let (before, from) = self.slots.split_at_checked(probably)?;
        let is = |slot: &Slot| slot.usable && slot.key.as_bytes() == key;
        let found = from.iter().position(is).map(|place| probably + place);
        found.or_else(|| before.iter().position(is))
    }
}

impl Parts {
    fn new(mut members: Vec<Member>, may_be_bare: bool) -> Self {
        members.sort_by_key(|member| member.number);
        let mut told = (0..members.len()).filter(|&index| members[index].filled == Fill::Not);
        let only = told.next().filter(|_| told.next().is_none() && may_be_bare);
        Self { members, only }
    }

    /// The member that is the object's value.
    pub(crate) fn only(&self) -> Option<&Member> {
        self.members.get(self.only?)
    }

    /// Whether its value is a list.
    fn is_list(&self) -> bool {
        self.only().is_some_and(Member::is_list)
    }

    /// Whether its last member is binary data.
    pub(crate) fn has_data(&self) -> bool {
        let last = self.members.last();
        last.is_some_and(|last| matches!(last.kind, MemberKind::Data))
    }

    /// The member of a key, and its ordinal.
    pub(crate) fn find(&self, key: &[u8]) -> Option<(usize, &Member)> {
        let mut members = self.members.iter().enumerate();
        members.find(|(_, member)| member.key.as_bytes() == key)
    }
}

impl Member {
    /// Whether its value is an array.
    pub(crate) fn is_list(&self) -> bool {
        match self.kind {
            MemberKind::Simple { repeats } | MemberKind::Composite { repeats, .. } => repeats,
            MemberKind::Run { .. } => true,
            MemberKind::Data => false,
        }
    }
}

/// The elements of the segment of an identifier, in a guide that has but one: of the envelope.
pub(crate) fn control_elements<'g>(envelope: &'g Guide, id: &str) -> &'g [Element] {
    let segment = envelope.segments.iter().find(|segment| segment.id == id);
    segment.map_or(&[], |segment| envelope.elements_of(segment))
}

fn segment_parts(guide: &Guide, segment: &Segment, starts: bool) -> Parts {
    let elements = guide.elements_of(segment);
    let mut members = Vec::new();
    let grouped = |number: u8| {
        segment.groups.iter().find(|group| {
            let end = u16::from(group.first) + u16::from(group.size) * u16::from(group.times);
            !group.label.is_empty() && number >= group.first && u16::from(number) < end
        })
    };
    for (number, element) in (1u8..).zip(elements) {
        let entry = segment.first_element + u16::from(number) - 1;
        match grouped(number) {
            Some(group) if number == group.first => {
                let run = (0..group.size).filter_map(|offset| {
                    let number = group.first + offset;
                    let element = elements.get(usize::from(number) - 1)?;
                    let entry = segment.first_element + u16::from(number) - 1;
                    member(guide, (element, elements), offset + 1, entry, |_| Fill::Not)
                });
                let parts = Parts::new(run.collect(), true);
                members.push(Member {
                    key: group.label.clone(),
                    number,
                    kind: MemberKind::Run {
                        size: group.size,
                        times: group.times,
                        parts,
                    },
                    filled: Fill::Not,
                    entry,
                    formats: NONE,
                });
            }
            Some(_) => {}
            None => members.extend(member(
                guide,
                (element, elements),
                number,
                entry,
                |filled| segment_fill(guide, segment, number, filled, starts),
            )),
        }
    }
    if let Some(last) = members.last_mut()
        && data_element(segment.id.as_bytes()) == Some(usize::from(last.number))
        && elements.len() == usize::from(last.number)
        && elements
            .last()
            .is_some_and(|element| element.kind == Kind::Binary)
    {
        last.kind = MemberKind::Data;
    }
    Parts::new(members, !starts)
}

/// How an element of a segment is filled in where its siblings, or where it stands, say so.
fn segment_fill(
    guide: &Guide,
    segment: &Segment,
    number: u8,
    filled: Filled,
    starts: bool,
) -> Fill {
    let elements = guide.elements_of(segment);
    let element = elements.get(usize::from(number) - 1);
    let codes = element.map_or(NONE, |element| element.codes);
    let is_required = element.is_some_and(|element| element.usage == Usage::Required);
    match filled {
        Filled::Paired => {
            let own = 1u64 << (number - 1);
            let paired = guide
                .notes_of(segment)
                .iter()
                .filter(|note| note.rule == Rule::Paired && note.elements & own != 0);
            Fill::Paired(
                codes,
                paired.fold(0, |all, note| all | note.elements) & !own,
            )
        }
        Filled::Form => {
            let of = (1..)
                .zip(elements)
                .find(|(_, element)| element.format_by == number);
            Fill::Form(codes, of.map_or(0, |(of, _)| of))
        }
        Filled::Length if data_element(segment.id.as_bytes()) == Some(usize::from(number) + 1) => {
            Fill::Length(number + 1)
        }
        _ if starts && is_required && segment.id == "ST" && number == 3 => Fill::Guide,
        Filled::Count if starts => Fill::Count,
        Filled::Level if starts => match number {
            1 => Fill::Level,
            2 => Fill::Parent,
            _ => Fill::Child,
        },
        _ => Fill::Not,
    }
}

/// An element or component by its name; none if the guide does not use it. `otherwise` says what only its segment can say.
fn member(
    guide: &Guide,
    (element, siblings): (&Element, &[Element]),
    number: u8,
    entry: u16,
    otherwise: impl Fn(Filled) -> Fill,
) -> Option<Member> {
    let filled = match element.filled {
        Filled::Unnamed => return None,
        Filled::Code if element.component_count > 0 => Fill::Components,
        Filled::Code => Fill::Code(element.codes),
        other => otherwise(other),
    };
    let by = usize::from(element.format_by).checked_sub(1);
    let formats = by.and_then(|by| siblings.get(by));
    let repeats = element.repeat != 1;
    let kind = if element.component_count == 0 {
        MemberKind::Simple { repeats }
    } else {
        let parts = component_parts(guide, element);
        MemberKind::Composite { repeats, parts }
    };
    let key = if element.label.is_empty() {
        format!("{number:02}")
    } else {
        element.label.clone()
    };
    Some(Member {
        key,
        number,
        kind,
        filled,
        entry,
        formats: formats.map_or(NONE, |by| by.codes),
    })
}

fn component_parts(guide: &Guide, element: &Element) -> Parts {
    let components = guide.components_of(element);
    let members = (1u8..).zip(components).filter_map(|(number, component)| {
        let entry = element.first_component + u16::from(number) - 1;
        member(
            guide,
            (component, components),
            number,
            entry,
            |filled| match filled {
                Filled::Form => {
                    let of = (1..)
                        .zip(components)
                        .find(|(_, other)| other.format_by == number);
                    Fill::Form(component.codes, of.map_or(0, |(of, _)| of))
                }
                _ => Fill::Not,
            },
        )
    });
    Parts::new(members.collect(), true)
}

fn named(label: &str, id: &str) -> String {
    if label.is_empty() { id } else { label }.to_owned()
}

/// The one of these codes that names the format of a value; of one code it is that.
pub(crate) fn format_of<'c>(codes: &'c [String], value: &[u8]) -> Option<&'c str> {
    if value.is_empty() {
        return None;
    }
    if let [only] = codes {
        return Some(only);
    }
    let fits = |code: &&String| match digits_of(code) {
        Some((digits, false)) => value.len() == digits,
        Some((digits, true)) => value.len() == 2 * digits + 1 && value.get(digits) == Some(&b'-'),
        None => false,
    };
    codes.iter().find(fits).map(String::as_str)
}

/// How many digits a value of a format has, and whether it has as many again behind a hyphen.
pub(crate) fn digits_of(format: &str) -> Option<(usize, bool)> {
    Some(match format {
        "TM" => (4, false),
        "D6" | "TS" => (6, false),
        "D8" => (8, false),
        "DT" => (12, false),
        "RTS" => (14, false),
        "RD6" => (6, true),
        "RD8" => (8, true),
        _ => return None,
    })
}
