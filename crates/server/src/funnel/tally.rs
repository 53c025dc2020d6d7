//! Bounded sums, and the memory that makes each step of a verification count once.

use std::collections::HashMap;
use std::time::Duration;

use countersign_core::funnel::{FunnelCell, FunnelCount, FunnelCounts, FunnelStep, FunnelSteps};
use countersign_core::id::{AppId, VerificationId};
use countersign_core::phone::Country;
use countersign_core::policy::MAX_LIFETIME;
use countersign_core::presentation::PresentationMode;
use countersign_core::subject::Mode;
use countersign_core::time::{Day, Timestamp};

/// How much is kept at most.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// Sums that wait for the store, those on their way to it among them.
    pub(super) cells: usize,
    /// Verifications that are surely remembered; up to twice as many are.
    pub(super) remembered: usize,
    /// Names of providers. An operator has fewer.
    pub(super) providers: usize,
}

/// Which verification came to a step, and what of it decides where that is counted.
pub(super) struct Place {
    pub(super) app: AppId,
    pub(super) verification: VerificationId,
    pub(super) mode: Mode,
    pub(super) presentation: PresentationMode,
    pub(super) country: Option<Country>,
}

/// A cell, small enough to be copied.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    app: AppId,
    mode: Mode,
    day: Day,
    presentation: PresentationMode,
    country: Option<Country>,
    provider: Option<ProviderNumber>,
}

/// The position of a provider's name in [`Tally::providers`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct ProviderNumber(u16);

/// What is remembered of a verification: a few bytes, since there are many.
#[derive(Clone, Copy)]
struct Known {
    steps: FunnelSteps,
    /// A repeated start may say another one; its figures stay where they began.
    presentation: PresentationMode,
    provider: Option<ProviderNumber>,
}

/// Sums and memory.
pub(super) struct Tally {
    bounds: Bounds,
    cells: HashMap<Key, FunnelCounts>,
    on_their_way: usize,
    providers: Vec<String>,
    /// Verifications of this turn, and of the one before. A turn ends with the time, or when there are many.
    known: HashMap<VerificationId, Known>,
    known_before: HashMap<VerificationId, Known>,
    turned_at: Timestamp,
    dropped: u64,
}

/// A turn: what was seen in it is remembered for as long again, and so until its code has ended.
const TURN: Duration = MAX_LIFETIME;

impl Tally {
    pub(super) fn new(bounds: Bounds) -> Self {
        Tally {
            bounds,
            cells: HashMap::new(),
            on_their_way: 0,
            providers: Vec::new(),
            known: HashMap::new(),
            known_before: HashMap::new(),
            turned_at: Timestamp::EPOCH,
            dropped: 0,
        }
    }

    /// Counts a step, unless it was counted.
    pub(super) fn count(&mut self, place: &Place, step: FunnelStep, now: Timestamp) {
        let mut known = self.recall(place, now);
        let key = key(place, known);
        if known.steps.contains(step) || !self.has_room(&[key]) {
            return;
        }
        self.add(key, step, 1);
        known.steps.insert(step);
        self.remember(place.verification, known);
    }

    /// Counts that a provider accepted a message, unless one did before. What was counted while nobody had goes with
    /// it: all steps of a verification stand in one row.
    pub(super) fn sent(&mut self, place: &Place, provider: &str, now: Timestamp) {
        let mut known = self.recall(place, now);
        if known.steps.contains(FunnelStep::Sent) {
            return;
        }
        let before = key(place, known);
        let provider = self.provider(provider);
        let after = Key { provider, ..before };
        if !self.has_room(&[before, after]) {
            return;
        }
        for step in FunnelStep::ALL.into_iter().filter(|step| known.steps.contains(*step)) {
            self.add(before, step, -1);
            self.add(after, step, 1);
        }
        self.add(after, FunnelStep::Sent, 1);
        known.steps.insert(FunnelStep::Sent);
        known.provider = provider;
        self.remember(place.verification, known);
    }

    /// Up to `most` sums, to be added to the store: then [`Tally::settle`] them.
    pub(super) fn take(&mut self, most: usize) -> Vec<FunnelCount> {
        let keys: Vec<Key> = self.cells.keys().take(most).copied().collect();
        let taken: Vec<FunnelCount> = keys
            .iter()
            .filter_map(|key| Some(FunnelCount { counts: self.cells.remove(key)?, cell: self.cell(key) }))
            .collect();
        self.on_their_way += taken.len();
        taken
    }

    /// So many of them are not on their way any more.
    pub(super) fn settle(&mut self, number: usize) {
        self.on_their_way = self.on_their_way.saturating_sub(number);
    }

    /// The store did not take these.
    pub(super) fn put_back(&mut self, counts: Vec<FunnelCount>) {
        for FunnelCount { cell, counts } in counts {
            let FunnelCell { app, mode, day, presentation, country, provider } = cell;
            let provider = provider.and_then(|name| self.provider(&name));
            let sum = self.cells.entry(Key { app, mode, day, presentation, country, provider }).or_default();
            *sum = sum.plus(counts);
        }
    }

    /// Steps that found no room since this was last asked.
    pub(super) fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }

    fn cell(&self, key: &Key) -> FunnelCell {
        let Key { app, mode, day, presentation, country, provider } = *key;
        let provider = provider.and_then(|number| self.providers.get(usize::from(number.0))).cloned();
        FunnelCell { app, mode, day, presentation, country, provider }
    }

    /// Room for these cells; the step is dropped where there is none.
    fn has_room(&mut self, keys: &[Key]) -> bool {
        let new = keys.iter().filter(|key| !self.cells.contains_key(key)).count();
        let has_room = self.cells.len() + self.on_their_way + new <= self.bounds.cells;
        self.dropped += u64::from(!has_room);
        has_room
    }

    fn add(&mut self, key: Key, step: FunnelStep, amount: i64) {
        let counts = self.cells.entry(key).or_default();
        *counts = counts.with(step, amount);
        if counts.is_zero() {
            self.cells.remove(&key);
        }
    }

    fn provider(&mut self, name: &str) -> Option<ProviderNumber> {
        let known = self.providers.iter().position(|known| known == name);
        let position = known.or_else(|| {
            (self.providers.len() < self.bounds.providers).then(|| {
                self.providers.push(name.to_owned());
                self.providers.len() - 1
            })
        });
        position.and_then(|position| position.try_into().ok()).map(ProviderNumber)
    }

    fn recall(&mut self, place: &Place, now: Timestamp) -> Known {
        if now.since(self.turned_at) >= TURN {
            self.turn();
            self.turned_at = now;
        }
        let id = &place.verification;
        let fresh =
            || Known { steps: FunnelSteps::default(), presentation: place.presentation, provider: None };
        self.known.get(id).or_else(|| self.known_before.get(id)).copied().unwrap_or_else(fresh)
    }

    fn remember(&mut self, id: VerificationId, known: Known) {
        if self.known.len() >= self.bounds.remembered && !self.known.contains_key(&id) {
            self.turn();
        }
        self.known_before.remove(&id);
        self.known.insert(id, known);
    }

    fn turn(&mut self) {
        self.known_before = std::mem::take(&mut self.known);
    }
}

fn key(place: &Place, known: Known) -> Key {
    Key {
        app: place.app,
        mode: place.mode,
        day: place.verification.created_at().day(),
        presentation: known.presentation,
        country: place.country,
        provider: known.provider,
    }
}

#[cfg(test)]
mod tests {
    use countersign_store::fixtures::{self, START};

    use super::*;

    const BOUNDS: Bounds = Bounds { cells: 4, remembered: 3, providers: 2 };
    const A_SECOND: Duration = Duration::from_secs(1);

    fn place(number: u64) -> Place {
        Place {
            app: fixtures::app(1),
            verification: fixtures::verification_id(START, number),
            mode: Mode::Live,
            presentation: PresentationMode::Page,
            country: None,
        }
    }

    fn of_app(app: u64, number: u64) -> Place {
        Place { app: fixtures::app(app), ..place(number) }
    }

    /// Provider and numbers of each sum, by provider.
    fn drain(tally: &mut Tally) -> Vec<(Option<String>, [i64; 5])> {
        let taken = tally.take(usize::MAX);
        tally.settle(taken.len());
        let numbers = |counts: FunnelCounts| FunnelStep::ALL.map(|step| counts.get(step));
        let mut rows: Vec<_> =
            taken.into_iter().map(|count| (count.cell.provider, numbers(count.counts))).collect();
        rows.sort();
        rows
    }

    fn carrier(numbers: [i64; 5]) -> (Option<String>, [i64; 5]) {
        (Some("carrier".to_owned()), numbers)
    }

    #[test]
    fn a_step_counts_once_in_whatever_order_they_come() {
        let mut tally = Tally::new(BOUNDS);
        for _ in 0..3 {
            tally.count(&place(1), FunnelStep::Approved, START);
            tally.sent(&place(1), "carrier", START);
            tally.count(&place(1), FunnelStep::Shown, START);
            tally.count(&place(2), FunnelStep::Shown, START);
        }
        assert_eq!(drain(&mut tally), [(None, [1, 0, 0, 0, 0]), carrier([1, 1, 0, 0, 1])]);
        tally.count(&place(1), FunnelStep::Shown, START);
        assert_eq!(drain(&mut tally), [], "nor after it went to the store");
    }

    #[test]
    fn what_was_counted_before_the_message_left_moves_to_its_provider() {
        let mut tally = Tally::new(BOUNDS);
        tally.count(&place(1), FunnelStep::Shown, START);
        assert_eq!(drain(&mut tally), [(None, [1, 0, 0, 0, 0])]);
        tally.sent(&place(1), "carrier", START);
        tally.sent(&place(1), "another", START);
        tally.count(&place(1), FunnelStep::Submitted, START);
        assert_eq!(drain(&mut tally), [(None, [-1, 0, 0, 0, 0]), carrier([1, 1, 0, 1, 0])]);
    }

    #[test]
    fn figures_stay_in_the_presentation_that_they_began_in() {
        let mut tally = Tally::new(BOUNDS);
        tally.count(&place(1), FunnelStep::Shown, START);
        let moved = Place { presentation: PresentationMode::Element, ..place(1) };
        tally.count(&moved, FunnelStep::Submitted, START);
        assert_eq!(drain(&mut tally), [(None, [1, 0, 0, 1, 0])]);
    }

    #[test]
    fn sums_are_bounded_and_those_on_their_way_are_among_them() {
        let mut tally = Tally::new(BOUNDS);
        for number in 1..=6 {
            tally.count(&of_app(number, number), FunnelStep::Shown, START);
        }
        assert_eq!((tally.cells.len(), tally.take_dropped()), (4, 2));
        let taken = tally.take(3);
        tally.count(&of_app(5, 5), FunnelStep::Shown, START);
        assert_eq!((taken.len(), tally.cells.len(), tally.take_dropped()), (3, 1, 1));
        tally.settle(taken.len());
        tally.put_back(taken);
        assert_eq!(tally.cells.len(), 4);
        tally.count(&of_app(1, 1), FunnelStep::Submitted, START);
        assert_eq!(tally.take_dropped(), 0, "a sum that is there has room");
        assert_eq!(drain(&mut tally).iter().map(|(_, numbers)| numbers[0]).sum::<i64>(), 4);
        tally.count(&of_app(5, 5), FunnelStep::Shown, START);
        assert_eq!(
            drain(&mut tally),
            [(None, [1, 0, 0, 0, 0])],
            "what was dropped counts when there is room"
        );
    }

    #[test]
    fn a_move_without_room_for_both_ends_changes_nothing() {
        let mut tally = Tally::new(Bounds { cells: 1, ..BOUNDS });
        tally.count(&place(1), FunnelStep::Shown, START);
        tally.sent(&place(1), "carrier", START);
        assert_eq!(drain(&mut tally), [(None, [1, 0, 0, 0, 0])]);
    }

    #[test]
    fn memory_is_bounded_and_keeps_the_latest() {
        let mut tally = Tally::new(BOUNDS);
        for number in 1..=100 {
            tally.count(&place(number), FunnelStep::Shown, START);
            assert!(tally.known.len() <= 3 && tally.known_before.len() <= 3);
        }
        for number in 98..=100 {
            tally.count(&place(number), FunnelStep::Shown, START);
        }
        assert_eq!(drain(&mut tally), [(None, [100, 0, 0, 0, 0])]);
    }

    #[test]
    fn a_verification_is_remembered_for_the_life_of_its_code_and_not_for_ever() {
        for first in [START, START.plus(TURN).minus(A_SECOND)] {
            let mut tally = Tally::new(BOUNDS);
            tally.count(&place(1), FunnelStep::Shown, START);
            tally.count(&place(2), FunnelStep::Shown, first);
            tally.count(&place(2), FunnelStep::Shown, first.plus(MAX_LIFETIME));
            assert_eq!(drain(&mut tally), [(None, [2, 0, 0, 0, 0])]);
            for turn in 2..=4 {
                tally.count(&place(3), FunnelStep::Shown, first.plus(TURN * turn));
            }
            assert!(tally.known.len() + tally.known_before.len() <= 1);
        }
    }

    #[test]
    fn a_provider_too_many_is_counted_without_a_name() {
        let mut tally = Tally::new(BOUNDS);
        for (number, name) in [(1, "a"), (2, "b"), (3, "c")] {
            tally.sent(&place(number), name, START);
        }
        let sent = [0, 1, 0, 0, 0];
        let expected = [(None, sent), (Some("a".to_owned()), sent), (Some("b".to_owned()), sent)];
        assert_eq!(drain(&mut tally), expected);
    }
}
