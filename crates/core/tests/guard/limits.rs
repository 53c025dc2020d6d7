//! Limits by key as a caller meets them.

use std::time::Duration;

use countersign_core::guard::policy::KnownBypass;
use countersign_core::guard::probe::Lot;
use countersign_core::guard::{Action, GuardMode, GuardPolicy, Heed, Rule};
use proptest::prelude::*;

use crate::traffic::{Ask, START, Scene, after, german};

fn rule(scene: &mut Scene, ask: Ask<'_>, at_ms: u64) -> Option<(Action, Rule)> {
    let ruling = scene.ask(ask, after(START, at_ms)).1;
    ruling.objection.map(|objection| (ruling.action, objection.rule))
}

#[test]
fn n14_each_limit_names_its_rule() {
    let mut scene = Scene::new(GuardPolicy::default());
    let one = Ask::to("+491701234567");
    assert_eq!(rule(&mut scene, one, 0), None);
    assert_eq!(rule(&mut scene, one, 1000), Some((Action::Refuse, Rule::PhoneSpacing)));
    assert_eq!(rule(&mut scene, one, 31_000), None);
    assert_eq!(rule(&mut scene, one, 80_000), None);
    assert_eq!(rule(&mut scene, one, 150_000), Some((Action::Refuse, Rule::PhoneSends)));

    let mut scene = Scene::new(GuardPolicy::default());
    for n in 0..3 {
        let (to, device) = (german(n, n * 12_345), Some("device"));
        assert_eq!(rule(&mut scene, Ask { device, ..Ask::to(&to) }, n * 1000), None);
    }
    let (to, device) = (german(9, 9), Some("device"));
    assert_eq!(rule(&mut scene, Ask { device, ..Ask::to(&to) }, 9000), Some((Action::Refuse, Rule::Device)));
    let customer = Some("customer");
    for n in 0..3 {
        let to = german(n, n * 54_321 + 7);
        assert_eq!(rule(&mut scene, Ask { customer, ..Ask::to(&to) }, 10_000), None);
    }
    assert_eq!(
        rule(&mut scene, Ask { customer, ..Ask::to(&to) }, 11_000),
        Some((Action::Refuse, Rule::Customer))
    );
}

#[test]
fn addresses_and_networks_count_distinct_new_numbers() {
    let mut scene = Scene::new(GuardPolicy::default());
    let ask = |scene: &mut Scene, n: u64, ip: &str| {
        let to = german(n, n * 104_729);
        rule(scene, Ask { ip: Some(ip), ..Ask::to(&to) }, n * 40_000)
    };
    for n in 0..5 {
        assert_eq!(ask(&mut scene, n, "203.0.113.7"), None, "{n}");
    }
    let challenge = Some((Action::Challenge, Rule::Address));
    assert_eq!(ask(&mut scene, 5, "203.0.113.7"), challenge);
    assert_eq!(ask(&mut scene, 6, "203.0.113.7"), challenge, "an unsolved challenge does not count");
    // The same number again is no new one.
    let to = german(4, 4 * 104_729);
    assert_eq!(rule(&mut scene, Ask { ip: Some("203.0.113.7"), ..Ask::to(&to) }, 400_000), None);
    for n in 7..22 {
        assert_eq!(ask(&mut scene, n, &format!("203.0.113.{}", 20 + n)), None, "{n}");
    }
    assert_eq!(ask(&mut scene, 22, "203.0.113.200"), Some((Action::Challenge, Rule::Network)));
    assert_eq!(ask(&mut scene, 23, "203.0.114.200"), None);
}

#[test]
fn a_block_counts_numbers_that_never_converted() {
    let mut scene = Scene::new(GuardPolicy::default());
    let number = |n: u64| german(0, 1_230_000 + n * 997 % 10_000);
    let mut ids = Vec::new();
    for n in 0..5 {
        let (id, ruling) = scene.ask(Ask::to(&number(n)), after(START, n * 60_000));
        assert_eq!(ruling.action, Action::Allow);
        ids.push(id);
    }
    let sixth = number(6);
    assert_eq!(rule(&mut scene, Ask::to(&sixth), 400_000), Some((Action::Challenge, Rule::Block)));
    assert_eq!(scene.convert(ids[2], after(START, 401_000)), Heed::Counted);
    assert_eq!(rule(&mut scene, Ask::to(&sixth), 402_000), None);
}

#[test]
fn what_was_refused_or_is_too_old_cannot_convert() {
    let mut scene = Scene::new(GuardPolicy::default());
    let one = Ask::to("+491701234567");
    let (id, _) = scene.ask(one, START);
    let (refused, ruling) = scene.ask(one, after(START, 1000));
    assert_eq!(ruling.action, Action::Refuse);
    assert_eq!(scene.convert(refused, after(START, 2000)), Heed::NotSent);
    assert_eq!(scene.convert(id, after(START, 3000)), Heed::Counted);
    assert_eq!(scene.convert(id, after(START, 4000)), Heed::Again);
    let (late, _) = scene.ask(Ask::to("+491711234567"), after(START, 5000));
    assert_eq!(scene.convert(late, after(START, 5000 + 3_600_001)), Heed::NotSent);
}

#[test]
fn a_known_number_passes_an_attack_on_its_range_only_with_who_proved_it() {
    let day = 86_400_000;
    let her = |customer| Ask { customer, ..Ask::to("+491701234567") };
    for (bypass, expected) in [(KnownBypass::Tied, Action::Allow), (KnownBypass::Never, Action::Refuse)] {
        let mut scene = Scene::new(GuardPolicy { known_bypass: bypass, ..GuardPolicy::default() });
        for at in [0, 2 * day] {
            let (id, _) = scene.ask(her(Some("she")), after(START, at));
            assert_eq!(scene.convert(id, after(START, at + 20_000)), Heed::Counted);
        }
        for n in 0..3000 {
            scene.ask(Ask::to(&german(0, n * 3571)), after(START, 8 * day + n * 1000));
        }
        let now = 8 * day + 3_100_000;
        let allowed = |scene: &mut Scene, customer| scene.ask(her(customer), after(START, now)).1.action;
        assert_eq!(allowed(&mut scene, None), Action::Refuse, "anybody may know her number");
        assert_eq!(allowed(&mut scene, Some("another")), Action::Refuse);
        assert_eq!(allowed(&mut scene, Some("she")), expected);
    }
}

#[test]
fn in_shadow_only_caps_and_the_limits_of_a_phone_act() {
    let mut policy = GuardPolicy { mode: GuardMode::Shadow, ..GuardPolicy::default() };
    policy.caps.daily = Some(countersign_core::guard::policy::Amount(100 * 50_000));
    let mut scene = Scene::new(policy);
    let mut spoken = 0;
    for n in 0..100 {
        let ruling = scene.ask(Ask::to(&german(0, n * 3571)), after(START, n * 1000)).1;
        assert_eq!((ruling.action, ruling.lot), (Action::Allow, Lot::None), "{n}");
        spoken += usize::from(ruling.objection.is_some());
    }
    assert!(spoken > 50, "what would have been refused is said: {spoken}");
    let last = rule(&mut scene, Ask::to(&german(1, 1)), 200_000);
    assert_eq!(last, Some((Action::Refuse, Rule::AppSpend)));
    let mut shadow = Scene::new(GuardPolicy { mode: GuardMode::Shadow, ..GuardPolicy::default() });
    assert_eq!(rule(&mut shadow, Ask::to("+491701234567"), 0), None);
    let spaced = rule(&mut shadow, Ask::to("+491701234567"), 1000);
    assert_eq!(spaced, Some((Action::Refuse, Rule::PhoneSpacing)));
}

#[test]
fn what_is_off_judges_and_learns_nothing() {
    let mut policy = GuardPolicy { mode: GuardMode::Off, ..GuardPolicy::default() };
    policy.caps.daily = Some(countersign_core::guard::policy::Amount(1));
    policy.countries.insert("AT".parse().unwrap());
    let mut scene = Scene::new(policy);
    for n in 0..100 {
        let (id, ruling) = scene.ask(Ask::to("+491701234567"), after(START, n));
        assert_eq!((ruling.action, ruling.objection, ruling.lot), (Action::Allow, None, Lot::None), "{n}");
        assert_eq!(scene.convert(id, after(START, n)), Heed::NotSent);
    }
    assert_eq!(scene.guard.spent_micros(), 0);
    // Turned on, it begins with what it knew before: nothing.
    scene.guard.follow(GuardPolicy::default());
    assert_eq!(rule(&mut scene, Ask::to("+491701234567"), 1000), None);
}

#[test]
fn only_the_countries_of_the_policy_are_sent_to() {
    let mut policy = GuardPolicy::default();
    policy.countries.insert("AT".parse().unwrap());
    let mut scene = Scene::new(policy);
    assert_eq!(rule(&mut scene, Ask::to("+491701234567"), 0), Some((Action::Refuse, Rule::Country)));
    assert_eq!(rule(&mut scene, Ask::to("+4366412345678"), 0), None);
}

#[test]
fn probes_are_capped_by_key_and_day() {
    let mut policy = GuardPolicy::default();
    policy.limits.block = Vec::new();
    let mut scene = Scene::new(policy);
    let mut probes = 0;
    for n in 0..5000 {
        let ruling = scene.ask(Ask::to(&german(0, n * 3571)), after(START, n * 5000)).1;
        probes += usize::from(ruling.lot == Lot::Drawn);
        assert_eq!(ruling.lot == Lot::Drawn, ruling.action == Action::Allow && ruling.objection.is_some());
    }
    assert_eq!(probes, 10, "about a hundred were drawn");
    let counted = scene.guard.probes();
    assert!(counted.used_up > 1000 && counted.not_drawn > 100, "{counted:?}");
    assert!(counted.customers().unwrap().high < 0.35);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn o7_who_is_told_when_to_come_back_is_refused_until_then_and_admitted_at_it(
        waits in proptest::collection::vec(0_u64..2_000_000, 10..80),
    ) {
        // One phone asked for again and again; what is told must be right to the second.
        let mut scene = Scene::new(GuardPolicy::default());
        let mut now_ms = 0;
        for wait_ms in waits {
            now_ms += wait_ms;
            let now = after(START, now_ms);
            let ask = Ask::to("+491701234567");
            let (id, ruling) = scene.ask(ask, now);
            if ruling.action == Action::Allow {
                scene.convert(id, now);
                continue;
            }
            let objection = ruling.objection.unwrap();
            let seconds = now.seconds_until(objection.retry_at.unwrap());
            prop_assert!(seconds >= 1);
            prop_assert!(!scene.allows(ask, now.plus(Duration::from_secs(seconds - 1))), "{objection:?}");
            now_ms += seconds * 1000;
            let (id, ruling) = scene.ask(ask, after(START, now_ms));
            prop_assert_eq!(ruling.action, Action::Allow, "{:?} then {:?}", objection, ruling);
            scene.convert(id, after(START, now_ms));
        }
    }
}

#[test]
fn where_a_cap_leaves_no_room_for_a_probe_there_is_no_lot() {
    let mut policy = GuardPolicy::default();
    policy.limits.block = Vec::new();
    policy.probes.percent = countersign_core::guard::thousandths::Thousandths::of(50_000);
    policy.probes.range_per_day = 1000;
    policy.caps.daily = Some(countersign_core::guard::policy::Amount(30 * 50_000));
    let mut scene = Scene::new(policy);
    let mut lots = [0; 2];
    for n in 0..200 {
        let ruling = scene.ask(Ask::to(&german(0, n * 3571)), after(START, n * 1000)).1;
        let full = scene.guard.spent_micros() == 30 * 50_000;
        match ruling.lot {
            Lot::Drawn | Lot::NotDrawn => lots[0] += 1,
            Lot::UsedUp => lots[1] += usize::from(full),
            Lot::None => {}
        }
        assert!(!(full && ruling.lot == Lot::NotDrawn), "{n}: {ruling:?}");
    }
    assert!(lots[0] > 5 && lots[1] > 100, "{lots:?}");
}
