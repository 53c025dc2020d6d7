//! A token bucket: so many submissions a second, and few at once.

use std::time::Duration;

use tokio::time::Instant;

/// As many tokens as this time brings may be saved up: a timer wakes with a millisecond's grain, so
/// that with less the rate would not be reached, and with more a carrier that counts in short windows
/// would refuse.
const BURST: Duration = Duration::from_millis(20);

/// The pace of one bind, as a "virtual scheduling" bucket (ITU-T I.371 annex A): it keeps the time at
/// which the bucket is full again, and no count.
#[derive(Debug)]
pub(super) struct Pace {
    /// Between two submissions; zero without a limit.
    interval: Duration,
    next: Option<Instant>,
}

impl Pace {
    /// `max_per_second` of `None` is no limit.
    pub(super) fn new(max_per_second: Option<u32>) -> Self {
        let interval = max_per_second.map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate.max(1));
        Pace { interval, next: None }
    }

    /// Whether one may go now; else when.
    pub(super) fn ready(&self, now: Instant) -> Result<(), Instant> {
        match self.next {
            Some(next) if next > now => Err(next),
            _ => Ok(()),
        }
    }

    /// One goes. Its token may have been saved up.
    pub(super) fn spend(&mut self, now: Instant) {
        if self.interval.is_zero() {
            return;
        }
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        self.next = Some(self.next.unwrap_or(earliest).max(earliest) + self.interval);
    }

    /// None goes before this time.
    pub(super) fn pause(&mut self, until: Instant) {
        self.next = Some(self.next.map_or(until, |next| next.max(until)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock::monotonic;
    use super::*;
    use proptest::prelude::*;

    /// How many go within a time, if one is tried every `step`.
    fn sent(pace: &mut Pace, from: Instant, during: Duration, step: Duration) -> u32 {
        let mut now = from;
        let mut count = 0;
        while now < from + during {
            while pace.ready(now).is_ok() {
                pace.spend(now);
                count += 1;
            }
            now += step;
        }
        count
    }

    #[test]
    fn a_pause_is_kept() {
        let now = monotonic();
        let mut pace = Pace::new(None);
        pace.pause(now + Duration::from_secs(1));
        assert_eq!(pace.ready(now), Err(now + Duration::from_secs(1)));
        assert_eq!(pace.ready(now + Duration::from_secs(1)), Ok(()));
    }

    proptest! {
        #[test]
        fn the_rate_is_reached_and_not_exceeded(rate in 1_u32..5_000, step_us in 100_u64..5_000) {
            let mut pace = Pace::new(Some(rate));
            let during = Duration::from_secs(3);
            let count = sent(&mut pace, monotonic(), during, Duration::from_micros(step_us));
            // What 20 ms bring may have been saved up before.
            let most = 3 * rate + rate / 50 + 2;
            prop_assert!(count <= most, "{} of {}", count, most);
            prop_assert!(count + rate / 100 + 2 >= 3 * rate, "{} of {}", count, 3 * rate);
        }
    }
}
