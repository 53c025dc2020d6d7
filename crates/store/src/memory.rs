//! A store in memory, for the simulator and for tests: nothing outlives the process.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_core::delivery::{Delivery, DeliveryKind, DeliveryState};
use countersign_core::event::Event;
use countersign_core::funnel::{FunnelCell, FunnelCount, FunnelCounts};
use countersign_core::id::{AppId, DeliveryId, VerificationId};
use countersign_core::limit::{CounterKey, Exceeded, Reservation};
use countersign_core::subject::{Subject, SubjectKey, SubjectRecord};
use countersign_core::time::Timestamp;
use countersign_core::verification::Verification;

use crate::limits::{self, Count};
use crate::{
    Change, Commit, FINISHED_DELIVERIES_KEPT, FUNNEL_DAYS_KEPT, FunnelQuery, IDEMPOTENCY_LIFETIME,
    IdempotencyRecord, JOURNAL_KEPT, JournalPosition, JournalRecord, Lease, LeaseLimits, Leased, Listing,
    Loaded, Lookup, MAX_TIMELINE, NodeId, Overdue, Page, Reserved, Setting, SettingKind, Settled, Settlement,
    Stats, Store, StoreError, Version,
};

/// A store in memory. Clones share what they hold; the same calls in the same order give the same
/// answers, so a simulation can be replayed.
#[derive(Clone, Default)]
pub struct MemoryStore {
    tables: Arc<Mutex<Tables>>,
}

// Ordered maps throughout: the order of a hash map would differ from run to run.
#[derive(Default)]
struct Tables {
    subjects: BTreeMap<(AppId, SubjectKey), (Version, SubjectRecord)>,
    verifications: BTreeMap<(AppId, VerificationId), (SubjectKey, Arc<Verification>)>,
    deliveries: BTreeMap<DeliveryId, Entry>,
    due: BTreeSet<DeliveryId>,
    events: BTreeMap<(AppId, VerificationId), Vec<Event>>,
    counters: BTreeMap<(CounterKey, i64), (u64, Timestamp)>,
    idempotency: BTreeMap<(AppId, [u8; 16]), (IdempotencyRecord, Timestamp)>,
    funnel: BTreeMap<FunnelCell, FunnelCounts>,
    journal: BTreeMap<JournalPosition, JournalRecord>,
    journal_end: JournalPosition,
    settings: BTreeMap<(SettingKind, String), (Version, String)>,
    stats: Stats,
}

struct Entry {
    delivery: Delivery,
    lease: Option<Lease>,
}

impl Entry {
    /// When anybody may take it; nothing once it is finished.
    fn ready_at(&self) -> Option<Timestamp> {
        match (self.delivery.state, self.lease) {
            (DeliveryState::Due { at }, None) => Some(at),
            (DeliveryState::Due { .. }, Some(lease)) => Some(lease.until),
            _ => None,
        }
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        // Whoever panicked while holding it was a test; there is nothing half-written to protect from.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn load(&self, lookup: Lookup) -> Option<Loaded> {
        let (app, key, asked) = match lookup {
            Lookup::Subject(app, key) => (app, key, None),
            Lookup::Verification(app, id) => {
                let (key, verification) = self.verifications.get(&(app, id))?;
                (app, *key, Some(verification))
            }
        };
        let (version, record) = self.subjects.get(&(app, key))?;
        let live = record.live.iter().filter(|&&id| asked.is_none_or(|asked| asked.id != id));
        let live =
            live.filter_map(|&id| self.verifications.get(&(app, id))).map(|(_, verification)| verification);
        let verifications = asked.into_iter().chain(live).cloned().collect();
        Some(Loaded {
            subject: Subject { app, key, record: record.clone(), verifications },
            version: *version,
        })
    }

    fn commit(&mut self, change: Change) -> Commit {
        let Subject { app, key, record, .. } = change.subject;
        let version = self.subjects.get(&(app, key)).map_or(Version(0), |(version, _)| *version);
        if version != change.expected {
            self.stats.conflicts += 1;
            return Commit::Conflict;
        }
        if let Some(exceeded) = self.judge(&change.reservation) {
            return Commit::Exceeded(exceeded);
        }
        let version = Version(version.0 + 1);
        self.subjects.insert((app, key), (version, record));
        for verification in change.verifications {
            self.verifications.insert((app, verification.id), (key, verification));
        }
        for id in change.cancellations {
            self.cancel(id);
        }
        for new in change.deliveries {
            self.place(Entry { delivery: new.delivery, lease: new.lease });
        }
        self.append(change.events);
        for record in change.journal {
            self.journal_end = JournalPosition(self.journal_end.0 + 1);
            self.journal.insert(self.journal_end, record);
        }
        for add in change.reservation.adds {
            let (count, expires_at) = self.counters.entry((add.key, add.slot)).or_insert((0, add.expires_at));
            *count = count.saturating_add(add.amount);
            *expires_at = add.expires_at.max(*expires_at);
        }
        Commit::Done(version)
    }

    fn judge(&self, reservation: &Reservation) -> Option<Exceeded> {
        let counts: Vec<Count> = limits::ranges(reservation)
            .into_iter()
            .flat_map(|range| self.counters.range((range.key, range.first)..=(range.key, range.last)))
            .map(|(&(key, slot), &(value, _))| Count { key, slot, value })
            .collect();
        limits::judge(reservation, &counts)
    }

    fn cancel(&mut self, id: DeliveryId) {
        if !self.due.remove(&id) {
            return;
        }
        if let Some(entry) = self.deliveries.get_mut(&id) {
            entry.delivery.state = DeliveryState::Canceled;
            entry.lease = None;
        }
    }

    /// Keeps a delivery, and the index of due ones in step with it.
    fn place(&mut self, entry: Entry) {
        if entry.ready_at().is_some() {
            self.due.insert(entry.delivery.id);
        } else {
            self.due.remove(&entry.delivery.id);
        }
        self.deliveries.insert(entry.delivery.id, entry);
    }

    fn append(&mut self, events: Vec<Event>) {
        for event in events {
            self.events.entry((event.app, event.verification)).or_default().push(event);
        }
    }

    /// Whether it is feedback, since when it is ready, and its id, in that order.
    fn ready(&self, now: Timestamp) -> BTreeSet<(bool, Timestamp, DeliveryId)> {
        let ready = |id: &DeliveryId| {
            let entry = self.deliveries.get(id)?;
            let is_feedback = entry.delivery.kind == DeliveryKind::ConversionFeedback;
            entry.ready_at().filter(|at| *at <= now).map(|at| (is_feedback, at, *id))
        };
        self.due.iter().filter_map(ready).collect()
    }

    fn lease_due(&mut self, now: Timestamp, lease: Lease, limits: LeaseLimits) -> Vec<Leased> {
        let ready = self.ready(now);
        let messages = ready.iter().filter(|(is_feedback, ..)| !is_feedback).take(limits.messages);
        let feedback = ready.iter().filter(|(is_feedback, ..)| *is_feedback).take(limits.feedback);
        let ready: Vec<_> = messages.chain(feedback).copied().collect();
        let mut leased = Vec::with_capacity(ready.len());
        for (_, _, id) in ready {
            if let Some(entry) = self.deliveries.get_mut(&id) {
                let taken_over = entry.lease.replace(lease).is_some();
                entry.delivery.unknowns += u32::from(taken_over);
                leased.push(Leased { delivery: entry.delivery.clone(), lease, taken_over });
            }
        }
        leased
    }

    fn settle(&mut self, settlement: Settlement) -> Settled {
        self.append(settlement.events);
        let Some(entry) = self.deliveries.get(&settlement.id) else { return Settled::LeaseLost };
        let held =
            entry.ready_at().is_some() && entry.lease.is_some_and(|lease| lease.node == settlement.node);
        if !held && settlement.state != DeliveryState::Accepted {
            return Settled::LeaseLost;
        }
        let mut delivery = entry.delivery.clone();
        delivery.state = settlement.state;
        delivery.provider = settlement.provider.or(delivery.provider);
        delivery.reference = settlement.reference.or(delivery.reference);
        if held {
            delivery.submissions = delivery.submissions.max(settlement.submissions);
            delivery.unknowns = delivery.unknowns.max(settlement.unknowns);
        } else {
            // Its count does not know of the others' submissions, nor theirs of this one.
            delivery.submissions = delivery.submissions.saturating_add(1);
        }
        self.place(Entry { delivery, lease: None });
        if held { Settled::Done } else { Settled::LeaseLost }
    }

    fn list(&self, listing: &Listing) -> Page {
        let wanted = |id: VerificationId, key: SubjectKey, verification: &Verification| {
            verification.mode == listing.mode
                && listing.status.is_none_or(|status| status == verification.status())
                && listing.purpose.as_ref().is_none_or(|purpose| *purpose == verification.purpose)
                && listing.subject.is_none_or(|subject| subject == key)
                && listing.created_from.is_none_or(|from| id.created_at() >= from)
                && listing.created_before.is_none_or(|before| id.created_at() < before)
                && listing.after.is_none_or(|after| id < after)
        };
        let newest_first = self.verifications.iter().rev();
        let of_app = newest_first.filter(|((app, _), _)| *app == listing.app);
        let mut verifications: Vec<Verification> = of_app
            .filter(|((_, id), (key, verification))| wanted(*id, *key, verification))
            .map(|(_, (_, verification))| Verification::clone(verification))
            .take(listing.page_size() + 1)
            .collect();
        let more = verifications.len() > listing.page_size();
        verifications.truncate(listing.page_size());
        Page { verifications, more }
    }

    fn overdue(&self, now: Timestamp, limit: usize) -> Vec<Overdue> {
        let is_overdue = |v: &Verification| v.is_live() && v.wakes_at() <= now;
        let mut overdue: Vec<_> = self
            .verifications
            .iter()
            .filter(|(_, (_, verification))| is_overdue(verification))
            .map(|(&(app, id), &(subject, ref v))| (v.wakes_at(), Overdue { app, subject, verification: id }))
            .collect();
        overdue.sort_unstable_by_key(|&(at, overdue)| (at, overdue.verification));
        overdue.into_iter().take(limit).map(|(_, overdue)| overdue).collect()
    }

    fn purge(&mut self, now: Timestamp, limit: usize) -> usize {
        let mut left = limit;
        let mut drop_now = |expired: bool| {
            let dropped = expired && left > 0;
            left -= usize::from(dropped);
            dropped
        };
        self.counters.retain(|_, &mut (_, expires_at)| !drop_now(expires_at <= now));
        self.idempotency.retain(|_, &mut (_, expires_at)| !drop_now(expires_at <= now));
        let before = now.minus(FINISHED_DELIVERIES_KEPT);
        self.deliveries.retain(|id, entry| !drop_now(id.created_at() < before && entry.ready_at().is_none()));
        let first = now.day().minus(FUNNEL_DAYS_KEPT);
        self.funnel.retain(|cell, _| !drop_now(cell.day < first));
        let before = now.minus(JOURNAL_KEPT);
        self.journal.retain(|_, record| !drop_now(record.at < before));
        limit - left
    }

    fn add_funnel(&mut self, counts: Vec<FunnelCount>) {
        for FunnelCount { cell, counts } in counts {
            let sum = self.funnel.entry(cell).or_default();
            *sum = sum.plus(counts);
        }
    }

    fn funnel(&self, query: &FunnelQuery) -> Vec<FunnelCount> {
        let wanted = self.funnel.iter().filter(|(cell, counts)| query.admits(cell) && !counts.is_zero());
        wanted
            .take(query.limit)
            .map(|(cell, counts)| FunnelCount { cell: cell.clone(), counts: *counts })
            .collect()
    }

    fn reserve_idempotency(&mut self, record: IdempotencyRecord, now: Timestamp) -> Reserved {
        let slot = (record.app, record.key);
        match self.idempotency.get(&slot) {
            Some(&(known, expires_at)) if expires_at > now => Reserved::Known(known),
            _ => {
                self.idempotency.insert(slot, (record, now.plus(IDEMPOTENCY_LIFETIME)));
                Reserved::Fresh
            }
        }
    }

    fn put_setting(&mut self, kind: SettingKind, setting: Setting) -> bool {
        let slot = (kind, setting.id);
        let version = self.settings.get(&slot).map_or(Version(0), |(version, _)| *version);
        let unchanged = version == setting.version;
        if unchanged {
            self.settings.insert(slot, (Version(version.0 + 1), setting.body));
        }
        unchanged
    }

    fn written(&mut self) {
        self.stats.batches += 1;
        self.stats.batched_requests += 1;
    }
}

impl Store for MemoryStore {
    async fn load(&self, lookup: Lookup) -> Result<Option<Loaded>, StoreError> {
        Ok(self.tables().load(lookup))
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<Vec<Commit>, StoreError> {
        let mut tables = self.tables();
        tables.written();
        Ok(changes.into_iter().map(|change| tables.commit(change)).collect())
    }

    async fn reserve_idempotency(
        &self,
        record: IdempotencyRecord,
        now: Timestamp,
    ) -> Result<Reserved, StoreError> {
        let mut tables = self.tables();
        tables.written();
        Ok(tables.reserve_idempotency(record, now))
    }

    async fn lease_due(
        &self,
        node: NodeId,
        now: Timestamp,
        lease: Duration,
        limits: LeaseLimits,
    ) -> Result<Vec<Leased>, StoreError> {
        let mut tables = self.tables();
        tables.written();
        Ok(tables.lease_due(now, Lease { node, until: now.plus(lease) }, limits))
    }

    async fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<Settled>, StoreError> {
        let mut tables = self.tables();
        tables.written();
        Ok(settlements.into_iter().map(|settlement| tables.settle(settlement)).collect())
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        Ok(self.tables().deliveries.get(&id).map(|entry| entry.delivery.clone()))
    }

    async fn delivery_by_reference(
        &self,
        provider: String,
        reference: String,
    ) -> Result<Option<Delivery>, StoreError> {
        let tables = self.tables();
        let mut known = tables.deliveries.values().map(|entry| &entry.delivery).filter(|delivery| {
            delivery.reference.as_ref() == Some(&reference) && delivery.provider.as_ref() == Some(&provider)
        });
        Ok(known.next().filter(|_| known.next().is_none()).cloned())
    }

    async fn overdue(&self, now: Timestamp, limit: usize) -> Result<Vec<Overdue>, StoreError> {
        Ok(self.tables().overdue(now, limit))
    }

    async fn list(&self, listing: Listing) -> Result<Page, StoreError> {
        Ok(self.tables().list(&listing))
    }

    async fn timeline(&self, app: AppId, verification: VerificationId) -> Result<Vec<Event>, StoreError> {
        let tables = self.tables();
        let events = tables.events.get(&(app, verification));
        Ok(events.into_iter().flatten().take(MAX_TIMELINE).cloned().collect())
    }

    async fn settings(&self, kind: SettingKind) -> Result<Vec<Setting>, StoreError> {
        let tables = self.tables();
        let of_kind = tables.settings.iter().filter(|((of, _), _)| *of == kind);
        Ok(of_kind
            .map(|((_, id), (version, body))| Setting {
                id: id.clone(),
                version: *version,
                body: body.clone(),
            })
            .collect())
    }

    async fn put_setting(&self, kind: SettingKind, setting: Setting) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        tables.written();
        Ok(tables.put_setting(kind, setting))
    }

    async fn add_funnel(&self, counts: Vec<FunnelCount>) -> Result<(), StoreError> {
        let mut tables = self.tables();
        tables.written();
        tables.add_funnel(counts);
        Ok(())
    }

    async fn journal(
        &self,
        after: JournalPosition,
        limit: usize,
    ) -> Result<Vec<(JournalPosition, JournalRecord)>, StoreError> {
        let tables = self.tables();
        let later = tables.journal.range((Bound::Excluded(after), Bound::Unbounded));
        Ok(later.take(limit).map(|(position, record)| (*position, record.clone())).collect())
    }

    async fn funnel(&self, query: FunnelQuery) -> Result<Vec<FunnelCount>, StoreError> {
        Ok(self.tables().funnel(&query))
    }

    async fn purge(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut tables = self.tables();
        tables.written();
        Ok(tables.purge(now, limit))
    }

    fn stats(&self) -> Stats {
        self.tables().stats
    }
}
