//! One library, one door: an outside crate is named in one file or one folder.

use std::collections::{BTreeMap, BTreeSet};

use super::{none, sources};

/// Outside crates and where they may be named, package by package; a door that ends in `/` is a folder.
const DOORS: [(&str, &[&str]); 41] = [
    (
        "aead_stream",
        &["pipeline/src/cipher.rs", "x12-parser/cli/src/spool/"],
    ),
    (
        "aes_gcm",
        &["pipeline/src/cipher.rs", "x12-parser/cli/src/spool/"],
    ),
    ("aws_config", &["pipeline/src/aws.rs"]),
    ("aws_sdk_kms", &["pipeline/src/kms.rs"]),
    ("aws_sdk_s3", &["pipeline/src/s3/", "pipeline/src/aws.rs"]),
    ("aws_sdk_sqs", &["pipeline/src/sqs.rs"]),
    ("aws_smithy_http_client", &["pipeline/src/aws.rs"]),
    (
        "async_trait",
        &[
            "pipeline/src/ledger.rs",
            "pipeline/src/queue.rs",
            "pipeline/src/rabbitmq/",
            "pipeline/src/database/",
            "pipeline/src/embedded.rs",
        ],
    ),
    ("anstream", &["x12-parser/cli/src/talk.rs"]),
    ("axum", &["pipeline/src/web/"]),
    (
        "base64",
        &[
            "x12-parser/src/json/",
            "pipeline/src/keys/",
            "pipeline/src/kms.rs",
        ],
    ),
    ("clap", &["x12-parser/cli/src/", "pipeline/src/terminal/"]),
    (
        "getrandom",
        &["pipeline/src/cipher.rs", "x12-parser/cli/src/spool/"],
    ),
    ("hmac", &["pipeline/src/cipher.rs"]),
    ("http_body_util", &["pipeline/src/protection.rs"]),
    ("hyper", &["pipeline/src/protection.rs"]),
    ("hyper_util", &["pipeline/src/protection.rs"]),
    ("indicatif", &["x12-parser/cli/src/progress.rs"]),
    (
        "jiff",
        &["x12-parser/cli/src/clock.rs", "pipeline/src/clock.rs"],
    ),
    ("kdl", &["schemas/src/compiler/"]),
    ("lapin", &["pipeline/src/rabbitmq/"]),
    ("libfuzzer_sys", &["fuzz/targets/"]),
    ("nom", &["x12-parser/src/delimiters.rs"]),
    ("postcard", &["schemas/src/catalog.rs", "schemas/build.rs"]),
    ("prometheus_client", &["pipeline/src/measures.rs"]),
    ("rayon", &["x12-parser/src/parallel.rs"]),
    (
        "serde_json",
        &[
            "x12-parser/src/json/",
            "x12-parser/cli/src/",
            "pipeline/src/database/",
            "pipeline/src/paper.rs",
            "pipeline/src/protection.rs",
            "pipeline/src/rabbitmq/",
            "pipeline/src/s3/event.rs",
            "pipeline/src/terminal/",
        ],
    ),
    ("russh", &["pipeline/src/sftp/"]),
    ("russh_sftp", &["pipeline/src/sftp/"]),
    ("sequoia_openpgp", &["pipeline/src/openpgp/"]),
    (
        "rustix",
        &[
            "pipeline/src/failpoint.rs",
            "pipeline/src/secret_file.rs",
            "pipeline/src/terminal/harden.rs",
            "pipeline/src/terminal/scale.rs",
        ],
    ),
    ("sqlx", &["pipeline/src/database/"]),
    ("strsim", &["pipeline/src/profile/"]),
    (
        "tokio",
        &[
            "pipeline/src/database/",
            "pipeline/src/doors.rs",
            "pipeline/src/embedded.rs",
            "pipeline/src/intake.rs",
            "pipeline/src/kms.rs",
            "pipeline/src/protection.rs",
            "pipeline/src/rabbitmq/",
            "pipeline/src/relay.rs",
            "pipeline/src/s3/",
            "pipeline/src/sftp/",
            "pipeline/src/sqs.rs",
            "pipeline/src/worker/",
            "pipeline/src/terminal/",
            "pipeline/src/web/",
        ],
    ),
    ("tokio_util", &["pipeline/src/s3/", "pipeline/src/sftp/"]),
    ("toml", &["pipeline/src/profile/"]),
    ("tracing_subscriber", &["pipeline/src/terminal/log.rs"]),
    ("sha2", &["pipeline/src/cipher.rs"]),
    ("uuid", &["pipeline/src/object.rs"]),
    (
        "wide",
        &[
            "x12-parser/src/index.rs",
            "x12-parser/src/json/short.rs",
            "x12-parser/src/json/skim.rs",
        ],
    ),
    (
        "zeroize",
        &[
            "pipeline/src/cipher.rs",
            "pipeline/src/keys/",
            "pipeline/src/kms.rs",
            "pipeline/src/openpgp/",
            "pipeline/src/seal/",
            "pipeline/src/secret_file.rs",
        ],
    ),
];

/// Crates without a vocabulary of their own: derives, log lines, and functions that the standard library has as well, slower.
const EVERYWHERE: [&str; 4] = ["memchr", "serde", "thiserror", "tracing"];

/// Where any crate may be named: tests, benches and examples stand outside the house.
const OUTSIDE: [&str; 10] = [
    "tests/",
    "pipeline/tests/",
    "pipeline/benches/",
    "pipeline/examples/",
    "fuzz/tests/",
    "x12-parser/tests/",
    "x12-parser/benches/",
    "x12-parser/examples/",
    "x12-parser/cli/tests/",
    "x12-parser/cli/benches/",
];

#[test]
fn outside_crates_are_named_behind_their_doors() {
    let known = known();
    let doors: BTreeMap<_, _> = DOORS.into_iter().collect();
    let mut wrong = BTreeSet::new();
    for source in sources()
        .iter()
        .filter(|source| !OUTSIDE.iter().any(|folder| source.path.starts_with(folder)))
    {
        for (line, name) in source
            .code
            .paths()
            .filter(|(_, name)| known.contains(*name))
        {
            let at_door = |door: &&str| {
                if door.ends_with('/') {
                    source.path.starts_with(*door)
                } else {
                    source.path == **door
                }
            };
            match doors.get(name) {
                Some(doors) if doors.iter().any(at_door) => {}
                Some(doors) => {
                    _ = wrong.insert(format!(
                        "{}:{line}: {name} belongs behind {}",
                        source.path,
                        doors.join(", ")
                    ))
                }
                None => {
                    _ = wrong.insert(format!(
                        "{}:{line}: {name} has no door in tests/house/tidy/doors.rs",
                        source.path
                    ))
                }
            }
        }
    }
    none(
        "outside crates are named beside their doors",
        &wrong.into_iter().collect::<Vec<_>>(),
    );
}

/// The names of all outside crates of the version table, as code writes them.
fn known() -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(acceptance::root().join("Cargo.toml"))
        .expect("the workspace has a manifest");
    let table = manifest
        .split("\n[")
        .find_map(|section| section.strip_prefix("workspace.dependencies]"));
    let names = table
        .expect("one version table")
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim());
    let outside = names.filter(|name| {
        !name.starts_with('#') && !name.starts_with("x12-") && !EVERYWHERE.contains(name)
    });
    outside.map(|name| name.replace('-', "_")).collect()
}
