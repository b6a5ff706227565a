//! The example of an embedded stage, run as an integrator runs it: a pipe is its queue, a process each of its stages.
//!
//! `examples/cases.txt` has a sample, or how it came, at the head of each block, and below what the ledger was told and what follows.

#[path = "../../tests/tests/house/built.rs"]
mod built;
#[path = "doors/mod.rs"]
mod doors;

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use built::built;
use serde_json::Value;
use x12_parser::{Options, Per, Shape, to_json, validate};
use x12_pipeline::keys::KeyFile;
use x12_pipeline::object::ObjectId;
use x12_pipeline::openpgp::{Certificates, Encryption, SecretKeys, encrypt, generate};
use x12_pipeline::seal::Vault;
use x12_pipeline::store::FolderStore;
use x12_pipeline::terminal::Home;

const STAGES: [&str; 3] = ["decrypt", "translate", "validate"];

#[test]
fn stages_in_another_pipeline_do_as_their_cases_say() {
    let (house, theirs) = house("embedded-cases");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples/cases.txt");
    let cases = fs::read_to_string(&path).expect("it is part of the tests");
    let mut told = String::new();
    for case in cases.split("\n\n") {
        let head = case.lines().next().unwrap_or_default();
        if !told.is_empty() {
            told += "\n";
        }
        told += head;
        told += "\n";
        if !head.starts_with('#') {
            told += &tell(&house, &theirs, head);
        }
    }
    if env::var_os("X12_WRITE").is_some() {
        fs::write(&path, &told).expect("the repository can be written");
    }
    let cases = fs::read_to_string(&path).expect("it is part of the tests");
    assert_eq!(told, cases, "X12_WRITE=1 rewrites it");
}

/// What the stages said of a case.
fn tell(house: &Path, theirs: &SecretKeys, head: &str) -> String {
    let (partner, name) = head.split_once(' ').expect("a partner and a sample");
    let (way, partner) = partner.split_once('-').unwrap_or(("plain", partner));
    let mut document = sample(name);
    if partner == "sealed" {
        let text = String::from_utf8(document).expect("it is ASCII");
        document = text.replace(SENDER, "MADEUPSEALED").into_bytes();
    }
    let file = house.join("document");
    let came = match way {
        "encrypted" => encrypted(house, &document, theirs),
        _ => document.clone(),
    };
    fs::write(&file, &came).expect("the house is ours");
    let file = file.display().to_string();
    let mut run = embed_stage(house, &["seal", HOME, partner, &file], b"");
    let mut told = String::new();
    for stage in STAGES {
        let messages = run.stdout.clone();
        run = embed_stage(house, &[stage, HOME], &messages);
        told += &without_jobs(&run.stderr);
        let message = serde_json::from_slice::<Value>(&messages);
        if run.status.success()
            && let Ok(message) = message
        {
            check(house, stage, &message, &document);
        }
    }
    for line in String::from_utf8_lossy(&run.stdout).lines() {
        let message: Value = serde_json::from_str(line).expect("a message is JSON");
        let task = &message["task"];
        told += &format!("next: {} ", task["step"].as_str().unwrap_or_default());
        told += &format!(
            "readable={} answers={}\n",
            task["readable"].is_object(),
            task["answers"]
        );
    }
    told
}

/// Whether what a stage made is what the parser makes of the document.
fn check(house: &Path, stage: &str, message: &Value, document: &[u8]) {
    let options = Options::default();
    let mut expected = Vec::new();
    match stage {
        "decrypt" => expected = document.to_vec(),
        // Of a document that breaks off only what is before counts.
        "translate" => {
            let whole = to_json(document, &mut expected, Shape::Loops, Per::Set, &options);
            if whole.is_err() {
                return;
            }
        }
        _ => {
            // Where it breaks off, what was found before is there all the same.
            _ = validate(document, &options, |finding| {
                serde_json::to_writer(&mut expected, finding).expect("it is written to memory");
                expected.push(b'\n');
                Ok(())
            });
        }
    }
    let job = message["job"].as_str().expect("a message names its job");
    let made: ObjectId = format!("{job}/{stage}/0").parse().expect("it is a name");
    let partner = message["partner"].as_str().expect("it names a partner");
    let store = FolderStore::new(&house.join("house/store")).expect("the house is ours");
    let keys = KeyFile::read(&house.join("house/keys/sealing.keys")).expect("they were made");
    let vault = Vault::new(Arc::new(store), Arc::new(keys));
    // What was not encrypted goes on as it lies.
    let Ok(mut opened) = vault.open(&made, partner) else {
        assert_eq!(stage, "decrypt");
        return;
    };
    let mut object = Vec::new();
    opened.read_to_end(&mut object).expect("it opens");
    assert!(object == expected, "{stage} made something else");
}

#[test]
fn a_message_that_comes_again_gives_the_same_messages() {
    let (house, _) = house("embedded-again");
    let file = house.join("document");
    fs::write(&file, sample("005010X222A1/two-claims.edi")).expect("the house is ours");
    let file = file.display().to_string();
    let mut messages = embed_stage(&house, &["seal", HOME, "acme", &file], b"").stdout;
    for stage in STAGES {
        // Another stage lets it pass.
        let other = if stage == "decrypt" {
            "validate"
        } else {
            "decrypt"
        };
        let passed = embed_stage(&house, &[other, HOME], &messages);
        assert_eq!(passed.stdout, messages, "{stage}");
        let twice = [&messages[..], &messages[..]].concat();
        let done = embed_stage(&house, &[stage, HOME], &twice);
        assert!(done.status.success(), "{stage}: {done:?}");
        let (first, second) = done.stdout.split_at(done.stdout.len() / 2);
        assert_eq!(first, second, "{stage}");
        messages = first.to_vec();
    }
}

#[test]
fn what_cannot_begin_is_said() {
    let (house, _) = house("embedded-wrong");
    let cases: [(&[&str], &str); 5] = [
        (&[], "usage: "),
        (&["route", HOME], "usage: "),
        (&["decrypt", "elsewhere"], "there is no folder"),
        (&["seal", HOME, "nobody", "document"], "partner-unknown"),
        (
            &["seal", HOME, "acme", "missing"],
            "missing: entity not found",
        ),
    ];
    for (arguments, said) in cases {
        let run = embed_stage(&house, arguments, b"");
        let told = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{arguments:?}");
        assert!(told.contains(said), "{arguments:?}: {told}");
    }
    let run = embed_stage(&house, &["decrypt", HOME], b"no message\n");
    assert_eq!(run.status.code(), Some(2));
}

/// The sender of the samples; each partner has ids of his own.
const SENDER: &str = "MADEUPSENDER";

/// The home folder, from where the example is run.
const HOME: &str = "house";

/// A folder with a house of two partners, one of which must encrypt; the keys of that one.
fn house(name: &str) -> (PathBuf, SecretKeys) {
    let folder = doors::folder(name);
    let theirs = generate("Acme", None, SystemTime::now())
        .expect("a key is made")
        .keys;
    let partners = folder.join("house/partners");
    fs::create_dir_all(&partners).expect("the folder is ours");
    let ids = "[theirs]\nisa = [\"ZZ:MADEUPSENDER\"]\ngs = [\"MADEUP\"]\n[ours]\nisa = \"ZZ:MADEUPRECEIVER\"\ngs = \"RECEIVER\"\n";
    let acme = format!("{ids}[pgp]\nplain = true\n");
    let ids = ids.replace(SENDER, "MADEUPSEALED");
    let sealed = format!("{ids}[pgp]\ncertificates = [\"sealed.asc\"]\n");
    let other = acme.replace(SENDER, "SOMEBODYELSE");
    for (name, profile) in [("acme", acme), ("sealed", sealed), ("other", other)] {
        fs::write(partners.join(format!("{name}.toml")), profile).expect("the folder is ours");
    }
    let certificate = theirs.certificates()[0].armored().expect("it is written");
    fs::write(folder.join("house/sealed.asc"), certificate).expect("the folder is ours");
    (folder, theirs)
}

/// A document as the partner sends it: signed, and encrypted to the house.
fn encrypted(house: &Path, document: &[u8], theirs: &SecretKeys) -> Vec<u8> {
    let home = Home::new(&house.join(HOME));
    let profiles = home.profiles().expect("it is sound");
    home.settle(&profiles.settings).expect("keys are made");
    let ours = home.own(&profiles.settings).expect("they were made");
    let mut to = Certificates::default();
    let certificate = ours.certificates()[0].armored().expect("it is written");
    to.add("us", &certificate).expect("it is one");
    let with = Encryption {
        ours: theirs,
        to: to.of("us"),
        armored: true,
        now: SystemTime::now(),
    };
    let mut message = Vec::new();
    encrypt(document, &with, &mut message).expect("it is written to memory");
    message
}

fn sample(name: &str) -> Vec<u8> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples");
    fs::read(samples.join(name)).expect("it is a sample")
}

/// What was said, without the names of jobs and keys, which are others each time.
fn without_jobs(said: &[u8]) -> String {
    let mut told = String::new();
    for line in String::from_utf8_lossy(said).lines() {
        let (step, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (_, what) = rest.split_once(": ").unwrap_or(("", rest));
        let what = match what.split_once("signed by ") {
            Some((before, after)) => {
                let (_, after) = after.split_once(';').unwrap_or_default();
                format!("{before}signed;{after}")
            }
            None => what.to_owned(),
        };
        told += &format!("{step}: {what}\n");
    }
    told
}

/// Runs the example in a folder, with messages on its standard input.
fn embed_stage(folder: &Path, arguments: &[&str], messages: &[u8]) -> Output {
    let mut child = Command::new(example())
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it was built");
    let mut queue = child.stdin.take().expect("it is piped");
    // Who cannot begin reads nothing.
    _ = queue.write_all(messages);
    drop(queue);
    child.wait_with_output().expect("it is our child")
}

/// The example.
fn example() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built(&["--example", "embed_stage"], "examples/embed_stage"))
}
