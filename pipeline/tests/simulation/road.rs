//! A road that is as long as the real one and does nothing but pass on what it read, and a word of its own.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;
use x12_pipeline::doors::Doors;
use x12_pipeline::failure::{Failure, Result};
use x12_pipeline::job::{Address, Direction, Job, Language, Outcome, Parcel, Task};
use x12_pipeline::object::{JobId, ObjectId, Step};
use x12_pipeline::store::failure;
use x12_pipeline::worker::Stage;

use super::doors::Memory;
use super::ledger::PARTNER;
use super::world::{World, chance};

/// The reason of a failure that takes its process with it.
pub const KILLS: &str = "kills";

const BROKEN: Failure = Failure::permanent("made-so", "this document ends here");

/// What becomes of an arrival.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lot {
    /// It reaches its end.
    Good,
    /// A step can never be done.
    Broken(Step),
    /// A step kills its process whenever it is tried.
    Poison(Step),
}

/// Of so many steps one may be the last.
const STEPS: [Step; 4] = [Step::Decrypt, Step::Validate, Step::Route, Step::Deliver];

impl Lot {
    pub fn of(seed: u64, number: u32) -> Self {
        let luck = chance(seed, &format!("lot {number}"));
        let step = STEPS[(luck >> 16) as usize % STEPS.len()];
        match luck % 16 {
            0 => Self::Broken(step),
            1 => Self::Poison(step),
            _ => Self::Good,
        }
    }
}

/// An arrival by its number, and what it is to its end.
pub fn arrival(number: u32) -> JobId {
    JobId(Uuid::from_u128(u128::from(number) + 1))
}

fn number(arrival: JobId) -> u32 {
    u32::try_from(arrival.0.as_u128() - 1).expect("there are few")
}

/// As it came.
pub fn raw(number: u32) -> ObjectId {
    ObjectId {
        job: arrival(number),
        step: Step::Intake,
        ordinal: 0,
    }
}

pub fn first(number: u32) -> Task {
    Task::Decrypt {
        raw: raw(number),
        direction: Direction::Inbound,
    }
}

/// What is delivered of an arrival that reaches its end.
pub fn expected(number: u32) -> Vec<String> {
    let answer = format!("{number} decrypt translate validate acknowledge");
    let document = format!("{answer} route");
    let response = format!("{document} respond");
    vec![answer, document, response]
}

/// What was delivered, by name: each time.
#[derive(Clone, Default)]
pub struct Delivered(Arc<Mutex<BTreeMap<String, Vec<String>>>>);

impl Delivered {
    fn add(&self, name: String, text: String) {
        let mut delivered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        delivered.entry(name).or_default().push(text);
    }

    pub fn all(&self) -> BTreeMap<String, Vec<String>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The stages of a process.
pub fn stages(world: Arc<World>, memory: Memory, delivered: Delivered) -> Stage {
    Arc::new(move |job, doors| {
        let step = job.task.step();
        match Lot::of(world.seed, number(job.arrival)) {
            Lot::Broken(at) if at == step => return Err(BROKEN),
            Lot::Poison(at) if at == step => {
                return Err(Failure::transient(KILLS, "its process dies"));
            }
            _ => {}
        }
        // One stage runs at a time.
        memory.fail_after(None);
        if world.is_troubled() {
            match chance(world.seed, &format!("stage {} {}", job.id, job.fence)) % 100 {
                0..8 => return Err(Failure::transient("simulated", "a stage has bad luck")),
                8..12 => resume_unwind(Box::new("a stage breaks down")),
                12..18 => memory.fail_after(Some(1)),
                _ => {}
            }
        }
        perform(job, doors, &delivered)
    })
}

fn perform(job: &Job, doors: &Doors, delivered: &Delivered) -> Result<Outcome> {
    let mut text = String::new();
    let mut opened = doors.vault.open(input(&job.task), PARTNER)?;
    opened
        .read_to_string(&mut text)
        .map_err(|error| failure(&error))?;
    if let Task::Deliver { parcel, .. } = &job.task {
        delivered.add(format!("{}-{}", parcel.name(), job.id), text);
        return Ok(Outcome::default());
    }
    let made = job.object(0);
    let mut sealer = doors.vault.seal(&made, PARTNER)?;
    let written = write!(sealer, "{text} {}", job.task.step().name());
    written.map_err(|error| failure(&error))?;
    sealer.finish()?;
    Ok(Outcome {
        next: next(job.task.step(), made),
        ..Outcome::default()
    })
}

fn input(task: &Task) -> &ObjectId {
    match task {
        Task::Decrypt { raw: input, .. }
        | Task::Translate { plain: input, .. }
        | Task::Validate { x12: input, .. }
        | Task::Acknowledge { x12: input, .. }
        | Task::Route { x12: input, .. }
        | Task::Respond { x12: input }
        | Task::Deliver { object: input, .. } => input,
    }
}

/// What follows a step.
pub fn next(step: Step, x12: ObjectId) -> Vec<Task> {
    let direction = Direction::Inbound;
    let deliver = |parcel, to| Task::Deliver {
        object: x12,
        parcel,
        to,
        batch_ms: 0,
    };
    match step {
        Step::Decrypt => vec![Task::Translate {
            plain: x12,
            language: Language::X12,
            direction,
        }],
        Step::Translate => vec![Task::Validate {
            x12,
            readable: None,
            direction,
        }],
        Step::Validate => vec![Task::Acknowledge {
            x12,
            readable: None,
            answers: false,
        }],
        Step::Acknowledge => vec![
            deliver(Parcel::Acknowledgment, Address::Partner),
            Task::Route {
                x12,
                lines: None,
                verdicts: None,
                answers: true,
            },
        ],
        Step::Route => vec![
            deliver(Parcel::Document, Address::Backend),
            Task::Respond { x12 },
        ],
        Step::Respond => vec![deliver(Parcel::Response, Address::Backend)],
        Step::Intake | Step::Deliver | Step::Forward => Vec::new(),
    }
}
