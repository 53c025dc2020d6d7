//! Chance that can be repeated, in the shapes that traffic has.

use crate::torture::random::Random;

/// One stream of chance.
#[derive(Clone, Debug)]
pub struct Dice(Random);

impl Dice {
    /// A stream for one purpose of one seed.
    pub fn new(seed: u64, purpose: u64) -> Self {
        let mixed = Random::new(seed).bits() ^ Random::new(purpose.wrapping_add(1 << 40)).bits();
        Dice(Random::new(mixed))
    }

    /// Evenly between 0 and 1, neither included.
    pub fn unit(&mut self) -> f64 {
        let top = u32::try_from(self.0.bits() >> 32).unwrap_or(u32::MAX);
        (f64::from(top) + 0.5) / (f64::from(u32::MAX) + 1.0)
    }

    /// A whole number below `end`; 0 if that is 0.
    pub fn below(&mut self, end: u32) -> u32 {
        u32::try_from((self.0.bits() >> 16).checked_rem(u64::from(end)).unwrap_or(0)).unwrap_or(0)
    }

    /// A whole number from `least` to `most`.
    pub fn between(&mut self, least: u32, most: u32) -> u32 {
        least + self.below(most.saturating_sub(least) + 1)
    }

    /// True with such a chance.
    pub fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// 32 even bits.
    pub fn bits(&mut self) -> u32 {
        u32::try_from(self.0.bits() >> 32).unwrap_or(0)
    }

    /// Milliseconds until the next of events that come at random, so many apart on average.
    pub fn wait_ms(&mut self, mean_ms: f64) -> u64 {
        whole(-mean_ms * self.unit().ln())
    }

    /// Milliseconds until a customer has typed a code: log-normal, median 17 s, σ = 0.8 (fraud.md B.4).
    pub fn typing_ms(&mut self) -> u64 {
        let normal = (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos();
        whole(17_000.0 * (0.8 * normal).exp())
    }
}

fn whole(value: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time from 0 to a month")]
    let whole = value.clamp(0.0, 3e9) as u64;
    whole
}
