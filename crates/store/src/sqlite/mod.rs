//! The embedded store: SQLite in one directory, nothing else to install.
//!
//! One thread writes; it takes what has queued up, commits it as one transaction with one fsync and
//! answers everybody (`writer`). Two threads read beside it: one serves the look-ups on the path of
//! a request, the other listings and other walks, so that a long one delays no check. Another thread
//! checkpoints (`checkpoint`).

mod backup;
mod checkpoint;
mod commit;
mod deliveries;
mod directory;
mod fault;
mod funnel;
mod journal;
mod listing;
mod load;
mod reader;
mod schema;
#[cfg(test)]
mod tests;
mod upkeep;
mod work;
mod writer;

pub use backup::restore;
pub use directory::DATABASE;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use countersign_core::delivery::Delivery;
use countersign_core::event::Event;
use countersign_core::funnel::FunnelCount;
use countersign_core::id::{AppId, DeliveryId, VerificationId};
use countersign_core::time::Timestamp;
use rusqlite::Connection;
use tokio::sync::oneshot;

use self::directory::Directory;
use self::work::{BackupJob, Failure, Message, Queue};
use self::writer::{Figures, Writer};
use crate::{
    Change, Commit, FunnelQuery, IdempotencyRecord, JournalPosition, JournalRecord, LeaseLimits, Leased,
    Listing, Loaded, Lookup, NodeId, Overdue, Page, Reserved, Setting, SettingKind, Settled, Settlement,
    Stats, Store, StoreError,
};

/// Requests that may wait for a thread; who comes then waits outside.
const QUEUE_LENGTH: usize = 1024;

/// A store in a directory. Clones are handles to the same store; it closes when the last one goes,
/// or by [`SqliteStore::close`].
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

// The order of the fields is the order of their end: the readers' queues close and the readers end,
// then the writer ends and checkpoints, and at last the directory is let go.
struct Inner {
    look_ups: Queue,
    walks: Queue,
    readers: Threads,
    writes: Queue,
    writer: Threads,
    directory: Mutex<Option<Directory>>,
    log: PathBuf,
    figures: Arc<Figures>,
    conflicts: AtomicU64,
    sweeps: Arc<Mutex<upkeep::Sweeps>>,
    failure: Failure,
}

/// Threads that are waited for when the value goes.
struct Threads(Mutex<Vec<JoinHandle<()>>>);

impl Threads {
    fn new(threads: Vec<JoinHandle<()>>) -> Self {
        Threads(Mutex::new(threads))
    }

    fn take(&self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        join(self.take());
    }
}

fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        // A thread that panicked has stopped the store and said so.
        let _ = thread.join();
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map_err(|error| StoreError::Unavailable(format!("cannot start a thread: {error}")))
}

impl SqliteStore {
    /// Opens the store in `directory`, making both if they are missing. Nobody but the owner can
    /// read what it makes. Blocks; needs no runtime.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        schema::check_library()?;
        let directory = Directory::take(directory)?;
        directory.make_database()?;
        let database = directory.database();
        let mut connection = schema::open_writer(&database)?;
        schema::migrate(&mut connection)?;
        Self::start(directory, connection)
    }

    fn start(directory: Directory, connection: Connection) -> Result<Self, StoreError> {
        let failure = Failure::default();
        let database = directory.database();
        let reader = |name: &str| {
            let (queue, inbox) = work::queue(QUEUE_LENGTH);
            let connection = schema::open_reader(&database)?;
            let failure = failure.clone();
            let thread = spawn(name, move || reader::run(&connection, inbox, &failure))?;
            Ok::<_, StoreError>((queue, thread))
        };
        let (look_ups, look_up_thread) = reader("store-look-up")?;
        let (walks, walk_thread) = reader("store-walk")?;
        let writer = Writer::new(connection, &database, failure.clone())?;
        let figures = writer.figures();
        let (write_queue, inbox) = work::queue(QUEUE_LENGTH);
        let writer_thread = spawn("store-write", move || writer.run(inbox))?;
        Ok(SqliteStore {
            inner: Arc::new(Inner {
                look_ups,
                walks,
                readers: Threads::new(vec![look_up_thread, walk_thread]),
                writes: write_queue,
                writer: Threads::new(vec![writer_thread]),
                log: directory.log(),
                directory: Mutex::new(Some(directory)),
                figures,
                conflicts: AtomicU64::new(0),
                sweeps: Arc::default(),
                failure,
            }),
        })
    }

    /// Writes a backup to `target` while work goes on: one file, whole, synced, readable by its owner
    /// alone. Refuses to overwrite. The keys are kept apart and are not in it.
    pub async fn backup(&self, target: &Path) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.inner.writes.send(Message::BackUp(BackupJob { target: target.to_owned(), reply })).await?;
        answer.await.map_err(|_| StoreError::Unavailable("it was closed during the backup".to_owned()))?
    }

    /// Finishes what has been asked for, moves the log into the database and lets go of the
    /// directory. Every later call answers [`StoreError::Unavailable`]. Dropping the last handle does
    /// the same, but blocks.
    pub async fn close(&self) {
        let inner = Arc::clone(&self.inner);
        for (queues, threads) in
            [(vec![&inner.look_ups, &inner.walks], &inner.readers), (vec![&inner.writes], &inner.writer)]
        {
            for queue in queues {
                // An error means that it has ended before.
                let _ = queue.send(Message::Close).await;
            }
            let threads = threads.take();
            if tokio::task::spawn_blocking(move || join(threads)).await.is_err() {
                tracing::warn!("the store's threads were not waited for");
            }
        }
        drop(inner.directory.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Why the store has stopped for good, if it has: after a failed write or fsync it never
    /// continues, and the process should end.
    pub fn failure(&self) -> Option<StoreError> {
        self.inner.failure.reason()
    }
}

impl Store for SqliteStore {
    async fn load(&self, lookup: Lookup) -> Result<Option<Loaded>, StoreError> {
        let found = self.inner.look_ups.run(load::LoadWork(lookup)).await?;
        found.map(load::Found::read).transpose()
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<Vec<Commit>, StoreError> {
        let commits = self.inner.writes.run(commit::CommitWork::prepare(changes)?).await?;
        let conflicts = commits.iter().filter(|commit| matches!(commit, Commit::Conflict)).count();
        self.inner.conflicts.fetch_add(conflicts as u64, Ordering::Relaxed);
        Ok(commits)
    }

    async fn reserve_idempotency(
        &self,
        record: IdempotencyRecord,
        now: Timestamp,
    ) -> Result<Reserved, StoreError> {
        self.inner.writes.run(upkeep::ReserveWork { record, now }).await
    }

    async fn lease_due(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: Duration,
        limits: LeaseLimits,
    ) -> Result<Vec<Leased>, StoreError> {
        self.inner.writes.run(deliveries::LeaseWork { node, now, lease, limits }).await
    }

    async fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<Settled>, StoreError> {
        self.inner.writes.run(deliveries::SettleWork::prepare(settlements)?).await
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        self.inner.look_ups.run(deliveries::DeliveryWork(id)).await
    }

    async fn delivery_by_reference(
        &self,
        provider: String,
        reference: String,
    ) -> Result<Option<Delivery>, StoreError> {
        self.inner.look_ups.run(deliveries::ReferenceWork { provider, reference }).await
    }

    async fn overdue(&self, now: Timestamp, limit: usize) -> Result<Vec<Overdue>, StoreError> {
        self.inner.walks.run(listing::OverdueWork { now, limit }).await
    }

    async fn list(&self, listing: Listing) -> Result<Page, StoreError> {
        let size = listing.page_size();
        let records = self.inner.walks.run(listing::ListWork(listing)).await?;
        let verifications = records.iter().take(size).map(|record| load::read_verification(record));
        Ok(Page { verifications: verifications.collect::<Result<_, _>>()?, more: records.len() > size })
    }

    async fn timeline(&self, app: AppId, verification: VerificationId) -> Result<Vec<Event>, StoreError> {
        self.inner.walks.run(listing::TimelineWork { app, verification }).await
    }

    async fn settings(&self, kind: SettingKind) -> Result<Vec<Setting>, StoreError> {
        self.inner.walks.run(upkeep::SettingsWork(kind)).await
    }

    async fn put_setting(&self, kind: SettingKind, setting: Setting) -> Result<bool, StoreError> {
        self.inner.writes.run(upkeep::PutWork { kind, setting }).await
    }

    async fn add_funnel(&self, counts: Vec<FunnelCount>) -> Result<(), StoreError> {
        self.inner.writes.run(funnel::AddWork(counts)).await
    }

    async fn funnel(&self, query: FunnelQuery) -> Result<Vec<FunnelCount>, StoreError> {
        self.inner.walks.run(funnel::ReadWork(query)).await
    }

    async fn journal(
        &self,
        after: JournalPosition,
        limit: usize,
    ) -> Result<Vec<(JournalPosition, JournalRecord)>, StoreError> {
        self.inner.walks.run(journal::ReadWork { after, limit }).await
    }

    async fn purge(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let sweeps = Arc::clone(&self.inner.sweeps);
        self.inner.writes.run(upkeep::PurgeWork { now, limit, sweeps }).await
    }

    fn stats(&self) -> Stats {
        Stats {
            batches: self.inner.figures.batches.load(Ordering::Relaxed),
            batched_requests: self.inner.figures.requests.load(Ordering::Relaxed),
            conflicts: self.inner.conflicts.load(Ordering::Relaxed),
            queue_depth: self.inner.writes.depth() as u64,
            wal_bytes: std::fs::metadata(&self.inner.log).map_or(0, |log| log.len()),
        }
    }
}
