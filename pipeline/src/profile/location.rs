//! Where files are: a folder of this machine, a prefix of a bucket, a folder of an SFTP server, or a queue of a broker.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::sftp::Address;

/// What is wrong is not repeated: a password may stand in it.
const NO_SERVER: &str = "an SFTP server is `sftp://USER@HOST:PORT/FOLDER`, without a password";
const NO_QUEUE: &str = "a queue is `amqp://BROKER/QUEUE`, the broker by its name in config.toml";
const NO_PLACE: &str = "neither a folder nor an address `s3://BUCKET/PREFIX`, `sftp://USER@HOST/FOLDER` or `amqp://BROKER/QUEUE`";

/// Where files are.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub enum Location {
    /// A folder.
    Folder(PathBuf),
    /// What lies in a bucket under a prefix.
    Bucket(Bucket),
    /// A folder of an SFTP server.
    Server(Address),
    /// A queue of a broker.
    Queue(DocumentQueue),
}

/// What lies in a bucket under a prefix: `s3://BUCKET/PREFIX`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Nothing, or what ends with `/`.
    pub prefix: String,
}

/// A queue with documents: `amqp://BROKER/QUEUE`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DocumentQueue {
    /// The broker, by its name in the settings.
    pub broker: String,
    /// The queue's name.
    pub name: String,
}

impl Location {
    /// The same, if it is a folder as seen from another one.
    #[must_use]
    pub fn below(self, home: &Path) -> Self {
        match self {
            Self::Folder(folder) => Self::Folder(home.join(folder)),
            elsewhere => elsewhere,
        }
    }

    /// What lies in it under a name.
    #[must_use]
    pub fn join(self, name: &str) -> Self {
        match self {
            Self::Folder(folder) => Self::Folder(folder.join(name)),
            Self::Bucket(bucket) => Self::Bucket(bucket.join(name)),
            Self::Server(address) => Self::Server(Address {
                folder: address.path(name),
                ..address
            }),
            Self::Queue(queue) => Self::Queue(DocumentQueue {
                name: format!("{}.{name}", queue.name),
                ..queue
            }),
        }
    }
}

impl Bucket {
    /// What lies in it below a name.
    #[must_use]
    pub fn join(self, name: &str) -> Self {
        Self {
            prefix: format!("{}{name}/", self.prefix),
            ..self
        }
    }
}

impl From<PathBuf> for Location {
    fn from(folder: PathBuf) -> Self {
        Self::Folder(folder)
    }
}

impl TryFrom<String> for Location {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.split_once("://") {
            None => Ok(Self::Folder(text.into())),
            Some(("s3", place)) => bucket(place).map(Self::Bucket),
            Some(("sftp", place)) => match Address::read(place) {
                Some(address) => Ok(Self::Server(address)),
                None => Err(NO_SERVER.to_owned()),
            },
            Some(("amqp", place)) => match queue(place) {
                Some(queue) => Ok(Self::Queue(queue)),
                None => Err(NO_QUEUE.to_owned()),
            },
            Some(_) => Err(NO_PLACE.to_owned()),
        }
    }
}

fn bucket(place: &str) -> Result<Bucket, String> {
    let (name, prefix) = place.split_once('/').unwrap_or((place, ""));
    if !is_bucket(name) {
        return Err(format!("`{name}` is no name of a bucket"));
    }
    let prefix = prefix.trim_end_matches('/');
    let end = if prefix.is_empty() { "" } else { "/" };
    Ok(Bucket {
        name: name.to_owned(),
        prefix: format!("{prefix}{end}"),
    })
}

/// RabbitMQ keeps names that begin with `amq.` for itself; none is longer than 255 bytes, and ours may grow by a word and a partner.
fn queue(place: &str) -> Option<DocumentQueue> {
    let (broker, name) = place.split_once('/')?;
    let is_name = (1..=200).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_graphic())
        && !name.starts_with("amq.");
    let is_broker = !broker.is_empty()
        && broker
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    (is_name && is_broker).then(|| DocumentQueue {
        broker: broker.to_owned(),
        name: name.to_owned(),
    })
}

/// As S3 has it: 3 to 63 small letters, digits, hyphens and dots, the first and last no hyphen or dot.
fn is_bucket(name: &str) -> bool {
    let is_part = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|b| is_part(b) || matches!(b, b'-' | b'.'))
        && bytes.first().is_some_and(is_part)
        && bytes.last().is_some_and(is_part)
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => folder.display().fmt(f),
            Self::Bucket(bucket) => bucket.fmt(f),
            Self::Server(address) => address.fmt(f),
            Self::Queue(queue) => queue.fmt(f),
        }
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, prefix } = self;
        write!(f, "s3://{name}/{}", prefix.trim_end_matches('/'))
    }
}

impl fmt::Display for DocumentQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { broker, name } = self;
        write!(f, "amqp://{broker}/{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_buckets_are_told_apart() {
        let cases = [
            ("exchange/acme/in", "exchange/acme/in"),
            ("/srv/x12", "/srv/x12"),
            ("s3://acme-in", "s3://acme-in/"),
            ("s3://acme-in/claims/", "s3://acme-in/claims"),
            ("s3://acme-in/a/b", "s3://acme-in/a/b"),
            ("s3://A", "`A` is no name of a bucket"),
            ("s3:///in", "`` is no name of a bucket"),
            ("s3://-acme/in", "`-acme` is no name of a bucket"),
            ("sftp://us@acme.example/in", "sftp://us@acme.example:22/in"),
            (
                "sftp://us@acme.example:2022/in/x/",
                "sftp://us@acme.example:2022/in/x",
            ),
            ("sftp://us@acme.example", "sftp://us@acme.example:22/~/"),
            ("sftp://us@[::1]:2022/~/in", "sftp://us@[::1]:2022/~/in"),
            ("sftp://acme/in", NO_SERVER),
            ("sftp://us:secret@acme/in", NO_SERVER),
            ("amqp://main/x12", "amqp://main/x12"),
            ("amqp://us:secret@host/x12", NO_QUEUE),
            ("amqp://main/amq.topic", NO_QUEUE),
            ("amqp://main/", NO_QUEUE),
            ("amqp://main", NO_QUEUE),
            ("ftp://us@acme/in", NO_PLACE),
        ];
        for (text, expected) in cases {
            let read = Location::try_from(text.to_owned());
            let shown = read.map_or_else(|error| error, |place| place.to_string());
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn what_lies_below_is_below() {
        let bucket = Location::try_from("s3://ours/x12".to_owned()).expect("it is one");
        let below = bucket.join("submit").join("acme");
        let Location::Bucket(bucket) = &below else {
            panic!("it is a bucket");
        };
        assert_eq!(bucket.prefix, "x12/submit/acme/");
        let home = Path::new("/srv");
        assert_eq!(below.clone().below(home), below);
        let queue = Location::try_from("amqp://main/x12".to_owned()).expect("it is one");
        let queue = queue.below(home).join("submit").join("acme");
        assert_eq!(queue.to_string(), "amqp://main/x12.submit.acme");
        let folder = Location::from(PathBuf::from("in"));
        assert_eq!(folder.below(home).to_string(), "/srv/in");
    }
}
