//! The breaker for what customers do: it opens when too few of them type the code that a route
//! carried, although the provider says that all is well.
//!
//! Two cumulative sums (Page 1954) watch one route: *verified or not*, and *asked again or not*. Each
//! adds the log-likelihood ratio of what it sees, between the route's own baseline p0 and half of it,
//! and never falls below zero; the breaker opens when one reaches [`Settings::trip`]. Asking again is
//! the earlier sign: it comes after seconds, while "not verified" is known only when the customer has
//! had [`JUDGED_AFTER`]; and it is left by attempts whose verification another route then saved, which
//! count for no outcome.
//!
//! While the breaker is open only probes leave, and the sum of the opposite ratio closes it.

use std::time::Duration;

use countersign_core::time::Timestamp;
use countersign_core::verification::Standing;
use serde::{Deserialize, Serialize};

use super::discounted::{Discounted, Observation};

/// An attempt counts as not verified when it is so old. Of the customers who type a code, some 98 %
/// have done it by then (fraud.md B.3.2), and waiting for the code's expiry would hide an outage for
/// ten minutes.
pub const JUDGED_AFTER: Duration = Duration::from_secs(90);

/// How the breaker judges.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The sum that opens it. A false alarm takes e^trip observations at least (Lorden's bound).
    pub trip: f64,
    /// The reverse sum that closes it: four probes that verify, more if some do not. Closing too early
    /// costs some ten messages, staying open the difference between two routes.
    pub close: f64,
    /// Observations of its own that a cell needs before it may open; until then the wider cell watches.
    pub arm_after: f64,
    /// The baseline learns only while both sums are below this, so that an outage does not become normal.
    pub learn_below: f64,
    /// How fast the baseline forgets, in seconds.
    pub baseline_half_life_s: u64,
    /// After so many seconds open, what was seen meanwhile is the new baseline: a shop whose customers
    /// changed for good is not blocked for good.
    pub relearn_after_s: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            trip: 8.0,
            close: 2.7,
            arm_after: 30.0,
            learn_below: 3.0,
            baseline_half_life_s: 7 * 86_400,
            relearn_after_s: 86_400,
        }
    }
}

impl Settings {
    const fn half_life(&self) -> Duration {
        Duration::from_secs(self.baseline_half_life_s)
    }
}

/// What became of an attempt, as far as it says something about its route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The customer typed the code, within [`JUDGED_AFTER`] of the attempt.
    Verified,
    /// [`JUDGED_AFTER`] has passed without.
    Unverified,
    /// She typed it after all, after `Unverified` was told.
    VerifiedLate,
    /// `Unverified` was told, and then another route's success or a fraud rule took the attempt out.
    Retracted,
    /// She asked for another message.
    AskedAgain,
    /// She verified, or [`JUDGED_AFTER`] has passed, and she did not ask.
    NeverAsked,
}

/// What the route of an attempt may be blamed for when the attempt ends.
///
/// None: the attempt counts for nothing. `Superseded` (another route's success), `FraudBlocked` and
/// `Canceled` attempts would make pumping or an impatient customer look like an outage.
pub const fn evidence_of(end: AttemptEnd) -> Option<Evidence> {
    match end {
        AttemptEnd::Verified => Some(Evidence::Verified),
        AttemptEnd::Lapsed => Some(Evidence::Unverified),
        AttemptEnd::Superseded | AttemptEnd::FraudBlocked | AttemptEnd::Canceled => None,
    }
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptEnd {
    /// The code was typed, and this was the last route that carried it.
    Verified,
    /// It was not, for [`JUDGED_AFTER`].
    Lapsed,
    /// It was typed after a later attempt by another route.
    Superseded,
    /// A fraud rule refused, blocked or ghosted the verification.
    FraudBlocked,
    /// The shop or the customer gave it up.
    Canceled,
}

/// One cumulative sum with the baseline that it compares with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Watch {
    baseline: Discounted,
    sum: f64,
    /// Good and bad outcomes of known customers and of strangers since the sum left zero.
    known: Tally,
    strangers: Tally,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Tally {
    good: u32,
    bad: u32,
}

impl Tally {
    fn count(&mut self, observation: Observation) {
        match observation {
            Observation::Good => self.good = self.good.saturating_add(1),
            Observation::Bad => self.bad = self.bad.saturating_add(1),
        }
    }

    const fn total(self) -> u32 {
        self.good.saturating_add(self.bad)
    }

    /// Below half of the baseline, on evidence; nothing when there is too little.
    fn fell(self, p0: f64, fewest: u32) -> Option<bool> {
        let enough = self.total() >= fewest;
        enough.then(|| f64::from(self.good) < 0.5 * p0 * f64::from(self.total()))
    }
}

/// How much the parent's word weighs against a cell's own, in observations.
const PRIOR_WEIGHT: f64 = 20.0;
/// Known customers' outcomes that are enough to tell fraud from an outage.
const KNOWN_ENOUGH: u32 = 2;

impl Watch {
    fn p0(&self, prior: f64) -> f64 {
        self.baseline.rate(prior, PRIOR_WEIGHT).clamp(0.02, 0.985)
    }

    /// Log-likelihood ratio of half the baseline against the baseline.
    fn ratio(observation: Observation, p0: f64) -> f64 {
        match observation {
            Observation::Good => -std::f64::consts::LN_2,
            Observation::Bad => ((1.0 - p0 / 2.0) / (1.0 - p0)).ln(),
        }
    }

    fn add(&mut self, amount: f64) {
        self.sum = (self.sum + amount).max(0.0);
        if self.sum == 0.0 {
            self.known = Tally::default();
            self.strangers = Tally::default();
        }
    }

    fn tally(&mut self, standing: Standing, observation: Observation) {
        match standing {
            Standing::KnownCustomer | Standing::TrustedDevice => self.known.count(observation),
            Standing::Stranger => self.strangers.count(observation),
        }
    }

    fn reset(&mut self) {
        self.sum = 0.0;
        self.known = Tally::default();
        self.strangers = Tally::default();
    }
}

/// The breaker of one cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConversionBreaker {
    verified: Watch,
    asked: Watch,
    open: Option<Open>,
    /// The last time it was open: if it opens again soon, that goes on.
    before: Option<Before>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Open {
    since: Timestamp,
    reverse: f64,
    meanwhile: Discounted,
    earlier_s: u64,
}

impl Open {
    fn total_s(&self, now: Timestamp) -> u64 {
        self.earlier_s.saturating_add(now.since(self.since).as_secs())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Before {
    closed_at: Timestamp,
    meanwhile: Discounted,
    total_s: u64,
}

/// What one observation changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It opened: known customers fell too, or none are known.
    Opened,
    /// It closed: probes convert again, or what it saw for a day is the new normal.
    Closed,
    /// It would have opened, but known customers convert as before: only strangers fell. That is
    /// fraud, not an outage (fraud.md B.3.6), and the route stays.
    FraudSuspected,
}

/// What [`ConversionBreaker::observe`] needs besides the evidence.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    /// Who asked for the code.
    pub standing: Standing,
    /// What is usual in the narrowest cell of the attempt. Wider cells judge by it too: else a country
    /// that always converts badly would look like an outage when its share grows.
    pub expected: Rates,
    /// The present.
    pub now: Timestamp,
}

/// A cell's baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Share of attempts that verify.
    pub verified: f64,
    /// Share of attempts after which nobody asks again.
    pub never_asked: f64,
}

impl Rates {
    /// What is believed before anything was seen.
    pub const UNKNOWN: Self = Rates { verified: 0.7, never_asked: 0.85 };
}

impl ConversionBreaker {
    /// The baseline, drawn towards the wider cell's.
    pub fn rates(&self, prior: Rates) -> Rates {
        Rates { verified: self.verified.p0(prior.verified), never_asked: self.asked.p0(prior.never_asked) }
    }

    /// Since when it is open, if it is.
    pub fn open_since(&self) -> Option<Timestamp> {
        self.open.map(|open| open.since)
    }

    /// The larger of the two sums: how near it is to opening.
    pub fn sum(&self) -> f64 {
        self.verified.sum.max(self.asked.sum)
    }

    /// Takes evidence that a narrower cell's own breaker has already acted on out of this sum.
    pub fn explained(&mut self, sum: f64) {
        self.verified.add(-sum);
        self.asked.add(-sum);
    }

    /// Whether known customers and strangers fell below half of the baseline since the sum left zero.
    pub fn fell(&self, prior: Rates) -> Fell {
        let p0 = self.verified.p0(prior.verified);
        Fell {
            known: self.verified.known.fell(p0, KNOWN_ENOUGH),
            strangers: self.verified.strangers.fell(p0, 2 * KNOWN_ENOUGH),
        }
    }

    /// Learns and judges.
    pub fn observe(&mut self, evidence: Evidence, sight: &Sight, settings: &Settings) -> Option<Turn> {
        match evidence {
            Evidence::Verified => self.outcome(Observation::Good, sight, settings),
            Evidence::Unverified => self.outcome(Observation::Bad, sight, settings),
            Evidence::AskedAgain => self.asking(Observation::Bad, sight, settings),
            Evidence::NeverAsked => self.asking(Observation::Good, sight, settings),
            Evidence::Retracted => {
                self.take_back(sight);
                None
            }
            Evidence::VerifiedLate => {
                self.take_back(sight);
                self.outcome(Observation::Good, sight, settings)
            }
        }
    }

    fn outcome(&mut self, observation: Observation, sight: &Sight, settings: &Settings) -> Option<Turn> {
        let ratio = Watch::ratio(observation, sight.expected.verified);
        if let Some(open) = &mut self.open {
            open.meanwhile.add(observation, settings.half_life(), sight.now);
            open.reverse = (open.reverse - ratio).max(0.0);
            return self.close(sight, settings);
        }
        self.learn(Learning::Outcome, observation, sight, settings);
        self.verified.tally(sight.standing, observation);
        self.verified.add(ratio);
        self.judge(sight, settings)
    }

    fn asking(&mut self, observation: Observation, sight: &Sight, settings: &Settings) -> Option<Turn> {
        if self.open.is_some() {
            return None;
        }
        let ratio = Watch::ratio(observation, sight.expected.never_asked);
        self.learn(Learning::Asking, observation, sight, settings);
        self.asked.tally(sight.standing, observation);
        self.asked.add(ratio);
        self.judge(sight, settings)
    }

    fn learn(&mut self, what: Learning, observation: Observation, sight: &Sight, settings: &Settings) {
        let calm = self.sum() < settings.learn_below;
        let watch = match what {
            Learning::Outcome => &mut self.verified,
            Learning::Asking => &mut self.asked,
        };
        if calm || watch.baseline.total() < settings.arm_after {
            watch.baseline.add(observation, settings.half_life(), sight.now);
        }
    }

    fn judge(&mut self, sight: &Sight, settings: &Settings) -> Option<Turn> {
        for watch in [&mut self.verified, &mut self.asked] {
            if watch.baseline.total() < settings.arm_after {
                watch.reset();
            }
        }
        if self.sum() < settings.trip {
            return None;
        }
        let (tripped, usual) = if self.verified.sum >= settings.trip {
            (&self.verified, sight.expected.verified)
        } else {
            (&self.asked, sight.expected.never_asked)
        };
        let known_fell = tripped.known.fell(usual, KNOWN_ENOUGH);
        self.verified.reset();
        self.asked.reset();
        if known_fell == Some(false) {
            return Some(Turn::FraudSuspected);
        }
        // A breaker that luck closed for a moment is still the same one.
        let soon = Duration::from_secs(settings.relearn_after_s / 4);
        let before = self.before.take().filter(|before| sight.now.since(before.closed_at) < soon);
        let (meanwhile, earlier_s) =
            before.map_or_else(Default::default, |before| (before.meanwhile, before.total_s));
        self.open = Some(Open { since: sight.now, reverse: 0.0, meanwhile, earlier_s });
        Some(Turn::Opened)
    }

    fn close(&mut self, sight: &Sight, settings: &Settings) -> Option<Turn> {
        let open = self.open?;
        let total_s = open.total_s(sight.now);
        if total_s >= settings.relearn_after_s && open.meanwhile.total() >= settings.arm_after {
            self.verified.baseline = open.meanwhile;
            self.asked.baseline = Discounted::default();
            self.before = None;
        } else if open.reverse >= settings.close {
            self.before = Some(Before { closed_at: sight.now, meanwhile: open.meanwhile, total_s });
        } else {
            return None;
        }
        self.open = None;
        Some(Turn::Closed)
    }

    /// Undoes one `Unverified`.
    fn take_back(&mut self, sight: &Sight) {
        let ratio = Watch::ratio(Observation::Bad, sight.expected.verified);
        if let Some(open) = &mut self.open {
            open.meanwhile.take_back(Observation::Bad);
            open.reverse += ratio;
        } else {
            self.verified.baseline.take_back(Observation::Bad);
            self.verified.add(-ratio);
        }
    }
}

#[derive(Clone, Copy)]
enum Learning {
    Outcome,
    Asking,
}

/// Whether conversions fell below half of the baseline; nothing where too little was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fell {
    /// Known customers'.
    pub known: Option<bool>,
    /// Strangers'.
    pub strangers: Option<bool>,
}

#[cfg(test)]
#[path = "conversion_tests.rs"]
mod tests;
