//! How often each fault of the matrix is made (reliability §7): in `make test`, and in `make faults`, which sets `X12_FAULTS=nightly`.

/// How often a fault is made, usually and in a night.
#[derive(Clone, Copy)]
pub struct Count(u32, u32);

impl Count {
    /// How often now.
    pub fn times(self) -> u32 {
        match std::env::var("X12_FAULTS").as_deref() {
            Ok("nightly") => self.1,
            _ => self.0,
        }
    }
}

/// Seconds after which a run that has not ended counts as stuck; in a night it has thousands of files to catch up with.
pub const STUCK_S: Count = Count(60, 600);
/// Kills at any moment.
pub const F1: Count = Count(25, 500);
/// Kills at each failpoint, at so many of the times at which it is reached.
pub const F2: Count = Count(3, 50);
/// Kills of the broker.
pub const F3: Count = Count(3, 50);
/// Times at which the broker ends all connections.
pub const F4: Count = Count(5, 100);
/// Faults of the network before each server, of six kinds.
pub const F5: Count = Count(6, 60);
/// Deletions of each of three queues.
pub const F6: Count = Count(1, 10);
/// Files that break what does their work, of four kinds.
pub const F7: Count = Count(20, 500);
/// Stages that stand still at each of three moments.
pub const F8: Count = Count(1, 10);
/// Jobs that three take at once, and messages that come three times.
pub const F9: Count = Count(100, 10_000);
/// Files with the same control number and other contents.
pub const F10: Count = Count(10, 100);
/// Processes that stand still for longer than their leases.
pub const F11: Count = Count(3, 50);
/// Faults of the server with buckets, and of the database.
pub const F12: Count = Count(30, 1000);
/// Calls at which the disk begins to fail, for each kind of call and error.
pub const F13: Count = Count(5, 60);
/// Places at which an upload is cut.
pub const F14: Count = Count(64, 4096);
/// Times at which an SFTP server is cut off.
pub const F15: Count = Count(8, 200);
/// Processes that are told to stop.
pub const F16: Count = Count(5, 100);
/// Clocks that are wrong, of three kinds.
pub const F18: Count = Count(3, 30);
