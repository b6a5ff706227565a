//! Reads and checks settings and profiles, and says what is wrong where.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use x12_parser::{Options, Rejects};

use super::{Acknowledge, Advice, Claims, Location, Profile, Profiles, Settings, Sftp, guides};
use crate::limits::CONFIG_BYTES;
use crate::sftp::{HostKey, OurKey};

/// Something wrong in a file of configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProfileError {
    /// The file, from the home folder.
    pub file: PathBuf,
    /// Line and column, from one; zeros if the file as a whole is meant.
    pub place: (usize, usize),
    /// What is wrong.
    pub what: String,
    /// What may have been meant.
    pub hint: Option<String>,
}

impl ProfileError {
    /// Of a file as a whole.
    fn of(file: impl Into<PathBuf>, what: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            place: (0, 0),
            what: what.into(),
            hint: None,
        }
    }
}

impl std::fmt::Display for ProfileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "error: {}", self.what)?;
        write!(f, "  --> {}", self.file.display())?;
        if self.place.0 > 0 {
            write!(f, ":{}:{}", self.place.0, self.place.1)?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\n  help: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ProfileError {}

pub(super) fn read(home: &Path) -> Result<Profiles, Vec<ProfileError>> {
    let mut errors = Vec::new();
    let mut profiles = Profiles {
        home: home.to_owned(),
        ..Profiles::default()
    };
    match settings(home) {
        Ok(settings) => profiles.settings = settings,
        Err(error) => errors.push(error),
    }
    // What is built in is loaded once for all partners.
    let builtin = Options::default();
    for file in partner_files(home) {
        match partner(&builtin, home, &file) {
            Ok((profile, options)) => {
                profiles.options.insert(profile.id.clone(), options);
                profiles.partners.insert(profile.id.clone(), profile);
            }
            Err(mut wrong) => errors.append(&mut wrong),
        }
    }
    errors.append(&mut shared(&profiles));
    errors.append(&mut unknown_brokers(&profiles));
    if errors.is_empty() {
        Ok(profiles)
    } else {
        Err(errors)
    }
}

pub(super) fn settings(home: &Path) -> Result<Settings, ProfileError> {
    let file = Path::new("config.toml");
    if !home.join(file).exists() {
        return Ok(Settings::default());
    }
    let settings: Settings = parse(home, file)?;
    let misplaced = misplaced(&settings);
    match misplaced.or_else(|| wrong_service(&settings)) {
        None => Ok(settings),
        Some(what) => Err(ProfileError::of(file, what)),
    }
}

/// A place that cannot be where it stands.
fn misplaced(settings: &Settings) -> Option<String> {
    let places = [
        ("store", &settings.store.folder),
        ("backend", &settings.backend.folder),
    ];
    places.into_iter().find_map(|(name, place)| {
        let what = match place {
            Location::Server(_) => {
                "an SFTP server is for partners; here stands a folder or a bucket"
            }
            Location::Queue(_) if name == "store" => {
                "a queue is no store; here stands a folder or a bucket"
            }
            Location::Queue(queue) if !settings.brokers.contains_key(&queue.broker) => NO_BROKER,
            _ => return None,
        };
        Some(format!("{name}.folder: {what}"))
    })
}

/// What is wrong with how a service of AWS is reached, or with its key.
fn wrong_service(settings: &Settings) -> Option<String> {
    let Settings { s3, kms, .. } = settings;
    if kms.key.as_ref().is_some_and(String::is_empty) {
        return Some("kms.key: the key's id, its ARN or alias/NAME stands here".to_owned());
    }
    let services = [
        ("s3", s3.service()),
        ("kms", kms.service()),
        ("sqs", settings.sqs()),
    ];
    services.into_iter().find_map(|(name, service)| {
        let failure = service.check().err()?;
        Some(format!("{name}.endpoint: {}", failure.reason().text))
    })
}

/// A queue's broker is not configured.
const NO_BROKER: &str = "the broker of this queue does not stand under `[brokers]` in config.toml";

fn partner_files(home: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.join("partners")).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| Path::new("partners").join(entry.file_name()))
        .filter(|file| file.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();
    files
}

fn partner(
    builtin: &Options,
    home: &Path,
    file: &Path,
) -> Result<(Profile, Options), Vec<ProfileError>> {
    let mut profile = parse::<Profile>(home, file).map_err(|error| vec![error])?;
    let stem = file.file_stem().unwrap_or_default();
    profile.id = stem.to_string_lossy().into_owned();
    let wrong: Vec<_> = ids(&profile)
        .into_iter()
        .chain(certificates(home, &profile))
        .chain(answers(&profile))
        .chain(sftp(home, &profile))
        .chain(ready(&profile))
        .chain(events(&profile))
        .collect();
    match guides::options(builtin, home, file, &profile.check) {
        Ok(options) if wrong.is_empty() => Ok((profile, options)),
        options => Err(all(file, wrong, options.err())),
    }
}

/// All that is wrong in and with a file.
fn all(file: &Path, wrong: Vec<Wrong>, others: Option<Vec<ProfileError>>) -> Vec<ProfileError> {
    let error = |(what, hint): Wrong| ProfileError {
        hint: hint.map(str::to_owned),
        ..ProfileError::of(file, what)
    };
    let wrong = wrong.into_iter().map(error);
    wrong.chain(others.into_iter().flatten()).collect()
}

/// What is wrong, and what may have been meant.
type Wrong = (String, Option<&'static str>);

/// What is wrong with the names of a partner and of us.
fn ids(profile: &Profile) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    if !is_partner_id(&profile.id) {
        let what =
            "a partner's id, the file's name, has up to 40 small letters, digits and hyphens";
        wrong.push((what.to_owned(), None));
    }
    if profile.theirs.isa.is_empty() || profile.theirs.gs.is_empty() {
        let what = "`theirs` needs at least one id in `isa` and one in `gs`";
        wrong.push((what.to_owned(), None));
    }
    for id in profile.theirs.isa.iter().chain([&profile.ours.isa]) {
        if !is_isa(id) {
            let what = format!(
                "`{id}` is not a qualifier of two characters, a colon and an id of up to 15"
            );
            wrong.push((what, Some("write \"ZZ:ACME\"")));
        }
    }
    for code in profile.theirs.gs.iter().chain([&profile.ours.gs]) {
        if !(2..=15).contains(&code.len()) || !is_printable(code) {
            let what = format!("`{code}` is not an application code of 2 to 15 characters");
            wrong.push((what, None));
        }
    }
    wrong
}

/// What is wrong with the certificates of a partner.
fn certificates(home: &Path, profile: &Profile) -> Vec<Wrong> {
    let missing = profile
        .pgp
        .certificates
        .iter()
        .filter(|file| !home.join(file).is_file());
    let missing = missing.map(|file| {
        (
            format!("the certificate {} is not there", file.display()),
            None,
        )
    });
    let mut wrong: Vec<_> = missing.collect();
    if profile.pgp.certificates.is_empty() && !profile.pgp.plain {
        wrong.push((
            "`pgp` names no certificate of the partner, and does not allow plain files".to_owned(),
            Some("name the partner's public key in `certificates`, or, for tests, set `plain = true`"),
        ));
    }
    wrong
}

/// Who rejects claims or other records must say which.
fn answers(profile: &Profile) -> Option<Wrong> {
    let Acknowledge {
        rejects,
        claims,
        advice,
        ..
    } = profile.acknowledge;
    let (what, hint) = match rejects {
        Rejects::Claims if claims == Claims::No => (
            "`acknowledge` rejects claims, and answers none",
            "set `claims` to \"as-payer\" or \"as-clearinghouse\"",
        ),
        Rejects::Records if advice == Advice::No => (
            "`acknowledge` rejects records, and advises on none",
            "set `advice` to \"untold\", or `rejects` to \"claims\"",
        ),
        _ => return None,
    };
    Some((what.to_owned(), Some(hint)))
}

/// Whether a partner may be called so.
pub fn is_partner_id(id: &str) -> bool {
    let is_ours = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=40).contains(&id.len()) && id.bytes().all(is_ours)
}

fn is_isa(id: &str) -> bool {
    let Some((qualifier, id)) = id.split_once(':') else {
        return false;
    };
    qualifier.len() == 2
        && (1..=15).contains(&id.len())
        && is_printable(qualifier)
        && is_printable(id)
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic() || b == b' ') && text.trim_end() == text
}

/// What ends with nothing would be every file.
fn ready(profile: &Profile) -> Option<Wrong> {
    let is_empty = profile.folder.ready.as_deref() == Some("");
    let what = "folder.ready: how the names end that say that a file is whole";
    is_empty.then(|| (what.to_owned(), Some("\".done\", say")))
}

/// Only a bucket has events.
fn events(profile: &Profile) -> Option<Wrong> {
    let queue = profile.folder.events.as_ref()?;
    let (_, place) = queue.split_once("://").unwrap_or_default();
    let parts: Vec<_> = place.split('/').collect();
    let is_queue = parts.len() == 3 && parts.iter().all(|part| !part.is_empty());
    let (what, hint) = match profile.folder.inbox {
        Some(Location::Bucket(_)) if is_queue => return None,
        Some(Location::Bucket(_)) => (
            "folder.events: the address of a queue stands here",
            "\"https://sqs.REGION.amazonaws.com/ACCOUNT/QUEUE\"",
        ),
        _ => (
            "folder.events: only a bucket tells of what is left in it",
            "set `in` to \"s3://BUCKET/PREFIX\"",
        ),
    };
    Some((what.to_owned(), Some(hint)))
}

/// An SFTP server without a host key could be anybody's.
fn sftp(home: &Path, profile: &Profile) -> Vec<Wrong> {
    let Sftp {
        key_file,
        host_keys,
    } = &profile.sftp;
    let mut wrong = Vec::new();
    for key in host_keys {
        if let Err(failure) = HostKey::read(key) {
            wrong.push((format!("sftp.host_keys: {}", failure.reason().text), None));
        }
    }
    let places = [&profile.folder.inbox, &profile.folder.outbox];
    if !places
        .iter()
        .any(|place| matches!(place, Some(Location::Server(_))))
    {
        return wrong;
    }
    if host_keys.is_empty() {
        let hint = "`ssh-keyscan HOST` prints them; ask the partner whether they are right";
        let what = "sftp.host_keys: the server's host keys are missing";
        wrong.push((what.to_owned(), Some(hint)));
    }
    let key = key_file
        .as_ref()
        .map(|file| (file, OurKey::read(&home.join(file))));
    match key {
        None => wrong.push(("sftp.key_file: our key is missing".to_owned(), None)),
        Some((file, Err(failure))) => {
            wrong.push((
                format!("{}: {}", file.display(), failure.reason().text),
                None,
            ));
        }
        Some((_, Ok(_))) => {}
    }
    wrong
}

/// Partners may not share an id or a folder, or nobody knows whose a file is; nor a queue of events, of which each gets but some.
fn shared(profiles: &Profiles) -> Vec<ProfileError> {
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    let mut errors = Vec::new();
    for (id, profile) in &profiles.partners {
        let isa = profile.theirs.isa.iter().map(|isa| format!("the id {isa}"));
        let folder = format!("the folder {}", profiles.inbox(profile));
        let events = profile.folder.events.iter();
        let events = events.map(|queue| format!("the queue {queue}"));
        for thing in isa.chain([folder]).chain(events) {
            if let Some(owner) = owners.insert(thing.clone(), id) {
                let what = format!("{thing} is also that of `{owner}`");
                errors.push(ProfileError::of(file_of(id), what));
            }
        }
    }
    errors
}

/// A queue is found by its broker's name, and the address that belongs to it stands in the settings.
fn unknown_brokers(profiles: &Profiles) -> Vec<ProfileError> {
    let mut errors = Vec::new();
    for (id, profile) in &profiles.partners {
        for place in [profiles.inbox(profile), profiles.outbox(profile)] {
            if let Location::Queue(queue) = &place
                && !profiles.settings.brokers.contains_key(&queue.broker)
            {
                let what = format!("{place}: {NO_BROKER}");
                errors.push(ProfileError::of(file_of(id), what));
            }
        }
    }
    errors
}

fn file_of(partner: &str) -> PathBuf {
    Path::new("partners").join(format!("{partner}.toml"))
}

fn parse<T: DeserializeOwned>(home: &Path, file: &Path) -> Result<T, ProfileError> {
    let error = |what: String| ProfileError::of(file, what);
    let path = home.join(file);
    let length = fs::metadata(&path)
        .map_err(|e| error(e.kind().to_string()))?
        .len();
    if length > CONFIG_BYTES {
        return Err(error(format!(
            "the file is longer than {CONFIG_BYTES} bytes"
        )));
    }
    let text = fs::read_to_string(&path).map_err(|e| error(e.kind().to_string()))?;
    toml::from_str(&text).map_err(|cause| {
        let what = cause.message().to_owned();
        ProfileError {
            place: cause.span().map_or((0, 0), |span| place(&text, span.start)),
            hint: suggestion(&what),
            ..error(what)
        }
    })
}

/// Line and column of a byte, from one.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (line, column)
}

/// The likeliest of the expected keys: serde names the unknown one first, in backquotes, then all that it knows.
fn suggestion(message: &str) -> Option<String> {
    let mut words = message.split('`').skip(1).step_by(2);
    let unknown = words.next().filter(|_| message.starts_with("unknown"))?;
    let near = |known: &&str| strsim::damerau_levenshtein(unknown, known);
    let best = words.min_by_key(near)?;
    (near(&best) <= 3).then(|| format!("did you mean `{best}`?"))
}
