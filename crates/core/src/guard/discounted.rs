//! Counts that forget: each halves in its half-life.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Good and bad outcomes, each weighted by 2^(-age / half-life).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcomes {
    good: f32,
    bad: f32,
    at: Timestamp,
}

/// An outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The code was typed in time.
    Good,
    /// It was not.
    Bad,
}

impl Outcomes {
    /// None yet.
    pub const NONE: Outcomes = Outcomes { good: 0.0, bad: 0.0, at: Timestamp::EPOCH };

    /// With one more.
    #[must_use]
    pub fn with(self, outcome: Outcome, half_life: Duration, now: Timestamp) -> Self {
        let mut outcomes = self.at(half_life, now);
        match outcome {
            Outcome::Good => outcomes.good += 1.0,
            Outcome::Bad => outcomes.bad += 1.0,
        }
        outcomes
    }

    /// As they weigh at `now`.
    #[must_use]
    pub fn at(self, half_life: Duration, now: Timestamp) -> Self {
        if now <= self.at {
            return self;
        }
        let kept = (-(now.since(self.at).as_secs_f32() / half_life.as_secs_f32().max(1.0))).exp2();
        Outcomes { good: self.good * kept, bad: self.bad * kept, at: now }
    }

    /// The weight of all.
    pub fn weight(&self) -> f64 {
        f64::from(self.good) + f64::from(self.bad)
    }

    /// The share of good ones, with a prior share that weighs as many outcomes as `prior_weight`.
    pub fn share(&self, prior: f64, prior_weight: f64) -> f64 {
        (f64::from(self.good) + prior * prior_weight) / (self.weight() + prior_weight).max(f64::MIN_POSITIVE)
    }

    /// The weight of the good ones.
    pub fn good(&self) -> f64 {
        f64::from(self.good)
    }
}
