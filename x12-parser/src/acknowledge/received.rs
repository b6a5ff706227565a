//! The account of one received interchange: its note for the TA1, and what is to be said of its groups and their transaction sets.

use crate::acknowledge::bundle::Bundle;
use crate::acknowledge::collect::{Item, Quote};
use crate::acknowledge::compose::Compose;
use crate::acknowledge::records::Tracker;
use crate::acknowledge::verdict::{Decided, Opened, Verdict};
use crate::acknowledge::{AcknowledgmentOptions, AnswerSet, Rejects};
use crate::delimiters::Delimiters;
use crate::finding::Finding;
use crate::limits::Limits;

/// The version of the control segments (ISA12) of an answer to an interchange whose own is none.
const VERSION: &[u8] = b"00501";

/// Most codes in IK502 to IK506, AK502 to AK506, and AK905 to AK909.
const CODES: usize = 5;

/// Notes with which an interchange is accepted (x12-standard §4, with our own severities): all others reject it.
const ACCEPTED_NOTES: [&str; 3] = ["002", "003", "019"];

/// The interchange that is being answered.
pub(crate) struct Received {
    isa: Vec<Vec<u8>>,
    delimiters: Delimiters,
    functional: Bundle,
    implementation: Bundle,
    /// TA104 and TA105 so far.
    pub(crate) note: Option<(&'static str, &'static str)>,
    /// Whether acknowledgments were received (TA1 segments, FA groups), and whether anything else was.
    pub(crate) holds_answers: bool,
    pub(crate) holds_others: bool,
    group: Option<Group>,
    set: Option<Set>,
    opened: Opened,
}

/// The group that is being answered.
struct Group {
    answer: AnswerSet,
    ge01: Vec<u8>,
    received: u64,
    known: u64,
    accepted: u64,
    codes: Vec<&'static str>,
    /// Whether its header has faults that no code names, or one of its transaction sets is accepted with errors.
    faulty: bool,
}

/// The transaction set that is being answered.
#[derive(Default)]
struct Set {
    known: bool,
    rejected: bool,
    /// Whether something is wrong for which only records are rejected.
    faulty: bool,
    /// What becomes of its records, if its guide has any.
    tracker: Option<Tracker>,
    codes: Vec<&'static str>,
    /// What is wrong in its segments, in the order in which it was found.
    findings: Vec<(Finding, Quote)>,
    /// Bytes and segments composed before it.
    begin: (usize, u64),
}

impl Received {
    /// The interchange of this ordinal.
    pub(crate) fn new(ordinal: u32, isa: Vec<Vec<u8>>, delimiters: &Delimiters) -> Self {
        let repeats = repeats(version(element(&isa, 12)));
        let bundle = |set| Bundle::new(set, Compose::new(delimiters, repeats));
        Self {
            isa,
            delimiters: *delimiters,
            functional: bundle(AnswerSet::Functional),
            implementation: bundle(AnswerSet::Implementation),
            note: None,
            holds_answers: false,
            holds_others: false,
            group: None,
            set: None,
            opened: Opened::new(ordinal),
        }
    }

    /// An element of the interchange header, from one.
    pub(crate) fn isa(&self, number: usize) -> &[u8] {
        element(&self.isa, number)
    }

    /// The version of the answer's control segments, ISA12: that of the received ones, if it is one.
    pub(crate) fn version(&self) -> &[u8] {
        version(self.isa(12))
    }

    /// What composes the answer's envelope.
    pub(crate) fn compose(&self) -> Compose {
        Compose::new(&self.delimiters, repeats(self.version()))
    }

    /// The answers to its groups: 997s, then 999s.
    pub(crate) fn bundles(&self) -> [&Bundle; 2] {
        [&self.functional, &self.implementation]
    }

    fn bundle(&mut self, answer: AnswerSet) -> &mut Bundle {
        match answer {
            AnswerSet::Functional => &mut self.functional,
            AnswerSet::Implementation => &mut self.implementation,
        }
    }

    /// The answers that the open group is among.
    fn open_bundle(&mut self) -> Option<&mut Bundle> {
        let answer = self.group.as_ref()?.answer;
        Some(self.bundle(answer))
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
            Item::OpenSet { guide } => {
                self.opened.open_set();
                self.set = self.open_bundle().map(|bundle| Set {
                    known: guide.is_some(),
                    tracker: guide.and_then(|(guide, record)| Some(Tracker::new(guide, record?))),
                    begin: (bundle.compose.bytes.len(), bundle.compose.segments),
                    ..Set::default()
                });
            }
            Item::OpenLoop(..) | Item::CloseLoop(_) | Item::Charge(_) => self.track(&item),
            Item::Set { st } => {
                self.opened.name_set([element(&st, 1), element(&st, 2)]);
                if self.set.is_some()
                    && let Some(bundle) = self.open_bundle()
                {
                    bundle.open_set(&st);
                }
            }
            Item::Finding { finding, quote } => self.finding(finding, quote, how.rejects, limits),
            Item::CloseSet => {
                let verdict = self.verdict();
                let tracker = self.set.as_mut().and_then(|set| set.tracker.take());
                let bytes: usize = self
                    .bundles()
                    .map(|bundle| bundle.compose.bytes.len())
                    .iter()
                    .sum();
                self.close_set(how.list_accepted && bytes < limits.acknowledgment_bytes);
                return Some(self.opened.close_set(verdict, tracker.map(Tracker::finish)));
            }
            Item::CloseGroup => {
                let answer = self.group.as_ref().map_or_else(
                    || AnswerSet::of_group(&[], self.isa(12)),
                    |group| group.answer,
                );
                let composed = self.close_group();
                return Some(self.opened.close_group(answer, composed));
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
            Some(set) if !set.rejected && set.faulty => Verdict::AcceptedWithErrors,
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
        let answer = AnswerSet::of_group(element(gs, 8), self.isa(12));
        self.bundle(answer).open_group(gs);
        self.group = Some(Group::new(answer));
    }

    /// Follows the records of the open transaction set.
    fn track(&mut self, item: &Item) {
        let set = self.set.as_mut();
        if let Some(tracker) = set.and_then(|set| set.tracker.as_mut()) {
            tracker.item(item);
        }
    }

    fn finding(&mut self, finding: Finding, quote: Quote, rejects: Rejects, limits: &Limits) {
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
            (true, _) if !codes.ik304.is_empty() => self.keep(finding, quote, rejects, limits),
            (true, _) => {
                let set = self.set.as_mut();
                if let Some(tracker) = set.and_then(|set| set.tracker.as_mut()) {
                    tracker.fault(&finding);
                }
            }
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
        if let (Some(group), Some(set)) = (&self.group, &mut self.set) {
            set.rejected = true;
            add(&mut set.codes, group.answer.set_code(code));
        }
    }

    /// Keeps what is wrong in a segment until the set ends, for what is wrong before it may be found later.
    fn keep(&mut self, finding: Finding, quote: Quote, rejects: Rejects, limits: &Limits) {
        if let Some(set) = &mut self.set {
            match &mut set.tracker {
                Some(tracker) if rejects == Rejects::Records && tracker.is_inside() => {
                    tracker.fault(&finding);
                    set.faulty = true;
                }
                _ => set.rejected = true,
            }
            add(&mut set.codes, "5");
            if set.findings.len() < limits.findings_per_set {
                set.findings.push((finding, quote));
            }
        }
    }

    fn close_set(&mut self, listing: bool) {
        let (Some(mut set), Some(group)) = (self.set.take(), &mut self.group) else {
            return;
        };
        group.received += 1;
        group.known += u64::from(set.known);
        group.accepted += u64::from(!set.rejected);
        group.faulty |= set.faulty;
        let answer = group.answer;
        let bundle = self.bundle(answer);
        bundle.tell(&mut set.findings);
        if set.rejected || set.faulty {
            let code = if set.rejected { "R" } else { "E" };
            let words: Vec<&str> = [code].into_iter().chain(set.codes).collect();
            bundle.close_set(&words);
        } else if listing {
            bundle.close_set(&["A"]);
        } else {
            bundle.compose.bytes.truncate(set.begin.0);
            bundle.compose.segments = set.begin.1;
        }
    }

    /// Ends the answer to the group; gives AK901 and how many transaction sets are accepted.
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
        self.bundle(group.answer).close_group(&elements);
        Some((code, group.accepted))
    }
}

impl Group {
    fn new(answer: AnswerSet) -> Self {
        Self {
            answer,
            ge01: Vec::new(),
            received: 0,
            known: 0,
            accepted: 0,
            codes: Vec::new(),
            faulty: false,
        }
    }
}

/// The version of an answer's control segments: the received one, if it is one at all.
fn version(isa12: &[u8]) -> &[u8] {
    match isa12 {
        [b'0', b'0', b'2'..=b'8', b'0'..=b'9', b'0'..=b'9'] => isa12,
        _ => VERSION,
    }
}

/// Whether elements repeat in a version of the control segments, so that ISA11 says what separates them: since 00402.
fn repeats(version: &[u8]) -> bool {
    version >= b"00402".as_slice()
}

/// An element by its number, from one; empty if it does not stand.
pub(crate) fn element(elements: &[Vec<u8>], number: usize) -> &[u8] {
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
