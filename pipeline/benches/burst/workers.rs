//! The process that scales, and its workers, as they are seen from outside.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::children::children;

/// The process, and what was seen of its workers.
pub struct Workers {
    child: Child,
    seen: Seen,
    /// How often one is killed, and when next.
    kill: Option<(Duration, Instant)>,
    luck: u64,
}

/// What was seen.
#[derive(Clone)]
pub struct Seen {
    /// From when on it counts.
    since: Instant,
    looks: Vec<(Instant, usize)>,
    kills: Vec<Instant>,
}

impl Seen {
    /// When workers were killed, in milliseconds.
    pub fn kills_ms(&self) -> Vec<u64> {
        let kills = self.kills.iter();
        kills.map(|&at| ms(at.duration_since(self.since))).collect()
    }

    /// How long workers were there, in milliseconds, of all of them.
    pub fn worker_ms(&self) -> u64 {
        let pairs = self.looks.windows(2).filter(|two| two[0].0 >= self.since);
        pairs
            .map(|two| ms(two[1].0 - two[0].0) * two[0].1 as u64)
            .sum()
    }

    /// From the beginning to the last look, in milliseconds.
    pub fn all_ms(&self) -> u64 {
        let last = self.looks.last();
        last.map_or(0, |(at, _)| ms(at.duration_since(self.since)))
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Workers {
    /// Starts it in a home folder; its log lies there.
    pub fn start(home: &Path) -> io::Result<Self> {
        let child = Command::new(env!("CARGO_BIN_EXE_x12-pipeline"))
            .arg("--home")
            .arg(home)
            .args(["--log", "json", "scale"])
            .env("RUST_LOG", "info,x12_pipeline::terminal::scale=debug")
            .env_remove("RUST_BACKTRACE")
            .stdout(Stdio::null())
            .stderr(File::create(home.join("log.ndjson"))?)
            .spawn()?;
        Ok(Self {
            child,
            seen: Seen {
                since: Instant::now(),
                looks: Vec::new(),
                kills: Vec::new(),
            },
            kill: None,
            luck: 12,
        })
    }

    /// Counts the workers, and kills one if it is time.
    pub fn look(&mut self) -> io::Result<usize> {
        if let Some(status) = self.child.try_wait()? {
            return Err(io::Error::other(format!("the process ended: {status}")));
        }
        let workers = children(self.child.id())?;
        let now = Instant::now();
        self.seen.looks.push((now, workers.len()));
        if let Some((often, at)) = self.kill
            && now >= at
            && !workers.is_empty()
        {
            self.kill = Some((often, now + often));
            // Numerical Recipes' generator: any order will do, if it is the same each time.
            self.luck = self
                .luck
                .wrapping_mul(1_664_525)
                .wrapping_add(1_013_904_223);
            let worker = workers[(self.luck >> 16) as usize % workers.len()];
            if let Some(worker) = Pid::from_raw(worker) {
                kill_process(worker, Signal::KILL)?;
                self.seen.kills.push(now);
            }
        }
        Ok(workers.len())
    }

    /// From now on one is killed so often.
    pub fn kill_from_now(&mut self, often: Duration) {
        self.kill = Some((often, Instant::now() + often));
    }

    /// From now on none is killed.
    pub fn kill_no_more(&mut self) {
        self.kill = None;
    }

    /// Tells it to end, and waits; what was seen since a moment.
    pub fn end(mut self, since: Instant) -> io::Result<Seen> {
        let id = i32::try_from(self.child.id()).map_err(io::Error::other)?;
        if let Some(id) = Pid::from_raw(id) {
            kill_process(id, Signal::TERM)?;
        }
        let status = self.child.wait()?;
        match status.success() {
            true => Ok(Seen {
                since,
                ..self.seen.clone()
            }),
            false => Err(io::Error::other(format!("it ended badly: {status}"))),
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // It is ours, and has ended if all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
