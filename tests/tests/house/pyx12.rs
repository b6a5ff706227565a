//! pyx12 4.0.0, the validator we measure against, asked in a Python of its own.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use acceptance::root;

/// Asks pyx12 about files, all in one process.
///
/// What comes back for each is its verdict and the codes of its errors: `invalid ele-7 seg-8`.
pub fn verdicts(files: &[PathBuf]) -> BTreeMap<PathBuf, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/house/verdicts.py");
    let mut child = Command::new(python())
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the Python that was installed starts");
    let paths: String = files
        .iter()
        .map(|file| format!("{}\n", file.display()))
        .collect();
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    let feeder = std::thread::spawn(move || stdin.write_all(paths.as_bytes()));
    let output = child.wait_with_output().expect("pyx12 ends");
    feeder
        .join()
        .expect("the feeder does not panic")
        .expect("pyx12 reads all paths");
    assert!(
        output.status.success(),
        "tests/tests/house/verdicts.py failed"
    );
    let text = String::from_utf8(output.stdout).expect("verdicts are ASCII, paths UTF-8");
    let row = |line: &str| {
        let (path, verdict) = line.split_once('\t').expect("a path and a verdict");
        (
            PathBuf::from(path),
            verdict.replace('\t', " ").trim_end().to_owned(),
        )
    };
    text.lines().map(row).collect()
}

/// Succeeds where the right version is installed.
const VERSION: &str = "from importlib.metadata import version; assert version('pyx12') == '4.0.0'";

/// A Python that has pyx12 4.0.0: installed from PyPI once, below .cache/; the Makefile does the same.
fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let home = root().join(".cache/python");
        let python = home.join("bin/python");
        // A folder that was left half done is made anew.
        let asked = Command::new(&python)
            .args(["-c", VERSION])
            .stderr(Stdio::null())
            .status();
        if !asked.is_ok_and(|status| status.success()) {
            run(Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&home));
            run(Command::new(&python).args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "pyx12==4.0.0",
            ]));
        }
        python
    })
}

fn run(command: &mut Command) {
    let status = command.status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "pyx12 4.0.0 cannot be installed: {command:?} failed"
    );
}
