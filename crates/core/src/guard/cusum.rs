//! A cumulative sum on conversions: the second control, which catches leaks too slow for the credit
//! (fraud.md B.3.2; Page's test as in the sequential detection of port scans, Jung et al. 2004).
//!
//! Each message that was sent is judged when it is 90 s old, typed or not, and adds the log-likelihood ratio of what
//! became of it, between the key's own clean share s0 and an attack's s1 = 0.3·s0. Waiting for the code to expire would
//! let a burst through for ten minutes; 98 % of those who type a code have done it by then. s is the share that was
//! typed *by then*, p·F in the words of the source: it is what can be counted at that age, so F need not be known.
//!
//! Judging a typed code at once and a missing one after 90 s would be faster by nothing and wrong at both edges: while
//! traffic rises, the typed codes of today would be held against the missing ones of 90 s ago and the share learnt too
//! high; when it ends, only failures would be left to come. Ours: B.3.2 hears conversions when they come.
//!
//! After an alarm the messages that were sent before it belong to it: they neither move the sum nor teach it, so that
//! one attack is one alarm and its tail does not become normal.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::discounted::{Outcome, Outcomes};
use super::policy::Switch;
use crate::time::Timestamp;

/// A message whose code was not typed by then counts as a failure.
pub const JUDGED_AFTER: Duration = Duration::from_secs(90);
/// How fast the clean share forgets.
const BASELINE_HALF_LIFE: Duration = Duration::from_secs(7 * 86_400);
/// What the prior weighs against a key's own outcomes. Ours: high enough that the first failures of an attack on a key
/// without history teach it little before the sum stops it learning.
const PRIOR_WEIGHT: f64 = 50.0;
/// A strike is forgiven for each such time without an alarm.
const FORGIVEN_AFTER: Duration = Duration::from_secs(24 * 3600);

/// How a sum judges. Defaults: fraud.md B.3.2.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CusumPolicy {
    /// h for ranges, at least: see `false_alarm_days`.
    pub range_threshold: f64,
    /// h for countries, at least.
    pub country_threshold: f64,
    /// D: a false alarm takes e^h messages at least, on average (Lorden's bound), which for a key of a million messages
    /// a day is hours. So h is never below ln(D · messages a day): one false alarm in so many days, whatever the volume.
    /// Ours; the price is one more failure until an attack is found for each time that the volume grows 2.5-fold.
    pub false_alarm_days: f64,
    /// p1 / p0.
    pub attack_ratio: f64,
    /// The clean share is learnt only while the sum is below this, so that an attack does not become normal.
    pub learn_below: f64,
    /// The clean share of a country without history: of messages typed by [`JUDGED_AFTER`].
    pub clean_share: f64,
    /// Whether the alarm of a country spares those of its ranges that converted before and whose own sum is below
    /// `learn_below`. Ours: the alarm of a country says that numbers somewhere in it are pumped, the sums of its ranges
    /// say where. What a range that was spared costs until its own sum rises is bounded by its credit.
    pub country_spares_healthy: Switch,
    /// How long the first alarm refuses new numbers, in seconds; each further one twice as long.
    pub first_block_s: u32,
    /// The longest that an alarm of a range refuses them, in seconds.
    pub longest_block_s: u32,
    /// The longest that an alarm of a country does, in seconds. Ours: B.3.2 has one figure for both, and a country that
    /// is shut for 16 hours after a campaign of two loses its customers and saves what its credit bounds anyway.
    pub country_longest_block_s: u32,
}

impl Default for CusumPolicy {
    fn default() -> Self {
        CusumPolicy {
            range_threshold: 12.0,
            country_threshold: 30.0,
            false_alarm_days: 100.0,
            attack_ratio: 0.3,
            learn_below: 3.0,
            clean_share: 0.65,
            country_spares_healthy: Switch::On,
            first_block_s: 1800,
            longest_block_s: 57_600,
            country_longest_block_s: 7200,
        }
    }
}

/// Times that an alarm refuses new numbers: 30 min · 2^strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strikes {
    count: u8,
    until: Timestamp,
}

impl Strikes {
    /// None.
    pub const NONE: Strikes = Strikes { count: 0, until: Timestamp::EPOCH };

    /// After an alarm that refuses new numbers for `longest_s` seconds at most.
    #[must_use]
    pub fn alarmed(self, policy: &CusumPolicy, longest_s: u32, now: Timestamp) -> Self {
        let count = self.standing(now);
        let doubled = u64::from(policy.first_block_s) << count.min(32);
        let length = Duration::from_secs(doubled.min(u64::from(longest_s)));
        Strikes { count: count.saturating_add(1), until: now.plus(length).max(self.until) }
    }

    /// Until when new numbers are refused, if they are now.
    pub fn until(&self, now: Timestamp) -> Option<Timestamp> {
        (self.until > now).then_some(self.until)
    }

    /// From when on nothing is left of them.
    pub fn forgotten_at(&self) -> Timestamp {
        if self.count == 0 { self.until } else { self.until.plus(FORGIVEN_AFTER * u32::from(self.count)) }
    }

    /// Those that are not forgiven.
    pub fn standing(&self, now: Timestamp) -> u8 {
        let forgiven = now.since(self.until).as_secs() / FORGIVEN_AFTER.as_secs();
        self.count.saturating_sub(u8::try_from(forgiven).unwrap_or(u8::MAX))
    }

    /// The stricter of both.
    #[must_use]
    pub fn stricter(self, other: Strikes) -> Self {
        Strikes { count: self.count.max(other.count), until: self.until.max(other.until) }
    }
}

/// The sum of one key.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cusum {
    sum: f32,
    outcomes: Outcomes,
    heard_at: Timestamp,
    /// Messages that were sent until then belong to an alarm that was raised.
    alarmed_at: Timestamp,
}

/// A sum that nothing was added to for so long says nothing about today. Ours.
const STALE_AFTER: Duration = Duration::from_secs(24 * 3600);

/// What an outcome did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing but to count.
    Counted,
    /// The sum rose above its threshold, and begins anew.
    Alarm,
}

/// What a sum is held to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// h, at least.
    pub threshold: f64,
    /// The clean share of the wider key.
    pub prior: f64,
}

impl Cusum {
    /// Of a key that was never seen.
    pub const NEW: Cusum = Cusum {
        sum: 0.0,
        outcomes: Outcomes::NONE,
        heard_at: Timestamp::EPOCH,
        alarmed_at: Timestamp::EPOCH,
    };

    /// s0: the clean share that is typed by [`JUDGED_AFTER`], from the key's own outcomes and `prior`, the share of the
    /// wider key.
    pub fn clean_share(&self, prior: f64) -> f64 {
        self.outcomes.share(prior, PRIOR_WEIGHT).clamp(0.05, 0.95)
    }

    /// Whether a message belongs to an alarm that was raised after it was sent.
    pub fn is_explained(&self, sent_at: Timestamp) -> bool {
        sent_at <= self.alarmed_at && self.alarmed_at > Timestamp::EPOCH
    }

    /// What became of a message by [`JUDGED_AFTER`], at that age: typed, S = max(0, S + ln(s1/s0)); not typed,
    /// S = S + ln((1 − s1) / (1 − s0)). The share learns both.
    #[must_use]
    pub fn judged(
        self,
        policy: &CusumPolicy,
        held: Held,
        outcome: Outcome,
        sent_at: Timestamp,
        now: Timestamp,
    ) -> (Self, Heard) {
        if self.is_explained(sent_at) {
            return (self, Heard::Counted);
        }
        let mut this = self.heard(now);
        let clean = this.clean_share(held.prior);
        let threshold = this.threshold(policy, held.threshold, now);
        this.learn(policy, outcome, now);
        let step = match outcome {
            Outcome::Good => policy.attack_ratio.ln(),
            Outcome::Bad => ((1.0 - policy.attack_ratio * clean) / (1.0 - clean)).ln(),
        };
        this.sum = (this.sum + narrowed(step)).max(0.0);
        if f64::from(this.sum) <= threshold {
            return (this, Heard::Counted);
        }
        (Cusum { sum: 0.0, alarmed_at: this.alarmed_at.max(now), ..this }, Heard::Alarm)
    }

    /// A code was typed after its message was judged: S = max(0, S + ln(s1/s0)). The share learns nothing more from it,
    /// since it is the share of those who type it in time.
    #[must_use]
    pub fn converted_late(self, policy: &CusumPolicy, sent_at: Timestamp, now: Timestamp) -> Self {
        if self.is_explained(sent_at) {
            return self;
        }
        let this = self.heard(now);
        Cusum { sum: (this.sum + narrowed(policy.attack_ratio.ln())).max(0.0), ..this }
    }

    /// h: `least`, or ln(D · messages a day) where that is more. The messages a day are those that the share was learnt
    /// from, so an attack adds few.
    fn threshold(&self, policy: &CusumPolicy, least: f64, now: Timestamp) -> f64 {
        let a_day = self.outcomes.at(BASELINE_HALF_LIFE, now).weight() * std::f64::consts::LN_2
            / (BASELINE_HALF_LIFE.as_secs_f64() / 86_400.0);
        (policy.false_alarm_days * a_day).max(1.0).ln().max(least)
    }

    /// Without so much of its sum: what the alarm of one range explains is not held against its country.
    #[must_use]
    pub fn relieved(self, sum: f64) -> Self {
        Cusum { sum: (self.sum - narrowed(sum)).max(0.0), ..self }
    }

    fn heard(self, now: Timestamp) -> Self {
        let sum = if now.since(self.heard_at) > STALE_AFTER { 0.0 } else { self.sum };
        Cusum { sum, heard_at: self.heard_at.max(now), ..self }
    }

    /// From when on its sum says nothing.
    pub fn stale_at(&self) -> Timestamp {
        if self.sum > 0.0 { self.heard_at.plus(STALE_AFTER) } else { Timestamp::EPOCH }
    }

    fn learn(&mut self, policy: &CusumPolicy, outcome: Outcome, now: Timestamp) {
        if f64::from(self.sum) < policy.learn_below {
            self.outcomes = self.outcomes.with(outcome, BASELINE_HALF_LIFE, now);
        }
    }

    /// The sum.
    pub fn sum(&self) -> f64 {
        f64::from(self.sum)
    }

    /// With the higher sum of both; what was learnt is forgotten, and every message counts.
    #[must_use]
    pub fn stricter(self, other: Cusum) -> Self {
        Cusum { sum: self.sum.max(other.sum), heard_at: self.heard_at.max(other.heard_at), ..Cusum::NEW }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "sums are small, and no money depends on them")]
fn narrowed(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_795_428_000_000);

    fn policy() -> CusumPolicy {
        CusumPolicy::default()
    }

    const HELD: Held = Held { threshold: 12.0, prior: 0.7 };
    const SENT: Timestamp = Timestamp::from_millis(1_795_428_000_000 - 90_000);

    fn failed(cusum: Cusum) -> (Cusum, Heard) {
        cusum.judged(&policy(), HELD, Outcome::Bad, SENT, START)
    }

    fn typed(cusum: Cusum) -> Cusum {
        cusum.judged(&policy(), HELD, Outcome::Good, SENT, START).0
    }

    #[test]
    fn the_steps_are_those_of_the_formula() {
        let (after, heard) = failed(Cusum::NEW);
        // ln((1 − 0.3 · 0.7) / (1 − 0.7)).
        assert!((after.sum() - 0.968).abs() < 0.001 && heard == Heard::Counted, "{}", after.sum());
        let (twice, _) = failed(after);
        assert!((typed(twice).sum() - (twice.sum() - 1.204)).abs() < 1e-3);
        assert!((twice.converted_late(&policy(), SENT, START).sum() - (twice.sum() - 1.204)).abs() < 1e-3);
        assert!(typed(Cusum::NEW).sum().abs() < 1e-9);
    }

    #[test]
    fn net_failures_reach_the_alarm_and_the_sum_begins_anew() {
        let mut cusum = Cusum::NEW;
        let mut failures = 0;
        loop {
            let (next, heard) = failed(cusum);
            cusum = next;
            failures += 1;
            if heard == Heard::Alarm {
                break;
            }
        }
        // 13 at a share of 0.7 for good; the first three also taught it that codes are typed a little less often.
        assert!((13..=16).contains(&failures), "{failures}");
        assert!(cusum.sum().abs() < 1e-9);
    }

    #[test]
    fn what_was_sent_before_an_alarm_belongs_to_it_and_teaches_nothing() {
        let mut cusum = typed(Cusum::NEW);
        while cusum.alarmed_at == Timestamp::EPOCH {
            cusum = failed(cusum).0;
        }
        let learnt = cusum.clean_share(0.7);
        for _ in 0..1000 {
            let (next, heard) = failed(cusum);
            assert_eq!((next, heard), (cusum, Heard::Counted));
        }
        assert_eq!(cusum.converted_late(&policy(), SENT, START), cusum);
        let later = START.plus(JUDGED_AFTER).plus(Duration::from_millis(1));
        let (next, _) =
            cusum.judged(&policy(), HELD, Outcome::Bad, START.plus(Duration::from_millis(1)), later);
        assert!(next.sum() > 0.8 && next.clean_share(0.7) < learnt);
        assert!(!Cusum::NEW.is_explained(Timestamp::EPOCH));
    }

    #[test]
    fn a_late_code_is_not_learnt_twice() {
        let cusum = failed(typed(Cusum::NEW)).0;
        let late = cusum.converted_late(&policy(), SENT, START);
        assert!((late.clean_share(0.7) - cusum.clean_share(0.7)).abs() < 1e-9 && late.sum() < cusum.sum());
    }

    #[test]
    fn the_threshold_grows_with_the_logarithm_of_the_volume() {
        let mut cusum = Cusum::NEW;
        let mut at = START;
        let mut day = |cusum: &mut Cusum, messages: u32| {
            for _ in 0..messages {
                at = at.plus(Duration::from_secs(86_400) / messages);
                *cusum = cusum.judged(&policy(), HELD, Outcome::Good, at.minus(JUDGED_AFTER), at).0;
            }
            cusum.threshold(&policy(), 12.0, at)
        };
        assert!((day(&mut cusum, 100) - 12.0).abs() < 1e-9, "what e^12 is enough for");
        let mut last = 0.0;
        for _ in 0..40 {
            last = day(&mut cusum, 20_000);
        }
        // ln(100 · 20,000), less what 40 days do not yet know.
        assert!((last - 14.51).abs() < 0.1, "{last}");
    }

    #[test]
    fn an_attack_does_not_become_normal() {
        let mut cusum = Cusum::NEW;
        for _ in 0..8 {
            cusum = failed(cusum).0;
        }
        let learnt = cusum.clean_share(0.7);
        for _ in 0..4 {
            cusum = failed(cusum).0;
        }
        assert!(learnt > 0.55 && (cusum.clean_share(0.7) - learnt).abs() < 1e-6, "{learnt}");
    }

    #[test]
    fn honest_traffic_raises_no_alarm() {
        // 65 % in a pattern with runs; 20,000 messages.
        let mut cusum = Cusum::NEW;
        let mut state = 1_u32;
        for _ in 0..20_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if state >> 16 < 42_598 {
                cusum = typed(cusum);
            } else {
                let (next, heard) = failed(cusum);
                assert_eq!(heard, Heard::Counted);
                cusum = next;
            }
        }
        assert!((cusum.clean_share(0.7) - 0.65).abs() < 0.03);
    }

    #[test]
    fn each_alarm_refuses_twice_as_long_as_the_last_up_to_sixteen_hours() {
        let mut strikes = Strikes::NONE;
        let mut now = START;
        for minutes in [30, 60, 120, 240, 480, 960, 960] {
            strikes = strikes.alarmed(&policy(), policy().longest_block_s, now);
            let until = now.plus(Duration::from_secs(minutes * 60));
            assert_eq!(strikes.until(now), Some(until));
            assert_eq!(strikes.until(until), None);
            now = until;
        }
        assert_eq!(strikes.standing(now.plus(Duration::from_secs(86_400))), 6);
        assert_eq!(strikes.standing(strikes.forgotten_at()), 0);
    }
}
