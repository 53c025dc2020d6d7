//! Customers: known ones and new ones, by day and night, in flash sales and carrier outages.

use super::country::{COUNTRIES, RANGES};
use super::dice::Dice;

pub(super) const HOUR_MS: u64 = 3_600_000;
pub(super) const DAY_MS: u64 = 24 * HOUR_MS;
const MINUTE_MS: u64 = 60_000;
/// Ranges that customers of a country have, by Zipf's law.
const USED: usize = 40;
/// Requests of customers who were verified before.
const RETURNING: f64 = 0.55;
/// How much surer those are to type their code.
const SURER: f64 = 0.08;
/// A flash sale brings so many times the customers.
const FLASH: f64 = 8.0;
/// Of what customers would have typed, so much is typed in an outage.
const TYPED_IN_OUTAGE: f64 = 0.05;

/// One request of a customer.
#[derive(Clone, Copy, Debug)]
pub struct Visit {
    /// Which of the countries.
    pub country: usize,
    /// Which of its ranges.
    pub range: u16,
    /// Which number of that.
    pub offset: u32,
    /// Who it is, of those who come back.
    pub who: Option<u32>,
    /// How long after the message the code is typed, if it is.
    pub typed_after_ms: Option<u64>,
}

/// Times, from and until.
type Span = (u64, u64);

/// All customers of one world.
pub struct Honest {
    dice: Dice,
    per_ms: f64,
    /// For each hour of the day the traffic of the countries, summed up.
    hours: Vec<[f64; COUNTRIES.len()]>,
    ranges: Vec<[u16; USED]>,
    zipf: [f64; USED],
    sales: Vec<Span>,
    outages: Vec<(usize, Span)>,
    returning: Vec<Vec<(u16, u32)>>,
}

impl Honest {
    /// Customers who ask so many times a day, for so many days.
    pub fn new(seed: u64, per_day: u32, days: u32) -> Self {
        let mut dice = Dice::new(seed, 1);
        let end = days * 24 * 60;
        let span = |dice: &mut Dice, least: u32, most: u32| {
            let from = u64::from(dice.below(end)) * MINUTE_MS;
            (from, from + u64::from(dice.between(least, most)) * MINUTE_MS)
        };
        // Six sales and twelve outages in 14 days.
        let sales = (0..(days * 6).div_ceil(14)).map(|_| span(&mut dice, 30, 60)).collect();
        let outages = (0..(days * 12).div_ceil(14))
            .map(|_| (dice.below(12) as usize, span(&mut dice, 30, 120)))
            .collect();
        let mut honest = Honest {
            per_ms: f64::from(per_day) / 86_400_000.0,
            hours: (0..24).map(traffic_at).collect(),
            ranges: (0..COUNTRIES.len()).map(|_| used_ranges(&mut dice)).collect(),
            zipf: zipf(),
            sales,
            outages,
            returning: Vec::new(),
            dice,
        };
        // Each comes back about every second day.
        for (at, country) in COUNTRIES.iter().enumerate() {
            let count = per_day * u32::from(country.weight) / 1000 + 1;
            let people = (0..count).map(|_| honest.number(at)).collect();
            honest.returning.push(people);
        }
        honest
    }

    fn number(&mut self, country: usize) -> (u16, u32) {
        let at = position(&self.zipf, self.dice.unit());
        (self.ranges[country][at], self.dice.below(COUNTRIES[country].range_size()))
    }

    /// Those who were verified before the world begins: country, range, number.
    pub fn known(&self) -> impl Iterator<Item = (usize, u16, u32)> + '_ {
        self.returning
            .iter()
            .enumerate()
            .flat_map(|(country, people)| people.iter().map(move |&(range, offset)| (country, range, offset)))
    }

    /// The ranges of a country that customers have, the largest first.
    pub fn ranges_of(&self, country: usize) -> &[u16] {
        &self.ranges[country]
    }

    /// When the next one asks. The rate is constant within a minute.
    pub fn next_after(&mut self, now_ms: u64) -> u64 {
        let mut now_ms = now_ms;
        loop {
            let minute_end = (now_ms / MINUTE_MS + 1) * MINUTE_MS;
            let sale = self.sales.iter().any(|&(from, to)| (from..to).contains(&now_ms));
            let rate = self.per_ms * self.hour(now_ms)[COUNTRIES.len() - 1] * if sale { FLASH } else { 1.0 };
            let at_ms = now_ms + self.dice.wait_ms(1.0 / rate).max(1);
            if at_ms < minute_end {
                return at_ms;
            }
            now_ms = minute_end;
        }
    }

    fn hour(&self, now_ms: u64) -> &[f64; COUNTRIES.len()] {
        &self.hours[usize::try_from(now_ms / HOUR_MS % 24).unwrap_or(0)]
    }

    /// Who asks now.
    pub fn visit(&mut self, now_ms: u64) -> Visit {
        let hour = *self.hour(now_ms);
        let country = position(&hour, self.dice.unit() * hour[COUNTRIES.len() - 1]);
        let mut typed = COUNTRIES[country].typed;
        let (range, offset, who) = if self.dice.chance(RETURNING) {
            typed = (typed + SURER).min(0.95);
            let who = self.dice.below(u32::try_from(self.returning[country].len()).unwrap_or(1));
            let (range, offset) = self.returning[country][who as usize];
            (range, offset, Some(who))
        } else {
            let (range, offset) = self.number(country);
            (range, offset, None)
        };
        let out = |&(where_, (from, to)): &(usize, Span)| where_ == country && (from..to).contains(&now_ms);
        if self.outages.iter().any(out) {
            typed *= TYPED_IN_OUTAGE;
        }
        // Both are drawn always, so that the story goes on alike.
        let (delay_ms, does) = (self.dice.typing_ms(), self.dice.chance(typed));
        Visit { country, range, offset, who, typed_after_ms: does.then_some(delay_ms) }
    }
}

fn traffic_at(hour: u8) -> [f64; COUNTRIES.len()] {
    let mut sum = 0.0;
    COUNTRIES.map(|country| {
        let phase = (f64::from(hour) - f64::from(country.peak_hour)) / 24.0 * std::f64::consts::TAU;
        sum += f64::from(country.weight) / 1000.0 * (1.0 + 0.8 * phase.cos());
        sum
    })
}

fn used_ranges(dice: &mut Dice) -> [u16; USED] {
    let mut all: Vec<u16> = (0..RANGES).collect();
    std::array::from_fn(|_| all.swap_remove(dice.below(u32::try_from(all.len()).unwrap_or(1)) as usize))
}

fn zipf() -> [f64; USED] {
    let mut sum = 0.0;
    let mut rank = 0.0;
    let sums: [f64; USED] = std::array::from_fn(|_| {
        rank += 1.0;
        sum += 1.0 / rank;
        sum
    });
    sums.map(|one| one / sum)
}

/// Where a value lies among sums.
fn position(sums: &[f64], value: f64) -> usize {
    sums.partition_point(|&sum| sum < value).min(sums.len() - 1)
}
