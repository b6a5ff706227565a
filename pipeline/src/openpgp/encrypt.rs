//! OpenPGP on: signs a document and encrypts it to a partner.

use std::io::{self, BufWriter, Read, Write};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use sequoia_openpgp::armor;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::stream::{Armorer, Encryptor, LiteralWriter, Message, Signer};
use zeroize::Zeroizing;

use super::keys::{Certificate, SecretKeys, encrypting, usable};
use super::refusal;
use crate::failure::{Failure, Result};
use crate::limits::CHUNK_BYTES;
use crate::store::failure;

/// What a document is signed and encrypted with.
pub struct Encryption<'a> {
    /// Our keys: the newest that may sign signs.
    pub ours: &'a SecretKeys,
    /// The certificates of the partner. Those that have expired or were revoked are left out, as while a key is being changed.
    pub to: &'a [Certificate],
    /// As text in base 64.
    pub armored: bool,
    /// The time.
    pub now: SystemTime,
}

/// Signs a document and encrypts it, not compressed, to every key of the partner's that can be encrypted to.
///
/// The integrity is protected by SEIPD version 1, as GnuPG reads it; by version 2 only if all recipients announce it. What was
/// written before an `Err` is not a message.
///
/// # Errors
/// [`Failure::Permanent`] if none of our keys may sign (`pgp-no-signing-key`), none of the partner's can be encrypted to
/// (`pgp-no-recipient`), or sequoia cannot do it (`pgp-encrypt`). If `plain` or `out` failed, what [`failure`] makes of that.
pub fn encrypt(plain: impl Read, with: &Encryption<'_>, mut out: impl Write + Send) -> Result<()> {
    let failed = Mutex::new(None);
    let sink = Sink {
        out: Mutex::new(&mut out),
        failed: &failed,
    };
    let written = write(plain, with, sink);
    let failed = *failed.lock().unwrap_or_else(PoisonError::into_inner);
    failed.map_or(written, Err)
}

fn write(mut plain: impl Read, with: &Encryption<'_>, sink: Sink<'_>) -> Result<()> {
    let policy = StandardPolicy::at(with.now);
    let pair = with.ours.signer(with.now)?;
    let certs = with
        .to
        .iter()
        .filter_map(|to| usable(&to.0, &policy, with.now));
    let certs: Vec<_> = certs
        .filter(|cert| encrypting(cert).next().is_some())
        .collect();
    if certs.is_empty() {
        return Err(refusal::NO_RECIPIENT);
    }
    // Writes its rest when the message is dropped. Unbuffered, an armor takes twice as long: sequoia writes it line by line.
    let mut message = Message::new(BufWriter::with_capacity(CHUNK_BYTES, sink));
    if with.armored {
        let armorer = Armorer::new(message).kind(armor::Kind::Message);
        message = armorer.build().map_err(not_encryptable)?;
    }
    let recipients = certs.iter().flat_map(encrypting);
    let encryptor = Encryptor::for_recipients(message, recipients);
    let message = encryptor.build().map_err(not_encryptable)?;
    let mut signer = Signer::new(message, pair)
        .map_err(not_encryptable)?
        .creation_time(with.now);
    for cert in &certs {
        // So that the partner cannot pass our signature on to another.
        signer = signer.add_intended_recipient(cert.cert());
    }
    let message = signer.build().map_err(not_encryptable)?;
    let mut message = LiteralWriter::new(message)
        .build()
        .map_err(not_encryptable)?;
    let mut chunk = Zeroizing::new(vec![0; CHUNK_BYTES]);
    loop {
        match plain.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => {
                let written = message.write_all(chunk.get(..length).unwrap_or_default());
                written.map_err(|_| refusal::NOT_ENCRYPTABLE)?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failure(&error)),
        }
    }
    message.finalize().map_err(not_encryptable)
}

fn not_encryptable(_: sequoia_openpgp::anyhow::Error) -> Failure {
    refusal::NOT_ENCRYPTABLE
}

/// The writer, whose failures are kept: sequoia wraps them.
struct Sink<'a> {
    // The lock is never taken: it makes any writer `Sync`, as sequoia asks.
    out: Mutex<&'a mut (dyn Write + Send)>,
    failed: &'a Mutex<Option<Failure>>,
}

impl Sink<'_> {
    fn keep<T>(&self, done: io::Result<T>) -> io::Result<T> {
        done.inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure(error));
            }
        })
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self
            .out
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .write(bytes);
        self.keep(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self
            .out
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .flush();
        self.keep(done)
    }
}
