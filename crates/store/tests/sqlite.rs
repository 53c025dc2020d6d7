//! What only the embedded store promises: files, restarts, crashes, full disks, backups.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use countersign_core::id::VerificationId;
use countersign_store::fixtures::{self, NODE, START};
use countersign_store::sqlite::{DATABASE, restore};
use countersign_store::{
    Change, Commit, Lookup, Setting, SettingKind, SqliteStore, Store, StoreError, Version,
};
use rusqlite::Connection;
use tokio::task::JoinSet;

mod scratch;

use scratch::Scratch;

fn first_start(number: u64) -> Change {
    let app = fixtures::app(1);
    let unseen = fixtures::unseen(app, fixtures::subject_key(app, number));
    fixtures::started(&unseen, START, number, Some(fixtures::lease(NODE, START)))
}

async fn start(store: &SqliteStore, number: u64) -> Result<VerificationId, StoreError> {
    let change = first_start(number);
    let id = change.verifications[0].id;
    assert_eq!(store.commit(vec![change]).await?, [Commit::Done(Version(1))]);
    Ok(id)
}

/// Whether verification, delivery and event are all there, or none; `None` when only a part is.
async fn whole(store: &SqliteStore, number: u64) -> Option<bool> {
    let app = fixtures::app(1);
    let id = fixtures::verification_id(START, number);
    let parts = [
        store.load(Lookup::Subject(app, fixtures::subject_key(app, number))).await.unwrap().is_some(),
        store.load(Lookup::Verification(app, id)).await.unwrap().is_some(),
        store.delivery(fixtures::delivery_id(START, number)).await.unwrap().is_some(),
        store.timeline(app, id).await.unwrap().len() == 1,
    ];
    parts.iter().all(|part| *part == parts[0]).then_some(parts[0])
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn copy_directory(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap().map(Result::unwrap) {
        // The shared-memory index is what a crash loses.
        if !file.file_name().to_string_lossy().ends_with("-shm") {
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}

/// Starts verifications from many tasks until told to stop, and gives the numbers that were answered.
async fn under_load<F: Future>(store: &SqliteStore, meanwhile: F) -> (F::Output, u64) {
    let stop = Arc::new(AtomicBool::new(false));
    let numbers = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let (store, stop, numbers) = (store.clone(), Arc::clone(&stop), Arc::clone(&numbers));
        tasks.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                start(&store, numbers.fetch_add(1, Ordering::Relaxed)).await.unwrap();
            }
        });
    }
    while numbers.load(Ordering::Relaxed) < 200 {
        tokio::task::yield_now().await;
    }
    let output = meanwhile.await;
    stop.store(true, Ordering::Relaxed);
    tasks.join_all().await;
    (output, numbers.load(Ordering::Relaxed))
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let directory = Scratch::new();
    for round in 0..3 {
        let store = SqliteStore::open(directory.path()).unwrap();
        for number in 0..round {
            assert_eq!(whole(&store, number).await, Some(true));
        }
        start(&store, round).await.unwrap();
        if round == 1 {
            store.close().await;
            assert!(matches!(start(&store, 99).await, Err(StoreError::Unavailable(_))), "closed is closed");
        }
    }
    assert!(!directory.path().join("countersign.db-wal").exists(), "a clean end leaves no log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn i4_what_was_answered_survives_a_kill() {
    let (directory, copy) = (Scratch::new(), Scratch::new());
    let store = SqliteStore::open(directory.path()).unwrap();
    let mut answered = Vec::new();
    for number in 1_000_000..1_000_040 {
        start(&store, number).await.unwrap();
        answered.push(number);
    }
    // As the disk is at this moment, in the middle of other writes.
    let ((), _) = under_load(&store, async { copy_directory(directory.path(), copy.path()) }).await;
    // Nobody closes this one: the process is gone.
    std::mem::forget(store);
    let recovered = SqliteStore::open(copy.path()).unwrap();
    for number in answered {
        assert_eq!(whole(&recovered, number).await, Some(true), "{number}");
    }
    for number in 0..500 {
        assert!(whole(&recovered, number).await.is_some(), "{number} is there in part");
    }
    start(&recovered, 2_000_000).await.unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let directory = Scratch::new();
    drop(SqliteStore::open(directory.path()).unwrap());
    let connection = Connection::open(directory.path().join(DATABASE)).unwrap();
    connection.pragma_update(None, "user_version", 999).unwrap();
    drop(connection);
    assert!(matches!(
        SqliteStore::open(directory.path()),
        Err(StoreError::NewerSchema { found: 999, known: 6 })
    ));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let directory = Scratch::new();
    fs::create_dir_all(directory.path()).unwrap();
    let text = "a letter to my mother, which is longer than the header of a database. ".repeat(20);
    fs::write(directory.path().join(DATABASE), &text).unwrap();
    assert!(matches!(SqliteStore::open(directory.path()), Err(StoreError::Corrupt(_))));
    assert_eq!(fs::read_to_string(directory.path().join(DATABASE)).unwrap(), text);
}

#[tokio::test]
async fn a_directory_has_one_user_at_a_time() {
    let directory = Scratch::new();
    let store = SqliteStore::open(directory.path()).unwrap();
    assert!(matches!(SqliteStore::open(directory.path()), Err(StoreError::InUse(_))));
    let backup = directory.path().join("backup");
    store.backup(&backup).await.unwrap();
    assert!(matches!(restore(&backup, directory.path()), Err(StoreError::InUse(_))));
    let handle = store.clone();
    drop(store);
    assert!(matches!(SqliteStore::open(directory.path()), Err(StoreError::InUse(_))), "a handle is left");
    handle.close().await;
    SqliteStore::open(directory.path()).unwrap();
}

#[tokio::test]
async fn nobody_else_can_read_it() {
    let parent = Scratch::new();
    let directory = parent.path().join("store");
    let store = SqliteStore::open(&directory).unwrap();
    start(&store, 1).await.unwrap();
    store.backup(&parent.path().join("backup")).await.unwrap();
    assert_eq!(mode(&directory), 0o700);
    for file in fs::read_dir(&directory).unwrap().map(Result::unwrap) {
        assert_eq!(mode(&file.path()), 0o600, "{:?}", file.path());
    }
    assert_eq!(mode(&parent.path().join("backup")), 0o600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_under_load_is_one_moment_and_can_be_restored() {
    let (directory, other) = (Scratch::new(), Scratch::new());
    let store = SqliteStore::open(directory.path()).unwrap();
    for number in 1_000_000..1_000_200 {
        start(&store, number).await.unwrap();
    }
    fs::create_dir_all(other.path()).unwrap();
    let backup = other.path().join("backup.db");
    let (written, last) = under_load(&store, store.backup(&backup)).await;
    written.unwrap();
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 1, "one file, nothing beside it");

    let into = other.path().join("restored");
    restore(&backup, &into).unwrap();
    let restored = SqliteStore::open(&into).unwrap();
    for number in 1_000_000..1_000_200 {
        assert_eq!(whole(&restored, number).await, Some(true), "{number}");
    }
    for number in 0..last {
        assert!(whole(&restored, number).await.is_some(), "{number} is there in part");
    }
    start(&restored, 2_000_000).await.unwrap();
    start(&store, 2_000_000).await.unwrap();
}

#[tokio::test]
async fn a_backup_overwrites_nothing() {
    let directory = Scratch::new();
    let store = SqliteStore::open(directory.path()).unwrap();
    let target = directory.path().join("backup");
    fs::write(&target, "mine").unwrap();
    assert!(matches!(store.backup(&target).await, Err(StoreError::Refused(_))));
    assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
    fs::remove_file(&target).unwrap();
    fs::write(directory.path().join("backup.partial"), "another's").unwrap();
    assert!(matches!(store.backup(&target).await, Err(StoreError::Refused(_))));
    assert!(matches!(
        store.backup(&directory.path().join("no such directory/backup")).await,
        Err(StoreError::Unavailable(_))
    ));
    start(&store, 1).await.unwrap();
}

#[tokio::test]
async fn a_restore_needs_a_backup_and_an_empty_place() {
    let (directory, empty) = (Scratch::new(), Scratch::new());
    let store = SqliteStore::open(directory.path()).unwrap();
    start(&store, 1).await.unwrap();
    let backup = directory.path().join("backup");
    store.backup(&backup).await.unwrap();
    store.close().await;

    let database = fs::read(directory.path().join(DATABASE)).unwrap();
    assert!(matches!(restore(&backup, directory.path()), Err(StoreError::Refused(_))));
    assert_eq!(fs::read(directory.path().join(DATABASE)).unwrap(), database, "left alone");

    let lines = directory.path().join("text");
    fs::write(&lines, "no database ".repeat(1000)).unwrap();
    assert!(restore(&lines, empty.path()).is_err());
    let theirs = directory.path().join("theirs");
    Connection::open(&theirs).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    assert!(matches!(restore(&theirs, empty.path()), Err(StoreError::Refused(_))));
    fs::write(&theirs, "").unwrap();
    assert!(matches!(restore(&theirs, empty.path()), Err(StoreError::Refused(_))));
    assert!(restore(&directory.path().join("missing"), empty.path()).is_err());

    let mut damaged = fs::read(&backup).unwrap();
    let pages = damaged.len() / 4096;
    for page in 2..pages {
        damaged[page * 4096..page * 4096 + 200].fill(0xEE);
    }
    fs::write(&theirs, &damaged).unwrap();
    let refused = restore(&theirs, empty.path());
    assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{refused:?}");
    assert!(!empty.path().join(DATABASE).exists(), "nothing is left of all these");
    assert!(!empty.path().join("countersign.db.partial").exists());
    restore(&backup, empty.path()).unwrap();
    assert_eq!(whole(&SqliteStore::open(empty.path()).unwrap(), 1).await, Some(true));
}

#[tokio::test]
async fn a_newer_backup_is_refused() {
    let (directory, empty) = (Scratch::new(), Scratch::new());
    let store = SqliteStore::open(directory.path()).unwrap();
    let backup = directory.path().join("backup");
    store.backup(&backup).await.unwrap();
    Connection::open(&backup).unwrap().pragma_update(None, "user_version", 7).unwrap();
    assert!(matches!(restore(&backup, empty.path()), Err(StoreError::NewerSchema { found: 7, .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_log_stays_bounded_under_load() {
    const MIB: u64 = 1 << 20;
    let directory = Scratch::new();
    let store = SqliteStore::open(directory.path()).unwrap();
    // Large records fill the log fast; each is another one, or its pages would not be written.
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let store = store.clone();
        tasks.spawn(async move {
            let mut longest = 0;
            for version in 0..250_u64 {
                let body = format!("{version:08}").repeat(1 << 15);
                let setting = Setting { id: format!("{task}"), version: Version(version), body };
                assert!(store.put_setting(SettingKind::App, setting).await.unwrap());
                longest = store.stats().wal_bytes.max(longest);
            }
            longest
        });
    }
    let longest = tasks.join_all().await.into_iter().max().unwrap();
    assert!(longest > 16 * MIB, "the test wrote 500 MiB, the log never had more than {longest} bytes");
    assert!(longest <= 256 * MIB, "the log has grown to {} MiB", longest / MIB);
}

#[tokio::test]
async fn a_broken_file_stops_the_store_for_good() {
    let directory = Scratch::new();
    drop({
        let store = SqliteStore::open(directory.path()).unwrap();
        for number in 0..300 {
            start(&store, number).await.unwrap();
        }
        store
    });
    let database = directory.path().join(DATABASE);
    let store = SqliteStore::open(directory.path()).unwrap();
    // The pages behind the schema become rubbish underneath the running store.
    let mut bytes = fs::read(&database).unwrap();
    bytes[4096..].fill(0xEE);
    fs::write(&database, bytes).unwrap();
    assert!(start(&store, 1_000).await.is_err());
    assert!(store.failure().is_some());
    // Nothing is tried again: neither writes nor reads, though some pages are still in memory.
    let put = Setting { id: "a".to_owned(), version: Version(0), body: "{}".to_owned() };
    assert!(matches!(store.put_setting(SettingKind::App, put).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.settings(SettingKind::App).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.backup(&directory.path().join("b")).await, Err(StoreError::Unavailable(_))));
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_bad_request_does_not_spoil_the_batch() {
    let directory = Scratch::new();
    let store = SqliteStore::open(directory.path()).unwrap();
    start(&store, 0).await.unwrap();
    let mut tasks = JoinSet::new();
    for number in 1..60 {
        let store = store.clone();
        tasks.spawn(async move {
            let mut change = first_start(number);
            if number % 10 == 0 {
                // A delivery id that is taken: no store can write this.
                change.deliveries[0].delivery.id = fixtures::delivery_id(START, 0);
            }
            (number, store.commit(vec![change]).await)
        });
    }
    for (number, answer) in tasks.join_all().await {
        let id = fixtures::verification_id(START, number);
        let there = store.load(Lookup::Verification(fixtures::app(1), id)).await.unwrap().is_some();
        assert_eq!(answer.is_ok(), number % 10 != 0, "{number}");
        assert_eq!(there, number % 10 != 0, "{number}");
    }
    assert_eq!(store.failure().map(|failure| failure.to_string()), None);
}
