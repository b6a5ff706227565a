//! Keys that a key service has, AWS's KMS: it wraps the data key of each object, one request for each that is sealed or opened.
//!
//! Which key wrapped an object stands in its header, and is named when it is opened: so the alias in the settings may point to a new key
//! while objects of the old one stay readable, as long as the service has that.
//!
//! Who can write to the store could put an object there that a key of his own wraps. So what the service gets to wrap is the data key
//! already wrapped with a key of the house, bound to the object: no other data key is ever taken. That key is derived from the key of
//! digests, which a file holds, wrapped by the service.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use aws_sdk_kms::Client;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::KeyState;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::runtime::Handle;
use zeroize::Zeroizing;

use crate::aws;
use crate::cipher::{Digester, Secret, hex, random};
use crate::failure::{Failure, Result};
use crate::keys::{DataKey, DigestKey, Keys, WrappedKey};
use crate::limits::CONFIG_BYTES;
use crate::profile::KmsSettings;

/// The name in the encryption context under which the service's own log shows to what a key belongs.
const CONTEXT: &str = "x12-pipeline";

/// To what the key of digests is bound.
const DIGEST_CONTEXT: &[u8] = b"digest key";

const BROKEN: Failure = Failure::transient("object-broken", "the wrapped key is not authentic");

/// Keys of a key service. Calls block: they are for threads that may.
///
/// ```compile_fail,E0277
/// fn shown<T: std::fmt::Debug>() {}
/// shown::<x12_pipeline::kms::Kms>();
/// ```
pub struct Kms {
    service: Service,
    /// Wraps data keys before the service does.
    house: Secret,
    digest: DigestKey,
}

/// The service, and the key that it uses for what is new.
struct Service {
    client: Client,
    handle: Handle,
    key: String,
}

impl Kms {
    /// Opens the door to a key: the key of digests is read from its file, which is made if there is none.
    ///
    /// # Errors
    /// [`Failure::Permanent`] if the address is none that is allowed, the service has no such key, or the file is not as it was made;
    /// [`Failure::Transient`] if the service does not answer, or the file cannot be made.
    pub async fn open(settings: &KmsSettings, key: &str, digest_file: &Path) -> Result<Self> {
        let shared = aws::config(settings.service()).await?;
        let service = Service {
            client: Client::new(&shared),
            handle: Handle::current(),
            key: key.to_owned(),
        };
        let secret = match read(digest_file)? {
            Some(wrapped) => service.decrypt(&wrapped, DIGEST_CONTEXT).await?,
            None => service.make_digest_key(digest_file).await?,
        };
        let secret = Secret::of(&secret).ok_or(BROKEN_FILE)?;
        let house = Zeroizing::new(Digester::new(&secret, "house key").finish());
        Ok(Self {
            service,
            house: Secret::of(&house[..]).ok_or(BROKEN_FILE)?,
            digest: DigestKey::of(secret.bytes()).ok_or(BROKEN_FILE)?,
        })
    }

    /// What the service says of a key.
    ///
    /// # Errors
    /// [`Failure::Permanent`] if the address is none that is allowed or there is no such key; [`Failure::Transient`] if the service does
    /// not tell.
    pub async fn look(settings: &KmsSettings, key: &str) -> Result<KnownKey> {
        let shared = aws::config(settings.service()).await?;
        let asked = Client::new(&shared).describe_key().key_id(key);
        let answer = asked.send().await.map_err(|error| refusal(&error))?;
        let known = answer.key_metadata.ok_or(UNAVAILABLE)?;
        Ok(KnownKey {
            name: known.arn.unwrap_or(known.key_id),
            state: match known.key_state {
                Some(KeyState::Enabled) => "enabled",
                Some(KeyState::Disabled) => "disabled",
                Some(KeyState::PendingDeletion) => "about to be deleted",
                _ => "not to be used now",
            },
        })
    }

    /// The key that wrapped the key of digests, as its file says; none if the file is not made yet.
    ///
    /// # Errors
    /// [`Failure::Permanent`] if the file is not as it was made, [`Failure::Transient`] if it cannot be read.
    pub fn digest_wrapped_by(digest_file: &Path) -> Result<Option<String>> {
        Ok(read(digest_file)?.map(|wrapped| wrapped.key_id))
    }
}

/// A key, as the service knows it now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KnownKey {
    /// Its ARN.
    pub name: String,
    /// Whether it opens anything, in words for people.
    pub state: &'static str,
}

impl Keys for Kms {
    fn wrap(&self, data_key: &DataKey, context: &[u8]) -> Result<WrappedKey> {
        let inner = self.house.wrap(data_key.secret(), context)?;
        let service = &self.service;
        service.handle.block_on(service.encrypt(inner, context))
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &[u8]) -> Result<DataKey> {
        let service = &self.service;
        let inner = service.handle.block_on(service.decrypt(wrapped, context))?;
        let secret = self.house.unwrap(&inner, context).ok_or(BROKEN)?;
        DataKey::of(secret.bytes()).ok_or(BROKEN)
    }

    fn digest_key(&self) -> &DigestKey {
        &self.digest
    }
}

impl Service {
    async fn encrypt(&self, plain: Vec<u8>, context: &[u8]) -> Result<WrappedKey> {
        let asked = self.client.encrypt().key_id(&self.key);
        let asked = asked.encryption_context(CONTEXT, hex(context));
        let answer = asked.plaintext(Blob::new(plain)).send().await;
        let answer = answer.map_err(|error| refusal(&error))?;
        match (answer.key_id, answer.ciphertext_blob) {
            (Some(key_id), Some(bytes)) => Ok(WrappedKey {
                key_id,
                bytes: bytes.into_inner(),
            }),
            _ => Err(UNAVAILABLE),
        }
    }

    async fn decrypt(&self, wrapped: &WrappedKey, context: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let WrappedKey { key_id, bytes } = wrapped;
        let asked = self.client.decrypt().key_id(key_id);
        let asked = asked.encryption_context(CONTEXT, hex(context));
        let answer = asked.ciphertext_blob(Blob::new(bytes.clone())).send().await;
        let answer = answer.map_err(|error| refusal(&error))?;
        let plain = answer.plaintext.ok_or(UNAVAILABLE)?;
        let plain = Zeroizing::new(plain.into_inner());
        // A service that takes another key than it was told to is none to rely on.
        let is_by_it = answer.key_id.as_ref() == Some(key_id);
        is_by_it.then_some(plain).ok_or(BROKEN)
    }

    /// Makes the key of digests, or takes that which another process has made just then.
    async fn make_digest_key(&self, file: &Path) -> Result<Zeroizing<Vec<u8>>> {
        let secret = Secret::random()?;
        let wrapped = self
            .encrypt(secret.bytes().to_vec(), DIGEST_CONTEXT)
            .await?;
        match write_once(file, &wrapped) {
            Ok(()) => {
                let file = file.display();
                tracing::info!(
                    "made the key of digests: keep {file} safe, and the same in every house of this ledger"
                );
                Ok(Zeroizing::new(secret.bytes().to_vec()))
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let wrapped = read(file)?.ok_or(BROKEN_FILE)?;
                self.decrypt(&wrapped, DIGEST_CONTEXT).await
            }
            Err(error) => Err(unusable(&error)),
        }
    }
}

const UNAVAILABLE: Failure =
    Failure::transient("keys-unavailable", "the key service cannot be used");

fn refusal<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Failure {
    let (kind, code) = aws::told(error);
    tracing::warn!(kind, code, "the key service did not do what it was asked");
    meaning(code)
}

/// What a code of the service means: those of `Encrypt` and `Decrypt` in its reference.
fn meaning(code: &str) -> Failure {
    match code {
        // A key that is disabled or about to be deleted opens nothing, until an operator decides otherwise.
        "NotFoundException" | "DisabledException" | "KMSInvalidStateException" => {
            Failure::permanent(
                "key-missing",
                "the key service does not have this key, or not for use",
            )
        }
        "InvalidCiphertextException" | "IncorrectKeyException" => BROKEN,
        _ => UNAVAILABLE,
    }
}

const BROKEN_FILE: Failure = Failure::permanent(
    "digest-file-broken",
    "the file of the key of digests breaks its format",
);

/// The wrapped key of a file, `<key id> <base64>`; none if there is no such file.
fn read(file: &Path) -> Result<Option<WrappedKey>> {
    let bytes = match fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(&error)),
        Ok(about) => about.len(),
    };
    if bytes > CONFIG_BYTES {
        return Err(BROKEN_FILE);
    }
    let text = fs::read_to_string(file).map_err(|error| unusable(&error))?;
    let (key_id, encoded) = text.trim().split_once(' ').ok_or(BROKEN_FILE)?;
    let bytes = STANDARD.decode(encoded).map_err(|_| BROKEN_FILE)?;
    let key_id = key_id.to_owned();
    Ok(Some(WrappedKey { key_id, bytes }))
}

/// Writes the file whole, unless it is there. Without it nothing opens: it and its name last before anything is sealed.
fn write_once(file: &Path, wrapped: &WrappedKey) -> io::Result<()> {
    let temporary = random::<8>().map_err(|_| io::ErrorKind::Other)?;
    let temporary = file.with_extension(hex(&temporary));
    let mut options = OpenOptions::new();
    let mut draft = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)?;
    let written = writeln!(
        draft,
        "{} {}",
        wrapped.key_id,
        STANDARD.encode(&wrapped.bytes)
    )
    .and_then(|()| draft.sync_all())
    .and_then(|()| fs::hard_link(&temporary, file));
    // It is there under its own name, or not at all.
    let _ = fs::remove_file(&temporary);
    if let Some(folder) = file.parent() {
        File::open(folder)?.sync_all()?;
    }
    written
}

fn unusable(error: &io::Error) -> Failure {
    tracing::warn!(kind = %error.kind(), "the file of the key of digests cannot be read or written");
    let what = "the file of the key of digests cannot be read or written";
    Failure::transient("digest-file", what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_destroyed_key_wrapped_stays_closed_and_what_may_come_back_is_waited_for() {
        let cases = [
            ("NotFoundException", "key-missing"),
            ("DisabledException", "key-missing"),
            ("KMSInvalidStateException", "key-missing"),
            ("InvalidCiphertextException", "object-broken"),
            ("IncorrectKeyException", "object-broken"),
            ("ThrottlingException", "keys-unavailable"),
            ("KMSInternalException", "keys-unavailable"),
            ("", "keys-unavailable"),
        ];
        for (code, expected) in cases {
            let failure = meaning(code);
            assert_eq!(failure.reason().code, expected, "{code}");
            let is_for_now = matches!(failure, Failure::Transient(_));
            assert_eq!(is_for_now, expected != "key-missing", "{code}");
        }
    }
}
