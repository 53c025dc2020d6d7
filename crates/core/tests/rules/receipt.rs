//! Receipt: a carrier's word about a message.

use countersign_core::event::EventKind;
use countersign_core::id::{DeliveryId, VerificationId};
use countersign_core::step::{Command, Outcome, Receipt};
use countersign_core::verification::{ReceiptStatus, Status};

use crate::world::World;

fn receive(
    world: &mut World,
    verification: VerificationId,
    delivery: DeliveryId,
    status: ReceiptStatus,
) -> Outcome {
    world.apply(&Command::Receipt(Receipt { verification, delivery, status }))
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
                    let expected = is_news.then_some(EventKind::Receipt { delivery, status });
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
