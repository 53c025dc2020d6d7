//! Thompson sampling: now and then a route that is probably not the best, to find out.
//!
//! Only where a rule switches it on: a shop's volume seldom carries what exploring costs
//! (delivery.md E). What it knows are the outcomes that [`super::health`] keeps, which fade by half in
//! [`super::health::LATELY`]: with a shorter memory chance looks like change.

use countersign_core::entropy::Entropy;
use serde::{Deserialize, Serialize};

use super::discounted::Discounted;

/// How it explores.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ThompsonSettings {
    /// The most messages of a hundred that leave by another route than the best known one.
    pub max_explored_percent: u8,
    /// Verifications a day that a route's cell must see, or it does not take part.
    pub min_per_day: u32,
    /// How many hundredths more than the cheapest one a route may cost to take part.
    pub max_price_above_percent: u16,
}

impl Default for ThompsonSettings {
    fn default() -> Self {
        ThompsonSettings { max_explored_percent: 10, min_per_day: 5000, max_price_above_percent: 25 }
    }
}

/// Settings that make no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidThompson {
    /// More than the half.
    #[error("max_explored_percent is at most 50")]
    Explored,
}

impl ThompsonSettings {
    /// Says what is wrong with it.
    pub const fn check(self) -> Result<(), InvalidThompson> {
        if self.max_explored_percent > 50 { Err(InvalidThompson::Explored) } else { Ok(()) }
    }
}

/// What the sampling came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sampled {
    /// The arm with the best record.
    Best(usize),
    /// Another one, to learn about it.
    Explored(usize),
}

/// Chooses one of the arms, each with what it has done lately. None when there is none.
///
/// The cap is a coin thrown first: with the chance of `max_explored_percent` the samples decide, else
/// the record does, so that exploring can never take more than its share.
pub(super) fn sample(
    arms: &[Discounted],
    settings: ThompsonSettings,
    entropy: &mut Entropy,
) -> Option<Sampled> {
    let best = arg_max(arms.iter().map(|arm| arm.rate(0.5, 2.0)))?;
    if uniform(entropy) * 100.0 >= f64::from(settings.max_explored_percent) {
        return Some(Sampled::Best(best));
    }
    let samples: Vec<f64> = arms.iter().map(|arm| beta(1.0 + arm.good(), 1.0 + arm.bad(), entropy)).collect();
    let chosen = arg_max(samples.into_iter())?;
    Some(if chosen == best { Sampled::Best(best) } else { Sampled::Explored(chosen) })
}

fn arg_max(values: impl Iterator<Item = f64>) -> Option<usize> {
    // The first of equals: the order of the list decides.
    let first_largest = |best: Option<(usize, f64)>, (index, value): (usize, f64)| match best {
        Some((_, largest)) if value <= largest => best,
        _ => Some((index, value)),
    };
    values.enumerate().fold(None, first_largest).map(|(index, _)| index)
}

/// A number of [0, 1) with 53 random bits.
pub(super) fn uniform(entropy: &mut Entropy) -> f64 {
    const BITS: u32 = 53;
    let bits = u64::from_be_bytes(entropy.bytes()) >> (64 - BITS);
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a double holds exactly")]
    let numerator = bits as f64;
    numerator / f64::from(2_u32.pow(BITS - 22)) / f64::from(2_u32.pow(22))
}

/// Beta(a, b) from two gamma variates.
fn beta(a: f64, b: f64, entropy: &mut Entropy) -> f64 {
    let (x, y) = (gamma(a, entropy), gamma(b, entropy));
    x / (x + y)
}

/// Gamma(shape, 1) for shape ≥ 1 by Marsaglia and Tsang (ACM TOMS 26:3, 2000). Rejections are rare
/// (under 5 %); after 64 of them, which never happens, the mean is as good.
fn gamma(shape: f64, entropy: &mut Entropy) -> f64 {
    let scale = shape - 1.0 / 3.0;
    let width = 1.0 / (9.0 * scale).sqrt();
    for _ in 0..64 {
        let deviate = normal(entropy);
        let cube = (1.0 + width * deviate).powi(3);
        let limit = 0.5 * deviate * deviate + scale - scale * cube + scale * cube.ln();
        if cube > 0.0 && uniform(entropy).max(f64::MIN_POSITIVE).ln() < limit {
            return scale * cube;
        }
    }
    shape
}

/// Box and Muller (1958).
fn normal(entropy: &mut Entropy) -> f64 {
    let radius = (-2.0 * (1.0 - uniform(entropy)).ln()).sqrt();
    radius * (std::f64::consts::TAU * uniform(entropy)).cos()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use countersign_core::time::Timestamp;

    use super::*;
    use crate::route::discounted::Observation;

    fn arm(good: u32, bad: u32) -> Discounted {
        let mut arm = Discounted::default();
        let mut add = |observation, count| {
            for _ in 0..count {
                arm.add(observation, Duration::from_secs(3600), Timestamp::EPOCH);
            }
        };
        add(Observation::Good, good);
        add(Observation::Bad, bad);
        arm
    }

    fn shares(arms: &[Discounted], draws: u32) -> (f64, f64) {
        let mut entropy = Entropy::from_seed([5; 32]);
        let (mut second, mut explored) = (0, 0);
        for _ in 0..draws {
            match sample(arms, ThompsonSettings::default(), &mut entropy).unwrap() {
                Sampled::Best(1) => second += 1,
                Sampled::Explored(_) => explored += 1,
                Sampled::Best(_) => {}
            }
        }
        (f64::from(second) / f64::from(draws), f64::from(explored) / f64::from(draws))
    }

    #[test]
    fn exploring_never_takes_more_than_its_share() {
        // Eight arms that nobody knows anything of: samples alone would explore seven times of eight.
        let (_, explored) = shares(&[Discounted::default(); 8], 4000);
        assert!((0.07..0.115).contains(&explored), "{explored}");
    }

    #[test]
    fn the_better_record_wins_and_a_hopeless_arm_is_left_alone() {
        let (second, explored) = shares(&[arm(300, 700), arm(900, 100)], 2000);
        assert!(second > 0.99 && explored < 0.001, "{second} {explored}");
    }

    #[test]
    fn beta_variates_have_their_mean_and_spread() {
        let mut entropy = Entropy::from_seed([9; 32]);
        let draws: Vec<f64> = (0..4000).map(|_| beta(30.0, 10.0, &mut entropy)).collect();
        let mean = draws.iter().sum::<f64>() / 4000.0;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 4000.0;
        assert!((mean - 0.75).abs() < 0.005, "{mean}");
        assert!((variance - 30.0 * 10.0 / (1600.0 * 41.0)).abs() < 0.0005, "{variance}");
    }

    #[test]
    fn no_arm_gives_no_choice() {
        assert_eq!(sample(&[], ThompsonSettings::default(), &mut Entropy::from_seed([0; 32])), None);
    }
}
