//! Recover: another phone takes the place of a lost one, after a delay (NIST SP 800-63B-4 §3.1.3.3, §4.2, N7).

use std::time::Duration;

use countersign_core::delivery::DeliveryKind;
use countersign_core::event::EventKind;
use countersign_core::gate::Passage;
use countersign_core::id::VerificationId;
use countersign_core::keyring::{Epoch, Place};
use countersign_core::policy::{PhoneLimits, RECOVERY_WINDOW};
use countersign_core::purpose::Purpose;
use countersign_core::step::{
    BindingField, Command, GivesWayTo, NotSentTo, Outcome, PhoneWindow, Recover, Redeem, RedeemOutcome,
    Refusal, Replacement, Resend, Start, Started,
};
use countersign_core::subject::Mode;
use countersign_core::verification::{CancelReason, State, Status};

use crate::world::{OTHER_PHONE, World, command_id, guess, phone};

const HOURS: u64 = 3600;

fn lost(world: &mut World, replacement: &str) -> Recover {
    Recover {
        verification: world.new_id(),
        phone: world.phone.clone(),
        replacement: phone(replacement),
        mode: Mode::Live,
        customer: "c_77".to_owned(),
        locale: world.policy.default_locale.clone(),
        metadata: std::collections::BTreeMap::new(),
    }
}

fn recover(world: &mut World, recover: Recover) -> Result<Started, Refusal> {
    match world.apply(&Command::Recover(Box::new(recover))) {
        Outcome::Started(started) => Ok(started),
        Outcome::Refused(refusal) => Err(refusal),
        other => panic!("a recover came to {other:?}"),
    }
}

fn waiting(world: &mut World) -> VerificationId {
    let request = lost(world, OTHER_PHONE);
    recover(world, request).unwrap().id()
}

/// The redeem that a start for the other phone makes.
fn replace(world: &mut World, id: VerificationId, number: &str, customer: &str) -> RedeemOutcome {
    let new = world.replacement(number, customer);
    let replacement = Some(Replacement { by: GivesWayTo::Recovery, ..new });
    let redeem = Redeem { replacement, ..world.redeem_of(id) };
    world.redeem(redeem)
}

#[test]
fn n7_the_lost_phone_is_told_at_once_and_gives_way_after_the_delay_and_once() {
    let mut world = World::new();
    let id = waiting(&mut world);
    let notice = world.sent[0].clone();
    let ready_at = world.clock.plus(Duration::from_secs(72 * HOURS));
    assert_eq!(notice.kind, DeliveryKind::PhoneChangeNotice);
    assert_eq!(world.last_events(), [EventKind::RecoveryRequested { ready_at, delivery: notice.id }]);
    assert_eq!(world.status(id), Status::Pending);
    world.wait_s(72 * HOURS - 1);
    assert_eq!(replace(&mut world, id, OTHER_PHONE, "c_77"), RedeemOutcome::NotReady { ready_at });
    world.wait_s(1);
    assert_eq!(replace(&mut world, id, OTHER_PHONE, "c_77"), RedeemOutcome::Redeemed);
    assert_eq!(world.status(id), Status::Recovered);
    let told_again = world.sent[1].clone();
    assert_eq!(told_again.kind, DeliveryKind::PhoneChangeNotice);
    let replaced_by = world.shelf[&id].phone_change.as_ref().unwrap().replaced_by;
    let delivery = told_again.id;
    assert_eq!(world.last_events(), [EventKind::PhoneChangeAuthorized { replaced_by, delivery }]);
    assert_eq!(replace(&mut world, id, OTHER_PHONE, "c_77"), RedeemOutcome::AlreadyRedeemed);
}

#[test]
fn n7_the_delay_is_the_policy_s_at_the_time_of_asking() {
    let mut world = World::new();
    world.policy.recovery_delay_h = 24;
    let id = waiting(&mut world);
    world.policy.recovery_delay_h = 720;
    world.wait_s(24 * HOURS);
    assert_eq!(replace(&mut world, id, OTHER_PHONE, "c_77"), RedeemOutcome::Redeemed);
    for (hours, is_allowed) in [(23, false), (24, true), (720, true), (721, false)] {
        world.policy.recovery_delay_h = hours;
        assert_eq!(world.policy.validate(Mode::Live).is_ok(), is_allowed, "{hours}");
    }
}

#[test]
fn n7_a_recovery_lets_no_other_phone_or_customer_in_and_a_mistype_does_not_void_it() {
    let mut world = World::new();
    let id = waiting(&mut world);
    world.wait_s(72 * HOURS);
    let other = RedeemOutcome::OtherRecovery;
    assert_eq!(replace(&mut world, id, "+447700900680", "c_77"), other(BindingField::Replacement));
    assert_eq!(replace(&mut world, id, OTHER_PHONE, "c_78"), other(BindingField::Customer));
    let new = world.replacement(OTHER_PHONE, "c_77");
    let replacement = Some(Replacement { by: GivesWayTo::Recovery, ..new });
    let another = Redeem { replacement, phone: phone("+447700900680"), ..world.redeem_of(id) };
    assert_eq!(world.redeem(another), other(BindingField::Phone));
    let no_change = world.redeem_of(id);
    assert_eq!(world.redeem(no_change), RedeemOutcome::NotApproved, "it proves nothing by itself");
    assert_eq!(replace(&mut world, id, OTHER_PHONE, "c_77"), RedeemOutcome::Redeemed);
}

#[test]
fn n7_a_phone_that_proves_itself_is_not_lost() {
    let mut world = World::new();
    let id = waiting(&mut world);
    world.wait_s(HOURS);
    let login = Start { customer: Some("c_77".to_owned()), ..world.login() };
    let login = world.start(login);
    world.approve(login);
    let reason = CancelReason::PhoneProved;
    assert_eq!(world.shelf[&id].state, State::Canceled { at: world.clock, reason });
    world.wait_s(72 * HOURS);
    assert_eq!(replace(&mut world, id, OTHER_PHONE, "c_77"), RedeemOutcome::NotApproved);
}

#[test]
fn n7_another_customer_of_the_same_phone_proves_nothing_for_this_one() {
    let mut world = World::new();
    let id = waiting(&mut world);
    world.wait_s(HOURS);
    let login = Start { customer: Some("c_78".to_owned()), ..world.login() };
    let login = world.start(login);
    world.approve(login);
    assert_eq!(world.status(id), Status::Pending);
}

#[test]
fn n7_the_holder_can_object_and_the_shop_can_give_it_up() {
    let mut world = World::new();
    let id = waiting(&mut world);
    world.report(id);
    assert_eq!(world.status(id), Status::Denied);
    world.wait_s(72 * HOURS);
    assert_eq!(replace(&mut world, id, OTHER_PHONE, "c_77"), RedeemOutcome::Denied);
    let id = waiting(&mut world);
    world.cancel(id);
    assert_eq!(world.status(id), Status::Canceled);
}

#[test]
fn asked_twice_it_is_one_recovery_and_one_notice_and_for_another_phone_it_begins_anew() {
    let mut world = World::new();
    let id = waiting(&mut world);
    world.wait_s(HOURS);
    let again = lost(&mut world, OTHER_PHONE);
    assert_eq!(recover(&mut world, again), Ok(Started::Found(id)));
    assert_eq!(world.sent.len(), 1);
    world.wait_s(71 * HOURS);
    let elsewhere = lost(&mut world, "+4915112345680");
    let next = recover(&mut world, elsewhere).unwrap().id();
    let reason = CancelReason::Superseded;
    assert_eq!(world.shelf[&id].state, State::Canceled { at: world.clock, reason });
    let ready_at = world.clock.plus(Duration::from_secs(72 * HOURS));
    assert_eq!(replace(&mut world, next, "+4915112345680", "c_77"), RedeemOutcome::NotReady { ready_at });
}

#[test]
fn a_recovery_meets_the_limits_of_any_message_and_ends_when_nobody_uses_it() {
    let mut world = World::new();
    world.start_login();
    let request = lost(&mut world, OTHER_PHONE);
    let refused = recover(&mut world, request);
    assert!(matches!(refused, Err(Refusal::PhoneLimit { window: PhoneWindow::Spacing, .. })), "{refused:?}");
    world.wait_s(30);
    let id = waiting(&mut world);
    world.wait_s(72 * HOURS + RECOVERY_WINDOW.as_secs()).expire();
    assert_eq!(world.status(id), Status::Expired);
    assert_eq!(replace(&mut world, id, OTHER_PHONE, "c_77"), RedeemOutcome::NotApproved);
}

#[test]
fn a_phone_that_the_app_does_not_send_to_takes_nobody_s_place() {
    let mut world = World::new();
    let france = "FR".parse().unwrap();
    let request = lost(&mut world, "+33612345678");
    let refused = Err(Refusal::ReplacementRefused(NotSentTo::Country(Some(france))));
    assert_eq!(recover(&mut world, request), refused);
    assert!(world.sent.is_empty(), "nobody is warned of what cannot come");
    let request = Recover { mode: Mode::Test, ..lost(&mut world, "+33612345678") };
    recover(&mut world, request).unwrap();
}

#[test]
fn recoveries_of_many_customers_do_not_close_the_phone_for_codes() {
    let mut world = World::new();
    world.policy.phone_limits = PhoneLimits { spacing_s: 0, per_ten_minutes: 50, per_hour: 50, per_day: 50 };
    let mut refused = 0;
    for customer in 0..12 {
        let request = Recover { customer: format!("c_{customer}"), ..lost(&mut world, OTHER_PHONE) };
        refused += u32::from(recover(&mut world, request) == Err(Refusal::TooManyLive));
    }
    assert_eq!(refused, 11);
    world.with_known_customer("c_77");
    waiting(&mut world);
    world.start_login();
    world.start_payment();
}

#[test]
fn a_recovery_has_no_code_to_guess_or_to_send_and_no_start_meets_it() {
    let mut world = World::new();
    let id = waiting(&mut world);
    assert_eq!(world.apply(&Command::Check(guess(id, "000000"))), Outcome::NotFound);
    world.wait_s(60);
    let resend =
        Command::Resend(Resend { verification: id, channel: None, passage: Passage::Sent, command: None });
    assert_eq!(world.apply(&resend), Outcome::NotFound);
    let change = Start { purpose: Purpose::AccountChange, ..world.login() };
    let started = world.start(change);
    assert_ne!(started, id);
    assert_eq!(world.status(id), Status::Pending);
}

#[test]
fn a_restore_ends_recoveries_whose_objection_may_have_been_lost() {
    let mut world = World::new();
    let id = waiting(&mut world);
    world.keyring.epoch = Epoch(world.keyring.epoch.0 + 1);
    world.wait_s(72 * HOURS).expire();
    assert_eq!(world.status(id), Status::Expired);
}

#[test]
fn i12_the_store_keeps_neither_number_of_a_recovery_in_clear() {
    let mut world = World::new();
    let id = waiting(&mut world);
    let record = serde_json::to_string(&world.shelf[&id]).unwrap();
    assert!(!record.contains(&OTHER_PHONE[1..]) && !record.contains(&world.phone.expose()[1..]));
    let State::Recovering { ending, .. } = &world.shelf[&id].state else { panic!("it waits") };
    let place = Place { app: world.app, verification: id };
    assert_eq!(world.keyring.open_ending(place, ending).unwrap().expose(), "679");
}

#[test]
fn n7_the_id_of_a_proved_verification_is_no_recovery_and_its_proof_stays_good() {
    let mut world = World::new();
    let change =
        Start { purpose: Purpose::AccountChange, customer: Some("c_77".to_owned()), ..world.login() };
    let id = world.start(change);
    world.approve(id);
    let state = world.shelf[&id].state.clone();
    assert_eq!(replace(&mut world, id, OTHER_PHONE, "c_77"), RedeemOutcome::NotApproved);
    assert_eq!(replace(&mut world, id, OTHER_PHONE, "c_78"), RedeemOutcome::NotApproved);
    assert_eq!(world.shelf[&id].state, state);
    let proof = world.redeem_of(id);
    assert_eq!(world.redeem(proof), RedeemOutcome::Redeemed);
}

#[test]
fn n7_an_objection_beats_the_repeated_request_whose_first_answer_was_lost() {
    let mut world = World::new();
    let id = waiting(&mut world);
    world.wait_s(72 * HOURS);
    let new = world.replacement(OTHER_PHONE, "c_77");
    let replacement = Some(Replacement { by: GivesWayTo::Recovery, ..new });
    let redeem = Redeem { replacement, command: command_id(1), ..world.redeem_of(id) };
    assert_eq!(world.redeem(redeem.clone()), RedeemOutcome::Redeemed);
    assert_eq!(world.redeem(redeem.clone()), RedeemOutcome::Redeemed, "I15");
    world.report(id);
    assert_eq!(world.redeem(redeem), RedeemOutcome::Denied);
}
