//! Laws about the outbox.

use std::collections::HashSet;
use std::time::Duration;

use countersign_core::delivery::{Delivery, DeliveryKind, DeliveryState};
use countersign_core::id::DeliveryId;
use countersign_core::time::Timestamp;
use countersign_core::verification::Channel;

use super::{Handle, done, load, race, start};
use crate::fixtures::{self, LEASE, LIFE, NODE, OTHER_NODE, START};
use crate::{LeaseLimits, Leased, NewDelivery, NodeId, Settled, Settlement, Store};

const MOMENT: Duration = Duration::from_millis(1);

fn later() -> Timestamp {
    START.plus(LEASE)
}

async fn lease(store: &impl Store, node: NodeId, now: Timestamp) -> Vec<Leased> {
    store.lease_due(node, now, LEASE, most(100)).await.unwrap()
}

const fn most(number: usize) -> LeaseLimits {
    LeaseLimits { messages: number, feedback: number }
}

async fn settle(store: &impl Store, settlement: Settlement) -> Settled {
    let settled = store.settle(vec![settlement]).await.unwrap();
    assert_eq!(settled.len(), 1, "one settlement, one answer");
    settled[0]
}

async fn delivery(store: &impl Store, id: DeliveryId) -> Delivery {
    store.delivery(id).await.unwrap().unwrap()
}

fn to(state: DeliveryState, delivery: &Delivery, node: NodeId) -> Settlement {
    Settlement { state, events: Vec::new(), ..fixtures::accepted(delivery, node, START) }
}

/// A message is found with the channel that it was asked for by.
pub async fn every_channel_survives<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    for (number, channel) in (1..).zip(Channel::ALL) {
        let unseen = fixtures::unseen(app, fixtures::subject_key(app, number));
        let mut change = fixtures::started(&unseen, START, number, None);
        change.deliveries[0].delivery.channel = channel;
        let expected = change.deliveries[0].delivery.clone();
        done(store, change).await;
        assert_eq!(store.delivery(expected.id).await.unwrap(), Some(expected));
    }
}

/// What the committing node does not send itself, anybody may send.
pub async fn a_delivery_without_a_lease_is_leased_at_once<S: Handle>(store: &S) {
    let due = start(store, fixtures::app(1), 1, None).await;
    let leased = lease(store, NODE, START).await;
    assert_eq!(leased.len(), 1);
    assert_eq!(leased[0].delivery, due);
    assert_eq!(leased[0].lease, fixtures::lease(NODE, START));
    assert!(!leased[0].taken_over);
    assert_eq!(store.lease_due(NODE, later(), LEASE, most(0)).await.unwrap().len(), 0);
}

/// A delivery for later stays where it is until then.
pub async fn a_delivery_is_not_leased_before_it_is_due<S: Handle>(store: &S) {
    let due = start(store, fixtures::app(1), 1, None).await;
    assert_eq!(lease(store, NODE, START.minus(MOMENT)).await.len(), 0);
    assert_eq!(lease(store, NODE, START).await[0].delivery.id, due.id);
}

/// Nobody takes what somebody holds, the holder included.
pub async fn a_live_lease_is_not_claimed<S: Handle>(store: &S) {
    start(store, fixtures::app(1), 1, Some(fixtures::lease(NODE, START))).await;
    start(store, fixtures::app(1), 2, None).await;
    assert_eq!(lease(store, NODE, START).await.len(), 1);
    for node in [NODE, OTHER_NODE] {
        assert_eq!(lease(store, node, later().minus(MOMENT)).await.len(), 0);
    }
}

/// After a lease anybody goes on; its holder may have sent it (I5).
pub async fn a_lost_lease_is_claimed_again_and_counts_one_unknown<S: Handle>(store: &S) {
    let due = start(store, fixtures::app(1), 1, Some(fixtures::lease(NODE, START))).await;
    let mut now = later();
    for unknowns in 1..=3 {
        let leased = lease(store, OTHER_NODE, now).await;
        assert_eq!(leased.len(), 1);
        assert!(leased[0].taken_over);
        assert_eq!(leased[0].delivery.unknowns, unknowns);
        assert_eq!(delivery(store, due.id).await, leased[0].delivery);
        assert_eq!(leased[0].lease, fixtures::lease(OTHER_NODE, now));
        now = leased[0].lease.until;
    }
}

/// Of nodes that ask at once, each delivery goes to one.
pub async fn a_delivery_is_leased_by_one_node_only<S: Handle>(store: &S) {
    for number in 0..40 {
        start(store, fixtures::app(1), number, None).await;
    }
    let leased = race(store, 16, |store, node| async move {
        store.lease_due(NodeId(node), START, LEASE, most(5)).await.unwrap()
    })
    .await;
    let ids: Vec<DeliveryId> = leased.iter().flatten().map(|leased| leased.delivery.id).collect();
    assert_eq!(ids.len(), 40);
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 40, "each once");
    assert!(leased.iter().all(|leased| leased.len() <= 5));
}

/// A short batch has those that are due for the longest time.
pub async fn those_that_wait_longest_are_leased_first<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    for number in [3, 1, 2] {
        let unseen = fixtures::unseen(app, fixtures::subject_key(app, number));
        let mut change = fixtures::started(&unseen, START, number, None);
        change.deliveries[0].delivery.state =
            DeliveryState::Due { at: START.plus(MOMENT * u32::try_from(number).unwrap()) };
        done(store, change).await;
    }
    let leased = store.lease_due(NODE, later(), LEASE, most(2)).await.unwrap();
    let ids: Vec<DeliveryId> = leased.iter().map(|leased| leased.delivery.id).collect();
    assert_eq!(ids, [1, 2].map(|number| fixtures::delivery_id(START, number)));
    assert_eq!(lease(store, NODE, later()).await[0].delivery.id, fixtures::delivery_id(START, 3));
}

/// However much feedback has waited for however long, messages come first, and it has a limit of its own.
pub async fn feedback_stands_in_front_of_no_message<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    for number in 1..=40 {
        let unseen = fixtures::unseen(app, fixtures::subject_key(app, number));
        let mut change = fixtures::started(&unseen, START, number, None);
        let delivery = &mut change.deliveries[0].delivery;
        delivery.kind = DeliveryKind::ConversionFeedback;
        delivery.state = DeliveryState::Due { at: START.plus(MOMENT * u32::try_from(number).unwrap()) };
        done(store, change).await;
    }
    let later = START.plus(MOMENT * 100);
    let mut expected = Vec::new();
    for number in 41..=42 {
        let unseen = fixtures::unseen(app, fixtures::subject_key(app, number));
        let mut change = fixtures::started(&unseen, START, number, None);
        change.deliveries[0].delivery.state = DeliveryState::Due { at: later };
        expected.push(change.deliveries[0].delivery.id);
        done(store, change).await;
    }
    let limits = LeaseLimits { messages: 5, feedback: 3 };
    let take = async || {
        let leased = store.lease_due(NODE, later, LEASE, limits).await.unwrap();
        leased.into_iter().map(|leased| leased.delivery.id).collect::<Vec<_>>()
    };
    expected.extend((1..=3).map(|number| fixtures::delivery_id(START, number)));
    assert_eq!(take().await, expected);
    assert_eq!(take().await, [4, 5, 6].map(|number| fixtures::delivery_id(START, number)));
}

/// Time alone finishes nothing: whoever leases an expired delivery ends it.
pub async fn an_expired_delivery_is_leased_so_that_it_can_end<S: Handle>(store: &S) {
    let due = start(store, fixtures::app(1), 1, None).await;
    let after = START.plus(LIFE * 2);
    let leased = lease(store, NODE, after).await;
    assert_eq!(leased[0].delivery, due);
    assert_eq!(settle(store, to(DeliveryState::Canceled, &due, NODE)).await, Settled::Done);
    assert_eq!(lease(store, NODE, after.plus(LEASE)).await.len(), 0);
}

/// What is finished is finished.
pub async fn a_settled_delivery_is_not_leased<S: Handle>(store: &S) {
    let states =
        [DeliveryState::Accepted, DeliveryState::Failed, DeliveryState::Unknown, DeliveryState::Canceled];
    for (number, state) in (1..).zip(states) {
        let due = start(store, fixtures::app(1), number, Some(fixtures::lease(NODE, START))).await;
        assert_eq!(settle(store, to(state, &due, NODE)).await, Settled::Done);
        let settled = delivery(store, due.id).await;
        assert_eq!(
            settled,
            Delivery {
                state,
                submissions: 1,
                provider: Some("carrier".to_owned()),
                reference: Some(due.id.to_string()),
                ..due
            }
        );
    }
    assert_eq!(lease(store, NODE, START.plus(LIFE * 10)).await.len(), 0);
}

/// A submission that will be repeated is anybody's from its time on, and is no take-over.
pub async fn a_retry_is_leased_when_it_is_due<S: Handle>(store: &S) {
    let due = start(store, fixtures::app(1), 1, Some(fixtures::lease(NODE, START))).await;
    let at = START.plus(Duration::from_secs(5));
    assert_eq!(settle(store, to(DeliveryState::Due { at }, &due, NODE)).await, Settled::Done);
    assert_eq!(lease(store, OTHER_NODE, at.minus(MOMENT)).await.len(), 0);
    let leased = lease(store, OTHER_NODE, at).await;
    assert_eq!(
        (leased[0].taken_over, leased[0].delivery.unknowns, leased[0].delivery.submissions),
        (false, 0, 1)
    );
}

/// Who has lost the lease decides no more, but what happened has happened.
pub async fn a_settlement_after_a_lost_lease_leaves_the_state_alone<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let due = start(store, app, 1, Some(fixtures::lease(NODE, START))).await;
    let held = lease(store, OTHER_NODE, later()).await[0].delivery.clone();
    for state in [DeliveryState::Failed, DeliveryState::Unknown, DeliveryState::Due { at: START }] {
        let settlement = Settlement { state, ..fixtures::accepted(&due, NODE, START) };
        assert_eq!(settle(store, settlement).await, Settled::LeaseLost);
    }
    assert_eq!(delivery(store, due.id).await, held);
    assert_eq!(store.timeline(app, due.verification).await.unwrap().len(), 4, "the start and three tries");
    assert_eq!(settle(store, fixtures::accepted(&held, OTHER_NODE, START)).await, Settled::Done);
    let twice = to(DeliveryState::Failed, &held, OTHER_NODE);
    assert_eq!(settle(store, twice).await, Settled::LeaseLost, "the lease ends with its settlement");
    assert_eq!(delivery(store, due.id).await.state, DeliveryState::Accepted);
}

/// The provider has it, whoever holds the lease.
pub async fn an_accepted_submission_is_recorded_even_if_its_lease_was_lost<S: Handle>(store: &S) {
    let due = start(store, fixtures::app(1), 1, Some(fixtures::lease(NODE, START))).await;
    let held = lease(store, OTHER_NODE, later()).await[0].delivery.clone();
    assert_eq!(settle(store, fixtures::accepted(&due, NODE, START)).await, Settled::LeaseLost);
    let recorded = delivery(store, due.id).await;
    assert_eq!((recorded.state, recorded.submissions, recorded.unknowns), (DeliveryState::Accepted, 1, 1));
    assert_eq!(recorded.provider.as_deref(), Some("carrier"));
    assert_eq!(lease(store, NODE, START.plus(LIFE)).await.len(), 0, "it is not sent a third time");

    assert_eq!(settle(store, fixtures::accepted(&held, OTHER_NODE, START)).await, Settled::LeaseLost);
    assert_eq!(delivery(store, due.id).await.submissions, 2, "each of the two knew of one");
}

/// A cancellation that came too late does not undo what the provider has.
pub async fn an_accepted_submission_is_recorded_even_if_it_was_canceled<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let due = start(store, app, 1, Some(fixtures::lease(NODE, START))).await;
    let loaded = load(store, app, due.verification).await;
    done(store, fixtures::ended(&loaded, due.verification, START, &fixtures::canceled(START))).await;
    assert_eq!(settle(store, fixtures::accepted(&due, NODE, START)).await, Settled::LeaseLost);
    assert_eq!(delivery(store, due.id).await.state, DeliveryState::Accepted);
}

/// A settlement that knows less than the store takes nothing back.
pub async fn submissions_and_unknowns_never_fall<S: Handle>(store: &S) {
    let due = start(store, fixtures::app(1), 1, Some(fixtures::lease(NODE, START))).await;
    let retry = DeliveryState::Due { at: START };
    let many = Settlement { submissions: 3, unknowns: 2, ..to(retry, &due, NODE) };
    assert_eq!(settle(store, many).await, Settled::Done);
    lease(store, NODE, START).await;
    let few =
        Settlement { submissions: 1, unknowns: 0, provider: None, ..to(DeliveryState::Failed, &due, NODE) };
    assert_eq!(settle(store, few).await, Settled::Done);
    let settled = delivery(store, due.id).await;
    assert_eq!((settled.submissions, settled.unknowns, settled.state), (3, 2, DeliveryState::Failed));
    assert_eq!(settled.provider.as_deref(), Some("carrier"), "the last one that is known");
}

/// After the end of a verification nothing of it leaves, leased or not (I3).
pub async fn canceled_deliveries_are_not_leased<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    for (number, held) in [(1, None), (2, Some(fixtures::lease(NODE, START)))] {
        let due = start(store, app, number, held).await;
        let loaded = load(store, app, due.verification).await;
        done(store, fixtures::ended(&loaded, due.verification, START, &fixtures::approved(START))).await;
        assert_eq!(delivery(store, due.id).await.state, DeliveryState::Canceled);
    }
    assert_eq!(lease(store, OTHER_NODE, START.plus(LIFE * 10)).await.len(), 0);
}

/// A rotation cancels what carries an older code, not what it has just written.
pub async fn cancellation_touches_the_named_deliveries_alone<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let old = start(store, app, 1, None).await;
    let loaded = load(store, app, old.verification).await;
    let rotated = Delivery {
        id: fixtures::delivery_id(START, 2),
        kind: DeliveryKind::Code { generation: 1 },
        ..old.clone()
    };
    let mut change = fixtures::touched(&loaded, START);
    change.cancellations.push(old.id);
    change.deliveries.push(NewDelivery { delivery: rotated.clone(), lease: None });
    done(store, change).await;
    assert_eq!(delivery(store, old.id).await.state, DeliveryState::Canceled);
    let leased = lease(store, NODE, START).await;
    assert_eq!(leased.iter().map(|leased| &leased.delivery).collect::<Vec<_>>(), [&rotated]);
    let loaded = load(store, app, old.verification).await;
    let mut change = fixtures::touched(&loaded, START);
    change.cancellations.extend([old.id, rotated.id, fixtures::delivery_id(START, 3)]);
    done(store, change).await;
    assert_eq!(delivery(store, rotated.id).await.state, DeliveryState::Canceled);
}

/// A cancellation touches the due deliveries of its verification and nothing else.
pub async fn cancellation_spares_other_verifications_and_finished_deliveries<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let sent = start(store, app, 1, Some(fixtures::lease(NODE, START))).await;
    settle(store, fixtures::accepted(&sent, NODE, START)).await;
    let other = start(store, app, 2, None).await;
    let loaded = load(store, app, sent.verification).await;
    done(store, fixtures::ended(&loaded, sent.verification, START, &fixtures::approved(START))).await;
    assert_eq!(delivery(store, sent.id).await.state, DeliveryState::Accepted);
    assert_eq!(delivery(store, other.id).await, other);
}

/// A notice is a message like any other: it is leased, taken over and settled, and kept as what it is.
pub async fn a_notice_is_leased_taken_over_and_settled<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let code = start(store, app, 1, None).await;
    let loaded = load(store, app, code.verification).await;
    let change = fixtures::replaced(&loaded, code.verification, START, 2);
    let notice = change.deliveries[0].delivery.clone();
    done(store, change).await;
    assert_eq!(notice.kind, DeliveryKind::PhoneChangeNotice);
    assert_eq!(delivery(store, notice.id).await, notice);
    let kinds: HashSet<_> =
        lease(store, NODE, START).await.into_iter().map(|leased| leased.delivery.id).collect();
    assert_eq!(kinds, HashSet::from([code.id, notice.id]));
    let taken_over = lease(store, OTHER_NODE, later()).await;
    let taken_over = taken_over.iter().find(|leased| leased.delivery.id == notice.id).unwrap();
    assert!(taken_over.taken_over);
    assert_eq!(taken_over.delivery, Delivery { unknowns: 1, ..notice.clone() });
    assert_eq!(settle(store, fixtures::accepted(&notice, OTHER_NODE, START)).await, Settled::Done);
    let settled = delivery(store, notice.id).await;
    assert_eq!((settled.kind, settled.state), (DeliveryKind::PhoneChangeNotice, DeliveryState::Accepted));
}

/// What ends a verification names the messages that it stops: the notice of a change is not among them.
pub async fn the_end_of_a_verification_spares_its_notice<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let code = start(store, app, 1, None).await;
    let loaded = load(store, app, code.verification).await;
    let change = fixtures::replaced(&loaded, code.verification, START, 2);
    let notice = change.deliveries[0].delivery.clone();
    done(store, change).await;
    let loaded = load(store, app, code.verification).await;
    done(store, fixtures::ended(&loaded, code.verification, START, &fixtures::canceled(START))).await;
    assert_eq!(delivery(store, code.id).await.state, DeliveryState::Canceled);
    assert_eq!(lease(store, NODE, START).await[0].delivery, notice);
    let verification = load(store, app, code.verification).await.subject;
    let verification = verification.verification(code.verification).unwrap();
    assert_eq!(verification.phone_change.as_ref().map(|change| change.notice.id), Some(notice.id));
}

/// A delivery that was purged meanwhile does not swallow what happened to it.
pub async fn a_settlement_of_an_unknown_delivery_keeps_its_events<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let verification = fixtures::verification(app, START, 1);
    let unknown = fixtures::delivery(app, &verification, 1);
    assert_eq!(settle(store, fixtures::accepted(&unknown, NODE, START)).await, Settled::LeaseLost);
    assert_eq!(store.delivery(unknown.id).await.unwrap(), None);
    assert_eq!(store.timeline(app, verification.id).await.unwrap().len(), 1);
    assert_eq!(store.settle(Vec::new()).await.unwrap(), []);
}

/// A provider's id names a delivery of that provider, and no other; an id given twice names none.
pub async fn a_reference_finds_its_delivery_unless_it_is_ambiguous<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let mut sent = Vec::new();
    for number in 1..=3 {
        let due = start(store, app, number, Some(fixtures::lease(NODE, START))).await;
        let reference = Some(if number == 1 { "one" } else { "constant" }.to_owned());
        settle(store, Settlement { reference, ..fixtures::accepted(&due, NODE, START) }).await;
        sent.push(due.id);
    }
    let find = async |provider: &str, reference: &str| {
        let found = store.delivery_by_reference(provider.to_owned(), reference.to_owned()).await;
        found.unwrap().map(|delivery| delivery.id)
    };
    assert_eq!(find("carrier", "one").await, Some(sent[0]));
    assert_eq!(find("another", "one").await, None);
    assert_eq!(find("carrier", "none").await, None);
    assert_eq!(find("carrier", "constant").await, None);
}
