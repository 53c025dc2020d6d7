//! Laws about keyed limits.

use std::time::Duration;

use countersign_core::limit::{Add, Exceeded, Limit, LimitRule, Reservation, SlotRange};
use countersign_core::time::Timestamp;

use super::{Handle, commit, done, load, load_or_unseen, race, start};
use crate::fixtures::{self, START};
use crate::{Change, Commit, Lookup, Version};

const HOUR: Duration = Duration::from_hours(1);

/// Takes one from counter `counter`, slot `slot`, of which slots 10–19 may hold `max`.
fn one_of(counter: u64, slot: i64, max: u64) -> Reservation {
    let key = fixtures::counter_key(counter);
    Reservation {
        limits: vec![Limit {
            rule: LimitRule::AppDailyMessages,
            reads: vec![SlotRange { key, first: 10, last: 19 }],
            max,
            slot: HOUR,
            counts_for: 10 * HOUR,
        }],
        adds: vec![Add { key, slot, amount: 1, expires_at: START.plus(100 * HOUR) }],
    }
}

/// A first start of phone `number` that takes `reservation`.
fn start_with(number: u64, reservation: Reservation) -> Change {
    let app = fixtures::app(1);
    let unseen = fixtures::unseen(app, fixtures::subject_key(app, number));
    Change { reservation, ..fixtures::started(&unseen, START, number, None) }
}

/// As many as the limit says, from different phones, and not one more.
pub async fn a_limit_holds_exactly_at_its_maximum<S: Handle>(store: &S) {
    for number in 1..=3 {
        done(store, start_with(number, one_of(1, 10 + i64::try_from(number).unwrap(), 3))).await;
    }
    let retry_at = Timestamp::EPOCH.plus(HOUR * (11 + 10));
    let exceeded = Exceeded { rule: LimitRule::AppDailyMessages, retry_at };
    assert_eq!(commit(store, start_with(4, one_of(1, 15, 3))).await, Commit::Exceeded(exceeded));
    done(store, start_with(4, one_of(2, 15, 3))).await;
}

/// Of a change beyond a limit nothing is there, its own counts included.
pub async fn an_exceeded_change_writes_nothing<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let mut reservation = one_of(1, 10, 0);
    let free = Add { key: fixtures::counter_key(2), ..reservation.adds[0] };
    reservation.adds.push(free);
    assert!(matches!(commit(store, start_with(1, reservation)).await, Commit::Exceeded(_)));
    let id = fixtures::verification_id(START, 1);
    assert_eq!(store.load(Lookup::Subject(app, fixtures::subject_key(app, 1))).await.unwrap(), None);
    assert_eq!(store.load(Lookup::Verification(app, id)).await.unwrap(), None);
    assert_eq!(store.delivery(fixtures::delivery_id(START, 1)).await.unwrap(), None);
    assert_eq!(store.timeline(app, id).await.unwrap(), []);
    // Both counters are as they were: one more fits into a limit of one.
    done(store, start_with(1, one_of(1, 10, 1))).await;
    done(store, start_with(2, one_of(2, 10, 1))).await;
}

/// A change that saw an older version counts nothing.
pub async fn a_conflicting_change_takes_nothing_from_limits<S: Handle>(store: &S) {
    done(store, start_with(1, Reservation::default())).await;
    for _ in 0..5 {
        assert_eq!(commit(store, start_with(1, one_of(1, 10, 1))).await, Commit::Conflict);
    }
    done(store, start_with(2, one_of(1, 10, 1))).await;
}

/// However many ask at once, no more than the limit get through (I9).
pub async fn a_limit_is_never_exceeded_by_racing_reservations<S: Handle>(store: &S) {
    let commits = race(store, 48, |store, number| async move {
        commit(&store, start_with(number, one_of(1, 12, 10))).await
    })
    .await;
    assert_eq!(commits.iter().filter(|commit| **commit == Commit::Done(Version(1))).count(), 10);
    assert_eq!(commits.iter().filter(|commit| matches!(commit, Commit::Exceeded(_))).count(), 38);
    let app = fixtures::app(1);
    let mut there = 0;
    for number in 0..48 {
        let found = store.load(Lookup::Subject(app, fixtures::subject_key(app, number))).await.unwrap();
        there += usize::from(found.is_some());
    }
    assert_eq!(there, 10);
}

/// One limit that does not hold is enough, whichever it is.
pub async fn all_limits_of_a_reservation_must_hold<S: Handle>(store: &S) {
    for order in [[0, 9], [9, 0]] {
        let parts = [(1, order[0]), (2, order[1])].map(|(counter, max)| one_of(counter, 10, max));
        let [mut first, second] = parts;
        first.limits.extend(second.limits);
        first.adds.extend(second.adds);
        assert!(matches!(commit(store, start_with(1, first)).await, Commit::Exceeded(_)));
    }
}

/// Slots outside a limit's ranges, and other counters, are nothing to it.
pub async fn a_limit_sums_its_slots_and_no_others<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let mut number = 0;
    let mut slots = vec![(1, 9), (1, 20), (2, 15), (1, -3)];
    slots.extend([(1, 10), (1, 19)]);
    for (counter, slot) in slots {
        number += 1;
        done(store, start_with(number, Reservation { limits: vec![], ..one_of(counter, slot, 0) })).await;
    }
    let id = start(store, app, 100, None).await.verification;
    let try_with = async |max| {
        let loaded = load(store, app, id).await;
        let reservation = one_of(1, 12, max);
        commit(store, Change { reservation, ..fixtures::touched(&loaded, START) }).await
    };
    assert!(matches!(try_with(2).await, Commit::Exceeded(_)), "slots 10 and 19 count");
    assert!(matches!(try_with(3).await, Commit::Done(_)), "slots 9, 20 and -3 and the other counter do not");
    assert!(matches!(try_with(3).await, Commit::Exceeded(_)));
}

/// Within one call the second change finds what the first has taken.
pub async fn changes_of_one_call_see_each_others_counts<S: Handle>(store: &S) {
    let changes = (1..=3).map(|number| start_with(number, one_of(1, 10, 2))).collect();
    let commits = store.commit(changes).await.unwrap();
    assert_eq!(commits[..2], [Commit::Done(Version(1)); 2]);
    assert!(matches!(commits[2], Commit::Exceeded(_)));
    let app = fixtures::app(1);
    assert_eq!(load_or_unseen(store, app, fixtures::subject_key(app, 3)).await.version, Version(0));
}
