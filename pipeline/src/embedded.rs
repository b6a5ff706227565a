//! One stage of the road in somebody else's pipeline: who has his own queue and his own ledger calls a stage, and records what comes of it.
//!
//! A stage is a function of a job and of doors ([`crate::worker::road`]). It reads and writes sealed objects, so keys, a store and profiles
//! are needed. Decrypting, translating what came in, and checking ask neither ledger nor queue: [`Elsewhere`] stands in their place. The
//! other stages ask the ledger, for control numbers for instance; who wants those has a [`Ledger`] of his own, or ours, [`crate::database`].
//! `examples/embed_stage.rs` is such a pipeline.

use std::time::Duration;

use async_trait::async_trait;

use crate::failure::{Failure, Result};
use crate::job::{Fact, InterchangeFact, Job, Outcome, Task};
use crate::ledger::{
    Arrival, ArrivalRow, JobRow, Lease, Ledger, Number, On, Reference, Replay, Settled, Standing,
    UnitRow, Waiting,
};
use crate::object::{JobId, ObjectId};
use crate::queue::{Delivery, Notice, Part, Queue};

const NO_LEDGER: Failure =
    Failure::permanent("no-ledger", "the stage asks a ledger, and none is embedded");

const NO_QUEUE: Failure =
    Failure::permanent("no-queue", "a queue is asked for, and none is embedded");

/// A ledger and a queue that are elsewhere: whoever asks them gets [`Failure::Permanent`], `no-ledger` or `no-queue`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Elsewhere;

#[async_trait]
impl Ledger for Elsewhere {
    async fn arrive(&self, _: &[Arrival]) -> Result<Vec<JobId>> {
        Err(NO_LEDGER)
    }

    async fn lease(&self, _: &[JobId], _: i64, _: i64) -> Result<Vec<Lease>> {
        Err(NO_LEDGER)
    }

    async fn begin(&self, _: &Job) -> Result<bool> {
        Err(NO_LEDGER)
    }

    async fn renew(&self, _: &Job, _: i64) -> Result<bool> {
        Err(NO_LEDGER)
    }

    async fn note(&self, _: &Job, _: &[Fact]) -> Result<bool> {
        Err(NO_LEDGER)
    }

    async fn complete(
        &self,
        _: &Job,
        _: &Outcome,
        _: i64,
        _: Option<(On, i64)>,
    ) -> Result<Settled> {
        Err(NO_LEDGER)
    }

    async fn tasks(&self, _: &[JobId]) -> Result<Vec<Task>> {
        Err(NO_LEDGER)
    }

    async fn batch(&self, _: JobId) -> Result<Vec<ObjectId>> {
        Err(NO_LEDGER)
    }

    async fn fail(&self, _: &Job, _: Failure, _: Option<i64>, _: i64) -> Result<bool> {
        Err(NO_LEDGER)
    }

    async fn interchanges(&self, _: JobId) -> Result<Vec<InterchangeFact>> {
        Err(NO_LEDGER)
    }

    async fn draw(&self, _: &Job, _: Number, _: u32) -> Result<u32> {
        Err(NO_LEDGER)
    }

    async fn claim(&self, _: &Job, _: &str, _: i64) -> Result<Option<JobId>> {
        Err(NO_LEDGER)
    }

    async fn sent(&self, _: &str, _: &Reference<'_>) -> Result<Option<String>> {
        Err(NO_LEDGER)
    }

    async fn outbox(&self, _: i64, _: u32) -> Result<Vec<Notice>> {
        Err(NO_LEDGER)
    }

    async fn postpone(&self, _: &[JobId], _: i64) -> Result<()> {
        Err(NO_LEDGER)
    }

    async fn published(&self, _: &[JobId]) -> Result<()> {
        Err(NO_LEDGER)
    }

    async fn silent(&self, _: i64, _: u32) -> Result<Vec<Notice>> {
        Err(NO_LEDGER)
    }

    async fn left(&self, _: i64, _: i64, _: u32) -> Result<Vec<Notice>> {
        Err(NO_LEDGER)
    }

    async fn remind(&self, _: &[JobId], _: i64) -> Result<()> {
        Err(NO_LEDGER)
    }

    async fn replay(&self, _: &str, _: JobId, _: i64) -> Result<Option<Replay>> {
        Err(NO_LEDGER)
    }

    async fn arrived(&self) -> Result<Vec<(String, String, i64)>> {
        Err(NO_LEDGER)
    }

    async fn waiting(&self) -> Result<Vec<Waiting>> {
        Err(NO_LEDGER)
    }

    async fn standing(&self) -> Result<Standing> {
        Err(NO_LEDGER)
    }

    async fn arrivals(&self, _: Option<&str>, _: u32) -> Result<Vec<ArrivalRow>> {
        Err(NO_LEDGER)
    }

    async fn find(&self, _: &str) -> Result<Vec<ArrivalRow>> {
        Err(NO_LEDGER)
    }

    async fn jobs(&self, _: &str) -> Result<Vec<JobRow>> {
        Err(NO_LEDGER)
    }

    async fn units(&self, _: &str, _: u32) -> Result<Vec<UnitRow>> {
        Err(NO_LEDGER)
    }
}

#[async_trait]
impl Queue for Elsewhere {
    async fn publish(&self, _: &[Notice]) -> Result<Vec<JobId>> {
        Err(NO_QUEUE)
    }

    async fn take(&self, _: u32, _: i64, _: i64) -> Result<Vec<Delivery>> {
        Err(NO_QUEUE)
    }

    async fn keep(&self, _: &[Delivery], _: i64) -> Result<()> {
        Err(NO_QUEUE)
    }

    async fn confirm(&self, _: &[Delivery]) -> Result<()> {
        Err(NO_QUEUE)
    }

    async fn again(&self, _: Delivery, _: i64) -> Result<()> {
        Err(NO_QUEUE)
    }

    async fn lost(&self, _: &[Notice]) -> Result<Vec<JobId>> {
        Err(NO_QUEUE)
    }

    async fn depth(&self, _: &[Part], _: i64) -> Result<u64> {
        Err(NO_QUEUE)
    }

    async fn ready(&self) -> Result<()> {
        Err(NO_QUEUE)
    }

    async fn wait(&self, most: Duration) {
        // Whoever waits for messages that never come must not turn in circles.
        tokio::time::sleep(most).await;
    }
}
