//! Replace: a proof of the old phone lets another take its place (NIST SP 800-63B-4 §3.1.3.3, §4.1.2, N7).

use std::time::Duration;

use countersign_core::delivery::{DeliveryKind, DeliveryState};
use countersign_core::event::EventKind;
use countersign_core::id::VerificationId;
use countersign_core::keyring::Place;
use countersign_core::policy::NOTICE_LIFETIME;
use countersign_core::purpose::Purpose;
use countersign_core::step::{
    BindingField, Command, OnFailure, Outcome, Receipt, Redeem, RedeemOutcome, Start, Started,
};
use countersign_core::verification::{DenyReason, ReceiptStatus, State, Status};

use crate::world::{OTHER_PHONE, PHONE, World, command_id, session};

/// A change of account data that `c_77` starts.
fn change(world: &mut World) -> Start {
    Start { purpose: Purpose::AccountChange, customer: Some("c_77".to_owned()), ..world.login() }
}

fn approved(world: &mut World) -> VerificationId {
    let start = change(world);
    let id = world.start(start);
    world.approve(id);
    id
}

/// The redeem that a start for the other phone makes.
fn replace(world: &mut World, id: VerificationId) -> Redeem {
    let replacement = Some(world.replacement(OTHER_PHONE, "c_77"));
    Redeem { replacement, ..world.redeem_of(id) }
}

#[test]
fn n7_the_old_phone_gives_way_once_and_is_notified() {
    let mut world = World::new();
    let id = approved(&mut world);
    world.wait_s(60);
    let redeem = replace(&mut world, id);
    let replaced_by = redeem.replacement.as_ref().unwrap().verification;
    assert_eq!(world.redeem(redeem.clone()), RedeemOutcome::Redeemed);
    let notice = world.sent.last().unwrap().clone();
    assert_eq!((notice.verification, notice.kind), (id, DeliveryKind::PhoneChangeNotice));
    assert_eq!(notice.state, DeliveryState::Due { at: world.clock });
    assert_eq!(notice.expires_at, world.clock.plus(Duration::from_secs(24 * 3600)));
    assert_eq!(NOTICE_LIFETIME, Duration::from_secs(24 * 3600));
    let delivery = notice.id;
    assert_eq!(
        world.last_events(),
        [EventKind::Redeemed, EventKind::PhoneChangeAuthorized { replaced_by, delivery }]
    );
    assert_eq!(world.redeem(redeem), RedeemOutcome::AlreadyRedeemed);
    assert_eq!(world.sent.len(), 2, "one code, one notice");
}

#[test]
fn n7_the_notice_knows_three_digits_of_the_new_number_and_the_store_none_in_clear() {
    let mut world = World::new();
    let id = approved(&mut world);
    let redeem = replace(&mut world, id);
    world.redeem(redeem);
    let change = world.shelf[&id].phone_change.clone().unwrap();
    let place = Place { app: world.app, verification: id };
    assert_eq!(world.keyring.open_ending(place, &change.ending).unwrap().expose(), "679");
    let elsewhere = Place { app: world.app, verification: change.replaced_by };
    assert!(world.keyring.open_ending(elsewhere, &change.ending).is_err());
    assert!(world.keyring.open_phone(place, &change.ending.0).is_err(), "an ending is no number");
    assert!(
        world
            .keyring
            .open_ending(place, &countersign_core::sealed::SealedEnding(world.shelf[&id].phone.clone()))
            .is_err()
    );
    let record = serde_json::to_string(&world.shelf[&id]).unwrap();
    assert!(!record.contains(&OTHER_PHONE[1..]) && !record.contains("\"679\""));
}

#[test]
fn n7_nothing_but_its_time_stops_the_notice() {
    let mut world = World::new();
    let id = approved(&mut world);
    let redeem = replace(&mut world, id);
    world.redeem(redeem);
    let notice = world.sent.last().unwrap().id;
    world.cancel(id);
    world.report(id);
    assert_eq!(world.status(id), Status::Denied);
    assert!(world.shelf[&id].wants(DeliveryKind::PhoneChangeNotice));
    assert_ne!(world.cancellation(id), countersign_core::step::Effect::CancelDeliveries(vec![notice]));
    let canceled = world.last_effects.iter().any(|effect| {
        matches!(effect, countersign_core::step::Effect::CancelDeliveries(ids) if ids.contains(&notice))
    });
    assert!(!canceled);
}

#[test]
fn n7_the_notice_is_outside_the_limits_of_the_phone() {
    let mut world = World::new();
    let id = approved(&mut world);
    let sends = world.record.sends.clone();
    let redeem = replace(&mut world, id);
    assert_eq!(world.redeem(redeem), RedeemOutcome::Redeemed);
    assert_eq!(world.record.sends, sends, "it takes no send from the customer");
    assert_eq!(world.shelf[&id].sends, 1);
}

#[test]
fn the_notice_gets_its_receipts() {
    let mut world = World::new();
    let id = approved(&mut world);
    let redeem = replace(&mut world, id);
    world.redeem(redeem);
    let delivery = world.sent.last().unwrap().id;
    let receipt = Receipt {
        verification: id,
        delivery,
        provider: "carrier".to_owned(),
        status: ReceiptStatus::Delivered,
        on_failure: OnFailure::SendAgain,
    };
    assert_eq!(world.apply(&Command::Receipt(receipt)), Outcome::Settled);
    let (provider, status) = (Some("carrier".to_owned()), ReceiptStatus::Delivered);
    assert_eq!(world.last_events(), [EventKind::Receipt { delivery, provider, status }]);
    assert_eq!(
        world.shelf[&id].phone_change.as_ref().unwrap().notice.receipt,
        Some(ReceiptStatus::Delivered)
    );
}

/// What differs in the old start and in the redeem, and the field that is told.
type Case = (BindingField, fn(&mut Start), fn(&mut Redeem));

#[test]
fn n7_a_proof_of_anything_else_lets_no_phone_go_and_is_void() {
    let cases: [Case; 6] = [
        (BindingField::Purpose, |start| start.purpose = Purpose::Login, |_| {}),
        (BindingField::Purpose, |_| {}, |redeem| redeem.purpose = Purpose::Login),
        (BindingField::Customer, |start| start.customer = Some("c_78".to_owned()), |_| {}),
        (BindingField::Customer, |start| start.customer = None, |_| {}),
        (BindingField::Session, |_| {}, |redeem| redeem.session = session("another")),
        (
            BindingField::Transaction,
            |_| {},
            |redeem| {
                redeem.transaction = Some(crate::world::payment("49.90"));
            },
        ),
    ];
    for (field, start_differs, redeem_differs) in cases {
        let mut world = World::new();
        let mut start = change(&mut world);
        start_differs(&mut start);
        let id = world.start(start);
        world.approve(id);
        let mut redeem = replace(&mut world, id);
        redeem_differs(&mut redeem);
        assert_eq!(world.redeem(redeem.clone()), RedeemOutcome::Mismatch(field));
        assert_eq!(world.sent.len(), 1, "{field:?}: a notice of nothing");
        let reason = match field {
            BindingField::Transaction => DenyReason::TransactionMismatch,
            _ => DenyReason::BindingMismatch,
        };
        assert_eq!(world.shelf[&id].state, State::Denied { at: world.clock, reason });
        let right = replace(&mut world, id);
        assert_eq!(world.redeem(right), RedeemOutcome::Denied);
    }
}

#[test]
fn n7_a_login_does_not_let_go_of_a_phone_even_if_the_shop_says_so() {
    let mut world = World::new();
    let start = Start { purpose: Purpose::Login, ..change(&mut world) };
    let id = world.start(start);
    world.approve(id);
    let redeem = replace(&mut world, id);
    assert_eq!(redeem.purpose, Purpose::Login, "as the shop would repeat it");
    assert_eq!(world.redeem(redeem), RedeemOutcome::Mismatch(BindingField::Purpose));
}

#[test]
fn n7_a_phone_does_not_replace_itself_and_its_proof_stays_good() {
    let mut world = World::new();
    let id = approved(&mut world);
    let replacement = Some(world.replacement(PHONE, "c_77"));
    let same = Redeem { replacement, ..world.redeem_of(id) };
    assert_eq!(world.redeem(same), RedeemOutcome::SamePhone);
    assert_eq!((world.last_effects.len(), world.status(id)), (0, Status::Approved));
    let another = replace(&mut world, id);
    assert_eq!(world.redeem(another), RedeemOutcome::Redeemed);
}

#[test]
fn i1_i7_n7_a_proof_that_is_used_or_old_lets_no_phone_go() {
    let mut world = World::new();
    let id = approved(&mut world);
    let plain = world.redeem_of(id);
    assert_eq!(world.redeem(plain), RedeemOutcome::Redeemed);
    let redeem = replace(&mut world, id);
    assert_eq!(world.redeem(redeem), RedeemOutcome::AlreadyRedeemed);
    let mut world = World::new();
    let id = approved(&mut world);
    world.wait_s(300);
    let redeem = replace(&mut world, id);
    assert_eq!(world.redeem(redeem), RedeemOutcome::Expired);
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn i15_n7_a_repeated_start_finds_the_proof_redeemed_by_itself() {
    let mut world = World::new();
    let id = approved(&mut world);
    let redeem = Redeem { command: command_id(1), ..replace(&mut world, id) };
    for _ in 0..3 {
        assert_eq!(world.redeem(redeem.clone()), RedeemOutcome::Redeemed);
        world.wait_s(200);
    }
    assert_eq!(world.sent.len(), 2, "one notice");
    let another = Redeem { command: command_id(2), ..redeem };
    assert_eq!(world.redeem(another), RedeemOutcome::AlreadyRedeemed);
}

#[test]
fn n7_a_verification_that_replaces_nothing_does_not_become_one_that_does() {
    let mut world = World::new();
    let plain = change(&mut world);
    let pending = world.start(plain.clone());
    world.miss(pending).unwrap();
    world.wait_s(60);
    let old = world.new_id();
    let start = Start { verification: world.new_id(), replaces: Some(old), ..plain.clone() };
    let replacing = world.start(start.clone());
    assert_eq!(world.status(pending), Status::Canceled);
    assert_eq!((world.shelf[&replacing].replaces, world.shelf[&replacing].attempts_used), (Some(old), 1));
    world.wait_s(60);
    let again = Start { verification: world.new_id(), ..start };
    assert_eq!(world.try_start(again), Ok(Started::Found(replacing)));
    world.wait_s(600);
}
