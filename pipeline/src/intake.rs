//! Takes files in: what a door offers is stored sealed, recorded, and only then taken away.
//!
//! That a file has stopped growing is a hint; whether it is whole, its contents tell. One that is not whole stays where it is until it
//! changes, or until it has stood for so long that an operator should see it.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::cipher::hex;
use crate::doors::Doors;
use crate::failpoint::{Point, reach};
use crate::failure::{Failure, Result};
use crate::job::{Direction, Task};
use crate::ledger::Arrival;
use crate::object::{JobId, ObjectId, Step};
use crate::seal::Sealed;
use crate::store::failure;
use crate::transport::{Offer, Transport, takeable};
use crate::whole::Whole;

/// Longest name that is kept, in characters.
const NAME_CHARS: usize = 200;

/// Files that are recorded at once, and bytes that they may have together.
const BATCH: usize = 64;
const BATCH_BYTES: u64 = 4 << 20;

/// Of these as many are sealed, or taken away, at a time: most of it is waiting for disks and servers.
const AT_ONCE: usize = 8;

/// A door where files come in.
pub struct Door {
    /// The trading partner whose door it is, or for whom our systems submit there.
    pub partner: String,
    /// Which way what comes in goes.
    pub direction: Direction,
    /// The way.
    pub transport: Arc<dyn Transport>,
    /// How many doors take files in just now: a large file takes longer than one looks whether anything is left to be done.
    taking: Arc<AtomicUsize>,
    seen: HashMap<OsString, Seen>,
    /// How the names of files end that say of others that they are whole, if the partner leaves such.
    ready: Option<String>,
    /// Those that lie there, by the names of the others.
    markers: HashMap<OsString, Offer>,
}

/// A file as it was when one last looked.
struct Seen {
    offer: Offer,
    since_ms: i64,
    /// It was read as it is now, and is not whole.
    incomplete: bool,
}

impl Door {
    /// A door at which nothing was seen yet.
    #[must_use]
    pub fn new(
        partner: &str,
        direction: Direction,
        transport: Arc<dyn Transport>,
        taking: &Arc<AtomicUsize>,
    ) -> Self {
        Self {
            partner: partner.to_owned(),
            direction,
            transport,
            taking: Arc::clone(taking),
            seen: HashMap::new(),
            ready: None,
            markers: HashMap::new(),
        }
    }

    /// The same, where a file whose name ends so says of another that it is whole.
    #[must_use]
    pub fn marked_by(mut self, ending: Option<&str>) -> Self {
        self.ready = ending.map(str::to_owned);
        self
    }

    /// The offers beside which there is what says that they are whole, if the partner leaves such: a hint, as their contents tell.
    fn marked(&mut self, offers: Vec<Offer>) -> Vec<Offer> {
        let Some(ending) = &self.ready else {
            return offers;
        };
        let (markers, mut files): (Vec<_>, Vec<_>) = offers
            .into_iter()
            .partition(|offer| marked_name(offer, ending).is_some());
        let named = |marker: Offer| Some((marked_name(&marker, ending)?, marker));
        self.markers = markers.into_iter().filter_map(named).collect();
        files.retain(|file| file.is_final || self.markers.contains_key(&file.name));
        files
    }

    /// The offers that are the same as when one last looked, and should be read: never, or not for long, found incomplete.
    fn ripe(&mut self, offers: Vec<Offer>, now_ms: i64, incomplete_ms: i64) -> Vec<(Offer, bool)> {
        let mut seen = HashMap::new();
        let mut ripe = Vec::new();
        for offer in offers {
            if offer.is_final {
                ripe.push((offer, true));
                continue;
            }
            let before = self
                .seen
                .remove(&offer.name)
                .filter(|seen| seen.offer == offer);
            let is_old = before
                .as_ref()
                .is_some_and(|seen| now_ms - seen.since_ms >= incomplete_ms);
            if before
                .as_ref()
                .is_some_and(|seen| !seen.incomplete || is_old)
            {
                ripe.push((offer.clone(), is_old));
            }
            let now = before.unwrap_or(Seen {
                offer: offer.clone(),
                since_ms: now_ms,
                incomplete: false,
            });
            seen.insert(offer.name, now);
        }
        self.seen = seen;
        ripe
    }
}

/// Looks at a door again and again, until told to stop.
pub async fn run(
    doors: Arc<Doors>,
    door: Door,
    news: Arc<Notify>,
    mut stop: watch::Receiver<bool>,
) {
    let poll = Duration::from_millis(doors.profiles.settings.work.poll_ms.max(1));
    let mut door = Some(door);
    while !*stop.borrow() {
        let (its_doors, its_door) = (Arc::clone(&doors), door.take());
        let (its_news, its_stop) = (Arc::clone(&news), stop.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let mut door = its_door?;
            let _taking = Taking::begin(&door);
            look(&its_doors, &mut door, &its_news, &its_stop);
            Some(door)
        });
        match looked.await {
            Ok(Some(back)) => door = Some(back),
            _ => {
                tracing::error!("a door broke down and is no longer looked at");
                return;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(poll) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Counted as long as a door takes files in, also if it breaks down.
struct Taking(Arc<AtomicUsize>);

impl Taking {
    fn begin(door: &Door) -> Self {
        door.taking.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(&door.taking))
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Looks once, and takes in what is ripe until told to stop. What fails is logged, and tried when one looks again.
fn look(doors: &Doors, door: &mut Door, news: &Notify, stop: &watch::Receiver<bool>) {
    let Ok(offers) = door.transport.offers() else {
        return;
    };
    let incomplete_ms =
        i64::try_from(doors.profiles.settings.work.incomplete_s * 1000).unwrap_or(i64::MAX);
    let offers = door.marked(takeable(offers));
    let ripe = door.ripe(offers, doors.clock.now_ms(), incomplete_ms);
    let mut rest = ripe.as_slice();
    while !rest.is_empty() && !*stop.borrow() {
        let (batch, others) = rest.split_at(together(rest));
        take(doors, door, batch, news);
        rest = others;
    }
}

/// How many of the first offers are recorded together: what is small waits for others, never for a large one.
fn together(offers: &[(Offer, bool)]) -> usize {
    let mut bytes = 0;
    let fits = offers.iter().take(BATCH).take_while(|(offer, _)| {
        bytes += offer.bytes;
        bytes <= BATCH_BYTES
    });
    fits.count().max(1)
}

/// Takes in what is offered: several at a time, recorded in the order in which it is offered.
fn take(doors: &Doors, door: &mut Door, offers: &[(Offer, bool)], news: &Notify) {
    let tried = each(offers, |(offer, is_old)| seal(doors, door, offer, *is_old));
    let mut sealed = Vec::new();
    for ((offer, _), tried) in offers.iter().zip(tried) {
        match tried {
            Ok(Some(taken)) => sealed.push(taken),
            Ok(None) => {
                if let Some(seen) = door.seen.get_mut(&offer.name) {
                    seen.incomplete = true;
                }
            }
            Err(failure) => {
                untaken(door, failure);
                // What never can be taken is told again when it changes, or has stood for as long as what is not whole.
                if let (Failure::Permanent(_), Some(seen)) =
                    (failure, door.seen.get_mut(&offer.name))
                {
                    (seen.incomplete, seen.since_ms) = (true, doors.clock.now_ms());
                }
            }
        }
    }
    record(doors, door, sealed, news);
}

/// Does something with each, several at a time; what came of each, in order.
fn each<T: Sync, R: Send>(things: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let hand = || {
        let mine = || {
            let at = next.fetch_add(1, Ordering::Relaxed);
            things.get(at).map(|thing| (at, work(thing)))
        };
        std::iter::from_fn(mine).collect::<Vec<_>>()
    };
    let mut done = std::thread::scope(|scope| {
        let others: Vec<_> = (1..things.len().min(AT_ONCE))
            .map(|_| scope.spawn(hand))
            .collect();
        let mut done = hand();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The name of the file of which a marker says that it is whole; none if it is no marker.
fn marked_name(offer: &Offer, ending: &str) -> Option<OsString> {
    let name = offer.name.to_str()?.strip_suffix(ending)?;
    (!name.is_empty()).then(|| name.into())
}

fn untaken(door: &Door, failure: Failure) {
    let reason = failure.reason();
    tracing::warn!(
        partner = door.partner,
        code = reason.code,
        "a file could not be taken in: {}",
        reason.text
    );
}

/// Seals one file as the version that it is; nothing if it is not whole, and then it stays, unless it is too old to wait for.
fn seal(
    doors: &Doors,
    door: &Door,
    offer: &Offer,
    is_old: bool,
) -> Result<Option<(Arrival, Offer)>> {
    let Some(offer) = door.transport.pin(offer)? else {
        return Ok(None);
    };
    let id = JobId::new();
    let raw = ObjectId {
        job: id,
        step: Step::Intake,
        ordinal: 0,
    };
    let Some(sealed) = store(doors, door, &offer, (&raw, is_old))? else {
        tracing::info!(
            partner = door.partner,
            bytes = offer.bytes,
            "a file is not whole yet"
        );
        return Ok(None);
    };
    reach(Point::IntakeSealed);
    let arrival = Arrival {
        id,
        partner: door.partner.clone(),
        direction: door.direction,
        identity: identity(doors, door, &offer, &sealed)?,
        name: shown(&offer),
        bytes: sealed.bytes,
        received_ms: doors.clock.now_ms(),
        replay_of: None,
        first: Task::Decrypt {
            raw,
            direction: door.direction,
        },
    };
    Ok(Some((arrival, offer)))
}

/// Records what was sealed, in one transaction, and takes the files away.
fn record(doors: &Doors, door: &Door, sealed: Vec<(Arrival, Offer)>, news: &Notify) {
    let (arrivals, offers): (Vec<_>, Vec<_>) = sealed.into_iter().unzip();
    if arrivals.is_empty() {
        return;
    }
    let recorded = match doors.wait(doors.ledger.arrive(&arrivals)) {
        Ok(recorded) => recorded,
        Err(failure) => {
            untaken(door, failure);
            return;
        }
    };
    news.notify_one();
    let recorded: Vec<_> = arrivals.iter().zip(offers).zip(recorded).collect();
    let removed = each(&recorded, |((arrival, offer), recorded)| {
        remove(doors, door, (arrival, offer), *recorded)
    });
    for failure in removed.into_iter().filter_map(Result::err) {
        untaken(door, failure);
    }
}

/// Takes a file away that is recorded, itself or the same before it.
fn remove(
    doors: &Doors,
    door: &Door,
    (arrival, offer): (&Arrival, &Offer),
    recorded: JobId,
) -> Result<()> {
    if recorded == arrival.id {
        doors.measures.taken_in(&door.partner, door.direction);
        tracing::info!(arrival = %arrival.id, partner = door.partner, direction = door.direction.name(), bytes = arrival.bytes, "taken in");
    } else {
        tracing::info!(
            partner = door.partner,
            "the same file again: nothing is done"
        );
        if let Task::Decrypt { raw, .. } = &arrival.first {
            doors.vault.store().remove(raw)?;
        }
    }
    reach(Point::IntakeRecorded);
    door.transport.remove(offer, recorded)?;
    if let Some(marker) = door.markers.get(&offer.name)
        && let Some(marker) = door.transport.pin(marker)?
    {
        door.transport.remove(&marker, recorded)?;
    }
    reach(Point::IntakeRemoved);
    Ok(())
}

/// Seals the file; nothing if it is not whole.
fn store(
    doors: &Doors,
    door: &Door,
    offer: &Offer,
    (raw, is_old): (&ObjectId, bool),
) -> Result<Option<Sealed>> {
    let mut file = door.transport.read(offer)?;
    let mut sealer = doors.vault.seal(raw, &door.partner)?;
    let mut whole = Whole::default();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = file.read(&mut buffer).map_err(|error| failure(&error))?;
        let bytes = buffer.get(..length).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        whole.push(bytes);
        sealer.write_all(bytes).map_err(|error| failure(&error))?;
    }
    if !whole.is_whole() && !is_old {
        return Ok(None);
    }
    sealer.finish().map(Some)
}

/// The same transfer twice has the same identity, as a keyed digest: door, name and contents, or place, name and version where each time
/// that a file is left is a version of its own.
fn identity(doors: &Doors, door: &Door, offer: &Offer, sealed: &Sealed) -> Result<String> {
    let undigested =
        Failure::permanent("object-undigested", "an object was sealed without a digest");
    let contents = sealed.digest.ok_or(undigested)?;
    let name = offer.name.as_encoded_bytes();
    let (partner, direction) = (door.partner.as_bytes(), door.direction.name().as_bytes());
    let place = door.transport.place();
    let (purpose, parts) = match &offer.version {
        Some(version) => ("version", vec![place.as_bytes(), name, version.as_bytes()]),
        None => ("transfer", vec![partner, direction, name, &contents]),
    };
    let mut transfer = Vec::new();
    for part in parts {
        transfer.extend_from_slice(&(part.len() as u64).to_be_bytes());
        transfer.extend_from_slice(part);
    }
    let digest = doors.vault.digest(purpose, &transfer);
    Ok(hex(&digest))
}

/// A file's name as operators may see it.
fn shown(offer: &Offer) -> String {
    let name = offer.name.to_string_lossy();
    name.chars()
        .take(NAME_CHARS)
        .map(|c| {
            if c.is_control() || is_bidi(c) {
                '\u{FFFD}'
            } else {
                c
            }
        })
        .collect()
}

/// Characters that turn the direction of text around: a name with them is not what it looks like.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
