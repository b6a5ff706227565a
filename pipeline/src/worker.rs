//! A worker: takes a job, leases it, lets its stage do it, records what came of it, and only then settles the message.
//!
//! The only file that knows which stage follows which task. What goes wrong in between leaves the message unsettled, so it comes again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, watch};

use crate::cipher::random;
use crate::doors::Doors;
use crate::failpoint::{Point, reach};
use crate::failure::{Failure, Result};
use crate::job::{Job, Outcome, Task};
use crate::ledger::Lease;
use crate::queue::Delivery;
use crate::{acknowledge, decrypt, deliver, respond, route, translate, validate};

/// Longest wait for a message before one looks whether to stop.
const LOOK: Duration = Duration::from_millis(250);

/// Works until told to stop, then lets the jobs in hand end.
pub async fn run(doors: Arc<Doors>, news: Arc<Notify>, mut stop: watch::Receiver<bool>) {
    let jobs = doors.profiles.settings.work.jobs.max(1);
    let permits = Arc::new(Semaphore::new(jobs as usize));
    while !*stop.borrow() {
        // A permit is taken before the next job is asked for.
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
            return;
        };
        match take(&doors).await {
            Ok(Some(delivery)) => {
                let (doors, news) = (Arc::clone(&doors), Arc::clone(&news));
                tokio::spawn(async move {
                    // Whatever fails here was logged; the message stays unsettled and comes again.
                    let _ = one(&doors, delivery).await;
                    news.notify_one();
                    drop(permit);
                });
            }
            Ok(None) | Err(_) => {
                drop(permit);
                tokio::select! {
                    () = doors.queue.wait(LOOK) => {}
                    _ = stop.changed() => {}
                }
            }
        }
    }
    let grace = Duration::from_secs(doors.profiles.settings.work.grace_s);
    // What does not end in time is done again by whoever comes next.
    let _ = tokio::time::timeout(grace, permits.acquire_many(jobs)).await;
}

async fn take(doors: &Doors) -> Result<Option<Delivery>> {
    let taken = doors
        .queue
        .take(doors.clock.now_ms(), lease_ms(doors))
        .await?;
    if taken.is_some() {
        reach(Point::JobTaken);
    }
    Ok(taken)
}

fn lease_ms(doors: &Doors) -> i64 {
    let seconds = doors.profiles.settings.work.lease_s;
    i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX)
}

/// One message, from leasing its job to settling it.
async fn one(doors: &Arc<Doors>, delivery: Delivery) -> Result<()> {
    let now = doors.clock.now_ms();
    match doors
        .ledger
        .lease(delivery.job, now, now + lease_ms(doors))
        .await?
    {
        Lease::Settled | Lease::Unknown => doors.queue.confirm(delivery).await,
        Lease::Busy(until) => doors.queue.again(delivery, until).await,
        Lease::Taken(job) => {
            reach(Point::JobLeased);
            leased(doors, *job, delivery).await
        }
    }
}

async fn leased(doors: &Arc<Doors>, job: Job, delivery: Delivery) -> Result<()> {
    let job = Arc::new(job);
    let begun = doors.clock.now_ms();
    let result = perform(doors, &job).await;
    let now = doors.clock.now_ms();
    let step = job.task.step().name();
    match result {
        Ok(outcome) => {
            reach(Point::JobDone);
            if doors.ledger.complete(&job, &outcome, now).await? {
                tracing::info!(arrival = %job.arrival, partner = job.partner, step, note = outcome.note, ms = now - begun, "done");
            } else {
                tracing::warn!(arrival = %job.arrival, step, "the lease was lost: what was done counts for nothing");
            }
            reach(Point::JobRecorded);
        }
        Err(failure) => return failed(doors, &job, delivery, failure).await,
    }
    doors.queue.confirm(delivery).await?;
    reach(Point::JobConfirmed);
    Ok(())
}

async fn failed(doors: &Doors, job: &Job, delivery: Delivery, failure: Failure) -> Result<()> {
    let now = doors.clock.now_ms();
    let retry = &doors.profiles.settings.retry;
    let again = matches!(failure, Failure::Transient(_)) && job.attempt < retry.attempts;
    let again_ms = again.then(|| now + delay_ms(doors, job.attempt));
    let recorded = doors.ledger.fail(job, failure, again_ms, now).await?;
    let (step, reason) = (job.task.step().name(), failure.reason());
    tracing::warn!(
        arrival = %job.arrival, partner = job.partner, step, code = reason.code, attempt = job.attempt, again, recorded, "{}", reason.text
    );
    reach(Point::JobRecorded);
    match again_ms {
        Some(at) => doors.queue.again(delivery, at).await,
        None => doors.queue.confirm(delivery).await,
    }
}

/// The delay before the next try: twice as long each time, and a part of it by chance, so that what failed together comes apart.
fn delay_ms(doors: &Doors, attempt: u32) -> i64 {
    let retry = &doors.profiles.settings.retry;
    let doubled = retry
        .first_ms
        .saturating_mul(1 << attempt.saturating_sub(1).min(20));
    let whole = doubled.min(retry.most_ms);
    // Without chance all wait the same time.
    let chance = random().map_or(0, u64::from_le_bytes);
    let part = chance % (whole / 4 + 1);
    i64::try_from(whole - whole / 4 + part).unwrap_or(i64::MAX)
}

/// Lets the stage do its work on a thread where it may block, and says meanwhile that the job is still ours.
async fn perform(doors: &Arc<Doors>, job: &Arc<Job>) -> Result<Outcome> {
    if job.attempt > doors.profiles.settings.retry.attempts {
        return Err(Failure::permanent(
            "too-many-attempts",
            "the job never came to an end",
        ));
    }
    let (its_doors, its_job) = (Arc::clone(doors), Arc::clone(job));
    let mut work = tokio::task::spawn_blocking(move || stage(&its_job, &its_doors));
    let beat = Duration::from_secs((doors.profiles.settings.work.lease_s / 3).max(1));
    loop {
        tokio::select! {
            done = &mut work => {
                let panicked = |_| Failure::transient("stage-panicked", "a stage broke down");
                return done.map_err(panicked)?;
            }
            () = tokio::time::sleep(beat) => {
                // A lease that is lost shows when the job is to be completed.
                let _ = doors.ledger.renew(job, doors.clock.now_ms() + lease_ms(doors)).await;
            }
        }
    }
}

/// Which stage does which task.
fn stage(job: &Job, doors: &Doors) -> Result<Outcome> {
    match &job.task {
        Task::Decrypt { raw, direction } => decrypt::decrypt(job, doors, raw, *direction),
        Task::Translate {
            plain,
            language,
            direction,
        } => translate::translate(job, doors, plain, (*language, *direction)),
        Task::Validate {
            x12,
            lines,
            direction,
        } => validate::validate(job, doors, x12, (*lines, *direction)),
        Task::Acknowledge {
            x12,
            lines,
            answers,
        } => acknowledge::acknowledge(job, doors, x12, (*lines, *answers)),
        Task::Route { .. } => route::route(job, doors),
        Task::Deliver { object, parcel, to } => {
            deliver::deliver(job, doors, object, (*parcel, *to))
        }
        Task::Respond { x12 } => respond::respond(job, doors, x12),
    }
}
