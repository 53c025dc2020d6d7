//! Cancel: the shop gives a verification up.

use countersign_core::event::EventKind;
use countersign_core::step::{CheckResult, Command, Outcome, Start};
use countersign_core::verification::{CancelReason, State, Status};

use crate::world::{World, session};

#[test]
fn i3_a_canceled_verification_takes_no_code_and_sends_nothing() {
    let mut world = World::new();
    let id = world.start_login();
    let code = world.code(id);
    world.cancel(id);
    assert!(matches!(world.shelf[&id].state, State::Canceled { reason: CancelReason::Requested, .. }));
    assert_eq!(world.last_effects[0], world.cancellation(id));
    assert_eq!(world.last_events(), [EventKind::Canceled { reason: CancelReason::Requested }]);
    assert_eq!(world.guess(id, &code), CheckResult::Canceled);
}

#[test]
fn canceling_twice_or_too_late_changes_nothing() {
    let mut world = World::new();
    let id = world.start_login();
    world.cancel(id);
    let kept = world.shelf[&id].clone();
    world.wait_s(5).cancel(id);
    assert_eq!(world.shelf[&id], kept);
    assert!(world.last_effects.is_empty());

    world.wait_s(30);
    let approved = world.start_login();
    world.approve(approved);
    world.cancel(approved);
    assert_eq!(world.status(approved), Status::Approved);
}

#[test]
fn canceling_one_leaves_the_others() {
    let mut world = World::new();
    let mine = world.start_login();
    world.wait_s(30);
    let start = Start { session: session("stranger"), ..world.login() };
    let theirs = world.start(start);
    world.cancel(theirs);
    assert_eq!(world.record.live, [mine]);
    world.approve(mine);
}

#[test]
fn n4_canceling_does_not_lower_the_phones_count() {
    let mut world = World::new();
    let id = world.start_login();
    world.miss(id).unwrap();
    world.cancel(id);
    assert_eq!(world.record.stranger_failures.consecutive, 1);
}

#[test]
fn canceling_what_is_not_there_says_so() {
    let mut world = World::new();
    let id = world.new_id();
    assert_eq!(world.apply(&Command::Cancel(id)), Outcome::NotFound);
}
