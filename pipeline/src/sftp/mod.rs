//! Partners' SFTP servers: who they are is known beforehand, by their host keys, and we log in with a key.

mod address;
mod session;
mod transport;

use std::path::Path;
use std::sync::Arc;

use russh::keys::{PrivateKey, PublicKey};

use crate::failure::{Failure, Result};
use crate::secret_file;

pub use address::Address;
pub use transport::SftpTransport;

/// A folder of a server, and what makes us known there, and the server to us.
#[derive(Clone)]
pub struct Account {
    /// Where it is.
    pub address: Address,
    /// The server's host keys; any other is that of somebody else.
    pub host_keys: Vec<HostKey>,
    /// Our key.
    pub key: OurKey,
}

/// A host key as a known-hosts file has it behind the name: `ssh-ed25519 AAAA…`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HostKey(PublicKey);

impl HostKey {
    /// Reads one.
    ///
    /// # Errors
    /// [`Failure::Permanent`] if it is none.
    pub fn read(text: &str) -> Result<Self> {
        let none =
            |_| Failure::permanent("sftp-host-key", "this is no host key `ssh-ed25519 AAAA…`");
        PublicKey::from_openssh(text).map(Self).map_err(none)
    }
}

/// The key with which we log in; wiped when dropped.
#[derive(Clone)]
pub struct OurKey(Arc<PrivateKey>);

impl OurKey {
    /// Reads a file as `ssh-keygen` writes it, without a passphrase.
    ///
    /// # Errors
    /// [`Failure::Permanent`] if it cannot be read, others than its owner may read it, or it is no key.
    pub fn read(file: &Path) -> Result<Self> {
        let text = secret_file::read_text(file)?;
        let none = |_| {
            Failure::permanent(
                "sftp-key",
                "the file holds no private key without a passphrase",
            )
        };
        let key = russh::keys::decode_secret_key(&text, None).map_err(none)?;
        Ok(Self(Arc::new(key)))
    }
}
