//! A guide in lines: what may stand in it, loop by loop, for people who look something up.

use std::fmt::Write as _;

use x12_schemas::table::{Element, Guide, Item, Kind, Loop, NONE, Segment, SituationRule, Usage};

/// Codes of an element that are written; of a key that tells uses apart so many.
const CODES: usize = 40;
const KEY_CODES: usize = 4;

/// Where usage, repeats and the rest begin, in columns.
const NAME: usize = 26;
const REPEAT: usize = 7;

/// What of a guide is written.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// A place: a loop, `2300/CLM`, `2300/REF[G1]`, `CLM05-1`; without one the whole guide.
    pub place: Option<Place>,
    /// Elements and components too.
    pub elements: bool,
}

/// A place in a guide, as findings and overlays name it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Place {
    /// The loop; empty: any, or the transaction set.
    loop_id: String,
    /// The segment; empty: the loop itself.
    segment: String,
    /// A code that tells which use of the segment is meant.
    code: String,
    /// The element, from one; 0: the segment itself.
    element: usize,
}

impl Place {
    /// Reads a place; a word alone is a loop if the guide has one of that name.
    pub fn read(text: &str, guide: &Guide) -> Option<Self> {
        let text = text.to_ascii_uppercase();
        let is_loop = |word: &str| {
            guide
                .loops
                .iter()
                .any(|a_loop| a_loop.id.eq_ignore_ascii_case(word))
        };
        let (loop_id, rest) = match text.split_once('/') {
            Some((loop_id, rest)) => (loop_id, rest),
            None if is_loop(&text) => (&*text, ""),
            None => ("", &*text),
        };
        let (reference, code) = match rest.split_once('[') {
            Some((reference, code)) => (reference, code.trim_end_matches(']')),
            None => (rest, ""),
        };
        let reference = reference.split('-').next().unwrap_or_default();
        let known = |id: &str| guide.segments.iter().any(|segment| segment.id == id);
        let (segment, element) = match reference
            .len()
            .checked_sub(2)
            .map(|at| reference.split_at_checked(at))
        {
            Some(Some((id, number))) if known(id) => (id, number.parse().ok()?),
            _ => (reference, 0),
        };
        Some(Self {
            loop_id: loop_id.to_owned(),
            segment: segment.to_owned(),
            code: code.to_owned(),
            element,
        })
    }
}

/// The lines of a guide; nothing if it has no such place.
pub fn outline(guide: &Guide, choice: &Choice) -> String {
    let mut outline = Outline {
        guide,
        elements: choice.elements || choice.place.is_some(),
        only: 0,
        text: String::new(),
    };
    match &choice.place {
        None => outline.items(0, 0),
        Some(place) => outline.place(place),
    }
    outline.text
}

/// The rules of a guide, each name once; of a place, those that are looked at in its loop.
pub fn rules<'g>(guide: &'g Guide, place: Option<&Place>) -> Vec<&'g SituationRule> {
    let mut rules: Vec<&SituationRule> = Vec::new();
    for rule in &guide.rules {
        let is_here = place.is_none_or(|place| {
            let scopes = rule
                .scopes
                .iter()
                .map(|&scope| &guide.loops[usize::from(scope)]);
            let mut ids = scopes.map(|scope| &scope.id);
            ids.any(|id| id.eq_ignore_ascii_case(&place.loop_id))
        });
        if is_here && rules.iter().all(|known| known.id != rule.id) {
            rules.push(rule);
        }
    }
    rules
}

struct Outline<'g> {
    guide: &'g Guide,
    elements: bool,
    /// The only element that is asked for; 0: all.
    only: usize,
    text: String,
}

impl<'g> Outline<'g> {
    /// Every place that fits, each under the path of its loop. What is shared by several loops is the same in all of them.
    fn place(&mut self, place: &Place) {
        self.only = place.element;
        let mut written: Vec<u16> = Vec::new();
        for (index, a_loop) in self.guide.loops.iter().enumerate() {
            let is_named = place.loop_id.eq_ignore_ascii_case(&a_loop.id);
            if place.segment.is_empty() {
                if is_named {
                    return self.looked_up(a_loop, index);
                }
                continue;
            }
            if !is_named && !place.loop_id.is_empty() {
                continue;
            }
            for item in self.guide.items_of(a_loop) {
                let segment = &self.guide.segments[usize::from(item.segment)];
                let fits = segment.id == place.segment && self.tells(segment, &place.code);
                if item.child == NONE && fits && !written.contains(&item.segment) {
                    written.push(item.segment);
                    self.heading(a_loop);
                    self.head(item, segment, 0);
                    self.parts(segment, 1);
                }
            }
        }
    }

    /// A loop by itself: as it stands in what is around it, then what it holds.
    fn looked_up(&mut self, a_loop: &Loop, index: usize) {
        let mut around = self.guide.items.iter();
        if let Some(&item) = around.find(|item| usize::from(item.child) == index) {
            self.child(&item, a_loop, 0);
        }
        self.items(index, 1);
    }

    fn heading(&mut self, a_loop: &Loop) {
        let path = if a_loop.path.is_empty() {
            "the transaction set"
        } else {
            &a_loop.path
        };
        let _ = writeln!(self.text, "in {path}");
    }

    fn items(&mut self, index: usize, depth: usize) {
        let a_loop = &self.guide.loops[index];
        let items = self.guide.items_of(a_loop);
        for (at, item) in items.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| items.get(at));
            let beside = [before, items.get(at + 1)].into_iter().flatten();
            let is_free = beside
                .into_iter()
                .any(|other| other.position == item.position);
            match self.guide.loops.get(usize::from(item.child)) {
                Some(child) => {
                    self.child(item, child, depth);
                    self.free(is_free);
                    self.items(usize::from(item.child), depth + 1);
                }
                None => {
                    let segment = &self.guide.segments[usize::from(item.segment)];
                    self.head(item, segment, depth);
                    self.free(is_free);
                    self.parts(segment, depth + 1);
                }
            }
        }
    }

    /// Says of the last line that it may change places with its neighbours.
    fn free(&mut self, is_free: bool) {
        if is_free {
            self.text.truncate(self.text.trim_end().len());
            self.text.push_str("  (any order)\n");
        }
    }

    fn child(&mut self, item: &Item, child: &Loop, depth: usize) {
        let record = child
            .record
            .map(|record| format!("  (one {})", record.name()));
        let label = format!("{}{}", child.label, record.unwrap_or_default());
        self.line(depth, &child.id, (item.usage, item.max), &label);
    }

    fn head(&mut self, item: &Item, segment: &Segment, depth: usize) {
        let keys = segment
            .keys
            .iter()
            .map(|key| self.codes(key.codes, KEY_CODES));
        let keys: Vec<_> = keys.filter(|codes| !codes.is_empty()).collect();
        let name = match keys.as_slice() {
            [] => segment.id.clone(),
            keys => format!("{} [{}]", segment.id, keys.join("; ")),
        };
        self.line(depth, &name, (item.usage, item.max), &segment.label);
    }

    fn parts(&mut self, segment: &Segment, depth: usize) {
        if !self.elements {
            return;
        }
        for (number, element) in (1..).zip(self.guide.elements_of(segment)) {
            if element.usage == Usage::NotUsed || self.only > 0 && self.only != number {
                continue;
            }
            let name = format!("{}{number:02}", segment.id);
            self.element(&name, element, depth);
            for (number, component) in (1..).zip(self.guide.components_of(element)) {
                if component.usage != Usage::NotUsed {
                    self.element(&format!("{name}-{number}"), component, depth + 1);
                }
            }
        }
    }

    fn element(&mut self, name: &str, element: &Element, depth: usize) {
        let mut words = kind(element);
        if !element.label.is_empty() {
            words = format!("{words:<12} {}", element.label);
        }
        let codes = self.codes(element.codes, CODES);
        if !codes.is_empty() {
            let _ = write!(words, "  {codes}");
        }
        if !element.list.is_empty() {
            let _ = write!(words, "  of the list {}", element.list);
        }
        self.line(
            depth,
            name,
            (element.usage, u32::from(element.repeat)),
            &words,
        );
    }

    fn line(&mut self, depth: usize, name: &str, (usage, max): (Usage, u32), rest: &str) {
        let name = format!("{:indent$}{name}", "", indent = 2 * depth);
        let times = match max {
            0 => "many".to_owned(),
            1 => String::new(),
            max => format!("x{max}"),
        };
        let usage = usage.letter();
        let line = format!("{name:<NAME$} {usage}  {times:<REPEAT$}{rest}");
        let _ = writeln!(self.text, "{}", line.trim_end());
    }

    /// Codes as they are written, up to so many.
    fn codes(&self, index: u16, most: usize) -> String {
        let codes = self.guide.codes_at(index);
        let more = match codes.len().checked_sub(most) {
            Some(more @ 1..) => format!(" and {more} more"),
            _ => String::new(),
        };
        let shown: Vec<_> = codes.iter().take(most).map(String::as_str).collect();
        shown.join(" ") + &more
    }

    /// Whether a code tells this use of a segment.
    fn tells(&self, segment: &Segment, code: &str) -> bool {
        let holds = |codes: u16| {
            let mut codes = self.guide.codes_at(codes).iter();
            codes.any(|known| known.eq_ignore_ascii_case(code))
        };
        code.is_empty() || segment.keys.iter().any(|key| holds(key.codes))
    }
}

/// Type and length: `AN 1..80`, `R ..18`; of a composite its identifier.
fn kind(element: &Element) -> String {
    let kind = match element.kind {
        Kind::Composite => return element.data_element.clone(),
        kind => kind,
    };
    match (element.min, element.max) {
        (least, most) if u32::from(least) == most => format!("{kind} {most}"),
        (least, 0) => format!("{kind} {least}.."),
        (least, most) => format!("{kind} {least}..{most}"),
    }
}
