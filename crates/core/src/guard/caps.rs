//! Sums of the last 24 hours in whole numbers: money spent, and guesses.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

const HOUR_MS: i64 = 3_600_000;
/// 24 whole hours and the one that has begun: a sum over them misses nothing of the last 24 hours.
const SLOTS: i64 = 25;
const SLOT_COUNT: usize = 25;

/// What was added in the last 24 to 25 hours, by the hour. The oldest hour counts whole although part of it is over
/// 24 hours ago, so no 24 hours ever hold more than a sum was kept to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaySum {
    hour: i64,
    slots: [u64; SLOT_COUNT],
}

impl DaySum {
    /// Nothing added.
    pub const NONE: DaySum = DaySum { hour: i64::MIN, slots: [0; SLOT_COUNT] };

    /// As it is at `now`; a clock that went back changes nothing.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        let hour = now.as_millis().div_euclid(HOUR_MS);
        let passed = hour.saturating_sub(self.hour).clamp(0, SLOTS);
        for step in 1..=passed {
            self.slots[slot_of(hour - passed + step)] = 0;
        }
        self.hour = self.hour.max(hour);
        self
    }

    /// The sum, if `now` was given to [`DaySum::at`].
    pub fn sum(&self) -> u64 {
        self.slots.iter().fold(0, |sum, slot| sum.saturating_add(*slot))
    }

    /// With so much more.
    #[must_use]
    pub fn plus(self, amount: u64, now: Timestamp) -> Self {
        let mut sum = self.at(now);
        let slot = &mut sum.slots[slot_of(sum.hour)];
        *slot = slot.saturating_add(amount);
        sum
    }

    /// With so much less, as far as the last hours have it.
    #[must_use]
    pub fn minus(self, amount: u64, now: Timestamp) -> Self {
        let mut sum = self.at(now);
        let mut left = amount;
        for back in 0..SLOTS {
            let slot = &mut sum.slots[slot_of(sum.hour - back)];
            let taken = left.min(*slot);
            *slot -= taken;
            left -= taken;
        }
        sum
    }

    /// When `amount` has room under `max`; nothing when it never has.
    pub fn room_at(&self, amount: u64, max: u64, now: Timestamp) -> Option<Timestamp> {
        let current = self.at(now);
        let room = max.checked_sub(amount)?;
        let mut sum = current.sum();
        if sum <= room {
            return Some(now);
        }
        for back in (0..SLOTS).rev() {
            let hour = current.hour - back;
            sum -= current.slots[slot_of(hour)];
            if sum <= room {
                let begins = Timestamp::from_millis(hour.saturating_mul(HOUR_MS));
                return Some(begins.plus(Duration::from_secs(SLOTS.unsigned_abs() * 3600)));
            }
        }
        None
    }
}

fn slot_of(hour: i64) -> usize {
    usize::try_from(hour.rem_euclid(SLOTS)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Timestamp = Timestamp::from_millis(1_795_428_000_000);

    #[test]
    fn what_is_handed_back_has_room_again() {
        let sum = DaySum::NONE.plus(5, START).plus(7, START.plus(Duration::from_secs(7200)));
        assert_eq!(sum.sum(), 12);
        assert_eq!(sum.minus(8, START.plus(Duration::from_secs(7200))).sum(), 4);
        assert_eq!(sum.minus(100, START.plus(Duration::from_secs(7200))).sum(), 0);
    }

    proptest! {
        #[test]
        fn no_24_hours_hold_more_than_the_cap_and_what_is_told_to_come_back_has_room(
            steps in proptest::collection::vec((0_u64..40_000, 1_u64..30), 1..200),
        ) {
            let max = 100;
            let (mut now, mut sum, mut taken) = (START, DaySum::NONE, Vec::new());
            for (wait_s, amount) in steps {
                now = now.plus(Duration::from_secs(wait_s));
                let room_at = sum.room_at(amount, max, now).unwrap();
                if room_at <= now {
                    sum = sum.plus(amount, now);
                    taken.push((now, amount));
                } else {
                    let just_before = room_at.minus(Duration::from_millis(1));
                    prop_assert!(sum.at(just_before).sum() + amount > max);
                    prop_assert!(sum.at(room_at).sum() + amount <= max);
                }
                let day_ago = now.minus(Duration::from_secs(86_400));
                let last_day: u64 = taken.iter().filter(|(at, _)| *at >= day_ago).map(|(_, amount)| amount).sum();
                prop_assert!(last_day <= max);
            }
        }
    }
}
