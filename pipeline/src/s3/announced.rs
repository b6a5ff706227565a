//! A bucket whose events, in a queue, announce what is left in it: that is found at once, and the bucket is listed only now and then.
//!
//! An event is a hint. It may be lost, late, or come twice: which object has the key that it names, the object tells, and what no event
//! tells of is found when the bucket is listed. Its message is confirmed when nothing has that key any more, whoever took it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{BucketTransport, event};
use crate::failure::Result;
use crate::object::JobId;
use crate::sqs::{Inbox, MessageQueue, Receipt};
use crate::transport::{Offer, Transport, Write};

/// Messages in hand at a time.
const HELD: usize = 1000;

/// How long a message is kept in hand. What it names may stay there for longer, if it is not whole: then the message comes again.
const HOLD: Duration = Duration::from_secs(600);

/// Messages, and objects, that are looked at one by one each time that one looks.
const LOOKS: usize = 100;

/// A prefix of a bucket from which files are taken as events announce them.
pub struct AnnouncedBucket {
    bucket: BucketTransport,
    queue: MessageQueue,
    /// How often the bucket is listed all the same.
    listing: Duration,
    known: Mutex<Known>,
}

/// What is known of what lies there.
#[derive(Default)]
struct Known {
    /// Messages are taken from when one looks for the first time.
    inbox: Option<Inbox>,
    /// When the bucket was listed last.
    listed: Option<Instant>,
    /// What lay there then, and was found since.
    offers: BTreeMap<String, Offer>,
    /// Names that have something to be looked at: it was announced, taken away, or is another one by now.
    unsure: BTreeSet<String>,
    /// Messages in hand, by their ids.
    held: HashMap<String, Held>,
}

/// A message that announces something.
struct Held {
    receipt: Receipt,
    names: Vec<String>,
    since: Instant,
}

impl AnnouncedBucket {
    /// A bucket, the queue of its events, and how often it is listed all the same.
    #[must_use]
    pub fn new(bucket: BucketTransport, queue: MessageQueue, listing: Duration) -> Self {
        Self {
            bucket,
            queue,
            listing,
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists the bucket if it is time to.
    fn list(&self, known: &mut Known) -> Result<()> {
        let is_time = |listed: Instant| listed.elapsed() >= self.listing;
        if !known.listed.is_none_or(is_time) {
            return Ok(());
        }
        let listed = self.bucket.offers()?.into_iter();
        let mut before = mem::take(&mut known.offers);
        known.offers = listed
            .map(|offer| {
                let name = offer.name.to_string_lossy().into_owned();
                // A listing tells no versions.
                let same = before.remove(&name).filter(|known| {
                    let seconds = |of: &Offer| of.modified_ms.div_euclid(1000);
                    known.bytes == offer.bytes && seconds(known) == seconds(&offer)
                });
                (name, same.unwrap_or(offer))
            })
            .collect();
        known.listed = Some(Instant::now());
        Ok(())
    }

    /// Takes messages in hand that announce something, and confirms the others.
    fn hear(&self, known: &mut Known) {
        known.held.retain(|_, held| held.since.elapsed() < HOLD);
        let inbox = known.inbox.get_or_insert_with(|| self.queue.take());
        for _ in 0..LOOKS.min(HELD.saturating_sub(known.held.len())) {
            let Some(message) = inbox.pop() else {
                return;
            };
            let names = event::left(&message.body, self.bucket.bucket());
            if names.is_none() {
                tracing::error!("an event that nobody can read is confirmed");
            }
            if names.as_ref().is_some_and(Vec::is_empty) {
                tracing::info!("an event announces nothing that is taken here");
            }
            let Some(names) = names.filter(|names| !names.is_empty()) else {
                self.queue.confirm(&message.receipt);
                continue;
            };
            known.unsure.extend(names.iter().cloned());
            let held = Held {
                receipt: message.receipt,
                names,
                since: Instant::now(),
            };
            known.held.insert(message.id, held);
        }
    }

    /// Looks at what has the names of which one is not sure.
    fn look(&self, known: &mut Known) {
        for _ in 0..LOOKS {
            let Some(name) = known.unsure.pop_first() else {
                return;
            };
            match self.bucket.find(&name) {
                Ok(None) => _ = known.offers.remove(&name),
                Ok(Some(found)) => _ = known.offers.insert(name, found),
                // The message comes again.
                Err(_) => known.held.retain(|_, held| !held.names.contains(&name)),
            }
        }
    }

    /// Confirms messages when nothing has the names any more that they announce.
    fn confirm(&self, known: &mut Known) {
        let Known { offers, unsure, .. } = known;
        let is_over = |name: &String| !offers.contains_key(name) && !unsure.contains(name);
        let over = known
            .held
            .extract_if(|_, held| held.names.iter().all(is_over));
        over.for_each(|(_, held)| self.queue.confirm(&held.receipt));
    }

    /// What has this name is to be looked at.
    fn doubt(&self, offer: &Offer) {
        let name = offer.name.to_string_lossy().into_owned();
        self.known().unsure.insert(name);
    }
}

impl Transport for AnnouncedBucket {
    fn place(&self) -> String {
        self.bucket.place()
    }

    fn offers(&self) -> Result<Vec<Offer>> {
        let mut known = self.known();
        self.list(&mut known)?;
        self.hear(&mut known);
        self.look(&mut known);
        self.confirm(&mut known);
        Ok(known.offers.values().cloned().collect())
    }

    fn pin(&self, offer: &Offer) -> Result<Option<Offer>> {
        let pinned = self.bucket.pin(offer)?;
        if pinned.is_none() {
            self.doubt(offer);
        }
        Ok(pinned)
    }

    fn read(&self, offer: &Offer) -> Result<Box<dyn Read + Send>> {
        let opened = self.bucket.read(offer);
        opened.inspect_err(|_| self.doubt(offer))
    }

    fn remove(&self, offer: &Offer, arrival: JobId) -> Result<()> {
        // Also if all went well: it may have lain over an older version.
        self.doubt(offer);
        self.bucket.remove(offer, arrival)?;
        self.known().offers.remove(&*offer.name.to_string_lossy());
        Ok(())
    }

    fn send(&self, name: &str, write: Write<'_>) -> Result<()> {
        self.bucket.send(name, write)
    }
}
