//! A home folder with one partner, who encrypts and signs, or does neither.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::SystemTime;

use x12_pipeline::failure::Failure;
use x12_pipeline::openpgp::{
    Certificates, Decryption, Encryption, Options, SecretKeys, decrypt, encrypt, generate,
};

/// The keys of both sides.
pub static PARTNER: LazyLock<Partner> = LazyLock::new(Partner::new);

const PROFILE: &str = r#"
[theirs]
isa = ["ZZ:MADEUPSENDER"]
gs = ["MADEUP"]
[ours]
isa = "ZZ:MADEUPRECEIVER"
gs = "RECEIVER"
[pgp]
"#;

/// A home folder: there until the next one is made, so that what went wrong can be looked at.
pub struct House {
    /// Its path.
    pub home: PathBuf,
    is_encrypted: bool,
}

impl House {
    /// Makes it.
    pub fn new(folder: &Path, is_encrypted: bool) -> io::Result<Self> {
        let home = folder.join("home");
        if home.exists() {
            fs::remove_dir_all(&home)?;
        }
        for part in ["partners", "keys", "exchange/acme/in"] {
            fs::create_dir_all(home.join(part))?;
        }
        let pgp = match is_encrypted {
            true => "certificates = [\"keys/acme.asc\"]",
            false => "plain = true",
        };
        fs::write(home.join("partners/acme.toml"), format!("{PROFILE}{pgp}\n"))?;
        PARTNER.settle(&home)?;
        Ok(Self { home, is_encrypted })
    }

    /// The partner leaves a document.
    pub fn receive(&self, name: &str, document: &[u8]) -> io::Result<()> {
        let file = self.home.join("exchange/acme/in").join(name);
        if self.is_encrypted {
            let mut message = Vec::new();
            PARTNER.seal(document, &mut message)?;
            return fs::write(file, message);
        }
        fs::write(file, document)
    }

    /// The partner leaves a file that is as it should come.
    pub fn take(&self, file: &Path) -> io::Result<()> {
        fs::hard_link(file, self.home.join("exchange/acme/in/large"))
    }

    /// Files in a folder.
    pub fn count(&self, folder: &str) -> usize {
        fs::read_dir(self.home.join(folder)).map_or(0, Iterator::count)
    }
}

/// A partner who encrypts and signs, and we.
pub struct Partner {
    keys: SecretKeys,
    ours: SecretKeys,
    certificates: Certificates,
}

impl Partner {
    fn new() -> Self {
        let generate = |name| {
            let made = generate(name, None, SystemTime::now()).expect("keys can be made");
            made.keys
        };
        let (keys, ours) = (generate("Made-up partner"), generate("X12 pipeline"));
        let mut certificates = Certificates::default();
        for (name, keys) in [("partner", &keys), ("house", &ours)] {
            for certificate in keys.certificates() {
                let armored = certificate.armored().expect("it can be written");
                certificates.add(name, &armored).expect("it can be read");
            }
        }
        Self {
            keys,
            ours,
            certificates,
        }
    }

    /// Puts our key, and the partner's certificate, into a home folder.
    fn settle(&self, home: &Path) -> io::Result<()> {
        let saved = self.ours.save(&home.join("keys/own.secret.asc"), None);
        saved.map_err(io::Error::other)?;
        let certificate = self.certificates.of("partner")[0].armored();
        fs::write(
            home.join("keys/acme.asc"),
            certificate.map_err(io::Error::other)?,
        )
    }

    fn seal(&self, document: impl io::Read, message: impl Write + Send) -> io::Result<()> {
        let with = Encryption {
            ours: &self.keys,
            to: self.certificates.of("house"),
            armored: false,
            now: SystemTime::now(),
        };
        encrypt(document, &with, message).map_err(told)
    }

    /// What the partner makes of a file.
    pub fn seal_file(&self, document: &Path, message: &Path) -> io::Result<()> {
        let mut message = BufWriter::new(File::create(message)?);
        self.seal(File::open(document)?, &mut message)?;
        message.flush()
    }

    /// Decrypts as the road does, to nowhere.
    pub fn open_as_us(&self, message: &Path) -> io::Result<()> {
        let with = Decryption {
            ours: &self.ours,
            from: self.certificates.of("partner"),
            now: SystemTime::now(),
            options: Options::default(),
        };
        let message = BufReader::with_capacity(1 << 16, File::open(message)?);
        decrypt(message, &with, io::sink()).map(drop).map_err(told)
    }
}

fn told(failure: Failure) -> io::Error {
    io::Error::other(failure)
}
