//! The relay: the only one that publishes. It takes messages off the outbox when the queue has them for certain.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::doors::Doors;
use crate::failpoint::{Point, reach};
use crate::failure::Result;

/// Messages published at once.
const BATCH: u32 = 256;

/// How often the outbox is looked at when nobody says that there is something.
const LOOK: Duration = Duration::from_millis(500);

/// Publishes what is in the outbox, until it is told to stop.
pub async fn run(doors: Arc<Doors>, news: Arc<Notify>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let more = match publish(&doors).await {
            Ok(count) => count > 0,
            // It was logged where it happened; the outbox is still as it was.
            Err(_) => false,
        };
        if more {
            continue;
        }
        tokio::select! {
            () = news.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn publish(doors: &Doors) -> Result<usize> {
    let notices = doors.ledger.outbox(BATCH).await?;
    if notices.is_empty() {
        return Ok(0);
    }
    let jobs = doors.queue.publish(&notices).await?;
    reach(Point::RelayPublished);
    doors.ledger.published(&jobs).await?;
    reach(Point::RelayRecorded);
    Ok(jobs.len())
}
