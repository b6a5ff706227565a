//! The moments at which a process may be killed: named, so that a test can kill it at each of them.
//!
//! Only in builds with debug assertions; in others a failpoint is nothing.

/// A moment between two steps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Point {
    /// A file was read and sealed, and is not recorded yet.
    IntakeSealed,
    /// Its arrival is recorded, the file is still there.
    IntakeRecorded,
    /// The file is taken away.
    IntakeRemoved,
    /// Messages of the outbox were published, and not yet taken off it.
    RelayPublished,
    /// They are taken off.
    RelayRecorded,
    /// A message was taken from the queue.
    JobTaken,
    /// The job is leased, nothing is done yet.
    JobLeased,
    /// The stage has done its work, nothing is recorded yet.
    JobDone,
    /// It is recorded, the message is not confirmed yet.
    JobRecorded,
    /// The message is confirmed.
    JobConfirmed,
    /// An object is written, and not published yet.
    ObjectWritten,
    /// The object is published.
    ObjectPublished,
    /// A control number was drawn.
    NumberDrawn,
    /// A received control number was claimed.
    NumberClaimed,
    /// A file for a partner or the backend is written under a temporary name.
    DeliveryWritten,
    /// It has its name.
    DeliveryRenamed,
}

impl Point {
    /// All of them, each with its name.
    pub const ALL: [(Self, &'static str); 16] = [
        (Self::IntakeSealed, "intake-sealed"),
        (Self::IntakeRecorded, "intake-recorded"),
        (Self::IntakeRemoved, "intake-removed"),
        (Self::RelayPublished, "relay-published"),
        (Self::RelayRecorded, "relay-recorded"),
        (Self::JobTaken, "job-taken"),
        (Self::JobLeased, "job-leased"),
        (Self::JobDone, "job-done"),
        (Self::JobRecorded, "job-recorded"),
        (Self::JobConfirmed, "job-confirmed"),
        (Self::ObjectWritten, "object-written"),
        (Self::ObjectPublished, "object-published"),
        (Self::NumberDrawn, "number-drawn"),
        (Self::NumberClaimed, "number-claimed"),
        (Self::DeliveryWritten, "delivery-written"),
        (Self::DeliveryRenamed, "delivery-renamed"),
    ];

    /// The name by which a test asks for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// Says that this moment is reached.
///
/// `X12_PIPELINE_FAILPOINT="job-done 3 kill"` kills the process when it is reached for the third time; `"job-done 3 pause 2000"` lets
/// the thread wait for two seconds there, once.
#[inline]
pub fn reach(point: Point) {
    #[cfg(debug_assertions)]
    armed::reach(point);
    #[cfg(not(debug_assertions))]
    let _ = point;
}

#[cfg(debug_assertions)]
mod armed {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use rustix::process::{Signal, getpid, kill_process};

    use super::Point;

    /// What is wanted: where, at which time, and what.
    struct Wanted {
        name: String,
        time: u32,
        pause: Option<Duration>,
    }

    static WANTED: LazyLock<Option<Wanted>> = LazyLock::new(|| {
        let words = std::env::var("X12_PIPELINE_FAILPOINT").ok()?;
        let mut words = words.split(' ');
        Some(Wanted {
            name: words.next()?.to_owned(),
            time: words.next()?.parse().ok()?,
            pause: match words.next()? {
                "pause" => Some(Duration::from_millis(words.next()?.parse().ok()?)),
                _ => None,
            },
        })
    });
    static REACHED: AtomicU32 = AtomicU32::new(0);

    pub(super) fn reach(point: Point) {
        let Some(wanted) = &*WANTED else {
            return;
        };
        if wanted.name != point.name() || REACHED.fetch_add(1, Ordering::SeqCst) + 1 != wanted.time
        {
            return;
        }
        if let Some(pause) = wanted.pause {
            return std::thread::sleep(pause);
        }
        // SIGKILL takes effect before anything else is done; should it be refused, the process ends all the same.
        let _ = kill_process(getpid(), Signal::KILL);
        std::process::abort();
    }
}
