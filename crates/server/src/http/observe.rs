//! What surrounds every request: an id, a bound on how many run, a bound on their time, a line in the
//! log and a figure in the metrics. Never a body, a query or a header: they may hold numbers.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use countersign_core::id::{Partition, RequestId};
use tokio::sync::Semaphore;
use tracing::Instrument as _;

use super::problem::{Code, Problem};
use crate::clock::{Clock, Randomness};
use crate::config::Network;
use crate::metrics::Metrics;

/// Watches requests.
#[derive(Clone)]
pub struct Observer(Arc<Inner>);

struct Inner {
    parts: ObserverParts,
    places: Semaphore,
}

/// What an observer is built from.
pub struct ObserverParts {
    /// The time.
    pub clock: Clock,
    /// For the ids of requests.
    pub randomness: Randomness,
    /// The figures.
    pub metrics: Arc<Metrics>,
    /// Requests that run at a time.
    pub max_in_flight: usize,
    /// Time of one request.
    pub timeout: Duration,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
}

impl Observer {
    /// An observer.
    pub fn new(parts: ObserverParts) -> Self {
        let places = Semaphore::new(parts.max_in_flight);
        Observer(Arc::new(Inner { parts, places }))
    }
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Whom a request comes from, as far as anybody knows: behind trusted proxies not the peer.
#[derive(Clone, Copy, Debug)]
pub struct CalledFrom(pub IpAddr);

/// Who called: the peer, or who a trusted proxy says that it speaks for. Each proxy appends the address
/// it saw, so the last one that is no proxy of ours is the first that nobody could invent.
fn caller(request: &Request, trusted: &[Network]) -> Option<IpAddr> {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let Peer(peer) = *request.extensions().get::<Peer>()?;
    let forwarded =
        request.headers().get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let mut seen = peer;
    for address in forwarded.flat_map(|list| list.split(',')).collect::<Vec<_>>().into_iter().rev() {
        if !is_trusted(seen) {
            break;
        }
        let Ok(address) = address.trim().parse() else { break };
        seen = address;
    }
    Some(seen)
}

/// The middleware.
pub async fn observe(State(observer): State<Observer>, mut request: Request, next: Next) -> Response {
    let observer = observer.0;
    let parts = &observer.parts;
    let started = parts.clock.now();
    let id = RequestId::new(started, Partition(0), &mut parts.randomness.entropy());
    let caller = caller(&request, &parts.trusted_proxies);
    if let Some(address) = caller {
        request.extensions_mut().insert(CalledFrom(address));
    }
    let caller = caller.map(tracing::field::display);
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().clone();
    let span = tracing::info_span!("request", %id, %method, route, caller);
    let Ok(place) = observer.places.try_acquire() else {
        return finish(
            &observer,
            started,
            &route,
            id,
            Problem::new(Code::Unavailable).retry_after_s(1).into_response(),
        );
    };
    // A streamed answer goes on after its head: the time bound is on the head.
    let response = tokio::time::timeout(parts.timeout, next.run(request).instrument(span.clone()))
        .await
        .unwrap_or_else(|_| Problem::new(Code::Unavailable).retry_after_s(1).into_response());
    drop(place);
    let _entered = span.enter();
    finish(&observer, started, &route, id, response)
}

fn finish(
    observer: &Inner,
    started: countersign_core::time::Timestamp,
    route: &str,
    id: RequestId,
    mut response: Response,
) -> Response {
    let took = observer.parts.clock.now().since(started);
    let status = response.status();
    observer.parts.metrics.request(route, status.as_u16(), took);
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    if status.is_server_error() || matches!(status.as_u16(), 401 | 403) {
        tracing::warn!(status = status.as_u16(), took_ms, "request failed");
    } else {
        tracing::debug!(status = status.as_u16(), took_ms, "request answered");
    }
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn called(peer: &str, forwarded: &[&str]) -> String {
        let mut request = Request::builder();
        for value in forwarded {
            request = request.header("x-forwarded-for", *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        let proxies = ["10.0.0.0/8".parse().unwrap()];
        caller(&request, &proxies).unwrap().to_string()
    }

    #[test]
    fn only_trusted_proxies_speak_for_others() {
        assert_eq!(called("198.51.100.7", &["203.0.113.1"]), "198.51.100.7");
        assert_eq!(called("10.0.0.1", &["203.0.113.1"]), "203.0.113.1");
        assert_eq!(called("10.0.0.1", &["192.0.2.66, 203.0.113.1, 10.0.0.2"]), "203.0.113.1");
        assert_eq!(called("10.0.0.1", &["192.0.2.66", "203.0.113.1"]), "203.0.113.1");
        assert_eq!(called("10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(called("10.0.0.1", &[]), "10.0.0.1");
    }
}
