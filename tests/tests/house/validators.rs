//! The validators that we measure against, each asked in a Python of its own.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use acceptance::root;

/// A validator from PyPI: its name and version, what it needs besides, and the script of this folder that asks it.
pub struct Validator {
    folder: &'static str,
    name: &'static str,
    version: &'static str,
    besides: &'static [&'static str],
    script: &'static str,
}

/// pyx12. What comes back for each file is its verdict and the codes of its errors: `invalid ele-7 seg-8`.
pub const PYX12: Validator = Validator {
    folder: ".cache/python",
    name: "pyx12",
    version: "4.0.0",
    besides: &[],
    script: "verdicts.py",
};

/// linuxforhealth-x12, which wants a pydantic that others do not.
pub const LINUXFORHEALTH: Validator = Validator {
    folder: ".cache/linuxforhealth",
    name: "linuxforhealth-x12",
    version: "0.57.0",
    besides: &["pydantic<2"],
    script: "models.py",
};

impl Validator {
    /// What it says of files, all asked in one process.
    pub fn ask(&self, files: &[PathBuf]) -> BTreeMap<PathBuf, String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/house");
        let mut child = Command::new(self.python())
            .arg(folder.join(self.script))
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
        let output = child.wait_with_output().expect("it ends");
        feeder
            .join()
            .expect("the feeder does not panic")
            .expect("it reads all paths");
        assert!(output.status.success(), "{} failed", self.script);
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

    /// A Python that has it: installed from PyPI once, below .cache/; the Makefile does the same.
    fn python(&self) -> PathBuf {
        // Tests that ask at the same time wait for who installs.
        static INSTALLING: Mutex<()> = Mutex::new(());
        let _one = INSTALLING.lock();
        let home = root().join(self.folder);
        let python = home.join("bin/python");
        let Self { name, version, .. } = self;
        let has_it = format!(
            "from importlib.metadata import version; assert version('{name}') == '{version}'"
        );
        // A folder that was left half done is made anew.
        let asked = Command::new(&python)
            .args(["-c", &has_it])
            .stderr(Stdio::null())
            .status();
        if !asked.is_ok_and(|status| status.success()) {
            self.run(
                Command::new("python3")
                    .args(["-m", "venv", "--clear"])
                    .arg(&home),
            );
            let mut install = Command::new(&python);
            install.args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ]);
            self.run(install.arg(format!("{name}=={version}")).args(self.besides));
        }
        python
    }

    fn run(&self, command: &mut Command) {
        let status = command.status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "{} {} cannot be installed: {command:?} failed",
            self.name,
            self.version
        );
    }
}
