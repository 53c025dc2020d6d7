//! Laws about subjects, their versions and their verifications.

use std::sync::Arc;

use countersign_core::event::EventKind;
use countersign_core::verification::{CancelReason, DenyReason, State};

use super::{Handle, commit, done, load, load_or_unseen, race, start};
use crate::fixtures::{self, NODE, START};
use crate::{Commit, Lookup, Version};

/// Nobody is there who was never written.
pub async fn an_unseen_subject_is_not_there<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let by_phone = Lookup::Subject(app, fixtures::subject_key(app, 1));
    let by_verification = Lookup::Verification(app, fixtures::verification_id(START, 1));
    assert_eq!(store.load(by_phone).await.unwrap(), None);
    assert_eq!(store.load(by_verification).await.unwrap(), None);
    assert_eq!(store.delivery(fixtures::delivery_id(START, 1)).await.unwrap(), None);
    assert_eq!(store.timeline(app, fixtures::verification_id(START, 1)).await.unwrap(), []);
}

/// Record, verification, delivery and event come back as they were written.
pub async fn what_was_committed_is_loaded<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let unseen = fixtures::unseen(app, fixtures::subject_key(app, 1));
    let mut change = fixtures::started(&unseen, START, 1, Some(fixtures::lease(NODE, START)));
    change.subject.record.stranger_failures.add(START);
    change.subject.record.first_approved_at = Some(START);
    let written = change.clone();
    assert_eq!(done(store, change).await, Version(1));

    let loaded = load_or_unseen(store, app, written.subject.key).await;
    assert_eq!(loaded.version, Version(1));
    assert_eq!(loaded.subject, written.subject);
    let delivery = &written.deliveries[0].delivery;
    assert_eq!(store.delivery(delivery.id).await.unwrap().as_ref(), Some(delivery));
    assert_eq!(store.timeline(app, delivery.verification).await.unwrap(), written.events);
}

/// Whatever state a verification is in, it is read as it was written.
pub async fn every_state_survives<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let pending = fixtures::verification(app, START, 0).state;
    let states = [
        pending,
        fixtures::approved(START),
        State::Approved { at: START, proof_key: fixtures::proof_key(), redeemed_at: Some(START) },
        fixtures::recovering(app, START),
        State::Recovered { at: START },
        State::Expired { at: START },
        State::Exhausted { at: START },
        State::Canceled { at: START, reason: CancelReason::Superseded },
        State::Denied { at: START, reason: DenyReason::TransactionMismatch },
    ];
    for (number, state) in (1..).zip(states) {
        let delivery = start(store, app, number, None).await;
        let loaded = load(store, app, delivery.verification).await;
        let mut change = fixtures::ended(&loaded, delivery.verification, START, &state);
        let verification = Arc::make_mut(&mut change.verifications[0]);
        verification.attempts_used = 3;
        verification.remembered.push(fixtures::remembered(number));
        let written = Arc::clone(&change.verifications[0]);
        done(store, change).await;
        assert_eq!(load(store, app, delivery.verification).await.subject.verifications, [written]);
    }
}

/// A verification leads to its subject and to every live verification beside it.
pub async fn a_subject_is_found_by_its_verification<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let key = fixtures::subject_key(app, 1);
    for number in 1..=3 {
        let loaded = load_or_unseen(store, app, key).await;
        done(store, fixtures::started(&loaded, START, number, None)).await;
    }
    let asked = fixtures::verification_id(START, 2);
    let loaded = load(store, app, asked).await;
    assert_eq!((loaded.subject.key, loaded.version), (key, Version(3)));
    let mut ids: Vec<_> = loaded.subject.verifications.iter().map(|verification| verification.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, [1, 2, 3].map(|number| fixtures::verification_id(START, number)), "each once");
}

/// What one handle was told is done, another one sees.
pub async fn an_answer_holds_for_every_handle<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let answers = race(store, 16, |store, number| async move {
        let delivery = start(&store, app, number, None).await;
        let other = store.clone();
        other
            .load(Lookup::Verification(app, delivery.verification))
            .await
            .unwrap()
            .map(|loaded| loaded.version)
    });
    assert_eq!(answers.await, [Some(Version(1)); 16]);
}

/// A change that saw an older version is not written.
pub async fn a_stale_version_is_refused<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let first = start(store, app, 1, None).await;
    let stale = load(store, app, first.verification).await;
    assert_eq!(done(store, fixtures::touched(&stale, START)).await, Version(2));
    let change = fixtures::ended(&stale, first.verification, START, &fixtures::approved(START));
    assert_eq!(commit(store, change).await, Commit::Conflict);

    let mut future = load(store, app, first.verification).await;
    assert!(future.subject.verifications[0].is_pending());
    future.version = Version(future.version.0 + 1);
    assert_eq!(commit(store, fixtures::touched(&future, START)).await, Commit::Conflict);
    let unseen = fixtures::unseen(app, fixtures::subject_key(app, 2));
    let phantom = crate::Loaded { version: Version(1), ..unseen };
    assert_eq!(commit(store, fixtures::touched(&phantom, START)).await, Commit::Conflict);
}

/// Of two that see a phone for the first time, one makes it.
pub async fn a_new_subject_is_made_once<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let unseen = fixtures::unseen(app, fixtures::subject_key(app, 1));
    let commits = race(store, 16, |store, number| {
        let change = fixtures::started(&unseen, START, number, None);
        async move { commit(&store, change).await }
    })
    .await;
    assert_eq!(commits.iter().filter(|commit| **commit == Commit::Done(Version(1))).count(), 1);
    assert_eq!(commits.iter().filter(|commit| **commit == Commit::Conflict).count(), 15);
    assert_eq!(load_or_unseen(store, app, unseen.subject.key).await.subject.verifications.len(), 1);
}

/// Changes of one call happen one after the other, and are answered in their order.
pub async fn changes_of_one_call_see_each_other<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let unseen = fixtures::unseen(app, fixtures::subject_key(app, 1));
    let other = fixtures::unseen(app, fixtures::subject_key(app, 2));
    let first = fixtures::started(&unseen, START, 1, None);
    let stale = fixtures::started(&unseen, START, 2, None);
    let seen = crate::Loaded { subject: first.subject.clone(), version: Version(1) };
    let second = fixtures::started(&seen, START, 3, None);
    let beside = fixtures::started(&other, START, 4, None);
    assert_eq!(
        store.commit(vec![first, stale, second, beside]).await.unwrap(),
        [Commit::Done(Version(1)), Commit::Conflict, Commit::Done(Version(2)), Commit::Done(Version(1))]
    );
    assert_eq!(store.commit(Vec::new()).await.unwrap(), []);
}

/// Of a refused change nothing is there: no record, verification, delivery, event, cancellation.
pub async fn a_change_is_whole_or_not_at_all<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let delivery = start(store, app, 1, None).await;
    let mut stale = load(store, app, delivery.verification).await;
    stale.version = Version(0);
    let mut change = fixtures::ended(&stale, delivery.verification, START, &fixtures::approved(START));
    let more = fixtures::started(&stale, START, 2, None);
    change.verifications.extend(more.verifications);
    change.deliveries.extend(more.deliveries);
    change.events.extend(more.events);
    let before = load(store, app, delivery.verification).await;
    assert_eq!(commit(store, change).await, Commit::Conflict);

    assert_eq!(load(store, app, delivery.verification).await, before);
    assert_eq!(store.delivery(delivery.id).await.unwrap(), Some(delivery.clone()), "not canceled");
    assert_eq!(store.delivery(fixtures::delivery_id(START, 2)).await.unwrap(), None);
    assert_eq!(store.timeline(app, delivery.verification).await.unwrap().len(), 1);
    let second = fixtures::verification_id(START, 2);
    assert_eq!(store.timeline(app, second).await.unwrap(), []);
    assert_eq!(store.load(Lookup::Verification(app, second)).await.unwrap(), None);
}

/// Of many right guesses that saw the same version, one is approved (I1).
pub async fn a_code_is_consumed_once<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let id = start(store, app, 1, None).await.verification;
    let loaded = load(store, app, id).await;
    let commits = race(store, 32, |store, _| {
        let change = fixtures::ended(&loaded, id, START, &fixtures::approved(START));
        async move { commit(&store, change).await }
    })
    .await;
    assert_eq!(commits.iter().filter(|commit| matches!(commit, Commit::Done(_))).count(), 1);
    assert_eq!(commits.iter().filter(|commit| matches!(commit, Commit::Conflict)).count(), 31);
    let events = store.timeline(app, id).await.unwrap();
    assert_eq!(events.iter().filter(|event| event.kind == EventKind::Approved).count(), 1);
}

/// Whoever loads, steps and commits again after a conflict gets through, and nobody's step is lost (I2).
pub async fn racing_changes_lose_nothing<S: Handle>(store: &S) {
    const RACERS: u64 = 16;
    let app = fixtures::app(1);
    let id = start(store, app, 1, None).await.verification;
    race(store, RACERS, |store, _| async move {
        loop {
            let loaded = load(&store, app, id).await;
            let mut change = fixtures::touched(&loaded, START);
            change.subject.record.stranger_failures.add(START);
            if commit(&store, change).await != Commit::Conflict {
                break;
            }
        }
    })
    .await;
    let loaded = load(store, app, id).await;
    assert_eq!(loaded.version, Version(1 + RACERS));
    assert_eq!(u64::from(loaded.subject.record.stranger_failures.consecutive), RACERS);
}

/// A verification that ended is loaded when it is asked for, and only then.
pub async fn ended_verifications_stay_readable<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let id = start(store, app, 1, None).await.verification;
    let loaded = load(store, app, id).await;
    done(store, fixtures::ended(&loaded, id, START, &fixtures::canceled(START))).await;
    let asked = load(store, app, id).await;
    assert_eq!(asked.subject.verifications.len(), 1);
    assert_eq!(asked.subject.verifications[0].state, fixtures::canceled(START));
    let by_phone = load_or_unseen(store, app, asked.subject.key).await;
    assert_eq!((by_phone.version, by_phone.subject.verifications.len()), (Version(2), 0));
}

/// One app's verification, phone and timeline are nothing to another app (I10).
pub async fn apps_do_not_see_each_other<S: Handle>(store: &S) {
    let (ours, theirs) = (fixtures::app(1), fixtures::app(2));
    let delivery = start(store, ours, 1, None).await;
    let key = fixtures::subject_key(ours, 1);
    assert_eq!(store.load(Lookup::Verification(theirs, delivery.verification)).await.unwrap(), None);
    assert_eq!(store.load(Lookup::Subject(theirs, key)).await.unwrap(), None);
    assert_eq!(store.timeline(theirs, delivery.verification).await.unwrap(), []);
    assert_eq!(store.list(fixtures::listing(theirs)).await.unwrap().verifications, []);

    // Even a key that both use is two subjects.
    let unseen = fixtures::unseen(theirs, key);
    assert_eq!(done(store, fixtures::started(&unseen, START, 2, None)).await, Version(1));
    assert_eq!(load(store, ours, delivery.verification).await.subject.verifications.len(), 1);
    let mut listing = fixtures::listing(ours);
    listing.subject = Some(key);
    assert_eq!(store.list(listing).await.unwrap().verifications.len(), 1);
}
