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
/// `X12_PIPELINE_FAILPOINT="job-done 3 kill"` kills the process when it is reached for the third time; with `each` in place of the number
/// it is every time. Besides `kill`, `panic` lets the thread break down, `overflow` uses up its stack, and `pause 2000` lets it wait for
/// two seconds.
#[inline]
pub fn reach(point: Point) {
    #[cfg(debug_assertions)]
    armed::reach(point);
    #[cfg(not(debug_assertions))]
    let _ = point;
}

#[cfg(debug_assertions)]
mod armed {
    use std::hint::black_box;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use rustix::process::{Signal, getpid, kill_process};

    use super::Point;

    /// What is wanted: where, at which time if not at each, and what.
    struct Wanted {
        name: String,
        time: Option<u32>,
        what: What,
    }

    enum What {
        Kill,
        Panic,
        Overflow,
        Pause(Duration),
    }

    static WANTED: LazyLock<Option<Wanted>> = LazyLock::new(|| {
        let words = std::env::var("X12_PIPELINE_FAILPOINT").ok()?;
        let mut words = words.split(' ');
        Some(Wanted {
            name: words.next()?.to_owned(),
            time: match words.next()? {
                "each" => None,
                number => Some(number.parse().ok()?),
            },
            what: match words.next()? {
                "panic" => What::Panic,
                "overflow" => What::Overflow,
                "pause" => What::Pause(Duration::from_millis(words.next()?.parse().ok()?)),
                _ => What::Kill,
            },
        })
    });
    static REACHED: AtomicU32 = AtomicU32::new(0);

    pub(super) fn reach(point: Point) {
        let Some(wanted) = WANTED.as_ref().filter(|wanted| wanted.name == point.name()) else {
            return;
        };
        let time = REACHED.fetch_add(1, Ordering::SeqCst) + 1;
        if wanted.time.is_some_and(|wanted| wanted != time) {
            return;
        }
        match wanted.what {
            What::Panic => panic!("a failpoint"),
            What::Overflow => {
                deeper(0);
            }
            What::Pause(pause) => return std::thread::sleep(pause),
            What::Kill => {}
        }
        // SIGKILL takes effect before anything else is done; should it be refused, the process ends all the same.
        let _ = kill_process(getpid(), Signal::KILL);
        std::process::abort();
    }

    /// Never comes to its end.
    fn deeper(depth: u64) -> u64 {
        if black_box(depth) == u64::MAX {
            return depth;
        }
        deeper(depth + 1) + black_box(1)
    }
}
