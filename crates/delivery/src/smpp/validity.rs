//! How long a service centre may keep trying (SMPP 3.4 §7.1.1).

use std::time::Duration;

use countersign_core::time::Timestamp;
use serde::Deserialize;

/// How a route is told when a message expires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validity {
    /// As the time that is left, which needs no common clock.
    #[default]
    Relative,
    /// As a time of day in UTC.
    Absolute,
    /// Not at all: the service centre's own default.
    None,
}

/// The longest relative time that is written: 30 days, so that neither months nor years are needed,
/// whose lengths differ.
const LONGEST: Duration = Duration::from_hours(30 * 24);

impl Validity {
    /// The field `validity_period`. Seconds are cut off, so that nothing is delivered after its time;
    /// less than one second is one, because zero means the service centre's default to some.
    pub fn field(self, now: Timestamp, expires_at: Timestamp) -> String {
        match self {
            Validity::None => String::new(),
            Validity::Relative => {
                let s = expires_at.since(now).min(LONGEST).as_secs().max(1);
                let (days, hours, minutes) = (s / 86_400, s / 3_600 % 24, s / 60 % 60);
                format!("0000{days:02}{hours:02}{minutes:02}{:02}000R", s % 60)
            }
            Validity::Absolute => absolute(expires_at),
        }
    }
}

fn absolute(at: Timestamp) -> String {
    let Ok(at) = jiff::Timestamp::from_second(at.as_seconds()) else { return String::new() };
    let at = at.to_zoned(jiff::tz::TimeZone::UTC);
    format!(
        "{:02}{:02}{:02}{:02}{:02}{:02}000+",
        at.year().rem_euclid(100),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::NOW;
    use proptest::prelude::*;

    fn relative(left_ms: u64) -> String {
        Validity::Relative.field(NOW, NOW.plus(Duration::from_millis(left_ms)))
    }

    #[test]
    fn what_is_left_is_written_as_days_hours_minutes_and_seconds() {
        assert_eq!(relative(600_000), "000000001000000R");
        assert_eq!(relative(599_999), "000000000959000R");
        assert_eq!(relative(3_661_000), "000000010101000R");
        assert_eq!(relative(90_061_000), "000001010101000R");
        assert_eq!(relative(u64::MAX), "000030000000000R");
        assert_eq!(relative(0), "000000000001000R");
    }

    #[test]
    fn a_time_of_day_is_in_utc() {
        // NOW is 2026-11-23T10:00:00Z.
        assert_eq!(Validity::Absolute.field(NOW, NOW), "261123100000000+");
        assert_eq!(Validity::None.field(NOW, NOW), "");
    }

    proptest! {
        #[test]
        fn i3_no_validity_reaches_past_expiry(left_ms in 1_000_u64..86_400_000 * 30) {
            let field = relative(left_ms);
            prop_assert_eq!(field.len(), 16);
            let number = |from: usize| field[from..from + 2].parse::<u64>().unwrap();
            let s = ((number(4) * 24 + number(6)) * 60 + number(8)) * 60 + number(10);
            prop_assert!(s * 1000 <= left_ms && left_ms < (s + 1) * 1000);
        }
    }
}
