//! The ledger in the database: arrivals, jobs with their leases, the outbox, numbers.

use std::collections::HashMap;

use async_trait::async_trait;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::{Database, column, unavailable};
use crate::failure::{Failure, Result};
use crate::job::{Fact, InterchangeFact, Job, Outcome, Task};
use crate::ledger::{
    Arrival, ArrivalRow, JobRow, Lease, Ledger, Number, On, Reference, Replay, Settled, Standing,
    UnitRow, Waiting,
};
use crate::limits::CLOCK_SKEW_MS;
use crate::object::{JobId, ObjectId, Step};
use crate::queue::{Notice, Part};

/// The greatest control number: nine digits.
const NUMBER_MOST: i64 = 999_999_999;

#[async_trait]
impl Ledger for Database {
    async fn arrive(&self, arrivals: &[Arrival]) -> Result<Vec<JobId>> {
        let mut change = self.change().await?;
        let mut known_as = Vec::new();
        for arrival in arrivals {
            known_as.push(arrive(arrival, &mut change).await?);
        }
        change.commit().await?;
        Ok(known_as)
    }

    async fn lease(&self, jobs: &[JobId], now_ms: i64, until_ms: i64) -> Result<Vec<Lease>> {
        let mut change = self.change().await?;
        let mut leases = HashMap::new();
        for job in in_order(jobs) {
            let lease = super::lease::take(job, (now_ms, until_ms), &mut change).await?;
            leases.insert(job, lease);
        }
        change.commit().await?;
        // One that is asked for twice is had once.
        let leased = |job| leases.remove(job).unwrap_or(Lease::Busy(until_ms));
        Ok(jobs.iter().map(leased).collect())
    }

    async fn begin(&self, job: &Job) -> Result<bool> {
        let begun = sqlx::query(
            "UPDATE job SET attempts = $3, lefts = $4 WHERE id = $1 AND fence = $2 AND state = 'leased'",
        )
        .bind(job.id.to_string())
        .bind(job.fence)
        .bind(i64::from(job.attempt))
        .bind(i64::from(job.lefts));
        Ok(self.writers.execute(begun).await? == 1)
    }

    async fn renew(&self, job: &Job, until_ms: i64) -> Result<bool> {
        let renewed = sqlx::query(
            "UPDATE job SET lease_until_ms = $3 WHERE id = $1 AND fence = $2 AND state = 'leased'",
        )
        .bind(job.id.to_string())
        .bind(job.fence)
        .bind(until_ms);
        Ok(self.writers.execute(renewed).await? == 1)
    }

    async fn note(&self, job: &Job, facts: &[Fact]) -> Result<bool> {
        let mut change = self.change().await?;
        if !is_leased(job, &mut change).await? {
            return Ok(false);
        }
        super::facts::record(job, facts, &mut change).await?;
        change.commit().await?;
        Ok(true)
    }

    async fn complete(
        &self,
        job: &Job,
        outcome: &Outcome,
        now_ms: i64,
        on: Option<(On, i64)>,
    ) -> Result<Settled> {
        // What leaves the house has a lease that waited for the disk, and so for all that was recorded before. If what leads there is lost
        // with the power, it is made again, and is the same.
        let mut change = match Part::of(job.task.step()).is_shared() {
            true => self.change_soon().await?,
            false => self.change().await?,
        };
        // What is followed by something does not end its arrival.
        let may_end = outcome.next.is_empty();
        if may_end {
            self.lock(job, &mut change).await?;
        }
        let end = End {
            state: "done",
            reason: "",
            note: &outcome.note,
            due_ms: 0,
            now_ms,
        };
        if !end.record(job, &mut change).await? {
            return Ok(Settled::Lost);
        }
        let following = on.and_then(|(on, until_ms)| match on {
            On::Following => Some(until_ms),
            On::Waiting(_) => None,
        });
        let mut next = follow(job, &outcome.next, (now_ms, following), &mut change).await?;
        super::facts::record(job, &outcome.facts, &mut change).await?;
        if may_end {
            super::batch::settle(job, (end.state, now_ms), &mut change).await?;
            settle_arrival(&job.arrival.to_string(), &mut change).await?;
        }
        if let Some((On::Waiting(waiting), until_ms)) = on
            && let Lease::Taken(job) =
                super::lease::take(waiting, (now_ms, until_ms), &mut change).await?
        {
            next = Some(*job);
        }
        change.commit().await?;
        Ok(Settled::Done(next.map(Box::new)))
    }

    async fn tasks(&self, jobs: &[JobId]) -> Result<Vec<Task>> {
        let mut tasks = Vec::new();
        for job in jobs {
            let query = sqlx::query("SELECT task FROM job WHERE id = $1");
            for row in self.readers.rows(query.bind(job.to_string())).await? {
                tasks.push(task(column(&row, "task")?)?);
            }
        }
        Ok(tasks)
    }

    async fn batch(&self, job: JobId) -> Result<Vec<ObjectId>> {
        self.read_batch(job).await
    }

    async fn fail(
        &self,
        job: &Job,
        failure: Failure,
        again_ms: Option<i64>,
        now_ms: i64,
    ) -> Result<bool> {
        let mut change = self.change().await?;
        self.lock(job, &mut change).await?;
        let state = match (failure, again_ms) {
            (_, Some(_)) => "ready",
            (Failure::Quarantine(_), None) => "quarantined",
            (_, None) => "dead",
        };
        let end = End {
            state,
            reason: failure.reason().code,
            note: failure.reason().text,
            due_ms: again_ms.unwrap_or_default(),
            now_ms,
        };
        if !end.record(job, &mut change).await? {
            return Ok(false);
        }
        if let Some(at_ms) = again_ms.filter(|_| !job.is_told) {
            put_out(job.id, at_ms, &mut change).await?;
        }
        super::batch::settle(job, (state, now_ms), &mut change).await?;
        settle_arrival(&job.arrival.to_string(), &mut change).await?;
        change.commit().await?;
        Ok(true)
    }

    async fn interchanges(&self, arrival: JobId) -> Result<Vec<InterchangeFact>> {
        super::facts::interchanges(arrival, &self.readers).await
    }

    async fn draw(&self, job: &Job, number: Number, ordinal: u32) -> Result<u32> {
        let mut change = self.change().await?;
        let known =
            sqlx::query("SELECT value FROM drawn WHERE job = $1 AND kind = $2 AND ordinal = $3")
                .bind(job.id.to_string())
                .bind(number.name())
                .bind(i64::from(ordinal))
                .fetch_optional(&mut *change)
                .await
                .map_err(|error| unavailable(&error))?;
        let value: i64 = match known {
            Some(row) => column(&row, "value")?,
            None => draw_next(job, number, ordinal, &mut change).await?,
        };
        change.commit().await?;
        u32::try_from(value).map_err(|_| {
            Failure::permanent("number-broken", "a control number of the ledger is none")
        })
    }

    async fn claim(&self, job: &Job, key: &str, since_ms: i64) -> Result<Option<JobId>> {
        let mut change = self.change_soon().await?;
        let row = sqlx::query(
            "INSERT INTO claimed (partner, control, arrival, claimed_ms) \
             VALUES ($1, $2, (SELECT CASE replay_of WHEN '' THEN id ELSE replay_of END FROM arrival WHERE id = $3), $4) \
             ON CONFLICT (partner, control) DO UPDATE SET \
             arrival = CASE WHEN claimed.claimed_ms < $5 THEN excluded.arrival ELSE claimed.arrival END, \
             claimed_ms = CASE WHEN claimed.claimed_ms < $5 THEN excluded.claimed_ms ELSE claimed.claimed_ms END \
             RETURNING arrival, (SELECT CASE replay_of WHEN '' THEN id ELSE replay_of END FROM arrival WHERE id = $3) AS mine",
        )
        .bind(&job.partner)
        .bind(key)
        .bind(job.arrival.to_string())
        .bind(job.received_ms)
        .bind(since_ms)
        .fetch_one(&mut *change)
        .await
        .map_err(|error| unavailable(&error))?;
        change.commit().await?;
        let (owner, mine): (&str, &str) = (column(&row, "arrival")?, column(&row, "mine")?);
        if owner == mine {
            Ok(None)
        } else {
            id(owner).map(Some)
        }
    }

    async fn sent(&self, partner: &str, what: &Reference<'_>) -> Result<Option<String>> {
        let (table, numbers) = match *what {
            Reference::Interchange { isa13 } => ("interchange WHERE isa13 = $2", &[isa13][..]),
            Reference::Group { gs01, gs06 } => (
                "functional_group WHERE gs06 = $2 AND gs01 = $3",
                &[gs06, gs01][..],
            ),
            // The digest is of the partner and the reference.
            Reference::Batch { digest } => (
                "transaction_set JOIN arrival ON id = arrival WHERE digest = $2 AND digest <> ''",
                &[digest][..],
            ),
            Reference::Set { gs06, st01, st02 } => (
                "functional_group JOIN transaction_set USING (arrival, interchange) \
                 WHERE functional_group.gs06 = $2 AND st01 = $3 AND st02 = $4 \
                 AND transaction_set.functional_group = functional_group.ordinal",
                &[gs06, st01, st02][..],
            ),
        };
        let statement = format!(
            "SELECT MAX(arrival) AS arrival FROM {table} AND partner = $1 AND direction = 'outbound'"
        );
        let mut query = sqlx::query(AssertSqlSafe(statement)).bind(partner);
        for &number in numbers {
            query = query.bind(number);
        }
        let rows = self.readers.rows(query).await?;
        rows.first().map_or(Ok(None), |row| column(row, "arrival"))
    }

    async fn outbox(&self, now_ms: i64, most: u32) -> Result<Vec<Notice>> {
        let due = ("due_ms <= $1", now_ms);
        let due = self.take_from_outbox(due, now_ms, most).await?;
        if !due.is_empty() {
            return Ok(due);
        }
        let insane = ("due_ms > $1", now_ms + CLOCK_SKEW_MS);
        self.take_from_outbox(insane, now_ms, most).await
    }

    async fn postpone(&self, jobs: &[JobId], until_ms: i64) -> Result<()> {
        let mut change = self.change_soon().await?;
        super::remind::put_off(jobs, until_ms, &mut change).await?;
        change.commit().await
    }

    async fn published(&self, jobs: &[JobId]) -> Result<()> {
        // What comes back with the power is published twice.
        let mut change = self.change_soon().await?;
        for job in in_order(jobs) {
            sqlx::query("DELETE FROM outbox WHERE job = $1")
                .bind(job.to_string())
                .execute(&mut *change)
                .await
                .map_err(|error| unavailable(&error))?;
        }
        change.commit().await
    }

    async fn silent(&self, before_ms: i64, most: u32) -> Result<Vec<Notice>> {
        self.read_silent(before_ms, most).await
    }

    async fn left(&self, now_ms: i64, for_ms: i64, most: u32) -> Result<Vec<Notice>> {
        self.read_left(now_ms, for_ms, most).await
    }

    async fn remind(&self, jobs: &[JobId], now_ms: i64) -> Result<()> {
        self.put_out_again(jobs, now_ms).await
    }

    async fn replay(&self, original: &str, replay: JobId, now_ms: i64) -> Result<Option<Replay>> {
        self.replay_once(original, replay, now_ms).await
    }

    async fn arrived(&self) -> Result<Vec<(String, String, i64)>> {
        self.read_arrived().await
    }

    async fn waiting(&self) -> Result<Vec<Waiting>> {
        self.read_waiting().await
    }

    async fn standing(&self) -> Result<Standing> {
        self.read_standing().await
    }

    async fn arrivals(&self, state: Option<&str>, most: u32) -> Result<Vec<ArrivalRow>> {
        let condition = match state {
            Some(_) => "state = $1",
            // All: there is no value.
            None => "$1 = ''",
        };
        let of = (condition, state.unwrap_or_default());
        self.read_arrivals(of, most).await
    }

    async fn find(&self, part: &str) -> Result<Vec<ArrivalRow>> {
        let plain: String = part
            .chars()
            .filter(|c| c.is_ascii_hexdigit() || *c == '-')
            .collect();
        let condition = "id LIKE $1 || '%' OR id LIKE '%' || $1";
        self.read_arrivals((condition, &plain), 100).await
    }

    async fn jobs(&self, arrival: &str) -> Result<Vec<JobRow>> {
        self.read_jobs(arrival).await
    }

    async fn units(&self, arrival: &str, most: u32) -> Result<Vec<UnitRow>> {
        self.read_units(arrival, most).await
    }
}

/// Records an arrival with its first job; as which it is known, if the same transfer came before as that.
async fn arrive(arrival: &Arrival, change: &mut AnyConnection) -> Result<JobId> {
    let inserted = sqlx::query(
            "INSERT INTO arrival (id, partner, direction, identity, name, bytes, received_ms, state, reason, replay_of) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', '', $8) ON CONFLICT (identity) DO NOTHING",
        )
        .bind(arrival.id.to_string())
        .bind(&arrival.partner)
        .bind(arrival.direction.name())
        .bind(&arrival.identity)
        .bind(&arrival.name)
        .bind(i64::try_from(arrival.bytes).unwrap_or(i64::MAX))
        .bind(arrival.received_ms)
        .bind(arrival.replay_of.map(|id| id.to_string()).unwrap_or_default())
        .execute(&mut *change)
        .await
        .map_err(|error| unavailable(&error))?;
    if inserted.rows_affected() == 0 {
        let known = sqlx::query("SELECT id FROM arrival WHERE identity = $1")
            .bind(&arrival.identity)
            .fetch_one(change)
            .await
            .map_err(|error| unavailable(&error))?;
        return id(column(&known, "id")?);
    }
    let made = Made {
        id: arrival.id.following(arrival.first.step(), 0),
        arrival: arrival.id,
        partner: &arrival.partner,
        now_ms: arrival.received_ms,
    };
    made.insert(&arrival.first, change).await?;
    Ok(arrival.id)
}

/// A job that comes to be, and its message.
pub(super) struct Made<'a> {
    pub(super) id: JobId,
    pub(super) arrival: JobId,
    pub(super) partner: &'a str,
    pub(super) now_ms: i64,
}

impl Made<'_> {
    /// Puts it into the ledger, and its message into the outbox.
    pub(super) async fn insert(&self, task: &Task, change: &mut AnyConnection) -> Result<()> {
        self.record(task, None, change).await?;
        put_out(self.id, self.now_ms, change).await
    }

    /// Puts it into the ledger, leased under a fence until a moment if there is one; false if it is there already.
    async fn record(
        &self,
        task: &Task,
        leased: Option<(i64, i64)>,
        change: &mut AnyConnection,
    ) -> Result<bool> {
        let words = serde_json::to_string(task)
            .map_err(|_| Failure::permanent("task-broken", "a task could not be written down"))?;
        let (state, tries) = match leased {
            Some(_) => ("leased", 1),
            None => ("ready", 0),
        };
        let (fence, until_ms) = leased.unwrap_or_default();
        let inserted = sqlx::query(
            "INSERT INTO job (id, arrival, partner, step, task, state, attempts, fence, lease_until_ms, due_ms, created_ms, changed_ms, \
             reason, note, leader) VALUES ($1, $2, $3, $4, $5, $8, $9, $10, $11, $7, $6, $6, '', '', '') ON CONFLICT (id) DO NOTHING",
        )
        .bind(self.id.to_string())
        .bind(self.arrival.to_string())
        .bind(self.partner)
        .bind(task.step().name())
        .bind(words)
        .bind(self.now_ms)
        .bind(task.due_ms())
        .bind(state)
        .bind(tries)
        .bind(fence)
        .bind(until_ms)
        .execute(&mut *change)
        .await
        .map_err(|error| unavailable(&error))?;
        Ok(inserted.rows_affected() == 1)
    }
}

/// Puts what follows a job into the ledger; what of it is leased at once, if somebody asks for that until a moment.
async fn follow(
    job: &Job,
    next: &[Task],
    (now_ms, on_until_ms): (i64, Option<i64>),
    change: &mut AnyConnection,
) -> Result<Option<Job>> {
    let mut on = None;
    for (ordinal, task) in (0..).zip(next) {
        let made = Made {
            id: job.id.following(task.step(), ordinal),
            arrival: job.arrival,
            partner: &job.partner,
            now_ms,
        };
        let until = on_until_ms.filter(|_| on.is_none() && job.leads_to(task));
        // Who did the one has the other, and nobody else, be it that the power failed in between.
        let leased = until.map(|until_ms| (job.fence, until_ms));
        if leased.is_none() {
            made.insert(task, change).await?;
        } else if made.record(task, leased, change).await? {
            on = Some(Job {
                id: made.id,
                task: task.clone(),
                attempt: 1,
                was_left: false,
                lefts: 0,
                is_told: false,
                ..job.clone()
            });
        }
    }
    Ok(on)
}

/// Puts a job's message into the outbox, to be published at a moment.
pub(super) async fn put_out(job: JobId, due_ms: i64, change: &mut AnyConnection) -> Result<()> {
    sqlx::query("INSERT INTO outbox (job, due_ms) VALUES ($1, $2) ON CONFLICT (job) DO NOTHING")
        .bind(job.to_string())
        .bind(due_ms)
        .execute(&mut *change)
        .await
        .map_err(|error| unavailable(&error))?;
    Ok(())
}

/// How a lease ends.
struct End<'a> {
    state: &'a str,
    reason: &'a str,
    note: &'a str,
    due_ms: i64,
    now_ms: i64,
}

impl End<'_> {
    /// False, and nothing changed, if the lease is lost.
    async fn record(&self, job: &Job, change: &mut AnyConnection) -> Result<bool> {
        let updated = sqlx::query(
            "UPDATE job SET state = $3, reason = $4, note = $5, due_ms = $6, changed_ms = $7 \
             WHERE id = $1 AND fence = $2 AND state = 'leased'",
        )
        .bind(job.id.to_string())
        .bind(job.fence)
        .bind(self.state)
        .bind(self.reason)
        .bind(self.note)
        .bind(self.due_ms)
        .bind(self.now_ms)
        .execute(&mut *change)
        .await
        .map_err(|error| unavailable(&error))?;
        Ok(updated.rows_affected() == 1)
    }
}

/// Whether a job's lease still holds.
async fn is_leased(job: &Job, change: &mut AnyConnection) -> Result<bool> {
    let row = sqlx::query("SELECT 1 FROM job WHERE id = $1 AND fence = $2 AND state = 'leased'")
        .bind(job.id.to_string())
        .bind(job.fence)
        .fetch_optional(&mut *change)
        .await
        .map_err(|error| unavailable(&error))?;
    Ok(row.is_some())
}

/// An arrival ends when nothing of it is to be done: in one state, and the gravest.
pub(super) async fn settle_arrival(arrival: &str, change: &mut AnyConnection) -> Result<()> {
    sqlx::query(
        "UPDATE arrival SET state = CASE \
         WHEN EXISTS (SELECT 1 FROM job WHERE arrival = $1 AND state IN ('ready', 'leased', 'batched')) THEN 'open' \
         WHEN EXISTS (SELECT 1 FROM job WHERE arrival = $1 AND state = 'quarantined') THEN 'quarantined' \
         WHEN EXISTS (SELECT 1 FROM job WHERE arrival = $1 AND state = 'dead') THEN 'dead' \
         ELSE 'delivered' END, \
         reason = COALESCE((SELECT MAX(reason) FROM job WHERE arrival = $1 AND state IN ('quarantined', 'dead')), '') WHERE id = $1",
    )
    .bind(arrival)
    .execute(&mut *change)
    .await
    .map_err(|error| unavailable(&error))?;
    Ok(())
}

async fn draw_next(
    job: &Job,
    number: Number,
    ordinal: u32,
    change: &mut AnyConnection,
) -> Result<i64> {
    let row = sqlx::query(
        "INSERT INTO counter (partner, kind, next) VALUES ($1, $2, 2) ON CONFLICT (partner, kind) \
         DO UPDATE SET next = CASE WHEN counter.next >= $3 THEN 1 ELSE counter.next + 1 END RETURNING next",
    )
    .bind(&job.partner)
    .bind(number.name())
    .bind(NUMBER_MOST)
    .fetch_one(&mut *change)
    .await
    .map_err(|error| unavailable(&error))?;
    let next: i64 = column(&row, "next")?;
    let value = if next == 1 { NUMBER_MOST } else { next - 1 };
    sqlx::query("INSERT INTO drawn (job, kind, ordinal, value) VALUES ($1, $2, $3, $4)")
        .bind(job.id.to_string())
        .bind(number.name())
        .bind(i64::from(ordinal))
        .bind(value)
        .execute(&mut *change)
        .await
        .map_err(|error| unavailable(&error))?;
    Ok(value)
}

/// Jobs in the order in which all change them that change several at a time: so nobody waits for who waits for him.
pub(super) fn in_order(jobs: &[JobId]) -> Vec<JobId> {
    let mut jobs = jobs.to_vec();
    jobs.sort_unstable();
    jobs.dedup();
    jobs
}

pub(super) fn id(text: &str) -> Result<JobId> {
    let broken = |_| {
        Failure::permanent(
            "ledger-broken",
            "the ledger holds an identifier that is none",
        )
    };
    text.parse().map_err(broken)
}

pub(super) fn notice(row: &AnyRow) -> Result<Notice> {
    let no_step = Failure::permanent("ledger-broken", "the ledger holds a step that is none");
    Ok(Notice {
        job: id(column(row, "id")?)?,
        arrival: id(column(row, "arrival")?)?,
        step: Step::of(column(row, "step")?).ok_or(no_step)?,
        partner: column(row, "partner")?,
    })
}

pub(super) fn task(text: &str) -> Result<Task> {
    let broken = |_| Failure::permanent("ledger-broken", "the ledger holds a task that is none");
    serde_json::from_str(text).map_err(broken)
}
