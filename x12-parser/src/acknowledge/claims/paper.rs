//! The segments of one 277CA: what stands where, and how what the document says is made to fit.

use x12_schemas::table::Role;

use crate::acknowledge::claims::ClaimAcknowledgmentOptions;
use crate::acknowledge::claims::claim::{Claim, Days, days};
use crate::acknowledge::compose::{Compose, ID, REFERENCE, UNKNOWN};
use crate::acknowledge::known::{Known, Levels, Party};
use crate::claim_status::ClaimStatus;
use crate::decimal::Decimal;
use crate::record_counts::RecordCounts;
use crate::role_index::PartyElement;

/// Entities that the status of a claim or a line may name: those of STC01-3 in 005010X214.
const ENTITIES: [&str; 30] = [
    "03", "1P", "1Z", "40", "41", "71", "72", "73", "77", "82", "85", "87", "DK", "DN", "DQ", "FA",
    "GB", "HK", "IL", "LI", "MSC", "PR", "PRP", "QB", "QC", "QD", "SEP", "TL", "TTP", "TU",
];

/// Kinds of procedure codes that SVC01-1 names there; `NU` names revenue codes.
const PROCEDURES: [&[u8]; 6] = [b"AD", b"ER", b"HC", b"HP", b"IV", b"WK"];

/// Greatest lengths: of a last name or organization (data element 1035), first and middle name (1036, 1037), suffix (1039),
/// procedure (234), modifier (1339), and digits of an amount (782).
const NAME: usize = 60;
const FIRST: usize = 35;
const MIDDLE: usize = 25;
const SUFFIX: usize = 10;
const PROCEDURE: usize = 48;
const MODIFIER: usize = 2;
const DIGITS: usize = 18;

/// What else a person's name is made of, and how long it may be.
const NAMES: [(PartyElement, usize); 3] = [
    (PartyElement::First, FIRST),
    (PartyElement::Middle, MIDDLE),
    (PartyElement::Suffix, SUFFIX),
];

/// Writes segments.
pub(crate) struct Paper<'p, N> {
    pub(crate) compose: &'p mut Compose,
    pub(crate) how: &'p ClaimAcknowledgmentOptions<N>,
    pub(crate) levels: &'p Levels,
}

impl<N> Paper<'_, N> {
    /// The header of a transaction set, the level of the source and that of the receiver with the totals.
    pub(crate) fn header(&mut self, reference: &str, counts: [&RecordCounts; 2]) {
        let [date, time, reference] =
            [&self.how.date, &self.how.time, reference].map(|text| text.as_bytes().to_vec());
        self.compose
            .segment("BHT", &[b"0085", b"08", &reference, &date, &time, b"TH"]);
        self.compose.segment("HL", &[b"1", b"", b"20", b"1"]);
        self.source();
        self.compose.segment("TRN", &[b"1", &reference]);
        let received = self.how.received.as_bytes();
        self.compose.segment("DTP", &[b"050", b"D8", received]);
        self.compose.segment("DTP", &[b"009", b"D8", &date]);
        self.compose.segment("HL", &[b"2", b"1", b"21", b"1"]);
        self.receiver();
        let batch = self
            .compose
            .required(self.levels.part(Role::Batch, 1), REFERENCE, b"0");
        self.compose.segment("TRN", &[b"2", &batch]);
        let status = self
            .compose
            .join(&[b"A1", b"19", self.how.source.code().as_bytes()]);
        let [all, rejected] = counts;
        let total = written(all.charges).unwrap_or_else(|| "0".to_owned());
        self.compose
            .segment("STC", &[&status, &date, b"WQ", total.as_bytes()]);
        self.totals([b"90", b"AA"], [all, rejected]);
    }

    /// How many claims are accepted and how many rejected, and their charges.
    fn totals(&mut self, qualifiers: [&[u8]; 2], [all, rejected]: [&RecordCounts; 2]) {
        let accepted = all.records.saturating_sub(rejected.records);
        let amount = all.charges.minus(rejected.charges).unwrap_or_default();
        let told = [(accepted, amount), (rejected.records, rejected.charges)];
        let told = || {
            told.iter()
                .enumerate()
                .filter(|(_, (records, _))| *records > 0)
        };
        for (which, (records, _)) in told() {
            let records = records.to_string();
            self.compose
                .segment("QTY", &[qualifiers[which], records.as_bytes()]);
        }
        for (which, (_, amount)) in told() {
            let qualifier: &[u8] = [b"YU", b"YY"][which];
            if let Some(amount) = written(*amount) {
                self.compose.segment("AMT", &[qualifier, amount.as_bytes()]);
            }
        }
    }

    /// Who answers: the receiver of what was received.
    fn source(&mut self) {
        let receiver = self.levels.party(Role::Receiver);
        let name = self
            .compose
            .required(receiver.element(PartyElement::Name), NAME, UNKNOWN);
        let id = self.id(receiver.element(PartyElement::Id));
        let code = self.how.source.code().as_bytes();
        let elements: [&[u8]; 9] = [code, b"2", &name, b"", b"", b"", b"", b"46", &id];
        self.compose.segment("NM1", &elements);
    }

    /// Who is answered: the sender.
    fn receiver(&mut self) {
        let sender = self.levels.party(Role::Sender);
        let id = self.id(sender.element(PartyElement::Id));
        self.party(b"41", &sender, false, [b"46", &id]);
    }

    /// The level of a provider, with the totals of its claims.
    pub(crate) fn provider(&mut self, hl: u64, is_above: bool, counts: [&RecordCounts; 2]) {
        self.level(hl, 2, b"19", if is_above { b"1" } else { b"0" });
        let provider = self.levels.party(Role::Provider);
        let tax = self
            .compose
            .text(self.levels.part(Role::ProviderTax, 1), ID);
        let npi = self.compose.text(provider.element(PartyElement::Id), ID);
        let has_npi = provider.element(PartyElement::Qualifier) == b"XX" && npi.len() > 1;
        let id = if has_npi { npi } else { self.id(&tax) };
        let qualifier: &[u8] = if has_npi { b"XX" } else { b"FI" };
        self.party(b"85", &provider, true, [qualifier, &id]);
        self.compose.segment("TRN", &[b"1", b"0"]);
        if has_npi && !tax.is_empty() {
            let tax = self.compose.text(&tax, REFERENCE);
            self.compose.segment("REF", &[b"TJ", &tax]);
        }
        self.totals([b"QA", b"QC"], counts);
    }

    /// The level of a patient.
    pub(crate) fn patient(&mut self, hl: u64, above: u64) {
        self.level(hl, above, b"PT", b"");
        let patient = self.levels.party(Role::Patient);
        let last = self
            .compose
            .required(patient.element(PartyElement::Name), NAME, UNKNOWN);
        let [first, middle, suffix] =
            NAMES.map(|(element, most)| self.compose.text(patient.element(element), most));
        // A dependent goes by the number of the insured.
        let id = self.id(self.levels.part(Role::Patient, PartyElement::Id as usize));
        let elements: [&[u8]; 9] = [
            b"QC", b"1", &last, &first, &middle, b"", &suffix, b"MI", &id,
        ];
        self.compose.segment("NM1", &elements);
    }

    /// What is said of a claim, with the lines for which it is rejected.
    pub(crate) fn claim(&mut self, claim: &Claim, statuses: &[(u64, ClaimStatus<'_>)]) {
        let known = &claim.known;
        let number = self
            .compose
            .required(known.part(Role::Claim, 1), REFERENCE, b"0");
        self.compose.segment("TRN", &[b"2", &number]);
        let charge = amount(known.part(Role::Charge, 1));
        if statuses.is_empty() {
            let accepted = ClaimStatus {
                category: "A2",
                status: "20",
                entity: "",
            };
            self.statuses(&[accepted], [self.how.date.as_bytes(), b"WQ", charge]);
        } else {
            let all = distinct(statuses.iter().map(|(_, status)| *status));
            self.statuses(&all, [self.how.date.as_bytes(), b"U", charge]);
        }
        self.references(known);
        let received = || days(self.how.received.as_bytes());
        self.days(claim.days().or_else(received));
        for (ordinal, line) in &claim.lines {
            let own = statuses.iter().filter(|(line, _)| line == ordinal);
            let own = distinct(own.map(|(_, status)| *status));
            self.line(*ordinal, line, &own);
        }
    }

    fn references(&mut self, claim: &Known) {
        let intermediary = self
            .compose
            .text(claim.part(Role::Intermediary, 1), REFERENCE);
        if !intermediary.is_empty() {
            self.compose.segment("REF", &[b"D9", &intermediary]);
        }
        let bill_type = [Role::BillType, Role::Frequency].map(|role| claim.part(role, 1));
        let bill_type = self.compose.text(&bill_type.concat(), REFERENCE);
        if !claim.part(Role::BillType, 1).is_empty() && !bill_type.is_empty() {
            self.compose.segment("REF", &[b"BLT", &bill_type]);
        }
    }

    fn line(&mut self, ordinal: u64, line: &Known, statuses: &[ClaimStatus<'_>]) {
        let revenue = self
            .compose
            .text(line.part(Role::LineRevenue, 1), PROCEDURE);
        let code = self
            .compose
            .text(line.part(Role::LineProcedure, 2), PROCEDURE);
        let (procedure, revenue) = if code.is_empty() && !revenue.is_empty() {
            (self.compose.join(&[b"NU", &revenue]), Vec::new())
        } else {
            (self.procedure(line, &code), revenue)
        };
        let charge = amount(line.part(Role::LineCharge, 1));
        self.compose
            .segment("SVC", &[&procedure, charge, b"", &revenue]);
        self.statuses(statuses, [b"", b"U", b""]);
        let control = self.compose.required(
            line.part(Role::Line, 1),
            REFERENCE,
            ordinal.to_string().as_bytes(),
        );
        self.compose.segment("REF", &[b"FJ", &control]);
        self.days(days(line.part(Role::LineService, 1)));
    }

    fn procedure(&self, line: &Known, code: &[u8]) -> Vec<u8> {
        let kind = line.part(Role::LineProcedure, 1);
        let kind = if PROCEDURES.contains(&kind) {
            kind
        } else {
            b"HC"
        };
        let code = if code.is_empty() { UNKNOWN } else { code };
        let modifiers = [3, 4, 5, 6].map(|number| {
            let modifier = self
                .compose
                .text(line.part(Role::LineProcedure, number), MODIFIER);
            if modifier.len() == MODIFIER {
                modifier
            } else {
                Vec::new()
            }
        });
        let [m1, m2, m3, m4] = &modifiers;
        self.compose.join(&[kind, code, m1, m2, m3, m4])
    }

    /// Up to three statuses stand in one segment.
    fn statuses(&mut self, statuses: &[ClaimStatus<'_>], [date, action, charge]: [&[u8]; 3]) {
        for three in statuses.chunks(3) {
            let mut composites = three.iter().map(|status| {
                let entity = status.entity;
                let entity = if ENTITIES.contains(&entity) {
                    entity
                } else {
                    ""
                };
                let parts = [status.category, status.status, entity];
                self.compose.join(&parts.map(str::as_bytes))
            });
            let mut next = || composites.next().unwrap_or_default();
            let [first, second, third] = [next(), next(), next()];
            drop(composites);
            let elements: [&[u8]; 11] = [
                &first, date, action, charge, b"", b"", b"", b"", b"", &second, &third,
            ];
            self.compose.segment("STC", &elements);
        }
    }

    fn days(&mut self, days: Option<Days>) {
        let Some([first, last]) = days else { return };
        if first == last {
            self.compose.segment("DTP", &[b"472", b"D8", &first]);
        } else {
            let period = [&first[..], &last].join(&b'-');
            self.compose.segment("DTP", &[b"472", b"RD8", &period]);
        }
    }

    fn level(&mut self, hl: u64, above: u64, code: &[u8], child: &[u8]) {
        let [hl, above] = [hl, above].map(|number| number.to_string());
        self.compose
            .segment("HL", &[hl.as_bytes(), above.as_bytes(), code, child]);
    }

    /// The NM1 of a person or an organization.
    fn party(&mut self, code: &[u8], party: &Party<'_>, has_suffix: bool, id: [&[u8]; 2]) {
        let is_person = party.element(PartyElement::Kind) == b"1";
        let name = self
            .compose
            .required(party.element(PartyElement::Name), NAME, UNKNOWN);
        let [first, middle, suffix] = NAMES.map(|(element, most)| match is_person {
            true => self.compose.text(party.element(element), most),
            false => Vec::new(),
        });
        let suffix = if has_suffix { suffix } else { Vec::new() };
        let kind: &[u8] = if is_person { b"1" } else { b"2" };
        let [qualifier, id] = id;
        let elements: [&[u8]; 9] = [
            code, kind, &name, &first, &middle, b"", &suffix, qualifier, id,
        ];
        self.compose.segment("NM1", &elements);
    }

    /// An identification, which has two characters at least.
    fn id(&self, value: &[u8]) -> Vec<u8> {
        let id = self.compose.text(value, ID);
        if id.len() > 1 { id } else { UNKNOWN.to_vec() }
    }
}

/// An amount as it stands, or 0 where it is none.
fn amount(value: &[u8]) -> &[u8] {
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_plain = value.iter().all(|byte| !matches!(byte, b'\r' | b'\n'));
    match Decimal::parse(value) {
        Some(_) if digits <= DIGITS && is_plain => value,
        _ => b"0",
    }
}

/// Each status once, in the order of the first.
fn distinct<'s>(statuses: impl Iterator<Item = ClaimStatus<'s>>) -> Vec<ClaimStatus<'s>> {
    let mut distinct = Vec::new();
    for status in statuses {
        if !distinct.contains(&status) {
            distinct.push(status);
        }
    }
    distinct
}

/// A total as it is written; none if it has more digits than an amount may have.
fn written(total: Decimal) -> Option<String> {
    let text = total.to_string();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (digits <= DIGITS).then_some(text)
}
