//! Laws about listings, timelines and what is overdue.

use std::sync::Arc;
use std::time::Duration;

use countersign_core::event::EventKind;
use countersign_core::id::VerificationId;
use countersign_core::purpose::Purpose;
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_core::verification::{Channel, Status};
use countersign_core::workflow::Workflow;

use super::{Handle, done, load, load_or_unseen, start};
use crate::fixtures::{self, LIFE, START};
use crate::{Change, Listing, MAX_TIMELINE, Overdue};

const MOMENT: Duration = Duration::from_millis(1);

fn at(number: u64) -> Timestamp {
    START.plus(MOMENT * u32::try_from(number).unwrap())
}

/// What is pending beyond its time is found, and nothing else.
pub async fn overdue_verifications_are_found_oldest_first<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    for number in [3, 1, 4, 2] {
        let unseen = fixtures::unseen(app, fixtures::subject_key(app, number));
        done(store, fixtures::started(&unseen, at(number), number, None)).await;
    }
    let ended = fixtures::verification_id(at(2), 2);
    let loaded = load(store, app, ended).await;
    done(store, fixtures::ended(&loaded, ended, at(2), &fixtures::approved(at(2)))).await;

    let overdue = |number| Overdue {
        app,
        subject: fixtures::subject_key(app, number),
        verification: fixtures::verification_id(at(number), number),
    };
    assert_eq!(store.overdue(at(1).plus(LIFE).minus(MOMENT), 10).await.unwrap(), []);
    assert_eq!(store.overdue(at(3).plus(LIFE), 10).await.unwrap(), [overdue(1), overdue(3)]);
    assert_eq!(store.overdue(at(9).plus(LIFE), 2).await.unwrap(), [overdue(1), overdue(3)]);
    assert_eq!(store.overdue(at(9).plus(LIFE), 10).await.unwrap(), [overdue(1), overdue(3), overdue(4)]);
}

/// A workflow's next step is work as the end of a life is: durable, found by every handle, and done once it
/// is taken or the verification has ended.
pub async fn a_step_that_is_due_wakes_its_verification_until_it_is_taken<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let id = start(store, app, 1, None).await.verification;
    let found = Overdue { app, subject: fixtures::subject_key(app, 1), verification: id };
    let workflow = |next_at| {
        let steps = vec![Channel::WhatsApp.into(), Channel::Sms.into()];
        Some(Workflow { steps, taken: 1, next_at })
    };
    for next_at in [Some(at(5)), Some(at(7)), None] {
        let loaded = load(store, app, id).await;
        let mut verification = loaded.subject.verification(id).unwrap().clone();
        verification.workflow = workflow(next_at);
        let verifications = vec![Arc::new(verification)];
        done(store, Change { verifications, ..fixtures::touched(&loaded, START) }).await;
        let wakes_at = next_at.unwrap_or(START.plus(LIFE));
        assert_eq!(store.overdue(wakes_at.minus(MOMENT), 10).await.unwrap(), []);
        assert_eq!(store.overdue(wakes_at, 10).await.unwrap(), [found]);
        assert_eq!(load(store, app, id).await.subject.verification(id).unwrap().workflow, workflow(next_at));
    }
    let loaded = load(store, app, id).await;
    done(store, fixtures::ended(&loaded, id, at(1), &fixtures::approved(at(1)))).await;
    assert_eq!(store.overdue(START.plus(2 * LIFE), 10).await.unwrap(), []);
}

/// Page after page gives each verification once, the newest first.
pub async fn pages_are_newest_first_and_complete<S: Handle>(store: &S) {
    let (app, other) = (fixtures::app(1), fixtures::app(2));
    for number in 0..23 {
        let unseen = fixtures::unseen(app, fixtures::subject_key(app, number % 5));
        let loaded = load_or_unseen(store, app, unseen.subject.key).await;
        // Several in one millisecond.
        done(store, fixtures::started(&loaded, at(number / 3), number, None)).await;
    }
    start(store, other, 99, None).await;
    let mut expected: Vec<VerificationId> =
        (0..23).map(|number| fixtures::verification_id(at(number / 3), number)).collect();
    expected.reverse();
    for limit in [1, 7, 22, 23, 24, 100] {
        let mut found = Vec::new();
        let mut listing = Listing { limit, ..fixtures::listing(app) };
        loop {
            let page = store.list(listing.clone()).await.unwrap();
            assert!(page.verifications.len() == limit || !page.more, "a page is full unless it is the last");
            found.extend(page.verifications.iter().map(|verification| verification.id));
            listing.after = found.last().copied();
            assert!(found.len() <= expected.len(), "a page repeats what was shown: {found:?}");
            if !page.more {
                break;
            }
        }
        assert_eq!(found, expected, "in pages of {limit}");
    }
    let none = Listing { limit: 0, ..fixtures::listing(app) };
    assert_eq!(store.list(none).await.unwrap().verifications.len(), 1, "at least one");
}

/// Each filter lets through what it names; together they let through what all of them name.
pub async fn a_page_has_only_what_was_asked_for<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    for number in 0..12 {
        let loaded = load_or_unseen(store, app, fixtures::subject_key(app, number % 3)).await;
        let mut change = fixtures::started(&loaded, at(number), number, None);
        let verification = Arc::make_mut(&mut change.verifications[0]);
        if number % 2 == 1 {
            verification.purpose = Purpose::Login;
        }
        if number % 4 == 0 {
            verification.state = fixtures::approved(START);
            change.subject.record.live.pop();
        }
        if number == 11 {
            verification.mode = Mode::Test;
        }
        done(store, change).await;
    }
    let all = fixtures::listing(app);
    let numbers = async |listing: Listing| -> Vec<u64> {
        let page = store.list(listing).await.unwrap();
        let number = |id: VerificationId| id.created_at().since(START).as_millis().try_into().unwrap();
        page.verifications.iter().map(|verification| number(verification.id)).collect()
    };
    let third = Some(fixtures::subject_key(app, 2));
    assert_eq!(numbers(Listing { mode: Mode::Test, ..all.clone() }).await, [11]);
    assert_eq!(numbers(Listing { status: Some(Status::Approved), ..all.clone() }).await, [8, 4, 0]);
    assert_eq!(numbers(Listing { status: Some(Status::Denied), ..all.clone() }).await, [0; 0]);
    assert_eq!(numbers(Listing { purpose: Some(Purpose::Login), ..all.clone() }).await, [9, 7, 5, 3, 1]);
    assert_eq!(numbers(Listing { subject: third, ..all.clone() }).await, [8, 5, 2]);
    assert_eq!(numbers(Listing { subject: third, limit: 2, ..all.clone() }).await, [8, 5]);
    assert_eq!(numbers(Listing { created_from: Some(at(9)), ..all.clone() }).await, [10, 9]);
    assert_eq!(numbers(Listing { created_before: Some(at(2)), ..all.clone() }).await, [1, 0]);
    let far = Timestamp::from_millis(i64::MAX);
    let ever = Listing {
        created_from: Some(Timestamp::EPOCH.minus(MOMENT)),
        created_before: Some(far),
        ..all.clone()
    };
    assert_eq!(numbers(ever).await.len(), 11);
    let after = Some(fixtures::verification_id(at(8), 8));
    let narrow = Listing {
        status: Some(Status::Pending),
        purpose: Some(Purpose::Payment),
        subject: third,
        created_from: Some(at(1)),
        created_before: Some(at(9)),
        after,
        ..all
    };
    assert_eq!(numbers(narrow).await, [2]);
}

/// Two events of one moment stay in the order in which they were written.
pub async fn a_timeline_keeps_the_order_of_writing<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let id = start(store, app, 1, None).await.verification;
    start(store, app, 2, None).await;
    let loaded = load(store, app, id).await;
    let mut change = fixtures::touched(&loaded, START);
    let kinds =
        [EventKind::CheckIncorrect { attempts_remaining: 0 }, EventKind::Exhausted, EventKind::PhoneDisabled];
    change.events.extend(kinds.iter().map(|kind| fixtures::event(app, id, START, kind.clone())));
    let written = change.events.clone();
    done(store, change).await;
    let timeline = store.timeline(app, id).await.unwrap();
    assert_eq!(timeline.len(), 4);
    assert_eq!(timeline[1..], written);
}

/// A long timeline is cut after its first thousand events, and not before.
pub async fn a_timeline_is_bounded<S: Handle>(store: &S) {
    let app = fixtures::app(1);
    let id = start(store, app, 1, None).await.verification;
    let loaded = load(store, app, id).await;
    let mut change = fixtures::touched(&loaded, START);
    let kind = |number| EventKind::CheckIncorrect { attempts_remaining: u8::try_from(number % 200).unwrap() };
    change.events.extend((1..MAX_TIMELINE + 5).map(|number| fixtures::event(app, id, START, kind(number))));
    let written = change.events.clone();
    done(store, change).await;
    let timeline = store.timeline(app, id).await.unwrap();
    assert_eq!(timeline.len(), MAX_TIMELINE);
    assert_eq!(timeline[1..], written[..MAX_TIMELINE - 1]);
}
