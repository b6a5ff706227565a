//! Reads clean samples and changes them, one fact at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use acceptance::Document;
use x12_parser::{Code, Options, Visit, visit_slice};
use x12_schemas::table::{Element, Guide, Kind, Rule, Segment, Usage};

use crate::guides::Known;

use super::facts::{Check, Fact, is_changed, is_day, of_segment};

/// A transaction set of a sample, and what is around it.
pub struct Sample {
    guide: Arc<Guide>,
    head: [String; 2],
    /// Segments with the index of their definition.
    segments: Vec<(String, Option<usize>)>,
}

/// A transaction set in which one fact is changed, and what is expected of it.
pub struct Mutation {
    pub check: Check,
    pub set: Vec<String>,
    pub code: Code,
    pub part: (u16, u16),
    /// 0 if it does not matter.
    pub segment: u64,
    pub segment_id: String,
}

impl std::fmt::Debug for Mutation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (element, component) = self.part;
        write!(
            f,
            "{:?} of {} {element}-{component}: expected {}",
            self.check.3,
            self.segment_id,
            self.code.name()
        )
    }
}

/// The transaction sets of a document that go by a guide, if its delimiters are the usual ones.
pub fn read(document: &Document, known: &Known, options: &Options) -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::new();
    let (mut head, mut inside) = ([String::new(), String::new()], false);
    let read = visit_slice(&document.bytes, options, |visit| {
        match visit {
            Visit::OpenSet(found) => {
                let is_it = |found: &Arc<Guide>| (&found.id, &found.set) == (&known.id, &known.set);
                inside = found.is_some_and(is_it);
                samples.extend(found.filter(|_| inside).map(|found| Sample {
                    guide: Arc::clone(found),
                    head: head.clone(),
                    segments: Vec::new(),
                }));
            }
            Visit::CloseSet => inside = false,
            Visit::Segment(visited) => {
                let mut text = String::from_utf8_lossy(visited.segment.bytes()).into_owned();
                text += &data(&text);
                match (text.get(..3), samples.last_mut()) {
                    (Some("ISA"), _) => head[0] = text,
                    (Some("GS*"), _) => head[1] = text,
                    (_, Some(sample)) if inside => {
                        let position = visited.position.as_ref();
                        let definition = position.and_then(|position| position.segment());
                        let index = definition.and_then(|found| {
                            let mut segments = sample.guide.segments.iter();
                            segments.position(|segment| std::ptr::eq(segment, found))
                        });
                        sample.segments.push((text, index));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        Ok(())
    });
    assert!(read.is_ok(), "{}: {read:?}", document.name);
    samples.retain(|sample| sample.head[0].ends_with(":") && sample.head[0].as_bytes()[3] == b'*');
    samples
}

/// Binary data as long as those of a segment, which has none if its length does not fit. Whatever bytes these are, they are told by
/// letters, so that each segment can be changed by itself.
fn data(head: &str) -> String {
    let fields: Vec<&str> = head.split('*').collect();
    let length = match fields.as_slice() {
        ["BIN", length, ""] | ["BDS", _, length, ""] => length.parse().ok(),
        _ => None,
    };
    "X".repeat(length.unwrap_or_default())
}

impl Sample {
    /// A document of transaction sets, numbered anew.
    pub fn document<'a>(&self, sets: impl Iterator<Item = &'a [String]>) -> Vec<u8> {
        let mut text = format!("{}~{}~", self.head[0], self.head[1]);
        let mut count = 0;
        for set in sets {
            count += 1;
            for segment in set {
                let mut fields: Vec<String> = segment.split('*').map(str::to_owned).collect();
                let number = format!("{count:06}");
                match fields[0].as_str() {
                    "ST" => fields[2] = number,
                    "SE" => (fields[1], fields[2]) = (set.len().to_string(), number),
                    _ => {}
                }
                text += &fields.join("*");
                text.push('~');
            }
        }
        let group = self.head[1].split('*').nth(6).unwrap_or_default();
        let interchange = self.head[0].split('*').nth(13).unwrap_or_default();
        text += &format!("GE*{count}*{group}~IEA*1*{interchange}~");
        text.into_bytes()
    }

    /// Segments that the guide knows, each with the index of its definition.
    pub fn segments(&self) -> impl Iterator<Item = (&str, usize)> {
        let segments = self.segments.iter();
        segments.filter_map(|(text, index)| Some((text.as_str(), (*index)?)))
    }

    fn texts(&self) -> Vec<String> {
        self.segments.iter().map(|(text, _)| text.clone()).collect()
    }
}

/// All changes that a transaction set allows, of those that were not tried before.
pub fn mutations(sample: &Sample, tried: &BTreeSet<Check>) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    for (at, (text, index)) in sample.segments.iter().enumerate() {
        let Some(index) = *index else { continue };
        let segment = &sample.guide.segments[index];
        if !is_changed(segment) {
            continue;
        }
        let checks = of_segment(&sample.guide, index, segment);
        for check in checks.into_iter().filter(|check| !tried.contains(check)) {
            let changed = Changer {
                guide: &sample.guide,
                segment,
                text,
                repeats: sample.head[0].contains("*^*"),
            }
            .change(check);
            let Some((code, texts)) = changed else {
                continue;
            };
            let mut set = sample.texts();
            // What lacks is told behind what may stand beside it; what is once too many at the second.
            let segment_at = match check.3 {
                Fact::SegmentRequired => 0,
                Fact::SegmentOnce => at as u64 + 2,
                _ => at as u64 + 1,
            };
            let mut run = at..=at;
            if check.3 == Fact::SegmentRequired {
                // Nothing of its kind may be left in its loop.
                let is_same = |(_, other): &(String, Option<usize>)| *other == Some(index);
                let before = sample.segments[..at]
                    .iter()
                    .rev()
                    .take_while(|it| is_same(it));
                let behind = sample.segments[at..].iter().take_while(|it| is_same(it));
                run = at - before.count()..=at + behind.count() - 1;
            }
            set.splice(run, texts);
            mutations.push(Mutation {
                check,
                set,
                code,
                part: match check.3 {
                    Fact::Elements => (segment.element_count + 1, 0),
                    _ => (check.1.into(), check.2.into()),
                },
                segment: segment_at,
                segment_id: segment.id.clone(),
            });
        }
    }
    mutations
}

/// Changes one segment.
struct Changer<'a> {
    guide: &'a Guide,
    segment: &'a Segment,
    text: &'a str,
    /// Whether the interchange has a repetition separator.
    repeats: bool,
}

impl Changer<'_> {
    /// The segment's texts after a fact is changed, and what is then told; none if the sample does not hold what would be changed.
    fn change(&self, (_, number, component, fact): Check) -> Option<(Code, Vec<String>)> {
        match fact {
            Fact::SegmentRequired => return Some((Code::SegmentMissing, Vec::new())),
            Fact::SegmentOnce => {
                return Some((Code::SegmentTooOften, vec![self.text.to_owned(); 2]));
            }
            Fact::Elements => {
                let missing = usize::from(self.segment.element_count) + 1 - self.fields().len();
                let text = format!("{}{}*X", self.text, "*".repeat(missing));
                let code = Code::ElementsTooMany;
                return Some((code, vec![text]));
            }
            _ => {}
        }
        let element = self
            .guide
            .elements_of(self.segment)
            .get(usize::from(number) - 1)?;
        let (definition, before) = match component.checked_sub(1) {
            None => (element, self.value(number).to_owned()),
            Some(index) => {
                let value = self.value(number);
                let part = value.split(':').nth(usize::from(index)).unwrap_or_default();
                (
                    self.guide.components_of(element).get(usize::from(index))?,
                    part.to_owned(),
                )
            }
        };
        if component > 0 && self.value(number).is_empty() || before.contains('^') {
            return None;
        }
        let (code, after) = self.changed(definition, (number, &before), fact)?;
        // Where a component was all that stood, its element is gone too.
        if component > 0 && after.is_empty() && self.value(number) == before {
            return None;
        }
        Some((code, vec![self.with(number, component, &after)]))
    }

    fn changed(
        &self,
        element: &Element,
        (number, before): (u8, &str),
        fact: Fact,
    ) -> Option<(Code, String)> {
        let stands = !before.is_empty();
        let least = "X".repeat(usize::from(element.min.max(1)));
        Some(match fact {
            Fact::NotUsed if !stands => (
                Code::ElementNotUsed,
                if element.component_count > 0 {
                    "X".to_owned()
                } else {
                    least
                },
            ),
            Fact::Required if stands => (Code::ElementMissing, String::new()),
            Fact::Once if stands && self.repeats => {
                (Code::RepetitionsTooMany, format!("{before}^{before}"))
            }
            Fact::Coded if stands => (Code::ElementCode, self.stranger(element)?),
            Fact::Typed if stands => self.of_no_type(element, before)?,
            Fact::Longest if stands => {
                let most = element.max as usize + 1;
                (Code::ElementTooLong, filler(element).repeat(most))
            }
            Fact::Shortest if stands => (
                Code::ElementTooShort,
                filler(element).repeat(usize::from(element.min) - 1),
            ),
            Fact::Components if stands => {
                let missing = usize::from(element.component_count) + 1 - before.split(':').count();
                (
                    Code::ComponentsTooMany,
                    format!("{before}{}X", ":".repeat(missing)),
                )
            }
            Fact::Noted if stands && self.is_demanded(number) => {
                (Code::ElementConditionMissing, String::new())
            }
            _ => return None,
        })
    }

    /// A value that is none of the codes.
    fn stranger(&self, element: &Element) -> Option<String> {
        let codes = &self.guide.codes[usize::from(element.codes)];
        let fill = filler(element);
        let lengths = element.min.max(1)..=(element.max.min(80) as u16).max(element.min.max(1));
        let mut made = lengths.flat_map(|length| {
            let length = usize::from(length);
            ["Z", "9", "Q", "8", "7"].map(|end| fill.repeat(length - 1) + end)
        });
        let is_number = matches!(element.kind, Kind::Numeric(_) | Kind::Decimal);
        made.find(|value| {
            !codes.contains(value) && (!is_number || value.bytes().all(|b| b.is_ascii_digit()))
        })
    }

    /// A value that is not of the element's type.
    fn of_no_type(&self, element: &Element, before: &str) -> Option<(Code, String)> {
        let digits = before.bytes().filter(u8::is_ascii_digit).count();
        let is_day = match before.as_bytes().get(8) {
            Some(b'-') => (digits, before.len()) == (16, 17),
            _ => digits == before.len() && [8, 12].contains(&digits),
        };
        Some(match element.kind {
            Kind::Date => (Code::ElementDate, "9".repeat(before.len())),
            Kind::Time => (Code::ElementTime, "9".repeat(before.len())),
            // Dates, with a time or without, and periods.
            _ if element.format_by > 0 && is_day => {
                let nines = before.chars().map(|c| if c == '-' { '-' } else { '9' });
                (Code::ElementDate, nines.collect())
            }
            _ if element.format_by > 0 && digits == before.len() && digits == 4 => {
                (Code::ElementTime, "9999".to_owned())
            }
            _ if element.format_by > 0 => return None,
            Kind::Numeric(_) | Kind::Decimal => (Code::ElementCharacter, "X".repeat(before.len())),
            Kind::Id | Kind::An => (Code::ElementCharacter, "`".repeat(before.len())),
            _ => return None,
        })
    }

    /// Whether a note asks for the element, as the segment stands.
    fn is_demanded(&self, number: u8) -> bool {
        let stands = |other: u8| !self.value(other).is_empty();
        self.guide.notes_of(self.segment).iter().any(|note| {
            let is_named = note.elements >> (number - 1) & 1 == 1;
            let others = (1..=64_u8)
                .filter(|other| note.elements >> (other - 1) & 1 == 1 && *other != number);
            match note.rule {
                Rule::Paired => is_named && others.clone().any(stands),
                Rule::Conditional => is_named && note.first != number && stands(note.first),
                _ => false,
            }
        })
    }

    fn fields(&self) -> Vec<&str> {
        self.text.split('*').collect()
    }

    fn value(&self, number: u8) -> &str {
        self.text
            .split('*')
            .nth(usize::from(number))
            .unwrap_or_default()
    }

    /// The segment with another value, without separators at its end.
    fn with(&self, number: u8, component: u8, value: &str) -> String {
        let mut fields: Vec<String> = self.fields().into_iter().map(str::to_owned).collect();
        let number = usize::from(number);
        fields.resize(fields.len().max(number + 1), String::new());
        match usize::from(component).checked_sub(1) {
            None => value.clone_into(&mut fields[number]),
            Some(index) => {
                let mut parts: Vec<&str> = fields[number].split(':').collect();
                parts.resize(parts.len().max(index + 1), "");
                parts[index] = value;
                let joined = parts.join(":");
                joined.trim_end_matches(':').clone_into(&mut fields[number]);
            }
        }
        fields.join("*").trim_end_matches('*').to_owned()
    }
}

/// A character of the element's type.
fn filler(element: &Element) -> &'static str {
    match element.kind {
        Kind::Numeric(_) | Kind::Decimal => "1",
        kind if is_day(kind) => "1",
        _ if element.usage == Usage::NotUsed => "X",
        _ => "X",
    }
}
