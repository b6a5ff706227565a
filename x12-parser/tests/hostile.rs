//! What rules make of a document that is made to exhaust them: a claim with a million lines. They end, and memory stays as it was.

use std::fs;
use std::io::{self, Read};

use x12_parser::{Options, validate};

/// Lines of the one claim.
const LINES: u64 = 1_000_000;

/// More than this is not needed, whatever the number of lines: values are compared up to a limit, sums need no memory.
const MOST_KIB: u64 = 96 << 10;

const START: &str = "ISA*00*          *00*          *ZZ*MADEUPSENDER   *ZZ*MADEUPRECEIVER *261123*1200*^*00501*000000001*0*T*:~\
GS*HC*MADEUP*RECEIVER*20261123*1200*1*X*005010X222A1~ST*837*0001*005010X222A1~BHT*0019*00*1*20261123*1200*CH~\
HL*1**20*1~NM1*85*2*EXAMPLE CLINIC*****XX*1234567893~HL*2*1*22*0~SBR*P*18*******CI~\
CLM*1*1***11:B:1*Y*A*Y*I~HI*ABK:J020~";
const END: &str = "SE*4000009*0001~GE*1*1~IEA*1*000000001~";

/// A document that is never whole in memory.
struct Lines {
    next: u64,
    left: Vec<u8>,
}

impl Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left.is_empty() {
            let text = match self.next {
                0 => START.to_owned(),
                line if line <= LINES => format!(
                    "LX*{line}~SV1*HC:99213*{line}.10*UN*1***1:12~DTP*472*D8*20261003~REF*6R*{line}~SVD*P{line}*1*HC:99213**1~CAS*CO*45*{line}~"
                ),
                line if line == LINES + 1 => END.to_owned(),
                _ => String::new(),
            };
            self.next += 1;
            self.left = text.into_bytes();
            self.left.reverse();
        }
        let length = buffer.len().min(self.left.len());
        for byte in &mut buffer[..length] {
            *byte = self.left.pop().unwrap_or_default();
        }
        Ok(length)
    }
}

/// The most memory that this process has held, where the system tells it.
fn peak_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn a_claim_of_a_million_lines_ends_and_needs_no_memory() {
    let before = peak_kib();
    let mut rules = Vec::new();
    let lines = Lines {
        next: 0,
        left: Vec::new(),
    };
    let summary = validate(lines, &Options::default(), |finding| {
        rules.extend(finding.rule().map(|rule| rule.id.clone()));
        Ok(())
    });
    let summary = summary.expect("it can be read");
    assert_eq!(summary.segments, 6 * LINES + 13);
    assert!(
        rules.iter().any(|rule| rule == "diagnosis-pointer"),
        "{rules:?}"
    );
    assert!(summary.omitted > 0, "all findings were kept");
    if let (Some(before), Some(after)) = (before, peak_kib()) {
        assert!(after - before < MOST_KIB, "{} KiB", after - before);
    }
}
