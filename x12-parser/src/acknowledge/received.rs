//! The account of one received interchange: its note for the TA1, and the 999s of its groups as they grow.

use crate::acknowledge::AcknowledgmentOptions;
use crate::acknowledge::collect::{Item, Quote};
use crate::acknowledge::compose::Compose;
use crate::acknowledge::verdict::{Decided, Opened, Verdict};
use crate::delimiters::Delimiters;
use crate::finding::{Finding, Position};
use crate::limits::Limits;

/// Greatest position of an element or component that IK401 can name: two digits (data elements 722 and 1528).
const POSITION_MAX: u16 = 99;

/// Greatest repetition that IK401 can name: four digits (data element 1686).
const REPETITION_MAX: u16 = 9999;

/// The guide by which a 999 is written.
pub(crate) const GUIDE: &[u8] = b"005010X231A1";

/// Longest loop identifier that IK303 takes (data element 447).
const LOOP_ID_BYTES: usize = 4;

/// Most codes in IK502 to IK506, and in AK905 to AK909.
const CODES: usize = 5;

/// Notes with which an interchange is accepted (x12-standard §4, with our own severities): all others reject it.
const ACCEPTED_NOTES: [&str; 3] = ["002", "003", "019"];

/// The interchange that is being answered.
pub(crate) struct Received {
    isa: Vec<Vec<u8>>,
    first_gs: Vec<Vec<u8>>,
    pub(crate) compose: Compose,
    /// TA104 and TA105 so far.
    pub(crate) note: Option<(&'static str, &'static str)>,
    /// Whether acknowledgments were received (TA1 segments, FA groups), and whether anything else was.
    pub(crate) holds_answers: bool,
    pub(crate) holds_others: bool,
    group: Option<Group>,
    set: Option<Set>,
    /// Groups that have their 999.
    pub(crate) answered: u32,
    opened: Opened,
}

/// The group that is being answered.
#[derive(Default)]
struct Group {
    ge01: Vec<u8>,
    received: u64,
    known: u64,
    accepted: u64,
    codes: Vec<&'static str>,
    /// Whether its header has faults that no code names.
    faulty: bool,
}

/// The transaction set that is being answered.
#[derive(Default)]
struct Set {
    known: bool,
    rejected: bool,
    codes: Vec<&'static str>,
    /// What is wrong in its segments, in the order in which it was found.
    findings: Vec<(Finding, Quote)>,
    /// Bytes and segments composed before it.
    begin: (usize, u64),
}

impl Received {
    /// The interchange of this ordinal.
    pub(crate) fn new(ordinal: u32, isa: Vec<Vec<u8>>, delimiters: &Delimiters) -> Self {
        Self {
            isa,
            first_gs: Vec::new(),
            compose: Compose::new(delimiters),
            note: None,
            holds_answers: false,
            holds_others: false,
            group: None,
            set: None,
            answered: 0,
            opened: Opened::new(ordinal),
        }
    }

    /// An element of the interchange header, from one.
    pub(crate) fn isa(&self, number: usize) -> &[u8] {
        element(&self.isa, number)
    }

    /// An element of the first group's header, from one.
    pub(crate) fn first_gs(&self, number: usize) -> &[u8] {
        element(&self.first_gs, number)
    }

    /// Whether it is rejected, as far as is known.
    pub(crate) fn is_rejected(&self) -> bool {
        self.note.is_some_and(|(code, _)| code == "R")
    }

    /// Takes what comes next; gives the decision about what ends with it.
    pub(crate) fn item<N>(
        &mut self,
        item: Item,
        how: &AcknowledgmentOptions<N>,
        limits: &Limits,
    ) -> Option<Decided> {
        match item {
            Item::Interchange { .. } | Item::CloseInterchange => {}
            Item::Service => self.holds_answers = true,
            Item::OpenGroup => self.opened.open_group(),
            Item::Group { gs } => self.open_group(&gs),
            Item::GroupTrailer { ge01 } => {
                if let Some(group) = &mut self.group {
                    group.ge01 = ge01;
                }
            }
            Item::OpenSet { known } => {
                self.opened.open_set();
                let begin = (self.compose.bytes.len(), self.compose.segments);
                self.set = self.group.is_some().then(|| Set {
                    known,
                    begin,
                    ..Set::default()
                });
            }
            Item::Set { st } => {
                self.opened.name_set([element(&st, 1), element(&st, 2)]);
                if self.set.is_some() {
                    self.compose
                        .segment("AK2", &[element(&st, 1), element(&st, 2), element(&st, 3)]);
                }
            }
            Item::Finding { finding, quote } => self.finding(finding, quote, limits),
            Item::CloseSet => {
                let verdict = self.verdict();
                self.close_set(
                    how.list_accepted && self.compose.bytes.len() < limits.acknowledgment_bytes,
                );
                return Some(self.opened.close_set(verdict));
            }
            Item::CloseGroup => {
                let composed = self.close_group();
                return Some(self.opened.close_group(composed));
            }
        }
        None
    }

    /// The document broke off: what is open is rejected, unless a note says so already. Gives what is to be decided yet.
    pub(crate) fn break_off(&mut self) -> Vec<Item> {
        if !self.is_rejected() {
            self.note = Some(("R", "024"));
        }
        let mut open = Vec::new();
        if self.opened.is_in_set() {
            self.set_code("2");
            open.push(Item::CloseSet);
        }
        if self.opened.is_in_group() {
            self.group_code("3");
            open.push(Item::CloseGroup);
        }
        open
    }

    /// What is said of the open transaction set.
    fn verdict(&self) -> Verdict {
        match &self.set {
            Some(set) if !set.rejected => Verdict::Accepted,
            None if self.opened.answers => Verdict::NotAnswered,
            // Without a group's header its interchange is rejected.
            _ => Verdict::Rejected,
        }
    }

    fn open_group(&mut self, gs: &[Vec<u8>]) {
        self.opened
            .name_group([element(gs, 1), element(gs, 6), element(gs, 8)]);
        if self.opened.answers {
            self.holds_answers = true;
            return;
        }
        self.holds_others = true;
        if self.answered == 0 {
            self.first_gs = gs.to_vec();
        }
        let control = format!("{:04}", self.answered + 1);
        self.compose.segments = 0;
        self.compose
            .segment("ST", &[b"999", control.as_bytes(), GUIDE]);
        self.compose
            .segment("AK1", &[element(gs, 1), element(gs, 6), element(gs, 8)]);
        self.group = Some(Group::default());
    }

    fn finding(&mut self, finding: Finding, quote: Quote, limits: &Limits) {
        let codes = finding.acknowledgment();
        let id = finding
            .position
            .as_ref()
            .and_then(|position| position.segment_id())
            .unwrap_or_default();
        match (self.set.is_some(), id) {
            _ if !codes.ta105.is_empty() => self.note(codes.ta105),
            _ if !codes.ak905.is_empty() => self.group_code(codes.ak905),
            (true, _) if !codes.ik502.is_empty() => self.set_code(codes.ik502),
            (true, _) if !codes.ik304.is_empty() => self.keep(finding, quote, limits),
            (false, "GS") => {
                if let Some(group) = &mut self.group {
                    group.faulty = true;
                }
            }
            _ => {}
        }
    }

    /// The gravest note wins; among equals the first.
    fn note(&mut self, note: &'static str) {
        let code = if ACCEPTED_NOTES.contains(&note) {
            "E"
        } else {
            "R"
        };
        if self
            .note
            .is_none_or(|(before, _)| before == "E" && code == "R")
        {
            self.note = Some((code, note));
        }
    }

    fn group_code(&mut self, code: &'static str) {
        if let Some(group) = &mut self.group {
            add(&mut group.codes, code);
        }
    }

    fn set_code(&mut self, code: &'static str) {
        if let Some(set) = &mut self.set {
            set.rejected = true;
            add(&mut set.codes, code);
        }
    }

    /// Keeps what is wrong in a segment until the set ends, for what is wrong before it may be found later.
    fn keep(&mut self, finding: Finding, quote: Quote, limits: &Limits) {
        if let Some(set) = &mut self.set {
            set.rejected = true;
            add(&mut set.codes, "5");
            if set.findings.len() < limits.findings_per_set {
                set.findings.push((finding, quote));
            }
        }
    }

    /// Tells findings in the order of their segments: IK3 with its context where one begins, IK4 if an element is concerned.
    fn tell(&mut self, findings: &mut [(Finding, Quote)]) {
        // The sort is stable: what is wrong with one segment stays in the order in which it was found.
        findings.sort_by_key(|(finding, _)| finding.segment);
        let mut told = None;
        for (finding, quote) in &*findings {
            let path = finding.position.as_ref().map(Position::loop_path);
            let place = (finding.segment, path, finding.acknowledgment().ik304);
            if finding.element == 0 || told != Some(place) {
                self.tell_segment(finding, quote);
            }
            told = Some(place);
            if finding.element > 0 && !finding.acknowledgment().ik403.is_empty() {
                self.tell_element(finding, quote);
            }
        }
    }

    fn tell_segment(&mut self, finding: &Finding, quote: &Quote) {
        let position = finding.position.as_ref();
        let known = position
            .and_then(|position| position.segment_id())
            .unwrap_or_default();
        let id = if known.is_empty() {
            quote.segment_id.as_slice()
        } else {
            known.as_bytes()
        };
        // A segment without an identifier cannot be named, yet IK301 is required: these letters are no segment of X12.
        let id = if id.len() >= 2 && id.iter().all(u8::is_ascii_alphanumeric) {
            id
        } else {
            b"ZZZ"
        };
        let loop_id: Vec<u8> = position
            .map_or("", |position| position.loop_id())
            .bytes()
            .take(LOOP_ID_BYTES)
            .collect();
        let code = finding.acknowledgment().ik304;
        self.compose.segment(
            "IK3",
            &[
                id,
                finding.segment.to_string().as_bytes(),
                &loop_id,
                code.as_bytes(),
            ],
        );
        let unit = quote
            .unit
            .as_ref()
            .filter(|(_, value)| !value.is_empty() && self.compose.takes(value));
        if let Some((name, value)) = unit {
            let unit = self.compose.join(&[name.as_bytes(), value]);
            self.compose.segment("CTX", &[&unit]);
        }
    }

    fn tell_element(&mut self, finding: &Finding, quote: &Quote) {
        // What its place cannot name is told by its segment alone.
        if finding.element > POSITION_MAX {
            return;
        }
        let number = |ordinal: u16, most: u16| match ordinal {
            0 => String::new(),
            ordinal if ordinal > most => String::new(),
            ordinal => ordinal.to_string(),
        };
        let parts = [
            number(finding.element, POSITION_MAX),
            number(finding.component, POSITION_MAX),
            number(finding.repetition, REPETITION_MAX),
        ];
        let place = self
            .compose
            .join(&parts.each_ref().map(|part| part.as_bytes()));
        let copy: &[u8] = if self.compose.takes(&quote.value) {
            &quote.value
        } else {
            &[]
        };
        let code = finding.acknowledgment().ik403;
        self.compose.segment(
            "IK4",
            &[&place, quote.data_element.as_bytes(), code.as_bytes(), copy],
        );
    }

    fn close_set(&mut self, listing: bool) {
        let Some(mut set) = self.set.take() else {
            return;
        };
        self.tell(&mut set.findings);
        let Some(group) = &mut self.group else {
            return;
        };
        group.received += 1;
        group.known += u64::from(set.known);
        if set.rejected {
            let codes: Vec<&[u8]> = [b"R".as_slice()]
                .into_iter()
                .chain(set.codes.iter().map(|code| code.as_bytes()))
                .collect();
            return self.compose.segment("IK5", &codes);
        }
        group.accepted += 1;
        if listing {
            self.compose.segment("IK5", &[b"A"]);
        } else {
            self.compose.bytes.truncate(set.begin.0);
            self.compose.segments = set.begin.1;
        }
    }

    /// Ends the group's 999; gives AK901 and how many transaction sets are accepted.
    fn close_group(&mut self) -> Option<(&'static str, u64)> {
        let mut group = self.group.take()?;
        if group.known == 0 && group.received > 0 {
            add(&mut group.codes, "2");
        }
        if !group.codes.is_empty() {
            group.accepted = 0;
        }
        let code = match (group.accepted, group.codes.is_empty()) {
            (_, false) => "R",
            (accepted, _) if accepted == group.received => {
                if group.faulty {
                    "E"
                } else {
                    "A"
                }
            }
            (0, _) => "R",
            _ => "P",
        };
        let (received, accepted) = (group.received.to_string(), group.accepted.to_string());
        let included = if crate::walk::number(&group.ge01).is_some() {
            group.ge01.as_slice()
        } else {
            received.as_bytes()
        };
        let mut elements = vec![
            code.as_bytes(),
            included,
            received.as_bytes(),
            accepted.as_bytes(),
        ];
        elements.extend(group.codes.iter().map(|code| code.as_bytes()));
        self.compose.segment("AK9", &elements);
        self.answered += 1;
        let (segments, control) = (
            (self.compose.segments + 1).to_string(),
            format!("{:04}", self.answered),
        );
        self.compose
            .segment("SE", &[segments.as_bytes(), control.as_bytes()]);
        Some((code, group.accepted))
    }
}

/// An element by its number, from one; empty if it does not stand.
fn element(elements: &[Vec<u8>], number: usize) -> &[u8] {
    elements
        .get(number.wrapping_sub(1))
        .map_or(&[], Vec::as_slice)
}

/// Adds a code, once, and no more than there is room for.
fn add(codes: &mut Vec<&'static str>, code: &'static str) {
    if codes.len() < CODES && !codes.contains(&code) {
        codes.push(code);
    }
}
