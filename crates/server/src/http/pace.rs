//! Answers to browsers leave at ticks: what was worked out sooner waits for the next one.
//!
//! How long an answer takes depends on what the server knows of a number: a ghost's record is longer to read than a real
//! one's. Who may time as many answers as he likes finds differences of microseconds, and no care in the code behind
//! keeps all of them away for good. Rounded up to ticks that are far longer than the differences, times say nothing
//! (Askarov, Zhang and Myers, "Predictive black-box mitigation of timing channels", CCS 2010; I16).

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;

use crate::clock;

/// The time between two ticks. Nobody who waits for a page notices it, and most answers are ready long before the first.
pub const TICK: Duration = Duration::from_millis(5);

/// The middleware. Ticks are counted from the arrival of each request, so that requests do not leave in a crowd.
pub async fn pace(request: Request, next: Next) -> Response {
    let arrived = clock::instant();
    let response = next.run(request).await;
    tokio::time::sleep_until(next_tick(arrived, clock::instant())).await;
    response
}

fn next_tick(arrived: Instant, now: Instant) -> Instant {
    let took = now.saturating_duration_since(arrived).as_micros();
    let ticks = u32::try_from(took / TICK.as_micros()).unwrap_or(u32::MAX).saturating_add(1);
    arrived + TICK.saturating_mul(ticks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i16_answers_that_take_different_times_leave_at_the_same() {
        let arrived = clock::instant();
        let leaves_after = |took_us: u64| {
            let ready = arrived + Duration::from_micros(took_us);
            next_tick(arrived, ready).saturating_duration_since(arrived)
        };
        for took_us in [0, 1, 130, 4_999] {
            assert_eq!(leaves_after(took_us), TICK, "{took_us} µs");
        }
        for took_us in [5_000, 5_001, 9_999] {
            assert_eq!(leaves_after(took_us), 2 * TICK, "{took_us} µs");
        }
        assert_eq!(leaves_after(10_000_001), 2001 * TICK);
    }
}
