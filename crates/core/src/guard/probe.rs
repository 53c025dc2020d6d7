//! Refused messages that are sent anyway: how keys recover, and how the guard is measured (fraud.md B.3.1).
//!
//! Each is drawn by lot and stands for all that were not drawn. The lot is drawn only while the key's and the country's
//! probes of the day are not used up, so that each refusal in the lot has the same chance whatever came before, and
//! the estimate is without bias for those refusals; the others are counted apart.

use serde::{Deserialize, Serialize};

use super::thousandths::Thousandths;
use crate::money::Currency;
use crate::price::Price;
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
    /// No probe might be sent: those of the day were used up, or a cap on spend was reached.
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
///
/// Each request of the lot is drawn with the chance p of its time, whatever happened before. So a probe that was drawn
/// stands for 1/p requests of the lot, itself among them, and for 1/p − 1 that were not drawn (Horvitz and Thompson
/// 1952): the sum of these over probes with a property has the number of undrawn requests with that property as its
/// mean, also where a lot ends because a key's probes of the day are used up. With 2 of a hundred a probe stands for 49.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProbeCount {
    /// Refusals in the lot that were not drawn.
    pub not_drawn: u64,
    /// Those that were, and are old enough to be judged.
    pub drawn: u64,
    /// Of them, those whose code was typed.
    pub converted: u64,
    /// Refusals that were in no lot because no probe might be sent: those of the day were used up, or a cap on spend was
    /// reached.
    pub used_up: u64,
    /// What the messages of `not_drawn` would have cost, in millionths.
    pub not_drawn_micros: u64,
    /// For how many undrawn requests the probes of `drawn` stand.
    requests: Weighted,
    /// For how much of their money, in millionths.
    money: Weighted,
    /// The most that one of them stands for.
    dearest: f64,
    /// For how many customers those of `converted` stand.
    customers: Weighted,
    /// For how much of their money.
    customers_money: Weighted,
}

/// A sum of weights and the sum of their squares.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Weighted {
    sum: f64,
    squares: f64,
}

impl Weighted {
    fn add(&mut self, weight: f64) {
        self.sum += weight;
        self.squares += weight * weight;
    }

    fn without(self, part: Weighted) -> Self {
        Weighted { sum: (self.sum - part.sum).max(0.0), squares: (self.squares - part.squares).max(0.0) }
    }

    /// As many equal weights as these are worth (Kish 1965: (Σx)²/Σx²).
    fn worth(self) -> f64 {
        if self.squares > 0.0 { self.sum * self.sum / self.squares } else { 0.0 }
    }

    /// The sum with an interval for its mean. Hits are rare, so their number is Poisson's or varies less; its interval
    /// is Garwood's (1936) by the formula of Wilson and Hilferty. `largest`: what one hit would weigh where none came.
    fn estimate(self, largest: f64) -> Estimate {
        let hits = self.worth();
        let of_one = if self.sum > 0.0 { self.squares / self.sum } else { largest };
        let cubed = |n: f64, side: f64| n * (1.0 - 1.0 / (9.0 * n) + side * Z / (3.0 * n.sqrt())).powi(3);
        let low = if hits > 0.0 { cubed(hits, -1.0).max(0.0) } else { 0.0 };
        Estimate { value: self.sum, low: low * of_one, high: cubed(hits + 1.0, 1.0) * of_one }
    }
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

/// For how many requests that were not drawn a probe stands.
fn others(percent: Thousandths) -> f64 {
    let drawn_of_100 = percent.to_f64();
    if drawn_of_100 > 0.0 { (100.0 / drawn_of_100 - 1.0).max(0.0) } else { 0.0 }
}

impl ProbeCount {
    /// Counts a refusal that was in the lot and not drawn.
    pub fn refuse(&mut self, price_micros: u64) {
        self.not_drawn += 1;
        self.not_drawn_micros = self.not_drawn_micros.saturating_add(price_micros);
    }

    /// Counts a probe that is old enough to be judged. `percent`: how many of a hundred were drawn at its time.
    pub fn judge(&mut self, percent: Thousandths, price_micros: u64) {
        self.drawn += 1;
        let (requests, money) = (others(percent), others(percent) * lossy(price_micros));
        self.requests.add(requests);
        self.money.add(money);
        self.dearest = self.dearest.max(money);
    }

    /// Counts a probe whose code was typed; it was judged before or is at the same time.
    pub fn convert(&mut self, percent: Thousandths, price_micros: u64) {
        self.converted += 1;
        self.customers.add(others(percent));
        self.customers_money.add(others(percent) * lossy(price_micros));
    }

    /// The share of customers among the refusals in the lot, by Wilson's interval (1927). Nothing without probes.
    pub fn customers(&self) -> Option<Estimate> {
        let share = if self.requests.sum > 0.0 { self.customers.sum / self.requests.sum } else { 0.0 };
        wilson(share, self.requests.worth())
    }

    /// How many of the requests in the lot that were not drawn would have been typed: customers hurt. Without bias.
    /// Nothing without probes.
    pub fn hurt(&self) -> Option<Estimate> {
        let of_one = self.requests.squares / self.requests.sum;
        (self.drawn > 0).then(|| self.customers.estimate(of_one))
    }

    /// The money, in millionths, that the requests in the lot that were not drawn would have cost for codes that nobody
    /// types: what was saved. All that they would have cost is known, and only the part of customers is estimated: without
    /// bias, and with less spread than [`Self::saved_by_probes_micros`]. For whoever counted every refusal. Nothing
    /// without probes.
    pub fn saved_micros(&self) -> Option<Estimate> {
        let of_customers = self.customers_money.estimate(self.dearest);
        let all = lossy(self.not_drawn_micros);
        let saved = Estimate {
            value: all - of_customers.value,
            low: all - of_customers.high,
            high: all - of_customers.low,
        };
        (self.drawn > 0).then_some(saved)
    }

    /// The same from the probes alone, for a guard whose past is a journal: probes are in it, and refusals are not.
    pub fn saved_by_probes_micros(&self) -> Option<Estimate> {
        (self.drawn > 0).then(|| self.money.without(self.customers_money).estimate(self.dearest))
    }
}

impl Estimate {
    /// Its value and both ends as amounts, where it is one in millionths. None of them is below nothing.
    pub fn prices(&self, currency: Currency) -> [Price; 3] {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "of a float that is too large or below zero the nearest amount is what is wanted"
        )]
        [self.value, self.low, self.high].map(|micros| Price::from_micros(micros.round() as u64, currency))
    }

    /// Whether it holds a value, between its ends.
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

fn wilson(share: f64, count: f64) -> Option<Estimate> {
    if count <= 0.0 {
        return None;
    }
    let centre = share + Z * Z / (2.0 * count);
    let half = Z * (share * (1.0 - share) / count + Z * Z / (4.0 * count * count)).sqrt();
    let scale = 1.0 + Z * Z / count;
    Some(Estimate {
        value: share,
        // Rounding is not to leave the share outside where it is 0 or 1.
        low: ((centre - half) / scale).max(0.0).min(share),
        high: ((centre + half) / scale).min(1.0).max(share),
    })
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

    const TWO: Thousandths = Thousandths::of(2000);

    fn of(drawn: u32, converted: u32, price_micros: u64) -> ProbeCount {
        let mut count = ProbeCount::default();
        (0..drawn).for_each(|_| count.judge(TWO, price_micros));
        (0..converted).for_each(|_| count.convert(TWO, price_micros));
        count
    }

    #[test]
    fn the_interval_of_the_share_is_wilsons() {
        let share = of(100, 10, 1).customers().unwrap();
        assert!((share.value - 0.1).abs() < 1e-9);
        assert!((share.low - 0.0552).abs() < 1e-3 && (share.high - 0.1744).abs() < 1e-3, "{share:?}");
        let nothing = ProbeCount::default();
        assert_eq!((nothing.customers(), nothing.hurt(), nothing.saved_micros()), (None, None, None));
        assert_eq!(nothing.saved_by_probes_micros(), None);
    }

    #[test]
    fn the_interval_of_a_count_is_garwoods() {
        // Exact ends for 0, 1, 10 and 100 hits: half the chi-squared quantiles.
        for (hits, low, high) in
            [(0, 0.0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.39), (100, 81.36, 121.6)]
        {
            let hurt = of(200, hits, 1).hurt().unwrap();
            assert!((hurt.value - 49.0 * f64::from(hits)).abs() < 1e-6);
            let (low_hits, high_hits) = (hurt.low / 49.0, hurt.high / 49.0);
            assert!((low_hits - low).abs() < 0.02 && (high_hits - high).abs() < 0.03, "{hits}: {hurt:?}");
        }
    }

    #[test]
    fn what_is_saved_is_the_money_of_those_who_type_nothing() {
        let mut count = of(10, 2, 50_000);
        (0..490).for_each(|_| count.refuse(50_000));
        let (known, by_probes) = (count.saved_micros().unwrap(), count.saved_by_probes_micros().unwrap());
        assert!((known.value - 392.0 * 50_000.0).abs() < 1e-3, "490 less twice 49: {known:?}");
        assert!((by_probes.value - 392.0 * 50_000.0).abs() < 1e-3, "eight times 49: {by_probes:?}");
        assert!(known.low < known.value && known.value < known.high && known.high <= 490.0 * 50_000.0);
        assert!(by_probes.low < by_probes.value && by_probes.value < by_probes.high);
        // Nobody typed a code, which proves nothing about few probes.
        let mut none = of(10, 0, 50_000);
        (0..490).for_each(|_| none.refuse(50_000));
        let saved = none.saved_micros().unwrap();
        assert!(saved.high > saved.low && saved.holds(490.0 * 50_000.0), "{saved:?}");
    }

    /// Days on which ranges are asked for until their probes are used up; some are full of fraud, some of customers.
    #[test]
    fn in_about_95_of_a_hundred_stories_the_intervals_hold_the_truth() {
        let mut state = 7_u64;
        let mut bits = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            u32::try_from(state >> 32).unwrap()
        };
        let mut held = [0; 3];
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
                        count.judge(TWO, u64::from(price));
                        if typed {
                            count.convert(TWO, u64::from(price));
                        }
                    } else {
                        count.refuse(u64::from(price));
                        (saved, hurt) =
                            if typed { (saved, hurt + 1) } else { (saved + u64::from(price), hurt) };
                    }
                }
            }
            held[0] += usize::from(count.saved_micros().unwrap().holds(lossy(saved)));
            held[1] += usize::from(count.saved_by_probes_micros().unwrap().holds(lossy(saved)));
            held[2] += usize::from(count.hurt().unwrap().holds(lossy(hurt)));
        }
        // Four standard deviations below 380 of 400; the intervals are not too short, and may be a little long.
        assert!(held.iter().all(|held| *held >= 362), "{held:?}");
    }
}
