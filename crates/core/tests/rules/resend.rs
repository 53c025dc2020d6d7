//! Resend: the message did not come.

use std::time::Duration;

use countersign_core::delivery::DeliveryKind;
use countersign_core::id::VerificationId;
use countersign_core::policy::{PhoneLimits, ResendCode};
use countersign_core::step::{CheckResult, Effect, PhoneWindow, Refusal};
use countersign_core::verification::Status;

use crate::world::{World, command_id};

#[test]
fn the_ladder_is_30_45_60_120_seconds_and_five_sends() {
    let mut world = World::new();
    // Two more an hour, so that the ladder alone decides.
    world.policy.phone_limits.per_hour = 8;
    let id = world.start_login();
    for wait in [30, 45, 60, 120] {
        world.wait_ms(wait * 1000 - 1);
        let retry_at = world.clock.plus(Duration::from_millis(1));
        assert_eq!(world.resend(id), Err(Refusal::ResendTooSoon { retry_at }));
        world.wait_ms(1);
        world.resend(id).unwrap();
    }
    world.wait_s(120);
    assert_eq!(world.resend(id), Err(Refusal::NoSendsLeft));
    assert_eq!((world.sent.len(), world.shelf[&id].sends), (5, 5));
}

#[test]
fn a_resend_says_when_the_next_one_is_possible() {
    let mut world = World::new();
    let id = world.start_login();
    world.wait_s(30);
    let resend_at = world.resend(id).unwrap();
    assert_eq!(resend_at, Some(world.clock.plus(Duration::from_secs(45))));
    world.clock = resend_at.unwrap();
    world.resend(id).unwrap();
}

#[test]
fn a_resend_after_which_none_is_possible_says_so() {
    let mut world = World::new();
    world.policy.max_sends = 2;
    let id = world.start_login();
    world.wait_s(30);
    assert_eq!(world.resend(id), Ok(None), "no sends left");

    let mut world = World::new();
    let id = world.start_login();
    world.wait_s(540 - 44);
    assert_eq!(world.resend(id), Ok(None), "too little life left when the wait is over");
}

#[test]
fn every_send_carries_the_same_code() {
    let mut world = World::new();
    let id = world.start_login();
    let code = world.code(id);
    for wait in [30, 45, 60] {
        world.wait_s(wait);
        world.resend(id).unwrap();
        assert_eq!(world.code(id), code);
    }
    assert!(world.sent.iter().all(|delivery| delivery.kind == DeliveryKind::Code { generation: 0 }));
    world.approve(id);
}

#[test]
fn n4_a_resend_does_not_reset_the_count_of_wrong_guesses() {
    for resend in [ResendCode::Same, ResendCode::Rotate] {
        let mut world = World::new();
        world.policy.resend = resend;
        world.policy.max_attempts = 10;
        let id = world.start_login();
        for _ in 0..3 {
            world.miss(id).unwrap();
        }
        world.wait_s(30);
        world.resend(id).unwrap();
        for _ in 0..3 {
            world.miss(id).unwrap();
        }
        assert_eq!(world.shelf[&id].attempts_used, 6);
        assert_eq!(world.record.stranger_failures.consecutive, 6);
    }
}

#[test]
fn i2_attempts_are_counted_across_resends() {
    let mut world = World::new();
    let id = world.start_login();
    for left in [4, 3, 2] {
        assert_eq!(world.miss(id).unwrap().attempts_remaining, left);
    }
    world.wait_s(30);
    world.resend(id).unwrap();
    assert_eq!(world.miss(id).unwrap().attempts_remaining, 1);
    assert_eq!(world.miss(id).unwrap().attempts_remaining, 0);
    assert_eq!(world.status(id), Status::Exhausted);
}

#[test]
fn a_resend_does_not_lengthen_the_life_of_the_code() {
    let mut world = World::new();
    let id = world.start_login();
    let expires_at = world.shelf[&id].expires_at;
    world.wait_s(540);
    world.resend(id).unwrap();
    assert_eq!(world.shelf[&id].expires_at, expires_at);
    assert_eq!(world.sent[1].expires_at, expires_at);
}

#[test]
fn with_less_than_a_minute_left_a_resend_says_to_start_anew() {
    let mut world = World::new();
    let id = world.start_login();
    world.wait_ms(540_001);
    assert_eq!(world.resend(id), Err(Refusal::TooLateToResend));
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn n4_a_rotated_code_takes_over_and_the_old_one_answers_superseded_for_an_attempt() {
    let mut world = World::new();
    world.policy.resend = ResendCode::Rotate;
    let id = world.start_login();
    let old = world.code(id);
    world.miss(id).unwrap();
    world.wait_s(30);
    world.resend(id).unwrap();
    let new = world.code(id);
    assert_ne!(old, new);
    assert_eq!(world.shelf[&id].attempts_used, 1, "a rotation keeps attempts");
    assert_eq!(world.guess(id, &old), CheckResult::Superseded);
    assert_eq!(world.shelf[&id].attempts_used, 2, "an old code costs an attempt");
    assert_eq!(world.record.stranger_failures.consecutive, 2);
    assert_eq!(world.guess(id, &new), CheckResult::Approved);
}

#[test]
fn every_older_generation_answers_superseded() {
    let mut world = World::new();
    world.policy.resend = ResendCode::Rotate;
    let id = world.start_login();
    let mut codes = vec![world.code(id)];
    for wait in [30, 45, 60] {
        world.wait_s(wait);
        world.resend(id).unwrap();
        codes.push(world.code(id));
    }
    let newest = codes.pop().unwrap();
    for old in codes {
        assert_eq!(world.guess(id, &old), CheckResult::Superseded);
    }
    assert_eq!(world.guess(id, &newest), CheckResult::Approved);
}

#[test]
fn a_rotation_stops_unsent_messages_of_the_old_code_before_it_asks_for_the_new_one() {
    let mut world = World::new();
    world.policy.resend = ResendCode::Rotate;
    let id = world.start_login();
    let of_the_old_code = world.cancellation(id);
    world.wait_s(30);
    world.resend(id).unwrap();
    assert_eq!(world.last_effects[0], of_the_old_code);
    assert!(
        matches!(&world.last_effects[1], Effect::Send(delivery) if delivery.kind == (DeliveryKind::Code { generation: 1 }))
    );
}

#[test]
fn a_resend_of_the_same_code_stops_no_message() {
    let mut world = World::new();
    let id = world.start_login();
    world.wait_s(30);
    world.resend(id).unwrap();
    assert!(!world.last_effects.iter().any(|effect| matches!(effect, Effect::CancelDeliveries(_))));
}

type End = fn(&mut World, VerificationId);

#[test]
fn i3_nothing_that_has_ended_is_sent_again() {
    let mut world = World::new();
    world.policy.phone_limits = PhoneLimits { spacing_s: 0, per_ten_minutes: 50, per_hour: 50, per_day: 50 };
    let ends: [(Status, End); 4] = [
        (Status::Approved, World::approve),
        (Status::Canceled, World::cancel),
        (Status::Denied, World::report),
        (Status::Expired, |world, _| {
            world.wait_s(600).expire();
        }),
    ];
    for (status, end) in ends {
        let id = world.start_login();
        world.wait_s(30);
        end(&mut world, id);
        let sent = world.sent.len();
        assert_eq!(world.resend(id), Err(Refusal::NotPending(status)));
        assert_eq!(world.sent.len(), sent);
    }
}

#[test]
fn resends_count_in_the_phones_hour() {
    let mut world = World::new();
    world.policy.phone_limits.per_hour = 3;
    let id = world.start_login();
    let first_at = world.clock;
    for wait in [30, 45] {
        world.wait_s(wait);
        world.resend(id).unwrap();
    }
    world.wait_s(60);
    let retry_at = first_at.plus(Duration::from_secs(3600));
    assert_eq!(world.resend(id), Err(Refusal::PhoneLimit { window: PhoneWindow::Hour, retry_at }));
}

#[test]
fn i15_a_retried_resend_gets_its_first_answer_and_sends_nothing_more() {
    let mut world = World::new();
    let id = world.start_login();
    world.wait_s(30);
    let first = world.resend_as(id, command_id(1));
    world.wait_s(200);
    assert_eq!(world.resend_as(id, command_id(1)), first);
    assert_eq!(world.sent.len(), 2);
    world.resend_as(id, command_id(2)).unwrap();
    assert_eq!(world.sent.len(), 3);
}
