//! Keys: the certificates of partners, and our own keys.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::SystemTime;

use sequoia_openpgp::armor;
use sequoia_openpgp::cert::amalgamation::key::{PrimaryKey, ValidErasedKeyAmalgamation};
use sequoia_openpgp::cert::{Cert, CertParser, ValidCert};
use sequoia_openpgp::crypto::{KeyPair, Password};
use sequoia_openpgp::packet::key::{PublicParts, SecretParts, UnspecifiedRole};
use sequoia_openpgp::packet::{Key, Packet};
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::policy::{Policy, StandardPolicy};
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::types::RevocationStatus;
use zeroize::Zeroizing;

use super::refusal;
use crate::failure::{Failure, Result};
use crate::secret_file::{self, Unread};

/// The public certificate of a partner.
#[derive(Clone)]
pub struct Certificate(pub(super) Cert);

impl Certificate {
    /// The fingerprint of its primary key, in hexadecimal.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint().to_hex()
    }

    /// What it is and what it is good for at `now`.
    #[must_use]
    pub fn describe(&self, now: SystemTime) -> Description {
        Description::of(&self.0, now)
    }

    /// The certificate in armor, as partners exchange it.
    ///
    /// # Errors
    /// `pgp-key-malformed` if it cannot be written as OpenPGP.
    pub fn armored(&self) -> Result<Vec<u8>> {
        self.0
            .armored()
            .to_vec()
            .map_err(|_| refusal::KEY_MALFORMED)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate")
            .field(&self.fingerprint())
            .finish()
    }
}

/// The certificates of all partners: several each, so that a key can be changed without a day on which nothing works.
#[derive(Clone, Debug, Default)]
pub struct Certificates(BTreeMap<String, Vec<Certificate>>);

impl Certificates {
    /// Reads the certificates of a partner from a file, armored or binary.
    ///
    /// # Errors
    /// As [`Certificates::add`], and `pgp-key-file`, `pgp-key-file-large` if it cannot be read.
    pub fn load(&mut self, partner: &str, path: &Path) -> Result<usize> {
        let file = File::open(path).map_err(|_| refusal::KEY_FILE)?;
        self.add(partner, &secret_file::read_open(file).map_err(unread)?)
    }

    /// Adds the certificates of a partner and says how many they were; one that is known already is merged, which is how a
    /// revocation comes in.
    ///
    /// # Errors
    /// `pgp-key-malformed` if these are no certificates, `pgp-key-secret` if a secret key is among them.
    pub fn add(&mut self, partner: &str, bytes: &[u8]) -> Result<usize> {
        let new = read_certs(bytes)?;
        if new.iter().any(Cert::is_tsk) {
            return Err(refusal::KEY_SECRET);
        }
        let count = new.len();
        let known = self.0.entry(partner.to_owned()).or_default();
        for cert in new {
            let same = |known: &&mut Certificate| known.0.fingerprint() == cert.fingerprint();
            if let Some(known) = known.iter_mut().find(same) {
                let merged = known.0.clone().merge_public(cert);
                known.0 = merged.map_err(|_| refusal::KEY_MALFORMED)?;
            } else {
                known.push(Certificate(cert));
            }
        }
        Ok(count)
    }

    /// The certificates of a partner.
    #[must_use]
    pub fn of(&self, partner: &str) -> &[Certificate] {
        self.0.get(partner).map_or(&[], Vec::as_slice)
    }

    /// All partners that have certificates, and these.
    pub fn partners(&self) -> impl Iterator<Item = (&str, &[Certificate])> {
        self.0
            .iter()
            .map(|(partner, certificates)| (partner.as_str(), certificates.as_slice()))
    }
}

/// A passphrase: wiped when dropped, and by its type neither shown nor written.
///
/// ```compile_fail
/// fn shown<T: std::fmt::Debug>() {}
/// shown::<x12_pipeline::openpgp::Passphrase>();
/// ```
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Reads one from a file that nobody but its owner may read; the end of a line at its end is none of it.
    ///
    /// # Errors
    /// `pgp-key-file-open` if group or others have any right to the file; `pgp-key-file`, `pgp-key-file-large` if it cannot be read;
    /// `pgp-key-passphrase` if it is not UTF-8, or empty.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = read_secret(path)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| refusal::KEY_PASSPHRASE)?;
        match text.trim_end_matches(['\r', '\n']) {
            "" => Err(refusal::KEY_PASSPHRASE),
            text => Ok(Self(Zeroizing::new(text.to_owned()))),
        }
    }

    /// Its characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Our own keys: all of them decrypt, the newest that may sign signs. Neither shown nor written except by [`SecretKeys::save`].
///
/// ```compile_fail
/// fn shown<T: std::fmt::Debug>() {}
/// shown::<x12_pipeline::openpgp::SecretKeys>();
/// ```
///
/// ```compile_fail
/// fn written<T: serde::Serialize>() {}
/// written::<x12_pipeline::openpgp::SecretKeys>();
/// ```
#[derive(Clone, Default)]
pub struct SecretKeys(pub(super) Vec<Cert>);

impl SecretKeys {
    /// Reads keys from a file that nobody but its owner may read.
    ///
    /// # Errors
    /// As [`SecretKeys::add`]; `pgp-key-file-open` if group or others have any right to the file; `pgp-key-file`,
    /// `pgp-key-file-large` if it cannot be read.
    pub fn load(&mut self, path: &Path, passphrase: Option<&str>) -> Result<usize> {
        self.add(&read_secret(path)?, passphrase)
    }

    /// Adds keys, armored or binary, and says how many they were.
    ///
    /// # Errors
    /// `pgp-key-malformed` if these are no keys, `pgp-key-public` if one has no secret part, `pgp-key-passphrase` if one is locked
    /// and the passphrase is missing or wrong.
    pub fn add(&mut self, bytes: &[u8], passphrase: Option<&str>) -> Result<usize> {
        let password = passphrase.map(Password::from);
        let new = read_certs(bytes)?;
        let opened = new.into_iter().map(|cert| open(cert, password.as_ref()));
        let opened = opened.collect::<Result<Vec<_>>>()?;
        let count = opened.len();
        self.0.extend(opened);
        Ok(count)
    }

    /// Writes all keys into a new file that only its owner may read, locked by the passphrase if there is one.
    ///
    /// # Errors
    /// `pgp-key-file` if the file exists or cannot be written, `pgp-key-passphrase` if the keys cannot be locked.
    pub fn save(&self, path: &Path, passphrase: Option<&str>) -> Result<()> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}", std::process::id()));
        let draft = path.with_file_name(name);
        let saved = self
            .write(&draft, passphrase)
            // Whole or not at all, and never in the place of another: a rename would be.
            .and_then(|()| fs::hard_link(&draft, path).map_err(|_| refusal::KEY_FILE));
        // Linked, it has its name; else it is nothing.
        _ = fs::remove_file(&draft);
        saved
    }

    fn write(&self, path: &Path, passphrase: Option<&str>) -> Result<()> {
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(path);
        let file = file.map_err(|_| refusal::KEY_FILE)?;
        let password = passphrase.map(Password::from);
        let mut armor = armor::Writer::new(file, armor::Kind::SecretKey);
        for cert in &self.0 {
            let cert = close(cert.clone(), password.as_ref())?;
            let bytes = cert.as_tsk().to_vec().map_err(|_| refusal::KEY_MALFORMED)?;
            let bytes = Zeroizing::new(bytes);
            let armor = armor.as_mut().map_err(|_| refusal::KEY_FILE)?;
            armor.write_all(&bytes).map_err(|_| refusal::KEY_FILE)?;
        }
        let file = armor
            .and_then(|armor| armor.finalize())
            .map_err(|_| refusal::KEY_FILE)?;
        file.sync_all().map_err(|_| refusal::KEY_FILE)
    }

    /// The public certificates, to be given to partners.
    #[must_use]
    pub fn certificates(&self) -> Vec<Certificate> {
        let public = |cert: &Cert| Certificate(cert.clone().strip_secret_key_material());
        self.0.iter().map(public).collect()
    }

    /// What each key is and what it is good for at `now`.
    #[must_use]
    pub fn describe(&self, now: SystemTime) -> Vec<Description> {
        self.0
            .iter()
            .map(|cert| Description::of(cert, now))
            .collect()
    }

    /// The newest key that may sign now.
    pub(super) fn signer(&self, now: SystemTime) -> Result<KeyPair> {
        let policy = StandardPolicy::at(now);
        let valid = self.0.iter().filter_map(|cert| usable(cert, &policy, now));
        let newest = valid
            .flat_map(|cert| cert.keys().supported().alive().revoked(false).for_signing())
            .filter_map(|key| key.key().clone().parts_into_secret().ok())
            .filter(|key| !key.secret().is_encrypted())
            .max_by_key(Key::creation_time)
            .ok_or(refusal::NO_SIGNER)?;
        newest.into_keypair().map_err(|_| refusal::NO_SIGNER)
    }
}

/// What a key is and what it is good for. `Debug` leaves out whose it is: names are shown to operators, not written to logs.
#[derive(Clone, Eq, PartialEq)]
pub struct Description {
    /// The fingerprint of the primary key, in hexadecimal.
    pub fingerprint: String,
    /// Whose it is, as the key itself says.
    pub user_id: Option<String>,
    /// When it was made.
    pub created: SystemTime,
    /// When the first thing that it is good for ends; if it is good for nothing, when it ended.
    pub expires: Option<SystemTime>,
    /// It can be encrypted to.
    pub encrypts: bool,
    /// It may sign.
    pub signs: bool,
    /// It was revoked.
    pub revoked: bool,
}

impl Description {
    /// Whole days until it expires, negative afterwards; none if it does not expire.
    #[must_use]
    pub fn days_left(&self, now: SystemTime) -> Option<i64> {
        const DAY: u64 = 24 * 60 * 60;
        let days = |seconds: u64| i64::try_from(seconds / DAY).unwrap_or(i64::MAX);
        self.expires.map(|end| match end.duration_since(now) {
            Ok(left) => days(left.as_secs()),
            Err(past) => -days(past.duration().as_secs()) - 1,
        })
    }

    fn of(cert: &Cert, now: SystemTime) -> Self {
        let policy = StandardPolicy::at(now);
        let known = cert.with_policy(&policy, now).ok();
        let usable = usable(cert, &policy, now);
        let encrypting = usable
            .iter()
            .flat_map(encrypting)
            .map(|key| key.key_expiration_time());
        let signing = usable.iter().flat_map(|cert| {
            let keys = cert.keys().supported().alive().revoked(false).for_signing();
            keys.map(|key| key.key_expiration_time())
        });
        let (encrypting, signing) = (latest(encrypting), latest(signing));
        let ended = || known.as_ref()?.primary_key().key_expiration_time();
        let user_id = cert
            .userids()
            .next()
            .map(|id| String::from_utf8_lossy(id.userid().value()).into_owned());
        Self {
            fingerprint: cert.fingerprint().to_hex(),
            user_id,
            created: cert.primary_key().key().creation_time(),
            expires: match (encrypting, signing) {
                (None, None) => ended(),
                (one, other) => one.flatten().into_iter().chain(other.flatten()).min(),
            },
            encrypts: encrypting.is_some(),
            signs: signing.is_some(),
            revoked: known.is_some_and(|cert| is_revoked(&cert)),
        }
    }
}

impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Description")
            .field("fingerprint", &self.fingerprint)
            .field("created", &self.created)
            .field("expires", &self.expires)
            .field("encrypts", &self.encrypts)
            .field("signs", &self.signs)
            .field("revoked", &self.revoked)
            .finish_non_exhaustive()
    }
}

/// The latest end of several keys, `Some(None)` if one has no end; none without a key.
fn latest(ends: impl Iterator<Item = Option<SystemTime>>) -> Option<Option<SystemTime>> {
    ends.max_by_key(|end| (end.is_none(), *end))
}

/// The certificate as it stands at `at`, if it is neither expired nor revoked nor weak.
pub(super) fn usable<'a>(
    cert: &'a Cert,
    policy: &'a dyn Policy,
    at: SystemTime,
) -> Option<ValidCert<'a>> {
    let valid = cert.with_policy(policy, at).ok()?;
    (valid.alive().is_ok() && !is_revoked(&valid)).then_some(valid)
}

/// The certificate as a whole was revoked.
pub(super) fn is_revoked(cert: &ValidCert<'_>) -> bool {
    matches!(cert.revocation_status(), RevocationStatus::Revoked(_))
}

/// The keys of a certificate that can be encrypted to.
pub(super) fn encrypting<'a>(
    cert: &ValidCert<'a>,
) -> impl Iterator<Item = ValidErasedKeyAmalgamation<'a, PublicParts>> + use<'a> {
    let keys = cert.keys().supported().alive().revoked(false);
    keys.for_transport_encryption().for_storage_encryption()
}

/// Reads all certificates of a file: binary, or any number of armored blocks.
fn read_certs(bytes: &[u8]) -> Result<Vec<Cert>> {
    const BEGIN: &[u8] = b"-----BEGIN PGP ";
    let is_start = |at: &usize| bytes.get(*at..).is_some_and(|rest| rest.starts_with(BEGIN));
    let mut starts: Vec<usize> = (0..bytes.len()).filter(is_start).collect();
    if starts.is_empty() || bytes.first().is_some_and(|byte| byte & 0x80 != 0) {
        starts = vec![0];
    }
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    let mut certs = Vec::new();
    for (start, end) in starts.iter().zip(ends) {
        let block = bytes.get(*start..end).unwrap_or_default();
        let parser = CertParser::from_bytes(block).map_err(|_| refusal::KEY_MALFORMED)?;
        for cert in parser {
            certs.push(cert.map_err(|_| refusal::KEY_MALFORMED)?);
        }
    }
    if certs.is_empty() {
        Err(refusal::KEY_MALFORMED)
    } else {
        Ok(certs)
    }
}

/// Opens every secret part of a key that the passphrase fits; a part that is kept elsewhere (a smart card, an offline primary key)
/// stays locked.
fn open(cert: Cert, password: Option<&Password>) -> Result<Cert> {
    if !cert.is_tsk() {
        return Err(refusal::KEY_PUBLIC);
    }
    let cert = replace(cert, |key| match password {
        Some(password) if key.secret().is_encrypted() => key.decrypt_secret(password).ok(),
        _ => None,
    })?;
    match cert.keys().unencrypted_secret().next() {
        Some(_) => Ok(cert),
        None => Err(refusal::KEY_PASSPHRASE),
    }
}

/// Locks every secret part of a key.
fn close(cert: Cert, password: Option<&Password>) -> Result<Cert> {
    let Some(password) = password else {
        return Ok(cert);
    };
    let cert = replace(cert, |key| {
        let is_open = !key.secret().is_encrypted();
        is_open.then(|| key.encrypt_secret(password).ok()).flatten()
    })?;
    match cert.keys().unencrypted_secret().next() {
        Some(_) => Err(refusal::KEY_PASSPHRASE),
        None => Ok(cert),
    }
}

type SecretKey = Key<SecretParts, UnspecifiedRole>;

/// Replaces the secret parts of a key for which `change` gives another.
fn replace(cert: Cert, change: impl Fn(SecretKey) -> Option<SecretKey>) -> Result<Cert> {
    let changed: Vec<Packet> = cert
        .keys()
        .secret()
        .filter_map(|key| {
            let new = change(key.key().clone())?;
            Some(match key.primary() {
                true => Packet::from(new.role_into_primary()),
                false => Packet::from(new.role_into_subordinate()),
            })
        })
        .collect();
    let replaced = cert.insert_packets(changed);
    replaced
        .map(|(cert, _)| cert)
        .map_err(|_| refusal::KEY_MALFORMED)
}

/// Reads a file that nobody but its owner may read.
fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let (bytes, _) = secret_file::read(path).map_err(unread)?;
    Ok(bytes)
}

fn unread(why: Unread) -> Failure {
    match why {
        Unread::Io(_) => refusal::KEY_FILE,
        Unread::Exposed => refusal::KEY_FILE_OPEN,
        Unread::TooLarge => refusal::KEY_FILE_LARGE,
    }
}
