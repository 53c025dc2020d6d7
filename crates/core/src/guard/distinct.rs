//! How many distinct new numbers a key had in the last 24 hours: HyperLogLog (Flajolet et al. 2007; error 1.6 % at
//! 2^12 registers). A feature of the score, no rule: as a hard rule it hit 3 to 12 % of honest traffic in the
//! simulation of fraud.md B.3.4.
//!
//! Few numbers are kept as they are, so that the many small keys cost a few bytes each.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::key::KeyId;
use crate::time::Timestamp;

const REGISTERS: u16 = 1 << 12;
/// Numbers of which a list takes as much room as half of the registers.
const MAX_LISTED: usize = 512;
const HOUR_MS: i64 = 3_600_000;
const HOURS: i64 = 24;

/// Distinct ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sketch(Form);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Form {
    /// Register and rank of each, as register · 64 + rank; sorted by register, one each.
    Listed(Vec<u32>),
    /// All registers, with the sums that the estimate needs.
    Full { ranks: Vec<u8>, inverse_sum: f64, empty: u16 },
}

impl Default for Sketch {
    fn default() -> Self {
        Sketch(Form::Listed(Vec::new()))
    }
}

impl Sketch {
    /// Counts an id.
    pub fn add(&mut self, id: KeyId) {
        let register = u16::try_from(id.0 & u64::from(REGISTERS - 1)).unwrap_or(0);
        let rest = id.0 >> 12;
        let rank = u8::try_from(rest.trailing_zeros().min(52) + 1).unwrap_or(53);
        self.raise(register, rank);
    }

    fn raise(&mut self, register: u16, rank: u8) {
        match &mut self.0 {
            Form::Listed(listed) => {
                let entry = u32::from(register) * 64 + u32::from(rank);
                let at = listed.partition_point(|one| one / 64 < u32::from(register));
                match listed.get_mut(at).filter(|one| **one / 64 == u32::from(register)) {
                    Some(known) => *known = entry.max(*known),
                    None => listed.insert(at, entry),
                }
                if listed.len() > MAX_LISTED {
                    self.fill();
                }
            }
            Form::Full { ranks, inverse_sum, empty } => {
                let Some(known) = ranks.get_mut(usize::from(register)) else { return };
                if rank > *known {
                    *inverse_sum += inverse(rank) - inverse(*known);
                    *empty -= u16::from(*known == 0);
                    *known = rank;
                }
            }
        }
    }

    fn fill(&mut self) {
        let Form::Listed(listed) = &self.0 else { return };
        let listed = listed.clone();
        let ranks = vec![0; usize::from(REGISTERS)];
        self.0 = Form::Full { ranks, inverse_sum: f64::from(REGISTERS), empty: REGISTERS };
        for entry in listed {
            self.raise(u16::try_from(entry / 64).unwrap_or(0), u8::try_from(entry % 64).unwrap_or(0));
        }
    }

    /// Counts what another one counted.
    pub fn merge(&mut self, other: &Sketch) {
        match &other.0 {
            Form::Listed(listed) => {
                for entry in listed {
                    self.raise(u16::try_from(entry / 64).unwrap_or(0), u8::try_from(entry % 64).unwrap_or(0));
                }
            }
            Form::Full { ranks, .. } => {
                for (register, rank) in (0..REGISTERS).zip(ranks).filter(|(_, rank)| **rank > 0) {
                    self.raise(register, *rank);
                }
            }
        }
    }

    /// About how many there were.
    pub fn estimate(&self) -> f64 {
        let registers = f64::from(REGISTERS);
        let (empty, inverse_sum) = match &self.0 {
            Form::Listed(listed) => (registers - f64::from(u32::try_from(listed.len()).unwrap_or(0)), 0.0),
            Form::Full { inverse_sum, empty, .. } => (f64::from(*empty), *inverse_sum),
        };
        let by_empty = registers * (registers / empty.max(1.0)).ln();
        if inverse_sum <= 0.0 {
            return by_empty;
        }
        let raw = 0.7213 / (1.0 + 1.079 / registers) * registers * registers / inverse_sum;
        if raw <= 2.5 * registers && empty > 0.0 { by_empty } else { raw }
    }

    /// Bytes that it holds beside its own size.
    pub fn heap_bytes(&self) -> usize {
        match &self.0 {
            Form::Listed(listed) => listed.capacity() * size_of::<u32>(),
            Form::Full { ranks, .. } => ranks.capacity(),
        }
    }
}

/// 2^-rank.
fn inverse(rank: u8) -> f64 {
    (-f64::from(rank)).exp2()
}

/// A sketch for each of the last 24 hours, and one of all of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LastDay {
    hours: VecDeque<(i64, Sketch)>,
    all: Sketch,
}

impl LastDay {
    /// Counts an id.
    pub fn add(&mut self, id: KeyId, now: Timestamp) {
        let hour = now.as_millis().div_euclid(HOUR_MS);
        self.forget_before(hour - HOURS + 1);
        match self.hours.back_mut() {
            Some((last, sketch)) if *last >= hour => sketch.add(id),
            _ => {
                let mut sketch = Sketch::default();
                sketch.add(id);
                self.hours.push_back((hour, sketch));
            }
        }
        self.all.add(id);
    }

    fn forget_before(&mut self, first: i64) {
        let before = self.hours.len();
        while self.hours.front().is_some_and(|(hour, _)| *hour < first) {
            self.hours.pop_front();
        }
        if self.hours.len() < before {
            self.all = Sketch::default();
            for (_, sketch) in &self.hours {
                self.all.merge(sketch);
            }
        }
    }

    /// About how many there were, up to the hour of the last that was counted.
    pub fn estimate(&self) -> f64 {
        self.all.estimate()
    }

    /// Bytes that it holds beside its own size.
    pub fn heap_bytes(&self) -> usize {
        let hours: usize = self.hours.iter().map(|(_, sketch)| sketch.heap_bytes()).sum();
        hours + self.hours.capacity() * size_of::<(i64, Sketch)>() + self.all.heap_bytes()
    }
}

/// ln((n + 1) / (expected + 1)): how far the distinct new numbers are above what a day's conversions let expect,
/// at a conversion of 40 % (fraud.md B.3.4).
pub fn surprise(distinct: f64, conversions_a_day: f64) -> f64 {
    ((distinct + 1.0) / (conversions_a_day / 0.4 + 1.0)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::key::{KeyKind, Keyer};
    use std::time::Duration;

    const START: Timestamp = Timestamp::from_millis(1_795_428_000_000);

    fn id(n: u64) -> KeyId {
        Keyer::new([7; 16]).id_of(KeyKind::Phone, n)
    }

    #[test]
    fn the_estimate_is_close_for_few_and_for_many() {
        for count in [0_u32, 1, 10, 400, 600, 5000, 12_000, 100_000] {
            let mut sketch = Sketch::default();
            for n in 0..u64::from(count) {
                sketch.add(id(n));
                sketch.add(id(n));
            }
            let off = (sketch.estimate() - f64::from(count)).abs();
            // Three times the standard error of 1.04 / 64.
            assert!(off <= f64::from(count) * 0.05 + 0.5, "{count}: {}", sketch.estimate());
        }
    }

    #[test]
    fn a_list_and_all_registers_say_the_same() {
        let mut listed = Sketch::default();
        (0..300).for_each(|n| listed.add(id(n)));
        let mut full = listed.clone();
        full.fill();
        assert!((listed.estimate() - full.estimate()).abs() < 1e-6);
        let mut merged = Sketch::default();
        (200..500).for_each(|n| merged.add(id(n)));
        merged.merge(&full);
        assert!((merged.estimate() - 500.0).abs() < 25.0, "{}", merged.estimate());
        assert!(listed.heap_bytes() <= 2048 && full.heap_bytes() == 4096);
    }

    #[test]
    fn numbers_leave_after_a_day() {
        let mut day = LastDay::default();
        for hour in 0..48_u64 {
            for n in 0..10 {
                day.add(id(hour * 10 + n), START.plus(Duration::from_secs(hour * 3600)));
            }
        }
        assert!((day.estimate() - 240.0).abs() < 10.0, "{}", day.estimate());
        assert!(surprise(day.estimate(), 96.0).abs() < 0.1);
        assert!(surprise(240.0, 0.0) > 5.0);
    }
}
