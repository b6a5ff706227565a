//! Key-encryption keys in a file that its owner alone may read.
//!
//! One line a key, `<key id> <base64 of 32 bytes>`; new objects use the last, older ones are opened by theirs. The line `digest <base64>`
//! has the key of digests. Empty lines and those that begin with `#` say nothing. A key wraps with random nonces of 96 bits: rotate
//! long before it has wrapped 2^32 data keys.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{DataKey, DigestKey, Keys, WrappedKey};
use crate::cipher::{Secret, hex, random};
use crate::failure::{Failure, Result};
use crate::limits::KEY_ID_BYTES;
use crate::secret_file::{self, Unread};

/// The first word of the line of the key of digests; no key-encryption key is called so.
const DIGEST: &str = "digest";

const BROKEN: Failure = Failure::permanent("key-file-broken", "the key file breaks its format");
const MISSING: Failure = Failure::permanent("key-missing", "the key of this object is not there");

/// Keys of a file, as it was when it was read last.
///
/// A key that another process added since is found: an unknown one makes the file be read again. A key taken out of the file opens
/// nothing once the file was read again.
///
/// ```compile_fail,E0277
/// fn shown<T: std::fmt::Debug>() {}
/// shown::<x12_pipeline::keys::KeyFile>();
/// ```
pub struct KeyFile {
    path: PathBuf,
    ring: RwLock<Ring>,
    digest: DigestKey,
}

impl KeyFile {
    /// Makes a key file with one new key and a key of digests, and returns the key's id.
    ///
    /// # Errors
    /// `Permanent` with `key-file-exists`; `Transient` if the folder cannot be written.
    pub fn create(path: &Path) -> Result<String> {
        let folder = Folder::lock(path)?;
        if fs::symlink_metadata(path).is_ok() {
            return Err(Failure::permanent(
                "key-file-exists",
                "there is a key file already",
            ));
        }
        let mut text = Zeroizing::new(String::with_capacity(LINE_BYTES * 2));
        line(&mut text, DIGEST, &Secret::random()?);
        let id = append(&mut text)?;
        folder.replace(path, &text, None)?;
        Ok(id)
    }

    /// Adds a new key, which new objects will use, and returns its id. Whoever reads the file meanwhile sees the old one or the new one.
    ///
    /// # Errors
    /// As [`KeyFile::read`]; `Transient` if the folder cannot be written.
    pub fn rotate(path: &Path) -> Result<String> {
        // What a link points to is replaced, not the link.
        let path = &fs::canonicalize(path).map_err(|error| unreadable(&error))?;
        let folder = Folder::lock(path)?;
        let (old, owner) = text(path)?;
        Contents::of(&old)?;
        let mut new = Zeroizing::new(String::with_capacity(old.len() + LINE_BYTES + 1));
        new.push_str(&old);
        if !new.ends_with('\n') {
            new.push('\n');
        }
        let id = append(&mut new)?;
        folder.replace(path, &new, Some(owner))?;
        Ok(id)
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// `Permanent` with `key-file-missing`, `key-file-exposed` if others than its owner may read or write it, `key-file-too-large` or
    /// `key-file-broken`; `Transient` with `key-file-unreadable`.
    pub fn read(path: &Path) -> Result<Self> {
        let contents = Contents::of(&text(path)?.0)?;
        Ok(Self {
            path: path.to_owned(),
            ring: RwLock::new(contents.ring),
            digest: contents.digest,
        })
    }

    /// Reads the file again; the keys stay as they were if it cannot be read.
    ///
    /// # Errors
    /// As [`KeyFile::read`]; `Permanent` with `key-file-broken` also if the key of digests is not the same.
    pub fn reload(&self) -> Result<()> {
        let contents = Contents::of(&text(&self.path)?.0)?;
        if contents.digest.0.bytes() != self.digest.0.bytes() {
            return Err(BROKEN);
        }
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = contents.ring;
        Ok(())
    }

    /// The key of an id; without one, the current key.
    fn key(&self, id: Option<&str>) -> Option<(String, Arc<Secret>)> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        let found = match id {
            Some(id) => ring.iter().find(|(known, _)| known == id),
            None => ring.last(),
        };
        found.cloned()
    }
}

impl Keys for KeyFile {
    fn wrap(&self, data_key: &DataKey, context: &[u8]) -> Result<WrappedKey> {
        let (key_id, key) = self.key(None).ok_or(MISSING)?;
        let bytes = key.wrap(data_key.secret(), &bound(&key_id, context))?;
        Ok(WrappedKey { key_id, bytes })
    }

    fn unwrap(&self, wrapped: &WrappedKey, context: &[u8]) -> Result<DataKey> {
        let id = Some(wrapped.key_id.as_str());
        let known = self.key(id);
        let (key_id, key) = match known {
            Some(known) => known,
            None => {
                self.reload()?;
                self.key(id).ok_or(MISSING)?
            }
        };
        let secret = key.unwrap(&wrapped.bytes, &bound(&key_id, context));
        secret.map(DataKey).ok_or(Failure::transient(
            "object-broken",
            "the wrapped key is not authentic",
        ))
    }

    fn digest_key(&self) -> &DigestKey {
        &self.digest
    }
}

/// What a wrapped key is bound to: the id of the key that wraps it, its length before it, and the context.
fn bound(key_id: &str, context: &[u8]) -> Vec<u8> {
    let length = (key_id.len() as u64).to_be_bytes();
    [&length[..], key_id.as_bytes(), context].concat()
}

/// Ids and keys, the current one last.
type Ring = Vec<(String, Arc<Secret>)>;

/// What a key file says.
struct Contents {
    ring: Ring,
    digest: DigestKey,
}

impl Contents {
    fn of(text: &str) -> Result<Self> {
        let (mut ring, mut digest) = (Ring::new(), None);
        let says = |line: &&str| !line.is_empty() && !line.starts_with('#');
        for line in text.lines().map(str::trim).filter(says) {
            let (id, encoded) = line.split_once(char::is_whitespace).ok_or(BROKEN)?;
            let bytes = STANDARD.decode(encoded.trim_start()).map(Zeroizing::new);
            let secret = bytes.ok().and_then(|bytes| Secret::of(&bytes));
            let secret = secret.ok_or(BROKEN)?;
            let sound = id.len() <= KEY_ID_BYTES && id.bytes().all(|byte| byte.is_ascii_graphic());
            if !sound || ring.iter().any(|(known, _)| known == id) {
                return Err(BROKEN);
            }
            match id {
                DIGEST if digest.is_some() => return Err(BROKEN),
                DIGEST => digest = Some(DigestKey(secret)),
                _ => ring.push((id.to_owned(), Arc::new(secret))),
            }
        }
        match digest {
            Some(digest) if !ring.is_empty() => Ok(Self { ring, digest }),
            _ => Err(BROKEN),
        }
    }
}

/// More than a line that is written here has: 16 of its id, 44 of its key, and what separates them.
const LINE_BYTES: usize = 80;

/// Adds a line with a new key, and returns the key's id.
fn append(text: &mut String) -> Result<String> {
    let id = hex(&random::<8>()?);
    line(text, &id, &Secret::random()?);
    Ok(id)
}

fn line(text: &mut String, id: &str, secret: &Secret) {
    text.push_str(id);
    text.push(' ');
    STANDARD.encode_string(secret.bytes(), text);
    text.push('\n');
}

/// User and group that a file belongs to.
type Owner = (u32, u32);

/// The text of a key file that only its owner may read, and the owner.
fn text(path: &Path) -> Result<(Zeroizing<String>, Owner)> {
    let (bytes, metadata) = secret_file::read(path).map_err(|unread| match unread {
        Unread::Io(error) => unreadable(&error),
        Unread::Exposed => Failure::permanent(
            "key-file-exposed",
            "others than its owner may use the key file",
        ),
        Unread::TooLarge => Failure::permanent(
            "key-file-too-large",
            "the key file is larger than a key file may be",
        ),
    })?;
    let text = std::str::from_utf8(&bytes).map_err(|_| BROKEN)?;
    Ok((
        Zeroizing::new(text.to_owned()),
        (metadata.uid(), metadata.gid()),
    ))
}

fn unreadable(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotFound => {
            Failure::permanent("key-file-missing", "there is no key file at this place")
        }
        io::ErrorKind::InvalidData => BROKEN,
        kind => {
            tracing::warn!(?kind, "the key file cannot be read");
            Failure::transient("key-file-unreadable", "the key file cannot be read")
        }
    }
}

/// The folder of a key file, locked against others that would change the file at the same time.
struct Folder {
    path: PathBuf,
    locked: File,
}

impl Folder {
    fn lock(file: &Path) -> Result<Self> {
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let locked = File::open(folder).and_then(|locked| locked.lock().map(|()| locked));
        Ok(Self {
            path: folder.to_owned(),
            locked: locked.map_err(|error| unwritable(&error))?,
        })
    }

    /// Puts a new text in a file's place, durably and at once.
    fn replace(&self, file: &Path, text: &str, owner: Option<Owner>) -> Result<()> {
        let temporary = self.path.join(format!(".{}.new", hex(&random::<8>()?)));
        let replaced = write(&temporary, text, owner)
            .and_then(|()| fs::rename(&temporary, file))
            .and_then(|()| self.locked.sync_all());
        replaced.map_err(|error| {
            // It may not be there at all.
            _ = fs::remove_file(&temporary);
            unwritable(&error)
        })
    }
}

fn write(path: &Path, text: &str, owner: Option<Owner>) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let metadata = file.metadata()?;
    // A superuser who rotates must not lock the service out.
    if let Some((user, group)) = owner
        && (user, group) != (metadata.uid(), metadata.gid())
    {
        fchown(&file, Some(user), Some(group))?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn unwritable(error: &io::Error) -> Failure {
    tracing::warn!(kind = ?error.kind(), "the key file cannot be written");
    Failure::transient("key-file-unwritable", "the key file cannot be written")
}
