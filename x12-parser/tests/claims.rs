//! 999, 277CA and what is forwarded: together they are what was received, in claims and amounts, whatever is wrong with it.

#[path = "divide/documents.rs"]
mod documents;
#[path = "divide/made.rs"]
mod made;
#[path = "readdress/same.rs"]
mod same;
#[path = "divide/spoil.rs"]
mod spoil;

use std::collections::BTreeMap;

use documents::documents;
use made::{PLAIN, document, parse};
use spoil::{made_up, rounds, spoil};
use x12_parser::{
    AcceptedRecords, AcknowledgmentOptions, Addresses, ClaimAcknowledgmentOptions,
    ClaimAcknowledgments, CountingNumbers, Decimal, Envelope, EnvelopeCounts, Error, Fate,
    GroupAddress, InterchangeAddress, Level, Options, RecordCounts, Rejects, Said, Severity,
    acknowledge, acknowledge_claims, read_acknowledgments, readdress_records, survey_records,
    validate,
};

/// Ordinals of interchange, group and transaction set.
type At = [u32; 3];

/// Records, and what they charge.
type Sum = (u64, Decimal);

/// All that is said of a document, and sent on of it.
struct Outcome {
    verdicts: AcceptedRecords,
    /// What was received in sets with claims, by set.
    received: BTreeMap<At, Sum>,
    claims: Vec<u8>,
    told: ClaimAcknowledgments,
    forwarded: Vec<u8>,
    counts: EnvelopeCounts,
}

/// Sends on what was accepted.
struct Accepted<'v>(&'v AcceptedRecords);

impl Addresses for Accepted<'_> {
    fn keeps(&mut self, set: &Envelope) -> Result<bool, Error> {
        Ok(self.0.of(at(set)).is_some())
    }

    fn divides(&mut self, set: &Envelope) -> Result<bool, Error> {
        let records = self.0.of(at(set));
        Ok(records.is_some_and(|records| records.rejected.records > 0))
    }

    fn record(&mut self, set: &Envelope, record: u64) -> Result<Fate, Error> {
        Ok(match self.0.accepts(at(set), record) {
            true => Fate::Kept,
            false => Fate::LeftOut,
        })
    }

    fn interchange(&mut self, received: &Envelope) -> Result<InterchangeAddress, Error> {
        same::interchange(received)
    }

    fn group(&mut self, received: &Envelope) -> Result<GroupAddress, Error> {
        same::group(received)
    }
}

fn at(set: &Envelope) -> At {
    [set.interchange, set.group, set.set]
}

fn sum(counts: RecordCounts) -> Sum {
    (counts.records, counts.charges)
}

fn plus(one: Sum, other: Sum) -> Sum {
    let charges = one.1.plus(other.1).expect("amounts are small");
    (one.0 + other.0, charges)
}

/// What becomes of a document; none if it cannot be read to its end.
fn outcome(document: &[u8], rejects: Rejects, block_bytes: usize) -> Option<Outcome> {
    let mut options = Options::default();
    options.block_bytes = block_bytes;
    let mut how = AcknowledgmentOptions::new("20261123", "1200", CountingNumbers::default());
    how.rejects = rejects;
    let (mut answers, mut verdicts) = (Vec::new(), AcceptedRecords::default());
    let read = acknowledge(document, &mut answers, &mut how, &options, |decided| {
        verdicts.note(&decided);
        Ok(())
    });
    read.ok()?;
    let mut received = BTreeMap::new();
    survey_records(document, &options, |set| {
        received.insert(at(&set.envelope), sum(set.counts));
        Ok(())
    })
    .ok()?;
    let mut how = ClaimAcknowledgmentOptions::new("20261123", "1200", how.numbers);
    how.received = "20261122".to_owned();
    let mut claims = Vec::new();
    let told = acknowledge_claims(document, &mut claims, &verdicts, &mut how, &options);
    let mut forwarded = Vec::new();
    let mut accepted = Accepted(&verdicts);
    let counts = readdress_records(document, &mut forwarded, &mut accepted, &options);
    let told = told.expect("it was read");
    let counts = counts.expect("it can be divided");
    Some(Outcome {
        verdicts,
        received,
        claims,
        told,
        forwarded,
        counts,
    })
}

/// Claims and amounts that 277CAs tell as accepted and as rejected, by their claims, held against their totals.
fn said(claims: &[u8]) -> [Sum; 2] {
    let (mut sums, mut batches) = ([Sum::default(); 2], [Sum::default(); 2]);
    read_acknowledgments(claims, &Options::default(), |told| {
        match &told.said {
            Said::Claim(claim) => {
                assert!(claim.stated.agrees());
                let which = usize::from(claim.stated.is_rejected().expect("it is stated"));
                let amount = claim.stated.amount.expect("each claim has one");
                sums[which] = plus(sums[which], (1, amount));
            }
            Said::Level(level) if level.level == Level::Batch => {
                assert_ne!(level.adds_up(), Some(false));
                let totals = &level.totals;
                let own = [
                    (totals.accepted, totals.accepted_amount),
                    (totals.rejected, totals.rejected_amount),
                ];
                for (batch, (records, amount)) in batches.iter_mut().zip(own) {
                    let own = (records.unwrap_or_default(), amount.unwrap_or_default());
                    *batch = plus(*batch, own);
                }
            }
            Said::Finding(finding) if finding.severity == Severity::Error => {
                panic!("{} {}", finding.name(), finding.path())
            }
            _ => {}
        }
        Ok(())
    })
    .expect("our own answer reads");
    assert_eq!(sums, batches, "the totals are not those of the claims");
    sums
}

/// What we answer has no errors.
fn reads_clean(name: &str, claims: &[u8]) {
    let mut faults = Vec::new();
    if !claims.is_empty() {
        validate(claims, &Options::default(), |finding| {
            // A number that is wrong is repeated as it was sent.
            let is_error = finding.severity == Severity::Error;
            faults.extend(is_error.then(|| format!("{} {}", finding.name(), finding.path())));
            Ok(())
        })
        .expect("our own answer reads");
    }
    let text = String::from_utf8_lossy(claims);
    assert!(faults.is_empty(), "{name}: {faults:?}\n{text}");
}

/// Holds all that is said and sent against what was received.
fn hold(name: &str, document: &[u8], rejects: Rejects) -> Option<[u64; 3]> {
    let outcome = outcome(document, rejects, 1 << 17)?;
    reads_clean(name, &outcome.claims);
    let by_999 = outcome.received.iter();
    let by_999 = by_999.filter(|(at, _)| outcome.verdicts.of(**at).is_none());
    let by_999 = by_999.fold(Sum::default(), |all, (_, own)| plus(all, *own));
    let received = outcome.received.values();
    let received = received.fold(Sum::default(), |all, own| plus(all, *own));
    let [accepted, rejected] = match outcome.claims.is_empty() {
        true => Default::default(),
        false => said(&outcome.claims),
    };
    let forwarded = sum(outcome.counts.kept);
    assert_eq!(
        accepted, forwarded,
        "{name}: forwarded is not what is accepted"
    );
    assert_eq!(plus(by_999, plus(rejected, forwarded)), received, "{name}");
    assert_eq!(outcome.told.rejected.records, rejected.0, "{name}");
    if !outcome.forwarded.is_empty() {
        accepts(name, &outcome.forwarded, rejects);
    }
    Some([by_999.0, rejected.0, forwarded.0])
}

/// What is sent on is accepted by whoever judges as we do.
fn accepts(name: &str, forwarded: &[u8], rejects: Rejects) {
    let again = outcome(forwarded, rejects, 1 << 17).expect("it was written whole");
    for at in again.received.keys() {
        let records = again.verdicts.of(*at);
        let records = records.unwrap_or_else(|| panic!("{name}: set {at:?} would be rejected"));
        assert_eq!(records.rejections, [], "{name}");
    }
}

/// Where there are samples of 837, broken ones too, and cases of acknowledging.
const SAMPLES: [&str; 5] = [
    "../samples/005010X222A1",
    "../samples/005010X222A1/broken",
    "../samples/005010X223A2",
    "../samples/005010X223A2/broken",
    "tests/acknowledge",
];

/// Holds a document whatever a fault rejects; adds to the sums of claims rejected by 999, by 277CA, and forwarded.
fn hold_all(name: &str, document: &[u8], sums: &mut [u64; 3]) {
    for rejects in [Rejects::Sets, Rejects::Records] {
        let held = hold(name, document, rejects).unwrap_or_default();
        sums.iter_mut().zip(held).for_each(|(sum, own)| *sum += own);
    }
}

#[test]
fn of_samples_all_claims_are_accounted_for() {
    let mut sums = [0; 3];
    for (path, document) in documents(&SAMPLES) {
        hold_all(&path.display().to_string(), &document, &mut sums);
    }
    assert!(
        sums.iter().all(|sum| *sum > 10),
        "claims rejected by 999, by 277CA, forwarded: {sums:?}"
    );
}

#[test]
fn of_made_up_documents_with_faults_all_claims_are_accounted_for() {
    let mut sums = [0; 3];
    for seed in 1..=rounds(150) {
        let (text, mut numbers) = made_up(seed);
        let text = spoil(&text, &mut numbers);
        hold_all(&format!("seed {seed}"), text.as_bytes(), &mut sums);
    }
    assert!(
        sums.iter().all(|sum| *sum > 10),
        "claims rejected by 999, by 277CA, forwarded: {sums:?}"
    );
}

/// Two charges of eighteen digits each: as many as one amount may have.
#[test]
fn a_total_that_is_longer_than_an_amount_is_left_out() {
    let name = "../samples/005010X222A1/two-claims.edi";
    let text = std::fs::read_to_string(name).expect("it is a sample");
    let text = text.replace("*100***", "*999999999999999999***");
    let text = text.replace("*45*UN", "*999999999999999944*UN");
    let outcome = outcome(text.as_bytes(), Rejects::Records, 1 << 17).expect("it reads");
    let said = String::from_utf8_lossy(&outcome.claims);
    assert!(
        said.contains("QTY*90*2~") && said.contains("WQ*999999999999999999~"),
        "{said}"
    );
    assert!(!said.contains("AMT*YU*1999"), "{said}");
    reads_clean(name, &outcome.claims);
}

#[test]
fn the_size_of_blocks_changes_nothing() {
    for (path, document) in documents(&SAMPLES) {
        let answers = [1 << 17, 300].map(|size| {
            let outcome = outcome(&document, Rejects::Records, size);
            outcome.map(|outcome| (outcome.claims, outcome.forwarded))
        });
        assert!(answers[0] == answers[1], "{}", path.display());
    }
}

#[test]
fn verdicts_of_another_document_are_refused() {
    let [one, other] = ["[1][2]", "[1 2]"].map(|text| document(&[parse(text)], PLAIN));
    let verdicts = outcome(one.as_bytes(), Rejects::Sets, 1 << 17)
        .expect("it reads")
        .verdicts;
    let mut how = ClaimAcknowledgmentOptions::new("20261123", "1200", CountingNumbers::default());
    let options = Options::default();
    let written = acknowledge_claims(other.as_bytes(), Vec::new(), &verdicts, &mut how, &options);
    assert!(matches!(written, Err(Error::Io(_))));
}
