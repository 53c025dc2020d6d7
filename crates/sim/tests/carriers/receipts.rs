//! Receipts by callback, true and false, early and late, in order and out of it.

use std::time::Duration;

use countersign_sim::api::Request;
use countersign_sim::clock;
use countersign_sim::sink::{Behaviour, Cut, Flaw, Receipt, RetryAfter};

use crate::world::{PATIENCE, World, route};

const DELIVERED: Receipt = Receipt::of("delivered");
const FAILED: Receipt = Receipt::of("failed");
const BUFFERED: Receipt = Receipt::of("buffered");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn states_only_move_forward_however_often_and_in_whatever_order_receipts_come() {
    let world = World::new().await;
    let rows: [(&[Receipt], &[&str]); 5] = [
        (&[DELIVERED], &["delivered"]),
        (&[BUFFERED.times(2), DELIVERED.times(3)], &["buffered", "delivered"]),
        (&[DELIVERED, BUFFERED, FAILED, DELIVERED], &["delivered"]),
        (&[DELIVERED.before_the_answer(), BUFFERED.before_the_answer(), DELIVERED], &["delivered"]),
        (&[BUFFERED.before_the_answer(), DELIVERED], &["buffered", "delivered"]),
    ];
    let mut posted = 0;
    for (number, (receipts, words)) in (0..).zip(rows) {
        world.first.promise(receipts);
        let customer = world.start(number).await;
        posted += receipts.iter().map(|receipt| receipt.copies).sum::<usize>();
        let answers = world.first.wait_for_posted(posted, PATIENCE).await.unwrap();
        assert!(answers.iter().all(|posted| posted.answer == Some(204)), "{answers:?}");
        assert_eq!(world.words(&customer).await, words, "{receipts:?}");
        assert_eq!(world.event(&customer, "delivery.accepted").await["data"]["provider"], "sink0");
        assert_eq!(world.events(&customer, "delivery.failed_over").await.len(), 0);
        let sent = world.first.wait_for(&customer.phone, 1, PATIENCE).await.unwrap();
        world.approve(&customer, &sent).await;
        assert_eq!(world.handed(&customer), (1, 0), "{receipts:?}");
    }
    world.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_a_failed_receipt_sends_the_same_code_by_the_other_carrier_once_however_it_comes() {
    let world = World::new().await;
    let rows: [(&[Receipt], &[&str]); 5] = [
        (&[FAILED], &["failed"]),
        (&[FAILED.times(3), BUFFERED], &["failed"]),
        (&[BUFFERED, FAILED, BUFFERED], &["buffered", "failed"]),
        (&[FAILED.before_the_answer(), FAILED], &["failed"]),
        (&[FAILED, DELIVERED, FAILED], &["failed", "delivered"]),
    ];
    let mut posted = 0;
    for (number, (receipts, words)) in (0..).zip(rows) {
        world.first.promise(receipts);
        let customer = world.start(number).await;
        let sent = world.second.wait_for(&customer.phone, 1, PATIENCE).await.unwrap();
        posted += receipts.iter().map(|receipt| receipt.copies).sum::<usize>();
        let answers = world.first.wait_for_posted(posted, PATIENCE).await.unwrap();
        assert!(answers.iter().all(|posted| posted.answer == Some(204)), "{answers:?}");
        assert_eq!(world.words(&customer).await, words, "{receipts:?}");
        let accepted = world.wait_for(&customer, "delivery.accepted", 2).await;
        let by_second = accepted.iter().find(|event| event["data"]["provider"] == "sink1").unwrap();
        assert_eq!(route(by_second), ["another_route", "not sink0: receipt_failed"], "{receipts:?}");
        let over = world.events(&customer, "delivery.failed_over").await;
        assert_eq!(over.len(), 1, "{receipts:?}");
        let first = &world.first.to(&customer.phone)[0];
        assert_eq!((&sent.code, &over[0]["data"]["after"]), (&first.code, &first.delivery.as_str().into()));
        world.approve(&customer, &sent).await;
        assert_eq!(world.handed(&customer), (1, 1), "{receipts:?}");
    }
    world.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_failovers_end_when_both_carriers_say_failed() {
    let world = World::new().await;
    for sink in [&world.first, &world.second] {
        sink.promise(&[FAILED.times(2)]);
    }
    let customer = world.start(1).await;
    let failed = world.event(&customer, "delivery.failed").await;
    assert_eq!(failed["data"]["reason"], "no_other_route");
    for sink in [&world.first, &world.second] {
        sink.wait_for_posted(2, PATIENCE).await.unwrap();
    }
    assert_eq!(world.handed(&customer), (1, 1));
    // Her own wish counts for more than their words.
    world.resend(&customer).await;
    let accepted = world.wait_for(&customer, "delivery.accepted", 3).await;
    assert_eq!(accepted.len(), 3);
    let sent = world.first.to(&customer.phone).pop().unwrap();
    world.approve(&customer, &sent).await;
    world.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forged_foreign_or_garbage_changes_nothing() {
    let world = World::new().await;
    let customer = world.start(1).await;
    world.event(&customer, "delivery.accepted").await;
    let sent = world.first.wait_for(&customer.phone, 1, PATIENCE).await.unwrap();
    let before = world.timeline(&customer).await;
    for flaw in Flaw::ALL {
        let expected = match flaw {
            Flaw::Unsigned | Flaw::Forged | Flaw::Altered | Flaw::Stale => 401,
            Flaw::Foreign => 404,
            Flaw::Garbage => 422,
            Flaw::TooLong => 413,
        };
        for receipt in [FAILED, DELIVERED] {
            let answer = world.first.post(&sent, receipt.with(flaw)).await.unwrap();
            assert_eq!(answer, expected, "{flaw:?}");
        }
    }
    assert_eq!(world.timeline(&customer).await, before);
    world.approve(&customer, &sent).await;
    assert_eq!(world.handed(&customer), (1, 0));
    world.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_after_the_end_is_taken_and_changes_no_outcome() {
    let world = World::new().await;
    for (number, late, words) in [(1, FAILED, ["failed"]), (2, DELIVERED, ["delivered"])] {
        let customer = world.start(number).await;
        world.event(&customer, "delivery.accepted").await;
        let sent = world.first.wait_for(&customer.phone, 1, PATIENCE).await.unwrap();
        world.approve(&customer, &sent).await;
        assert_eq!(world.first.post(&sent, late.times(2)).await.unwrap(), 204);
        assert_eq!(world.words(&customer).await, words);
        assert_eq!(world.events(&customer, "delivery.failed_over").await.len(), 0);
        let shown = world.api.send(&Request::show(&customer.id)).await.unwrap();
        assert_eq!(shown.text("status"), "approved");
        assert_eq!(world.handed(&customer), (1, 0));
    }
    world.close();
}

/// The receipt decides: she has it, and a copy by the other carrier would be one too many.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_what_a_receipt_says_arrived_is_not_sent_again_because_its_answer_is_lost() {
    let world = World::new().await;
    world.first.promise(&[DELIVERED.before_the_answer()]);
    let rows = [
        Behaviour::Cut(Cut::Unanswered),
        Behaviour::Cut(Cut::InHead),
        Behaviour::Unavailable,
        Behaviour::Hang,
    ];
    for (number, fault) in (0..).zip(rows) {
        world.first.behave(fault);
        let customer = world.start(number).await;
        let kind = if fault == Behaviour::Unavailable { "delivery.retrying" } else { "delivery.unknown" };
        world.event(&customer, kind).await;
        assert_eq!(world.words(&customer).await, ["delivered"]);
        // Whoever comes after her has been served: what was due at once had its turn.
        world.first.behave(Behaviour::Accept);
        let next = world.start(100 + number).await;
        world.event(&next, "delivery.accepted").await;
        let sent = world.first.wait_for(&customer.phone, 1, PATIENCE).await.unwrap();
        assert_eq!(world.handed(&customer), (1, 0), "{fault:?}: {:?}", world.timeline(&customer).await);
        world.approve(&customer, &sent).await;
    }
    world.close();
}

/// The failed receipt has sent it by the other carrier: that its answer is lost sends it no third time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_what_a_receipt_says_failed_is_sent_by_the_other_carrier_once_though_its_answer_is_lost() {
    let world = World::new().await;
    world.first.promise(&[FAILED.before_the_answer()]);
    let rows = [Behaviour::Cut(Cut::Unanswered), Behaviour::Unavailable, Behaviour::Refuse, Behaviour::Hang];
    for (number, fault) in (0..).zip(rows) {
        world.first.behave(fault);
        let customer = world.start(number).await;
        let sent = world.second.wait_for(&customer.phone, 1, PATIENCE).await.unwrap();
        world.event(&customer, "delivery.accepted").await;
        let kind = if matches!(fault, Behaviour::Cut(_) | Behaviour::Hang) {
            "delivery.unknown"
        } else {
            "delivery.retrying"
        };
        world.event(&customer, kind).await;
        world.first.behave(Behaviour::Accept);
        world.first.promise(&[]);
        let next = world.start(100 + number).await;
        world.event(&next, "delivery.accepted").await;
        world.first.promise(&[FAILED.before_the_answer()]);
        assert_eq!(world.handed(&customer), (1, 1), "{fault:?}: {:?}", world.timeline(&customer).await);
        world.approve(&customer, &sent).await;
    }
    world.close();
}

/// A late "delivered" is the truth, whoever took the message over; any other word says nothing about his copy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_word_of_a_carrier_that_did_not_answer_counts_when_it_says_delivered() {
    let world = World::new().await;
    world.first.behave(Behaviour::Cut(Cut::Unanswered));
    for (number, taken_over) in [(1, Behaviour::Accept), (2, Behaviour::Cut(Cut::Unanswered))] {
        world.second.behave(taken_over);
        let customer = world.start(number).await;
        let (kind, count) =
            if taken_over == Behaviour::Accept { ("delivery.accepted", 1) } else { ("delivery.unknown", 2) };
        world.wait_for(&customer, kind, count).await;
        let sent = world.first.wait_for(&customer.phone, 1, PATIENCE).await.unwrap();
        for word in [FAILED, BUFFERED] {
            assert_eq!(world.first.post(&sent, word).await.unwrap(), 204);
        }
        assert_eq!(world.words(&customer).await, Vec::<String>::new());
        assert_eq!(world.first.post(&sent, DELIVERED.times(2)).await.unwrap(), 204);
        let receipt = world.event(&customer, "delivery.receipt").await;
        assert_eq!(
            (&receipt["data"]["provider"], &receipt["data"]["status"]),
            (&"sink0".into(), &"delivered".into())
        );
        assert_eq!(world.words(&customer).await.len(), 1);
        assert_eq!(world.events(&customer, "delivery.failed_over").await.len(), 0);
        world.approve(&customer, &sent).await;
        assert_eq!(world.handed(&customer), (1, 1));
    }
    world.close();
}

/// What is still being tried stops when the carrier that did not answer says that it arrived.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_a_late_delivered_ends_the_tries_of_the_carrier_that_took_over() {
    let world = World::new().await;
    world.first.behave(Behaviour::Cut(Cut::Unanswered));
    // Far enough away for the receipt to come before, however busy the machine is.
    world.second.behave(Behaviour::Throttle(RetryAfter::Seconds(15)));
    let customer = world.start(1).await;
    world.event(&customer, "delivery.retrying").await;
    let sent = world.first.wait_for(&customer.phone, 1, PATIENCE).await.unwrap();
    assert_eq!(world.first.post(&sent, DELIVERED).await.unwrap(), 204);
    world.second.behave(Behaviour::Accept);
    let throttled = world.second.to(&customer.phone).remove(0);
    // Until it would have been tried again, and a while for a busy machine.
    let until_ms = throttled.begun_ms + 18_000 - clock::unix_ms();
    tokio::time::sleep(Duration::from_millis(until_ms.max(0).unsigned_abs())).await;
    assert_eq!(world.handed(&customer), (1, 1), "{:?}", world.timeline(&customer).await);
    world.approve(&customer, &sent).await;
    world.close();
}
