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
        let mut surplus = verifications.iter().filter(|v| !v.is_live()).count().saturating_sub(ENDED_KEPT);
        verifications.retain(|verification| {
            let drop = surplus > 0 && !verification.is_live();
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

#[cfg(test)]
mod tests {
    use countersign_core::subject::{Subject, SubjectKey};
    use countersign_store::Version;

    use super::*;

    const APP: AppId = AppId::from_bytes([1; 16]);

    fn kept(number: u16) -> ((AppId, Partition), Loaded) {
        let subject = Subject::unseen(APP, SubjectKey([0; 16]));
        ((APP, Partition(number)), Loaded { subject, version: Version(u64::from(number)) })
    }

    #[test]
    fn what_is_kept_is_taken_once_and_only_if_it_is_wanted() {
        let recent = Recent::default();
        let (key, loaded) = kept(7);
        recent.keep(key, loaded.clone());
        assert_eq!(recent.take(key, |_| false), None);
        assert_eq!(recent.take(key, |_| true), Some(loaded));
        assert_eq!(recent.take(key, |_| true), None);
    }

    #[test]
    fn the_oldest_makes_room() {
        let recent = Recent::default();
        for number in 0..=u16::try_from(CAPACITY).unwrap() {
            let (key, loaded) = kept(number);
            recent.keep(key, loaded);
        }
        assert_eq!(recent.0.lock().unwrap().subjects.len(), CAPACITY);
        assert_eq!(recent.take(kept(0).0, |_| true), None);
        assert!(recent.take(kept(1).0, |_| true).is_some());
        // Taken out and put back over and over, as checks do: the order stays bounded.
        for _ in 0..2 * CAPACITY {
            let (key, loaded) = kept(9);
            recent.take(key, |_| true);
            recent.keep(key, loaded);
        }
        assert!(recent.0.lock().unwrap().order.len() <= CAPACITY);
    }
}
