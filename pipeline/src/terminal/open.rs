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
use crate::keys::KeyFile;
use crate::profile::{Location, Profile, Profiles, Settings};
use crate::queue::Queue;
use crate::rabbitmq::{self, RabbitMq};
use crate::s3::{BucketStore, BucketTransport, S3};
use crate::seal::Vault;
use crate::secret_file;
use crate::sftp::{Account, HostKey, OurKey, SftpTransport};
use crate::store::{FolderStore, Store};
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
    let keys = KeyFile::read(&profiles.path(&settings.keys.sealing))?;
    let database = database(home, settings).await?;
    let database = Arc::new(database.for_parts(&role.parts));
    let queue = match broker(home, &profiles, role)? {
        Some(broker) => Arc::new(broker) as Arc<dyn Queue>,
        None => Arc::clone(&database) as Arc<dyn Queue>,
    };
    let entrances = match role.takes_in {
        true => entrances(&profiles, s3.as_ref(), taking)?,
        false => Vec::new(),
    };
    let doors = Doors {
        ledger: database,
        queue,
        vault: Vault::new(store, Arc::new(keys)).limited(settings.limits.document_bytes),
        clock: Arc::new(SystemClock),
        ours: home.own(settings)?,
        certificates: home.certificates(&profiles)?,
        ways: ways(&profiles, s3.as_ref())?,
        profiles: Arc::new(profiles),
        handle: Handle::current(),
    };
    Ok((doors, entrances))
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

/// The queue of a broker, if there is one.
fn broker(home: &Home, profiles: &Profiles, role: &Role) -> Result<Option<RabbitMq>, Stop> {
    let settings = &profiles.settings.queue;
    let Some(file) = &settings.url_file else {
        return Ok(None);
    };
    let url = secret_file::read_line(&home.folder().join(file));
    let url = url.map_err(|failure| in_file(file, failure))?;
    let authorities = settings.authorities_file.as_deref().map(|file| {
        let text = fs::read_to_string(home.folder().join(file));
        text.map_err(|error| Stop::no(format!("{}: {}", file.display(), error.kind())))
    });
    let settings = rabbitmq::Settings {
        url: url.to_string(),
        authorities: authorities.transpose()?,
        plain: settings.plain,
        prefix: settings.prefix.clone(),
        partners: profiles.partners.keys().cloned().collect(),
        parts: role.parts.clone(),
        prefetch: u16::try_from(profiles.settings.work.jobs).unwrap_or(u16::MAX),
    };
    let broker = RabbitMq::new(settings, Arc::new(SystemClock));
    broker.map(Some).map_err(|failure| in_file(file, failure))
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

/// A door that is configured in a bucket has a server.
const NO_SERVER: Failure = Failure::permanent("no-bucket", "there is no server with buckets");

/// A partner with an SFTP server has a key.
const NO_KEY: Failure = Failure::permanent("sftp-key", "there is no key to log in with");

/// Sealed objects lie with us.
const NO_STORE: Failure = Failure::permanent("store-place", "an SFTP server is no store");

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
            Ok(Arc::new(swept.await.map_err(broken)??))
        }
        Location::Server(_) => Err(NO_STORE),
    }
}

fn ways(profiles: &Profiles, s3: Option<&S3>) -> Result<BTreeMap<String, Ways>, Failure> {
    let mut ways = BTreeMap::new();
    for (id, profile) in &profiles.partners {
        let way = |place: Location| match place {
            Location::Folder(folder) => {
                let way = FolderTransport::new(folder)?;
                way.sweep(DRAFT_AGE)?;
                Ok::<_, Failure>(Arc::new(way) as Arc<dyn Transport>)
            }
            elsewhere => way(elsewhere, (profiles, profile), s3),
        };
        let of = Ways {
            partner: way(profiles.outbox(profile))?,
            documents: way(profiles.backend("received", id))?,
            responses: way(profiles.backend("responses", id))?,
        };
        ways.insert(id.clone(), of);
    }
    Ok(ways)
}

fn entrances(
    profiles: &Profiles,
    s3: Option<&S3>,
    taking: &Arc<AtomicUsize>,
) -> Result<Vec<Door>, Failure> {
    let mut entrances = Vec::new();
    for (id, profile) in &profiles.partners {
        let of = (profiles, profile);
        let inbox = way(profiles.inbox(profile), of, s3)?;
        let submit = way(profiles.backend("submit", id), of, s3)?;
        entrances.push(Door::new(id, Direction::Inbound, inbox, taking));
        entrances.push(Door::new(id, Direction::Outbound, submit, taking));
    }
    Ok(entrances)
}

fn way(
    place: Location,
    (profiles, profile): (&Profiles, &Profile),
    s3: Option<&S3>,
) -> Result<Arc<dyn Transport>, Failure> {
    Ok(match place {
        Location::Folder(folder) => Arc::new(FolderTransport::new(folder)?),
        Location::Bucket(bucket) => {
            let s3 = s3.ok_or(NO_SERVER)?.clone();
            Arc::new(BucketTransport::new(s3, bucket))
        }
        Location::Server(address) => {
            let known = &profile.sftp;
            let host_keys = known.host_keys.iter().map(|key| HostKey::read(key));
            let key_file = known.key_file.as_deref().ok_or(NO_KEY)?;
            Arc::new(SftpTransport::new(Account {
                address,
                host_keys: host_keys.collect::<Result<_, _>>()?,
                key: OurKey::read(&profiles.path(key_file))?,
            }))
        }
    })
}
