//! Writes one segment: its elements, their components, their values.

use x12_schemas::table::{Element, Filled, Kind, NONE, Usage};

use super::book::{Pot, round};
use super::calendar::{Day, amount, digits};
use super::document::Author;
use super::model::{Condition, Role, Slot};
use super::profile::Maker;

/// Where the siblings of a value stand in the buffer, and how they look in the guide.
#[derive(Clone, Copy)]
struct Among<'s> {
    spans: &'s [(u32, u32)],
    /// Which of them this is, from zero.
    index: usize,
    /// A number that belongs to this place: what a pointer points to.
    pointer: u64,
}

/// Elements or components that are looked at.
pub(super) const SIBLINGS: usize = 64;
/// Components of an element; the standard's composites have at most fifteen.
const COMPONENTS: usize = 16;

impl<'a> Author<'a> {
    /// Writes the elements of a segment, without its terminator.
    pub(super) fn elements(&mut self, definition: u16, parent: u64, children: bool) {
        let model = self.model;
        let segment = &model.guide.segments[usize::from(definition)];
        let present = self.presence(definition, parent);
        self.buffer.extend_from_slice(segment.id.as_bytes());
        if model.segments[usize::from(definition)].counted {
            self.pointed = u64::from(present.count_ones());
        }
        let mut spans = [(0, 0); SIBLINGS];
        let mut written = 0;
        let first = usize::from(segment.first_element);
        if model.segments[usize::from(definition)].shared {
            self.begin_figures(first, present);
        }
        let mut left = present;
        while left != 0 {
            let index = left.trailing_zeros() as usize;
            left &= left - 1;
            self.buffer
                .extend_from_slice(&[b'*'; SIBLINGS][..index + 1 - written]);
            written = index + 1;
            let start = self.buffer.len() as u32;
            let is_length = model.guide.elements[first + index].filled == Filled::Length;
            if is_length {
                let among = Among {
                    spans: &spans,
                    index: index + 1,
                    pointer: 0,
                };
                self.length(first + index + 1, among);
                spans[index] = (start, self.buffer.len() as u32);
                continue;
            }
            match (segment.hierarchical, index) {
                (true, 0) => self.number(self.hierarchy),
                (true, 1) => self.number(parent),
                (true, 3) => self.buffer.push(b'0' + u8::from(children)),
                _ => self.element(
                    first + index,
                    Among {
                        spans: &spans,
                        index,
                        pointer: 0,
                    },
                ),
            }
            spans[index] = (start, self.buffer.len() as u32);
        }
    }

    /// Makes binary data, which are written next, and writes how long they are.
    fn length(&mut self, at: usize, among: Among<'_>) {
        let begin = self.buffer.len();
        self.element(at, among);
        self.data = self.buffer.split_off(begin);
        self.number(self.data.len() as u64);
    }

    fn number(&mut self, number: u64) {
        digits(number, 1, &mut self.buffer);
    }

    fn element(&mut self, at: usize, among: Among<'_>) {
        let model = self.model;
        let element = &model.guide.elements[at];
        if !self.data.is_empty() {
            return self.buffer.append(&mut self.data);
        }
        if element.component_count == 0 {
            let chosen = self.chosen[among.index];
            return self.value(element, &model.elements[at], chosen, among);
        }
        self.composite(element);
        if element.repeat != 1 && !model.elements[at].once && self.random.chance(self.odds.unusual)
        {
            self.buffer.push(b'^');
            self.composite(element);
        }
    }

    fn composite(&mut self, element: &Element) {
        let model = self.model;
        let first = usize::from(element.first_component);
        let present = self.components(first, usize::from(element.component_count));
        // Pointers go up from the first, none beyond what there is to point to.
        let shift = self
            .random
            .below((self.pointed + 1).saturating_sub(u64::from(present.count_ones())));
        let mut spans = [(0, 0); COMPONENTS];
        let (mut left, mut written) = (present, 0);
        while left != 0 {
            let index = left.trailing_zeros() as usize;
            left &= left - 1;
            self.buffer
                .extend_from_slice(&[b':'; COMPONENTS][..index - written]);
            written = index;
            let start = self.buffer.len() as u32;
            let (component, slot) = (
                &model.guide.components[first + index],
                &model.components[first + index],
            );
            let chosen = self.code(model.elements.len() + first + index, component.codes, slot);
            self.value(
                component,
                slot,
                chosen,
                Among {
                    spans: &spans,
                    index,
                    pointer: index as u64 + 1 + shift,
                },
            );
            spans[index] = (start, self.buffer.len() as u32);
        }
    }

    /// Which components stand; at least one does.
    fn components(&mut self, first: usize, count: usize) -> u64 {
        let model = self.model;
        let (mut present, mut usable) = (0_u64, 0_u64);
        for index in 0..count.min(COMPONENTS) {
            let (component, slot) = (
                &model.guide.components[first + index],
                &model.components[first + index],
            );
            if component.usage == Usage::NotUsed {
                continue;
            }
            usable |= 1 << index;
            let pointer = slot.makers.first().is_some_and(|(_, maker)| {
                matches!(model.makers[usize::from(*maker)], Maker::Pointer)
            });
            let gap = slot.chained != 0 && present & (1 << (slot.chained - 1)) == 0
                || pointer && index as u64 >= self.pointed;
            if component.usage == Usage::Required
                || !gap && self.random.chance(self.odds.components[first + index])
            {
                present |= 1 << index;
            }
        }
        if present == 0 {
            usable & usable.wrapping_neg()
        } else {
            present
        }
    }

    /// Chooses a code for an element or component: a usual one, or the next of all; [`NONE`] where there are none.
    pub(super) fn code(&mut self, cycle: usize, codes: u16, slot: &Slot) -> u16 {
        let Some(codes) = self.model.guide.codes.get(usize::from(codes)) else {
            return NONE;
        };
        let drawn = || codes.iter().position(|code| code == self.drawn);
        if let Some(drawn) = slot.drawn.then(drawn).flatten() {
            return drawn as u16;
        }
        let mut bound = slot.bound.iter();
        if let Some((_, codes)) = bound.find(|(drawn, _)| drawn.contains(&self.drawn)) {
            return self.random.pick(codes).copied().unwrap_or(NONE);
        }
        if let Some(&usual) = self.random.pick(&slot.prefer)
            && !self.random.chance(self.odds.unusual)
        {
            return usual;
        }
        let mut code = 0;
        for _ in 0..=slot.avoid.len() {
            self.cycles[cycle] = self.cycles[cycle].wrapping_add(1);
            code = (self.cycles[cycle] % codes.len().max(1) as u32) as u16;
            if !slot.avoid.contains(&code) {
                break;
            }
        }
        code
    }

    fn value(&mut self, element: &Element, slot: &Slot, chosen: u16, among: Among<'_>) {
        let model = self.model;
        if let Some(role) = slot.role {
            let figure = self.figure(role);
            return amount(figure, &mut self.buffer);
        }
        let start = self.buffer.len();
        let maker = self.maker(slot, among);
        if let Some(codes) = model.guide.codes.get(usize::from(element.codes))
            && !matches!(maker, Some(Maker::Pointer))
        {
            let code = codes.get(usize::from(chosen)).map_or("", String::as_str);
            return self.buffer.extend_from_slice(code.as_bytes());
        }
        match maker {
            Some(maker) => self.make(maker, element, among),
            None => self.plain(element, among),
        }
        self.fit(element, start);
    }

    /// The first way to make a value whose condition holds.
    fn maker(&self, slot: &Slot, among: Among<'_>) -> Option<&'a Maker> {
        let holds = |condition: &Condition| {
            let Some(sibling) = condition.sibling.checked_sub(1) else {
                return condition.codes.contains(&self.drawn);
            };
            let (from, to) = among.spans[usize::from(sibling)];
            let value = &self.buffer[from as usize..to as usize];
            condition.codes.iter().any(|code| code.as_bytes() == value)
        };
        let found = slot
            .makers
            .iter()
            .find(|(condition, _)| condition.as_ref().is_none_or(holds));
        found.map(|(_, maker)| &self.model.makers[usize::from(*maker)])
    }

    fn make(&mut self, maker: &Maker, element: &Element, among: Among<'_>) {
        match maker {
            Maker::None => {}
            Maker::Pick(patterns) => {
                if let Some(pattern) = self.random.pick(patterns) {
                    self.expand(pattern);
                }
            }
            Maker::Npi => self.npi(),
            Maker::Amount(least, most) => {
                let cents = self.random.range(*least, *most);
                amount(round(cents as i64).max(1), &mut self.buffer);
            }
            Maker::Number(least, most) => {
                let number = self.random.range(*least, *most);
                digits(number, usize::from(element.min), &mut self.buffer);
            }
            Maker::Day | Maker::Stay | Maker::Before | Maker::Born | Maker::Today => {
                self.date(maker, element, among)
            }
            Maker::Time => {
                let time = self.time();
                let width = if element.max >= 6 && element.min > 4 {
                    6
                } else {
                    4
                };
                digits(
                    if width == 4 { time / 100 } else { time },
                    width,
                    &mut self.buffer,
                );
            }
            Maker::Serial(pattern) => {
                self.serial += 1;
                self.expand(pattern);
                digits(self.serial, 6, &mut self.buffer);
            }
            Maker::Ordinal => self.number(self.ordinal),
            Maker::Pointer => self.number(among.pointer.clamp(1, self.pointed.max(1))),
            Maker::Records => self.number(self.records_of_set),
            Maker::Bytes(least, most) => {
                for _ in 0..self.random.range(*least, *most) {
                    let byte = self.random.below(256) as u8;
                    self.buffer.push(byte);
                }
            }
        }
    }

    /// A value of which nothing is known but its type.
    fn plain(&mut self, element: &Element, among: Among<'_>) {
        match element.kind {
            Kind::Numeric(_) => self.make(&Maker::Number(1, 9), element, among),
            Kind::Decimal => self.make(&Maker::Amount(100, 9900), element, among),
            Kind::Date => self.make(&Maker::Before, element, among),
            Kind::Time => self.make(&Maker::Time, element, among),
            _ if element.format_by != 0 => self.make(&Maker::Before, element, among),
            _ => self.expand(b"EX##"),
        }
    }

    /// A date in the format that a sibling names.
    fn date(&mut self, maker: &Maker, element: &Element, among: Among<'_>) {
        let day = match maker {
            Maker::Today => self.today,
            Maker::Born => Day(self.today.0 - 400 - self.random.below(32_000) as i64),
            Maker::Day => Day(self.day.0 + self.random.below(2) as i64),
            Maker::Stay => self.day,
            _ => Day(self.day.0 - 1 - self.random.below(300) as i64),
        };
        let time = self.time();
        // 4: no service ends later, see below.
        let to = match maker {
            Maker::Stay => 4,
            _ => self.random.below(4) as i64,
        };
        let to = Day(day.0 + to);
        let (from, until) = match usize::from(element.format_by) {
            0 => (0, 0),
            by => among.spans[by - 1],
        };
        let mut format = [0; 3];
        let named = &self.buffer[from as usize..until as usize];
        let length = named.len().min(format.len());
        format[..length].copy_from_slice(&named[..length]);
        if element.max == 6 {
            return day.write_short(&mut self.buffer);
        }
        day.write_as(&format[..length], to, time, &mut self.buffer);
    }

    fn time(&mut self) -> u64 {
        let second = self.random.below(86_400);
        second / 3600 * 10_000 + second / 60 % 60 * 100 + second % 60
    }

    /// Writes a pattern: `#` is a digit, `%` a letter.
    fn expand(&mut self, pattern: &[u8]) {
        for &byte in pattern {
            let byte = match byte {
                b'#' => b'0' + self.random.below(10) as u8,
                b'%' => b'A' + self.random.below(26) as u8,
                byte => byte,
            };
            self.buffer.push(byte);
        }
    }

    /// Ten digits of which the last checks the others: Luhn's formula over 80840 and the first nine.
    fn npi(&mut self) {
        let first = 100_000_000 + self.random.below(100_000_000);
        // 24: what the prefix 80840 adds to the sum.
        let mut sum = 24;
        let mut left = first;
        for place in 0..9 {
            let digit = left % 10;
            left /= 10;
            let doubled = if place % 2 == 0 { digit * 2 } else { digit };
            sum += doubled / 10 + doubled % 10;
        }
        digits(first * 10 + (10 - sum % 10) % 10, 10, &mut self.buffer);
    }

    /// Brings a text to the lengths that the guide allows.
    fn fit(&mut self, element: &Element, start: usize) {
        if !matches!(element.kind, Kind::Id | Kind::An) {
            return;
        }
        if element.max != 0 {
            self.buffer
                .truncate(start + (element.max as usize).min(self.buffer.len() - start));
        }
        while self.buffer.last() == Some(&b' ') {
            self.buffer.pop();
        }
        while self.buffer.len() < start + usize::from(element.min) {
            self.buffer.push(b'X');
        }
    }

    /// Sets aside what the figures of this segment share.
    fn begin_figures(&mut self, first: usize, present: u64) {
        let slots = &self.model.elements[first..];
        let count = |role| {
            (0..SIBLINGS.min(slots.len()))
                .filter(|&index| present >> index & 1 == 1 && slots[index].role == Some(role))
                .count() as u64
        };
        let (adjusted, withheld) = (count(Role::Adjusted), count(Role::Withheld));
        let Some(book) = self.books.last_mut() else {
            return;
        };
        let pot = if adjusted > 0 {
            &mut book.own
        } else {
            &mut book.withheld
        };
        self.figures = Pot {
            left: pot.take(&mut self.random),
            parts: adjusted + withheld,
        };
    }

    fn figure(&mut self, role: Role) -> i64 {
        let Some(book) = self.books.last() else {
            return 0;
        };
        match role {
            Role::Charge => book.charge,
            Role::Paid => book.paid,
            Role::Part => round(self.random.below(book.adjusted.max(0) as u64 + 1) as i64),
            Role::Adjusted | Role::Withheld => self.figures.take(&mut self.random),
        }
    }
}
