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

/// Says that this moment is reached. `X12_PIPELINE_KILL=job-done:3` kills the process when it is reached for the third time.
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

    use super::Point;

    static WANTED: LazyLock<Option<(String, u32)>> = LazyLock::new(|| {
        let wanted = std::env::var("X12_PIPELINE_KILL").ok()?;
        let (name, count) = wanted.split_once(':').unwrap_or((&wanted, "1"));
        Some((name.to_owned(), count.parse().ok()?))
    });
    static REACHED: AtomicU32 = AtomicU32::new(0);

    pub(super) fn reach(point: Point) {
        let Some((name, count)) = &*WANTED else {
            return;
        };
        if name == point.name() && REACHED.fetch_add(1, Ordering::SeqCst) + 1 == *count {
            let me = rustix::process::getpid();
            // SIGKILL takes effect before anything else is done; should it be refused, the process ends all the same.
            let _ = rustix::process::kill_process(me, rustix::process::Signal::KILL);
            std::process::abort();
        }
    }
}
