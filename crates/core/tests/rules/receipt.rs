//! Receipt: a carrier's word about a message.

use countersign_core::delivery::{Delivery, DeliveryState};
use countersign_core::event::EventKind;
use countersign_core::id::{DeliveryId, VerificationId};
use countersign_core::policy::{MAX_FAILOVERS, ResendCode};
use countersign_core::step::{Command, Effect, OnFailure, Outcome, Receipt};
use countersign_core::verification::{ReceiptStatus, Status};

use crate::world::World;

const CARRIER: &str = "carrier";

fn receive(
    world: &mut World,
    verification: VerificationId,
    delivery: DeliveryId,
    status: ReceiptStatus,
) -> Outcome {
    let (provider, on_failure) = (CARRIER.to_owned(), OnFailure::RecordOnly);
    world.apply(&Command::Receipt(Receipt { verification, delivery, provider, status, on_failure }))
}

fn word(world: &World, id: VerificationId) -> Option<ReceiptStatus> {
    world.shelf[&id].deliveries[0].receipt
}

#[test]
fn a_receipt_only_moves_forward_in_whatever_order_the_words_come() {
    use ReceiptStatus::{Buffered, Delivered, Failed};
    let words = [Buffered, Failed, Delivered];
    for first in words {
        for second in words {
            for third in words {
                let mut world = World::new();
                let id = world.start_login();
                let delivery = world.sent[0].id;
                let mut best = None;
                for status in [first, second, third] {
                    assert_eq!(receive(&mut world, id, delivery, status), Outcome::Settled);
                    let is_news = best < Some(status);
                    best = best.max(Some(status));
                    assert_eq!(word(&world, id), best);
                    let expected = is_news.then(|| EventKind::Receipt {
                        delivery,
                        provider: Some(CARRIER.to_owned()),
                        status,
                    });
                    assert_eq!(world.last_events(), Vec::from_iter(expected));
                }
            }
        }
    }
}

#[test]
fn a_receipt_that_comes_twice_is_one_fact() {
    let mut world = World::new();
    let id = world.start_login();
    let delivery = world.sent[0].id;
    receive(&mut world, id, delivery, ReceiptStatus::Delivered);
    let kept = world.record.clone();
    world.wait_s(1);
    receive(&mut world, id, delivery, ReceiptStatus::Delivered);
    assert_eq!(world.record, kept, "nothing to commit");
}

#[test]
fn i5_a_receipt_decides_about_a_message_that_is_due_again() {
    use ReceiptStatus::{Buffered, Delivered, Failed};
    let accepted = Some(DeliveryState::Accepted);
    for (status, unknowns, expected) in [
        (None, 1, None),
        (Some(Delivered), 0, accepted),
        (Some(Delivered), 1, accepted),
        (Some(Buffered), 1, accepted),
        // It was turned away, whatever was said before.
        (Some(Buffered), 0, None),
        // Nothing took its place.
        (Some(Failed), 0, None),
        (Some(Failed), 1, None),
    ] {
        let mut world = World::new();
        let id = world.start_login();
        let delivery = Delivery { unknowns, ..world.sent[0].clone() };
        if let Some(status) = status {
            receive(&mut world, id, delivery.id, status);
        }
        assert_eq!(world.shelf[&id].decided_by_receipt(&delivery), expected, "{status:?} {unknowns}");
    }
}

#[test]
fn i5_a_message_that_failed_is_left_alone_once_another_has_taken_its_place() {
    let mut world = World::new();
    let id = world.start_login();
    let (provider, status) = (CARRIER.to_owned(), ReceiptStatus::Failed);
    let (verification, delivery, on_failure) = (id, world.sent[0].id, OnFailure::SendAgain);
    world.apply(&Command::Receipt(Receipt { verification, delivery, provider, status, on_failure }));
    let decided = |which: usize| world.shelf[&id].decided_by_receipt(&world.sent[which]);
    assert_eq!((decided(0), decided(1)), (Some(DeliveryState::Canceled), None));
}

#[test]
fn a_late_receipt_is_noted_and_changes_no_state() {
    let mut world = World::new();
    let id = world.start_login();
    let delivery = world.sent[0].id;
    world.approve(id);
    world.wait_s(3600);
    assert_eq!(receive(&mut world, id, delivery, ReceiptStatus::Delivered), Outcome::Settled);
    assert_eq!(world.status(id), Status::Approved);
    assert_eq!(word(&world, id), Some(ReceiptStatus::Delivered));
}

#[test]
fn a_receipt_for_a_message_of_another_verification_is_not_found() {
    let mut world = World::new();
    let first = world.start_login();
    let delivery = world.sent[0].id;
    world.wait_s(30);
    let second = world.start_payment();
    assert_eq!(receive(&mut world, second, delivery, ReceiptStatus::Delivered), Outcome::NotFound);
    let unknown = world.new_id();
    assert_eq!(receive(&mut world, unknown, delivery, ReceiptStatus::Delivered), Outcome::NotFound);
    assert_eq!((word(&world, first), word(&world, second)), (None, None));
}

/// What a failed receipt, where there is room for another message, has sent.
fn fail(world: &mut World, verification: VerificationId, delivery: DeliveryId) -> Vec<DeliveryId> {
    let (provider, status) = (CARRIER.to_owned(), ReceiptStatus::Failed);
    let on_failure = OnFailure::SendAgain;
    world.apply(&Command::Receipt(Receipt { verification, delivery, provider, status, on_failure }));
    let sent = world.last_effects.iter().filter_map(|effect| match effect {
        Effect::Send(delivery) => Some(delivery.id),
        _ => None,
    });
    sent.collect()
}

#[test]
fn i5_a_failed_message_is_sent_again_with_the_same_code_and_costs_the_customer_nothing() {
    let mut world = World::new();
    world.policy.resend = ResendCode::Rotate;
    let id = world.start_login();
    let (first, code, before) = (world.sent[0].clone(), world.code(id), world.shelf[&id].clone());
    let [again] = fail(&mut world, id, first.id).try_into().unwrap();
    assert_eq!(world.sent[1].id, again);
    assert_eq!((world.sent[1].kind, world.code(id)), (first.kind, code.clone()));
    let after = world.shelf[&id].clone();
    assert_eq!((after.sends, after.last_sent_at), (before.sends, before.last_sent_at));
    assert_eq!(world.record.sends.len(), 1);
    assert!(world.last_events().contains(&EventKind::FailedOver { delivery: again, after: first.id }));
    world.approve(id);
}

#[test]
fn nothing_is_sent_again_while_another_message_may_arrive() {
    let mut world = World::new();
    let id = world.start_login();
    world.wait_s(30);
    world.resend(id).unwrap();
    let (first, second) = (world.sent[0].id, world.sent[1].id);
    assert_eq!(fail(&mut world, id, first), []);
    assert_eq!(fail(&mut world, id, second).len(), 1);
    assert_eq!(fail(&mut world, id, second), [], "the same receipt once more");
}

#[test]
fn failovers_end_with_the_verification_its_time_or_their_number() {
    let mut world = World::new();
    let id = world.start_login();
    for failed in 0..MAX_FAILOVERS {
        let last = world.sent.last().unwrap().id;
        assert_eq!(fail(&mut world, id, last).len(), 1, "failover {failed}");
    }
    let last = world.sent.last().unwrap().id;
    assert_eq!(fail(&mut world, id, last), []);

    let mut world = World::new();
    let id = world.start_login();
    world.wait_s(541);
    let only = world.sent[0].id;
    assert_eq!(fail(&mut world, id, only), [], "too late to be of use");

    let mut world = World::new();
    let id = world.start_login();
    world.approve(id);
    let only = world.sent[0].id;
    assert_eq!(fail(&mut world, id, only), []);
}
