//! The backend that the configuration chose.

use std::path::Path;
use std::time::Duration;

use countersign_core::delivery::Delivery;
use countersign_core::event::Event;
use countersign_core::funnel::FunnelCount;
use countersign_core::id::{AppId, DeliveryId, VerificationId};
use countersign_core::time::Timestamp;

use crate::{
    Change, Commit, FunnelQuery, IdempotencyRecord, JournalPosition, JournalRecord, LeaseLimits, Leased,
    Listing, Loaded, Lookup, MemoryStore, NodeId, Overdue, Page, Reserved, Setting, SettingKind, Settled,
    Settlement, SqliteStore, Stats, Store, StoreError,
};

/// Any of the backends, chosen at start-up. Clones are handles to the same store.
#[derive(Clone)]
pub enum AnyStore {
    /// In memory.
    Memory(MemoryStore),
    /// Embedded in the process, in one directory.
    Sqlite(SqliteStore),
}

impl AnyStore {
    /// Writes a backup while work goes on; see [`SqliteStore::backup`].
    pub async fn backup(&self, target: &Path) -> Result<(), StoreError> {
        match self {
            AnyStore::Memory(_) => Err(StoreError::Refused(
                "a store in memory ends with its process and has no backup".to_owned(),
            )),
            AnyStore::Sqlite(store) => store.backup(target).await,
        }
    }

    /// Ends the store in good order; see [`SqliteStore::close`].
    pub async fn close(&self) {
        match self {
            AnyStore::Memory(_) => {}
            AnyStore::Sqlite(store) => store.close().await,
        }
    }

    /// Why the store has stopped for good, if it has; see [`SqliteStore::failure`].
    pub fn failure(&self) -> Option<StoreError> {
        match self {
            AnyStore::Memory(_) => None,
            AnyStore::Sqlite(store) => store.failure(),
        }
    }
}

macro_rules! each {
    ($any:expr, $store:ident => $call:expr) => {
        match $any {
            AnyStore::Memory($store) => $call,
            AnyStore::Sqlite($store) => $call,
        }
    };
}

impl Store for AnyStore {
    async fn load(&self, lookup: Lookup) -> Result<Option<Loaded>, StoreError> {
        each!(self, store => store.load(lookup).await)
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<Vec<Commit>, StoreError> {
        each!(self, store => store.commit(changes).await)
    }

    async fn reserve_idempotency(
        &self,
        record: IdempotencyRecord,
        now: Timestamp,
    ) -> Result<Reserved, StoreError> {
        each!(self, store => store.reserve_idempotency(record, now).await)
    }

    async fn lease_due(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: Duration,
        limits: LeaseLimits,
    ) -> Result<Vec<Leased>, StoreError> {
        each!(self, store => store.lease_due(node, now, lease, limits).await)
    }

    async fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<Settled>, StoreError> {
        each!(self, store => store.settle(settlements).await)
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        each!(self, store => store.delivery(id).await)
    }

    async fn delivery_by_reference(
        &self,
        provider: String,
        reference: String,
    ) -> Result<Option<Delivery>, StoreError> {
        each!(self, store => store.delivery_by_reference(provider, reference).await)
    }

    async fn overdue(&self, now: Timestamp, limit: usize) -> Result<Vec<Overdue>, StoreError> {
        each!(self, store => store.overdue(now, limit).await)
    }

    async fn list(&self, listing: Listing) -> Result<Page, StoreError> {
        each!(self, store => store.list(listing).await)
    }

    async fn timeline(&self, app: AppId, verification: VerificationId) -> Result<Vec<Event>, StoreError> {
        each!(self, store => store.timeline(app, verification).await)
    }

    async fn settings(&self, kind: SettingKind) -> Result<Vec<Setting>, StoreError> {
        each!(self, store => store.settings(kind).await)
    }

    async fn put_setting(&self, kind: SettingKind, setting: Setting) -> Result<bool, StoreError> {
        each!(self, store => store.put_setting(kind, setting).await)
    }

    async fn add_funnel(&self, counts: Vec<FunnelCount>) -> Result<(), StoreError> {
        each!(self, store => store.add_funnel(counts).await)
    }

    async fn funnel(&self, query: FunnelQuery) -> Result<Vec<FunnelCount>, StoreError> {
        each!(self, store => store.funnel(query).await)
    }

    async fn journal(
        &self,
        after: JournalPosition,
        limit: usize,
    ) -> Result<Vec<(JournalPosition, JournalRecord)>, StoreError> {
        each!(self, store => store.journal(after, limit).await)
    }

    async fn purge(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        each!(self, store => store.purge(now, limit).await)
    }

    fn stats(&self) -> Stats {
        each!(self, store => store.stats())
    }
}
