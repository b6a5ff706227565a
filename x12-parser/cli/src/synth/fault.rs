//! Plants faults of named kinds into made-up documents, and keeps where.

use x12_schemas::table::{Element, Guide, Item, Kind, NONE, Segment, Usage};

use super::random::Random;
use super::{Fault, Plan, Planted};

/// A segment that no guide knows.
const EXTRA: &str = "ZZZ";

/// Plants so many faults of a kind, spread over the records or transaction sets of a document.
pub(super) struct Planter {
    fault: Fault,
    /// Ordinals of the records or sets that get a fault, the next one last.
    units: Vec<u64>,
    armed: bool,
    random: Random,
    /// What ends a segment.
    end: &'static [u8],
    pub(super) planted: Vec<Planted>,
    /// The segment before, if it stands in the same occurrence of its loop: its start and its rank.
    last: Option<(usize, usize, u16)>,
}

/// A segment that was written to the end of the buffer.
pub(super) struct Here<'g> {
    pub(super) guide: &'g Guide,
    pub(super) item: u16,
    pub(super) loop_index: usize,
    /// Where it begins in the buffer.
    pub(super) start: usize,
    /// Its ordinal in the transaction set, from one.
    pub(super) segment: u64,
}

impl Planter {
    /// Chooses which of `units` records or sets get one of `count` faults.
    pub(super) fn new(plan: &Plan, (fault, count): (Fault, u64), seed: u64) -> Self {
        let units = plan.units(fault);
        let mut random = Random::new(seed, 1);
        let count = count.min(units);
        let within = |nth: u64| (u128::from(nth) * u128::from(units) / u128::from(count)) as u64;
        let units = (0..count)
            .rev()
            .map(|nth| 1 + random.range(within(nth), (within(nth + 1)).max(1) - 1))
            .collect();
        let end = if plan.newlines {
            b"~\n".as_slice()
        } else {
            b"~"
        };
        Self {
            fault,
            units,
            armed: false,
            random,
            end,
            planted: Vec::new(),
            last: None,
        }
    }

    pub(super) fn record(&mut self, ordinal: u64) {
        self.last = None;
        if !self.fault.of_set() {
            self.arm(ordinal);
        }
    }

    pub(super) fn set(&mut self, ordinal: u64) {
        self.last = None;
        if self.fault.of_set() {
            self.arm(ordinal);
        }
    }

    fn arm(&mut self, ordinal: u64) {
        if self.units.last().is_some_and(|next| *next <= ordinal) {
            self.units.pop();
            self.armed = true;
        }
    }

    /// Spoils the segment at the end of the buffer if its turn has come; says how many segments were added before it.
    pub(super) fn segment(
        &mut self,
        here: &Here<'_>,
        buffer: &mut Vec<u8>,
        written: u64,
        set: u64,
    ) -> u64 {
        let item = &here.guide.items[usize::from(here.item)];
        let last = self
            .last
            .replace((here.start, here.loop_index, item.position));
        if !self.armed {
            return 0;
        }
        let offset = written + here.start as u64;
        // Not the first place that offers itself, or all faults would look alike.
        if self.random.below(3) != 0 {
            return 0;
        }
        let spot = match self.fault {
            Fault::ExtraSegment => {
                let at = here.start;
                buffer.splice(at..at, [EXTRA.as_bytes(), b"*1", self.end].concat());
                Some(Spot {
                    added: 1,
                    ..Spot::default()
                })
            }
            Fault::MissingSegment => may_go(here.guide, item, here).then(|| {
                buffer.truncate(here.start);
                self.last = None;
                Spot::default()
            }),
            Fault::OutOfSequence => self.swap(here, item, last, buffer),
            _ => self.element(here, item, buffer),
        };
        let Some(spot) = spot else { return 0 };
        self.note(here, offset - spot.back, set, &spot);
        spot.added
    }

    /// Spoils a set's trailer.
    pub(super) fn trailer(
        &mut self,
        here: &Here<'_>,
        offset: u64,
        set: u64,
        trailer: (&mut u64, &mut String),
    ) {
        let (count, control) = trailer;
        let element = match self.fault {
            _ if !self.armed => return,
            Fault::WrongCount => {
                *count += 1 + self.random.below(9);
                1
            }
            Fault::WrongControlNumber => {
                *control = format!("9{control}");
                2
            }
            _ => return,
        };
        self.armed = false;
        self.planted.push(Planted {
            fault: self.fault,
            offset,
            set,
            segment: here.segment,
            path: format!("SE{element:02}"),
        });
    }

    fn note(&mut self, here: &Here<'_>, offset: u64, set: u64, spot: &Spot) {
        self.armed = false;
        let id = match spot.added {
            0 => {
                &here.guide.segments[usize::from(here.guide.items[usize::from(here.item)].segment)]
                    .id
            }
            _ => EXTRA,
        };
        let loop_id = &here.guide.loops[here.loop_index].id;
        let mut path = if loop_id.is_empty() {
            id.to_owned()
        } else {
            format!("{loop_id}/{id}")
        };
        if spot.element > 0 {
            path += &format!("{:02}", spot.element);
        }
        self.planted.push(Planted {
            fault: self.fault,
            offset,
            set,
            segment: here.segment,
            path,
        });
    }

    /// Writes the segment before the one that should precede it.
    fn swap(
        &mut self,
        here: &Here<'_>,
        item: &Item,
        last: Option<(usize, usize, u16)>,
        buffer: &mut [u8],
    ) -> Option<Spot> {
        let (start, loop_index, position) = last?;
        let first = &here.guide.loops[here.loop_index];
        let starts = here.guide.items[usize::from(first.first_item)].position;
        if loop_index != here.loop_index
            || position >= item.position
            || position == starts
            || here.loop_index == 0
        {
            return None;
        }
        // The terminator of the one before stands between; the one at hand has none yet.
        let length = buffer.len() - here.start;
        let suffix = self.end.len();
        buffer[start..].rotate_right(length);
        buffer[start + length..].rotate_right(suffix);
        self.last = None;
        Some(Spot {
            back: (here.start - start) as u64,
            ..Spot::default()
        })
    }

    fn element(&mut self, here: &Here<'_>, item: &Item, buffer: &mut Vec<u8>) -> Option<Spot> {
        let guide = here.guide;
        let segment = &guide.segments[usize::from(item.segment)];
        let rules = guide.elements_of(segment);
        if rules.iter().any(|rule| rule.kind == Kind::Binary) {
            // Separators may stand in the data.
            return None;
        }
        let text = buffer[here.start..].to_vec();
        let mut fields: Vec<Vec<u8>> = text
            .split(|byte| *byte == b'*')
            .map(<[u8]>::to_vec)
            .collect();
        let spoiled = |index: usize| {
            Some((
                index + 1,
                spoil(self.fault, guide, &rules[index], fields.get(index + 1)?)?,
            ))
        };
        let free = (1..rules.len())
            .filter(|&index| !segment.hierarchical && !is_named(segment, rules, index));
        let all: Vec<_> = free.filter_map(spoiled).collect();
        let (number, value) = self.random.pick(&all)?.clone();
        fields[number] = value;
        while fields.last().is_some_and(Vec::is_empty) {
            fields.pop();
        }
        buffer.truncate(here.start);
        buffer.extend(fields.join(&b'*'));
        Some(Spot {
            element: number as u8,
            ..Spot::default()
        })
    }
}

/// Where a fault was planted.
#[derive(Default)]
struct Spot {
    element: u8,
    /// How far before the segment at hand it begins.
    back: u64,
    /// Segments added.
    added: u64,
}

/// Whether a segment's absence is a fault, and its own alone: it is required, no other stands in for it, and none is recognised by it.
fn may_go(guide: &Guide, item: &Item, here: &Here<'_>) -> bool {
    let starts = guide.loops[here.loop_index].first_item == here.item && here.loop_index != 0;
    let header = here.loop_index == 0 && here.segment == 1;
    item.usage == Usage::Required && item.max == 1 && !starts && !header
}

/// Whether other things hang on an element: a key, the format of a sibling, a syntax note.
fn is_named(segment: &Segment, rules: &[Element], index: usize) -> bool {
    let number = index as u8 + 1;
    segment.keys.iter().any(|key| key.element == number)
        || rules.iter().any(|rule| rule.format_by == number)
}

/// The value made faulty, if the element can have a fault of this kind.
fn spoil(fault: Fault, guide: &Guide, rule: &Element, value: &[u8]) -> Option<Vec<u8>> {
    if value.is_empty() || rule.component_count > 0 || rule.usage == Usage::NotUsed {
        return None;
    }
    match fault {
        Fault::MissingElement => (rule.usage == Usage::Required).then(Vec::new),
        Fault::BadCode => {
            let codes = guide.codes.get(usize::from(rule.codes))?;
            let fits = |code: &&&str| {
                code.len() >= usize::from(rule.min)
                    && code.len() <= rule.max as usize
                    && !codes.iter().any(|c| c == *code)
            };
            ["Q", "7", "QQ", "Q7Q", "QQQQ"]
                .iter()
                .find(fits)
                .map(|code| code.as_bytes().to_vec())
        }
        Fault::BadDate => match (rule.kind == Kind::Date || rule.format_by != 0, value.len()) {
            (true, 8) => Some(b"20251345".to_vec()),
            (true, 17) => Some(b"20251345-20251346".to_vec()),
            _ => None,
        },
        Fault::TooLong
            if rule.kind == Kind::An
                && rule.codes == NONE
                && rule.format_by == 0
                && rule.max > 0 =>
        {
            let mut value = value.to_vec();
            value.resize(rule.max as usize + 1, b'X');
            Some(value)
        }
        _ => None,
    }
}
