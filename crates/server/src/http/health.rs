//! `GET /livez`, `GET /readyz`, `GET /metrics`: for whoever runs the server.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_store::{SettingKind, Store as _};
use serde_json::json;

use crate::usecase::Services;

/// The process answers.
pub async fn livez() -> &'static str {
    "alive\n"
}

/// The store answers too: requests can be served. A bind that waits for a person is told, and is no reason to
/// send requests elsewhere: another node has the same credentials.
pub async fn readyz(State(services): State<Services>) -> Response {
    match services.store.settings(SettingKind::Instance).await {
        Ok(_) => {
            let binds = if services.has_stopped_binds() { "stopped" } else { "ok" };
            Json(json!({ "status": "ready", "store": "ok", "binds": binds })).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "not ready", "store": "unavailable" })))
                .into_response()
        }
    }
}

/// Figures in the Prometheus text format.
pub async fn metrics(State(services): State<Services>) -> Response {
    let text = services.metrics.render(services.store.stats());
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], text).into_response()
}
