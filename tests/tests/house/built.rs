//! Programs as they stand in the sources; cargo makes them known to the tests of their own package only. Built already, if all of the workspace
//! is tested.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program of the workspace: what cargo is to build, and where it lies below the folder of the profile.
pub fn built(what: &[&str], place: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let target = target.expect("it is inside the target folder");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--quiet", "--workspace", "--locked"])
        .args(what)
        .arg("--target-dir")
        .arg(target)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    // What cargo tells a test of its package would build much anew: build scripts look at it.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    let is_built = cargo.status().is_ok_and(|status| status.success());
    assert!(is_built, "{place} cannot be built");
    target.join("debug").join(place)
}
