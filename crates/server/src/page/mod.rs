//! The hosted page: where a customer types her code when the shop has no page of its own for it, and before it her
//! number, where the shop asks for that. Plain forms that need
//! no script; the script only saves typing and waiting. It speaks with the same use cases as the browser face.

mod asset;
mod challenge;
mod check;
mod cookie;
mod entry;
mod funnel;
mod headers;
mod number;
mod number_page;
mod render;
mod report;
mod resend;
mod show;
mod text;
mod visit;
mod voice;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::http::pace;
use crate::usecase::Services;

/// The largest form that is read, in bytes.
const MAX_FORM_BYTES: usize = 4096;

/// Its routes, under `/verify`.
pub fn router(services: Services) -> Router {
    Router::new()
        .route("/verify/{token}", get(show::show))
        .route("/verify/{token}/number", post(number::give))
        .route("/verify/{token}/check", post(check::check))
        .route("/verify/{token}/challenge", post(challenge::solve))
        .route("/verify/{token}/resend", post(resend::resend))
        .route("/verify/{token}/report", post(report::report))
        .route("/verify/{token}/funnel", post(funnel::funnel))
        .layer(axum::middleware::from_fn(pace::pace))
        .route("/verify/assets/{name}", get(asset::show))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .layer(axum::middleware::from_fn_with_state(services.clone(), headers::protect))
        .with_state(services)
}
