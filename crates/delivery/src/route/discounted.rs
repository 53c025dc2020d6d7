//! Counts that fade.

use std::time::Duration;

use countersign_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Good and bad observations, each worth half after every half-life: a rate that follows the world
/// without keeping a single observation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Discounted {
    good: f64,
    bad: f64,
    at: Timestamp,
}

impl Default for Discounted {
    fn default() -> Self {
        Discounted { good: 0.0, bad: 0.0, at: Timestamp::EPOCH }
    }
}

impl Discounted {
    /// Counts one observation. A clock that steps back fades nothing.
    pub fn add(&mut self, observation: Observation, half_life: Duration, now: Timestamp) {
        self.fade(half_life, now);
        match observation {
            Observation::Good => self.good += 1.0,
            Observation::Bad => self.bad += 1.0,
        }
    }

    /// Takes one observation back that was counted a moment ago.
    pub fn take_back(&mut self, observation: Observation) {
        let count = match observation {
            Observation::Good => &mut self.good,
            Observation::Bad => &mut self.bad,
        };
        *count = (*count - 1.0).max(0.0);
    }

    fn fade(&mut self, half_life: Duration, now: Timestamp) {
        let factor = fading(now.since(self.at), half_life);
        self.good *= factor;
        self.bad *= factor;
        self.at = self.at.max(now);
    }

    /// The counts as they are at `now`.
    #[must_use]
    pub fn at(mut self, half_life: Duration, now: Timestamp) -> Self {
        self.fade(half_life, now);
        self
    }

    /// Good observations left.
    pub const fn good(&self) -> f64 {
        self.good
    }

    /// Bad observations left.
    pub const fn bad(&self) -> f64 {
        self.bad
    }

    /// Observations left.
    pub fn total(&self) -> f64 {
        self.good + self.bad
    }

    /// The share of good ones, drawn towards `prior` as if `weight` observations had said so.
    pub fn rate(&self, prior: f64, weight: f64) -> f64 {
        (self.good + prior * weight) / (self.total() + weight)
    }

    /// Observations a day that would keep the counts where they are.
    pub fn per_day(&self, half_life: Duration) -> f64 {
        const DAY_S: f64 = 86_400.0;
        self.total() * std::f64::consts::LN_2 * DAY_S / half_life.as_secs_f64()
    }
}

/// One observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observation {
    /// As it should be.
    Good,
    /// Not.
    Bad,
}

fn fading(elapsed: Duration, half_life: Duration) -> f64 {
    if elapsed.is_zero() { 1.0 } else { (-elapsed.as_secs_f64() / half_life.as_secs_f64()).exp2() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_half_life_halves_and_a_clock_that_steps_back_does_not() {
        let start = Timestamp::from_millis(1_000_000_000);
        let mut counts = Discounted::default();
        for _ in 0..8 {
            counts.add(Observation::Good, HOUR, start);
        }
        counts.add(Observation::Bad, HOUR, start.plus(HOUR));
        assert!((counts.good() - 4.0).abs() < 1e-9 && (counts.bad() - 1.0).abs() < 1e-9);
        let earlier = counts.at(HOUR, start);
        assert!((earlier.good() - 4.0).abs() < 1e-9);
    }

    #[test]
    fn the_daily_volume_is_estimated() {
        let mut counts = Discounted::default();
        let mut now = Timestamp::from_millis(1_000_000_000);
        for _ in 0..5000 {
            now = now.plus(Duration::from_secs(60));
            counts.add(Observation::Good, 3 * HOUR, now);
        }
        assert!((counts.per_day(3 * HOUR) - 1440.0).abs() < 10.0, "{}", counts.per_day(3 * HOUR));
    }
}
