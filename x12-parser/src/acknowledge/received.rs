//! The account of one received interchange: its note for the TA1, and what is to be said of its groups and their transaction sets.

use std::sync::Arc;

use crate::acknowledge::bundle::Bundle;
use crate::acknowledge::collect::{Item, Quote};
use crate::acknowledge::header::{Header, element};
use crate::acknowledge::records::Tracker;
use crate::acknowledge::verdict::{Composed, Decided, Opened, Verdict};
use crate::acknowledge::{
    AcknowledgmentOptions, AnswerSet, GroupPolicy, Rejects, Ta1Note, Ta1Severity,
};
use crate::chart::Chart;
use crate::delimiters::Delimiters;
use crate::finding::Finding;
use crate::limits::Limits;

/// Most codes in IK502 to IK506, AK502 to AK506, and AK905 to AK909.
const CODES: usize = 5;

/// The interchange that is being answered.
pub(crate) struct Received {
    pub(crate) header: Header,
    functional: Bundle,
    implementation: Bundle,
    /// What TA104 and TA105 say so far.
    pub(crate) note: Option<(Ta1Severity, Ta1Note)>,
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
    /// Its guide, if one is known.
    chart: Option<Arc<Chart>>,
    rejected: bool,
    /// Whether something is wrong for which only records are rejected.
    faulty: bool,
    /// Errors that no answer tells.
    untold: u64,
    /// Whether it is uncertain what belongs to which record.
    doubtful: bool,
    /// What becomes of its records, if it can be divided between them.
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
        let header = Header::new(isa, *delimiters);
        let bundle = |set| Bundle::new(set, header.compose());
        Self {
            functional: bundle(AnswerSet::Functional),
            implementation: bundle(AnswerSet::Implementation),
            header,
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
        self.header.isa(number)
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
        self.note
            .is_some_and(|(severity, _)| severity == Ta1Severity::Rejected)
    }

    /// Takes what comes next; gives the decision about what ends with it.
    pub(crate) fn item<N>(
        &mut self,
        item: Item,
        how: &AcknowledgmentOptions<N>,
        limits: &Limits,
    ) -> Option<Decided> {
        match item {
            Item::Interchange { .. } | Item::Said(..) | Item::CloseInterchange => {}
            Item::Service => self.holds_answers = true,
            Item::OpenGroup => self.opened.open_group(),
            Item::Group { gs } => self.open_group(&gs),
            Item::GroupTrailer { ge01 } => {
                if let Some(group) = &mut self.group {
                    group.ge01 = ge01;
                }
            }
            Item::OpenSet { chart } => {
                self.opened.open_set();
                self.set = self.open_bundle().map(|bundle| Set {
                    tracker: chart.as_deref().and_then(Tracker::new),
                    chart,
                    begin: (bundle.compose.bytes.len(), bundle.compose.segments),
                    ..Set::default()
                });
            }
            Item::Doubt => {
                if let Some(set) = &mut self.set {
                    set.doubtful = true;
                }
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
            Item::Finding { finding, quote } => self.finding(finding, quote, how, limits),
            Item::CloseSet => return Some(self.end_set(how, limits)),
            Item::CloseGroup => {
                let answer = self.group.as_ref().map_or_else(
                    || AnswerSet::of_group(&[], self.isa(12)),
                    |group| group.answer,
                );
                let composed = self.close_group(how.groups);
                return Some(self.opened.close_group(answer, composed));
            }
        }
        None
    }

    /// The open transaction set ends; gives the decision about it.
    fn end_set<N>(&mut self, how: &AcknowledgmentOptions<N>, limits: &Limits) -> Decided {
        self.undivided(limits);
        let verdict = self.verdict();
        let untold = self.set.as_ref().map_or(0, |set| set.untold);
        let tracker = self.set.as_mut().and_then(|set| set.tracker.take());
        let bundles = self.bundles();
        let bytes: usize = bundles
            .iter()
            .map(|bundle| bundle.compose.bytes.len())
            .sum();
        self.close_set(how.list_accepted && bytes < limits.acknowledgment_bytes);
        let records = tracker.map(Tracker::finish);
        self.opened.close_set(verdict, untold, records)
    }

    /// The document broke off: what is open is rejected, unless a note says so already. Gives what is to be decided yet.
    pub(crate) fn break_off(&mut self) -> Vec<Item> {
        if !self.is_rejected() {
            self.note = Some((Ta1Severity::Rejected, Ta1Note::Content));
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

    /// Where it is uncertain what belongs to which record, none can be rejected without the others; nor where too many are.
    fn undivided(&mut self, limits: &Limits) {
        let Some(set) = &self.set else { return };
        let Some(tracker) = &set.tracker else { return };
        if set.doubtful && tracker.has_rejected() || tracker.ranges() > limits.rejections_per_set {
            self.set_code("5");
        }
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

    fn finding<N>(
        &mut self,
        finding: Finding,
        quote: Quote,
        how: &AcknowledgmentOptions<N>,
        limits: &Limits,
    ) {
        let codes = finding.acknowledgment();
        let id = finding
            .position
            .as_ref()
            .and_then(|position| position.segment_id())
            .unwrap_or_default();
        match (self.set.is_some(), id) {
            _ if !codes.ta105.is_empty() => {
                if let Some(note) = Ta1Note::of_code(codes.ta105) {
                    self.note(note, how.severity(note));
                }
            }
            _ if !codes.ak905.is_empty() => self.group_code(codes.ak905),
            (true, _) if !codes.ik502.is_empty() => self.set_code(codes.ik502),
            (true, _) if !codes.ik304.is_empty() => self.keep(finding, quote, how.rejects, limits),
            (true, _) => {
                if let Some(set) = &mut self.set {
                    set.untold += 1;
                    if let Some(tracker) = &mut set.tracker {
                        tracker.fault(&finding);
                    }
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
    fn note(&mut self, note: Ta1Note, severity: Ta1Severity) {
        let before = self
            .note
            .map_or(Ta1Severity::Accepted, |(before, _)| before);
        if severity > before {
            self.note = Some((severity, note));
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
            set.doubtful |= set
                .chart
                .as_ref()
                .is_some_and(|chart| chart.roles.doubts(&chart.guide, &finding));
            match &mut set.tracker {
                Some(tracker) if tracker.rejects(rejects) => {
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
        group.known += u64::from(set.chart.is_some());
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

    /// Ends the answer to the group, if it gets one.
    fn close_group(&mut self, policy: GroupPolicy) -> Option<Composed> {
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
        let is_answered = policy.answers(code);
        let bundle = self.bundle(group.answer);
        if is_answered {
            bundle.close_group(&elements);
        } else {
            bundle.drop_group();
        }
        Some(Composed {
            code,
            accepted: group.accepted,
            is_answered,
        })
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

/// Adds a code, once, and no more than there is room for.
fn add(codes: &mut Vec<&'static str>, code: &'static str) {
    if codes.len() < CODES && !codes.contains(&code) {
        codes.push(code);
    }
}
