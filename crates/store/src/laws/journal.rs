//! Laws about the journal of the guards.

use std::time::Duration;

use super::{Handle, commit, done};
use crate::fixtures::{self, START};
use crate::{Change, Commit, JOURNAL_KEPT, JournalPosition, Version};

fn recorded(number: u64, from: u8) -> Change {
    let app = fixtures::app(1);
    let unseen = fixtures::unseen(app, fixtures::subject_key(app, number));
    let journal = (from..from + 2).map(|number| fixtures::journal_record(app, START, number)).collect();
    Change { journal, ..fixtures::touched(&unseen, START) }
}

async fn numbers<S: Handle>(store: &S, after: JournalPosition, limit: usize) -> Vec<u8> {
    let read = store.journal(after, limit).await.unwrap();
    read.into_iter().map(|(_, record)| record.entry.0.nonce[0]).collect()
}

/// What was committed is read in the order of the commits, from any position on.
pub async fn the_journal_keeps_the_order_of_commits<S: Handle>(store: &S) {
    assert_eq!(store.journal(JournalPosition::default(), 10).await.unwrap(), []);
    done(store, recorded(1, 1)).await;
    done(store, recorded(2, 3)).await;
    assert_eq!(numbers(store, JournalPosition::default(), 10).await, [1, 2, 3, 4]);
    let first = store.journal(JournalPosition::default(), 3).await.unwrap();
    assert_eq!(first.len(), 3);
    assert_eq!(first[0].1, fixtures::journal_record(fixtures::app(1), START, 1));
    assert_eq!(numbers(store, first[2].0, 10).await, [4]);
}

/// A change that did not happen leaves nothing in the journal.
pub async fn a_refused_change_is_not_in_the_journal<S: Handle>(store: &S) {
    done(store, recorded(1, 1)).await;
    let stale = Change { expected: Version(0), ..recorded(1, 3) };
    assert_eq!(commit(store, stale).await, Commit::Conflict);
    assert_eq!(numbers(store, JournalPosition::default(), 10).await, [1, 2]);
}

/// What no window reaches any more is dropped, and what comes later goes on after it.
pub async fn an_old_journal_is_purged<S: Handle>(store: &S) {
    done(store, recorded(1, 1)).await;
    let later = START.plus(JOURNAL_KEPT).plus(Duration::from_secs(1));
    let last = store.journal(JournalPosition::default(), 10).await.unwrap()[1].0;
    assert_eq!(store.purge(START.plus(JOURNAL_KEPT), 10).await.unwrap(), 0);
    assert_eq!(store.purge(later, 10).await.unwrap(), 2);
    assert_eq!(store.journal(JournalPosition::default(), 10).await.unwrap(), []);
    done(store, recorded(2, 3)).await;
    assert_eq!(numbers(store, last, 10).await, [3, 4], "who had read on before misses nothing");
}
