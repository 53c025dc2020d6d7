//! Check: is this the code?

use countersign_core::event::EventKind;
use countersign_core::step::{Check, CheckResult, Checked, Command, Outcome, Start};
use countersign_core::verification::{MAX_REMEMBERED, State, Status};

use crate::world::{World, command_id, guess, payment};

#[test]
fn i1_n2_p1_o1_a_code_is_accepted_once() {
    let mut world = World::new();
    let id = world.start_login();
    let code = world.code(id);
    assert_eq!(world.guess(id, &code), CheckResult::Approved);
    for _ in 0..3 {
        assert_eq!(world.guess(id, &code), CheckResult::AlreadyUsed);
    }
    let approvals = world.events.iter().filter(|event| event.kind == EventKind::Approved).count();
    assert_eq!(approvals, 1);
}

#[test]
fn o6_the_code_of_one_verification_is_worth_nothing_for_an_earlier_or_a_later_one() {
    let mut world = World::new();
    let first = world.start_payment();
    let first_code = world.code(first);
    world.cancel(first);
    world.wait_s(30);
    let second = world.start_payment();
    let second_code = world.code(second);
    assert_ne!(first_code, second_code);
    assert_eq!(world.guess(second, &first_code), CheckResult::Incorrect);
    assert_eq!(world.guess(first, &second_code), CheckResult::Canceled);
    world.approve(second);
}

#[test]
fn i3_an_approval_takes_the_code_and_the_unsent_messages_away() {
    let mut world = World::new();
    let id = world.start_login();
    world.approve(id);
    assert!(world.last_effects.contains(&world.cancellation(id)));
    assert!(
        matches!(&world.shelf[&id].state, State::Approved { at, redeemed_at: None, .. } if *at == world.clock)
    );
    assert!(!serde_json::to_string(&world.shelf[&id]).unwrap().contains("nonce\":\"AAAA"));
    assert!(!serde_json::to_value(&world.shelf[&id]).unwrap()["state"].to_string().contains("nonce"));
}

#[test]
fn p4_a_payment_has_three_guesses_and_everything_else_five() {
    let mut world = World::new();
    for (id, limit) in [(world.start_payment(), 3), (world.wait_s(30).start_login(), 5)] {
        for left in (0..limit).rev() {
            let checked = world.miss(id).unwrap();
            assert_eq!(checked, Checked { result: CheckResult::Incorrect, attempts_remaining: left });
        }
        assert_eq!(world.status(id), Status::Exhausted);
    }
}

#[test]
fn i2_after_the_last_attempt_even_the_right_code_is_exhausted() {
    let mut world = World::new();
    let id = world.start_payment();
    let code = world.code(id);
    for _ in 0..3 {
        world.miss(id).unwrap();
    }
    assert_eq!(world.last_events()[1], EventKind::Exhausted);
    assert!(world.last_effects.contains(&world.cancellation(id)));
    assert_eq!(
        world.try_check(guess(id, &code)),
        Ok(Checked { result: CheckResult::Exhausted, attempts_remaining: 0 })
    );
    assert_eq!(world.shelf[&id].attempts_used, 3, "a guess that was not evaluated is not counted");
}

#[test]
fn i2_the_right_code_is_accepted_with_the_last_attempt() {
    let mut world = World::new();
    let id = world.start_payment();
    world.miss(id).unwrap();
    world.miss(id).unwrap();
    world.approve(id);
}

#[test]
fn p7_i6_another_transaction_at_check_voids_the_verification_even_with_the_right_code() {
    let mut world = World::new();
    let id = world.start_payment();
    let code = world.code(id);
    let check = Check { transaction: Some(payment("49.91")), ..guess(id, &code) };
    let checked = world.try_check(check).unwrap();
    assert_eq!(checked.result, CheckResult::TransactionMismatch);
    assert_eq!(checked.attempts_remaining, 3, "no guess was evaluated");
    assert_eq!(world.status(id), Status::Denied);
    assert_eq!(world.guess(id, &code), CheckResult::Denied);
    assert!(world.last_effects.is_empty());
}

#[test]
fn p7_the_same_transaction_at_check_is_accepted() {
    let mut world = World::new();
    let id = world.start_payment();
    let check = Check { transaction: Some(payment("49.90")), ..guess(id, &world.code(id)) };
    assert_eq!(world.try_check(check).unwrap().result, CheckResult::Approved);
}

#[test]
fn a_transaction_at_check_of_a_verification_that_has_none_is_another_one() {
    let mut world = World::new();
    let id = world.start_login();
    let check = Check { transaction: Some(payment("49.90")), ..guess(id, &world.code(id)) };
    assert_eq!(world.try_check(check).unwrap().result, CheckResult::TransactionMismatch);
}

#[test]
fn i15_a_check_whose_answer_was_lost_gets_its_own_first_outcome() {
    let mut world = World::new();
    let id = world.start_login();
    let (wrong, right) = (world.wrong_code(id), world.code(id));
    let first = Check { command: command_id(1), ..guess(id, &wrong) };
    let second = Check { command: command_id(2), ..guess(id, &right) };
    let answers = [world.try_check(first.clone()), world.try_check(second.clone())];
    for _ in 0..5 {
        assert_eq!([world.try_check(first.clone()), world.try_check(second.clone())], answers);
    }
    assert_eq!(answers[1].unwrap().result, CheckResult::Approved);
    assert_eq!(world.shelf[&id].attempts_used, 2);
    assert_eq!(world.guess(id, &right), CheckResult::AlreadyUsed, "another request is another command");
}

#[test]
fn i15_a_voided_check_is_remembered_too() {
    let mut world = World::new();
    let id = world.start_payment();
    let check =
        Check { transaction: Some(payment("1.00")), command: command_id(1), ..guess(id, &world.code(id)) };
    let first = world.try_check(check.clone());
    assert_eq!(world.try_check(check), first);
}

#[test]
fn what_is_remembered_has_a_bound_and_holds_a_whole_verification() {
    let mut world = World::new();
    world.policy.max_attempts = 10;
    let start = Start { command: command_id(100), ..world.login() };
    let id = world.start(start.clone());
    for n in 0..9 {
        let wrong = world.wrong_code(id);
        let check = Check { command: command_id(n), ..guess(id, &wrong) };
        world.try_check(check).unwrap();
    }
    let right = Check { command: command_id(50), ..guess(id, &world.code(id)) };
    let approved = world.try_check(right.clone()).unwrap();
    assert_eq!(world.shelf[&id].remembered.len(), 11);
    assert!(world.shelf[&id].remembered.len() <= MAX_REMEMBERED);
    assert_eq!(world.try_check(right), Ok(approved));
}

#[test]
fn a_verification_that_is_not_there_is_not_found() {
    let mut world = World::new();
    let id = world.new_id();
    assert_eq!(world.apply(&Command::Check(guess(id, "123456"))), Outcome::NotFound);
    assert!(world.last_effects.is_empty());
}

#[test]
fn a_code_typed_in_another_script_is_the_code() {
    let mut world = World::new();
    let id = world.start_login();
    let typed: String =
        world.code(id).chars().map(|c| char::from_u32(0x0660 + c.to_digit(10).unwrap()).unwrap()).collect();
    assert_eq!(world.guess(id, &typed), CheckResult::Approved);
}

#[test]
fn an_alphanumeric_code_is_accepted_in_small_letters() {
    use countersign_core::code::{Alphabet, CodeFormat, ShortCodes};
    let mut world = World::new();
    let format = CodeFormat::new(8, Alphabet::Alphanumeric, ShortCodes::Refuse).unwrap();
    let start = Start { format, ..world.login() };
    let id = world.start(start);
    let code = world.code(id);
    assert_eq!(code.len(), 8);
    assert_eq!(world.guess(id, &code.to_lowercase()), CheckResult::Approved);
}

#[test]
fn a_wrong_guess_at_a_code_of_another_length_costs_an_attempt() {
    let mut world = World::new();
    let id = world.start_login();
    let code = world.code(id);
    for typed in [&code[..5], &format!("{code}0"), "x"] {
        assert_eq!(world.guess(id, typed), CheckResult::Incorrect);
    }
    assert_eq!(world.shelf[&id].attempts_used, 3);
}
