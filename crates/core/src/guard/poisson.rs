//! The upper tail of Poisson's distribution, for counts that should be rare by luck.

/// P(X ≥ `count`) for a mean of `mean`. Relative error below 10⁻⁹ where it is larger than 10⁻³⁰⁰.
pub fn tail(count: u32, mean: f64) -> f64 {
    if count == 0 {
        return 1.0;
    }
    if mean <= 0.0 {
        return 0.0;
    }
    let count_f = f64::from(count);
    if count_f <= mean {
        // The tail is the larger part: sum the smaller one.
        return (1.0 - sum_downwards(count - 1, mean)).clamp(0.0, 1.0);
    }
    // P(X = count), then each further term is the last one times mean / k, which is below 1 here.
    let mut term = log_term(count, mean).exp();
    let mut sum = term;
    let mut k = count_f;
    while term > sum * 1e-12 {
        k += 1.0;
        term *= mean / k;
        sum += term;
    }
    sum.min(1.0)
}

/// P(X ≤ `count`), for a count up to the mean.
fn sum_downwards(count: u32, mean: f64) -> f64 {
    let mut term = log_term(count, mean).exp();
    let mut sum = term;
    let mut k = f64::from(count);
    while k > 0.0 && term > sum * 1e-12 {
        term *= k / mean;
        k -= 1.0;
        sum += term;
    }
    sum
}

/// ln P(X = `count`).
fn log_term(count: u32, mean: f64) -> f64 {
    f64::from(count) * mean.ln() - mean - log_factorial(count)
}

/// ln n!: by the sum for small n, by Stirling's series (error below 10⁻¹² from 20 on) for others.
fn log_factorial(n: u32) -> f64 {
    if n < 20 {
        return (2..=n).map(|k| f64::from(k).ln()).sum();
    }
    let n = f64::from(n);
    let series = 1.0 / (12.0 * n) - 1.0 / (360.0 * n.powi(3)) + 1.0 / (1260.0 * n.powi(5));
    n * n.ln() - n + 0.5 * (2.0 * std::f64::consts::PI * n).ln() + series
}

#[cfg(test)]
mod tests {
    use super::tail;

    fn close(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-6, "{found:e} is not {expected:e}");
    }

    #[test]
    fn it_is_the_tail_that_tables_have() {
        close(tail(1, 1.0), 1.0 - (-1.0_f64).exp());
        close(tail(5, 0.01), 8.264_185_641_8e-13);
        close(tail(3, 2.0), 0.323_323_583_8);
        close(tail(10, 10.0), 0.542_070_285_5);
        close(tail(150, 100.0), 1.884_210_466e-6);
        close(tail(0, 5.0), 1.0);
        assert!(tail(3, 0.0) == 0.0);
    }

    #[test]
    fn it_falls_with_the_count_and_rises_with_the_mean() {
        for mean in [0.01, 0.5, 3.0, 40.0, 900.0] {
            let mut last = 1.0;
            for count in 0..1200 {
                let now = tail(count, mean);
                assert!(now <= last + 1e-12 && (0.0..=1.0).contains(&now), "{count} {mean}");
                last = now;
            }
            assert!(tail(7, mean) <= tail(7, mean * 1.1));
        }
    }
}
