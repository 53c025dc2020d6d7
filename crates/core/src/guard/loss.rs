//! The most that a campaign can cost, in messages and in money: a figure to print and to hold the guard to.
//!
//! Say N messages leave to one key in a time T, of which P are probes, and K codes of that key are typed. What is
//! taken from the credit is N − P, and no more can be taken than there was (c ≤ C, the cap at the start), than time
//! gave (r·T) and than conversions gave (g·K). So N ≤ C + r·T + P + g·K, whatever the attacker does and knows.
//! With a share q = K/N of conversions below 1/g, N ≤ (C + r·T + P) / (1 − g·q). From 1/g on conversions pay for
//! themselves, the credit bounds nothing, and what is left is the cap on spend (fraud.md B.3.1; the caps of B.2).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::credit::{CreditLimits, UNIT};
use crate::price::Price;

const DAY_MS: u128 = 24 * 60 * 60 * 1000;
/// Millionths in a whole.
const PPM: u128 = 1_000_000;

/// A share in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Share(pub u32);

impl Share {
    /// Nothing.
    pub const NONE: Share = Share(0);

    /// So many of a hundred.
    pub const fn percent(percent: u32) -> Self {
        Share(percent.saturating_mul(10_000))
    }
}

/// What bounds the messages to one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyBound {
    /// How its credit grows.
    pub limits: CreditLimits,
    /// The cap of its credit when the time begins, in units of [`UNIT`]: a quiet key's is `limits.start`, no
    /// key's is above `limits.ceiling`.
    pub cap_units: u64,
    /// Probes that it gets on one day (UTC) at most.
    pub probes_per_day: u32,
}

impl KeyBound {
    /// The bound of a key without history.
    pub const fn quiet(limits: CreditLimits, probes_per_day: u32) -> Self {
        KeyBound { limits, cap_units: limits.start as u64 * UNIT, probes_per_day }
    }

    /// C + r·T + P, in units. The days that a time touches are one more than it has.
    fn without_conversions(&self, window: Duration) -> u128 {
        let window_ms = window.as_millis();
        let days = window_ms.div_ceil(DAY_MS) + 1;
        u128::from(self.cap_units)
            .saturating_add(u128::from(self.limits.refill_per_hour.count()).saturating_mul(window_ms))
            .saturating_add(u128::from(self.probes_per_day) * days * u128::from(UNIT))
    }

    /// Messages in a time in which so many codes are typed, at most.
    pub fn messages_with(&self, window: Duration, conversions: u64) -> u64 {
        let gain = u128::from(self.limits.gain.count()) * u128::from(UNIT / 1000);
        let units =
            self.without_conversions(window).saturating_add(gain.saturating_mul(u128::from(conversions)));
        u64::try_from(units / u128::from(UNIT)).unwrap_or(u64::MAX)
    }

    /// Messages in a time in which such a share of them is converted, at most; nothing, where the share pays for
    /// itself.
    pub fn messages(&self, window: Duration, share: Share) -> Option<u64> {
        let earned = u128::from(self.limits.gain.count()) * u128::from(share.0);
        let kept = (1000 * PPM).checked_sub(earned).filter(|kept| *kept > 0)?;
        let units = self.without_conversions(window).saturating_mul(1000 * PPM) / kept;
        Some(u64::try_from(units / u128::from(UNIT)).unwrap_or(u64::MAX))
    }

    /// From which share of conversions on they pay for themselves, 1/g, rounded down.
    pub fn break_even(&self) -> Share {
        let gain = self.limits.gain.count().max(1);
        Share(u32::try_from(1_000_000_000 / gain).unwrap_or(u32::MAX))
    }
}

/// What a figure comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoundBy {
    /// The key's credit.
    Credit,
    /// The cap on spend.
    SpendCap,
    /// Nothing: conversions pay for themselves, and no cap is set.
    Nothing,
}

/// The most that one key can cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorstCase {
    /// In money; nothing where nothing bounds it.
    pub money: Option<Price>,
    /// What that comes from.
    pub bound_by: BoundBy,
}

/// The lesser of what the credit allows and of what the cap on spend allows. `price`: the highest price of a
/// message to the key. `daily_cap`: the most that is spent in any 24 hours, known numbers included; its currency
/// is the price's.
pub fn worst_case_loss(
    key: &KeyBound,
    daily_cap: Option<Price>,
    price: Price,
    window: Duration,
    share: Share,
) -> WorstCase {
    let days = usize::try_from(window.as_millis().div_ceil(DAY_MS)).unwrap_or(usize::MAX);
    let credit = key
        .messages(window, share)
        .map(|messages| price.times(usize::try_from(messages).unwrap_or(usize::MAX)));
    let cap = daily_cap.filter(|cap| cap.currency() == price.currency()).map(|cap| cap.times(days));
    match (credit, cap) {
        (Some(credit), Some(cap)) if credit <= cap => {
            WorstCase { money: Some(credit), bound_by: BoundBy::Credit }
        }
        (_, Some(cap)) => WorstCase { money: Some(cap), bound_by: BoundBy::SpendCap },
        (Some(credit), None) => WorstCase { money: Some(credit), bound_by: BoundBy::Credit },
        (None, None) => WorstCase { money: None, bound_by: BoundBy::Nothing },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::thousandths::Thousandths;

    const DAY: Duration = Duration::from_secs(86_400);

    fn range() -> KeyBound {
        let limits = CreditLimits {
            start: 20,
            ceiling: 1000,
            refill_per_hour: Thousandths::of(2000),
            gain: Thousandths::of(2500),
        };
        KeyBound::quiet(limits, 10)
    }

    #[test]
    fn the_bound_is_that_of_the_formula() {
        // 20 + 2·24 + 10 probes on each of the two days that 24 hours touch.
        assert_eq!(range().messages(DAY, Share::NONE), Some(88));
        // 1 / (1 − 2.5 · 0.25) = 2.67 times that.
        assert_eq!(range().messages(DAY, Share::percent(25)), Some(234));
        assert_eq!(range().messages(DAY, Share::percent(40)), None);
        assert_eq!(range().break_even(), Share::percent(40));
        assert_eq!(range().messages_with(DAY, 10), 88 + 25);
    }

    #[test]
    fn the_figure_is_the_lesser_of_credit_and_cap() {
        let euro = "EUR".parse().unwrap();
        let price = Price::parse("0.10", euro).unwrap();
        let cap = |amount| Some(Price::parse(amount, euro).unwrap());
        let worst = |cap, share| {
            let worst = worst_case_loss(&range(), cap, price, DAY, share);
            (worst.money.map(|money| money.amount()), worst.bound_by)
        };
        assert_eq!(worst(None, Share::NONE), (Some("8.800000".to_owned()), BoundBy::Credit));
        assert_eq!(worst(cap("100"), Share::percent(25)), (Some("23.400000".to_owned()), BoundBy::Credit));
        assert_eq!(worst(cap("5"), Share::NONE), (Some("5.000000".to_owned()), BoundBy::SpendCap));
        assert_eq!(worst(cap("100"), Share::percent(40)), (Some("100.000000".to_owned()), BoundBy::SpendCap));
        assert_eq!(worst(None, Share::percent(60)), (None, BoundBy::Nothing));
    }
}
