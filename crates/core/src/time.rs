//! Points in time as the rules see them.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, UTC.
///
/// The core never reads a clock: whoever calls it says what time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The Unix epoch.
    pub const EPOCH: Timestamp = Timestamp(0);

    /// From milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Timestamp(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This instant, `duration` later; stops at the end of time.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Timestamp(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This instant, `duration` earlier; stops at the start of time.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Timestamp(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Whole seconds from this instant until `later`, rounded up, as `Retry-After` wants them
    /// (RFC 9110 §10.2.3).
    pub fn seconds_until(self, later: Timestamp) -> u64 {
        u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0).div_ceil(1000)
    }

    /// Reads an RFC 3339 date-time with an offset, such as `2026-11-23T10:00:00Z`.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|at| Timestamp(at.as_millisecond()))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds: `2026-11-23T10:00:00.000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => write!(f, "{at:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_prints_and_reads_rfc3339() {
        let at = Timestamp::from_millis(1_795_428_000_123);
        assert_eq!(at.to_string(), "2026-11-23T10:00:00.123Z");
        assert_eq!(Timestamp::parse_rfc3339("2026-11-23T10:00:00.123Z"), Some(at));
        assert_eq!(Timestamp::parse_rfc3339("2026-11-23T11:00:00.123+01:00"), Some(at));
        assert_eq!(Timestamp::parse_rfc3339("2026-11-23"), None);
    }

    #[test]
    fn seconds_until_rounds_up_and_never_below_zero() {
        let at = Timestamp::from_millis(10_000);
        assert_eq!(at.seconds_until(Timestamp::from_millis(10_001)), 1);
        assert_eq!(at.seconds_until(Timestamp::from_millis(9_000)), 0);
    }
}
