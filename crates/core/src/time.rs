//! Points in time as the rules see them.

use std::fmt;
use std::str::FromStr;
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

    /// The day that it is in UTC; the first or last that there is, where it is beyond.
    pub fn day(self) -> Day {
        let days = self.0.div_euclid(DAY_MILLIS);
        let nearest = if days < 0 { Day::FIRST } else { Day::LAST };
        i32::try_from(days).map_or(nearest, Day::from_number)
    }

    /// Reads an RFC 3339 date-time with an offset, such as `2026-11-23T10:00:00Z`.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|at| Timestamp(at.as_millisecond()))
    }
}

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;
const EPOCH_DATE: jiff::civil::Date = jiff::civil::Date::constant(1970, 1, 1);

/// A day in UTC, of the years 1970 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

/// A day that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a day such as 2026-11-23, of the years 1970 to 9999")]
pub struct InvalidDay;

impl Day {
    const FIRST: Day = Day(0);
    /// 9999-12-31.
    const LAST: Day = Day(2_932_896);

    /// From the number of days since 1970-01-01, as stores keep it; the nearest that there is.
    pub fn from_number(days: i32) -> Self {
        Day(days).clamp(Self::FIRST, Self::LAST)
    }

    /// Days since 1970-01-01.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// This day, `days` earlier; stops at the first.
    #[must_use]
    pub fn minus(self, days: u16) -> Self {
        Self::from_number(self.0 - i32::from(days))
    }

    /// How many days later than `earlier` it is; negative where it is not.
    pub const fn since(self, earlier: Day) -> i32 {
        self.0 - earlier.0
    }
}

impl FromStr for Day {
    type Err = InvalidDay;

    fn from_str(text: &str) -> Result<Self, InvalidDay> {
        // Nothing but the ten characters: the library also reads times after a date, and longer years.
        if text.len() != 10 {
            return Err(InvalidDay);
        }
        let date: jiff::civil::Date = text.parse().map_err(|_| InvalidDay)?;
        let since_epoch = date.since(EPOCH_DATE).map_err(|_| InvalidDay)?;
        let day = Day::from_number(since_epoch.get_days());
        // A year before 1970 was moved to the first day, and other spellings of a date are none here.
        if day.to_string() == text { Ok(day) } else { Err(InvalidDay) }
    }
}

impl fmt::Display for Day {
    /// `2026-11-23`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match EPOCH_DATE.checked_add(jiff::Span::new().days(self.0)) {
            Ok(date) => write!(f, "{date}"),
            Err(_) => write!(f, "{} days", self.0),
        }
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

    #[test]
    fn a_day_is_that_of_utc_and_reads_as_it_is_printed() {
        let at = Timestamp::parse_rfc3339("2026-11-23T23:59:59.999Z").unwrap();
        assert_eq!(at.day().to_string(), "2026-11-23");
        assert_eq!(at.plus(Duration::from_millis(1)).day().since(at.day()), 1);
        assert_eq!("2026-11-23".parse(), Ok(at.day()));
        assert_eq!(at.day().minus(23).to_string(), "2026-10-31");
        assert_eq!(Day::from_number(at.day().number()), at.day());
        for edge in ["1970-01-01", "9999-12-31"] {
            assert_eq!(edge.parse::<Day>().map(|day| day.to_string()).as_deref(), Ok(edge));
        }
    }

    #[test]
    fn what_is_no_day_is_none() {
        for wrong in [
            "",
            "2026-11",
            "2026-11-31",
            "20261123",
            "2026-11-23Z",
            "2026-11-23T00:00",
            "1969-12-31",
            "heute00000",
        ] {
            assert_eq!(wrong.parse::<Day>(), Err(InvalidDay), "{wrong}");
        }
        assert_eq!(Timestamp::from_millis(i64::MIN).day(), Day::FIRST);
        assert_eq!(Timestamp::from_millis(i64::MAX).day(), Day::LAST);
    }
}
