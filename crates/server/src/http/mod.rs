//! The HTTP faces: read a request, call a use case, write the answer.

pub mod auth;
pub mod browser;
pub mod documented;
pub mod elements;
pub mod health;
pub mod idempotency;
pub mod json;
pub mod jwks;
pub mod listener;
pub mod observe;
pub mod openapi;
pub mod pace;
pub mod problem;
pub mod rate_limit;
pub mod same_origin;
pub mod v1;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use countersign_delivery::declared::callback::MAX_CALLBACK_BYTES;
use tower_http::catch_panic::CatchPanicLayer;

use crate::page;
use crate::usecase::Services;
use json::MAX_BODY_BYTES;
use observe::Observer;
use problem::{Code, Problem};
use v1::receipts::{ReceiptState, callback, receipt};

/// Whether `/metrics` is served here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsRoute {
    /// Here.
    Served,
    /// At an address of its own, or not at all.
    Elsewhere,
}

/// Everything that the server answers, with `more` beside it.
pub fn router(receipts: ReceiptState, observer: Observer, metrics: MetricsRoute, more: Router) -> Router {
    let services = receipts.services.clone();
    let (described, description) =
        openapi::described_routes(Some(browser::cross_origin::layer(services.clone())));
    let mut own = Router::new()
        .merge(described)
        .merge(openapi::page(description))
        .route("/elements/{version}/{*name}", get(elements::show))
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz));
    if metrics == MetricsRoute::Served {
        own = own.route("/metrics", get(health::metrics));
    }
    let receipts = Router::new()
        .route("/v1/receipts/{provider}", post(receipt).get(callback))
        .layer(DefaultBodyLimit::max(MAX_CALLBACK_BYTES))
        .with_state(receipts);
    own.with_state(services.clone())
        .merge(receipts)
        .merge(page::router(services))
        .merge(more)
        .fallback(|| async { Problem::new(Code::NotFound).detail("there is no such path") })
        .method_not_allowed_fallback(openapi::method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            tracing::error!("a request ended in a panic");
            axum::response::IntoResponse::into_response(Problem::new(Code::Internal))
        }))
        .layer(axum::middleware::from_fn_with_state(observer, observe::observe))
}

/// Figures alone, for an address of their own.
pub fn metrics_router(services: Services) -> Router {
    Router::new().route("/metrics", get(health::metrics)).with_state(services)
}
