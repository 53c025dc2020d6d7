//! How long things take, in a fixed number of buckets.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Each bucket ends a quarter later than the one before: a quantile is at most 25 % too long.
const GROWTH: f64 = 1.25;
/// The first bucket ends here.
const FIRST_MS: f64 = 50.0;
/// The last one ends after half an hour: a code has long expired by then.
const BUCKETS: usize = 48;
/// Counts are halved when there are so many, so that last month does not hide today.
const MOST: u32 = 4096;

/// A histogram of latencies that fades as it fills. Its size never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<u32>", into = "Vec<u32>")]
pub struct Latencies {
    counts: [u32; BUCKETS],
}

/// Counts that are no histogram of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a histogram of latencies has {BUCKETS} counts")]
pub struct InvalidLatencies;

impl Default for Latencies {
    fn default() -> Self {
        Latencies { counts: [0; BUCKETS] }
    }
}

impl Latencies {
    /// Counts one latency; longer ones than half an hour are counted as that.
    pub fn add(&mut self, latency: Duration) {
        let latency_ms = latency.as_secs_f64() * 1000.0;
        let bucket = (0..BUCKETS).find(|&bucket| latency_ms <= end_ms(bucket)).unwrap_or(BUCKETS - 1);
        self.counts[bucket] += 1;
        if self.total() > MOST {
            for count in &mut self.counts {
                *count /= 2;
            }
        }
    }

    /// How many are counted.
    pub fn total(&self) -> u32 {
        self.counts.iter().sum()
    }

    /// The time within which `percent` of a hundred ended, or nothing while fewer than twenty are
    /// known: the end of the bucket, so up to 25 % too long and never too short.
    pub fn percentile(&self, percent: u32) -> Option<Duration> {
        const FEWEST: u32 = 20;
        let total = self.total();
        if total < FEWEST {
            return None;
        }
        let wanted = (u64::from(total) * u64::from(percent.min(100))).div_ceil(100).max(1);
        let mut seen = 0;
        let bucket = self.counts.iter().position(|&count| {
            seen += u64::from(count);
            seen >= wanted
        })?;
        Some(Duration::from_secs_f64(end_ms(bucket) / 1000.0))
    }
}

impl TryFrom<Vec<u32>> for Latencies {
    type Error = InvalidLatencies;

    fn try_from(counts: Vec<u32>) -> Result<Self, InvalidLatencies> {
        let counts: [u32; BUCKETS] = counts.try_into().map_err(|_| InvalidLatencies)?;
        let total: u64 = counts.iter().map(|&count| u64::from(count)).sum();
        if total > u64::from(MOST) { Err(InvalidLatencies) } else { Ok(Latencies { counts }) }
    }
}

impl From<Latencies> for Vec<u32> {
    fn from(latencies: Latencies) -> Vec<u32> {
        latencies.counts.to_vec()
    }
}

fn end_ms(bucket: usize) -> f64 {
    FIRST_MS * GROWTH.powi(i32::try_from(bucket).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn few_latencies_say_nothing() {
        let mut latencies = Latencies::default();
        for _ in 0..19 {
            latencies.add(Duration::from_secs(3));
        }
        assert_eq!(latencies.percentile(95), None);
        latencies.add(Duration::from_secs(3));
        let p95 = latencies.percentile(95).unwrap();
        assert!(p95 >= Duration::from_secs(3) && p95 < Duration::from_millis(3750), "{p95:?}");
    }

    proptest! {
        #[test]
        fn a_percentile_is_never_too_short_and_at_most_a_quarter_too_long(
            mut all in proptest::collection::vec(50_u64..1_000_000, 20..300), percent in 1_u32..=100,
        ) {
            let mut latencies = Latencies::default();
            for &ms in &all {
                latencies.add(Duration::from_millis(ms));
            }
            all.sort_unstable();
            let rank = (all.len() * usize::try_from(percent).unwrap()).div_ceil(100).max(1);
            let exact = Duration::from_millis(all[rank - 1]).as_secs_f64();
            let told = latencies.percentile(percent).unwrap().as_secs_f64();
            prop_assert!(told >= exact - 1e-9 && told <= exact * 1.25 + 1e-9, "{told} for {exact}");
        }

        #[test]
        fn it_never_grows(all in proptest::collection::vec(0_u64..u64::MAX, 0..6000)) {
            let mut latencies = Latencies::default();
            for ms in all {
                latencies.add(Duration::from_millis(ms));
            }
            prop_assert!(latencies.total() <= MOST);
            let json = serde_json::to_string(&latencies).unwrap();
            prop_assert_eq!(serde_json::from_str::<Latencies>(&json).unwrap(), latencies);
        }
    }
}
