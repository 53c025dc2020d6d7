//! The near-number test: attackers walk through a range, customers do not (fraud.md B.3.3; OpenSIPS ships the
//! ancestor of it in telephony).
//!
//! A range's new numbers of the last 24 hours are kept as a set. A number within ±3 of another one is a near pair.
//! Numbers that arrive at random make about 3.5·n²/M of them, M being the numbers that the range has in use; many
//! more than that is no luck.

use serde::{Deserialize, Serialize};

use super::poisson;
use crate::time::Timestamp;

/// Numbers of a half day that are kept as a list; more are kept as a map of bits.
pub const MAX_LISTED: usize = 2000;
const HALF_MS: i64 = 12 * 3600 * 1000;
/// Neighbours that make a near pair.
const REACH: u32 = 3;
/// E pairs of n random numbers in a space of M, per n²/M.
const PAIRS: f64 = 3.5;
/// Fewest pairs that are an alarm.
const FEWEST: u32 = 5;
/// An alarm is as unlikely by luck.
const UNLIKELY: f64 = 1e-9;
/// Numbers in a block: all but the last 4 digits are equal.
const BLOCK: u32 = 10_000;

/// The new numbers of one range in the last 12 to 24 hours.
///
/// Two halves of twelve hours, of which the older one is dropped as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Near {
    current: Half,
    previous: Half,
    /// Which half day `current` is.
    half_day: i64,
    used: Option<Box<InUse>>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Half {
    numbers: Numbers,
    count: u32,
    pairs: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Numbers {
    /// Sorted.
    Listed(Vec<u32>),
    /// One bit for each number of the range.
    Mapped(Vec<u64>),
    /// There was no room for a map: no longer counted.
    Given,
}

/// Which of a range's blocks are in use, as customers' conversions show.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct InUse {
    blocks: Vec<u64>,
    distinct: u32,
    conversions: u32,
    /// Blocks that there seem to be.
    estimate: f64,
}

/// Maps of bits that may still be made. Each takes up to 1.2 MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Maps(pub u32);

/// What a number came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nothing remarkable.
    Unremarkable,
    /// Too many near pairs for luck. They are counted anew.
    Alarm,
}

impl Default for Numbers {
    fn default() -> Self {
        Numbers::Listed(Vec::new())
    }
}

impl Numbers {
    fn has_within_reach(&self, number: u32) -> bool {
        let (low, high) = (number.saturating_sub(REACH), number.saturating_add(REACH));
        match self {
            Numbers::Listed(listed) => {
                let first = listed.partition_point(|&one| one < low);
                listed[first..].iter().take_while(|&&one| one <= high).any(|&one| one != number)
            }
            Numbers::Mapped(bits) => (low..=high).any(|one| one != number && bit(bits, one)),
            Numbers::Given => false,
        }
    }

    fn contains(&self, number: u32) -> bool {
        match self {
            Numbers::Listed(listed) => listed.binary_search(&number).is_ok(),
            Numbers::Mapped(bits) => bit(bits, number),
            Numbers::Given => false,
        }
    }

    fn insert(&mut self, number: u32, size: u32, maps: &mut Maps) {
        match self {
            Numbers::Listed(listed) => {
                if listed.len() >= MAX_LISTED {
                    *self = map_of(listed, size, maps);
                    self.insert(number, size, maps);
                } else if let Err(at) = listed.binary_search(&number) {
                    listed.insert(at, number);
                }
            }
            Numbers::Mapped(bits) => set(bits, number),
            Numbers::Given => {}
        }
    }
}

fn map_of(listed: &[u32], size: u32, maps: &mut Maps) -> Numbers {
    let Some(left) = maps.0.checked_sub(1) else { return Numbers::Given };
    maps.0 = left;
    let mut bits = vec![0; size.div_ceil(64) as usize];
    for number in listed {
        set(&mut bits, *number);
    }
    Numbers::Mapped(bits)
}

fn bit(bits: &[u64], number: u32) -> bool {
    bits.get((number / 64) as usize).is_some_and(|word| word >> (number % 64) & 1 == 1)
}

fn set(bits: &mut [u64], number: u32) {
    if let Some(word) = bits.get_mut((number / 64) as usize) {
        *word |= 1 << (number % 64);
    }
}

impl Near {
    /// Counts a new number at `offset` in a range of `size` numbers.
    pub fn add(&mut self, offset: u32, size: u32, now: Timestamp, maps: &mut Maps) -> Seen {
        self.turn(now, maps);
        if self.current.numbers.contains(offset) || self.previous.numbers.contains(offset) {
            return Seen::Unremarkable;
        }
        let near =
            self.current.numbers.has_within_reach(offset) || self.previous.numbers.has_within_reach(offset);
        self.current.numbers.insert(offset, size, maps);
        self.current.count = self.current.count.saturating_add(1);
        if !near {
            return Seen::Unremarkable;
        }
        self.current.pairs = self.current.pairs.saturating_add(1);
        if self.is_no_luck(size) { self.begin_anew() } else { Seen::Unremarkable }
    }

    /// Notes that a number of the range was converted: its block is in use.
    pub fn converted(&mut self, offset: u32, size: u32) {
        let blocks = size / BLOCK;
        let used = self.used.get_or_insert_with(Box::default);
        if used.blocks.is_empty() {
            used.blocks = vec![0; blocks.div_ceil(64) as usize];
        }
        let block = offset / BLOCK;
        if !bit(&used.blocks, block) {
            set(&mut used.blocks, block);
            used.distinct += 1;
        }
        used.conversions = used.conversions.saturating_add(1);
        used.estimate = blocks_in_use(used.distinct, used.conversions, blocks);
    }

    /// M: the numbers that are in use. All of the range, until enough conversions say that it is less: a real
    /// operator that was given few blocks must not look like an attacker.
    fn space(&self, size: u32) -> f64 {
        let few = self.used.as_ref().filter(|used| used.conversions >= 20).map(|used| used.estimate);
        few.map_or(f64::from(size), |blocks| (blocks * f64::from(BLOCK)).min(f64::from(size)))
    }

    fn is_no_luck(&self, size: u32) -> bool {
        let pairs = self.current.pairs.saturating_add(self.previous.pairs);
        if pairs < FEWEST {
            return false;
        }
        let count = f64::from(self.current.count.saturating_add(self.previous.count));
        let expected = PAIRS * count * count / self.space(size);
        poisson::tail(pairs, 1.3 * (expected + 0.05)) < UNLIKELY
    }

    fn begin_anew(&mut self) -> Seen {
        self.current.pairs = 0;
        self.previous.pairs = 0;
        Seen::Alarm
    }

    fn turn(&mut self, now: Timestamp, maps: &mut Maps) {
        let half_day = now.as_millis().div_euclid(HALF_MS);
        if half_day <= self.half_day {
            return;
        }
        let held = self.maps();
        let newest = std::mem::take(&mut self.current);
        self.previous = if half_day == self.half_day + 1 { newest } else { Half::default() };
        self.half_day = half_day;
        maps.0 += held - self.maps();
    }

    /// Distinct new numbers that it holds.
    pub const fn count(&self) -> u32 {
        self.current.count.saturating_add(self.previous.count)
    }

    /// From when on it knows nothing.
    pub fn empty_at(&self) -> Timestamp {
        Timestamp::from_millis((self.half_day + 2).saturating_mul(HALF_MS))
    }

    /// Maps that it holds.
    pub fn maps(&self) -> u32 {
        let held = |half: &Half| u32::from(matches!(half.numbers, Numbers::Mapped(_)));
        held(&self.current) + held(&self.previous)
    }

    /// Bytes that it holds beside its own size.
    pub fn heap_bytes(&self) -> usize {
        let half = |half: &Half| match &half.numbers {
            Numbers::Listed(listed) => listed.capacity() * size_of::<u32>(),
            Numbers::Mapped(bits) => bits.capacity() * size_of::<u64>(),
            Numbers::Given => 0,
        };
        let used = self
            .used
            .as_ref()
            .map_or(0, |used| size_of::<InUse>() + used.blocks.capacity() * size_of::<u64>());
        half(&self.current) + half(&self.previous) + used
    }
}

/// Of `blocks` equally likely ones, how many there must be for so many conversions to have met `distinct`:
/// distinct = D · (1 − e^(−conversions/D)).
fn blocks_in_use(distinct: u32, conversions: u32, blocks: u32) -> f64 {
    let (met, drawn) = (f64::from(distinct), f64::from(conversions));
    let (mut low, mut high) = (met, f64::from(blocks.max(distinct)));
    for _ in 0..24 {
        let middle = f64::midpoint(low, high);
        if middle * (1.0 - (-drawn / middle).exp()) < met { low = middle } else { high = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const START: Timestamp = Timestamp::from_millis(1_795_428_000_000);
    const SIZE: u32 = 1_000_000;

    fn many() -> Maps {
        Maps(8)
    }

    fn scattered(n: u32, space: u32) -> u32 {
        let mixed = (u64::from(n) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        u32::try_from((mixed >> 32) % u64::from(space)).unwrap()
    }

    #[test]
    fn walking_through_a_range_is_an_alarm_after_a_few_numbers() {
        let mut near = Near::default();
        let alarm = (0..100).position(|n| near.add(500_000 + 2 * n, SIZE, START, &mut many()) == Seen::Alarm);
        assert!(alarm.is_some_and(|at| (5..=12).contains(&at)), "{alarm:?}");
    }

    #[test]
    fn numbers_that_arrive_at_random_are_none_as_a_list_and_as_a_map() {
        let mut near = Near::default();
        for n in 0..6000 {
            assert_eq!(near.add(scattered(n, SIZE), SIZE, START, &mut many()), Seen::Unremarkable, "{n}");
        }
        assert!(matches!(near.current.numbers, Numbers::Mapped(_)));
        // A walk is still found among them.
        let alarm = (0..2000).position(|n| near.add(3 * n, SIZE, START, &mut many()) == Seen::Alarm);
        assert!(alarm.is_some(), "{}", near.current.pairs);
    }

    #[test]
    fn the_same_number_again_is_no_neighbour() {
        let mut near = Near::default();
        for _ in 0..100 {
            assert_eq!(near.add(7, SIZE, START, &mut many()), Seen::Unremarkable);
        }
        assert_eq!(near.count(), 1);
    }

    #[test]
    fn an_operator_with_few_blocks_is_learnt_from_its_customers() {
        // Two blocks of 10,000 in use: customers' numbers lie close together.
        let number = |n| 40_000 + scattered(n, 20_000);
        let mut near = Near::default();
        for n in 0..200 {
            near.converted(number(n + 10_000), SIZE);
        }
        assert!((near.space(SIZE) - 20_000.0).abs() < 2000.0, "{}", near.space(SIZE));
        for n in 0..400 {
            assert_eq!(near.add(number(n), SIZE, START, &mut many()), Seen::Unremarkable, "{n}");
        }
        let mut unlearnt = Near::default();
        assert!((0..400).any(|n| unlearnt.add(number(n), SIZE, START, &mut many()) == Seen::Alarm));
    }

    #[test]
    fn what_is_older_than_a_day_counts_no_more_and_maps_are_bounded() {
        let mut near = Near::default();
        let mut maps = Maps(1);
        for n in 0..2100 {
            near.add(scattered(n, SIZE), SIZE, START, &mut maps);
        }
        assert_eq!(maps, Maps(0));
        assert!(near.heap_bytes() > 100_000);
        let mut other = Near::default();
        for n in 0..2100 {
            other.add(scattered(n, SIZE), SIZE, START, &mut maps);
        }
        assert_eq!(other.current.numbers, Numbers::Given);
        let later = START.plus(Duration::from_secs(86_400));
        near.add(1, SIZE, later, &mut maps);
        assert_eq!((near.count(), maps), (1, Maps(1)));
        assert_eq!(near.add(2, SIZE, later, &mut maps), Seen::Unremarkable, "four more pairs to go");
        assert_eq!(near.maps(), 0);
    }
}
