//! Fraudsters. Each request has a fresh number and address, so that limits by key never fire.

use super::country::{COUNTRIES, RANGES};
use super::defender::Answer;
use super::dice::Dice;
use super::honest::{DAY_MS, HOUR_MS, Honest};

/// What a campaign does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Walks through one range, fast.
    Burst,
    /// Random numbers of 20 to 200 ranges of a country.
    Spread,
    /// Random numbers of eleven countries for up to three days, one a minute.
    Slow,
    /// A quarter of the codes is typed.
    FakeConversion,
    /// Sees which of its requests are sent, and moves to where they are.
    Adaptive,
    /// Buys typed codes: so many of a hundred.
    Buyer(u8),
}

/// Shares that buyers buy: one below, just below, and above 1/g = 40 %.
pub const BOUGHT: [u8; 5] = [20, 35, 39, 45, 60];

impl Kind {
    /// Whether it does the same whatever becomes of it, so that its world can be written down.
    pub const fn is_blind(self) -> bool {
        !matches!(self, Kind::Adaptive)
    }

    /// Whether it is one of the four of fraud.md B.4.
    pub const fn is_classic(self) -> bool {
        matches!(self, Kind::Burst | Kind::Spread | Kind::Slow | Kind::FakeConversion)
    }

    /// Its word in the table.
    pub fn word(self) -> String {
        match self {
            Kind::Burst => "burst".to_owned(),
            Kind::Spread => "spread".to_owned(),
            Kind::Slow => "slow".to_owned(),
            Kind::FakeConversion => "fake 25 %".to_owned(),
            Kind::Adaptive => "adaptive".to_owned(),
            Kind::Buyer(share) => format!("buys {share} %"),
        }
    }
}

/// One request of a campaign.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    arm: usize,
    /// Which of the countries.
    pub country: usize,
    /// Which of its ranges.
    pub range: u16,
    /// Which number of that.
    pub offset: u32,
    /// How long after the message the code is typed, if it is.
    pub typed_after_ms: Option<u64>,
}

/// A range that a campaign may use, and how often its messages there were sent of late.
#[derive(Clone, Copy, Debug)]
struct Arm {
    country: usize,
    range: u16,
    open: f64,
}

/// Requests at random places, of an adaptive one.
const EXPLORES: f64 = 0.1;
/// What a request says about a range, against all before it.
const LEARNS: f64 = 0.2;
/// After so many refusals in a row an adaptive one slows down to half.
const PATIENCE: u32 = 30;
const SLOWEST_MS: f64 = 60_000.0;

/// A campaign.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// What it does.
    pub kind: Kind,
    /// When its first request comes.
    pub start_ms: u64,
    end_ms: u64,
    fastest_ms: f64,
    gap_ms: f64,
    arms: Vec<Arm>,
    walked: u32,
    refused_in_a_row: u32,
    dice: Dice,
}

impl Campaign {
    fn new(kind: Kind, seed: u64, nth: u64, span: (u64, u64), honest: &Honest) -> Self {
        let mut dice = Dice::new(seed, 1000 + nth);
        let size = dice.unit();
        let shape = |least: f64, most: f64| least + (most - least) * size;
        // How many a second, and for how many hours.
        let (per_s, hours) = match kind {
            Kind::Burst => (shape(2.0, 8.0), 0.5),
            Kind::Spread => (shape(0.5, 2.0), 2.0),
            Kind::Slow => (1.0 / 60.0, 72.0),
            Kind::FakeConversion => (shape(0.3, 1.0), 4.0),
            Kind::Adaptive => (1.0, 6.0),
            Kind::Buyer(_) => (0.5, 6.0),
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 72 hours")]
        let length_ms = ((hours * 3_600_000.0) as u64).min(span.1 - span.0);
        let slack_h = u32::try_from((span.1 - span.0 - length_ms) / HOUR_MS).unwrap_or(0);
        let start_ms = span.0 + u64::from(dice.below(slack_h * 60 + 1)) * 60_000;
        let arms = arms(kind, &mut dice, honest);
        let gap_ms = 1000.0 / per_s;
        Campaign {
            kind,
            start_ms,
            end_ms: start_ms + length_ms,
            fastest_ms: gap_ms,
            gap_ms,
            walked: dice.below(500_000),
            arms,
            refused_in_a_row: 0,
            dice,
        }
    }

    /// When its next request comes, if one does.
    pub fn next_after(&mut self, now_ms: u64) -> Option<u64> {
        let at_ms = now_ms + self.dice.wait_ms(self.gap_ms).max(1);
        (at_ms < self.end_ms).then_some(at_ms)
    }

    /// Its next request.
    pub fn attempt(&mut self) -> Attempt {
        let count = u32::try_from(self.arms.len()).unwrap_or(1);
        let any = self.dice.below(count) as usize;
        let arm =
            if self.kind == Kind::Adaptive && !self.dice.chance(EXPLORES) { self.best(any) } else { any };
        let Arm { country, range, .. } = self.arms[arm];
        let offset = if self.kind == Kind::Burst {
            self.walked += self.dice.between(1, 4);
            self.walked
        } else {
            self.dice.below(COUNTRIES[country].range_size())
        };
        let typed = match self.kind {
            Kind::FakeConversion => 0.25,
            Kind::Buyer(percent) => f64::from(percent) / 100.0,
            Kind::Burst | Kind::Spread | Kind::Slow | Kind::Adaptive => 0.0,
        };
        let (delay_ms, does) = (u64::from(self.dice.between(4000, 40_000)), self.dice.chance(typed));
        Attempt { arm, country, range, offset, typed_after_ms: does.then_some(delay_ms) }
    }

    /// The range that was open most of late, looked for from a random one on.
    fn best(&self, from: usize) -> usize {
        let count = self.arms.len();
        let turned = (0..count).map(|step| (from + step) % count);
        turned.fold(from, |best, arm| if self.arms[arm].open > self.arms[best].open { arm } else { best })
    }

    /// What became of its request: it sees whether the message came.
    pub fn told(&mut self, attempt: &Attempt, answer: &Answer) {
        if self.kind != Kind::Adaptive {
            return;
        }
        let arm = &mut self.arms[attempt.arm];
        arm.open += LEARNS * (f64::from(u8::from(answer.sent)) - arm.open);
        if answer.sent {
            (self.refused_in_a_row, self.gap_ms) = (0, self.fastest_ms);
            return;
        }
        self.refused_in_a_row += 1;
        if self.refused_in_a_row.is_multiple_of(PATIENCE) {
            self.gap_ms = (self.gap_ms * 2.0).min(SLOWEST_MS);
        }
    }
}

fn arms(kind: Kind, dice: &mut Dice, honest: &Honest) -> Vec<Arm> {
    let country = dice.below(12) as usize;
    let arm = |country: usize, range: u16| Arm { country, range, open: 0.5 };
    let anywhere = |dice: &mut Dice, country: usize, count: u32| -> Vec<Arm> {
        let first = u16::try_from(dice.below(u32::from(RANGES))).unwrap_or(0);
        let count = u16::try_from(count).unwrap_or(RANGES);
        (0..count).map(|n| arm(country, (first + n) % RANGES)).collect()
    };
    match kind {
        Kind::Burst => anywhere(dice, country, 1),
        Kind::Spread => {
            let count = dice.between(20, 200);
            anywhere(dice, country, count)
        }
        Kind::Slow => (0..11).flat_map(|n| anywhere(dice, (country + n) % 12, 30)).collect(),
        Kind::FakeConversion => {
            let count = dice.between(5, 30);
            anywhere(dice, country, count)
        }
        // Where customers are, since those ranges have credit; and some where nobody is.
        Kind::Adaptive => (0..3)
            .map(|n| (country + n) % 12)
            .flat_map(|country| {
                let busy = honest.ranges_of(country).iter().map(|&range| arm(country, range));
                busy.chain(anywhere(dice, country, 20)).collect::<Vec<_>>()
            })
            .collect(),
        Kind::Buyer(_) => anywhere(dice, country, 10),
    }
}

/// The campaigns of `days` days from `from_ms` on: of seven days four bursts, four spread, one slow, three with fake
/// conversions, two adaptive ones and five buyers; at least one of each.
pub fn campaigns(seed: u64, from_ms: u64, days: u32, honest: &Honest) -> Vec<Campaign> {
    let span = (from_ms, from_ms + u64::from(days) * DAY_MS);
    let a_week = [
        (Kind::Burst, 4),
        (Kind::Spread, 4),
        (Kind::Slow, 1),
        (Kind::FakeConversion, 3),
        (Kind::Adaptive, 2),
    ];
    let some = a_week
        .into_iter()
        .flat_map(|(kind, times)| std::iter::repeat_n(kind, ((times * days) / 7).max(1) as usize));
    let buyers = BOUGHT.into_iter().map(Kind::Buyer);
    some.chain(buyers).zip(0..).map(|(kind, nth)| Campaign::new(kind, seed, nth, span, honest)).collect()
}
