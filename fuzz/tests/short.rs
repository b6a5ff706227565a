//! A short run of every body: over the samples, over faults once found, and over seeded mutations of both.

use std::fs;
use std::panic::{catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use fuzz::BODIES;

/// Mutations of each seed document; `FUZZ_ROUNDS` asks for more.
const ROUNDS: usize = 12;

#[test]
fn no_body_is_brought_down() {
    let seeds = seeds();
    assert!(!seeds.is_empty(), "there are no samples");
    let rounds = std::env::var("FUZZ_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(ROUNDS);
    let mut random = Random(0x5851_F42D_4C95_7F2D);
    let mut runs = 0;
    for seed in &seeds {
        runs += run(seed);
        for _ in 0..rounds {
            let mutant = mutate(seed, &seeds, &mut random);
            runs += run(&mutant);
        }
    }
    eprintln!(
        "fuzz: {} seeds, {runs} runs of {} bodies",
        seeds.len(),
        BODIES.len()
    );
}

/// Runs all bodies; a document that brings one down is kept in `fuzz/artifacts`.
fn run(document: &[u8]) -> usize {
    for (name, body) in BODIES {
        if let Err(panic) = catch_unwind(|| body(document)) {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts");
            let kept = folder.join(format!("{name}.found"));
            fs::create_dir_all(&folder)
                .and_then(|()| fs::write(&kept, document))
                .expect("the folder can be written");
            eprintln!("fuzz: {name} was brought down by {}", kept.display());
            resume_unwind(panic);
        }
    }
    BODIES.len()
}

/// Samples, their JSON, and what fuzzing found before.
fn seeds() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    walk(&root.join("corpus"), &mut files);
    walk(&root.join("../samples"), &mut files);
    files.sort();
    files
        .into_iter()
        .filter_map(|file| fs::read(file).ok())
        .collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// Cuts, doubles, overwrites and splices.
fn mutate(seed: &[u8], seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut mutant = seed.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(mutant.len() + 1);
        match random.below(6) {
            0 => mutant.truncate(at),
            1 => mutant.insert(at, b"~*:^\n\r \"\\\x00\xFF0A"[random.below(13)]),
            2 if at < mutant.len() => mutant[at] = random.below(256) as u8,
            3 if at < mutant.len() => {
                let end = (at + random.below(60)).min(mutant.len());
                mutant.drain(at..end);
            }
            4 => {
                let end = (at + random.below(80)).min(mutant.len());
                let piece = mutant[at..end].to_vec();
                let to = random.below(mutant.len() + 1);
                mutant.splice(to..to, piece);
            }
            _ => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len() + 1);
                let end = (from + random.below(200)).min(other.len());
                mutant.splice(at..at, other[from..end].iter().copied());
            }
        }
    }
    mutant
}

/// Knuth's linear congruential generator: the same run every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}
