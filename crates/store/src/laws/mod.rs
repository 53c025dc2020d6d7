//! What every store must obey, as plain functions: one law, one sentence, one test for each backend.
//!
//! A law takes an empty store and panics when the store breaks it. [`obeys_the_laws!`] makes a test
//! of each law:
//!
//! ```ignore
//! countersign_store::obeys_the_laws!(memory: (MemoryStore::new(), ()));
//! ```
//!
//! [`obeys_the_laws!`]: crate::obeys_the_laws

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a law says that it is broken by panicking"
)]

pub mod deliveries;
pub mod funnel;
pub mod journal;
pub mod limits;
pub mod reads;
pub mod subjects;
pub mod upkeep;

use std::future::Future;
use std::sync::Arc;

use countersign_core::delivery::Delivery;
use countersign_core::id::{AppId, VerificationId};
use countersign_core::subject::SubjectKey;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::{Change, Commit, Loaded, Lookup, Store, Version, fixtures};

/// A store that many tasks can use at once, each through a handle of its own.
pub trait Handle: Store + Clone + 'static {}

impl<S: Store + Clone + 'static> Handle for S {}

/// Makes a module `$backend` with a test of every law. `$open` gives an empty store and something to
/// hold while the test runs, such as its directory.
#[macro_export]
macro_rules! obeys_the_laws {
    ($backend:ident: $open:expr) => {
        mod $backend {
            #[allow(unused_imports, clippy::allow_attributes, reason = "what $open names")]
            use super::*;
            $crate::obeys_the_laws! { @tests $open;
                subjects:
                    an_unseen_subject_is_not_there,
                    what_was_committed_is_loaded,
                    every_state_survives,
                    a_subject_is_found_by_its_verification,
                    an_answer_holds_for_every_handle,
                    a_stale_version_is_refused,
                    a_new_subject_is_made_once,
                    changes_of_one_call_see_each_other,
                    a_change_is_whole_or_not_at_all,
                    a_code_is_consumed_once,
                    racing_changes_lose_nothing,
                    ended_verifications_stay_readable,
                    apps_do_not_see_each_other;
                limits:
                    a_limit_holds_exactly_at_its_maximum,
                    an_exceeded_change_writes_nothing,
                    a_conflicting_change_takes_nothing_from_limits,
                    a_limit_is_never_exceeded_by_racing_reservations,
                    all_limits_of_a_reservation_must_hold,
                    a_limit_sums_its_slots_and_no_others,
                    changes_of_one_call_see_each_others_counts;
                deliveries:
                    a_delivery_without_a_lease_is_leased_at_once,
                    every_channel_survives,
                    a_delivery_is_not_leased_before_it_is_due,
                    a_live_lease_is_not_claimed,
                    a_lost_lease_is_claimed_again_and_counts_one_unknown,
                    a_delivery_is_leased_by_one_node_only,
                    those_that_wait_longest_are_leased_first,
                    feedback_stands_in_front_of_no_message,
                    an_expired_delivery_is_leased_so_that_it_can_end,
                    a_settled_delivery_is_not_leased,
                    a_retry_is_leased_when_it_is_due,
                    a_settlement_after_a_lost_lease_leaves_the_state_alone,
                    an_accepted_submission_is_recorded_even_if_its_lease_was_lost,
                    an_accepted_submission_is_recorded_even_if_it_was_canceled,
                    submissions_and_unknowns_never_fall,
                    canceled_deliveries_are_not_leased,
                    cancellation_touches_the_named_deliveries_alone,
                    a_reference_finds_its_delivery_unless_it_is_ambiguous,
                    cancellation_spares_other_verifications_and_finished_deliveries,
                    a_notice_is_leased_taken_over_and_settled,
                    the_end_of_a_verification_spares_its_notice,
                    a_settlement_of_an_unknown_delivery_keeps_its_events;
                reads:
                    overdue_verifications_are_found_oldest_first,
                    a_step_that_is_due_wakes_its_verification_until_it_is_taken,
                    pages_are_newest_first_and_complete,
                    a_page_has_only_what_was_asked_for,
                    a_timeline_keeps_the_order_of_writing,
                    a_timeline_is_bounded;
                funnel:
                    figures_of_a_funnel_add_up,
                    figures_of_a_funnel_can_be_moved,
                    a_funnel_has_only_what_was_asked_for,
                    racing_additions_to_a_funnel_lose_nothing,
                    a_purge_drops_old_days_of_a_funnel;
                journal:
                    the_journal_keeps_the_order_of_commits,
                    a_refused_change_is_not_in_the_journal,
                    an_old_journal_is_purged;
                upkeep:
                    idempotency_keys_are_claimed_once_and_expire,
                    idempotency_keys_of_two_apps_are_two,
                    racing_claims_have_one_winner,
                    a_setting_is_written_only_over_the_version_that_was_read,
                    racing_settings_have_one_winner,
                    settings_of_a_kind_are_complete,
                    a_purge_drops_only_what_is_expired,
                    a_purge_drops_no_more_than_asked,
                    conflicts_and_batches_are_counted;
            }
        }
    };
    (@tests $open:expr; $($group:ident: $($law:ident),+;)+) => {$($(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $law() {
            let (store, _held) = $open;
            $crate::laws::$group::$law(&store).await;
        }
    )+)+};
}

async fn load_or_unseen(store: &impl Store, app: AppId, key: SubjectKey) -> Loaded {
    let loaded = store.load(Lookup::Subject(app, key)).await.unwrap();
    loaded.unwrap_or_else(|| fixtures::unseen(app, key))
}

async fn load(store: &impl Store, app: AppId, id: VerificationId) -> Loaded {
    store.load(Lookup::Verification(app, id)).await.unwrap().unwrap()
}

async fn commit(store: &impl Store, change: Change) -> Commit {
    let commits = store.commit(vec![change]).await.unwrap();
    assert_eq!(commits.len(), 1, "one change, one answer");
    commits[0]
}

async fn done(store: &impl Store, change: Change) -> Version {
    match commit(store, change).await {
        Commit::Done(version) => version,
        other => panic_with(&other),
    }
}

#[expect(clippy::panic, reason = "a law says that it is broken by panicking")]
fn panic_with(commit: &Commit) -> ! {
    panic!("expected the change to be taken, not {commit:?}")
}

/// Starts verification `number` of phone `number` and gives its delivery.
async fn start(store: &impl Store, app: AppId, number: u64, lease: Option<crate::Lease>) -> Delivery {
    let loaded = load_or_unseen(store, app, fixtures::subject_key(app, number)).await;
    let change = fixtures::started(&loaded, fixtures::START, number, lease);
    let delivery = change.deliveries[0].delivery.clone();
    done(store, change).await;
    delivery
}

/// Runs `count` tasks at once, each with a handle of its own and its number, and gives their answers.
async fn race<S, F, Fut>(store: &S, count: u64, run: F) -> Vec<Fut::Output>
where
    S: Handle,
    F: Fn(S, u64) -> Fut,
    Fut: Future<Output: Send + 'static> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(usize::try_from(count).unwrap()));
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let (racer, barrier) = (run(store.clone(), number), Arc::clone(&barrier));
        tasks.spawn(async move {
            barrier.wait().await;
            racer.await
        });
    }
    tasks.join_all().await
}
