//! The printed bound, against an adversary that chooses anything (issue 5, "It must show", 3).

use std::time::Duration;

use countersign_core::guard::credit::{Credit, CreditLimits, UNIT};
use countersign_core::guard::loss::{KeyBound, Share};
use countersign_core::guard::policy::{Amount, CreditKey};
use countersign_core::guard::{Action, GuardPolicy};
use proptest::prelude::*;

use crate::traffic::{Ask, Dice, START, Scene, after, german};

/// What the adversary does next.
#[derive(Clone, Debug)]
enum Move {
    Wait(u64),
    Ask {
        range: u64,
        rest: u64,
    },
    /// Types the code of one of the messages that got through.
    Convert(usize),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        2 => (0_u64..100).prop_map(|s| Move::Wait(s * 1000)),
        1 => (0_u64..20).prop_map(|h| Move::Wait(h * 3_600_000)),
        12 => (0_u64..3, 0_u64..10_000_000).prop_map(|(range, rest)| Move::Ask { range, rest }),
        4 => (0_usize..1000).prop_map(Move::Convert),
    ];
    proptest::collection::vec(one, 50..900)
}

/// Every control but the credit as loose as it may be, so that the credit is what is tested.
fn only_credit() -> GuardPolicy {
    let mut policy = GuardPolicy::default();
    policy.cusum.range_threshold = 1000.0;
    policy.cusum.country_threshold = 1000.0;
    policy.near = countersign_core::guard::policy::Switch::Off;
    policy.limits.block = Vec::new();
    policy.limits.phone = Vec::new();
    policy.limits.instance_phone = Vec::new();
    policy.limits.phone_ladder_s = Vec::new();
    policy
}

struct Sent {
    at_ms: u64,
    range: u64,
}

#[derive(Default)]
struct Log {
    sent: Vec<Sent>,
    typed: Vec<Sent>,
}

impl Log {
    fn count(list: &[Sent], range: Option<u64>, from_ms: u64, to_ms: u64) -> u64 {
        let inside = |one: &&Sent| {
            range.is_none_or(|range| range == one.range) && (from_ms..=to_ms).contains(&one.at_ms)
        };
        list.iter().filter(inside).count() as u64
    }
}

fn play(moves: &[Move], policy: GuardPolicy) -> (Log, Scene) {
    let mut scene = Scene::new(policy);
    let (mut now_ms, mut log, mut open) = (0, Log::default(), Vec::new());
    for one in moves {
        match *one {
            Move::Wait(ms) => now_ms += ms,
            Move::Ask { range, rest } => {
                let (id, ruling) = scene.ask(Ask::to(&german(range, rest)), after(START, now_ms));
                if ruling.action == Action::Allow {
                    log.sent.push(Sent { at_ms: now_ms, range });
                    open.push((id, range));
                }
            }
            Move::Convert(which) if !open.is_empty() => {
                let (id, range) = open.swap_remove(which % open.len());
                let heed = scene.convert(id, after(START, now_ms));
                if heed == countersign_core::guard::Heed::Counted {
                    log.typed.push(Sent { at_ms: now_ms, range });
                }
            }
            Move::Convert(_) => {}
        }
    }
    (log, scene)
}

/// Holds the log against the bound in every time from a message to a later one.
fn holds(log: &Log, bound: &KeyBound, range: Option<u64>) -> Result<(), TestCaseError> {
    let times: Vec<u64> = log.sent.iter().map(|sent| sent.at_ms).step_by(7).chain([0]).collect();
    for from_ms in &times {
        // The bound is said of a key that was quiet before: with a cap that conversions raised, of that cap.
        let to_ms = log.sent.last().map_or(0, |sent| sent.at_ms);
        let window = Duration::from_millis(to_ms.saturating_sub(*from_ms));
        let sent = Log::count(&log.sent, range, *from_ms, to_ms);
        let typed = Log::count(&log.typed, range, *from_ms, to_ms);
        prop_assert!(sent <= bound.messages_with(window, typed), "{sent} in {window:?} with {typed}");
        if *from_ms == 0 && sent > 0 {
            let share = Share(u32::try_from(typed * 1_000_000 / sent).unwrap() + 1);
            if let Some(most) = bound.messages(window, share) {
                prop_assert!(sent <= most, "{sent} of {most} at {share:?}");
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_key_ever_gets_more_than_the_printed_bound(moves in moves()) {
        let policy = only_credit();
        // Fewer than 480 conversions raise no cap of a range, so the quiet key's bound holds at every time.
        let (log, _) = play(&moves, policy.clone());
        for range in 0..3 {
            holds(&log, &policy.bound(CreditKey::Range), Some(range))?;
        }
        holds(&log, &policy.bound(CreditKey::Country), None)?;
    }

    #[test]
    fn whatever_share_converts_the_cap_on_spend_holds(moves in moves(), bought in 0_u64..1000) {
        let mut policy = only_credit();
        policy.caps.daily = Some(Amount(2_000_000));
        let mut scene = Scene::new(policy);
        let (mut now_ms, mut dice, mut sent) = (0, Dice::new(bought), Vec::new());
        for one in &moves {
            match *one {
                Move::Wait(ms) => now_ms += ms,
                Move::Ask { range, rest } => {
                    let now = after(START, now_ms);
                    let (id, ruling) = scene.ask(Ask::to(&german(range, rest)), now);
                    if ruling.action == Action::Allow {
                        sent.push(now_ms);
                        if dice.chance(bought) {
                            scene.convert(id, now);
                        }
                    }
                }
                Move::Convert(_) => {}
            }
            let last_day = sent.iter().filter(|at| **at + 86_400_000 > now_ms).count();
            // 50,000 millionths each: 40 messages in any 24 hours.
            prop_assert!(last_day <= 40, "{last_day}");
        }
    }

    #[test]
    fn credit_is_never_above_what_it_was_plus_time_and_conversions(
        start in 1_u32..50,
        refill in 0_u32..100_000,
        gain in 1000_u32..10_000,
        steps in proptest::collection::vec((0_u64..7_200_000, 0_u8..4), 1..400),
    ) {
        use countersign_core::guard::thousandths::Thousandths;
        let limits = CreditLimits {
            start,
            ceiling: start * 10,
            refill_per_hour: Thousandths::of(refill),
            gain: Thousandths::of(gain),
        };
        let (mut credit, mut now_ms, mut taken, mut typed) = (Credit::unseen(&limits, START), 0_u64, 0_u64, 0_u64);
        for (wait_ms, what) in steps {
            now_ms += wait_ms;
            let now = after(START, now_ms);
            credit = credit.at(&limits, now);
            if what == 0 {
                credit = credit.converted(&limits, now);
                typed += 1;
            } else if credit.has_one() {
                credit = credit.taken();
                taken += 1;
            }
            let given = u128::from(start) * u128::from(UNIT)
                + u128::from(refill) * u128::from(now_ms)
                + u128::from(gain) * u128::from(UNIT / 1000) * u128::from(typed);
            prop_assert!(u128::from(taken) * u128::from(UNIT) + u128::from(credit.units()) <= given);
            prop_assert!(credit.cap_units() <= u64::from(start) * 10 * UNIT);
            if let Some(retry_at) = credit.retry_at(&limits) {
                prop_assert!(credit.at(&limits, retry_at).has_one());
                let before = retry_at.minus(Duration::from_millis(1));
                prop_assert!(credit.has_one() || !credit.at(&limits, before).has_one());
            }
        }
    }
}

#[test]
fn requests_do_not_raise_the_cap_and_conversions_do() {
    let mut scene = Scene::new(only_credit());
    for n in 0..20_000 {
        scene.ask(Ask::to(&german(0, n * 7)), after(START, n * 1000));
    }
    let (range, country) = scene.guard.highest_caps();
    assert_eq!((range, country), (20 * UNIT, 200 * UNIT));
}

#[test]
fn an_attack_that_types_nothing_is_held_to_the_figure_and_comes_near_it() {
    let policy = only_credit();
    let mut scene = Scene::new(policy.clone());
    let mut dice = Dice::new(3);
    let sent = (0..86_400_u64)
        .filter(|second| {
            scene.allows(Ask::to(&german(0, dice.below(10_000_000))), after(START, second * 1000))
        })
        .count() as u64;
    let most = policy.bound(CreditKey::Range).messages(Duration::from_secs(86_400), Share::NONE).unwrap();
    assert_eq!(most, 88);
    assert!((78..=most).contains(&sent), "{sent}");
}

#[test]
fn fake_conversions_below_break_even_are_held_to_the_figure() {
    let policy = only_credit();
    let mut scene = Scene::new(policy.clone());
    let (mut dice, mut sent, mut typed) = (Dice::new(4), 0_u64, 0_u64);
    for second in 0..86_400_u64 {
        let now = after(START, second * 1000);
        let (id, ruling) = scene.ask(Ask::to(&german(0, dice.below(10_000_000))), now);
        if ruling.action == Action::Allow {
            sent += 1;
            if typed * 4 < sent {
                typed += 1;
                scene.convert(id, now);
            }
        }
    }
    let share = Share(u32::try_from(typed * 1_000_000 / sent).unwrap() + 1);
    let most = policy.bound(CreditKey::Range).messages(Duration::from_secs(86_400), share).unwrap();
    assert!((100..=most).contains(&sent), "{sent} of {most}");
}
