//! What wrong guesses in the whole app mean for one verification (fraud.md B.5, O7).

use countersign_core::challenge::ChallengeKind;
use countersign_core::gate::{Gate, GateRule};
use countersign_core::guard::budget::{GuessTerms, OverBudget, Stage};
use countersign_core::step::{CheckResult, Refusal, Start, Started};
use countersign_core::subject::Mode;
use countersign_core::verification::Status;

use crate::world::{PHONE, World, guess, session};

fn at(stage: Stage) -> GuessTerms {
    GuessTerms { stage, ..GuessTerms::CALM }
}

fn spent(world: &World) -> (GuessTerms, Refusal) {
    let over = OverBudget { retry_at: Some(world.clock) };
    (GuessTerms { stage: Stage::Spent, room: Err(over) }, Refusal::GuessBudget(over))
}

#[test]
fn o7_codes_of_unknown_devices_get_longer_and_tries_fewer() {
    for (stage, digits, tries) in [(Stage::Calm, 6, 5), (Stage::Careful, 8, 3)] {
        let mut world = World::new();
        world.guesses = at(stage);
        let id = world.start_login();
        assert_eq!((world.code(id).len(), world.shelf[&id].max_attempts), (digits, tries), "{stage:?}");
        world.approve(id);
    }
}

#[test]
fn o7_a_purpose_that_has_fewer_tries_keeps_them() {
    let mut world = World::new();
    world.policy.payment_max_attempts = 2;
    world.guesses = at(Stage::Careful);
    let id = world.start_payment();
    assert_eq!((world.code(id).len(), world.shelf[&id].max_attempts), (8, 2));
}

#[test]
fn o7_from_half_of_the_budget_on_work_stands_before_the_message() {
    let mut world = World::new();
    world.guesses = at(Stage::Strained);
    let id = world.start_login();
    assert_eq!((world.status(id), world.sent.len()), (Status::ChallengeRequired, 0));
    let open = world.shelf[&id].challenge().unwrap();
    assert!(matches!(open.kind, ChallengeKind::ProofOfWork { .. }));
    assert_eq!(world.shelf[&id].guard.map(|trace| trace.rule), Some(GateRule::GuessBudget));
    assert_eq!(world.shelf[&id].max_attempts, 2);
    // What was asked of it once stays asked.
    world.guesses = GuessTerms::CALM;
    let start = world.login();
    assert_eq!(world.try_start(start), Ok(Started::Found(id)));
    assert_eq!(world.status(id), Status::ChallengeRequired);
}

#[test]
fn o7_a_ghost_meets_what_real_ones_meet() {
    let mut world = World::new();
    world.guesses = at(Stage::Strained);
    let gate = Gate::Ghost { rule: GateRule::Policy, challenge: None };
    let start = Start { gate, ..world.login() };
    let id = world.start(start);
    assert_eq!((world.status(id), world.shelf[&id].is_ghost()), (Status::ChallengeRequired, true));
}

#[test]
fn o7_a_guess_without_room_is_not_looked_at_and_costs_no_attempt() {
    let mut world = World::new();
    let id = world.start_login();
    let (terms, refused) = spent(&world);
    world.guesses = terms;
    let (right, wrong) = (world.code(id), world.wrong_code(id));
    for text in [wrong, right.clone()] {
        assert_eq!(world.try_check(guess(id, &text)), Err(refused), "right and wrong look alike");
    }
    assert_eq!(world.shelf[&id].attempts_used, 0);
    let other = Start { session: session("another"), ..world.login() };
    world.wait_s(31);
    assert_eq!(world.try_start(other), Err(refused));
    world.guesses = GuessTerms::CALM;
    assert_eq!(world.guess(id, &right), CheckResult::Approved);
}

#[test]
fn o7_a_customer_reference_makes_nobody_known() {
    let mut world = World::new();
    world.with_known_customer("c_77");
    let (terms, refused) = spent(&world);
    world.guesses = terms;
    let start = Start { customer: Some("c_77".to_owned()), ..world.login() };
    assert_eq!(world.try_start(start), Err(refused));
}

#[test]
fn o7_messages_of_tests_are_not_held_to_it() {
    let mut world = World::of(PHONE, Mode::Test);
    world.guesses = spent(&world).0;
    let id = world.start_login();
    assert_eq!(world.code(id).len(), 6);
    world.approve(id);
}
