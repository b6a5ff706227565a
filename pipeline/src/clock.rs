//! The clock as a door, so that tests own the time.

use std::time::{Duration, SystemTime};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> i64;

    /// The same moment for libraries that want it so.
    fn now(&self) -> SystemTime {
        let ms = u64::try_from(self.now_ms()).unwrap_or_default();
        SystemTime::UNIX_EPOCH + Duration::from_millis(ms)
    }
}

/// The clock of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        jiff::Timestamp::now().as_millisecond()
    }
}

/// A moment as X12 writes it in UTC: CCYYMMDD and HHMM.
#[must_use]
pub fn x12_date_and_time(ms: i64) -> (String, String) {
    let moment = moment(ms);
    (
        moment.strftime("%Y%m%d").to_string(),
        moment.strftime("%H%M").to_string(),
    )
}

/// A moment for people, in UTC to the second.
#[must_use]
pub fn for_people(ms: i64) -> String {
    moment(ms).strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

fn moment(ms: i64) -> jiff::Zoned {
    let moment = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    moment.to_zoned(jiff::tz::TimeZone::UTC)
}
