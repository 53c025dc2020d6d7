//! The time of the tools. They measure the real world, so that they ask the system; here alone.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A point of time for measuring how long something took.
pub fn instant() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "tools that measure real processes have no other clock")]
    Instant::now()
}

/// Milliseconds since 1970, of the clock that the server under test reads too.
pub fn unix_ms() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "compared with times that the real server writes")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Whole microseconds since `start`.
pub fn micros_since(start: Instant) -> u64 {
    micros(instant().saturating_duration_since(start))
}

/// Whole microseconds of a duration.
pub fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
