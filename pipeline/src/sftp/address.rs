//! The address of a folder of a server.

use std::fmt;

use crate::host::Host;

/// Where SFTP servers listen, mostly.
const PORT: u16 = 22;

/// A folder of an SFTP server, and who we are there: `sftp://USER@HOST:PORT/FOLDER`, or `/~/FOLDER` from where one is after logging in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Address {
    /// Who we are there.
    pub user: String,
    /// The server's name or address.
    pub host: String,
    /// Its port, 22 if none is said.
    pub port: u16,
    /// The folder: from the root with `/` in front, else from where one is after logging in.
    pub folder: String,
}

impl Address {
    /// Reads what stands behind `sftp://`. A password there would be shown to whoever sees the configuration: none is taken.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (at, folder) = text.split_once('/').unwrap_or((text, "~"));
        let (user, at) = at.split_once('@')?;
        let Host { name, port } = Host::read(at)?;
        if user.is_empty() || user.contains(':') {
            return None;
        }
        let folder = match folder.strip_prefix('~') {
            Some(below) => below.trim_matches('/').to_owned(),
            None => format!("/{}", folder.trim_matches('/')),
        };
        Some(Self {
            user: user.to_owned(),
            host: name.to_owned(),
            port: port.unwrap_or(PORT),
            folder,
        })
    }

    /// The path of what lies in the folder under a name.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        match self.folder.as_str() {
            "" => name.to_owned(),
            folder => format!("{}/{name}", folder.trim_end_matches('/')),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            user,
            host,
            port,
            folder,
        } = self;
        let folder = match folder.strip_prefix('/') {
            Some(folder) => folder.to_owned(),
            None => format!("~/{folder}"),
        };
        let is_v6 = host.contains(':');
        let (open, close) = if is_v6 { ("[", "]") } else { ("", "") };
        write!(f, "sftp://{user}@{open}{host}{close}:{port}/{folder}")
    }
}
