//! `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers, R3): the limits on messages to
//! a phone, told to the shop's server. A browser never sees them: they would tell an attacker his budget.

use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use countersign_core::quota::Quota;
use countersign_core::time::Timestamp;

use super::problem::Problem;

/// What is left.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Tells what is left of the limits. Nothing where there are none to tell of.
pub fn announce(response: &mut Response, quotas: &[Quota], now: Timestamp) {
    let list = |item: &dyn Fn(&Quota) -> String| quotas.iter().map(item).collect::<Vec<_>>().join(", ");
    let policy = list(&|quota| {
        format!("\"{}\";q={};w={}", quota.window.as_str(), quota.limit, quota.length.as_secs())
    });
    let left = list(&|quota| {
        let more = quota.more_at.map(|at| format!(";t={}", now.seconds_until(at))).unwrap_or_default();
        format!("\"{}\";r={}{more}", quota.window.as_str(), quota.remaining)
    });
    for (name, text) in [(POLICY, policy), (RATE_LIMIT, left)] {
        if let Some(value) = HeaderValue::from_str(&text).ok().filter(|value| !value.is_empty()) {
            response.headers_mut().insert(name, value);
        }
    }
}

/// What a refusal says of the limits that have no room: `Retry-After` is not earlier than `t`.
pub fn exhausted(problem: &Problem) -> Option<HeaderValue> {
    let seconds = problem.retry_after_s?;
    let items: Vec<String> =
        problem.violated_policies.iter().map(|policy| format!("\"{policy}\";r=0;t={seconds}")).collect();
    HeaderValue::from_str(&items.join(", ")).ok().filter(|value| !value.is_empty())
}
