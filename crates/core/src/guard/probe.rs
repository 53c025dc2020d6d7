//! Refused messages that are sent anyway: how keys recover, and how the guard is measured (fraud.md B.3.1).
//!
//! Each is drawn by lot and stands for all that were not drawn. The lot is drawn only while the key's and the country's
//! probes of the day are not used up, so that each refusal in the lot has the same chance whatever came before, and
//! the estimate is without bias for those refusals; the others are counted apart.

use serde::{Deserialize, Serialize};

use super::thousandths::Thousandths;
use crate::time::Timestamp;

/// Probes that a key got today (UTC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probed {
    day: i32,
    count: u16,
}

impl Probed {
    /// None yet.
    pub const NONE: Probed = Probed { day: 0, count: 0 };

    /// How many today.
    pub fn today(&self, now: Timestamp) -> u16 {
        if now.day().number() > self.day { 0 } else { self.count }
    }

    /// With one more.
    #[must_use]
    pub fn with_one(self, now: Timestamp) -> Self {
        let day = now.day().number().max(self.day);
        Probed { day, count: self.today(now).saturating_add(1) }
    }

    /// As many as either.
    #[must_use]
    pub fn stricter(self, other: Probed) -> Self {
        match self.day.cmp(&other.day) {
            std::cmp::Ordering::Less => other,
            std::cmp::Ordering::Equal => Probed { count: self.count.max(other.count), ..self },
            std::cmp::Ordering::Greater => self,
        }
    }
}

/// What the lot said about a refused request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lot {
    /// It was in no lot: allowed, or refused by a rule that is no matter of chance.
    None,
    /// It was in the lot and not drawn.
    NotDrawn,
    /// It was drawn, and is sent.
    Drawn,
    /// The probes of the day were used up.
    UsedUp,
}

/// 32 random bits for one request, uniform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw(pub u32);

impl Draw {
    /// Whether so many of a hundred include it.
    pub fn is_within(self, percent: Thousandths) -> bool {
        u64::from(self.0) * 100_000 < percent.count() << 32
    }
}

/// What probes tell about all refusals that were in the lot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProbeCount {
    /// Refusals in the lot that were not drawn.
    pub not_drawn: u64,
    /// Those that were, and are old enough to be judged.
    pub drawn: u64,
    /// Of them, those whose code was typed.
    pub converted: u64,
    /// Refusals that were in no lot because the probes of the day were used up.
    pub used_up: u64,
    /// What the messages of `not_drawn` would have cost, in millionths.
    pub not_drawn_micros: u64,
    /// What the messages of `drawn` cost.
    pub drawn_micros: u64,
    /// The sum of the squares of those prices.
    pub drawn_micros_squared: u128,
    /// What the messages of `converted` cost.
    pub converted_micros: u64,
}

/// A number with the interval that holds it 95 times of a hundred.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The best guess.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Standard deviations on both sides of the mean that hold 95 of a hundred.
const Z: f64 = 1.959_964;

impl ProbeCount {
    /// Counts a refusal that was in the lot and not drawn.
    pub fn refuse(&mut self, price_micros: u64) {
        self.not_drawn += 1;
        self.not_drawn_micros = self.not_drawn_micros.saturating_add(price_micros);
    }

    /// Counts a probe that is old enough to be judged.
    pub fn judge(&mut self, price_micros: u64) {
        self.drawn += 1;
        self.drawn_micros = self.drawn_micros.saturating_add(price_micros);
        let squared = u128::from(price_micros) * u128::from(price_micros);
        self.drawn_micros_squared = self.drawn_micros_squared.saturating_add(squared);
    }

    /// Counts a probe whose code was typed; it was judged before or is at the same time.
    pub fn convert(&mut self, price_micros: u64) {
        self.converted += 1;
        self.converted_micros = self.converted_micros.saturating_add(price_micros);
    }

    /// The share of customers among the refusals in the lot, by Wilson's interval (1927). Nothing without probes.
    pub fn customers(&self) -> Option<Estimate> {
        wilson(lossy(self.converted), lossy(self.drawn))
    }

    /// How many of the refused requests in the lot would have been typed: customers hurt.
    pub fn hurt(&self) -> Option<Estimate> {
        self.customers().map(|share| share.times(lossy(self.not_drawn)))
    }

    /// The money, in millionths, that the refused requests in the lot would have cost for codes that nobody types: what
    /// was saved. The share of the money is weighted by prices, so its interval is Wilson's for as many equal probes as
    /// these are worth (Kish 1965: (Σx)²/Σx²).
    pub fn saved_micros(&self) -> Option<Estimate> {
        if self.drawn_micros == 0 {
            return None;
        }
        let drawn = lossy(self.drawn_micros);
        let worth = drawn * drawn / lossy_squared(self.drawn_micros_squared);
        let wasted = lossy(self.drawn_micros.saturating_sub(self.converted_micros)) / drawn;
        wilson(wasted * worth, worth).map(|share| share.times(lossy(self.not_drawn_micros)))
    }
}

impl Estimate {
    fn times(self, whole: f64) -> Self {
        Estimate { value: self.value * whole, low: self.low * whole, high: self.high * whole }
    }

    /// Whether it holds a value, between its ends.
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

fn wilson(some: f64, count: f64) -> Option<Estimate> {
    if count <= 0.0 {
        return None;
    }
    let share = some / count;
    let centre = share + Z * Z / (2.0 * count);
    let half = Z * (share * (1.0 - share) / count + Z * Z / (4.0 * count * count)).sqrt();
    let scale = 1.0 + Z * Z / count;
    Some(Estimate {
        value: share,
        low: ((centre - half) / scale).max(0.0),
        high: ((centre + half) / scale).min(1.0),
    })
}

#[expect(clippy::cast_precision_loss, reason = "an estimate: its interval is wider than the rounding")]
fn lossy_squared(value: u128) -> f64 {
    value as f64
}

#[expect(clippy::cast_precision_loss, reason = "an estimate: its interval is wider than the rounding")]
fn lossy(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn two_of_a_hundred_are_drawn() {
        let percent = Thousandths::of(2000);
        let drawn =
            (0..100_000_u32).filter(|n| Draw(n.wrapping_mul(2_654_435_761)).is_within(percent)).count();
        assert!((1900..2100).contains(&drawn), "{drawn}");
        assert!(!Draw(0).is_within(Thousandths::of(0)));
        assert!(Draw(u32::MAX).is_within(Thousandths::of(100_000)));
    }

    #[test]
    fn probes_are_counted_by_the_day() {
        let now = Timestamp::from_millis(1_795_428_000_000);
        let probed = Probed::default().with_one(now).with_one(now);
        assert_eq!(probed.today(now), 2);
        let tomorrow = now.plus(Duration::from_secs(86_400));
        assert_eq!((probed.today(tomorrow), probed.with_one(tomorrow).today(tomorrow)), (0, 1));
        assert_eq!(probed.stricter(Probed::default()), probed);
    }

    #[test]
    fn the_interval_is_wilsons() {
        let count = ProbeCount { drawn: 100, converted: 10, ..ProbeCount::default() };
        let share = count.customers().unwrap();
        assert!((share.value - 0.1).abs() < 1e-9);
        assert!((share.low - 0.0552).abs() < 1e-3 && (share.high - 0.1744).abs() < 1e-3, "{share:?}");
        assert_eq!(ProbeCount::default().customers(), None);
    }

    /// Days on which ranges are asked for until their probes are used up; some are full of fraud, some of customers.
    #[test]
    fn in_about_95_of_a_hundred_stories_the_intervals_hold_the_truth() {
        let mut state = 7_u64;
        let mut bits = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            u32::try_from(state >> 32).unwrap()
        };
        let (mut held_money, mut held_customers) = (0, 0);
        for _ in 0..400 {
            let mut count = ProbeCount::default();
            let (mut saved, mut hurt) = (0_u64, 0_u64);
            for range in 0..40_u32 {
                let (price, typed_of_100) = (30_000 + range % 5 * 20_000, [0, 2, 10, 40][range as usize % 4]);
                let mut probed = 0;
                for _ in 0..1000 {
                    let typed = bits() % 100 < typed_of_100;
                    if probed == 10 {
                        count.used_up += 1;
                    } else if Draw(bits()).is_within(Thousandths::of(2000)) {
                        probed += 1;
                        count.judge(u64::from(price));
                        if typed {
                            count.convert(u64::from(price));
                        }
                    } else {
                        count.refuse(u64::from(price));
                        (saved, hurt) =
                            if typed { (saved, hurt + 1) } else { (saved + u64::from(price), hurt) };
                    }
                }
            }
            held_money += usize::from(count.saved_micros().unwrap().holds(lossy(saved)));
            held_customers += usize::from(count.hurt().unwrap().holds(lossy(hurt)));
        }
        // Four standard deviations around 380 of 400.
        for held in [held_money, held_customers] {
            assert!((362..=397).contains(&held), "{held_money} {held_customers}");
        }
    }
}
