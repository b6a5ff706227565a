//! Documents under another envelope: what is not a control segment stays, counts are right, and what is dropped leaves no trace.

#[path = "readdress/same.rs"]
mod same;

use std::path::{Path, PathBuf};

use x12_parser::{
    Addresses, ControlNumber, Envelope, EnvelopeCounts, Error, GroupAddress, InterchangeAddress,
    Options, Severity, Visit, readdress, validate, visit_slice,
};

/// Samples whose control segments are written as we write them, and whole.
const CANONICAL: &str = include_str!("readdress/canonical.txt");

/// Samples that cannot go on, and why.
const REFUSED: &str = include_str!("readdress/refused.txt");

/// Keeps addresses and numbers as they are.
struct Same;

impl Addresses for Same {
    fn interchange(&mut self, received: &Envelope) -> Result<InterchangeAddress, Error> {
        same::interchange(received)
    }

    fn group(&mut self, received: &Envelope) -> Result<GroupAddress, Error> {
        same::group(received)
    }
}

/// Gives others, counts on, and keeps what it is told to.
struct Other {
    keeps: fn(&Envelope) -> bool,
    asked: Vec<String>,
    interchanges: u32,
    groups: u32,
    sets: u32,
}

impl Other {
    fn keeping(keeps: fn(&Envelope) -> bool) -> Self {
        let asked = Vec::new();
        Self {
            keeps,
            asked,
            interchanges: 800,
            groups: 30,
            sets: 4000,
        }
    }
}

impl Addresses for Other {
    fn keeps(&mut self, set: &Envelope) -> Result<bool, Error> {
        Ok((self.keeps)(set))
    }

    fn interchange(&mut self, received: &Envelope) -> Result<InterchangeAddress, Error> {
        self.asked.push(format!("{}", received.interchange));
        self.interchanges += 1;
        Ok(InterchangeAddress {
            isa05: "30".to_owned(),
            isa06: "MADEUPHUB".to_owned(),
            isa07: "ZZ".to_owned(),
            isa08: "MADEUPPAYER".to_owned(),
            isa09: "261124".to_owned(),
            isa10: "0715".to_owned(),
            isa13: ControlNumber::new(self.interchanges).expect("it is one"),
            isa15: "P".to_owned(),
        })
    }

    fn group(&mut self, received: &Envelope) -> Result<GroupAddress, Error> {
        let Envelope {
            interchange, group, ..
        } = received;
        self.asked.push(format!("{interchange}.{group}"));
        self.groups += 1;
        Ok(GroupAddress {
            gs02: "HUB".to_owned(),
            gs03: "PAYER".to_owned(),
            gs04: "20261124".to_owned(),
            gs05: "071530".to_owned(),
            gs06: ControlNumber::new(self.groups).expect("it is one"),
        })
    }

    fn set(&mut self, received: &Envelope) -> Result<String, Error> {
        let Envelope {
            interchange,
            group,
            set,
            ..
        } = received;
        self.asked.push(format!("{interchange}.{group}.{set}"));
        self.sets += 1;
        Ok(format!("{:09}", self.sets))
    }
}

fn samples() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples");
    let (mut folders, mut found) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path: PathBuf = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "edi") {
                let name = path.strip_prefix(&root).expect("it was found there");
                let bytes = std::fs::read(&path).expect("it was found there");
                found.push((name.display().to_string(), bytes));
            }
        }
    }
    found.sort();
    found
}

fn send(document: &[u8], how: &mut impl Addresses) -> Result<(Vec<u8>, EnvelopeCounts), Error> {
    send_by(document, how, Options::default().block_bytes)
}

fn send_by(
    document: &[u8],
    how: &mut impl Addresses,
    block_bytes: usize,
) -> Result<(Vec<u8>, EnvelopeCounts), Error> {
    let mut options = Options::default();
    options.block_bytes = block_bytes;
    let mut out = Vec::new();
    let counts = readdress(document, &mut out, how, &options)?;
    assert_eq!(counts.bytes, out.len() as u64);
    Ok((out, counts))
}

/// Codes of the errors, with the path of each.
fn errors(document: &[u8]) -> Vec<String> {
    let mut errors = Vec::new();
    let read = validate(document, &Options::default(), |finding| {
        if finding.severity == Severity::Error {
            errors.push(format!("{} {}", finding.code.name(), finding.path()));
        }
        Ok(())
    });
    if let Err(error) = read {
        errors.push(error.to_string());
    }
    errors
}

/// All segments that are not control segments, as they stand.
fn contents(document: &[u8]) -> Vec<Vec<u8>> {
    let mut contents = Vec::new();
    let visited = visit_slice(document, &Options::default(), |visit| {
        if let Visit::Segment(visited) = visit {
            let mut id = visited.segment.id().to_ascii_uppercase();
            id.retain(|byte| *byte != b'\n');
            if !matches!(&id[..], b"ISA" | b"GS" | b"ST" | b"SE" | b"GE" | b"IEA") {
                contents.push(visited.segment.raw().to_vec());
            }
        }
        Ok(())
    });
    assert!(visited.is_ok());
    contents
}

fn lines(list: &str) -> impl Iterator<Item = &str> {
    list.lines().filter(|line| !line.starts_with('#'))
}

#[test]
fn the_same_addresses_and_numbers_give_the_same_bytes() {
    let same = |(name, bytes): (String, Vec<u8>)| {
        let sent = send(&bytes, &mut Same).is_ok_and(|(sent, _)| sent == bytes);
        sent.then_some(name)
    };
    let same: Vec<_> = samples().into_iter().filter_map(same).collect();
    for name in lines(CANONICAL) {
        assert!(same.iter().any(|other| other == name), "{name}");
    }
}

#[test]
fn the_size_of_blocks_changes_nothing() {
    let sent = |bytes: &[u8], size| {
        send_by(bytes, &mut Other::keeping(|set| set.set != 1), size)
            .map_err(|error| error.to_string())
    };
    for (name, bytes) in samples() {
        let whole = sent(&bytes, 1 << 17);
        for size in [64, 300] {
            assert_eq!(sent(&bytes, size), whole, "{name} in {size} bytes");
        }
    }
}

#[test]
fn what_cannot_go_on_says_why() {
    let refused = |(name, bytes): (String, Vec<u8>)| {
        let error = send(&bytes, &mut Same).err()?;
        Some(format!("{name}\t{error}"))
    };
    let refused: Vec<_> = samples().into_iter().filter_map(refused).collect();
    assert_eq!(refused, lines(REFUSED).collect::<Vec<_>>());
}

/// The faulty interchange stands between two good ones, or behind one, where its text would reach into the next.
#[test]
fn what_cannot_go_on_holds_up_nothing_else() {
    let samples = samples();
    let sample = |name: &str| samples.iter().find(|(it, _)| it == name);
    let (_, good) = sample("005010X222A1/one-claim.edi").expect("it is a sample");
    let refused = lines(REFUSED).filter_map(|line| line.split_once('\t'));
    // These addresses fit where those of the sample do not.
    for (name, why) in refused.filter(|(_, why)| !why.starts_with("the value")) {
        let (_, faulty) = sample(name).expect("it is a sample");
        let reaches_on = name.contains("cut-off") || name.contains("none-inside");
        let behind: &[u8] = if reaches_on { b"" } else { good };
        let document = [good, &faulty[..], behind].concat();
        let mut others = Other::keeping(|set| set.interchange != 2);
        let (out, counts) = send(&document, &mut others).unwrap_or_else(|_| panic!("{name}"));
        let kept = if reaches_on { 1 } else { 2 };
        assert_eq!(counts.interchanges, kept, "{name}");
        assert_eq!(errors(&out), [""; 0], "{name}");
        let all = send(&document, &mut Other::keeping(|_| true));
        let told = all.err().map(|error| error.to_string());
        let reason = why.split(", at").next().expect("there is one");
        assert!(told.is_some_and(|told| told.starts_with(reason)), "{name}");
    }
}

#[test]
fn other_addresses_read_as_clean_and_change_no_contents() {
    let mut tried = 0;
    for (name, bytes) in samples() {
        let Ok((sent, counts)) = send(&bytes, &mut Other::keeping(|_| true)) else {
            continue;
        };
        if counts.interchanges == 0 {
            assert!(sent.is_empty(), "{name}");
            continue;
        }
        tried += 1;
        assert_eq!(contents(&sent), contents(&bytes), "{name}");
        // What was wrong in the envelope is right now; the rest is as it was.
        let mut left = errors(&bytes);
        for error in errors(&sent) {
            let known = left.iter().position(|before| *before == error);
            assert!(known.is_some(), "{name}: {error}");
            left.remove(known.unwrap_or_default());
        }
        let trailer = [
            "group-count",
            "set-count",
            "segment-count",
            "trailer-missing",
            "control-number",
        ];
        let envelope = |error: &&String| trailer.iter().any(|code| error.contains(code));
        let sent_errors = errors(&sent);
        assert_eq!(sent_errors.iter().find(envelope), None, "{name}");
    }
    assert!(tried > 40, "{tried} samples");
}

const ISA: &str = "ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*000000905*0*T*:~\n";

fn set(number: u32, contents: &str) -> String {
    let segments = contents.matches('~').count() + 2;
    format!("ST*837*{number:04}*005010X222A1~\n{contents}SE*{segments}*{number:04}~\n")
}

fn group(number: u32, sets: &[String]) -> String {
    let count = sets.len();
    let sets = sets.concat();
    format!(
        "GS*HC*MADEUP*RECEIVER*20261123*1200*{number}*X*005010X222A1~\n{sets}GE*{count}*{number}~\n"
    )
}

fn interchange(groups: &[String]) -> String {
    format!("{ISA}{}IEA*{}*000000905~\n", groups.concat(), groups.len())
}

const TO: &str =
    "ISA*00*          *00*          *30*MADEUPHUB      *ZZ*MADEUPPAYER    *261124*0715*^*00501*";

#[test]
fn a_set_that_is_dropped_leaves_no_trace() {
    let sets = [set(1, "BHT*1~\n"), set(2, "BHT*2~\nHL*1~\n")];
    let document = interchange(&[group(7, &sets)]);
    let mut how = Other::keeping(|set| set.set != 1);
    let (sent, counts) = send(document.as_bytes(), &mut how).expect("it goes on");
    let expected = format!(
        "{TO}000000801*0*P*:~\nGS*HC*HUB*PAYER*20261124*071530*31*X*005010X222A1~\n\
ST*837*000004001*005010X222A1~\nBHT*2~\nHL*1~\nSE*4*000004001~\nGE*1*31~\nIEA*1*000000801~\n"
    );
    assert_eq!(String::from_utf8_lossy(&sent), expected);
    assert_eq!(how.asked, ["1", "1.1", "1.1.2"]);
    assert_eq!(
        (
            counts.interchanges,
            counts.groups,
            counts.sets,
            counts.dropped
        ),
        (1, 1, 1, 1)
    );
}

#[test]
fn what_holds_nothing_any_more_vanishes_and_takes_no_number() {
    let one = |number| group(number, &[set(1, "BHT*1~\n")]);
    let document = [
        interchange(&[one(1), one(2)]),
        interchange(&[one(3), group(4, &[]), one(5)]),
        interchange(&[]),
    ]
    .concat();
    let mut how = Other::keeping(|set| set.gs(6) == "5");
    let (sent, counts) = send(document.as_bytes(), &mut how).expect("it goes on");
    assert_eq!(how.asked, ["2", "2.3", "2.3.1"]);
    assert_eq!(sent.iter().filter(|byte| **byte == b'~').count(), 7);
    assert_eq!(
        (
            counts.interchanges,
            counts.groups,
            counts.sets,
            counts.dropped
        ),
        (1, 1, 1, 3)
    );
    let (sent, counts) =
        send(document.as_bytes(), &mut Other::keeping(|_| false)).expect("it ends");
    assert_eq!((sent.len(), counts.dropped), (0, 4));
}

#[test]
fn identity_is_told_and_nothing_else() {
    let document = interchange(&[group(7, &[set(1, "BHT*CANARY~\n")])]);
    let document = document.replace("*00*          *ZZ", "*01*CANARY    *ZZ");
    let mut seen = String::new();
    struct See<'s>(&'s mut String);
    impl Addresses for See<'_> {
        fn keeps(&mut self, set: &Envelope) -> Result<bool, Error> {
            *self.0 = format!("{set:?} {} {}", set.isa(4), set.isa(99));
            Ok(false)
        }
        fn interchange(&mut self, _: &Envelope) -> Result<InterchangeAddress, Error> {
            Err(std::io::Error::other("nothing is kept").into())
        }
        fn group(&mut self, _: &Envelope) -> Result<GroupAddress, Error> {
            Err(std::io::Error::other("nothing is kept").into())
        }
    }
    assert!(send(document.as_bytes(), &mut See(&mut seen)).is_ok());
    assert!(seen.contains("MADEUPSENDER") && seen.contains("005010X222A1"));
    assert!(!seen.contains("CANARY"), "{seen}");
}

#[test]
fn missing_trailers_are_written() {
    let document = interchange(&[group(7, &[set(1, "BHT*1~\n")])]);
    for from in ["IEA*", "GE*", "SE*"] {
        let cut = &document[..document.find(from).expect("it has one")];
        let (sent, _) = send(cut.as_bytes(), &mut Same).expect("it goes on");
        assert_eq!(String::from_utf8_lossy(&sent), document);
    }
    let unterminated = document.trim_end_matches(['~', '\n']);
    let (sent, _) = send(unterminated.as_bytes(), &mut Same).expect("it goes on");
    assert_eq!(String::from_utf8_lossy(&sent), document);
}

#[test]
fn values_that_do_not_fit_are_refused_by_the_name_of_their_element() {
    struct Given(fn(&mut InterchangeAddress, &mut GroupAddress), String);
    impl Given {
        fn both(&self, received: &Envelope) -> (InterchangeAddress, GroupAddress) {
            let mut interchange = InterchangeAddress::received(received, ControlNumber::FIRST);
            let mut group = GroupAddress::received(received, ControlNumber::FIRST);
            (self.0)(&mut interchange, &mut group);
            (interchange, group)
        }
    }
    impl Addresses for Given {
        fn interchange(&mut self, received: &Envelope) -> Result<InterchangeAddress, Error> {
            Ok(self.both(received).0)
        }
        fn group(&mut self, received: &Envelope) -> Result<GroupAddress, Error> {
            Ok(self.both(received).1)
        }
        fn set(&mut self, _: &Envelope) -> Result<String, Error> {
            Ok(self.1.clone())
        }
    }
    type Case = (
        fn(&mut InterchangeAddress, &mut GroupAddress),
        &'static str,
        &'static str,
    );
    let cases: [Case; 7] = [
        (
            |to, _| to.isa06 = "SIXTEEN LETTERS.".to_owned(),
            "1",
            "ISA06",
        ),
        (|to, _| to.isa08 = "A*B".to_owned(), "1", "ISA08"),
        (|to, _| to.isa15 = "~".to_owned(), "1", "ISA15"),
        (|_, to| to.gs02 = String::new(), "1", "GS02"),
        (|_, to| to.gs03 = "A\nB".to_owned(), "1", "GS03"),
        (|_, _| {}, "1234567890", "ST02"),
        (|_, _| {}, "1^2", "ST02"),
    ];
    let document = interchange(&[group(7, &[set(1, "BHT*1~\n")])]);
    for (change, st02, wanted) in cases {
        let end = send(document.as_bytes(), &mut Given(change, st02.to_owned()));
        let Err(Error::Value { element, at }) = end else {
            panic!("{wanted} was taken: {end:?}");
        };
        assert_eq!(element, wanted);
        assert!(at < document.len() as u64);
    }
}
