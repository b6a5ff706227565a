//! Transaction sets divided between their records: both halves are valid, and together they are what was received.

#[path = "divide/documents.rs"]
mod documents;
#[path = "divide/made.rs"]
mod made;
#[path = "readdress/same.rs"]
mod same;

use std::path::PathBuf;
use std::sync::Arc;

use documents::documents;
use x12_parser::{
    Addresses, Catalog, ControlNumber, Decimal, Envelope, EnvelopeCounts, Error, Fate,
    GroupAddress, InterchangeAddress, Options, Per, Shape, Undivided, Visit, readdress_records,
    survey_records, to_json, validate, visit_slice,
};

/// Keeps the records that it is told to.
struct Half<'k> {
    keeps: &'k dyn Fn(u64) -> bool,
    is_kept: bool,
}

impl Addresses for Half<'_> {
    fn divides(&mut self, _: &Envelope) -> Result<bool, Error> {
        Ok(true)
    }

    fn record(&mut self, _: &Envelope, record: u64) -> Result<Fate, Error> {
        Ok(match (self.keeps)(record) == self.is_kept {
            true => Fate::Kept,
            false => Fate::LeftOut,
        })
    }

    fn reference(&mut self, _: &Envelope, received: &str) -> Result<String, Error> {
        Ok(format!("{received}-1"))
    }

    fn interchange(&mut self, received: &Envelope) -> Result<InterchangeAddress, Error> {
        same::interchange(received)
    }

    fn group(&mut self, received: &Envelope) -> Result<GroupAddress, Error> {
        same::group(received)
    }
}

/// Where the clean samples of the guides are whose sets can be divided, and which of the sets there.
const SAMPLES: [(&str, &str); 5] = [
    ("../samples/005010X212", "276"),
    ("../samples/005010X220A1", "834"),
    ("../samples/005010X222A1", "837"),
    ("../samples/005010X223A2", "837"),
    ("../samples/005010X279A1", "270"),
];

/// The samples of a set, in a folder.
fn samples(folder: &str, set: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut samples = documents(&[folder]);
    samples.retain(|(_, bytes)| {
        // The separator of elements is the byte behind the first three letters.
        let separator = char::from(bytes[3]);
        let header = format!("ST{separator}{set}{separator}");
        String::from_utf8_lossy(bytes).contains(&header)
    });
    samples
}

fn halves(
    document: &[u8],
    keeps: &dyn Fn(u64) -> bool,
    size: usize,
) -> [(Vec<u8>, EnvelopeCounts); 2] {
    [true, false].map(|is_kept| {
        let mut options = Options::default();
        options.block_bytes = size;
        let mut out = Vec::new();
        let counts = readdress_records(document, &mut out, &mut Half { keeps, is_kept }, &options);
        let counts = counts.expect("it can be divided");
        assert_eq!(counts.bytes, out.len() as u64);
        (out, counts)
    })
}

/// Findings of a document, by name and place; but what a rule says of subscribers who have claims as well as patients.
fn findings(document: &[u8]) -> Vec<String> {
    let mut findings = Vec::new();
    if !document.is_empty() {
        let read = validate(document, &Options::default(), |finding| {
            if finding.name() != "claim-without-patient" {
                findings.push(format!("{} {}", finding.name(), finding.path()));
            }
            Ok(())
        });
        assert!(read.is_ok());
    }
    findings
}

/// The records of a document, each with what its loop holds.
fn records(document: &[u8]) -> Vec<String> {
    let mut records = Vec::new();
    let kinds = [
        (Per::Claim, "CLM\""),
        (Per::Claim, "TRN\""),
        (Per::Member, "INS\""),
        (Per::Subscriber, "NM1\",\"01\":\"IL\""),
    ];
    for (per, first) in kinds {
        let mut lines = Vec::new();
        if !document.is_empty() {
            let read = to_json(document, &mut lines, Shape::Loops, per, &Options::default());
            assert!(read.is_ok());
        }
        let lines = String::from_utf8(lines).expect("it is JSON");
        let first = format!("{{\"seg\":\"{first}");
        let lines = lines
            .lines()
            .filter(|line| line.starts_with("{\"record\":"));
        records.extend(lines.filter_map(|line| Some(unnumbered(&line[line.find(&first)?..]))));
    }
    records
}

/// A line without the numbers of its levels, which are given anew.
fn unnumbered(line: &str) -> String {
    let mut parts = line.split("{\"seg\":\"HL\",");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text += part.find("\"03\"").map_or(part, |at| &part[at..]);
    }
    text
}

/// Of so many records, whether one is kept.
type Keeps = fn(u64, u64) -> bool;

const PATTERNS: [(&str, Keeps); 6] = [
    ("first", |record, _| record == 1),
    ("last", |record, records| record == records),
    ("evens", |record, _| record % 2 == 0),
    ("odds", |record, _| record % 2 == 1),
    ("none", |_, _| false),
    ("all", |_, _| true),
];

/// Divides a document both ways, and holds the halves against what was received.
fn check(
    what: &str,
    document: &[u8],
    keeps: &dyn Fn(u64) -> bool,
) -> [(Vec<u8>, EnvelopeCounts); 2] {
    let received = records(document);
    let known = findings(document);
    let halves = halves(document, keeps, 1 << 17);
    for (half, _) in &halves {
        let found = findings(half);
        assert!(
            found.iter().all(|it| known.contains(it)),
            "{what}: {found:?}"
        );
    }
    let [(kept, counts), (left, others)] = &halves;
    assert_eq!(
        (counts.kept, counts.left_out),
        (others.left_out, others.kept),
        "{what}"
    );
    assert_eq!(counts.kept.records, records(kept).len() as u64, "{what}");
    assert_eq!(
        counts.left_out.records,
        records(left).len() as u64,
        "{what}"
    );
    assert_eq!(
        sum(counts.kept.charges, counts.left_out.charges),
        charges(document),
        "{what}"
    );
    let mut joined = [records(kept), records(left)].concat();
    let mut all = received;
    joined.sort();
    all.sort();
    assert_eq!(joined, all, "{what}");
    halves
}

/// What is charged in a document, read in another way.
fn charges(document: &[u8]) -> String {
    let mut all = Decimal::default();
    let read = visit_slice(document, &Options::default(), |visit| {
        if let Visit::Segment(visited) = visit
            && visited.segment.id() == b"CLM"
        {
            let charge = Decimal::parse(visited.segment.element(2).bytes());
            all = charge
                .and_then(|charge| all.plus(charge))
                .expect("they add up");
        }
        Ok(())
    });
    assert!(read.is_ok());
    all.to_string()
}

fn sum(one: Decimal, other: Decimal) -> String {
    one.plus(other).expect("they add up").to_string()
}

/// Segments of an identifier, without it.
fn segments(document: &[u8], id: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(document);
    let of = |line: &str| {
        Some(
            line.trim_start()
                .strip_prefix(id)?
                .strip_prefix('*')?
                .to_owned(),
        )
    };
    text.split('~').filter_map(of).collect()
}

#[test]
fn both_halves_of_samples_are_valid_and_together_what_was_received() {
    let mut tried = 0;
    let samples = SAMPLES.map(|(folder, set)| samples(folder, set));
    for (path, bytes) in samples.into_iter().flatten() {
        let name = path.display();
        let count = records(&bytes).len() as u64;
        assert!(count > 0, "{name}");
        for (pattern, keeps) in PATTERNS {
            check(&format!("{name}, {pattern}"), &bytes, &|record| {
                keeps(record, count)
            });
            tried += 1;
        }
    }
    assert!(tried > 80, "{tried} cases");
}

#[test]
fn a_set_that_came_without_a_reference_stays_without_one() {
    struct Bare(u64);
    impl Addresses for Bare {
        fn divides(&mut self, _: &Envelope) -> Result<bool, Error> {
            Ok(true)
        }

        fn record(&mut self, _: &Envelope, record: u64) -> Result<Fate, Error> {
            let is_kept = record == self.0;
            Ok(if is_kept { Fate::Kept } else { Fate::LeftOut })
        }

        fn reference(&mut self, _: &Envelope, received: &str) -> Result<String, Error> {
            assert_eq!(received, "");
            Ok(String::new())
        }

        fn interchange(&mut self, received: &Envelope) -> Result<InterchangeAddress, Error> {
            same::interchange(received)
        }

        fn group(&mut self, received: &Envelope) -> Result<GroupAddress, Error> {
            same::group(received)
        }
    }
    let bytes = include_bytes!("../../samples/005010X279A1/inquiries-without-a-reference.edi");
    for record in 1..=2 {
        let mut out = Vec::new();
        let options = Options::default();
        let counts = readdress_records(&bytes[..], &mut out, &mut Bare(record), &options);
        let counts = counts.expect("it can be divided");
        assert_eq!(counts.kept.records, 1);
        assert_eq!(segments(&out, "BHT"), ["0022*13**20261123*1200"]);
        assert_eq!(findings(&out), [""; 0]);
    }
}

#[test]
fn levels_are_numbered_anew_and_say_what_follows_below() {
    for line in include_str!("divide/levels.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let parts: Vec<_> = line.split('|').map(str::trim).collect();
        let [tree, kept, levels] = parts[..] else {
            panic!("{line}")
        };
        let document = made::document(&[made::parse(tree)], made::PLAIN);
        assert_eq!(findings(document.as_bytes()), [""; 0], "{line}");
        let kept: Vec<u64> = kept.split_whitespace().flat_map(str::parse).collect();
        let [(half, counts), _] =
            check(line, document.as_bytes(), &|record| kept.contains(&record));
        assert_eq!(segments(&half, "HL").join(" "), levels, "{line}");
        let (sets, dropped) = (u64::from(!kept.is_empty()), u64::from(kept.is_empty()));
        assert_eq!((counts.sets, counts.dropped), (sets, dropped), "{line}");
    }
}

#[test]
fn of_ten_institutional_claims_the_even_ones_are_left_out() {
    let document = made::document(&[made::parse("[2(1) 3][0(2 1) 1]")], made::INSTITUTIONAL);
    let [(kept, counts), (left, _)] = check("ten", document.as_bytes(), &|record| record % 2 == 1);
    assert_eq!((counts.kept.records, counts.left_out.records), (5, 5));
    assert_eq!(counts.kept.charges.to_string(), "27.5");
    assert_eq!(counts.left_out.charges.to_string(), "32.5");
    let numbers = |half: &[u8]| {
        segments(half, "CLM")
            .iter()
            .map(|it| it[..it.find('*').unwrap_or(0)].to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(&kept), ["C1", "C3", "C5", "C7", "C9"]);
    assert_eq!(numbers(&left), ["C2", "C4", "C6", "C8", "C10"]);
    assert!(segments(&kept, "BHT")[0].starts_with("0019*00*BATCH1-1*"));
}

#[test]
fn random_records_of_random_documents_are_kept() {
    let styles = [
        made::PLAIN,
        made::INSTITUTIONAL,
        made::Style {
            separators: ['|', '>', '!'],
            end: "\n",
            institutional: false,
        },
        made::Style {
            separators: ['+', '<', '^'],
            end: "'\r\n",
            institutional: true,
        },
    ];
    let mut numbers = made::Numbers(20_261_123);
    for round in 0..200 {
        let sets: Vec<_> = (0..1 + numbers.below(3))
            .map(|_| made::providers(&mut numbers))
            .collect();
        let style = styles[round % styles.len()];
        let document = made::document(&sets, style);
        assert_eq!(findings(document.as_bytes()), [""; 0], "round {round}");
        let bits = numbers.below(u64::MAX);
        let keeps = |record: u64| bits.rotate_right(record as u32 % 64) & 1 == 1;
        let what = format!("round {round}");
        let whole = check(&what, document.as_bytes(), &keeps);
        for size in [64, 333, 4096] {
            assert_eq!(
                halves(document.as_bytes(), &keeps, size),
                whole,
                "{what} in {size} bytes"
            );
        }
    }
}

/// Why the first transaction set of a document cannot be divided.
fn undivided(document: &[u8]) -> Option<Undivided> {
    let mut undivided = Vec::new();
    let read = survey_records(document, &Options::default(), |set| {
        undivided.push(set.undivided);
        Ok(())
    });
    assert!(read.is_ok());
    undivided[0]
}

#[test]
fn a_set_whose_records_are_uncertain_is_not_divided() {
    let clean = made::document(&[made::parse("[1(1) 1]")], made::PLAIN);
    for line in include_str!("divide/undivided.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let (change, expected) = line.split_once(" |").expect("a case has two parts");
        let (from, to) = change.split_once(" ->").expect("a change has two parts");
        let with_lines = |text: &str| text.trim().replace('~', "~\n");
        assert!(clean.contains(&with_lines(from)), "{line}");
        let document = clean.replacen(&with_lines(from), &with_lines(to), 1);
        let why = undivided(document.as_bytes());
        let told = match why {
            None => String::new(),
            Some(Undivided::Structure { code, .. }) => code.name().to_owned(),
            Some(other) => format!("{other:?}").to_lowercase(),
        };
        let expected = expected.rsplit(": ").next().unwrap_or_default().trim();
        assert_eq!(told, expected, "{line}");
        let keeps = &|record: u64| record == 2;
        let sent = readdress_records(
            document.as_bytes(),
            Vec::new(),
            &mut Half {
                keeps,
                is_kept: true,
            },
            &Options::default(),
        );
        match why {
            None => _ = check(line, document.as_bytes(), keeps),
            Some(why) => {
                let Err(Error::Undivided { what, .. }) = sent else {
                    panic!("{line}: {sent:?}");
                };
                assert!(
                    what == why.message() || why == Undivided::Reference,
                    "{line}: {what}"
                );
            }
        }
    }
}

#[test]
fn what_is_held_back_has_a_limit() {
    let document = made::document(&[made::parse("[9(1)]")], made::PLAIN);
    let send = |most| {
        let mut options = Options::default();
        options.limits.held_bytes = most;
        let keeps = &|_| true;
        readdress_records(
            document.as_bytes(),
            Vec::new(),
            &mut Half {
                keeps,
                is_kept: true,
            },
            &options,
        )
    };
    assert!(send(3000).is_ok());
    let Err(Error::Limit { max, at, .. }) = send(1000) else {
        panic!("it was held back");
    };
    assert!(max == 1000 && at < document.len() as u64);
}

/// Keeps the records that are named; those with a `+` begin a transaction set.
struct Named<'n>(Vec<&'n str>);

impl Addresses for Named<'_> {
    fn divides(&mut self, _: &Envelope) -> Result<bool, Error> {
        Ok(true)
    }

    fn record(&mut self, _: &Envelope, record: u64) -> Result<Fate, Error> {
        let has = |name: String| self.0.contains(&&*name);
        Ok(match (has(record.to_string()), has(format!("+{record}"))) {
            (true, _) => Fate::Kept,
            (_, true) => Fate::KeptInNewSet,
            _ => Fate::LeftOut,
        })
    }

    fn interchange(&mut self, received: &Envelope) -> Result<InterchangeAddress, Error> {
        Ok(InterchangeAddress::received(received, ControlNumber::FIRST))
    }

    fn group(&mut self, received: &Envelope) -> Result<GroupAddress, Error> {
        Ok(GroupAddress::received(received, ControlNumber::FIRST))
    }
}

/// Options that know the guide of the tests too.
fn own_guide() -> Options {
    let catalog = Catalog::builtin();
    let guide = catalog.compile("guide.kdl", include_str!("divide/guide.kdl"));
    let mut options = Options::default();
    options.catalog = Arc::new(catalog.with(guide.expect("it is a guide")));
    options
}

fn own_document(inside: &str) -> String {
    let segments = inside.matches('~').count() + 3;
    format!(
        "ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*000000001*0*T*:~\
         GS*ZZ*A*B*20261123*1200*7*X*005010T003~ST*902*0001*005010T003~BHT*1*2*R*20261123~{inside}SE*{segments}*0001~GE*1*7~IEA*1*000000001~"
    )
}

#[test]
fn records_may_be_levels_hold_levels_or_stand_alone() {
    let options = own_guide();
    for line in include_str!("divide/records.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let parts: Vec<_> = line.split('|').map(str::trim).collect();
        let [inside, kept, expected, charges] = parts[..] else {
            panic!("{line}")
        };
        let document = own_document(inside);
        for size in [40, 1 << 17] {
            let mut options = options.clone();
            options.block_bytes = size;
            let mut out = Vec::new();
            let mut named = Named(kept.split_whitespace().collect());
            let counts = readdress_records(document.as_bytes(), &mut out, &mut named, &options);
            let counts = counts.unwrap_or_else(|error| panic!("{line}: {error}"));
            let out = String::from_utf8_lossy(&out).into_owned();
            let sets: Vec<_> = out
                .split("BHT*1*2*R*20261123~")
                .skip(1)
                .map(|set| &set[..set.find("SE*").unwrap_or(0)])
                .collect();
            assert_eq!(sets.join(" / "), expected, "{line}");
            let all = sum(counts.kept.charges, counts.left_out.charges);
            assert_eq!(
                format!("{} of {all}", counts.kept.charges),
                charges,
                "{line}"
            );
            for (set, count) in sets.iter().zip(segments(out.as_bytes(), "SE")) {
                let count = count.split('*').next().and_then(|count| count.parse().ok());
                assert_eq!(count, Some(set.matches('~').count() + 3), "{line}");
            }
        }
    }
}

#[test]
fn a_reference_that_does_not_fit_is_refused() {
    struct Long(&'static str);
    impl Addresses for Long {
        fn divides(&mut self, _: &Envelope) -> Result<bool, Error> {
            Ok(true)
        }
        fn reference(&mut self, _: &Envelope, received: &str) -> Result<String, Error> {
            assert_eq!(received, "R");
            Ok(self.0.to_owned())
        }
        fn interchange(&mut self, received: &Envelope) -> Result<InterchangeAddress, Error> {
            Ok(InterchangeAddress::received(received, ControlNumber::FIRST))
        }
        fn group(&mut self, received: &Envelope) -> Result<GroupAddress, Error> {
            Ok(GroupAddress::received(received, ControlNumber::FIRST))
        }
    }
    let document = own_document("LX*1~");
    let send = |reference| {
        let sent = readdress_records(
            document.as_bytes(),
            Vec::new(),
            &mut Long(reference),
            &own_guide(),
        );
        matches!(sent, Err(Error::Value { .. }))
    };
    assert!(!send("ANEW-1"));
    assert!(send("") && send("A*B") && send("THIRTEEN-LONG"));
}

#[test]
fn records_of_whole_sets_are_counted_too() {
    let sets = [made::parse("[2]"), made::parse("[1(1)]")];
    let document = made::document(&sets, made::PLAIN);
    struct Second;
    impl Addresses for Second {
        fn keeps(&mut self, set: &Envelope) -> Result<bool, Error> {
            Ok(set.set == 2)
        }
        fn interchange(&mut self, received: &Envelope) -> Result<InterchangeAddress, Error> {
            same::interchange(received)
        }
        fn group(&mut self, received: &Envelope) -> Result<GroupAddress, Error> {
            same::group(received)
        }
    }
    let mut out = Vec::new();
    let counts = readdress_records(
        document.as_bytes(),
        &mut out,
        &mut Second,
        &Options::default(),
    );
    let counts = counts.expect("it goes on");
    assert_eq!((counts.sets, counts.dropped), (1, 1));
    assert_eq!((counts.kept.records, counts.left_out.records), (2, 2));
    assert_eq!(
        sum(counts.kept.charges, counts.left_out.charges),
        charges(document.as_bytes())
    );
    assert_eq!(findings(&out), [""; 0]);
}
