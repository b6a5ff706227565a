//! The answers of one kind to the groups of an interchange, 997s or 999s, as they grow: the segments that they are made of.

use crate::acknowledge::AnswerSet;
use crate::acknowledge::collect::Quote;
use crate::acknowledge::compose::Compose;
use crate::acknowledge::header::element;
use crate::acknowledge::quoted::{self, POSITION_MAX, REPETITION_MAX};
use crate::finding::{Finding, Position};

/// Greatest position of a segment that AK302 can name: six digits (data element 719 in 004010).
const SEGMENT_MAX: u64 = 999_999;

/// Most AK4 behind one AK3.
const ELEMENTS_MOST: usize = 99;

/// Most contexts of situations behind an IK3, and behind an IK4 (x12-standard §5.1).
const TRIGGERS_OF_SEGMENT: usize = 9;
const TRIGGERS_OF_ELEMENT: usize = 10;

/// Answers of one kind.
pub(crate) struct Bundle {
    pub(crate) set: AnswerSet,
    pub(crate) compose: Compose,
    /// Header of the first group that they answer.
    pub(crate) gs: Vec<Vec<u8>>,
    /// Groups that have their answer.
    pub(crate) answered: u32,
    /// Bytes composed before the answer in hand.
    begin: usize,
}

impl Bundle {
    /// None yet.
    pub(crate) fn new(set: AnswerSet, compose: Compose) -> Self {
        Self {
            set,
            compose,
            gs: Vec::new(),
            answered: 0,
            begin: 0,
        }
    }

    /// Begins the answer to a group.
    pub(crate) fn open_group(&mut self, gs: &[Vec<u8>]) {
        if self.answered == 0 {
            self.gs = gs.to_vec();
        }
        let (code, guide) = (self.set.code().as_bytes(), self.set.guide().as_bytes());
        let control = self.control();
        let names = [element(gs, 1), element(gs, 6), element(gs, 8)];
        self.compose.segments = 0;
        self.begin = self.compose.bytes.len();
        let header = [code, control.as_bytes(), guide];
        self.compose.segment("ST", self.without_guide(&header));
        self.compose.segment("AK1", self.without_guide(&names));
    }

    /// Begins to speak of a transaction set.
    pub(crate) fn open_set(&mut self, st: &[Vec<u8>]) {
        let names = [element(st, 1), element(st, 2), element(st, 3)];
        self.compose.segment("AK2", self.without_guide(&names));
    }

    /// A 997 names no guide: it stands third in ST, AK1 and AK2 of a 999.
    fn without_guide<'e, 'v>(&self, elements: &'e [&'v [u8]; 3]) -> &'e [&'v [u8]] {
        match self.set {
            AnswerSet::Functional => &elements[..2],
            AnswerSet::Implementation => elements,
        }
    }

    /// Tells findings in the order of their segments: IK3 with its context where one begins, IK4 if an element is concerned; AK3 and
    /// AK4 in a 997.
    pub(crate) fn tell(&mut self, findings: &mut [(Finding, Quote)]) {
        // The sort is stable: what is wrong with one segment stays in the order in which it was found.
        findings.sort_by_key(|(finding, _)| finding.segment);
        let (mut told, mut elements) = (None, 0);
        for (finding, quote) in &*findings {
            // What a 997 has no number for is told by the verdict on its set alone.
            if self.set == AnswerSet::Functional && finding.segment > SEGMENT_MAX {
                break;
            }
            let path = finding.position.as_ref().map(Position::loop_path);
            let code = self.set.segment_code(finding.acknowledgment().ik304);
            let place = (finding.segment, path, code);
            let is_full = self.set == AnswerSet::Functional && elements == ELEMENTS_MOST;
            let is_of_element = is_of_element(finding);
            let has_triggers = !is_of_element && !finding.triggers().is_empty();
            if finding.element == 0 || told != Some(place) || has_triggers || is_full {
                self.tell_segment(finding, quote);
                elements = 0;
            }
            told = Some(place);
            if is_of_element {
                self.tell_element(finding, quote);
                elements += 1;
            }
        }
    }

    fn tell_segment(&mut self, finding: &Finding, quote: &Quote) {
        // A segment without an identifier cannot be named, yet IK301 is required: these letters are no segment of X12.
        let id = quoted::segment_id(finding, quote).unwrap_or(b"ZZZ");
        let code = self.set.segment_code(finding.acknowledgment().ik304);
        self.compose.segment(
            self.set.of_segment(),
            &[
                id,
                finding.segment.to_string().as_bytes(),
                &quoted::loop_id(finding.position.as_ref()),
                code.as_bytes(),
            ],
        );
        if self.set == AnswerSet::Functional {
            return;
        }
        quoted::tell_unit(&mut self.compose, quote);
        // Both stand at one position of the standard, in any order; pyx12 takes them in this one alone.
        if !is_of_element(finding) {
            quoted::tell_triggers(&mut self.compose, finding, TRIGGERS_OF_SEGMENT);
        }
    }

    fn tell_element(&mut self, finding: &Finding, quote: &Quote) {
        // What its place cannot name is told by its segment alone.
        if finding.element > POSITION_MAX {
            return;
        }
        // Before 00402 nothing repeats: a 997 has no place for it.
        let repetition_max = match self.set {
            AnswerSet::Functional => 0,
            AnswerSet::Implementation => REPETITION_MAX,
        };
        let place = [finding.element, finding.component, finding.repetition];
        let place = quoted::place(&self.compose, place, repetition_max);
        let copy = quoted::copy(&self.compose, quote);
        let code = self.set.element_code(finding.acknowledgment().ik403);
        self.compose.segment(
            self.set.of_element(),
            &[&place, quote.data_element.as_bytes(), code.as_bytes(), copy],
        );
        if self.set == AnswerSet::Implementation {
            quoted::tell_triggers(&mut self.compose, finding, TRIGGERS_OF_ELEMENT);
        }
    }

    /// The verdict on a transaction set: IK501 or AK501 and its codes.
    pub(crate) fn close_set(&mut self, words: &[&str]) {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        self.compose.segment(self.set.of_set(), &words);
    }

    /// The verdict on a group, the elements of AK9; ends its answer.
    pub(crate) fn close_group(&mut self, elements: &[&[u8]]) {
        self.compose.segment("AK9", elements);
        let (segments, control) = ((self.compose.segments + 1).to_string(), self.control());
        self.compose
            .segment("SE", &[segments.as_bytes(), control.as_bytes()]);
        self.answered += 1;
    }

    /// The group gets no answer.
    pub(crate) fn drop_group(&mut self) {
        self.compose.bytes.truncate(self.begin);
    }

    /// ST02 of the answer in hand.
    fn control(&self) -> String {
        format!("{:04}", self.answered + 1)
    }
}

/// Whether what is wrong is told of an element.
fn is_of_element(finding: &Finding) -> bool {
    finding.element > 0 && !finding.acknowledgment().ik403.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delimiters::Delimiters;
    use crate::finding::Code;

    /// What is told of faults in these segments and elements: how many of each segment.
    fn told(set: AnswerSet, faults: impl Iterator<Item = (u64, u16)>) -> [usize; 2] {
        let finding = |(segment, element)| Finding {
            code: Code::ElementCharacter,
            severity: Code::ElementCharacter.severity(),
            offset: 0,
            length: 0,
            interchange: 1,
            group: 1,
            set: 1,
            segment,
            position: None,
            element,
            component: 0,
            repetition: 0,
            identity: Default::default(),
            rule: x12_schemas::table::NONE,
            triggers: Vec::new(),
        };
        let mut findings: Vec<_> = faults
            .map(|fault| (finding(fault), Quote::default()))
            .collect();
        let mut bundle = Bundle::new(set, Compose::new(&Delimiters::default(), true));
        bundle.tell(&mut findings);
        let text = String::from_utf8_lossy(&bundle.compose.bytes).into_owned();
        [set.of_segment(), set.of_element()].map(|id| text.matches(id).count())
    }

    #[test]
    fn a_997_tells_of_99_elements_behind_one_segment() {
        let faults = || (0..200).map(|number| (2, number % 90 + 1));
        assert_eq!(told(AnswerSet::Functional, faults()), [3, 200]);
        assert_eq!(told(AnswerSet::Implementation, faults()), [1, 200]);
    }

    #[test]
    fn a_997_tells_nothing_of_segments_that_it_cannot_number() {
        let faults = || [(SEGMENT_MAX, 1), (SEGMENT_MAX + 1, 1)].into_iter();
        assert_eq!(told(AnswerSet::Functional, faults()), [1, 1]);
        assert_eq!(told(AnswerSet::Implementation, faults()), [2, 2]);
    }
}
