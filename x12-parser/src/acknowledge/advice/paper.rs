//! The segments of one 824: what stands where, and how what the document says is made to fit.

use x12_schemas::table::{Record, Role};

use crate::acknowledge::collect::Quote;
use crate::acknowledge::compose::{Compose, ID, REFERENCE, UNKNOWN};
use crate::acknowledge::header::{Header, element};
use crate::acknowledge::known::{Levels, Party};
use crate::acknowledge::quoted::{self, POSITION_MAX, REPETITION_MAX};
use crate::error_condition::UNLISTED;
use crate::finding::Finding;
use crate::role_index::PartyElement;
use crate::value::{is_date, is_time};

/// Greatest lengths: of a name (data element 93), of a message (3), and of a description (352), where it goes on.
const NAME: usize = 60;
const MESSAGE: usize = 60;
const DESCRIPTION: usize = 80;

/// Most CTX behind one TED, and RED.
const CONTEXTS: usize = 10;
const DESCRIPTIONS: usize = 100;

/// What is wrong with an item.
pub(crate) type Errors = Vec<(Finding, Quote)>;

/// The headers around the received transaction set, and its own.
#[derive(Default)]
pub(crate) struct Received {
    /// GS04, GS05, GS06, ST02, ST01 and the guide, as OTI06 to OTI11 name them.
    names: [Vec<u8>; 6],
    /// Sender and receiver of the interchange, where nothing else names them.
    parties: [Vec<u8>; 2],
}

impl Received {
    /// What an OTI can name: what is faulty is left out.
    pub(crate) fn new(header: &Header, gs: &[Vec<u8>], st: &[Vec<u8>]) -> Self {
        let fit = |value: &[u8], is_fit: bool| match is_fit {
            true => value.to_vec(),
            false => Vec::new(),
        };
        let is_word = |value: &[u8], least, most| {
            (least..=most).contains(&value.len()) && value.iter().all(u8::is_ascii_alphanumeric)
        };
        let (date, time, gs06) = (element(gs, 4), element(gs, 5), element(gs, 6));
        let (st01, st02) = (element(st, 1), element(st, 2));
        let is_number = is_word(gs06, 1, 9) && gs06.iter().all(u8::is_ascii_digit);
        let guide = match element(st, 3) {
            b"" => element(gs, 8),
            st03 => st03,
        };
        let party = |code: usize, isa: usize| match element(gs, code).trim_ascii() {
            b"" => header.isa(isa).trim_ascii().to_vec(),
            code => code.to_vec(),
        };
        Self {
            names: [
                fit(date, date.len() == 8 && is_date(date)),
                fit(time, (4..=8).contains(&time.len()) && is_time(time)),
                fit(gs06, is_number),
                // Without the group's number it may not stand.
                fit(st02, is_number && is_word(st02, 4, 9)),
                fit(st01, is_word(st01, 3, 3)),
                fit(guide, is_word(guide, 1, 12)),
            ],
            parties: [party(2, 6), party(3, 8)],
        }
    }
}

/// Writes segments.
pub(crate) struct Paper<'p> {
    pub(crate) compose: &'p mut Compose,
    pub(crate) received: &'p Received,
    pub(crate) levels: &'p Levels,
}

impl Paper<'_> {
    /// The beginning of the advice, and who advises whom.
    pub(crate) fn header(&mut self, [reference, date, time]: [&str; 3], action: &str) {
        let batch = self.levels.part(Role::Batch, 1);
        let batch = self.compose.text(batch, REFERENCE);
        let [reference, date, time, action] = [reference, date, time, action].map(str::as_bytes);
        let elements: [&[u8]; 8] = [b"11", reference, date, time, b"", &batch, b"", action];
        self.compose.segment("BGN", &elements);
        let [sender, receiver] = &self.received.parties;
        self.party(b"41", &self.levels.party(Role::Receiver), receiver);
        self.party(b"40", &self.levels.party(Role::Sender), sender);
    }

    fn party(&mut self, code: &[u8], party: &Party<'_>, otherwise: &[u8]) {
        let text = |element, most| self.compose.text(party.element(element), most);
        let mut name = text(PartyElement::Name, NAME);
        let first = text(PartyElement::First, NAME);
        if !first.is_empty() {
            name = self.compose.text(&[&first[..], &name].join(&b' '), NAME);
        }
        let mut qualifier = text(PartyElement::Qualifier, usize::MAX);
        let mut id = text(PartyElement::Id, ID);
        if name.is_empty() {
            name = self.compose.required(otherwise, NAME, UNKNOWN);
        }
        let is_code = qualifier.iter().all(u8::is_ascii_alphanumeric);
        if id.len() < 2 || !is_code || !(1..=2).contains(&qualifier.len()) {
            // Both agreed on the codes of applications.
            (qualifier, id) = (b"ZZ".to_vec(), self.compose.text(otherwise, ID));
        }
        if id.len() < 2 {
            return self.compose.segment("N1", &[code, &name]);
        }
        self.compose.segment("N1", &[code, &name, &qualifier, &id]);
    }

    /// Begins an item: the transaction set.
    pub(crate) fn set(&mut self, code: &str) {
        self.item(code, b"TN");
    }

    /// Begins an item: a record, under the sender's number.
    pub(crate) fn record(&mut self, code: &str, record: Record, number: &[u8]) {
        self.item(code, b"IX");
        let qualifier: &[u8] = match record {
            Record::Claim => b"EJ",
            Record::Member | Record::Subscriber => b"0F",
        };
        let number = self.compose.text(number, REFERENCE);
        if !number.is_empty() {
            self.compose.segment("REF", &[qualifier, &number]);
        }
    }

    /// Valid files give items no number in OTI03: those stand in REF, and those of the envelopes in OTI08 and OTI09.
    fn item(&mut self, code: &str, qualifier: &[u8]) {
        let [date, time, gs06, st02, st01, guide] = &self.received.names;
        let code = code.as_bytes();
        let elements: [&[u8]; 11] = [
            code, qualifier, b"NA", b"", b"", date, time, gs06, st02, st01, guide,
        ];
        self.compose.segment("OTI", &elements);
    }

    /// What is wrong with an item, in the order of the segments; `has_number` if the item names the record.
    pub(crate) fn errors(&mut self, errors: &mut Errors, has_number: bool) {
        // The sort is stable: what is wrong with one segment stays in the order in which it was found.
        errors.sort_by_key(|(finding, _)| finding.segment);
        for (finding, quote) in &*errors {
            self.error(finding, quote);
            let has_unit = !has_number && quoted::tell_unit(self.compose, quote);
            let most = CONTEXTS - usize::from(has_unit);
            quoted::tell_triggers(self.compose, finding, most);
            self.go_on(finding.message());
        }
    }

    fn error(&mut self, finding: &Finding, quote: &Quote) {
        let message = self.message(finding.message());
        let id = quoted::segment_id(finding, quote).filter(|id| id.len() <= 3);
        let segment = match finding.segment {
            0 => String::new(),
            segment => segment.to_string(),
        };
        let (mut place, mut number, mut copy) = (Vec::new(), &b""[..], &b""[..]);
        if (1..=POSITION_MAX).contains(&finding.element) {
            let parts = [finding.element, finding.component, finding.repetition];
            place = quoted::place(self.compose, parts, REPETITION_MAX);
            number = quote.data_element.as_bytes();
            copy = quoted::copy(self.compose, quote);
        }
        let elements: [&[u8]; 7] = [
            finding.error_condition().as_bytes(),
            &message,
            id.unwrap_or_default(),
            segment.as_bytes(),
            &place,
            number,
            copy,
        ];
        self.compose.segment("TED", &elements);
    }

    /// An error without a place.
    pub(crate) fn remark(&mut self, message: &str, condition: Option<&str>) {
        let begin = self.message(message);
        let condition = condition.unwrap_or(UNLISTED).as_bytes();
        self.compose.segment("TED", &[condition, &begin]);
        self.go_on(message);
    }

    /// The rest of a message that TED02 has no room for.
    fn go_on(&mut self, message: &str) {
        let (_, mut rest) = split(message, MESSAGE);
        for _ in 0..DESCRIPTIONS {
            if rest.is_empty() {
                return;
            }
            let (part, behind) = split(rest, DESCRIPTION);
            let part = self.compose.text(part.as_bytes(), DESCRIPTION);
            if !part.is_empty() {
                self.compose.segment("RED", &[&part]);
            }
            rest = behind;
        }
    }

    /// As much of a message as TED02 has room for.
    fn message(&self, message: &str) -> Vec<u8> {
        let (begin, _) = split(message, MESSAGE);
        self.compose.text(begin.as_bytes(), MESSAGE)
    }
}

/// The words of a text that there is room for, and the rest; of a word that is too long as much as fits.
fn split(text: &str, most: usize) -> (&str, &str) {
    let text = text.trim();
    if text.len() <= most {
        return (text, "");
    }
    let fits = text.floor_char_boundary(most);
    let blank = text[..fits].rfind(' ').unwrap_or(fits);
    // The text goes on with a blank where the last word ends.
    let end = if text[fits..].starts_with(' ') {
        fits
    } else {
        blank
    };
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn texts_are_split_between_words() {
        for (text, most, begin, rest) in [
            ("one two", 7, "one two", ""),
            ("one two", 6, "one", " two"),
            ("one two three", 7, "one two", " three"),
            ("onetwo", 3, "one", "two"),
            ("é two", 1, "", "é two"),
            (" one ", 3, "one", ""),
        ] {
            assert_eq!(split(text, most), (begin, rest), "{text}");
        }
    }
}
