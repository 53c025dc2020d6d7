//! Medians and bars.

use hdrhistogram::Histogram;

/// The middle of several measurements; of an even number, the mean of the two in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle.wrapping_sub(1)), sorted.get(middle)) {
        (Some(low), Some(high)) if sorted.len().is_multiple_of(2) => f64::midpoint(*low, *high),
        (_, Some(middle)) => *middle,
        _ => 0.0,
    }
}

/// A quantile of latencies in milliseconds.
pub fn quantile_ms(latencies: &Histogram<u64>, quantile: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "microseconds of at most a minute")]
    let micros = latencies.value_at_quantile(quantile) as f64;
    micros / 1000.0
}

/// A promise about a figure.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What is promised.
    pub promise: String,
    /// What was measured.
    pub measured: f64,
    /// What it must be.
    pub bound: Bound,
}

/// What a figure must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// So much or more.
    AtLeast(f64),
    /// So much or less.
    AtMost(f64),
}

impl Bar {
    /// Whether it is kept. A figure that could not be computed keeps nothing.
    pub fn is_kept(&self) -> bool {
        match self.bound {
            Bound::AtLeast(least) => self.measured >= least,
            Bound::AtMost(most) => self.measured <= most,
        }
    }

    /// One line of the report.
    pub fn line(&self) -> String {
        let verdict = if self.is_kept() { "pass" } else { "FAIL" };
        let bound = match self.bound {
            Bound::AtLeast(least) => format!(">= {least:.2}"),
            Bound::AtMost(most) => format!("<= {most:.2}"),
        };
        format!("{verdict}  {:<68} {:>9.2}  {bound}", self.promise, self.measured)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_bars() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!(median(&[]).abs() < 1e-9);
        let bar = |measured, bound| Bar { promise: String::new(), measured, bound };
        assert!(bar(1.0, Bound::AtLeast(1.0)).is_kept() && !bar(0.9, Bound::AtLeast(1.0)).is_kept());
        assert!(bar(1.0, Bound::AtMost(1.0)).is_kept() && !bar(1.1, Bound::AtMost(1.0)).is_kept());
        assert!(!bar(f64::NAN, Bound::AtLeast(0.0)).is_kept());
    }
}
