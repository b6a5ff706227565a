//! The home folder: where the embedded pipeline has all that is its own, and how its doors are opened.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, watch};

use super::Stop;
use crate::clock::{Clock, SystemClock};
use crate::database::Database;
use crate::doors::{Doors, Ways};
use crate::failure::Failure;
use crate::intake::{self, Door};
use crate::job::Direction;
use crate::keys::KeyFile;
use crate::ledger::Ledger;
use crate::openpgp::{self, Certificates, Passphrase, SecretKeys};
use crate::profile::{ProfileError, Profiles, Settings};
use crate::queue::Queue;
use crate::rabbitmq::{self, RabbitMq};
use crate::seal::Vault;
use crate::secret_file;
use crate::store::FolderStore;
use crate::transport::folder::FolderTransport;
use crate::{relay, worker};

/// What our OpenPGP key says of whose it is; partners know it by its fingerprint.
const USER_ID: &str = "X12 pipeline";

/// The ledger of a home that has no server for it.
const LEDGER: &str = "ledger.db";

/// How old what a crash left half written must be before it is swept.
const DRAFT_AGE: Duration = Duration::from_secs(24 * 3600);

/// How often one looks whether nothing is left to be done.
const IDLE_LOOK: Duration = Duration::from_millis(200);

/// The home folder.
pub struct Home(PathBuf);

impl Home {
    /// A folder, which need not be there yet.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// Its path.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Whether there is such a folder.
    ///
    /// # Errors
    /// If there is none.
    pub fn must_exist(&self) -> Result<(), Stop> {
        if self.0.is_dir() {
            return Ok(());
        }
        Err(Stop::no(format!(
            "there is no folder {}: `x12-pipeline run` or `partner-add` makes it, or it is another one (--home)",
            self.0.display()
        )))
    }

    /// The configuration, or all that is wrong in it.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn profiles(&self) -> Result<Profiles, Stop> {
        Profiles::read(&self.0).map_err(|wrong| wrong_in(&wrong))
    }

    /// The settings alone, however wrong a partner's profile may be yet.
    ///
    /// # Errors
    /// All that is wrong in them.
    pub fn settings(&self) -> Result<Settings, Stop> {
        Settings::read(&self.0).map_err(|wrong| wrong_in(&[wrong]))
    }

    /// The ledger of a home that is there.
    ///
    /// # Errors
    /// If there is none, or it cannot be opened.
    pub async fn ledger(&self) -> Result<Arc<dyn Ledger>, Stop> {
        let settings = Settings::read(&self.0).map_err(|error| wrong_in(&[error]))?;
        let is_there = settings.database.url_file.is_some() || self.0.join(LEDGER).exists();
        if !is_there {
            return Err(Stop::no(format!(
                "there is no ledger in {}: nothing has run there yet, or it is another folder (--home)",
                self.0.display()
            )));
        }
        Ok(Arc::new(self.database(&settings).await?))
    }

    /// The database: a file of the home, or that of a server.
    async fn database(&self, settings: &Settings) -> Result<Database, Stop> {
        let Some(file) = &settings.database.url_file else {
            return Ok(Database::open(&self.0.join(LEDGER)).await?);
        };
        let url = secret_file::read_line(&self.0.join(file));
        let url = url.map_err(|failure| in_file(file, failure))?;
        let database = Database::connect(&url).await;
        database.map_err(|failure| in_file(file, failure))
    }

    /// The queue of a broker, if there is one.
    fn broker(&self, profiles: &Profiles) -> Result<Option<RabbitMq>, Stop> {
        let settings = &profiles.settings.queue;
        let Some(file) = &settings.url_file else {
            return Ok(None);
        };
        let url = secret_file::read_line(&self.0.join(file));
        let url = url.map_err(|failure| in_file(file, failure))?;
        let authorities = settings.authorities_file.as_ref().map(|file| {
            let text = fs::read_to_string(self.0.join(file));
            text.map_err(|error| Stop::no(format!("{}: {}", file.display(), error.kind())))
        });
        let settings = rabbitmq::Settings {
            url: url.to_string(),
            authorities: authorities.transpose()?,
            plain: settings.plain,
            prefix: settings.prefix.clone(),
            partners: profiles.partners.keys().cloned().collect(),
            prefetch: u16::try_from(profiles.settings.work.jobs).unwrap_or(u16::MAX),
        };
        let broker = RabbitMq::new(settings, Arc::new(SystemClock));
        broker.map(Some).map_err(|failure| in_file(file, failure))
    }

    /// Makes folders and keys that are missing, and says so.
    ///
    /// # Errors
    /// If they cannot be made.
    pub fn settle(&self, settings: &Settings) -> Result<(), Stop> {
        for folder in ["", "keys", "partners"] {
            let mut builder = fs::DirBuilder::new();
            let made = builder
                .recursive(true)
                .mode(0o700)
                .create(self.0.join(folder));
            made.map_err(|error| {
                let home = self.0.display();
                Stop::could_not(format!("could not make {home}: {}", error.kind()))
            })?;
        }
        let keys = &settings.keys;
        if let Some(key) = made_once(&self.0.join(&keys.sealing), KeyFile::create)? {
            let file = keys.sealing.display();
            tracing::info!(
                key,
                "made a key that seals what is stored: keep {file} safe, nothing opens without it"
            );
        }
        let passphrase = self.passphrase(settings)?;
        let passphrase = passphrase.as_ref().map(Passphrase::as_str);
        let own = |file: &Path| {
            let made = openpgp::generate(USER_ID, None, SystemClock.now())?;
            made.keys.save(file, passphrase)
        };
        if made_once(&self.0.join(&keys.own), own)?.is_some() {
            tracing::info!(
                "made our OpenPGP key: `x12-pipeline keys export` prints what partners need"
            );
        }
        Ok(())
    }

    /// Our OpenPGP keys.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn own(&self, settings: &Settings) -> Result<SecretKeys, Stop> {
        let mut ours = SecretKeys::default();
        let passphrase = self.passphrase(settings)?;
        let file = self.0.join(&settings.keys.own);
        let load = ours.load(&file, passphrase.as_ref().map(Passphrase::as_str));
        load.map_err(|failure| in_file(&file, failure))?;
        Ok(ours)
    }

    fn passphrase(&self, settings: &Settings) -> Result<Option<Passphrase>, Stop> {
        let Some(file) = &settings.keys.passphrase_file else {
            return Ok(None);
        };
        let file = self.0.join(file);
        let passphrase = Passphrase::load(&file);
        passphrase
            .map(Some)
            .map_err(|failure| in_file(&file, failure))
    }

    /// The partners' certificates.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn certificates(&self, profiles: &Profiles) -> Result<Certificates, Stop> {
        let mut certificates = Certificates::default();
        for profile in profiles.partners.values() {
            for file in &profile.pgp.certificates {
                let load = certificates.load(&profile.id, &profiles.path(file));
                load.map_err(|failure| in_file(file, failure))?;
            }
        }
        Ok(certificates)
    }

    /// Runs the road until stopped, or until nothing is left to be done.
    ///
    /// # Errors
    /// If it cannot begin.
    pub async fn run(&self, until_idle: bool) -> Result<(), Stop> {
        // First of all: who is told to stop while it begins ends as well as later.
        let signals = Signals::listen()?;
        let profiles = self.profiles()?;
        self.settle(&profiles.settings)?;
        let doors = Arc::new(self.doors(profiles).await?);
        let (stop, stopped) = watch::channel(false);
        let news = Arc::new(Notify::new());
        let mut tasks = tokio::task::JoinSet::new();
        let taking: Arc<AtomicUsize> = Arc::default();
        for door in entrances(&doors, &taking)? {
            tasks.spawn(intake::run(
                Arc::clone(&doors),
                door,
                Arc::clone(&news),
                stopped.clone(),
            ));
        }
        tasks.spawn(relay::run(
            Arc::clone(&doors),
            Arc::clone(&news),
            stopped.clone(),
        ));
        let work = tokio::spawn(worker::run(Arc::clone(&doors), Arc::clone(&news), stopped));
        let partners = doors.profiles.partners.len();
        tracing::info!(home = %self.0.display(), partners, "running");
        if partners == 0 {
            tracing::warn!(
                "there is no trading partner yet: `x12-pipeline partner-add ID` adds one"
            );
        }
        wait_for_end(&doors, signals, until_idle.then_some(&*taking)).await?;
        tracing::info!("stopping: jobs in hand may end");
        // Nobody listens any more only if all have ended.
        let _ = stop.send(true);
        let _ = work.await;
        while tasks.join_next().await.is_some() {}
        tracing::info!("stopped");
        Ok(())
    }

    async fn doors(&self, profiles: Profiles) -> Result<Doors, Stop> {
        let store = FolderStore::new(&self.0.join("store"))?;
        store.sweep(DRAFT_AGE)?;
        let keys = KeyFile::read(&profiles.path(&profiles.settings.keys.sealing))?;
        let database = Arc::new(self.database(&profiles.settings).await?);
        let queue = match self.broker(&profiles)? {
            Some(broker) => Arc::new(broker) as Arc<dyn Queue>,
            None => Arc::clone(&database) as Arc<dyn Queue>,
        };
        Ok(Doors {
            ledger: database,
            queue,
            vault: Vault::new(Arc::new(store), Arc::new(keys))
                .limited(profiles.settings.limits.document_bytes),
            clock: Arc::new(SystemClock),
            ours: self.own(&profiles.settings)?,
            certificates: self.certificates(&profiles)?,
            ways: ways(&profiles)?,
            profiles: Arc::new(profiles),
            handle: Handle::current(),
        })
    }
}

fn wrong_in(errors: &[ProfileError]) -> Stop {
    let words: Vec<_> = errors.iter().map(ToString::to_string).collect();
    Stop::no(words.join("\n\n"))
}

fn in_file(file: &Path, failure: Failure) -> Stop {
    Stop::no(format!("{}: {failure}", file.display()))
}

/// Makes a file unless it is there, or another process makes it just then.
fn made_once<T>(
    file: &Path,
    make: impl FnOnce(&Path) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    if file.exists() {
        return Ok(None);
    }
    match make(file) {
        Err(_) if file.exists() => Ok(None),
        made => made.map(Some),
    }
}

fn ways(profiles: &Profiles) -> Result<BTreeMap<String, Ways>, Failure> {
    let way = |folder| {
        let way = FolderTransport::new(folder)?;
        way.sweep(DRAFT_AGE)?;
        Ok::<_, Failure>(Arc::new(way))
    };
    let mut ways = BTreeMap::new();
    for (id, profile) in &profiles.partners {
        let of = Ways {
            partner: way(profiles.outbox(profile))?,
            documents: way(profiles.backend("received", id))?,
            responses: way(profiles.backend("responses", id))?,
        };
        ways.insert(id.clone(), of);
    }
    Ok(ways)
}

fn entrances(doors: &Doors, taking: &Arc<AtomicUsize>) -> Result<Vec<Door>, Failure> {
    let mut entrances = Vec::new();
    for (id, profile) in &doors.profiles.partners {
        let inbox = FolderTransport::new(doors.profiles.inbox(profile))?;
        let submit = FolderTransport::new(doors.profiles.backend("submit", id))?;
        entrances.push(Door::new(id, Direction::Inbound, Arc::new(inbox), taking));
        entrances.push(Door::new(id, Direction::Outbound, Arc::new(submit), taking));
    }
    Ok(entrances)
}

/// What tells us to stop: Ctrl-C and SIGTERM.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Result<Self, Stop> {
        let no_signals =
            |error: std::io::Error| Stop::could_not(format!("no signals: {}", error.kind()));
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(no_signals)?,
            interrupt: signal(SignalKind::interrupt()).map_err(no_signals)?,
        })
    }
}

/// Waits until told to stop, or, with a count of doors that take files in, until nothing has been left to be done for a while.
async fn wait_for_end(
    doors: &Doors,
    mut signals: Signals,
    until_idle: Option<&AtomicUsize>,
) -> Result<(), Stop> {
    // Files are taken in when they are seen the second time: three looks without anything to do are an end.
    let poll = Duration::from_millis(doors.profiles.settings.work.poll_ms);
    let looks = 3 * poll.as_millis() / IDLE_LOOK.as_millis() + 3;
    let mut idle = 0;
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => return Ok(()),
            _ = signals.interrupt.recv() => return Ok(()),
            () = tokio::time::sleep(IDLE_LOOK), if until_idle.is_some() => {
                let is_taking = until_idle.is_some_and(|taking| taking.load(Ordering::SeqCst) > 0);
                let counts = doors.ledger.counts().await?;
                let is_idle = counts.jobs.is_empty() && !is_taking;
                idle = if is_idle { idle + 1 } else { 0 };
                if idle > looks {
                    return Ok(());
                }
            }
        }
    }
}
