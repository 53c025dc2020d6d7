//! Small worlds: honest customers are left alone, campaigns are stopped, outages are not taken for fraud.

use countersign_core::guard::decide::Rule;
use countersign_core::guard::known::Order;
use countersign_core::guard::{Action, GuardPolicy, KeyId};

use crate::traffic::{Ask, Dice, START, Scene, after};

/// A day in milliseconds.
const DAY: u64 = 86_400_000;

struct World {
    scene: Scene,
    dice: Dice,
    /// Conversions to come, by their time.
    due: std::collections::BTreeMap<(u64, u64), KeyId>,
    next: u64,
}

#[derive(Default, Clone, Copy, Debug)]
struct Count {
    asked: u64,
    sent: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let scene = Scene::new(GuardPolicy::default());
        World { scene, dice: Dice::new(seed), due: std::collections::BTreeMap::new(), next: 0 }
    }

    fn deliver(&mut self, until_ms: u64) {
        while let Some((&(at_ms, n), &id)) = self.due.first_key_value()
            && at_ms <= until_ms
        {
            self.due.remove(&(at_ms, n));
            self.scene.guard.convert(id, Order::None, after(START, at_ms));
        }
    }

    fn ask(&mut self, to: &str, converts_of_1000: u64, at_ms: u64, count: &mut Count) {
        self.deliver(at_ms);
        let device = format!("d{}", self.next);
        let ip = format!("{}.{}.{}.9", 11 + self.dice.below(190), self.dice.below(256), self.dice.below(256));
        let ask = Ask { ip: Some(&ip), device: Some(&device), ..Ask::to(to) };
        let (id, ruling) = self.scene.ask(ask, after(START, at_ms));
        count.asked += 1;
        if ruling.action == Action::Allow {
            count.sent += 1;
            if self.dice.chance(converts_of_1000) {
                self.next += 1;
                let delay_ms = 5000 + self.dice.below(40_000);
                self.due.insert((at_ms + delay_ms, self.next), id);
            }
        }
        self.next += 1;
    }

    /// Customers of a shop in Germany: some ranges much larger than others.
    fn honest(&mut self, at_ms: u64, count: &mut Count) {
        let skewed = self.dice.below(20) * self.dice.below(20) / 20;
        let to = format!("+49{}{:07}", 160 + skewed, self.dice.below(10_000_000));
        self.ask(&to, 680, at_ms, count);
    }
}

#[test]
fn honest_customers_of_clean_days_are_left_alone() {
    let mut world = World::new(1);
    let mut count = Count::default();
    // Some 2,900 a day for four days.
    for n in 0..11_600_u64 {
        world.honest(n * 30_000 + n % 7 * 1000, &mut count);
    }
    assert!(count.asked - count.sent <= 3, "{count:?}");
    assert_eq!(world.scene.guard.alarms().range_conversion, 0);
    let footprint = world.scene.guard.footprint();
    assert!(footprint.bytes / footprint.keys <= 1024, "{footprint:?}");
}

#[test]
fn campaigns_are_stopped_and_customers_mostly_are_not() {
    let mut world = World::new(2);
    let (mut honest, mut walk, mut spread) = (Count::default(), Count::default(), Count::default());
    let (mut during_walk, mut during_spread) = (Count::default(), Count::default());
    for n in 0..2880_u64 {
        world.honest(n * 30_000, &mut honest);
    }
    // A walk through one range at one a second for an hour, then three hours over 30 ranges of the same country.
    for second in 0..3600_u64 {
        let at_ms = DAY + second * 1000;
        world.ask(&format!("+49162{:07}", 4_000_000 + second), 0, at_ms, &mut walk);
        if second % 30 == 0 {
            world.honest(at_ms, &mut during_walk);
        }
    }
    for second in 0..10_800_u64 {
        let at_ms = DAY + 3_600_000 + second * 1000;
        let to = format!("+4915{:02}{:07}", world.dice.below(30), world.dice.below(10_000_000));
        world.ask(&to, 0, at_ms, &mut spread);
        if second % 30 == 0 {
            world.honest(at_ms, &mut during_spread);
        }
    }
    assert!(walk.sent * 100 <= walk.asked * 3, "{walk:?}");
    assert!(spread.sent * 100 <= spread.asked * 6, "{spread:?}");
    // One range of twenty is walked through; of the others customers are served.
    assert!(during_walk.sent * 100 >= during_walk.asked * 80, "{during_walk:?}");
    assert!(during_spread.sent * 100 >= during_spread.asked * 80, "{during_spread:?} {walk:?} {spread:?}");
}

#[test]
fn an_outage_that_known_numbers_share_raises_no_strike() {
    let mut world = World::new(3);
    let mut count = Count::default();
    let customers: Vec<(String, String)> =
        (0..400_u64).map(|n| (format!("+49171{:07}", n * 20_011), format!("c{n}"))).collect();
    // Two weeks in which customers come back, so that they are known in the second.
    let visit = |world: &mut World, n: u64, at_ms: u64, arrives: bool| {
        world.deliver(at_ms);
        let (to, customer) = &customers[usize::try_from(n).unwrap() % customers.len()];
        let ask = Ask { customer: Some(customer), ..Ask::to(to) };
        let (id, ruling) = world.scene.ask(ask, after(START, at_ms));
        if ruling.action == Action::Allow && arrives && world.dice.chance(800) {
            world.next += 1;
            world.due.insert((at_ms + 20_000, world.next), id);
        }
    };
    for n in 0..4000_u64 {
        let at_ms = n * 300_000;
        visit(&mut world, n, at_ms, true);
        world.honest(at_ms + 1000, &mut count);
    }
    let outage_ms = 4000 * 300_000;
    let strikes = world.scene.guard.alarms().range_conversion;
    for n in 0..120_u64 {
        let at_ms = outage_ms + n * 10_000;
        visit(&mut world, n, at_ms, false);
        let to = format!("+49160{:07}", world.dice.below(10_000_000));
        world.ask(&to, 0, at_ms + 1000, &mut count);
    }
    let alarms = world.scene.guard.alarms();
    assert_eq!(alarms.range_conversion, strikes, "{alarms:?}");
    let ruling = world.scene.ask(Ask::to("+491609999999"), after(START, outage_ms + 1_300_000)).1;
    assert!(ruling.objection.is_none_or(|objection| objection.rule != Rule::RangeConversion), "{ruling:?}");
}
