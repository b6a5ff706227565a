//! What must hold after any fault, once nothing is left to be done (reliability §7): each file that was left for us has ended in exactly
//! one way, nothing is lost, nothing has gone out twice, nothing is stuck.

use std::collections::{BTreeMap, BTreeSet};

use crate::house::{Arrival, House, sample};
use crate::partner::PARTNER;

/// A file that is left for us, and how it must end.
#[derive(Clone, Debug)]
pub struct Input {
    /// What it is called.
    pub file: String,
    /// Its contents.
    pub bytes: Vec<u8>,
    /// How it must end.
    pub fate: Fate,
    /// It is left as it is, whatever the partner does with others.
    pub as_is: bool,
}

/// How a file must end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fate {
    /// X12 that came in: answered, and so many of its transaction sets forwarded.
    Received { isa13: u32, forwarded: usize },
    /// A submission: sent under our envelope.
    Sent,
    /// A submission that is not good: the backend is told.
    Refused,
    /// A partner's answer: the backend is told.
    Answer,
    /// Not let in, for this reason.
    Quarantined(&'static str),
    /// Nobody could do what was to be done with it, for this reason.
    Dead(&'static str),
}

impl Input {
    /// A sample that the partner leaves.
    pub fn received(file: &str, name: &str, isa13: u32, forwarded: usize) -> Self {
        Self {
            file: file.to_owned(),
            bytes: sample(name, isa13),
            fate: Fate::Received { isa13, forwarded },
            as_is: false,
        }
    }

    /// Claims that the partner leaves, so many from this control number on: `7.edi`.
    pub fn claims(first: u32, count: u32) -> Vec<Self> {
        let claim = |isa13| {
            let name = "005010X222A1/one-claim.edi";
            Self::received(&format!("{isa13}.edi"), name, isa13, 1)
        };
        (first..first + count).map(claim).collect()
    }

    /// The JSON of a sample, or other text, that our own systems leave.
    pub fn submitted(file: &str, bytes: Vec<u8>, fate: Fate) -> Self {
        Self {
            file: file.to_owned(),
            bytes,
            fate,
            as_is: false,
        }
    }

    /// The same, with a word in it replaced.
    pub fn with(mut self, word: &str, by: &str) -> Self {
        let text = String::from_utf8(self.bytes).expect("it is text");
        assert!(text.contains(word), "{word} is not in {}", self.file);
        self.bytes = text.replace(word, by).into_bytes();
        self
    }

    /// Whether our own systems leave it.
    pub fn is_submission(&self) -> bool {
        matches!(self.fate, Fate::Sent | Fate::Refused)
    }

    /// Leaves it in its folder.
    pub fn leave(&self, house: &House) {
        match house.is_encrypted() && !self.is_submission() && !self.as_is {
            true => house.leave(self, &PARTNER.seal(&self.bytes)),
            false => house.leave(self, &self.bytes),
        }
    }

    fn ends_so(&self, arrival: &Arrival) -> bool {
        match self.fate {
            Fate::Quarantined(reason) => arrival.state == "quarantined" && arrival.reason == reason,
            Fate::Dead(reason) => arrival.state == "dead" && arrival.reason == reason,
            _ => arrival.state == "delivered",
        }
    }
}

/// Checks a house in which these files were left, and nothing else ever.
pub fn check(house: &House, inputs: &[Input], when: &str) {
    let wrong = wrong(house, inputs);
    assert!(
        wrong.is_empty(),
        "{when}: {wrong:#?}\n{}",
        house.log().display()
    );
}

fn wrong(house: &House, inputs: &[Input]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut arrivals: BTreeMap<String, Vec<Arrival>> = BTreeMap::new();
    for arrival in house.arrivals() {
        arrivals
            .entry(arrival.file.clone())
            .or_default()
            .push(arrival);
    }
    for input in inputs {
        match arrivals.remove(&input.file).as_deref() {
            Some([arrival]) if input.ends_so(arrival) => {}
            Some([arrival]) => wrong.push(format!(
                "{} ended {} {}",
                input.file, arrival.state, arrival.reason
            )),
            Some(many) => wrong.push(format!("{} arrived {} times", input.file, many.len())),
            None => wrong.push(format!("{} is lost", input.file)),
        }
    }
    wrong.extend(
        arrivals
            .into_keys()
            .map(|file| format!("{file} was never left")),
    );
    for folder in ["exchange/acme/in", "backend/submit/acme"] {
        let left = house.files(folder).into_iter();
        wrong.extend(left.map(|(name, _)| format!("{name} is still in {folder}")));
    }
    outgoing(house, inputs, &mut wrong);
    incoming(house, inputs, &mut wrong);
    wrong
}

/// What the partner finds.
fn outgoing(house: &House, inputs: &[Input], wrong: &mut Vec<String>) {
    let out = house.sent();
    let [answers, sent, claims] =
        ["acknowledgment-", "interchange-", "claims-"].map(|kind| interchanges(&out, kind));
    let (mut answered, mut submitted, mut accepted) = (0, 0, 0);
    for input in inputs {
        match input.fate {
            Fate::Received { isa13, forwarded } => {
                answered += 1;
                // What is forwarded are claims, and they are answered.
                accepted += usize::from(forwarded > 0);
                let ta1 = format!("TA1*{isa13:09}*");
                let count = answers.iter().filter(|text| text.contains(&ta1)).count();
                if count != 1 {
                    wrong.push(format!("{} was answered {count} times", input.file));
                }
            }
            Fate::Sent => submitted += 1,
            _ => {}
        }
    }
    let all = [&answers[..], &sent, &claims].concat();
    let ours: BTreeSet<_> = all.iter().filter_map(|text| text.get(90..99)).collect();
    let expected = (answered, submitted, accepted);
    if (answers.len(), sent.len(), claims.len()) != expected || ours.len() != all.len() {
        wrong.push(format!(
            "{} answers, {} interchanges and {} answers to claims went out, with {} control numbers, for {expected:?}",
            answers.len(),
            sent.len(),
            claims.len(),
            ours.len()
        ));
    }
}

/// The interchanges in files of a kind, which may hold several.
fn interchanges<'t>(files: &'t [(String, String)], kind: &str) -> Vec<&'t str> {
    let files = files.iter().filter(|(name, _)| name.starts_with(kind));
    let mut found = Vec::new();
    for (_, text) in files {
        let mut begins: Vec<_> = text.match_indices("ISA*").map(|(at, _)| at).collect();
        begins.push(text.len());
        found.extend(begins.windows(2).map(|pair| &text[pair[0]..pair[1]]));
    }
    found
}

/// What our own systems find.
fn incoming(house: &House, inputs: &[Input], wrong: &mut Vec<String>) {
    let documents = house.texts("backend/received/acme");
    let responses = house.texts("backend/responses/acme");
    let (mut forwarded_files, mut told) = (0, 0);
    for input in inputs {
        match input.fate {
            Fate::Received { isa13, forwarded } => {
                let number = format!("{isa13:09}");
                let of: Vec<_> = documents
                    .iter()
                    .filter(|text| text.contains(&number))
                    .collect();
                let sets: usize = of
                    .iter()
                    .map(|text| text.matches("{\"set\":").count())
                    .sum();
                if (of.len(), sets) != (usize::from(forwarded > 0), forwarded) {
                    wrong.push(format!(
                        "{} was forwarded in {} files, {sets} sets",
                        input.file,
                        of.len()
                    ));
                }
                forwarded_files += usize::from(forwarded > 0);
            }
            Fate::Answer | Fate::Refused => told += 1,
            _ => {}
        }
    }
    if (documents.len(), responses.len()) != (forwarded_files, told) {
        wrong.push(format!(
            "{} documents and {} responses were delivered, for {forwarded_files} and {told}",
            documents.len(),
            responses.len()
        ));
    }
}
