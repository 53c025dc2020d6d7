//! How a reservation is judged; the same for every backend that has the counters at hand.

use countersign_core::limit::{CounterKey, Exceeded, Limit, Reservation, SlotRange};

/// One counter as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    /// The counter.
    pub(crate) key: CounterKey,
    /// The slot.
    pub(crate) slot: i64,
    /// What is in it.
    pub(crate) value: u64,
}

/// What must be read to judge a reservation: one range for each counter, wide enough for all limits.
pub(crate) fn ranges(reservation: &Reservation) -> Vec<SlotRange> {
    let mut ranges: Vec<SlotRange> = Vec::new();
    for read in reservation.limits.iter().flat_map(|limit| &limit.reads) {
        match ranges.iter_mut().find(|range| range.key == read.key) {
            Some(range) => {
                range.first = range.first.min(read.first);
                range.last = range.last.max(read.last);
            }
            None => ranges.push(*read),
        }
    }
    ranges
}

/// Judges every limit of a reservation by the counts of its [`ranges`]. Of several that do not hold
/// it names the one that holds longest, so that who waits for it does not wait in vain.
pub(crate) fn judge(reservation: &Reservation, counts: &[Count]) -> Option<Exceeded> {
    let mut slots = Vec::new();
    reservation
        .limits
        .iter()
        .filter_map(|limit| {
            slots.clear();
            slots.extend(
                counts.iter().filter(|c| reads(limit, c.key, c.slot)).map(|count| (count.slot, count.value)),
            );
            limit.judge(&slots, amount(reservation, limit)).err()
        })
        .max_by_key(|exceeded| exceeded.retry_at)
}

/// What the reservation itself puts into the slots that the limit sums.
fn amount(reservation: &Reservation, limit: &Limit) -> u64 {
    reservation
        .adds
        .iter()
        .filter(|add| reads(limit, add.key, add.slot))
        .fold(0, |sum, add| sum.saturating_add(add.amount))
}

fn reads(limit: &Limit, key: CounterKey, slot: i64) -> bool {
    limit.reads.iter().any(|range| range.key == key && (range.first..=range.last).contains(&slot))
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::limit::{Add, LimitRule};
    use countersign_core::time::Timestamp;
    use std::time::Duration;

    const A: CounterKey = CounterKey([1; 16]);
    const B: CounterKey = CounterKey([2; 16]);

    fn limit(rule: LimitRule, reads: Vec<SlotRange>, max: u64, counts_for_secs: u64) -> Limit {
        Limit {
            rule,
            reads,
            max,
            slot: Duration::from_secs(1),
            counts_for: Duration::from_secs(counts_for_secs),
        }
    }

    fn add(key: CounterKey, slot: i64, amount: u64) -> Add {
        Add { key, slot, amount, expires_at: Timestamp::from_millis(i64::MAX) }
    }

    #[test]
    fn a_limit_is_judged_by_what_the_reservation_adds_to_its_own_slots() {
        let range = SlotRange { key: A, first: 5, last: 9 };
        let mut reservation = Reservation {
            limits: vec![limit(LimitRule::PhoneSends, vec![range], 3, 10)],
            adds: vec![add(A, 9, 2), add(B, 9, 100), add(A, 4, 100)],
        };
        let counts = [Count { key: A, slot: 5, value: 1 }, Count { key: A, slot: 4, value: 50 }];
        assert_eq!(judge(&reservation, &counts), None);
        reservation.adds[0].amount = 3;
        assert!(judge(&reservation, &counts).is_some());
    }

    #[test]
    fn of_several_limits_the_one_that_holds_longest_is_named() {
        let range = SlotRange { key: A, first: 0, last: 9 };
        let reservation = Reservation {
            limits: vec![
                limit(LimitRule::InstancePhonePerDay, vec![range], 0, 10),
                limit(LimitRule::InstancePhonePerWeek, vec![range], 0, 70),
                limit(LimitRule::AppDailyMessages, vec![range], 0, 20),
            ],
            adds: vec![add(A, 1, 1)],
        };
        let exceeded = judge(&reservation, &[Count { key: A, slot: 1, value: 1 }]).unwrap();
        assert_eq!(exceeded.rule, LimitRule::InstancePhonePerWeek);
        assert_eq!(exceeded.retry_at, Timestamp::from_millis(71_000));
    }

    #[test]
    fn each_counter_is_read_once() {
        let reservation = Reservation {
            limits: vec![
                limit(LimitRule::InstancePhonePerDay, vec![SlotRange { key: A, first: 5, last: 9 }], 0, 1),
                limit(
                    LimitRule::InstancePhonePerWeek,
                    vec![SlotRange { key: A, first: 1, last: 6 }, SlotRange { key: B, first: 1, last: 1 }],
                    0,
                    1,
                ),
            ],
            adds: vec![],
        };
        assert_eq!(
            ranges(&reservation),
            [SlotRange { key: A, first: 1, last: 9 }, SlotRange { key: B, first: 1, last: 1 }]
        );
    }
}
