//! Lists the files of `src/synth` that say what is usual in documents of a guide, so that one more needs no code.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The folder, and the one file in it that is about no guide.
const FOLDER: &str = "src/synth";
const VALUES: &str = "values.txt";

fn main() {
    println!("cargo:rerun-if-changed={FOLDER}");
    let entries = fs::read_dir(FOLDER).expect("it is part of the sources");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .filter(|path| !path.ends_with(VALUES))
        .collect();
    files.sort();
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let include = |path: &PathBuf| format!("    include_str!({:?}),\n", root.join(path));
    let included: String = files.iter().map(include).collect();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let text = format!("&[\n{included}]\n");
    fs::write(Path::new(&out).join("profiles.rs"), text).expect("OUT_DIR can be written");
}
