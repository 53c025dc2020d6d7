//! How far customers come between the field for the code and the right code in it: figures without anything in them
//! that tells who a customer is.

use serde::{Deserialize, Serialize};

use crate::id::AppId;
use crate::phone::Country;
use crate::presentation::PresentationMode;
use crate::subject::Mode;
use crate::time::Day;

/// How far a verification came. Each is counted once, in whatever order they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FunnelStep {
    /// A browser showed where to type the code.
    Shown,
    /// A provider accepted a message with the code.
    Sent,
    /// Something was typed, pasted or filled in.
    FirstDigit,
    /// A guess was evaluated, right or wrong, by whatever face it came.
    Submitted,
    /// The right code was given.
    Approved,
}

impl FunnelStep {
    /// All of them, in their usual order.
    pub const ALL: [FunnelStep; 5] = [
        FunnelStep::Shown,
        FunnelStep::Sent,
        FunnelStep::FirstDigit,
        FunnelStep::Submitted,
        FunnelStep::Approved,
    ];

    const fn position(self) -> usize {
        match self {
            FunnelStep::Shown => 0,
            FunnelStep::Sent => 1,
            FunnelStep::FirstDigit => 2,
            FunnelStep::Submitted => 3,
            FunnelStep::Approved => 4,
        }
    }
}

/// A set of steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FunnelSteps(u8);

impl FunnelSteps {
    /// Adds a step; `false`: it was there.
    pub const fn insert(&mut self, step: FunnelStep) -> bool {
        let bit = 1 << step.position();
        let is_new = self.0 & bit == 0;
        self.0 |= bit;
        is_new
    }

    /// Whether a step is in it.
    pub const fn contains(self, step: FunnelStep) -> bool {
        self.0 & (1 << step.position()) != 0
    }
}

/// How many verifications came to each step. In a change that is added to others a number may be negative: what is
/// taken from one cell is added to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FunnelCounts([i64; 5]);

impl FunnelCounts {
    /// The number of one step.
    pub const fn get(&self, step: FunnelStep) -> i64 {
        self.0[step.position()]
    }

    /// These numbers with `amount` more of one step; stops at the ends of the range.
    #[must_use]
    pub const fn with(mut self, step: FunnelStep, amount: i64) -> Self {
        let number = &mut self.0[step.position()];
        *number = number.saturating_add(amount);
        self
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: FunnelCounts) -> Self {
        FunnelStep::ALL.into_iter().fold(self, |sum, step| sum.with(step, other.get(step)))
    }

    /// Whether all numbers are zero.
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 5]
    }
}

/// What verifications have in common that are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunnelCell {
    /// The app.
    pub app: AppId,
    /// Live and test do not mix.
    pub mode: Mode,
    /// The day on which they were started; not that of the step, or a row would compare customers with others.
    pub day: Day,
    /// Where the code is typed.
    pub presentation: PresentationMode,
    /// The phone's country; none for international networks.
    pub country: Option<Country>,
    /// The provider that was the first to accept a message; none while nobody has.
    pub provider: Option<String>,
}

/// One cell and its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunnelCount {
    /// The cell.
    pub cell: FunnelCell,
    /// The numbers.
    pub counts: FunnelCounts,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_has_a_place_of_its_own() {
        let mut steps = FunnelSteps::default();
        for (number, step) in (1_i64..).zip(FunnelStep::ALL) {
            assert!(!steps.contains(step));
            assert!(steps.insert(step) && !steps.insert(step) && steps.contains(step));
            let counts = FunnelCounts::default().with(step, number);
            let others: Vec<_> = FunnelStep::ALL.into_iter().filter(|other| *other != step).collect();
            assert_eq!(counts.get(step), number);
            assert!(others.iter().all(|other| counts.get(*other) == 0));
        }
    }

    #[test]
    fn what_is_taken_and_added_again_is_nothing() {
        let taken = FunnelCounts::default().with(FunnelStep::Shown, -2).with(FunnelStep::Sent, 1);
        let given = FunnelCounts::default().with(FunnelStep::Shown, 2).with(FunnelStep::Sent, -1);
        assert!(!taken.is_zero() && taken.plus(given).is_zero());
    }
}
