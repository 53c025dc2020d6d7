//! Messages on their way: which keys each one took from, until it is judged and can no longer convert.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cusum::JUDGED_AFTER;
use super::key::{Area, IdMap, KeyId};
use super::known::Asker;
use super::probe::Lot;
use super::table::Footprint;
use super::thousandths::Thousandths;
use crate::time::Timestamp;

/// A message that left.
#[derive(Clone, Copy, Debug)]
pub struct Pending {
    /// The request.
    pub request: KeyId,
    /// The phone.
    pub phone: KeyId,
    /// Its range.
    pub range: KeyId,
    /// Its block.
    pub block: KeyId,
    /// Where in its range it is.
    pub offset: u32,
    /// How many numbers the range has.
    pub range_size: u32,
    /// Its country.
    pub area: Area,
    /// Who asked.
    pub asker: Asker,
    /// When it left.
    pub sent_at: Timestamp,
    /// What it takes part in.
    pub part: Part,
    /// What became of it.
    pub fate: Fate,
    /// Whether the number was known.
    pub group: GroupKind,
    /// What the lot said of it.
    pub lot: Lot,
    /// Of a probe: how many of a hundred were drawn.
    pub probe_percent: Thousandths,
    /// What it cost, in millionths.
    pub price_micros: u64,
}

/// What a message took from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// No credit: a known number that passes the detectors.
    Bypass,
    /// The credit of its range and country.
    Credit,
    /// That, and the pool of ranges that never converted.
    CreditAndPool,
}

/// In which group it counts when an outage is told from fraud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// The control group.
    Known,
    /// The others.
    New,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Not known yet.
    Open,
    /// Not typed in [`JUDGED_AFTER`].
    Failed,
    /// Typed.
    Converted,
    /// It never left.
    Withdrawn,
}

/// All messages on their way, in the order in which they left.
#[derive(Debug)]
pub struct PendingQueue {
    queue: VecDeque<Pending>,
    /// The number that the first of the queue has, counted from the start.
    first: u64,
    /// The number of the next one to be judged.
    next_judged: u64,
    index: IdMap<u64>,
    capacity: usize,
    dropped: u64,
}

impl PendingQueue {
    /// A queue of at most so many; the oldest makes room, and its conversion is not heard.
    pub fn new(capacity: usize) -> Self {
        PendingQueue {
            queue: VecDeque::new(),
            first: 0,
            next_judged: 0,
            index: IdMap::default(),
            capacity: capacity.max(1),
            dropped: 0,
        }
    }

    /// Whether a request is among them.
    pub fn contains(&self, request: KeyId) -> bool {
        self.index.contains_key(&request)
    }

    /// Adds one that left.
    pub fn push(&mut self, pending: Pending) {
        if self.queue.len() >= self.capacity {
            self.drop_first();
            self.dropped += 1;
        }
        self.index.insert(pending.request, self.first + self.queue.len() as u64);
        self.queue.push_back(pending);
    }

    /// The message of a request.
    pub fn find_mut(&mut self, request: KeyId) -> Option<&mut Pending> {
        let at = self.index.get(&request)?.checked_sub(self.first)?;
        self.queue.get_mut(usize::try_from(at).ok()?)
    }

    /// The next message that has become old enough to be judged by `now`; where its code was not typed, it counts as
    /// failed from now on. With the time at which it became so.
    pub fn judge(&mut self, now: Timestamp) -> Option<(Pending, Timestamp)> {
        self.next_judged = self.next_judged.max(self.first);
        let at = usize::try_from(self.next_judged - self.first).ok()?;
        let pending = self.queue.get_mut(at)?;
        let due_at = pending.sent_at.plus(JUDGED_AFTER);
        if due_at > now {
            return None;
        }
        self.next_judged += 1;
        if pending.fate == Fate::Open {
            pending.fate = Fate::Failed;
        }
        Some((*pending, due_at))
    }

    /// Forgets those that can no longer convert.
    pub fn forget(&mut self, window: Duration, now: Timestamp) {
        while self.queue.front().is_some_and(|pending| pending.sent_at.plus(window) < now) {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some(pending) = self.queue.pop_front() {
            // A request that comes again under its name belongs to the later message.
            if self.index.get(&pending.request) == Some(&self.first) {
                self.index.remove(&pending.request);
            }
            self.first += 1;
        }
    }

    /// Messages that made room before their time.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// What it takes.
    pub fn footprint(&self) -> Footprint {
        let index = self.index.capacity() * (size_of::<(KeyId, u64)>() + 1) * 8 / 7;
        let bytes = index + self.queue.capacity() * size_of::<Pending>();
        Footprint { keys: self.queue.len(), bytes }
    }
}
