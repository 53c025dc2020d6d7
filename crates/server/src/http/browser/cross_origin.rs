//! Which pages of other origins may read what the browser face answers (Fetch, "CORS protocol"; OWASP ASVS 3.4.2).

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::usecase::Services;

/// How long a browser need not ask again whether it may ask.
const PREFLIGHT_LIFETIME: Duration = Duration::from_mins(10);

/// Registered origins, by name; never any, never with cookies. That a page belongs to the app of its secret is seen to
/// where the secret is: a browser asks before it shows one.
pub fn layer(services: Services) -> CorsLayer {
    let knows = move |origin: &HeaderValue, _: &axum::http::request::Parts| {
        origin.to_str().is_ok_and(|origin| services.knows_origin(origin))
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(knows))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers([header::RETRY_AFTER, HeaderName::from_static("x-request-id")])
        .max_age(PREFLIGHT_LIFETIME)
}
