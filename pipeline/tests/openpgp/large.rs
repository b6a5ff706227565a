//! Large messages, in constant memory, and what is wrong at their very end (S2 of the security checks).

use std::io::{self, Read, Write};
use std::process::Command;
use std::thread;

use sequoia_openpgp::serialize::stream::{LiteralWriter, Message};
use sequoia_openpgp::types::{CompressionAlgorithm, HashAlgorithm};
use x12_pipeline::openpgp::decrypt;

use super::craft::{self, Pair, Party, Signing, by};
use super::{bounds, checked, code, doors};

const MIB: u64 = 1 << 20;

/// What is wrong with a message.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Nothing,
    Unsigned,
    Stranger,
    Weak,
    /// So many bytes before the end, a byte is changed.
    Changed(u64),
    /// So many bytes before the end, it ends.
    Cut(u64),
}

/// What becomes of a message of so many MiB that is made while it is read, and the bytes that were written.
fn open(pair: &Pair, mebibytes: u64, fault: Fault) -> (&'static str, u64) {
    let stranger = Party::new();
    let (reader, writer) = io::pipe().expect("there is a pipe");
    thread::scope(|scope| {
        let stranger = &stranger;
        scope.spawn(move || send(pair, stranger, mebibytes, fault, writer));
        let mut plain = Counted(0);
        let message = Faulty {
            reader,
            fault,
            ahead: Vec::new(),
            ended: false,
        };
        let opened = checked(decrypt(message, &pair.decryption(), &mut plain));
        (code(&opened), plain.0)
    })
}

fn send(pair: &Pair, stranger: &Party, mebibytes: u64, fault: Fault, out: io::PipeWriter) {
    let message = craft::encryptor(Message::new(out), &pair.us);
    let (partner, stranger) = ([&pair.partner], [stranger]);
    let message = match fault {
        Fault::Unsigned => message,
        Fault::Stranger => craft::signer(message, by(&stranger)),
        Fault::Weak => {
            let hash = HashAlgorithm::SHA1;
            craft::signer(
                message,
                Signing {
                    hash,
                    ..by(&partner)
                },
            )
        }
        _ => craft::signer(message, by(&partner)),
    };
    let mut message = LiteralWriter::new(message).build().expect("it is open");
    let chunk = doors::plain(usize::try_from(MIB).expect("it is small"));
    for _ in 0..mebibytes {
        message.write_all(&chunk).expect("it is read to its end");
    }
    message.finalize().expect("it is read to its end");
}

/// The message with its fault: all but its last bytes pass at once.
struct Faulty {
    reader: io::PipeReader,
    fault: Fault,
    ahead: Vec<u8>,
    ended: bool,
}

/// Bytes that are kept until the end is known.
const KEPT: usize = 4 << 10;

impl Read for Faulty {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while !self.ended && self.ahead.len() <= KEPT {
            let mut chunk = [0; 64 << 10];
            let length = self.reader.read(&mut chunk)?;
            self.ahead.extend_from_slice(&chunk[..length]);
            if length == 0 {
                self.ended = true;
                let end =
                    |before: u64| self.ahead.len() - usize::try_from(before).expect("it is small");
                match self.fault {
                    Fault::Changed(before) => {
                        let at = end(before);
                        self.ahead[at] ^= 1;
                    }
                    Fault::Cut(before) => self.ahead.truncate(end(before)),
                    _ => {}
                }
            }
        }
        let free = if self.ended {
            self.ahead.len()
        } else {
            self.ahead.len() - KEPT
        };
        let length = free.min(into.len());
        into[..length].copy_from_slice(&self.ahead[..length]);
        self.ahead.drain(..length);
        Ok(length)
    }
}

struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const FAULTS: [(Fault, &str); 8] = [
    (Fault::Nothing, "ok"),
    (Fault::Unsigned, "pgp-unsigned"),
    (Fault::Stranger, "pgp-signer-unknown"),
    (Fault::Weak, "pgp-weak"),
    // In the modification detection code, in the document.
    (Fault::Changed(1), "pgp-tampered"),
    (Fault::Changed(3_000), "pgp-tampered"),
    (Fault::Cut(1), "pgp-cut"),
    (Fault::Cut(3_000), "pgp-cut"),
];

#[test]
fn faults_at_the_end_of_a_large_message_are_found() {
    let pair = Pair::new();
    for (fault, expected) in FAULTS {
        let (code, plain) = open(&pair, 26, fault);
        assert_eq!(code, expected, "{fault:?}");
        // So it is at the end only that they can be found, and what was written must be dropped.
        assert!(plain > 20 * MIB, "{fault:?}: {plain}");
    }
}

/// Tells the test that it is the process of its own which it began.
const ALONE: &str = "X12_A_GIGABYTE_ALONE";

#[test]
fn a_gigabyte_is_opened_or_refused_in_little_memory() {
    if std::env::var_os(ALONE).is_some() {
        return a_gigabyte();
    }
    // In a process of its own: the others' memory does not count.
    let tests = std::env::current_exe().expect("it runs");
    let name = "large::a_gigabyte_is_opened_or_refused_in_little_memory";
    let output = Command::new(tests)
        .args(["--exact", name, "--nocapture"])
        .env(ALONE, "1")
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let passed = output.status.success() && said.contains("1 passed");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(passed, "{said}{told}");
    eprint!("{told}");
}

fn a_gigabyte() {
    const RESIDENT_KIB_MAX: u64 = 96 << 10;
    let pair = Pair::new();
    for (fault, expected) in [FAULTS[0], FAULTS[4], FAULTS[6]] {
        let (code, plain) = open(&pair, 1 << 10, fault);
        assert_eq!(code, expected, "{fault:?}");
        assert!(plain > 1_000 * MIB, "{fault:?}: {plain}");
    }
    let bomb = bounds::bomb(&pair, CompressionAlgorithm::Zlib, 300);
    assert_eq!(pair.open_message(&bomb).0, "pgp-bomb");
    let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|text| text.trim().strip_suffix(" kB"));
    let peak: u64 = peak.expect("it says so").parse().expect("it is a number");
    eprintln!("peak of resident memory: {peak} KiB");
    assert!(peak < RESIDENT_KIB_MAX, "{peak} KiB");
}
