//! The relay: the only one that publishes. It takes messages off the outbox when the queue has them for certain.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::doors::Doors;
use crate::failpoint::{Point, reach};
use crate::failure::Result;

/// Messages published at once.
const BATCH: u32 = 256;

/// How often the outbox is looked at when nobody says that there is something.
const LOOK: Duration = Duration::from_millis(500);

/// How long what a queue does not take waits, in milliseconds.
const POSTPONE_MS: i64 = 5_000;

/// How often one looks for jobs that were left or whose messages are lost, unless leases or silences are shorter.
const REMIND: Duration = Duration::from_secs(30);

/// Publishes what is in the outbox, and puts into it what the queue has lost, until it is told to stop.
pub async fn run(doors: Arc<Doors>, news: Arc<Notify>, mut stop: watch::Receiver<bool>) {
    let silent = Duration::from_secs(doors.profiles.settings.work.silent_s.max(1));
    let lease = Duration::from_secs(doors.profiles.settings.work.lease_s.max(1));
    let mut reminded = Instant::now();
    while !*stop.borrow() {
        if reminded.elapsed() >= silent.min(lease).min(REMIND) {
            // As below: it is tried again.
            let _ = doors.in_time(remind(&doors, silent)).await;
            reminded = Instant::now();
        }
        let more = match doors.in_time(publish(&doors)).await {
            Ok(count) => count > 0,
            // It was logged where it happened; the outbox is still as it was.
            Err(_) => false,
        };
        if more {
            continue;
        }
        tokio::select! {
            biased;
            () = news.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Puts jobs into the outbox that were left, and those of which nobody has heard for so long and whose messages cannot be waiting in a
/// queue.
async fn remind(doors: &Doors, silent: Duration) -> Result<()> {
    let now = doors.clock.now_ms();
    // Who is late to say that a lease goes on is not gone yet; and a message that came again waits for no longer.
    let left = doors.ledger.left(now, doors.lease_ms() / 2, BATCH).await?;
    let left: Vec<_> = left.iter().map(|notice| notice.job).collect();
    if !left.is_empty() {
        tracing::warn!(
            jobs = left.len(),
            "jobs were left: they are to be done again"
        );
        doors.ledger.remind(&left, now).await?;
    }
    let silent_ms = i64::try_from(silent.as_millis()).unwrap_or(i64::MAX);
    let silent = doors.ledger.silent(now - silent_ms, BATCH).await?;
    if silent.is_empty() {
        return Ok(());
    }
    let lost = doors.queue.lost(&silent).await?;
    if lost.is_empty() {
        return Ok(());
    }
    tracing::warn!(
        jobs = lost.len(),
        "messages are lost: they are published once more"
    );
    doors.ledger.remind(&lost, now).await
}

async fn publish(doors: &Doors) -> Result<usize> {
    let now = doors.clock.now_ms();
    let notices = doors.ledger.outbox(now, BATCH).await?;
    if notices.is_empty() {
        return Ok(0);
    }
    let published = doors.queue.publish(&notices).await;
    // A queue that cannot be asked is asked again at once, one that does not take a message later.
    let (jobs, wait_ms) = match &published {
        Ok(jobs) => (jobs.as_slice(), POSTPONE_MS),
        Err(_) => (&[][..], 0),
    };
    if jobs.len() < notices.len() {
        let left = notices.iter().map(|notice| notice.job);
        let left: Vec<_> = left.filter(|job| !jobs.contains(job)).collect();
        doors.ledger.postpone(&left, now + wait_ms).await?;
    }
    let jobs = published?;
    reach(Point::RelayPublished);
    doors.ledger.published(&jobs).await?;
    reach(Point::RelayRecorded);
    Ok(jobs.len())
}
