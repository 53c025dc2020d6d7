//! Tells an open page that something arrived, by server-sent events (HTML, 9.2).
//!
//! Every answer carries one event and ends; the browser asks again by itself, with the number of the
//! last arrival that it knows. So nothing is missed between two answers, no connection stays open
//! for long, and a shutdown has nothing to wait for.

use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::PhonePages;

/// How long a request waits for a message before it answers that there is none.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// What the browser waits before it asks again, in milliseconds.
const ASK_AGAIN_AFTER_MS: u32 = 100;

/// What the page's script sends with its first request.
#[derive(Deserialize)]
pub(super) struct Since {
    #[serde(default)]
    since: u64,
}

pub(super) async fn events(
    State(pages): State<PhonePages>,
    Query(query): Query<Since>,
    headers: HeaderMap,
) -> Response {
    let Ok(_view) = pages.views.try_acquire() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let since = last_event_id(&headers).unwrap_or(query.since);
    // Before looking, so that nothing arrives unseen between the two.
    let mut arrivals = pages.phone.subscribe();
    // A restarted server counts from one again: then everything is new to the page.
    if pages.latest() == since {
        tokio::select! {
            _ = arrivals.recv() => {}
            () = tokio::time::sleep(LONGEST_WAIT) => {}
            () = pages.shutdown.cancelled() => {}
        }
    }
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
    (headers, event(since, pages.latest())).into_response()
}

fn last_event_id(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

fn event(since: u64, latest: u64) -> String {
    if latest == since {
        format!("retry: {ASK_AGAIN_AFTER_MS}\n: nothing arrived\n\n")
    } else {
        format!("retry: {ASK_AGAIN_AFTER_MS}\nevent: arrived\nid: {latest}\ndata: {latest}\n\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_names_the_latest_arrival_only_if_there_is_one() {
        assert_eq!(event(3, 4), "retry: 100\nevent: arrived\nid: 4\ndata: 4\n\n");
        assert!(!event(4, 4).contains("data:"));
        assert!(event(9, 1).contains("id: 1"));
    }
}
