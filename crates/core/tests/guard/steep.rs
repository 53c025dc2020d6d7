//! Traffic that rises and falls steeply: what became of messages is learnt and judged at one age, so that neither edge
//! looks like fraud, and one attack is one alarm.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_core::guard::decide::Rule;
use countersign_core::guard::known::{Import, Order};
use countersign_core::guard::policy::Switch;
use countersign_core::guard::verdict::Verdict;
use countersign_core::guard::{Action, DestinationReader, GuardPolicy, KeyId};
use proptest::prelude::*;

use crate::traffic::{Ask, Dice, START, Scene, after, german};

/// Only the sums on conversions act, so that they are what is tested.
fn only_sums() -> GuardPolicy {
    let mut policy = GuardPolicy::default();
    for limits in [&mut policy.credit.range, &mut policy.credit.country, &mut policy.credit.unseen] {
        (limits.start, limits.ceiling) = (1_000_000, 1_000_000);
    }
    policy.near = Switch::Off;
    policy.limits.block = Vec::new();
    policy.limits.phone = Vec::new();
    policy.limits.instance_phone = Vec::new();
    policy.limits.phone_ladder_s = Vec::new();
    policy
}

/// One range, and the codes that will be typed.
struct Range {
    scene: Scene,
    dice: Dice,
    due: BTreeMap<(u64, u64), KeyId>,
    next: u64,
    refused_at_ms: Option<u64>,
}

impl Range {
    fn new(seed: u64) -> Self {
        Range::under(only_sums(), seed)
    }

    fn under(policy: GuardPolicy, seed: u64) -> Self {
        let scene = Scene::new(policy);
        Range { scene, dice: Dice::new(seed), due: BTreeMap::new(), next: 0, refused_at_ms: None }
    }

    /// Log-normal with a median of 17 s and σ = 0.8 (fraud.md B.4), by Box and Muller.
    fn delay_ms(&mut self) -> u64 {
        let mut uniform =
            || f64::from(u32::try_from(self.dice.below(1 << 24)).unwrap() + 1) / f64::from(1 << 24);
        let (radius, angle) = ((-2.0 * uniform().ln()).sqrt(), std::f64::consts::TAU * uniform());
        let seconds = 17.0 * (0.8 * radius * angle.cos()).exp();
        Duration::from_secs_f64(seconds).as_millis().try_into().unwrap()
    }

    fn until(&mut self, ms: u64) {
        while let Some((&(at_ms, n), &id)) = self.due.first_key_value()
            && at_ms <= ms
        {
            self.due.remove(&(at_ms, n));
            self.scene.guard.convert(id, Order::None, after(START, at_ms));
        }
        self.scene.guard.advance(after(START, ms));
    }

    fn ask(&mut self, to: &str, typed_of_1000: u64, at_ms: u64) {
        self.until(at_ms);
        let (id, ruling) = self.scene.ask(Ask::to(to), after(START, at_ms));
        let (typed, delay_ms) = (self.dice.chance(typed_of_1000), self.delay_ms());
        self.next += 1;
        if ruling.action != Action::Allow {
            let rule = ruling.objection.map(|objection| objection.rule);
            assert_eq!(rule, Some(Rule::RangeConversion));
            self.refused_at_ms.get_or_insert(at_ms);
        } else if typed {
            self.due.insert((at_ms + delay_ms, self.next), id);
        }
    }

    fn anybody(&mut self, typed_of_1000: u64, at_ms: u64) {
        let to = german(0, self.dice.below(10_000_000));
        self.ask(&to, typed_of_1000, at_ms);
    }

    /// From nothing to `peak` requests a second, evenly in `rise_s`, then for `hold_s`, then nothing at once.
    fn ramp(&mut self, peak: u64, rise_s: u64, hold_s: u64, typed_of_1000: u64) {
        for second in 0..rise_s + hold_s {
            let rate = (peak * (second + 1) / rise_s).clamp(1, peak);
            for n in 0..rate {
                self.anybody(typed_of_1000, second * 1000 + n * 1000 / rate);
            }
        }
        self.until((rise_s + hold_s + 7200) * 1000);
    }
}

#[test]
fn an_honest_rise_to_sixty_a_second_and_its_sudden_end_raise_no_alarm() {
    for seed in 1..=6 {
        let mut range = Range::new(seed);
        range.ramp(60, 120, 300, 700);
        let alarms = range.scene.guard.alarms();
        assert_eq!((alarms, range.refused_at_ms), (countersign_core::guard::memory::Alarms::default(), None));
    }
}

#[test]
fn known_numbers_that_come_in_a_rush_and_stop_are_no_outage() {
    let mut range = Range::new(9);
    let mut reader = DestinationReader::new();
    let import = Import {
        first: "2026-06-01".parse().unwrap(),
        last: "2026-11-01".parse().unwrap(),
        order: Order::Paid,
    };
    let known: Vec<String> = (0..400).map(|n| german(1, n * 20_011)).collect();
    for number in &known {
        range.scene.guard.import(&reader.read(number).unwrap(), import, START).unwrap();
    }
    let area = reader.read(&known[0]).unwrap().area();
    // A quiet hour, then a rush of two minutes, then nothing.
    for (n, number) in (0_u64..).zip(&known) {
        let rushed = n.saturating_sub(120);
        let at_ms = (n - rushed) * 30_000 + rushed * 400;
        range.ask(number, 700, at_ms);
        assert_eq!(range.scene.guard.verdict(area), Verdict::Normal, "{n}");
    }
    let end_ms = 120 * 30_000 + 280 * 400;
    for second in 0..300 {
        range.until(end_ms + second * 1000);
        assert_eq!(range.scene.guard.verdict(area), Verdict::Normal, "{second} s after");
    }
}

#[test]
fn an_attack_on_a_range_with_customers_is_found_as_soon_as_before_and_is_one_alarm() {
    let mut range = Range::new(4);
    for n in 0..3000 {
        range.anybody(700, n * 10_000);
    }
    let (start_ms, before) = (3000 * 10_000, range.scene.guard.alarms());
    assert_eq!(before.range_conversion, 0);
    // Ten a second, of which nobody types the code of one: about 900 are on their way when the first is judged.
    for n in 0..12_000_u64 {
        range.anybody(0, start_ms + n * 100);
    }
    let found_ms = range.refused_at_ms.unwrap() - start_ms;
    assert!((90_000..93_000).contains(&found_ms), "after {found_ms} ms");
    let alarms = range.scene.guard.alarms();
    // What was on its way belongs to the alarm: neither a second strike of the range nor one of its country.
    assert_eq!((alarms.range_conversion, alarms.country_conversion), (1, 0));
}

#[test]
fn an_attack_in_a_shop_of_sixty_a_second_is_found() {
    let mut range = Range::new(5);
    let mut at_ms = 0;
    for n in 0..40_000_u64 {
        at_ms = n * 1000 / 60;
        range.anybody(700, at_ms);
    }
    for n in 0..20_000_u64 {
        // Half of it is hostile.
        range.anybody(if n % 2 == 0 { 0 } else { 700 }, at_ms + n * 1000 / 120);
    }
    let found_ms = range.refused_at_ms.unwrap().saturating_sub(at_ms);
    assert!((88_000..95_000).contains(&found_ms), "after {found_ms} ms");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_honest_rise_is_taken_for_an_attack(
        seed in 0_u64..1_000_000,
        peak in 1_u64..80,
        rise_s in 1_u64..200,
        hold_s in 10_u64..200,
        typed_of_1000 in 600_u64..850,
    ) {
        // Some 300,000 messages in all: e^24 leaves no room for bad luck, and a share that is learnt wrong has a sum that
        // rises through any threshold.
        let mut policy = only_sums();
        policy.cusum.range_threshold = 24.0;
        let mut range = Range::under(policy, seed);
        range.ramp(peak, rise_s, hold_s, typed_of_1000);
        prop_assert_eq!(range.scene.guard.alarms().range_conversion, 0);
        prop_assert_eq!(range.scene.guard.alarms().country_conversion, 0);
    }
}
