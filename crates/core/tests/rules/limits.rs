//! Limits: the windows over one phone, and the counters that cross phones.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_core::keyring::Keyring;
use countersign_core::limit::{
    Add, CounterKey, Exceeded, INSTANCE_PHONE_PER_DAY, INSTANCE_PHONE_PER_WEEK, LimitRule, Reservation,
    Sending, message_reservation,
};
use countersign_core::phone::E164;
use countersign_core::step::{PhoneWindow, Refusal, Start};
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_core::verification::Standing;
use proptest::prelude::*;

use crate::world::{NOON, OTHER_PHONE, PHONE, World, app, keyring, phone, session};

fn start_one(world: &mut World, name: &str) -> Result<(), Refusal> {
    let start = Start { session: session(name), ..world.login() };
    world.try_start(start).map(|_| ())
}

#[test]
fn two_starts_are_thirty_seconds_apart() {
    let mut world = World::new();
    start_one(&mut world, "a").unwrap();
    let retry_at = world.clock.plus(Duration::from_secs(30));
    world.wait_ms(29_999);
    assert_eq!(
        start_one(&mut world, "b"),
        Err(Refusal::PhoneLimit { window: PhoneWindow::Spacing, retry_at })
    );
    world.wait_ms(1);
    start_one(&mut world, "b").unwrap();
}

/// Starts every `gap_s` until a window says no; then tries one millisecond before and at its word.
fn exact_window(gap_s: u64, window: PhoneWindow, length_s: u64, allowed: usize) {
    let mut world = World::new();
    let mut at = Vec::new();
    let refusal = loop {
        let name = format!("{}", at.len());
        match start_one(&mut world, &name) {
            Ok(()) => at.push(world.clock),
            Err(refusal) => break refusal,
        }
        world.wait_s(gap_s);
    };
    assert_eq!(at.len(), allowed);
    let retry_at = at[0].plus(Duration::from_secs(length_s));
    assert_eq!(refusal, Refusal::PhoneLimit { window, retry_at });
    world.clock = retry_at.minus(Duration::from_millis(1));
    assert_eq!(start_one(&mut world, "early"), Err(Refusal::PhoneLimit { window, retry_at }));
    world.clock = retry_at;
    start_one(&mut world, "on time").unwrap();
}

#[test]
fn o7_three_starts_in_ten_minutes_to_the_millisecond() {
    exact_window(30, PhoneWindow::TenMinutes, 600, 3);
}

#[test]
fn o7_five_starts_in_an_hour_to_the_millisecond() {
    exact_window(301, PhoneWindow::Hour, 3600, 5);
}

#[test]
fn o7_eight_starts_in_a_day_to_the_millisecond() {
    exact_window(1000, PhoneWindow::Day, 24 * 3600, 8);
}

fn reserve(
    keys: &Keyring,
    app_byte: u8,
    mode: Mode,
    phone: &E164,
    daily_messages: u32,
    now: Timestamp,
) -> Reservation {
    // On a trusted device, from which no place is kept.
    let standing = Standing::TrustedDevice;
    let sending = Sending { app: app(app_byte), mode, phone, email: None, standing, daily_messages };
    message_reservation(keys, &sending, now)
}

/// The counter of a rule, and when it is forgotten.
fn add_of(reservation: &Reservation, rule: LimitRule) -> Add {
    let limit = reservation.limits.iter().find(|limit| limit.rule == rule).unwrap();
    let read = |add: &&Add| limit.reads.iter().any(|range| range.key == add.key);
    *reservation.adds.iter().find(read).unwrap()
}

/// The store's part of a limit, as simply as it can be written.
#[derive(Default)]
struct Counters(BTreeMap<(CounterKey, i64), (u64, Timestamp)>);

impl Counters {
    fn reserve(&mut self, keys: &Keyring, phone: &E164, daily: u32, now: Timestamp) -> Result<(), Exceeded> {
        // What has expired may be gone at any moment; here it goes at once.
        self.0.retain(|_, (_, expires_at)| *expires_at > now);
        let reservation = reserve(keys, 1, Mode::Live, phone, daily, now);
        for limit in &reservation.limits {
            let slots: Vec<(i64, u64)> = limit
                .reads
                .iter()
                .flat_map(|range| {
                    self.0
                        .iter()
                        .filter(move |((key, slot), _)| {
                            *key == range.key && (range.first..=range.last).contains(slot)
                        })
                        .map(|((_, slot), (count, _))| (*slot, *count))
                })
                .collect();
            limit.judge(&slots, 1)?;
        }
        for add in reservation.adds {
            let entry = self.0.entry((add.key, add.slot)).or_insert((0, add.expires_at));
            entry.0 += add.amount;
            entry.1 = entry.1.max(add.expires_at);
        }
        Ok(())
    }
}

#[test]
fn o8_over_all_apps_strangers_leave_places_to_customers_and_those_to_trusted_devices() {
    let keys = keyring(1);
    let phone = phone(PHONE);
    let most = |standing| {
        let sending = Sending {
            app: app(1),
            mode: Mode::Live,
            phone: &phone,
            email: None,
            standing,
            daily_messages: 99,
        };
        let reservation = message_reservation(&keys, &sending, NOON);
        let max = |rule| reservation.limits.iter().find(|limit| limit.rule == rule).unwrap().max;
        (max(LimitRule::InstancePhonePerDay), max(LimitRule::InstancePhonePerWeek))
    };
    assert_eq!(most(Standing::Stranger), (8, 21));
    assert_eq!(most(Standing::KnownCustomer), (9, 23));
    assert_eq!(most(Standing::TrustedDevice), (10, 30));
}

fn within(at: &[Timestamp], now: Timestamp, window: Duration) -> u64 {
    at.iter().filter(|&&at| at > now.minus(window)).count() as u64
}

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// However sends arrive: no window of 24 hours or 7 days holds more than its limit, what is refused
    /// says when it would not be, and it is never felt more than one slot (an hour) longer.
    #[test]
    fn o7_the_instances_windows_are_never_exceeded_and_retry_at_keeps_its_word(
        gaps in proptest::collection::vec(
            prop_oneof![0_u64..60_000, 0_u64..3_600_000, 0_u64..40_000_000, Just(3_600_000), Just(86_400_000)],
            1..120,
        ),
        offset in 0_u64..86_400_000,
    ) {
        let (keys, phone) = (keyring(1), phone(PHONE));
        let mut counters = Counters::default();
        let mut now = NOON.plus(Duration::from_millis(offset));
        let mut sent = Vec::new();
        for gap in gaps {
            now = now.plus(Duration::from_millis(gap));
            match counters.reserve(&keys, &phone, 1_000_000, now) {
                Ok(()) => sent.push(now),
                Err(exceeded) => {
                    prop_assert!(exceeded.retry_at > now);
                    let (limit, window) = match exceeded.rule {
                        LimitRule::InstancePhonePerDay => (INSTANCE_PHONE_PER_DAY, DAY),
                        LimitRule::InstancePhonePerWeek => (INSTANCE_PHONE_PER_WEEK, 7 * DAY),
                        other => panic!("{other:?}"),
                    };
                    prop_assert!(within(&sent, now, window + HOUR) >= limit, "refused without reason");
                    // Not a moment earlier, and then it does (unless the other window says otherwise).
                    let early = exceeded.retry_at.minus(Duration::from_millis(1));
                    prop_assert_eq!(counters.reserve(&keys, &phone, 1_000_000, early).map_err(|e| e.rule), Err(exceeded.rule));
                    now = exceeded.retry_at;
                    match counters.reserve(&keys, &phone, 1_000_000, now) {
                        Ok(()) => sent.push(now),
                        Err(other) => prop_assert_ne!(other.rule, exceeded.rule),
                    }
                }
            }
            prop_assert!(within(&sent, now, DAY) <= INSTANCE_PHONE_PER_DAY);
            prop_assert!(within(&sent, now, 7 * DAY) <= INSTANCE_PHONE_PER_WEEK);
        }
    }
}

#[test]
fn an_apps_day_ends_at_midnight_utc() {
    let keys = keyring(1);
    let mut counters = Counters::default();
    let mut now = Timestamp::parse_rfc3339("2026-11-23T23:59:59.990Z").unwrap();
    for n in 0..5 {
        let phone = phone(&format!("+4915112345{n:03}"));
        counters.reserve(&keys, &phone, 5, now).unwrap();
        now = now.plus(Duration::from_millis(1));
    }
    let refused = counters.reserve(&keys, &phone(PHONE), 5, now).unwrap_err();
    let midnight = Timestamp::parse_rfc3339("2026-11-24T00:00:00Z").unwrap();
    assert_eq!(refused, Exceeded { rule: LimitRule::AppDailyMessages, retry_at: midnight });
    counters.reserve(&keys, &phone(PHONE), 5, midnight).unwrap();
}

#[test]
fn another_phone_has_counters_of_its_own_and_all_apps_share_them() {
    let keys = keyring(1);
    let mut counters = Counters::default();
    for _ in 0..INSTANCE_PHONE_PER_DAY {
        counters.reserve(&keys, &phone(PHONE), 1000, NOON).unwrap();
    }
    assert_eq!(
        counters.reserve(&keys, &phone(PHONE), 1000, NOON).unwrap_err().rule,
        LimitRule::InstancePhonePerDay
    );
    counters.reserve(&keys, &phone(OTHER_PHONE), 1000, NOON).unwrap();

    let key_of =
        |app_byte, rule| add_of(&reserve(&keys, app_byte, Mode::Live, &phone(PHONE), 1000, NOON), rule).key;
    assert_eq!(key_of(1, LimitRule::InstancePhonePerDay), key_of(2, LimitRule::InstancePhonePerDay));
    assert_ne!(key_of(1, LimitRule::AppDailyMessages), key_of(2, LimitRule::AppDailyMessages));
}

#[test]
fn test_messages_take_nothing_from_a_phone_and_nothing_from_the_live_allowance() {
    let keys = keyring(1);
    let of = |mode| reserve(&keys, 1, mode, &phone(PHONE), 1000, NOON);
    let (live, test) = (of(Mode::Live), of(Mode::Test));
    assert_eq!(test.limits.iter().map(|limit| limit.rule).collect::<Vec<_>>(), [LimitRule::AppDailyMessages]);
    assert_eq!(test.adds.len(), 1);
    assert!(live.adds.iter().all(|add| add.key != test.adds[0].key));
}

#[test]
fn a_phones_counter_changes_its_key_every_day_and_dies_after_eight() {
    let keys = keyring(1);
    let on = |now| reserve(&keys, 1, Mode::Live, &phone(PHONE), 1000, now);
    let add_at = |now| add_of(&on(now), LimitRule::InstancePhonePerWeek);
    let first = add_at(NOON);
    assert_ne!(first.key, add_at(NOON.plus(DAY)).key);
    assert_eq!(first.expires_at, NOON.plus(8 * DAY));
    // It outlives every window that reads it.
    let is_read = |at: Timestamp| {
        on(at)
            .limits
            .iter()
            .flat_map(|limit| limit.reads.clone())
            .any(|range| range.key == first.key && (range.first..=range.last).contains(&first.slot))
    };
    let last_read = (0..24 * 9).map(|hours| NOON.plus(HOUR * hours)).rev().find(|&at| is_read(at)).unwrap();
    assert!(last_read < first.expires_at, "{last_read} < {}", first.expires_at);
    assert!(last_read >= NOON.plus(7 * DAY));
}
