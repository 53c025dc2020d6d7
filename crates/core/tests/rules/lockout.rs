//! Wrong guesses on a phone: soft locks, the hundred in a row, and what is kept for a known customer.

use std::time::Duration;

use countersign_core::event::EventKind;
use countersign_core::policy::{MAX_CONSECUTIVE_FAILURES, PhoneLimits};
use countersign_core::step::{CheckResult, Command, PhoneWindow, Refusal, Start};
use countersign_core::subject::MAX_KNOWN_CUSTOMERS;
use countersign_core::verification::{Standing, Status};

use crate::world::{World, guess, session};

const HOUR_S: u64 = 3600;
const DAY_S: u64 = 24 * HOUR_S;
const WIDE: PhoneLimits = PhoneLimits { spacing_s: 0, per_ten_minutes: 50, per_hour: 50, per_day: 50 };

fn stranger(world: &mut World, name: &str) -> countersign_core::id::VerificationId {
    let start = Start { session: session(name), ..world.login() };
    world.start(start)
}

/// `count` wrong guesses, in as many verifications as they need.
fn miss(world: &mut World, count: u32) {
    let mut left = count;
    while left > 0 {
        let id = stranger(world, &format!("miss {left}"));
        for _ in 0..left.min(5) {
            assert_eq!(world.miss(id).unwrap().result, CheckResult::Incorrect);
        }
        if left < 5 {
            world.cancel(id);
        }
        left = left.saturating_sub(5);
    }
}

#[test]
fn ten_wrong_guesses_in_an_hour_lock_the_phone_until_the_first_is_an_hour_old() {
    let mut world = World::new();
    world.policy.phone_limits = WIDE;
    let first_at = world.clock;
    miss(&mut world, 1);
    world.wait_s(1200);
    miss(&mut world, 9);
    let until = first_at.plus(Duration::from_secs(HOUR_S));
    assert_eq!(
        world.events.iter().rev().find_map(|event| match event.kind {
            EventKind::PhoneLocked { until } => Some(until),
            _ => None,
        }),
        Some(until)
    );

    let start = world.login();
    assert_eq!(world.try_start(start), Err(Refusal::PhoneLocked { until }));
    world.clock = until.minus(Duration::from_millis(1));
    let start = world.login();
    assert_eq!(world.try_start(start), Err(Refusal::PhoneLocked { until }));
    world.wait_ms(1);
    let id = world.start_login();
    // One place in the hour is free: the next wrong guess closes it again.
    world.miss(id).unwrap();
    let until = first_at.plus(Duration::from_secs(1200 + HOUR_S));
    assert_eq!(world.miss(id), Err(Refusal::PhoneLocked { until }));
    let code = world.code(id);
    assert_eq!(world.try_check(guess(id, &code)), Err(Refusal::PhoneLocked { until }));
    assert_eq!(world.shelf[&id].attempts_used, 1, "a guess that was not evaluated costs nothing");
}

#[test]
fn twenty_five_wrong_guesses_in_a_day_lock_the_phone_until_the_first_is_a_day_old() {
    let mut world = World::new();
    world.policy.phone_limits = WIDE;
    let first_at = world.clock;
    for _ in 0..5 {
        miss(&mut world, 5);
        world.wait_s(2 * HOUR_S);
    }
    let until = first_at.plus(Duration::from_secs(DAY_S));
    let start = world.login();
    assert_eq!(world.try_start(start), Err(Refusal::PhoneLocked { until }));
    world.clock = until;
    let id = world.start_login();
    world.approve(id);
}

#[test]
fn a_locked_phone_is_not_sent_to() {
    let mut world = World::new();
    world.policy.phone_limits = WIDE;
    let waiting = stranger(&mut world, "waiting");
    miss(&mut world, 10);
    world.wait_s(60);
    assert!(matches!(world.resend(waiting), Err(Refusal::PhoneLocked { .. })));
}

/// Misses until the phone is disabled, as slowly as the soft locks ask for.
fn disable(world: &mut World) {
    while world.record.stranger_failures.consecutive < MAX_CONSECUTIVE_FAILURES {
        miss(world, 5);
        world.wait_s(6 * HOUR_S);
    }
}

#[test]
fn n5_the_hundred_and_first_guess_is_refused_even_if_it_is_right() {
    let mut world = World::new();
    disable(&mut world);
    let start = world.login();
    assert_eq!(world.try_start(start), Err(Refusal::PhoneDisabled));

    let mut world = World::new();
    while world.record.stranger_failures.consecutive < MAX_CONSECUTIVE_FAILURES - 5 {
        miss(&mut world, 5);
        world.wait_s(6 * HOUR_S);
    }
    let right = stranger(&mut world, "right");
    world.wait_s(30);
    miss(&mut world, 5);
    assert_eq!(world.last_events().last(), Some(&EventKind::PhoneDisabled));
    let code = world.code(right);
    assert_eq!(world.try_check(guess(right, &code)), Err(Refusal::PhoneDisabled));
    assert_eq!(world.status(right), Status::Pending);
}

#[test]
fn n5_a_disabled_phone_stays_so_for_as_long_as_nobody_binds_it_anew() {
    let mut world = World::new();
    disable(&mut world);
    world.wait_s(400 * DAY_S);
    let start = world.login();
    assert_eq!(world.try_start(start), Err(Refusal::PhoneDisabled));
    world.apply(&Command::Rebind);
    let id = world.start_login();
    world.approve(id);
}

#[test]
fn n6_only_a_success_clears_the_count_and_time_does_not() {
    let mut world = World::new();
    miss(&mut world, 5);
    world.wait_s(30 * DAY_S);
    miss(&mut world, 3);
    assert_eq!(world.record.stranger_failures.consecutive, 8);
    let id = world.wait_s(30).start_payment();
    world.cancel(id);
    world.wait_s(30).start_login();
    world.wait_s(600).expire();
    assert_eq!(world.record.stranger_failures.consecutive, 8);
    let id = world.start_login();
    world.approve(id);
    assert_eq!(world.record.stranger_failures.consecutive, 0);
}

#[test]
fn o8_a_stranger_cannot_lock_a_known_customer_out() {
    let mut world = World::new();
    world.policy.phone_limits = WIDE;
    world.with_known_customer("c_77");
    miss(&mut world, 10);
    let start = world.login();
    assert!(matches!(world.try_start(start), Err(Refusal::PhoneLocked { .. })));
    let hers = Start { customer: Some("c_77".to_owned()), ..world.login() };
    let hers = world.start(hers);
    assert_eq!(world.shelf[&hers].standing, Standing::KnownCustomer);
    world.miss(hers).unwrap();
    world.approve(hers);
    // Nor does her success forgive the stranger.
    assert_eq!(world.record.stranger_failures.consecutive, 10);
    assert_eq!(world.record.customer_failures.consecutive, 0);
}

#[test]
fn o8_a_disabled_phone_still_serves_its_known_customer() {
    let mut world = World::new();
    world.with_known_customer("c_77");
    disable(&mut world);
    let start = world.login();
    assert_eq!(world.try_start(start), Err(Refusal::PhoneDisabled));
    let hers = Start { customer: Some("c_77".to_owned()), ..world.login() };
    let hers = world.start(hers);
    world.approve(hers);
}

#[test]
fn n5_the_known_customers_own_guesses_have_the_same_limits() {
    let mut world = World::new();
    world.policy.phone_limits = WIDE;
    world.with_known_customer("c_77");
    for n in 0..2 {
        let start =
            Start { customer: Some("c_77".to_owned()), session: session(&format!("{n}")), ..world.login() };
        let id = world.start(start);
        for _ in 0..5 {
            world.miss(id).unwrap();
        }
    }
    let start = Start { customer: Some("c_77".to_owned()), ..world.login() };
    assert!(matches!(world.try_start(start), Err(Refusal::PhoneLocked { .. })));
    let start = Start { customer: None, ..world.login() };
    world.start(start);
}

#[test]
fn o8_part_of_a_phones_sends_is_kept_for_its_known_customer() {
    let mut world = World::new();
    world.with_known_customer("c_77");
    for n in 0..2 {
        stranger(&mut world, &format!("{n}"));
        world.wait_s(30);
    }
    let third = Start { session: session("third"), ..world.login() };
    assert!(matches!(
        world.try_start(third),
        Err(Refusal::PhoneLimit { window: PhoneWindow::TenMinutes, .. })
    ));
    let hers = Start { customer: Some("c_77".to_owned()), ..world.login() };
    let hers = world.start(hers);
    world.approve(hers);
}

#[test]
fn o8_strangers_leave_two_of_a_days_sends_to_a_known_customer() {
    let mut world = World::new();
    world.with_known_customer("c_77");
    let mut starts = 0;
    let refusal = loop {
        let start = Start { session: session(&format!("{starts}")), ..world.login() };
        match world.try_start(start) {
            Ok(_) => starts += 1,
            Err(refusal) => break refusal,
        }
        world.wait_s(HOUR_S);
    };
    assert!(matches!(refusal, Refusal::PhoneLimit { window: PhoneWindow::Day, .. }));
    assert_eq!(starts, 6);
    for n in 0..2 {
        let hers = Start {
            customer: Some("c_77".to_owned()),
            session: session(&format!("hers {n}")),
            ..world.login()
        };
        world.start(hers);
    }
    let hers = Start { customer: Some("c_77".to_owned()), ..world.login() };
    assert!(matches!(world.try_start(hers), Err(Refusal::PhoneLimit { window: PhoneWindow::Day, .. })));
}

#[test]
fn a_customer_is_known_only_after_a_success_and_only_by_her_own_reference() {
    let mut world = World::new();
    world.policy.phone_limits = WIDE;
    let start = Start { customer: Some("c_77".to_owned()), ..world.login() };
    let id = world.start(start);
    assert_eq!(world.shelf[&id].standing, Standing::Stranger);
    world.miss(id).unwrap();
    world.cancel(id);
    let start = Start { customer: Some("c_77".to_owned()), ..world.login() };
    let id = world.start(start);
    assert_eq!(world.shelf[&id].standing, Standing::Stranger);
    world.approve(id);
    for (customer, standing) in [
        (Some("c_77"), Standing::KnownCustomer),
        (Some("c_7"), Standing::Stranger),
        (Some(""), Standing::Stranger),
        (None, Standing::Stranger),
    ] {
        let start = Start { customer: customer.map(str::to_owned), ..world.login() };
        let id = world.start(start);
        assert_eq!(world.shelf[&id].standing, standing, "{customer:?}");
        world.cancel(id);
    }
}

#[test]
fn the_customers_remembered_have_a_bound_and_the_latest_stay() {
    let mut world = World::new();
    world.policy.phone_limits = WIDE;
    for n in 0..=MAX_KNOWN_CUSTOMERS {
        world.with_known_customer(&format!("c_{n}"));
    }
    assert_eq!(world.record.known_customers.len(), MAX_KNOWN_CUSTOMERS);
    for (customer, standing) in [("c_0", Standing::Stranger), ("c_4", Standing::KnownCustomer)] {
        let start =
            Start { customer: Some(customer.to_owned()), session: session(customer), ..world.login() };
        let id = world.start(start);
        assert_eq!(world.shelf[&id].standing, standing, "{customer}");
    }
}

#[test]
fn an_old_code_counts_as_a_wrong_guess_on_the_phone() {
    let mut world = World::new();
    world.policy.resend = countersign_core::policy::ResendCode::Rotate;
    let id = world.start_login();
    let old = world.code(id);
    world.wait_s(30);
    world.resend(id).unwrap();
    assert_eq!(world.guess(id, &old), CheckResult::Superseded);
    assert_eq!(world.record.stranger_failures.recent.len(), 1);
}
