//! What `x12conv synth` makes up is valid for pyx12 too, however much stands of what the guides allow.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use acceptance::{Document, say};

use crate::built::built;
use crate::guides;
use crate::validators::PYX12;

/// From what must stand to everything that may.
const RICH: [&str; 4] = ["0", "20", "60", "100"];

/// Documents of each guide and richness.
const SEEDS: usize = 5;

#[test]
fn pyx12_calls_made_up_documents_valid() {
    let command = command();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("made-up");
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let mut files = Vec::new();
    let known = guides::known().into_iter();
    for known in known.filter(|known| known.is_known_to_pyx12) {
        let guide = known.reference();
        for rich in RICH {
            for seed in 0..SEEDS {
                let file = folder.join(format!("{}-{rich}-{seed}.edi", guide.replace('/', "-")));
                write(&command, &[&guide, "--rich", rich], seed, &file);
                files.push(file);
            }
        }
    }
    let theirs = PYX12.ask(&files);
    say(&format!(
        "made up: {} documents asked of pyx12",
        files.len()
    ));
    let invalid = files.iter().filter(|file| theirs[*file] != "valid");
    let wrong: Vec<_> = invalid
        .map(|file| format!("{} ({})", file.display(), theirs[file]))
        .collect();
    assert!(wrong.is_empty(), "not valid for pyx12: {wrong:#?}");
}

/// Documents of a guide, so many of each richness.
pub fn documents(guide: &str, seeds: usize) -> Vec<Document> {
    let command = command();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("made-up-named");
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let mut documents = Vec::new();
    for rich in RICH {
        for seed in 0..seeds {
            let name = format!("{}-{rich}-{seed}.edi", guide.replace('/', "-"));
            let file = folder.join(&name);
            write(&command, &[guide, "--rich", rich], seed, &file);
            let bytes = fs::read(&file).expect("it was written");
            documents.push(Document { name, bytes });
        }
    }
    documents
}

fn write(command: &Path, arguments: &[&str], seed: usize, file: &Path) {
    let status = Command::new(command)
        .arg("synth")
        .args(arguments)
        .args(["--sets", "2", "--claims", "4", "--newlines", "--seed"])
        .arg(seed.to_string())
        .stdout(File::create(file).expect("the target folder can be written"))
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "{arguments:?} --seed {seed}"
    );
}

/// A made-up document of a guide: one transaction set with one record.
pub fn document(guide: &str, rich: &str, seed: u64) -> Vec<u8> {
    let made = Command::new(command())
        .args([
            "synth", guide, "--rich", rich, "--sets", "1", "--claims", "1",
        ])
        .args(["--seed", &seed.to_string()])
        .output()
        .expect("x12conv was built");
    assert!(made.status.success(), "{guide} --seed {seed}");
    made.stdout
}

/// `x12conv`.
pub fn command() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| built(&["--bin", "x12conv"], "x12conv"))
        .clone()
}
