//! A home folder with one partner, who encrypts and signs, or does neither.

use std::fs::{self, File, Permissions};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use crate::document;
use x12_pipeline::failure::Failure;
use x12_pipeline::openpgp::{
    Certificates, Decryption, Encryption, Options, SecretKeys, decrypt, encrypt, generate,
};

/// Measures in an empty folder of this name, which is removed if that ends well; else it is left to be looked at.
pub fn measure(name: &str, bench: impl FnOnce(&Path) -> io::Result<()>) -> ExitCode {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let measured = || {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        bench(&folder)?;
        fs::remove_dir_all(&folder)
    };
    match measured() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed standard error is no reason to fail otherwise.
            let _ = writeln!(
                io::stderr(),
                "error: {error}; what is left lies in {}",
                folder.display()
            );
            ExitCode::FAILURE
        }
    }
}

/// A document with one claim and an interchange control number of its own.
pub fn claim(number: usize) -> io::Result<String> {
    let mut document = Vec::new();
    // More than an envelope has, less than one with a claim.
    document::write(&mut document, 200, 1)?;
    let text = String::from_utf8(document).map_err(io::Error::other)?;
    let text = text.replace("000000001*0*T", &format!("{number:09}*0*T"));
    Ok(text.replace("IEA*1*000000001", &format!("IEA*1*{number:09}")))
}

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

/// Servers for ledger, queue and store, in place of files of the home folder.
pub struct Servers {
    postgres: String,
    /// The broker's address.
    pub rabbitmq: String,
    s3: String,
}

impl Servers {
    /// Those that `.ci/with-postgres`, `.ci/with-rabbitmq` and `.ci/with-s3` have started, if all three have.
    pub fn given() -> Option<Self> {
        let of = |name| std::env::var(name).ok();
        Some(Self {
            postgres: of("X12_TEST_POSTGRES")?,
            rabbitmq: of("X12_TEST_RABBITMQ")?,
            s3: of("X12_TEST_S3")?,
        })
    }

    /// A house uses them: a database, queues and objects of its own.
    fn settle(&self, home: &Path, name: &str) -> io::Result<()> {
        let made = Command::new("psql")
            .args([
                "--quiet",
                "--dbname",
                &format!("{}/postgres", self.postgres),
            ])
            .args(["--command", &format!("CREATE DATABASE {name}")])
            .status()?;
        if !made.success() {
            return Err(io::Error::other("no database could be made"));
        }
        for (file, url) in [
            ("database.url", format!("{}/{name}", self.postgres)),
            ("broker.url", self.rabbitmq.clone()),
        ] {
            let file = home.join("keys").join(file);
            fs::write(&file, url)?;
            fs::set_permissions(file, Permissions::from_mode(0o600))?;
        }
        let config = format!(
            "[database]\nurl_file = \"keys/database.url\"\n[queue]\nurl_file = \"keys/broker.url\"\nprefix = \"{name}\"\n\
             [store]\nfolder = \"s3://x12-test/{name}\"\n[s3]\nendpoint = \"{}\"\npath_style = true\n",
            self.s3
        );
        fs::write(home.join("config.toml"), config)
    }
}

/// A home folder: there until all are measured, so that what went wrong can be looked at.
pub struct House {
    /// Its path.
    pub home: PathBuf,
    is_encrypted: bool,
}

impl House {
    /// Makes it, beside servers if there are any.
    pub fn new(folder: &Path, is_encrypted: bool, servers: Option<&Servers>) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // None is removed before all are done: ext4 looks for a long time where files were removed just before (`recently_deleted`).
        let home = folder.join(format!("home-{number}"));
        for part in ["partners", "keys", "exchange/acme/in"] {
            fs::create_dir_all(home.join(part))?;
        }
        let pgp = match is_encrypted {
            true => "certificates = [\"keys/acme.asc\"]",
            false => "plain = true",
        };
        fs::write(home.join("partners/acme.toml"), format!("{PROFILE}{pgp}\n"))?;
        PARTNER.settle(&home)?;
        if let Some(servers) = servers {
            servers.settle(&home, &format!("bench_{}_{number}", std::process::id()))?;
        }
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

    /// Files in a folder: not what is hidden, as half a file of who was killed is.
    pub fn files(&self, folder: &str) -> Vec<PathBuf> {
        let is_hidden = |file: &fs::DirEntry| file.file_name().as_encoded_bytes().starts_with(b".");
        let files = fs::read_dir(self.home.join(folder)).into_iter().flatten();
        let files = files.flatten().filter(|file| !is_hidden(file));
        files.map(|file| file.path()).collect()
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
