//! A ledger that is a table in memory: what the databases do, said once more and simpler. `model` holds them against each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use x12_pipeline::failure::{Failure, Result};
use x12_pipeline::job::{Fact, InterchangeFact, Job, Outcome, Task};
use x12_pipeline::ledger::{
    Arrival, ArrivalRow, JobRow, Lease, Ledger, Number, On, Reference, Replay, Settled, Standing,
    UnitRow, Waiting,
};
use x12_pipeline::object::{JobId, ObjectId};
use x12_pipeline::queue::{Notice, Part};

use super::world::{Process, World};

/// Jobs and outbox.
#[derive(Clone, Default)]
pub struct Rows {
    pub jobs: BTreeMap<JobId, Row>,
    /// Jobs whose messages are to be published, by when.
    pub outbox: BTreeMap<JobId, i64>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stand {
    Ready,
    Leased,
    Done,
    Dead(&'static str),
}

#[derive(Clone)]
pub struct Row {
    pub arrival: JobId,
    pub task: Task,
    pub stand: Stand,
    pub attempts: u32,
    lefts: u32,
    fence: i64,
    until_ms: i64,
    due_ms: i64,
    changed_ms: i64,
}

/// How far clocks may be apart (`limits::CLOCK_SKEW_MS`).
const SKEW_MS: i64 = x12_pipeline::limits::CLOCK_SKEW_MS;

pub const PARTNER: &str = "acme";

impl Rows {
    /// Puts a job in, leased under a fence until a moment if there is one.
    pub fn insert(
        &mut self,
        id: JobId,
        arrival: JobId,
        task: Task,
        (now, leased): (i64, Option<(i64, i64)>),
    ) {
        let row = Row {
            arrival,
            stand: leased.map_or(Stand::Ready, |_| Stand::Leased),
            attempts: leased.map_or(0, |_| 1),
            lefts: 0,
            fence: leased.unwrap_or_default().0,
            until_ms: leased.unwrap_or_default().1,
            due_ms: task.due_ms(),
            changed_ms: now,
            task,
        };
        let is_leased = leased.is_some();
        self.jobs.entry(id).or_insert(row);
        if !is_leased {
            self.outbox.entry(id).or_insert(now);
        }
    }

    /// The row of a job whose lease holds.
    fn held(&mut self, job: &Job) -> Option<&mut Row> {
        let row = self.jobs.get_mut(&job.id)?;
        (row.stand == Stand::Leased && row.fence == job.fence).then_some(row)
    }

    pub fn lease(&mut self, id: JobId, now: i64, until: i64) -> Lease {
        let Some(row) = self.jobs.get_mut(&id) else {
            return Lease::Unknown;
        };
        let is_sane = row.changed_ms <= now + SKEW_MS;
        match row.stand {
            Stand::Ready if row.due_ms > now && is_sane => return Lease::Busy(row.due_ms),
            Stand::Leased if row.until_ms > now && is_sane => return Lease::Busy(row.until_ms),
            Stand::Ready | Stand::Leased => {}
            Stand::Done | Stand::Dead(_) => return Lease::Settled,
        }
        let was_left = row.stand == Stand::Leased;
        let attempt = row.attempts + 1;
        if !was_left {
            row.attempts = attempt;
        }
        row.stand = Stand::Leased;
        row.fence += 1;
        (row.until_ms, row.changed_ms) = (until, now);
        Lease::Taken(Box::new(Job {
            id,
            arrival: row.arrival,
            partner: PARTNER.to_owned(),
            task: row.task.clone(),
            attempt,
            was_left,
            lefts: row.lefts + u32::from(was_left),
            is_told: true,
            fence: row.fence,
            received_ms: super::world::BEGIN_MS,
        }))
    }

    pub fn begin(&mut self, job: &Job) -> bool {
        let held = self.held(job);
        let held = held.map(|row| (row.attempts, row.lefts) = (job.attempt, job.lefts));
        held.is_some()
    }

    pub fn renew(&mut self, job: &Job, until: i64) -> bool {
        self.held(job).map(|row| row.until_ms = until).is_some()
    }

    pub fn complete(
        &mut self,
        job: &Job,
        next: &[Task],
        now: i64,
        on: Option<(On, i64)>,
    ) -> Settled {
        let Some(row) = self.held(job) else {
            return Settled::Lost;
        };
        (row.stand, row.changed_ms, row.due_ms) = (Stand::Done, now, 0);
        let following = match on {
            Some((On::Following, until)) => Some(until),
            _ => None,
        };
        let mut leased = None;
        for (ordinal, task) in (0..).zip(next) {
            let id = job.id.following(task.step(), ordinal);
            let until = following.filter(|_| leased.is_none() && job.leads_to(task));
            let of_lease = until.map(|until| (job.fence, until));
            self.insert(id, job.arrival, task.clone(), (now, of_lease));
            if until.is_some() {
                leased = Some(Box::new(Job {
                    id,
                    task: task.clone(),
                    attempt: 1,
                    was_left: false,
                    lefts: 0,
                    is_told: false,
                    ..job.clone()
                }));
            }
        }
        if let Some((On::Waiting(waiting), until)) = on
            && let Lease::Taken(job) = self.lease(waiting, now, until)
        {
            leased = Some(job);
        }
        Settled::Done(leased)
    }

    pub fn fail(&mut self, job: &Job, failure: Failure, again: Option<i64>, now: i64) -> bool {
        let Some(row) = self.held(job) else {
            return false;
        };
        row.stand = again.map_or(Stand::Dead(failure.reason().code), |_| Stand::Ready);
        (row.due_ms, row.changed_ms) = (again.unwrap_or_default(), now);
        if let Some(at) = again.filter(|_| !job.is_told) {
            self.outbox.entry(job.id).or_insert(at);
        }
        true
    }

    /// What is due, oldest first; if nothing is, what can only have been put there by a clock that is wrong.
    pub fn due(&self, now: i64) -> Vec<Notice> {
        let of = |is_due: &dyn Fn(i64) -> bool| {
            let mut due: Vec<_> = self.outbox.iter().filter(|&(_, &at)| is_due(at)).collect();
            due.sort_by_key(|&(_, &at)| at);
            let jobs = due.into_iter().map(|(&job, _)| job);
            jobs.map(|job| self.notice(job)).collect::<Vec<_>>()
        };
        let due = of(&|at| at <= now);
        if due.is_empty() {
            return of(&|at| at > now + SKEW_MS);
        }
        due
    }

    /// Jobs that are not in the outbox, and for which something holds, oldest first.
    pub fn untold(&self, holds: impl Fn(&Row) -> bool) -> Vec<Notice> {
        let mut untold: Vec<_> = self
            .jobs
            .iter()
            .filter(|&(job, row)| holds(row) && !self.outbox.contains_key(job))
            .collect();
        untold.sort_by_key(|(_, row)| row.changed_ms);
        untold
            .into_iter()
            .map(|(&job, _)| self.notice(job))
            .collect()
    }

    pub fn silent(&self, before: i64) -> Vec<Notice> {
        self.untold(|row| {
            let is_silent = match row.stand {
                Stand::Ready => row.due_ms < before,
                Stand::Leased => row.until_ms < before,
                Stand::Done | Stand::Dead(_) => false,
            };
            is_silent && row.changed_ms < before
        })
    }

    pub fn left(&self, now: i64, for_ms: i64) -> Vec<Notice> {
        let left = self.untold(|row| {
            row.stand == Stand::Leased
                && row.until_ms < now - for_ms
                && row.changed_ms < row.until_ms
        });
        if left.is_empty() {
            return self.untold(|row| row.stand == Stand::Leased && row.changed_ms > now + SKEW_MS);
        }
        left
    }

    pub fn remind(&mut self, job: JobId, now: i64) {
        let row = self.jobs.get_mut(&job);
        let row = row.filter(|row| matches!(row.stand, Stand::Ready | Stand::Leased));
        if let Some(row) = row {
            if row.changed_ms > now + SKEW_MS {
                row.until_ms = now;
            }
            row.changed_ms = now;
            self.outbox.entry(job).or_insert(now);
        }
    }

    fn notice(&self, job: JobId) -> Notice {
        let row = &self.jobs[&job];
        Notice {
            job,
            arrival: row.arrival,
            step: row.task.step(),
            partner: PARTNER.to_owned(),
        }
    }
}

/// The ledger as a process sees it.
pub struct SimulatedLedger {
    pub world: Arc<World>,
    pub who: Process,
}

/// Nothing of the settling asks for it.
fn not_asked<T>() -> Result<T> {
    Err(Failure::permanent("not-simulated", "nobody asks for this"))
}

#[async_trait]
impl Ledger for SimulatedLedger {
    async fn lease(&self, jobs: &[JobId], now_ms: i64, until_ms: i64) -> Result<Vec<Lease>> {
        let jobs = jobs.to_vec();
        let what = format!("lease {}", jobs.first().map_or(JobId::NONE, |job| *job));
        self.world
            .ask(self.who, &what, move |state| {
                let jobs = jobs.into_iter();
                jobs.map(|job| state.rows_now().lease(job, now_ms, until_ms))
                    .collect()
            })
            .await
    }

    async fn begin(&self, job: &Job) -> Result<bool> {
        let (what, job) = (format!("begin {}", job.id), job.clone());
        self.world
            .ask(self.who, &what, move |state| state.rows_now().begin(&job))
            .await
    }

    async fn renew(&self, job: &Job, until_ms: i64) -> Result<bool> {
        let (what, job) = (format!("renew {}", job.id), job.clone());
        self.world
            .ask(self.who, &what, move |state| {
                state.rows_now().renew(&job, until_ms)
            })
            .await
    }

    async fn complete(
        &self,
        job: &Job,
        outcome: &Outcome,
        now_ms: i64,
        on: Option<(On, i64)>,
    ) -> Result<Settled> {
        let (what, job) = (format!("complete {} {}", job.id, job.fence), job.clone());
        let next = outcome.next.clone();
        self.world
            .ask(self.who, &what, move |state| {
                match Part::of(job.task.step()).is_shared() {
                    true => state.rows_soon().complete(&job, &next, now_ms, on),
                    false => state.rows_now().complete(&job, &next, now_ms, on),
                }
            })
            .await
    }

    async fn tasks(&self, _: &[JobId]) -> Result<Vec<Task>> {
        not_asked()
    }

    async fn fail(
        &self,
        job: &Job,
        failure: Failure,
        again_ms: Option<i64>,
        now_ms: i64,
    ) -> Result<bool> {
        if failure.reason().code == super::road::KILLS {
            self.world.kill(self.who);
        }
        let (what, job) = (format!("fail {} {}", job.id, job.fence), job.clone());
        self.world
            .ask(self.who, &what, move |state| {
                state.rows_now().fail(&job, failure, again_ms, now_ms)
            })
            .await
    }

    async fn outbox(&self, now_ms: i64, most: u32) -> Result<Vec<Notice>> {
        self.world
            .ask(self.who, "outbox", move |state| {
                let mut due = state.rows.due(now_ms);
                due.truncate(most as usize);
                due
            })
            .await
    }

    async fn postpone(&self, jobs: &[JobId], until_ms: i64) -> Result<()> {
        let jobs = jobs.to_vec();
        self.world
            .ask(self.who, "postpone", move |state| {
                let outbox = &mut state.rows_now().outbox;
                for job in jobs {
                    outbox.entry(job).and_modify(|at| *at = until_ms);
                }
            })
            .await
    }

    async fn published(&self, jobs: &[JobId]) -> Result<()> {
        let jobs = jobs.to_vec();
        let what = format!("published {}", jobs.first().map_or(JobId::NONE, |job| *job));
        self.world
            .ask(self.who, &what, move |state| {
                state
                    .rows_soon()
                    .outbox
                    .retain(|job, _| !jobs.contains(job));
            })
            .await
    }

    async fn silent(&self, before_ms: i64, _: u32) -> Result<Vec<Notice>> {
        self.world
            .ask(self.who, "silent", move |state| {
                state.rows.silent(before_ms)
            })
            .await
    }

    async fn left(&self, now_ms: i64, for_ms: i64, _: u32) -> Result<Vec<Notice>> {
        self.world
            .ask(self.who, "left", move |state| {
                state.rows.left(now_ms, for_ms)
            })
            .await
    }

    async fn remind(&self, jobs: &[JobId], now_ms: i64) -> Result<()> {
        let jobs = jobs.to_vec();
        self.world
            .ask(self.who, "remind", move |state| {
                jobs.iter()
                    .for_each(|job| state.rows_now().remind(*job, now_ms));
            })
            .await
    }

    async fn arrive(&self, _: &[Arrival]) -> Result<Vec<JobId>> {
        not_asked()
    }

    async fn note(&self, _: &Job, _: &[Fact]) -> Result<bool> {
        not_asked()
    }

    async fn batch(&self, _: JobId) -> Result<Vec<ObjectId>> {
        not_asked()
    }

    async fn interchanges(&self, _: JobId) -> Result<Vec<InterchangeFact>> {
        not_asked()
    }

    async fn draw(&self, _: &Job, _: Number, _: u32) -> Result<u32> {
        not_asked()
    }

    async fn claim(&self, _: &Job, _: &str, _: i64) -> Result<Option<JobId>> {
        not_asked()
    }

    async fn sent(&self, _: &str, _: &Reference<'_>) -> Result<Option<String>> {
        not_asked()
    }

    async fn replay(&self, _: &str, _: JobId, _: i64) -> Result<Option<Replay>> {
        not_asked()
    }

    async fn arrived(&self) -> Result<Vec<(String, String, i64)>> {
        not_asked()
    }

    async fn waiting(&self) -> Result<Vec<Waiting>> {
        not_asked()
    }

    async fn standing(&self) -> Result<Standing> {
        not_asked()
    }

    async fn arrivals(&self, _: Option<&str>, _: u32) -> Result<Vec<ArrivalRow>> {
        not_asked()
    }

    async fn find(&self, _: &str) -> Result<Vec<ArrivalRow>> {
        not_asked()
    }

    async fn jobs(&self, _: &str) -> Result<Vec<JobRow>> {
        not_asked()
    }

    async fn units(&self, _: &str, _: u32) -> Result<Vec<UnitRow>> {
        not_asked()
    }
}
