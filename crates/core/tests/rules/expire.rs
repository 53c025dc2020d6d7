//! Expire: what time or a restore has ended.

use countersign_core::event::EventKind;
use countersign_core::keyring::Epoch;
use countersign_core::step::{CheckResult, Command, Redeem, RedeemOutcome, Refusal};
use countersign_core::time::Timestamp;
use countersign_core::verification::{State, Status};

use crate::world::World;

#[test]
fn n1_o4_a_code_is_refused_from_the_end_of_its_tenth_minute() {
    for (after_ms, result) in
        [(599_999, CheckResult::Approved), (600_000, CheckResult::Expired), (600_001, CheckResult::Expired)]
    {
        let mut world = World::new();
        let id = world.start_login();
        let code = world.code(id);
        world.wait_ms(after_ms);
        assert_eq!(world.guess(id, &code), result, "after {after_ms} ms");
    }
}

#[test]
fn a_payments_code_lives_five_minutes() {
    for (after_ms, result) in [(299_999, CheckResult::Approved), (300_000, CheckResult::Expired)] {
        let mut world = World::new();
        let id = world.start_payment();
        let code = world.code(id);
        world.wait_ms(after_ms);
        assert_eq!(world.guess(id, &code), result, "after {after_ms} ms");
    }
}

#[test]
fn n1_the_life_runs_from_the_first_send_not_from_a_resend() {
    let mut world = World::new();
    let id = world.start_login();
    let code = world.code(id);
    world.wait_s(500);
    world.resend(id).unwrap();
    world.wait_s(100);
    assert_eq!(world.guess(id, &code), CheckResult::Expired);
}

#[test]
fn i3_expiry_takes_the_code_and_the_unsent_messages_away_once() {
    let mut world = World::new();
    let id = world.start_login();
    world.wait_s(600).expire();
    assert!(matches!(world.shelf[&id].state, State::Expired { .. }));
    assert_eq!(world.last_effects[0], world.cancellation(id));
    assert_eq!(world.last_events(), [EventKind::Expired]);
    assert!(world.record.live.is_empty());
    world.wait_s(1).expire();
    assert!(world.last_effects.is_empty());
}

#[test]
fn any_command_settles_what_time_has_ended() {
    let mut world = World::new();
    let old = world.start_login();
    world.wait_s(600);
    let new = world.start_login();
    assert_eq!(world.last_events()[0], EventKind::Expired);
    assert_eq!((world.status(old), world.record.live.as_slice()), (Status::Expired, &[new][..]));
}

#[test]
fn i13_expired_stays_expired_when_the_clock_jumps_back() {
    let mut world = World::new();
    let id = world.start_login();
    let code = world.code(id);
    world.wait_s(600);
    assert_eq!(world.guess(id, &code), CheckResult::Expired);
    world.clock = world.clock.minus(std::time::Duration::from_secs(590));
    assert_eq!(world.guess(id, &code), CheckResult::Expired);
    assert_eq!(world.resend(id), Err(Refusal::NotPending(Status::Expired)));
}

#[test]
fn i13_a_clock_that_jumps_back_gives_no_code_a_longer_life() {
    let mut world = World::new();
    let id = world.start_login();
    world.wait_s(599);
    world.miss(id).unwrap();
    world.clock = Timestamp::EPOCH;
    world.miss(id).unwrap();
    assert_eq!(
        world.record.last_step_at,
        world.shelf[&id].expires_at.minus(std::time::Duration::from_secs(1))
    );
    assert_eq!(world.events.last().unwrap().at, world.record.last_step_at);
}

#[test]
fn i13_a_proof_that_was_too_late_stays_so_when_the_clock_jumps_back() {
    let mut world = World::new();
    let id = world.start_payment();
    world.approve(id);
    let redeem: Redeem = world.redeem_of(id);
    world.wait_s(300);
    assert_eq!(world.redeem(redeem.clone()), RedeemOutcome::Expired);
    world.clock = world.clock.minus(std::time::Duration::from_secs(200));
    assert_eq!(world.redeem(redeem), RedeemOutcome::Expired);
}

#[test]
fn i13_a_clock_that_jumps_back_opens_no_window() {
    let mut world = World::new();
    world.start_login();
    world.wait_s(30).start_payment();
    world.clock = world.clock.minus(std::time::Duration::from_secs(3600));
    let start = countersign_core::step::Start { session: None, ..world.login() };
    assert!(matches!(world.try_start(start), Err(Refusal::PhoneLimit { .. })));
}

#[test]
fn a_restore_kills_what_was_pending_and_what_was_approved() {
    let mut world = World::new();
    let approved = world.start_payment();
    world.approve(approved);
    world.wait_s(30);
    let pending = world.start_login();
    let code = world.code(pending);
    world.keyring.epoch = Epoch(2);
    assert_eq!(world.guess(pending, &code), CheckResult::Expired);
    let redeem = world.redeem_of(approved);
    assert_eq!(world.redeem(redeem), RedeemOutcome::Expired);
    world.wait_s(30);
    let fresh = world.start_login();
    world.approve(fresh);
    let redeem = world.redeem_of(fresh);
    assert_eq!(world.redeem(redeem), RedeemOutcome::Redeemed, "what is started after it lives");
}

#[test]
fn an_older_epoch_than_the_stores_is_no_better() {
    let mut world = World::new();
    world.keyring.epoch = Epoch(5);
    let id = world.start_login();
    let code = world.code(id);
    world.keyring.epoch = Epoch(4);
    assert_eq!(world.guess(id, &code), CheckResult::Expired);
}

#[test]
fn expiring_an_unseen_phone_does_nothing() {
    let mut world = World::new();
    world.apply(&Command::Expire);
    assert!(world.last_effects.is_empty());
    assert_eq!(world.record.last_step_at, Timestamp::EPOCH);
}
