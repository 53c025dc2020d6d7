//! Laws about idempotency keys, settings, purging and figures.

use std::time::Duration;

use countersign_core::delivery::DeliveryState;
use countersign_core::limit::{Add, Limit, LimitRule, Reservation, SlotRange};
use countersign_core::time::Timestamp;

use super::{Handle, commit, done, load, load_or_unseen, race, start};
use crate::fixtures::{self, NODE, START};
use crate::{
    Change, Commit, FINISHED_DELIVERIES_KEPT, IDEMPOTENCY_LIFETIME, Reserved, Setting, SettingKind, Settled,
    Store, Version,
};

const MOMENT: Duration = Duration::from_millis(1);

/// A key belongs to the first who asks with it, for its lifetime (I15).
pub async fn idempotency_keys_are_claimed_once_and_expire<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let (first, second) = (fixtures::idempotency(app, 1, 1), fixtures::idempotency(app, 1, 2));
    assert_eq!(store.reserve_idempotency(first, START).await.unwrap(), Reserved::Fresh);
    assert_eq!(store.reserve_idempotency(first, START).await.unwrap(), Reserved::Known(first));
    let last = START.plus(IDEMPOTENCY_LIFETIME).minus(MOMENT);
    assert_eq!(store.reserve_idempotency(second, last).await.unwrap(), Reserved::Known(first));
    let over = START.plus(IDEMPOTENCY_LIFETIME);
    assert_eq!(store.reserve_idempotency(second, over).await.unwrap(), Reserved::Fresh);
    assert_eq!(store.reserve_idempotency(first, over).await.unwrap(), Reserved::Known(second));
}

/// The same key of another app is another key.
pub async fn idempotency_keys_of_two_apps_are_two<S: Handle>(store: &S) {
    for app in [fixtures::app(1), fixtures::app(2)] {
        let record = fixtures::idempotency(app, 1, 1);
        assert_eq!(store.reserve_idempotency(record, START).await.unwrap(), Reserved::Fresh);
    }
}

/// Of many who ask at once with one key, one is the first and the others learn who.
pub async fn racing_claims_have_one_winner<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let claims = race(store, 24, |store, request| async move {
        let record = fixtures::idempotency(app, 1, request);
        (record, store.reserve_idempotency(record, START).await.unwrap())
    })
    .await;
    let winners: Vec<_> = claims.iter().filter(|(_, reserved)| *reserved == Reserved::Fresh).collect();
    assert_eq!(winners.len(), 1);
    let winner = Reserved::Known(winners[0].0);
    assert_eq!(claims.iter().filter(|(_, reserved)| *reserved == winner).count(), 23);
}

fn setting(id: &str, version: u64, body: &str) -> Setting {
    Setting { id: id.to_owned(), version: Version(version), body: body.to_owned() }
}

/// Who saw an older version overwrites nothing.
pub async fn a_setting_is_written_only_over_the_version_that_was_read<S: Handle>(store: &S) {
    let kind = SettingKind::App;
    assert!(!store.put_setting(kind, setting("a", 1, "not there")).await.unwrap());
    assert!(store.put_setting(kind, setting("a", 0, "one")).await.unwrap());
    assert!(!store.put_setting(kind, setting("a", 0, "again")).await.unwrap());
    assert_eq!(store.settings(kind).await.unwrap(), [setting("a", 1, "one")]);
    assert!(store.put_setting(kind, setting("a", 1, "two")).await.unwrap());
    assert!(!store.put_setting(kind, setting("a", 1, "stale")).await.unwrap());
    assert_eq!(store.settings(kind).await.unwrap(), [setting("a", 2, "two")]);
}

/// Of many who change one version at once, one does.
pub async fn racing_settings_have_one_winner<S: Handle>(store: &S) {
    let written = race(store, 16, |store, number| async move {
        store.put_setting(SettingKind::Instance, setting("epoch", 0, &number.to_string())).await.unwrap()
    })
    .await;
    assert_eq!(written.iter().filter(|written| **written).count(), 1);
    assert_eq!(store.settings(SettingKind::Instance).await.unwrap()[0].version, Version(1));
}

/// All of a kind, in the order of their ids, and none of another.
pub async fn settings_of_a_kind_are_complete<S: Handle>(store: &S) {
    for id in ["b", "c", "a", "ü"] {
        assert!(store.put_setting(SettingKind::ApiKey, setting(id, 0, "{}")).await.unwrap());
    }
    assert!(store.put_setting(SettingKind::App, setting("a", 0, "{}")).await.unwrap());
    let ids = store.settings(SettingKind::ApiKey).await.unwrap().into_iter().map(|setting| setting.id);
    assert_eq!(ids.collect::<Vec<_>>(), ["a", "b", "c", "ü"]);
    assert_eq!(store.settings(SettingKind::Instance).await.unwrap(), []);
}

/// One in each of two counters of phone `number`: one that expires at `at`, one a moment later.
fn two_counters(number: u64, at: Timestamp) -> Change {
    let app = fixtures::app(1);
    let unseen = fixtures::unseen(app, fixtures::subject_key(app, number));
    let add =
        |counter, expires_at| Add { key: fixtures::counter_key(counter), slot: 1, amount: 1, expires_at };
    let adds = vec![add(1, at), add(2, at.plus(MOMENT))];
    Change { reservation: Reservation { limits: vec![], adds }, ..fixtures::touched(&unseen, START) }
}

/// Whether a counter of [`two_counters`] holds anything.
async fn counts(store: &impl Store, counter: u64) -> bool {
    let app = fixtures::app(1);
    let key = fixtures::counter_key(counter);
    let limit = Limit {
        rule: LimitRule::AppDailyMessages,
        reads: vec![SlotRange { key, first: 1, last: 1 }],
        max: 0,
        slot: MOMENT,
        counts_for: MOMENT,
    };
    let loaded = load_or_unseen(store, app, fixtures::subject_key(app, 1000)).await;
    let reservation = Reservation { limits: vec![limit], adds: vec![] };
    matches!(
        commit(store, Change { reservation, ..fixtures::touched(&loaded, START) }).await,
        Commit::Exceeded(_)
    )
}

/// What still matters stays: live counters and keys, due deliveries however old, young finished
/// ones, and every subject, verification and event.
pub async fn a_purge_drops_only_what_is_expired<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let now = START.plus(FINISHED_DELIVERIES_KEPT).plus(MOMENT);
    done(store, two_counters(1, now)).await;
    let (old, young) = (fixtures::idempotency(app, 1, 1), fixtures::idempotency(app, 2, 2));
    store.reserve_idempotency(old, now.minus(IDEMPOTENCY_LIFETIME)).await.unwrap();
    store.reserve_idempotency(young, now.minus(IDEMPOTENCY_LIFETIME).plus(MOMENT)).await.unwrap();
    let lease = Some(fixtures::lease(NODE, START));
    let (finished, due) = (start(store, app, 2, lease).await, start(store, app, 3, None).await);
    let unseen = fixtures::unseen(app, fixtures::subject_key(app, 4));
    let change = fixtures::started(&unseen, START.plus(MOMENT), 4, lease);
    let fresh = change.deliveries[0].delivery.clone();
    done(store, change).await;
    for delivery in [&finished, &fresh] {
        let settled = store.settle(vec![fixtures::accepted(delivery, NODE, START)]).await.unwrap();
        assert_eq!(settled, [Settled::Done]);
    }

    assert_eq!(store.purge(now, 100).await.unwrap(), 3);
    assert_eq!((counts(store, 1).await, counts(store, 2).await), (false, true));
    assert_eq!(store.reserve_idempotency(young, now).await.unwrap(), Reserved::Known(young));
    assert_eq!(store.delivery(finished.id).await.unwrap(), None);
    assert_eq!(store.delivery(due.id).await.unwrap().unwrap().state, DeliveryState::Due { at: START });
    assert!(store.delivery(fresh.id).await.unwrap().is_some());
    for delivery in [finished, due, fresh] {
        assert_eq!(load(store, app, delivery.verification).await.subject.verifications.len(), 1);
        assert!(!store.timeline(app, delivery.verification).await.unwrap().is_empty());
    }
}

/// A purge has a bound, and the next one goes on.
pub async fn a_purge_drops_no_more_than_asked<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    for number in 0..7 {
        store.reserve_idempotency(fixtures::idempotency(app, number, number), START).await.unwrap();
    }
    let now = START.plus(IDEMPOTENCY_LIFETIME);
    let mut dropped = Vec::new();
    for _ in 0..8 {
        dropped.push(store.purge(now, 3).await.unwrap());
    }
    assert!(dropped.iter().all(|&dropped| dropped <= 3), "{dropped:?}");
    assert_eq!(dropped.iter().sum::<usize>(), 7);
    assert_eq!(store.purge(now, 0).await.unwrap(), 0);
}

/// The metrics say what happened.
pub async fn conflicts_and_batches_are_counted<S: Handle>(store: &S) {
    let id = start(store, fixtures::app(1), 1, None).await.verification;
    let loaded = load(store, fixtures::app(1), id).await;
    for _ in 0..3 {
        commit(store, fixtures::touched(&loaded, START)).await;
    }
    let stats = store.stats();
    assert_eq!(stats.conflicts, 2);
    assert_eq!(stats.batched_requests, 4);
    assert!((1..=4).contains(&stats.batches), "{stats:?}");
    assert_eq!(stats.queue_depth, 0);
}
