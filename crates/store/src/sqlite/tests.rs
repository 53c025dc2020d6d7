//! What can be tested only from inside: disks that are full.

use std::path::PathBuf;

use rusqlite::Connection;

use super::fault::Fault;
use super::work::Work;
use super::*;
use crate::fixtures::{self, START};
use crate::{Commit, Version};

/// Lets the database have this many pages more than it has; none: as many as it likes.
struct Room(Option<u32>);

impl Work for Room {
    type Output = ();

    fn run(&self, connection: &Connection) -> Result<(), Fault> {
        let pages: u32 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        let most = self.0.map_or(u32::MAX - 1, |room| pages + room);
        let _: i64 =
            connection.query_row(&format!("PRAGMA max_page_count = {most}"), [], |row| row.get(0))?;
        Ok(())
    }
}

fn scratch(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("countersign-store-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    path
}

fn first_start(number: u64) -> Change {
    let app = fixtures::app(1);
    let unseen = fixtures::unseen(app, fixtures::subject_key(app, number));
    let mut change = fixtures::started(&unseen, START, number, None);
    change.reservation = fixtures::reservation(number, 0, 1000, START);
    change
}

/// What is there of a start: subject, verification, delivery, event.
async fn parts(store: &SqliteStore, number: u64) -> [bool; 4] {
    let app = fixtures::app(1);
    let id = fixtures::verification_id(START, number);
    [
        store.load(Lookup::Subject(app, fixtures::subject_key(app, number))).await.unwrap().is_some(),
        store.load(Lookup::Verification(app, id)).await.unwrap().is_some(),
        store.delivery(fixtures::delivery_id(START, number)).await.unwrap().is_some(),
        !store.timeline(app, id).await.unwrap().is_empty(),
    ]
}

#[tokio::test]
async fn a_full_disk_refuses_whole_changes_and_passes() {
    let path = scratch("full");
    let store = SqliteStore::open(&path).unwrap();
    store.inner.writes.run(Room(Some(3))).await.unwrap();
    let mut refused = Vec::new();
    for number in 0..60 {
        match store.commit(vec![first_start(number)]).await {
            Ok(commits) => {
                assert_eq!(commits, [Commit::Done(Version(1))]);
                assert_eq!(parts(&store, number).await, [true; 4]);
            }
            Err(StoreError::Unavailable(_)) => {
                assert_eq!(parts(&store, number).await, [false; 4], "{number} is there in part");
                refused.push(number);
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!((1..60).contains(&refused.len()), "{refused:?}");
    assert!(store.failure().is_none(), "a full disk is nothing that a restart mends");
    store.inner.writes.run(Room(None)).await.unwrap();
    for number in refused {
        assert_eq!(store.commit(vec![first_start(number)]).await.unwrap(), [Commit::Done(Version(1))]);
        assert_eq!(parts(&store, number).await, [true; 4]);
    }
    drop(store);
    std::fs::remove_dir_all(&path).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_disk_fails_everybody_in_the_batch_and_keeps_nothing_of_it() {
    let path = scratch("full-batch");
    let store = SqliteStore::open(&path).unwrap();
    store.inner.writes.run(Room(Some(8))).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..200 {
        let store = store.clone();
        tasks.spawn(async move { (number, store.commit(vec![first_start(number)]).await.is_ok()) });
    }
    let answers = tasks.join_all().await;
    assert!(answers.iter().any(|(_, done)| !done));
    for (number, done) in answers {
        assert_eq!(parts(&store, number).await, [done; 4], "{number}");
    }
    drop(store);
    std::fs::remove_dir_all(&path).unwrap();
}

/// Panics where it is run.
struct Panics;

impl Work for Panics {
    type Output = ();

    fn run(&self, _connection: &Connection) -> Result<(), Fault> {
        panic!("as a bug would");
    }
}

#[tokio::test]
async fn a_dead_writer_is_no_silent_one() {
    let path = scratch("dead");
    let store = SqliteStore::open(&path).unwrap();
    assert!(store.inner.writes.run(Panics).await.is_err());
    assert!(matches!(store.commit(vec![first_start(1)]).await, Err(StoreError::Unavailable(_))));
    let by_phone = Lookup::Subject(fixtures::app(1), fixtures::subject_key(fixtures::app(1), 1));
    assert!(matches!(store.load(by_phone).await, Err(StoreError::Unavailable(_))));
    assert!(store.failure().is_some());
    drop(store);
    assert!(SqliteStore::open(&path).is_ok(), "the directory is free again");
    std::fs::remove_dir_all(&path).unwrap();
}
