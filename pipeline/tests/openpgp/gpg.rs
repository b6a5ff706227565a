//! The real `gpg`, with a home of its own and at a time of its own.

use std::fs::{self, DirBuilder};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

/// Seconds since 1970: 2026-01-15, noon.
pub const NOW: u64 = 1_768_478_400;

/// A home of `gpg`. Its agent ends with it.
pub struct Gpg {
    home: PathBuf,
}

impl Gpg {
    /// A new home without keys.
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // Not in the build's folder: the path of a socket has at most 107 bytes.
        let name = format!("x12-gpg-{}-{number}", std::process::id());
        let home = std::env::temp_dir().join(name);
        DirBuilder::new()
            .mode(0o700)
            .create(&home)
            .expect("the folder is new");
        let gpg = Self { home };
        // Makes the database of trust, which it asks for at times.
        gpg.run(&["--trust-model", "pgp", "--check-trustdb"], b"");
        gpg
    }

    /// A file of its home, which no other test has.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    /// Runs `gpg` and gives what it writes.
    pub fn run(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let output = self.try_run(arguments, input);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "gpg {arguments:?}: {said}");
        output.stdout
    }

    /// Runs `gpg`, whatever comes of it.
    pub fn try_run(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new("gpg")
            .arg("--homedir")
            .arg(&self.home)
            .args(["--batch", "--yes", "--no-tty", "--trust-model", "always"])
            .args(["--pinentry-mode", "loopback", "--passphrase", ""])
            .args(["--faked-system-time", &format!("{NOW}!")])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("these tests need the command gpg (Debian: apt-get install gnupg)");
        let mut stdin = child.stdin.take().expect("it is piped");
        thread::scope(|scope| {
            // It may end without reading all.
            scope.spawn(move || _ = stdin.write_all(input));
            child.wait_with_output().expect("gpg ends")
        })
    }

    /// Makes a key and gives its fingerprint: `ed25519/cert,sign+cv25519/encr`, which may be used for so long.
    pub fn generate(&self, user_id: &str, algorithms: &str, expires: &str) -> String {
        let (primary, subkey) = algorithms.split_once('+').expect("there are two");
        let (algorithm, usage) = primary.split_once('/').expect("it says what for");
        let before = self.fingerprints();
        self.run(
            &["--quick-generate-key", user_id, algorithm, usage, expires],
            b"",
        );
        let mut after = self.fingerprints();
        after.retain(|fingerprint| !before.contains(fingerprint));
        let fingerprint = after.pop().expect("it was made");
        let (algorithm, usage) = subkey.split_once('/').expect("it says what for");
        self.run(
            &["--quick-add-key", &fingerprint, algorithm, usage, expires],
            b"",
        );
        fingerprint
    }

    fn fingerprints(&self) -> Vec<String> {
        let listed = self.run(&["--with-colons", "--list-secret-keys"], b"");
        let listed = String::from_utf8(listed).expect("gpg lists in UTF-8");
        let mut fingerprints = Vec::new();
        let mut primary = false;
        for line in listed.lines() {
            let fields: Vec<_> = line.split(':').collect();
            match (fields[0], primary) {
                ("sec", _) => primary = true,
                ("fpr", true) => {
                    fingerprints.push(fields[9].to_owned());
                    primary = false;
                }
                _ => {}
            }
        }
        fingerprints
    }

    /// A certificate.
    pub fn export(&self, fingerprint: &str) -> Vec<u8> {
        self.run(&["--export", fingerprint], b"")
    }

    /// Takes in certificates or keys.
    pub fn import(&self, bytes: &[u8]) {
        self.run(&["--import"], bytes);
    }

    /// Revokes a key by the revocation that was made with it.
    pub fn revoke(&self, fingerprint: &str) {
        let path = self
            .home
            .join(format!("openpgp-revocs.d/{fingerprint}.rev"));
        let text = fs::read_to_string(path).expect("gpg made it");
        // Its colon keeps it from being taken in by mistake.
        self.import(text.replace(":-----BEGIN", "-----BEGIN").as_bytes());
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        // Whether there was an agent or not, none is left.
        _ = Command::new("gpgconf")
            .arg("--homedir")
            .arg(&self.home)
            .args(["--kill", "gpg-agent"])
            .status();
        _ = fs::remove_dir_all(&self.home);
    }
}
