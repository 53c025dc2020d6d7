//! What Countersign keeps, behind one small trait.
//!
//! A store holds no rule: [`countersign_core::step`] decides, a store makes the decision last or says
//! that somebody else was faster. Every backend obeys the same [`laws`].

#![warn(missing_docs)]

mod any;
mod change;
pub mod fixtures;
pub mod laws;
mod limits;
mod memory;
mod query;
pub mod sqlite;

pub use any::AnyStore;
pub use change::{
    Change, Commit, IDEMPOTENCY_LIFETIME, IdempotencyRecord, JOURNAL_KEPT, JournalPosition, JournalRecord,
    Lease, LeaseLimits, Leased, NewDelivery, NodeId, Reserved, Settled, Settlement, Version,
};
pub use memory::MemoryStore;
pub use query::{FunnelQuery, Listing, Loaded, Lookup, Only, Overdue, Page, Setting, SettingKind, Stats};
pub use sqlite::SqliteStore;

use std::future::Future;
use std::time::Duration;

use countersign_core::delivery::Delivery;
use countersign_core::event::Event;
use countersign_core::funnel::FunnelCount;
use countersign_core::id::{AppId, DeliveryId, VerificationId};
use countersign_core::time::Timestamp;

/// Events of one verification that a timeline shows at most.
pub const MAX_TIMELINE: usize = 1000;

/// How long a finished delivery is kept for its receipts: carriers send them within three days.
pub const FINISHED_DELIVERIES_KEPT: Duration = Duration::from_hours(3 * 24);

/// How many days of funnel figures are kept, that of today not counted (design 5: numberless statistics 400 days).
pub const FUNNEL_DAYS_KEPT: u16 = 400;

/// Why a store could not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The disk is full, the database is gone, the writer has died: nothing was changed. After a
    /// failed fsync nobody can know; then the store has stopped for good.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// Something in the store cannot be read.
    #[error("the store holds something unreadable: {0}")]
    Corrupt(String),
    /// The store was written by a newer Countersign.
    #[error("the store has schema {found}, this binary knows up to {known}: start a newer Countersign")]
    NewerSchema {
        /// What is there.
        found: u32,
        /// What this binary knows.
        known: u32,
    },
    /// Another process has the store open.
    #[error("another process uses {0}: stop it first, or talk to it instead of opening its store")]
    InUse(String),
    /// What was asked for would destroy something or makes no sense: a backup over a file that
    /// exists, a restore over a store or from something else than a backup.
    #[error("refused: {0}")]
    Refused(String),
}

/// What a backend must do. Each call is atomic; an answer means that it is durable.
pub trait Store: Send + Sync {
    /// A subject with its live verifications and the one asked for; nothing if it was never seen.
    fn load(&self, lookup: Lookup) -> impl Future<Output = Result<Option<Loaded>, StoreError>> + Send;

    /// Makes changes last, each one whole or not at all. Within one change: if the subject still has
    /// the expected version and every limit of the reservation holds, then the subject, its
    /// verifications, deliveries, cancellations, events and counters are all written.
    ///
    /// A change touches one partition besides its counters. A backend whose counters live elsewhere
    /// reserves first, commits, and hands the reservation back if the commit did not happen.
    fn commit(&self, changes: Vec<Change>) -> impl Future<Output = Result<Vec<Commit>, StoreError>> + Send;

    /// Claims an idempotency key for 24 hours, or tells who has it.
    fn reserve_idempotency(
        &self,
        record: IdempotencyRecord,
        now: Timestamp,
    ) -> impl Future<Output = Result<Reserved, StoreError>> + Send;

    /// Takes due deliveries that nobody holds, for `lease`: messages, then feedback, each within its limit and
    /// longest waiting first. One whose earlier lease ran out counts one more unknown: its holder may have sent it. A due
    /// delivery whose code has expired is among them: who leases it settles it, unsent.
    fn lease_due(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: Duration,
        limits: LeaseLimits,
    ) -> impl Future<Output = Result<Vec<Leased>, StoreError>> + Send;

    /// Records what became of submissions, and ends their leases. Submissions and unknowns only grow.
    fn settle(
        &self,
        settlements: Vec<Settlement>,
    ) -> impl Future<Output = Result<Vec<Settled>, StoreError>> + Send;

    /// A delivery, for the receipt that names it.
    fn delivery(&self, id: DeliveryId) -> impl Future<Output = Result<Option<Delivery>, StoreError>> + Send;

    /// The delivery that a provider knows under this id of its own; nothing when it gave the same id to
    /// several, as some do.
    fn delivery_by_reference(
        &self,
        provider: String,
        reference: String,
    ) -> impl Future<Output = Result<Option<Delivery>, StoreError>> + Send;

    /// Pending verifications that time does something to ([`countersign_core::verification::Verification::wakes_at`]):
    /// whose life is over, or whose workflow has a step due. Those that wait longest come first.
    fn overdue(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Overdue>, StoreError>> + Send;

    /// Verifications of an app, newest first.
    fn list(&self, listing: Listing) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// The events of one verification in the order in which they were written, the first
    /// [`MAX_TIMELINE`].
    fn timeline(
        &self,
        app: AppId,
        verification: VerificationId,
    ) -> impl Future<Output = Result<Vec<Event>, StoreError>> + Send;

    /// Every setting of a kind: apps, API keys, facts about the instance.
    fn settings(&self, kind: SettingKind) -> impl Future<Output = Result<Vec<Setting>, StoreError>> + Send;

    /// Writes a setting if it still has the version it was read with (zero: it must be new).
    /// `false`: somebody else was faster.
    fn put_setting(
        &self,
        kind: SettingKind,
        setting: Setting,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The journal of the guards after a position, oldest first: what was committed with changes, in the order of the
    /// commits.
    fn journal(
        &self,
        after: JournalPosition,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(JournalPosition, JournalRecord)>, StoreError>> + Send;

    /// Adds these figures to those that are there, all or none of them. A cell may be named more than once.
    fn add_funnel(&self, counts: Vec<FunnelCount>) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Figures of an app, by day, presentation, country and provider, in this order; none that are zero
    /// throughout.
    fn funnel(&self, query: FunnelQuery)
    -> impl Future<Output = Result<Vec<FunnelCount>, StoreError>> + Send;

    /// Drops up to `limit` expired counters, idempotency keys, finished deliveries older than
    /// [`FINISHED_DELIVERIES_KEPT`], cells of the funnel older than [`FUNNEL_DAYS_KEPT`], and the journal older than
    /// [`JOURNAL_KEPT`]; says how many. A backend may look at a part of what it holds and
    /// go on from there the next time: call it regularly, and take zero for no proof that nothing is left.
    fn purge(&self, now: Timestamp, limit: usize) -> impl Future<Output = Result<usize, StoreError>> + Send;

    /// Figures for the metrics.
    fn stats(&self) -> Stats;
}
