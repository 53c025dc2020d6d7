//! The guess budget, against one who spreads his guesses (issue 5, "It must show", 3).

use countersign_core::guard::budget::{GuessBudget, Guesser, Stage, Tolerated};
use proptest::prelude::*;

use crate::traffic::{Dice, START, after};

#[test]
fn o7_one_guess_on_each_of_a_million_verifications_stays_below_the_budget() {
    // A million guesses in a day, each at six digits on a verification of its own, started before anybody looked.
    let tolerated = Tolerated::DEFAULT;
    let mut budget = GuessBudget::NEW;
    let mut evaluated = 0_u64;
    for guess in 0..1_000_000_u64 {
        let now = after(START, guess * 86);
        if let Ok(reserved) = budget.reserve(tolerated, 1_000_000, Guesser::Unknown, now) {
            budget = reserved;
            evaluated += 1;
        }
    }
    // Each evaluated guess hits with 10^-6: in expectation 0.01 takeovers at most.
    assert!(evaluated <= 10_000, "{evaluated}");
    assert!(evaluated >= 9_990, "the budget is not wasted either: {evaluated}");
    assert_eq!(budget.stage(tolerated, after(START, 86_000_000)), Stage::Strained);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn o7_in_no_24_hours_more_takeovers_are_expected_than_tolerated(
        millionths in 1_u32..2000,
        guesses in proptest::collection::vec((0_u64..3_600_000, 4_u32..9), 100..2000),
    ) {
        let tolerated = Tolerated::millionths(millionths);
        let (mut budget, mut now_ms, mut evaluated) = (GuessBudget::NEW, 0_u64, Vec::new());
        for (wait_ms, digits) in guesses {
            now_ms += wait_ms;
            let codes = 10_u64.pow(digits);
            if let Ok(reserved) = budget.reserve(tolerated, codes, Guesser::Unknown, after(START, now_ms)) {
                budget = reserved;
                evaluated.push((now_ms, codes));
            }
            let last_day = evaluated.iter().filter(|(at, _)| at + 86_400_000 > now_ms);
            // In parts of 10^-12, each rounded down: what the guesses could win at least.
            let expected: u64 = last_day.map(|(_, codes)| 1_000_000_000_000 / codes).sum();
            prop_assert!(expected <= u64::from(millionths) * 1_000_000);
        }
    }

    #[test]
    fn o7_right_guesses_that_are_handed_back_do_not_stretch_the_budget(seed in 0_u64..1000) {
        // Codes of two digits, so that guesses hit: the mean of hits until the budget is used must not exceed it.
        let tolerated = Tolerated::millionths(1_000_000);
        let (runs, mut hits, mut dice) = (200, 0_u32, Dice::new(seed));
        for _ in 0..runs {
            let mut budget = GuessBudget::NEW;
            while let Ok(reserved) = budget.reserve(tolerated, 100, Guesser::Unknown, START) {
                budget = reserved;
                if dice.below(100) == 0 {
                    budget = budget.right(100, START);
                    hits += 1;
                }
            }
        }
        // The mean is 1 a run with a standard deviation of 1: 200 runs stay below 200 + 5 · 14.2.
        prop_assert!(hits < 272, "{hits}");
    }
}
