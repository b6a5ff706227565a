//! A worker: takes a job, leases it, lets its stage do it, records what came of it, and only then settles the message.
//!
//! The only file that knows which stage follows which task. What goes wrong in between leaves the message unsettled, so it comes again.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{
    AcquireError, Notify, OwnedSemaphorePermit, Semaphore, SemaphorePermit, mpsc, watch,
};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::cipher::random;
use crate::doors::Doors;
use crate::failpoint::{Point, reach};
use crate::failure::{Failure, Result};
use crate::job::{Job, Outcome, Task};
use crate::ledger::Lease;
use crate::limits::AGAIN_MS;
use crate::measures::End;
use crate::profile::Settings;
use crate::queue::Delivery;
use crate::{acknowledge, decrypt, deliver, respond, route, translate, validate};

/// Longest wait for a message before one looks whether to stop.
const LOOK: Duration = Duration::from_millis(250);

/// Messages that are taken, or confirmed, at once.
const BATCH: usize = 64;

/// From which try on a job is done alone that was left: twice may be its neighbour's fault.
const ALONE: u32 = 3;

/// Works until told to stop, then lets the jobs in hand end.
pub async fn run(doors: Arc<Doors>, news: Arc<Notify>, mut stop: watch::Receiver<bool>) {
    let jobs = doors.profiles.settings.work.jobs.max(1);
    let permits = Arc::new(Semaphore::new(jobs as usize));
    let (settled, to_confirm) = mpsc::unbounded_channel();
    let confirming = tokio::spawn(confirm(Arc::clone(&doors), to_confirm));
    let hand = Hand {
        doors: Arc::clone(&doors),
        news,
        settled,
        stuck: Arc::default(),
        places: Arc::new(Semaphore::new(jobs as usize)),
    };
    while !*stop.borrow() {
        // A thread cannot be ended from outside; a process can.
        if hand.stuck.load(Ordering::SeqCst) >= jobs as usize {
            tracing::error!(
                "too many stages do not come to an end: the process ends, to be started again"
            );
            break;
        }
        // Permits are taken before the next jobs are asked for.
        let Ok(free) = free(&permits).await else {
            break;
        };
        let taken = doors.in_time(take(&doors, free.len())).await;
        let taken = taken.unwrap_or_default();
        if taken.is_empty() {
            drop(free);
            tokio::select! {
                () = doors.queue.wait(LOOK) => {}
                _ = stop.changed() => {}
            }
            continue;
        }
        for (permit, (delivery, lease)) in free.into_iter().zip(taken) {
            let hand = hand.clone();
            tokio::spawn(async move {
                // Whatever fails here was logged; the message stays unsettled and comes again.
                let _ = hand.one(delivery, lease).await;
                drop(permit);
            });
        }
    }
    drop(hand);
    let grace = Duration::from_secs(doors.profiles.settings.work.grace_s);
    // What does not end in time is done again by whoever comes next.
    let _ = timeout(grace, confirming).await;
}

/// Waits for a permit, and takes all that are free.
async fn free(
    permits: &Arc<Semaphore>,
) -> std::result::Result<Vec<OwnedSemaphorePermit>, AcquireError> {
    let mut free = vec![Arc::clone(permits).acquire_owned().await?];
    while free.len() < BATCH
        && let Ok(permit) = Arc::clone(permits).try_acquire_owned()
    {
        free.push(permit);
    }
    Ok(free)
}

/// Takes messages and leases their jobs, up to so many, each in one transaction.
async fn take(doors: &Doors, most: usize) -> Result<Vec<(Delivery, Lease)>> {
    let now = doors.clock.now_ms();
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let taken = doors.queue.take(most, now, lease_ms(doors)).await?;
    let jobs: Vec<_> = taken.iter().map(|delivery| delivery.job).collect();
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    jobs.iter().for_each(|_| reach(Point::JobTaken));
    let leases = doors
        .ledger
        .lease(&jobs, now, now + lease_ms(doors))
        .await?;
    Ok(taken.into_iter().zip(leases).collect())
}

/// Confirms what is settled, as much at once as there is: no job waits for it. Ends when no job is left that could settle.
async fn confirm(doors: Arc<Doors>, mut settled: mpsc::UnboundedReceiver<Delivery>) {
    let mut deliveries = Vec::new();
    while settled.recv_many(&mut deliveries, BATCH).await > 0 {
        // What is not confirmed comes again, and is found settled.
        let _ = doors.in_time(doors.queue.confirm(&deliveries)).await;
        deliveries
            .drain(..)
            .for_each(|_| reach(Point::JobConfirmed));
    }
}

fn lease_ms(doors: &Doors) -> i64 {
    let seconds = doors.profiles.settings.work.lease_s;
    i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX)
}

/// What a job in hand needs.
#[derive(Clone)]
struct Hand {
    doors: Arc<Doors>,
    /// Told when there is something for the relay.
    news: Arc<Notify>,
    /// Takes what is to be confirmed.
    settled: mpsc::UnboundedSender<Delivery>,
    /// Stages that still run though their jobs' time was over.
    stuck: Arc<AtomicUsize>,
    /// One for each job that is being done; who is done alone has all.
    places: Arc<Semaphore>,
}

impl Hand {
    /// One message, from its job's lease to settling it.
    async fn one(&self, delivery: Delivery, lease: Lease) -> Result<()> {
        match lease {
            Lease::Settled | Lease::Unknown => self.confirm(delivery),
            Lease::Busy(until) => self.again(delivery, until).await?,
            Lease::Taken(job) => {
                reach(Point::JobLeased);
                self.leased(*job, delivery).await?;
            }
        }
        Ok(())
    }

    async fn leased(&self, job: Job, delivery: Delivery) -> Result<()> {
        let job = Arc::new(job);
        // Until all is recorded: who comes next may end the process.
        let _place = self.while_ours(&job, self.place(&job)).await;
        let begun = Instant::now();
        let result = self.perform(&job).await;
        let took = begun.elapsed();
        match result {
            Ok(outcome) => {
                reach(Point::JobDone);
                self.done(&job, &outcome, took).await?;
                reach(Point::JobRecorded);
                self.news.notify_one();
                self.confirm(delivery);
                Ok(())
            }
            Err(failure) => self.failed(&job, delivery, (failure, took)).await,
        }
    }

    async fn done(&self, job: &Job, outcome: &Outcome, took: Duration) -> Result<()> {
        let doors = &self.doors;
        let now = doors.clock.now_ms();
        let recording = doors.ledger.complete(job, outcome, now);
        let is_recorded = doors.in_time(recording).await?;
        let step = job.task.step();
        let name = step.name();
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if is_recorded {
            for (wrong, times) in &outcome.wrong.0 {
                doors.measures.wrong(wrong, *times);
            }
            tracing::info!(arrival = %job.arrival, partner = job.partner, step = name, note = outcome.note, ms, "done");
        } else {
            tracing::warn!(arrival = %job.arrival, step = name, "the lease was lost: what was done counts for nothing");
        }
        let end = if is_recorded { End::Done } else { End::Lost };
        doors.measures.tried(step, end, took);
        Ok(())
    }

    async fn failed(
        &self,
        job: &Job,
        delivery: Delivery,
        (failure, took): (Failure, Duration),
    ) -> Result<()> {
        let doors = &self.doors;
        let now = doors.clock.now_ms();
        let retry = &doors.profiles.settings.retry;
        let again = matches!(failure, Failure::Transient(_)) && job.attempt < retry.attempts;
        let again_ms = again.then(|| now + delay_ms(doors, job.attempt));
        let recording = doors.ledger.fail(job, failure, again_ms, now);
        let recorded = doors.in_time(recording).await?;
        let end = match (recorded, again) {
            (false, _) => End::Lost,
            (true, true) => End::Again,
            (true, false) => End::Stopped,
        };
        doors.measures.tried(job.task.step(), end, took);
        let (step, reason) = (job.task.step().name(), failure.reason());
        tracing::warn!(
            arrival = %job.arrival, partner = job.partner, step, code = reason.code, attempt = job.attempt, again, recorded, "{}", reason.text
        );
        reach(Point::JobRecorded);
        match again_ms {
            Some(at) => self.again(delivery, at).await,
            None => {
                self.confirm(delivery);
                Ok(())
            }
        }
    }

    /// Lets the stage do its work on a thread where it may block, as long as it may take.
    async fn perform(&self, job: &Arc<Job>) -> Result<Outcome> {
        let doors = &self.doors;
        let Settings { work, retry, .. } = &doors.profiles.settings;
        if job.attempt > retry.attempts {
            return Err(Failure::permanent(
                "too-many-attempts",
                "the job never came to an end",
            ));
        }
        if job.was_left && !doors.in_time(doors.ledger.begin(job)).await? {
            let what = "another has the job by now";
            return Err(Failure::transient("lease-lost", what));
        }
        let (its_doors, its_job) = (Arc::clone(doors), Arc::clone(job));
        let mut stage = tokio::task::spawn_blocking(move || stage(&its_job, &its_doors));
        let end = timeout(Duration::from_secs(work.job_s), &mut stage);
        match self.while_ours(job, end).await {
            Ok(done) => {
                let panicked = |_| Failure::transient("stage-panicked", "a stage broke down");
                done.map_err(panicked)?
            }
            Err(_) => {
                self.leave(stage);
                let what = "the job took longer than it may";
                Err(Failure::transient("too-slow", what))
            }
        }
    }

    /// Waits until a job may be done. What may kill its process kills no other job with it, which would be tried as often as itself.
    async fn place(&self, job: &Job) -> Option<SemaphorePermit<'_>> {
        let Settings { work, retry, .. } = &self.doors.profiles.settings;
        let is_suspect = job.was_left && job.attempt >= ALONE.min(retry.attempts);
        let places = if is_suspect { work.jobs.max(1) } else { 1 };
        // It fails only if there are none any more.
        self.places.acquire_many(places).await.ok()
    }

    /// Waits for something, and says meanwhile that the job is still ours.
    async fn while_ours<T>(&self, job: &Job, awaited: impl Future<Output = T>) -> T {
        let doors = &self.doors;
        // A beat may come late before the lease ends.
        let beat = Duration::from_secs(doors.profiles.settings.work.lease_s.max(1)) / 3;
        tokio::pin!(awaited);
        loop {
            tokio::select! {
                done = &mut awaited => return done,
                () = tokio::time::sleep(beat) => {
                    // A lease that is lost shows when the job is to be completed.
                    let until = doors.clock.now_ms() + lease_ms(doors);
                    let _ = doors.in_time(doors.ledger.renew(job, until)).await;
                }
            }
        }
    }

    /// Leaves a stage to itself: what it still does is what any try of its job does, and nobody records it.
    fn leave(&self, stage: JoinHandle<Result<Outcome>>) {
        self.stuck.fetch_add(1, Ordering::SeqCst);
        let stuck = Arc::clone(&self.stuck);
        tokio::spawn(async move {
            // However it ends, it has ended.
            let _ = stage.await;
            stuck.fetch_sub(1, Ordering::SeqCst);
        });
    }

    /// Says that a message is to come again at a moment, or, if that is far away, to be looked at before.
    async fn again(&self, delivery: Delivery, at_ms: i64) -> Result<()> {
        let doors = &self.doors;
        let at_ms = at_ms.min(doors.clock.now_ms() + AGAIN_MS);
        doors.in_time(doors.queue.again(delivery, at_ms)).await
    }

    /// Says that a message is settled.
    fn confirm(&self, delivery: Delivery) {
        // If nobody confirms any more, it comes again.
        let _ = self.settled.send(delivery);
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
            readable,
            direction,
        } => validate::validate(job, doors, x12, (*readable, *direction)),
        Task::Acknowledge {
            x12,
            readable,
            answers,
        } => acknowledge::acknowledge(job, doors, x12, (*readable, *answers)),
        Task::Route { .. } => route::route(job, doors),
        Task::Deliver {
            object, parcel, to, ..
        } => deliver::deliver(job, doors, object, (*parcel, *to)),
        Task::Respond { x12 } => respond::respond(job, doors, x12),
    }
}
