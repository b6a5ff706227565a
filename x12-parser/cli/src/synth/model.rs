//! A guide made ready for writing made-up documents: for every part how often it stands, how often it repeats, how its values look.

use std::sync::Arc;

use x12_schemas::table::{Element, Guide, NONE, Segment, Usage};

use super::USUAL;
use super::place::Named;
use super::profile::{self, Maker, Statement, Target, Values};
use super::random::Odds;

/// The usual rate of a situational segment or loop that the guide's profile does not name, per mille.
pub(super) const ITEM_RATE: u32 = 1;
/// The same of an element.
const ELEMENT_RATE: u32 = 8;

/// A guide and what is usual in it.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) guide: Arc<Guide>,
    /// Parallel to the guide's items.
    pub(super) items: Vec<ItemPlan>,
    /// Parallel to the guide's loops.
    pub(super) loops: Vec<LoopPlan>,
    /// Parallel to the guide's segments.
    pub(super) segments: Vec<SegmentPlan>,
    /// Parallel to the guide's elements.
    pub(super) elements: Vec<Slot>,
    /// Parallel to the guide's components.
    pub(super) components: Vec<Slot>,
    pub(super) makers: Vec<Maker>,
    /// Codes of which one is drawn for each transaction set.
    pub(super) drawn: Vec<&'static str>,
}

/// How often a situational part stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rate {
    Always,
    Never,
    /// Per mille of ordinary documents.
    Usual(u32),
}

impl Rate {
    /// Whether the part is one of the many that no profile names.
    pub(super) fn is_rare(self) -> bool {
        matches!(self, Self::Usual(ITEM_RATE))
    }

    /// How often the part stands in documents so rich: by its rate at the usual richness, never at 0, always at 100.
    pub(super) fn odds(self, rich: u8) -> Odds {
        let rich = u32::from(rich.min(100));
        Odds::per_mille(match self {
            Self::Always => 1000,
            Self::Never => 0,
            Self::Usual(usual) if rich <= USUAL => usual.min(1000) * rich / USUAL,
            Self::Usual(usual) => {
                usual + 1000_u32.saturating_sub(usual) * (rich - USUAL) / (100 - USUAL)
            }
        })
    }
}

/// A segment or loop in its loop.
#[derive(Clone, Debug)]
pub(super) struct ItemPlan {
    pub(super) rate: Rate,
    pub(super) repeat: Option<(u64, u64)>,
    /// Whether it is written before siblings that may come in any order.
    pub(super) first: bool,
    /// Whether it stands but once, whatever the guide allows.
    pub(super) once: bool,
    /// Whether it is a loop that is a record, or holds records.
    pub(super) carries: bool,
    /// Drawn codes with which alone it stands; none if it stands with any.
    pub(super) only: Vec<&'static str>,
}

/// A loop.
#[derive(Clone, Debug, Default)]
pub(super) struct LoopPlan {
    /// Whether one occurrence is one record.
    pub(super) record: bool,
    /// How many records one occurrence holds.
    pub(super) records: Option<(u64, u64)>,
    /// Whether its records all stand in one of its items.
    pub(super) apart: bool,
    pub(super) book: Option<Book>,
    /// The item whose loop shares this loop's book; none if records do, or nothing.
    pub(super) shares: Option<u16>,
    /// Its items in the order in which they are written.
    pub(super) order: Vec<u16>,
    /// Items that are records, or hold them.
    pub(super) carriers: Vec<u16>,
    /// Items whose segments hold adjustments, and sums withheld.
    pub(super) adjusts: Option<u16>,
    pub(super) withholds: Option<u16>,
}

/// What a loop's book has of the one around it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Book {
    Share,
    Whole,
}

/// A segment.
#[derive(Clone, Debug, Default)]
pub(super) struct SegmentPlan {
    /// Indexes of the elements that the guide uses.
    pub(super) used: Vec<u8>,
    /// Whether its elements are what pointers point to.
    pub(super) counted: bool,
    /// Whether its elements share a sum of the book.
    pub(super) shared: bool,
}

/// A figure of the book.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    Charge,
    Paid,
    Part,
    Adjusted,
    Withheld,
}

/// An element or component.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) rate: Rate,
    /// Usual codes, as indexes into its list.
    pub(super) prefer: Vec<u16>,
    /// Codes that are not used, likewise.
    pub(super) avoid: Vec<u16>,
    /// Whether it does not repeat, whatever the guide allows.
    pub(super) once: bool,
    /// Ways to make its values; the first whose condition holds is used.
    pub(super) makers: Vec<(Option<Condition>, u16)>,
    /// Whether one of them leaves it out.
    pub(super) omits: bool,
    pub(super) role: Option<Role>,
    /// The sibling, from one, without which it does not stand; 0 if none.
    pub(super) chained: u8,
    /// The loop's item with which it does not stand, and without which it does; [`NONE`] if there is none.
    pub(super) without: u16,
    /// Whether it holds the drawn code, if it may.
    pub(super) drawn: bool,
    /// By drawn codes, the codes that alone stand then.
    pub(super) bound: Vec<(Vec<&'static str>, Vec<u16>)>,
}

/// A sibling that must hold one of some codes, or the draw that must have been one of them.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    /// From one; 0 is the draw.
    pub(super) sibling: u8,
    pub(super) codes: Vec<&'static str>,
}

impl Model {
    /// A guide with what its profile says.
    pub(super) fn new(guide: Arc<Guide>) -> Self {
        Self::with_unresolved(guide).0
    }

    /// The same, and the statements of the profile that name nothing in this guide.
    pub(super) fn with_unresolved(guide: Arc<Guide>) -> (Self, Vec<Statement>) {
        let mut values = Values::read();
        let plan = ItemPlan {
            rate: Rate::Usual(ITEM_RATE),
            repeat: None,
            once: false,
            first: false,
            carries: false,
            only: Vec::new(),
        };
        let mut model = Self {
            items: vec![plan; guide.items.len()],
            loops: vec![LoopPlan::default(); guide.loops.len()],
            segments: guide
                .segments
                .iter()
                .map(|segment| segment_plan(&guide, segment))
                .collect(),
            elements: slots(&guide, &values),
            components: vec![empty_slot(); guide.components.len()],
            makers: Vec::new(),
            drawn: Vec::new(),
            guide,
        };
        model.fill_components(&values);
        model.find_records();
        let mut statements = profile::statements(&model.guide.id, &model.guide.set);
        statements.retain(|statement| model.apply(statement, &mut values).is_none());
        model.order_items();
        model.find_books();
        model.makers = values.makers;
        (model, statements)
    }

    fn fill_components(&mut self, values: &Values) {
        for element in &self.guide.elements {
            let first = usize::from(element.first_component);
            let run = self.guide.components_of(element);
            self.components[first..first + run.len()].clone_from_slice(&siblings(run, values));
        }
    }

    /// Records are the loops that the guide says are; without such, the outermost loops that repeat without bound.
    fn find_records(&mut self) {
        let guide = Arc::clone(&self.guide);
        let told = guide.loops.iter().any(|a_loop| a_loop.record.is_some());
        let unbounded = |item: &&x12_schemas::table::Item| item.child != NONE && item.max == 0;
        let depth = guide
            .items
            .iter()
            .filter(unbounded)
            .map(|item| guide.loops[usize::from(item.child)].depth)
            .min();
        for item in guide.items.iter().filter(|item| item.child != NONE) {
            let a_loop = &guide.loops[usize::from(item.child)];
            let record = if told {
                a_loop.record.is_some()
            } else {
                item.max == 0 && Some(a_loop.depth) == depth
            };
            self.loops[usize::from(item.child)].record = record;
        }
        let mut carrying = vec![false; guide.loops.len()];
        for index in (0..guide.loops.len()).rev() {
            let parent = guide.loops[index].parent;
            carrying[index] |= self.loops[index].record;
            if carrying[index] && parent != NONE {
                carrying[usize::from(parent)] = true;
            }
        }
        for (item, plan) in guide.items.iter().zip(&mut self.items) {
            plan.carries = item.child != NONE && carrying[usize::from(item.child)];
        }
    }

    /// Whether a transaction set has one record at most, whatever was asked for.
    pub(super) fn holds_one(&self) -> bool {
        let may_stand_together = |a_loop: &LoopPlan| {
            let carriers = a_loop.carriers.iter();
            carriers
                .filter(|&&at| self.items[usize::from(at)].only.is_empty())
                .count()
        };
        let mut carriers = self.loops.iter().flat_map(|a_loop| &a_loop.carriers);
        let has_any = carriers.clone().next().is_some();
        has_any
            && self
                .loops
                .iter()
                .all(|a_loop| may_stand_together(a_loop) < 2)
            && carriers.all(|&at| self.guide.items[usize::from(at)].max == 1)
    }

    /// Applies one statement; nothing if it names nothing in this guide.
    fn apply(&mut self, statement: &[&'static str], values: &mut Values) -> Option<()> {
        let (verb, rest) = statement.split_first()?;
        let (place, words) = rest.split_first()?;
        let named = self.named(place)?;
        match *verb {
            "rate" => self.rate(&named, Rate::Usual(words.first()?.parse().ok()?)),
            "always" => self.rate(&named, Rate::Always),
            "never" => self.rate(&named, Rate::Never),
            "codes" => match words.first()?.strip_prefix("drawn=") {
                Some(drawn) => self.codes(&named, &words[1..], |slot, codes| {
                    slot.bound.push((drawn.split(',').collect(), codes));
                })?,
                None => self.codes(&named, words, |slot, codes| slot.prefer = codes)?,
            },
            "avoid" => self.codes(&named, words, |slot, codes| slot.avoid = codes)?,
            "once" => {
                self.each_item(&named, |plan| plan.once = true);
                self.each_slot(&named, |slot| slot.once = true);
            }
            "value" => self.value(&named, words, values)?,
            "drawn" => {
                self.drawn.extend(words);
                self.each_slot(&named, |slot| slot.drawn = true);
            }
            "only" => self.each_item(&named, |plan| plan.only.extend(words)),
            "repeat" => {
                let range = profile::range(words.first()?)?;
                self.each_item(&named, |plan| plan.repeat = Some(range));
            }
            "records" => {
                let range = profile::range(words.first()?)?;
                self.each_loop(place, |plan| plan.records = Some(range));
            }
            "apart" => self.each_loop(place, |plan| plan.apart = true),
            "first" => self.each_item(&named, |plan| plan.first = true),
            "without" => self.without(&named, words.first()?)?,
            "count" => named
                .segments
                .iter()
                .for_each(|&segment| self.segments[segment].counted = true),
            "book" => {
                let book = if words.first() == Some(&"whole") {
                    Book::Whole
                } else {
                    Book::Share
                };
                self.each_loop(place, |plan| plan.book = Some(book));
            }
            verb => {
                let role = role(verb)?;
                self.each_slot(&named, |slot| slot.role = Some(role));
            }
        }
        Some(())
    }

    fn rate(&mut self, named: &Named, rate: Rate) {
        self.each_item(named, |plan| plan.rate = rate);
        self.each_slot(named, |slot| slot.rate = rate);
    }

    /// Adds a way to make values, before those that there are.
    fn value(&mut self, named: &Named, words: &[&'static str], values: &mut Values) -> Option<()> {
        let codes = words.first()?.strip_prefix("drawn=");
        let maker = values.maker(&words[usize::from(codes.is_some())..])?;
        let condition = codes.map(|codes| Condition {
            sibling: 0,
            codes: codes.split(',').collect(),
        });
        self.each_slot(named, |slot| {
            slot.makers.insert(0, (condition.clone(), maker));
        });
        Some(())
    }

    /// Gives each slot its codes among these; nothing if no slot has them all.
    fn codes(
        &mut self,
        named: &Named,
        words: &[&str],
        give: impl Fn(&mut Slot, Vec<u16>),
    ) -> Option<()> {
        let guide = Arc::clone(&self.guide);
        let found = |element: &Element| -> Vec<u16> {
            let Some(codes) = guide.codes.get(usize::from(element.codes)) else {
                return Vec::new();
            };
            words
                .iter()
                .filter_map(|word| codes.iter().position(|code| code == word))
                .map(|at| at as u16)
                .collect()
        };
        let mut complete = false;
        let elements = named
            .elements
            .iter()
            .map(|&at| (&guide.elements[at], at))
            .map(|(element, at)| (found(element), at));
        for (codes, at) in elements {
            complete |= codes.len() == words.len();
            give(&mut self.elements[at], codes);
        }
        for &at in &named.components {
            let codes = found(&guide.components[at]);
            complete |= codes.len() == words.len();
            give(&mut self.components[at], codes);
        }
        complete.then_some(())
    }

    fn without(&mut self, named: &Named, id: &str) -> Option<()> {
        let guide = Arc::clone(&self.guide);
        let is_it = |item: &x12_schemas::table::Item| {
            item.child != NONE && guide.loops[usize::from(item.child)].id == id
        };
        let item = guide.items.iter().position(is_it)? as u16;
        self.each_slot(named, |slot| slot.without = item);
        Some(())
    }

    fn each_item(&mut self, named: &Named, mut change: impl FnMut(&mut ItemPlan)) {
        named
            .items
            .iter()
            .for_each(|&item| change(&mut self.items[item]));
    }

    fn each_slot(&mut self, named: &Named, mut change: impl FnMut(&mut Slot)) {
        named
            .elements
            .iter()
            .for_each(|&at| change(&mut self.elements[at]));
        named
            .components
            .iter()
            .for_each(|&at| change(&mut self.components[at]));
    }

    fn each_loop(&mut self, id: &str, mut change: impl FnMut(&mut LoopPlan)) {
        let guide = Arc::clone(&self.guide);
        let id = if id == "." { "" } else { id };
        guide
            .loops
            .iter()
            .zip(&mut self.loops)
            .filter(|(a_loop, _)| a_loop.id == id)
            .for_each(|(_, plan)| change(plan));
    }

    fn order_items(&mut self) {
        let guide = Arc::clone(&self.guide);
        for (a_loop, plan) in guide.loops.iter().zip(&mut self.loops) {
            plan.order = (a_loop.first_item..a_loop.first_item + a_loop.item_count).collect();
            plan.carriers = plan
                .order
                .iter()
                .copied()
                .filter(|&at| self.items[usize::from(at)].carries)
                .collect();
            plan.order.sort_by_key(|&at| {
                (
                    guide.items[usize::from(at)].position,
                    !self.items[usize::from(at)].first,
                )
            });
        }
    }

    /// Connects books: which item shares a loop's book, which items hold its adjustments.
    fn find_books(&mut self) {
        let guide = Arc::clone(&self.guide);
        for (index, a_loop) in guide.loops.iter().enumerate() {
            for at in a_loop.first_item..a_loop.first_item + a_loop.item_count {
                let item = &guide.items[usize::from(at)];
                if item.child != NONE {
                    let part = &self.loops[usize::from(item.child)];
                    let shares = part.book == Some(Book::Share) && !part.record;
                    self.loops[index].shares = self.loops[index].shares.or(shares.then_some(at));
                    continue;
                }
                let segment = &guide.segments[usize::from(item.segment)];
                let slots = &self.elements[usize::from(segment.first_element)..]
                    [..usize::from(segment.element_count)];
                let holds = |role| {
                    slots
                        .iter()
                        .any(|slot| slot.role == Some(role))
                        .then_some(at)
                };
                let (adjusts, withholds) = (holds(Role::Adjusted), holds(Role::Withheld));
                self.segments[usize::from(item.segment)].shared |= adjusts.or(withholds).is_some();
                let plan = &mut self.loops[index];
                plan.adjusts = plan.adjusts.or(adjusts);
                plan.withholds = plan.withholds.or(withholds);
            }
        }
    }
}

fn segment_plan(guide: &Guide, segment: &Segment) -> SegmentPlan {
    let elements = guide.elements_of(segment);
    // 64: as many as a syntax note can name.
    let used = elements
        .iter()
        .take(64)
        .enumerate()
        .filter(|(_, element)| element.usage != Usage::NotUsed);
    SegmentPlan {
        used: used.map(|(index, _)| index as u8).collect(),
        ..SegmentPlan::default()
    }
}

fn role(word: &str) -> Option<Role> {
    Some(match word {
        "charge" => Role::Charge,
        "paid" => Role::Paid,
        "part" => Role::Part,
        "adjusted" => Role::Adjusted,
        "withheld" => Role::Withheld,
        _ => return None,
    })
}

fn empty_slot() -> Slot {
    Slot {
        rate: Rate::Usual(ELEMENT_RATE),
        prefer: Vec::new(),
        avoid: Vec::new(),
        once: false,
        makers: Vec::new(),
        omits: false,
        role: None,
        chained: 0,
        without: NONE,
        drawn: false,
        bound: Vec::new(),
    }
}

fn slots(guide: &Guide, values: &Values) -> Vec<Slot> {
    let mut slots = vec![empty_slot(); guide.elements.len()];
    for segment in &guide.segments {
        let first = usize::from(segment.first_element);
        let run = guide.elements_of(segment);
        slots[first..first + run.len()].clone_from_slice(&siblings(run, values));
    }
    slots
}

/// The slots of a segment's elements, or of a composite's components.
fn siblings(run: &[Element], values: &Values) -> Vec<Slot> {
    let before = |index: usize, number: &str| {
        run[..index]
            .iter()
            .rposition(|other| other.data_element == number)
            .map_or(0, |at| at as u8 + 1)
    };
    let slot = |(index, element): (usize, &Element)| {
        let fits = |target: &Target| match target {
            Target::DataElement(number) => element.data_element == *number,
            Target::Label(label) => element.label == *label,
            Target::List(list) => element.list == *list,
        };
        let mut makers = Vec::new();
        for value in values.values.iter().filter(|value| fits(&value.target)) {
            let condition = value.condition.as_ref().map(|(number, codes)| Condition {
                sibling: before(index, number),
                codes: codes.clone(),
            });
            if condition
                .as_ref()
                .is_none_or(|condition| condition.sibling != 0)
            {
                makers.push((condition, value.maker));
            }
        }
        let chained = if values.chain.contains(&element.data_element.as_str()) {
            before(index, &element.data_element)
        } else {
            0
        };
        let omits = makers
            .iter()
            .any(|(_, maker)| matches!(values.makers[usize::from(*maker)], Maker::None));
        Slot {
            makers,
            omits,
            chained,
            ..empty_slot()
        }
    };
    run.iter().enumerate().map(slot).collect()
}
