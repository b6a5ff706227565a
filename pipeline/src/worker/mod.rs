//! A worker: takes a job, leases it, lets its stage do it, records what came of it, and only then settles the message.
//!
//! The only file that knows which stage follows which task. What goes wrong in between leaves the message unsettled, so it comes again.

mod lines;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, SemaphorePermit, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use self::lines::Lines;
use crate::doors::Doors;
use crate::failpoint::{Point, reach};
use crate::failure::{Failure, Result};
use crate::job::{Job, Outcome, Task};
use crate::ledger::{Lease, On, Settled};
use crate::limits::AGAIN_MS;
use crate::measures::End;
use crate::object::JobId;
use crate::profile::Settings;
use crate::queue::{Delivery, Part};
use crate::{
    acknowledge, decrypt, deliver, measures, protection, respond, route, translate, validate,
};

/// Longest wait for a message before one looks whether to stop.
const LOOK: Duration = Duration::from_millis(250);

/// Messages that are taken, or confirmed, at once.
const BATCH: usize = 64;

/// How often a job was left that is done alone from then on: once may be its neighbour's fault.
const SUSPECT: u32 = 2;

/// Does a job, on a thread that may block.
pub type Stage = Arc<dyn Fn(&Job, &Doors) -> Result<Outcome> + Send + Sync>;

/// The road: which stage does which task.
#[must_use]
pub fn road() -> Stage {
    Arc::new(stage)
}

/// Works until told to stop, then lets the jobs in hand end. `news` is told when there is something for the relay.
pub async fn run(
    doors: Arc<Doors>,
    stage: Stage,
    news: Arc<Notify>,
    mut stop: watch::Receiver<bool>,
) {
    let jobs = doors.profiles.settings.work.jobs.max(1);
    let permits = Arc::new(Semaphore::new(jobs as usize));
    let (settled, to_confirm) = mpsc::unbounded_channel();
    let confirming = tokio::spawn(confirm(Arc::clone(&doors), to_confirm));
    let (working, protecting) = protect(Arc::clone(&doors));
    let hand = Hand {
        doors: Arc::clone(&doors),
        stage,
        news,
        settled,
        stuck: Arc::default(),
        lines: Arc::default(),
        places: Arc::new(Semaphore::new(jobs as usize)),
        stop: stop.clone(),
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
        let free = free(&permits);
        let is_full = free.is_empty();
        let taken = doors.in_time(take(&doors, free.len())).await;
        let taken = taken.unwrap_or_default();
        if !taken.is_empty() {
            hand.begin(taken, free).await;
            continue;
        }
        drop(free);
        tokio::select! {
            biased;
            () = doors.queue.wait(LOOK) => {}
            _ = permits.acquire(), if is_full => {}
            _ = stop.changed() => {}
        }
    }
    drop(hand);
    let grace = Duration::from_secs(doors.profiles.settings.work.grace_s);
    // What does not end in time is done again by whoever comes next.
    let _ = timeout(grace, confirming).await;
    drop(working);
    // If it broke down, the protection ends by itself.
    let _ = protecting.await;
}

/// Keeps the process from being ended while jobs are in hand; what is to be dropped when there are to be none any more, and its end.
fn protect(doors: Arc<Doors>) -> (oneshot::Sender<()>, JoinHandle<()>) {
    let (working, over) = oneshot::channel();
    let keeping = async move { doors.protection.keep(&doors.measures, over).await };
    (working, tokio::spawn(keeping))
}

/// All permits that are free.
fn free(permits: &Arc<Semaphore>) -> Vec<OwnedSemaphorePermit> {
    let permit = || Arc::clone(permits).try_acquire_owned().ok();
    std::iter::from_fn(permit).take(BATCH).collect()
}

/// Takes messages, up to so many, and those that stand in a line.
async fn take(doors: &Doors, most: usize) -> Result<Vec<Delivery>> {
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let now = doors.clock.now_ms();
    let taken = doors.queue.take(most, now, doors.lease_ms()).await?;
    taken.iter().for_each(|_| reach(Point::JobTaken));
    Ok(taken)
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

/// What a job in hand needs.
#[derive(Clone)]
struct Hand {
    doors: Arc<Doors>,
    stage: Stage,
    /// Told when there is something for the relay.
    news: Arc<Notify>,
    /// Takes what is to be confirmed.
    settled: mpsc::UnboundedSender<Delivery>,
    /// Stages that still run though their jobs' time was over.
    stuck: Arc<AtomicUsize>,
    /// Messages whose jobs are done one after the other.
    lines: Arc<Lines>,
    /// One for each job that is being done; who is done alone has all.
    places: Arc<Semaphore>,
    /// Whether no further job is to be begun.
    stop: watch::Receiver<bool>,
}

impl Hand {
    /// Begins what was taken: a job for each permit, and lines that nobody works off yet.
    async fn begin(&self, taken: Vec<Delivery>, free: Vec<OwnedSemaphorePermit>) {
        let (in_line, alone): (Vec<_>, Vec<_>) =
            taken.into_iter().partition(|one| one.line.is_some());
        let mut waiting = Vec::new();
        for delivery in in_line {
            match delivery.line {
                Some(line) if self.lines.join(line, delivery) => {
                    let hand = self.clone();
                    tokio::spawn(async move { hand.work_off(line).await });
                }
                _ => waiting.push(delivery.job),
            }
        }
        if !waiting.is_empty() {
            tokio::spawn(self.clone().read_ahead(waiting));
        }
        let leases = self.lease(&alone).await.unwrap_or_default();
        for ((delivery, lease), permit) in alone.into_iter().zip(leases).zip(free) {
            let hand = self.clone();
            tokio::spawn(async move {
                // Whatever fails here was logged; the message stays unsettled and comes again.
                let _ = hand.one(delivery, lease).await;
                drop(permit);
            });
        }
    }

    /// Leases the jobs of messages, in one transaction.
    async fn lease(&self, taken: &[Delivery]) -> Result<Vec<Lease>> {
        if taken.is_empty() {
            return Ok(Vec::new());
        }
        let doors = &self.doors;
        let jobs: Vec<_> = taken.iter().map(|delivery| delivery.job).collect();
        let now = doors.clock.now_ms();
        let leased = doors.ledger.lease(&jobs, now, now + doors.lease_ms());
        doors.in_time(leased).await
    }

    /// Works a line off, one after the other: the next is leased with the end of the one before it.
    async fn work_off(&self, line: u32) {
        let mut working = self.lines.work_off(line);
        let mut leased = None;
        while (leased.is_some() || !*self.stop.borrow())
            && let Some(delivery) = working.next()
        {
            // As with one that is done alone.
            leased = self.next_in_line(delivery, leased).await.unwrap_or(None);
        }
    }

    /// The next of a line, leased already or not; what was leased with its end.
    async fn next_in_line(&self, delivery: Delivery, leased: Option<Job>) -> Result<Option<Job>> {
        let lease = match leased {
            Some(job) => Some(Lease::Taken(Box::new(job))),
            None => self.lease(&[delivery]).await?.pop(),
        };
        match lease {
            Some(Lease::Taken(job)) => {
                let _in_hand = self.in_hand(&job);
                return self.leased(*job, Some(delivery)).await;
            }
            Some(lease) => self.one(delivery, lease).await?,
            None => {}
        }
        Ok(None)
    }

    /// Fetches small objects that are to be delivered, as far as they lie far away, while others are delivered.
    async fn read_ahead(self, jobs: Vec<JobId>) {
        let asked = self.doors.ledger.tasks(&jobs);
        // Who delivers them asks once more.
        let tasks = self.doors.in_time(asked).await.unwrap_or_default();
        for task in tasks {
            if let Task::Deliver { object, .. } = task {
                let doors = Arc::clone(&self.doors);
                tokio::task::spawn_blocking(move || doors.vault.store().fetch(&object));
            }
        }
    }

    /// One message, from its job's lease to settling it.
    async fn one(&self, delivery: Delivery, lease: Lease) -> Result<()> {
        match lease {
            Lease::Settled | Lease::Unknown => self.confirm(Some(delivery)),
            Lease::Busy(until) => self.again(delivery, until).await?,
            Lease::Taken(job) => self.on(*job, delivery).await?,
        }
        Ok(())
    }

    /// A job whose message was taken, and those that follow on it, as far as they are done at once.
    async fn on(&self, job: Job, delivery: Delivery) -> Result<()> {
        let _in_hand = self.in_hand(&job);
        let (mut job, mut message) = (job, Some(delivery));
        while let Some(next) = self.leased(job, message.take()).await? {
            job = next;
        }
        Ok(())
    }

    /// A message is in hand, until what is given is dropped.
    fn in_hand(&self, job: &Job) -> (measures::InHand, protection::InHand<'_>) {
        let Doors {
            measures,
            protection,
            ..
        } = &*self.doors;
        let part = Part::of(job.task.step());
        (measures.in_hand(part), protection.in_hand())
    }

    /// A leased job, to the end of its try; the one that is leased with that end.
    async fn leased(&self, job: Job, message: Option<Delivery>) -> Result<Option<Job>> {
        reach(Point::JobLeased);
        let job = Arc::new(job);
        // Until all is recorded: who comes next may end the process.
        let _place = self.while_ours((&job, message), self.place(&job)).await;
        let begun = Instant::now();
        let result = self.perform(&job, message).await;
        let took = begun.elapsed();
        match result {
            Ok(outcome) => {
                reach(Point::JobDone);
                let next = self.done((&job, message), &outcome, took).await?;
                reach(Point::JobRecorded);
                // What is done at once needs no message.
                let untold = next.as_ref().is_some_and(|next| !next.is_told);
                if outcome.next.len() > usize::from(untold) {
                    self.news.notify_one();
                }
                self.confirm(message);
                Ok(next)
            }
            Err(failure) => self.failed(&job, message, (failure, took)).await,
        }
    }

    async fn done(
        &self,
        (job, message): (&Job, Option<Delivery>),
        outcome: &Outcome,
        took: Duration,
    ) -> Result<Option<Job>> {
        let doors = &self.doors;
        let now = doors.clock.now_ms();
        let behind = self.lines.behind(message);
        let on = behind.map_or(On::Following, On::Waiting);
        let goes_on = !*self.stop.borrow();
        let on = goes_on.then(|| (on, now + doors.lease_ms()));
        let recording = doors.ledger.complete(job, outcome, now, on);
        let settled = doors.in_time(recording).await?;
        let step = job.task.step();
        let name = step.name();
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let (end, next) = match settled {
            Settled::Done(next) => {
                for (wrong, times) in &outcome.wrong.0 {
                    doors.measures.wrong(wrong, *times);
                }
                tracing::info!(arrival = %job.arrival, partner = job.partner, step = name, note = outcome.note, ms, "done");
                (End::Done, next)
            }
            Settled::Lost => {
                tracing::warn!(arrival = %job.arrival, step = name, "the lease was lost: what was done counts for nothing");
                (End::Lost, None)
            }
        };
        doors.measures.tried(step, end, took);
        Ok(next.map(|next| *next))
    }

    async fn failed(
        &self,
        job: &Job,
        message: Option<Delivery>,
        (failure, took): (Failure, Duration),
    ) -> Result<Option<Job>> {
        let doors = &self.doors;
        let now = doors.clock.now_ms();
        let retry = &doors.profiles.settings.retry;
        let again = matches!(failure, Failure::Transient(_)) && job.attempt < retry.attempts;
        let again_ms = again.then(|| now + delay_ms(doors, job));
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
        match (again_ms, message) {
            (Some(at), Some(delivery)) => self.again(delivery, at).await?,
            (_, message) => self.confirm(message),
        }
        Ok(None)
    }

    /// Lets the stage do its work on a thread where it may block, as long as it may take.
    async fn perform(&self, job: &Arc<Job>, message: Option<Delivery>) -> Result<Outcome> {
        let doors = &self.doors;
        let Settings { work, retry, .. } = &doors.profiles.settings;
        let has_killed = job.was_left && job.lefts >= retry.lefts.min(retry.attempts);
        if has_killed || job.attempt > retry.attempts {
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
        let its_stage = Arc::clone(&self.stage);
        let mut stage = tokio::task::spawn_blocking(move || its_stage(&its_job, &its_doors));
        let end = timeout(Duration::from_secs(work.job_s), &mut stage);
        match self.while_ours((job, message), end).await {
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
        let is_suspect = job.was_left && job.lefts >= SUSPECT.min(retry.attempts.saturating_sub(1));
        let places = if is_suspect { work.jobs.max(1) } else { 1 };
        // It fails only if there are none any more.
        self.places.acquire_many(places).await.ok()
    }

    /// Waits for something, and says meanwhile that the job is still ours, and its message, and those that wait behind it.
    async fn while_ours<T>(
        &self,
        (job, message): (&Job, Option<Delivery>),
        awaited: impl Future<Output = T>,
    ) -> T {
        let doors = &self.doors;
        // A beat may come late before the lease ends.
        let beat = Duration::from_secs(doors.profiles.settings.work.lease_s.max(1)) / 3;
        tokio::pin!(awaited);
        loop {
            tokio::select! {
                biased;
                done = &mut awaited => return done,
                () = tokio::time::sleep(beat) => {
                    // A lease that is lost shows when the job is to be completed, a message that is lost does no harm.
                    let until = doors.clock.now_ms() + doors.lease_ms();
                    let _ = doors.in_time(doors.ledger.renew(job, until)).await;
                    let held = self.lines.held(message);
                    let _ = doors.in_time(doors.queue.keep(&held, until)).await;
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

    /// Says that a message is settled, if there was one.
    fn confirm(&self, message: Option<Delivery>) {
        if let Some(delivery) = message {
            // If nobody confirms any more, it comes again.
            let _ = self.settled.send(delivery);
        }
    }
}

/// The delay before the next try: twice as long each time, and a part of it as chance wants that is in the job's name, so that what failed
/// together comes apart.
fn delay_ms(doors: &Doors, job: &Job) -> i64 {
    let retry = &doors.profiles.settings.retry;
    let doubled = retry
        .first_ms
        .saturating_mul(1 << job.attempt.saturating_sub(1).min(20));
    let whole = doubled.min(retry.most_ms);
    let (high, low) = job.id.0.as_u64_pair();
    let chance = (high ^ low).rotate_left(job.attempt % 64);
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
