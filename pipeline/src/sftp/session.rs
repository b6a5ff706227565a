//! A session: connected, the server recognised, logged in, and SFTP begun; each within a bounded time.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use russh::client::{self, AuthResult, Config, Handler};
use russh::keys::{PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh_sftp::client::SftpSession;
use russh_sftp::client::error::Error;
use russh_sftp::protocol::StatusCode;
use tokio::time::{sleep, timeout};

use super::{Account, HostKey};
use crate::failure::{Failure, Result};

/// How long all of it may take until the first request.
const BEGIN: Duration = Duration::from_secs(30);

/// Seconds that one request may take.
const REQUEST_S: u64 = 60;

/// How often one looks whether there is a connection yet: a request under way does not hear that it is lost.
const LOOK: Duration = Duration::from_secs(1);

/// A server that says nothing for so long is asked whether it is there; after three times it is not.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// The server cannot be used now.
pub(super) const UNAVAILABLE: Failure = Failure::transient(
    "sftp-unavailable",
    "an SFTP server could not be read or written",
);

/// A session on a server.
pub(super) struct Session {
    pub(super) sftp: SftpSession,
    /// Ends when dropped.
    connection: client::Handle<Pinned>,
}

impl Session {
    pub(super) async fn begin(account: &Account) -> Result<Self> {
        match timeout(BEGIN, begin(account)).await {
            Ok(begun) => begun,
            Err(_) => {
                tracing::warn!("an SFTP server did not answer in time");
                Err(UNAVAILABLE)
            }
        }
    }

    /// Does something as long as there is a connection.
    pub(super) async fn within<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let lost = async {
            while !self.connection.is_closed() {
                sleep(LOOK).await;
            }
        };
        tokio::select! {
            done = work => done,
            () = lost => {
                tracing::warn!("the connection to an SFTP server is lost");
                Err(UNAVAILABLE)
            }
        }
    }
}

async fn begin(account: &Account) -> Result<Session> {
    let config = Config {
        keepalive_interval: Some(KEEPALIVE),
        nodelay: true,
        ..Config::default()
    };
    let pinned = Pinned(account.host_keys.clone());
    let at = (account.address.host.as_str(), account.address.port);
    let mut connection = client::connect(Arc::new(config), at, pinned)
        .await
        .map_err(|error| not_connected(&error))?;
    login(&mut connection, account).await?;
    let channel = connection.channel_open_session().await;
    let channel = channel.map_err(|error| not_connected(&error))?;
    let begun = channel.request_subsystem(true, "sftp").await;
    begun.map_err(|error| not_connected(&error))?;
    let sftp = SftpSession::new(channel.into_stream()).await;
    let sftp = sftp.map_err(|error| refused(&error))?;
    sftp.set_timeout(REQUEST_S);
    Ok(Session { sftp, connection })
}

async fn login(connection: &mut client::Handle<Pinned>, account: &Account) -> Result<()> {
    // Of RSA keys the strongest that the server takes, and never with SHA-1.
    let hash = connection.best_supported_rsa_hash().await;
    let hash = hash.map_err(|error| not_connected(&error))?.flatten();
    let hash = hash.unwrap_or(russh::keys::HashAlg::Sha256);
    let key = PrivateKeyWithHashAlg::new(Arc::clone(&account.key.0), Some(hash));
    let answered = connection
        .authenticate_publickey(&account.address.user, key)
        .await;
    match answered.map_err(|error| not_connected(&error))? {
        AuthResult::Success => Ok(()),
        AuthResult::Failure { .. } => {
            tracing::error!(
                host = account.address.host,
                "an SFTP server does not let us in with our key"
            );
            let what = "an SFTP server does not let us in";
            Err(Failure::transient("sftp-login", what))
        }
    }
}

/// Recognises a server by its host keys.
pub(super) struct Pinned(Vec<HostKey>);

impl Handler for Pinned {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        presented: &PublicKeyOrCertificate,
    ) -> std::result::Result<bool, Self::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = presented else {
            return Ok(false);
        };
        let is_key = |known: &HostKey| known.0.key_data() == key.key_data();
        Ok(self.0.iter().any(is_key))
    }
}

/// There is no connection. What libraries and servers say may hold anything: only the kind is logged.
fn not_connected(error: &russh::Error) -> Failure {
    match error {
        russh::Error::UnknownKey => {
            tracing::error!(
                "an SFTP server has another host key than its profile says: nothing was sent"
            );
            let what = "an SFTP server has another host key than its profile says";
            Failure::transient("sftp-host-key-unknown", what)
        }
        russh::Error::IO(error) => {
            tracing::warn!(kind = %error.kind(), "an SFTP server could not be reached");
            UNAVAILABLE
        }
        _ => {
            tracing::warn!(kind = "protocol", "an SFTP server could not be reached");
            UNAVAILABLE
        }
    }
}

/// A request was not done.
pub(super) fn refused(error: &Error) -> Failure {
    let kind = match error {
        Error::Status(status) => match status.status_code {
            StatusCode::NoSuchFile => "no such file",
            StatusCode::PermissionDenied => "permission denied",
            StatusCode::OpUnsupported => "unsupported",
            _ => "failure",
        },
        Error::Timeout => "no answer in time",
        Error::IO(_) => "input or output",
        _ => "protocol",
    };
    tracing::warn!(kind, "an SFTP server did not do what it was asked");
    UNAVAILABLE
}
