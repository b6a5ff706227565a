//! Made-up documents: the same for the same seed, valid under our own guides, faulty only where faults are planted.

use std::process::{Command, Output};

use x12_parser::{Catalog, Code, Options, Severity, Summary, validate};

/// All guides, as `x12conv` understands them.
fn guides() -> Vec<String> {
    let catalog = Catalog::builtin();
    let entries = catalog.entries().into_iter();
    entries
        .map(|entry| format!("{}/{}", entry.id, entry.set))
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for guide in &guides() {
        let once = synth(&[guide, "--seed", "7", "--sets", "3", "--rich", "60"]);
        let again = synth(&[guide, "--seed", "7", "--sets", "3", "--rich", "60"]);
        let other = synth(&[guide, "--seed", "8", "--sets", "3", "--rich", "60"]);
        assert_eq!(once.stdout, again.stdout, "{guide}");
        assert_ne!(once.stdout, other.stdout, "{guide}");
    }
}

#[test]
fn documents_are_valid_by_their_guides() {
    for guide in &guides() {
        for rich in ["0", "20", "50", "100"] {
            for seed in 0..50 {
                let seed = seed.to_string();
                let document = synth(&[
                    guide,
                    "--seed",
                    &seed,
                    "--rich",
                    rich,
                    "--sets",
                    "2",
                    "--claims",
                    "4",
                    "--newlines",
                ]);
                // Situations are as they should be in ordinary documents; what has nothing or everything is beyond them.
                let types = if rich == "20" { "1-7" } else { "1-3,5" };
                let (summary, findings) = check_types(&document.stdout, types);
                assert_eq!(findings, [], "{guide} --seed {seed} --rich {rich}");
                assert_eq!(summary.sets, 2, "{guide} --seed {seed} --rich {rich}");
            }
        }
    }
}

#[test]
fn ordinary_documents_have_ordinary_segments() {
    for guide in ["837P", "837I", "835"] {
        let (summary, findings) = check(&synth(&[guide, "--bytes", "1MB"]).stdout);
        assert_eq!(findings, []);
        assert!(
            (1_000_000..1_100_000).contains(&summary.bytes),
            "{} bytes",
            summary.bytes
        );
        let density = summary.bytes / summary.segments;
        assert!(
            (20..=26).contains(&density),
            "{guide}: {density} bytes a segment"
        );
    }
}

#[test]
fn one_set_can_be_as_large_as_is_wanted() {
    let (summary, findings) = check(&synth(&["837P", "--sets", "1", "--bytes", "1MB"]).stdout);
    assert_eq!((summary.sets, findings), (1, vec![]));
    assert!(
        (900_000..1_100_000).contains(&summary.bytes),
        "{} bytes",
        summary.bytes
    );
}

#[test]
fn planted_faults_are_found_where_the_manifest_says() {
    let kinds = [
        ("missing-segment", "segment-missing"),
        ("missing-element", "element-missing"),
        ("bad-code", "element-code"),
        ("bad-date", "element-date"),
        ("too-long", "element-too-long"),
        ("extra-segment", "segment-unrecognized"),
        ("wrong-count", "segment-count"),
        ("wrong-control-number", "set-control-number"),
        ("out-of-sequence", "segment-out-of-sequence"),
    ];
    for guide in [
        "837P",
        "837I",
        "835",
        "834",
        "276",
        "005010X212/277",
        "277CA",
    ] {
        for (kind, code) in kinds {
            let document = synth(&[
                guide, "--sets", "10", "--rich", "40", "--fault", kind, "--count", "5",
            ]);
            let manifest = String::from_utf8_lossy(&document.stderr);
            let sets: Vec<u64> = manifest.lines().map(set_of).collect();
            assert_eq!(sets.len(), 5, "{guide} {kind}: {manifest}");
            let (_, findings) = check(&document.stdout);
            let mut found: Vec<u64> = findings
                .iter()
                .filter(|(found, _)| found.name() == code)
                .map(|(_, set)| *set)
                .collect();
            found.dedup();
            let mut wanted = sets.clone();
            wanted.dedup();
            assert_eq!(found, wanted, "{guide} {kind}: {findings:?}");
        }
    }
}

/// Runs `x12conv synth`, which must succeed.
fn synth(arguments: &[&str]) -> Output {
    let run = Command::new(env!("CARGO_BIN_EXE_x12conv"))
        .arg("synth")
        .args(arguments)
        .output();
    let output = run.expect("x12conv is built with its tests");
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// What the library finds, remarks and warnings of rules aside: codes and the transaction sets they are in.
fn check(document: &[u8]) -> (Summary, Vec<(Code, u64)>) {
    check_types(document, "1-7")
}

/// The same, of some types of check only.
fn check_types(document: &[u8], types: &str) -> (Summary, Vec<(Code, u64)>) {
    let mut findings = Vec::new();
    let mut options = Options::default();
    options.snip = types.parse().expect("these are types");
    let summary = validate(document, &options, |finding| {
        let is_error = finding.severity == Severity::Error;
        if is_error || finding.rule().is_none() && finding.severity != Severity::Info {
            findings.push((finding.code, u64::from(finding.set)));
        }
        Ok(())
    });
    (summary.expect("a document of ours can be read"), findings)
}

/// The transaction set of a line of the manifest.
fn set_of(line: &str) -> u64 {
    let manifest: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
    manifest["set"].as_u64().expect("a fault is in a set")
}
