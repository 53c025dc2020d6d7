//! Subjects that were committed a moment ago: the check that follows a start need not load what this
//! node has just written.
//!
//! Only a guess at what the store holds. A change made on it commits only if the guess was right; an
//! outcome that changes nothing is not believed before the subject was loaded (design 2: a cache may
//! refuse, never permit; here it may not even refuse).

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use countersign_core::id::{AppId, Partition};
use countersign_store::Loaded;

/// Subjects that are kept: some 2 kB each.
const CAPACITY: usize = 2048;
/// Ended verifications that stay with a kept subject: a redeem follows the approval.
const ENDED_KEPT: usize = 4;

/// The subject last committed in each of the most recent partitions.
#[derive(Default)]
pub(super) struct Recent(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    subjects: HashMap<(AppId, Partition), Loaded>,
    order: VecDeque<(AppId, Partition)>,
}

impl Recent {
    /// Takes the subject of a partition out, if it is the one that is wanted.
    pub(super) fn take(&self, key: (AppId, Partition), wanted: impl Fn(&Loaded) -> bool) -> Option<Loaded> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.subjects.get(&key).is_some_and(wanted) { kept.subjects.remove(&key) } else { None }
    }

    /// Keeps a subject as it was committed; the oldest makes room.
    pub(super) fn keep(&self, key: (AppId, Partition), mut loaded: Loaded) {
        let verifications = &mut loaded.subject.verifications;
        let mut surplus = verifications.iter().filter(|v| !v.is_pending()).count().saturating_sub(ENDED_KEPT);
        verifications.retain(|verification| {
            let drop = surplus > 0 && !verification.is_pending();
            surplus -= usize::from(drop);
            !drop
        });
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.subjects.insert(key, loaded).is_none() {
            kept.order.push_back(key);
        }
        // A partition that was taken out and put back stands in the order twice: both go in their turn.
        while kept.order.len() > CAPACITY {
            if let Some(oldest) = kept.order.pop_front() {
                kept.subjects.remove(&oldest);
            }
        }
    }
}
