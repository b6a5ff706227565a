//! Workers of one host, as many as the rule of `scaling` says: processes that are started, told to stop, and counted.
//!
//! A worker writes a line a second to its standard output: what it has in hand, and has done. So the rule knows what a worker does, and who
//! may go: only one that has nothing in hand is told to stop. A worker whose line nobody reads any more has lost who started it, and stops
//! by itself. One that dies is replaced when one looks again; what it had in hand is done by others when its leases end.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::watch;

use crate::doors::Doors;
use crate::failure::Result;
use crate::measures::Load;
use crate::queue::Part;
use crate::scaling::{Scaler, Sight};

/// How often one looks.
const LOOK: Duration = Duration::from_secs(5);

/// How often a worker tells of itself.
const TELL: Duration = Duration::from_secs(1);

/// How workers are started.
pub struct Hands {
    /// The home folder.
    pub home: PathBuf,
    /// How they write their logs, as on the command line.
    pub log: &'static str,
}

/// A worker, and what it told last.
struct Worker {
    child: Child,
    told: Arc<Told>,
    is_leaving: bool,
}

#[derive(Default)]
struct Told {
    in_hand: AtomicU64,
    done: AtomicU64,
}

/// All workers of this host.
struct Workers {
    hands: Hands,
    all: Vec<Worker>,
    /// What those did that are gone.
    done_before: u64,
}

/// Lets there be as many workers as the rule says, until told to stop; then lets them end.
pub async fn run(doors: Arc<Doors>, hands: Hands, mut stop: watch::Receiver<bool>) {
    let mut scaler = Scaler::new(doors.profiles.settings.scaling());
    let mut workers = Workers {
        hands,
        all: Vec::new(),
        done_before: 0,
    };
    let begun = Instant::now();
    while !*stop.borrow() {
        workers.bury();
        let sight = sight(&doors, &workers, begun).await;
        // Who does not know what waits changes nothing, but that there are as many as there must be.
        let wanted = match sight {
            Ok(sight) => scaler.decide(sight),
            Err(_) => workers.count().max(doors.profiles.settings.scale.floor),
        };
        let depth = sight.map(|sight| sight.depth).unwrap_or_default();
        let (did, in_ms) = scaler.rate().unwrap_or_default();
        tracing::debug!(
            depth,
            workers = workers.count(),
            wanted,
            did,
            in_ms,
            "looked"
        );
        workers.become_so_many(wanted, depth);
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.changed() => {}
        }
    }
    workers.end().await;
}

/// What is seen at this moment.
async fn sight(doors: &Doors, workers: &Workers, begun: Instant) -> Result<Sight> {
    let parts: Vec<_> = Part::ALL
        .into_iter()
        .filter(|part| part.is_shared())
        .collect();
    let now = doors.clock.now_ms();
    let waiting = doors.in_time(doors.queue.depth(&parts, now)).await?;
    let jobs = doors.in_time(doors.ledger.waiting()).await?;
    let ours = jobs.iter().filter(|jobs| {
        let step = crate::object::Step::of(&jobs.step);
        step.is_some_and(|step| Part::of(step).is_shared())
    });
    let (mut in_hand, mut oldest) = (0, now);
    for jobs in ours {
        oldest = oldest.min(jobs.oldest_ms);
        if jobs.state == "leased" {
            in_hand += u64::try_from(jobs.count).unwrap_or_default();
        }
    }
    Ok(Sight {
        now_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        depth: waiting + in_hand,
        oldest_ms: u64::try_from(now - oldest).unwrap_or_default(),
        done: workers.done(),
        workers: workers.count(),
        busy: workers.busy(),
    })
}

impl Workers {
    fn staying(&self) -> impl Iterator<Item = &Worker> {
        self.all.iter().filter(|worker| !worker.is_leaving)
    }

    fn count(&self) -> u32 {
        u32::try_from(self.staying().count()).unwrap_or(u32::MAX)
    }

    fn busy(&self) -> u32 {
        let busy = self.staying().filter(|worker| worker.is_busy());
        u32::try_from(busy.count()).unwrap_or(u32::MAX)
    }

    fn done(&self) -> u64 {
        let done = self.all.iter();
        let done = done.map(|worker| worker.told.done.load(Ordering::Relaxed));
        self.done_before + done.sum::<u64>()
    }

    /// Forgets workers that have ended; their number says whether one is missed.
    fn bury(&mut self) {
        let mut gone = 0;
        self.all.retain_mut(|worker| {
            let status = match worker.child.try_wait() {
                Ok(None) => return true,
                Ok(Some(status)) => status.to_string(),
                Err(error) => error.kind().to_string(),
            };
            if !worker.is_leaving {
                tracing::warn!(status, "a worker ended that nobody told to");
            }
            gone += worker.told.done.load(Ordering::Relaxed);
            false
        });
        self.done_before += gone;
    }

    fn become_so_many(&mut self, wanted: u32, depth: u64) {
        let count = self.count();
        if wanted != count {
            tracing::info!(from = count, to = wanted, depth, "workers");
        }
        for _ in count..wanted {
            match self.start() {
                Ok(worker) => self.all.push(worker),
                Err(error) => {
                    tracing::error!(kind = %error.kind(), "a worker cannot be started");
                    return;
                }
            }
        }
        let mut too_many = count.saturating_sub(wanted);
        // The last that came goes first.
        for worker in self.all.iter_mut().rev() {
            if too_many > 0 && !worker.is_leaving && !worker.is_busy() {
                worker.leave();
                too_many -= 1;
            }
        }
    }

    fn start(&self) -> io::Result<Worker> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--home").arg(&self.hands.home);
        command.args(["--log", self.hands.log, "work", "--tell"]);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let told = Arc::new(Told::default());
        if let Some(lines) = child.stdout.take() {
            tokio::spawn(listen(lines, Arc::clone(&told)));
        }
        Ok(Worker {
            child,
            told,
            is_leaving: false,
        })
    }

    /// Tells all to stop, and waits until they have ended: as long as whoever told us lets us.
    async fn end(&mut self) {
        self.all.iter_mut().for_each(Worker::leave);
        for worker in &mut self.all {
            if let Err(error) = worker.child.wait().await {
                tracing::warn!(kind = %error.kind(), "a worker cannot be waited for");
            }
        }
    }
}

impl Worker {
    fn is_busy(&self) -> bool {
        self.told.in_hand.load(Ordering::Relaxed) > 0
    }

    fn leave(&mut self) {
        self.is_leaving = true;
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        // It was not waited for yet, so the number is still its own; if it has ended, so much the better.
        if let Some(id) = id.and_then(Pid::from_raw) {
            let _ = kill_process(id, Signal::TERM);
        }
    }
}

/// Hears what a worker tells, until it ends.
async fn listen(lines: ChildStdout, told: Arc<Told>) {
    let mut lines = BufReader::new(lines).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Ok(load) = serde_json::from_str::<Load>(&line) {
            told.in_hand.store(load.in_hand, Ordering::Relaxed);
            told.done.store(load.done, Ordering::Relaxed);
        }
    }
}

/// Tells what this worker has in hand and has done, again and again; ends when nobody listens.
pub async fn tell(doors: &Doors) {
    let mut out = tokio::io::stdout();
    loop {
        let Ok(line) = serde_json::to_string(&doors.measures.load()) else {
            return;
        };
        let written = out.write_all(format!("{line}\n").as_bytes()).await;
        if written.is_err() || out.flush().await.is_err() {
            tracing::warn!("who started this worker is gone");
            return;
        }
        tokio::time::sleep(TELL).await;
    }
}
