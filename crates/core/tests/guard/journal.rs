//! What was allowed can be handed back, and what happened can be gone through once more.

use countersign_core::guard::known::Asker;
use countersign_core::guard::policy::Amount;
use countersign_core::guard::{Action, GuardPolicy, JournalEntry};
use proptest::prelude::*;

use crate::traffic::{Ask, Dice, START, Scene, after, german};

/// Only credit, money and devices speak: each message goes to a phone of its own.
fn policy() -> GuardPolicy {
    let mut policy = GuardPolicy::default();
    policy.limits.block = Vec::new();
    policy.probes.range_per_day = 0;
    policy.caps.daily = Some(Amount(30 * 50_000));
    policy
}

#[test]
fn what_never_left_takes_nothing() {
    let mut scene = Scene::new(policy());
    for number in 0..200 {
        let phone = german(0, number * 3571);
        let asked = scene.asked(Ask { device: Some("d"), ..Ask::to(&phone) });
        // The distinct numbers of a device stay counted, so each has another one here.
        let asked = countersign_core::guard::Asked {
            request: countersign_core::guard::Request { asker: Asker::default(), ..asked.request },
            ..asked
        };
        let (ruling, sent) = scene.guard.admit(&asked, None, after(START, number));
        assert_eq!(ruling.action, Action::Allow, "{number}: {ruling:?}");
        scene.guard.withdraw(&sent.unwrap());
    }
    assert_eq!(scene.guard.spent_micros(), 0);
    let sent = (300..340).filter(|n| scene.allows(Ask::to(&german(0, n * 3571)), after(START, 1000))).count();
    assert_eq!(sent, 20, "the whole credit of a range");
    // Nobody typed the codes of what never left, and nobody is blamed for it.
    scene.guard.advance(after(START, 100_000));
    assert_eq!(scene.guard.alarms().country_conversion, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_guard_that_goes_through_the_journal_decides_like_the_one_that_wrote_it(seed in any::<u64>()) {
        let (mut dice, mut journal, mut scene) = (Dice::new(seed), Vec::new(), Scene::new(policy()));
        let mut now_ms = 0;
        let mut pending = Vec::new();
        for _ in 0..300 {
            now_ms += dice.below(20_000);
            let now = after(START, now_ms);
            let phone = german(dice.below(3), dice.below(9_000_000));
            let asked = scene.asked(Ask::to(&phone));
            if let (_, Some(sent)) = scene.guard.admit(&asked, None, now) {
                if dice.chance(100) {
                    scene.guard.withdraw(&sent);
                } else {
                    journal.push(JournalEntry::Sent(Box::new(sent)));
                    pending.push(asked.id);
                }
            }
            if dice.chance(500) && let Some(request) = pending.pop() {
                let entry = JournalEntry::Converted { request, at: now };
                scene.guard.replay(&entry);
                journal.push(entry);
            }
        }
        let written = serde_json::to_string(&journal).unwrap();
        let read: Vec<JournalEntry> = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(&read, &journal);
        let mut again = Scene::new(policy());
        for entry in &read {
            again.guard.replay(entry);
        }
        let now = after(START, now_ms + 1);
        again.guard.advance(now);
        scene.guard.advance(now);
        prop_assert_eq!(again.guard.spent_micros(), scene.guard.spent_micros());
        for range in 0..3 {
            let asked = scene.asked(Ask::to(&german(range, 9_500_000)));
            let (first, second) = (scene.guard.admit(&asked, None, now), again.guard.admit(&asked, None, now));
            prop_assert_eq!(first.0, second.0);
        }
    }
}
