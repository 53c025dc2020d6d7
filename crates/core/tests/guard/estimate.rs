//! What probes tell of all that was refused has the truth as its mean: shown by adding up every way that the lots can
//! fall, each with its chance, and not by luck.

use countersign_core::guard::probe::ProbeCount;
use countersign_core::guard::thousandths::Thousandths;
use proptest::prelude::*;

/// A refused request: how many of a hundred are drawn then, what its message costs, and whether its code would be typed.
type Refused = (u32, u64, bool);

/// Truths about the requests that were not drawn, and what the probes say of them.
#[derive(Clone, Copy, Default, Debug)]
struct Means {
    hurt: [f64; 2],
    saved: [f64; 3],
    lots: f64,
}

/// Adds up all ways from here on. Lots end when so many probes were drawn, as they do each day.
fn add_up(refused: &[Refused], room: u32, chance: f64, story: (ProbeCount, f64, f64), means: &mut Means) {
    let (count, hurt, saved) = story;
    let ended = refused.is_empty() || room == 0;
    let Some((&(percent, price, typed), rest)) = refused.split_first().filter(|_| !ended) else {
        // Without a probe nothing is told. Nothing stands for nothing: no customer, and all the money.
        let hurt_told = count.hurt().map_or(0.0, |told| told.value);
        let all = f64::from(u32::try_from(count.not_drawn_micros).unwrap());
        let told = count.saved_micros().map_or(all, |told| told.value);
        let by_probes = count.saved_by_probes_micros().map_or(0.0, |told| told.value);
        for (sum, value) in means.hurt.iter_mut().zip([hurt, hurt_told]) {
            *sum += chance * value;
        }
        for (sum, value) in means.saved.iter_mut().zip([saved, told, by_probes]) {
            *sum += chance * value;
        }
        means.lots += chance;
        return;
    };
    let drawn = f64::from(percent) / 100.0;
    let mut with = count;
    with.judge(Thousandths::of(percent * 1000), price);
    if typed {
        with.convert(Thousandths::of(percent * 1000), price);
    }
    add_up(rest, room - 1, chance * drawn, (with, hurt, saved), means);
    let mut without = count;
    without.refuse(price);
    let micros = f64::from(u32::try_from(price).unwrap());
    let (hurt, saved) = if typed { (hurt + 1.0, saved) } else { (hurt, saved + micros) };
    add_up(rest, room, chance * (1.0 - drawn), (without, hurt, saved), means);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn estimates_have_the_truth_as_their_mean(
        refused in prop::collection::vec((1_u32..=50, 1_u64..=200_000, any::<bool>()), 1..12),
        room in 1_u32..6,
    ) {
        let mut means = Means::default();
        add_up(&refused, room, 1.0, (ProbeCount::default(), 0.0, 0.0), &mut means);
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * (1.0 + a.abs());
        prop_assert!(close(means.lots, 1.0), "{means:?}");
        prop_assert!(close(means.hurt[0], means.hurt[1]), "{means:?}");
        prop_assert!(close(means.saved[0], means.saved[1]), "{means:?}");
        prop_assert!(close(means.saved[0], means.saved[2]), "{means:?}");
    }

    #[test]
    fn an_interval_holds_its_estimate(drawn in 1_u32..200, typed in 0_u32..200, refused in 0_u32..9000) {
        let mut count = ProbeCount::default();
        let two = Thousandths::of(2000);
        (0..drawn).for_each(|n| count.judge(two, u64::from(30_000 + n)));
        (0..typed.min(drawn)).for_each(|n| count.convert(two, u64::from(30_000 + n)));
        (0..refused).for_each(|n| count.refuse(u64::from(30_000 + n % 7)));
        let all = [count.customers(), count.hurt(), count.saved_micros(), count.saved_by_probes_micros()];
        for estimate in all {
            let estimate = estimate.unwrap();
            prop_assert!(estimate.holds(estimate.value) && estimate.low < estimate.high, "{estimate:?}");
        }
    }
}
