//! Bounded memory, and that forgetting never loosens a rule.

use countersign_core::guard::decide::Action;
use countersign_core::guard::loss::Share;
use countersign_core::guard::policy::CreditKey;
use countersign_core::guard::{GuardPolicy, Rule};
use std::time::Duration;

use crate::traffic::{Ask, Dice, START, Scene, after, german};

fn small() -> GuardPolicy {
    let mut policy = GuardPolicy::default();
    policy.memory.phones = 200;
    policy.memory.ranges = 100;
    policy.memory.blocks = 200;
    policy.memory.addresses = 200;
    policy.memory.devices = 100;
    policy.memory.customers = 100;
    policy.memory.pending = 200;
    policy.memory.maps = 1;
    policy
}

#[test]
fn memory_is_bounded_whatever_is_asked() {
    let mut scene = Scene::new(small());
    let mut dice = Dice::new(1);
    for n in 0..30_000_u64 {
        let to = format!("+{}", 10_000_000_000 + dice.below(899_999_999_999));
        let ip =
            format!("{}.{}.{}.{}", dice.below(223) + 1, dice.below(256), dice.below(256), dice.below(256));
        let device = format!("device-{n}");
        let ask = Ask { ip: Some(&ip), device: Some(&device), ..Ask::to(&to) };
        scene.ask(ask, after(START, n * 10_000));
    }
    let footprint = scene.guard.footprint();
    assert!(footprint.keys < 3000, "{footprint:?}");
    assert!(footprint.bytes / footprint.keys <= 1024, "{footprint:?}");
    assert!(scene.guard.forgotten().pressed > 1000, "{:?}", scene.guard.forgotten());
}

#[test]
fn a_phone_that_was_forgotten_comes_back_no_freer() {
    let mut scene = Scene::new(small());
    let victim = Ask::to("+491701234567");
    for n in 0..3 {
        assert!(scene.allows(victim, after(START, n * 60_000)));
    }
    // A flood of other phones pushes it out.
    for n in 0..400 {
        let to = format!("+4917{}{:07}", n % 8, 40_000 * n % 9_999_999);
        scene.ask(Ask::to(&to), after(START, 181_000 + n));
    }
    let ruling = scene.ask(victim, after(START, 240_000)).1;
    assert_eq!(ruling.action, Action::Refuse);
    assert!(matches!(ruling.objection.unwrap().rule, Rule::PhoneSends | Rule::PhoneSpacing), "{ruling:?}");
}

#[test]
fn who_floods_the_guard_with_ranges_earns_no_new_credit() {
    let mut policy = small();
    policy.limits.block = Vec::new();
    policy.credit.country.start = 100_000;
    policy.credit.country.ceiling = 100_000;
    policy.credit.unseen.start = 100_000;
    policy.credit.unseen.ceiling = 100_000;
    policy.probes.percent = countersign_core::guard::thousandths::Thousandths::of(0);
    let most = policy.bound(CreditKey::Range).messages(Duration::from_secs(3 * 3600), Share::NONE).unwrap();
    let mut scene = Scene::new(policy);
    let (mut dice, mut sent) = (Dice::new(9), 0_u64);
    for round in 0..100 {
        let now = round * 100_000;
        for _ in 0..5 {
            sent += u64::from(scene.allows(Ask::to(&german(0, dice.below(10_000_000))), after(START, now)));
        }
        // Three hundred other ranges, each asked once: more than the table holds.
        for other in 0..300 {
            let to = format!("+1{}{:07}", 200 + other, dice.below(10_000_000));
            scene.ask(Ask::to(&to), after(START, now + 1000));
        }
    }
    assert!(scene.guard.forgotten().pressed > 0);
    assert!(sent <= most, "{sent} of {most}");
}
