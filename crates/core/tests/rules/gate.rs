//! What stands between a start and its first message: challenges, and ghosts.

use std::time::Duration;

use countersign_core::challenge::{ChallengeKind, MAX_WRONG_SOLUTIONS};
use countersign_core::delivery::DeliveryState;
use countersign_core::event::EventKind;
use countersign_core::gate::{Gate, GateRule, GuardAction, Passage};
use countersign_core::id::VerificationId;
use countersign_core::limit::LimitRule;
use countersign_core::policy::{MAX_CHALLENGED, ResendCode};
use countersign_core::step::{
    CheckResult, Command, Outcome, Refusal, Resend, Solution, Solve, Solved, Start, Started,
};
use countersign_core::verification::{CommandId, DenyReason, RememberedOutcome, State, Status};

use crate::world::{World, guess, payment, session};

const WORK: ChallengeKind = ChallengeKind::ProofOfWork { zero_bits: 7 };
const CHALLENGE: Gate = Gate::Challenge { kind: WORK, rule: GateRule::Policy };
const LIMIT: GateRule = GateRule::Limit(LimitRule::InstancePhonePerDay);
const GHOST: Gate = Gate::Ghost { rule: LIMIT, challenge: None };

fn gated(world: &mut World, gate: Gate) -> VerificationId {
    let start = Start { gate, ..world.login() };
    world.start(start)
}

fn solve_as(
    world: &mut World,
    verification: VerificationId,
    solution: Solution,
    passage: Passage,
) -> Outcome {
    world.apply(&Command::Solve(Solve { verification, kind: WORK, solution, passage }))
}

fn solve(world: &mut World, id: VerificationId, solution: Solution) -> Outcome {
    solve_as(world, id, solution, Passage::Sent)
}

#[test]
fn nothing_is_sent_before_the_challenge_is_solved_and_the_code_lives_from_then() {
    let mut world = World::new();
    let id = gated(&mut world, CHALLENGE);
    assert_eq!((world.status(id), world.sent.len()), (Status::ChallengeRequired, 0));
    assert_eq!(world.resend(id), Err(Refusal::ChallengeOpen));
    assert!(world.record.sends.is_empty(), "what was not sent is not counted");
    world.wait_s(300);
    assert_eq!(solve(&mut world, id, Solution::Right), Outcome::Solved(Solved::Sent));
    assert_eq!((world.status(id), world.sent.len()), (Status::Pending, 1));
    let verification = &world.shelf[&id];
    assert_eq!(verification.expires_at, world.clock.plus(Duration::from_secs(600)));
    assert_eq!(world.sent[0].expires_at, verification.expires_at);
    assert_eq!(verification.resend_at(&world.policy), Some(world.clock.plus(Duration::from_secs(30))));
    assert_eq!(solve(&mut world, id, Solution::Wrong), Outcome::Solved(Solved::Already));
    assert_eq!(world.sent.len(), 1);
    world.approve(id);
}

#[test]
fn i2_no_guess_is_looked_at_or_counted_before_the_challenge_is_solved() {
    let mut world = World::new();
    let id = gated(&mut world, CHALLENGE);
    assert_eq!(world.try_check(guess(id, "123456")), Err(Refusal::ChallengeOpen));
    assert_eq!(world.shelf[&id].attempts_used, 0);
    assert_eq!(world.record.stranger_failures.consecutive, 0);
}

#[test]
fn wrong_solutions_end_it() {
    let mut world = World::new();
    let id = gated(&mut world, CHALLENGE);
    for left in (0..MAX_WRONG_SOLUTIONS).rev() {
        let wrong = Outcome::Solved(Solved::Wrong { attempts_remaining: left });
        assert_eq!(solve(&mut world, id, Solution::Wrong), wrong);
    }
    let denied = State::Denied { at: world.clock, reason: DenyReason::ChallengeFailed };
    assert_eq!(world.shelf[&id].state, denied);
    let refused = Outcome::Refused(Refusal::NotPending(Status::Denied));
    assert_eq!(solve(&mut world, id, Solution::Right), refused);
    assert!(world.sent.is_empty());
}

#[test]
fn one_that_nobody_solves_expires_like_a_pending_one() {
    let mut world = World::new();
    let id = gated(&mut world, CHALLENGE);
    world.wait_s(600).expire();
    assert_eq!(world.status(id), Status::Expired);
    assert_eq!(
        solve(&mut world, id, Solution::Right),
        Outcome::Refused(Refusal::NotPending(Status::Expired))
    );
}

#[test]
fn the_same_start_finds_the_same_challenge_and_another_transaction_supersedes_it() {
    let mut world = World::new();
    let first = Start { gate: CHALLENGE, ..world.payment() };
    let id = world.start(first);
    world.wait_s(40);
    // Whatever the guard says by then.
    for gate in [CHALLENGE, Gate::Open, GHOST] {
        let again = Start { gate, ..world.payment() };
        assert_eq!(world.try_start(again), Ok(Started::Found(id)));
    }
    assert!(world.shelf[&id].challenge().is_some() && world.sent.is_empty());
    let other = Start { gate: CHALLENGE, transaction: Some(payment("49.91")), ..world.payment() };
    world.start(other);
    assert_eq!(world.status(id), Status::Canceled);
}

#[test]
fn i15_a_retried_start_remembers_its_challenge_after_it_was_solved() {
    let mut world = World::new();
    let command = Some(CommandId([7; 16]));
    let start = Start { gate: CHALLENGE, command, ..world.login() };
    let id = world.start(start.clone());
    let created_at = world.clock;
    world.wait_s(5);
    solve(&mut world, id, Solution::Right);
    assert_eq!(world.try_start(start), Ok(Started::Created(id)));
    let answer = world.shelf[&id].recall(command).and_then(RememberedOutcome::challenged).unwrap();
    assert_eq!((answer.kind, answer.created_at), (WORK, created_at));
    assert_eq!(answer.expires_at, created_at.plus(Duration::from_secs(600)));
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn a_solution_meets_the_limits_of_a_first_message_and_can_be_given_again() {
    let mut world = World::new();
    let id = gated(&mut world, CHALLENGE);
    let other = Start { session: session("other"), ..world.login() };
    world.start(other);
    assert!(matches!(solve(&mut world, id, Solution::Right), Outcome::Refused(Refusal::PhoneLimit { .. })));
    world.wait_s(30);
    assert_eq!(solve(&mut world, id, Solution::Right), Outcome::Solved(Solved::Sent));
}

#[test]
fn open_challenges_take_no_place_of_codes_and_the_oldest_gives_way() {
    let mut world = World::new();
    let mut all = Vec::new();
    for n in 0..=MAX_CHALLENGED {
        let start = Start { gate: CHALLENGE, session: session(&format!("{n}")), ..world.login() };
        all.push(world.start(start));
        world.wait_ms(1);
    }
    assert_eq!(world.status(all[0]), Status::Canceled);
    assert!(all[1..].iter().all(|id| world.status(*id) == Status::ChallengeRequired));
    world.start_login();
}

/// What a browser can tell of a verification, over its whole life, as far as the core decides it.
fn life(gate: Gate) -> Vec<String> {
    let mut world = World::new();
    let mut seen = Vec::new();
    let id = gated(&mut world, gate);
    let look = |world: &World, seen: &mut Vec<String>, what: String| {
        let v = &world.shelf[&id];
        let answer = v.pending_answer(&world.policy);
        seen.push(format!("{what} {:?} {answer:?} {:?} {}", v.status(), v.expires_at, v.deliveries.len()));
    };
    look(&world, &mut seen, String::new());
    for wait in [10, 30, 45] {
        world.wait_s(wait);
        let resent = world.resend(id);
        look(&world, &mut seen, format!("{resent:?}"));
    }
    let again = world.login();
    let again = world.try_start(Start { gate, ..again });
    look(&world, &mut seen, format!("{:?}", again.map(|started| started.id() == id)));
    for _ in 0..6 {
        let missed = world.miss(id);
        look(&world, &mut seen, format!("{missed:?}"));
    }
    seen.push(format!("{:?}", world.record));
    seen
}

#[test]
fn i16_a_ghost_looks_like_a_real_one_all_its_life() {
    // Ids are drawn alike in both worlds, so that even those compare.
    assert_eq!(life(GHOST), life(Gate::Open));
}

#[test]
fn i16_no_code_is_a_ghosts_and_none_of_its_messages_leaves() {
    let mut world = World::new();
    let id = gated(&mut world, GHOST);
    world.wait_s(30);
    world.resend(id).unwrap();
    assert_eq!(world.sent.len(), 2);
    assert!(world.sent.iter().all(|delivery| delivery.state == DeliveryState::Canceled));
    let code = world.code(id);
    assert_eq!(world.guess(id, &code), CheckResult::Incorrect);
    assert_eq!(world.shelf[&id].guard.unwrap().action, GuardAction::Ghost);
    assert!(
        world.events.iter().any(|e| matches!(e.kind, EventKind::Started { withheld: Some(LIMIT), .. })),
        "the shop's server is told"
    );
}

#[test]
fn a_ghost_that_must_be_solved_first_is_one_afterwards() {
    let mut world = World::new();
    let id = gated(&mut world, GHOST.challenged_by(GateRule::Policy, WORK));
    assert_eq!(solve(&mut world, id, Solution::Right), Outcome::Solved(Solved::Sent));
    let code = world.code(id);
    assert_eq!(world.guess(id, &code), CheckResult::Incorrect);
    assert!(world.sent.iter().all(|delivery| delivery.state == DeliveryState::Canceled));
}

#[test]
fn what_is_withheld_of_a_live_one_leaves_its_code_good() {
    let mut world = World::new();
    world.policy.resend = ResendCode::Rotate;
    let id = world.start_login();
    world.wait_s(30);
    let mut again =
        Command::Resend(Resend { verification: id, channel: None, passage: Passage::Sent, command: None });
    assert!(again.withhold(LimitRule::InstancePhonePerDay));
    assert!(!again.clone().withhold(LimitRule::InstancePhonePerDay), "once is enough");
    assert!(matches!(world.apply(&again), Outcome::Resent { resend_at: Some(_) }));
    assert_eq!(world.sent[1].state, DeliveryState::Canceled);
    assert_eq!(world.shelf[&id].guard, None);
    world.approve(id);
}

#[test]
fn a_solution_for_a_phone_that_has_had_its_fill_makes_a_ghost() {
    let mut world = World::new();
    let id = gated(&mut world, CHALLENGE);
    solve_as(&mut world, id, Solution::Right, Passage::Withheld(LIMIT));
    assert_eq!(world.status(id), Status::Pending);
    assert!(world.shelf[&id].is_ghost() && world.sent[0].state == DeliveryState::Canceled);
}
