//! Redeem: use a proof, once.

use std::collections::BTreeMap;

use countersign_core::event::EventKind;
use countersign_core::money::Money;
use countersign_core::purpose::Purpose;
use countersign_core::step::{BindingField, Check, CheckResult, Command, Outcome, Redeem, RedeemOutcome};
use countersign_core::transaction::Transaction;
use countersign_core::verification::{DenyReason, State, Status};
use proptest::prelude::*;

use crate::world::{OTHER_PHONE, World, command_id, guess, phone, session};

#[test]
fn i1_a_proof_is_redeemed_once() {
    let mut world = World::new();
    let id = world.start_payment();
    world.approve(id);
    let redeem = world.redeem_of(id);
    assert_eq!(world.redeem(redeem.clone()), RedeemOutcome::Redeemed);
    assert_eq!(world.last_events(), [EventKind::Redeemed]);
    for _ in 0..3 {
        assert_eq!(world.redeem(redeem.clone()), RedeemOutcome::AlreadyRedeemed);
    }
    assert!(
        matches!(world.shelf[&id].state, State::Approved { redeemed_at: Some(at), .. } if at == world.clock)
    );
}

#[test]
fn i7_a_proof_is_worth_nothing_from_the_end_of_its_fifth_minute() {
    for (after_ms, outcome) in [
        (299_999, RedeemOutcome::Redeemed),
        (300_000, RedeemOutcome::Expired),
        (300_001, RedeemOutcome::Expired),
    ] {
        let mut world = World::new();
        let id = world.start_payment();
        world.approve(id);
        world.wait_ms(after_ms);
        let redeem = world.redeem_of(id);
        assert_eq!(world.redeem(redeem), outcome, "after {after_ms} ms");
    }
}

#[test]
fn what_was_never_approved_is_not_redeemed_and_keeps_its_state() {
    let mut world = World::new();
    let pending = world.start_payment();
    let redeem = world.redeem_of(pending);
    assert_eq!(world.redeem(redeem), RedeemOutcome::NotApproved);
    assert_eq!(world.status(pending), Status::Pending);
    world.cancel(pending);
    let redeem = world.redeem_of(pending);
    assert_eq!(world.redeem(redeem), RedeemOutcome::NotApproved);
}

#[test]
fn i15_a_redeem_whose_answer_was_lost_gets_its_own_first_outcome() {
    let mut world = World::new();
    let id = world.start_payment();
    world.approve(id);
    let redeem = Redeem { command: command_id(1), ..world.redeem_of(id) };
    for _ in 0..3 {
        assert_eq!(world.redeem(redeem.clone()), RedeemOutcome::Redeemed);
        world.wait_s(200);
    }
    let another = Redeem { command: command_id(2), ..redeem };
    assert_eq!(world.redeem(another), RedeemOutcome::AlreadyRedeemed);
}

#[test]
fn i15_a_mismatch_is_remembered_too() {
    let mut world = World::new();
    let id = world.start_payment();
    world.approve(id);
    let wrong = Redeem { command: command_id(1), session: None, ..world.redeem_of(id) };
    for _ in 0..2 {
        assert_eq!(world.redeem(wrong.clone()), RedeemOutcome::Mismatch(BindingField::Session));
    }
}

#[test]
fn p7_one_cent_more_voids_the_verification() {
    let mut world = World::new();
    let id = world.start_payment();
    world.approve(id);
    let right = world.redeem_of(id);
    let wrong = Redeem { transaction: Some(crate::world::payment("49.91")), ..right.clone() };
    assert_eq!(world.redeem(wrong), RedeemOutcome::Mismatch(BindingField::Transaction));
    assert!(matches!(world.shelf[&id].state, State::Denied { reason: DenyReason::TransactionMismatch, .. }));
    assert_eq!(world.redeem(right), RedeemOutcome::Denied, "it is void now");
}

#[test]
fn redeeming_what_is_not_there_says_so() {
    let mut world = World::new();
    let id = world.start_payment();
    let redeem = Redeem { verification: world.new_id(), ..world.redeem_of(id) };
    assert_eq!(world.apply(&Command::Redeem(Box::new(redeem))), Outcome::NotFound);
}

/// One change to what a shop repeats at redeem.
#[derive(Clone, Debug)]
enum Mutation {
    Phone(String),
    Purpose(Purpose),
    Session(Option<String>),
    Transaction(Change),
}

/// One change to a transaction.
#[derive(Clone, Debug)]
enum Change {
    Id(Option<String>),
    MinorUnits(u64),
    Currency(&'static str),
    Payee(Option<String>),
    Field(String, String),
    NoFields,
    NoMoney,
    Nothing,
}

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![
        proptest::option::of("[a-z0-9_]{0,12}").prop_map(Change::Id),
        any::<u64>().prop_map(Change::MinorUnits),
        (4985_u64..4995).prop_map(Change::MinorUnits),
        proptest::sample::select(vec!["USD", "CHF", "GBP", "JPY", "KWD"]).prop_map(Change::Currency),
        proptest::option::of("\\PC{0,12}").prop_map(Change::Payee),
        ("[a-z]{0,6}", "\\PC{0,6}").prop_map(|(name, value)| Change::Field(name, value)),
        Just(Change::NoFields),
        Just(Change::NoMoney),
        Just(Change::Nothing),
    ]
}

fn mutations() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        1 => "\\+49151[0-9]{8}".prop_map(Mutation::Phone),
        1 => "(login|signup|account_change|order|[a-z][a-z0-9_]{0,31})".prop_map(|word| Mutation::Purpose(word.parse().unwrap())),
        1 => proptest::option::of("\\PC{0,8}").prop_map(Mutation::Session),
        4 => changes().prop_map(Mutation::Transaction),
    ]
}

fn money(minor_units: u64, currency: &str) -> Money {
    let currency: countersign_core::money::Currency = currency.parse().unwrap();
    let decimals = usize::from(currency.decimals());
    let digits = format!("{minor_units:0width$}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let amount = if decimals == 0 { whole.to_owned() } else { format!("{whole}.{fraction}") };
    Money::parse(&amount, currency).unwrap()
}

fn changed(change: Change, mut transaction: Transaction) -> Option<Transaction> {
    match change {
        Change::Id(id) => transaction.id = id,
        Change::MinorUnits(minor_units) => transaction.money = Some(money(minor_units, "EUR")),
        Change::Currency(currency) => transaction.money = Some(money(4990, currency)),
        Change::Payee(payee) => transaction.payee = payee,
        Change::Field(name, value) => {
            transaction.fields.insert(name, value);
        }
        Change::NoFields => transaction.fields = BTreeMap::new(),
        Change::NoMoney => transaction.money = None,
        Change::Nothing => return None,
    }
    Some(transaction)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// It voids, it redeems nothing, and it leaves nothing that redeems.
    #[test]
    fn i6_any_change_of_what_it_was_for_redeems_nothing_and_voids(mutation in mutations()) {
        let mut world = World::new();
        let id = world.start_payment();
        world.approve(id);
        let right = world.redeem_of(id);
        let mut wrong = right.clone();
        let field = match mutation {
            Mutation::Phone(number) => {
                wrong.phone = phone(&number);
                BindingField::Phone
            }
            Mutation::Purpose(purpose) => {
                wrong.purpose = purpose;
                BindingField::Purpose
            }
            Mutation::Session(text) => {
                wrong.session = text.and_then(|text| session(&text));
                BindingField::Session
            }
            Mutation::Transaction(change) => {
                wrong.transaction = changed(change, right.transaction.clone().unwrap());
                BindingField::Transaction
            }
        };
        prop_assume!(wrong.phone != right.phone || wrong.purpose != right.purpose
            || wrong.session != right.session || wrong.transaction != right.transaction);
        prop_assert_eq!(world.redeem(wrong), RedeemOutcome::Mismatch(field));
        prop_assert_eq!(world.status(id), Status::Denied);
        prop_assert_eq!(world.redeem(right), RedeemOutcome::Denied);
        prop_assert!(!world.events.iter().any(|event| event.kind == EventKind::Redeemed));
    }

    /// The same at check: no approval, so no proof.
    #[test]
    fn i6_any_change_of_the_transaction_at_check_approves_nothing_and_voids(change in changes()) {
        let mut world = World::new();
        let id = world.start_payment();
        let code = world.code(id);
        let right = world.shelf[&id].transaction.clone().unwrap();
        let wrong = changed(change, right.clone());
        // At check the shop may leave the transaction out; then there is nothing to compare.
        prop_assume!(wrong.as_ref().is_some_and(|wrong| *wrong != right));
        let check = Check { transaction: wrong, ..guess(id, &code) };
        prop_assert_eq!(world.try_check(check).unwrap().result, CheckResult::TransactionMismatch);
        prop_assert_eq!(world.guess(id, &code), CheckResult::Denied);
        let redeem = world.redeem_of(id);
        prop_assert_eq!(world.redeem(redeem), RedeemOutcome::Denied);
    }
}

#[test]
fn i6_another_apps_keys_and_numbers_do_not_redeem() {
    let mut world = World::new();
    let id = world.start_payment();
    world.approve(id);
    let redeem = world.redeem_of(id);
    world.app = crate::world::app(0xB2);
    // The same verification, put under another app: neither its phone nor its digest fits.
    assert_eq!(world.redeem(redeem), RedeemOutcome::Mismatch(BindingField::Transaction));

    let mut world = World::new();
    let id = world.start_payment();
    world.approve(id);
    let redeem = Redeem { phone: phone(OTHER_PHONE), ..world.redeem_of(id) };
    assert_eq!(world.redeem(redeem), RedeemOutcome::Mismatch(BindingField::Phone));
}
