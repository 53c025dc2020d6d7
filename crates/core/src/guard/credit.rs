//! Credit that customers' conversions refill: the control that bounds the loss (fraud.md B.3.1).
//!
//! A key (a range of numbers, a country, a country's ranges that never converted) has credit for so many messages.
//! Each message takes one; time gives some back, slowly; each code that a customer types gives back more than one.
//! Honest traffic pays for itself. Traffic whose codes nobody types runs dry after what the key had, and
//! [`super::loss`] says in money how much that is at most.
//!
//! All of it is whole numbers: credit is counted in units of which [`UNIT`] make one message, chosen so that a
//! refill by the millisecond and a gain in thousandths are exact. No rounding ever gives credit.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::thousandths::Thousandths;
use crate::time::Timestamp;

/// Units of one message: 1/1000 message an hour is exactly one unit a millisecond.
pub const UNIT: u64 = 3_600_000_000;
/// Units in a thousandth of a message.
const UNIT_MILLI: u64 = UNIT / 1000;

/// How the credit of one kind of key grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditLimits {
    /// C0: messages that a key without history has, and the least that its cap ever is.
    pub start: u32,
    /// The most that the cap becomes, however many conversions there are.
    pub ceiling: u32,
    /// r: messages that time gives back in an hour.
    pub refill_per_hour: Thousandths,
    /// g: messages that one conversion gives back. A share of conversions above 1/g pays for itself.
    pub gain: Thousandths,
}

/// 1/1440, the share of a day that a minute is, in 2^-32: what the average of conversions loses each minute.
const KEPT_PER_MINUTE: u64 = (1 << 32) - (1 << 32) / 1440 - 1;
const MINUTE_MS: i64 = 60_000;
/// One conversion in the average.
const CONVERSION: u64 = 1 << 16;
/// Three times ten minutes in a day: the cap covers three times the conversions of ten average minutes.
const DAY_PER_CAP: u64 = 86_400 / (3 * 600);

/// The credit of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    units: u64,
    cap_units: u64,
    /// Conversions, each weighted by e^(-age / 24 h), in 2^-16.
    recent: u64,
    /// The minute in which `recent` was true.
    minute: i64,
    refilled_at: Timestamp,
}

impl CreditLimits {
    const fn start_units(&self) -> u64 {
        self.start as u64 * UNIT
    }

    /// C = max(C0, C0/2 + 3·λ·600 s), λ counting conversions and not requests: requests cost an attacker nothing,
    /// so they must not raise what he may spend.
    fn cap_units(&self, recent: u64) -> u64 {
        let grown =
            (self.start_units() / 2).saturating_add(recent.saturating_mul(UNIT / DAY_PER_CAP / CONVERSION));
        let ceiling = u64::from(self.ceiling) * UNIT;
        grown.min(ceiling).max(self.start_units())
    }
}

impl Credit {
    /// The credit of a key that was never seen.
    pub const fn unseen(limits: &CreditLimits, now: Timestamp) -> Self {
        let units = limits.start_units();
        Credit { units, cap_units: units, recent: 0, minute: minute_of(now), refilled_at: now }
    }

    /// Becomes as empty as the emptier of both, at every later time, with the cap of a key without history.
    #[must_use]
    pub fn stricter(self, other: Credit, limits: &CreditLimits) -> Self {
        let stricter = if other.full_at(limits) > self.full_at(limits) { other } else { self };
        let start = limits.start_units();
        Credit { units: stricter.units.min(start), cap_units: start, recent: 0, ..stricter }
    }

    /// As it is at `now`: c = min(C, c + r·dt), then the cap anew. A clock that went back changes nothing.
    #[must_use]
    pub fn at(mut self, limits: &CreditLimits, now: Timestamp) -> Self {
        if now > self.refilled_at {
            let given = refill(limits, now.since(self.refilled_at));
            self.units = self.units.saturating_add(given).min(self.cap_units);
            self.refilled_at = now;
        }
        let passed = u64::try_from(minute_of(now).saturating_sub(self.minute)).unwrap_or(0);
        if passed > 0 {
            self.recent = decayed(self.recent, passed);
            self.minute = minute_of(now);
            self.cap_units = limits.cap_units(self.recent);
        }
        self
    }

    /// Whether there is enough for a message.
    pub const fn has_one(&self) -> bool {
        self.units >= UNIT
    }

    /// With one message less; with nothing, where there was less than one.
    #[must_use]
    pub const fn taken(self) -> Self {
        Credit { units: self.units.saturating_sub(UNIT), ..self }
    }

    /// With a message back that never left.
    #[must_use]
    pub fn returned(self) -> Self {
        Credit { units: self.units.saturating_add(UNIT).min(self.cap_units.max(self.units)), ..self }
    }

    /// After a customer typed a code: c = min(C, c + g).
    #[must_use]
    pub fn converted(self, limits: &CreditLimits, now: Timestamp) -> Self {
        let mut credit = self.at(limits, now);
        credit.recent = credit.recent.saturating_add(CONVERSION);
        credit.cap_units = limits.cap_units(credit.recent);
        let gain = limits.gain.count().saturating_mul(UNIT_MILLI);
        credit.units = credit.units.saturating_add(gain).min(credit.cap_units);
        credit
    }

    /// When time alone will have given enough for a message; nothing when it never will.
    pub fn retry_at(&self, limits: &CreditLimits) -> Option<Timestamp> {
        self.reaches(limits, UNIT)
    }

    /// When time alone will have given what a key without history starts with.
    pub fn full_at(&self, limits: &CreditLimits) -> Timestamp {
        let never = Timestamp::from_millis(i64::MAX);
        self.reaches(limits, limits.start_units()).unwrap_or(never)
    }

    fn reaches(&self, limits: &CreditLimits, units: u64) -> Option<Timestamp> {
        let missing = units.saturating_sub(self.units);
        if missing == 0 {
            return Some(self.refilled_at);
        }
        let wait_ms = missing.div_ceil(limits.refill_per_hour.count().max(1));
        let reachable = limits.refill_per_hour.count() > 0 && self.cap_units >= units;
        reachable.then(|| self.refilled_at.plus(Duration::from_millis(wait_ms)))
    }

    /// Messages that there is credit for, rounded down.
    pub const fn messages(&self) -> u64 {
        self.units / UNIT
    }

    /// Units that there are.
    pub const fn units(&self) -> u64 {
        self.units
    }

    /// The most that there can be now, in units.
    pub const fn cap_units(&self) -> u64 {
        self.cap_units
    }

    /// Conversions of about the last day, each weighted by e^(-age / 24 h), rounded down.
    pub const fn recent_conversions(&self) -> u64 {
        self.recent / CONVERSION
    }
}

/// r·dt in units.
fn refill(limits: &CreditLimits, passed: Duration) -> u64 {
    let passed_ms = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
    limits.refill_per_hour.count().saturating_mul(passed_ms)
}

const fn minute_of(now: Timestamp) -> i64 {
    now.as_millis().div_euclid(MINUTE_MS)
}

/// `value` · (1 - 1/1440)^`minutes`, rounded down.
fn decayed(value: u64, minutes: u64) -> u64 {
    let (mut kept, mut factor, mut left) = (1_u64 << 32, KEPT_PER_MINUTE, minutes);
    while left > 0 && kept > 0 {
        if left & 1 == 1 {
            kept = scaled(kept, factor);
        }
        factor = scaled(factor, factor);
        left >>= 1;
    }
    scaled(value, kept)
}

/// `value` · `factor` / 2^32, rounded down.
fn scaled(value: u64, factor: u64) -> u64 {
    u64::try_from((u128::from(value) * u128::from(factor)) >> 32).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_795_428_000_000);

    fn limits() -> CreditLimits {
        CreditLimits {
            start: 20,
            ceiling: 1000,
            refill_per_hour: Thousandths::of(2000),
            gain: Thousandths::of(2500),
        }
    }

    fn after(ms: u64) -> Timestamp {
        START.plus(Duration::from_millis(ms))
    }

    #[test]
    fn a_key_without_conversions_has_its_start_and_what_time_gives() {
        let mut credit = Credit::unseen(&limits(), START);
        for _ in 0..20 {
            assert!(credit.has_one());
            credit = credit.taken();
        }
        assert!(!credit.has_one());
        let retry_at = credit.retry_at(&limits()).unwrap();
        assert_eq!(retry_at, after(1_800_000), "two an hour");
        assert!(!credit.at(&limits(), after(1_799_999)).has_one());
        assert!(credit.at(&limits(), retry_at).has_one());
        assert_eq!(credit.full_at(&limits()), after(10 * 3_600_000));
    }

    #[test]
    fn asking_often_neither_gains_nor_loses_credit() {
        let mut often = (0..20).fold(Credit::unseen(&limits(), START), |credit, _| credit.taken());
        let once = often;
        for ms in 1..=5000 {
            often = often.at(&limits(), after(ms));
        }
        assert_eq!(often.units(), once.at(&limits(), after(5000)).units());
        assert_eq!(often.units(), 5000 * 2000);
    }

    #[test]
    fn a_conversion_gives_the_gain_and_no_more_than_the_cap() {
        let mut credit = (0..3).fold(Credit::unseen(&limits(), START), |credit, _| credit.taken());
        assert_eq!(credit.units(), 17 * UNIT);
        credit = credit.converted(&limits(), START);
        assert_eq!(credit.units(), 17 * UNIT + UNIT * 5 / 2);
        credit = credit.converted(&limits(), START);
        assert_eq!(credit.units(), 20 * UNIT);
    }

    #[test]
    fn the_cap_grows_with_conversions_of_the_last_day_and_falls_again() {
        let mut credit = Credit::unseen(&limits(), START);
        for _ in 0..4800 {
            credit = credit.converted(&limits(), START);
        }
        // C0/2 + 4800 / 48, all in one moment.
        assert_eq!(credit.cap_units().div_ceil(UNIT), 110);
        let later = credit.at(&limits(), after(86_400_000));
        assert_eq!(later.recent_conversions(), 1765, "4800 / e, a little less");
        assert_eq!(credit.at(&limits(), after(40 * 86_400_000)).cap_units(), 20 * UNIT);
        let many = CreditLimits { ceiling: 50, ..limits() };
        assert_eq!(credit.converted(&many, START).cap_units(), 50 * UNIT);
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let credit = Credit::unseen(&limits(), START).taken();
        let back = credit.at(&limits(), START.minus(Duration::from_secs(9999)));
        assert_eq!(back, credit);
    }

    #[test]
    fn a_forgotten_key_comes_back_as_empty_as_it_was() {
        let credit = (0..20).fold(Credit::unseen(&limits(), START), |credit, _| credit.taken());
        let floor = Credit::unseen(&limits(), START).stricter(credit, &limits());
        for ms in [0, 1000, 3_600_000, 36_000_000] {
            assert_eq!(floor.at(&limits(), after(ms)).units(), credit.at(&limits(), after(ms)).units());
        }
        let many = (0..9999).fold(credit, |credit, _| credit.converted(&limits(), START));
        assert_eq!(floor.stricter(many, &limits()).cap_units(), 20 * UNIT);
    }
}
