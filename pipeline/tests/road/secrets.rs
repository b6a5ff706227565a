//! What nobody may find: values of documents outside what is delivered (reliability §8.2, S9), and names that are not ours (S7).

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::checker::{Fate, Input};
use crate::house::{House, How, below, sample};
use crate::servers::Servers;
use crate::ways::{json, profile};

/// Stands in the place of what tells of a person.
const CANARY: &str = "CANARY";

/// Values of the samples, and what stands in their place.
const VALUES: [(&str, &str); 10] = [
    ("EXAMPLE CLINIC", "CANARY CLINIC"),
    ("234 EXAMPLE ST", "234 CANARY ST"),
    ("BILL SAMPLE", "BILL CANARY"),
    ("*SAMPLE*JOHN", "*CANARYLAST*CANARYFIRST"),
    ("JS00111223333", "CANARY1223333"),
    ("236 N MAIN ST", "236 N CANARY"),
    ("MIAMI", "CANARYTON"),
    ("26463774", "CANARY774"),
    ("17312345600006351", "CANARY5600006351"),
    ("587654321", "CANARY321"),
];

fn with_canaries(document: Vec<u8>) -> Vec<u8> {
    let mut text = String::from_utf8(document).expect("it is text");
    for (value, canary) in VALUES {
        text = text.replace(value, canary);
    }
    assert!(text.contains(CANARY), "the sample has none of the values");
    text.into_bytes()
}

/// A claim of which every element is a canary that law 5 does not let be seen: all but those of the envelope, and ST.
fn everything(isa13: u32) -> Vec<u8> {
    let text = sample("005010X222A1/one-claim.edi", isa13);
    let text = String::from_utf8(text).expect("it is text");
    let segments = text.split_inclusive('~').enumerate().map(|(at, segment)| {
        let (id, rest) = segment.split_once('*').unwrap_or((segment, ""));
        if ["ISA", "GS", "ST", "SE", "GE", "IEA"].contains(&id.trim()) || rest.is_empty() {
            return segment.to_owned();
        }
        let elements = rest.trim_end_matches('~').split('*').enumerate();
        let canaries = elements.map(|(element, value)| match value {
            "" => "*".to_owned(),
            _ => format!("*CANARY{at}X{element}"),
        });
        format!("{id}{}~", canaries.collect::<String>())
    });
    segments.collect::<String>().into_bytes()
}

/// Documents for every end, full of canaries; some where a finding must speak of them.
fn inputs() -> Vec<(&'static str, Fate, Vec<u8>)> {
    let received = Fate::Quarantined("");
    let claims = |isa13| with_canaries(sample("005010X222A1/one-claim.edi", isa13));
    let faulty = |isa13, value: &str, by: &str| {
        let text = String::from_utf8(claims(isa13)).expect("it is text");
        assert!(text.contains(value), "{value} is not in the sample");
        text.replace(value, by).into_bytes()
    };
    vec![
        ("good.edi", received, claims(1)),
        ("code.edi", received, faulty(2, "*F~", "*CANARY~")),
        ("segment.edi", received, faulty(3, "DMG*", "CANARY*")),
        (
            "stranger.edi",
            received,
            faulty(4, "MADEUPSENDER   ", "CANARYSENDER   "),
        ),
        ("nothing.edi", received, b"CANARY CANARY CANARY".to_vec()),
        ("everything.edi", received, everything(5)),
        (
            "good.json",
            Fate::Sent,
            with_canaries(json("005010X222A1/one-claim.json")),
        ),
        (
            "faulty.json",
            Fate::Sent,
            with_canaries(json("005010X222A1/broken/element-faults.json")),
        ),
        (
            "broken.json",
            Fate::Sent,
            br#"{"interchanges":[{"CANARY":"CANARY", CANARY }]}"#.to_vec(),
        ),
        (
            "keys.json",
            Fate::Sent,
            br#"{"CANARY": ["CANARY"], "interchanges": "CANARY"}"#.to_vec(),
        ),
    ]
}

#[test]
fn no_value_is_found_but_in_what_is_delivered() {
    let mut searched = 0;
    for (failpoint, log) in [
        ("", "text"),
        ("job-done 9 kill", "json"),
        ("delivery-written 3 kill", "text"),
    ] {
        let house = House::new(&profile());
        for (file, fate, bytes) in inputs() {
            let input = Input::submitted(file, bytes, fate);
            input.leave(&house);
        }
        let how = How {
            failpoint: (!failpoint.is_empty()).then(|| failpoint.to_owned()),
            ..How::default()
        };
        let ended = crate::house::ends(house.begin(&["--log", log, "run", "--until-idle"], &how));
        assert_eq!(ended.success(), failpoint.is_empty(), "{failpoint}");
        assert!(house.run(&How::default()).success());
        assert!(
            house
                .texts("backend/received/acme")
                .join("")
                .contains(CANARY),
            "the canaries are gone"
        );
        searched += search(&house);
    }
    say!("canaries: 0 found in {searched} files, names and pages");
}

/// Looks into everything but what is delivered.
fn search(house: &House) -> usize {
    let mut pages = vec![
        house.print(&["status"]),
        house.print(&["status", "--json"]),
        house.print(&["dead-letters"]),
        house.print(&["dead-letters", "--json"]),
    ];
    for arrival in house.arrivals() {
        pages.push(house.print(&["trace", &arrival.id]));
        pages.push(house.print(&["trace", "--json", &arrival.id]));
    }
    let found: Vec<_> = pages.iter().filter(|page| page.contains(CANARY)).collect();
    assert!(found.is_empty(), "{found:#?}");
    let mut files = Vec::new();
    below(&house.home, &mut files);
    files.push(house.log());
    let delivered = ["exchange/acme/out", "backend/received"].map(|folder| house.home.join(folder));
    for file in &files {
        assert!(
            !file.to_string_lossy().contains(CANARY),
            "{}",
            file.display()
        );
        let is_delivered = delivered.iter().any(|folder| file.starts_with(folder));
        let bytes = fs::read(file).expect("the house is ours");
        let holds = memchr::memmem::find(&bytes, CANARY.as_bytes()).is_some();
        assert!(is_delivered || !holds, "{}", file.display());
    }
    if house.servers.postgres.is_some() {
        let url = house.text("keys/database.url");
        let dumped = Command::new("pg_dump").arg(url.trim()).output();
        let dumped = dumped.expect("PostgreSQL's programs are there").stdout;
        assert!(!dumped.is_empty(), "there is a ledger");
        let holds = memchr::memmem::find(&dumped, CANARY.as_bytes()).is_some();
        assert!(!holds, "a value is in the ledger");
    }
    let objects = house.objects();
    for (name, bytes) in &objects {
        let holds = memchr::memmem::find(bytes, CANARY.as_bytes()).is_some();
        assert!(!holds && !name.contains(CANARY), "{name}");
    }
    pages.len() + 2 * files.len() + 2 * objects.len()
}

/// `objects/af/4c320fd2-c77f-510a-9ce2-47aaf48868af/route-0`
fn is_ours(name: &str) -> bool {
    let parts: Vec<_> = name.split('/').collect();
    let [_, shard, job, object] = parts[..] else {
        return false;
    };
    let of = |text: &str, also: char| text.chars().all(|c| c.is_ascii_hexdigit() || c == also);
    let (step, ordinal) = object.split_once('-').unwrap_or_default();
    shard.len() == 2
        && job.len() == 36
        && of(shard, '0')
        && of(job, '-')
        && step.bytes().all(|b| b.is_ascii_lowercase())
        && ordinal.parse::<u32>().is_ok()
}

#[test]
fn a_crash_writes_no_memory_to_a_file() {
    let house = House::new(&profile());
    let child = house.begin(&["run"], &How::default());
    let limits = format!("/proc/{}/limits", child.id());
    let is_hardened = || {
        let limits = fs::read_to_string(&limits).expect("it runs");
        let core = limits
            .lines()
            .find(|line| line.starts_with("Max core file size"));
        core.is_some_and(|line| line.split_whitespace().nth(4) == Some("0"))
    };
    let begun = Instant::now();
    while !is_hardened() {
        assert!(
            begun.elapsed().as_secs() < 30,
            "core dumps are still possible"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    child.stop();
}

/// Servers at which nobody listens: a file with an address, that address, and what the settings say.
const SERVERS: [(&str, &str, &str); 5] = [
    (
        "keys/database.url",
        "postgres://x12:SECRET-OF-DATABASE@127.0.0.1:1/x12",
        "[database]\nurl_file = \"keys/database.url\"\n",
    ),
    (
        "keys/database.url",
        "http://x12:SECRET-OF-DATABASE@[x",
        "[database]\nurl_file = \"keys/database.url\"\n",
    ),
    (
        "keys/broker.url",
        "amqp://x12:SECRET-OF-BROKER@127.0.0.1:1/%2f",
        "[queue]\nurl_file = \"keys/broker.url\"\n",
    ),
    (
        "keys/broker.url",
        "amqp://x12:SECRET-OF-BROKER@[x:y/%2f",
        "[queue]\nurl_file = \"keys/broker.url\"\n",
    ),
    (
        "keys/none",
        "",
        "[store]\nfolder = \"s3://x12-none\"\n[s3]\nendpoint = \"http://127.0.0.1:1\"\nregion = \"x\"\n",
    ),
];

/// Passwords and keys of servers stand in files and in the environment; nothing that the command says or shows repeats them (S15).
#[test]
fn no_secret_of_a_server_is_told() {
    let secrets = ["SECRET-OF-DATABASE", "SECRET-OF-BROKER", "SECRET-OF-BUCKET"];
    let house = House::beside(Servers::default(), &profile());
    assert!(house.run(&How::default()).success());
    let config = house.text("config.toml");
    let commands: [&[&str]; 8] = [
        &["--help"],
        &["config", "check"],
        &["status"],
        &["dead-letters", "--json"],
        &["keys", "list"],
        &["run", "--until-idle"],
        &["--log", "json", "run", "--until-idle"],
        &["nonsense"],
    ];
    let mut searched = 0;
    for (file, url, more) in SERVERS {
        house.write_secret(file, url);
        house.write("config.toml", format!("{config}{more}").as_bytes());
        for arguments in commands {
            let mut command = house.command(arguments, &How::default());
            command
                .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
                .env("AWS_SECRET_ACCESS_KEY", "SECRET-OF-BUCKET")
                .env("AWS_EC2_METADATA_DISABLED", "true");
            let said = output_within(command, Duration::from_secs(6));
            for secret in secrets {
                assert!(!said.contains(secret), "{arguments:?}: {said}");
            }
            searched += 1;
        }
    }
    say!("secrets of servers: 0 found in what {searched} commands say");
}

/// What a command says, which is killed if it takes too long.
fn output_within(mut command: Command, time: Duration) -> String {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    let begun = Instant::now();
    while child.try_wait().expect("it is our child").is_none() {
        if begun.elapsed() > time {
            child.kill().expect("it is our child");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().expect("it has ended");
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8(said).expect("it says text")
}

/// The most memory that a process has had, in KiB, and its CPU time so far, in seconds; none once it is gone.
fn used(pid: u32) -> Option<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib = peak.split_whitespace().next()?.parse().ok()?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // utime and stime, in hundredths: fields 14 and 15; the first behind the name is field 3.
    let (_, fields) = stat.rsplit_once(')')?;
    let times = fields.split_whitespace().skip(11).take(2);
    let hundredths: u64 = times.filter_map(|time| time.parse::<u64>().ok()).sum();
    Some((kib, hundredths / 100))
}

/// What is made to be hard to read is refused or answered, in bounded memory and time (S14): that of the CPU, as others may use it too.
#[test]
fn documents_made_to_be_hard_end_in_bounded_memory() {
    let isa = String::from_utf8(sample("005010X222A1/one-claim.edi", 1)).expect("it is text");
    let (isa, rest) = isa.split_at(106);
    let (group, _) = rest.split_once("NM1*").expect("it has names");
    let deep: String = (2..200_000)
        .map(|id| format!("HL*{id}*{}*22*1~", id - 1))
        .collect();
    let hard = [
        format!("{isa}{group}{deep}"),
        format!("{isa}{group}REF*{}~", "A".repeat(64 << 20)),
        format!("{isa}{}", "NM1*85*2*NOBODY".repeat(2 << 20)),
        format!("{isa}{group}{}", "~".repeat(4 << 20)),
        isa.replace('~', "A") + &rest.repeat(40),
        isa.replace('~', "*") + rest,
    ];
    let house = House::new(&profile());
    house.configure("[work]\nincomplete_s = 0\njob_s = 300");
    for (number, text) in hard.iter().enumerate() {
        house.receive(&format!("{number}.edi"), text.as_bytes());
    }
    let child = house.begin(&["run"], &How::default());
    house.wait_for("running", 1);
    let (mut peak, mut cpu_s) = (0, 0);
    let begun = Instant::now();
    loop {
        (peak, cpu_s) = used(child.id()).unwrap_or((peak, cpu_s));
        assert!(cpu_s < 120, "{:#?}", house.arrivals());
        if house.have_ended(hard.len()) {
            break;
        }
        let is_patient = begun.elapsed() < Duration::from_secs(600);
        assert!(is_patient, "{:#?}", house.arrivals());
        std::thread::sleep(Duration::from_millis(100));
    }
    child.stop();
    let ends = house.arrivals();
    let dead: Vec<_> = ends
        .iter()
        .filter(|arrival| arrival.state == "dead")
        .collect();
    say!(
        "{} documents made to be hard: {peak} KiB of memory, {cpu_s} s of CPU, {} dead letters",
        hard.len(),
        dead.len()
    );
    assert!(peak < 400 << 10, "{peak} KiB");
}

#[test]
fn names_are_shown_and_nothing_else_is_made_of_them() {
    let house = House::new(&profile());
    let inbox = house.home.join("exchange/acme/in");
    let long = [b'n'; 255];
    let names: [&[u8]; 9] = [
        b"-rf",
        b"..a",
        b"a\r\nINFO forged=1",
        "\u{202E}ide.smialc".as_bytes(),
        b"\xFF\xFE.edi",
        b"$(touch x);`touch y`",
        b"CANARY-NAME'; DROP TABLE arrival; --",
        b"\x1B[31mred",
        &long,
    ];
    for (name, isa13) in names.into_iter().zip(1..) {
        let bytes = sample("005010X222A1/one-claim.edi", isa13);
        // A dot in front hides a file from us: it is not taken.
        fs::write(inbox.join(OsStr::from_bytes(name)), bytes).expect("such names are possible");
    }
    house.write("outside.edi", &sample("005010X222A1/one-claim.edi", 99));
    symlink(house.home.join("outside.edi"), inbox.join("link.edi")).expect("links are possible");
    symlink("/etc/passwd", inbox.join("passwd")).expect("links are possible");
    fs::create_dir(inbox.join("folder.edi")).expect("folders are possible");
    assert!(house.run(&How::default()).success());
    let arrivals = house.arrivals();
    assert_eq!(arrivals.len(), names.len() - 1, "{arrivals:#?}");
    assert!(
        house.home.join("outside.edi").exists(),
        "what a link points to was taken"
    );
    for (name, _) in house.objects() {
        assert!(is_ours(&name), "an object has the name {name}");
    }
    let log = fs::read_to_string(house.log()).expect("it logs UTF-8");
    assert!(
        !log.contains("forged") && !log.contains("CANARY-NAME"),
        "a name is in the log"
    );
    let shown = house.print(&["status"]);
    assert!(
        shown
            .chars()
            .all(|c| c == '\n' || !c.is_control() && c != '\u{202E}'),
        "{shown:?}"
    );
    say!(
        "{} names: shown harmless, in no object's name, in no log",
        names.len()
    );
}
