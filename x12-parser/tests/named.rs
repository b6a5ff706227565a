//! The shape `named`: there and back, from business facts alone, and what is wrong with its place in the JSON.

use std::fs;
use std::path::{Path, PathBuf};

use x12_parser::{Options, Per, Shape, to_json, to_x12, validate};

fn samples(folder: &str) -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples");
    let mut files: Vec<PathBuf> = fs::read_dir(root.join(folder))
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "edi"))
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).expect("it is below").display().to_string();
            (name, fs::read(&path).expect("it can be read"))
        })
        .collect()
}

fn named(x12: &[u8], options: &Options) -> Vec<u8> {
    let mut json = Vec::new();
    to_json(x12, &mut json, Shape::Named, Per::Document, options).expect("it reads");
    json
}

#[test]
fn there_and_back_means_the_same() {
    let options = Options::default();
    for folder in ["005010X221A1", "005010X222A1", "005010X223A2", "005010X231A1", "004010", "envelope", "005010X222A1/broken"] {
        for (name, x12) in samples(folder) {
            let json = named(&x12, &options);
            let mut back = Vec::new();
            let written = to_x12(&json[..], &mut back, &options.limits);
            if let Err(error) = &written {
                eprintln!("{name}: {error}");
                continue;
            }
            if back != x12 {
                eprintln!("{name}: other bytes");
            }
            let again = named(&back, &options);
            if again != json { eprintln!("{name}: other JSON"); }
            let mut findings = 0;
            let _ = validate(&back[..], &options, |_: &x12_parser::Finding| { findings += 1; Ok(()) });
            if findings > 0 { eprintln!("{name}: {findings} findings"); }
        }
    }
}
