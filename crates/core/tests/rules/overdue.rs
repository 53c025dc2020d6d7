//! Overdue: a message's receipt has not come in the usual time.

use countersign_core::event::EventKind;
use countersign_core::id::{DeliveryId, VerificationId};
use countersign_core::policy::{MAX_FAILOVERS, OnOverdueReceipt, ResendCode};
use countersign_core::step::{Command, Effect, OnFailure, Outcome, Overdue, Receipt};
use countersign_core::verification::ReceiptStatus;

use crate::world::World;

fn impatient() -> World {
    let mut world = World::new();
    world.policy.on_overdue_receipt = OnOverdueReceipt::SendAgain;
    world
}

/// What a carrier's silence about a message has sent.
fn silence(world: &mut World, verification: VerificationId, delivery: DeliveryId) -> Vec<DeliveryId> {
    let overdue = Command::Overdue(Overdue { verification, delivery });
    assert_eq!(world.apply(&overdue), Outcome::Settled);
    let sent = world.last_effects.iter().filter_map(|effect| match effect {
        Effect::Send(delivery) => Some(delivery.id),
        _ => None,
    });
    sent.collect()
}

fn receive(world: &mut World, verification: VerificationId, delivery: DeliveryId, status: ReceiptStatus) {
    let (provider, on_failure) = ("carrier".to_owned(), OnFailure::RecordOnly);
    world.apply(&Command::Receipt(Receipt { verification, delivery, provider, status, on_failure }));
}

#[test]
fn i5_an_overdue_message_is_sent_again_with_the_same_code_and_costs_the_customer_nothing() {
    let mut world = impatient();
    world.policy.resend = ResendCode::Rotate;
    let id = world.start_login();
    let (first, code, before) = (world.sent[0].clone(), world.code(id), world.shelf[&id].clone());
    receive(&mut world, id, first.id, ReceiptStatus::Buffered);
    let [again] = silence(&mut world, id, first.id).try_into().unwrap();
    assert_eq!((world.sent[1].kind, world.code(id)), (first.kind, code));
    let after = world.shelf[&id].clone();
    assert_eq!((after.sends, after.last_sent_at), (before.sends, before.last_sent_at));
    assert_eq!(world.last_events(), [EventKind::FailedOver { delivery: again, after: first.id }]);
    world.approve(id);
}

#[test]
fn an_app_that_does_not_ask_for_it_waits() {
    let mut world = World::new();
    let id = world.start_login();
    let only = world.sent[0].id;
    assert_eq!(silence(&mut world, id, only), []);
}

#[test]
fn silence_about_an_earlier_message_sends_nothing() {
    let mut world = impatient();
    let id = world.start_login();
    world.wait_s(30);
    world.resend(id).unwrap();
    let (first, second) = (world.sent[0].id, world.sent[1].id);
    assert_eq!(silence(&mut world, id, first), []);
    assert_eq!(silence(&mut world, id, second).len(), 1);
    assert_eq!(silence(&mut world, id, second), [], "told twice");
}

#[test]
fn silence_is_nothing_once_any_message_arrived() {
    let mut world = impatient();
    let id = world.start_login();
    world.wait_s(30);
    world.resend(id).unwrap();
    let (first, second) = (world.sent[0].id, world.sent[1].id);
    receive(&mut world, id, first, ReceiptStatus::Delivered);
    assert_eq!(silence(&mut world, id, second), []);
}

#[test]
fn silence_sends_no_more_than_failed_receipts_do_and_nothing_after_the_end() {
    let mut world = impatient();
    let id = world.start_login();
    for failover in 0..MAX_FAILOVERS {
        let last = world.sent.last().unwrap().id;
        assert_eq!(silence(&mut world, id, last).len(), 1, "failover {failover}");
    }
    let last = world.sent.last().unwrap().id;
    assert_eq!(silence(&mut world, id, last), []);

    for end in [|world: &mut World, id| world.approve(id), |world: &mut World, _| world.wait_s(541).expire()]
    {
        let mut world = impatient();
        let id = world.start_login();
        end(&mut world, id);
        let only = world.sent[0].id;
        assert_eq!(silence(&mut world, id, only), []);
    }
}
