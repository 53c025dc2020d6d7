//! Report: the customer says "this was not me".

use countersign_core::event::EventKind;
use countersign_core::step::{CheckResult, Command, Outcome, RedeemOutcome};
use countersign_core::verification::{DenyReason, State, Status};

use crate::world::{World, command_id};

const DENIED: EventKind = EventKind::Denied { reason: DenyReason::Reported };

#[test]
fn a_report_voids_a_pending_verification() {
    let mut world = World::new();
    let id = world.start_login();
    let code = world.code(id);
    world.report(id);
    assert!(matches!(world.shelf[&id].state, State::Denied { reason: DenyReason::Reported, .. }));
    assert_eq!(world.last_events(), [EventKind::Reported, DENIED]);
    assert_eq!(world.guess(id, &code), CheckResult::Denied);
}

#[test]
fn a_report_voids_an_approved_verification_and_its_proof() {
    let mut world = World::new();
    let id = world.start_payment();
    world.approve(id);
    let redeem = world.redeem_of(id);
    world.report(id);
    assert_eq!(world.last_events(), [EventKind::Reported, DENIED]);
    assert_eq!(world.redeem(redeem), RedeemOutcome::Denied);
    assert_eq!(world.status(id), Status::Denied);
}

#[test]
fn i1_a_report_after_the_proof_was_used_does_not_make_it_usable_again() {
    let mut world = World::new();
    let id = world.start_payment();
    world.approve(id);
    let redeem = countersign_core::step::Redeem { command: command_id(1), ..world.redeem_of(id) };
    assert_eq!(world.redeem(redeem.clone()), RedeemOutcome::Redeemed);
    world.report(id);
    assert_eq!(world.status(id), Status::Denied);
    let another = countersign_core::step::Redeem { command: command_id(2), ..redeem.clone() };
    assert_eq!(world.redeem(another), RedeemOutcome::Denied);
    assert_eq!(world.redeem(redeem), RedeemOutcome::Redeemed, "I15: the first redeem's own answer");
}

#[test]
fn a_report_of_one_that_ended_otherwise_is_a_fact_and_no_more() {
    let mut world = World::new();
    let id = world.start_login();
    world.wait_s(600).expire();
    world.report(id);
    assert_eq!(world.status(id), Status::Expired);
    assert_eq!(world.last_events(), [EventKind::Reported]);
}

#[test]
fn a_second_report_of_one_that_ended_otherwise_writes_nothing() {
    let mut world = World::new();
    let id = world.start_login();
    world.wait_s(600).expire();
    world.report(id);
    let kept = world.shelf[&id].clone();
    world.wait_s(1).report(id);
    assert_eq!((world.last_events(), &world.shelf[&id]), (Vec::new(), &kept));
}

#[test]
fn a_second_report_of_a_denied_one_changes_nothing() {
    let mut world = World::new();
    let id = world.start_login();
    world.report(id);
    world.wait_s(1).report(id);
    assert!(world.last_effects.is_empty());
}

#[test]
fn n6_a_report_clears_no_count() {
    let mut world = World::new();
    let id = world.start_login();
    world.miss(id).unwrap();
    world.report(id);
    assert_eq!(world.record.stranger_failures.consecutive, 1);
}

#[test]
fn reporting_what_is_not_there_says_so() {
    let mut world = World::new();
    let id = world.new_id();
    assert_eq!(world.apply(&Command::Report(id)), Outcome::NotFound);
}
