//! Opens the doors of a home, each as it is configured.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tokio::runtime::Handle;

use super::Stop;
use super::home::{Home, Role, in_file};
use crate::clock::SystemClock;
use crate::database::Database;
use crate::doors::{Doors, Ways};
use crate::failure::Failure;
use crate::intake::Door;
use crate::job::Direction;
use crate::keys::{KeyFile, Keys};
use crate::kms::Kms;
use crate::measures::Measures;
use crate::profile::{BrokerSettings, Location, Profile, Profiles, Settings};
use crate::protection::Protection;
use crate::queue::Queue;
use crate::rabbitmq::{self, Broker, QueueTransport, RabbitMq};
use crate::s3::{AnnouncedBucket, BucketStore, BucketTransport, S3};
use crate::seal::Vault;
use crate::secret_file;
use crate::sftp::{Account, HostKey, OurKey, SftpTransport};
use crate::sqs::Sqs;
use crate::store::{FolderStore, KeptStore, Store};
use crate::transport::Transport;
use crate::transport::folder::FolderTransport;

/// The ledger of a home that has no server for it.
pub(super) const LEDGER: &str = "ledger.db";

/// How old what a crash left half written must be before it is swept.
const DRAFT_AGE: Duration = Duration::from_secs(24 * 3600);

/// All doors, and those through which files come in; `taking` counts these while they take one.
pub(super) async fn doors(
    home: &Home,
    profiles: Profiles,
    role: &Role,
    taking: &Arc<AtomicUsize>,
) -> Result<(Doors, Vec<Door>), Stop> {
    let settings = &profiles.settings;
    let s3 = s3(&profiles).await?;
    let store = store(home, settings, s3.as_ref()).await?;
    let keys = keys(&profiles).await?;
    let database = database(home, settings).await?;
    let database = Arc::new(database.for_parts(&role.parts));
    let queue = match queue(home, &profiles, role)? {
        Some(broker) => Arc::new(broker) as Arc<dyn Queue>,
        None => Arc::clone(&database) as Arc<dyn Queue>,
    };
    let roads = Roads::new(home, &profiles, s3.as_ref())?;
    let entrances = match role.takes_in {
        true => roads.entrances(taking, sqs(&profiles).await?.as_ref())?,
        false => Vec::new(),
    };
    let ways = roads.ways()?;
    let protection = protection(settings, role);
    let doors = Doors {
        ledger: database,
        queue,
        vault: Vault::new(store, keys).limited(settings.limits.document_bytes),
        clock: Arc::new(SystemClock),
        ours: home.own(settings)?,
        certificates: home.certificates(&profiles)?,
        ways,
        profiles: Arc::new(profiles),
        measures: Measures::default(),
        protection,
        handle: Handle::current(),
    };
    Ok((doors, entrances))
}

/// What protects the task of ECS that this process is. Workers of `scale` are not the task, and none of them speaks for the others.
fn protection(settings: &Settings, role: &Role) -> Protection {
    let agent = std::env::var("ECS_AGENT_URI").ok();
    let agent = agent.filter(|_| !role.tells && !role.parts.is_empty());
    agent.map_or_else(Protection::default, |agent| {
        Protection::of_task(&agent, settings.work.release_s)
    })
}

/// The database: a file of the home, or that of a server.
pub(super) async fn database(home: &Home, settings: &Settings) -> Result<Database, Stop> {
    let Some(file) = &settings.database.url_file else {
        return Ok(Database::open(&home.folder().join(LEDGER)).await?);
    };
    let url = secret_file::read_line(&home.folder().join(file));
    let url = url.map_err(|failure| in_file(file, failure))?;
    let database = Database::connect(&url).await;
    database.map_err(|failure| in_file(file, failure))
}

/// A broker's address, from the files that the settings name.
fn broker(home: &Home, settings: &BrokerSettings) -> Result<Arc<Broker>, Stop> {
    let file = &settings.url_file;
    let url = secret_file::read_line(&home.folder().join(file));
    let url = url.map_err(|failure| in_file(file, failure))?;
    let authorities = settings.authorities_file.as_deref().map(|file| {
        let text = fs::read_to_string(home.folder().join(file));
        text.map_err(|error| Stop::no(format!("{}: {}", file.display(), error.kind())))
    });
    let broker = Broker::new(&url, authorities.transpose()?, settings.plain);
    broker
        .map(Arc::new)
        .map_err(|failure| in_file(file, failure))
}

/// The queue of a broker, if there is one.
fn queue(home: &Home, profiles: &Profiles, role: &Role) -> Result<Option<RabbitMq>, Stop> {
    let settings = &profiles.settings.queue;
    let Some(of) = settings.broker() else {
        return Ok(None);
    };
    let settings = rabbitmq::Settings {
        broker: broker(home, &of)?,
        prefix: settings.prefix.clone(),
        partners: profiles.partners.keys().cloned().collect(),
        parts: role.parts.clone(),
        prefetch: u16::try_from(profiles.settings.work.jobs).unwrap_or(u16::MAX),
        job_s: profiles.settings.work.job_s,
    };
    Ok(Some(RabbitMq::new(settings, Arc::new(SystemClock))))
}

/// What wraps the keys of sealed objects: the key service, if one is configured, or the key file.
async fn keys(profiles: &Profiles) -> Result<Arc<dyn Keys>, Stop> {
    let Settings { kms, keys, .. } = &profiles.settings;
    let Some(key) = &kms.key else {
        return Ok(Arc::new(KeyFile::read(&profiles.path(&keys.sealing))?));
    };
    let opened = Kms::open(kms, key, &profiles.path(kms.digest_file())).await;
    let opened = opened.map_err(|failure| match failure {
        Failure::Permanent(_) => in_file(Path::new("config.toml"), failure),
        _ => failure.into(),
    });
    Ok(Arc::new(opened?))
}

/// The server with buckets, if anything is in one.
async fn s3(profiles: &Profiles) -> Result<Option<S3>, Stop> {
    let settings = &profiles.settings;
    let partners = profiles.partners.values();
    let theirs = partners.flat_map(|of| [profiles.inbox(of), profiles.outbox(of)]);
    let mut all = theirs.chain([
        settings.store.folder.clone(),
        settings.backend.folder.clone(),
    ]);
    if !all.any(|place| matches!(place, Location::Bucket(_))) {
        return Ok(None);
    }
    let s3 = S3::new(&settings.s3).await;
    s3.map(Some)
        .map_err(|failure| in_file(Path::new("config.toml"), failure))
}

/// The service with queues of events, if a bucket has one.
async fn sqs(profiles: &Profiles) -> Result<Option<Sqs>, Stop> {
    let mut partners = profiles.partners.values();
    if !partners.any(|partner| partner.folder.events.is_some()) {
        return Ok(None);
    }
    let sqs = Sqs::new(profiles.settings.sqs()).await;
    sqs.map(Some)
        .map_err(|failure| in_file(Path::new("config.toml"), failure))
}

/// A door that is configured in a bucket has a server.
const NO_SERVER: Failure = Failure::permanent("no-bucket", "there is no server with buckets");

/// A partner with an SFTP server has a key.
const NO_KEY: Failure = Failure::permanent("sftp-key", "there is no key to log in with");

/// The broker of a queue is configured.
const NO_BROKER: Failure = Failure::permanent("no-broker", "there is no such broker");

/// Sealed objects lie with us.
const NO_STORE: Failure =
    Failure::permanent("store-place", "sealed objects lie in a folder or a bucket");

async fn store(
    home: &Home,
    settings: &Settings,
    s3: Option<&S3>,
) -> Result<Arc<dyn Store>, Failure> {
    match settings.store.folder.clone().below(home.folder()) {
        Location::Folder(folder) => {
            let store = FolderStore::new(&folder)?;
            store.sweep(DRAFT_AGE)?;
            Ok(Arc::new(store))
        }
        Location::Bucket(bucket) => {
            let store = BucketStore::new(s3.ok_or(NO_SERVER)?.clone(), bucket);
            let swept = tokio::task::spawn_blocking(move || store.sweep(DRAFT_AGE).map(|_| store));
            let broken = |_| Failure::transient("store-unavailable", "the store cannot be used");
            let store = swept.await.map_err(broken)??;
            Ok(match settings.store.kept_bytes {
                0 => Arc::new(store),
                kept_bytes => Arc::new(KeptStore::new(store, kept_bytes)),
            })
        }
        Location::Server(_) | Location::Queue(_) => Err(NO_STORE),
    }
}

/// The ways on which files come and go, as places name them.
struct Roads<'a> {
    profiles: &'a Profiles,
    s3: Option<&'a S3>,
    brokers: BTreeMap<String, Arc<Broker>>,
}

impl<'a> Roads<'a> {
    fn new(home: &Home, profiles: &'a Profiles, s3: Option<&'a S3>) -> Result<Self, Stop> {
        let brokers = &profiles.settings.brokers;
        let opened = brokers
            .iter()
            .map(|(name, settings)| Ok((name.clone(), broker(home, settings)?)));
        Ok(Self {
            profiles,
            s3,
            brokers: opened.collect::<Result<_, Stop>>()?,
        })
    }

    /// Where what we have made goes.
    fn ways(&self) -> Result<BTreeMap<String, Ways>, Failure> {
        let mut ways = BTreeMap::new();
        for (id, profile) in &self.profiles.partners {
            let way = |place: Location| match place {
                Location::Folder(folder) => {
                    let way = FolderTransport::new(folder)?;
                    way.sweep(DRAFT_AGE)?;
                    Ok::<_, Failure>(Arc::new(way) as Arc<dyn Transport>)
                }
                elsewhere => self.way(elsewhere, profile),
            };
            let of = Ways {
                partner: way(self.profiles.outbox(profile))?,
                documents: way(self.profiles.backend("received", id))?,
                responses: way(self.profiles.backend("responses", id))?,
            };
            ways.insert(id.clone(), of);
        }
        Ok(ways)
    }

    /// Where files come in.
    fn entrances(
        &self,
        taking: &Arc<AtomicUsize>,
        sqs: Option<&Sqs>,
    ) -> Result<Vec<Door>, Failure> {
        let mut entrances = Vec::new();
        for (id, profile) in &self.profiles.partners {
            let inbox = self.inbox(profile, sqs)?;
            let submit = self.way(self.profiles.backend("submit", id), profile)?;
            let inbox = Door::new(id, Direction::Inbound, inbox, taking);
            entrances.push(inbox.marked_by(profile.folder.ready.as_deref()));
            entrances.push(Door::new(id, Direction::Outbound, submit, taking));
        }
        Ok(entrances)
    }

    /// Where a partner's files come in, announced or not.
    fn inbox(&self, profile: &Profile, sqs: Option<&Sqs>) -> Result<Arc<dyn Transport>, Failure> {
        match (self.profiles.inbox(profile), &profile.folder.events) {
            (Location::Bucket(bucket), Some(url)) => {
                let bucket = BucketTransport::new(self.s3.ok_or(NO_SERVER)?.clone(), bucket);
                let queue = sqs.ok_or(NO_SERVER)?.queue(url);
                let listing = Duration::from_secs(self.profiles.settings.work.listing_s);
                Ok(Arc::new(AnnouncedBucket::new(bucket, queue, listing)))
            }
            (place, _) => self.way(place, profile),
        }
    }

    fn way(&self, place: Location, profile: &Profile) -> Result<Arc<dyn Transport>, Failure> {
        Ok(match place {
            Location::Folder(folder) => Arc::new(FolderTransport::new(folder)?),
            Location::Bucket(bucket) => {
                let s3 = self.s3.ok_or(NO_SERVER)?.clone();
                Arc::new(BucketTransport::new(s3, bucket))
            }
            Location::Server(address) => {
                let known = &profile.sftp;
                let host_keys = known.host_keys.iter().map(|key| HostKey::read(key));
                let key_file = known.key_file.as_deref().ok_or(NO_KEY)?;
                Arc::new(SftpTransport::new(Account {
                    address,
                    host_keys: host_keys.collect::<Result<_, _>>()?,
                    key: OurKey::read(&self.profiles.path(key_file))?,
                }))
            }
            Location::Queue(queue) => {
                let broker = self.brokers.get(&queue.broker).ok_or(NO_BROKER)?;
                Arc::new(QueueTransport::new(Arc::clone(broker), queue))
            }
        })
    }
}
