//! One document as several, and several as one: nothing is lost on the way, and all of it is valid.

#[path = "divide/made.rs"]
mod made;

use x12_parser::{
    Addresses, ControlNumber, Envelope, EnvelopeCounts, Error, Fate, GroupAddress,
    InterchangeAddress, Merger, Options, Parts, Visit, readdress_parts, validate, visit_slice,
};

/// Divides after so many records, and counts on.
struct After {
    most: u64,
    in_part: u64,
    sets: u32,
    references: u32,
}

impl Addresses for After {
    fn divides(&mut self, _: &Envelope) -> Result<bool, Error> {
        self.in_part = 0;
        Ok(true)
    }

    fn record(&mut self, _: &Envelope, _: u64) -> Result<Fate, Error> {
        self.in_part += 1;
        if self.in_part > self.most {
            self.in_part = 1;
            return Ok(Fate::KeptInNewSet);
        }
        Ok(Fate::Kept)
    }

    fn reference(&mut self, _: &Envelope, received: &str) -> Result<String, Error> {
        self.references += 1;
        Ok(format!("{received}-{}", self.references))
    }

    fn interchange(&mut self, received: &Envelope) -> Result<InterchangeAddress, Error> {
        Ok(InterchangeAddress::received(received, ControlNumber::FIRST))
    }

    fn group(&mut self, received: &Envelope) -> Result<GroupAddress, Error> {
        Ok(GroupAddress::received(received, ControlNumber::FIRST))
    }

    fn set(&mut self, _: &Envelope) -> Result<String, Error> {
        self.sets += 1;
        Ok(format!("{:04}", self.sets))
    }
}

/// Keeps the documents.
#[derive(Default)]
struct Documents {
    written: Vec<Vec<u8>>,
    most: Option<u64>,
    alone: bool,
    /// Records before each.
    before: Vec<u64>,
}

impl Parts for Documents {
    fn begins(&mut self, _: &Envelope, _: u64) -> Result<bool, Error> {
        Ok(self.alone)
    }

    fn fits(&mut self, bytes: u64) -> Result<bool, Error> {
        Ok(self.most.is_none_or(|most| bytes <= most))
    }

    fn begin(&mut self, before: &EnvelopeCounts) -> Result<(), Error> {
        self.before.push(before.kept.records);
        self.written.push(Vec::new());
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.written
            .last_mut()
            .expect("one has begun")
            .extend_from_slice(bytes);
        Ok(())
    }
}

fn split(
    document: &[u8],
    most: u64,
    mut documents: Documents,
    size: usize,
) -> (Documents, EnvelopeCounts) {
    let mut options = Options::default();
    options.block_bytes = size;
    let mut after = After {
        most,
        in_part: 0,
        sets: 0,
        references: 0,
    };
    let counts = readdress_parts(document, &mut documents, &mut after, &options);
    (documents, counts.expect("it can be split"))
}

/// Findings; but what a rule says of subscribers who have claims as well as patients.
fn faults(document: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let read = validate(document, &Options::default(), |finding| {
        if finding.name() != "claim-without-patient" {
            found.push(format!("{} {}", finding.name(), finding.path()));
        }
        Ok(())
    });
    assert!(read.is_ok());
    found
}

/// Claims in order, as they are written but for the delimiters, and how many there are in each transaction set.
fn claims(document: &[u8]) -> (Vec<String>, Vec<usize>) {
    let (mut claims, mut sets): (Vec<String>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut in_claim = false;
    let read = visit_slice(document, &Options::default(), |visit| {
        let Visit::Segment(visited) = visit else {
            return Ok(());
        };
        let segment = visited.segment;
        match segment.id() {
            b"ST" => sets.push(0),
            b"CLM" => {
                *sets.last_mut().expect("one is open") += 1;
                claims.push(String::new());
                in_claim = true;
            }
            b"HL" | b"SE" => in_claim = false,
            _ => {}
        }
        if let (true, Some(claim)) = (in_claim, claims.last_mut()) {
            for element in segment.elements() {
                let parts: Vec<_> = element.components().map(String::from_utf8_lossy).collect();
                *claim += &format!("{}|", parts.join("/"));
            }
        }
        Ok(())
    });
    assert!(read.is_ok());
    (claims, sets)
}

/// BHT03 of each transaction set.
fn references(document: &[u8]) -> Vec<String> {
    let mut references = Vec::new();
    let read = visit_slice(document, &Options::default(), |visit| {
        if let Visit::Segment(visited) = visit
            && visited.segment.id() == b"BHT"
        {
            let reference = visited.segment.element(3).bytes();
            references.push(String::from_utf8_lossy(reference).into_owned());
        }
        Ok(())
    });
    assert!(read.is_ok());
    references
}

fn merge(documents: &[Vec<u8>], size: usize) -> Result<Vec<u8>, Error> {
    let mut options = Options::default();
    options.block_bytes = size;
    let mut merger = Merger::new(Vec::new(), ControlNumber::FIRST, &options);
    for document in documents {
        merger.join(&document[..], true, |_| true)?;
    }
    Ok(merger.finish()?.0)
}

#[test]
fn what_is_split_by_records_and_merged_again_has_all_of_them_in_order() {
    let mut numbers = made::Numbers(20_261_124);
    for round in 0..100 {
        let sets: Vec<_> = (0..1 + numbers.below(3))
            .map(|_| made::providers(&mut numbers))
            .collect();
        let style = if round % 2 == 0 {
            made::PLAIN
        } else {
            made::INSTITUTIONAL
        };
        let document = made::document(&sets, style);
        let most = 1 + numbers.below(5);
        let alone = round % 3 == 0;
        let parts = || Documents {
            alone,
            ..Documents::default()
        };
        let (documents, counts) = split(document.as_bytes(), most, parts(), 1 << 17);
        let what = format!("round {round}");
        let (received, _) = claims(document.as_bytes());
        assert_eq!(counts.kept.records, received.len() as u64, "{what}");
        assert_eq!(
            counts.sets == documents.written.len() as u64,
            alone || counts.sets == 1,
            "{what}"
        );
        for part in &documents.written {
            assert_eq!(faults(part), [""; 0], "{what}");
            assert!(
                references(part)
                    .iter()
                    .all(|it| it.matches('-').count() == 1),
                "{what}"
            );
            assert!(
                claims(part)
                    .1
                    .iter()
                    .all(|claims| (1..=most as usize).contains(claims)),
                "{what}"
            );
        }
        let merged = merge(&documents.written, 1 << 17).expect("it can be merged");
        assert_eq!(faults(&merged), [""; 0], "{what}");
        assert_eq!(claims(&merged).0, received, "{what}");
        for size in [64, 777] {
            assert_eq!(
                split(document.as_bytes(), most, parts(), size).0.written,
                documents.written,
                "{what}"
            );
            assert_eq!(
                merge(&documents.written, size).ok().as_ref(),
                Some(&merged),
                "{what}"
            );
        }
    }
}

#[test]
fn documents_stay_below_a_size_and_are_cut_between_records() {
    let document = made::document(
        &[made::parse("[9(9 9) 9][0(9 9) 9]"), made::parse("[9]")],
        made::PLAIN,
    );
    let (received, _) = claims(document.as_bytes());
    for most in [1300, 2000, 5000, 1 << 20] {
        let parts = Documents {
            most: Some(most),
            ..Documents::default()
        };
        let (documents, _) = split(document.as_bytes(), u64::MAX, parts, 4096);
        let mut all = Vec::new();
        for (part, before) in documents.written.iter().zip(&documents.before) {
            assert_eq!(*before, all.len() as u64);
            assert!(part.len() as u64 <= most, "{} over {most}", part.len());
            assert_eq!(faults(part), [""; 0]);
            all.extend(claims(part).0);
        }
        assert_eq!(all, received);
        assert_eq!(documents.written.len() == 1, most > 10_000, "{most}");
    }
    // A record that is larger by itself stands alone.
    let parts = Documents {
        most: Some(100),
        ..Documents::default()
    };
    let (documents, _) = split(document.as_bytes(), u64::MAX, parts, 4096);
    assert_eq!(documents.written.len(), received.len());
}

#[test]
fn delimiters_become_those_of_the_first_unless_a_value_holds_one() {
    let first = made::document(&[made::parse("[1]")], made::PLAIN).into_bytes();
    let other = made::Style {
        separators: ['|', '>', '!'],
        end: "'\r\n",
        institutional: false,
    };
    let second = made::document(&[made::parse("[2(1)]")], other).into_bytes();
    let merged = merge(&[first.clone(), second.clone()], 1 << 17).expect("it can be merged");
    assert_eq!(faults(&merged), [""; 0]);
    let joined = [claims(&first).0, claims(&second).0].concat();
    assert_eq!(claims(&merged).0, joined);
    assert!(!merged.contains(&b'|') && !merged.contains(&b'\r'));
    for (from, to) in [
        ("SAMPLE|TED", "SAMPLE*TED"),
        ("BF>Z209", "BF>Z~09"),
        ("BATCH1", "BAT:H1"),
        ("TE|305", "TE|^05"),
    ] {
        let text = String::from_utf8_lossy(&second).replacen(from, to, 1);
        let end = merge(&[first.clone(), text.clone().into_bytes()], 1 << 17);
        let Err(Error::Clash { at }) = end else {
            panic!("{to}: {end:?}");
        };
        assert!(b"*~:^".contains(&text.as_bytes()[at as usize]), "{to}");
    }
}
