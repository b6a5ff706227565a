//! Documents that lie in folders.

use std::fs;
use std::path::{Path, PathBuf};

/// The documents in some folders, named from this crate's, in order.
pub fn documents(folders: &[&str]) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for folder in folders {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in fs::read_dir(folder).expect("it is there") {
            let path = entry.expect("it is there").path();
            if path.extension().is_some_and(|extension| extension == "edi") {
                let bytes = fs::read(&path).expect("it is there");
                found.push((path, bytes));
            }
        }
    }
    found.sort();
    found
}
