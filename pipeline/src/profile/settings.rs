//! The settings of the house.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Location, ProfileError};
use crate::failure::Failure;
use crate::host::Host;
use crate::limits::{COMPRESSION_RATIO, OBJECT_BYTES};
use crate::scaling::Scaling;

/// The settings of the house: `config.toml`, which need not exist.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How jobs are done.
    pub work: Work,
    /// How often a failure is tried again.
    pub retry: Retry,
    /// How many workers `x12-pipeline scale` has.
    pub scale: Scale,
    /// Where our own systems leave submissions and find results.
    pub backend: Backend,
    /// Where the ledger is.
    pub database: DatabaseSettings,
    /// Where the queue is.
    pub queue: QueueSettings,
    /// Brokers with queues of documents, by the names that `amqp://NAME/QUEUE` calls them.
    pub brokers: BTreeMap<String, BrokerSettings>,
    /// Where sealed objects are.
    pub store: StoreSettings,
    /// Where buckets are.
    pub s3: S3Settings,
    /// Where the queues of their events are.
    pub sqs: SqsSettings,
    /// What wraps the keys of what is stored, if no key file does.
    pub kms: KmsSettings,
    /// Where the pages are shown.
    pub web: Web,
    /// Our keys: files, never the keys themselves.
    pub keys: KeyFiles,
    /// How large things may become.
    pub limits: Limits,
}

impl Settings {
    /// Reads `config.toml` of a home folder; the defaults if there is none.
    ///
    /// # Errors
    /// What is wrong in it, with its place.
    pub fn read(home: &Path) -> Result<Self, ProfileError> {
        super::check::settings(home)
    }

    /// How the service with queues of events is reached: they are where the buckets are.
    #[must_use]
    pub fn sqs(&self) -> Service<'_> {
        let SqsSettings {
            region,
            endpoint,
            plain,
        } = &self.sqs;
        Service {
            region: region.as_deref().or(self.s3.region.as_deref()),
            endpoint: endpoint.as_deref(),
            plain: *plain,
        }
    }
}

/// How jobs are done.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Work {
    /// Jobs done at the same time.
    pub jobs: u32,
    /// How often folders are looked at, in milliseconds.
    pub poll_ms: u64,
    /// How often a bucket is listed whose events announce what is left in it, in seconds.
    pub listing_s: u64,
    /// How long a job is a worker's own unless it says that it is still at it, in seconds.
    pub lease_s: u64,
    /// How long one try of a job may take, in seconds; then it failed, whatever its stage is still doing.
    pub job_s: u64,
    /// How long nothing may be heard of a job before its message counts as lost, if none waits in its queue, in seconds.
    pub silent_s: u64,
    /// How long an incomplete file may stand unchanged before it goes to quarantine, in seconds.
    pub incomplete_s: u64,
    /// How long jobs may take to end when the process is told to stop, in seconds.
    pub grace_s: u64,
    /// How long no job is in hand before ECS is told that it may end the task again, in seconds.
    pub release_s: u64,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            // Most of a small job is waiting for the disk, and what waits together is made durable together.
            jobs: 8,
            poll_ms: 500,
            listing_s: 60,
            lease_s: 60,
            job_s: 600,
            silent_s: 300,
            incomplete_s: 3600,
            grace_s: 30,
            release_s: 30,
        }
    }
}

/// How often a failure is tried again.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// Tries before a job goes to the dead letters: with the delays below some eight hours, so that a partner's server may be away for a night.
    pub attempts: u32,
    /// Tries that may end with their process before it does: what kills it is not tried as often.
    pub lefts: u32,
    /// Delay before the second try, in milliseconds; each further one waits twice as long.
    pub first_ms: u64,
    /// Longest delay, in milliseconds.
    pub most_ms: u64,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 60,
            lefts: 8,
            first_ms: 1000,
            most_ms: 600_000,
        }
    }
}

/// How many workers `x12-pipeline scale` has on a host.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Scale {
    /// Workers at least.
    pub floor: u32,
    /// Workers at most.
    pub ceiling: u32,
    /// In how long what waits is to be done, in seconds.
    pub drain_s: u64,
    /// For how long fewer must have been enough before one goes, in seconds.
    pub cool_down_s: u64,
}

impl Default for Scale {
    fn default() -> Self {
        Self {
            floor: 1,
            ceiling: 4,
            drain_s: 60,
            cool_down_s: 300,
        }
    }
}

impl Settings {
    /// By what the number of workers follows what waits.
    #[must_use]
    pub fn scaling(&self) -> Scaling {
        Scaling {
            floor: self.scale.floor,
            ceiling: self.scale.ceiling,
            drain_ms: self.scale.drain_s.saturating_mul(1000),
            cool_down_ms: self.scale.cool_down_s.saturating_mul(1000),
            jobs: self.work.jobs,
        }
    }
}

/// Where our own systems leave submissions and find results.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Backend {
    /// Its folder or bucket: `submit/PARTNER` is taken from, `received/PARTNER` and `responses/PARTNER` are left in. Of a queue
    /// `amqp://BROKER/NAME` these are `NAME.submit.PARTNER` and so on.
    pub folder: Location,
}

impl Default for Backend {
    fn default() -> Self {
        Self {
            folder: Path::new("backend").to_owned().into(),
        }
    }
}

/// Where the ledger is: in the home folder, unless there is a server for it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSettings {
    /// A file with the address of a PostgreSQL database, `postgres://USER:PASSWORD@HOST/NAME?sslmode=verify-full`: nobody but its owner may
    /// read it.
    pub url_file: Option<PathBuf>,
}

/// Where the queue is: in the ledger's database, unless there is a broker for it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct QueueSettings {
    /// A file with the address of a RabbitMQ broker, `amqps://USER:PASSWORD@HOST/VHOST`: nobody but its owner may read it.
    pub url_file: Option<PathBuf>,
    /// A file with certificates, in PEM, that the broker's may be signed by beside those of the system.
    pub authorities_file: Option<PathBuf>,
    /// Whether a broker on another host may be reached by `amqp://`, which anybody on the way can read.
    pub plain: bool,
    /// What the names of exchanges and queues begin with.
    pub prefix: String,
}

impl QueueSettings {
    /// The broker, if there is one.
    #[must_use]
    pub fn broker(&self) -> Option<BrokerSettings> {
        let url_file = self.url_file.clone()?;
        Some(BrokerSettings {
            url_file,
            authorities_file: self.authorities_file.clone(),
            plain: self.plain,
        })
    }
}

/// A broker with queues of documents.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct BrokerSettings {
    /// A file with its address, `amqps://USER:PASSWORD@HOST/VHOST`: nobody but its owner may read it.
    pub url_file: PathBuf,
    /// As in [`QueueSettings`].
    #[serde(default)]
    pub authorities_file: Option<PathBuf>,
    /// As in [`QueueSettings`].
    #[serde(default)]
    pub plain: bool,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            url_file: None,
            authorities_file: None,
            plain: false,
            prefix: "x12".to_owned(),
        }
    }
}

/// Where sealed objects are.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSettings {
    /// A folder, or a bucket.
    pub folder: Location,
    /// Bytes of small objects of a bucket that a process keeps in memory, sealed, after it wrote or read them: they are read again at once.
    pub kept_bytes: usize,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            folder: Path::new("store").to_owned().into(),
            kept_bytes: 16 << 20,
        }
    }
}

/// Where buckets are. Credentials are not written here: they are found in the environment, a shared file, or the role of the machine.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct S3Settings {
    /// The region; without one that of the environment.
    pub region: Option<String>,
    /// The address of a server that is not AWS's, `https://HOST`; `http://` is for this host alone, unless plain text is allowed.
    pub endpoint: Option<String>,
    /// Whether the bucket stands in the path of addresses, not in the host's name.
    pub path_style: bool,
    /// Whether a server on another host may be reached by `http://`, which anybody on the way can read.
    pub plain: bool,
}

/// Where the queues of events of buckets are, AWS's SQS. Credentials are found as for buckets.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct SqsSettings {
    /// As in [`S3Settings`]; without one that of the buckets.
    pub region: Option<String>,
    /// As in [`S3Settings`].
    pub endpoint: Option<String>,
    /// As in [`S3Settings`].
    pub plain: bool,
}

/// Where the pages are shown: `/livez`, `/readyz`, `/metrics`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    /// An address of this machine with a port, `127.0.0.1:9464`; nowhere if there is none.
    pub listen: Option<SocketAddr>,
}

impl S3Settings {
    /// How the server is reached.
    #[must_use]
    pub fn service(&self) -> Service<'_> {
        Service {
            region: self.region.as_deref(),
            endpoint: self.endpoint.as_deref(),
            plain: self.plain,
        }
    }
}

/// How a service of AWS is reached, or a server that speaks as it does.
#[derive(Clone, Copy, Debug)]
pub struct Service<'a> {
    /// The region.
    pub region: Option<&'a str>,
    /// The address of a server that is not AWS's.
    pub endpoint: Option<&'a str>,
    /// Whether another host may be reached by `http://`.
    pub plain: bool,
}

impl Service<'_> {
    /// What is sealed or encrypted already may be seen by nobody on the way all the same, nor who sends what to whom.
    ///
    /// # Errors
    /// [`Failure::Permanent`] if its address is none that is allowed.
    pub fn check(&self) -> Result<(), Failure> {
        let Some(endpoint) = self.endpoint else {
            return Ok(());
        };
        let may_be = match endpoint.split_once("://") {
            Some(("https", at)) => !at.is_empty(),
            Some(("http", at)) => {
                let authority = at.split('/').next().unwrap_or_default();
                let host = Host::read(authority);
                host.is_some_and(|host| self.plain || host.is_this())
            }
            _ => false,
        };
        if may_be {
            return Ok(());
        }
        let what = "a service on another host is reached by https://, or with plain = true";
        Err(Failure::permanent("service-plain", what))
    }
}

/// The key service, AWS's KMS, which wraps the keys of what is stored. Credentials are found as for buckets.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct KmsSettings {
    /// The key with which what is new is sealed: its id, its ARN, or `alias/NAME`. Without one a key file has the keys.
    pub key: Option<String>,
    /// A file with the key of digests, wrapped by that key; made at the first start, and the same in every house of one ledger.
    pub digest_file: Option<PathBuf>,
    /// As in [`S3Settings`].
    pub region: Option<String>,
    /// As in [`S3Settings`].
    pub endpoint: Option<String>,
    /// As in [`S3Settings`].
    pub plain: bool,
}

impl KmsSettings {
    /// How the service is reached.
    #[must_use]
    pub fn service(&self) -> Service<'_> {
        Service {
            region: self.region.as_deref(),
            endpoint: self.endpoint.as_deref(),
            plain: self.plain,
        }
    }

    /// The file with the key of digests, from the home folder.
    #[must_use]
    pub fn digest_file(&self) -> &Path {
        let usual = Path::new("keys/digest.wrapped");
        self.digest_file.as_deref().unwrap_or(usual)
    }
}

/// Our keys, from the home folder. What is missing is made at the first start.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct KeyFiles {
    /// The keys that seal what is stored.
    pub sealing: PathBuf,
    /// Our OpenPGP keys, armored.
    pub own: PathBuf,
    /// A file with the passphrase that locks them: nobody but its owner may read it. Without one they are not locked.
    pub passphrase_file: Option<PathBuf>,
}

impl Default for KeyFiles {
    fn default() -> Self {
        Self {
            sealing: "keys/sealing.keys".into(),
            own: "keys/own.secret.asc".into(),
            passphrase_file: None,
        }
    }
}

/// How large things may become.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a document, and of anything made of it.
    pub document_bytes: u64,
    /// How many times its size a compressed message may grow to.
    pub compression_ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes: OBJECT_BYTES,
            compression_ratio: COMPRESSION_RATIO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_of_events_are_where_the_buckets_are_unless_they_say_otherwise() {
        let mut settings = Settings::default();
        assert_eq!(settings.sqs().region, None);
        settings.s3.region = Some("eu-central-1".to_owned());
        assert_eq!(settings.sqs().region, Some("eu-central-1"));
        settings.sqs.region = Some("eu-west-1".to_owned());
        assert_eq!(settings.sqs().region, Some("eu-west-1"));
    }

    #[test]
    fn plain_text_leaves_this_host_only_if_allowed() {
        let cases = [
            ("https://s3.example", false, true),
            ("http://s3.example", false, false),
            ("http://s3.example", true, true),
            ("http://127.0.0.1:9000", false, true),
            ("http://localhost", false, true),
            ("http://localhost.example", false, false),
            ("ftp://s3.example", true, false),
            ("", true, false),
        ];
        for (endpoint, plain, good) in cases {
            let service = Service {
                region: None,
                endpoint: Some(endpoint),
                plain,
            };
            assert_eq!(service.check().is_ok(), good, "{endpoint}");
        }
    }
}
