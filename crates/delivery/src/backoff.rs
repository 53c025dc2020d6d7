//! How long to wait before another try.
//!
//! "Full jitter": a wait drawn evenly between nothing and a bound that doubles with every try, which
//! spreads those who failed together best (Marc Brooker, "Exponential Backoff And Jitter", AWS
//! Architecture Blog, 2015,
//! <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).

use std::time::Duration;

use countersign_core::time::Timestamp;

/// The longest wait that a provider can ask for: a code lives ten minutes at most (design 5).
pub const MAX_ASKED: Duration = Duration::from_mins(10);

/// How waits grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
}

/// Bounds that make no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a back-off starts with at least 1 ms and its longest wait is between that and {} s", MAX_ASKED.as_secs())]
pub struct InvalidBackoff;

impl Default for Backoff {
    /// Bounds of 0.5, 1, 2, 4 … 30 seconds: a handful of tries within the life of a code.
    fn default() -> Self {
        Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(30) }
    }
}

impl Backoff {
    /// A back-off whose first wait is at most `first`, and no wait longer than `longest`.
    pub fn new(first: Duration, longest: Duration) -> Result<Self, InvalidBackoff> {
        if first < Duration::from_millis(1) || longest < first || longest > MAX_ASKED {
            return Err(InvalidBackoff);
        }
        Ok(Backoff { first, longest })
    }

    /// The longest wait before try number `attempt + 1`, when `attempt` tries have failed.
    pub fn bound(&self, attempt: u32) -> Duration {
        let doubled = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_mul(doubled).min(self.longest)
    }

    /// The wait after `attempt` failed tries; `random` are 8 random bytes. `asked` is what the
    /// provider asked for, at most [`MAX_ASKED`]: the jitter is added to it, so that all who were
    /// turned away do not come back at one instant.
    pub fn delay(&self, attempt: u32, asked: Option<Duration>, random: [u8; 8]) -> Duration {
        let bound_ms = u64::try_from(self.bound(attempt).as_millis()).unwrap_or(u64::MAX);
        // Multiply and shift maps 64 random bits onto 0..=bound evenly, but for one part in 2^44.
        let jitter_ms = (u128::from(u64::from_be_bytes(random)) * (u128::from(bound_ms) + 1)) >> 64;
        let jitter = Duration::from_millis(u64::try_from(jitter_ms).unwrap_or(bound_ms));
        asked.unwrap_or_default().min(MAX_ASKED) + jitter
    }

    /// When to try again, or nothing when the message would have expired by then: what would be sent
    /// at or after `expires_at` is not sent at all (I3).
    pub fn next_try(
        &self,
        attempt: u32,
        asked: Option<Duration>,
        random: [u8; 8],
        window: Window,
    ) -> Option<Timestamp> {
        let at = window.now.plus(self.delay(attempt, asked, random));
        (at < window.expires_at).then_some(at)
    }
}

/// The time that is left for tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The present.
    pub now: Timestamp,
    /// Nothing is sent from here on.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bounds_double_up_to_the_longest() {
        let bounds: Vec<u128> = (0..9).map(|n| Backoff::default().bound(n).as_millis()).collect();
        assert_eq!(bounds, [500, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
        assert_eq!(Backoff::default().bound(u32::MAX), Duration::from_secs(30));
    }

    #[test]
    fn the_whole_range_is_drawn_from() {
        let backoff = Backoff::default();
        assert_eq!(backoff.delay(1, None, [0; 8]), Duration::ZERO);
        assert_eq!(backoff.delay(1, None, [255; 8]), Duration::from_millis(500));
        let mean = |n: u64| {
            (0..n).map(|i| backoff.delay(1, None, (u64::MAX / n * i).to_be_bytes())).sum::<Duration>()
        };
        let milliseconds = mean(1000).as_millis() / 1000;
        assert!((249..=251).contains(&milliseconds), "{milliseconds}");
    }

    #[test]
    fn a_wait_that_was_asked_for_is_kept_and_bounded() {
        let delay = |asked_s| Backoff::default().delay(1, Some(Duration::from_secs(asked_s)), [0; 8]);
        assert_eq!(delay(7), Duration::from_secs(7));
        assert_eq!(delay(u64::MAX), MAX_ASKED);
    }

    #[test]
    fn i3_a_try_at_the_very_moment_of_expiry_is_too_late() {
        let now = Timestamp::from_millis(0);
        let next = |expires_ms| {
            let window = Window { now, expires_at: Timestamp::from_millis(expires_ms) };
            Backoff::default().next_try(1, None, [255; 8], window)
        };
        assert_eq!(next(500), None);
        assert_eq!(next(501), Some(Timestamp::from_millis(500)));
    }

    #[test]
    fn senseless_bounds_are_refused() {
        let ms = Duration::from_millis;
        assert!(Backoff::new(ms(0), ms(10)).is_err());
        assert!(Backoff::new(ms(10), ms(9)).is_err());
        assert!(Backoff::new(ms(10), MAX_ASKED + ms(1)).is_err());
        assert!(Backoff::new(ms(10), ms(10)).is_ok());
    }

    proptest! {
        #[test]
        fn i3_no_try_is_planned_at_or_after_expiry(
            attempt: u32, random: [u8; 8], asked_ms in proptest::option::of(any::<u64>()), now: i64, expires: i64,
        ) {
            let asked = asked_ms.map(Duration::from_millis);
            let window = Window { now: Timestamp::from_millis(now), expires_at: Timestamp::from_millis(expires) };
            match Backoff::default().next_try(attempt, asked, random, window) {
                Some(at) => prop_assert!(at >= window.now && at < window.expires_at),
                None => prop_assert!(
                    window.now.plus(Backoff::default().delay(attempt, asked, random)) >= window.expires_at
                ),
            }
        }

        #[test]
        fn a_wait_is_never_longer_than_its_bounds(attempt: u32, random: [u8; 8], asked_ms: u64) {
            let wait = Backoff::default().delay(attempt, Some(Duration::from_millis(asked_ms)), random);
            prop_assert!(wait <= MAX_ASKED + Duration::from_secs(30));
        }
    }
}
