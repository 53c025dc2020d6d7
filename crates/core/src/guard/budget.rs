//! The global guess budget: expected takeovers in a day stay below a number, however the guesses are spread
//! (fraud.md B.5; the inverted attack of B.1, row 8).
//!
//! Limits on one phone do not see one guess on each of a million phones. Here every wrong guess of an app adds the
//! chance that it had, and the sum of the last 24 hours is held below the budget X: first by making guesses of unknown
//! devices less likely to hit, then dearer, and at last by not evaluating them. Known devices go on and are counted.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Guard;
use super::caps::DaySum;
use crate::time::Timestamp;

/// Parts of one expected takeover in which the sum is kept.
const PARTS: u64 = 1_000_000_000_000;

/// Codes that an unknown device's guess is one of once codes are longer: eight digits.
pub const LEAST_COMBINATIONS: u64 = 100_000_000;

/// X, the expected takeovers in any 24 hours that an app tolerates. Kept in 10^-12.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerated {
    parts: u64,
}

/// Written as a number of takeovers a day, such as `0.01`. 0.0001 at least, or a handful of mistakes would stop a shop.
impl Serialize for Tolerated {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.in_millionths()) / 1e6)
    }
}

impl<'de> Deserialize<'de> for Tolerated {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let takeovers = f64::deserialize(deserializer)?;
        if !(0.0001..=1000.0).contains(&takeovers) {
            let wanted = "expected takeovers a day are a number from 0.0001 to 1000, such as 0.01";
            return Err(serde::de::Error::custom(wanted));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from a hundred to a thousand million, after rounding"
        )]
        let millionths = (takeovers * 1e6).round() as u32;
        Ok(Tolerated::millionths(millionths))
    }
}

impl Tolerated {
    /// 0.01, one takeover in a hundred days (fraud.md B.5).
    pub const DEFAULT: Tolerated = Tolerated::millionths(10_000);

    /// From millionths of a takeover.
    pub const fn millionths(millionths: u32) -> Self {
        Tolerated { parts: millionths as u64 * (PARTS / 1_000_000) }
    }

    /// In millionths of a takeover.
    pub fn in_millionths(self) -> u32 {
        u32::try_from(self.parts / (PARTS / 1_000_000)).unwrap_or(u32::MAX)
    }
}

/// How far the budget is used, and so what unknown devices meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Below a quarter.
    Calm,
    /// From a quarter on: longer codes, fewer tries.
    Careful,
    /// From half on: proof of work on each check, two tries, an alert.
    Strained,
    /// All of it: unknown devices use something else than a code, or wait.
    Spent,
}

/// What a new verification of an unknown device gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The shortest code, in digits; 0: as the app's policy has it.
    pub least_digits: u8,
    /// The most tries.
    pub most_tries: u8,
    /// Whether each check needs a challenge solved before.
    pub check: CheckTerms,
    /// Whether it may start at all.
    pub start: StartTerms,
}

/// What a check of an unknown device needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckTerms {
    /// Nothing.
    Free,
    /// A proof of work.
    ProofOfWork,
}

/// Whether an unknown device may start a verification by code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartTerms {
    /// It may.
    Open,
    /// It may not; a passkey or a reverse verification does, or waiting.
    Refused,
}

impl Stage {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Stage::Calm => "calm",
            Stage::Careful => "careful",
            Stage::Strained => "strained",
            Stage::Spent => "spent",
        }
    }

    /// What it means for unknown devices.
    pub const fn terms(self) -> Terms {
        let (least_digits, most_tries) = match self {
            Stage::Calm => (0, u8::MAX),
            Stage::Careful => (8, 3),
            Stage::Strained | Stage::Spent => (8, 2),
        };
        let check = match self {
            Stage::Calm | Stage::Careful => CheckTerms::Free,
            Stage::Strained | Stage::Spent => CheckTerms::ProofOfWork,
        };
        let start = if matches!(self, Stage::Spent) { StartTerms::Refused } else { StartTerms::Open };
        Terms { least_digits, most_tries, check, start }
    }
}

/// Whose guess it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guesser {
    /// A device or customer that proved this phone before.
    Known,
    /// Anybody else.
    Unknown,
}

/// What a step is told of the budget: how far it is used, and whether there is room for the guess at hand, which is
/// reserved then, or for starting one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuessTerms {
    /// How far it is used.
    pub stage: Stage,
    /// Whether an unknown device's guess is evaluated, or its start goes on.
    pub room: Result<(), OverBudget>,
}

impl GuessTerms {
    /// Nothing stands against a guess.
    pub const CALM: GuessTerms = GuessTerms { stage: Stage::Calm, room: Ok(()) };
}

/// A guess that must not be evaluated now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverBudget {
    /// When the budget has room for it.
    pub retry_at: Option<Timestamp>,
}

/// The wrong guesses of the last 24 hours, by the chance that each had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuessBudget {
    sum: DaySum,
}

impl GuessBudget {
    /// No guess yet.
    pub const NEW: GuessBudget = GuessBudget { sum: DaySum::NONE };

    /// Counts a guess before it is compared, as one that will be wrong: guesses in flight at the same time cannot go
    /// over the budget together. `codes`: how many equally likely codes there are, 10^6 of six digits.
    ///
    /// An unknown device's guess that has no room is not to be evaluated. A known device's always has, and counts.
    pub fn reserve(
        self,
        tolerated: Tolerated,
        codes: u64,
        guesser: Guesser,
        now: Timestamp,
    ) -> Result<Self, OverBudget> {
        if guesser == Guesser::Unknown {
            self.room(tolerated, codes, now)?;
        }
        Ok(GuessBudget { sum: self.sum.plus(chance(codes), now) })
    }

    /// Hands back what a guess reserved that was right.
    #[must_use]
    pub fn right(self, codes: u64, now: Timestamp) -> Self {
        GuessBudget { sum: self.sum.minus(chance(codes), now) }
    }

    /// E, the expected takeovers of the last 24 hours, in millionths, rounded up. An upper bound: honest typing
    /// errors count too.
    pub fn expected_millionths(&self, now: Timestamp) -> u64 {
        self.sum.at(now).sum().div_ceil(PARTS / 1_000_000)
    }

    /// When an unknown device's guess at one of so many codes has room.
    pub fn room(&self, tolerated: Tolerated, codes: u64, now: Timestamp) -> Result<(), OverBudget> {
        let retry_at = self.sum.room_at(chance(codes), tolerated.parts, now);
        if retry_at.is_some_and(|at| at <= now) { Ok(()) } else { Err(OverBudget { retry_at }) }
    }

    /// How far the budget is used.
    pub fn stage(&self, tolerated: Tolerated, now: Timestamp) -> Stage {
        let used = self.sum.at(now).sum();
        // At the last stage not even a guess at eight digits has room.
        if used.saturating_add(chance(LEAST_COMBINATIONS)) > tolerated.parts {
            Stage::Spent
        } else if used >= tolerated.parts / 2 {
            Stage::Strained
        } else if used >= tolerated.parts / 4 {
            Stage::Careful
        } else {
            Stage::Calm
        }
    }
}

/// The guesses of all verifications of an app.
impl Guard {
    /// Takes what a guess takes that is wrong, before it is compared. One of an unknown device needs room.
    pub fn reserve_guess(&mut self, codes: u64, guesser: Guesser, now: Timestamp) -> Result<(), OverBudget> {
        self.guesses = self.guesses.reserve(self.policy.guess_budget, codes, guesser, now)?;
        Ok(())
    }

    /// Hands back what a guess took that was right, or was not looked at.
    pub fn return_guess(&mut self, codes: u64, now: Timestamp) {
        self.guesses = self.guesses.right(codes, now);
    }

    /// Counts a wrong guess once more that was evaluated before.
    pub(super) fn count_guess(&mut self, codes: u64, at: Timestamp) {
        self.advance(at);
        if let Ok(counted) = self.guesses.reserve(self.policy.guess_budget, codes, Guesser::Known, at) {
            self.guesses = counted;
        }
    }

    /// What an unknown device meets that starts a verification now.
    pub fn guess_terms(&self, now: Timestamp) -> GuessTerms {
        let tolerated = self.policy.guess_budget;
        let stage = self.guesses.stage(tolerated, now);
        GuessTerms { stage, room: self.guesses.room(tolerated, LEAST_COMBINATIONS, now) }
    }

    /// E, the expected takeovers of the last 24 hours, in millionths, rounded up.
    pub fn expected_takeovers_millionths(&self, now: Timestamp) -> u64 {
        self.guesses.expected_millionths(now)
    }
}

/// What a wrong guess adds: p / (1 − p) and not p, since right ones are handed back. So guesses until the sum is X
/// hit X times on average, and not X / (1 − p) times (the mean of the negative binomial distribution).
fn chance(codes: u64) -> u64 {
    PARTS.div_ceil(codes.saturating_sub(1).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const START: Timestamp = Timestamp::from_millis(1_795_428_000_000);
    const SIX: u64 = 1_000_000;

    #[test]
    fn the_stages_come_at_a_quarter_a_half_and_all() {
        let mut budget = GuessBudget::NEW;
        let mut stages = vec![(0, budget.stage(Tolerated::DEFAULT, START))];
        for wrong in 1..=10_100 {
            let Ok(more) = budget.reserve(Tolerated::DEFAULT, SIX, Guesser::Unknown, START) else {
                assert_eq!(wrong, 10_000, "0.01 / 10^-6, a little less for p / (1 - p)");
                break;
            };
            budget = more;
            let stage = budget.stage(Tolerated::DEFAULT, START);
            if stages.last().is_some_and(|(_, last)| *last != stage) {
                stages.push((wrong, stage));
            }
        }
        assert_eq!(stages, [(0, Stage::Calm), (2500, Stage::Careful), (5000, Stage::Strained)]);
        // Known devices go on, and count.
        let known = budget.reserve(Tolerated::DEFAULT, SIX, Guesser::Known, START).unwrap();
        assert!(known.expected_millionths(START) > 10_000);
        assert_eq!(known.stage(Tolerated::DEFAULT, START), Stage::Spent);
        assert_eq!(Stage::Spent.terms().start, StartTerms::Refused);
        let later = START.plus(Duration::from_secs(25 * 3600));
        assert_eq!(known.stage(Tolerated::DEFAULT, later), Stage::Calm);
    }

    #[test]
    fn a_refused_guess_is_told_when_there_is_room() {
        let tolerated = Tolerated::millionths(3);
        let mut budget = GuessBudget::NEW;
        for _ in 0..2 {
            budget = budget.reserve(tolerated, SIX, Guesser::Unknown, START).unwrap();
        }
        let over = budget.reserve(tolerated, SIX, Guesser::Unknown, START).unwrap_err();
        let retry_at = over.retry_at.unwrap();
        assert!(budget.reserve(tolerated, SIX, Guesser::Unknown, retry_at).is_ok());
        let before = retry_at.minus(Duration::from_millis(1));
        assert_eq!(budget.reserve(tolerated, SIX, Guesser::Unknown, before), Err(over));
        let never = budget.reserve(Tolerated::millionths(1), 100, Guesser::Unknown, START);
        assert_eq!(never, Err(OverBudget { retry_at: None }));
    }

    #[test]
    fn a_right_guess_costs_nothing() {
        let budget = GuessBudget::NEW.reserve(Tolerated::DEFAULT, SIX, Guesser::Unknown, START).unwrap();
        assert_eq!(budget.right(SIX, START).expected_millionths(START), 0);
    }

    #[test]
    fn longer_codes_cost_less() {
        let wrong = |codes| {
            let budget =
                GuessBudget::NEW.reserve(Tolerated::DEFAULT, codes, Guesser::Unknown, START).unwrap();
            budget.sum.sum()
        };
        assert_eq!((wrong(10_000), wrong(100_000_000)), (100_010_002, 10_001));
    }
}
