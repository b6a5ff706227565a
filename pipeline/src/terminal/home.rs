//! The home folder: where the embedded pipeline has all that is its own, and how its doors are opened.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::Stop;
use super::open::{self, LEDGER};
use super::scale::{self, Hands};
use crate::clock::{Clock, SystemClock};
use crate::doors::Doors;
use crate::failure::Failure;
use crate::intake::{self, Door};
use crate::keys::KeyFile;
use crate::ledger::Ledger;
use crate::openpgp::{self, Certificates, Passphrase, SecretKeys};
use crate::profile::{ProfileError, Profiles, Settings};
use crate::queue::Part;
use crate::{relay, web, worker};

/// What our OpenPGP key says of whose it is; partners know it by its fingerprint.
const USER_ID: &str = "X12 pipeline";

/// How often one looks whether nothing is left to be done.
const IDLE_LOOK: Duration = Duration::from_millis(200);

/// How much longer than its workers one waits for them.
const OF_WORKERS: Duration = Duration::from_secs(10);

/// What a process does of the road.
#[derive(Default)]
pub struct Role {
    /// Whether it takes files in.
    pub takes_in: bool,
    /// Whose jobs it does.
    pub parts: Vec<Part>,
    /// Whether it ends when nothing is left to be done.
    pub until_idle: bool,
    /// Whether it has workers, started so.
    pub hands: Option<Hands>,
    /// Whether it is such a worker: it tells what it does, ends when nobody listens, and shows no pages.
    pub tells: bool,
}

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
        Ok(Arc::new(open::database(self, &settings).await?))
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
        if settings.kms.key.is_none()
            && let Some(key) = made_once(&self.0.join(&keys.sealing), KeyFile::create)?
        {
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

    /// Runs the road, or a part of it, until stopped, or until nothing is left to be done.
    ///
    /// # Errors
    /// If it cannot begin.
    pub async fn run(&self, mut role: Role) -> Result<(), Stop> {
        // First of all: who is told to stop while it begins ends as well as later.
        let signals = Signals::listen()?;
        let profiles = self.profiles()?;
        self.settle(&profiles.settings)?;
        let taking: Arc<AtomicUsize> = Arc::default();
        let (doors, entrances) = open::doors(self, profiles, &role, &taking).await?;
        let doors = Arc::new(doors);
        let (stop, stopped) = watch::channel(false);
        // Before anything is begun: who cannot show them does nothing.
        let listen = doors.profiles.settings.web.listen;
        let pages = match listen.filter(|_| !role.tells) {
            Some(address) => {
                let listener = web::listen(address).await?;
                let pages = web::serve(Arc::clone(&doors), listener, stopped.clone());
                Some(tokio::spawn(pages))
            }
            None => None,
        };
        let hands = role.hands.take();
        let mut tasks = begin(&doors, entrances, &role, &stopped);
        let has_workers = hands.is_some();
        if let Some(hands) = hands {
            tasks.spawn(scale::run(Arc::clone(&doors), hands, stopped));
        }
        let partners = doors.profiles.partners.len();
        tracing::info!(home = %self.0.display(), partners, "running");
        if partners == 0 {
            tracing::warn!(
                "there is no trading partner yet: `x12-pipeline partner-add ID` adds one"
            );
        }
        // Each goes on until it is told to stop: whoever restarts us does so for all if one breaks down.
        let ended = tokio::select! {
            ended = wait_for_end(&doors, signals, role.until_idle.then_some(&*taking)) => ended,
            () = scale::tell(&doors), if role.tells => Ok(()),
            _ = tasks.join_next() => Err(Stop::could_not("a part of the pipeline broke down: the log says where")),
        };
        tracing::info!("stopping: jobs in hand may end");
        // Nobody listens any more only if all have ended.
        let _ = stop.send(true);
        let mut grace = Duration::from_secs(doors.profiles.settings.work.grace_s);
        if has_workers {
            grace += OF_WORKERS;
        }
        let all_end = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(grace, all_end).await.is_err() {
            tracing::warn!("not all ended in time: what was under way is done again");
        }
        if let Some(pages) = pages {
            pages.abort();
        }
        tracing::info!("stopped");
        ended
    }
}

/// Begins all that a process does of the road.
fn begin(
    doors: &Arc<Doors>,
    entrances: Vec<Door>,
    role: &Role,
    stopped: &watch::Receiver<bool>,
) -> JoinSet<()> {
    let news = Arc::new(Notify::new());
    let shared = || (Arc::clone(doors), Arc::clone(&news), stopped.clone());
    let mut tasks = JoinSet::new();
    for door in entrances {
        let (doors, news, stopped) = shared();
        tasks.spawn(intake::run(doors, door, news, stopped));
    }
    let (doors, news, stopped) = shared();
    tasks.spawn(relay::run(doors, news, stopped));
    if !role.parts.is_empty() {
        let (doors, news, stopped) = shared();
        tasks.spawn(worker::run(doors, worker::road(), news, stopped));
    }
    tasks
}

fn wrong_in(errors: &[ProfileError]) -> Stop {
    let words: Vec<_> = errors.iter().map(ToString::to_string).collect();
    Stop::no(words.join("\n\n"))
}

pub(super) fn in_file(file: &Path, failure: Failure) -> Stop {
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
                let is_idle = doors.ledger.waiting().await?.is_empty() && !is_taking;
                idle = if is_idle { idle + 1 } else { 0 };
                if idle > looks {
                    return Ok(());
                }
            }
        }
    }
}
